"""The rows of a feed that count on a day as known at a time: the deliveries chosen, corrections, deletions, homes found.

Resolving two years of a feed costs more than judging it, and changes only when something was delivered. So what was
resolved is kept as one Parquet file, sorted by whom the rows are about, under a name made of everything it depends on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
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
LAYOUT = "2"  # of the kept files: another number makes them anew
ROWS_IN_GROUP = 40_000  # small enough to find one household without reading much, large enough to scan
KEPT = 3  # resolved files of a feed that are kept, the last used first


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
        self.kept: dict[str, Path] = {}

    def _contract(self, code: str) -> Contract:
        contract = self.policy.contracts[code]
        assert isinstance(contract, Contract)
        return contract

    def make(self, code: str) -> None:
        """A feed read `through` another needs that one made before."""
        contract = self._contract(code)
        chosen = self._chosen(contract)
        files = self._files(code, chosen)
        if not files:
            self.con.execute(f"CREATE VIEW s_{code} AS {self._nothing(contract)}")
            return
        source = self._kept(contract, chosen, files) or f"({self._resolved(contract, chosen, files)})"
        kind = "TABLE" if self._read_through(code) else "VIEW"
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

    def _chosen(self, contract: Contract) -> str:
        """The deliveries whose rows are seen: for full feeds the latest usable one per unit (and period), and with it the
        rows of it that were set aside at first and taken in later."""
        name = f"d_{contract.code}"
        code = literal(contract.code)
        if contract.delivery == "full" and contract.kind != "event":
            only = f" AND u.valid <= {literal(self.day)}" if contract.kind == "state" else ""
            per = "c.unit" if contract.kind == "state" else "c.unit, c.period"
            order = "(u.valid, u.received_at, u.delivery_id)" if contract.kind == "state" else "(u.received_at, u.delivery_id)"
            latest = (
                f"SELECT arg_max(u.delivery_id, {order}) AS delivery_id, arg_max(u.seq, {order}) AS seq, c.unit,"
                f" {'NULL::INTEGER' if contract.kind == 'state' else 'c.period'} AS period FROM m_coverage c"
                f" JOIN usable u USING (delivery_id) WHERE c.feed = {code}{only} GROUP BY {per}"
            )
            sql = (
                f"WITH latest AS ({latest}) SELECT * FROM latest UNION ALL SELECT r.delivery_id, r.seq, l.unit, l.period FROM latest l"
                " JOIN usable r ON r.retry_of = l.delivery_id"
            )
        else:
            sql = f"SELECT delivery_id, seq FROM usable WHERE feed = {code}"
        self.con.execute(f"CREATE TABLE {name} AS {sql}")
        return name

    @staticmethod
    def _by_unit(contract: Contract) -> str:
        if contract.delivery != "full" or contract.kind == "event":
            return ""
        return " AND u.unit = f.unit" + ("" if contract.kind == "state" else " AND u.period = f.period")

    def _files(self, code: str, chosen: str) -> list[Path]:
        rows = self.con.execute(f"SELECT DISTINCT delivery_id FROM {chosen} ORDER BY 1").fetchall()
        if self._contract(code).platform:  # written beside the manifest, for this very day
            path = self.sources.manifest / f"{code}.parquet"
            return [path] if rows and path.exists() else []
        folder = self.sources.lake / "feeds" / code
        paths = [folder / f"{delivery}.parquet" for (delivery,) in rows]
        return [path for path in paths if path.exists()]

    # --- what they say ------------------------------------------------------------------------------------------

    def _resolved(self, contract: Contract, chosen: str, files: list[Path]) -> str:
        """The query. A row of a later day than the one judged counts for nothing where corrections are settled."""
        own = lake_columns(contract)
        plain = "".join(f", CAST(f.{quoted(name)} AS {_seen(kind)}) AS {quoted(name)}" for name, kind in own.items())
        ord_ = "(date_diff('day', DATE '1900-01-01', f.valid)::BIGINT << 44) + (u.seq << 24) + (f.row_id & 16777215)"
        household, join = "f.household_id", ""
        if contract.through is not None:
            feed, column = contract.through
            join = (
                f" LEFT JOIN (SELECT {quoted(column)} AS k, arg_max(struct_pack(v := household_id), ord).v AS h FROM s_{feed} GROUP BY 1) t"
                f" ON t.k = f.{quoted(column)}"
            )
            household = "COALESCE(f.household_id, t.h)"
        corrected = contract.delivery == "delta" or contract.kind == "event"
        where = f" WHERE f.valid <= {literal(self.day)}" if corrected else ""
        paths = ", ".join(literal(str(path)) for path in files)
        select = (
            f"SELECT f.row_id, f.delivery_id, f.known_at, f.valid, f.period, f.unit, f.person_id, {household} AS household_id, f.place_id,"
            f" f.subject_key, {ord_} AS ord, f.deleted{plain} FROM read_parquet([{paths}], union_by_name = true) f"
            f" JOIN {chosen} u ON u.delivery_id = f.delivery_id{self._by_unit(contract)}{join}{where}"
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

    def _kept(self, contract: Contract, chosen: str, files: list[Path]) -> str | None:
        """The resolved file, made now if there is none yet; None where nothing is to be kept."""
        root = self.sources.resolved
        if root is None or contract.platform:
            return None
        if contract.through is not None and contract.through[0] not in self.kept:
            return None
        folder = root / contract.code
        stem = self._stem(contract, chosen)
        corrected = contract.delivery == "delta" or contract.kind == "event"
        path = next((p for p in folder.glob(f"{stem}.*parquet") if not corrected or _serves(p, self.day)), None)
        if path is None:
            path = self._keep(contract, folder, stem, self._resolved(contract, chosen, files), files if corrected else [])
        os.utime(path)
        self.kept[contract.code] = path
        return f"read_parquet({literal(str(path))})"

    def _stem(self, contract: Contract, chosen: str) -> str:
        deliveries = self.con.execute(f"SELECT * FROM {chosen} ORDER BY ALL").fetchall()
        through = self.kept[contract.through[0]].name if contract.through is not None else ""
        subjects = [(keyed.name, keyed.key) for keyed in self.policy.keyed.values()]
        shape = (LAYOUT, contract.code, contract.kind, contract.delivery, contract.key, sorted(contract.links.items()), subjects)
        whole = repr((shape, sorted(lake_columns(contract).items()), through, deliveries))
        return hashlib.sha256(whole.encode()).hexdigest()[:24]

    def _keep(self, contract: Contract, folder: Path, stem: str, select: str, dated: list[Path]) -> Path:
        """Written beside its place and renamed, so that a killed run leaves nothing that looks whole."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{stem}.parquet"
        if dated:
            paths = ", ".join(literal(str(path)) for path in dated)
            last = self.con.execute(f"SELECT max(valid) FROM read_parquet([{paths}], union_by_name = true)").fetchone()[0]
            name = f"{stem}.{last}.parquet" if last is None or last <= self.day else f"{stem}.only-{self.day}.parquet"
        draft = folder / f"{stem}.{os.getpid()}-{get_ident()}.partial"
        order = f"{sorted_by(contract)}, ord"
        self.con.execute(
            f"COPY (SELECT * FROM ({select}) ORDER BY {order}) TO {literal(str(draft))}"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
        )
        path = folder / name
        draft.replace(path)
        return path


def sorted_by(contract: Contract) -> str:
    """The column by which a kept file is sorted: whom its rows are about."""
    kinds = [kind for kind in LINKS if kind in contract.links]
    return f"{kinds[0]}_id" if kinds else "household_id" if contract.through is not None else "ord"


def _seen(kind: str) -> str:
    """The type in which a rule sees a column: a moment is its day, because the language knows no hours."""
    return "DATE" if kind == "TIMESTAMP" else kind


def _serves(path: Path, day: date) -> bool:
    """Whether a kept file settles corrections as they stand on `day`: nothing in it was left out for being later."""
    mark = path.name.split(".")[1]
    if mark.startswith("only-"):
        return mark == f"only-{day}"
    return mark == "None" or date.fromisoformat(mark) <= day


def drop_unused(kept: Iterable[Path]) -> None:
    """Leaves what a run has read and the few files of each of its feeds that were used before it."""
    for path in kept:
        files = sorted((p for p in path.parent.glob("*.parquet")), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in files[KEPT:]:
            old.unlink(missing_ok=True)


def key_text(columns: tuple[str, ...]) -> str:
    """SQL: the text of a keyed subject's key."""
    return " || '|' || ".join(f"COALESCE(CAST({quoted(name)} AS VARCHAR), '')" for name in columns)


def _hashed(text: str) -> str:
    """A 63-bit id of a text key, the same in every run."""
    return f"CAST(md5_number_lower({text}) & 9223372036854775807 AS BIGINT)"
