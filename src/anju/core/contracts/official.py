"""Years of the official calendar beside the programme's own: a year that was loaded goes before the same year of calendar.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from anju.core.contracts.model import Programme

AHEAD = 60  # days in which the calendar should be known


@dataclass(frozen=True, slots=True)
class OfficialYear:
    year: int
    holidays: frozenset[date]
    makeup_days: frozenset[date]


def with_years(programme: Programme, years: Iterable[OfficialYear]) -> Programme:
    """The programme with each of these years in the place of its own. A holiday on a day that is not worked anyway is left out."""
    loaded = list(years)
    taken = {one.year for one in loaded}
    holidays = frozenset(day for one in loaded for day in one.holidays if day.isoweekday() in programme.working_week)
    makeup = frozenset(day for one in loaded for day in one.makeup_days)
    return replace(
        programme,
        holidays=frozenset(day for day in programme.holidays if day.year not in taken) | holidays,
        makeup_days=frozenset(day for day in programme.makeup_days if day.year not in taken) | makeup,
    )


def years_of(programme: Programme) -> tuple[int, ...]:
    """The years whose calendar is known."""
    return tuple(sorted({day.year for day in (*programme.holidays, *programme.makeup_days)}))


def years_unknown(programme: Programme, day: date, ahead: int = AHEAD) -> tuple[int, ...]:
    """The years from `day` on, `ahead` days far, of which no calendar is known; none where the programme keeps no calendar at all."""
    known = years_of(programme)
    wanted = range(day.year, (day + timedelta(days=ahead)).year + 1)
    return tuple(year for year in wanted if year not in known) if known else ()
