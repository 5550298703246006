"""The official lists of places into the statistical tree: a later list loses nobody that an earlier one had."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from django.db import transaction
from django.db.models import Q

from anju.apps.journal.actions import record
from anju.apps.places.codes import first_free, plain_name, stem
from anju.apps.places.models import Place, PlaceCode, Succession
from anju.apps.places.succession import STATISTICAL
from anju.apps.places.tables import read_rows

Entry = tuple[str, str, str, str]  # level, code, name, the parent's code
LENGTH = {"prefecture": 4, "county": 6, "town": 9, "village": 12}
NESTED = ("city_name", "city_code", "town_name", "town_code", "villagetr_name", "villagetr_code", "street_name", "street_code")


@dataclass(slots=True)
class OfficialReport:
    """`closed` = `followed` + doubtful + lost: every code that disappeared is in exactly one of them."""

    rows: int = 0
    new: int = 0
    renamed: int = 0
    closed: int = 0
    followed: int = 0
    doubtful: list[dict[str, str]] = field(default_factory=list)
    lost: list[dict[str, str]] = field(default_factory=list)
    faults: list[dict[str, object]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def import_official_list(
    path: Path, *, vintage: date, by: str, at: datetime, layout: Literal["columns", "nested"] = "columns"
) -> OfficialReport:
    """`columns`: vintage, level, code, name, parent_code, where a row's own vintage goes before `vintage`.
    `nested`: one village a row with its town, county and city beside it, under headings that name the level above."""
    report = OfficialReport()
    lists = _columns(path, vintage, report) if layout == "columns" else {vintage: _nested(path, report)}
    with transaction.atomic():
        for day, entries in sorted(lists.items()):
            _Vintage(day, entries, report).take()
        detail = {"rows": report.rows, "new": report.new, "renamed": report.renamed, "closed": report.closed}
        record(act="places.official", about=f"list:{vintage}", by=by, at=at, detail=detail)
    return report


def _columns(path: Path, vintage: date, report: OfficialReport) -> dict[date, list[Entry]]:
    lists: dict[date, list[Entry]] = {}
    for line, (level, code, name, parent, day) in read_rows(path, ("level", "code", "name", "parent_code"), ("vintage",)):
        report.rows += 1
        try:
            on = date.fromisoformat(day) if day else vintage
        except ValueError:
            report.faults.append({"line": line, "column": "vintage", "reason": f"'{day}' is not a day: write 2021-10-31"})
            continue
        if level not in LENGTH or not code.isdigit() or not name:
            report.faults.append({"line": line, "column": "level, code, name", "reason": "needs a level, digits and a name"})
            continue
        lists.setdefault(on, []).append((level, code[: LENGTH[level]], plain_name(name), parent))
    return lists


def _nested(path: Path, report: OfficialReport) -> list[Entry]:
    found: dict[str, Entry] = {}
    for line, cells in read_rows(path, NESTED):
        report.rows += 1
        codes = [code[:length] for code, length in zip(cells[1::2], LENGTH.values(), strict=True)]
        if not all(code.isdigit() and len(code) == length for code, length in zip(codes, LENGTH.values(), strict=True)):
            report.faults.append({"line": line, "column": "street_code", "reason": "the codes have not 12 digits each"})
            continue
        for level, code, name, parent in zip(LENGTH, codes, cells[0::2], ["", *codes], strict=False):
            found.setdefault(code, (level, code, plain_name(name), parent))
    return list(found.values())


class _Vintage:
    """One list of one day against the tree as the lists before it left it."""

    def __init__(self, day: date, entries: list[Entry], report: OfficialReport) -> None:
        self.day, self.report = day, report
        self.entries = {entry[1]: entry for entry in entries}
        roots = {parent for level, _, _, parent in self.entries.values() if level == "county" and parent not in self.entries}
        self.levels = {entry[0] for entry in self.entries.values()}
        self.open = {code.code: code for code in PlaceCode.objects.filter(scheme=STATISTICAL, valid_to=None).select_related("place")}
        for root in roots:
            name = self.open[root].name if root in self.open else root
            self.entries[root] = ("prefecture", root, name, "")
        self.successor: dict[str, str] = {}
        self.guesses: dict[str, str] = {}

    def take(self) -> None:
        later = Q(valid_from__gt=self.day) | Q(valid_to__gt=self.day)
        if PlaceCode.objects.filter(later, scheme=STATISTICAL, place__level__in=self.levels).exists():
            self.report.messages.append(f"the list of {self.day} is older than what is known, and was left alone")
            return
        gone = [code for code in self.open.values() if code.code not in self.entries and code.place.level in self.levels]
        self.fresh = [entry for entry in self.entries.values() if entry[1] not in self.open]
        for level in LENGTH:
            self._match(level, [code for code in gone if code.place.level == level])
        self._close(gone)
        self._write()
        self._rename()

    def _match(self, level: str, gone: list[PlaceCode]) -> None:
        """By name below the same or the succeeding parent; a place whose rank changed only if its towns recur too."""
        fresh = [entry for entry in self.fresh if entry[0] == level]
        for reading in (plain_name, stem):

            def old_key(code: PlaceCode, reading: object = reading) -> tuple[str, str]:
                above = code.place.parent.code if code.place.parent else ""
                return (self.successor.get(above, above), stem(code.name) if reading is stem else plain_name(code.name))

            old = Counter(old_key(code) for code in gone if code.code not in self.successor)
            taken = {*self.successor.values(), *self.guesses.values()}
            new: dict[tuple[str, str], list[str]] = {}
            for _, key, name, parent in fresh:
                if key not in taken:
                    new.setdefault((parent, reading(name)), []).append(key)
            for code in gone:
                match = new.get(old_key(code), [])
                if code.code in self.successor or code.code in self.guesses or len(match) != 1 or old[old_key(code)] != 1:
                    continue
                sure = reading is plain_name or self._children_recur(code.place, match[0])
                (self.successor if sure else self.guesses)[code.code] = match[0]

    def _children_recur(self, place: Place, code: str) -> bool:
        before = {plain_name(c.name) for c in self.open.values() if c.place.parent_id == place.id}
        after = {name for _, _, name, parent in self.entries.values() if parent == code}
        return bool(before) and len(before & after) * 5 >= len(before) * 4

    def _close(self, gone: list[PlaceCode]) -> None:
        rows = []
        for code in gone:
            code.valid_to = self.day
            to = self.successor.get(code.code) or self.guesses.get(code.code)
            told = {"code": code.code, "name": code.name, "on": self.day.isoformat()}
            if to is None:
                self.report.lost.append(told)
                continue
            doubtful = code.code in self.guesses
            rows.append(Succession(kind="place", from_key=code.code, to_key=to, on=self.day, how="renamed", doubtful=doubtful))
            if doubtful:
                self.report.doubtful.append({**told, "to": to, "to_name": self.entries[to][2]})
        PlaceCode.objects.bulk_update(gone, ["valid_to"], batch_size=500)
        Succession.objects.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
        self.report.closed += len(gone)
        self.report.followed += sum(code.code in self.successor for code in gone)

    def _write(self) -> None:
        """A place that is surely the same keeps its key and takes the new code; the others are new places."""
        places = {place.code: place for place in Place.objects.filter(tree=STATISTICAL)}
        origin = {to: code for code, to in self.successor.items()}
        free = first_free(Place)
        new, moved, codes = [], [], []
        for level, code, name, parent in sorted(self.fresh, key=lambda entry: list(LENGTH).index(entry[0])):
            above = places.get(parent)
            same = places.get(origin.get(code, code))
            if same is None:
                same = Place(id=free, tree=STATISTICAL, level=level)
                free += 1
                new.append(same)
                self.report.new += 1
            else:
                moved.append(same)
            same.code, same.name, same.parent = code, name, above
            same.path = f"{above.path if above else '/'}{same.id}/"
            places[code] = same
            codes.append(PlaceCode(place=same, scheme=STATISTICAL, code=code, name=name, valid_from=self.day))
        Place.objects.bulk_create(new, batch_size=2_000)
        Place.objects.bulk_update(moved, ["code", "name", "parent", "path"], batch_size=200)
        PlaceCode.objects.bulk_create(codes, batch_size=2_000)

    def _rename(self) -> None:
        """The same code under another name: the name it had ends, and the place is called by the new one."""
        places, ended, codes = [], [], []
        for code, row in self.open.items():
            name = self.entries[code][2] if code in self.entries else row.name
            if name == row.name:
                continue
            row.place.name, row.valid_to = name, self.day
            places.append(row.place)
            if row.valid_from == self.day:
                row.name, row.valid_to = name, None
            else:
                codes.append(PlaceCode(place=row.place, scheme=STATISTICAL, code=code, name=name, valid_from=self.day))
            ended.append(row)
        Place.objects.bulk_update(places, ["name"], batch_size=200)
        PlaceCode.objects.bulk_update(ended, ["name", "valid_to"], batch_size=500)
        PlaceCode.objects.bulk_create(codes, batch_size=2_000)
        self.report.renamed += len(places)
