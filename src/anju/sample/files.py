"""Writes the departments' files: CSV in two encodings, spreadsheets with titles and totals, dates in two styles.

Every file lies under the day on which it is received: `<out>/<day>/<feed>_<unit>_<period>.csv`. Money leaves as yuan
with two places, as departments send it. Which office uses which habit is fixed, so that a build is reproducible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import xlsxwriter

from anju.core.contracts.model import Contract
from anju.sample.columns import Table
from anju.sample.settlements import UNIT_CODES

GB18030_UNITS = frozenset({"522326"})  # one office still exports GB18030
CHINESE_UNITS = frozenset({"522324", "522326"})  # two send Chinese headers
COMPACT_DATE_UNITS = frozenset({"522328"})  # one writes 20230901
BOM_UNITS = frozenset({"522302"})
SPREADSHEET_FEEDS = frozenset({"F07", "F30", "F33"})  # sent as workbooks with a title and a totals row


@dataclass(frozen=True, slots=True)
class Written:
    """One file as delivered. `set_aside` is how many of its rows must be, by reason; `note` what else is to be said."""

    file: str  # <day>/<name>, below the folder of deliveries
    feed: str
    unit: str
    period: str
    received: date
    rows: int
    set_aside: tuple[tuple[str, int], ...]
    note: str = ""


def write_feed(
    out: Path, contract: Contract, table: Table, period: str, received: date, *, silent: Iterable[str] = (), only: str | None = None,
    opened: dict[str, Written] | None = None, note: str = "",
) -> list[Written]:  # fmt: skip
    """One file per office, on the day it is received. With `opened`, rows are added to the files written there before."""
    folder = out / received.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    columns = {column.name: table.columns[column.name] for column in contract.columns if column.name in table.columns}
    found = []
    for index, unit in enumerate(UNIT_CODES):
        if unit in silent or (only is not None and unit != only):
            continue
        rows = np.flatnonzero(table.unit == index)
        if not len(rows) and (contract.kind == "period" or opened):
            continue
        before = (opened or {}).get(unit)
        stem = folder / "_".join(part for part in (contract.code, unit, period) if part)
        path = _write(stem, contract, unit, pa.table(columns).take(pa.array(rows)), before is not None)
        reasons: dict[str, int] = dict(before.set_aside) if before else {}
        for row in sorted(table.faults):
            if table.unit[row] == index:
                reasons[table.faults[row]] = reasons.get(table.faults[row], 0) + 1
        written = Written(
            f"{folder.name}/{path.name}", contract.code, unit, period, received, len(rows) + (before.rows if before else 0),
            tuple(sorted(reasons.items())), note,
        )  # fmt: skip
        if opened is not None:
            opened[unit] = written
        found.append(written)
    return found


def write_again(out: Path, written: Written, received: date, note: str) -> Written:
    """The same bytes once more, on another day."""
    target = out / received.isoformat() / Path(written.file).name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((out / written.file).read_bytes())
    return replace(written, file=f"{target.parent.name}/{target.name}", received=received, note=note)


def _write(stem: Path, contract: Contract, unit: str, part: pa.Table, more: bool) -> Path:
    titles = {column.name: column.title.zh for column in contract.columns}
    dates = {column.name for column in contract.columns if column.type == "date"}
    if unit in COMPACT_DATE_UNITS:
        for position, name in enumerate(part.column_names):
            if name in dates and len(part):
                compact = pc.replace_substring(part.column(position).cast(pa.string()), "-", "")
                part = part.set_column(position, name, compact)
    if unit in CHINESE_UNITS:
        part = part.rename_columns([titles[name] for name in part.column_names])
    if contract.code in SPREADSHEET_FEEDS:
        return _workbook(stem.with_name(stem.name + ".xlsx"), contract.title.zh, part)
    path = stem.with_name(stem.name + ".csv")
    sink = pa.BufferOutputStream()
    pacsv.write_csv(part, sink, pacsv.WriteOptions(include_header=not more))
    data = sink.getvalue()
    if unit in GB18030_UNITS:
        data = data.to_pybytes().decode("utf-8").encode("gb18030")
    elif unit in BOM_UNITS and not more:
        data = b"\xef\xbb\xbf" + data.to_pybytes()
    with path.open("ab" if more else "wb") as file:
        file.write(data)
    return path


def _workbook(path: Path, title: str, part: pa.Table) -> Path:
    """As an office really sends it: a title, an empty row, the header, the rows, a row of totals."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_string(0, 0, f"{title}（演示数据）")
    for column, name in enumerate(part.column_names):
        sheet.write_string(2, column, name)
    cells = [column.cast(pa.string()).to_pylist() for column in part.columns]
    for row in range(len(part)):
        for column, values in enumerate(cells):
            sheet.write_string(3 + row, column, values[row] or "")
    sheet.write_string(3 + len(part), 0, "合计")
    sheet.write_string(3 + len(part), 1, str(len(part)))
    book.close()
    return path
