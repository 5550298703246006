"""Vital events into the register: a death, a birth, a moved hukou, another number. Each is taken once; who is not known yet is waited for.

An event is a change: what it says holds from its day on, also in what was said of later days where that only repeated what
was before. A death is not undone by a register that has not heard of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import connection

from anju.apps.people.models import Identifier, VitalEvent
from anju.apps.people.staging import Refused, Staged
from anju.apps.people.vault import Keys, Sealer, masked_identifier
from anju.apps.people.versions import BATCH, Versions
from anju.apps.places.codes import first_free
from anju.apps.places.dated import NEWEST
from anju.lake.duck import name as named
from anju.lake.duck import quoted

EFFECTS = {
    "alive": "CASE WHEN h.event_type = 'death' THEN FALSE ELSE {0}.alive END",
    "deceased_on": "CASE WHEN h.event_type = 'death' THEN h.event_date ELSE {0}.deceased_on END",
    "hukou_moved": "CASE h.event_type WHEN 'hukou_in' THEN TRUE WHEN 'hukou_out' THEN FALSE ELSE {0}.hukou_moved END",
    "residence_permit_no": "CASE WHEN h.event_type = 'permit_issue' THEN COALESCE(h.residence_permit_no, {0}.residence_permit_no)"
    " ELSE {0}.residence_permit_no END",
    "residence_permit_expiry": "CASE WHEN h.event_type = 'permit_issue' THEN COALESCE(h.residence_permit_expiry, {0}.residence_permit_expiry)"
    " ELSE {0}.residence_permit_expiry END",
    "birth_date": "CASE WHEN h.event_type = 'birth' THEN COALESCE({0}.birth_date, h.event_date) ELSE {0}.birth_date END",
}
"""What an event makes of an attribute; {0} is what held on its day. A split and an event without effect are recorded only."""
SAID = ("event_id", "event_type", "event_date", "digest", "new_digest", "residence_permit_no", "residence_permit_expiry")
EVENT = pa.schema([
    ("id", pa.int64()), ("event_id", pa.string()), ("event_type", pa.string()), ("event_date", pa.date32()), ("digest", pa.string()),
    ("new_digest", pa.string()), ("residence_permit_no", pa.string()), ("residence_permit_expiry", pa.date32()), ("person_id", pa.int64()),
    ("fault", pa.string()), ("file", pa.string()), ("line", pa.int64()),
])  # fmt: skip


class Events:
    """One import's events in DuckDB: `known` are those taken before, `pending` those to be applied, `dead` who has died and when.

    Reads and extends the tables `identifiers` (digest, person_id) and `v_person`."""

    def __init__(
        self, con: Any, persons: Versions, identifier: str, keys: Keys, came: date, fetch: Callable[[str, pa.Schema], pa.Table], *, dry_run: bool
    ) -> None:
        self.con, self.persons, self.identifier, self.keys, self.came, self.dry_run = con, persons, identifier, keys, came, dry_run
        self.refused: list[Refused] = []
        self.doubtful: list[Refused] = []
        self.late = 0
        self.numbers: dict[int, str] = {}  # the other number of an id_change, by the event's own key
        columns = ", ".join("file_name" if f.name == "file" else f.name for f in EVENT)
        con.register("given", fetch(f"SELECT {columns} FROM people_vitalevent", EVENT))
        con.execute("CREATE TABLE known AS SELECT * FROM given")
        con.unregister("given")
        con.execute("CREATE TABLE pending AS SELECT *, TRUE AS stored FROM known WHERE person_id IS NULL AND fault = ''")
        con.execute("CREATE TABLE done AS SELECT * FROM pending LIMIT 0")
        con.execute(
            "CREATE TABLE dead AS SELECT person_id, event_date FROM known WHERE event_type = 'death' AND person_id IS NOT NULL AND fault = ''"
        )
        self.free, self.free_number = first_free(VitalEvent), first_free(Identifier)
        if self._one("SELECT count(*) FROM pending WHERE event_type = 'id_change'"):
            sealer = Sealer(keys)
            waiting = VitalEvent.objects.filter(person=None, fault="", event_type="id_change").values_list("id", "new_value")
            self.numbers = {key: sealer.open(bytes(value)) for key, value in waiting if value is not None}

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    def take(self, staged: Staged) -> tuple[int, int]:
        """From `accepted`. The same event twice changes nothing; the same key with other content is set aside.
        Returns how many are pending now, and how many were known."""
        same = " AND ".join(f"k.{named(c)} IS NOT DISTINCT FROM a.{named(c)}" for c in SAID)
        self.con.execute(f"CREATE OR REPLACE TABLE seen AS SELECT a.line, ({same}) AS same FROM accepted a JOIN known k USING (event_id)")
        for (line,) in self.con.execute("SELECT line FROM seen WHERE NOT same ORDER BY line").fetchall():
            self._refuse(staged.file, line, "event_id", "this event was taken in before with other content")
        said = ", ".join(SAID)
        self.con.execute(
            f"CREATE OR REPLACE TABLE coming AS SELECT {self.free} - 1 + row_number() OVER (ORDER BY line) AS id, {said}, new_normal, line"
            " FROM accepted WHERE line NOT IN (SELECT line FROM seen)"
        )
        self.numbers |= dict(self.con.execute("SELECT id, new_normal FROM coming WHERE new_normal IS NOT NULL").fetchall())
        new = self._one("SELECT count(*) FROM coming")
        self.free += new
        whole = f"id, {said}, line, file, fault"
        self.con.execute(f"CREATE OR REPLACE TABLE coming AS SELECT *, {quoted(staged.file)} AS file, '' AS fault FROM coming")
        self.con.execute(f"INSERT INTO pending ({whole}, stored) SELECT {whole}, FALSE FROM coming")
        self.con.execute(f"INSERT INTO known ({whole}) SELECT {whole} FROM coming")
        return new, self._one("SELECT count(*) FROM seen WHERE same")

    def _refuse(self, file: str, line: int, column: str, reason: str) -> None:
        self.refused.append(Refused(file=file, line=line, column=column, reason=reason))

    # --- what they change -------------------------------------------------------------------------------------------

    def apply(self, *, only_numbers: bool = False) -> None:
        """Applies the pending events of everybody known, each person's in the order of their days. `only_numbers`: only what
        makes other numbers known, before a register is read."""
        which = "WHERE p.event_type = 'id_change'" if only_numbers else ""
        while True:
            self.con.execute(
                "CREATE OR REPLACE TABLE happened AS SELECT p.*, i.person_id AS who FROM pending p JOIN identifiers i ON i.digest = p.digest"
                f" {which} QUALIFY row_number() OVER (PARTITION BY i.person_id ORDER BY p.event_date, p.event_type <> 'birth', p.id) = 1"
            )
            if self._one("SELECT count(*) FROM happened") == 0:
                return
            self.persons.read_history()
            self._judge()
            self._change()
            self._new_numbers()
            self.con.execute("INSERT INTO dead SELECT who, event_date FROM happened WHERE event_type = 'death' AND fault = ''")
            self.con.execute("INSERT INTO done SELECT * EXCLUDE (who) REPLACE (who AS person_id) FROM happened")
            self.con.execute("DELETE FROM pending WHERE id IN (SELECT id FROM happened)")

    def _judge(self) -> None:
        """Why an event cannot be: `fault` of `happened`."""
        self.con.execute(
            "CREATE OR REPLACE TABLE happened AS SELECT h.* REPLACE (CASE"
            f" WHEN h.event_date > DATE '{self.came}' THEN 'is a day still to come'"
            " WHEN h.event_type = 'death' AND h.event_date < v.birth_date THEN 'is before the day of birth: nobody dies before being born'"
            " WHEN h.event_type <> 'birth' AND h.event_date < v.birth_date THEN 'is before the day of birth'"
            " WHEN h.event_type = 'death' AND d.event_date <> h.event_date THEN 'a death on another day was taken in before'"
            " WHEN h.event_type = 'id_change' AND o.person_id <> h.who"
            " THEN 'the new number is another person''s: the two are to be joined by hand'"
            f" ELSE '' END AS fault), v.birth_date AS born FROM happened h JOIN v_person v ON v.id = h.who AND v.nth = {NEWEST}"
            " LEFT JOIN (SELECT person_id, min(event_date) AS event_date FROM dead GROUP BY 1) d ON d.person_id = h.who"
            " LEFT JOIN identifiers o ON o.digest = h.new_digest"
        )
        for file, line, kind, fault in self.con.execute(
            "SELECT file, line, event_type, fault FROM happened WHERE fault <> '' ORDER BY line"
        ).fetchall():
            self._refuse(file, line, "new_person_id" if kind == "id_change" and "number" in fault else "event_date", fault)
        sql = "SELECT file, line FROM happened WHERE fault = '' AND event_type = 'birth' AND event_date <> born ORDER BY line"
        for file, line in self.con.execute(sql).fetchall():
            self.doubtful.append(Refused(file=file, line=line, column="event_date", reason="the register has another day of birth"))
        self.con.execute("ALTER TABLE happened DROP COLUMN born")

    def _change(self) -> None:
        """`said`: the version that the event makes of what held on its day, and of each later one what it makes of that."""
        self.con.execute(
            "CREATE OR REPLACE TABLE before AS SELECT v.* FROM v_person v JOIN happened h ON h.who = v.id AND h.fault = '' "
            + self.persons.as_of("h.event_date", "v.id")
        )
        here = {c: effect.format("b") for c, effect in EFFECTS.items()}
        later = {
            c: f"CASE WHEN h.event_type = 'death' AND '{c}' IN ('alive', 'deceased_on') OR w.{named(c)} IS NOT DISTINCT FROM b.{named(c)}"
            f" THEN {here[c]} ELSE w.{named(c)} END"
            for c in EFFECTS
        }
        joined = "happened h JOIN before b ON b.id = h.who"
        self.con.execute(
            f"CREATE OR REPLACE TABLE said AS SELECT b.id, h.event_date AS valid_from, {self.persons.merged(here, 'b')} FROM {joined} WHERE"
            f" h.fault = '' AND ({' OR '.join(f'({value}) IS DISTINCT FROM b.{named(c)}' for c, value in here.items())})"
            f" UNION ALL SELECT w.id, w.valid_from, {self.persons.merged(later, 'w')} FROM {joined} JOIN {self.persons.effective()} w"
            " ON w.id = h.who AND w.valid_from > h.event_date"
            f" WHERE h.fault = '' AND ({' OR '.join(f'({value}) IS DISTINCT FROM w.{named(c)}' for c, value in later.items())})"
        )
        self.persons.write()

    def _new_numbers(self) -> None:
        """One person, two numbers: both find them."""
        sealer = Sealer(self.keys)
        sql = "SELECT h.id, h.who, h.new_digest FROM happened h LEFT JOIN identifiers i ON i.digest = h.new_digest"
        rows = self.con.execute(f"{sql} WHERE h.event_type = 'id_change' AND h.fault = '' AND i.digest IS NULL ORDER BY h.id").fetchall()
        found = {new: (who, self.numbers[event]) for event, who, new in rows}
        if not self.dry_run:
            self.free_number = max(self.free_number, first_free(Identifier))
            Identifier.objects.bulk_create(
                [
                    Identifier(id=self.free_number + n, person_id=who, type=self.identifier, value=sealer.seal(number), digest=new,
                               masked=masked_identifier(number))
                    for n, (new, (who, number)) in enumerate(found.items())
                ],
                2_000,
            )  # fmt: skip
        for new, (who, _) in found.items():
            self.con.execute("INSERT INTO identifiers VALUES (?, ?)", [new, who])

    # --- into the database ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """What was applied, what is waited for, and of what was waited for what cannot be after all."""
        self.late = self._one("SELECT count(*) FROM done WHERE stored AND fault = ''")
        if self.dry_run:
            return
        at, sealer = self.persons.stamp, Sealer(self.keys)
        names = ("id", *SAID, "person_id", "fault", "file_name", "line", "recorded_at", "applied_at", "new_value")
        new = self.con.execute(
            f"SELECT id, {', '.join(SAID)}, person_id, fault, file, line FROM done WHERE NOT stored AND fault = '' UNION ALL"
            f" SELECT id, {', '.join(SAID)}, NULL, '', file, line FROM pending WHERE NOT stored ORDER BY 1"
        ).fetchall()
        rows = [
            (*(str(cell) if isinstance(cell, date) else cell for cell in row), at, at if row[len(SAID) + 1] is not None else None,
             sealer.seal(self.numbers[row[0]]) if row[0] in self.numbers else None)
            for row in new
        ]  # fmt: skip
        late = [
            (person if not fault else None, fault, None if fault else at, key)
            for key, person, fault in self.con.execute("SELECT id, person_id, fault FROM done WHERE stored").fetchall()
        ]
        with connection.cursor() as cursor:
            for n in range(0, len(rows), BATCH):
                cursor.executemany(
                    f"INSERT INTO people_vitalevent ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})", rows[n : n + BATCH]
                )
            if late:
                cursor.executemany("UPDATE people_vitalevent SET person_id = %s, fault = %s, applied_at = %s WHERE id = %s", late)
