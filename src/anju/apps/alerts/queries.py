"""Reads of alerts. The viewer comes first: the places of her post on either side, and her department's own standards only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum, Value
from django.db.models.functions import Concat

from anju.apps.alerts.models import DONE, HELD, TODO, AlertCount, Episode, EpisodeEvent, Followed, Hold, Looked, Mute
from anju.apps.alerts.stages.mute import matched
from anju.apps.places.lookup import children_of, roots
from anju.apps.places.models import Place
from anju.apps.places.scope import Ranges, end_of, inside, inside_ranges, keys_of, ranges_of
from anju.apps.prepared.queries import Fixed, prepared
from anju.core.terms.viewer import Viewer

MOST_CHANGES = 1_000  # are looked at to say what changed; beyond, the page says "more than"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a queue is narrowed to. `path`: a place and what lies below it. Naming a level or standard shows each alert by itself,
    else one line stands for a family or site."""

    queue: str = TODO
    level: str = ""
    standard: str = ""
    department: str = ""
    path: str = ""
    overdue: bool = False

    @property
    def by_cluster(self) -> bool:
        return self.queue != DONE and not (self.level or self.standard or self.overdue)


def alerts_in_scope(viewer: Viewer) -> QuerySet[Episode]:
    """Every episode, over or not, of those who live in the viewer's places or came from them; none for a stranger."""
    if viewer.sees_nothing:
        return Episode.objects.none()
    found = Episode.objects.filter(inside(viewer))
    return found.filter(owner__in=sorted(viewer.departments)) if viewer.departments else found


def queue(viewer: Viewer, filters: Filters, *, after: tuple[Any, ...] | None = None, limit: int = 50) -> list[Episode]:
    """The next `limit` lines, the most urgent first (overdue red before red); what is over, the latest first. `after` is `key_of` the
    last row before."""
    found = alerts_in_scope(viewer).filter(queue=filters.queue)
    if filters.by_cluster:
        found = found.filter(owner_lead=True) if viewer.departments or filters.department else found.filter(lead=True)
    if filters.level:
        found = found.filter(level=filters.level)
    if filters.standard:
        found = found.filter(standard=filters.standard)
    if filters.department:
        found = found.filter(owner=filters.department)
    if filters.path:
        found = found.filter(path__gte=filters.path, path__lt=end_of(filters.path))
    if filters.overdue:
        found = found.filter(overdue=True)
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


def key_of(episode: Episode) -> tuple[Any, ...]:
    """Where a line stands in its queue; a value that fits an address."""
    if episode.queue == DONE:
        return (episode.closed_on.isoformat() if episode.closed_on else "", episode.pk)
    return (episode.urgency, episode.sort_on.isoformat() if episode.sort_on else "", episode.pk)


def alert(viewer: Viewer, number: int) -> Episode | None:
    return alerts_in_scope(viewer).select_related("inhibited_by", "mute", "hold", "relapse_of").filter(pk=number).first()


def cluster_of(viewer: Viewer, episode: Episode) -> list[Episode]:
    """The other open alerts of the same family or site, the gravest first."""
    found = alerts_in_scope(viewer).filter(cluster=episode.cluster).exclude(pk=episode.pk).exclude(queue=DONE)
    return list(found.order_by("urgency", "sort_on", "pk")[:50])


def events_of(viewer: Viewer, episode: Episode) -> list[EpisodeEvent]:
    """What happened to an episode the viewer may see, the latest first."""
    if not alerts_in_scope(viewer).filter(pk=episode.pk).exists():
        return []
    return list(EpisodeEvent.objects.filter(episode=episode).order_by("-at", "-pk")[:100])


def episodes_of_household(viewer: Viewer, household_id: int) -> list[Episode]:
    """For the family's page: open ones first, then the latest that are over."""
    found = alerts_in_scope(viewer).filter(household_id=household_id)
    return sorted(found.order_by("-pk")[:100], key=lambda episode: (episode.state != "open", episode.urgency, -episode.pk))


def what_happened_to(viewer: Viewer, household_id: int, sites: Collection[int], standards: Collection[str], *, limit: int) -> list[EpisodeEvent]:
    """For the family's page: the latest events of the family's own alerts, and of those about the `sites` in which it lives (by the
    `standards` that are about places), with their episode and what puts it off. One query. What is held back as a baseline has not
    happened yet."""
    if viewer.sees_nothing:
        return []
    about = list(sites), list(standards), household_id
    return _happened(ranges_of(viewer), tuple(sorted(viewer.departments)), *about, Fixed(limit))


@prepared
def _happened(
    ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], sites: list[int], standards: list[str], household: int, limit: Fixed
) -> QuerySet[EpisodeEvent]:
    about = Q(household_id=household) | Q(standard__in=standards, subject_id__in=sites)
    # of the family's few rows it is checked where they are; SQLite asks no index for what is hidden in an expression
    places = {f"hidden_{name}": Concat(name, Value("")) for name in ("path", "origin_path")}
    seen = Episode.objects.alias(**places).filter(about, inside_ranges(ranges, "hidden_")).exclude(queue=HELD)
    seen = seen.filter(owner__in=departments) if departments else seen
    found = EpisodeEvent.objects.filter(episode__in=seen).select_related("episode__mute")
    return found.order_by("-day", "-at", "-pk")[:limit]


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers of alerts: by queue, of the queue to be taken on by level, by standard, and how many of these are overdue."""

    queues: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    standards: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    overdue: int = 0
    overdue_red: int = 0


def counts(viewer: Viewer, path: str = "", queue: str = TODO) -> Tiles:
    """Kept counts of the viewer's places, or of one place (`path`) below them. One query. Two places of one post never lie within
    each other."""
    if viewer.sees_nothing or (path and not viewer.sees_path(path)):
        return Tiles()
    asked = (keys_of((path,) if path else viewer.scopes), keys_of(() if path else viewer.origins), tuple(sorted(viewer.departments)))
    queues: dict[str, int] = {}
    levels: dict[str, int] = {}
    standards: dict[str, int] = {}
    owners: dict[str, int] = {}
    overdue = red = 0
    for name, level, standard, owner, late, n in _kept_counts(*asked):
        queues[name] = queues.get(name, 0) + n
        if name == queue and n:
            for numbers, key in ((levels, level), (standards, standard), (owners, owner)):
                numbers[key] = numbers.get(key, 0) + n
        if late:
            overdue += n
            red += n if level == "red" else 0
    return Tiles(queues, levels, standards, owners, overdue, red)


@prepared
def _kept_counts(here: list[int], there: list[int], departments: tuple[str, ...]) -> QuerySet[AlertCount, tuple[Any, ...]]:
    wanted = Q(side=AlertCount.DESTINATION, place_id__in=here) | Q(side=AlertCount.ORIGIN, place_id__in=there)
    found = AlertCount.objects.filter(wanted)
    found = found.filter(owner__in=departments) if departments else found
    return found.values_list("queue", "level", "standard", "owner", "overdue").annotate(n=Sum("n"))


def places_below(viewer: Viewer, path: str, queue: str) -> list[tuple[Place, int]]:
    """The places one step below `path` (or the viewer's own place) that have alerts in a queue, with their number; the fullest first."""
    top = path or (viewer.scopes[0] if len(viewer.scopes) == 1 else "")
    if not top or not viewer.sees_path(top):
        return []
    key = int(top.rstrip("/").rpartition("/")[2] or 0)
    places = {place.pk: place for place in (children_of(key) if key else roots())}
    if not places:
        return []
    numbers = dict(_below(list(places), queue, tuple(sorted(viewer.departments))))
    return sorted(((places[key], n) for key, n in numbers.items() if n), key=lambda item: (-item[1], item[0].path))


@prepared
def _below(places: list[int], queue: str, departments: tuple[str, ...]) -> QuerySet[AlertCount, tuple[int, int]]:
    found = AlertCount.objects.filter(side=AlertCount.DESTINATION, place_id__in=places, queue=queue)
    found = found.filter(owner__in=departments) if departments else found
    return found.values_list("place_id").annotate(n=Sum("n")).order_by()


def path_of_place(viewer: Viewer, code: str) -> str:
    """The path of a place of the scope tree by its code; '' where there is none that the viewer sees."""
    if not code:
        return ""
    found = Place.objects.filter(tree="scope", code=code[:32]).values_list("path", flat=True)
    return next((path for path in found if viewer.sees_path(path)), "")


def place_name(path: str) -> str:
    return Place.objects.filter(path=path).values_list("name", flat=True).first() or ""


def last_look(viewer: Viewer) -> datetime | None:
    """Until when the viewer has read what changed; before that was ever said, since the run before the last one followed."""
    if viewer.account is not None:
        found = _looked.first(viewer.account)
        if found is not None:
            return found
    runs = followed_last()
    return runs[1] if len(runs) == 2 else None


@prepared
def _looked(account: int) -> QuerySet[Looked, datetime]:
    return Looked.objects.filter(account=account).values_list("at", flat=True)


@prepared
def followed_last() -> QuerySet[Followed, datetime]:
    """When the last two runs were followed, the later first."""
    return Followed.objects.order_by("-run_id").values_list("at", flat=True)[:2]


@dataclass(frozen=True, slots=True)
class Changed:
    """What happened since a moment: how many episodes by event, whether there were more than were looked at, and the latest."""

    numbers: dict[str, int]
    more: bool
    latest: list[EpisodeEvent]


TOLD = ("opened", "relapsed", "rose", "cleared", "ended", "acknowledged")


def changed_since(viewer: Viewer, moment: datetime, *, limit: int = 8) -> Changed:
    if viewer.sees_nothing:
        return Changed({}, False, [])
    newest = _changes(ranges_of(viewer), tuple(sorted(viewer.departments)), moment)
    if not newest:
        return Changed({}, False, [])
    kept = newest[:MOST_CHANGES]
    numbers = dict(Counter(what for _, what in kept))
    return Changed(numbers, len(newest) > MOST_CHANGES, _latest([key for key, _ in kept[:limit]]))


@prepared
def _changes(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], moment: datetime) -> QuerySet[EpisodeEvent, tuple[int, str]]:
    within = inside_ranges(ranges, "episode__")
    if departments:
        within &= Q(episode__owner__in=departments)
    seen = EpisodeEvent.objects.filter(at__gt=moment, what__in=TOLD).filter(within).exclude(episode__queue="held")
    return seen.order_by("-at", "-pk").values_list("pk", "what")[: MOST_CHANGES + 1]


@prepared
def _latest(keys: list[int]) -> QuerySet[EpisodeEvent]:
    return EpisodeEvent.objects.filter(pk__in=keys).select_related("episode").order_by("-at", "-pk")


def mutes_in_scope(viewer: Viewer) -> QuerySet[Mute]:
    """Mutes of the viewer's places, whoever made them; a department's post sees those of its department and of none."""
    if not viewer.scopes:
        return Mute.objects.none()
    within = Q()
    for path in viewer.scopes:
        within |= Q(path__gte=path, path__lt=end_of(path))
    found = Mute.objects.filter(within)
    return found.filter(department__in=["", *sorted(viewer.departments)]) if viewer.departments else found


def holds_in_scope(viewer: Viewer) -> QuerySet[Hold]:
    """Baselines and guarded rules of the viewer's units. What concerns the whole programme is seen from the top only."""
    if not viewer.scopes:
        return Hold.objects.none()
    within = Q()
    for path in viewer.scopes:
        within |= Q(place__path__gte=path, place__path__lt=end_of(path))
        if len([part for part in path.split("/") if part]) <= 1:
            within |= Q(place=None)
    found = Hold.objects.filter(within).select_related("place")
    return found.filter(owner__in=sorted(viewer.departments)) if viewer.departments else found


def matched_in_scope(viewer: Viewer, proposed: Mute) -> QuerySet[Episode]:
    """What a mute would put off, of what the viewer sees: its preview."""
    return alerts_in_scope(viewer).filter(pk__in=matched(proposed).values("pk"))
