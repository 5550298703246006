"""The sample's time: which periods have passed, which files arrive on which day.

Monthly figures arrive on the fifth of the next month, registers and lists on the fourth, water, power and culture
on the tenth, a week of attendance on the Monday after, an income quarter on the fifteenth after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

SAMPLE_DAY = date(2023, 9, 26)
HORIZON_MONTHS = 6  # planned beyond the sample's day, for letting weeks pass
TERMS = (  # name, first day, last day, the days on which the roll is sent
    ("2020-2021-2", date(2021, 3, 1), date(2021, 7, 16)),
    ("2021-2022-1", date(2021, 9, 1), date(2022, 1, 14)),
    ("2021-2022-2", date(2022, 2, 21), date(2022, 7, 15)),
    ("2022-2023-1", date(2022, 9, 1), date(2023, 1, 13)),
    ("2022-2023-2", date(2023, 2, 13), date(2023, 7, 14)),
    ("2023-2024-1", date(2023, 9, 1), date(2024, 1, 19)),
    ("2023-2024-2", date(2024, 2, 26), date(2024, 7, 12)),
)


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def month_text(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


def first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_of(month: int) -> date:
    return first_of(month + 1) - timedelta(days=1)


def in_month(month: int, day: int) -> date:
    return date(month // 12, month % 12 + 1, day)


def later(day: date, months: int) -> date:
    """The same day so many months on, at most the month's last."""
    month = month_of(day) + months
    return min(in_month(month, 1) + timedelta(days=day.day - 1), last_of(month))


def day64(day: date) -> np.datetime64:
    return np.datetime64(day, "D")


@dataclass(frozen=True, slots=True)
class Round:
    """One period's delivery: `period` as in the file's name ('' for a list as it stands), when it is received, and
    the ordinal by which its rows are made: a month, a quarter's last month, a term's or week's place, or a month."""

    period: str
    received: date
    nth: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """`months` whole months lie before `day`. Nothing is planned beyond `horizon`."""

    day: date
    months: int

    @property
    def first(self) -> int:
        return month_of(self.day) - self.months

    @property
    def last(self) -> int:
        """The last whole month before the sample's day."""
        return month_of(self.day) - 1

    @property
    def horizon(self) -> int:
        return month_of(self.day) + HORIZON_MONTHS

    def monthly(self, received_on: int, lead: int = 0) -> list[Round]:
        """Every month's figures, from `lead` months before the first."""
        return [Round(month_text(m), in_month(m + 1, received_on), m) for m in range(self.first - lead, self.horizon)]

    def quarterly(self, received_on: int, lead: int = 3) -> list[Round]:
        """Quarters by their last month, from `lead` quarters before the first."""
        start = self.first - self.first % 3 - 3 * lead + 2
        return [Round(month_text(m), in_month(m + 1, received_on), m) for m in range(start, self.horizon, 3)]

    def lists(self, received_on: int = 4) -> list[Round]:
        """A list as it stands, once a month; `nth` is the month it speaks of, the one before it is received."""
        return [Round("", in_month(m + 1, received_on), m) for m in range(self.first - 1, self.horizon)]

    def weeks(self) -> list[Round]:
        """Every school week, and some of the holidays, as offices send them too: they count for nothing."""
        found = []
        monday = first_of(self.first) - timedelta(days=first_of(self.first).weekday())
        while monday < first_of(self.horizon):
            end = monday + timedelta(days=6)
            school = any(start <= end and monday <= stop for _, start, stop in TERMS)
            month_end = last_of(month_of(end))
            asked = (month_end - end).days <= 9
            if school or asked or end > self.day:
                year, week, _ = monday.isocalendar()
                found.append(Round(f"{year}-W{week:02d}", end + timedelta(days=1), (monday - date(1969, 12, 29)).days // 7))
            monday += timedelta(days=7)
        return found

    def rolls(self) -> list[Round]:
        """The school rolls: early in the term and once a month while it lasts. `nth` is the term's place in TERMS."""
        found = []
        for nth, (name, start, stop) in enumerate(TERMS):
            if stop < first_of(self.first) or start >= first_of(self.horizon):
                continue
            sent = start + timedelta(days=11)
            while sent <= stop:
                found.append(Round(name, sent, nth))
                sent = in_month(month_of(sent) + 1, 8)
        return found

    def judged_days(self) -> Iterator[date]:
        """The days the sample's truth is meant for: every month's end with a month's figures behind it, and `day`."""
        for month in range(self.first + 1, self.last + 1):
            yield last_of(month)
        yield self.day


def school_weeks_off(monday: date) -> bool:
    """Whether school is out in the whole week that begins on this Monday."""
    return not any(start <= monday + timedelta(days=4) and monday <= stop for _, start, stop in TERMS)


def term_on(day: date) -> int:
    """The place of the term begun last on `day`."""
    return max(nth for nth, (_, start, _) in enumerate(TERMS) if start <= day)
