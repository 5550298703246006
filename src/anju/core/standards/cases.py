"""Cases beside a standard: small worlds with the answer they must get, in YAML that a policy officer can read.

    cases:
      - name: Away three days is orange
        as_of: 2023-09-26
        person: {birth_date: 2013-05-01}
        F09: [{status: enrolled, school_code: S1, stage: primary}]
        F10: [{week: 2023-W37, school_code: S1, consecutive_absent_days: 3}]
        expect: {answer: breached, breach: absent, level: orange}

What a case does not say: there is one programme, one unit U1, one community C1 with one household 1 and one person 1, alive,
whose household is active and not registered poor. `person`, `household` set attributes of those; `persons` and
`households` are lists of further ones (a person's `household` is 1 unless said). A row belongs to person 1,
household 1 and community C1 where its feed links them (`person: 2` says otherwise); its period is the latest due
one, its day the day before. Every feed is delivered on time by U1 (or whoever its rows name, and S1), the day before
`as_of`. `late: [F09]` was never delivered; `missing: {F10: [2023-W37]}` lacks periods; `rejected: [F09]` set a row of
person 1 aside. `of: 2` or `of: T1` judges another subject. Amounts are in yuan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy, State
from anju.core.standards.world import RawWorld
from anju.core.terms.money import to_fen

UNIT, COMMUNITY = 2, 3
PERSON = {
    "sex": "1", "birth_date": date(1980, 1, 1), "is_student": False, "in_military": False, "labour_capacity": "normal",
    "resident_status": "living_here", "alive": True, "hukou_moved": False,
}  # fmt: skip
HOUSEHOLD = {"status": "active", "is_registered_poor": False, "move_in_date": date(2018, 6, 1), "mgmt_unit_code": "U1"}
PERIODS = 60
DAYS = 400


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`wrong` says what differs, '' where nothing does."""

    standard: str
    name: str
    file: str
    answer: str
    breach: str | None
    wrong: str


def run_cases(policy: Policy, folder: Path) -> list[CaseResult]:
    """Every case of every `<CODE>.cases.yaml` under `standards/` and `drafts/` whose standard the policy holds."""
    found = []
    for path in sorted(p for top in ("standards", "drafts") for p in (folder / top).rglob("*.cases.yaml")):
        code = path.name.removesuffix(".cases.yaml")
        if code in policy.standards:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            name = path.relative_to(folder).as_posix()
            found += [run_case(policy, code, case, name) for case in document["cases"]]
    return found


def run_case(policy: Policy, code: str, case: Mapping[str, Any], file: str = "") -> CaseResult:
    """Builds the case's world, judges it, and compares with what it expects."""
    day = case["as_of"]
    judge = Judge(policy, build_world(policy, case), day, datetime.combine(case.get("known_at", day), time(23, 59)))
    subject = policy.standards[code].subject
    assert isinstance(policy.programme, Programme)
    places = {policy.programme.unit_level: UNIT, policy.programme.community_level: COMMUNITY}
    key: Any = case.get("of", places.get(subject, 1))
    if subject in policy.keyed and "of" not in case:
        key = judge.subjects.all(subject)[0]
    found = judge.finding(code, key)
    expect = dict(case["expect"])
    actual: dict[str, Any] = {
        "answer": found.answer, "breach": found.breach, "level": found.level, "at_least": found.at_least, "clears": found.clears,
    }  # fmt: skip
    seen = {name: fact.value if fact.state is State.VALUE else fact.state.name.lower() for name, fact in found.evidence}
    evidence = expect.pop("evidence", {})
    wrong = [f"{name}: expected {value}, got {actual.get(name, 'no such thing')}" for name, value in expect.items() if actual.get(name) != value]
    wrong += [
        f"evidence {name}: expected {value}, got {seen.get(name)}" for name, value in evidence.items() if str(seen.get(name)) != str(value)
    ]
    if wrong:
        wrong.append(f"the evidence was {seen}")
    return CaseResult(code, str(case["name"]), file, found.answer, found.breach, "; ".join(wrong))


def _places(programme: Programme) -> tuple[dict[str, Any], ...]:
    """One programme P, one unit U1 and one community C1, at the levels that the programme calls so."""
    root, unit, community = programme.levels[0].name, programme.unit_level, programme.community_level
    return (
        {"place_id": 1, "parent_id": None, "level": root, "code": "P", "name": "P", "path": "/1/"},
        {"place_id": UNIT, "parent_id": 1, "level": unit, "code": "U1", "name": "U1", "path": "/1/2/"},
        {"place_id": COMMUNITY, "parent_id": UNIT, "level": community, "code": "C1", "name": "C1", "path": "/1/2/3/"},
    )


def build_world(policy: Policy, case: Mapping[str, Any]) -> RawWorld:
    return _Builder(policy, case).build()


class _Builder:
    def __init__(self, policy: Policy, case: Mapping[str, Any]) -> None:
        assert isinstance(policy.programme, Programme)
        self.policy, self.case, self.day = policy, case, case["as_of"]
        self.programme = policy.programme
        self.calendar = calendar_of(policy.programme)
        self.yesterday = self.day - timedelta(days=1)
        self.received = datetime.combine(self.yesterday, time(8))

    def build(self) -> RawWorld:
        first = {"household_id": 1, "place_id": COMMUNITY, **HOUSEHOLD, **self.case.get("household", {})}
        more = enumerate(self.case.get("households", []), start=2)
        households = [first, *({"household_id": n, "place_id": COMMUNITY, **HOUSEHOLD, **extra} for n, extra in more)]
        persons: list[dict[str, Any]] = [{"person_id": 1, "household_id": 1, **PERSON, **self.case.get("person", {})}]
        for n, extra in enumerate(self.case.get("persons", []), start=2):
            plain = {name: value for name, value in extra.items() if name != "household"}
            persons.append({"person_id": n, "household_id": extra.get("household", 1), **PERSON, **plain})
        feeds: dict[str, list[dict[str, Any]]] = {}
        deliveries: list[dict[str, Any]] = []
        coverage: list[dict[str, Any]] = []
        for nth, (code, contract) in enumerate(sorted(self.policy.contracts.items()), start=1):
            assert isinstance(contract, Contract)
            feeds[code] = [self._row(contract, nth, n, row) for n, row in enumerate(self.case.get(code, []), start=1)]
            if code not in self.case.get("late", []):
                deliveries.append(self._delivery(nth, code))
                coverage += [{"delivery_id": nth, "feed": code, "unit": u, "period": p} for u, p in self._covered(contract, feeds[code])]
        rejected = [
            {"feed": d["feed"], "delivery_id": d["delivery_id"], "person_id": 1, "household_id": None, "place_id": None, "period": None,
             "valid": None}
            for d in deliveries if d["feed"] in self.case.get("rejected", [])
        ]  # fmt: skip
        return RawWorld(_places(self.programme), households, persons, (), deliveries, coverage, rejected, feeds)

    def _delivery(self, nth: int, code: str) -> dict[str, Any]:
        return {
            "delivery_id": nth, "feed": code, "received_at": self.received, "valid": self.yesterday, "held": False, "confirmed_at": None,
            "withdrawn_at": None, "matched_rate": Decimal(1),
        }  # fmt: skip

    def _covered(self, contract: Contract, rows: list[dict[str, Any]]) -> list[tuple[str, int | None]]:
        units = {"all"} if contract.by == "programme" else {"U1"} if contract.by == "unit" else {"S1", *(str(r["unit"]) for r in rows)}
        if contract.kind == "state" or contract.cadence == "once":
            return [(unit, None) for unit in sorted(units)]
        last = self.calendar.ordinal_of(contract.cadence, self.day)
        gaps = {self.calendar.period_ordinal(contract.cadence, str(t)) for t in self.case.get("missing", {}).get(contract.code, [])}
        first = max(0, last - (DAYS if contract.cadence == "day" else PERIODS))
        return [(unit, period) for unit in sorted(units) for period in range(first, last + 1) if period not in gaps]

    def _row(self, contract: Contract, delivery: int, n: int, given: Mapping[str, Any]) -> dict[str, Any]:
        values = {column.name: self._value(column.type, given.get(column.name)) for column in contract.columns}
        period, valid = self._when(contract, given)
        if contract.valid_column is not None:
            values[contract.valid_column] = valid
        homes = "household" in contract.links or contract.through is not None
        return values | {
            "row_id": delivery * 1000 + n, "delivery_id": delivery, "known_at": self.received, "valid": valid, "period": period,
            "unit": "all" if contract.by == "programme" else "U1" if contract.by == "unit" else str(given.get(contract.by, "S1")),
            "person_id": given.get("person", 1) if "person" in contract.links else None,
            "household_id": given.get("household", 1) if homes else None,
            "place_id": given.get("place", COMMUNITY) if "place" in contract.links else None,
            "subject_key": given.get("subject_key"), "deleted": False,
        }  # fmt: skip

    def _when(self, contract: Contract, given: Mapping[str, Any]) -> tuple[int | None, date]:
        if contract.period_column is not None:
            text = given.get(contract.period_column)
            period = self.calendar.latest_due(contract.cadence, self.day, contract.freshness.due_days, contract.dated)
            if text is not None:
                period = self.calendar.period_ordinal(contract.cadence, str(text))
            if period is None:
                raise ValueError(f"{contract.code} has no period that is due on {self.day}: give {contract.period_column}")
            return period, self.calendar.dated_day(contract.cadence, period, contract.dated)
        valid = given.get(contract.valid_column or "", self.yesterday)
        return (self.calendar.ordinal_of(contract.cadence, valid) if contract.kind == "event" else None), valid

    def _value(self, kind: str, value: Any) -> Any:
        if value is None:
            return None
        if kind == "money":
            return to_fen(str(value), self.programme.minor_digits)
        if kind in ("decimal", "rate"):
            return Decimal(str(value))
        if kind in ("month", "week", "quarter", "term", "school_year"):
            return self.calendar.period_ordinal(kind, str(value))
        return list(value) if kind == "list" else value
