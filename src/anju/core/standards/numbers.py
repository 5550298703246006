"""How large a number can become and how many places it has, so that no cell of any delivery can overflow a run.

Cells are taken in with at most 15 digits before the point (13 and 4 places for decimals). DuckDB counts in 38 digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from anju.core.standards.model import (
    Aggregate,
    Arith,
    Case,
    Column,
    Derived,
    Expr,
    Feature,
    IfAbsent,
    Literal_,
    Param,
    Parameter,
    Ref,
    Rollup,
    Up,
)

MOST_DIGITS = 36  # before the point and behind it; two are left for sums of a few such numbers
CELL_DIGITS, CELL_PLACES, MEMBER_DIGITS = 15, 4, 7
Features = Mapping[tuple[str, str], Feature]


@dataclass(frozen=True, slots=True)
class Extent:
    """At most `digits` before the decimal point, at most `places` behind it."""

    digits: int
    places: int

    @property
    def fits(self) -> bool:
        return self.digits + self.places <= MOST_DIGITS

    def wider(self, other: Extent, carry: int = 0) -> Extent:
        return Extent(max(self.digits, other.digits) + carry, max(self.places, other.places))

    def times(self, other: Extent) -> Extent:
        return Extent(self.digits + other.digits, self.places + other.places)


def extent_of(expr: Expr | None, subject: str, features: Features, parameters: Mapping[str, Parameter]) -> Extent:
    """`expr` is a number at `subject`; in the filter of a feed's rows it names columns only."""

    def of(part: Expr | None, at: str = subject) -> Extent:
        return extent_of(part, at, features, parameters)

    match expr:
        case Literal_(value):
            return _literal(value)
        case Column(_, kind):
            return _cell(kind)
        case Param(name):
            found = Extent(1, 0)
            for given in parameters[name].values:
                found = found.wider(_literal(given.value))
            return found
        case Arith("*", left, right):
            return of(left).times(of(right))
        case Arith(_, left, right):
            return of(left).wider(of(right), carry=1)
        case Case(branches, otherwise):
            found = of(otherwise) if otherwise is not None else Extent(1, 0)
            for _, then in branches:
                found = found.wider(of(then))
            return found
        case IfAbsent(fact, otherwise):
            return of(fact).wider(of(otherwise))
        case Ref(name, field):
            match features.get((subject, name)):
                case Aggregate(how=how, of=inner):
                    grown = MEMBER_DIGITS if how == "sum" else 0
                    return Extent(9, 0) if how == "count" else of(inner).wider(Extent(1, 0), carry=grown)
                case Rollup(how=how, of=inner, over=over):
                    grown = MEMBER_DIGITS if how == "sum" else 0
                    return Extent(9, 0) if how == "count" else of(inner, over).wider(Extent(1, 0), carry=grown)
                case Derived(value=inner):
                    return of(inner)
                case Up(above=above, feature=upper):
                    return of(Ref(upper, field or _field_above(features, subject, name), expr.type), above)
                case _:
                    return _cell(expr.type)
        case _:
            return Extent(10, 0)


def _field_above(features: Features, subject: str, name: str) -> str | None:
    feature = features[subject, name]
    return feature.field if isinstance(feature, Up) else None


def _cell(kind: str) -> Extent:
    return Extent(CELL_DIGITS, CELL_PLACES if kind == "decimal" else 0)


def _literal(value: object) -> Extent:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return Extent(1, 0)
    number = Decimal(value)
    return Extent(max(1, number.adjusted() + 1), max(0, -int(number.as_tuple().exponent)))
