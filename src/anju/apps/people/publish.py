"""What the lake gets to know of the registry: our own keys and plain columns, as of a day and as known at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import current_thread, main_thread

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi as postgresql
from adbc_driver_sqlite import dbapi as sqlite
from django.db import connection

from anju.apps.people.models import Household, Identifier, Person
from anju.apps.people.vault import Keys, digest, ensure_keys
from anju.apps.people.versions import tables_of
from anju.apps.places.codes import place_codes
from anju.apps.places.dated import version_sql
from anju.apps.places.models import Place, PlaceVersion
from anju.apps.places.succession import places_today

HIDDEN = frozenset({"name", "initials", "valid_from", "known_from", "id", "household_code", "head_digest"})
AT_ONCE = 100_000_000  # rows in one batch of the driver: all of them
ROWS_IN_GROUP = 10_000  # of the files written
FETCHED = 20_000  # rows held as Python tuples at once
ARROW = {"BooleanField": pa.bool_(), "DateField": pa.date32(), "IntegerField": pa.int64(), "CharField": pa.string()}


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """`folder` holds place, household, person and membership as Parquet; `digest` names their content."""

    folder: Path
    digest: str
    rows: dict[str, int]

    def path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


def export_registry(day: date, known_at: datetime, folder: Path, *, community_level: str, unit_level: str) -> RegistrySnapshot:
    """Writes <folder>/<digest>/*.parquet. The same content has the same digest and is not written twice."""
    moment = _moment(known_at)
    tables = {name: _fetch(sql, schema) for name, (sql, schema) in _queries(day, moment).items()}
    tables["household"] = _origins_today(_with_ancestors(tables["household"], tables["place"], community_level, unit_level))
    for name in ("person", "membership"):  # a household's people stand together, so that few of them are read quickly
        tables[name] = tables[name].sort_by([("household_id", "ascending"), ("person_id", "ascending")])
    digest = _digest(tables)
    target = folder / digest
    target.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = target / f"{name}.parquet"
        if not path.exists():
            draft = path.with_suffix(".part")
            pq.write_table(table, draft, compression="zstd", row_group_size=ROWS_IN_GROUP)
            draft.rename(path)
    return RegistrySnapshot(target, digest, {name: table.num_rows for name, table in tables.items()})


def _moment(known_at: datetime) -> str:
    text = known_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    # SQLite compares times as text, and Django writes whole seconds without a fraction
    if connection.vendor == "sqlite":
        return text.removesuffix(".000000")
    return f"{text}+00"


def _plain(model: type[Household] | type[Person]) -> list[tuple[str, pa.DataType]]:
    return [
        (field.name, ARROW[field.get_internal_type()])
        for field in model._meta.concrete_fields
        if field.name not in HIDDEN and field.get_internal_type() in ARROW
    ]


def _queries(day: date, moment: str) -> dict[str, tuple[str, pa.Schema]]:
    """SQL and declared schema per table; SQLite answers dates as text and booleans as numbers, so all are cast."""
    key, text = pa.int64(), pa.string()
    households, persons = _plain(Household), _plain(Person)
    known = f"m.known_from <= '{moment}' AND (m.known_to IS NULL OR m.known_to > '{moment}')"
    held = f"m.start <= '{day}' AND (m.\"end\" IS NULL OR m.\"end\" > '{day}')"
    h_columns = ", ".join(f"h.{name}" for name, _ in households)
    p_columns = ", ".join(f"p.{name}" for name, _ in persons)
    household_sql = version_sql(*tables_of(Household), ("place_id", "origin_place_id", *(name for name, _ in households)), day, moment)
    place_tables = (Place._meta.db_table, PlaceVersion._meta.db_table, "place_id")
    place_sql = version_sql(*place_tables, ("parent_id", "level", "code", "name", "path"), day, moment, only="t.tree = 'scope'")
    person_sql = version_sql(*tables_of(Person), [name for name, _ in persons], day, moment)
    return {
        "place": (
            f"SELECT id AS place_id, parent_id, level, code, name, path FROM ({place_sql}) s ORDER BY path",
            pa.schema([("place_id", key), ("parent_id", key), ("level", text), ("code", text), ("name", text),
                       ("path", text)]),
        ),
        "household": (
            f"SELECT h.id AS household_id, h.place_id, h.origin_place_id, {h_columns} "
            f"FROM ({household_sql}) h ORDER BY h.id",
            pa.schema([("household_id", key), ("place_id", key), ("origin_place_id", key), *households]),
        ),
        "person": (
            f"SELECT p.id AS person_id, m.household_id, {p_columns} FROM ({person_sql}) p "
            f"LEFT JOIN people_membership m ON m.person_id = p.id AND {known} AND {held} "
            f"WHERE p.birth_date IS NULL OR p.birth_date <= '{day}' ORDER BY p.id",
            pa.schema([("person_id", key), ("household_id", key), *persons]),
        ),
        "membership": (
            f'SELECT m.person_id, m.household_id, m.start, m."end" FROM people_membership m WHERE {known} '
            "ORDER BY m.person_id, m.start, m.id",
            pa.schema([("person_id", key), ("household_id", key), ("start", pa.date32()), ("end", pa.date32())]),
        ),
    }  # fmt: skip


def _fetch(sql: str, schema: pa.Schema) -> pa.Table:
    if connection.in_atomic_block or "memory" in str(connection.settings_dict["NAME"]):
        return fetch_within(sql, schema)  # another connection would not see what this one has yet to commit
    if connection.vendor == "sqlite":
        # The driver brings a SQLite of its own. When it closes the file, the operating system lets go of this process's locks on it, those
        # of Python's SQLite too; another process then deletes the write-ahead log that this one goes on writing to. So: one at a time.
        if current_thread() is not main_thread():
            return fetch_within(sql, schema)  # nobody knows which other threads have it open
        connection.close()
    with _adbc() as con, con.cursor() as cursor:
        if connection.vendor == "sqlite":  # types are those of the first batch: a column may be empty for a long way down
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(AT_ONCE)})
        cursor.execute(sql)
        table = cursor.fetch_arrow_table()
    columns = [_cast(table.column(index), field.type) for index, field in enumerate(schema)]
    return pa.table(columns, schema=schema)


def fetch_within(sql: str, schema: pa.Schema) -> pa.Table:
    """The answer over Django's own connection, so that it is part of the transaction under way."""
    batches = []
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(FETCHED):
            columns = zip(*rows, strict=True)
            batches.append(pa.record_batch([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _adbc() -> sqlite.Connection | postgresql.Connection:
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        return sqlite.connect(str(options["NAME"]))
    password = f":{options['PASSWORD']}" if options["PASSWORD"] else ""
    port = f"&port={options['PORT']}" if options["PORT"] else ""
    return postgresql.connect(f"postgresql://{options['USER']}{password}@/{options['NAME']}?host={options['HOST']}{port}")


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), kind)], kind)
    if column.type == kind:
        return column
    if pa.types.is_date(kind) and pa.types.is_string(column.type):
        return pc.strptime(column, format="%Y-%m-%d", unit="s").cast(kind)
    if pa.types.is_boolean(kind):
        return column.cast(pa.int64()).cast(kind)
    return column.cast(kind)


def _with_ancestors(household: pa.Table, place: pa.Table, community_level: str, unit_level: str) -> pa.Table:
    """Adds community_id and unit_id, found on the path of the household's place."""
    level = dict(zip(place.column("place_id").to_pylist(), place.column("level").to_pylist(), strict=True))
    found: dict[int, tuple[int | None, int | None]] = {}
    for key, path in zip(place.column("place_id").to_pylist(), place.column("path").to_pylist(), strict=True):
        above = {level.get(int(part)): int(part) for part in path.strip("/").split("/")}
        found[key] = (above.get(community_level), above.get(unit_level))
    places = household.column("place_id").to_pylist()
    community = pa.array([found.get(key, (None, None))[0] for key in places], pa.int64())
    unit = pa.array([found.get(key, (None, None))[1] for key in places], pa.int64())
    return household.add_column(2, "community_id", community).add_column(3, "unit_id", unit)


def _origins_today(household: pa.Table) -> pa.Table:
    """The place of origin is what it has become since; what it was called then stays in origin_village_code."""
    today = places_today()
    if not today:
        return household
    at = household.schema.get_field_index("origin_place_id")
    found = pa.array([today.get(key, key) for key in household.column(at).to_pylist()], pa.int64())
    return household.set_column(at, household.schema.field(at), found)


class _Seen(dict[str, int | None]):
    """Persons by normal form, hashed once each: the same people stand in every file of an afternoon."""

    def __init__(self, keys: Keys, kinds: tuple[str, ...], people: dict[str, int]) -> None:
        super().__init__()
        self._keys, self._kinds, self._by_digest = keys, kinds, people

    def __missing__(self, normal: str) -> int | None:
        found = (self._by_digest.get(digest(self._keys, kind, normal)) for kind in self._kinds)
        self[normal] = who = next((each for each in found if each is not None), None)
        return who


class Directory:
    """Our own keys for what deliveries name: whole arrays of texts in, int64 out, null where unknown. `identifier` is
    the type people are known by, the first of the programme; by `others` some may be known too.

    The tables are read once, when it is made: what enters the registry later needs another Directory."""

    def __init__(self, identifier: str, *others: str) -> None:
        held = Identifier.objects.all()
        self.kinds = (identifier, *(kind for kind in others if kind != identifier and held.filter(type=kind).exists()))
        self._people = _Seen(ensure_keys(), self.kinds, dict(held.filter(type__in=self.kinds).values_list("digest", "person_id")))
        self._households = dict(Household.objects.values_list("household_code", "id"))
        self._places = place_codes()

    def people(self, values: pa.Array) -> pa.Array:
        """Persons by the normal form of an identifier of theirs, of whatever type; only its keyed hash is compared."""
        return _each(values, self._people.__getitem__)

    def households(self, values: pa.Array) -> pa.Array:
        return _each(values, self._households.get)

    def places(self, values: pa.Array) -> pa.Array:
        """Places by any code they ever had, and by the codes of what became part of them."""
        return _each(values, self._places.get)


def _each(values: pa.Array | pa.ChunkedArray, key: Callable[[str], int | None]) -> pa.Array:
    """`key` of every distinct value, spread out again over the rows."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    coded = values.cast(pa.string()).dictionary_encode()
    return pa.array([key(value) for value in coded.dictionary.to_pylist()], pa.int64()).take(coded.indices)


def _digest(tables: dict[str, pa.Table]) -> str:
    total = hashlib.sha256()
    for name in sorted(tables):
        total.update(name.encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, tables[name].schema) as writer:
            writer.write_table(tables[name].combine_chunks())
        total.update(sink.getvalue())
    return total.hexdigest()[:20]
