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


def render(expr: Expr) -> str:
    """Readable, and for a checked expression readable back to the same meaning; amounts are in yuan again."""
    match expr:
        case Literal_(value, kind):
            return _literal(value, kind)
        case Ref(feature, field, _):
            return feature + (f".{field}" if field else "")
        case Column(name, _):
            return name
        case Today():
            return "today()"
        case And(parts):
            return " and ".join(_inner(part) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(part):
            return f"not {_inner(part)}"
        case Compare(op, left, right):
            return f"{render(left)} {op} {render(right)}"
        case Arith(op, left, right, _):
            return f"{_inner(left)} {op} {_inner(right)}"
        case In(item, options):
            return f"{render(item)} in ({', '.join(render(option) for option in options)})"
        case Case(branches, otherwise, _):
            text = " ".join(f"when {render(when)} then {render(then)}" for when, then in branches)
            return f"case {text}" + (f" else {render(otherwise)}" if otherwise is not None else "") + " end"
        case Absent(of):
            return f"absent({render(of)})"
        case Blank(of):
            return f"blank({render(of)})"
        case IfAbsent(of, otherwise, _):
            return f"if_absent({render(of)}, {render(otherwise)})"
        case RatioCompare(op, over, under, than):
            return f"ratio({render(over)}, {render(under)}) {op} {render(than)}"
        case Has(of, code):
            return f"has({render(of)}, {render(code)})"
        case DateSpan(unit, start, end):
            return f"{unit}({render(start)})" if isinstance(end, Today) else f"{unit}({render(start)}, {render(end)})"
        case Param(name, _, at, _):
            return f"${name}" if at is None else f"at(${name}, {render(at)})"
    raise TypeError(f"an expression of kind {type(expr).__name__} cannot be rendered")


def _inner(expr: Expr) -> str:
    return f"({render(expr)})" if isinstance(expr, And | Or | Arith) else render(expr)


def _literal(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "money" and isinstance(value, int | Decimal):
        return format((Decimal(value) / 100).normalize(), "f")
    if isinstance(value, date):
        return f"date '{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
