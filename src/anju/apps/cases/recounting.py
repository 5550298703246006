"""What another calendar would make of deadlines that were given. Only counted: a day that somebody was told stands, whatever is loaded later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache

from django.db.models import Count
from django.utils import timezone

from anju.apps.cases.models import Case
from anju.apps.cases.rules import breach_of, clocks_of, verify_clock
from anju.core.casework.clocks import CLOCK
from anju.core.casework.states import OVER
from anju.core.terms.durations import Duration, last_day
from anju.core.terms.working_days import WorkingCalendar


def deadlines_that_would_move(before: WorkingCalendar, after: WorkingCalendar, days: Iterable[date]) -> int:
    """Open cases whose running deadline would be another day, were it counted by `after`. `days`: those on which the two differ. A day that
    a person has set (more time granted) is counted by nobody and left out."""
    changed = sorted(days)
    if not changed:
        return 0

    @cache
    def moves(state: str, standard: str, breach: str, level: str, start: date, deadline: date) -> bool:
        clocks = _clocks(CLOCK[state], standard, breach, level, start)
        return start < changed[-1] and _end(start, clocks, before) != _end(start, clocks, after)

    columns = (
        "state",
        "standard",
        "breach",
        "level",
        "opened_on",
        "reopened_on",
        "verified_at",
        "judged_at",
        "ready_on",
        "fed_back_on",
        "deadline",
    )
    rows = (
        Case.objects.exclude(state__in=OVER).filter(deadline__gte=changed[0], extended=False).values_list(*columns).annotate(n=Count("id"))
    )  # fmt: skip
    count = 0
    for state, standard, breach, level, opened, reopened, verified, judged, ready, fed_back, deadline, n in rows.order_by():
        began = {
            "verify": reopened or opened, "judge": _day(verified), "handle": _day(judged),
            "close": ready or fed_back,
        }[CLOCK[state]]  # fmt: skip
        if began is not None and moves(state, standard, breach, level, began, deadline):
            count += n
    return count


def _day(at: datetime | None) -> date | None:
    return timezone.localtime(at).date() if at is not None else None


def _clocks(name: str, standard: str, breach: str, level: str, start: date) -> tuple[Duration, ...]:
    if name == "verify":
        return (verify_clock(standard, breach, level, start),)
    if name != "handle":
        found = clocks_of(level)
        return (found.judge if name == "judge" else found.close,)
    own = breach_of(standard, breach, start)
    return tuple(one for one in ((own.handle, own.then) if own is not None else (clocks_of(level).handle,)) if one is not None)


def _end(start: date, clocks: tuple[Duration, ...], calendar: WorkingCalendar) -> date:
    for clock in clocks:
        start = last_day(start, clock, calendar)
    return start
