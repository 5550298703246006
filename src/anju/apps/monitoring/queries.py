"""Reads of monitored households. The viewer comes first: where a family lives now, or came from, decides who sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet

from anju.apps.monitoring.models import Elimination, Listing, Measure, Notice, Objection, Step
from anju.apps.monitoring.states import ENDING_OPEN, STANDING
from anju.apps.people.search import within, within_ranges
from anju.apps.places.lookup import children_of, roots
from anju.apps.places.models import Place
from anju.apps.places.scope import Ranges, end_of, keys_of, ranges_of
from anju.apps.prepared.queries import prepared
from anju.apps.staff.lookup import called
from anju.core.casework.listing import ELIMINATED, LISTED, OPEN
from anju.core.terms.viewer import Viewer

LATEST = date(9999, 12, 31)  # sorts what has no day last
STAGES: dict[str, tuple[str, ...]] = {"open": OPEN, "listed": (LISTED,), "eliminated": (ELIMINATED,), "over": ("refused", "relapsed")}


@dataclass(frozen=True, slots=True)
class Filters:
    """`stage` is a key of STAGES, '' for all that stand. `path`: a place and what lies below it."""

    stage: str = ""
    state: str = ""
    category: str = ""
    path: str = ""
    overdue: bool = False


def listings_in_scope(viewer: Viewer) -> QuerySet[Listing]:
    """None for a stranger, and for a post that may not see monitored households at all."""
    return Listing.objects.filter(within(viewer, "household__")) if _sees(viewer) else Listing.objects.none()


def _sees(viewer: Viewer) -> bool:
    return not viewer.sees_nothing and viewer.can("monitoring.see")


@prepared
def _of_household(ranges: tuple[Ranges, Ranges], household: int) -> QuerySet[Listing]:
    return Listing.objects.filter(within_ranges(ranges, "household__"), household=household).order_by("-pk")[:20]


def listings(viewer: Viewer, filters: Filters, day: date, *, after: tuple[Any, ...] | None = None, limit: int = 51) -> list[Listing]:
    """The next `limit`, what is due first comes first. `after` is `key_of` the last one before."""
    found = _narrowed(viewer, filters, day)
    if after is not None:
        due, key = date.fromisoformat(str(after[0])), int(after[1])
        later = Q(due__gt=due) | Q(due=due, pk__gt=key) | Q(due=None) if due < LATEST else Q(due=None, pk__gt=key)
        found = found.filter(later)
    ordered = found.select_related("household__place").order_by(F("due").asc(nulls_last=True), "pk")
    return list(ordered[:limit])


def key_of(listing: Listing) -> tuple[str, int]:
    return ((listing.due or LATEST).isoformat(), listing.pk)


def _narrowed(viewer: Viewer, filters: Filters, day: date) -> QuerySet[Listing]:
    found = listings_in_scope(viewer)
    if filters.state:
        found = found.filter(state=filters.state)
    else:
        found = found.filter(state__in=STAGES.get(filters.stage, STANDING))
    if filters.category:
        found = found.filter(category=filters.category)
    if filters.path:
        found = found.filter(household__place__path__gte=filters.path, household__place__path__lt=end_of(filters.path))
    return found.filter(due__lt=day).exclude(state=ELIMINATED) if filters.overdue else found


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many listings stand in each state, of each category, late or not: what a filter would show is the sum of some of these."""

    rows: tuple[tuple[str, str, bool, int], ...] = ()

    def shown(self, filters: Filters) -> int:
        """How many lines the list would have; `path` was narrowed to when they were counted."""
        states = (filters.state,) if filters.state else STAGES.get(filters.stage, STANDING)
        return sum(
            n
            for state, category, late, n in self.rows
            if state in states and filters.category in ("", category) and (late or not filters.overdue)
        )


def numbers(viewer: Viewer, path: str, day: date) -> Numbers:
    """Of the viewer's places, or of one place below them. One grouped query."""
    if not _sees(viewer) or (path and not viewer.sees_path(path)):
        return Numbers()
    rows = _counted_below(ranges_of(viewer), path, end_of(path), day) if path else _counted(ranges_of(viewer), day)
    return Numbers(tuple((state, category, bool(late) and state != ELIMINATED, n) for state, category, late, n in rows))


def _grouped(found: QuerySet[Listing], day: date) -> QuerySet[Listing, tuple[str, str, bool | None, int]]:
    late = ExpressionWrapper(Q(due__lt=day), BooleanField(null=True))
    return found.order_by().values_list("state", "category", late).annotate(n=Count("pk"))


@prepared
def _counted(ranges: tuple[Ranges, Ranges], day: date) -> QuerySet[Listing, tuple[str, str, bool | None, int]]:
    return _grouped(Listing.objects.filter(within_ranges(ranges, "household__")), day)


@prepared
def _counted_below(ranges: tuple[Ranges, Ranges], path: str, end: str, day: date) -> QuerySet[Listing, tuple[str, str, bool | None, int]]:
    below = Q(household__place__path__gte=path, household__place__path__lt=end)
    return _grouped(Listing.objects.filter(within_ranges(ranges, "household__"), below), day)


def places_below(viewer: Viewer, filters: Filters, day: date) -> list[tuple[Place, int]]:
    """The places one step below that of the filter (or the viewer's own) with lines that the filter shows, with their number; the fullest
    first. Two queries: the places, and the lines grouped by where the families live."""
    top = filters.path or (viewer.scopes[0] if len(viewer.scopes) == 1 else "")
    if not top or not viewer.sees_path(top):
        return []
    key = keys_of([top])[0]
    places = {place.path: place for place in (children_of(key) if key else roots())}
    numbers = dict.fromkeys(places, 0)
    for path, n in _narrowed(viewer, replace(filters, path=top), day).order_by().values_list("household__place__path").annotate(n=Count("pk")):
        child = path[: path.find("/", len(top)) + 1]
        if child in numbers:
            numbers[child] += n
    return sorted(((places[path], n) for path, n in numbers.items() if n), key=lambda item: (-item[1], item[0].path))


def listing(viewer: Viewer, number: int) -> Listing | None:
    return listings_in_scope(viewer).select_related("household__place", "household__origin_place", "relapse_of").filter(pk=number).first()


def standing_of(viewer: Viewer, household_id: int) -> Listing | None:
    """For the family's page: its listing that stands, else the latest; None for whom it is not meant."""
    if not _sees(viewer):
        return None
    found = _of_household(ranges_of(viewer), household_id)
    return next((one for one in found if one.state in STANDING), found[0] if found else None)


def steps_of(listing: Listing) -> list[Step]:
    """The latest first, each with what whoever took it is `called`; of a listing that the viewer was given."""
    return list(Step.objects.filter(listing=listing).annotate(called=called("account")).order_by("-pk"))


def ending_of(listing: Listing) -> Elimination | None:
    """The end of the risk that is under way, else the latest that was tried."""
    found = list(Elimination.objects.filter(listing=listing).order_by("-pk")[:10])
    return next((one for one in found if one.state in ENDING_OPEN), found[0] if found else None)


def notices_of(listing: Listing) -> list[Notice]:
    return list(
        Notice.objects.filter(listing=listing).annotate(called=called("put_up_by", "username")).prefetch_related("objections").order_by("-pk")
    )


def measures_of(listing: Listing) -> list[Measure]:
    """What is open first, by its day."""
    found = Measure.objects.filter(plan__listing=listing)
    return sorted(found, key=lambda one: (one.done_on is not None or one.dropped_on is not None, one.due, one.pk))


def notice(viewer: Viewer, number: int) -> Notice | None:
    found = Notice.objects.filter(listing__in=listings_in_scope(viewer), pk=number)
    return found.select_related("listing__household__place", "elimination").first()


def objection(viewer: Viewer, number: int) -> Objection | None:
    return Objection.objects.filter(notice__listing__in=listings_in_scope(viewer), pk=number).select_related("notice__listing").first()


def measure(viewer: Viewer, number: int) -> Measure | None:
    found = Measure.objects.filter(plan__listing__in=listings_in_scope(viewer), pk=number)
    return found.select_related("plan__listing__household__place").first()
