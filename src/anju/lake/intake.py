"""Takes one delivered file in: every row accepted, set aside with the reason per cell, or counted as a duplicate.

Nothing is half taken in: the accepted rows become one immutable Parquet file by a rename, the rows set aside one
encrypted file, and only then does the caller get a receipt to record. An interrupted intake leaves only `.partial`.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.terms.identifiers import VALIDATORS
from anju.lake.checks import cell, check, plain_columns
from anju.lake.duck import name as named
from anju.lake.duck import open_duckdb, quoted
from anju.lake.files import FileRefused, load_raw
from anju.lake.headers import TOTALS, HeaderMap, map_headers, recognised
from anju.lake.refused import write_refused
from anju.lake.rows import COLUMN_SQL

ROW_BITS = 24  # rows of one delivery are numbered below 2^24
LINK_KINDS = ("person", "household", "place")


class Directory(Protocol):
    """Turns identifiers into our own keys, set-wise: an array of texts to an int64 array, null where unknown."""

    def people(self, values: pa.Array) -> pa.Array: ...

    def households(self, values: pa.Array) -> pa.Array: ...

    def places(self, values: pa.Array) -> pa.Array: ...


class Vault(Protocol):
    """Encrypts what holds full identifiers."""

    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row set aside about somebody we know, so that the feature is unknown for them and not absent."""

    person_id: int | None
    household_id: int | None
    place_id: int | None
    period: int | None
    valid: date | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """rows = accepted + refused + duplicates + skipped, always. `coverage` lists (unit, period ordinal, rows)."""

    delivery_id: int
    feed: str
    valid: date
    received_at: datetime
    rows: int
    accepted: int
    refused: int
    duplicates: int
    skipped: int
    matched_rate: Decimal | None
    coverage: tuple[tuple[str, int | None, int], ...]
    refusals: tuple[Refusal, ...]
    reasons: Mapping[str, int]
    unknown_people: int
    sha256: str
    content_hash: str
    held_reason: str | None
    messages: tuple[str, ...]
    units: tuple[str, ...] = field(default=())


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_in(
    root: Path,
    contract: Contract,
    programme: Programme,
    path: Path,
    *,
    delivery_id: int,
    directory: Directory,
    vault: Vault,
    received_at: datetime,
    unit: str | None = None,
    valid: date | None = None,
    periods: tuple[str, str] | None = None,
    previous: Mapping[str, int] | None = None,
    remembered: Mapping[str, str] | None = None,
    others: Sequence[Contract] = (),
    memory_limit: str = "2GB",
) -> Receipt:
    """Takes `path` into the lake at `root`. `unit` is who sends it, for feeds delivered by management unit.

    `periods` is the first and last period a file of events speaks for, as its sender says: a month in which
    nothing happened is delivered all the same. `previous` is what the last delivery of the same sender covered,
    rows by unit, for holding a roll that shrinks. Raises FileRefused where the file as a whole cannot be taken;
    then nothing has changed."""
    if contract.by == "unit" and unit is None:
        raise FileRefused(f"who sends this {contract.code}?", "it is delivered by management unit", "say --unit CODE")
    work = Path(tempfile.mkdtemp(prefix="intake-", dir=_made(root / "work")))
    con = open_duckdb(memory_limit=memory_limit, temp_directory=work)
    try:
        sender = _Sender(unit, valid or received_at.date(), periods)
        intake = _Intake(con, root, contract, programme, delivery_id, directory, vault, received_at, sender)
        raw = load_raw(con, path, lambda row: recognised(row, contract), work)
        headers = map_headers(raw.header, contract, remembered, others)
        intake.has_faults = raw.has_faults
        return intake.take(path, raw.header, headers, raw.messages, previous or {})
    finally:
        con.close()
        shutil.rmtree(work, ignore_errors=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class _Sender:
    """What the sender says of the file: who, speaking of which day, and for events of which periods."""

    unit: str | None
    valid: date
    periods: tuple[str, str] | None


class _Intake:
    def __init__(
        self,
        con: Any,
        root: Path,
        contract: Contract,
        programme: Programme,
        delivery_id: int,
        directory: Directory,
        vault: Vault,
        received_at: datetime,
        sender: _Sender,
    ) -> None:
        self.con, self.root, self.contract, self.programme = con, root, contract, programme
        self.delivery_id, self.directory, self.vault = delivery_id, directory, vault
        self.received_at = received_at
        self.unit, self.valid, self.periods = sender.unit, sender.valid, sender.periods
        self.calendar = calendar_of(programme)
        self.has_faults = False  # whether rows come with faults that a mapping has found

    def take(self, path: Path, header: Sequence[str], headers: HeaderMap, messages: Sequence[str], previous: Mapping[str, int]) -> Receipt:
        total = self._one("SELECT count(*) FROM raw")
        if total >= 1 << ROW_BITS:
            raise FileRefused(f"'{path.name}' has {total:,} rows", f"at most {(1 << ROW_BITS) - 1:,} are taken at once", "send it in parts")
        skipped = self._drop_empty_and_totals(headers)
        self._link(headers)
        self._check(headers)
        duplicates = self._settle_duplicates()
        accepted = self._one("SELECT count(*) FROM checked WHERE reason IS NULL")
        refused = self._one("SELECT count(*) FROM checked WHERE reason IS NOT NULL")
        if total != accepted + refused + duplicates + skipped:
            raise RuntimeError(f"intake lost count of {path.name}: {total} rows, {accepted} + {refused} + {duplicates} + {skipped}")
        if accepted == 0 and refused:
            reason = self.con.execute("SELECT reason FROM checked LIMIT 1").fetchall()[0][0]
            raise FileRefused(f"no row of '{path.name}' can be used", f"the first one: {reason}", "is this the right file?")
        coverage = self._coverage()
        target = self._write(refused, header)
        content = self._content(target)
        digest = hashlib.sha256(repr((accepted, self.unit, content)).encode()).hexdigest()
        notes = [*messages, *([f"{skipped} empty rows and rows of totals skipped"] if skipped else [])]
        if headers.unknown:
            notes.append(f"columns not known and left out: {', '.join(headers.unknown)}")
        unknown = self._one("SELECT count(*) FROM checked WHERE stranger")
        return Receipt(
            delivery_id=self.delivery_id,
            feed=self.contract.code,
            valid=self.valid,
            received_at=self.received_at,
            rows=total,
            accepted=accepted,
            refused=refused,
            duplicates=duplicates,
            skipped=skipped,
            matched_rate=self._matched(accepted, unknown),
            coverage=coverage,
            refusals=self._refusals(),
            reasons=dict(
                self.con.execute(
                    "SELECT reason, count(*) FROM checked WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50"
                ).fetchall()
            ),
            unknown_people=unknown,
            sha256=file_hash(path),
            content_hash=digest,
            held_reason=self._held(coverage, previous),
            messages=tuple(notes),
            units=tuple(sorted({unit for unit, _, _ in coverage})),
        )

    def _content(self, target: Path) -> str:
        """What the file says, whatever the order of its rows: a sum of row hashes, in which no two rows cancel out."""
        aside = ("row_id", "delivery_id", "known_at", "valid")
        columns = [row[0] for row in self.con.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(str(target))})").fetchall()]
        whole = ", ".join(named(column) for column in columns if column not in aside)
        row = self.con.execute(f"SELECT sum(hash(({whole}))::HUGEINT), count(*) FROM read_parquet({quoted(str(target))})").fetchall()[0]
        return str(row)

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    # --- rows that are no data --------------------------------------------------------------------------------

    def _drop_empty_and_totals(self, headers: HeaderMap) -> int:
        before = self._one("SELECT count(*) FROM raw")
        used = sorted(set(headers.columns.values()))
        if not used:
            return 0
        empty = " AND ".join(f"{cell(position)} IS NULL" for position in used)
        words = ", ".join(quoted(word) for word in TOTALS)
        first = f"replace(lower(COALESCE(trim(c{used[0]}), '')), ' ', '')"
        rest = [position for position in used[1:] if position != used[0]]
        thin = f"list_sum([{', '.join(f'CASE WHEN {cell(p)} IS NULL THEN 0 ELSE 1 END' for p in rest) or '0'}]) <= {max(1, len(rest) // 2)}"
        self.con.execute(f"DELETE FROM raw WHERE ({empty}) OR (rtrim({first}, ':：') IN ({words}) AND {thin})")
        return before - self._one("SELECT count(*) FROM raw")

    # --- whose row it is ----------------------------------------------------------------------------------------

    def _link(self, headers: HeaderMap) -> None:
        """`keys_<column>`: every distinct identifier of a person, household or place column with our own key."""
        validator = VALIDATORS[self.programme.identifiers[0].validator]
        for column in self.contract.columns:
            if column.type not in LINK_KINDS or column.name not in headers.columns:
                continue
            position = headers.columns[column.name]
            values = (
                self.con.sql(f"SELECT DISTINCT {cell(position)} AS v FROM raw WHERE {cell(position)} IS NOT NULL")
                .to_arrow_table()["v"]
                .combine_chunks()
            )
            reasons: list[str | None] = [None] * len(values)
            normal = values
            if column.type == "person":
                normal, reasons = _normalised(values, validator)
            look_up = {"person": self.directory.people, "household": self.directory.households, "place": self.directory.places}
            keys = look_up[column.type](normal)
            table = pa.table({"v": values, "k": keys, "why": pa.array(reasons, pa.string())})
            self.con.register("keys_arrow", table)
            self.con.execute(f"CREATE TEMP TABLE {named('keys_' + column.name)} AS SELECT * FROM keys_arrow")
            self.con.unregister("keys_arrow")

    def _check(self, headers: HeaderMap) -> None:
        """`checked`: line, our keys, every plain column converted, and one reason per row (NULL: accepted)."""
        texts, joins, items, reasons = ["line"], [], ["line"], []
        linked = {column: kind for kind, column in self.contract.links.items()}
        strangers = []
        plain = {column.name for column in plain_columns(self.contract)}
        for column in self.contract.columns:
            t = named("t:" + column.name)
            texts.append(f"{cell(headers.columns.get(column.name))} AS {t}")
            if column.type in LINK_KINDS:
                key = "NULL::BIGINT"
                if column.name in headers.columns:
                    alias = named("keys_" + column.name)
                    joins.append(f"LEFT JOIN {alias} ON {alias}.v = {t}")
                    key = f"{alias}.k"
                    title = f"{column.title.zh} {column.name}: "
                    word = {"person": "nobody in the register has this number", "household": "no household of this code",
                            "place": "no place of this code"}[column.type]  # fmt: skip
                    reasons.append(f"CASE WHEN {alias}.why IS NOT NULL THEN {quoted(title)} || {alias}.why"
                                   f" WHEN {t} IS NOT NULL AND {key} IS NULL THEN {quoted(title + word)} END")  # fmt: skip
                    if column.type in ("person", "household") and column.name in linked:
                        strangers.append(f"({t} IS NOT NULL AND {key} IS NULL AND {alias}.why IS NULL)")
                if column.required or (column.name in self.contract.key):
                    reasons.append(f"CASE WHEN {t} IS NULL THEN {quoted(f'{column.title.zh} {column.name}: is empty, and must not be')} END")
                kind = linked.get(column.name)
                if kind is not None:
                    items.append(f"{key} AS {kind}_id")
                elif column.name in plain:
                    items.append(f"{key} AS {named(column.name)}")
                continue
            checked = check(column, t, self.calendar, self.programme.minor_digits)
            reasons.append(checked.reason)
            if column.name in plain:
                value = checked.value
                if column.type == "bool" and column.empty_means == "no":
                    value = f"COALESCE({value}, FALSE)"
                items.append(f"CAST({value} AS {COLUMN_SQL[column.type]}) AS {named(column.name)}")
        for kind in LINK_KINDS:
            if kind not in self.contract.links:
                items.append(f"NULL::BIGINT AS {kind}_id")
        list_of = f"list_filter([{', '.join(reasons)}], lambda e: e IS NOT NULL)"
        if self.has_faults:
            texts.append("faults")
            list_of = f"list_concat(list_transform(faults, lambda f: f.c || ': ' || f.r), {list_of})"
        items.append(f"nullif(array_to_string({list_of}, '; '), '') AS reason")
        items.append(f"{' OR '.join(strangers) or 'FALSE'} AS stranger")
        self.con.execute(f"CREATE TEMP TABLE checked AS SELECT {', '.join(items)} FROM (SELECT {', '.join(texts)} FROM raw) {' '.join(joins)}")
        self._dates_and_units()

    def _dates_and_units(self) -> None:
        """Adds period, valid and unit; a row about a day after it was received is set aside."""
        c = self.contract
        plain = {column.name for column in plain_columns(c)}
        period = "NULL::INTEGER"
        valid = f"DATE '{self.valid}'"
        if c.period_column is not None:
            column = next(col for col in c.columns if col.name == c.period_column)
            own = named(c.period_column)
            period = own if column.type == c.cadence else _converted(column.type, c.cadence, own)
            valid = self._dated(period)
        elif c.valid_column is not None and c.valid_column in plain:
            valid = f"CAST({named(c.valid_column)} AS DATE)"
            if c.kind == "event":
                period = _period_of(c.cadence, valid)
        unit = "'all'" if c.by == "programme" else quoted(self.unit or "") if c.by == "unit" else f"CAST({named(c.by)} AS VARCHAR)"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE checked AS SELECT *, CAST({period} AS INTEGER) AS x_period, {valid} AS x_valid, {unit} AS x_unit"
            " FROM checked"
        )
        if c.kind == "event":
            late = quoted("happened after it was received: check the date")
            self.con.execute(
                f"UPDATE checked SET reason = COALESCE(reason || '; ', '') || {late} WHERE x_valid > DATE '{self.received_at.date()}'"
            )

    def _dated(self, period: str) -> str:
        cadence, dated = self.contract.cadence, self.contract.dated
        step = 0 if dated == "start" else 1
        months = {"month": 1, "quarter": 3, "year": 12}.get(cadence)
        if months is not None:
            start = {"month": f"make_date(({period} + {step}) // 12, ({period} + {step}) % 12 + 1, 1)",
                     "quarter": f"make_date(({period} + {step}) // 4, ({period} + {step}) % 4 * 3 + 1, 1)",
                     "year": f"make_date({period} + {step}, 1, 1)"}[cadence]  # fmt: skip
            return f"CAST({start} AS DATE) - {step}"
        if cadence == "week":
            return f"DATE '1969-12-29' + CAST({period} AS INTEGER) * 7 + {6 if dated == 'end' else 0}"
        names = self.calendar.named.get(cadence, ())
        branches = " ".join(f"WHEN {n} THEN DATE '{first if dated == 'start' else last}'" for n, (_, first, last) in enumerate(names))
        return f"CASE {period} {branches or 'WHEN NULL THEN NULL::DATE'} END"

    # --- duplicates and conflicts ---------------------------------------------------------------------------------

    def _settle_duplicates(self) -> int:
        """Identical rows are kept once; one key with different content is a conflict, and both rows are set aside."""
        linked = {column: f"{kind}_id" for kind, column in self.contract.links.items()}
        keys = ", ".join(named(linked.get(name, name)) for name in self.contract.key)
        content = "hash(COLUMNS(* EXCLUDE (line, reason, stranger)))"
        self.con.execute(
            f"CREATE TEMP TABLE doubles AS SELECT {keys}, count(*) AS n FROM checked WHERE reason IS NULL GROUP BY ALL HAVING count(*) > 1"
        )
        if self._one("SELECT count(*) FROM doubles") == 0:
            return 0
        before = self._one("SELECT count(*) FROM checked")
        columns = [row[0] for row in self.con.execute("DESCRIBE checked").fetchall() if row[0] not in ("line", "reason", "stranger")]
        del content
        whole = ", ".join(named(column) for column in columns)
        self.con.execute(
            f"DELETE FROM checked WHERE line IN (SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY {whole} ORDER BY line) AS nth"
            " FROM checked WHERE reason IS NULL) WHERE nth > 1)"
        )
        gone = before - self._one("SELECT count(*) FROM checked")
        words = quoted(f"{', '.join(self.contract.key)}: the same key stands here twice with different content")
        self.con.execute(
            f"UPDATE checked SET reason = {words} WHERE line IN (SELECT line FROM (SELECT line, count(*) OVER (PARTITION BY {keys}) AS n"
            " FROM checked WHERE reason IS NULL) WHERE n > 1)"
        )
        return gone

    # --- what comes out -------------------------------------------------------------------------------------------

    def _coverage(self) -> tuple[tuple[str, int | None, int], ...]:
        """Who and which periods the file speaks for, counted over every row that says so, set aside or not.

        A file of events covers the cadence period it is about even where little happened: the periods it names."""
        rows = self.con.execute(
            "SELECT x_unit, x_period, count(*) FILTER (WHERE reason IS NULL) FROM checked WHERE x_unit IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        if self.contract.kind == "state":
            found: dict[str, int] = {}
            for unit, _, n in rows:
                found[unit] = found.get(unit, 0) + n
            if self.contract.by in ("unit", "programme"):
                found.setdefault(self.unit or "all", 0)
            return tuple((unit, None, n) for unit, n in sorted(found.items()))
        counted = {(unit, period): n for unit, period, n in rows if period is not None}
        if self.periods is not None and self.contract.by in ("unit", "programme"):
            first, last = (self.calendar.period_ordinal(self.contract.cadence, text) for text in self.periods)
            for period in range(first, last + 1):
                counted.setdefault((self.unit or "all", period), 0)
        return tuple((unit, period, n) for (unit, period), n in sorted(counted.items()))

    def _matched(self, accepted: int, unknown: int) -> Decimal | None:
        if "person" not in self.contract.links and "household" not in self.contract.links:
            return None
        whole = accepted + unknown
        return (Decimal(accepted) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None

    def _refusals(self) -> tuple[Refusal, ...]:
        rows = self.con.execute(
            "SELECT DISTINCT person_id, household_id, place_id, x_period, x_valid FROM checked WHERE reason IS NOT NULL"
            " AND COALESCE(person_id, household_id, place_id) IS NOT NULL"
        ).fetchall()
        return tuple(Refusal(*row) for row in rows)

    def _held(self, coverage: Sequence[tuple[str, int | None, int]], previous: Mapping[str, int]) -> str | None:
        """Why a full roll waits for its owner's word: it has shrunk, or a unit or school is missing from it."""
        if self.contract.delivery != "full" or not previous or self.contract.kind == "event":
            return None
        now: dict[str, int] = {}
        for unit, _, n in coverage:  # of several periods the thinnest counts
            now[unit] = min(now.get(unit, n), n)
        missing = sorted(unit for unit in previous if unit not in now)
        if missing:
            more = " and more" if len(missing) > 5 else ""
            return f"nothing is said of {', '.join(missing[:5])}{more}, which the last delivery covered"
        was, is_ = sum(previous.values()), sum(now.values())
        if was and Decimal(is_) < (1 - self.contract.max_shrink) * was:
            return f"{is_:,} rows where the last delivery had {was:,}: more than {self.contract.max_shrink:.0%} are gone"
        return None

    def _write(self, refused: int, header: Sequence[str]) -> Path:
        folder = _made(self.root / "feeds" / self.contract.code)
        target = folder / f"{self.delivery_id}.parquet"
        partial = target.with_suffix(".partial")
        plain = [column.name for column in plain_columns(self.contract)]
        key = "subject_key" if "subject_key" in plain else "NULL::VARCHAR AS subject_key"
        own = "".join(f", {named(name)}" for name in plain if name != "subject_key")
        order = next((f"{kind}_id" for kind in LINK_KINDS if kind in self.contract.links), "line")
        self.con.execute(
            f"COPY (SELECT {self.delivery_id}::BIGINT * {1 << ROW_BITS} + row_number() OVER (ORDER BY {order}, line) AS row_id,"
            f" {self.delivery_id}::BIGINT AS delivery_id, TIMESTAMP '{self.received_at:%Y-%m-%d %H:%M:%S.%f}' AS known_at,"
            f" x_valid AS valid, x_period AS period, x_unit AS unit, person_id, household_id, place_id, {key}, FALSE AS deleted{own}"
            f" FROM checked WHERE reason IS NULL ORDER BY {order}, line) TO {quoted(str(partial))} (FORMAT parquet, COMPRESSION zstd)"
        )
        if refused:
            own = " EXCLUDE (faults)" if self.has_faults else ""
            rows = self.con.sql(
                f"SELECT raw.*{own}, checked.reason FROM raw JOIN checked USING (line) WHERE checked.reason IS NOT NULL ORDER BY line"
            ).to_arrow_table()
            write_refused(self.root, self.delivery_id, header, rows, self.vault)
        partial.replace(target)
        return target


def _normalised(values: pa.Array, validator: Any) -> tuple[pa.Array, list[str | None]]:
    """Each identifier in its normal form, or why it has none. Runs over distinct values only."""
    normal: list[str | None] = []
    reasons: list[str | None] = []
    for value in values.to_pylist():
        try:
            normal.append(validator(value))
            reasons.append(None)
        except ValueError as error:
            normal.append(None)
            reasons.append(str(error))
    return pa.array(normal, pa.string()), reasons


def _converted(kind: str, cadence: str, own: str) -> str:
    """The ordinal of the cadence's period from a finer one: a month names its quarter and its year."""
    if kind == "month" and cadence == "quarter":
        return f"{own} // 3"
    if kind == "month" and cadence == "year":
        return f"{own} // 12"
    if kind == "quarter" and cadence == "year":
        return f"{own} // 4"
    raise FileRefused(f"a {kind} does not name a {cadence}", "the contract's period column and cadence do not fit")


def _period_of(cadence: str, day: str) -> str:
    return {
        "day": f"date_diff('day', DATE '1970-01-01', {day})",
        "week": f"date_diff('day', DATE '1969-12-29', {day}) // 7",
        "month": f"year({day}) * 12 + month({day}) - 1",
        "quarter": f"year({day}) * 4 + quarter({day}) - 1",
        "year": f"year({day})",
    }.get(cadence, "NULL::INTEGER")
