"""Every cell of a file as its value, and which rows are wrong: SQL in layers, so that no expression is computed twice.

A cell is first read in the form nearly every file has; only where that gives nothing is it trimmed and tried in every form.
Why a row is wrong is worked out only for the rows that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from anju.core.contracts.model import Contract, FeedColumn
from anju.core.terms.periods import Calendar
from anju.lake.checks import NUMERIC, emptied, faults, half_width, plain_columns, quick, shown, slow_value, trimmed
from anju.lake.duck import among, quoted
from anju.lake.duck import name as named
from anju.lake.headers import DELETE_WORDS, KEEP_WORDS, TOTALS, HeaderMap
from anju.lake.rows import COLUMN_SQL

LINK_KINDS = ("person", "household", "place")
NOBODY = {"person": "nobody in the register has this number", "household": "no household of this code", "place": "no place of this code"}
FAULT_TEXT = "CASE WHEN f.c = '' THEN f.r ELSE f.c || ': ' || f.r END"
LATE = "happened after it was received: check the date"


@dataclass(frozen=True, slots=True)
class Judging:
    """What to make of the cells of a file. `received` is the day: an event after it cannot have happened."""

    contract: Contract
    headers: HeaderMap
    calendar: Calendar
    minor_digits: int
    received: date
    valid: date  # the day a state speaks of
    unit: str | None = None  # who sends it, where that is a management unit
    padding: str = "any"
    linked: dict[str, str] = field(default_factory=dict)  # link columns the file has -> 'person' | 'household' | 'place'

    def values_sql(self, source: str, *, faulty: bool) -> str:
        """One row per row of `source`, in its order: the values, `t:<column>` for links, `deleted`, `skip` and `bad`.

        `faulty`: the source has a column `faults`."""
        wrong = [condition for condition, _ in self._faults()]
        if faulty:
            wrong.append("len(faults) > 0")
        bad = f"COALESCE({' OR '.join(f'({condition})' for condition in wrong) or 'FALSE'}, FALSE)"
        carry = ("faults",) if faulty else ()
        return f"SELECT {', '.join(self._outputs())}, {self._skip(faulty)} AS skip, {bad} AS bad FROM ({self._valued(source, carry)})"

    def reasons_sql(self, source: str) -> str:
        """The same for rows set aside, with `nth`, `line`, `reason` and `stranger`; `source` has nth, line, said and faults.

        Joins the tables `keys_<column>`."""
        reasons = ["said", f"array_to_string(list_transform(faults, lambda f: {FAULT_TEXT}), '; ')"]
        reasons += [f"CASE WHEN {condition} THEN {reason} END" for condition, reason in self._faults()]
        strangers = []
        for column, kind in self.linked.items():
            title = next(f"{c.title.zh} {c.name}: " for c in self.contract.columns if c.name == column)
            keys, t = named("keys_" + column), named("t:" + column)
            nobody = f"{t} IS NOT NULL AND {keys}.k IS NULL"
            reasons.append(
                f"CASE WHEN {keys}.why IS NOT NULL THEN {quoted(title)} || {keys}.why WHEN {nobody} THEN {quoted(title + NOBODY[kind])} END"
            )
            if self.contract.links.get(kind) == column and kind != "place":
                strangers.append(f"({nobody} AND {keys}.why IS NULL)")
        spoken = ", ".join(f"nullif({reason}, '')" for reason in reasons)
        reason = f"COALESCE(nullif(concat_ws('; ', {spoken}), ''), 'cannot be read')"
        values = (
            f"SELECT nth, line, said, faults, {', '.join(self._everything())} FROM ({self._valued(source, ('nth', 'line', 'said', 'faults'))})"
        )
        inner = (
            f"SELECT nth, line, {', '.join(self._outputs(of_links=True))}, {reason} AS reason, {' OR '.join(strangers) or 'FALSE'} AS stranger"
        )
        return self.dated(f"{inner} FROM ({values}) {self.joins()}")

    def joins(self, left: str = "") -> str:
        dot = f"{left}." if left else ""
        return " ".join(f"LEFT JOIN {named('keys_' + c)} ON {named('keys_' + c)}.v = {dot}{named('t:' + c)}" for c in self.linked)

    def unlinked_sql(self) -> str:
        """TRUE of a row that names somebody or some place we do not know."""
        return " OR ".join(f"({named('t:' + c)} IS NOT NULL AND {named('keys_' + c)}.k IS NULL)" for c in self.linked) or "FALSE"

    def good_sql(self, where: str) -> str:
        """The rows of `checked` that are taken, with our own keys, period, valid day and unit. `nth` counts from 0."""
        own = ", ".join(self._own())
        inner = f"SELECT c.rowid AS nth, {self._keys()}{', ' if own else ''}{own}, deleted FROM checked c {self.joins('c')} WHERE {where}"
        return self.dated(inner)

    def _keys(self) -> str:
        at = {kind: column for kind, column in self.contract.links.items() if column in self.linked}
        return ", ".join(f"{named('keys_' + at[kind])}.k AS {kind}_id" if kind in at else f"NULL::BIGINT AS {kind}_id" for kind in LINK_KINDS)

    def _own(self) -> list[str]:
        """The plain columns: values as they are, and keys of people other than the linked one."""
        return [
            f"{named('keys_' + c.name)}.k AS {named(c.name)}" if c.name in self.linked
            else f"NULL::BIGINT AS {named(c.name)}" if c.type in LINK_KINDS else named(c.name)
            for c in plain_columns(self.contract)
        ]  # fmt: skip

    # --- layers ---------------------------------------------------------------------------------------------------

    def _read(self) -> list[tuple[int, FeedColumn, str]]:
        """(number, column, cell) of the contract's columns that the file has."""
        found = enumerate(self.contract.columns)
        return [(n, column, f"c{self.headers.columns[column.name]}") for n, column in found if column.name in self.headers.columns]

    def _valued(self, source: str, carry: Sequence[str]) -> str:
        """Columns t<n> (text; of quickly read cells NULL) and v<n> (value), and those of `carry`."""
        first: list[str] = [*carry]
        second: list[str] = [*carry]
        third: list[str] = [*carry]
        fourth: list[str] = [*carry]
        for n, column, c in self._read():
            fast = quick(column, c, self.minor_digits)
            wide = column.type in NUMERIC
            if fast is None:
                text = trimmed(c, self.padding)
                first.append(f"{half_width(text) if wide else text} AS x{n}")
                second.append(f"x{n}")
            else:
                text = trimmed(f"w{n}", self.padding)
                first += [f"{c} AS w{n}", f"{fast} AS q{n}"]
                second += [f"CASE WHEN q{n} IS NULL THEN {half_width(text) if wide else text} END AS x{n}", f"q{n}"]
                third.append(f"q{n}")
            third.append(f"{emptied(f'x{n}')} AS t{n}")
            value = slow_value(column, f"t{n}", self.calendar, self.minor_digits)
            if column.type not in LINK_KINDS and column.type != "text":
                value = f"CAST({value} AS {COLUMN_SQL[column.type]})"
            fourth += [f"t{n}", f"COALESCE(q{n}, {value}) AS v{n}" if fast is not None else f"{value} AS v{n}"]
        for name, position in (("o", self.headers.operation), ("h", self._before())):
            if position is not None:
                first.append(f"lower({trimmed(f'c{position}', self.padding)}) AS {name}")
                second.append(name)
                third.append(name)
                fourth.append(name)
        if not first:
            first, second, third, fourth = ["1 AS nothing"], ["nothing"], ["nothing"], ["nothing"]
        rows = f"SELECT {', '.join(first)} FROM {source}"
        for layer in (second, third, fourth):
            rows = f"SELECT {', '.join(layer)} FROM ({rows})"
        return rows

    def _before(self) -> int | None:
        """The file's first column, where it is none of the contract's: a running number, or the word for a total."""
        return None if 0 in self.headers.columns.values() or self.headers.operation == 0 else 0

    def _everything(self) -> list[str]:
        names = [f"t{n}" for n, _, _ in self._read()] + [f"v{n}" for n, _, _ in self._read()]
        names += [f"t{n} AS {named('t:' + c.name)}" for n, c, _ in self._read() if c.name in self.linked]
        return names + (["o"] if self.headers.operation is not None else [])

    def _outputs(self, *, of_links: bool = False) -> list[str]:
        """The plain columns by name, `t:<column>` for links (or with `of_links` our own keys), and `deleted`."""
        plain = {column.name for column in plain_columns(self.contract)}
        at = {column.name: n for n, column, _ in self._read()}
        items = [self._keys(), *(own for own in self._own() if ".k AS " in own or "NULL::BIGINT" in own)] if of_links else []
        for column in self.contract.columns:
            if column.type in LINK_KINDS:
                if column.name in at and not of_links:
                    items.append(f"t{at[column.name]} AS {named('t:' + column.name)}")
                continue
            if column.name not in plain:
                continue
            value = f"v{at[column.name]}" if column.name in at else f"NULL::{COLUMN_SQL[column.type]}"
            if column.type == "bool" and column.empty_means == "no":
                value = f"COALESCE({value}, FALSE)"
            items.append(f"{value} AS {named(column.name)}")
        return [*items, f"{self._deleted()} AS deleted"]

    def _deleted(self) -> str:
        if self.headers.operation is None:
            return "FALSE"
        return among("o", DELETE_WORDS)

    def _faults(self) -> list[tuple[str, str]]:
        """Conditions of a wrong row over the layers, each with its reason. A row that deletes needs only its key."""
        found: list[tuple[str, str]] = []
        deletes = self.headers.operation is not None
        for n, column, _ in self._read():
            only = f" AND NOT {self._deleted()}" if deletes and column.name not in self.contract.key else ""
            if column.type in LINK_KINDS:
                if column.required or column.name in self.contract.key:
                    found.append((f"t{n} IS NULL{only}", quoted(f"{column.title.zh} {column.name}: is empty, and must not be")))
                continue
            for condition, reason in faults(column, f"t{n}", f"v{n}", self.minor_digits):
                if column.type == "text" and "IS NOT NULL" in condition:
                    continue  # a text has no wrong form
                found.append((f"{condition}{only}", reason))
            if self.contract.kind == "event" and column.name == self.contract.valid_column:
                found.append((f"CAST(v{n} AS DATE) > DATE '{self.received}'", quoted(LATE)))
        if deletes:
            what = f"'操作 op: ' || {shown('o')} || {quoted(f' is not one of {DELETE_WORDS[0]}, {KEEP_WORDS[1]}')}"
            found.append((f"o IS NOT NULL AND NOT {among('o', (*DELETE_WORDS, *KEEP_WORDS))}", what))
        return found

    def _skip(self, faulty: bool) -> str:
        """Empty rows, and rows of totals: the word stands first, and at most half of the other cells are filled."""
        used = sorted(self._read(), key=lambda found: self.headers.columns[found[1].name])
        if not used:
            return "FALSE"
        filled = [f"(t{n} IS NOT NULL OR v{n} IS NOT NULL)" for n, _, _ in used]
        heads = [f"lower(t{used[0][0]})", *(["h"] if self._before() is not None else [])]
        first = " OR ".join(among(f"translate({head}, ' ：:', '')", TOTALS) for head in heads)
        rest = filled[1:]
        half = max(1, len(rest) // 2)
        thin = f"{' + '.join(f'CAST({part} AS INTEGER)' for part in rest) or '0'} <= {half}"
        empty = f"NOT ({' OR '.join(filled)})"
        if faulty:  # a row that could not even be cut into cells is not empty
            empty += " AND len(COALESCE(faults, [])) = 0"
        # most rows are so full that they are neither: that is seen before any word is looked at
        likely = sorted(used[1:], key=lambda found: not found[1].required)[: half + 1]
        full = " AND ".join(f"v{n} IS NOT NULL" for n, _, _ in likely) if len(likely) > half else "FALSE"
        return f"CASE WHEN {full} THEN FALSE WHEN {first} THEN {thin} ELSE {empty} END"

    # --- when and by whom -----------------------------------------------------------------------------------------

    @property
    def sender(self) -> str | None:
        """Who all rows are of; None where each row says it itself."""
        return "all" if self.contract.by == "programme" else (self.unit or "") if self.contract.by == "unit" else None

    def dated(self, rows: str) -> str:
        """`rows` with x_period, x_valid and x_unit."""
        c = self.contract
        plain = {column.name for column in plain_columns(c)}
        period = "NULL::INTEGER"
        valid = f"DATE '{self.valid}'"
        if c.period_column is not None:
            column = next(col for col in c.columns if col.name == c.period_column)
            own = named(c.period_column)
            period = own if column.type == c.cadence else _converted(column.type, c.cadence, own)
            valid = self._day_of(period)
        elif c.valid_column is not None and c.valid_column in plain:
            valid = f"CAST({named(c.valid_column)} AS DATE)"
            if c.kind == "event":
                period = _period_of(c.cadence, valid)
        if self.headers.operation is not None:  # a row that takes another back has no day of its own
            valid = f"COALESCE({valid}, CASE WHEN deleted THEN DATE '{'1900-01-01' if c.kind != 'state' else self.valid}' END)"
        unit = quoted(self.sender) if self.sender is not None else f"CAST({named(c.by)} AS VARCHAR)"
        return f"SELECT *, CAST({period} AS INTEGER) AS x_period, {valid} AS x_valid, {unit} AS x_unit FROM ({rows})"

    def _day_of(self, period: str) -> str:
        cadence, dated = self.contract.cadence, self.contract.dated
        step = 0 if dated == "start" else 1
        months = {"month": 1, "quarter": 3, "year": 12}.get(cadence)
        if months is not None:
            start = {"month": f"make_date(({period} + {step}) // 12, ({period} + {step}) % 12 + 1, 1)",
                     "quarter": f"make_date(({period} + {step}) // 4, ({period} + {step}) % 4 * 3 + 1, 1)",
                     "year": f"make_date({period} + {step}, 1, 1)"}[cadence]  # fmt: skip
            return f"CAST({start} AS DATE) - {step}"
        if cadence in ("week", "school_week"):
            return f"DATE '1969-12-29' + CAST({period} AS INTEGER) * 7 + {6 if dated == 'end' else 0}"
        names = self.calendar.named.get(cadence, ())
        branches = " ".join(f"WHEN {n} THEN DATE '{first if dated == 'start' else last}'" for n, (_, first, last) in enumerate(names))
        return f"CASE {period} {branches or 'WHEN NULL THEN NULL::DATE'} END"


def _converted(kind: str, cadence: str, own: str) -> str:
    """The ordinal of the cadence's period from a finer one: a month names its quarter and its year."""
    if kind == "week" and cadence == "school_week":
        return own
    if kind == "month" and cadence == "quarter":
        return f"{own} // 3"
    if kind == "month" and cadence == "year":
        return f"{own} // 12"
    if kind == "quarter" and cadence == "year":
        return f"{own} // 4"
    raise ValueError(f"a {kind} does not name a {cadence}: the contract's period column and cadence do not fit")


def _period_of(cadence: str, day: str) -> str:
    return {
        "day": f"date_diff('day', DATE '1970-01-01', {day})",
        "week": f"date_diff('day', DATE '1969-12-29', {day}) // 7",
        "month": f"year({day}) * 12 + month({day}) - 1",
        "quarter": f"year({day}) * 4 + quarter({day}) - 1",
        "year": f"year({day})",
    }.get(cadence, "NULL::INTEGER")
