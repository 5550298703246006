"""Which years were loaded, by whom and when, and their days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from anju.apps.calendar.models import HOLIDAY, MAKEUP, CalendarYear
from anju.core.contracts.model import Programme


@dataclass(frozen=True, slots=True)
class ShownDay:
    """`idle`: a holiday on a day that is not worked anyway."""

    day: date
    kind: str
    name: str
    idle: bool = False


@dataclass(frozen=True, slots=True)
class ShownYear:
    """`versions`, the newest first; none where the year stands in calendar.yaml alone, or nowhere."""

    year: int
    days: tuple[ShownDay, ...]
    versions: tuple[CalendarYear, ...]

    @property
    def loaded(self) -> CalendarYear | None:
        return self.versions[0] if self.versions else None


def standing(year: int) -> CalendarYear | None:
    """The version in force of a year that was loaded."""
    return CalendarYear.objects.filter(year=year, superseded_at=None).first()


def years_loaded() -> dict[int, CalendarYear]:
    return {one.year: one for one in CalendarYear.objects.filter(superseded_at=None).order_by("year")}


def shown_year(year: int, programme: Programme, version: int | None = None) -> ShownYear:
    """The days of a year: as loaded (the version in force, or the one asked for), else as the programme has them."""
    versions = tuple(CalendarYear.objects.filter(year=year).order_by("-version"))
    wanted = next((one for one in versions if one.version == version), versions[0] if versions else None)
    if wanted is None:
        days = [(day, HOLIDAY, "") for day in programme.holidays] + [(day, MAKEUP, "") for day in programme.makeup_days]
        return ShownYear(year, tuple(ShownDay(*one) for one in sorted(days) if one[0].year == year), ())
    found = wanted.days.order_by("day").values_list("day", "kind", "name")
    week = programme.working_week
    shown = tuple(ShownDay(day, kind, name, kind == HOLIDAY and day.isoweekday() not in week) for day, kind, name in found)
    return ShownYear(year, shown, versions)
