"""A list of days off and make-up days, read cell by cell: all that is wrong with it at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from anju.apps.calendar.models import HOLIDAY, MAKEUP
from anju.apps.places.tables import read_rows
from anju.core.contracts.official import OfficialYear
from anju.core.standards.model import Title

COLUMNS = ("day", "kind", "name")
HEADINGS = {
    "日期": "day", "date": "day", "类型": "kind", "类别": "kind", "type": "kind", "名称": "name", "节日": "name", "节假日": "name",
    "holiday": "name",
}  # fmt: skip
WORDS = {
    "holiday": HOLIDAY, "off": HOLIDAY, "放假": HOLIDAY, "休": HOLIDAY, "休假": HOLIDAY, "节假日": HOLIDAY,
    "makeup": MAKEUP, "make-up": MAKEUP, "work": MAKEUP, "补班": MAKEUP, "班": MAKEUP, "上班": MAKEUP, "调休上班": MAKEUP,
}  # fmt: skip
DAY = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?$")
TIGHT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
LONGEST = 60
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Row = tuple[int, tuple[str, ...]]  # its line, and its cells in the order of COLUMNS


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell that is wrong: its line and column, what it says, and why in both languages."""

    line: int
    column: str
    cell: str
    why: Title


@dataclass(frozen=True, slots=True)
class OfficialDay:
    line: int
    day: date
    kind: str
    name: str


@dataclass
class YearList:
    """A list as it was read. `year` is that of most of its days; None where no day could be read. `idle` are the holidays on days that
    are not worked anyway: they stand as announced and change nothing."""

    year: int | None = None
    days: list[OfficialDay] = field(default_factory=list)
    idle: list[OfficialDay] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def official(self) -> OfficialYear:
        assert self.year is not None
        by_kind = {kind: frozenset(one.day for one in self.days if one.kind == kind) for kind in (HOLIDAY, MAKEUP)}
        return OfficialYear(self.year, by_kind[HOLIDAY], by_kind[MAKEUP])


def read_list(path: Path) -> list[Row]:
    """CSV (UTF-8 or GB18030), XLSX and others. Raises FileRefused where the file as a whole cannot be read, or lacks a column."""
    return [(line, tuple(text.strip() for text in cells)) for line, cells in read_rows(path, COLUMNS[:2], COLUMNS[2:], also=HEADINGS)]


def judge_list(rows: Sequence[Row], week: Collection[int] = (1, 2, 3, 4, 5)) -> YearList:
    """Every row judged. `week`: the ISO weekdays that are worked."""
    found = YearList()
    if not rows:
        found.faults.append(Fault(1, "day", "", Title("the list names no day", "名单中没有任何日期")))
    read = [(line, cells, _day(line, cells[0], found.faults), _kind(line, cells[1], found.faults)) for line, cells in rows]
    found.faults += [Fault(line, "name", cells[2][:LONGEST] + "…", _too_long(len(cells[2]))) for line, cells in rows if len(cells[2]) > LONGEST]
    years = Counter(day.year for _line, _cells, day, _kind in read if day is not None)
    found.year = max(years, key=lambda year: (years[year], year)) if years else None
    lines: dict[date, int] = {}
    for line, cells, day, kind in read:
        if day is None:
            continue
        wrong = _misplaced(day, found.year or day.year) or _twice(lines.get(day)) or _no_makeup(day, kind, week)
        lines.setdefault(day, line)
        if wrong is not None:
            found.faults.append(Fault(line, "day", cells[0], wrong))
        elif kind is not None:
            found.days.append(OfficialDay(line, day, kind, cells[2]))
    found.days.sort(key=lambda one: one.day)
    found.idle = [one for one in found.days if one.kind == HOLIDAY and one.day.isoweekday() not in week]
    found.faults.sort(key=lambda one: (one.line, COLUMNS.index(one.column)))
    return found


def _day(line: int, cell: str, faults: list[Fault]) -> date | None:
    seen = DAY.match(cell) or TIGHT.match(cell)
    try:
        if seen is None:
            raise ValueError
        found = date(int(seen[1]), int(seen[2]), int(seen[3]))
        if not 1990 <= found.year <= 2100:
            raise ValueError
        return found
    except ValueError:
        en = f"'{cell}' is not a day: write it like 2026-10-01" if cell else "the day is missing: write it like 2026-10-01"
        zh = f"“{cell}”不是日期：请按 2026-10-01 填写" if cell else "缺日期：请按 2026-10-01 填写"
        faults.append(Fault(line, "day", cell, Title(en, zh)))
        return None


def _kind(line: int, cell: str, faults: list[Fault]) -> str | None:
    found = WORDS.get(cell.lower())
    if found is None:
        en = f"'{cell}' is neither a holiday nor a make-up day: write holiday (放假) or makeup (补班)"
        faults.append(Fault(line, "kind", cell, Title(en, f"“{cell}”既不是放假也不是补班：请填 放假（holiday）或 补班（makeup）")))
    return found


def _too_long(n: int) -> Title:
    return Title(f"the name has {n} characters: at most {LONGEST}", f"名称有 {n} 个字：最多 {LONGEST} 个")


def _misplaced(day: date, year: int) -> Title | None:
    if day.year == year:
        return None
    en = f"{day} is a day of {day.year}, and this is the calendar of {year}: load it with the other days of {day.year}"
    return Title(en, f"{day} 属于 {day.year} 年，而本名单是 {year} 年日历：请随 {day.year} 年的其他日期一并载入")


def _twice(line: int | None) -> Title | None:
    if line is None:
        return None
    return Title(f"this day stands in line {line} already: keep one of the two", f"该日期已在第 {line} 行：请只保留一处")


def _no_makeup(day: date, kind: str | None, week: Collection[int]) -> Title | None:
    if kind != MAKEUP or day.isoweekday() not in week:
        return None
    en = f"{day} is a {WEEKDAYS[day.weekday()]} and worked anyway: a make-up day lies on a weekend; check the day"
    return Title(en, f"{day} 是星期{'一二三四五六日'[day.weekday()]}，本来就上班：补班日应在周末，请核对日期")
