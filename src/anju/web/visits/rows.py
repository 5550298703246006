"""A door in a list: where it is, whose, why somebody goes there, and by when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.alerts.actions import today as day_judged
from anju.apps.alerts.models import HELD, OPEN, Episode
from anju.apps.alerts.queries import alerts_in_scope
from anju.apps.findings.need_to_know import may_know
from anju.apps.people.lookup import heads_of, households_by_key
from anju.apps.people.models import Household, Membership, Person
from anju.apps.places.lookup import places_by_key
from anju.apps.staff.lookup import accounts_by_key
from anju.apps.visits.models import Visit
from anju.core.contracts.model import Contract
from anju.core.standards.model import Title
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy, programme


def today() -> date:
    """The day of the deployment's clock."""
    return day_judged() or timezone.localdate()


def purpose_words() -> dict[str, str]:
    return {
        "routine": _("Regular visit"), "verify": _("Verify what was found"), "measure": _("See whether the help arrived"),
        "look_back": _("Look back after close-out"), "random": _("Drawn at random"), "instruction": _("By instruction"),
    }  # fmt: skip


def finding_words() -> dict[str, str]:
    return {
        "none": _("Nothing to report"), "returned_origin": _("Went back to the old home"), "illness": _("Somebody is ill"),
        "unemployed": _("Somebody lost work"), "dropout": _("A child is not in school"), "dispute": _("There is a dispute"),
        "hardship": _("Life is hard at present"),
    }  # fmt: skip


def mode_words() -> dict[str, str]:
    return {"door": _("At the door"), "phone": _("By telephone"), "video": _("By video")}


def outcome_words() -> dict[str, str]:
    return {
        "met": _("Spoke with the family"),
        "nobody_home": _("Nobody home"),
        "no_answer": _("Nobody answered"),
        "refused": _("Did not want to talk"),
    }


def state_words() -> dict[str, str]:
    return {"planned": _("Planned"), "made": _("Made"), "missed": _("Missed"), "dropped": _("Dropped")}


@dataclass(frozen=True, slots=True)
class Row:
    """`address`: building, unit and room. `why`: what is said in the plan, else the gravest thing that is not in place, else the
    purpose. `days` until it is due; negative once that is over."""

    visit: Visit
    home: Household | None
    building: str
    address: str
    place: str
    head: str
    why: str
    reason: Title | None
    purpose: str
    outcome: str
    days: int | None
    who: str  # whose it is, as colleagues call her

    @property
    def over(self) -> int:
        return -(self.days or 0)


def rows_of(viewer: Viewer, visits: Sequence[Visit], day: date) -> list[Row]:
    """Five queries for a page, however long it is."""
    keys = [visit.household_id for visit in visits if visit.household_id is not None]
    homes = households_by_key(keys)
    heads = heads_of(keys)
    places = places_by_key(visit.place_id for visit in visits)
    reasons = _reasons(viewer, keys)
    purposes, outcomes = purpose_words(), outcome_words()
    whose = {visit.recorded_account or visit.assignee_account or 0 for visit in visits}
    names = {key: str(account) for key, account in accounts_by_key(whose).items()}
    found = []
    for visit in visits:
        home = homes.get(visit.household_id or -1)
        found.append(Row(
            visit, home, (home.building_no or "") if home is not None else "", address_of(home, building=False) if home is not None else "",
            places[visit.place_id].name, heads.get(visit.household_id or -1, ""), visit.why, reasons.get(visit.household_id or -1),
            purposes.get(visit.purpose, visit.purpose), outcomes.get(visit.outcome, ""),
            (visit.due_on - day).days if visit.due_on is not None else None,
            names.get(visit.recorded_account or visit.assignee_account or 0, visit.recorded_by or visit.assignee),
        ))  # fmt: skip
    return found


def address_of(home: Household, *, building: bool = True) -> str:
    parts = (home.building_no if building else None, home.unit_no, home.room_no)
    return "-".join(part for part in parts if part)


def members_of_many(households: Iterable[int]) -> dict[int, list[Person]]:
    """Who belongs to each today, the head first; one query."""
    held = Membership.objects.filter(household_id__in=list(households), known_to=None, end=None).select_related("person")
    found: dict[int, list[Person]] = {key: [] for key in households}
    for row in sorted(held, key=lambda row: (row.person.relation_to_head or "9", row.person_id)):
        found[row.household_id].append(row.person)
    return found


def _reasons(viewer: Viewer, households: Sequence[int]) -> dict[int, Title]:
    """The gravest open alert of each family, in words that the viewer may read; one query."""
    open_now = alerts_in_scope(viewer).filter(household_id__in=households, state=OPEN).exclude(queue=HELD).order_by("-rank", "pk")
    found: dict[int, Title] = {}
    for alert in open_now:
        if alert.household_id is not None and alert.household_id not in found and (title := _title_of(viewer, alert)) is not None:
            found[alert.household_id] = title
    return found


def _title_of(viewer: Viewer, alert: Episode) -> Title | None:
    standard = policy().standards.get(alert.standard)
    version = standard.version_on(alert.seen_on) if standard is not None else None
    if standard is None or version is None or not may_know(viewer, standard, alert.seen_on):
        return None
    return next((breach.title for breach in version.breaches if breach.name == alert.breach), None)


def department_of(feed: str) -> Any:
    """Who delivers a feed, in words; None where it is nobody's."""
    contract = policy().contracts.get(feed)
    return programme().departments.get(contract.owner) if isinstance(contract, Contract) else None
