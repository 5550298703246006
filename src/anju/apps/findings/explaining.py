"""Any answer of any day explained by the interpreter, over what was known then and no more than the subject's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from anju.apps.calendar.current import in_force
from anju.apps.feeds.own import Publisher
from anju.apps.findings.actions import evidence_of, sources_for
from anju.apps.findings.models import Finding, Run
from anju.apps.findings.subjects import NoSuchSubject
from anju.core.standards.explain import Explanation, explain
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.model import Policy, State
from anju.core.standards.telling import tell, titles
from anju.core.standards.wording import Wording
from anju.lake.rows import Sources
from anju.lake.world import read_world_of


@dataclass(frozen=True, slots=True)
class Explained:
    """`same_rules`: by the rules of the run whose finding it explains; None where it explains no run's."""

    explanation: Explanation
    policy: Policy
    day: date
    known_at: datetime
    same_rules: bool | None

    def as_dict(self) -> dict[str, Any]:
        return {
            **titles(self.explanation, self.policy, self.day, self.known_at),
            "same_rules_as_the_run": self.same_rules,
            **self.explanation.as_dict(),
        }

    def lines(self, lang: str) -> list[str]:
        return tell(self.explanation, self.policy, self.day, self.known_at, lang)


def explain_of_run(policy: Policy, data: Path, run: Run, code: str, key: Any, *, own: Publisher) -> Explained:
    """Of the day and with what was known of a run: the finding that it has, or would have, for this subject. `own` is asked only
    where what the run read is gone."""
    lake, policy = data / "lake", in_force(policy, run.known_at)
    manifest, registry = lake / "manifest" / run.manifest_digest, lake / "registry" / run.registry_digest
    if manifest.exists() and registry.exists():
        sources = Sources(lake, manifest, registry)
    else:
        sources, _, _ = sources_for(policy, data, run.day, run.known_at, own(policy, run.day, run.known_at))
    return _explained(policy, sources, run.day, run.known_at, code, key, run.policy_digest == policy.digest)


def explain_of_day(policy: Policy, data: Path, day: date, known_at: datetime, code: str, key: Any, *, own: Publisher) -> Explained:
    """Of any day, as known at any time."""
    policy = in_force(policy, known_at)
    sources, _, _ = sources_for(policy, data, day, known_at, own(policy, day, known_at))
    return _explained(policy, sources, day, known_at, code, key, None)


def recorded_facts(policy: Policy, finding: Finding, day: date, lang: str) -> list[tuple[str, str]]:
    """Title and value of the evidence that the run of `day` recorded: at once, for lists of many findings."""
    standard = policy.standards[finding.standard]
    version = standard.version_on(day)
    assert version is not None
    wording, recorded = Wording(policy), evidence_of(finding)
    found = []
    for item in version.evidence:
        kept = recorded[item.name]
        state = State[str(kept["s"]).upper()]
        fact = Fact(state, None, kept["v"]) if state is State.AT_LEAST else Fact(state, kept["v"])
        found.append((wording.title(standard.subject, item.ref, lang), wording.fact(standard.subject, item.ref, fact, lang)))
    return found


def _explained(policy: Policy, sources: Sources, day: date, known_at: datetime, code: str, key: Any, same_rules: bool | None) -> Explained:
    if policy.standards[code].version_on(day) is None:
        begins = policy.standards[code].versions[0].start
        raise NoSuchSubject(f"{code} is not in force on {day}: its first version begins on {begins}")
    known = known_at.astimezone(UTC).replace(tzinfo=None)
    judge = Judge(policy, read_world_of(sources, policy, code, key), day, known)
    subject = policy.standards[code].subject
    if key not in judge.subjects.all(subject):
        some = ", ".join(map(str, judge.subjects.all(subject)[:5]))
        raise NoSuchSubject(
            f"there was no {subject} '{key}' on {day}, as known on {known:%Y-%m-%d %H:%M}" + (f": one of {some}" if some else "")
        )
    return Explained(explain(judge, code, key), policy, day, known, same_rules)
