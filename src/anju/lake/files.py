"""Any file as a table of text: CSV in three encodings, workbooks, Parquet and JSON lines.

The result is a DuckDB table `raw` of VARCHAR columns `c0`, `c1`, … and `line` (the row's number in the file, from
1), and the header as found. Title rows above the header are skipped and reported; nothing is guessed about content.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineWorkbook

from anju.lake.duck import DuckError, quoted

MAX_LINE = 1_000_000  # characters in one line of a text file
MAX_BYTES = 8_000_000_000
MAX_COLUMNS = 500
HEADER_SEARCH = 30  # rows looked at to find the header
LINE, FAULTS = "#line", "#faults"  # columns of our own, in tables made by a mapping
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods")


class FileRefused(ValueError):
    """The file as a whole cannot be taken. `what`, `why` and `remedy` are for whoever sent it."""

    def __init__(self, what: str, why: str = "", remedy: str = "", alternatives: Sequence[str] = ()) -> None:
        self.what, self.why, self.remedy, self.alternatives = what, why, remedy, tuple(alternatives)
        parts = [what, f"why: {why}" if why else "", f"do: {remedy}" if remedy else ""]
        parts.append(f"known: {', '.join(alternatives)}" if alternatives else "")
        super().__init__("\n  ".join(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class RawTable:
    """`header[i]` names column `c<i>` of table `raw`; `first` is the line of the first data row."""

    header: tuple[str, ...]
    first: int
    messages: tuple[str, ...]
    has_faults: bool = False  # `raw` has a column `faults`, {c, r}[]: what a mapping found wrong with a row


Judge = Callable[[Sequence[str]], int]
"""How many cells of a row are names of columns we know: the header is the row with the most."""


def load_raw(con: Any, path: Path, judge: Judge, work: Path) -> RawTable:
    """Makes the temporary table `raw` on `con`. `work` takes a transcoded copy. Raises FileRefused."""
    if not path.is_file():
        raise FileRefused(f"there is no file '{path.name}'", remedy="check the path")
    size = path.stat().st_size
    if size == 0:
        raise FileRefused(f"'{path.name}' is empty", "it has no bytes at all", "export it again")
    if size > MAX_BYTES:
        raise FileRefused(f"'{path.name}' has {size:,} bytes", f"at most {MAX_BYTES:,} are taken", "send it in parts")
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        return _workbook(con, path, judge)
    if suffix == ".parquet":
        return _columnar(con, path, f"read_parquet({quoted(str(path))})")
    if suffix in (".jsonl", ".ndjson"):
        source = f"read_json({quoted(str(path))}, format = 'newline_delimited', maximum_object_size = {MAX_LINE})"
        return _columnar(con, path, source)
    if suffix in (".csv", ".txt", ".tsv"):
        return _csv(con, path, judge, work)
    raise FileRefused(f"'{path.name}' is of no kind we read", alternatives=(".csv", ".xlsx", ".xls", ".parquet", ".jsonl"))


# --- text -----------------------------------------------------------------------------------------------------------


def _encoding(path: Path) -> str:
    """utf-8, utf-8-sig or gb18030, by decoding the whole file in pieces; refuses NUL bytes and endless lines."""
    if path.open("rb").read(4).startswith(b"PK"):
        raise FileRefused(f"'{path.name}' is a workbook, not a CSV", remedy="name it .xlsx")
    for encoding in ("utf-8", "gb18030"):
        try:
            _scan(path, encoding)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if path.open("rb").read(3) == b"\xef\xbb\xbf" else encoding
    raise FileRefused(f"'{path.name}' is neither UTF-8 nor GB18030", "its characters cannot be read", "save it as CSV UTF-8 and send it again")


def _scan(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    length = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            if b"\0" in piece:
                raise FileRefused(f"'{path.name}' holds NUL bytes", "it is not text, or is damaged", "export it again as CSV UTF-8")
            text = decoder.decode(piece)
            lines = text.split("\n")
            if len(lines) == 1:
                length += len(text)
            else:
                length = max(length + len(lines[0]) if length + len(lines[0]) > MAX_LINE else 0, len(lines[-1]))
            if length > MAX_LINE:
                raise FileRefused(f"'{path.name}' has a line of more than {MAX_LINE:,} characters", "a quote is not closed, or it is no CSV")
        decoder.decode(b"", final=True)


def _csv(con: Any, path: Path, judge: Judge, work: Path) -> RawTable:
    encoding = _encoding(path)
    source = path
    if encoding == "gb18030":
        source = work / "transcoded.csv"
        with path.open(encoding="gb18030", newline="") as old, source.open("w", encoding="utf-8", newline="") as new:
            while piece := old.read(1 << 20):
                new.write(piece)
    with source.open(encoding="utf-8-sig", newline="") as file:
        head = [line for _, line in zip(range(HEADER_SEARCH), file, strict=False)]
    delimiter = _delimiter(head)
    rows = list(csv.reader(io.StringIO("".join(head)), delimiter=delimiter))
    at = _header_row(rows, judge, path)
    header = _header(rows[at], path)
    names = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(header)))
    skip = sum(row_lines(row) for row in rows[: at + 1])
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () + {skip} AS line, * FROM read_csv({quoted(str(source))},"
            f" auto_detect = false, header = false, skip = {skip}, delim = {quoted(delimiter)}, quote = '\"', escape = '\"',"
            f" columns = {{{names}}}, null_padding = true, strict_mode = false, max_line_size = {MAX_LINE * 4}, parallel = true)"
        )
    except DuckError as error:
        raise FileRefused(f"'{path.name}' cannot be read as a table", str(error).split("\n")[0][:300], "export it again") from None
    messages = [f"read as {encoding}", *([f"{at} rows above the header skipped"] if at else [])]
    return RawTable(header, skip + 1, tuple(messages))


def row_lines(row: list[str]) -> int:
    """Physical lines a parsed row took: line breaks inside quoted cells count."""
    return 1 + sum(cell.count("\n") for cell in row)


def _delimiter(head: list[str]) -> str:
    text = "".join(head)
    return max(",;\t|", key=text.count)


def _header_row(rows: Sequence[Sequence[str]], judge: Judge, path: Path) -> int:
    scores = [judge(row) for row in rows[:HEADER_SEARCH]]
    if not scores or max(scores) == 0:
        seen = ", ".join(str(cell) for cell in (rows[0] if rows else []))[:200]
        raise FileRefused(f"'{path.name}' has no header that we know", f"its first row reads: {seen}", "keep the row of column names")
    return scores.index(max(scores))


def _header(cells: Sequence[str], path: Path) -> tuple[str, ...]:
    header = [str(cell).strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise FileRefused(f"'{path.name}' has {len(header)} columns", f"at most {MAX_COLUMNS} are taken")
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise FileRefused(f"'{path.name}' names a column twice", f"twice: {', '.join(twice)}", "rename or remove one of them")
    return tuple(header)


# --- workbooks, Parquet, JSON -------------------------------------------------------------------------------------------


def _workbook(con: Any, path: Path, judge: Judge) -> RawTable:
    try:
        book = CalamineWorkbook.from_path(str(path))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # calamine raises several unrelated kinds for a damaged file
        raise FileRefused(f"'{path.name}' cannot be opened as a workbook", str(error)[:200], "save it again as .xlsx") from None
    texts = [[_cell(cell) for cell in row] for row in rows]
    if not any(any(row) for row in texts):
        raise FileRefused(f"'{path.name}' is empty", "its first sheet has no cells", "put the table on the first sheet")
    at = _header_row(texts, judge, path)
    header = _header(texts[at], path)
    data = texts[at + 1 :]
    columns = {f"c{n}": pa.array([row[n] or None if n < len(row) else None for row in data], pa.string()) for n in range(len(header))}
    table = pa.table({"line": pa.array(range(at + 2, at + 2 + len(data)), pa.int64()), **columns})
    con.register("raw_arrow", table)
    con.execute("CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM raw_arrow")
    con.unregister("raw_arrow")
    messages = ["read the first sheet", *([f"{at} rows above the header skipped"] if at else [])]
    if len(book.sheet_names) > 1:
        messages.append(f"{len(book.sheet_names) - 1} further sheets were not read")
    return RawTable(header, at + 2, tuple(messages))


def _cell(cell: object) -> str:
    """A cell as the text a clerk sees: whole numbers without '.0', dates as ISO days."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    iso = getattr(cell, "isoformat", None)
    return str(iso()) if iso is not None else str(cell).strip()


def _columnar(con: Any, path: Path, source: str) -> RawTable:
    try:
        names = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        line = _name(LINE) if LINE in names else "row_number() OVER ()"
        faults = f", {_name(FAULTS)} AS faults" if (has_faults := FAULTS in names) else ""
        names = [name for name in names if name not in (LINE, FAULTS)]
        cells = ", ".join(f"CAST({_name(name)} AS VARCHAR) AS c{n}" for n, name in enumerate(names))
        con.execute(f"CREATE OR REPLACE TEMP TABLE raw AS SELECT {line} AS line{faults}, {cells} FROM {source}")
    except DuckError as error:
        raise FileRefused(f"'{path.name}' cannot be read", str(error).split("\n")[0][:300], "export it again") from None
    return RawTable(_header(names, path), 1, ("read as columns",), has_faults)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
