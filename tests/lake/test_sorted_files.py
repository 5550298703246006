"""A few rows of a sorted file are found without reading the rest of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anju.lake.sorted_files import Held, SortedFile, matching, opened


def test_only_the_row_groups_that_may_hold_the_keys_are_read(tmp_path: Path) -> None:
    ids = list(range(1_000))
    table = pa.table({name: pa.array(ids) for name in ("person_id", "value", "other")})
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=100)
    file = SortedFile(tmp_path / "f.parquet", {"value"})
    read: list[Any] = []
    kept = file.file.read_row_groups
    file.file.read_row_groups = lambda groups, *rest, **more: read.append(groups) or kept(groups, *rest, **more)
    assert file.rows({"person_id": {5, 950}}) == [{"person_id": 5, "value": 5}, {"person_id": 950, "value": 950}]
    assert read == [[0, 9]]
    assert file.rows({"person_id": {5_000}}) == []
    assert read == [[0, 9]]


def families(path: Path, first: int = 0) -> Path:
    """Ten places of ten families each, whose ids run against the order of the places."""
    rows = [{"path": f"/1/{place}/", "household_id": first + 100 - 10 * place - n, "state": "met"} for place in range(10) for n in range(10)]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=10)
    return path


def test_a_place_narrows_what_is_read_further(tmp_path: Path) -> None:
    file = SortedFile(families(tmp_path / "f.parquet"), keys=("path", "household_id"))
    assert file.rows({"household_id": [77]}, path="/1/2/") == [{"path": "/1/2/", "household_id": 77, "state": "met"}]
    assert file.rows({"household_id": [77]}, path="/1/3/") == []


def test_a_file_without_statistics_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"person_id": pa.array([3, 1, 2])}), path, write_statistics=False)
    assert SortedFile(path).rows({"person_id": [2]}) == [{"person_id": 2}]


def test_a_file_is_opened_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = families(tmp_path / "f.parquet")
    one = opened(path, "household_id")
    assert one is not None and opened(path, "household_id") is one
    families(path, first=1000)
    os.utime(path, ns=(1, 1))
    other = opened(path, "household_id")
    assert other is not None and other is not one
    assert [row["household_id"] for row in other.rows({"household_id": [1077]})] == [1077]
    assert opened(tmp_path / "none.parquet", "household_id") is None


def test_a_file_without_a_row_has_nothing_of_a_place(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "f.parquet", pa.schema([("path", pa.string()), ("household_id", pa.int64())])):
        pass
    file = SortedFile(tmp_path / "f.parquet", keys=("path", "household_id"))
    assert file.rows({"household_id": [1]}, path="/1/") == [] == file.rows({"household_id": [1]})


def test_what_was_read_is_held_until_others_need_the_room(tmp_path: Path) -> None:
    path = families(tmp_path / "f.parquet")
    group = pq.ParquetFile(path).read_row_group(0).nbytes
    file = SortedFile(path, keys=("path", "household_id"), held=Held(2 * group + group // 2))
    read: list[int] = []
    whole = file._read
    file._read = lambda groups: read.extend(groups) or whole(groups)  # type: ignore[method-assign]
    for household, place in ((100, 0), (97, 0), (90, 1), (100, 0), (80, 2), (100, 0), (90, 1)):
        assert file.rows({"household_id": [household]}, path=f"/1/{place}/") == [
            {"path": f"/1/{place}/", "household_id": household, "state": "met"}
        ]
    assert read == [0, 1, 2, 1]  # the group of the second place was the longest unused when the third came


def test_rows_that_do_not_lie_side_by_side_are_all_found() -> None:
    table = pa.table({"household_id": [1, 2, 1, None, 2], "n": [0, 1, 2, 3, 4]})
    assert [row["n"] for row in matching(table, {"household_id": [1]})] == [0, 2]
    assert [row["n"] for row in matching(table, {"household_id": [2, 1]})] == [0, 1, 2, 4]
    assert matching(table, {"household_id": [7]}) == []
