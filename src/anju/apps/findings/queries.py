"""Reads of findings. The viewer comes first, so that scope cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Q, QuerySet

from anju.apps.findings.models import Attainment, FamilyCount, Finding, Run
from anju.apps.places.models import Place
from anju.apps.prepared.queries import prepared
from anju.core.terms.viewer import Viewer


def findings_in_scope(viewer: Viewer) -> QuerySet[Finding]:
    """The findings below one of the viewer's places; none for a stranger. Each scope is a range of the path index."""
    if not viewer.scopes:
        return Finding.objects.none()
    inside = Q()
    for scope in viewer.scopes:
        inside |= Q(path__gte=scope, path__lt=scope[:-1] + chr(ord("/") + 1))
    return Finding.objects.filter(inside).order_by("path", "id")


def current_run() -> Run | None:
    return _current.first()


@prepared
def _current() -> QuerySet[Run]:
    return Run.objects.filter(current=True).order_by("pk")[:1]


def attainment_of(viewer: Viewer, place_id: int, path: str) -> QuerySet[Attainment]:
    """The current run's counts for a place the viewer may see."""
    if not viewer.sees_path(path):
        return Attainment.objects.none()
    return Attainment.objects.filter(run__current=True, place_id=place_id).order_by("standard")


def family_counts(viewer: Viewer, run: Run, places: Iterable[Place]) -> dict[int, FamilyCount]:
    """How families stand in those of the places that the viewer may see."""
    keys = [place.pk for place in places if viewer.sees_path(place.path)]
    return {count.place_id: count for count in FamilyCount.objects.filter(run=run, place_id__in=keys)}


def attainment_by_place(viewer: Viewer, run: Run, places: Iterable[Place], standard: str | None = None) -> list[Attainment]:
    """A run's counts of the places that the viewer may see, of one standard or of all."""
    keys = [place.pk for place in places if viewer.sees_path(place.path)]
    found = Attainment.objects.filter(run=run, place_id__in=keys)
    return list((found.filter(standard=standard) if standard is not None else found).order_by("standard", "place_id"))


def run_before(run: Run) -> Run | None:
    """The run whose findings stood before those of the current one."""
    return Run.objects.filter(finished_at__isnull=False, replay=False, pk__lt=run.pk).order_by("-pk").first()


def last_runs_of_months(until: date, months: int) -> list[Run]:
    """The last run of each month up to the month of `until`, oldest first. A replay stands in where a month was judged only afterwards."""
    first = until.year * 12 + until.month - months
    start = date(first // 12, first % 12 + 1, 1)
    runs = Run.objects.filter(finished_at__isnull=False, day__gte=start, day__lte=until).defer("counts", "seconds")
    best: dict[tuple[int, int], Run] = {}
    for run in sorted(runs, key=lambda run: (not run.replay, run.day, run.pk)):
        best[run.day.year, run.day.month] = run
    return [best[month] for month in sorted(best)]


def family_trend(viewer: Viewer, place: Place, runs: Sequence[Run]) -> list[tuple[Run, FamilyCount]]:
    """How families of one place stood in each of the runs that judged it."""
    if not viewer.sees_path(place.path):
        return []
    found = {count.run_id: count for count in FamilyCount.objects.filter(run__in=runs, place_id=place.pk)}
    return [(run, found[run.pk]) for run in runs if run.pk in found]
