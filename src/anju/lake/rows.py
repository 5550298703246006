"""The rows of a feed that count on a day as known at a time: the deliveries chosen, corrections, deletions, homes found.

Resolving two years of a feed costs more than judging it, and changes only when something was delivered. So what was
resolved is kept in a folder whose name is made of everything it depends on: what is recent in one Parquet file, what is older in
another, each sorted by whom the rows are about. Most rules look back some weeks, and need not read the years before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import get_ident
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.model import Policy

COLUMN_SQL = {
    "text": "VARCHAR", "code": "VARCHAR", "int": "BIGINT", "decimal": "DECIMAL(18,4)", "rate": "DECIMAL(18,4)",
    "money": "BIGINT", "bool": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP", "list": "VARCHAR[]",
    "month": "INTEGER", "week": "INTEGER", "quarter": "INTEGER", "term": "INTEGER", "school_year": "INTEGER",
    "year": "INTEGER", "person": "BIGINT", "household": "BIGINT", "place": "BIGINT",
}  # fmt: skip
LINKS = ("person", "household", "place")
LAYOUT = "4"  # of the kept files: another number makes them anew
RECENT_DAYS = 150  # before the last row's: months and weeks that rules look back on, holidays included
ROWS_IN_GROUP = 40_000  # small enough to find one household without reading much, large enough to scan
KEPT = 3  # resolved folders of a feed that are kept, the last used first
UNFINISHED = ".partial"  # the name of a folder that is being written ends with it
Kept = tuple[Path, ...]  # the files of one folder


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a snapshot reads: the lake's root (`feeds/<code>/<delivery>.parquet`), the manifest folder
    (`delivery.parquet`, `coverage.parquet`, `rejected.parquet`) and the registry folder (`place.parquet`,
    `household.parquet`, `person.parquet`, `membership.parquet`). Resolved rows are kept in `resolved`; None keeps none."""

    lake: Path
    manifest: Path
    registry: Path
    resolved: Path | None = None


def lake_columns(contract: Contract) -> dict[str, str]:
    """The plain columns a feed keeps in the lake, with their SQL types. Links stand under `<kind>_id`."""
    linked = set(contract.links.values())
    return {
        column.name: COLUMN_SQL[column.type]
        for column in contract.columns
        if column.name not in linked and (column.klass == "plain" or column.type in LINKS)
    }


class FeedRows:
    """Makes `s_<feed>` for the feeds of one snapshot, whose `usable` and `m_coverage` stand on `con` already."""

    def __init__(self, con: Any, sources: Sources, policy: Policy, day: date) -> None:
        self.con, self.sources, self.policy, self.day = con, sources, policy, day
        self.kept: dict[str, Kept] = {}
        self.stamps: dict[str, str] = {}  # feed -> what is chosen of it; none where nothing is

    def _contract(self, code: str) -> Contract:
        contract = self.policy.contracts[code]
        assert isinstance(contract, Contract)
        return contract

    def make(self, codes: Iterable[str]) -> None:
        """Of `codes`, a feed that others are read `through` comes before them."""
        ordered = list(codes)
        if ordered:
            self._choose(ordered)
        for code in ordered:
            self._make(self._contract(code))

    def _make(self, contract: Contract) -> None:
        code = contract.code
        kept = self._kept(contract) if code in self.stamps else None
        if kept:
            kind, source = "VIEW", parquet(kept)
        elif files := self._files(code):
            # through a table, because whatever is read through this feed would resolve it again
            kind, source = ("TABLE" if self._read_through(code) else "VIEW"), f"({self._resolved(contract, files)})"
        else:
            self.con.execute(f"CREATE VIEW s_{code} AS {self._nothing(contract)}")
            return
        self.con.execute(f"CREATE {kind} s_{code} AS SELECT * FROM {source} WHERE valid <= {literal(self.day)}{self._held(contract)}")

    def _held(self, contract: Contract) -> str:
        """Rows about weeks in which no school is held speak of nothing. The terms may change, so kept files have them all."""
        if contract.cadence != "school_week":
            return ""
        assert isinstance(self.policy.programme, Programme)
        off = sorted(calendar_of(self.policy.programme).weeks_off)
        return f" AND period NOT IN ({', '.join(map(str, off))})" if off else ""

    def _nothing(self, contract: Contract) -> str:
        own = "".join(f", NULL::{_seen(kind)} AS {quoted(name)}" for name, kind in lake_columns(contract).items())
        return (
            "SELECT NULL::BIGINT AS row_id, NULL::BIGINT AS delivery_id, NULL::TIMESTAMP AS known_at, NULL::DATE AS valid,"
            " NULL::INTEGER AS period, NULL::VARCHAR AS unit, NULL::BIGINT AS person_id, NULL::BIGINT AS household_id,"
            " NULL::BIGINT AS place_id, NULL::VARCHAR AS subject_key, NULL::BIGINT AS ord, FALSE AS deleted"
            f"{own}{self._keys(contract)} WHERE FALSE"
        )

    def _read_through(self, code: str) -> bool:
        return any((self._contract(other).through or ("",))[0] == code for other in self.policy.contracts)

    # --- which deliveries ---------------------------------------------------------------------------------------

    def _choose(self, codes: list[str]) -> None:
        """`chosen`: the deliveries whose rows are seen: for full feeds the latest usable one per unit (and period), and with it the
        rows of it that were set aside at first and taken in later; for others every one."""
        ways = ", ".join(f"({literal(code)}, {literal(self._way(self._contract(code)))})" for code in codes)
        by_day, by_period = "(u.valid, u.received_at, u.delivery_id)", "(u.received_at, u.delivery_id)"
        self.con.execute(
            f"CREATE TABLE chosen AS WITH ways(feed, way) AS (VALUES {ways}),"
            " covered AS (SELECT c.feed, ways.way, c.unit, c.period, u FROM m_coverage c JOIN ways USING (feed)"
            " JOIN usable u USING (delivery_id)"
            f" WHERE way = 'period' OR (way = 'state' AND u.valid <= {literal(self.day)})),"
            f" latest AS (SELECT feed, unit, NULL::INTEGER AS period, arg_max(u.delivery_id, {by_day}) AS delivery_id,"
            f" arg_max(u.seq, {by_day}) AS seq FROM covered WHERE way = 'state' GROUP BY feed, unit"
            f" UNION ALL SELECT feed, unit, period, arg_max(u.delivery_id, {by_period}), arg_max(u.seq, {by_period})"
            " FROM covered WHERE way = 'period' GROUP BY feed, unit, period)"
            " SELECT feed, delivery_id, seq, unit, period FROM latest"
            " UNION ALL SELECT l.feed, r.delivery_id, r.seq, l.unit, l.period FROM latest l JOIN usable r ON r.retry_of = l.delivery_id"
            " UNION ALL SELECT feed, delivery_id, seq, NULL, NULL FROM usable JOIN ways USING (feed) WHERE way = 'each'"
        )
        stamps = self.con.execute(
            "SELECT feed, sha256(string_agg(concat_ws('|', delivery_id, seq, COALESCE(unit, ''), COALESCE(period, -1)), ';'"
            " ORDER BY delivery_id, unit, period)) FROM chosen GROUP BY feed"
        ).fetchall()
        self.stamps = dict(stamps)

    @staticmethod
    def _way(contract: Contract) -> str:
        if contract.delivery != "full" or contract.kind == "event":
            return "each"
        return "state" if contract.kind == "state" else "period"

    def _by_unit(self, contract: Contract) -> str:
        way = self._way(contract)
        return "" if way == "each" else " AND u.unit = f.unit" + (" AND u.period = f.period" if way == "period" else "")

    def _files(self, code: str) -> list[Path]:
        if code not in self.stamps:
            return []
        if self._contract(code).platform:  # written beside the manifest, for this very day
            path = self.sources.manifest / f"{code}.parquet"
            return [path] if path.exists() else []
        rows = self.con.execute(f"SELECT DISTINCT delivery_id FROM chosen WHERE feed = {literal(code)} ORDER BY 1").fetchall()
        folder = self.sources.lake / "feeds" / code
        paths = [folder / f"{delivery}.parquet" for (delivery,) in rows]
        return [path for path in paths if path.exists()]

    # --- what they say ------------------------------------------------------------------------------------------

    def _resolved(self, contract: Contract, files: list[Path]) -> str:
        """The query. A row of a later day than the one judged counts for nothing where corrections are settled."""
        own = lake_columns(contract)
        plain = "".join(f", CAST(f.{quoted(name)} AS {_seen(kind)}) AS {quoted(name)}" for name, kind in own.items())
        ord_ = "(date_diff('day', DATE '1900-01-01', f.valid)::BIGINT << 44) + (u.seq << 24) + (f.row_id & 16777215)"
        household, join = "f.household_id", ""
        if contract.through is not None:
            feed, column = contract.through
            join = (
                f" LEFT JOIN (SELECT {quoted(column)} AS k, arg_max_null(household_id, ord) AS h FROM s_{feed} GROUP BY 1) t"
                f" ON t.k = f.{quoted(column)}"
            )
            household = "COALESCE(f.household_id, t.h)"
        corrected = self._corrected(contract)
        where = f" WHERE f.valid <= {literal(self.day)}" if corrected else ""
        select = (
            f"SELECT f.row_id, f.delivery_id, f.known_at, f.valid, f.period, f.unit, f.person_id, {household} AS household_id, f.place_id,"
            f" f.subject_key, {ord_} AS ord, f.deleted{plain} FROM {parquet(files, by_name=True)} f"
            f" JOIN chosen u ON u.feed = {literal(contract.code)} AND u.delivery_id = f.delivery_id{self._by_unit(contract)}{join}{where}"
        )
        if corrected:
            select = self._latest_per_key(contract, select)
        return f"SELECT *{self._keys(contract)} FROM ({select}) WHERE NOT deleted"

    def _latest_per_key(self, contract: Contract, select: str) -> str:
        """Corrections: per key the row known last. Skipped where no key was ever delivered twice."""
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        keys = ", ".join(quoted(linked.get(name, name)) for name in contract.key)
        once = f"SELECT count(*) = count(DISTINCT ({keys})) AND NOT COALESCE(bool_or(deleted), FALSE) FROM ({select})"
        if self.con.execute(once).fetchone()[0]:
            return select
        order = "ord DESC" if contract.kind == "state" else "known_at DESC, row_id DESC"
        return f"SELECT * FROM ({select}) QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order}) = 1"

    def _keys(self, contract: Contract) -> str:
        """The id of every keyed subject whose key columns this feed has."""
        names = {column.name for column in contract.columns}
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        found = ""
        for keyed in self.policy.keyed.values():
            if set(keyed.key) <= names:
                text = key_text(tuple(linked.get(name, name) for name in keyed.key))
                found += f", {_hashed(text)} AS {quoted('key:' + keyed.name)}"
        if "subject_key" in names:
            found += f", {_hashed('subject_key')} AS subject_id_of_key"
        return found

    # --- kept from one run to the next --------------------------------------------------------------------------

    def _kept(self, contract: Contract) -> Kept | None:
        """The resolved files, made now if there are none yet; None where nothing is to be kept."""
        root = self.sources.resolved
        if root is None or contract.platform:
            return None
        if contract.through is not None and contract.through[0] not in self.kept:
            return None
        folder, stem = root / contract.code, self._stem(contract)
        found = next((path for path in folder.glob(f"{stem}*") if not _unfinished(path) and _serves(path, self.day)), None)
        if found is None:
            files = self._files(contract.code)
            if not files:
                return None
            found = self._keep(contract, folder, stem, files)
        os.utime(found)
        self.kept[contract.code] = tuple(sorted(found.glob("*.parquet"), reverse=True))
        return self.kept[contract.code]

    def _stem(self, contract: Contract) -> str:
        through = self.kept[contract.through[0]][0].parent.name if contract.through is not None else ""
        subjects = [(keyed.name, keyed.key) for keyed in self.policy.keyed.values()]
        shape = (LAYOUT, contract.code, contract.kind, contract.delivery, contract.key, sorted(contract.links.items()), subjects)
        whole = repr((shape, sorted(lake_columns(contract).items()), through, self.stamps[contract.code]))
        return hashlib.sha256(whole.encode()).hexdigest()[:24]

    def _keep(self, contract: Contract, root: Path, stem: str, files: list[Path]) -> Path:
        """Written beside its place and renamed, so that a killed run leaves nothing that looks whole."""
        last = self.con.execute(f"SELECT max(valid) FROM {parquet(files, by_name=True)}").fetchone()[0]
        name = stem
        if self._corrected(contract):
            name = f"{stem}.{last}" if last is None or last <= self.day else f"{stem}.only-{self.day}"
        draft = root / f"{stem}.{os.getpid()}-{get_ident()}{UNFINISHED}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        select = self._resolved(contract, files)
        split = literal(last - timedelta(days=RECENT_DAYS)) if last is not None and contract.kind != "state" else None
        if split is None:
            self._write(contract, select, draft / "recent.parquet")
        else:
            self._write(contract, f"SELECT * FROM ({select}) WHERE valid > {split}", draft / "recent.parquet")
            self._write(contract, f"SELECT * FROM ({select}) WHERE valid <= {split}", draft / "older.parquet")
        folder = root / name
        try:
            draft.rename(folder)
        except OSError:  # another has made it meanwhile
            shutil.rmtree(draft)
        return folder

    def _write(self, contract: Contract, select: str, path: Path) -> None:
        self.con.execute(
            f"COPY (SELECT * FROM ({select}) ORDER BY {sorted_by(contract)}, ord) TO {literal(str(path))}"
            f" (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
        )

    @staticmethod
    def _corrected(contract: Contract) -> bool:
        """Whether rows of it may be corrected one by one, so that those of a later day than the one judged must not count."""
        return contract.delivery == "delta" or contract.kind == "event"


def parquet(paths: Iterable[Path], *, by_name: bool = False) -> str:
    """SQL: the rows of these files. `by_name`: some may lack columns that others have."""
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}]{', union_by_name = true' if by_name else ''})"


def sorted_by(contract: Contract) -> str:
    """The column by which a kept file is sorted: whom its rows are about."""
    kinds = [kind for kind in LINKS if kind in contract.links]
    return f"{kinds[0]}_id" if kinds else "household_id" if contract.through is not None else "ord"


def _seen(kind: str) -> str:
    """The type in which a rule sees a column: a moment is its day, because the language knows no hours."""
    return "DATE" if kind == "TIMESTAMP" else kind


def _unfinished(path: Path) -> bool:
    return path.name.endswith(UNFINISHED)


def _serves(folder: Path, day: date) -> bool:
    """Whether what is kept settles corrections as they stand on `day`: nothing in it was left out for being later. Where none are
    possible the folder bears no day."""
    _, _, mark = folder.name.partition(".")
    if mark.startswith("only-"):
        return mark == f"only-{day}"
    return mark in ("", "None") or date.fromisoformat(mark) <= day


def drop_unused(kept: Iterable[Path]) -> None:
    """Leaves what a run has read and the few folders of each of its feeds that were used before it."""
    for root in {path.parent.parent for path in kept}:
        found = [(path.stat().st_mtime, path) for path in root.iterdir() if not _unfinished(path)]
        for _, old in sorted(found, reverse=True)[KEPT:]:
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:  # of an earlier layout
                old.unlink(missing_ok=True)


def key_text(columns: tuple[str, ...]) -> str:
    """SQL: the text of a keyed subject's key."""
    return " || '|' || ".join(f"COALESCE(CAST({quoted(name)} AS VARCHAR), '')" for name in columns)


def _hashed(text: str) -> str:
    """A 63-bit id of a text key, the same in every run."""
    return f"CAST(md5_number_lower({text}) & 9223372036854775807 AS BIGINT)"
