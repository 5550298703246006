"""Judges one world twice, by the interpreter and by DuckDB, and says where they differ: subjects, answers, evidence, figures."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from anju.core.standards.meaning import Finding
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.model import (
    Breach,
    Duration,
    Evidence,
    Feature,
    Latest,
    Literal_,
    Policy,
    Ref,
    Source,
    Standard,
    State,
    Title,
    Version,
)
from anju.core.standards.world import RawWorld
from anju.lake.engine import RunResult, run
from anju.lake.rows import Sources
from oracle.writer import write_world

WITNESS = "ZZ"
TRUE = Literal_(True, "bool")
ALWAYS = Breach("always", Title("always", "总是"), "blue", TRUE, Duration(1, "d"), Duration(1, "d"), None, "true")


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is 'subjects', 'answer', 'clears', 'breach', 'level', 'at_least', 'figures' or 'evidence <name>'."""

    standard: str
    subject: str
    key: Any
    what: str
    meant: Any  # by the interpreter
    got: Any  # from DuckDB

    def __str__(self) -> str:
        return f"{self.standard} {self.subject} {self.key}: {self.what}: meant {self.meant!r}, DuckDB {self.got!r}"


def witnessed(policy: Policy) -> Policy:
    """The policy with one more standard for each subject, breached by all, whose evidence is every feature of the subject.

    So every value and state that anything could read is compared, and not only what a breach happens to show."""
    standards = dict(policy.standards)
    order = list(policy.order)
    for nth, subject in enumerate(sorted({subject for subject, _ in policy.features})):
        own = {name: feature for (owner, name), feature in policy.features.items() if owner == subject}
        evidence = tuple(Evidence(_said(ref), ref) for name, feature in sorted(own.items()) for ref in _readable(name, feature))
        code = f"{WITNESS}-{nth:02d}"
        version = Version(date(1990, 1, 1), TRUE, (ALWAYS,), None, evidence, "gate", "nobody", ())
        nothing = Title("", "")
        standards[code] = Standard(code, nothing, "extension", (), Source("assumption", "", None), subject, nothing, (version,), "")
        order.append(("standard", code))
    return replace(policy, standards=standards, order=tuple(order), digest=policy.digest + "+witness")


def _said(ref: Ref) -> str:
    return ref.feature + (f"#{ref.field}" if ref.field else "")


def _readable(name: str, feature: Feature) -> list[Ref]:
    if isinstance(feature, Latest):
        return [Ref(name, field, kind) for field, kind in feature.fields.items()]
    return [] if feature.type == "row" else [Ref(name, None, feature.type)]


def differences(policy: Policy, world: RawWorld, day: date, known_at: datetime, standards: Iterable[str] | None = None) -> list[Difference]:
    """Every difference, in order of standard and subject; the standards in force, or those named that are."""
    folder = Path(tempfile.mkdtemp(prefix="anju-oracle-"))
    try:
        return compared(policy, world, write_world(world, policy, folder), day, known_at, folder / "run", standards)
    finally:
        shutil.rmtree(folder)


def compared(
    policy: Policy, world: RawWorld, sources: Sources, day: date, known_at: datetime, out: Path, standards: Iterable[str] | None = None
) -> list[Difference]:
    """The same for a world that is on disk already."""
    codes = [c for c in (standards or sorted(policy.standards)) if policy.standards[c].version_on(day) is not None]
    result = run(policy, sources, day, known_at, out, standards=codes, threads=1)
    return _Comparison(policy, world, day, known_at, result).differences()


class _Comparison:
    def __init__(self, policy: Policy, world: RawWorld, day: date, known_at: datetime, result: RunResult) -> None:
        self.policy, self.result = policy, result
        self.judge = Judge(policy, world, day, known_at)
        self.found: list[Difference] = []
        self.figures: Counter[tuple[str, int, str]] = Counter()

    def differences(self) -> list[Difference]:
        breaches = {(b["standard"], _key(b)): b for b in pq.read_table(self.result.breaches).to_pylist()}
        for subject, path in sorted(self.result.answers.items()):
            rows = {_key(row): row for row in pq.read_table(path).to_pylist()}
            codes = sorted(name for name in next(iter(rows.values()), {}) if name in self.policy.standards)
            meant, got = set(self.judge.subjects.all(subject)), set(rows)
            if meant != got:
                self.found.append(Difference("", subject, None, "subjects", sorted(meant - got, key=str), sorted(got - meant, key=str)))
            for code in codes:
                for key in sorted(meant & got, key=str):
                    self._answer(self.judge.finding(code, key), rows[key], breaches.pop((code, key), None))
        self.found += [Difference(code, "", key, "breach", None, row) for (code, key), row in breaches.items()]
        self._figures()
        return sorted(self.found, key=lambda d: (d.standard.startswith(WITNESS), d.standard, str(d.key)))

    def _answer(self, meant: Finding, row: dict[str, Any], breach: dict[str, Any] | None) -> None:
        code, key = meant.standard, meant.key
        for place in self.judge.subjects.chain(self.judge.subjects.place_of(meant.subject, key)):
            self.figures[code, place["place_id"], meant.answer.replace(" ", "_")] += 1
        self._same(meant, "answer", _coded(self.policy, meant, self.judge.day), row[code])
        self._same(meant, "clears", meant.clears, row[f"{code}:clears"])
        if (meant.answer == "breached") != (breach is not None):
            self._same(meant, "breach", meant.breach, None if breach is None else breach["breach"])
            return
        if breach is None:
            return
        for name in ("breach", "level", "at_least", "clears"):
            self._same(meant, name, getattr(meant, name), breach[name])
        told = json.loads(breach["evidence"], parse_float=Decimal)
        self._same(meant, "evidence names", [name for name, _ in meant.evidence], list(told))
        for name, fact in meant.evidence:
            if name in told and not _equal(fact, told[name]):
                self._same(meant, f"evidence {name}", _shown(fact), (told[name]["s"], told[name]["v"]))

    def _figures(self) -> None:
        got = Counter({(r["standard"], r["place_id"], r["answer"]): r["n"] for r in pq.read_table(self.result.attainment).to_pylist()})
        for mark in sorted({*self.figures, *got}, key=str):
            if self.figures[mark] != got[mark]:
                self.found.append(Difference(mark[0], "place", mark[1], f"figures {mark[2]}", self.figures[mark], got[mark]))

    def _same(self, meant: Finding, what: str, one: Any, other: Any) -> None:
        if one != other:
            self.found.append(Difference(meant.standard, meant.subject, meant.key, what, one, other))


def _key(row: dict[str, Any]) -> Any:
    return row["subject_id"] if row["subject_key"] is None else row["subject_key"]


def _coded(policy: Policy, found: Finding, day: date) -> int:
    """The answer as a run writes it."""
    plain = {"not applicable": 0, "met": 1, "unknown": 2}.get(found.answer)
    if plain is not None:
        return plain
    version = policy.standards[found.standard].version_on(day)
    assert version is not None
    return 10 + [b.name for b in version.breaches].index(str(found.breach)) + (100 if found.at_least else 0)


def _shown(fact: Fact) -> tuple[str, Any]:
    return fact.state.name.lower(), fact.bound if fact.state is State.AT_LEAST else fact.value


def _equal(fact: Fact, told: dict[str, Any]) -> bool:
    state, value = _shown(fact)
    if state != told["s"]:
        return False
    if isinstance(value, date):
        return str(value) == told["v"]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return told["v"] is not None and not isinstance(told["v"], bool) and value == Decimal(str(told["v"]))
    return bool(value == told["v"]) and isinstance(value, bool) == isinstance(told["v"], bool)
