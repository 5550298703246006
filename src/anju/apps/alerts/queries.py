"""Reads of alerts. The viewer comes first: the places of her post on either side, and her department's own standards only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from anju.apps.alerts.models import DONE, TODO, AlertCount, Episode, EpisodeEvent, Hold, Mute
from anju.apps.alerts.stages.mute import matched
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
    found = Episode.objects.filter(_inside(viewer))
    return found.filter(owner__in=sorted(viewer.departments)) if viewer.departments else found


def _inside(viewer: Viewer, prefix: str = "") -> Q:
    inside = Q()
    for column, paths in (("path", viewer.scopes), ("origin_path", viewer.origins)):
        for path in paths:
            inside |= Q(**{f"{prefix}{column}__gte": path, f"{prefix}{column}__lt": _end(path)})
    return inside


def _end(path: str) -> str:
    return path[:-1] + chr(ord("/") + 1)


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
        found = found.filter(path__gte=filters.path, path__lt=_end(filters.path))
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


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers of alerts: by queue, of the queue to be taken on by level, by standard, and how many of these are overdue."""

    queues: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    standards: dict[str, int] = field(default_factory=dict)
    overdue: int = 0
    overdue_red: int = 0


def counts(viewer: Viewer, place_id: int | None = None, path: str = "", queue: str = TODO) -> Tiles:
    """Kept counts of the viewer's places, or of one place she sees. One query. Two places of one post never lie within each other."""
    if viewer.sees_nothing:
        return Tiles()
    if place_id is not None:
        if not viewer.sees_path(path):
            return Tiles()
        wanted = Q(side=AlertCount.DESTINATION, place_id=place_id)
    else:
        wanted = Q()
        for side, paths in ((AlertCount.DESTINATION, viewer.scopes), (AlertCount.ORIGIN, viewer.origins)):
            keys = [int(key) if (key := each.rstrip("/").rpartition("/")[2]) else 0 for each in paths]
            if keys:
                wanted |= Q(side=side, place_id__in=keys)
    found = AlertCount.objects.filter(wanted)
    if viewer.departments:
        found = found.filter(owner__in=sorted(viewer.departments))
    queues: dict[str, int] = {}
    levels: dict[str, int] = {}
    standards: dict[str, int] = {}
    overdue = red = 0
    for name, level, standard, late, n in found.values_list("queue", "level", "standard", "overdue").annotate(n=Sum("n")):
        queues[name] = queues.get(name, 0) + n
        if name == queue and n:
            levels[level] = levels.get(level, 0) + n
            standards[standard] = standards.get(standard, 0) + n
        if late:
            overdue += n
            red += n if level == "red" else 0
    return Tiles(queues, levels, standards, overdue, red)


@dataclass(frozen=True, slots=True)
class Changed:
    """What happened since a moment: how many episodes by event, whether there were more than were looked at, and the latest."""

    numbers: dict[str, int]
    more: bool
    latest: list[EpisodeEvent]


TOLD = ("opened", "relapsed", "rose", "cleared", "ended", "acknowledged", "dispatched")


def changed_since(viewer: Viewer, moment: datetime, *, limit: int = 8) -> Changed:
    if viewer.sees_nothing:
        return Changed({}, False, [])
    inside = _inside(viewer, "episode__")
    if viewer.departments:
        inside &= Q(episode__owner__in=sorted(viewer.departments))
    seen = EpisodeEvent.objects.filter(at__gt=moment, what__in=TOLD).filter(inside).exclude(episode__queue="held")
    newest = list(seen.order_by("-at", "-pk").values_list("pk", flat=True)[: MOST_CHANGES + 1])
    if not newest:
        return Changed({}, False, [])
    kept = newest[:MOST_CHANGES]
    numbers = dict(EpisodeEvent.objects.filter(pk__gte=min(kept), pk__in=kept).values_list("what").annotate(n=Count("pk")).order_by())
    latest = list(EpisodeEvent.objects.filter(pk__in=kept[:limit]).select_related("episode").order_by("-at", "-pk"))
    return Changed(numbers, len(newest) > MOST_CHANGES, latest)


def mutes_in_scope(viewer: Viewer) -> QuerySet[Mute]:
    """Mutes of the viewer's places, whoever made them; a department's post sees those of its department and of none."""
    if not viewer.scopes:
        return Mute.objects.none()
    inside = Q()
    for path in viewer.scopes:
        inside |= Q(path__gte=path, path__lt=_end(path))
    found = Mute.objects.filter(inside)
    return found.filter(department__in=["", *sorted(viewer.departments)]) if viewer.departments else found


def holds_in_scope(viewer: Viewer) -> QuerySet[Hold]:
    """Baselines and guarded rules of the viewer's units. What concerns the whole programme is seen from the top only."""
    if not viewer.scopes:
        return Hold.objects.none()
    inside = Q()
    for path in viewer.scopes:
        inside |= Q(place__path__gte=path, place__path__lt=_end(path))
        if len([part for part in path.split("/") if part]) <= 1:
            inside |= Q(place=None)
    found = Hold.objects.filter(inside).select_related("place")
    return found.filter(owner__in=sorted(viewer.departments)) if viewer.departments else found


def matched_in_scope(viewer: Viewer, proposed: Mute) -> QuerySet[Episode]:
    """What a mute would put off, of what the viewer sees: its preview."""
    return alerts_in_scope(viewer).filter(pk__in=matched(proposed).values("pk"))
