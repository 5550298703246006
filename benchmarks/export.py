"""The registry to Parquet: ADBC, as a run exports it, beside Django's values_list with pyarrow, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Timing, Watch, in_turns, ratio
from benchmarks.server import postgresql
from benchmarks.world import DAY, EVENING

if TYPE_CHECKING:
    from benchmarks.situation import Situation

COPIED = ("places_place", "people_household", "people_person", "people_membership")


def adbc(folder: Path) -> Timed:
    from anju.apps.people.publish import export_registry  # noqa: PLC0415 - Django must be set up first

    watch = Watch()
    found = export_registry(DAY, EVENING, folder, community_level="community", unit_level="unit")
    return watch.stop_with(lambda: {name: found.rows[name] for name in ("place", "household", "person", "membership")})


def values_list(folder: Path) -> Timed:
    """The same four tables and columns; neither digest nor ancestors, which the run's own export adds."""
    from anju.apps.people.models import Household, Membership, Person  # noqa: PLC0415
    from anju.apps.places.models import Place  # noqa: PLC0415

    watch = Watch()
    rows = {}
    for name, query in {
        "place": Place.objects.filter(tree="scope"), "household": Household.objects.all(), "person": Person.objects.all(),
        "membership": Membership.objects.all(),
    }.items():  # fmt: skip
        fields = [f.attname for f in query.model._meta.concrete_fields if f.get_internal_type() not in ("BinaryField", "DateTimeField")]
        columns = list(zip(*query.order_by("pk").values_list(*fields), strict=True))
        table = pa.table({field: pa.array(column) for field, column in zip(fields, columns, strict=True)})
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        rows[name] = table.num_rows
    return watch.stop_with(lambda: rows)


def copy_registry(source: Path, dsn: str) -> None:
    """The sample's registry from SQLite into the PostgreSQL that has been migrated."""
    with sqlite3.connect(source) as own, psycopg.connect(dsn) as con:
        con.execute("SET session_replication_role = replica")
        for table in COPIED:
            names = [row[1] for row in own.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(f'"{name}"' for name in names)
            con.execute(f"TRUNCATE {table} CASCADE")
            with con.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in own.execute(f"SELECT {columns} FROM {table}"):
                    copy.write_row(row)


def child(rounds: int, source: str, dsn: str) -> dict[str, Any]:
    if dsn:
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0, interactive=False)
        copy_registry(Path(source), dsn)
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        count = iter(range(1_000))
        ways = {"adbc": lambda: adbc(Path(name) / str(next(count))), "values_list": lambda: values_list(Path(name))}
        timings, found = in_turns(ways, rounds)
    if found["adbc"] != found["values_list"]:
        raise AssertionError(f"rows: ADBC {found['adbc']}, values_list {found['values_list']}")
    return {name: [timing.seconds, timing.processor] for name, timing in timings.items()} | {"rows": found["adbc"]}


def measure(situation: Situation) -> Section:
    source = str(situation.world.data / "anju.sqlite3")
    found = {"SQLite": in_child(__name__, [str(situation.rounds), source, ""])}
    with postgresql() as server:
        found["PostgreSQL"] = in_child(__name__, [str(situation.rounds), source, server.dsn], server.url)
    rows, goals = [], []
    for database, answer in found.items():
        ours, django_ = as_timing(answer["adbc"]), as_timing(answer["values_list"])
        times = ratio(django_, ours)
        counted = ", ".join(f"{n:,} {name}s" for name, n in answer["rows"].items())
        rows += [
            Row(f"**{database}: ADBC**, digest and ancestors included", ours, remark=counted),
            Row(f"{database}: values_list + pyarrow", django_, times),
        ]
        goals.append(Goal(f"export of the registry on {database} against values_list", times.median, "times as fast", 3))
    return Section(rows, goals, "times ours")


def as_timing(found: list[list[float]]) -> Timing:
    """A timing that came from a child as JSON; a server's processor seconds are not in it."""
    return Timing(tuple(found[0]), tuple(found[1]))


def in_child(module: str, arguments: list[str], url: str = "") -> Any:
    """`python -m module arguments…` with a database of its own; what it prints last is JSON."""
    environment = os.environ | {"ANJU_DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-m", module, *arguments], check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    django.setup()
    print(json.dumps(child(int(sys.argv[1]), sys.argv[2], sys.argv[3])))
