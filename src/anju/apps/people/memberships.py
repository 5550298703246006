"""Who belonged to which household and when, as a register says: what was known until now is closed, and kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import connection

from anju.apps.people.models import Membership
from anju.apps.people.versions import BATCH
from anju.apps.places.codes import first_free


class Memberships:
    """`member`: every membership known now; `held`: the one of each person on the import's day, or else the next one."""

    def __init__(self, con: Any, day: date, stamp: Any, fetch: Callable[[str, pa.Schema], pa.Table], *, dry_run: bool) -> None:
        self.con, self.day, self.stamp, self.dry_run = con, day, stamp, dry_run
        self.free = first_free(Membership)
        key = pa.int64()
        schema = pa.schema([("id", key), ("person_id", key), ("household_id", key), ("start", pa.date32()), ("stop", pa.date32())])
        table = fetch('SELECT id, person_id, household_id, start, "end" FROM people_membership WHERE known_to IS NULL', schema)
        con.register("given", table)
        con.execute("CREATE OR REPLACE TABLE member AS SELECT * FROM given")
        con.unregister("given")
        self._place()

    def _place(self) -> None:
        at = f"DATE '{self.day}'"
        self.con.execute(
            f"CREATE OR REPLACE TABLE held AS SELECT *, start <= {at} AS now FROM member WHERE stop IS NULL OR stop > {at}"
            " QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY start, id) = 1"
        )

    def write(self, until: date | None) -> tuple[int, int]:
        """From `compared` (id, household_id, birth_date, moves). A new member is one since the household moved in, or was born. One
        who moved leaves the old household on the day of moving; with a register of a later day, `until`, that was taken in already,
        what it said holds again from that day on. Returns how many joined and how many moved."""
        at = f"DATE '{self.day}'"
        self.con.execute(
            "CREATE OR REPLACE TABLE moving AS SELECT m.person_id, household_id, old_id, old_household, old_start, old_stop, CASE WHEN"
            f" start >= COALESCE(next_start, DATE '9999-12-31') THEN {at} ELSE start END AS start, COALESCE(old_stop, next_start) AS stop FROM"
            f" (SELECT c.id AS person_id, c.household_id, CASE WHEN h.now THEN h.id END AS old_id, h.household_id AS old_household,"
            " h.start AS old_start, CASE WHEN h.now THEN h.stop END AS old_stop, CASE WHEN NOT h.now THEN h.start END AS next_start,"
            " CASE WHEN h.id IS NULL OR NOT h.now"
            f" THEN greatest(COALESCE(y.move_in_date, {at}), COALESCE(c.birth_date, DATE '0001-01-01'))"
            f" WHEN y.move_in_date > h.start AND y.move_in_date <= {at} THEN y.move_in_date WHEN {at} > h.start THEN {at}"
            f" ELSE COALESCE(y.move_in_date, {at}) END AS start"
            " FROM compared c LEFT JOIN held h ON h.person_id = c.id LEFT JOIN old_household y ON y.id = c.household_id WHERE c.moves) m"
        )
        again, stop = "", "stop"
        if until is not None:
            back = f"old_id IS NOT NULL AND start < DATE '{until}' AND (stop IS NULL OR stop > DATE '{until}')"
            stop = f"CASE WHEN {back} THEN DATE '{until}' ELSE stop END"
            again = f" UNION ALL SELECT person_id, old_household, DATE '{until}', stop FROM moving WHERE {back}"
        self.con.execute(
            "CREATE OR REPLACE TABLE opened AS SELECT row_number() OVER (ORDER BY person_id, start) - 1"
            f" + {self.free} AS id, * FROM (SELECT person_id, household_id, start, {stop} AS stop FROM moving UNION ALL"
            f" SELECT person_id, old_household, old_start, start FROM moving WHERE old_id IS NOT NULL AND old_start < start{again})"
        )
        if not self.dry_run:
            self._save()
        new, moved = self.con.execute("SELECT count(*) FILTER (WHERE old_id IS NULL), count(old_id) FROM moving").fetchall()[0]
        self.free += int(self.con.execute("SELECT count(*) FROM opened").fetchall()[0][0])
        self.con.execute("DELETE FROM member WHERE id IN (SELECT old_id FROM moving)")
        self.con.execute("INSERT INTO member SELECT id, person_id, household_id, start, stop FROM opened")
        self._place()
        return int(new), int(moved)

    def _save(self) -> None:
        self._many("UPDATE people_membership SET known_to = %s WHERE id = %s",
                   "SELECT old_id FROM moving WHERE old_id IS NOT NULL", lambda row: (self.stamp, row[0]))  # fmt: skip
        self._many(
            'INSERT INTO people_membership (id, person_id, household_id, start, "end", known_from) VALUES (%s, %s, %s, %s, %s, %s)',
            "SELECT id, person_id, household_id, CAST(start AS VARCHAR), CAST(stop AS VARCHAR) FROM opened ORDER BY id",
            lambda row: (*row, self.stamp),
        )

    def _many(self, sql: str, source: str, turn: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
        answer = self.con.execute(source)
        with connection.cursor() as cursor:
            while rows := answer.fetchmany(BATCH):
                cursor.executemany(sql, [turn(row) for row in rows])
