"""Parquet files sorted by whom their rows are about, of which a few rows are read without the rest.

Of files that are asked again and again, such as a run's, what was read last is held: neighbours lie side by side.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anju.core.standards.world import Row

KINDS = ("person_id", "household_id", "place_id")
HELD_BYTES = 96 << 20  # of row groups that a process holds, the last used first


class SortedFile:
    """Reads only the row groups that may hold the keys asked for, and of those only `columns` and the keys (everything where none are named).

    `keys` are the columns by which rows are asked for; what was read stays in `held`, where it is given. Any number of threads may ask."""

    def __init__(self, path: Path, columns: Collection[str] = (), keys: Iterable[str] = KINDS, held: Held | None = None) -> None:
        self.file, self.held = pq.ParquetFile(path, memory_map=True), held
        meta = self.file.metadata
        at = {meta.row_group(0).column(n).path_in_schema: n for n in range(meta.num_columns)} if meta.num_row_groups else {}
        self.bounds = {kind: [_bounds(meta, group, at[kind]) for group in range(meta.num_row_groups)] for kind in keys if kind in at}
        self.columns = [name for name in self.file.schema_arrow.names if not columns or name in columns or name in self.bounds]
        self._reading = Lock()  # a reader of Parquet keeps where it is in the file

    def rows(self, keys: Mapping[str, Collection[Any]], *, path: str | None = None) -> list[Row]:
        """The rows in which one of the columns `keys` names holds one of the values given for it; only those of one place's `path`."""
        wanted = {kind: sorted(values) for kind, values in keys.items() if values and kind in self.bounds}
        groups = {group for kind, values in wanted.items() for group in _overlapping(self.bounds[kind], values)}
        if path is not None:
            groups &= set(_overlapping(self.bounds.get("path", []), [path]))  # a file without a row has no bounds
        if not groups:
            return []
        if self.held is not None:
            return [row for group in sorted(groups) for row in matching(self._group(group, self.held), wanted)]
        return matching(self._read(sorted(groups)), wanted)

    def _read(self, groups: list[int]) -> pa.Table:
        with self._reading:
            return self.file.read_row_groups(groups, self.columns, use_threads=False)

    def _group(self, group: int, held: Held) -> pa.Table:
        table = held.get((self, group))
        if table is None:
            table = self._read([group])
            held.put((self, group), table)
        return table


class SortedFiles:
    """Several of one kind as if they were one, such as the recent rows of a feed and the older ones."""

    def __init__(self, paths: Iterable[Path], columns: Collection[str] = (), keys: Iterable[str] = KINDS, held: Held | None = None) -> None:
        ways = tuple(keys)
        self.files = [SortedFile(path, columns, ways, held) for path in paths]

    def rows(self, keys: Mapping[str, Collection[Any]]) -> list[Row]:
        return [row for file in self.files for row in file.rows(keys)]


class Held:
    """Row groups that were read, the longest unused dropped first."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self._tables: OrderedDict[tuple[SortedFile, int], pa.Table] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[SortedFile, int]) -> pa.Table | None:
        with self._lock:
            found = self._tables.get(key)
            if found is not None:
                self._tables.move_to_end(key)
            return found

    def put(self, key: tuple[SortedFile, int], table: pa.Table) -> None:
        with self._lock:
            if key in self._tables:
                return
            self._tables[key] = table
            self.bytes += table.nbytes
            while self.bytes > self.most:
                self.bytes -= self._tables.popitem(last=False)[1].nbytes


HELD = Held(HELD_BYTES)


def matching(table: pa.Table, keys: Mapping[str, Collection[Any]]) -> list[Row]:
    """The rows in which one of the columns holds one of its values."""
    places = _places(table, keys)
    if not len(places):
        return []
    first, last = int(places[0]), int(places[-1])
    side_by_side = last - first + 1 == len(places)  # as rows about one household do in a file that is sorted by it
    found: list[Row] = (table.slice(first, len(places)) if side_by_side else table.take(pa.array(places))).to_pylist()
    return found


def _places(table: pa.Table, keys: Mapping[str, Collection[Any]]) -> Any:
    """Where these rows stand. One key of whole numbers, as every page of a family asks some ten times, is compared in place."""
    if len(keys) == 1:
        ((kind, values),) = keys.items()
        column = table[kind]
        if len(values) == 1 and column.num_chunks == 1 and not column.null_count and pa.types.is_integer(column.type):
            return np.flatnonzero(column.chunk(0).to_numpy() == next(iter(values)))
    masks = [pc.is_in(table[kind], value_set=pa.array(sorted(values), table.schema.field(kind).type)) for kind, values in keys.items()]
    mask = masks[0]
    for other in masks[1:]:
        mask = pc.or_(mask, other)
    return pc.indices_nonzero(mask).to_numpy()


def opened(path: Path, *keys: str) -> SortedFile | None:
    """A file that is asked again and again, such as a run's: opened once while it stays the same. None where there is none."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return _opened(path, keys, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _opened(path: Path, keys: tuple[str, ...], _changed: int, _size: int) -> SortedFile:
    return SortedFile(path, keys=keys, held=HELD)


def _bounds(meta: Any, group: int, column: int) -> tuple[Any, Any] | None:
    """The least and the greatest key of a row group; None where it holds none."""
    statistics = meta.row_group(group).column(column).statistics
    if statistics is None:
        return (_LEAST, _GREATEST)
    return (statistics.min, statistics.max) if statistics.has_min_max else None


def _overlapping(bounds: list[tuple[Any, Any] | None], values: list[Any]) -> list[int]:
    return [n for n, limits in enumerate(bounds) if limits is not None and any(limits[0] <= value <= limits[1] for value in values)]


class _Edge:
    """Below or above every key, for a group whose file says nothing of its keys."""

    def __init__(self, *, above: bool) -> None:
        self.above = above

    def __le__(self, other: object) -> bool:
        return not self.above

    def __ge__(self, other: object) -> bool:
        return self.above


_LEAST, _GREATEST = _Edge(above=False), _Edge(above=True)
