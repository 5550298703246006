"""The queues of cases, and one case with all that belongs to it. The viewer comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from anju.apps.alerts.models import Episode
from anju.apps.cases.models import Answer, Asked, Case, CaseEvent, CaseVisit, LookBack, Measure
from anju.apps.cases.scope import cases_in_scope, cases_of, scope_of, sees_a_unit, sees_cases
from anju.apps.cases.standing import HANDLERS_MOVE, OPEN_URGENCIES, OVER_MOVES, OVER_URGENCY, moves_named, moves_of
from anju.apps.places.scope import Ranges, end_of
from anju.apps.prepared.queries import Fixed, prepared
from anju.core.terms.viewer import Viewer

MINE, POST, OPEN, OBSERVED, DONE = "mine", "post", "open", "observed", "done"


QUEUES = (MINE, POST, OPEN, OBSERVED, DONE)
"""What waits for me; what waits for a post like mine; all that is open; what only data are waited for; what is over."""


MARKS = {
    "overdue": Q(overdue=True), "returned": Q(returned__gt=0), "reopened": Q(reopened__gt=0), "contested": Q(contested=True),
    "passed": Q(passed_on__gt=0), "escalated": Q(escalated__gt=1),
}  # fmt: skip
"""What supervision counts of open cases (CaseMark), and which they are."""


@dataclass(frozen=True, slots=True)
class Filters:
    queue: str = MINE
    level: str = ""
    standard: str = ""
    department: str = ""
    move: str = ""  # what comes next: a value of waits_on, or the part before its colon
    path: str = ""
    overdue: bool = False
    household: int | None = None
    mark: str = ""  # one of MARKS
    state: str = ""
    due: date | None = None  # whose clock ends on that day or before
    assignee: int | None = None


@prepared
def _mine(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], account: int, limit: Fixed) -> QuerySet[Case]:
    found = cases_of(ranges, departments).filter(assignee=account, waits_on__in=HANDLERS_MOVE)
    return found.order_by("urgency", "sort_on", "pk")[:limit]


def queue(viewer: Viewer, filters: Filters, *, after: tuple[Any, ...] | None = None, limit: int = 50) -> list[Case]:
    """The next `limit` cases, the most urgent first; what is over, the latest first. `after` is `key_of` the last row before."""
    if filters == Filters(MINE) and after is None and viewer.account is not None:
        return _mine(*scope_of(viewer), viewer.account, Fixed(limit)) if sees_cases(viewer) else []
    found = cases_in_scope(viewer)
    match filters.queue:
        case "mine":
            found = found.filter(assignee=viewer.account, waits_on__in=HANDLERS_MOVE) if viewer.account is not None else found.none()
        case "post":
            found = found.filter(waits_on__in=moves_of(viewer))
        case "observed":
            found = found.filter(waits_on="observe")
        case "done":
            found = found.filter(urgency=OVER_URGENCY)
        case _:
            found = found.filter(Q(urgency__in=OPEN_URGENCIES) if in_order(viewer, filters) else Q(urgency__lt=OVER_URGENCY))
    found = narrowed(found, filters)
    if filters.queue == DONE:
        if after is not None:
            day, key = after
            found = found.filter(Q(closed_on__lt=day) | Q(closed_on=day, pk__lt=key))
        return list(found.order_by("-closed_on", "-pk")[:limit])
    if after is not None:
        urgency, day, key = after
        found = found.filter(urgency__gte=urgency).filter(
            Q(urgency__gt=urgency) | Q(urgency=urgency, sort_on__gt=day) | Q(urgency=urgency, sort_on=day, pk__gt=key)
        )
    return list(found.order_by("urgency", "sort_on", "pk")[:limit])


def in_order(viewer: Viewer, filters: Filters) -> bool:
    """Whether the list is read by the index of the order, passing by what is not the viewer's: where she sees a whole unit
    or more, one in a few is hers. Elsewhere her places are read, and sorted. SQLite takes an index by the form of the condition alone."""
    return not filters.path and sees_a_unit(viewer.scopes)


def narrowed(found: QuerySet[Case], filters: Filters) -> QuerySet[Case]:
    if filters.level:
        found = found.filter(level=filters.level)
    if filters.standard:
        found = found.filter(standard=filters.standard)
    if filters.department:
        found = found.filter(owner=filters.department)
    if filters.move:
        found = found.filter(waits_on__in=moves_named(filters.move))
    if filters.mark:
        found = found.filter(MARKS[filters.mark])
    if filters.household is not None:
        found = found.filter(household_id=filters.household)
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.due is not None:
        found = found.filter(deadline__lte=filters.due)
    if filters.assignee is not None:
        found = found.filter(assignee=filters.assignee)
    if filters.path:
        found = found.filter(path__gte=filters.path, path__lt=end_of(filters.path))
    return found.filter(overdue=True) if filters.overdue else found


def key_of(case: Case) -> tuple[Any, ...]:
    """Where a case stands in its queue; a value that fits an address."""
    if case.waits_on in OVER_MOVES:
        return (case.closed_on.isoformat() if case.closed_on else "", case.pk)
    return (case.urgency, case.sort_on.isoformat(), case.pk)


def case_of(viewer: Viewer, number: int) -> Case | None:
    return cases_in_scope(viewer).select_related("follows").filter(pk=number).first()


def case_of_alert(viewer: Viewer, episode: int) -> int | None:
    """The number of the case that holds an alert, where the viewer may see it."""
    return cases_in_scope(viewer).filter(alerts__episode=episode).values_list("pk", flat=True).first()


def alerts_of(case: Case) -> list[Episode]:
    """The alerts that a case holds, the latest first."""
    return list(Episode.objects.filter(case_alert__case=case).order_by("-pk"))


def events_of(viewer: Viewer, case: Case) -> list[CaseEvent]:
    """What happened to a case the viewer may see, the latest first."""
    if not cases_in_scope(viewer).filter(pk=case.pk).exists():
        return []
    return list(CaseEvent.objects.filter(case=case).order_by("-at", "-pk")[:200])


def measures_of(case: Case) -> list[Measure]:
    return list(Measure.objects.filter(case=case, dropped_at=None).order_by("pk"))


def asked_of(case: Case) -> list[Asked]:
    return list(Asked.objects.filter(case=case).order_by("-pk"))


def answers_of(case: Case) -> list[Answer]:
    return list(Answer.objects.filter(case=case).order_by("-at", "-pk"))


def visits_of(case: Case) -> list[CaseVisit]:
    """Visits that speak for a case, the latest first."""
    return list(CaseVisit.objects.filter(case=case).order_by("-on", "-pk"))


def look_backs_of(case: Case) -> list[LookBack]:
    return list(LookBack.objects.filter(case=case).order_by("due_on", "pk"))
