"""Cases beside a standard: small worlds with the answer they must get, in YAML that a policy officer can read.

    cases:
      - name: Away three days is orange
        as_of: 2023-09-26
        person: {birth_date: 2013-05-01}
        F09: [{status: enrolled, school_code: S1, stage: primary}]
        F10: [{week: 2023-W37, school_code: S1, consecutive_absent_days: 3}]
        expect: {answer: breached, breach: absent, level: orange}

What a case may say, and what it need not, is in docs/writing-standards.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import yaml

from anju.core.contracts.model import Programme
from anju.core.standards.case_world import COMMUNITY, UNIT, CaseFault, build_world
from anju.core.standards.explain import explain
from anju.core.standards.meaning.judge import Finding, Judge
from anju.core.standards.model import ParameterValue, Policy, State
from anju.core.standards.order import feeds_behind
from anju.core.terms.money import to_fen

EXPECTED = ("answer", "breach", "level", "at_least", "clears", "evidence", "owes")
ANSWERS = ("met", "breached", "unknown", "not applicable")


@dataclass(frozen=True, slots=True)
class Case:
    """One case as written: `said` is its YAML, `file` relative to the policy."""

    standard: str
    file: str
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.said.get("name", "?"))

    @property
    def day(self) -> date:
        day: date = self.said["as_of"]
        return day


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`wrong` says what differs, '' where nothing does."""

    standard: str
    name: str
    file: str
    answer: str
    breach: str | None
    wrong: str


def read_cases(policy: Policy, folder: Path) -> list[Case]:
    """Every case of every `<CODE>.cases.yaml` under `standards/` and `drafts/` whose standard the policy holds."""
    found = []
    for path in sorted(p for top in ("standards", "drafts") for p in (folder / top).rglob("*.cases.yaml")):
        code = path.name.removesuffix(".cases.yaml")
        if code in policy.standards:
            document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
            name = path.relative_to(folder).as_posix()
            found += [Case(code, name, said) for said in document["cases"]]
    return found


def run_cases(policy: Policy, folder: Path) -> list[CaseResult]:
    return [run_case(policy, case) for case in read_cases(policy, folder)]


def run_case(policy: Policy, case: Case) -> CaseResult:
    """Builds the case's world, judges it, and compares with what it expects. A fault of the case itself is its result."""
    try:
        judge, key = judge_of(policy, case)
        found = judge.finding(case.standard, key)
        wrong = list(_differences(judge, case, key, found))
    except (ValueError, KeyError, IndexError) as fault:
        return CaseResult(case.standard, case.name, case.file, "", None, f"the case cannot be judged: {fault}")
    return CaseResult(case.standard, case.name, case.file, found.answer, found.breach, "; ".join(wrong))


def judge_of(policy: Policy, case: Case) -> tuple[Judge, Any]:
    """The interpreter over the case's world, and the key of the subject it asks for. Raises CaseFault."""
    said, day = case.said, case.day
    policy = _with_parameters(policy, said.get("parameters", {}))
    world = build_world(policy, said, feeds_behind(policy, [case.standard]))
    judge = Judge(policy, world, day, datetime.combine(said.get("known_at", day), time(23, 59)))
    subject = policy.standards[case.standard].subject
    if "of" not in said:
        if subject in policy.keyed:
            everybody = judge.subjects.all(subject)
            if not everybody:
                raise CaseFault(f"there is no {subject} to judge: give a row of {policy.keyed[subject].feed}")
            return judge, everybody[0]
        assert isinstance(policy.programme, Programme)
        places = {policy.programme.unit_level: UNIT, policy.programme.community_level: COMMUNITY}
        return judge, places.get(subject, 1)
    key = said["of"]
    if subject in judge.subjects.levels:
        key = next((place for place, row in judge.subjects.place.items() if row["code"] == key), key)
    if key not in judge.subjects.all(subject):
        raise CaseFault(f"`of: {said['of']}` is no {subject} of this case: {', '.join(map(str, judge.subjects.all(subject)))} are")
    return judge, key


def agrees(judge: Judge, case: Case, key: Any) -> bool:
    """Whether the judge gives what the case expects, leaving out whose deliveries are owed."""
    return not _wrong_answer(case, judge.finding(case.standard, key))


def _differences(judge: Judge, case: Case, key: Any, found: Finding) -> Iterator[str]:
    expect = case.said["expect"]
    unknown = [name for name in expect if name not in EXPECTED]
    if unknown:
        raise CaseFault(f"`expect` has no '{unknown[0]}': one of {', '.join(EXPECTED)}")
    if expect.get("answer", "met") not in ANSWERS:
        raise CaseFault(f"'{expect['answer']}' is no answer: one of {', '.join(ANSWERS)}")
    wrong = _wrong_answer(case, found)
    yield from wrong
    if "owes" in expect:
        owes = sorted({owed.feed for owed in explain(judge, case.standard, key).owed})
        if owes != sorted(expect["owes"]):
            yield f"owes: expected {', '.join(expect['owes'])}, got {', '.join(owes) or 'nothing'}"
    if wrong:
        yield f"the evidence was {_seen(found)}"


def _wrong_answer(case: Case, found: Finding) -> list[str]:
    expect = case.said["expect"]
    actual = {"answer": found.answer, "breach": found.breach, "level": found.level, "at_least": found.at_least, "clears": found.clears}
    wrong = [f"{name}: expected {expect[name]}, got {value}" for name, value in actual.items() if name in expect and expect[name] != value]
    seen = _seen(found)
    return wrong + [
        f"evidence {name}: expected {value}, got {seen.get(name)}"
        for name, value in expect.get("evidence", {}).items()
        if str(seen.get(name)) != str(value)
    ]


def _seen(found: Finding) -> dict[str, Any]:
    return {name: fact.value if fact.state is State.VALUE else fact.state.name.lower() for name, fact in found.evidence}


def _with_parameters(policy: Policy, given: Mapping[str, Any]) -> Policy:
    """The policy as if these values had been decided too."""
    if not given:
        return policy
    parameters = dict(policy.parameters)
    for name, values in given.items():
        if name not in parameters:
            raise CaseFault(f"there is no parameter '{name}': one of {', '.join(parameters)}")
        kind, digits = parameters[name].type, _minor_digits(policy)
        more = tuple(
            ParameterValue(
                v["from"],
                to_fen(str(v["value"]), digits) if kind == "money" else v["value"],
                v.get("area"),
                tuple(v.get("keys", ())),
                "case",
                True,
            )
            for v in values
        )
        kept = [v for v in parameters[name].values if not any((m.start, m.area, m.keys) == (v.start, v.area, v.keys) for m in more)]
        parameters[name] = replace(parameters[name], values=(*kept, *more))
    return replace(policy, parameters=parameters)


def _minor_digits(policy: Policy) -> int:
    assert isinstance(policy.programme, Programme)
    return policy.programme.minor_digits
