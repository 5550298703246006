"""Takes one delivered file in: every row accepted, set aside with the reason per cell, or counted as a duplicate.

Nothing is half taken in: the accepted rows become one immutable Parquet file by a rename, the rows set aside one
encrypted file, and only then does the caller get a receipt to record. An interrupted intake leaves only `.partial`.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.lake.checks import plain_columns
from anju.lake.duck import DuckError, open_duckdb, quoted
from anju.lake.duck import name as named
from anju.lake.files import FileRefused, open_raw
from anju.lake.headers import HeaderMap, map_headers, recognised
from anju.lake.identifiers import normalise_any
from anju.lake.judging import LINK_KINDS, Judging
from anju.lake.judging import NOBODY as NOBODY
from anju.lake.raw import FAULT_SQL
from anju.lake.refused import write_refused

NO_ROWS = "send the rows, or for events in which nothing happened name the period: --period 2023-09"
MEMORY = "1200MB"
NOTHING_ASIDE = (
    "CREATE TEMP TABLE aside (person_id BIGINT, household_id BIGINT, place_id BIGINT, x_period INTEGER, x_valid DATE, x_unit VARCHAR,"
    " reason VARCHAR, stranger BOOLEAN)"
)
ROW_BITS = 24  # rows of one delivery are numbered below 2^24
DICTIONARY = 4_000  # values of a column in a row group, above which a dictionary costs more than it saves
STAGES = ("open", "check", "link", "settle", "write")
Stage = Callable[[str, int], None]  # told when a stage begins, with the rows of the file (0 while nobody knows)


class Directory(Protocol):
    """Turns identifiers into our own keys, set-wise: an array of texts to an int64 array, null where unknown. `kinds`: the types of
    identifier that persons are known by."""

    kinds: tuple[str, ...]

    def people(self, values: pa.Array) -> pa.Array: ...

    def households(self, values: pa.Array) -> pa.Array: ...

    def places(self, values: pa.Array) -> pa.Array: ...


def validators_of(programme: Programme, directory: Directory) -> list[str]:
    """How numbers of persons are read: as the types by which anybody is known, the programme's first before all."""
    return [kind.validator for n, kind in enumerate(programme.identifiers) if n == 0 or kind.name in directory.kinds]


class Vault(Protocol):
    """Encrypts what holds full identifiers: in memory, and whole files piece by piece."""

    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...

    def encrypt_file(self, source: BinaryIO, target: BinaryIO) -> None: ...

    def decrypt_file(self, source: BinaryIO, target: BinaryIO) -> None: ...


@dataclass(frozen=True, slots=True)
class Rival:
    """What another sender's delivery of the same feed holds, and of which periods it speaks."""

    path: Path
    periods: frozenset[int | None]


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
    conflicts: int  # keys of which another sender's delivery says something else
    content_hash: str
    held_reason: str | None
    messages: tuple[str, ...]
    units: tuple[str, ...] = field(default=())
    columns: Mapping[str, str] = field(default_factory=dict)  # header of the file -> column


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
    said: Mapping[str, str] | None = None,
    again: Sequence[Path] | None = None,
    rivals: Sequence[Rival] = (),
    memory_limit: str = MEMORY,
    on_stage: Stage | None = None,
) -> Receipt:
    """Takes `path` into the lake at `root`. `unit` is who sends it, for feeds delivered by management unit.

    `periods` is the first and last period a file of events speaks for, as its sender says: a month in which
    nothing happened is delivered all the same. `previous` is what the last delivery of the same sender covered,
    rows by unit, for holding a roll that shrinks. With `again` the rows are some that were set aside of a delivery, of
    which the rows in these files were taken in before: the same key is a conflict, and it may come to nothing.
    Raises FileRefused where the file as a whole cannot be taken; then nothing has changed."""
    if contract.by == "unit" and unit is None:
        raise FileRefused(f"who sends this {contract.code}?", "it is delivered by management unit", "say --unit CODE")
    work = Path(tempfile.mkdtemp(prefix="intake-", dir=_made(root / "work")))
    con = open_duckdb(memory_limit=memory_limit, temp_directory=work)
    try:
        sender = _Sender(unit, valid or received_at.date(), periods)
        intake = _Intake(con, root, contract, programme, delivery_id, directory, vault, received_at, sender, again, on_stage)
        return intake.take(path, work, remembered, others, previous or {}, rivals, said or {})
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
        again: Sequence[Path] | None,
        on_stage: Stage | None,
    ) -> None:
        self.con, self.root, self.contract, self.programme = con, root, contract, programme
        self.delivery_id, self.directory, self.vault = delivery_id, directory, vault
        self.received_at, self.again, self.on_stage = received_at, again, on_stage
        self.unit, self.valid, self.periods = sender.unit, sender.valid, sender.periods
        self.calendar = calendar_of(programme)

    def take(
        self,
        path: Path,
        work: Path,
        remembered: Mapping[str, str] | None,
        others: Sequence[Contract],
        previous: Mapping[str, int],
        rivals: Sequence[Rival],
        said: Mapping[str, str],
    ) -> Receipt:
        self._tell("open")
        self.raw = open_raw(self.con, path, lambda row: recognised(row, self.contract), work)
        headers = map_headers(self.raw.header, self.contract, remembered, others, said)
        self.judging = self._judging(headers)
        self._tell("check")
        total = self._judge(path)
        skipped = self._one("SELECT count(*) FROM checked WHERE skip")
        duplicates = self._settle(total)
        self._set_aside()
        refused = self._one("SELECT count(*) FROM aside")
        draft = _made(self.root / "feeds" / self.contract.code) / f"{self.delivery_id}.partial"
        try:
            with ThreadPoolExecutor(1) as beside:  # neither writing nor weighing uses every core all the time
                written = beside.submit(self._draft, self.con.cursor(), self._good(), draft)
                accepted, coverage, content = self._weigh()
                if total != accepted + refused + duplicates + skipped:
                    raise RuntimeError(f"intake lost count of {path.name}: {total} rows, {accepted} + {refused} + {duplicates} + {skipped}")
                reasons = self._reasons()
                unknown = self._one("SELECT count(*) FROM aside WHERE stranger")
                self._refuse_nothing(path, accepted, refused, unknown, reasons, coverage)
                conflicts = self._conflicts([r.path for r in rivals if r.periods & {period for _, period, _ in coverage}])
            written.result()
            self._tell("write", total)
            self._write(draft, refused)
        finally:
            draft.unlink(missing_ok=True)
        notes = [*self.raw.messages, *([f"{skipped} empty rows and rows of totals skipped"] if skipped else [])]
        if headers.unknown:
            notes.append(f"columns not known and left out: {', '.join(headers.unknown)}")
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
            reasons=reasons,
            unknown_people=unknown,
            conflicts=conflicts,
            content_hash=content,
            held_reason=self._held(coverage, previous),
            messages=tuple(notes),
            units=tuple(sorted({unit for unit, _, _ in coverage})),
            columns={self.raw.header[position]: name for name, position in headers.columns.items()},
        )

    def _judging(self, headers: HeaderMap) -> Judging:
        linked: dict[str, str] = {c.name: c.type for c in self.contract.columns if c.type in LINK_KINDS and c.name in headers.columns}
        padding = self.raw.straight.padding if self.raw.straight is not None else "any"
        return Judging(
            self.contract, headers, self.calendar, self.programme.minor_digits, self.received_at.date(), self.valid, self.unit, padding, linked
        )

    def _settle(self, total: int) -> int:
        """Finds whose rows they are, and what cannot be taken. Answers how many stand here again."""
        linked = self.judging.linked
        self._tell("link", total)
        with ThreadPoolExecutor(1) as beside:  # looking people up is Python's work, this is DuckDB's
            once = beside.submit(self._keys_stand_once, self.con.cursor(), linked)
            self._link(linked)
        self._tell("settle", total)
        self._fail()
        return self._settle_doubles(once.result())

    def _refuse_nothing(
        self, path: Path, accepted: int, refused: int, unknown: int, reasons: Mapping[str, int], coverage: Sequence[object]
    ) -> None:
        """A file of which nothing can be used, or that speaks for nothing, is refused as a whole."""
        if self.again is not None:
            return
        if accepted == 0 and refused and not unknown:
            raise FileRefused(f"no row of '{path.name}' can be used", f"the commonest reason: {next(iter(reasons))}", "is this the right file?")
        if not coverage:
            raise FileRefused(f"'{path.name}' has no rows, and does not say of which period", "nothing can be told from it", NO_ROWS)

    def _tell(self, stage: str, rows: int = 0) -> None:
        if self.on_stage is not None:
            self.on_stage(stage, rows)

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    # --- what the cells say -------------------------------------------------------------------------------------

    def _judge(self, path: Path) -> int:
        """`checked`: the values of every row, in the order of the file. A straight file that does not give one row
        per line is read again row by row. Returns the number of rows."""
        straight = self.raw.straight
        if straight is not None:
            try:
                self.con.execute(f"CREATE OR REPLACE TABLE checked AS {self.judging.values_sql(straight.sql, faulty=False)}")
                if self._one("SELECT count(*) FROM checked") == straight.rows:
                    return self._counted(path, straight.rows)
            except DuckError:
                pass
            self.raw = straight.slowly()
        self.con.execute(f"CREATE OR REPLACE TABLE checked AS {self.judging.values_sql('raw', faulty=True)}")
        return self._counted(path, self._one("SELECT count(*) FROM checked"))

    def _counted(self, path: Path, total: int) -> int:
        if total >= 1 << ROW_BITS:
            raise FileRefused(f"'{path.name}' has {total:,} rows", f"at most {(1 << ROW_BITS) - 1:,} are taken at once", "send it in parts")
        return total

    # --- whose row it is ----------------------------------------------------------------------------------------

    def _link(self, linked: Mapping[str, str]) -> None:
        """`keys_<column>`: every distinct identifier of a person, household or place column with our own key."""
        look_up = {"person": self.directory.people, "household": self.directory.households, "place": self.directory.places}
        for column, kind in linked.items():
            t = named("t:" + column)
            values = self.con.sql(f"SELECT DISTINCT {t} AS v FROM checked WHERE {t} IS NOT NULL AND NOT skip").to_arrow_table()["v"]
            values = values.combine_chunks().cast(pa.string())
            normal, reasons = values, pa.nulls(len(values), pa.string())
            if kind == "person":
                normal, reasons = normalise_any(values, validators_of(self.programme, self.directory))
            self.con.register("keys_arrow", pa.table({"v": values, "k": look_up[kind](normal), "why": reasons}))
            self.con.execute(f"CREATE TABLE {named('keys_' + column)} AS SELECT * FROM keys_arrow")
            self.con.unregister("keys_arrow")

    # --- what cannot be taken ------------------------------------------------------------------------------------

    def _fail(self) -> None:
        """`out`: rows, counted from 0, that are not taken; `said` is the reason where the cells do not tell it."""
        self.con.execute(
            f"CREATE TABLE out AS SELECT c.rowid AS nth, NULL::VARCHAR AS said, FALSE AS again FROM checked c {self.judging.joins('c')}"
            f" WHERE NOT skip AND (bad OR {self.judging.unlinked_sql()})"
        )

    def _good(self) -> str:
        taken = "NOT c.skip"
        if self._one("SELECT count(*) FROM out"):
            taken += " AND c.rowid NOT IN (SELECT nth FROM out)"
        return self.judging.good_sql(taken)

    def _keys_stand_once(self, con: Any, linked: Mapping[str, str]) -> bool:
        """TRUE where surely no key stands twice. Of a key that names people it is not known before they are looked up."""
        here = {c.name for c in plain_columns(self.contract) if c.type not in LINK_KINDS} - set(linked)
        if not set(self.contract.key) <= here:
            return False
        keys = ", ".join(named(name) for name in self.contract.key)
        return not len(_twice(con, f"SELECT hash({keys}) AS h FROM checked WHERE NOT skip AND NOT bad"))

    def _settle_doubles(self, once: bool) -> int:
        """Identical rows are kept once; one key with different content is a conflict, and all its rows are set aside."""
        if once and not self.again:
            return 0
        keys = ", ".join(named(name) for name in key_columns(self.contract))
        if self.again:
            files = ", ".join(quoted(str(path)) for path in self.again)
            words = quoted(f"{', '.join(self.contract.key)}: a row of the same key was taken in from this file before")
            taken = f"SELECT ({keys}) FROM read_parquet([{files}], union_by_name = true)"
            self.con.execute(f"INSERT INTO out SELECT nth, {words}, FALSE FROM ({self._good()}) WHERE ({keys}) IN ({taken})")
        good = self._good()
        twice = _twice(self.con, f"SELECT hash({keys}) AS h FROM ({good})")
        if not len(twice):
            return 0
        self.con.register("twice_arrow", pa.table({"h": twice}))
        self.con.execute("CREATE TEMP TABLE hashes AS SELECT h FROM twice_arrow")
        self.con.unregister("twice_arrow")
        self.con.execute(f"CREATE TEMP TABLE doubles AS SELECT * FROM ({good}) WHERE hash({keys}) IN (SELECT h FROM hashes)")
        columns = [row[0] for row in self.con.execute("DESCRIBE doubles").fetchall() if row[0] != "nth"]
        whole = ", ".join(named(column) for column in columns)
        words = quoted(f"{', '.join(self.contract.key)}: the same key stands here twice with different content")
        self.con.execute(f"CREATE TEMP TABLE counted AS SELECT nth, row_number() OVER (PARTITION BY {whole} ORDER BY nth) AS copy FROM doubles")
        self.con.execute(
            "INSERT INTO out SELECT nth, NULL, TRUE FROM counted WHERE copy > 1 UNION ALL"
            f" SELECT nth, {words}, FALSE FROM (SELECT nth, count(*) OVER (PARTITION BY {keys}) AS n FROM doubles"
            " WHERE nth IN (SELECT nth FROM counted WHERE copy = 1)) WHERE n > 1"
        )
        return self._one("SELECT count(*) FROM out WHERE again")

    def _set_aside(self) -> None:
        """`torn`: the rows set aside as they came; `aside`: the same with our own keys and the reason."""
        if self._one("SELECT count(*) FROM out WHERE NOT again") == 0:
            self.con.execute(NOTHING_ASIDE)
            return
        cells = ", ".join(f"c{n}" for n in range(len(self.raw.header)))
        straight = self.raw.straight
        if straight is not None:
            rows = self.con.execute("SELECT nth FROM out WHERE NOT again ORDER BY nth").fetchall()
            nths = [row[0] for row in rows]
            columns = list(zip(*straight.cells(nths), strict=True)) or [()] * len(self.raw.header)
            table = {"nth": pa.array(nths, pa.int64()), "line": pa.array([nth + self.raw.first for nth in nths], pa.int64())}
            table |= {f"c{n}": pa.array(columns[n], pa.string()) for n in range(len(self.raw.header))}
            self.con.register("torn_arrow", pa.table(table))
            self.con.execute(f"CREATE TEMP TABLE came AS SELECT *, NULL::{FAULT_SQL} AS faults FROM torn_arrow")
            self.con.unregister("torn_arrow")
        source = "came" if straight is not None else "(SELECT rowid AS nth, * FROM raw)"
        self.con.execute(
            f"CREATE TEMP TABLE torn AS SELECT r.nth, r.line, {cells}, r.faults, o.said FROM {source} r JOIN out o USING (nth) WHERE NOT o.again"
        )
        self.con.execute(f"CREATE TEMP TABLE aside AS {self.judging.reasons_sql('torn')}")
        if straight is not None:
            own = [named(c.name) for c in plain_columns(self.contract) if c.type not in LINK_KINDS]
            told = [", ".join(f"{table}.{column}" for column in ("deleted", *own)) for table in ("a", "c")]
            other = f"SELECT count(*) FROM aside a JOIN checked c ON c.rowid = a.nth WHERE ({told[0]}) IS DISTINCT FROM ({told[1]})"
            if self._one(other):
                raise RuntimeError("intake lost the order of the rows: what it would set aside is not what it found wrong")

    def _reasons(self) -> dict[str, int]:
        return dict(self.con.execute("SELECT reason, count(*) FROM aside GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50").fetchall())

    def _conflicts(self, rivals: Sequence[Path]) -> int:
        """How many keys another sender says something else of. Both rows stay; the latest counts. Nobody is on two rolls, so
        of a full list of persons the person is what must not stand twice, whatever else is in the key."""
        if not rivals:
            return 0
        files = ", ".join(quoted(str(path)) for path in rivals)
        there = {row[0] for row in self.con.execute(f"DESCRIBE SELECT * FROM read_parquet([{files}], union_by_name = true)").fetchall()}
        said = [named(column.name) for column in plain_columns(self.contract) if column.name in there]
        if self.contract.delivery == "full" and "person" in self.contract.links and self.contract.kind != "event":
            keys = "person_id, x_period"
        else:
            keys = ", ".join(named(name) for name in key_columns(self.contract))
        content = f"hash({', '.join(said) or '0'})"
        return self._one(
            f"WITH ours AS (SELECT hash({keys}) AS k, {content} AS s FROM ({self._good()}) WHERE NOT deleted), theirs AS (SELECT hash({keys})"
            f" AS k, {content} AS s FROM (SELECT *, period AS x_period FROM read_parquet([{files}], union_by_name = true)) WHERE NOT deleted)"
            " SELECT count(DISTINCT ours.k) FROM ours JOIN theirs ON ours.k = theirs.k AND ours.s <> theirs.s"
        )

    # --- what comes out -------------------------------------------------------------------------------------------

    def _weigh(self) -> tuple[int, tuple[tuple[str, int | None, int], ...], str]:
        """Rows accepted, what the file speaks for, and a hash of what it says, whatever the order of its rows: a sum of
        row hashes, in which no two rows cancel out. One pass."""
        own = "".join(f", {named(column.name)}" for column in plain_columns(self.contract))
        rows = self.con.execute(
            f"SELECT x_unit, x_period, count(*), sum(hash(x_unit, x_period, person_id, household_id, place_id, deleted{own})::HUGEINT)"
            f" FROM ({self._good()}) GROUP BY 1, 2"
        ).fetchall()
        accepted = sum(row[2] for row in rows)
        content = hashlib.sha256(repr((accepted, self.unit, sum(int(row[3]) for row in rows))).encode()).hexdigest()
        counted = {(unit, period): n for unit, period, n, _ in rows}
        for unit, period in self.con.execute("SELECT DISTINCT x_unit, x_period FROM aside").fetchall():
            counted.setdefault((unit, period), 0)
        return accepted, self._coverage(counted), content

    def _coverage(self, counted: Mapping[tuple[str | None, int | None], int]) -> tuple[tuple[str, int | None, int], ...]:
        """Who and which periods the file speaks for, over every row that says so, set aside or not.

        A file of events covers the cadence period it is about even where little happened: the periods it names."""
        if self.contract.kind == "state":
            found: dict[str, int] = {}
            for (unit, _), n in counted.items():
                if unit is not None:
                    found[unit] = found.get(unit, 0) + n
            if self.contract.by in ("unit", "programme"):
                found.setdefault(self.unit or "all", 0)
            return tuple((unit, None, n) for unit, n in sorted(found.items()))
        spoken = {(unit, period): n for (unit, period), n in counted.items() if unit is not None and period is not None}
        if self.periods is not None and self.contract.by in ("unit", "programme"):
            first, last = (self.calendar.period_ordinal(self.contract.cadence, text) for text in self.periods)
            for period in range(first, last + 1):
                spoken.setdefault((self.unit or "all", period), 0)
        return tuple((unit, period, n) for (unit, period), n in sorted(spoken.items()))

    def _matched(self, accepted: int, unknown: int) -> Decimal | None:
        if "person" not in self.contract.links and "household" not in self.contract.links:
            return None
        whole = accepted + unknown
        return (Decimal(accepted) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None

    def _refusals(self) -> tuple[Refusal, ...]:
        rows = self.con.execute(
            "SELECT DISTINCT person_id, household_id, place_id, x_period, x_valid FROM aside"
            " WHERE COALESCE(person_id, household_id, place_id) IS NOT NULL"
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

    def _draft(self, con: Any, good: str, draft: Path) -> None:
        """The rows that are taken, as a file that counts for nothing until it is renamed."""
        plain = [column.name for column in plain_columns(self.contract)]
        key = "subject_key" if "subject_key" in plain else "NULL::VARCHAR AS subject_key"
        own = "".join(f", {named(name)}" for name in plain if name != "subject_key")
        sender = quoted(self.judging.sender) if self.judging.sender is not None else None
        unit = f"{sender}::ENUM({sender})" if sender else "x_unit"  # written without looking at each row's text
        con.execute(
            f"COPY (SELECT {self.delivery_id}::BIGINT * {1 << ROW_BITS} + nth + 1 AS row_id,"
            f" {self.delivery_id}::BIGINT AS delivery_id, TIMESTAMP '{self.received_at:%Y-%m-%d %H:%M:%S.%f}' AS known_at,"
            f" x_valid AS valid, x_period AS period, {unit} AS unit, person_id, household_id, place_id, {key}, deleted{own}"
            f" FROM ({good})) TO {quoted(str(draft))}"
            f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT {DICTIONARY})"
        )

    def _write(self, draft: Path, refused: int) -> None:
        if refused:
            cells = ", ".join(f"c{n}" for n in range(len(self.raw.header)))
            rows = self.con.sql(f"SELECT line, {cells}, reason FROM torn JOIN aside USING (nth, line) ORDER BY nth").to_arrow_table()
            write_refused(self.root, self.delivery_id, self.raw.header, rows, self.vault)
        draft.replace(draft.with_suffix(".parquet"))


def _twice(con: Any, hashes: str) -> np.ndarray:
    """Which values of the one column `h` of this query stand more than once. Sorted as an array, which is quicker than grouping."""
    found = con.execute(hashes).fetchnumpy()["h"]
    found.sort()
    return np.unique(found[1:][found[1:] == found[:-1]])


def key_columns(contract: Contract) -> tuple[str, ...]:
    """The contract's key as columns of the lake."""
    linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
    return tuple(linked.get(name, name) for name in contract.key)
