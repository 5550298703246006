"""The cells of a mapping as SQL: the value as text, and why it has none. Set-wise, nothing per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from anju.core.contracts.mapping import (
    Amount,
    BornByAge,
    Cell,
    Choices,
    Composed,
    Constant,
    Copied,
    Day,
    DayParts,
    OneHot,
    Source,
    Truth,
)
from anju.lake.checks import day_sql
from anju.lake.duck import quoted

OLDEST = 130  # years; who is said to be older is a slip of the pen
SHOWN = 12  # codes listed in a reason


@dataclass(frozen=True, slots=True)
class CellSql:
    """`value` is a VARCHAR expression, NULL where blank or at fault; `faults` are (condition, reason) of what is wrong."""

    value: str
    faults: tuple[tuple[str, str], ...]


def cell_sql(cell: Cell, of: Callable[[Source], str], *, secret: bool) -> CellSql:
    """`of` gives the SQL of a source's text. `secret` cells (identifiers) are not repeated in a reason."""
    match cell:
        case Constant(text):
            return CellSql(quoted(text), ())
        case Composed(parts):
            return CellSql(" || ".join(quoted(part) if isinstance(part, str) else of(part) for part in parts), ())
        case Copied(source, codes, unknown):
            return _copied(of(source), codes, unknown, secret)
        case Truth(source, yes, no, unknown):
            x = _answered(of(source), unknown)
            value = f"CASE WHEN lower({x}) IN ({_listed(yes)}) THEN 'true' WHEN lower({x}) IN ({_listed(no)}) THEN 'false' END"
            return CellSql(value, (_other(x, [*yes, *no], secret),))
        case BornByAge():
            return _born(cell, of)
        case Day(source, form, unknown):
            x = _answered(of(source), unknown)
            value = f"CAST(TRY_STRPTIME({x}, {quoted(form)})::DATE AS VARCHAR)"
            return CellSql(value, ((f"{x} IS NOT NULL AND {value} IS NULL", _shown(x, f"is not a day written {form}", secret)),))
        case DayParts(year, month, day, unknown):
            y, m, d = (_answered(of(part), unknown) for part in (year, month, day))
            text = f"{y} || '-' || lpad({m}, 2, '0') || '-' || lpad({d}, 2, '0')"
            value = f"CAST(TRY_CAST({text} AS DATE) AS VARCHAR)"
            return CellSql(value, ((f"({text}) IS NOT NULL AND {value} IS NULL", _shown(text, "is not a day", secret)),))
        case Choices(source, split, codes, unknown):
            return _choices(of(source), split, codes, unknown, secret)
        case OneHot(columns, yes, no, none, unknown):
            return _one_hot([(code, _answered(of(source), unknown)) for code, source in columns], yes, no, none, secret)
        case Amount():
            return _amount(cell, of)


def _answered(x: str, unknown: Sequence[str]) -> str:
    """The text, NULL where it means that nothing is known."""
    return f"CASE WHEN lower({x}) IN ({_listed(unknown)}) THEN NULL ELSE {x} END" if unknown else x


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(quoted(text) for text in texts) or "NULL"


def _shown(x: str, what: str, secret: bool) -> str:
    return quoted(what) if secret else f"left({x}, 40) || {quoted(' ' + what)}"


def _other(x: str, known: Sequence[str], secret: bool) -> tuple[str, str]:
    """A text that the mapping says nothing of."""
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    what = f"is not in the mapping, which knows {', '.join(known[:SHOWN])}{more}"
    return f"{x} IS NOT NULL AND lower({x}) NOT IN ({_listed(known)})", _shown(x, what, secret)


def _copied(x: str, codes: object, unknown: Sequence[str], secret: bool) -> CellSql:
    x = _answered(x, unknown)
    if not isinstance(codes, dict):
        return CellSql(x, ())
    branches = " ".join(f"WHEN {quoted(text)} THEN {quoted(code)}" for text, code in codes.items())
    return CellSql(f"CASE lower({x}) {branches} END", (_other(x, list(codes), secret),))


def _born(cell: BornByAge, of: Callable[[Source], str]) -> CellSql:
    """Half a year (or half a month) more than the completed ones, so that the age on that day is the one given."""
    texts = [_answered(of(source), cell.unknown) for source in (cell.years, cell.months) if source is not None]
    years, months = (f"CASE WHEN regexp_full_match({x}, '\\d{{1,4}}') THEN CAST({x} AS INTEGER) END" for x in (texts * 2)[:2])
    on = f"DATE '{cell.on}'" if isinstance(cell.on, date) else f"({day_sql(of(cell.on))})"
    by_years = f"{on} - to_months({years} * 12 + 6)"
    value, faults = by_years, [(f"{texts[0]} IS NOT NULL AND ({years} IS NULL OR {years} > {OLDEST})", _shown(texts[0], "is no age", False))]
    if cell.months is not None:
        value = f"CASE WHEN {texts[1]} IS NOT NULL THEN {on} - to_months({months}) - to_days(15) ELSE {by_years} END"
        wrong = f"{texts[1]} IS NOT NULL AND ({months} IS NULL OR {months} > {OLDEST * 12})"
        faults.append((wrong, _shown(texts[1], "is no age in months", False)))
        both = f"{texts[0]} || ' years and ' || {texts[1]} || ' months do not agree'"
        faults.append((f"{months} // 12 <> {years}", both))
    if isinstance(cell.on, Source):
        given = f"({texts[0]} IS NOT NULL{f' OR {texts[1]} IS NOT NULL' if len(texts) > 1 else ''})"
        faults.append((f"{given} AND {on} IS NULL", quoted("an age needs the day it was given on, and that is empty or no day")))
    return CellSql(f"CAST(CAST({value} AS DATE) AS VARCHAR)", tuple(faults))


def _choices(x: str, split: str, codes: object, unknown: Sequence[str], secret: bool) -> CellSql:
    assert isinstance(codes, dict)
    x = _answered(x, unknown)
    parts = f"list_filter(list_transform(string_split({x}, {quoted(split)}), lambda e: lower(trim(e))), lambda e: e <> '')"
    known = f"[{_listed(list(codes))}]"
    branches = " ".join(f"WHEN {quoted(text)} THEN {quoted(code)}" for text, code in codes.items())
    found = f"list_distinct(list_transform({parts}, lambda e: CASE e {branches} END))"
    value = f"nullif(array_to_string(list_sort({found}), ';'), '')"
    strange = f"list_filter({parts}, lambda e: NOT list_contains({known}, e))"
    what = f"is not in the mapping, which knows {', '.join(list(codes)[:SHOWN])}"
    reason = quoted(f"an answer {what}") if secret else f"left(array_to_string({strange}, ', '), 40) || {quoted(' ' + what)}"
    return CellSql(value, ((f"len({strange}) > 0", reason),))


def _one_hot(columns: Sequence[tuple[str, str]], yes: Sequence[str], no: Sequence[str], none: str, secret: bool) -> CellSql:
    """One answer that is missing leaves the whole list blank: who is not on it would else be taken for a no."""
    known = f"({_listed([*yes, *no])})"
    whole = " AND ".join(f"{x} IS NOT NULL" for _, x in columns)
    said = ", ".join(f"CASE WHEN lower({x}) IN ({_listed(yes)}) THEN {quoted(code)} END" for code, x in columns)
    value = f"CASE WHEN {whole} THEN COALESCE(nullif(concat_ws(';', {said}), ''), {quoted(none)}) END"
    faults = []
    for code, x in columns:
        faults.append((f"{x} IS NOT NULL AND lower({x}) NOT IN {known}", _shown(x, f"is neither yes nor no to {code}", secret)))
    return CellSql(value, tuple(faults))


def _amount(cell: Amount, of: Callable[[Source], str]) -> CellSql:
    """Exact: whole numbers throughout, rounded half away from zero once, at the end."""
    texts = [f"replace(replace({_answered(of(source), cell.unknown)}, ',', ''), '，', '')" for source in cell.sources]
    numbers = [f"CASE WHEN regexp_full_match({x}, '[+-]?\\d{{1,13}}(\\.\\d{{1,4}}0*)?') THEN TRY_CAST({x} AS DECIMAL(18,4)) END" for x in texts]
    faults = tuple((f"{x} IS NOT NULL AND {n} IS NULL", _shown(x, "is not a number with at most 4 places", False))
                   for x, n in zip(texts, numbers, strict=True))  # fmt: skip
    factor = Fraction(cell.times) / Fraction(cell.over) * Fraction(Decimal(10) ** (cell.places - 4))
    total = f"({' + '.join(f'CAST({n} * 10000 AS HUGEINT)' for n in numbers)})"
    rounded = f"(2 * abs({total}) * {factor.numerator} + {factor.denominator}) // {2 * factor.denominator}"
    sign = f"CASE WHEN {total} < 0 AND {rounded} > 0 THEN '-' ELSE '' END"
    if cell.places == 0:
        return CellSql(f"{sign} || CAST({rounded} AS VARCHAR)", faults)
    one = 10**cell.places
    text = f"CAST(({rounded}) // {one} AS VARCHAR) || '.' || lpad(CAST(({rounded}) % {one} AS VARCHAR), {cell.places}, '0')"
    return CellSql(f"{sign} || {text}", faults)
