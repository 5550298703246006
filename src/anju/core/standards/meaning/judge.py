"""The answer of a standard for a subject, and of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from anju.core.standards.meaning.deliveries import Deliveries
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.meaning.snapshot import Snapshot
from anju.core.standards.meaning.subjects import Subjects
from anju.core.standards.meaning.values import Values
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld
from anju.core.terms.levels import RANK


@dataclass(frozen=True, slots=True)
class Finding:
    """`key` is the id of a person, household or place, or the text of a keyed subject's key. `evidence` in order."""

    standard: str
    subject: str
    key: Any
    answer: str  # met | breached | unknown | not applicable
    breach: str | None
    level: str | None
    at_least: bool
    clears: bool | None
    evidence: tuple[tuple[str, Fact], ...]


class Judge:
    """Judges one world on one day, remembering every fact and answer. `deliveries` may be handed in, for many small worlds."""

    def __init__(self, policy: Policy, world: RawWorld, day: date, known_at: datetime, deliveries: Deliveries | None = None) -> None:
        self.policy, self.day = policy, day
        self.snapshot = Snapshot(policy, world, day, known_at, deliveries)
        self.subjects = Subjects(self.snapshot)
        self.values = Values(self.snapshot, self.subjects, self.finding)
        self._found: dict[tuple[str, Any], Finding] = {}

    def finding(self, code: str, key: Any) -> Finding:
        if (code, key) not in self._found:
            self._found[code, key] = self._judge(code, key)
        return self._found[code, key]

    def _judge(self, code: str, key: Any) -> Finding:
        standard = self.policy.standards[code]
        version = standard.version_on(self.day)
        if version is None:
            raise ValueError(f"{code} is not in force on {self.day}: its first version begins later")
        evaluator = self.values.evaluator(standard.subject, key)
        applies = evaluator.value(version.applies)
        breaches = [(breach, evaluator.value(breach.when)) for breach in version.breaches]
        evidence = tuple((e.name, evaluator.fact(e.ref)) for e in version.evidence)
        answer, breach, level, doubt = "met", None, None, False
        if applies is None:
            answer = "unknown"
        elif not applies:
            answer = "not applicable"
        else:
            first = next((b for b, holds in breaches if holds), None)
            if first is not None:
                answer, breach, level = "breached", first.name, first.level
                doubt = any(holds is None and RANK[b.level] > RANK[first.level] for b, holds in breaches)
            elif any(holds is None for _, holds in breaches):
                answer = "unknown"
        if version.clears_when is not None:
            clears = evaluator.value(version.clears_when)
        else:
            clears = {"met": True, "unknown": None}.get(answer, False)
        return Finding(code, standard.subject, key, answer, breach, level, doubt, clears, evidence)


def judge(policy: Policy, world: RawWorld, day: date, known_at: datetime, standards: Iterable[str] | None = None) -> list[Finding]:
    """Every answer of every standard in force (or of those named) for every subject of the world."""
    judge_ = Judge(policy, world, day, known_at)
    codes = list(standards) if standards is not None else [c for c, s in sorted(policy.standards.items()) if s.version_on(day)]
    return [judge_.finding(code, key) for code in codes for key in judge_.subjects.all(policy.standards[code].subject)]
