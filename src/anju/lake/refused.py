"""Rows set aside: kept whole, encrypted, and given back as a sheet with the reason in each row."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

REASON_HEADER = "待更正原因 reason"
ROW_HEADER = "回执行号 receipt row"  # '12:57': line 57 of the file of receipt 12


class Sealer(Protocol):
    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...


def refused_path(root: Path, delivery_id: int) -> Path:
    return root / "refused" / f"{delivery_id}.enc"


def write_refused(root: Path, delivery_id: int, header: Sequence[str], rows: pa.Table, vault: Sealer) -> None:
    """Keeps the rows as they came (all cells as text), their lines and reasons; the header travels as metadata."""
    names = "\x1f".join(header)
    table = rows.replace_schema_metadata({"header": names})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    path = refused_path(root, delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(vault.encrypt(sink.getvalue()))
    partial.replace(path)


def read_refused(root: Path, delivery_id: int, vault: Sealer) -> tuple[tuple[str, ...], pa.Table]:
    """(header, rows with `line`, `c0` …, `reason`). Raises FileNotFoundError where the delivery had none."""
    data = vault.decrypt(refused_path(root, delivery_id).read_bytes())
    table = pq.read_table(io.BytesIO(data))
    header = (table.schema.metadata or {}).get(b"header", b"").decode()
    return tuple(header.split("\x1f")), table


def write_sheet(root: Path, delivery_id: int, vault: Sealer, out: Path, *, receipt: int, words: Callable[[str], str] = str) -> int:
    """An annotated workbook of the rows kept under `delivery_id`, to mend and send again: each says which row of `receipt` it is.
    Returns the number of rows.

    Every cell is written as text, so that a cell beginning with '=' is shown and never computed."""
    header, table = read_refused(root, delivery_id, vault)
    book = xlsxwriter.Workbook(str(out), {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("待更正")
    bold = book.add_format({"bold": True})
    for column, name in enumerate([*header, REASON_HEADER, ROW_HEADER]):
        sheet.write_string(0, column, name, bold)
    rows: list[dict[str, Any]] = table.to_pylist()
    for line, row in enumerate(rows, start=1):
        for column in range(len(header)):
            sheet.write_string(line, column, row[f"c{column}"] or "")
        sheet.write_string(line, len(header), words(row["reason"]))
        sheet.write_string(line, len(header) + 1, f"{receipt}:{row['line']}")
    sheet.freeze_panes(1, 0)
    book.close()
    return len(rows)
