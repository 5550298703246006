"""Columns of a departments' file as Arrow arrays, made whole: millions of cells without a Python string each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]


@dataclass
class Table:
    """The rows of one feed and period before they are cut into files.

    `unit` is the index of the office that delivers each row, `person` and `household` whose row it is (-1: nobody's).
    Where a cell of `faults` is set, the row must be set aside for that reason."""

    unit: Ints
    columns: dict[str, Any]
    person: Ints | None = None
    household: Ints | None = None
    faults: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.unit)


def text(words: Sequence[str], codes: Any) -> pa.Array:
    """`words[code]` per row; a code below 0 is an empty cell."""
    codes = np.asarray(codes, dtype=np.int32)
    return pa.array(words, pa.string()).take(pa.array(codes, mask=codes < 0))


def same(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)


def empty(count: int) -> pa.Array:
    return pa.nulls(count, pa.string())


def whole(values: Any, missing: Flags | None = None) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.int64), mask=missing)


def flags(values: Any) -> pa.Array:
    return pa.array(np.asarray(values, dtype=bool))


def days(values: Any) -> pa.Array:
    """Dates from datetime64[D]; NaT is an empty cell."""
    given = np.asarray(values, dtype="datetime64[D]")
    return pa.array(given, pa.date32(), mask=np.isnat(given))


def yuan(fen: Any) -> pa.Array:
    """Whole fen as yuan with two places: the same number under another scale."""
    given = np.asarray(fen, dtype=np.int64)
    pairs = np.empty((len(given), 2), dtype=np.int64)
    pairs[:, 0] = given
    pairs[:, 1] = np.where(given < 0, -1, 0)
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(given), [None, pa.py_buffer(pairs)])


def fixed(letters: NDArray[np.uint8]) -> pa.Array:
    """One text of equal length per row from a matrix of ASCII codes."""
    count, width = letters.shape
    offsets = np.arange(0, (count + 1) * width, max(width, 1), dtype=np.int32)[: count + 1]
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def numbered(prefix: str, values: Any, width: int) -> pa.Array:
    """`prefix` and the value padded with zeros, as in D0000123."""
    given = np.asarray(values, dtype=np.int64)
    places = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    digits = (given[:, None] // places[None, :] % 10 + 48).astype(np.uint8)
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    return fixed(np.concatenate([np.broadcast_to(head, (len(given), len(head))), digits], axis=1))


def replaced(column: Any, cells: Mapping[int, Any]) -> Any:
    """The column with single cells replaced; a text among numbers turns the whole column into text, as in a CSV."""
    if not cells:
        return column
    wanted = [cells[row] for row in sorted(cells)]
    if any(isinstance(value, str) for value in wanted):
        column = column.cast(pa.string())
    mask = np.zeros(len(column), dtype=bool)
    mask[sorted(cells)] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(wanted, column.type))


def joined(tables: Sequence[Table]) -> Table:
    """Tables of the same columns one under the other."""
    if len(tables) == 1:
        return tables[0]
    faults: dict[int, str] = {}
    start = 0
    for table in tables:
        faults |= {start + row: why for row, why in table.faults.items()}
        start += len(table)
    columns = {}
    for name in tables[0].columns:
        parts = [table.columns[name] for table in tables]
        if len({part.type for part in parts}) > 1:
            parts = [part.cast(pa.string()) for part in parts]
        columns[name] = pa.concat_arrays(parts)

    def together(name: str) -> Ints | None:
        found = [getattr(table, name) for table in tables]
        return None if found[0] is None else np.concatenate(found)

    return Table(np.concatenate([t.unit for t in tables]), columns, together("person"), together("household"), faults)
