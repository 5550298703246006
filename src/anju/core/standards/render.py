"""An expression as text again, in the words of the language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

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
    Today,
)


def render(expr: Expr, minor_digits: int = 2) -> str:
    """Readable, and for a checked expression readable back to the same meaning; amounts are in the currency's unit again."""
    match expr:
        case Literal_(value, kind):
            return _literal(value, kind, minor_digits)
        case Ref(feature, field, _):
            return feature + (f".{field}" if field else "")
        case Column(name, _):
            return name
        case Today():
            return "today()"
        case And(parts):
            return " and ".join(_inner(part, minor_digits) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part, minor_digits) for part in parts)
        case Not(part):
            return f"not {_inner(part, minor_digits)}"
        case Compare(op, left, right):
            return f"{render(left, minor_digits)} {op} {render(right, minor_digits)}"
        case Arith(op, left, right, _):
            return f"{_inner(left, minor_digits)} {op} {_inner(right, minor_digits)}"
        case In(item, options):
            return f"{render(item, minor_digits)} in ({', '.join(render(option, minor_digits) for option in options)})"
        case Case(branches, otherwise, _):
            text = " ".join(f"when {render(when, minor_digits)} then {render(then, minor_digits)}" for when, then in branches)
            return f"case {text}" + (f" else {render(otherwise, minor_digits)}" if otherwise is not None else "") + " end"
        case Absent(of):
            return f"absent({render(of, minor_digits)})"
        case Blank(of):
            return f"blank({render(of, minor_digits)})"
        case IfAbsent(of, otherwise, _):
            return f"if_absent({render(of, minor_digits)}, {render(otherwise, minor_digits)})"
        case RatioCompare(op, over, under, than):
            return f"ratio({render(over, minor_digits)}, {render(under, minor_digits)}) {op} {render(than, minor_digits)}"
        case Has(of, code):
            return f"has({render(of, minor_digits)}, {render(code, minor_digits)})"
        case DateSpan(unit, start, end):
            return (
                f"{unit}({render(start, minor_digits)})"
                if isinstance(end, Today)
                else f"{unit}({render(start, minor_digits)}, {render(end, minor_digits)})"
            )
        case Param(name, _, at, _):
            return f"${name}" if at is None else f"at(${name}, {render(at, minor_digits)})"
    raise TypeError(f"an expression of kind {type(expr).__name__} cannot be rendered")


def _inner(expr: Expr, minor_digits: int) -> str:
    return f"({render(expr, minor_digits)})" if isinstance(expr, And | Or | Arith) else render(expr, minor_digits)


def _literal(value: object, kind: str, minor_digits: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "money" and isinstance(value, int | Decimal):
        return format(Decimal(value).scaleb(-minor_digits).normalize(), "f")
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
