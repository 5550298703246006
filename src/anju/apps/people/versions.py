"""What was ever said of households and persons, in both times: which version holds on a day, and the writing of new ones.

The table of households or persons holds the newest version of each, the table of versions all others. Versions are ordered
by the day they are true from, then by when they were said. On a day before the first version the first one holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import connection

from anju.apps.people.models import Household, HouseholdVersion, Person, PersonVersion
from anju.apps.people.names import initials
from anju.apps.places.codes import first_free
from anju.apps.places.dated import NEWEST
from anju.lake.duck import name as named

BATCH = 5_000
TYPES = {"BigIntegerField": pa.int64(), "ForeignKey": pa.int64(), "BooleanField": pa.bool_(), "DateField": pa.date32(),
         "IntegerField": pa.int64(), "CharField": pa.string()}  # fmt: skip
OWN = frozenset({"initials", "valid_from", "known_from"})  # of our own making: no file says them
FIXED = frozenset({"sex", "birth_date", "ethnic_code"})  # born with: a correction holds for every day

Model = type[Household] | type[Person]


def arrow_fields(model: Model) -> list[tuple[str, pa.DataType]]:
    """The columns of a table that a register can say something of, with the key first."""
    fields = [(str(f.column), TYPES[f.get_internal_type()]) for f in model._meta.concrete_fields if f.name not in OWN]
    return sorted(fields, key=lambda field: field[0] != "id")


def tables_of(model: Model) -> tuple[str, str, str]:
    if model is Household:
        return Household._meta.db_table, HouseholdVersion._meta.db_table, "household_id"
    return Person._meta.db_table, PersonVersion._meta.db_table, "person_id"


class Versions:
    """The versions of one register in DuckDB while an import runs: `v_<name>`, and `old_<name>` as of the import's day.

    `fetch(sql, schema)` reads the database within the transaction under way."""

    def __init__(self, con: Any, model: Model, day: date, stamp: Any, fetch: Callable[[str, pa.Schema], pa.Table], *, dry_run: bool) -> None:
        self.con, self.model, self.day, self.stamp, self.fetch, self.dry_run = con, model, day, stamp, fetch, dry_run
        self.name = model.__name__.lower()
        self.table, self.versions, self.key = tables_of(model)
        self.fields = arrow_fields(model)
        self.columns = [column for column, _ in self.fields if column != "id"]
        self.free = self.first = first_free(HouseholdVersion if model is Household else PersonVersion)
        self.whole = self.layered = False
        self._read(f"SELECT id, {', '.join(self.columns)}, valid_from, {NEWEST} AS nth FROM {self.table}", "CREATE OR REPLACE TABLE v_{0} AS")
        if self._one(f"SELECT count(*) FROM v_{self.name} WHERE valid_from > DATE '{day}'"):
            self.read_history()
        self.place()

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    def _read(self, sql: str, into: str) -> None:
        schema = pa.schema([*sorted(self.fields, key=lambda f: f[0] != "id"), ("valid_from", pa.date32()), ("nth", pa.int64())])
        self.con.register("given", self.fetch(sql, schema))
        self.con.execute(f"{into.format(self.name)} SELECT * FROM given")
        self.con.unregister("given")

    def read_history(self) -> None:
        """The older versions too, where somebody needs them: a day before the newest version, or a correction of every day."""
        if self.whole:
            return
        self.whole = self.layered = True
        own = ", ".join("t.household_code" if column == "household_code" else f"v.{column}" for column in self.columns)
        joined = f"{self.versions} v JOIN {self.table} t ON t.id = v.{self.key}"
        self._read(f"SELECT v.{self.key} AS id, {own}, v.valid_from, v.id AS nth FROM {joined} WHERE v.id < {self.first}", "INSERT INTO v_{0}")

    def place(self) -> None:
        """`old_<name>`: the version of each that holds on the import's day."""
        best = self.as_of(f"DATE '{self.day}'", "id") if self.layered else ""
        self.con.execute(f"CREATE OR REPLACE TABLE old_{self.name} AS SELECT * EXCLUDE (nth) FROM v_{self.name} {best}")

    @staticmethod
    def as_of(day: str, key: str) -> str:
        return (f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY valid_from > {day},"
                f" CASE WHEN valid_from <= {day} THEN valid_from END DESC, valid_from, nth DESC) = 1")  # fmt: skip

    # --- what a file says ---------------------------------------------------------------------------------------------

    def say(self, fields: list[str], until: date | None) -> None:
        """`said` from `compared` (id, `fields`, is_new, differs): the versions that make it true from the import's day on.

        A correction of what nobody can change (a day of birth) holds for every day. Where a register of a later day, `until`,
        has been taken in already, what it said holds again from that day on."""
        fixed = [column for column in fields if column in FIXED]
        moves = [column for column in fields if column not in FIXED and column != "id"]
        shifts = " OR ".join(f"s.{named(c)} IS DISTINCT FROM o.{named(c)}" for c in moves) or "FALSE"
        merged = self.merged({c: f"s.{named(c)}" for c in fields}, "o")
        self.con.execute(f"CREATE OR REPLACE TABLE shifted AS SELECT s.id, s.is_new OR ({shifts}) AS shifts FROM compared s"
                         f" LEFT JOIN old_{self.name} o ON o.id = s.id WHERE s.is_new OR s.differs")  # fmt: skip
        self.con.execute(
            f"CREATE OR REPLACE TABLE said AS SELECT s.id, DATE '{self.day}' AS valid_from, {merged} FROM compared s JOIN shifted USING (id)"
            f" LEFT JOIN old_{self.name} o ON o.id = s.id WHERE shifted.shifts"
        )
        if fixed and self._one("SELECT count(*) FROM compared s WHERE s.differs AND (" + self._differ(fixed) + ")"):
            self.read_history()
            self._correct(fixed)
        if until is not None:
            self._restate(fixed, until)

    def _differ(self, columns: list[str]) -> str:
        """Whether a row of `compared` differs from what holds in any of `columns`."""
        differ = " OR ".join(f"s.{named(c)} IS DISTINCT FROM o.{named(c)}" for c in columns)
        return f"SELECT {differ} FROM old_{self.name} o WHERE o.id = s.id"

    def merged(self, given: dict[str, str], base: str) -> str:
        values = {c: given.get(c, f"{base}.{named(c)}") for c in self.columns}
        if "birth_date_approximate" in values:
            values["birth_date_approximate"] = f"COALESCE({values['birth_date_approximate']}, FALSE)"
        return ", ".join(f"{value} AS {named(column)}" for column, value in values.items())

    def _correct(self, fixed: list[str]) -> None:
        wrong = {c: f"CASE WHEN w.{named(c)} IS NOT DISTINCT FROM o.{named(c)} THEN s.{named(c)} ELSE w.{named(c)} END" for c in fixed}
        self.con.execute(
            f"INSERT INTO said SELECT w.id, w.valid_from, {self.merged(wrong, 'w')} FROM {self.effective()} w"
            f" JOIN compared s ON s.id = w.id AND s.differs JOIN old_{self.name} o ON o.id = w.id"
            f" WHERE ({' OR '.join(f'({value}) IS DISTINCT FROM w.{named(c)}' for c, value in wrong.items())})"
            " AND NOT EXISTS (SELECT 1 FROM said d WHERE d.id = w.id AND d.valid_from = w.valid_from)"
        )

    def _restate(self, fixed: list[str], until: date) -> None:
        self.con.execute(
            f"INSERT INTO said SELECT o.id, DATE '{until}', {self.merged({c: f's.{named(c)}' for c in fixed}, 'o')} FROM compared s"
            f" JOIN shifted ON shifted.id = s.id AND shifted.shifts AND NOT s.is_new JOIN old_{self.name} o ON o.id = s.id"
            f" WHERE NOT EXISTS (SELECT 1 FROM v_{self.name} w WHERE w.id = s.id AND w.valid_from > DATE '{self.day}'"
            f" AND w.valid_from <= DATE '{until}')"
        )

    def effective(self) -> str:
        """Of versions true from the same day the one said last."""
        return f"(SELECT * FROM v_{self.name} QUALIFY row_number() OVER (PARTITION BY id, valid_from ORDER BY nth DESC) = 1)"

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """`said` into the database, and into the tables here. What is not older than the newest version becomes the newest."""
        first = self.free
        self.con.execute(
            f"CREATE OR REPLACE TABLE placed AS SELECT s.*, n.id IS NULL AS is_new, (n.id IS NULL OR s.valid_from >= n.valid_from)"
            " AND row_number() OVER (PARTITION BY s.id ORDER BY s.valid_from DESC) = 1 AS tops, 0::BIGINT AS nth FROM said s"
            f" LEFT JOIN (SELECT id, valid_from FROM v_{self.name} WHERE nth = {NEWEST}) n ON n.id = s.id"
        )
        self.con.execute("CREATE OR REPLACE TABLE superseded AS SELECT id, "
                         f"{first} - 1 + row_number() OVER (ORDER BY id) AS nth FROM placed WHERE tops AND NOT is_new")  # fmt: skip
        self.free += self._one("SELECT count(*) FROM superseded")
        self.con.execute(
            f"UPDATE placed SET nth = CASE WHEN tops THEN {NEWEST} ELSE {self.free} - 1 + r.n END FROM (SELECT id, valid_from,"
            " row_number() OVER (PARTITION BY tops ORDER BY id, valid_from) AS n FROM placed) r"
            " WHERE r.id = placed.id AND r.valid_from = placed.valid_from"
        )
        self.free += self._one("SELECT count(*) FROM placed WHERE NOT tops")
        if not self.dry_run:
            self._save()
        self.con.execute(
            f"UPDATE v_{self.name} SET nth = s.nth FROM superseded s WHERE s.id = v_{self.name}.id AND v_{self.name}.nth = {NEWEST}"
        )
        names = ", ".join(named(column) for column in ("id", *self.columns, "valid_from", "nth"))
        self.con.execute(f"INSERT INTO v_{self.name} ({names}) SELECT {names} FROM placed")
        self.layered = self.layered or self.free > first
        self.place()

    def _save(self) -> None:
        kinds = dict(self.fields)
        quote = connection.ops.quote_name
        kept = [column for column in self.columns if column != "household_code"]

        def cells(columns: list[str]) -> str:
            return ", ".join(f"CAST({named(c)} AS VARCHAR)" if pa.types.is_date(kinds[c]) else named(c) for c in columns)

        stays = ", ".join(quote(column) for column in (*kept, "valid_from", "known_from"))
        self._many(f"INSERT INTO {self.versions} (id, {self.key}, {stays}) SELECT %s, id, {stays} FROM {self.table} WHERE id = %s",
                   "SELECT nth, id FROM superseded ORDER BY nth", lambda row: row)  # fmt: skip
        self._many(f"INSERT INTO {self.versions} (id, {self.key}, {stays}) VALUES ({', '.join(['%s'] * (len(kept) + 4))})",
                   f"SELECT nth, id, {cells(kept)}, CAST(valid_from AS VARCHAR) FROM placed WHERE NOT tops ORDER BY nth",
                   lambda row: (*row, self.stamp))  # fmt: skip
        columns = [*self.columns, "valid_from", "known_from"]
        at = 0
        if self.model is Person:
            columns.append("initials")
            at = self.columns.index("name") + 1

        def turn(row: tuple[Any, ...]) -> tuple[Any, ...]:
            return (*row, self.stamp, initials(row[at]) if row[at] else None) if at else (*row, self.stamp)

        source = f"SELECT id, {cells(self.columns)}, CAST(valid_from AS VARCHAR) FROM placed WHERE tops AND "
        names = ", ".join(quote(column) for column in columns)
        marks = ", ".join(["%s"] * (len(columns) + 1))
        self._many(f"INSERT INTO {self.table} (id, {names}) VALUES ({marks})", f"{source} is_new ORDER BY id", turn)
        sets = ", ".join(f"{quote(column)} = %s" for column in columns)
        self._many(f"UPDATE {self.table} SET {sets} WHERE id = %s", f"{source} NOT is_new ORDER BY id", lambda row: (*turn(row)[1:], row[0]))

    def _many(self, sql: str, source: str, turn: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        answer = self.con.execute(source)
        with connection.cursor() as cursor:
            while rows := answer.fetchmany(BATCH):
                cursor.executemany(sql, [turn(row) for row in rows])
