"""The household and the person register into the database, set-wise: the same file twice changes nothing.

A file is judged whole in DuckDB against its contract and against what the registry holds; what remains to be written
is written in batches within one transaction. `staging` judges a file, this module compares and writes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.names import initials
from anju.apps.people.publish import fetch_within
from anju.apps.people.staging import KEYS, Refused, Staged, arrow_fields, stage
from anju.apps.people.vault import Sealer, ensure_keys, masked_identifier
from anju.apps.places.codes import first_free, place_codes, scope_paths
from anju.core.contracts.model import Contract, Programme
from anju.lake.duck import name as named
from anju.lake.duck import open_duckdb

BATCH = 5_000


@dataclass(slots=True)
class Counts:
    """rows = new + changed + unchanged + refused + duplicates + skipped, always. `doubtful` are some of those taken,
    `absent` are in the registry and not in the file: they stay as they are."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    duplicates: int = 0
    skipped: int = 0
    doubtful: int = 0
    absent: int = 0

    @property
    def adds_up(self) -> bool:
        return self.rows == self.new + self.changed + self.unchanged + self.refused + self.duplicates + self.skipped


@dataclass(slots=True)
class ImportReport:
    by: str
    at: datetime
    dry_run: bool
    households: Counts = field(default_factory=Counts)
    persons: Counts = field(default_factory=Counts)
    memberships_new: int = 0
    memberships_moved: int = 0
    refused: list[Refused] = field(default_factory=list)
    doubtful: list[Refused] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "at": self.at.isoformat()}


def import_people(
    files: list[Path], *, by: str, at: datetime, dry_run: bool = False, contracts: Mapping[str, Contract], programme: Programme | None = None
) -> ImportReport:
    """Takes household and person registers, recognised by their headers, households first whatever the order.

    Raises FileRefused where a file as a whole cannot be read; then nothing of any file has been written."""
    if at.tzinfo is None:
        raise ValueError("at: a time without a zone does not say when it was")
    report = ImportReport(by, at, dry_run)
    with tempfile.TemporaryDirectory(prefix="people-") as work, transaction.atomic():
        con = open_duckdb(temp_directory=Path(work))
        try:
            run = _Run(con, report, at, programme)
            staged = [stage(con, path, n, contracts, programme, Path(work)) for n, path in enumerate(files)]
            for one in sorted(staged, key=lambda one: one.registry != "household"):
                run.take(one)
        finally:
            con.close()
    return report


class _Run:
    def __init__(self, con: Any, report: ImportReport, at: datetime, programme: Programme | None) -> None:
        self.con, self.report, self.at = con, report, at
        self.day = at.astimezone(UTC).date()
        self.identifier = programme.identifiers[0].name if programme else "cn_resident_id"
        self.keys = ensure_keys()
        self.free = {model: first_free(model) for model in (Household, Person, Membership, Identifier)}
        self._load()

    def _load(self) -> None:
        """What the registry holds, as tables of DuckDB; later files of the same run see what the earlier ones add."""
        paths = scope_paths()
        codes = place_codes()
        scope = [(code, key) for code, key in codes.items() if key in paths]
        self._table("places", ("code", "id"), scope)
        self._table("all_places", ("code", "id"), list(codes.items()))
        for table, model in (("household", Household), ("person", Person)):
            fields = arrow_fields(model)
            columns = ", ".join(column for column, _ in fields)
            self._arrow(f"old_{table}", fetch_within(f"SELECT {columns} FROM {model._meta.db_table}", pa.schema(fields)))
        key, text, day = pa.int64(), pa.string(), pa.date32()
        held = pa.schema([("id", key), ("person_id", key), ("household_id", key), ("start", day)])
        sql = 'SELECT id, person_id, household_id, start FROM people_membership WHERE known_to IS NULL AND "end" IS NULL'
        self._arrow("held", fetch_within(sql, held))
        sql = f"SELECT digest, person_id FROM people_identifier WHERE type = '{self.identifier}'"
        self._arrow("identifiers", fetch_within(sql, pa.schema([("digest", text), ("person_id", key)])))

    def _table(self, name: str, columns: tuple[str, str], rows: list[tuple[str, int]]) -> None:
        first, second = ([row[0] for row in rows], [row[1] for row in rows])
        self._arrow(name, pa.table({columns[0]: pa.array(first, pa.string()), columns[1]: pa.array(second, pa.int64())}))

    def _arrow(self, name: str, table: pa.Table) -> None:
        self.con.register("given", table)
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        self.con.unregister("given")

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchone()[0])

    # --- one file -------------------------------------------------------------------------------------------------

    def take(self, staged: Staged) -> None:
        household = staged.registry == "household"
        counts = self.report.households if household else self.report.persons
        staged.settle(self.identifier, self.keys)
        self.report.messages += staged.messages
        self._number(staged, Household if household else Person)
        fields = [column for column, _ in arrow_fields(Household if household else Person) if column in staged.fields]
        old = f"old_{staged.registry}"
        differs = " OR ".join(f"s.{named(c)} IS DISTINCT FROM o.{named(c)}" for c in fields)
        moved = "FALSE" if household else "(s.household_id IS NOT NULL AND h.household_id IS DISTINCT FROM s.household_id)"
        join = "" if household else "LEFT JOIN held h ON h.person_id = s.id"
        self.con.execute(
            f"CREATE OR REPLACE TABLE compared AS SELECT s.*, o.id IS NULL AS is_new, o.id IS NOT NULL AND ({differs}) AS differs,"
            f" {moved} AS moves FROM good s LEFT JOIN {old} o ON o.id = s.id {join} ORDER BY s.line"
        )
        counts.rows += staged.rows
        counts.skipped += staged.skipped
        counts.duplicates += staged.duplicates
        counts.refused += staged.refused
        counts.new += self._one("SELECT count(*) FROM compared WHERE is_new")
        counts.changed += self._one("SELECT count(*) FROM compared WHERE NOT is_new AND (differs OR moves)")
        counts.unchanged += self._one("SELECT count(*) FROM compared WHERE NOT is_new AND NOT (differs OR moves)")
        counts.absent = self._one(f"SELECT count(*) FROM {old} WHERE id NOT IN (SELECT id FROM compared)")
        counts.doubtful += len({item["line"] for item in staged.doubtful})
        self.report.refused += staged.refusals
        self.report.doubtful += staged.doubtful
        if not counts.adds_up:
            raise RuntimeError(f"the import lost count of {staged.file}: {counts}")
        self._write(Household if household else Person, fields)
        if not household:
            self._write_identifiers()
            self._write_memberships()
        self._remember(old, fields)

    def _number(self, staged: Staged, model: type[Household] | type[Person]) -> None:
        """`good`: the rows accepted with our own key, a new one from the first free key up where there is none."""
        first, key = self.free[model], KEYS[staged.registry]
        known = (
            "SELECT household_code AS k, id FROM old_household" if model is Household else "SELECT digest AS k, person_id AS id FROM identifiers"
        )
        self.con.execute(
            f"CREATE OR REPLACE TABLE good AS SELECT COALESCE(o.id, {first} - 1 + row_number() OVER (PARTITION BY o.id IS NULL ORDER BY s.line))"
            f" AS id, s.* FROM accepted s LEFT JOIN ({known}) o ON o.k = s.{key}"
        )
        self.free[model] = max(first, self._one("SELECT COALESCE(max(id), 0) + 1 FROM good"))

    def _remember(self, old: str, fields: list[str]) -> None:
        names = ", ".join(named(column) for column in fields)
        self.con.execute(f"DELETE FROM {old} WHERE id IN (SELECT id FROM compared WHERE differs)")
        self.con.execute(f"INSERT INTO {old} (id, {names}) SELECT id, {names} FROM compared WHERE is_new OR differs")
        if old == "old_person":
            self.con.execute("INSERT INTO identifiers SELECT digest, id FROM compared WHERE is_new")

    # --- writing --------------------------------------------------------------------------------------------------

    def _write(self, model: type[Household] | type[Person], fields: list[str]) -> None:
        table, stamp = model._meta.db_table, connection.ops.adapt_datetimefield_value(self.at)
        kinds = dict(arrow_fields(model))
        cells = ", ".join(f"CAST({named(c)} AS VARCHAR)" if pa.types.is_date(kinds[c]) else named(c) for c in fields)
        extra, extras = [], ""
        if model is Person:
            extra = ["initials", "birth_date_approximate"]
            extras = ", name, FALSE"
        columns = [*fields, *extra, "recorded_at"]
        quoted = [connection.ops.quote_name(column) for column in columns]
        marks = ", ".join(["%s"] * (len(columns) + 1))

        def turn(row: tuple[Any, ...]) -> tuple[Any, ...]:
            if model is Person:
                return (*row[:-2], initials(row[-2]) if row[-2] else None, row[-1], stamp)
            return (*row, stamp)

        self._many(
            f"INSERT INTO {table} (id, {', '.join(quoted)}) VALUES ({marks})",
            f"SELECT id, {cells}{extras} FROM compared WHERE is_new ORDER BY id", turn,
        )  # fmt: skip
        self._many(
            f"UPDATE {table} SET {', '.join(f'{column} = %s' for column in quoted)} WHERE id = %s",
            f"SELECT id, {cells}{extras} FROM compared WHERE differs ORDER BY id", lambda row: (*turn(row)[1:], row[0]),
        )  # fmt: skip

    def _many(self, sql: str, source: str, turn: Any) -> int:
        if self.report.dry_run:
            return 0
        answer, n = self.con.execute(source), 0
        with connection.cursor() as cursor:
            while rows := answer.fetchmany(BATCH):
                cursor.executemany(sql, [turn(row) for row in rows])
                n += len(rows)
        return n

    def _write_identifiers(self) -> None:
        sealer, free = Sealer(self.keys), self.free[Identifier]

        def turn(row: tuple[int, int, str, str]) -> tuple[object, ...]:
            nth, person, normal, found = row
            return (free + nth, person, self.identifier, sealer.seal(normal), found, masked_identifier(normal))

        self.free[Identifier] += self._many(
            "INSERT INTO people_identifier (id, person_id, type, value, digest, masked) VALUES (%s, %s, %s, %s, %s, %s)",
            "SELECT row_number() OVER (ORDER BY id) - 1, id, normal, digest FROM compared WHERE is_new ORDER BY id", turn,
        )  # fmt: skip

    def _write_memberships(self) -> None:
        """A new member is one since the household moved in, or was born. One who moved leaves the old household on the
        day of moving: what was known until now is closed, and the row with its end and the new row are opened."""
        at = f"DATE '{self.day}'"
        self.con.execute(
            f"CREATE OR REPLACE TABLE moving AS SELECT c.id AS person_id, c.household_id, h.id AS old_id, h.household_id AS old_household,"
            f" h.start AS old_start, CASE WHEN h.id IS NULL"
            f" THEN greatest(COALESCE(y.move_in_date, {at}), COALESCE(c.birth_date, DATE '0001-01-01'))"
            f" WHEN y.move_in_date > h.start AND y.move_in_date <= {at} THEN y.move_in_date WHEN {at} > h.start THEN {at}"
            f" ELSE COALESCE(y.move_in_date, {at}) END AS start"
            " FROM compared c LEFT JOIN held h ON h.person_id = c.id LEFT JOIN old_household y ON y.id = c.household_id WHERE c.moves"
        )
        self.report.memberships_new += self._one("SELECT count(*) FROM moving WHERE old_id IS NULL")
        self.report.memberships_moved += self._one("SELECT count(*) FROM moving WHERE old_id IS NOT NULL")
        self.con.execute(
            "CREATE OR REPLACE TABLE opened AS SELECT row_number() OVER (ORDER BY person_id, start) - 1"
            f" + {self.free[Membership]} AS id, * FROM (SELECT person_id, household_id, start, NULL::DATE AS stop FROM moving"
            " UNION ALL SELECT person_id, old_household, old_start, start FROM moving WHERE old_start < start)"
        )
        stamp = connection.ops.adapt_datetimefield_value(self.at)
        self._many("UPDATE people_membership SET known_to = %s WHERE id = %s",
                   "SELECT old_id FROM moving WHERE old_id IS NOT NULL", lambda row: (stamp, row[0]))  # fmt: skip
        self._many(
            'INSERT INTO people_membership (id, person_id, household_id, start, "end", known_from) VALUES (%s, %s, %s, %s, %s, %s)',
            "SELECT id, person_id, household_id, CAST(start AS VARCHAR), CAST(stop AS VARCHAR) FROM opened ORDER BY id",
            lambda row: (*row, stamp),
        )
        self.free[Membership] += self._one("SELECT count(*) FROM opened")
        self.con.execute("DELETE FROM held WHERE person_id IN (SELECT person_id FROM moving)")
        self.con.execute("INSERT INTO held SELECT id, person_id, household_id, start FROM opened WHERE stop IS NULL")
