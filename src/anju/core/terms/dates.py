"""Calendar arithmetic: steps by month that clip at the month's end, completed months and years."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def step_months(day: date, months: int) -> date:
    """`day` moved by calendar months, clipped at the month's end: 31 March less one month is 28 or 29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def completed_months(start: date, end: date) -> int:
    """Whole months from `start` to `end`; negative where `start` is later. No clipping: the 31st completes on the 1st.

    Defined by year, month and day alone, so that SQL can say the same: 31 January to 28 February is 0 months."""
    if end < start:
        return -completed_months(end, start)
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def completed_years(start: date, end: date) -> int:
    """Completed years: a birth on 29 February is a year older on 1 March of a common year."""
    if end < start:
        return -completed_years(end, start)
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def day_before(day: date) -> date:
    return day - timedelta(days=1)
