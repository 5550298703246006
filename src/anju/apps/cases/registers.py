"""The auditor's registers: what is out of the ordinary, read from what happened, which is only ever added to. Keyset-paged, by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from anju.apps.cases.models import Asked, Case, CaseEvent, Measure
from anju.apps.cases.steps.looking_back import draw_of
from anju.apps.places.scope import end_of, inside
from anju.apps.staff.lookup import called
from anju.core.terms.viewer import Viewer

PAGE = 50
MOST_DRAWN = 500  # of one sample: more than anybody looks at
REGISTERS: dict[str, tuple[str, ...]] = {
    "exceptions": ("grant_exception", "refuse_exception"),
    "false_alarms": ("end",),
    "quick": ("close",),
    "lowered": ("lower",),
    "ends": ("end",),
    "extensions": ("grant_extension", "refuse_extension"),
    "contested": ("contest", "arbitrate", "transfer"),
    "reopened": ("reopen",),
}
"""By register the events it reads; those of one kind are narrowed to what the register is about."""

DECIDED = frozenset({"grant_exception", "refuse_exception", "grant_extension", "refuse_extension", "end"})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """`path`: a place and all below it. `first` and `until` are moments; `until` is left out."""

    level: str = ""
    standard: str = ""
    cause: str = ""
    path: str = ""
    first: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a register; `who` as people are called, '' where the platform did it. Of what a second person decided: who had asked for
    it, and on what grounds."""

    event: CaseEvent
    case: Case
    who: str
    asked_by: str = ""
    asked_for: str = ""


def entries_of(
    viewer: Viewer, register: str, narrowing: Narrowing = Narrowing(), *, after: tuple[datetime, int] | None = None, limit: int = PAGE
) -> list[Entry]:
    """The latest first; nothing for whoever may not audit. `after`: (at, pk) of the last line of the page before."""
    if not viewer.can("cases.audit") or register not in REGISTERS:
        return []
    found = _events(viewer, REGISTERS[register]).filter(_about(register))
    if narrowing.level:
        found = found.filter(case__level=narrowing.level)
    if narrowing.standard:
        found = found.filter(case__standard=narrowing.standard)
    if narrowing.cause:
        found = found.filter(detail__cause=narrowing.cause)
    if narrowing.path:
        found = found.filter(case__path__gte=narrowing.path, case__path__lt=end_of(narrowing.path))
    if narrowing.first is not None:
        found = found.filter(at__gte=narrowing.first)
    if narrowing.until is not None:
        found = found.filter(at__lt=narrowing.until)
    if after is not None:
        found = found.filter(at__lte=after[0]).filter(Q(at__lt=after[0]) | Q(pk__lt=after[1]))
    rows = found.select_related("case").annotate(called=called("account")).order_by("-at", "-pk")[:limit]
    asked = _asked([event for event in rows if event.what in DECIDED])
    return [Entry(event, event.case, event.called or "", *asked.get((event.case_id, event.at), ("", ""))) for event in rows]


def _asked(events: Sequence[CaseEvent]) -> dict[tuple[int, datetime], tuple[str, str]]:
    """What each of these decided: in the moment of the event, about its case."""
    found = Asked.objects.filter(case__in={event.case_id for event in events}, decided_at__in={event.at for event in events})
    rows = found.annotate(called=called("asked_account"))
    return {(one.case_id, one.decided_at): (one.called or one.asked_by, one.reason) for one in rows if one.decided_at is not None}


def _events(viewer: Viewer, what: Sequence[str]) -> QuerySet[CaseEvent]:
    return CaseEvent.objects.filter(what__in=what).filter(inside(viewer, "case__"))


def _about(register: str) -> Q:
    match register:
        case "false_alarms":
            return Q(detail__end="false_alarm")
        case "quick":
            return Q(detail__quick=True)
        case "contested":
            return ~Q(what="transfer") | Q(detail__contested=True)
    return Q()


def cases_of_measures(keys: Sequence[int]) -> dict[int, int]:
    """The number of the case that each measure belongs to: a file may stand under either."""
    return dict(Measure.objects.filter(pk__in=keys).values_list("pk", "case_id"))


@dataclass(frozen=True, slots=True)
class Sample:
    """`among`: how many cases closed or ended in the time; `drawn`: their numbers."""

    among: int
    drawn: list[int]


def sample_of(viewer: Viewer, *, since: date, until: date, percent: int, seed: str) -> Sample:
    """A share of the cases that were closed or ended in [since, until]; whoever draws with the same seed draws the same, whatever has
    become of the cases since."""
    if not viewer.can("cases.audit") or not seed:
        return Sample(0, [])
    found = _events(viewer, ("close", "end")).filter(day__gte=since, day__lte=until).order_by("case_id").values_list("case_id", flat=True)
    keys = list(found.distinct())
    return Sample(len(keys), draw_of(keys, percent, seed)[:MOST_DRAWN])


def cases_drawn(viewer: Viewer, numbers: Sequence[int]) -> list[Case]:
    """Of a sample, or of part of it, in its order."""
    if not viewer.can("cases.audit"):
        return []
    found = Case.objects.filter(inside(viewer)).in_bulk(list(numbers))
    return [found[number] for number in numbers if number in found]
