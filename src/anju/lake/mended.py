"""A sheet of rows set aside that a clerk has mended and sends back: which receipt, which rows, and what their cells say now."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anju.lake.duck import open_duckdb
from anju.lake.files import KINDS, FileRefused, load_raw
from anju.lake.headers import folded
from anju.lake.refused import REASON_HEADER, ROW_HEADER

SHEETS = tuple(kind for kind in KINDS if kind in (".xlsx", ".xlsm", ".xls", ".csv", ".txt", ".tsv"))
SHOWN = 5


@dataclass(frozen=True, slots=True)
class MendedSheet:
    """`rows` are the cells by the physical line the row had in the file it was delivered in, in the order of `header`."""

    receipt: int
    header: tuple[str, ...]
    rows: Mapping[int, Sequence[str]]

    def under(self, header: Sequence[str]) -> dict[int, list[str]]:
        """The cells in the order of `header`, the delivery's own. Raises FileRefused where a column is gone."""
        at = {name: n for n, name in enumerate(self.header)}
        gone = [name for name in header if name and name not in at]
        if gone:
            raise FileRefused(f"the sheet has lost the column {', '.join(gone)}", "a row is mended whole", "mend the sheet as it was written")
        return {line: [cells[at[name]] if name else "" for name in header] for line, cells in self.rows.items()}


def read_mended(path: Path) -> MendedSheet | None:
    """The sheet, or None where the file is none: it has no column of row numbers. Raises FileRefused for a sheet that is not whole."""
    if path.suffix.lower() not in SHEETS or not path.is_file():
        return None
    mark = folded(ROW_HEADER)
    with tempfile.TemporaryDirectory(prefix="mended-") as work:
        con = open_duckdb(temp_directory=Path(work))
        try:
            raw = load_raw(con, path, lambda row: sum(folded(str(cell)) == mark for cell in row), Path(work))
            cells = ", ".join(f"c{n}" for n in range(len(raw.header)))
            found = con.execute(f"SELECT line, {cells} FROM raw ORDER BY line").fetchall()
        except FileRefused:
            return None
        finally:
            con.close()
    at = next(n for n, name in enumerate(raw.header) if folded(name) == mark)
    rows = {line: [cell or "" for cell in cells] for line, *cells in found if any(cells)}
    return _sheet(path, raw.header, at, rows)


def _sheet(path: Path, header: tuple[str, ...], at: int, rows: dict[int, list[str]]) -> MendedSheet:
    numbers = {line: _number(cells[at]) for line, cells in rows.items()}
    wrong = [line for line, number in numbers.items() if number is None]
    if wrong:
        lines = ", ".join(map(str, wrong[:SHOWN])) + (" and more" if len(wrong) > SHOWN else "")
        what = f"'{path.name}' does not say of every row which one it mends"
        raise FileRefused(what, f"on line {lines}", f"leave the column '{ROW_HEADER}' as it was; send new rows in a file of their own")
    told = [number for number in numbers.values() if number is not None]
    receipts = {receipt for receipt, _ in told}
    if len(receipts) != 1:
        raise FileRefused(
            f"'{path.name}' mends {len(receipts)} receipts", "a sheet is of one delivery, and not empty", "send one sheet for each"
        )
    if len(set(told)) != len(told):
        raise FileRefused(f"'{path.name}' mends a row twice", "two of its rows have the same number", "remove one of them")
    kept = [n for n, name in enumerate(header) if n != at and name != REASON_HEADER]
    by_line = {number[1]: [rows[line][n] for n in kept] for line, number in numbers.items() if number is not None}
    return MendedSheet(receipts.pop(), tuple(header[n] for n in kept), by_line)


def _number(text: str) -> tuple[int, int] | None:
    receipt, _, line = text.strip().partition(":")
    return (int(receipt), int(line)) if receipt.isascii() and receipt.isdigit() and line.isascii() and line.isdigit() else None
