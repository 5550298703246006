"""Brings a programme's own places into the scope tree. The same file twice changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.places.codes import SCOPE, first_free
from anju.apps.places.models import Place, PlaceCode, PlaceVersion
from anju.apps.places.official import OfficialReport, import_official_list
from anju.apps.places.tables import read_rows

__all__ = ["OfficialReport", "PlacesReport", "import_official_list", "import_scope_places"]

COLUMNS = ("level", "code", "name", "parent_code")
LENGTHS = (32, 32, 200, 32)


@dataclass(slots=True)
class PlacesReport:
    """rows = new + changed + unchanged + faults, always. `absent` places are in the tree and not in the file: they stay."""

    by: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    absent: int = 0
    faults: list[dict[str, object]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    level: str
    code: str
    name: str
    parent: str
    statistical: str


def import_scope_places(
    path: Path, *, by: str, at: datetime, programme_code: str, programme_name: str, root_level: str = "programme", unit_level: str = "unit"
) -> PlacesReport:
    """Places of a CSV with level, code, name, parent_code and, if known, statistical_code, below one programme place.

    What a place was called and where it lay before stays, as true until `at` and as known until then. The first list ever is
    known since always: all else refers to it.
    Raises FileRefused where the file as a whole cannot be read; single bad rows are faults of the report."""
    report = PlacesReport(by)
    rows = [_Row(line, *cells) for line, cells in read_rows(path, COLUMNS, ("statistical_code",))]
    report.rows = len(rows)
    with transaction.atomic():
        tree = _Tree(at, root_level, unit_level, programme_code, programme_name)
        tree.add(_sound(rows, tree, report), report)
        tree.save()
        detail = {"rows": report.rows, "new": report.new, "changed": report.changed, "refused": len(report.faults)}
        record(act="places.import", about=f"place:{tree.root.pk}", by=by, at=at, detail=detail)
    return report


def _sound(rows: list[_Row], tree: _Tree, report: PlacesReport) -> list[_Row]:
    """The rows that can be used; the others become faults, also those below a row that cannot be used."""
    good: dict[tuple[str, str], _Row] = {}
    for row in rows:
        texts = (row.level, row.code, row.name)
        empty = next((name for name, text in zip(COLUMNS, texts, strict=False) if not text), None)
        long = next((name for name, text, most in zip(COLUMNS, texts, LENGTHS, strict=False) if len(text) > most), None)
        if empty:
            _fault(report, row, empty, "is empty, and must not be")
        elif long:
            _fault(report, row, long, "is too long")
        elif (row.level, row.code) in good:
            _fault(report, row, "code", f"'{row.code}' stands here twice, first in line {good[row.level, row.code].line}")
        else:
            good[row.level, row.code] = row
    while True:
        codes = {code for _, code in good} | {place.code for place in tree.places.values()}
        orphans = [row for row in good.values() if row.parent and row.parent not in codes]
        if not orphans:
            return list(good.values())
        for row in orphans:
            _fault(report, row, "parent_code", f"no place has the code '{row.parent}'")
            del good[row.level, row.code]


def _fault(report: PlacesReport, row: _Row, column: str, reason: str) -> None:
    report.faults.append({"line": row.line, "column": column, "reason": reason})


class _Tree:
    """The scope tree in memory, and what of it has to be written."""

    def __init__(self, at: datetime, root_level: str, unit_level: str, programme_code: str, programme_name: str) -> None:
        self.at, self.day, self.unit_level = at, at.date(), unit_level
        self.free = first_free(Place)
        self.places = {(place.level, place.code): place for place in Place.objects.filter(tree=SCOPE)}
        self.before = {place.id: self._state(place) for place in self.places.values()}
        self.versions = {
            place.id: PlaceVersion(
                place_id=place.id, parent_id=place.parent_id, level=place.level, code=place.code, name=place.name, path=place.path,
                valid_from=place.valid_from, known_from=place.known_from,
            )
            for place in self.places.values()
        }  # fmt: skip
        self.within: dict[int, str] = {}
        self.root = self.place(root_level, programme_code, programme_name)

    def place(self, level: str, code: str, name: str) -> Place:
        place = self.places.get((level, code))
        if place is None:
            place = Place(id=self.free, tree=SCOPE, level=level, code=code, is_unit=level == self.unit_level)
            self.free += 1
            self.places[level, code] = place
        place.name = name
        return place

    def add(self, rows: list[_Row], report: PlacesReport) -> None:
        known = {key: place.id for key, place in self.places.items()}
        given = {(row.level, row.code): self.place(row.level, row.code, row.name) for row in rows}
        by_code: dict[str, list[Place]] = {}
        for place in self.places.values():
            by_code.setdefault(place.code, []).append(place)
        for row in rows:
            place = given[row.level, row.code]
            above = [other for other in by_code.get(row.parent, ()) if other is not place]
            place.parent_id = above[0].id if above else self.root.id
            if row.statistical:
                self.within[place.id] = row.statistical
        self._find_paths()
        report.absent = sum(key not in given for key in known) - ((self.root.level, self.root.code) in known)
        for key, place in given.items():
            if key not in known:
                report.new += 1
            elif self._state(place) != self.before[place.id]:
                report.changed += 1
            else:
                report.unchanged += 1

    @staticmethod
    def _state(place: Place) -> tuple[str, int | None, str, bool]:
        return (place.name, place.parent_id, place.path, place.is_unit)

    def _find_paths(self) -> None:
        keys = {place.id: place for place in self.places.values()}
        for place in keys.values():
            parts, above = [place.id], place.parent_id
            while above is not None and len(parts) < 20:
                if above in parts:
                    raise ValueError(f"place {place.code} would lie below itself: check its parent_code")
                parts.append(above)
                above = keys[above].parent_id
            place.path = f"/{'/'.join(str(part) for part in reversed(parts))}/"

    def save(self) -> None:
        self._find_paths()
        new = [place for place in self.places.values() if place.id not in self.before]
        new.sort(key=lambda place: place.path.count("/"))
        for place in new if self.before else ():
            place.valid_from, place.known_from = self.day, self.at
        Place.objects.bulk_create(new, batch_size=2_000)
        changed = [place for place in self.places.values() if place.id in self.before and self._state(place) != self.before[place.id]]
        free = first_free(PlaceVersion)
        for n, place in enumerate(changed):
            self.versions[place.id].id = free + n
            place.valid_from, place.known_from = max(self.day, place.valid_from), max(self.at, place.known_from)
        PlaceVersion.objects.bulk_create([self.versions[place.id] for place in changed], batch_size=2_000)
        Place.objects.bulk_update(changed, ["name", "parent", "path", "is_unit", "valid_from", "known_from"], batch_size=200)
        self._save_codes()

    def _save_codes(self) -> None:
        """`within:<key>` is the statistical place it lies in: several units may lie in one county."""
        had = set(PlaceCode.objects.filter(valid_to=None).values_list("scheme", "code", "place_id"))
        codes = []
        for place in self.places.values():
            wanted = [(SCOPE, place.code)] if (SCOPE, place.code, place.id) not in had else []
            scheme, inside = f"within:{place.id}", self.within.get(place.id)
            if inside and (scheme, inside, place.id) not in had:
                PlaceCode.objects.filter(scheme=scheme, valid_to=None).update(valid_to=self.day)
                wanted.append((scheme, inside))
            codes += [PlaceCode(place=place, scheme=s, code=code, name=place.name, valid_from=self.day) for s, code in wanted]
        # one code may serve two levels; then the lower place keeps it, for that is where households are
        own = {(code.scheme, code.code): code for code in sorted(codes, key=lambda code: code.place.path.count("/"))}
        PlaceCode.objects.bulk_create(own.values(), batch_size=2_000, ignore_conflicts=True)
