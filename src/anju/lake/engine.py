"""Runs a compiled plan over a snapshot and keeps every answer: the whole of a run, in one folder, or nothing.

The folder is written as `<out>.partial` and renamed at the end, so that a run that was killed leaves no run.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from anju.core.standards.compile import RunPlan, compile_run
from anju.core.standards.compile.answers import answer_column, clears_column
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.compile.tables import Step
from anju.core.standards.model import Aggregate, Latest, Policy, Streak
from anju.core.standards.order import everything_needed
from anju.lake.duck import Connection, open_duckdb
from anju.lake.families import write_families
from anju.lake.rows import Sources, drop_unused
from anju.lake.snapshot import begin_snapshot
from anju.lake.steps import after, run_steps

Progress = Callable[[str, int, int], None]
_plans: dict[tuple[str, date, tuple[str, ...]], RunPlan] = {}


@dataclass(frozen=True, slots=True)
class RunResult:
    """`breached` and `unknown` count answers; `seconds` is by step, in the order they ran."""

    folder: Path
    day: date
    known_at: datetime
    policy_digest: str
    answers: dict[str, Path]  # subject -> Parquet
    breaches: Path
    attainment: Path
    counts: dict[str, dict[str, int]]  # standard -> answer -> number
    seconds: dict[str, float] = field(default_factory=dict)
    families: Path | None = None  # one row per household; None where no household is judged
    situation: Path | None = None  # counts of families by place


def plan_of(policy: Policy, day: date, standards: Iterable[str] | None = None) -> RunPlan:
    """The compiled plan, kept by rules, day and choice of standards."""
    chosen = tuple(sorted(standards)) if standards is not None else ()
    key = (policy.digest, day, chosen)
    if key not in _plans:
        _plans[key] = compile_run(policy, day, standards=standards)
    return _plans[key]


def feeds_of(policy: Policy, plan: RunPlan) -> set[str]:
    """The feeds that the plan's standards read, directly or through other features."""
    needed = everything_needed(policy, [code for codes in plan.standards.values() for code in codes])
    features = [policy.features[key] for key in needed if key[0] != "standard"]
    return {feature.feed for feature in features if isinstance(feature, Latest | Aggregate | Streak)}


def run(
    policy: Policy,
    sources: Sources,
    day: date,
    known_at: datetime,
    out: Path,
    *,
    standards: Iterable[str] | None = None,
    memory_limit: str = "600MB",
    threads: int = 2,
    progress: Progress | None = None,
) -> RunResult:
    """Judges everybody and writes `out`. Pure: the same sources, policy, day and known_at give the same answers."""
    plan = plan_of(policy, day, standards)
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    spill = partial / "spill"
    spill.mkdir()
    con = open_for_run(memory_limit, threads, spill)
    seconds: dict[str, float] = {}
    try:
        started = time.perf_counter()
        kept = judge(con, policy, sources, plan, day, known_at, seconds, progress, threads=threads)
        seconds["judging"] = time.perf_counter() - started
        started = time.perf_counter()
        answers = {subject: _write_answers(con, plan, subject, partial) for subject in plan.standards}
        breaches = _write_breaches(con, plan, partial)
        attainment = _write_attainment(con, plan, partial)
        counts = _counts(con, plan)
        families = write_families(con, policy, plan, partial)
        seconds["writing"] = time.perf_counter() - started
    finally:
        con.close()
    shutil.rmtree(spill)
    facts = {
        "day": day.isoformat(),
        "known_at": known_at.isoformat(),
        "policy": policy.digest,
        "standards": sorted(code for codes in plan.standards.values() for code in codes),
        "counts": counts,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
    }
    (partial / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    _put_in_place(partial, out)
    drop_unused(kept)
    return RunResult(
        folder=out,
        day=day,
        known_at=known_at,
        policy_digest=policy.digest,
        answers={subject: out / path.name for subject, path in answers.items()},
        breaches=out / breaches.name,
        attainment=out / attainment.name,
        counts=counts,
        seconds=seconds,
        families=out / families[0].name if families else None,
        situation=out / families[1].name if families else None,
    )


def open_for_run(memory_limit: str, threads: int, spill: Path) -> Connection:
    """A connection to judge on: rows in any order, and joins in that in which the statements have them, because they were written so
    and DuckDB would try hundreds of orders of a dozen tables."""
    con = open_duckdb(memory_limit=memory_limit, threads=threads, temp_directory=spill)
    con.execute("SET preserve_insertion_order = false; SET disabled_optimizers = 'join_order'")
    return con


def _put_in_place(partial: Path, out: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    partial.rename(out)


def judge(
    con: Any,
    policy: Policy,
    sources: Sources,
    plan: RunPlan,
    day: date,
    known_at: datetime,
    seconds: dict[str, float] | None = None,
    progress: Progress | None = None,
    *,
    threads: int = 2,
) -> tuple[Path, ...]:
    """Makes the snapshot and every table of the plan on `con`. Answers the kept files that were read."""
    started = time.perf_counter()
    begun = begin_snapshot(con, sources, policy, day, known_at, feeds_of(policy, plan), plan.tables)
    if seconds is not None:
        seconds["snapshot"] = time.perf_counter() - started
    steps = [*begun.steps, *after(plan.steps, begun.steps)]
    made = 0

    def done(step: Step, took: float) -> None:
        nonlocal made
        made += 1
        if seconds is not None:
            seconds[step.name] = took
        if progress:
            progress(step.name, made, len(steps))

    run_steps(con, steps, {*plan.kept, *(step.makes for step in begun.steps)}, done, at_once=threads)
    return begun.kept


def _write_answers(con: Any, plan: RunPlan, subject: str, folder: Path) -> Path:
    path = folder / f"answers_{subject}.parquet"
    columns = [
        item
        for code in plan.standards[subject]
        for item in (f"{answer_column(code)} AS {quoted(code)}", f"{clears_column(code)} AS {quoted(code + ':clears')}")
    ]
    con.execute(
        f"COPY (SELECT id AS subject_id, subject_key, household_id, place_id, path, {', '.join(columns)}"
        f" FROM {plan.located[subject]} ORDER BY path, household_id, id) TO {literal(str(path))}"
        " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192)"
    )
    return path


def _write_breaches(con: Any, plan: RunPlan, folder: Path) -> Path:
    path = folder / "breaches.parquet"
    for statement in plan.evidence:
        con.execute(statement)
    con.execute(
        f"COPY (SELECT * FROM ({plan.breaches}) ORDER BY path, household_id, standard, subject_id) TO {literal(str(path))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    return path


ANSWER_WORD = "CASE WHEN a = 0 THEN 'not_applicable' WHEN a = 1 THEN 'met' WHEN a = 2 THEN 'unknown' ELSE 'breached' END"


def _tallies(plan: RunPlan) -> str:
    """(standard, place_id, answer, n): one grouped pass over each subject's table."""
    parts = []
    for subject, codes in plan.standards.items():
        names = ", ".join(answer_column(code) for code in codes)
        parts.append(
            f"SELECT substr(standard, 3) AS standard, place_id, {ANSWER_WORD} AS answer, count(*) AS n"
            f" FROM (UNPIVOT (SELECT place_id, {names} FROM {plan.tables[subject]})"
            f" ON {names} INTO NAME standard VALUE a) GROUP BY ALL"
        )
    return " UNION ALL ".join(parts)


def _write_attainment(con: Any, plan: RunPlan, folder: Path) -> Path:
    path = folder / "attainment.parquet"
    con.execute(f"CREATE TEMP TABLE tallies AS {_tallies(plan)}")
    con.execute(
        "COPY (SELECT t.standard, r.ancestor_id AS place_id, t.answer, CAST(sum(t.n) AS BIGINT) AS n FROM tallies t"
        " JOIN r_ancestor r ON r.place_id = t.place_id GROUP BY ALL ORDER BY 1, 2, 3)"
        f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )
    return path


def _counts(con: Any, plan: RunPlan) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {code: {} for codes in plan.standards.values() for code in codes}
    rows = con.execute("SELECT standard, answer, CAST(sum(n) AS BIGINT) FROM tallies GROUP BY ALL ORDER BY 1, 2").fetchall()
    for standard, answer, n in rows:
        counts[standard][answer] = n
    return counts


def standard_sql(policy: Policy, code: str, day: date) -> str:
    """The statements that judge one standard on a day, to read or to run by hand over the snapshot's tables."""
    plan = plan_of(policy, day, [code])
    return "\n\n".join(f"-- {step.name}\n{step.sql};" for step in plan.steps)
