"""A look at a file before anything is taken in: what its header says, which feed it fits, and which of its columns nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anju.core.contracts.model import Contract, FeedColumn
from anju.lake.duck import open_duckdb
from anju.lake.files import JSONS, TEXTS, check_file, open_raw
from anju.lake.headers import MENDED, OPERATION, folded, known_names, recognised

HEAD = 1 << 20  # bytes of a text file that are looked at


@dataclass(frozen=True, slots=True)
class Preview:
    """`fits`: feeds of which the header has columns, the best first. `mends`: it is a sheet of rows set aside."""

    header: tuple[str, ...]
    messages: tuple[str, ...]
    fits: tuple[str, ...]
    mends: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A header of the file, and the column it is read as: by its name, as remembered of this sender, or as said now; else None.
    'operation' is the column of a feed of changes that says whether a row takes another back."""

    header: str
    column: str | None
    how: str


@dataclass(frozen=True, slots=True)
class Matched:
    """`lacking`: needed columns that no header is read as; `twice`: columns that two headers are read as."""

    matches: tuple[Match, ...]
    lacking: tuple[FeedColumn, ...]
    left_out: tuple[FeedColumn, ...]
    twice: tuple[str, ...]


def preview(path: Path, contracts: Sequence[Contract], work: Path) -> Preview:
    """Raises FileRefused where the file is none that can be read. Of a text file only the beginning is read."""
    check_file(path)
    head = _head(path, work)
    con = open_duckdb(temp_directory=work)
    try:
        raw = open_raw(con, head, lambda row: _known(row, contracts), work)
    finally:
        con.close()
    scores = {contract.code: _fit(raw.header, contract) for contract in contracts}
    fits = sorted((code for code, (n, _) in scores.items() if n), key=lambda code: (scores[code], code), reverse=True)
    return Preview(raw.header, raw.messages, tuple(fits), any(folded(cell) == MENDED for cell in raw.header))


def _head(path: Path, work: Path) -> Path:
    """The file itself, or a copy of its first lines under the same name."""
    if path.suffix.lower() not in (*TEXTS, *JSONS) or path.stat().st_size <= HEAD:
        return path
    with path.open("rb") as file:
        piece = file.read(HEAD)
    whole = piece.rfind(b"\n") + 1
    folder = work / "head"
    folder.mkdir(exist_ok=True)
    copy = folder / path.name
    copy.write_bytes(piece[:whole] or piece)
    return copy


def _known(row: Sequence[str], contracts: Sequence[Contract]) -> int:
    mended = any(folded(str(cell)) == MENDED for cell in row)
    return max((recognised(row, contract) for contract in contracts), default=0) + (len(row) if mended else 0)


def _fit(header: Sequence[str], contract: Contract) -> tuple[int, int]:
    """How many headers are columns of the feed, and (fewer is better) how many needed columns are not there."""
    found = {known_names(contract).get(folded(cell)) for cell in header}
    needed = sum(1 for column in contract.columns if (column.required or column.name in contract.key) and column.name not in found)
    n = recognised(header, contract)
    return n - 2 * needed if n else 0, n


def match_headers(header: Sequence[str], contract: Contract, remembered: Mapping[str, str], said: Mapping[str, str]) -> Matched:
    """What the intake would read each header as. Of two alike the first counts, and the column is told of as doubled."""
    names = known_names(contract)
    before, now = ({folded(key): value for key, value in given.items()} for given in (remembered, said))
    matches: list[Match] = []
    twice: list[str] = []
    for cell in header:
        key = folded(cell)
        column, how = (now[key], "said") if key in now else (before[key], "remembered") if key in before else (names.get(key), "name")
        if column is not None and any(match.column == column for match in matches):
            twice.append(column)
        if column is None:
            how = "operation" if key in OPERATION and contract.delivery == "delta" else ""
        if cell:
            matches.append(Match(cell, column, how))
    there = {match.column for match in matches}
    absent = [column for column in contract.columns if column.name not in there]
    needed = [column for column in absent if column.required or column.name in contract.key]
    return Matched(tuple(matches), tuple(needed), tuple(column for column in absent if column not in needed), tuple(twice))
