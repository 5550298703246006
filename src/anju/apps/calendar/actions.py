"""Loading a year: looked at first, then in force from that moment on, with the earlier version kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from anju.apps.calendar.current import publish
from anju.apps.calendar.models import HOLIDAY, MAKEUP, CalendarDay, CalendarYear
from anju.apps.calendar.queries import standing
from anju.apps.calendar.reading import YearList
from anju.apps.calendar.refusing import Refused
from anju.apps.journal.actions import record
from anju.core.contracts.model import Programme
from anju.core.contracts.official import years_of
from anju.core.terms.viewer import Viewer

ACT = "calendar.load"


@dataclass(frozen=True, slots=True)
class Change:
    """What a list would change in the calendar that is counted by now. `version` is the loaded one that it would supersede, 0 where none
    was; `of_file`: the year stands in calendar.yaml. A day is counted as off or worked only where that is not so by its weekday."""

    year: int
    version: int
    of_file: bool
    off: tuple[date, ...]  # days that would no longer be worked
    worked: tuple[date, ...]  # days that would be worked
    same: bool  # what was loaded before says the same, names and all

    @property
    def moved(self) -> frozenset[date]:
        return frozenset((*self.off, *self.worked))


def foresee_load(found: YearList, programme: Programme) -> Change:
    """`programme`: with the calendar that is counted by now. Changes nothing."""
    assert found.year is not None
    year, week = found.year, programme.working_week
    official = found.official()
    last = standing(year)

    def works(day: date, holidays: frozenset[date], makeup: frozenset[date]) -> bool:
        return day in makeup or (day.isoweekday() in week and day not in holidays)

    named = {day for day in (*programme.holidays, *programme.makeup_days) if day.year == year} | official.holidays | official.makeup_days
    before = {day for day in named if works(day, programme.holidays, programme.makeup_days)}
    after = {day for day in named if works(day, official.holidays, official.makeup_days)}
    return Change(
        year, last.version if last is not None else 0, last is None and year in years_of(programme),
        tuple(sorted(before - after)), tuple(sorted(after - before)), last is not None and _said(last) == _wanted(found),
    )  # fmt: skip


def load_year(
    found: YearList, *, by: Viewer | str, at: datetime, source: str = "", file_name: str = "", seen: int | None = None
) -> tuple[CalendarYear, bool]:
    """The year as the list has it, in force from `at` on, and whether anything was written: what stands already is not written twice.
    `seen`: the version that stood when the list was looked at.

    Raises Refused where `by` may not, where the list has faults, and where somebody else has loaded the year meanwhile."""
    if isinstance(by, Viewer) and not by.can(ACT):
        raise Refused("the post you act in may not load the calendar: an administrator can", "您当前岗位不能载入工作日历：可由系统管理员办理")
    if found.year is None or found.faults:
        raise Refused(
            f"the list has {len(found.faults)} faults, and nothing of it was taken: mend them and load it again",
            f"名单有 {len(found.faults)} 处错误，未载入任何内容：请更正后重新载入",
        )
    try:
        with transaction.atomic():
            loaded, new = _load(found, found.year, by, at, source.strip()[:200], file_name[:255], seen)
            transaction.on_commit(publish)
    except IntegrityError:
        raise _faster(found.year) from None
    return loaded, new


def _load(
    found: YearList, year: int, by: Viewer | str, at: datetime, source: str, file_name: str, seen: int | None
) -> tuple[CalendarYear, bool]:
    last = standing(year)
    version = last.version if last is not None else 0
    if seen is not None and seen != version:
        raise _faster(year)
    if last is not None and _said(last) == _wanted(found):
        return last, False
    if last is not None and not CalendarYear.objects.filter(pk=last.pk, superseded_at=None).update(superseded_at=at):
        raise _faster(year)
    who = by.name if isinstance(by, Viewer) else by
    loaded = CalendarYear.objects.create(
        year=year, version=version + 1, source=source, file_name=file_name, loaded_at=at, loaded_by=who
    )  # fmt: skip
    CalendarDay.objects.bulk_create([CalendarDay(loaded=loaded, day=one.day, kind=one.kind, name=one.name) for one in found.days])
    numbers = {kind: sum(one.kind == kind for one in found.days) for kind in (HOLIDAY, MAKEUP)}
    record(act=ACT, about=f"calendar:{year}", by=by, at=at, detail={"version": loaded.version, **numbers})
    return loaded, True


def _said(last: CalendarYear) -> list[tuple[date, str, str]]:
    return list(last.days.order_by("day").values_list("day", "kind", "name"))


def _wanted(found: YearList) -> list[tuple[date, str, str]]:
    return [(one.day, one.kind, one.name) for one in found.days]


def _faster(year: int) -> Refused:
    return Refused(
        f"somebody else has loaded the calendar of {year} since you looked at it: look at what stands now, and load yours again if it differs",
        f"您查看之后，{year} 年日历已由他人载入：请先查看现行内容，如有不同再重新载入",
    )
