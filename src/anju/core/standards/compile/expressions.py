"""Expressions to SQL: three-valued, exact, with windows and parameters as literals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from anju.core.contracts.model import Contract
from anju.core.standards.compile.names import (
    ABSENT,
    BLANK,
    UNDELIVERED,
    area_column,
    bound_column,
    literal,
    quoted,
    state_column,
    value_column,
)
from anju.core.standards.compile.workdays import workdays_between
from anju.core.standards.model import (
    Absent,
    Aggregate,
    And,
    Answer,
    Arith,
    Attribute,
    Blank,
    Case,
    Column,
    Compare,
    DateSpan,
    Derived,
    Expr,
    Feature,
    Has,
    IfAbsent,
    In,
    Latest,
    Literal_,
    Not,
    Or,
    Param,
    Parameter,
    ParameterValue,
    RatioCompare,
    Ref,
    Rollup,
    Streak,
    Today,
    Up,
)
from anju.core.standards.numbers import CELL, Extent, extent_of
from anju.core.terms.levels import LEVELS

FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(frozen=True)
class Writer:
    """Writes the expressions of one subject for one day. `features` are the subject's own, by name."""

    day: date
    features: Mapping[str, Feature]
    parameters: Mapping[str, Parameter]
    contracts: Mapping[str, Contract]
    everything: Mapping[tuple[str, str], Feature]
    contract: Contract | None = None  # set while writing a row filter

    # --- states -----------------------------------------------------------------------------------------------

    def bounded(self, name: str) -> bool:
        """Whether the feature of this subject carries a bound column."""
        return is_bounded(self.features[name], self.everything)

    def has_bound(self, expr: Expr) -> bool:
        return isinstance(expr, Ref) and expr.field is None and self.bounded(expr.feature)

    def state(self, of: Ref | Column) -> str:
        """SQL for the state of a fact, as a small integer."""
        if isinstance(of, Column):
            return f"CASE WHEN {quoted(of.name)} IS NULL THEN {self._empty(self.contract, of.name)} ELSE 0 END"
        feature = self.features[of.feature]
        column = value_column(of.feature, of.field)
        match feature:
            case Attribute():
                empty = ABSENT if feature.empty_means_no else BLANK
                return f"CASE WHEN {column} IS NULL THEN {empty} ELSE 0 END"
            case Latest():
                state = state_column(of.feature)
                if of.field is None:
                    return state
                empty = self._empty(self.contracts[feature.feed], of.field)
                return f"CASE WHEN {state} <> 0 THEN {state} WHEN {column} IS NULL THEN {empty} ELSE 0 END"
            case Derived(value=Ref() as inner):
                return self.state(inner)
            case Derived() | Answer():
                return f"CASE WHEN {column} IS NULL THEN {UNDELIVERED} ELSE 0 END"
            case _:
                return state_column(of.feature)

    def _empty(self, contract: Contract | None, name: str) -> int:
        column = next((c for c in contract.columns if c.name == name), None) if contract else None
        return ABSENT if column is not None and column.empty_means == "no" else BLANK

    # --- expressions ------------------------------------------------------------------------------------------

    def sql(self, expr: Expr) -> str:
        match expr:
            case Literal_(value, kind):
                return str(LEVELS.index(str(value))) if kind == "level" else literal(value)
            case Ref(feature, field, _):
                return value_column(feature, field)
            case Column(name, _):
                return quoted(name)
            case Today():
                return literal(self.day)
            case And(parts):
                return "(" + " AND ".join(self.sql(part) for part in parts) + ")"
            case Or(parts):
                return "(" + " OR ".join(self.sql(part) for part in parts) + ")"
            case Not(part):
                return f"(NOT {self.sql(part)})"
            case Compare(op, left, right):
                return self.compare(op, left, right)
            case Arith("*", left, right, _):
                return self.product(left, right)
            case Arith(op, left, right, _):
                return f"({self.sql(left)} {op} {self.sql(right)})"
            case In(item, options):
                return "(" + " OR ".join(self.compare("=", item, option) for option in options) + ")"
            case Case():
                return self.case(expr)
            case Absent(of):
                return self.is_state(of, ABSENT)
            case Blank(of):
                return self.is_state(of, BLANK)
            case IfAbsent(of, otherwise, _):
                return f"(CASE WHEN {self.state(of)} = {ABSENT} THEN {self.sql(otherwise)} ELSE {self.sql(of)} END)"
            case RatioCompare():
                return self.ratio(expr)
            case Has(of, code):
                return f"list_contains({self.sql(of)}, {literal(code.value)})"
            case DateSpan(unit, start, end):
                return self.span(unit, self.sql(start), self.sql(end))
            case Param():
                return self.param(expr)
        raise TypeError(f"an expression of kind {type(expr).__name__} cannot be written as SQL")

    def product(self, left: Expr, right: Expr) -> str:
        """Exact: DuckDB would multiply in the width of the factors, and two amounts of ten digits would be too long."""
        if isinstance(left, Literal_):
            left, right = right, left
        places = self.extent(left).places
        product = self.extent(Arith("*", left, right, "decimal"))
        return f"CAST(CAST({self.sql(left)} AS DECIMAL(38,{places})) * {self.sql(right)} AS {product.sql})"

    def extent(self, expr: Expr) -> Extent:
        subject = next((feature.subject for feature in self.features.values()), "")
        return extent_of(expr, subject, self.everything, self.parameters)

    def total(self, of: Expr, call: str) -> str:
        """A sum in the type that it needs: DuckDB's own, of 38 digits, would push the places out of whatever it meets."""
        extent = self.extent(of)
        kind = "BIGINT" if not extent.places and extent.digits <= CELL["money"][0] else extent.grown.sql
        return f"CAST({call} AS {kind})"

    def is_state(self, of: Ref | Column, wanted: int) -> str:
        state = self.state(of)
        return f"(CASE {state} WHEN {wanted} THEN TRUE WHEN {UNDELIVERED} THEN NULL ELSE FALSE END)"

    def compare(self, op: str, left: Expr, right: Expr) -> str:
        if isinstance(left, DateSpan) and (born := self._born(op, left, right)):
            return born
        one, other = self.sql(left), self.sql(right)
        settled = ""  # by a bound on one side where the other is exact: a value is NULL where only its bound is known
        if isinstance(left, Ref) and self.has_bound(left):
            settled += f", {_settled(bound_column(left.feature), op, other)}"
        if isinstance(right, Ref) and self.has_bound(right):
            settled += f", {_settled(bound_column(right.feature), FLIP[op], one)}"
        return f"COALESCE(({one} {op} {other}){settled})" if settled else f"({one} {op} {other})"

    def case(self, expr: Case) -> str:
        """An UNKNOWN `when` makes the whole UNKNOWN, where SQL's CASE would go on to the next branch."""
        text = "(CASE"
        for when, then in expr.branches:
            condition = self.sql(when)
            text += f" WHEN {condition} IS NULL THEN NULL WHEN {condition} THEN {self.sql(then)}"
        return text + (f" ELSE {self.sql(expr.otherwise)}" if expr.otherwise is not None else "") + " END)"

    def ratio(self, expr: RatioCompare) -> str:
        under, than = self.sql(expr.under), self.product(expr.under, expr.than)
        plain = f"(CASE WHEN {under} > 0 THEN {self.sql(expr.over)} {expr.op} {than} END)"
        if isinstance(expr.over, Ref) and self.has_bound(expr.over):
            settled = _settled(bound_column(expr.over.feature), expr.op, than)
            return f"COALESCE({plain}, CASE WHEN {under} > 0 THEN {settled} END)"
        return plain

    def span(self, unit: str, start: str, end: str) -> str:
        if unit == "days":
            return f"date_diff('day', {start}, {end})"
        if unit == "working_days":
            return workdays_between(start, end, self.day)
        forward = f"({_index(end)} - {_index(start)} - CASE WHEN day({end}) < day({start}) THEN 1 ELSE 0 END)"
        back = f"-({_index(start)} - {_index(end)} - CASE WHEN day({start}) < day({end}) THEN 1 ELSE 0 END)"
        if unit == "years":
            forward = _years(start, end)
            back = f"-{_years(end, start)}"
        return f"(CASE WHEN {end} >= {start} THEN {forward} ELSE {back} END)"

    def _born(self, op: str, span: DateSpan, right: Expr) -> str:
        """`years(birth_date, day) >= 16` as one comparison of dates, several times cheaper than an age; empty where it cannot be."""
        end, years = self._constant(span.end), self._constant(right)
        if span.unit != "years" or not isinstance(end, date) or not isinstance(years, int) or isinstance(years, bool):
            return ""
        least = years + 1 if op in (">", "<=") else years
        if op not in FLIP or op in ("=", "<>") or not 1 <= least < end.year:  # below one year the other direction counts too
            return ""
        return f"({self.sql(span.start)} {'<=' if op in ('>', '>=') else '>'} {literal(_years_before(end, least))})"

    def _constant(self, expr: Expr) -> object:
        """The value of a literal, of today, or of a parameter that holds for everybody; None for whatever differs by subject."""
        match expr:
            case Literal_(value, _):
                return value
            case Today():
                return self.day
            case Param(name, at=None):
                values = [v for v in self.parameters[name].values if v.start <= self.day]
                if any(v.area is not None or v.keys for v in self.parameters[name].values) or not values:
                    return None
                return max(values, key=lambda value: value.start).value
        return None

    # --- parameters -------------------------------------------------------------------------------------------

    def param(self, expr: Param) -> str:
        parameter = self.parameters[expr.name]
        at = self.sql(expr.at) if expr.at is not None else literal(self.day)
        if any(value.area is not None for value in parameter.values):
            e = quoted(f"e:{expr.name}")
            keys = "".join(f" AND {e}.key{n} = CAST({self.sql(key)} AS VARCHAR)" for n, key in enumerate(expr.keys))
            return f"list_filter({area_column(expr.name)}, lambda {e}: {at} >= {e}.start AND {at} < {e}.until{keys})[1].value"
        groups: dict[tuple[object, ...], list[ParameterValue]] = {}
        for value in parameter.values:
            groups.setdefault(value.keys, []).append(value)
        branches = []
        for keys_of, values in groups.items():
            dated = self._dated(values, expr.at is None, at)
            if not keys_of:
                return dated
            match = " AND ".join(f"{self.sql(k)} = {literal(v)}" for k, v in zip(expr.keys, keys_of, strict=True))
            branches.append(f"WHEN {match} THEN {dated}")
        return f"(CASE {' '.join(branches)} END)"

    def _dated(self, values: list[ParameterValue], today: bool, at: str) -> str:
        ordered = sorted(values, key=lambda value: value.start, reverse=True)
        if today:
            return next((literal(value.value) for value in ordered if value.start <= self.day), "NULL")
        branches = " ".join(f"WHEN {at} >= {literal(v.start)} THEN {literal(v.value)}" for v in ordered)
        return f"(CASE {branches} END)"


def is_bounded(feature: Feature, everything: Mapping[tuple[str, str], Feature]) -> bool:
    """Counts, sums of what cannot be negative and streaks carry a bound, and so does what merely passes them on."""
    match feature:
        case Aggregate() | Rollup():
            return feature.monotone
        case Streak():
            return True
        case Derived(value=Ref(feature=inner, field=None)):
            return is_bounded(everything[feature.subject, inner], everything)
        case Up(field=None):
            return is_bounded(everything[feature.above, feature.feature], everything)
        case _:
            return False


def _settled(bound: str, op: str, other: str) -> str:
    """TRUE or FALSE where a lower bound alone decides the comparison, NULL otherwise."""
    if op in (">", ">="):
        return f"CASE WHEN {bound} {op} {other} THEN TRUE END"
    if op == "<":
        return f"CASE WHEN {bound} >= {other} THEN FALSE END"
    if op in ("<=", "="):
        return f"CASE WHEN {bound} > {other} THEN FALSE END"
    return f"CASE WHEN {bound} > {other} THEN TRUE END"


def _years_before(day: date, years: int) -> date:
    """The last day on which somebody was born who is so many years old on `day`."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return date(day.year - years, 2, 28)


def _index(day: str) -> str:
    return f"(year({day}) * 12 + month({day}))"


def _years(start: str, end: str) -> str:
    return f"(year({end}) - year({start}) - CASE WHEN month({end}) * 100 + day({end}) < month({start}) * 100 + day({start}) THEN 1 ELSE 0 END)"
