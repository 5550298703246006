"""What makes a cell acceptable, as SQL: its value, and the reason where it has none. Set-wise, nothing per row."""

from __future__ import annotations

from dataclasses import dataclass

from anju.core.contracts.model import Contract, FeedColumn
from anju.core.terms.periods import Calendar
from anju.lake.duck import quoted

TRUE_WORDS = ("true", "t", "yes", "y", "1", "是", "有", "已", "对")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否", "无", "未", "错")
EMPTY = "('', '-', '--', '/', 'null', 'n/a', '无数据', '\\N')"
KINDS_AS_TEXT = ("text",)
PERIODS = ("month", "week", "quarter", "term", "school_year", "year")


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """SQL over the trimmed text `t`: `value` is NULL where empty or wrong, `reason` is NULL where right."""

    value: str
    reason: str


def cell(position: int | None) -> str:
    """The trimmed text of a cell, NULL where empty or a dash."""
    if position is None:
        return "NULL::VARCHAR"
    raw = f"trim(c{position}, ' \t\r\n\u3000\ufeff''')"
    return f"CASE WHEN c{position} IS NULL OR lower({raw}) IN {EMPTY} THEN NULL ELSE {raw} END"


def check(column: FeedColumn, t: str, calendar: Calendar, minor_digits: int) -> CheckedColumn:
    """The conversion of column type by column type; `t` names the text column."""
    value = _value(column, t, calendar, minor_digits)
    reasons = []
    if column.required:
        reasons.append(f"WHEN {t} IS NULL THEN {_why(column, 'is empty, and must not be')}")
    reasons.append(f"WHEN {t} IS NOT NULL AND {value} IS NULL THEN {_fault(column, t)}")
    for limit, op, words in ((column.minimum, "<", "is less than"), (column.maximum, ">", "is more than")):
        if limit is not None and column.type in ("int", "decimal", "rate", "money"):
            scaled = limit * 10**minor_digits if column.type == "money" else limit
            reasons.append(f"WHEN {value} {op} {format(scaled, 'f')} THEN {_why(column, f'{words} {limit}')}")
    return CheckedColumn(value, f"CASE {' '.join(reasons)} END")


def _why(column: FeedColumn, what: str) -> str:
    return quoted(f"{column.title.zh} {column.name}: {what}")


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
    return f"{quoted(f'{column.title.zh} {column.name}: ')} || left({t}, 40) || {quoted(' ' + remedy)}"


def _value(column: FeedColumn, t: str, calendar: Calendar, minor_digits: int) -> str:
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
            yes = ", ".join(quoted(word) for word in TRUE_WORDS)
            no = ", ".join(quoted(word) for word in FALSE_WORDS)
            return f"CASE WHEN lower({t}) IN ({yes}) THEN TRUE WHEN lower({t}) IN ({no}) THEN FALSE END"
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
    """2023-09-26, 2023/9/26, 2023年9月26日, 20230926, or a spreadsheet's serial number."""
    parts = f"regexp_extract({t}, '^(\\d{{4}})[-/.年](\\d{{1,2}})[-/.月](\\d{{1,2}})日?([ T].*)?$', ['y', 'm', 'd', 'r'])"
    joined = f"({parts}).y || '-' || lpad(({parts}).m, 2, '0') || '-' || lpad(({parts}).d, 2, '0')"
    return (
        f"CASE WHEN regexp_full_match({t}, '\\d{{4}}-\\d{{2}}-\\d{{2}}') THEN TRY_CAST({t} AS DATE)"
        f" WHEN regexp_full_match({t}, '(19|20)\\d{{6}}')"
        f" THEN TRY_CAST(left({t}, 4) || '-' || substr({t}, 5, 2) || '-' || right({t}, 2) AS DATE)"
        f" WHEN regexp_full_match({t}, '[1-7]\\d{{4}}(\\.0+)?')"
        f" THEN DATE '1899-12-30' + CAST(CAST({t} AS DECIMAL(10,2)) AS INTEGER)"
        f" WHEN regexp_full_match({t}, '\\d{{4}}[-/.年]\\d{{1,2}}[-/.月]\\d{{1,2}}日?([ T].*)?') THEN TRY_CAST({joined} AS DATE) END"
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
