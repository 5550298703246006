"""The household and the person register into the database, set-wise: the same file twice changes nothing.

A file is judged whole in DuckDB against its contract and against what the registry holds; what remains to be written
is written in batches within one transaction. `staging` judges a file, this module compares and writes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from anju.apps.journal.actions import record
from anju.apps.people.events import Events
from anju.apps.people.memberships import Memberships
from anju.apps.people.models import Household, Identifier, Person, RegisterDelivery
from anju.apps.people.publish import fetch_within
from anju.apps.people.staging import HEAD, KEYS, Refused, Staged, stage
from anju.apps.people.vault import Sealer, ensure_keys, masked_identifier
from anju.apps.people.versions import BATCH, Versions
from anju.apps.places.codes import SCOPE, first_free, place_codes, scope_paths
from anju.apps.places.models import Place
from anju.core.contracts.model import Contract, Programme
from anju.lake.duck import name as named
from anju.lake.duck import open_duckdb, quoted
from anju.lake.files import FileRefused

ORDER = ("household", "event", "person")  # events first tell of other numbers, by which a register may name somebody


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
    valid: date
    dry_run: bool
    households: Counts = field(default_factory=Counts)
    persons: Counts = field(default_factory=Counts)
    events: Counts = field(default_factory=Counts)
    events_waiting: int = 0  # of all that ever came, how many wait for somebody to be registered
    events_late: int = 0  # how many that waited were applied now
    memberships_new: int = 0
    memberships_moved: int = 0
    refused: list[Refused] = field(default_factory=list)
    doubtful: list[Refused] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "at": self.at.isoformat(), "valid": self.valid.isoformat()}


def import_people(
    files: list[Path],
    *,
    by: str,
    at: datetime,
    valid: date | None = None,
    dry_run: bool = False,
    contracts: Mapping[str, Contract],
    programme: Programme,
) -> ImportReport:
    """Takes household and person registers and vital events, recognised by their headers, households first whatever the order.

    `at` is when they came and `valid` the day they speak of (the same day if nothing is said). What was known before stays.
    Raises FileRefused where a file as a whole cannot be read; then nothing of any file has been written."""
    if at.tzinfo is None:
        raise ValueError("at: a time without a zone does not say when it was")
    came = at.astimezone(UTC).date()
    if valid is not None and valid > came:
        raise FileRefused(f"a register of {valid} cannot have come on {came}", "it speaks of a day still to come", "check --as-of")
    report = ImportReport(by, at, valid or came, dry_run)
    with tempfile.TemporaryDirectory(prefix="people-") as work, transaction.atomic():
        con = open_duckdb(temp_directory=Path(work))
        try:
            run = _Run(con, report, programme)
            staged = [stage(con, path, n, contracts, programme, Path(work)) for n, path in enumerate(files)]
            for one in sorted(staged, key=lambda one: ORDER.index(one.registry)):
                run.take_events(one) if one.registry == "event" else run.take(one)
            run.settle_heads()
            run.settle_events()
        finally:
            con.close()
        if not dry_run:
            _record(report, len(files))
    return report


def _record(report: ImportReport, files: int) -> None:
    """One line for the whole import: how much it changed, and not whom."""
    detail: dict[str, str | int | bool | None] = {"files": files}
    for name in ("households", "persons", "events"):
        counts: Counts = getattr(report, name)
        detail |= {f"{name}_new": counts.new, f"{name}_changed": counts.changed, f"{name}_refused": counts.refused}
    record(act="people.import", about=f"register:{report.valid}", by=report.by, at=report.at, detail=detail)


class _Run:
    """One import: what the registry holds as tables of DuckDB, in which later files see what the earlier ones add."""

    def __init__(self, con: Any, report: ImportReport, programme: Programme) -> None:
        self.con, self.report, self.day = con, report, report.valid
        self.identifier = programme.identifiers[0].name
        self.keys = ensure_keys()
        self.free = {model: first_free(model) for model in (Household, Person, Identifier)}  # on PostgreSQL other imports wait from here on
        _in_order_of_receipt(report.at)
        self.stamp = connection.ops.adapt_datetimefield_value(report.at)
        self._load()

    def _load(self) -> None:
        paths = scope_paths()
        codes = place_codes()
        scope = [(code, key) for code, key in codes.items() if key in paths]
        self._table("places", ("code", "id"), scope)
        self._arrow("below", _below())
        self._table("all_places", ("code", "id"), list(codes.items()))
        self.versions = {
            name: Versions(self.con, model, self.day, self.stamp, fetch_within, dry_run=self.report.dry_run)
            for name, model in (("household", Household), ("person", Person))
        }
        self.taken: list[tuple[str, Counts]] = []
        self.homes: list[str] = []
        self.memberships = Memberships(self.con, self.day, self.stamp, fetch_within, dry_run=self.report.dry_run)
        sql = f"SELECT digest, person_id FROM people_identifier WHERE type = '{self.identifier}'"
        self._arrow("identifiers", fetch_within(sql, pa.schema([("digest", pa.string()), ("person_id", pa.int64())])))
        came = self.report.at.astimezone(UTC).date()
        self.events = Events(self.con, self.versions["person"], self.identifier, self.keys, came, fetch_within, dry_run=self.report.dry_run)

    def _table(self, name: str, columns: tuple[str, str], rows: list[tuple[str, int]]) -> None:
        first, second = ([row[0] for row in rows], [row[1] for row in rows])
        self._arrow(name, pa.table({columns[0]: pa.array(first, pa.string()), columns[1]: pa.array(second, pa.int64())}))

    def _arrow(self, name: str, table: pa.Table) -> None:
        self.con.register("given", table)
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        self.con.unregister("given")

    def _one(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])

    # --- one file -------------------------------------------------------------------------------------------------

    def take(self, staged: Staged) -> None:
        household = staged.registry == "household"
        counts = self.report.households if household else self.report.persons
        versions = self.versions[staged.registry]
        staged.settle(self.identifier, self.keys)
        self.report.messages += staged.messages
        self._number(staged, Household if household else Person)
        if not household:
            self._keep_dead(staged)
            self._find_namesakes(staged)
        fields = [column for column in ("id", *versions.columns) if column in staged.fields]
        old = f"old_{staged.registry}"
        differs = " OR ".join(f"s.{named(c)} IS DISTINCT FROM o.{named(c)}" for c in fields)
        moved = "FALSE" if household else "(s.household_id IS NOT NULL AND h.household_id IS DISTINCT FROM s.household_id)"
        join = "" if household else "LEFT JOIN held h ON h.person_id = s.id"
        self.con.execute(
            f"CREATE OR REPLACE TABLE compared AS SELECT s.*, o.id IS NULL AS is_new, o.id IS NOT NULL AND ({differs}) AS differs,"
            f" {moved} AS moves FROM good s LEFT JOIN {old} o ON o.id = s.id {join} ORDER BY s.line"
        )
        self._count(staged, counts, old)
        until = RegisterDelivery.objects.filter(registry=staged.registry, valid__gt=self.day).order_by("valid").values_list("valid", flat=True)
        versions.say(fields, until.first())
        versions.write()
        if household:
            self._note_heads(staged)
            return
        self._write_identifiers()
        new, moved_to = self.memberships.write(until.first())
        self.report.memberships_new += new
        self.report.memberships_moved += moved_to
        self._receive(staged.registry, staged.file, counts)

    def _note_heads(self, staged: Staged) -> None:
        """Whom each household named as its head: looked at when everybody of this import is registered."""
        named_here = "head_digest AS digest, head_why AS why" if HEAD in staged.columns else "NULL::VARCHAR AS digest, NULL::VARCHAR AS why"
        made = "INSERT INTO heads" if self.homes else "CREATE TABLE heads AS"
        self.con.execute(f"{made} SELECT {quoted(staged.file)} AS file, line, id, {named_here} FROM good")
        self.homes.append(staged.file)

    def settle_heads(self) -> None:
        """What is doubtful of the heads: taken as delivered, and worth a look."""
        if not self.homes:
            return
        rows = self.con.execute(
            "SELECT file, line, CASE WHEN why IS NOT NULL THEN why WHEN i.person_id IS NULL THEN 'nobody in the register has this number'"
            " ELSE 'is the number of somebody who is no member of the household' END AS reason FROM heads LEFT JOIN identifiers i USING (digest)"
            " LEFT JOIN held h ON h.person_id = i.person_id AND h.household_id = heads.id"
            " WHERE why IS NOT NULL OR (heads.digest IS NOT NULL AND h.person_id IS NULL) ORDER BY file, line"
        ).fetchall()
        self.report.doubtful += [Refused(file=file, line=line, column=HEAD, reason=reason) for file, line, reason in rows]
        self.report.households.doubtful += len(rows)
        for file in self.homes:
            self._receive("household", file, self.report.households)

    def _receive(self, registry: str, file: str, counts: Counts) -> None:
        if not self.report.dry_run:
            RegisterDelivery.objects.create(
                registry=registry, file_name=file, valid=self.day, received_at=self.report.at, counts=asdict(counts), recorded_by=self.report.by
            )

    def take_events(self, staged: Staged) -> None:
        """Read now, and other numbers learned; all else when the registers of this import have been read."""
        staged.settle(self.identifier, self.keys)
        self.report.messages += staged.messages
        self.report.refused += staged.refusals
        counts = Counts(rows=staged.rows, skipped=staged.skipped, duplicates=staged.duplicates, refused=staged.refused)
        counts.new, counts.unchanged = self.events.take(staged)
        self.taken.append((staged.file, counts))
        self.events.apply(only_numbers=True)

    def settle_events(self) -> None:
        """Events of everybody known by now, those that waited for them included."""
        self.events.apply()
        self.events.save()
        self.report.refused += self.events.refused
        self.report.doubtful += self.events.doubtful
        self.report.events_late = self.events.late
        self.report.events_waiting = self._one("SELECT count(*) FROM pending")
        whole = self.report.events
        for file, counts in self.taken:
            impossible = self._one(f"SELECT count(*) FROM done WHERE NOT stored AND fault <> '' AND file = {quoted(file)}")
            counts.new -= impossible
            counts.refused = counts.rows - counts.new - counts.unchanged - counts.duplicates - counts.skipped
            counts.doubtful = sum(item["file"] == file for item in self.events.doubtful)
            for name, value in asdict(counts).items():
                setattr(whole, name, getattr(whole, name) + value)
            self._receive("event", file, counts)

    def _keep_dead(self, staged: Staged) -> None:
        """A register that has not heard of a death does not undo it: the row is taken, and doubtful."""
        said = [column for column in ("alive", "deceased_on") if column in staged.fields]
        if not said:
            return
        stands = (f"(SELECT d.person_id AS id, o.alive, o.deceased_on FROM (SELECT person_id, max(event_date) AS on_ FROM dead GROUP BY 1) d"
                  f" JOIN old_person o ON o.id = d.person_id WHERE d.on_ <= DATE '{self.day}' AND NOT o.alive)")  # fmt: skip
        if "alive" in said:
            sql = f"SELECT g.line FROM good g JOIN {stands} s USING (id) WHERE g.alive ORDER BY 1"
            reason = "is recorded as dead, which a register does not undo"
            for (line,) in self.con.execute(sql).fetchall():
                staged.doubtful.append(Refused(file=staged.file, line=line, column="alive", reason=reason))
        values = {"alive": "FALSE", "deceased_on": "s.deceased_on"}
        if "alive" in said and "deceased_on" in said:  # who writes of a death may know its day better
            values["deceased_on"] = "CASE WHEN good.alive THEN s.deceased_on ELSE COALESCE(good.deceased_on, s.deceased_on) END"
        self.con.execute(f"UPDATE good SET {', '.join(f'{c} = {values[c]}' for c in said)} FROM {stands} s WHERE s.id = good.id")

    def _find_namesakes(self, staged: Staged) -> None:
        """The same name and day of birth under another number: perhaps one person twice. Taken, and worth a look."""
        if "name" not in staged.fields or "birth_date" not in staged.fields:
            return
        everybody = "SELECT id, name, birth_date FROM old_person UNION SELECT id, name, birth_date FROM good"
        sql = (f"SELECT DISTINCT g.line FROM good g JOIN ({everybody}) o ON o.name = g.name AND o.birth_date = g.birth_date AND o.id <> g.id"
               " WHERE g.id NOT IN (SELECT id FROM old_person) ORDER BY 1")  # fmt: skip
        reason = "another person of the same name and day of birth has another number"
        for (line,) in self.con.execute(sql).fetchall():
            staged.doubtful.append(Refused(file=staged.file, line=line, column="person_id", reason=reason))

    def _count(self, staged: Staged, counts: Counts, old: str) -> None:
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

    def _write_identifiers(self) -> None:
        sealer, free = Sealer(self.keys), max(self.free[Identifier], first_free(Identifier))
        sql = "INSERT INTO people_identifier (id, person_id, type, value, digest, masked) VALUES (%s, %s, %s, %s, %s, %s)"
        answer = self.con.execute("SELECT id, normal, digest FROM compared WHERE is_new ORDER BY id")
        with connection.cursor() as cursor:
            while rows := answer.fetchmany(BATCH):
                if not self.report.dry_run:
                    cursor.executemany(sql, [
                        (free + n, person, self.identifier, sealer.seal(normal), found, masked_identifier(normal))
                        for n, (person, normal, found) in enumerate(rows)
                    ])  # fmt: skip
                free += len(rows)
        self.free[Identifier] = free
        self.con.execute("INSERT INTO identifiers SELECT digest, id FROM compared WHERE is_new")


def _below() -> pa.Table:
    """`above`, `code`, `id`: every place of the scope tree, once for each of the places above it."""
    standing = Place.objects.filter(tree=SCOPE).values_list("id", "code", "path")
    rows = [(int(above), code, key) for key, code, path in standing for above in path.strip("/").split("/")[:-1]]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    kinds = (pa.int64(), pa.string(), pa.int64())
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], names=["above", "code", "id"])


def _in_order_of_receipt(at: datetime) -> None:
    """What was known on a past day must not change: a register cannot have come before one that was taken in already."""
    last = RegisterDelivery.objects.order_by("-received_at").values_list("received_at", flat=True).first()
    if last is not None and at < last:
        raise FileRefused(
            f"registers received on {at:%Y-%m-%d %H:%M} cannot be taken in after those of {last:%Y-%m-%d %H:%M}",
            "it would change what was known on past days",
            "say the day they speak of (--as-of), and leave out when they came",
        )
