"""Any file as a table of text: CSV in three encodings, workbooks, Parquet and JSON lines.

Title rows above the header are skipped and reported; nothing is guessed about content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from anju.lake.columnar import read_json_lines, read_parquet
from anju.lake.csvs import open_csv
from anju.lake.duck import DuckError
from anju.lake.raw import FAULT_SQL, FAULTS, LINE, FileRefused, Judge, RawTable
from anju.lake.workbook import read_workbook

__all__ = ["FAULTS", "KINDS", "LINE", "FileRefused", "Judge", "RawTable", "check_file", "file_hash", "load_raw", "open_raw"]

MAX_BYTES = 8_000_000_000
SPREADSHEETS = (".xlsx", ".xls", ".xlsm")
TEXTS = (".csv", ".txt", ".tsv")
JSONS = (".jsonl", ".ndjson")
KINDS = (*TEXTS, *SPREADSHEETS, ".parquet", *JSONS)
MAGIC = ((b"PK\x03\x04", SPREADSHEETS, "a workbook", ".xlsx"), (b"\xd0\xcf\x11\xe0", SPREADSHEETS, "an old workbook", ".xls"),
         (b"PAR1", (".parquet",), "a Parquet file", ".parquet"), (b"\x1f\x8b", (), "a packed file", ""),
         (b"%PDF", (), "a PDF", ""))  # fmt: skip


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path) -> None:
    """Raises FileRefused for what is no file, or of no size that is taken."""
    if path.is_dir():
        raise FileRefused(f"'{path.name}' is a folder", "a delivery is one file", "name the files in it, one by one")
    if not path.is_file():
        raise FileRefused(f"there is no file '{path.name}'", "nothing stands at this path, or a link that leads nowhere", "check the path")
    size = path.stat().st_size
    if size == 0:
        raise FileRefused(f"'{path.name}' is empty", "it has no bytes at all", "export it again")
    if size > MAX_BYTES:
        raise FileRefused(f"'{path.name}' has {size:,} bytes", f"at most {MAX_BYTES:,} are taken", "send it in parts")


def load_raw(con: Any, path: Path, judge: Judge, work: Path) -> RawTable:
    """Makes the temporary table `raw` on `con`. `work` takes a transcoded copy. Raises FileRefused."""
    raw = open_raw(con, path, judge, work)
    if raw.straight is None:
        return raw
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE raw AS SELECT row_number() OVER () + {raw.first - 1} AS line, *, NULL::{FAULT_SQL} AS faults"
            f" FROM {raw.straight.sql}"
        )
        if con.execute("SELECT count(*) FROM raw").fetchall()[0][0] == raw.straight.rows:
            return RawTable(raw.header, raw.first, raw.messages)
    except DuckError:
        pass
    return raw.straight.slowly()


def open_raw(con: Any, path: Path, judge: Judge, work: Path) -> RawTable:
    """As `load_raw`, but a straight CSV is left where it lies. Raises FileRefused."""
    check_file(path)
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        raise FileRefused(f"'{path.name}' is of no kind we read", "its name ends in none of these", "save it as one of them", KINDS)
    _check_magic(path, suffix)
    if suffix in SPREADSHEETS:
        return read_workbook(con, path, judge)
    if suffix == ".parquet":
        return read_parquet(con, path, judge)
    if suffix in JSONS:
        return read_json_lines(con, path, judge)
    return open_csv(con, path, judge, work)


def _check_magic(path: Path, suffix: str) -> None:
    """A file that is something else than its name says is refused with what it is."""
    with path.open("rb") as file:
        head = file.read(4)
    for magic, suffixes, what, name in MAGIC:
        if head.startswith(magic) and suffix not in suffixes:
            remedy = f"name it {name}" if name else "send the table itself"
            raise FileRefused(f"'{path.name}' is {what}, not a {suffix} file", "its first bytes say so", remedy)
    if suffix in SPREADSHEETS and not head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x09\x08", b"\x09\x04", b"\x09\x02")):
        raise FileRefused(f"'{path.name}' is not a workbook", "it begins like text, or is damaged", "if it is a CSV, name it .csv")
    if suffix == ".parquet" and head != b"PAR1":
        raise FileRefused(f"'{path.name}' is not a Parquet file", "its first bytes are not PAR1", "export it again")
