"""What changed, what is due to be looked at again, and what supervision looks at. The viewer comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Concat

from anju.apps.alerts.queries import followed_last
from anju.apps.cases.models import Case, CaseEvent, CaseLooked, Draw, Instruction, LookBack
from anju.apps.cases.scope import cases_in_scope, cases_of, scope_of, sees_a_unit, sees_cases
from anju.apps.places.scope import Ranges, inside_ranges, ranges_of
from anju.apps.prepared.queries import Fixed, prepared
from anju.core.casework.states import CLOSED
from anju.core.terms.viewer import Viewer

FEW = 16_384  # cases whose events are asked for by their keys: SQLite takes no more than 32,766 values at once
TOLD = ("opened", "rose", "assign", "return_back", "reopen", "close", "end", "escalated", "answered")


def changed_since(viewer: Viewer, moment: datetime, *, limit: int = 8) -> tuple[dict[str, int], list[CaseEvent]]:
    """What happened since a moment: numbers by event over the newest thousand, and the latest. Three queries.

    Who sees a unit or more finds a thousand among the newest of all events; whose places are few has her cases read, and what happened
    to each since. Nobody waits for the events of everybody else."""
    if viewer.sees_nothing:
        return {}, []
    hers = None if sees_a_unit((*viewer.scopes, *viewer.origins)) else _keys_of_cases(*scope_of(viewer), Fixed(FEW + 1))
    newest = _newest(*scope_of(viewer), moment) if hers is None or len(hers) > FEW else _newest_of(hers, moment) if hers else []
    if not newest:
        return {}, []
    return dict(Counter(what for _key, what in newest)), _told([key for key, _what in newest[:limit]])


def _first_thousand(found: QuerySet[CaseEvent]) -> QuerySet[CaseEvent, tuple[int, str]]:
    return found.order_by("-at", "-pk").values_list("pk", "what")[:1_000]


@prepared
def _newest(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], moment: datetime) -> QuerySet[CaseEvent, tuple[int, str]]:
    # an index of words or of places would be read through, and sorted: SQLite asks no index for what is hidden in an expression
    found = CaseEvent.objects.alias(
        hidden_what=Concat("what", Value("")),
        hidden_path=Concat("case__path", Value("")),
        hidden_origin_path=Concat("case__origin_path", Value("")),
    ).filter(inside_ranges(ranges, "hidden_"), at__gt=moment, hidden_what__in=TOLD)
    return _first_thousand(found.filter(case__owner__in=departments) if departments else found)


@prepared
def _keys_of_cases(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], limit: Fixed) -> QuerySet[Case, int]:
    return cases_of(ranges, departments).order_by().values_list("pk", flat=True)[:limit]


@prepared
def _newest_of(cases: list[int], moment: datetime) -> QuerySet[CaseEvent, tuple[int, str]]:
    # a case has few events: they are read in one go, from the index alone, and not word by word
    found = CaseEvent.objects.alias(hidden_what=Concat("what", Value("")))
    return _first_thousand(found.filter(case__in=cases, hidden_what__in=TOLD, at__gt=moment))


@prepared
def _told(keys: list[int]) -> QuerySet[CaseEvent]:
    return CaseEvent.objects.filter(pk__in=keys).select_related("case").order_by("-at", "-pk")


def last_look(viewer: Viewer) -> datetime | None:
    """Until when the viewer has read what changed; before that was ever said, since the run before the last one was followed."""
    found = _looked.first(viewer.account) if viewer.account is not None else None
    if found is not None:
        return found
    runs = followed_last()
    return runs[1] if len(runs) == 2 else None


@prepared
def _looked(account: int) -> QuerySet[CaseLooked, datetime]:
    return CaseLooked.objects.filter(account=account).values_list("at", flat=True)


def look_backs_due(viewer: Viewer, day: date, *, limit: int = 50) -> list[LookBack]:
    """Look-backs of the viewer's places that are due and that somebody else than the handler may make."""
    return _look_backs_due(*scope_of(viewer), day, viewer.account or 0, Fixed(limit)) if sees_cases(viewer) else []


@prepared
def _look_backs_due(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], day: date, account: int, limit: Fixed) -> QuerySet[LookBack]:
    found = LookBack.objects.filter(done_at=None, due_on__lte=day, case__state=CLOSED, case__in=cases_of(ranges, departments))
    return found.exclude(not_account=account).select_related("case").order_by("due_on", "pk")[:limit]


def instructions(viewer: Viewer, *, done: bool = False, after: int | None = None, limit: int = 50) -> list[Instruction]:
    """Instructions to the viewer's places: those that are open by their deadline, or those whose reply was accepted, the latest first."""
    if viewer.sees_nothing:
        return []
    found = Instruction.objects.filter(inside_destination(viewer), accepted_at__isnull=not done).select_related("case")
    if done:
        found = found.filter(pk__lt=after) if after is not None else found
        return list(found.order_by("-pk")[:limit])
    return list(found.order_by("due_on", "pk")[:limit])


def instruction_of(viewer: Viewer, key: int) -> Instruction | None:
    return Instruction.objects.filter(inside_destination(viewer), pk=key).select_related("case").first()


def inside_destination(viewer: Viewer) -> Q:
    """Of what has a place and no origin."""
    here, _there = ranges_of(viewer)
    return inside_ranges((here, ()))


def escalations(viewer: Viewer, *, limit: int = 12) -> list[CaseEvent]:
    """Ranks that were told lately of deadlines that had passed; not the handlers themselves."""
    found = CaseEvent.objects.filter(what="escalated", case__in=cases_in_scope(viewer)).exclude(detail__to="handler")
    return list(found.select_related("case").order_by("-at", "-pk")[:limit])


def draws(viewer: Viewer, *, limit: int = 12) -> list[tuple[Draw, dict[bool | None, int]]]:
    """Draws made for the viewer's places, the latest first, each with how many still hold, do not, or were not visited yet."""
    found = list(Draw.objects.filter(inside_destination(viewer)).order_by("-pk")[:limit])
    results: dict[int, dict[bool | None, int]] = {}
    rows = LookBack.objects.filter(draw__in=found).values_list("draw_id", "holds").annotate(n=Count("pk")).order_by()
    for key, holds, n in rows:
        results.setdefault(key, {})[holds] = n
    return [(one, results.get(one.pk, {})) for one in found]


def passed_between(cases: Sequence[Case]) -> dict[int, list[CaseEvent]]:
    """From which department to which each case was passed, and why."""
    found: dict[int, list[CaseEvent]] = {}
    for event in CaseEvent.objects.filter(case__in=cases, what="transfer").order_by("pk"):
        found.setdefault(event.case_id, []).append(event)
    return found
