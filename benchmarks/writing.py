"""What a run writes to the database: the difference set-wise, beside two ways by Django's ORM that end in the same state.

The mix: 60,000 new findings, 200,000 that stand of which 20,000 have changed, 30,000 that have ended.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pyarrow as pa
import pyarrow.parquet as pq
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.export import as_timing, in_child
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Timing, Watch, in_turns, ratio
from benchmarks.server import postgresql
from benchmarks.world import DAY

if TYPE_CHECKING:
    from benchmarks.situation import Situation

NEW, STANDING, CHANGED, ENDED = 60_000, 200_000, 20_000, 30_000
CODES = ("ED-01", "ED-03", "MH-01", "SS-05", "HS-03", "MH-02", "SS-01", "EM-01", "MW-02")
WAYS = {"set": "**set-wise, unchanged rows untouched**", "upsert": "Django bulk_create(update_conflicts) of all 260,000",
        "changed": "Django bulk_create of the new, bulk_update of the 20,000 changed"}  # fmt: skip


def finding(n: int, away: int) -> dict[str, Any]:
    """A breach as a run writes it. `away` is in its evidence, so that it can change."""
    evidence = {
        "age": {"v": 7 + n % 9, "s": "value"}, "on_roll.status": {"v": "enrolled", "s": "value"},
        "on_roll.school_code": {"v": f"5223{n % 28:02d}-primary-{n % 2}", "s": "value"}, "away": {"v": away, "s": "value"},
    }  # fmt: skip
    return {
        "standard": CODES[n % len(CODES)], "subject": "person", "subject_id": n, "subject_key": None, "household_id": n // 4,
        "place_id": 20 + n % 68, "path": f"/1/{2 + n % 9}/{11 + n % 9}/{20 + n % 68}/", "breach": "absent" if away < 7 else "out",
        "level": "orange" if away < 7 else "red",
        "at_least": False, "clears": False, "evidence": json.dumps(evidence),
    }  # fmt: skip


def before() -> Iterator[dict[str, Any]]:
    """What stands: the findings that stay, and those that this run ends."""
    return (finding(n, 3) for n in range(STANDING + ENDED))


def incoming() -> Iterator[dict[str, Any]]:
    yield from (finding(n, 8 if n < CHANGED else 3) for n in range(STANDING))
    yield from (finding(1_000_000 + n, 3) for n in range(NEW))


class Way:
    """One table of findings, set back before each way is timed."""

    def __init__(self, breaches: Path, attainment: Path) -> None:
        from anju.apps.findings.actions import COLUMNS, MUTABLE, write_difference  # noqa: PLC0415 - Django must be set up first
        from anju.apps.findings.models import Finding, Run  # noqa: PLC0415
        from anju.lake.engine import RunResult  # noqa: PLC0415

        self.Finding, self.Run, self.write = Finding, Run, write_difference
        self.columns, self.mutable = COLUMNS, MUTABLE
        self.table = Finding._meta.db_table
        self.result = RunResult(breaches.parent, DAY, timezone.now(), "bench", {}, breaches, attainment, {}, {})
        self.rows = pq.read_table(breaches).to_pylist()
        Finding.objects.bulk_create([Finding(**row, opened_by_run=1, changed_by_run=1) for row in before()], 5_000)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE standing AS SELECT * FROM {self.table}")

    def timed(self, way: Callable[[Any], None]) -> Timed:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table}")
            if connection.vendor == "postgresql":
                cursor.execute(f"VACUUM {self.table}")
            cursor.execute(f"INSERT INTO {self.table} SELECT * FROM standing")
            cursor.execute("ANALYZE")
        self.Run.objects.all().delete()
        record = self.Run.objects.create(
            day=DAY,
            known_at=timezone.now(),
            policy_digest="",
            registry_digest="",
            manifest_digest="",
            folder="",
            started_at=timezone.now(),
            started_by="bench",
        )
        watch = Watch()
        way(record)
        timed = watch.stop()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), sum(subject_id), sum(length(evidence)), sum(CASE level WHEN 'red' THEN 1 ELSE 0 END) FROM {self.table}"
            )
            return Timed(timed.seconds, timed.processor, [int(value) for value in cursor.fetchone()])

    def set_wise(self, record: Any) -> None:
        self.write(record, self.result)

    @transaction.atomic
    def upsert(self, record: Any) -> None:
        self._end()
        objects = [self.Finding(**row, opened_by_run=record.pk, changed_by_run=record.pk) for row in self.rows]
        self.Finding.objects.bulk_create(
            objects, 2_000, update_conflicts=True, unique_fields=["standard", "subject_id"], update_fields=[*self.mutable, "changed_by_run"]
        )

    @transaction.atomic
    def only_changed(self, record: Any) -> None:
        have = self._end()
        new, changed = [], []
        for row in self.rows:
            old = have.get((row["standard"], row["subject_id"]))
            if old is None:
                new.append(self.Finding(**row, opened_by_run=record.pk, changed_by_run=record.pk))
            elif any(getattr(old, name) != row[name] for name in self.mutable):
                for name in self.mutable:
                    setattr(old, name, row[name])
                old.changed_by_run = record.pk
                changed.append(old)
        self.Finding.objects.bulk_create(new, 2_000)
        self.Finding.objects.bulk_update(changed, [*self.mutable, "changed_by_run"], 500)

    def _end(self) -> dict[tuple[str, int], Any]:
        """Deletes what this run no longer finds; answers the rest by key."""
        have = {(row.standard, row.subject_id): row for row in self.Finding.objects.all()}
        keys = {(row["standard"], row["subject_id"]) for row in self.rows}
        gone = [row.pk for key, row in have.items() if key not in keys]
        for start in range(0, len(gone), 5_000):
            self.Finding.objects.filter(pk__in=gone[start : start + 5_000]).delete()
        return {key: row for key, row in have.items() if key in keys}


def child(rounds: int, folder: Path) -> dict[str, Any]:
    call_command("migrate", verbosity=0, interactive=False)
    way = Way(folder / "breaches.parquet", folder / "attainment.parquet")
    ways = {
        "set": lambda: way.timed(way.set_wise),
        "upsert": lambda: way.timed(way.upsert),
        "changed": lambda: way.timed(way.only_changed),
    }
    timings, found = in_turns(ways, rounds)
    if not found["set"] == found["upsert"] == found["changed"]:
        raise AssertionError(f"the ways end in different states: {found}")
    return {name: [timing.seconds, timing.processor] for name, timing in timings.items()}


def measure(situation: Situation) -> Section:
    from benchmarks.judged import fused, whole_run  # noqa: PLC0415 - the child has no need of them

    setting = situation.published
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as name:
        folder = Path(name)
        whole_run(setting, None, folder / "run").answer.attainment.rename(folder / "attainment.parquet")
        pq.write_table(pa.Table.from_pylist(list(incoming())), folder / "breaches.parquet")
        judging = [fused(setting, setting.plan())]
        found = {"SQLite": in_child(__name__, [str(situation.rounds), name], f"sqlite:///{name}/writing.sqlite3")}
        judging.append(fused(setting, setting.plan()))
        with postgresql() as server:
            found["PostgreSQL"] = in_child(__name__, [str(situation.rounds), name], server.url)
        judging.append(fused(setting, setting.plan()))
    judged = Timing(tuple(t.seconds for t in judging), tuple(t.processor for t in judging))
    rows, goals = [Row("judging the world, for comparison (before, between and after)", judged)], []
    for database, answer in found.items():
        ours = as_timing(answer["set"])
        rows += [
            Row(f"{database}: {text}", as_timing(answer[way]), None if way == "set" else ratio(as_timing(answer[way]), ours))
            for way, text in WAYS.items()
        ]
        goals.append(Goal(f"writing on {database} against judging", ours.median / judged.median, "times as long", 2.5, at_most=True))
    return Section(rows, goals, "times set-wise")


if __name__ == "__main__":
    django.setup()
    print(json.dumps(child(int(sys.argv[1]), Path(sys.argv[2]))))
