"""Carries a mapping out: files as they came in, tables in the shape of contracts out, set-wise.

Each target becomes a Parquet file with the columns of its contract as text, and beside them `#line`, the row's line in
the file it came from (times BLOCKS, plus the number of the block, where a row becomes several), and `#faults`, what was
wrong before any contract was asked. Such a file goes the way of any other: `files.load_raw` knows the two columns, and
whoever takes it in sets its faulty rows aside with these reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.contracts.mapping import Cell, Join, PlaceList, Source, SourceFile, Target, sources_of
from anju.core.contracts.mapping import Mapping as Checked
from anju.lake.checks import cell as trimmed
from anju.lake.duck import name as named
from anju.lake.duck import quoted
from anju.lake.files import FAULTS, LINE, RawTable, load_raw
from anju.lake.headers import TOTALS, folded
from anju.lake.mapping_cells import CellSql, cell_sql

SECRET = ("person", "household")
BLOCKS = 4_096  # a line of blocks: line * BLOCKS + number of the block
NO_FAULT = "CAST([] AS STRUCT(c VARCHAR, r VARCHAR)[])"


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file that was read: `rows` data rows, of them `skipped` empty or totals. `unused` columns nobody asked for."""

    path: Path
    table: str
    rows: int
    skipped: int
    unused: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedTable:
    """One target. `rows` of the file = rows in `path` + `skipped` (empty, totals, or left out by `only`)."""

    target: Target
    path: Path
    source: Path
    rows: int
    skipped: int

    def line_of(self, at: int) -> int:
        """The line of the given file that row `at` (its `#line`) was made of."""
        return at // BLOCKS if self.target.each else at

    def columns_of(self, name: str, at: int) -> str:
        """The given file's own columns that fill the contract's column `name` in row `at`, as people call them."""
        cell = self.target.rows_of()[at % BLOCKS if self.target.each else 0].get(name)
        if cell is None:
            return name
        own = (source.name if source.file == self.target.file else f"{source.file}.{source.name}" for source in sources_of(cell))
        return " + ".join(dict.fromkeys(own)) or name


@dataclass(frozen=True, slots=True)
class Doubt:
    """Taken as it is, and worth a look: the `#line` of a row, and the contract's column."""

    target: Target
    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """`places` are (level, code, name, code of the place above), the highest first."""

    files: Mapping[str, MappedFile]
    tables: tuple[MappedTable, ...]
    places: tuple[tuple[str, str, str, str], ...]
    doubts: tuple[Doubt, ...]


def assign_files(mapping: Checked, paths: Sequence[Path]) -> dict[str, Path]:
    """Which path is which file of the mapping, by its pattern. Raises PolicyFaults with all that do not fit."""
    faults, found = [], {}
    for file in mapping.files.values():
        fitting = [path for path in paths if fnmatch(path.name.lower(), file.pattern.lower())]
        if len(fitting) == 1:
            found[file.name] = fitting[0]
            continue
        given = tuple(path.name for path in (fitting or paths))
        what = f"no file given is called '{file.pattern}'" if not fitting else f"{len(fitting)} files given are called '{file.pattern}'"
        faults.append(Fault(mapping.path, file.line, file.column, what, f"the mapping reads its '{file.name}' from it",
                            "name the file, or mend the pattern", given))  # fmt: skip
    for path in paths:
        if path not in found.values() and not any(fnmatch(path.name.lower(), file.pattern.lower()) for file in mapping.files.values()):
            faults.append(Fault(path.name, 0, 0, "the mapping does not know this file", "it fits none of its patterns", "leave it out",
                                tuple(file.pattern for file in mapping.files.values())))  # fmt: skip
    if faults:
        raise PolicyFaults(faults)
    return found


def map_files(con: Any, mapping: Checked, paths: Mapping[str, Path], work: Path) -> Mapped:
    """Reads `paths` and writes a Parquet file per target into `work`.

    Raises FileRefused where a file as a whole cannot be read, PolicyFaults where columns are not in the files."""
    return _Transform(con, mapping, work).run(paths)


class _Transform:
    def __init__(self, con: Any, mapping: Checked, work: Path) -> None:
        self.con, self.mapping, self.work = con, mapping, work

    def run(self, paths: Mapping[str, Path]) -> Mapped:
        faults: list[Fault] = []
        files = {name: self._load(self.mapping.files[name], path, faults) for name, path in paths.items()}
        if faults:
            raise PolicyFaults(faults)
        for join in {join.file: join for file in self.mapping.files.values() for join in file.joins.values()}.values():
            self._index(join)
        tables = tuple(self._table(target, files[target.file]) for target in self.mapping.targets())
        places = tuple(self._places(self.mapping.places)) if self.mapping.places is not None else ()
        return Mapped(files, tables, places, tuple(self._doubts()))

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    # --- files --------------------------------------------------------------------------------------------------

    def _load(self, file: SourceFile, path: Path, faults: list[Fault]) -> MappedFile:
        """Table `m_<file>`: line, and every column that the mapping speaks of as trimmed text."""
        used = self.mapping.used(file.name)
        wanted = {folded(source.name) for source in used}
        raw = load_raw(self.con, path, lambda row: sum(folded(str(text)) in wanted for text in row), self.work)
        at = self._positions(raw, path, used, faults)
        rows = self._one("SELECT count(*) FROM raw")
        cells = "".join(f", {_text(position, file.blank)} AS {named(name)}" for name, position in at.items())
        empty = " AND ".join(f"{trimmed(position)} IS NULL" for position in at.values()) or "FALSE"
        totals = f"replace(lower(COALESCE(trim(c0), '')), ' ', '') IN ({', '.join(quoted(word) for word in TOTALS)})"
        self.con.execute(f"CREATE TABLE m_{file.name} AS SELECT line{cells} FROM raw WHERE NOT ({empty}) AND NOT ({totals})")
        self.con.execute("DROP TABLE raw")
        skipped = rows - self._one(f"SELECT count(*) FROM m_{file.name}")
        unused = tuple(text for n, text in enumerate(raw.header) if text and n not in at.values())
        return MappedFile(path, f"m_{file.name}", rows, skipped, unused, raw.messages)

    def _positions(self, raw: RawTable, path: Path, used: Sequence[Source], faults: list[Fault]) -> dict[str, int]:
        """The position of each column: by its very name, else by the one name that differs in case or spaces only."""
        exact = {text: n for n, text in enumerate(raw.header) if text}
        alike: dict[str, list[int]] = {}
        for text, n in exact.items():
            alike.setdefault(folded(text), []).append(n)
        found: dict[str, int] = {}
        for source in used:
            near = alike.get(folded(source.name), [])
            if source.name in exact:
                found[source.name] = exact[source.name]
            elif len(near) == 1:
                found[source.name] = near[0]
            else:
                why = f"line {raw.first - 1} of it has the names of {len(exact)} columns, this is none of them"
                faults.append(Fault(self.mapping.path, source.line, source.column, f"'{path.name}' has no column '{source.name}'", why,
                                    "name a column of the file", nearest(source.name, exact)))  # fmt: skip
        return found

    def _index(self, join: Join) -> None:
        """Table `j_<file>`: one row per key of the file that is joined, and how many rows have it."""
        key = [source.name for source in self.mapping.files[join.file].key]
        others = [source.name for source in self.mapping.used(join.file) if source.name not in key]
        keys = ", ".join(named(column) for column in key)
        values = "".join(f", arg_min({named(column)}, line) AS {named(column)}" for column in others)
        known = " AND ".join(f"{named(column)} IS NOT NULL" for column in key)
        self.con.execute(
            f"CREATE TABLE j_{join.file} AS SELECT {keys}{values}, count(*) AS {named('#n')} FROM m_{join.file} WHERE {known} GROUP BY {keys}"
        )

    # --- targets ------------------------------------------------------------------------------------------------

    def _from(self, file: str) -> str:
        joins = []
        for other, join in self.mapping.files[file].joins.items():
            key = self.mapping.files[other].key
            on = " AND ".join(f"j_{other}.{named(k.name)} = s.{named(o.name)}" for k, o in zip(key, join.on, strict=True))
            joins.append(f" LEFT JOIN j_{other} ON {on}")
        return f"m_{file} s{''.join(joins)}"

    @staticmethod
    def _text_of(file: str, source: Source) -> str:
        return f"s.{named(source.name)}" if source.file == file else f"j_{source.file}.{named(source.name)}"

    def _cell(self, file: str, cell: Cell, *, secret: bool) -> CellSql:
        """With what is wrong where a joined file has no row, or more than one, for this row."""
        found = cell_sql(cell, lambda source: self._text_of(file, source), secret=secret)
        faults = list(found.faults)
        for other in sorted({source.file for source in sources_of(cell)} - {file}):
            key = ", ".join(source.name for source in self.mapping.files[other].key)
            count = f"j_{other}.{named('#n')}"
            faults.append((f"{count} > 1", quoted(f"more than one row of {other} has this {key}: which one is meant?")))
            if not self.mapping.files[file].joins[other].missing_is_blank:
                faults.append((f"{count} IS NULL", quoted(f"no row of {other} has this {key}")))
        return CellSql(found.value, tuple(faults))

    def _table(self, target: Target, file: MappedFile) -> MappedTable:
        table = f"t_{target.contract.code}"
        selects = [self._select(target, n, cells) for n, cells in enumerate(target.rows_of())]
        self.con.execute(f"CREATE TABLE {table} AS SELECT * FROM ({' UNION ALL BY NAME '.join(selects)}) ORDER BY {named(LINE)}")
        rows = self.con.sql(f"SELECT * FROM {table} ORDER BY {named(LINE)}").to_arrow_table()
        path = self.work / f"{file.path.name}~{target.contract.code}.parquet"
        pq.write_table(rows, path, compression="zstd")
        whole = file.rows * len(selects)
        return MappedTable(target, path, file.path, whole, whole - rows.num_rows)

    def _select(self, target: Target, nth: int, cells: Mapping[str, Cell]) -> str:
        types = {column.name: column for column in target.contract.columns}
        items, faults = [], []
        for name, cell in cells.items():
            column = types[name]
            sql = self._cell(target.file, cell, secret=column.type in SECRET or column.klass != "plain")
            wrong = " OR ".join(f"({condition})" for condition, _ in sql.faults)
            value = f"CASE WHEN COALESCE({wrong}, FALSE) THEN NULL ELSE {sql.value} END" if wrong else sql.value
            items.append(f"CAST({value} AS VARCHAR) AS {named(name)}")
            faults += [f"CASE WHEN {when} THEN {{'c': {quoted(name)}, 'r': {why}}} END" for when, why in sql.faults]
        listed = f"list_filter([{', '.join(faults)}], lambda f: f IS NOT NULL)" if faults else NO_FAULT
        line = f"s.line * {BLOCKS} + {nth}" if target.each else "s.line"
        where = [f"COALESCE(lower(s.{named(source.name)}), '') IN ({', '.join(map(quoted, texts))})" for source, texts in target.only]
        if target.skip_empty:
            own = [self._text_of(target.file, source) for cell in target.each[nth].values() for source in sources_of(cell)]
            where += [f"({' OR '.join(f'{text} IS NOT NULL' for text in own)})"] if own else []
        return (
            f"SELECT {line} AS {named(LINE)}, {listed} AS {named(FAULTS)}, {', '.join(items)}"
            f" FROM {self._from(target.file)}{' WHERE ' + ' AND '.join(where) if where else ''}"
        )

    def _places(self, places: PlaceList) -> list[tuple[str, str, str, str]]:
        found: list[tuple[str, str, str, str]] = []
        above = "''"
        for level in places.levels:
            code = self._cell(places.file, level.code, secret=False).value
            name = self._cell(places.file, level.name, secret=False).value
            sql = f"SELECT DISTINCT {code} AS code, COALESCE({name}, '') AS name, COALESCE({above}, '') AS above FROM {self._from(places.file)}"
            rows = self.con.execute(f"SELECT * FROM ({sql}) WHERE code IS NOT NULL ORDER BY ALL").fetchall()
            found += [(level.level, *row) for row in rows]
            above = code
        return found

    # --- doubts -------------------------------------------------------------------------------------------------

    def _doubts(self) -> list[Doubt]:
        """Households whose number of members is not that of the persons, and households without one recorded head."""
        homes, persons = self.mapping.household, self.mapping.person
        if homes is None or persons is None or "household_code" not in persons.names():
            return []
        h, p = f"t_{homes.contract.code}", f"t_{persons.contract.code}"
        line = named(LINE)
        found: list[Doubt] = []
        if "member_count" in homes.names():
            sql = (
                f"SELECT h.{line}, h.member_count, COALESCE(c.n, 0) FROM {h} h LEFT JOIN (SELECT household_code, count(*) AS n FROM {p}"
                f" GROUP BY 1) c USING (household_code) WHERE TRY_CAST(h.member_count AS BIGINT) <> COALESCE(c.n, 0) ORDER BY 1"
            )
            found += [Doubt(homes, at, "member_count", f"says {said}, and {n} persons are recorded")
                      for at, said, n in self.con.execute(sql).fetchall()]  # fmt: skip
        if persons.head is not None:
            sql = (
                f"SELECT h.{line}, COALESCE(c.n, 0) FROM {h} h LEFT JOIN (SELECT household_code, count(*) FILTER"
                f" (WHERE relation_to_head = {quoted(persons.head)}) AS n FROM {p} GROUP BY 1) c USING (household_code)"
                f" WHERE COALESCE(c.n, 0) <> 1 ORDER BY 1"
            )
            found += [Doubt(homes, at, "household_code", "no head is recorded" if n == 0 else f"{n} heads are recorded")
                      for at, n in self.con.execute(sql).fetchall()]  # fmt: skip
        return found


def _text(position: int, blank: Sequence[str]) -> str:
    """The trimmed text of a cell; a whole number written 3.0 (as programs do for columns with gaps) is read as 3."""
    x = trimmed(position)
    x = f"regexp_replace({x}, '^(-?\\d+)\\.0+$', '\\1')"
    return f"CASE WHEN lower({x}) IN ({', '.join(map(quoted, blank))}) THEN NULL ELSE {x} END" if blank else x
