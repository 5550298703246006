"""Working days of the official calendar: a working week, holidays, and weekends that are made up for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta


class WorkingCalendar:
    """Which days are worked. Days outside every loaded year follow the plain working week."""

    def __init__(self, week: Iterable[int], holidays: Iterable[date], makeup_days: Iterable[date]) -> None:
        self.week = frozenset(week)
        self.holidays = frozenset(holidays)
        self.makeup_days = frozenset(makeup_days)
        if not self.week:
            raise ValueError("the working week is empty: give ISO weekdays, 1 for Monday")

    def is_working(self, day: date) -> bool:
        if day in self.makeup_days:
            return True
        return day.isoweekday() in self.week and day not in self.holidays

    def between(self, start: date, end: date) -> int:
        """Working days in (start, end]; negative of the reverse where `start` is later."""
        if end < start:
            return -self.between(end, start)
        weeks, rest = divmod((end - start).days, 7)
        count = weeks * len(self.week)
        tail = start + timedelta(days=weeks * 7)
        count += sum((tail + timedelta(days=n)).isoweekday() in self.week for n in range(1, rest + 1))
        count -= sum(start < d <= end and d.isoweekday() in self.week and d not in self.makeup_days for d in self.holidays)
        count += sum(start < d <= end and (d.isoweekday() not in self.week) for d in self.makeup_days)
        return count

    def add(self, day: date, working_days: int) -> date:
        """The day on which `working_days` (0 or more) have passed after `day`."""
        if working_days < 0:
            raise ValueError(f"cannot add {working_days} working days: give 0 or more")
        while working_days:
            day += timedelta(days=1)
            working_days -= self.is_working(day)
        return day
