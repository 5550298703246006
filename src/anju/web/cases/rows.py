"""What a line of the queue says: what is missing, where, whose move it is and until when. Names are masked, and read for a page at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anju.apps.cases.families import open_of_families
from anju.apps.cases.models import Case
from anju.apps.cases.standing import HANDLERS_MOVE, OVER_MOVES, moves_of
from anju.apps.findings.need_to_know import may_know
from anju.apps.people.lookup import heads_of, households_by_key, people_by_key
from anju.apps.people.models import Household
from anju.apps.people.vault import masked_name
from anju.apps.places.lookup import places_by_key
from anju.apps.staff.lookup import accounts_by_key
from anju.apps.staff.permissions import ROLES
from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy
from anju.web.layout.templatetags.anju import said

TOLD = 90  # characters of what somebody told, in a list


@dataclass(frozen=True, slots=True)
class Mark:
    """Something out of the ordinary: `tone` is a class of tags ('red', 'yellow', 'ok'), '' for a plain one."""

    words: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`who` is the masked person, family or thing; `days` until the deadline, negative once it is over. `follows`: the line before is of
    the same family; `others`: open cases of the family besides those that stand with this one, told on the first of them."""

    case: Case
    head: Any
    title: Any
    who: str
    address: str
    place: str
    hands: str
    move: str
    action: str
    mine: bool
    marks: tuple[Mark, ...]
    days: int | None
    follows: bool = False
    others: int = 0

    @property
    def over(self) -> int:
        return -(self.days or 0)


def rows_of(viewer: Viewer, cases: Sequence[Case], today: date, *, families: bool = False) -> list[Row]:
    """Five queries for a page, however long it is, and one more where families are brought together. A post that opens no family's page
    reads what is wrong and where, not whose it is."""
    named = viewer.can("household.see")
    households = [case.household_id for case in cases if case.household_id is not None] if named else []
    homes = households_by_key(households)
    people = people_by_key(case.subject_id for case in cases if named and case.subject == "person")
    heads = heads_of(households)
    places = places_by_key(_place_of(case) for case in cases)
    names = accounts_by_key(case.assignee for case in cases)
    several = open_of_families(viewer, households) if families and households else {}
    mine = {*moves_of(viewer)}
    found: list[Row] = []
    for at, case in enumerate(cases):
        home, place = homes.get(case.household_id or -1), places.get(_place_of(case))
        person = people.get(case.subject_id) if case.subject == "person" else None
        who = (
            masked_name(person.name)
            if person is not None
            else heads.get(case.household_id or -1) or (home.household_code if home else _thing(case))
        )
        head, title = words_of(viewer, case)
        own = case.waits_on in mine or (case.waits_on in HANDLERS_MOVE and case.assignee == viewer.account)
        before = cases[at - 1] if at else None
        follows = families and before is not None and case.household_id is not None and before.household_id == case.household_id
        hands = str(names[case.assignee]) if case.assignee in names else case.assignee_name
        others = several.get(case.household_id or -1, 0) - _together(cases, at) if families and not follows else 0
        found.append(
            Row(
                case, head, title, who, address_of(home), place.name if place else "", hands, move_words(case.waits_on),
                action_words(case, viewer) if own else _("Open"), own, tuple(marks_of(case)),
                (case.deadline - today).days if case.deadline is not None else None, follows, max(0, others),
            )
        )  # fmt: skip
    return found


def address_of(home: Household | None) -> str:
    return "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part) if home is not None else ""


def _place_of(case: Case) -> int:
    """The place itself; of a family the one it lives in, the last of its path."""
    return case.place_id if case.place_id is not None else int(case.path.rstrip("/").rpartition("/")[2] or 0)


def _together(cases: Sequence[Case], at: int) -> int:
    """How many lines from `at` on are of the same family."""
    n = 0
    while at + n < len(cases) and cases[at + n].household_id == cases[at].household_id:
        n += 1
    return n


def _thing(case: Case) -> str:
    return (case.subject_key or "").replace("|", " · ")


def words_of(viewer: Viewer, case: Case) -> tuple[Any, Any]:
    """What is wrong, and the promise behind it: in the words of the standard where one judges it, else as it was told. Of what is drawn
    from health only the promise, for who need not know more."""
    standard = policy().standards.get(case.standard)
    if standard is None:
        told = case.words if len(case.words) <= TOLD else f"{case.words[: TOLD - 1]}…"
        return (told if viewer.can("household.see") else "") or _("Told by somebody"), source_words(case.source)
    breach = _breach(standard, case) if may_know(viewer, standard, case.opened_on) else None
    return (breach, standard.title) if breach is not None else (standard.title, "" if case.source == "alert" else source_words(case.source))


def _breach(standard: Standard, case: Case) -> Any:
    version = standard.version_on(case.opened_on)
    return next((b.title for b in version.breaches if b.name == case.breach), None) if version is not None else None


def source_words(source: str) -> str:
    return {
        "alert": _("Found by a run"), "declared": _("Declared by the family"), "assisted": _("Declared with help"),
        "visit": _("Seen on a visit"), "hotline": _("Told on the hotline"), "transfer": _("Passed on by another level"),
        "lead": _("A lead from the building"), "instruction": _("By an instruction"),
    }.get(source, source)  # fmt: skip


def move_words(move: str) -> str:
    """What is waited for, of a value of `waits_on` or of what stands before its colon."""
    word, _colon, whose = move.partition(":")
    said = {
        "assign": _("To be put into hands"), "verify": _("To be verified"), "judge": _("To be judged"), "confirm": _("A second person decides"),
        "handle": _("Being handled"), "show": _("Proof is missing"), "sign": _("To be signed"), "observe": _("Waits for data"),
        "close": _("To be closed"), "arbitrate": _("An arbiter decides"), "closed": _("Closed"), "ended": _("Ended otherwise"),
    }.get(word, word)  # fmt: skip
    return f"{said} · {role_words(whose)}" if word == "close" and whose else said


def role_words(role: str) -> str:
    return said(ROLES[role].title) if role in ROLES else role


def action_words(case: Case, viewer: Viewer) -> str:
    """The one next step, on a button; the page of the case has its form."""
    match case.waits_on.partition(":")[0]:
        case "assign":
            return _("Put into hands") if viewer.can("cases.assign") else _("Take it on")
        case "verify":
            return _("Verify")
        case "judge":
            return _("Judge")
        case "handle":
            return _("Record measures") if case.state == "handling" else _("Plan a measure")
        case "show":
            return _("Show what is missing")
        case "sign":
            return _("Sign or return")
        case "close":
            return _("Close or return")
        case "confirm" | "arbitrate":
            return _("Decide")
    return _("Open")


def marks_of(case: Case) -> list[Mark]:
    found = []
    if case.reopened:
        found.append(Mark(_("Reopened") if case.reopened == 1 else _("Reopened %(n)s times") % {"n": case.reopened}, "red"))
    if case.returned:
        found.append(Mark(ngettext("Returned once", "Returned %(n)s times", case.returned) % {"n": case.returned}, "yellow"))
    if case.contested:
        found.append(Mark(_("Contested"), "yellow"))
    if case.passed_on:
        found.append(Mark(ngettext("Passed on once", "Passed on %(n)s times", case.passed_on) % {"n": case.passed_on}))
    if case.extended:
        found.append(Mark(_("Extended")))
    if case.waits_on in OVER_MOVES:  # what the data say since is no matter of a case that is over
        return found
    if case.doubted_since:
        found.append(Mark("▨ " + _("Cannot be judged") + f" {case.doubted_since:%m-%d}"))
    if case.over_since:
        found.append(Mark(_("The data find it no more"), "ok"))
    elif case.eased_since:
        found.append(Mark(_("Better, not proven"), "ok"))
    return found
