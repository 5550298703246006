"""What a case needs next, as a viewer may read it: whose move it is, and of what closing asks for, who can supply it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from anju.apps.cases.gate import checklist_of
from anju.apps.cases.models import Asked, Case
from anju.apps.cases.moving import deciders
from anju.apps.cases.offering import Known
from anju.apps.cases.refusing import titles_of
from anju.apps.cases.rules import casework, today, version_of
from anju.apps.cases.steps.watching import waits_of
from anju.apps.findings.clearing import NothingToRead
from anju.apps.findings.current import policy
from anju.apps.findings.need_to_know import hidden_from, may_know_condition
from anju.apps.places.models import Place
from anju.apps.staff.models import Account, Post
from anju.core.casework.gate import Requirement
from anju.core.casework.states import STEPS
from anju.core.contracts.model import Bilingual
from anju.core.standards.wording import Wording
from anju.core.terms.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Needed:
    """A line of the gate. `mine`: the viewer's post can supply it."""

    what: Requirement
    who: Bilingual
    mine: bool


@dataclass(frozen=True, slots=True)
class Can:
    """Who makes the next move: one person by name, or the posts, with the names of some who hold them."""

    roles: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def titles(self) -> Bilingual | None:
        return titles_of(self.roles) if self.roles else None


def who_can(known: Known) -> Can:
    case, move = known.case, known.case.waits_on.partition(":")
    if move[0] in ("verify", "handle", "show") and case.assignee is not None:
        account = Account.objects.filter(pk=case.assignee).first()
        return Can((), (str(account) if account is not None else case.assignee_name,))
    roles = _roles_next(known, move[0], move[2])
    return Can(tuple(roles), tuple(holders(roles, case)) if roles else ())


def _roles_next(known: Known, move: str, whose: str) -> list[str]:
    case = known.case
    match move:
        case "assign":
            return ["first_secretary", "street"]
        case "judge":
            return list(casework().judge.get(case.level, ()))
        case "sign":
            return ["street"]
        case "arbitrate":
            return ["county_bureau", "prefecture_bureau"]
        case "close":
            return [whose]
        case "confirm":
            ends = known.waiting(Asked.END) is not None
            return list(deciders(case, STEPS["confirm_end" if ends else "grant_extension"]))
    return []


def holders(roles: Iterable[str], case: Case, most: int = 3) -> list[str]:
    """Names of some who hold one of the posts there or above, the nearest place first."""
    keys = [int(part) for part in case.path.split("/") if part]
    posts = Post.objects.filter(role__in=list(roles), place__in=keys, end=None, department__in=["", case.owner], account__is_active=True)
    found = posts.select_related("account", "place").order_by("-place__path", "pk")[: most * 2]
    return list(dict.fromkeys(str(post.account) for post in found))[:most]


# --- the gate -----------------------------------------------------------------------------------------------------------


def gate_of(viewer: Viewer, case: Case, data: Path) -> list[Needed]:
    """What closing asks for, from judgement on, so that it is known early."""
    try:
        waits = waits_of(case, data) if case.measured_on is not None else ()
    except NothingToRead:
        waits = ()
    hidden = hidden_from(viewer, policy(), case.standard)
    found = []
    for one in checklist_of(case, [] if hidden else with_names(waits)):
        if one.code == "condition":
            one = replace(one, told=() if hidden else one.told or what_counts(viewer, case))
        found.append(Needed(one, titles_of(one.who), not one.holds and viewer.role in one.who))
    return found


def what_counts(viewer: Viewer, case: Case) -> tuple[Bilingual, ...]:
    """The condition for closing in words, where nothing can be said yet of how far it holds."""
    version = version_of(case.standard, today())
    if version is None or version.clears_when is None or not may_know_condition(viewer, policy(), version.clears_text):
        return ()
    wording, subject = Wording(policy()), policy().standards[case.standard].subject
    en, zh = (wording.say(version.clears_when, subject, lang) for lang in ("en", "zh"))
    return (Bilingual(f"what counts: {en}", f"解决的标准：{zh}"),)


def with_names(waits: Sequence[Bilingual]) -> list[Bilingual]:
    """What is waited for, with the names of the units that deliver in place of their codes."""
    if not waits:
        return []
    units = dict(Place.objects.filter(tree="scope", level="unit").values_list("code", "name"))
    found = list(waits)
    for code, name in units.items():
        code_alone = re.compile(rf"(?<![\w-]){re.escape(code)}(?![\w-])", re.ASCII)
        found = [Bilingual(code_alone.sub(name, one.en), code_alone.sub(name, one.zh)) for one in found]
    return found
