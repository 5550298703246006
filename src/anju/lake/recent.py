"""The latest rows of one feed, as resolved: corrections taken in, deletions left out, homes found."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path

from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.model import Policy
from anju.core.standards.world import Row
from anju.lake.duck import open_duckdb
from anju.lake.rows import Sources, parquet
from anju.lake.snapshot import keep_rows

LINKS = ("person_id", "household_id", "place_id", "valid")
MEMORY = "500MB"


def recent_rows(
    sources: Sources, policy: Policy, day: date, known_at: datetime, feed: str, columns: Collection[str], *, since: date, work: Path
) -> list[Row]:  # fmt: skip
    """Of what is dated from `since` to `day`, as known at that time, these columns and whom each row is about. Nothing where nothing came."""
    con = open_duckdb(memory_limit=MEMORY, temp_directory=work)
    try:
        kept = keep_rows(con, sources, policy, day, known_at, [feed])
        if feed not in kept:
            return []
        names = [*LINKS, *columns]
        told = con.execute(
            f"SELECT {', '.join(map(quoted, names))} FROM {parquet(kept[feed])}"
            f" WHERE valid BETWEEN {literal(since)} AND {literal(day)} AND NOT deleted ORDER BY valid, row_id"
        ).fetchall()
    finally:
        con.close()
    return [dict(zip(names, row, strict=True)) for row in told]
