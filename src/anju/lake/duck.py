"""The one place that opens DuckDB: bounded memory, no downloads, no shell to the outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

# What a caller may hold and pass on without importing duckdb itself.
Connection: TypeAlias = Any  # duckdb.DuckDBPyConnection, which has no types
DuckError = duckdb.Error


def open_duckdb(
    *,
    memory_limit: str = "2GB",
    threads: int = 2,
    temp_directory: Path | None = None,
    allowed_directories: Sequence[Path] = (),
) -> Connection:
    """A fresh in-memory connection that never installs or loads an extension by itself.

    `temp_directory` is where it may spill (None: it may not spill at all). With `allowed_directories` the connection
    reads and writes files only below them, and its settings are locked, so that text which came from a file or
    a rule can reach nothing else even if it were run. Raises duckdb.Error when a setting is refused.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": True,
        "checkpoint_threshold": "1TB",  # tables in memory would be packed anew now and then, while everybody waits
    }
    con = duckdb.connect(":memory:", config=config)
    con.execute(f"SET temp_directory = {quoted('' if temp_directory is None else str(temp_directory))}")
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    if allowed_directories:
        folders = [*allowed_directories, *([] if temp_directory is None else [temp_directory])]
        con.execute(f"SET allowed_directories = [{', '.join(quoted(str(folder.resolve()) + '/') for folder in folders)}]")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    return con


def sibling(con: Connection) -> Connection:
    """A second connection to the same tables, with the variables of the first; for another thread."""
    other = con.cursor()
    variables = con.execute("SELECT name, value, type FROM duckdb_variables()").fetchall()
    if variables:
        other.execute("; ".join(f"SET VARIABLE {name(variable)} = {quoted(value)}::{kind}" for variable, value, kind in variables))
    return other


def quoted(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """`text` as a quoted SQL name."""
    return '"' + text.replace('"', '""') + '"'


def among(text: str, words: Sequence[str]) -> str:
    """TRUE where the SQL `text` is one of `words`, else FALSE, also of NULL. Unlike IN, which DuckDB makes a join of all rows
    with the words, it is worked out only where it is asked."""
    return f"CASE {text} {' '.join(f'WHEN {quoted(word)} THEN TRUE' for word in words)} ELSE FALSE END"
