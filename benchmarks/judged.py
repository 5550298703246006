"""The fused run as it is used, and what every other way's answers are compared with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from anju.core.standards.compile import RunPlan
from anju.core.standards.compile.answers import answer_column, clears_column
from anju.core.standards.model import Policy
from anju.lake import engine
from anju.lake.rows import Sources
from anju.lake.snapshot import open_snapshot
from anju.lake.steps import run_steps
from benchmarks.rounds import Timed, Watch

MEMORY = "600MB"  # what a run may use: the default of `engine.run`
Answers = dict[str, tuple[Any, ...]]  # standard -> rows of (answer, clears, subjects, sum of their ids)


@dataclass(frozen=True, slots=True)
class Setting:
    """One world on one day under one set of rules. `known_at` is naive UTC, as the lake has it."""

    policy: Policy
    sources: Sources
    day: date
    known_at: datetime

    def plan(self, standards: Iterable[str] | None = None) -> RunPlan:
        return engine.plan_of(self.policy, self.day, standards)


@contextmanager
def connection(memory: str = MEMORY, threads: int = 2) -> Iterator[Any]:
    """A fresh DuckDB as a run opens it, with a folder to spill into."""
    spill = Path(tempfile.mkdtemp(prefix="anju-bench-"))
    con = engine.open_for_run(memory, threads, spill)
    try:
        yield con
    finally:
        con.close()
        shutil.rmtree(spill, ignore_errors=True)


def fused(setting: Setting, plan: RunPlan) -> Timed:
    """Everything at once: the snapshot and every step of the plan. The answers are read afterwards, uncounted."""
    with connection() as con:
        watch = Watch()
        engine.judge(con, setting.policy, setting.sources, plan, setting.day, setting.known_at)
        return watch.stop_with(lambda: answers(con, plan))


def rules_alone(setting: Setting, plan: RunPlan) -> Timed:
    """The steps of the plan over a snapshot that was made before: what the rules cost where the rows are chosen and given."""
    with connection() as con:
        open_snapshot(con, setting.sources, setting.policy, setting.day, setting.known_at, engine.feeds_of(setting.policy, plan), plan.tables)
        watch = Watch()
        run_steps(con, plan.steps, plan.kept)
        return watch.stop_with(lambda: answers(con, plan))


def whole_run(setting: Setting, standards: Iterable[str] | None, out: Path) -> Timed:
    """`anju run` without the database: judging, and every answer, breach and count of places written as Parquet."""
    watch = Watch()
    result = engine.run(setting.policy, setting.sources, setting.day, setting.known_at, out, standards=standards)
    return watch.stop_with(lambda: result)


def answers(con: Any, plan: RunPlan) -> Answers:
    found: Answers = {}
    for subject, codes in plan.standards.items():
        for code in codes:
            a, c = answer_column(code), clears_column(code)
            found[code] = tuple(
                con.execute(
                    f"SELECT {a}::INTEGER, {c}, count(*), sum(id::HUGEINT) FROM {plan.tables[subject]} GROUP BY 1, 2 ORDER BY 1, 2"
                ).fetchall()
            )
    return found


def drop(con: Any, tables: Iterable[str]) -> None:
    for name in tables:
        con.execute(f"DROP TABLE {name}")


def must_agree(one: Answers, other: Answers) -> None:
    """Raises AssertionError naming the standards that both judged and that they answer differently."""
    wrong = sorted(code for code in one.keys() & other.keys() if one[code] != other[code])
    if wrong or not one.keys() & other.keys():
        raise AssertionError(f"the ways compared do not give equal answers: {', '.join(wrong) or 'no standard in common'}")
