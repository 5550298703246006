"""Names in the generated SQL: quoted columns for values, states and bounds, literals, table names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from anju.core.standards.model import State


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def value_column(feature: str, field: str | None = None) -> str:
    return quoted(f"f:{feature}" + (f".{field}" if field else ""))


def state_column(feature: str) -> str:
    return quoted(f"s:{feature}")


def bound_column(feature: str) -> str:
    return quoted(f"b:{feature}")


def area_column(parameter: str) -> str:
    """The values of a parameter in the subject's area, as a list."""
    return quoted(f"q:{parameter}")


def literal(value: object) -> str:
    """A SQL literal. Dates are DATE literals, decimals exact, texts escaped."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def table(subject: str, stratum: int) -> str:
    return quoted(f"t_{subject}_{stratum}")


VALUE, ABSENT, BLANK, UNDELIVERED, AT_LEAST = (state.value for state in State)
