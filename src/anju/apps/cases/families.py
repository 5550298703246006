"""The cases of a family, what happened to them, and who answers for it. The viewer comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, QuerySet

from anju.apps.cases.models import Case, CaseEvent, Decision, FamilyLead
from anju.apps.cases.scope import cases_of, scope_of, sees_cases
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.places.scope import Ranges
from anju.apps.prepared.queries import Fixed, prepared
from anju.apps.staff.lookup import accounts_by_key, called
from anju.core.terms.viewer import Viewer


def cases_of_household(viewer: Viewer, household_id: int) -> list[Case]:
    """The family's case list: what is open first, the gravest first, then what is over, the latest first."""
    found = _of_household(*scope_of(viewer), household_id) if sees_cases(viewer) else []
    return sorted(found, key=lambda case: (case.waits_on in OVER_MOVES, case.urgency, -case.pk))


@prepared
def _of_household(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], household: int) -> QuerySet[Case]:
    return cases_of(ranges, departments).filter(household_id=household).order_by("-pk")[:100]


@dataclass(frozen=True, slots=True)
class FamilyCase:
    """A case of a family, with whose hands it is in and who answers for the family, as people are called; '' for nobody."""

    case: Case
    hands: str
    lead: str


@dataclass(frozen=True, slots=True)
class FamilyEvent:
    """What happened to a case of a family; `who` as people are called, '' where no account did it."""

    event: CaseEvent
    who: str


def loop_of_household(viewer: Viewer, household_id: int) -> list[FamilyCase]:
    """`cases_of_household` with all names that its page tells. One query, and two more where there is a case: most families have none."""
    cases = cases_of_household(viewer, household_id)
    if not cases:
        return []
    lead = lead_of(household_id)
    keys = {case.assignee for case in cases if case.assignee is not None} | ({lead.account} if lead is not None else set())
    names = {key: str(account) for key, account in accounts_by_key(keys).items()}
    answers_for = names.get(lead.account, "") if lead is not None else ""
    return [FamilyCase(case, names.get(case.assignee or 0, "") or case.assignee_name, answers_for) for case in cases]


def decisions_of(cases: Collection[int]) -> dict[int, list[tuple[str, date]]]:
    """What was put on record for each of these cases, as the standards read it, with its day. One query."""
    found: dict[int, list[tuple[str, date]]] = defaultdict(list)
    for case, code, on in Decision.objects.filter(case__in=cases).order_by("on", "pk").values_list("case_id", "code", "on"):
        found[case].append((code, on))
    return dict(found)


def events_of_household(viewer: Viewer, household_id: int, *, limit: int = 200) -> list[FamilyEvent]:
    """What happened to the cases of a family that the viewer may see, the latest first. One query."""
    rows = _events_of_household(*scope_of(viewer), household_id, Fixed(limit)) if sees_cases(viewer) else []
    return [FamilyEvent(event, event.called or "") for event in rows]  # type: ignore[attr-defined]


@prepared
def _events_of_household(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], household: int, limit: Fixed) -> QuerySet[CaseEvent]:
    cases = cases_of(ranges, departments).filter(household_id=household)
    found = CaseEvent.objects.filter(case__in=cases).select_related("case").annotate(called=called("account"))
    return found.order_by("-at", "-pk")[:limit]


def lead_of(household_id: int) -> FamilyLead | None:
    return _lead.first(household_id)


@prepared
def _lead(household: int) -> QuerySet[FamilyLead]:
    return FamilyLead.objects.filter(household_id=household).order_by("pk")[:1]


def open_of_families(viewer: Viewer, households: Collection[int]) -> dict[int, int]:
    """How many open cases each family has, of those that the viewer sees."""
    if not households or not sees_cases(viewer):
        return {}
    return {key: n for key, n in _open_of(*scope_of(viewer), sorted(set(households))) if key is not None}


@prepared
def _open_of(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], households: list[int]) -> QuerySet[Case, tuple[int | None, int]]:
    found = cases_of(ranges, departments).filter(household_id__in=households).exclude(waits_on__in=OVER_MOVES).order_by()
    return found.values_list("household_id").annotate(n=Count("pk"))


def families_of(account: int, *, after: int = 0, limit: int = 50) -> list[FamilyLead]:
    """The families that somebody answers for, by their key."""
    return list(FamilyLead.objects.filter(account=account, household_id__gt=after).order_by("household_id")[:limit])
