"""Working days in SQL: the plain week by arithmetic, and a short list of what holidays and make-up days change.

A list with an entry for every day of seventy years would be copied into the plan wherever it is named: 25 ms each time.
"""

from __future__ import annotations

from datetime import date, timedelta

from anju.core.standards.compile.names import literal
from anju.core.terms.working_days import WorkingCalendar

MONDAY = date(1, 1, 1)  # the first day there is, and a Monday


def workday_variables(calendar: WorkingCalendar) -> dict[str, list[int] | date]:
    """Values of the variables that `workdays_until` reads: working days in the first 0 … 7 days of a week; the first day
    on which the calendar departs from the plain week; and from that day on how many working days more or fewer there were."""
    week = [sum(day in calendar.week for day in range(1, n + 1)) for n in range(8)]
    days = sorted(calendar.holidays | calendar.makeup_days)
    first = days[0] if days else MONDAY
    changes, change = [0], 0
    for n in range((days[-1] - first).days + 1 if days else 0):
        day = first + timedelta(days=n)
        change += calendar.is_working(day) - (day.isoweekday() in calendar.week)
        changes.append(change)
    return {"worked_week": week, "worked_first": first, "worked_changes": changes}


def workdays_between(start: str, end: str) -> str:
    """SQL: working days in (start, end]; negative of the reverse where `start` is later."""
    return f"({_until(end)} - {_until(start)})"


def _until(day: str) -> str:
    """SQL: working days from the year 1 up to and including `day`."""
    days = f"date_diff('day', {literal(MONDAY)}, {day})"
    nth = f"date_diff('day', getvariable('worked_first'), {day}) + 1"
    most = "len(getvariable('worked_changes')) - 1"
    return (
        f"({days} // 7 * getvariable('worked_week')[8] + getvariable('worked_week')[{days} % 7 + 2]"
        f" + getvariable('worked_changes')[least(greatest({nth}, 0), {most}) + 1])"
    )
