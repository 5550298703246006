"""Which cases a viewer sees: those of the places of her post on either side, and her department's own matters only."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from anju.apps.cases.models import Case
from anju.apps.places.scope import Ranges, inside_ranges, ranges_of
from anju.core.terms.viewer import Viewer

WIDE = 3  # slashes in the path of a unit; a programme's has fewer


def cases_in_scope(viewer: Viewer) -> QuerySet[Case]:
    """Every case, over or not, of the viewer's places; none for a stranger. What is in somebody's own hands she sees wherever it is."""
    return cases_of(*scope_of(viewer)) if sees_cases(viewer) else Case.objects.none()


def sees_cases(viewer: Viewer) -> bool:
    return not viewer.sees_nothing and (viewer.can("cases.see") or viewer.can("cases.supervise") or viewer.can("cases.audit"))


def scope_of(viewer: Viewer) -> tuple[tuple[Ranges, Ranges], tuple[str, ...]]:
    """What `cases_of` takes, of a viewer."""
    return ranges_of(viewer), tuple(sorted(viewer.departments))


def cases_of(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...]) -> QuerySet[Case]:
    found = Case.objects.filter(inside_ranges(ranges))
    return found.filter(owner__in=departments) if departments else found


def sees_a_unit(paths: Iterable[str]) -> bool:
    """Whether one of the places is a unit ('/1/4/') or wider: then one case in a few is the viewer's, and an index of their order finds
    hers sooner than one of her places."""
    return any(path.count("/") <= WIDE for path in paths)
