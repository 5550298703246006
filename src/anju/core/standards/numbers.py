"""How large a number can become and how many places it has, so that no cell of any delivery can overflow a run.

Cells are taken in with at most 16 digits before the point (13 and 4 places for decimals). DuckDB counts in 38 digits, and
where two numbers meet that would not both fit it drops places without a word: so each product and sum gets the type that
it needs, and what could need more is refused where it is written.
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
    Compare,
    Derived,
    Expr,
    Feature,
    IfAbsent,
    In,
    Literal_,
    Param,
    Parameter,
    RatioCompare,
    Ref,
    Rollup,
    Up,
)
from anju.core.standards.order import walk_expr

MOST_DIGITS, MOST_PLACES = 38, 12
CELL = {"money": (16, 0), "decimal": (13, 4)}
WHOLE_CELL = (15, 0)
MEMBER_DIGITS = 5  # a sum over so many at their largest
OVERLONG = (
    "a number here may need more than 38 digits, or more than 12 behind the point",
    "numbers are exact, and no cell may overflow a run",
    "multiply fewer numbers, or write shorter ones",
)
Features = Mapping[tuple[str, str], Feature]


@dataclass(frozen=True, slots=True)
class Extent:
    """At most `digits` before the decimal point, at most `places` behind it."""

    digits: int
    places: int

    @property
    def fits(self) -> bool:
        return self.digits + self.places <= MOST_DIGITS and self.places <= MOST_PLACES

    @property
    def sql(self) -> str:
        places = min(self.places, MOST_PLACES)
        return f"DECIMAL({min(self.digits + places, MOST_DIGITS)},{places})"

    @property
    def grown(self) -> Extent:
        """Of a sum of such numbers."""
        return Extent(self.digits + MEMBER_DIGITS, self.places)

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
                    return Extent(9, 0) if how == "count" else of(inner).grown if how == "sum" else of(inner)
                case Rollup(how=how, of=inner, over=over):
                    return Extent(9, 0) if how == "count" else of(inner, over).grown if how == "sum" else of(inner, over)
                case Derived(value=inner):
                    return of(inner)
                case Up(above=above, feature=upper):
                    return of(Ref(upper, field or _field_above(features, subject, name), expr.type), above)
                case _:
                    return _cell(expr.type)
        case _:
            return Extent(10, 0)


def overlong(expr: Expr, subject: str, features: Features, parameters: Mapping[str, Parameter]) -> Expr | None:
    """A part of `expr` that 38 digits may not hold, or where two numbers meet that they may not hold side by side."""
    for part in walk_expr(expr):
        match part:
            case Compare(_, left, right):
                meeting = [left, right]
            case RatioCompare(_, over, under, than):
                meeting = [over, Arith("*", than, under, "decimal")]
            case In(item, options):
                meeting = [item, *options]
            case Arith() | Case() | IfAbsent():
                meeting = [part]
            case _:
                continue
        whole = Extent(1, 0)
        for side in meeting:
            whole = whole.wider(extent_of(side, subject, features, parameters))
        if not whole.fits:
            return part
    return None


def _field_above(features: Features, subject: str, name: str) -> str | None:
    feature = features[subject, name]
    return feature.field if isinstance(feature, Up) else None


def _cell(kind: str) -> Extent:
    return Extent(*CELL.get(kind, WHOLE_CELL))


def _literal(value: object) -> Extent:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return Extent(1, 0)
    number = Decimal(value)
    return Extent(max(1, number.adjusted() + 1), max(0, -int(number.as_tuple().exponent)))
