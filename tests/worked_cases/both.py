"""A small world judged twice: by the interpreter, and by DuckDB over the same world written to disk. They must agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from anju.core.standards.cases import Case, judge_of
from anju.core.standards.meaning.judge import Finding, Judge
from anju.core.standards.model import Policy, Standard
from anju.core.standards.world import RawWorld
from anju.lake.engine import run
from oracle.writer import write_world


@dataclass(frozen=True)
class Judged:
    """Every finding of one standard, by subject, as the interpreter has it and as DuckDB has it too."""

    findings: dict[Any, Finding]
    judge: Judge

    def answers(self) -> dict[Any, str]:
        return {key: found.answer for key, found in self.findings.items()}


def judge_both(policy: Policy, world: RawWorld, day: date, known_at: datetime, code: str, folder: Path) -> Judged:
    judge = Judge(policy, world, day, known_at)
    standard = policy.standards[code]
    result = run(policy, write_world(world, policy, folder), day, known_at, folder / "run", standards=[code])
    rows = pq.read_table(result.answers[standard.subject]).to_pylist()
    told = {row["subject_id"] if row["subject_key"] is None else row["subject_key"]: row for row in rows}
    everybody = judge.subjects.all(standard.subject)
    assert set(told) == set(everybody)
    findings = {key: judge.finding(code, key) for key in everybody}
    for key, found in findings.items():
        assert (told[key][code], told[key][f"{code}:clears"]) == (_as_run(standard, found, day), found.clears), key
    return Judged(findings, judge)


def case_in_both(policy: Policy, case: Case, folder: Path) -> Finding:
    """The finding of a YAML case. Parameters that a case adds make it a policy of its own."""
    judge, key = judge_of(policy, case)
    own = judge.policy
    if "parameters" in case.said:
        own = replace(own, digest=sha256(f"{own.digest} {case.name}".encode()).hexdigest())
    known_at = datetime.combine(case.said.get("known_at", case.day), time(23, 59))
    return judge_both(own, judge.snapshot.world, case.day, known_at, case.standard, folder).findings[key]


def _as_run(standard: Standard, found: Finding, day: date) -> int:
    plain = {"not applicable": 0, "met": 1, "unknown": 2}.get(found.answer)
    if plain is not None:
        return plain
    version = standard.version_on(day)
    assert version is not None
    return 10 + [b.name for b in version.breaches].index(str(found.breach)) + (100 if found.at_least else 0)
