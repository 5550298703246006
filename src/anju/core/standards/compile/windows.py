"""Windows as dates: computed once, outside SQL, so that no dialect does calendar arithmetic."""

from __future__ import annotations

from datetime import date, timedelta

from anju.core.contracts.model import Contract
from anju.core.standards.model import Window
from anju.core.terms.dates import step_months
from anju.core.terms.periods import Calendar

MONTHS = {"months": 1, "quarters": 3, "years": 12}
THIS = {"months": "month", "quarters": "quarter", "years": "year", "terms": "term", "school_years": "school_year"}


def window_start(contract: Contract, window: Window, day: date, calendar: Calendar) -> date:
    """The day after which rows count: the window is (start, day]. Terms before the first loaded, or periods where none is due:
    0001-01-01."""
    if window.unit == "periods":
        last = calendar.latest_due(contract.cadence, day, contract.freshness.due_days, contract.dated)
        if last is None:
            return date(1, 1, 1)
        first = max(calendar.back(contract.cadence, last, window.n - 1), 0)
        if contract.kind == "event":  # of any day of the period
            return calendar.first_day(contract.cadence, first) - timedelta(days=1)
        return calendar.dated_day(contract.cadence, first, contract.dated) - timedelta(days=1)
    if window.form == "last" and window.unit in ("days", "weeks"):
        return day - timedelta(days=window.n * (7 if window.unit == "weeks" else 1))
    if window.form == "last" and window.unit in MONTHS:
        return step_months(day, -window.n * MONTHS[window.unit])
    cadence = THIS[window.unit]
    ordinal = calendar.ordinal_of(cadence, day) - (window.n - 1)
    if cadence in ("term", "school_year") and ordinal < 0:
        return date(1, 1, 1)
    return calendar.first_day(cadence, ordinal) - timedelta(days=1)


def due_periods(contract: Contract, window: Window | None, day: date, calendar: Calendar) -> tuple[int, int] | None:
    """The first and last due period that a window needs; without a window the latest due one. None: nothing is due.

    A period is needed where it touches the window: its last day after the start, its first day not after `day`. Where the window
    reaches only into periods that are not yet due, an event feed needs nothing (first > last): what has not fallen due is not
    missing. Of a period feed the first of them is needed all the same: its rows come with its delivery and with no other, so
    that before it came nobody can say that a row is absent (this term's roll, in the fortnight before it is due)."""
    if contract.cadence == "once":
        return None
    last = calendar.latest_due(contract.cadence, day, contract.freshness.due_days, contract.dated)
    if last is None:
        return None
    if window is None:
        return last, last
    if window.unit == "periods":
        return max(calendar.back(contract.cadence, last, window.n - 1), 0), last
    start = window_start(contract, window, day, calendar)
    if start == date(1, 1, 1):
        return 0, last
    first = calendar.ordinal_of(contract.cadence, start + timedelta(days=1))
    if first < 0 or calendar.last_day(contract.cadence, first) <= start:
        first += 1
    if first <= last:
        return max(first, 0), last
    return (first, first) if contract.kind == "period" else (last + 1, last)


def counted_back(contract: Contract, last: int, most: int, calendar: Calendar) -> list[int]:
    """The periods that a streak looks at, the latest first."""
    found = [last]
    while len(found) < most:
        found.append(calendar.back(contract.cadence, found[-1], 1))
    return found
