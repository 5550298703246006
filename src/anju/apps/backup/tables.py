"""Every table of the database as Parquet, read in one transaction, and back into either engine with the keys kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Field, Model

from anju.apps.backup.store import BackupError

BATCH = 20_000
READER = "reader"  # the second connection to the database, by which it is read
INTEGERS = frozenset({"AutoField", "BigAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField"})
TEXTS = frozenset({"CharField", "TextField", "JSONField", "SlugField"})
SIMPLE = {"BooleanField": pa.bool_(), "DateField": pa.date32(), "DateTimeField": pa.timestamp("us", tz="UTC"), "BinaryField": pa.binary()}


def tables() -> list[type[Model]]:
    """Every table of what happened, in a fixed order. Sessions, sign-in attempts and the queue are let go; Django makes its own again."""
    ours = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and m.__module__.startswith("anju.apps.")]
    return sorted(ours, key=lambda m: m._meta.db_table)


def arrow_type(field: Field[Any, Any]) -> pa.DataType:
    """How a column is kept. Raises BackupError for a kind of column that nobody has thought of yet."""
    kind = field.get_internal_type()
    if kind in ("ForeignKey", "OneToOneField"):
        return arrow_type(field.target_field)  # type: ignore[attr-defined]
    if kind in INTEGERS:
        return pa.int64()
    if kind in TEXTS:
        return pa.string()
    if kind == "DecimalField":
        return pa.decimal128(field.max_digits, field.decimal_places)  # type: ignore[attr-defined]
    if kind not in SIMPLE:
        raise BackupError(f"{field.model._meta.db_table}.{field.column}: a backup cannot keep a {kind}", "teach apps/backup/tables.py")
    return SIMPLE[kind]


def schema_of(model: type[Model]) -> pa.Schema:
    return pa.schema([(str(f.column), arrow_type(f)) for f in model._meta.concrete_fields])


# --- out ----------------------------------------------------------------------------------------------------------


@contextmanager
def one_moment() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own that sees the database as of one moment, while others go on writing."""
    connections.settings[READER] = connections.settings["default"]
    reader = connections[READER]
    try:
        with reader.cursor() as cursor:
            # on SQLite a deferred transaction is one moment of the write-ahead log, and keeps no writer waiting
            cursor.execute("BEGIN" if reader.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                cursor.execute("SELECT count(*) FROM django_migrations")  # the moment is that of the first look
                yield reader
            finally:
                cursor.execute("ROLLBACK")
    finally:
        reader.close()
        del connections[READER], connections.settings[READER]


def migrations_of(reader: BaseDatabaseWrapper) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(reader).applied_migrations()):
        found.setdefault(app, []).append(name)
    return found


def dump(reader: BaseDatabaseWrapper, model: type[Model], path: Path) -> int:
    """One table to a Parquet file, ordered by key: the same content makes the same file. Returns the rows."""
    schema = schema_of(model)
    quote = reader.ops.quote_name
    columns = ", ".join(quote(name) for name in schema.names)
    key = quote(str(model._meta.pk.column))
    makers = [_reading(field.type) for field in schema]
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer, reader.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quote(model._meta.db_table)} ORDER BY {key}")
        while batch := cursor.fetchmany(BATCH):
            cells = zip(*batch, strict=True)
            arrays = [
                pa.array(values if make is None else [None if value is None else make(value) for value in values], field.type)
                for values, make, field in zip(cells, makers, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows += len(batch)
    return rows


def _reading(kind: pa.DataType) -> Callable[[Any], Any] | None:
    """SQLite answers booleans as numbers, decimals as floats and times without a zone."""
    if pa.types.is_boolean(kind):
        return bool
    if pa.types.is_decimal(kind):
        places = Decimal(1).scaleb(-kind.scale)
        return lambda value: Decimal(str(value)).quantize(places)
    if pa.types.is_timestamp(kind):
        return _with_zone
    if pa.types.is_binary(kind):
        return bytes
    return None


def _with_zone(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


# --- in -----------------------------------------------------------------------------------------------------------


def rows_of(target: BaseDatabaseWrapper) -> dict[str, int]:
    """Rows by table, of the tables that are there and hold any. An SQLite file that is not there is not made."""
    if target.vendor == "sqlite" and not target.is_in_memory_db() and not Path(str(target.settings_dict["NAME"])).exists():  # type: ignore[attr-defined]
        return {}
    there = set(target.introspection.table_names())
    found = {}
    with target.cursor() as cursor:
        for model in tables():
            name = model._meta.db_table
            if name in there:
                cursor.execute(f"SELECT count(*) FROM {target.ops.quote_name(name)}")
                if count := int(cursor.fetchone()[0]):
                    found[name] = count
    return found


def known_state(wanted: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The last migration of each app in a set. Raises BackupError where the set knows one that this Anju does not."""
    graph = MigrationLoader(None).graph
    unknown = [f"{app}.{name}" for app, names in wanted.items() for name in names if (app, name) not in graph.nodes]
    if unknown:
        raise BackupError(f"the set was made by a newer Anju: it has {', '.join(unknown)}", "install that version, then restore")
    found = []
    for app, names in wanted.items():
        parents = {parent.key for name in names for parent in graph.node_map[app, name].parents}
        found += [(app, name) for name in names if (app, name) not in parents]
    return found


@contextmanager
def another_file(path: Path) -> Iterator[BaseDatabaseWrapper]:
    """The default connection, pointed at another SQLite file: a migration may work on the default and no other."""
    connection.close()
    own, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(path)
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def migrate_to(target: BaseDatabaseWrapper, state: list[tuple[str, str]] | None) -> None:
    """The tables as they were in the set; then, with None, as this Anju wants them, with the rows in them."""
    executor = MigrationExecutor(target)
    executor.migrate(state if state is not None else executor.loader.graph.leaf_nodes())


def load(target: BaseDatabaseWrapper, name: str, path: Path) -> int:
    """One table from its file, keys kept, within the transaction under way. Returns the rows."""
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    quote = target.ops.quote_name
    columns = ", ".join(quote(column) for column in schema.names)
    makers = [_writing(target, field) for field in schema]
    rows = 0
    with target.cursor() as cursor:
        for batch in file.iter_batches(batch_size=BATCH):
            cells = [
                values if make is None else [None if value is None else make(value) for value in values]
                for values, make in zip((column.to_pylist() for column in batch.columns), makers, strict=True)
            ]
            whole = zip(*cells, strict=True)
            if target.vendor == "postgresql":
                with cursor.copy(f"COPY {quote(name)} ({columns}) FROM STDIN") as copy:
                    for row in whole:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(schema.names))
                cursor.executemany(f"INSERT INTO {quote(name)} ({columns}) VALUES ({marks})", list(whole))
            rows += batch.num_rows
    return rows


def _writing(target: BaseDatabaseWrapper, field: pa.Field) -> Callable[[Any], Any] | None:
    if target.vendor == "postgresql":
        return None
    if pa.types.is_timestamp(field.type):
        return target.ops.adapt_datetimefield_value
    if pa.types.is_date(field.type):
        return target.ops.adapt_datefield_value
    if pa.types.is_decimal(field.type):
        return str
    return None


def reset_sequences(target: BaseDatabaseWrapper) -> None:
    """What is added after the restore gets keys above those that were restored."""
    with target.cursor() as cursor:
        there = set(target.introspection.table_names())
        for statement in target.ops.sequence_reset_sql(no_style(), [model for model in tables() if model._meta.db_table in there]):
            cursor.execute(statement)
