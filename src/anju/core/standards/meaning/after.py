"""The same world with everything that was true on a day or before it left out: what is old is not known.

A condition that holds here holds by rows that speak of the time after that day. What each kind of row speaks of is decided in
docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from anju.core.contracts.model import Contract
from anju.core.standards.compile.windows import counted_back
from anju.core.standards.meaning.judge import Finding, Judge
from anju.core.standards.meaning.logic import UNDELIVERED, Fact, all_of, at_least
from anju.core.standards.meaning.values import Values
from anju.core.standards.model import Aggregate, Latest, State, Streak, Subject
from anju.core.standards.world import Row

RowFeature = Latest | Aggregate | Streak


class JudgeAfter(Judge):
    """Judges as `judge` does, by what is known of the time after `after` alone."""

    def __init__(self, judge: Judge, after: date) -> None:
        self.policy, self.day = judge.policy, judge.day
        self.snapshot, self.subjects = judge.snapshot, judge.subjects
        self.values: ValuesAfter = ValuesAfter(judge, after, self.finding)
        self._found: dict[tuple[str, Any], Finding] = {}


class ValuesAfter(Values):
    """Facts that rest on rows of before are not delivered here; everything else is worked out from the rest as always."""

    def __init__(self, judge: Judge, after: date, answer: Any) -> None:
        super().__init__(judge.snapshot, judge.subjects, answer)
        self.whole, self.after = judge.values, after

    def unit_of(self, contract: Contract, subject: Subject, key: Any) -> str | None:
        return self.whole.unit_of(contract, subject, key)

    # --- facts ----------------------------------------------------------------------------------------------------

    def _latest(self, feature: Latest, key: Any) -> Any:
        found = self.whole.row(feature.subject, key, feature.name) or self.whole.fact(feature.subject, key, feature.name)
        return found if self._is_after(feature, key) else UNDELIVERED

    def _aggregate(self, feature: Aggregate, key: Any) -> Fact:
        return self.whole.fact(feature.subject, key, feature.name) if self._is_after(feature, key) else UNDELIVERED

    def _streak(self, feature: Streak, key: Any) -> Fact:
        """As many of its periods as lie after, and what ended it only where that does too."""
        found = self.whole.fact(feature.subject, key, feature.name)
        contract = self.s.contract(feature.feed)
        last, later = self.s.latest_due(contract), 0
        periods = counted_back(contract, last, feature.at_most, self.s.calendar) if last is not None else []
        while later < len(periods) and self.s.deliveries.period_until(contract, periods[later]) > self.after:
            later += 1
        if found.state is State.VALUE and found.value < later:
            return found
        counted = found.value if found.state is State.VALUE else found.bound
        return at_least(min(counted, later))

    # --- of what time they speak ------------------------------------------------------------------------------------

    def newest(self, feature: RowFeature, key: Any) -> date | None:
        """The last day of which the fact speaks; None where nothing is there that speaks of any."""
        return self._spoken(feature, key)[0]

    def _is_after(self, feature: RowFeature, key: Any) -> bool:
        """What happened on the very day may be the measure itself; what was counted or observed up to it was before it."""
        day, happened = self._spoken(feature, key)
        return day is not None and (day >= self.after if happened else day > self.after)

    def _spoken(self, feature: RowFeature, key: Any) -> tuple[date | None, bool]:
        contract = self.s.contract(feature.feed)
        until = self.s.deliveries.spoken_until(contract, self.unit_of(contract, feature.subject, key))
        happened = contract.kind == "event"
        if isinstance(feature, Streak):
            return until, False
        if isinstance(feature, Latest):
            found = self.whole.row(feature.subject, key, feature.name)
            if found is None:
                return until, False
            return self._row_until(contract, found[1], itself=feature.subject in self.policy.keyed), happened
        rows = self._inside(feature, self._own(feature, contract, key))
        fact = self.whole.fact(feature.subject, key, feature.name)
        if feature.how == "any" and fact.value is True:
            return _latest_of(self._row_until(contract, row) for row in rows if self._counts(feature, contract, row)), happened
        return _latest_of([until, *(self._row_until(contract, row) for row in rows)]), False

    def _counts(self, feature: Aggregate, contract: Contract, row: Row) -> bool:
        evaluator = self.row_evaluator(contract, row)
        return all_of([True if part is None else evaluator.value(part) for part in (feature.where, feature.of)]) is True

    def _row_until(self, contract: Contract, row: Row, *, itself: bool = False) -> date | None:
        """`itself`: the row is the subject, such as a dispute: what became of it since stands in it with its dates."""
        valid: date | None = row["valid"]
        if contract.kind == "period" and contract.dated == "start" and row["period"] is not None:
            return self.s.deliveries.period_until(contract, row["period"])
        if contract.kind == "state" and contract.delivery == "full":
            return _latest_of([valid, self.s.usable[row["delivery_id"]]["valid"]])
        if contract.kind == "event" and itself:
            cells = (row.get(column.name) for column in contract.columns if column.type in ("date", "datetime"))
            dates = (cell.date() if isinstance(cell, datetime) else cell for cell in cells if cell is not None)
            return _latest_of([valid, *(day for day in dates if day <= self.s.day)])
        return valid


def _latest_of(days: Iterable[date | None]) -> date | None:
    return max((day for day in days if day is not None), default=None)
