"""A delivered file as a table of text, before anybody asks what its cells mean; and why a file cannot be one.

The table is `raw`: VARCHAR columns `c0`, `c1`, … in the order of the file, `line` (the row's physical line, from 1) and
`faults` (what is wrong with the row as such, NULL where nothing is). A straight CSV need not be copied into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

MAX_COLUMNS = 500
HEADER_SEARCH = 30  # rows looked at to find the header
LINE, FAULTS = "#line", "#faults"  # columns of a Parquet file of our own that say where a row came from, and what was wrong there
FAULT = pa.list_(pa.struct([("c", pa.string()), ("r", pa.string())]))
FAULT_SQL = "STRUCT(c VARCHAR, r VARCHAR)[]"
BATCH = 50_000
LONG_NUMBER, HIDDEN = re.compile(r"(\d{4})\d{6,}[\dXx]?"), r"\1******"  # an identity number is never repeated in a message


class FileRefused(ValueError):
    """The file as a whole cannot be taken. `what`, `why` and `remedy` are for whoever sent it."""

    def __init__(self, what: str, why: str = "", remedy: str = "", alternatives: Sequence[str] = ()) -> None:
        self.what, self.why, self.remedy, self.alternatives = what, why, remedy, tuple(alternatives)
        parts = [what, f"why: {why}" if why else "", f"do: {remedy}" if remedy else ""]
        parts.append(f"known: {', '.join(alternatives)}" if alternatives else "")
        super().__init__("\n  ".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Straight:
    """A CSV of which every row is one line, so that DuckDB may read it where it lies. `sql` has c0 … and no line.

    It is to be believed only if it gives `rows` rows: otherwise `slowly` makes `raw`, row by row."""

    sql: str
    rows: int
    padding: str  # what may stand around a cell: 'none', 'spaces' or 'any'
    cells: Callable[[Sequence[int]], Iterator[list[str]]]  # the cells of these rows, counted from 0, in their order
    slowly: Callable[[], RawTable]


@dataclass(frozen=True, slots=True)
class RawTable:
    """`header[i]` names column `c<i>`; `first` is the line of the first data row. Where `straight` is None it is in table `raw`."""

    header: tuple[str, ...]
    first: int
    messages: tuple[str, ...]
    straight: Straight | None = None


Judge = Callable[[Sequence[str]], int]
"""How many cells of a row are names of columns we know: the header is the row with the most."""


def find_header(rows: Sequence[Sequence[str]], judge: Judge, path: Path) -> int:
    scores = [judge(row) for row in rows[:HEADER_SEARCH]]
    if not scores or max(scores) == 0:
        seen = next((", ".join(str(cell) for cell in row if cell) for row in rows if any(row)), "")[:200]
        why = f"its first row reads: {LONG_NUMBER.sub(HIDDEN, seen)}" if seen else "its first rows are empty"
        raise FileRefused(f"'{path.name}' has no header that we know", why, "keep the row of column names")
    return scores.index(max(scores))


def checked_header(cells: Sequence[str], path: Path) -> tuple[str, ...]:
    """The names without what trails behind them. Raises FileRefused for too many, or one name twice."""
    header = [str(cell).strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise FileRefused(f"'{path.name}' has {len(header)} columns", f"at most {MAX_COLUMNS} are taken", "send only the feed's columns")
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise FileRefused(f"'{path.name}' names a column twice", f"twice: {', '.join(twice)}", "rename or remove one of them")
    return tuple(header)


class RawWriter:
    """Fills `raw` row by row, in batches."""

    def __init__(self, con: Any, width: int) -> None:
        self.con, self.width = con, width
        self.schema = pa.schema([("line", pa.int64()), *((f"c{n}", pa.string()) for n in range(width)), ("faults", FAULT)])
        self.lines: list[int] = []
        self.rows: list[Sequence[str | None]] = []
        self.faults: list[list[dict[str, str]] | None] = []
        con.register("raw_arrow", self.schema.empty_table())
        con.execute("CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM raw_arrow")
        con.unregister("raw_arrow")

    def add(self, line: int, cells: Sequence[str], fault: str | None = None) -> None:
        """A row of too few cells, or of too many that are not empty, is kept and faulty: a column may have slipped."""
        surplus = len(cells) - self.width
        if fault is None and surplus > 0 and any(cell.strip() for cell in cells[self.width :]):
            fault = f"has {len(cells)} cells where the header has {self.width}: a column has slipped, or a cell holds an unquoted comma"
        elif fault is None and surplus < 0 and any(cell.strip() for cell in cells):
            fault = f"has {len(cells)} cells where the header has {self.width}: a column has slipped, or the row was cut off"
        self.lines.append(line)
        self.rows.append([*cells[: self.width], *[None] * -surplus])
        self.faults.append([{"c": "", "r": fault}] if fault is not None else None)
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        columns = zip(*self.rows, strict=True) if self.width else ()
        arrays = [
            pa.array(self.lines, pa.int64()),
            *(pa.array(column, pa.string()) for column in columns),
            pa.array(self.faults, FAULT),
        ]
        self.con.register("raw_arrow", pa.table(arrays, schema=self.schema))
        self.con.execute("INSERT INTO raw SELECT * FROM raw_arrow")
        self.con.unregister("raw_arrow")
        self.lines, self.rows, self.faults = [], [], []
