"""Which feed a file is of, by its headers, where neither its name nor its sender says so."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from anju.core.contracts.model import Contract
from anju.lake.duck import open_duckdb
from anju.lake.files import FileRefused, open_raw
from anju.lake.headers import folded, known_names, recognised
from anju.lake.raw import HIDDEN, LONG_NUMBER

SHOWN = 5


def recognise_feed(path: Path, contracts: Sequence[Contract]) -> Contract:
    """The one contract that has every column it needs in the file, and more of the file's columns than any other such.

    Raises FileRefused with the likeliest feeds where there is none, or more than one."""
    header = _header(path, contracts)
    cells = {folded(cell) for cell in header}
    scores = sorted(((recognised(header, one), one.code) for one in contracts), key=lambda pair: (-pair[0], pair[1]))
    by_code = {one.code: one for one in contracts}
    likely = [f"{code} {by_code[code].title.en} ({n} of its columns)" for n, code in scores[:SHOWN] if n] or sorted(by_code)
    whole = [(n, code) for n, code in scores if n and _has_all(by_code[code], cells)]
    if not whole:
        there = LONG_NUMBER.sub(HIDDEN, ", ".join(cell for cell in header if cell))[:300]
        raise FileRefused(
            f"nobody can tell which feed '{path.name}' is of", f"no feed has all its columns in it: {there}",
            "say which feed it is by its folder or its name (F09_UNIT_PERIOD.csv), or mend its header", likely,
        )  # fmt: skip
    if len(whole) > 1 and whole[0][0] == whole[1][0]:
        alike = [code for n, code in whole if n == whole[0][0]]
        raise FileRefused(
            f"'{path.name}' could be of {len(alike)} feeds", "their columns are alike", "say which by its folder or its name", alike
        )
    return by_code[whole[0][1]]


def _has_all(contract: Contract, cells: set[str]) -> bool:
    there = {column for name, column in known_names(contract).items() if name in cells}
    return all(column.name in there for column in contract.columns if column.required or column.name in contract.key)


def _header(path: Path, contracts: Sequence[Contract]) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="header-") as work:
        con = open_duckdb(temp_directory=Path(work))
        try:
            return open_raw(con, path, lambda row: max(1, *(recognised(row, one) for one in contracts)), Path(work)).header
        finally:
            con.close()
