"""A file without a row answers like any other: with nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anju.lake.sorted_files import SortedFile

SCHEMA = pa.schema([("path", pa.string()), ("household_id", pa.int64())])


def test_a_file_without_a_row_has_nothing_of_a_place(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "none.parquet", SCHEMA):
        pass
    file = SortedFile(tmp_path / "none.parquet", keys=("path", "household_id"))
    assert file.rows({"household_id": [1]}, path="/1/") == [] == file.rows({"household_id": [1]})
