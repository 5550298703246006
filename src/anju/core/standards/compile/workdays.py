"""Working days in SQL: the plain week by arithmetic, and of the years with holidays and make-up days what they change.

What they change is a text of equally wide numbers, one for each day: a list would be copied into the plan, entry by entry, wherever
it is named, and takes DuckDB milliseconds each time.
"""

from __future__ import annotations

from datetime import date, timedelta

from anju.core.standards.compile.names import literal
from anju.core.terms.working_days import WorkingCalendar

MONDAY = date(1, 1, 1)  # the first day there is, and a Monday
WIDE = 5  # digits and sign of a change: more days off than a calendar of years will ever have


def workday_variables(calendar: WorkingCalendar, today: date) -> str:
    """SET VARIABLE for what the SQL reads: working days in the first 0 … 7 days of a week; the first day on which the
    calendar departs from the plain week; from that day on how many working days more or fewer there were; the place of the
    last of those; and the working days up to and including `today`, the day that is judged."""
    week = [sum(day in calendar.week for day in range(1, n + 1)) for n in range(8)]
    days = sorted(calendar.holidays | calendar.makeup_days)
    first = days[0] if days else MONDAY
    changes, change = [0], 0
    for n in range((days[-1] - first).days + 1 if days else 0):
        day = first + timedelta(days=n)
        change += calendar.is_working(day) - (day.isoweekday() in calendar.week)
        changes.append(change)
    since, last = (today - MONDAY).days, len(changes) - 1
    until = since // 7 * week[7] + week[since % 7 + 1] + changes[min(max((today - first).days + 1, 0), last)]
    text = "".join(f"{n:0{WIDE}d}" for n in changes)
    return (
        f"SET VARIABLE worked_week = {week}::INTEGER[]; SET VARIABLE worked_first = {literal(first)}; SET VARIABLE worked_last = {last};"
        f" SET VARIABLE worked_changes = {literal(text)}; SET VARIABLE worked_today = {until}"
    )


def workdays_between(start: str, end: str, today: date) -> str:
    """SQL: working days in (start, end]; negative of the reverse where `start` is later. `today` is the day that is judged."""
    return f"({_until(end, today)} - {_until(start, today)})"


def _until(day: str, today: date) -> str:
    """SQL: working days from the year 1 up to and including `day`."""
    if day == literal(today):
        return "getvariable('worked_today')"
    days = f"date_diff('day', {literal(MONDAY)}, {day})"
    nth = f"least(greatest(date_diff('day', getvariable('worked_first'), {day}) + 1, 0), getvariable('worked_last'))"
    return (
        f"({days} // 7 * getvariable('worked_week')[8] + getvariable('worked_week')[{days} % 7 + 2]"
        f" + CAST(substring(getvariable('worked_changes'), {nth} * {WIDE} + 1, {WIDE}) AS BIGINT))"
    )
