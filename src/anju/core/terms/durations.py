"""How long somebody has: hours, days or working days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from anju.core.terms.working_days import WorkingCalendar

WRITTEN = re.compile(r"^(\d{1,4})\s*(h|d|wd)$")


@dataclass(frozen=True, slots=True)
class Duration:
    n: int
    unit: Literal["h", "d", "wd"]

    def __str__(self) -> str:
        return f"{self.n}{self.unit}"


def duration_of(text: str) -> Duration | None:
    """'24h', '10d' or '3wd'; None where it is none of these."""
    found = WRITTEN.match(text.strip())
    return Duration(int(found[1]), found[2]) if found else None  # type: ignore[arg-type]


def last_day(start: date, clock: Duration, calendar: WorkingCalendar) -> date:
    """The last day on which a clock that begins on `start` is kept. Hours are counted in whole days: 24 h end with the next day."""
    if clock.unit == "wd":
        return calendar.add(start, clock.n)
    return start + timedelta(days=clock.n if clock.unit == "d" else -(-clock.n // 24))
