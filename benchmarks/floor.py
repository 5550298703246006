"""The floor: nothing but reading the columns that the plan reads, from the files that the snapshot chooses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from anju.core.standards.compile import RunPlan
from anju.lake import engine
from anju.lake.duck import name, quoted
from benchmarks.judged import Setting, connection
from benchmarks.rounds import Timed, Watch

FILES = re.compile(r"read_parquet\((?:\[([^\]]*)\]|('[^']*'))")
VIEW = re.compile(r'CREATE VIEW ("[^"]+"|\w+) AS')


@dataclass
class Watching:
    """A connection that notes which Parquet columns each statement that makes a table reads, as DuckDB plans it.

    Bare SELECTs (such as whether any key was delivered twice) are no part of the floor: the rules do not need them."""

    con: Any
    views: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name -> files
    columns: dict[tuple[str, ...], set[str]] = field(default_factory=dict)  # files -> columns
    schemas: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def execute(self, sql: str, *parameters: Any) -> Any:
        direct = tuple(part for found in FILES.findall(sql) for part in re.findall(r"'([^']*)'", found[0] or found[1]))
        view = VIEW.match(sql)
        if view and direct:
            self.views[view.group(1).strip('"')] = direct
        elif sql.startswith("CREATE TABLE") and " AS " in sql:
            self._note(sql, direct)
        return self.con.execute(sql, *parameters)

    def cursor(self) -> Watching:
        return Watching(self.con.cursor(), self.views, self.columns, self.schemas)

    def __getattr__(self, item: str) -> Any:
        return getattr(self.con, item)

    def _note(self, sql: str, direct: tuple[str, ...]) -> None:
        sources = {self.views[word] for word in re.findall(r"\w+", sql) if word in self.views} | ({direct} if direct else set())
        if not sources:
            return
        text = self.con.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()[0][1]
        for read in _scans(json.loads(text)):
            for files in sources:
                if read <= self._schema(files):
                    self.columns.setdefault(files, set()).update(read)

    def _schema(self, files: tuple[str, ...]) -> set[str]:
        if files not in self.schemas:
            rows = self.con.execute(f"DESCRIBE SELECT * FROM {_source(files)}").fetchall()
            self.schemas[files] = {row[0] for row in rows}
        return self.schemas[files]


def _scans(node: Any) -> list[set[str]]:
    """The columns of every scan of Parquet below a node of a plan."""
    if isinstance(node, list):
        return [found for child in node for found in _scans(child)]
    found = _scans(node.get("children", []))
    facts = node.get("extra_info", {})
    if facts.get("Function") in ("READ_PARQUET", "PARQUET_SCAN"):
        read = facts.get("Projections", [])
        found.append({read} if isinstance(read, str) else set(read))
    return found


def _source(files: tuple[str, ...]) -> str:
    return f"read_parquet([{', '.join(quoted(path) for path in files)}], union_by_name = true)"


def columns_read(setting: Setting, plan: RunPlan) -> dict[tuple[str, ...], list[str]]:
    """Files -> columns, found by judging once while watching."""
    with connection() as con:
        watching = Watching(con)
        engine.judge(watching, setting.policy, setting.sources, plan, setting.day, setting.known_at)
        return {files: sorted(columns) for files, columns in watching.columns.items()}


def scan(read: dict[tuple[str, ...], list[str]]) -> Timed:
    """One statement for each feed and registry table: the greatest value of each column that the plan reads. Really read: left to itself,
    DuckDB takes it from the statistics of a single file."""
    with connection() as con:
        con.execute("SET disabled_optimizers = 'statistics_propagation'")
        watch = Watch()
        for files, columns in read.items():
            con.execute(f"SELECT {', '.join(f'max({name(column)})' for column in columns)} FROM {_source(files)}").fetchall()
        return watch.stop()
