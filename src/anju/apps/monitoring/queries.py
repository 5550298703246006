"""Reads of monitored households. The viewer comes first: where a family lives now, or came from, decides who sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from anju.apps.monitoring.models import Elimination, Listing, Measure, Notice, Objection, Step
from anju.apps.monitoring.states import ENDING_OPEN, STANDING
from anju.apps.people.search import within, within_ranges
from anju.apps.places.scope import Ranges, ranges_of
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
        end = filters.path[:-1] + chr(ord("/") + 1)
        found = found.filter(household__place__path__gte=filters.path, household__place__path__lt=end)
    return found.filter(due__lt=day).exclude(state=ELIMINATED) if filters.overdue else found


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
