"""Three-valued expressions over facts. None is UNKNOWN; a fact is a value with a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from anju.core.standards.model import (
    Absent,
    And,
    Arith,
    Blank,
    Case,
    Column,
    Compare,
    DateSpan,
    Expr,
    Has,
    IfAbsent,
    In,
    Literal_,
    Not,
    Or,
    Param,
    RatioCompare,
    Ref,
    State,
    Today,
)
from anju.core.terms.dates import completed_months, completed_years
from anju.core.terms.levels import RANK
from anju.core.terms.working_days import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is None unless `state` is VALUE; `bound` is given for AT_LEAST only."""

    state: State
    value: Any = None
    bound: Any = None


ABSENT, BLANK, UNDELIVERED = Fact(State.ABSENT), Fact(State.BLANK), Fact(State.UNDELIVERED)


def known(value: Any) -> Fact:
    return Fact(State.VALUE, value)


def at_least(bound: Any) -> Fact:
    return Fact(State.AT_LEAST, None, bound)


def all_of(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def any_of(parts: list[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False


@dataclass(frozen=True)
class Evaluator:
    """Evaluates for one subject, or for one row of a feed. `fact` answers a Ref or Column, `param` a parameter."""

    day: date
    working: WorkingCalendar
    fact: Callable[[Ref | Column], Fact]
    param: Callable[[str, tuple[Any, ...], date], Any]

    def value(self, expr: Expr) -> Any:
        """The value, or None where it is not known."""
        match expr:
            case Literal_(value, kind):
                return RANK[str(value)] if kind == "level" else value
            case Ref() | Column():
                return self.fact(expr).value
            case Today():
                return self.day
            case And(parts):
                return all_of([self.value(part) for part in parts])
            case Or(parts):
                return any_of([self.value(part) for part in parts])
            case Not(part):
                found = self.value(part)
                return None if found is None else not found
            case Compare(op, left, right):
                return self.compare(op, left, right)
            case Arith(op, left, right, _):
                a, b = self.value(left), self.value(right)
                if a is None or b is None:
                    return None
                return a + b if op == "+" else a - b if op == "-" else a * b
            case In(item, options):
                return any_of([self.compare("=", item, option) for option in options])
            case Case():
                return self.case(expr)
            case Absent(of):
                return self.in_state(of, State.ABSENT)
            case Blank(of):
                return self.in_state(of, State.BLANK)
            case IfAbsent(of, otherwise, _):
                found = self.fact(of)
                return self.value(otherwise) if found.state is State.ABSENT else found.value
            case RatioCompare():
                return self.ratio(expr)
            case Has(of, code):
                items = self.fact(of).value
                return None if items is None else code.value in items
            case DateSpan(unit, start, end):
                return self.span(unit, self.value(start), self.value(end))
            case Param(name, keys, at, _):
                day = self.day if at is None else self.value(at)
                values = tuple(self.value(key) for key in keys)
                return None if day is None or None in values else self.param(name, values, day)
        raise TypeError(f"an expression of kind {type(expr).__name__} has no meaning")

    def in_state(self, of: Ref | Column, wanted: State) -> bool | None:
        state = self.fact(of).state
        return True if state is wanted else None if state is State.UNDELIVERED else False

    def bound_of(self, expr: Expr) -> Any:
        if isinstance(expr, Ref):
            found = self.fact(expr)
            return found.bound if found.state is State.AT_LEAST else None
        return None

    def compare(self, op: str, left: Expr, right: Expr) -> bool | None:
        a, b = self.value(left), self.value(right)
        if a is not None and b is not None:
            return _holds(op, a, b)
        if (bound := self.bound_of(left)) is not None and b is not None:
            return _settled(op, bound, b)
        if (bound := self.bound_of(right)) is not None and a is not None:
            flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            return _settled(flipped, bound, a)
        return None

    def case(self, expr: Case) -> Any:
        for when, then in expr.branches:
            found = self.value(when)
            if found is None:
                return None
            if found:
                return self.value(then)
        return self.value(expr.otherwise) if expr.otherwise is not None else None

    def ratio(self, expr: RatioCompare) -> bool | None:
        under, than = self.value(expr.under), self.value(expr.than)
        if under is None or than is None or under <= 0:
            return None
        over = self.value(expr.over)
        if over is not None:
            return _holds(expr.op, over, than * under)
        bound = self.bound_of(expr.over)
        return None if bound is None else _settled(expr.op, bound, than * under)

    def span(self, unit: str, start: date | None, end: date | None) -> int | None:
        if start is None or end is None:
            return None
        if unit == "days":
            return (end - start).days
        if unit == "working_days":
            return self.working.between(start, end)
        return completed_months(start, end) if unit == "months" else completed_years(start, end)


def _holds(op: str, a: Any, b: Any) -> bool:
    return bool({"=": a == b, "<>": a != b}[op] if op in ("=", "<>") else {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def _settled(op: str, bound: Any, other: Any) -> bool | None:
    """What a lower bound alone decides (docs/decisions/0002)."""
    if op in (">", ">="):
        return True if _holds(op, bound, other) else None
    if op == "<":
        return False if bound >= other else None
    if bound <= other:
        return None
    return op == "<>"
