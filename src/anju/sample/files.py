"""Writes the departments' files: CSV in two encodings, spreadsheets with titles and totals, dates in two styles.

Every file lies under the day on which it is received: `<out>/<day>/<feed>_<unit>_<period>.csv`. Money leaves as yuan
with two places, as departments send it. Which office uses which habit is fixed, so that a build is reproducible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import xlsxwriter

from anju.core.contracts.model import Contract
from anju.sample.facts import Table
from anju.sample.population import UNITS

GB18030_UNITS = frozenset({"522326"})  # one office still exports GB18030
CHINESE_UNITS = frozenset({"522324", "522326"})  # two send Chinese headers
COMPACT_DATE_UNITS = frozenset({"522328"})  # one writes 20230901
BOM_UNITS = frozenset({"522302"})
SPREADSHEET_FEEDS = frozenset({"F07", "F30", "F33"})  # sent as workbooks with a title and a totals row


@dataclass(frozen=True, slots=True)
class Written:
    """One file as delivered: rows includes those that are faulty on purpose."""

    path: Path
    feed: str
    unit: str
    period: str
    received: date
    rows: int


def write_feed(
    out: Path,
    contract: Contract,
    table: Table,
    *,
    received: dict[str, date],
    only: Iterable[str] | None = None,
) -> list[Written]:
    """One file per office and period (`_unit`, `_period` of the table), received on `received[period]`."""
    written = []
    names = _file_periods(table["_period"])
    order = np.lexsort((table["_unit"], names))
    period, unit = names[order], table["_unit"][order]
    change = np.flatnonzero((period[1:] != period[:-1]) | (unit[1:] != unit[:-1])) + 1
    bounds = [0, *change.tolist(), len(order)]
    columns = _columns(contract, table)
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        if start == end:
            continue
        text = str(period[start])
        office = UNITS[int(unit[start])][0]
        if only is not None and office not in only:
            continue
        rows = order[start:end]
        part = {name: column[rows] for name, column in columns.items()}
        day = received[text.split("~")[-1]]
        name = "_".join(p for p in (contract.code, office, text) if p)
        folder = out / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        path = _write(folder / name, contract, office, part)
        written.append(Written(path, contract.code, office, text, day, len(rows)))
    have = {(w.unit, w.period) for w in written}
    for text in np.unique(names).tolist() if contract.kind != "period" else ():
        for office, *_ in UNITS:
            if (office, text) not in have and (only is None or office in only):
                day = received[text.split("~")[-1]]
                folder = out / day.isoformat()
                folder.mkdir(parents=True, exist_ok=True)
                part = {name: column[:0] for name, column in columns.items()}
                path = _write(folder / "_".join((contract.code, office, text)), contract, office, part)
                written.append(Written(path, contract.code, office, text, day, 0))
    return written


def _file_periods(periods: np.ndarray) -> np.ndarray:
    """Each period's file: the latest has one of its own, what came before was loaded as one history ('first~last')."""
    found = np.unique(periods)
    if len(found) <= 2:
        return periods
    history = f"{found[0]}~{found[-2]}"
    return np.where(periods == found[-1], periods.astype("U24"), np.full(len(periods), history))


def _columns(contract: Contract, table: Table) -> dict[str, np.ndarray]:
    """The contract's columns in its order, money in yuan; columns the sample does not fill are left out."""
    columns = {}
    for column in contract.columns:
        if column.name not in table:
            continue
        values = table[column.name]
        if column.type == "money" and values.dtype.kind == "i":
            yuan = np.char.mod("%d", values // 100)
            values = np.char.add(np.char.add(yuan, "."), np.char.mod("%02d", values % 100))
        columns[column.name] = values
    return columns


def _write(stem: Path, contract: Contract, office: str, part: dict[str, np.ndarray]) -> Path:
    titles = {c.name: c.title.zh for c in contract.columns}
    dates = {c.name for c in contract.columns if c.type == "date"}
    cells = {}
    for name, values in part.items():
        text = values.astype(str)
        if name in dates and office in COMPACT_DATE_UNITS and len(text):
            text = np.char.replace(text, "-", "")
        cells[titles[name] if office in CHINESE_UNITS else name] = text
    if contract.code in SPREADSHEET_FEEDS:
        return _workbook(stem.with_suffix(".xlsx"), contract.title.zh, cells)
    path = stem.with_suffix(".csv")
    table = pa.table({name: pa.array(values.tolist(), pa.string()) for name, values in cells.items()})
    if office in GB18030_UNITS or office in BOM_UNITS:
        sink = pa.BufferOutputStream()
        pacsv.write_csv(table, sink)
        text = sink.getvalue().to_pybytes().decode("utf-8")
        path.write_bytes(text.encode("gb18030") if office in GB18030_UNITS else text.encode("utf-8-sig"))
    else:
        pacsv.write_csv(table, path)
    return path


def _workbook(path: Path, title: str, cells: dict[str, np.ndarray]) -> Path:
    """As an office really sends it: a merged title, an empty row, the header, the rows, a row of totals."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Sheet1")
    names = list(cells)
    sheet.write_string(0, 0, f"{title}（演示数据）")
    for column, name in enumerate(names):
        sheet.write_string(2, column, name)
    rows = len(next(iter(cells.values())))
    for row in range(rows):
        for column, name in enumerate(names):
            sheet.write_string(3 + row, column, str(cells[name][row]))
    sheet.write_string(3 + rows, 0, "合计")
    sheet.write_string(3 + rows, 1, str(rows))
    book.close()
    return path


def write_register(path: Path, columns: dict[str, np.ndarray]) -> int:
    """F01, F02, F03 and the list of places: plain UTF-8 CSV. Returns the number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: pa.array(v.astype(str).tolist(), pa.string()) for name, v in columns.items()})
    pacsv.write_csv(table, path)
    return int(table.num_rows)
