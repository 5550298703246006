"""What makes a cell acceptable, as SQL: its value, and the reason where it has none. Set-wise, nothing per row."""

from __future__ import annotations

from dataclasses import dataclass

from anju.core.contracts.model import Contract, FeedColumn
from anju.core.terms.periods import Calendar
from anju.lake.duck import among, quoted

TRUE_WORDS = ("true", "t", "yes", "y", "1", "是", "有", "已", "对")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否", "无", "未", "错")
EMPTY = ("", "-", "--", "/", "null", "n/a", "无数据", "\\n")
NUMERIC = ("int", "decimal", "rate", "money", "date", "datetime", "month", "week", "quarter", "year")


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """SQL over the trimmed text `t`: `value` is NULL where empty or wrong, `reason` is NULL where right."""

    value: str
    reason: str


def trimmed(c: str, padding: str = "any") -> str:
    """A cell without what stands around it. `padding` is what may stand there: 'none', 'spaces' or 'any'."""
    if padding == "none":
        return c
    return f"trim({c})" if padding == "spaces" else f"trim({c}, ' \t\r\n\u00a0\u3000\ufeff''')"


def emptied(x: str) -> str:
    """A trimmed text, NULL where it is a dash or another word for nothing. Most cells are settled by their first letter."""
    nothing = f"strlen({x}) <= 9 AND {among(f'lower({x})', EMPTY)}"
    return f"CASE WHEN {x} >= '0' AND {x} < 'N' THEN {x} WHEN {nothing} THEN NULL ELSE {x} END"


def cell(position: int | None) -> str:
    """The trimmed text of a cell, NULL where empty or a dash."""
    if position is None:
        return "NULL::VARCHAR"
    raw = trimmed(f"c{position}")
    return f"CASE WHEN {among(f'lower({raw})', EMPTY)} THEN NULL ELSE {raw} END"


def half_width(t: str) -> str:
    """Full-width digits and signs as the plain ones; they mean the same."""
    return f"translate({t}, '０１２３４５６７８９．，－＋／：％', '0123456789.,-+/:%')"


def quick(column: FeedColumn, c: str, minor_digits: int) -> str | None:
    """The value of a cell in the form that nearly every file has, straight from the cell; NULL for any other form.

    It agrees with `slow_value` wherever it gives a value. None: the column has no such form."""
    match column.type:
        case "date":
            return f"CASE WHEN {c} LIKE '____-__-__' AND {c} >= '1' AND {c} < '3' THEN TRY_CAST({c} AS DATE) END"
        case "money" if not column.in_minor_units and minor_digits > 0:
            exact = f"{c} LIKE '%.{'_' * minor_digits}' AND strlen({c}) <= 14 AND NOT contains({c}, '_')"
            shaped = f"{exact} AND (({c} >= '0' AND {c} < ':') OR ({c} >= '-0' AND {c} < '-:'))"
            return f"CASE WHEN {shaped} THEN CAST(TRY_CAST({c} AS DECIMAL(18,{minor_digits})) * {10**minor_digits} AS BIGINT) END"
        case "int":
            return f"CASE WHEN regexp_full_match({c}, '\\d{{1,15}}') THEN CAST({c} AS BIGINT) END"
        case "code" if len(column.codes) <= 40:
            return f"CASE {c} {' '.join(f'WHEN {quoted(code)} THEN {quoted(code)}' for code in column.codes)} END"
        case _:
            return None


Fault = tuple[str, str]  # a condition that is TRUE of a wrong cell, and the reason as a text


def faults(column: FeedColumn, t: str, v: str, minor_digits: int) -> list[Fault]:
    """What may be wrong with a cell of text `t` and value `v`, most telling first."""
    found = []
    if column.required:
        found.append((f"{t} IS NULL AND {v} IS NULL", _why(column, "is empty, and must not be")))
    found.append((f"{t} IS NOT NULL AND {v} IS NULL", _fault(column, t)))
    for limit, op, words in ((column.minimum, "<", "is less than"), (column.maximum, ">", "is more than")):
        if limit is not None and column.type in ("int", "decimal", "rate", "money"):
            scaled = limit * 10**minor_digits if column.type == "money" else limit
            found.append((f"{v} {op} {format(scaled, 'f')}", _why(column, f"{words} {limit}")))
    return found


def check(column: FeedColumn, t: str, calendar: Calendar, minor_digits: int) -> CheckedColumn:
    """The conversion of column type by column type; `t` names the text column."""
    value = slow_value(column, half_width(t) if column.type in NUMERIC else t, calendar, minor_digits)
    reasons = " ".join(f"WHEN {condition} THEN {reason}" for condition, reason in faults(column, t, value, minor_digits))
    return CheckedColumn(value, f"CASE {reasons} END")


def _why(column: FeedColumn, what: str) -> str:
    return quoted(f"{column.title.zh} {column.name}: {what}")


def shown(t: str) -> str:
    """The text of a cell for a message: cut off, and long numbers hidden, because a slipped column may hold an identity number."""
    return f"regexp_replace(left({t}, 40), '(\\d{{4}})\\d{{6,}}[\\dXx]?', '\\1******', 'g')"


def _fault(column: FeedColumn, t: str) -> str:
    """The reason with the text that was found; identifiers are never repeated in a reason."""
    remedy = {
        "date": "is not a day: write 2023-09-26",
        "datetime": "is not a time: write 2023-09-26 08:30",
        "int": "is not a whole number",
        "decimal": "is not a number with at most 4 places",
        "rate": "is not a share: write 0.85 or 85%",
        "money": "is not an exact amount",
        "bool": "is neither yes nor no: write 是 or 否",
        "code": f"is not one of {', '.join(column.codes)}",
        "list": f"holds something else than {', '.join(column.codes)}",
    }.get(column.type, f"is not a {column.type.replace('_', ' ')}")
    if column.klass == "identifier" or column.type in ("person", "household"):
        return _why(column, remedy)
    if column.type in ("date", "datetime"):
        two_ways = f"regexp_full_match({t}, '\\d{{1,2}}[-/.]\\d{{1,2}}[-/.](\\d\\d|\\d{{4}})')"
        advice = f"CASE WHEN {two_ways} THEN ' can be read as two days: write 2023-09-26' ELSE {quoted(' ' + remedy)} END"
        return f"{quoted(f'{column.title.zh} {column.name}: ')} || {shown(t)} || {advice}"
    return f"{quoted(f'{column.title.zh} {column.name}: ')} || {shown(t)} || {quoted(' ' + remedy)}"


def slow_value(column: FeedColumn, t: str, calendar: Calendar, minor_digits: int) -> str:
    """The value in every form that is understood, from the trimmed text (of numbers and days: of half width)."""
    kind = column.type
    plain = f"replace(replace({t}, ',', ''), '，', '')"
    match kind:
        case "int":
            return f"CASE WHEN regexp_full_match({plain}, '[+-]?\\d{{1,15}}(\\.0+)?') THEN CAST(CAST({plain} AS DECIMAL(18,2)) AS BIGINT) END"
        case "decimal":
            return f"CASE WHEN regexp_full_match({plain}, '[+-]?\\d{{1,13}}(\\.\\d{{1,4}}0*)?') THEN TRY_CAST({plain} AS DECIMAL(18,4)) END"
        case "rate":
            bare = f"rtrim({plain}, '%％')"
            number = f"TRY_CAST({bare} AS DECIMAL(18,6))"
            return (
                f"CASE WHEN regexp_full_match({bare}, '[+-]?\\d{{1,6}}(\\.\\d{{1,6}})?') THEN CAST(CASE WHEN {t} LIKE '%\\%' ESCAPE '\\'"
                f" OR {t} LIKE '%％' THEN {number} / 100 ELSE {number} END AS DECIMAL(18,4)) END"
            )
        case "money":
            bare = f"rtrim(ltrim({plain}, '¥￥ '), '元 ')"
            if column.in_minor_units:
                return f"CASE WHEN regexp_full_match({bare}, '[+-]?\\d{{1,15}}') THEN CAST({bare} AS BIGINT) END"
            places = f"(\\.\\d{{1,{minor_digits}}}0*)?" if minor_digits else ""
            return (
                f"CASE WHEN regexp_full_match({bare}, '[+-]?\\d{{1,13}}{places}')"
                f" THEN CAST(CAST({bare} AS DECIMAL(18,{minor_digits})) * {10**minor_digits} AS BIGINT) END"
            )
        case "bool":
            words = [*((word, "TRUE") for word in TRUE_WORDS), *((word, "FALSE") for word in FALSE_WORDS)]
            return f"CASE lower({t}) {' '.join(f'WHEN {quoted(word)} THEN {value}' for word, value in words)} END"
        case "date":
            return day_sql(t)
        case "datetime":
            return f"COALESCE(TRY_CAST({t} AS TIMESTAMP), CAST({day_sql(t)} AS TIMESTAMP))"
        case "code":
            return _code(column, t)
        case "list":
            parts = f"list_transform(string_split_regex({t}, '[;；,，|]+'), lambda e: {_code(column, 'trim(e)')})"
            return f"CASE WHEN {t} IS NOT NULL AND NOT list_contains(list_transform({parts}, lambda e: e IS NULL), TRUE) THEN {parts} END"
        case "month" | "week" | "quarter" | "year" | "term" | "school_year":
            return period_sql(kind, t, calendar)
        case _:
            return t


def day_sql(t: str) -> str:
    """2023-09-26, 2023/9/26, 2023年9月26日, 20230926, with or without a time, or a spreadsheet's serial number."""
    form = r"([12]\d{3})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?|((?:19|20)\d\d)(\d\d)(\d\d)"
    iso = f"regexp_replace({t}, '^(?:{form})$', '\\1\\4-\\2\\5-\\3\\6')"
    serial = f"DATE '1899-12-30' + CAST(CAST({t} AS DECIMAL(10,2)) AS INTEGER)"
    return (
        f"CASE WHEN regexp_full_match({t}, '{form}') THEN TRY_CAST({iso} AS DATE)"
        f" WHEN regexp_full_match({t}, '[1-7]\\d{{4}}(\\.0+)?') THEN {serial} END"
    )


def _code(column: FeedColumn, t: str) -> str:
    spellings = {code.lower(): code for code in column.codes}
    spellings |= {alias.lower(): code for alias, code in column.code_aliases.items()}
    branches = " ".join(f"WHEN {quoted(spelling)} THEN {quoted(code)}" for spelling, code in spellings.items())
    return f"CASE lower({t}) {branches} END"


def period_sql(kind: str, t: str, calendar: Calendar) -> str:
    """The ordinal of a period as INTEGER; forms as in `terms.periods`."""
    if kind == "year":
        return f"CASE WHEN regexp_full_match({t}, '[12]\\d{{3}}年?') THEN CAST(left({t}, 4) AS INTEGER) END"
    month = (
        f"CASE WHEN regexp_full_match({t}, '[12]\\d{{3}}[-/.年]?(0[1-9]|1[0-2])月?')"
        f" THEN CAST(left({t}, 4) AS INTEGER) * 12 + CAST(right(rtrim({t}, '月'), 2) AS INTEGER) - 1 END"
    )
    if kind == "month":
        return month
    if kind == "quarter":
        return (
            f"CASE WHEN regexp_full_match(upper({t}), '[12]\\d{{3}}-?Q[1-4]')"
            f" THEN CAST(left({t}, 4) AS INTEGER) * 4 + CAST(right({t}, 1) AS INTEGER) - 1 ELSE ({month}) // 3 END"
        )
    if kind == "week":
        fourth = f"make_date(CAST(left({t}, 4) AS INTEGER), 1, 4)"  # 4 January lies in the first ISO week
        return (
            f"CASE WHEN regexp_full_match(upper({t}), '[12]\\d{{3}}-?W(0[1-9]|[1-4]\\d|5[0-3])')"
            f" THEN CAST(date_diff('day', DATE '1969-12-29', {fourth}) // 7 + CAST(right({t}, 2) AS INTEGER) - 1 AS INTEGER) END"
        )
    names = calendar.named.get(kind, ())
    branches = " ".join(f"WHEN {quoted(name)} THEN {ordinal}" for ordinal, (name, _, _) in enumerate(names))
    return f"CAST(CASE {t} {branches or 'WHEN NULL THEN NULL'} END AS INTEGER)"


def plain_columns(contract: Contract) -> list[FeedColumn]:
    """The columns that reach the lake under their own name: plain ones, and people other than the linked one."""
    linked = set(contract.links.values())
    return [
        column for column in contract.columns
        if column.name not in linked and (column.klass == "plain" or column.type in ("person", "household", "place"))
    ]  # fmt: skip
