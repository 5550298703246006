"""Features of one subject: each kind by its definition, remembered once computed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from anju.core.contracts.model import Contract
from anju.core.contracts.programme import working_calendar_of
from anju.core.standards.compile.windows import counted_back
from anju.core.standards.meaning.logic import (
    ABSENT,
    BLANK,
    UNDELIVERED,
    Evaluator,
    Fact,
    all_of,
    any_of,
    at_least,
    known,
)
from anju.core.standards.meaning.snapshot import Snapshot
from anju.core.standards.meaning.subjects import Subjects
from anju.core.standards.model import (
    Aggregate,
    Answer,
    Attribute,
    Column,
    Derived,
    Expr,
    Feature,
    Latest,
    Ref,
    Rollup,
    State,
    Streak,
    Subject,
    Up,
)
from anju.core.standards.order import empty_means_no
from anju.core.standards.world import Row
from anju.core.terms.levels import RANK

MISSING = object()


class Values:
    """Facts of subjects, by (subject, id, feature). `answer` judges another standard when a feature asks for it."""

    def __init__(self, snapshot: Snapshot, subjects: Subjects, answer: Any) -> None:
        self.s, self.subjects, self.answer = snapshot, subjects, answer
        self.policy = snapshot.policy
        self.working = working_calendar_of(snapshot.programme)
        self._facts: dict[tuple[Subject, Any, str], Any] = {}

    # --- asking -------------------------------------------------------------------------------------------------

    def evaluator(self, subject: Subject, key: Any) -> Evaluator:
        area = self.subjects.area(subject, key)

        def fact(of: Ref | Column) -> Fact:
            assert isinstance(of, Ref)
            return self.fact(subject, key, of.feature, of.field)

        return Evaluator(self.s.day, self.working, fact, lambda name, keys, day: self.param(name, keys, day, area))

    def row_evaluator(self, contract: Contract, row: Row) -> Evaluator:
        def fact(of: Ref | Column) -> Fact:
            assert isinstance(of, Column)
            return self.cell(contract, row, of.name)

        return Evaluator(self.s.day, self.working, fact, lambda name, keys, day: self.param(name, keys, day, None))

    def cell(self, contract: Contract, row: Row, name: str) -> Fact:
        value = row.get(name)
        if value is not None:  # a moment is its day: the language knows no hours
            return known(value.date() if isinstance(value, datetime) else value)
        column = next((c for c in contract.columns if c.name == name), None)
        return ABSENT if column is not None and column.empty_means == "no" else BLANK

    def param(self, name: str, keys: tuple[Any, ...], day: date, area: int | None) -> Any:
        """The value of the nearest enclosing area, else the one for everywhere; of the latest start on or before `day`."""
        values = [v for v in self.policy.parameters[name].values if v.keys == keys]
        for code in [*self.subjects.codes_above(area), None]:
            there = [v for v in values if v.area == code]
            if there:
                dated = [v for v in there if v.start <= day]
                return max(dated, key=lambda v: v.start).value if dated else None
        return None

    def fact(self, subject: Subject, key: Any, name: str, column: str | None = None) -> Fact:
        mark = (subject, key, name)
        if mark not in self._facts:
            self._facts[mark] = self._compute(self.policy.features[subject, name], key)
        found = self._facts[mark]
        if isinstance(found, Fact):
            return found
        contract, row = found  # a row feature
        return known(row) if column is None else self.cell(contract, row, column)

    def row(self, subject: Subject, key: Any, name: str) -> tuple[Contract, Row] | None:
        """The row that a row feature stands for, where there is one."""
        self.fact(subject, key, name)
        found = self._facts[subject, key, name]
        return None if isinstance(found, Fact) else found

    def rows_beside(self, feature: Latest, key: Any, row: Row) -> list[Row]:
        """The other rows that were looked at for it: of the same period, or for a state of any day, that fit its filter."""
        contract = self.s.contract(feature.feed)
        rows = [r for r in self._inside(feature, self._own(feature, contract, key)) if r["row_id"] != row["row_id"]]
        rows = [r for r in rows if contract.kind != "period" or r["period"] == row["period"]]
        return [r for r in rows if feature.where is None or self.row_evaluator(contract, r).value(feature.where)]

    def _compute(self, feature: Feature, key: Any) -> Any:
        match feature:
            case Attribute():
                value = self.subjects.attributes(feature.subject, key).get(feature.column)
                return known(value) if value is not None else ABSENT if feature.empty_means_no else BLANK
            case Latest():
                return self._latest(feature, key)
            case Aggregate():
                return self._aggregate(feature, key)
            case Streak():
                return self._streak(feature, key)
            case Rollup():
                return self._rollup(feature, key)
            case Up():
                above = self.subjects.above(feature.subject, key, feature.above)
                return ABSENT if above is None else self.fact(feature.above, above, feature.feature, feature.field)
            case Derived():
                if isinstance(feature.value, Ref):
                    return self.fact(feature.subject, key, feature.value.feature, feature.value.field)
                value = self.evaluator(feature.subject, key).value(feature.value)
                return known(value) if value is not None else UNDELIVERED
            case Answer():
                return self._answer(feature, key)
        raise TypeError(type(feature).__name__)

    def _answer(self, feature: Answer, key: Any) -> Fact:
        if self.policy.standards[feature.standard].version_on(self.s.day) is None:
            return UNDELIVERED  # before its time nobody knows
        found = self.answer(feature.standard, key)
        if found.answer == "unknown":
            return UNDELIVERED
        if feature.what == "kept":
            return known(found.answer != "breached")
        return known(RANK[found.level] if found.answer == "breached" else 0)

    # --- rows of a feed -----------------------------------------------------------------------------------------

    def _link(self, feature: Latest | Aggregate | Streak) -> str:
        if feature.subject in ("person", "household"):
            return f"{feature.subject}_id"
        if feature.subject in self.policy.keyed:
            return f"key:{feature.subject}"
        return "place_id"

    def _own(self, feature: Latest | Aggregate | Streak, contract: Contract, key: Any) -> list[Row]:
        if feature.subject in self.policy.keyed:
            return self.subjects.keyed_rows(contract, feature.subject, key)
        if isinstance(feature, Aggregate) and feature.at_event:
            return self.subjects.rows_at_event(contract, key)
        return self.s.rows_of(contract.code, self._link(feature), key)

    def unit_of(self, contract: Contract, subject: Subject, key: Any) -> str | None:
        if contract.by == "programme":
            return "all"
        if contract.by == "unit":
            return self.subjects.unit(subject, key)
        assert contract.unit_from is not None
        name, _, column = contract.unit_from.partition(".")
        value = self.fact(subject, key, name, column or None).value
        return None if value is None else str(value)

    def set_aside(self, feature: Latest | Aggregate | Streak, contract: Contract, key: Any) -> list[Row]:
        if feature.subject in self.policy.keyed:
            return []
        return self.s.set_aside(contract.code, self._link(feature), key)

    def _delivered(self, feature: Latest | Aggregate, contract: Contract, key: Any, own: str | None = None) -> bool:
        """`own`: who delivered the row in question, for where nothing else says who delivers for the subject."""
        aside = self.set_aside(feature, contract, key)
        if feature.window is not None:
            start = self.s.start_of(contract, feature.window)
            aside = [row for row in aside if row["valid"] is None or row["valid"] > start]
        unit = self.unit_of(contract, feature.subject, key)
        return not aside and self.s.delivered(contract, feature.window, own if unit is None else unit)

    def _inside(self, feature: Latest | Aggregate, rows: Sequence[Row]) -> list[Row]:
        if feature.window is None:
            return list(rows)
        start = self.s.start_of(self.s.contract(feature.feed), feature.window)
        return [row for row in rows if row["valid"] > start]

    def _latest(self, feature: Latest, key: Any) -> Any:
        contract = self.s.contract(feature.feed)
        rows = self._inside(feature, self._own(feature, contract, key))
        if contract.kind == "period" and not feature.back:
            due = self.s.latest_due(contract)
            rows = [row for row in rows if due is not None and row["period"] >= due]
        marked = []
        for row in rows:
            fits = True if feature.where is None else self.row_evaluator(contract, row).value(feature.where)
            if fits is not False:
                marked.append((self.s.order(row), row, fits))
        marked.sort(key=lambda item: item[0], reverse=True)
        own = marked[0][1]["unit"] if marked and contract.unit_from is not None and not feature.back else None
        if not self._delivered(feature, contract, key, own):
            return UNDELIVERED
        if any(fits is None for _, _, fits in marked[: feature.back + 1]):
            return UNDELIVERED
        if len(marked) <= feature.back:
            return ABSENT if contract.world == "closed" else UNDELIVERED
        return contract, {**marked[feature.back][1]}

    def _aggregate(self, feature: Aggregate, key: Any) -> Fact:
        contract = self.s.contract(feature.feed)
        exact = self._delivered(feature, contract, key)
        values: list[Any] = []
        rows = self._inside(feature, self._own(feature, contract, key))
        if contract.kind == "state" and not self.s.delivered(contract, None, self.unit_of(contract, feature.subject, key)):
            rows = []  # a state that is out of date says nothing, not even what is there at the least
        nothing_is_known = empty_means_no(contract, feature.of)
        for row in rows:
            evaluator = self.row_evaluator(contract, row)
            fits = True if feature.where is None else evaluator.value(feature.where)
            of: Any = True if feature.of is None else evaluator.value(feature.of)
            if feature.how in ("any", "count"):
                both = all_of([fits, of])
                exact = exact and both is not None
                values += [True] if both else []
                continue
            if fits is None or (fits and of is None and not nothing_is_known):
                exact = False
            if fits and of is not None:
                values.append(of)
        return _folded(feature.how, values, exact, feature.monotone)

    def _streak(self, feature: Streak, key: Any) -> Fact:
        contract = self.s.contract(feature.feed)
        last = self.s.latest_due(contract)
        if last is None:
            return at_least(0)
        unit = self.unit_of(contract, feature.subject, key)
        aside = {row["period"] for row in self.set_aside(feature, contract, key)}
        rows = self._own(feature, contract, key)
        for n, period in enumerate(counted_back(contract, last, feature.at_most, self.s.calendar)):
            if unit is None or (contract.code, unit, period) not in self.s.cover or period in aside:
                return at_least(n)
            answers = [self.row_evaluator(contract, row).value(feature.holds) for row in rows if row["period"] == period]
            if False in answers:
                return known(n)
            if None in answers:
                return at_least(n)
            if not answers:
                return known(n) if contract.world == "closed" else at_least(n)
        return at_least(feature.at_most)

    # --- members ------------------------------------------------------------------------------------------------

    def _rollup(self, feature: Rollup, key: Any) -> Fact:
        exact, values, least = True, [], 0
        whole: list[bool | None] = []
        for member in self.subjects.members(feature.subject, key, feature.over):
            evaluator = self.evaluator(feature.over, member)
            fits = True if feature.where is None else evaluator.value(feature.where)
            of: Any = True if feature.of is None else evaluator.value(feature.of)
            if feature.how in ("any", "count"):
                whole.append(all_of([fits, of]))
            elif feature.how == "all":
                whole.append(any_of([None if fits is None else not fits, of]))
            else:
                state = self._state(evaluator, feature.of)
                if fits is None or (fits and of is None and state is not State.ABSENT):
                    exact = False
                if fits and of is None and feature.how == "sum":
                    exact = False
                    least += self._bound(evaluator, feature.of)
                if fits and of is not None:
                    values.append(of)
        if feature.how == "any":
            found = any_of(whole)
            return known(found) if found is not None else UNDELIVERED
        if feature.how == "all":
            found = all_of(whole)
            return known(found) if found is not None else UNDELIVERED
        if feature.how == "count":
            return _folded("count", [True for part in whole if part], None not in whole, True)
        if feature.type == "level" and exact:
            return known((min if feature.how == "min" else max)(values, default=0))
        if feature.how == "sum" and not exact and feature.monotone:
            return at_least(sum(values) + least)
        return _folded(feature.how, values, exact, feature.monotone)

    @staticmethod
    def _state(evaluator: Evaluator, of: Expr | None) -> State | None:
        return evaluator.fact(of).state if isinstance(of, Ref) else None

    @staticmethod
    def _bound(evaluator: Evaluator, of: Expr | None) -> Any:
        found = evaluator.fact(of) if isinstance(of, Ref) else None
        return found.bound if found is not None and found.bound is not None else 0


def _folded(how: str, values: list[Any], exact: bool, monotone: bool) -> Fact:
    if how == "any":
        return known(True) if values else known(False) if exact else UNDELIVERED
    if how in ("count", "sum"):
        total = len(values) if how == "count" else sum(values)
        return known(total) if exact else at_least(total) if monotone else UNDELIVERED
    if not exact:
        return UNDELIVERED
    return known(min(values) if how == "min" else max(values)) if values else ABSENT
