"""Parquet and JSON lines as tables of text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from anju.lake.duck import DuckError, quoted
from anju.lake.duck import name as named
from anju.lake.raw import FAULT_SQL, FAULTS, LINE, FileRefused, Judge, RawTable, RawWriter, checked_header, find_header

MAX_OBJECT = 1_000_000  # bytes of one line of JSON


def read_parquet(con: Any, path: Path, judge: Judge) -> RawTable:
    """Lists of plain values are joined by ';'. Columns `#line` and `#faults` of a file of our own are what they say."""
    source = f"read_parquet({quoted(str(path))})"
    try:
        found = [(row[0], row[1]) for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        own = {name for name, _ in found} & {LINE, FAULTS}
        columns = [(name, kind) for name, kind in found if name not in own]
        header = checked_header([name for name, _ in columns], path)
        find_header([header], judge, path)
        nested = [name for name, kind in columns if judge([name]) and _nested(kind)]
        if nested:
            raise FileRefused(
                f"'{path.name}' has nested columns: {', '.join(nested)}", "a cell must be one value", "flatten them into columns of their own"
            )
        cells = ", ".join(f"{_text(name, kind)} AS c{n}" for n, (name, kind) in enumerate(columns))
        line = named(LINE) if LINE in own else "row_number() OVER ()"
        faults = named(FAULTS) if FAULTS in own else "NULL"
        con.execute(f"CREATE OR REPLACE TEMP TABLE raw AS SELECT {line} AS line, {cells}, CAST({faults} AS {FAULT_SQL}) AS faults FROM {source}")
    except DuckError as error:
        raise FileRefused(f"'{path.name}' cannot be read", str(error).split("\n")[0][:300], "export it again") from None
    return RawTable(header, 1, ("read as columns",))


def _nested(kind: str) -> bool:
    element = kind.removesuffix("[]")
    return kind.startswith(("STRUCT", "MAP", "UNION")) or (kind.endswith("]") and element.endswith(("]", ")")) and "DECIMAL" not in element)


def _text(name: str, kind: str) -> str:
    if kind.endswith("[]") and not _nested(kind):
        return f"array_to_string(CAST({named(name)} AS VARCHAR[]), ';')"
    return f"CAST({named(name)} AS VARCHAR)"


def read_json_lines(con: Any, path: Path, judge: Judge) -> RawTable:
    """One object a line. A line that is none is kept, and faulty."""
    lines, names = _survey(path)
    header = checked_header(names, path)
    find_header([header], judge, path)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header)
    cells = ", ".join(f"{named(name)} AS c{n}" for n, name in enumerate(header))
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () AS line, {cells}, NULL::{FAULT_SQL} AS faults FROM"
            f" read_json({quoted(str(path))}, format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = {MAX_OBJECT})"
        )
        if con.execute("SELECT count(*) FROM raw").fetchall()[0][0] == lines:
            return RawTable(header, 1, ("read as JSON lines",))
    except DuckError:
        pass
    return _slowly(con, path, header)


def _survey(path: Path) -> tuple[int, list[str]]:
    """How many lines there are, and every name of a column in the order of its first appearance."""
    names: dict[str, None] = {}
    whole = lines = 0
    with path.open("rb") as file:
        while line := file.readline(MAX_OBJECT + 1):
            lines += 1
            if len(line) > MAX_OBJECT:
                raise FileRefused(f"'{path.name}' has a line of more than {MAX_OBJECT:,} bytes", f"line {lines}", "write one object per line")
            found = _object(line)
            if found is not None:
                whole += 1
                names.update(dict.fromkeys(found))
    if not whole:
        raise FileRefused(f"'{path.name}' holds no JSON lines", "no line of it is an object {…}", "write one object per line, without [ ]")
    return lines, list(names)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _slowly(con: Any, path: Path, header: tuple[str, ...]) -> RawTable:
    writer = RawWriter(con, len(header))
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                writer.add(number, [""] * len(header))
                continue
            found = _object(line)
            if found is None:
                text = line.decode("utf-8", "replace").strip()
                writer.add(number, [text, *[""] * (len(header) - 1)], "is not one JSON object: the line is broken or was cut off")
            else:
                writer.add(number, [_plain(found.get(name)) for name in header])
    writer.flush()
    return RawTable(header, 1, ("read as JSON lines",))


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
