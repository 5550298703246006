"""Periods of a cadence and their ordinals: consecutive whole numbers, so that a streak is plain arithmetic.

day: days since 1970-01-01; week: ISO weeks since that of 1970-01-01; month: year * 12 + month - 1; quarter:
year * 4 + quarter - 1; year: the year; term and school_year: position in the programme's list. A school_week is a week in which
school is held and has that week's number: those of the holidays are left out, and whoever counts steps over them (`back`, `between`).

After the last term or school year that the list names, and the longest break that it knows, another one is taken to have begun: nobody can
deliver it, so that what comes by it is not known, and the last one named is not taken for the present for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from anju.core.terms.dates import step_months

EPOCH = date(1970, 1, 1)
EPOCH_MONDAY = date(1969, 12, 29)
FRIDAY = 4
WEEKLY = ("week", "school_week")
Named = tuple[str, date, date]  # name, first day, last day
LONGEST = 60  # days: a break, where the list is too short to tell
CADENCES = ("day", "week", "month", "quarter", "year", "term", "school_year", "school_week", "once")


class Calendar:
    """Turns the text of a period into its ordinal and back. Terms and school years come from the programme."""

    def __init__(self, terms: Sequence[Named] = (), school_years: Sequence[Named] = ()) -> None:
        self.named: dict[str, tuple[Named, ...]] = {"term": tuple(terms), "school_year": tuple(school_years)}
        self.beyond = {cadence: _beyond(periods) for cadence, periods in self.named.items()}
        self.weeks_off = _weeks_off(terms)

    def is_named(self, cadence: str, ordinal: int) -> bool:
        """Whether anybody can deliver it: a term or school year that the list does not name yet, nobody can."""
        return cadence not in self.named or ordinal < len(self.named[cadence])

    def is_held(self, cadence: str, ordinal: int) -> bool:
        """Whether there is such a period: of a week in the holidays there is none at school."""
        return cadence != "school_week" or ordinal not in self.weeks_off

    def back(self, cadence: str, ordinal: int, n: int) -> int:
        """The period that lies `n` before."""
        while n:
            ordinal -= 1
            n -= self.is_held(cadence, ordinal)
        return ordinal

    def between(self, cadence: str, first: int, last: int) -> list[int]:
        """The periods from one to another, both included."""
        return [ordinal for ordinal in range(first, last + 1) if self.is_held(cadence, ordinal)]

    def period_ordinal(self, cadence: str, text: str) -> int:
        """Raises ValueError with the accepted forms for a text that names no period of this cadence."""
        reader = _READERS.get(cadence)
        if reader is not None:
            found = reader(text.strip())
            if found is None:
                raise ValueError(f"'{text}' is not a {cadence.replace('_', ' ')}: write it like {_FORMS[cadence]}")
            return found
        self._list(cadence)
        for ordinal, (name, _, _) in enumerate(self.named[cadence]):
            if name == text.strip():
                return ordinal
        raise ValueError(f"'{text}' is not a {cadence.replace('_', ' ')} of the programme's calendar")

    def period_text(self, cadence: str, ordinal: int) -> str:
        first = self.first_day(cadence, ordinal)
        if cadence == "day":
            return first.isoformat()
        if cadence in WEEKLY:
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02d}"
        if cadence == "month":
            return f"{first:%Y-%m}"
        if cadence == "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        if cadence == "year":
            return str(first.year)
        return self._list(cadence)[ordinal][0]

    def first_day(self, cadence: str, ordinal: int) -> date:
        if cadence == "day":
            return EPOCH + timedelta(days=ordinal)
        if cadence in WEEKLY:
            return EPOCH_MONDAY + timedelta(days=7 * ordinal)
        if cadence == "month":
            return date(ordinal // 12, ordinal % 12 + 1, 1)
        if cadence == "quarter":
            return date(ordinal // 4, ordinal % 4 * 3 + 1, 1)
        if cadence == "year":
            return date(ordinal, 1, 1)
        return self._list(cadence)[ordinal][1]

    def last_day(self, cadence: str, ordinal: int) -> date:
        if cadence == "day":
            return self.first_day("day", ordinal)
        if cadence in WEEKLY:
            return self.first_day("week", ordinal) + timedelta(days=6)
        months = {"month": 1, "quarter": 3, "year": 12}.get(cadence)
        if months is not None:
            return step_months(self.first_day(cadence, ordinal), months) - timedelta(days=1)
        return self._list(cadence)[ordinal][2]

    def dated_day(self, cadence: str, ordinal: int, dated: str = "end") -> date:
        """The day rows of the period are valid on, and from which it falls due."""
        return self.first_day(cadence, ordinal) if dated == "start" else self.last_day(cadence, ordinal)

    def ordinal_of(self, cadence: str, day: date) -> int:
        """The period `day` lies in. Between two terms: the last begun; before the first: -1."""
        if cadence == "day":
            return (day - EPOCH).days
        if cadence in WEEKLY:
            return (day - EPOCH_MONDAY).days // 7
        if cadence == "month":
            return day.year * 12 + day.month - 1
        if cadence == "quarter":
            return day.year * 4 + (day.month - 1) // 3
        if cadence == "year":
            return day.year
        return sum(first <= day for _, first, _ in self._list(cadence)) - 1

    def latest_due(self, cadence: str, day: date, due_days: int, dated: str = "end") -> int | None:
        """The latest period that is due on `day`; None before the first (terms only)."""
        limit = day - timedelta(days=due_days)
        ordinal = self.ordinal_of(cadence, limit)
        if ordinal < 0 and cadence in self.named:
            return None
        if self.dated_day(cadence, ordinal, dated) > limit:
            ordinal -= 1
        if not self.is_held(cadence, ordinal):
            ordinal = self.back(cadence, ordinal, 1)
        return ordinal if ordinal >= 0 or cadence not in self.named else None

    def _list(self, cadence: str) -> tuple[Named, ...]:
        if cadence not in self.named:
            raise ValueError(f"'{cadence}' is no cadence with periods: one of {', '.join(CADENCES)}")
        return self.named[cadence] + self.beyond[cadence]


def _beyond(periods: Sequence[Named]) -> tuple[Named, ...]:
    """The one after the last that is named: called by that with a plus, of one day, from the day on which it must have begun."""
    if not periods:
        return ()
    breaks = [(after[1] - before[2]).days - 1 for before, after in pairwise(periods)]
    name, _, last = periods[-1]
    begun = last + timedelta(days=1 + max(breaks, default=LONGEST))
    return ((f"{name}+", begun, begun),)


def _weeks_off(terms: Sequence[Named]) -> frozenset[int]:
    """Weeks between the terms known, of which no day from Monday to Friday lies in one. What lies before the first term or after the last
    nobody knows: it is not taken for holidays, lest silence pass for them."""
    if not terms:
        return frozenset()
    held = {ordinal for _, first, last in terms for ordinal in range(_school_week(first), _week_of(last) + 1)}
    return frozenset(range(min(held), max(held) + 1)) - held


def _week_of(day: date) -> int:
    return (day - EPOCH_MONDAY).days // 7


def _school_week(first: date) -> int:
    """The week in which school begins: the next one for what begins on a Saturday or Sunday."""
    return _week_of(first) + (first.weekday() > FRIDAY)


def _day(text: str) -> int | None:
    found = re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", text)
    try:
        return (date(int(found[1]), int(found[2]), int(found[3])) - EPOCH).days if found else None
    except ValueError:
        return None


def _week(text: str) -> int | None:
    found = re.fullmatch(r"(\d{4})-?W(\d{2})", text, re.IGNORECASE)
    try:
        return (date.fromisocalendar(int(found[1]), int(found[2]), 1) - EPOCH_MONDAY).days // 7 if found else None
    except ValueError:
        return None


def _month(text: str) -> int | None:
    found = re.fullmatch(r"([12]\d{3})[-/.年]?(0[1-9]|1[0-2])月?", text)
    return int(found[1]) * 12 + int(found[2]) - 1 if found else None


def _quarter(text: str) -> int | None:
    found = re.fullmatch(r"([12]\d{3})-?Q([1-4])", text, re.IGNORECASE)
    if found:
        return int(found[1]) * 4 + int(found[2]) - 1
    month = _month(text)  # the month in which a quarter's window ends names the quarter
    return None if month is None else month // 12 * 4 + month % 12 // 3


def _year(text: str) -> int | None:
    found = re.fullmatch(r"([12]\d{3})年?", text)
    return int(found[1]) if found else None


_READERS: dict[str, Callable[[str], int | None]] = {
    "day": _day, "week": _week, "month": _month, "quarter": _quarter, "year": _year, "school_week": _week,
}  # fmt: skip
_FORMS = {
    "day": "2023-09-26", "week": "2023-W38", "month": "2023-09 or 202309", "quarter": "2023-Q3", "year": "2023", "school_week": "2023-W38",
}  # fmt: skip
