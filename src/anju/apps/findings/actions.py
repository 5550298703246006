"""Judging a day: export, publish, run, and write the difference. Killed at any moment, the last whole run stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import connection, transaction
from django.utils import timezone

from anju.apps.calendar.current import in_force
from anju.apps.calendar.current import publish as publish_calendar
from anju.apps.feeds.own import SILENT, OwnFeeds
from anju.apps.feeds.publish import publish_manifest
from anju.apps.findings.models import Attainment, FamilyCount, Finding, Run
from anju.apps.findings.turn import clear_leftovers, turn
from anju.apps.journal.actions import record
from anju.apps.people.publish import export_registry
from anju.apps.places.codes import one_writer
from anju.apps.places.models import Place
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.lake.engine import Progress, RunResult, run
from anju.lake.rows import Sources

COLUMNS = (
    "standard", "subject", "subject_id", "subject_key", "household_id", "place_id", "path", "breach", "level", "at_least", "clears",
    "evidence",
)  # fmt: skip
MUTABLE = COLUMNS[3:]


class Refused(ValueError):
    """A day that cannot be judged, and why."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`opened`, `changed` and `ended` count findings; all 0 where the same run was asked for again, or a replay."""

    run: Run
    opened: int
    changed: int
    ended: int
    unchanged: int

    def as_dict(self) -> dict[str, object]:
        return {
            "run": self.run.pk,
            "day": self.run.day.isoformat(),
            "known_at": self.run.known_at.isoformat(),
            "replay": self.run.replay,
            "counts": self.run.counts,
            "seconds": self.run.seconds,
            "opened": self.opened,
            "changed": self.changed,
            "ended": self.ended,
            "unchanged": self.unchanged,
        }


def sources_for(policy: Policy, data: Path, day: date, known_at: datetime, own: OwnFeeds = SILENT) -> tuple[Sources, str, str]:
    """Exports the registry and publishes the manifest and what the platform itself says; answers where they are and their digests."""
    assert isinstance(policy.programme, Programme)
    lake = data / "lake"
    programme = policy.programme
    registry = export_registry(day, known_at, lake / "registry", community_level=programme.community_level, unit_level=programme.unit_level)
    units = Place.objects.filter(tree="scope", level=policy.programme.unit_level).order_by("code").values_list("code", flat=True)
    manifest, digest = publish_manifest(policy, units, day, known_at, lake / "manifest", own)
    return Sources(lake, manifest, registry.folder, lake / "resolved"), registry.digest, digest


def judge(
    policy: Policy,
    data: Path,
    day: date,
    known_at: datetime,
    *,
    own: OwnFeeds,
    by: str,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Judged:
    """Judges everybody on `day` with what was known at `known_at`, and writes what has changed. `own` is what the platform itself knew
    then: of its cases, visits and listings. Working days are counted by the calendar that was known then.

    One run at a time: a second one waits, after `waiting` was told for whom. What a killed run left is removed first."""
    _can_be_judged(policy, day)
    publish_calendar()
    policy = in_force(policy, known_at)
    with turn(data / "lake", waiting=waiting):
        clear_leftovers(data / "lake")
        sources, registry, manifest = sources_for(policy, data, day, known_at, own)
        same = Run.objects.filter(
            day=day, policy_digest=policy.digest, registry_digest=registry, manifest_digest=manifest, finished_at__isnull=False
        ).order_by("-pk").first()  # fmt: skip
        if same is not None and (same.current or same.replay) and run_folder(data, same).exists():
            return Judged(same, 0, 0, 0, Finding.objects.count())
        current = Run.objects.filter(current=True).first()
        if current is not None and day < current.day:
            sources = replace(sources, resolved=None)  # a replay: what it would keep serves no other day, and would push out today's
        begun = start_run(policy, day, known_at, registry, manifest, by=by, at=timezone.now())
        result = run(policy, sources, day, known_at.replace(tzinfo=None), data / "lake" / "runs" / str(begun.pk), progress=progress)
        return write_difference(begun, result)


def _can_be_judged(policy: Policy, day: date) -> None:
    """A day still to come would be the last for good: every day until then a replay, and every delivery late."""
    today = timezone.localdate()
    if day > today:
        raise Refused(f"{day} is still to come, today is {today}: runs of the days until then would be replays, which move no finding")
    if all(standard.version_on(day) is None for standard in policy.standards.values()):
        first = min(version.start for standard in policy.standards.values() for version in standard.versions)
        raise Refused(f"no standard is in force on {day}: the first begins on {first}")


@transaction.atomic
def start_run(policy: Policy, day: date, known_at: datetime, registry: str, manifest: str, *, by: str, at: datetime) -> Run:
    """The run in its table, before anything is judged: `registry` and `manifest` are the digests of what it reads."""
    begun = Run.objects.create(
        day=day,
        known_at=known_at,
        policy_digest=policy.digest,
        registry_digest=registry,
        manifest_digest=manifest,
        folder="",
        started_at=at,
        started_by=by,
    )
    record(act="runs.start", about=f"run:{begun.pk}", by=by, at=at, detail={"day": day.isoformat()})
    return begun


def run_folder(data: Path, run: Run) -> Path:
    """Where every answer of a run lies. Recorded below the lake, so that a deployment can be moved."""
    return data / "lake" / run.folder


@transaction.atomic
def write_difference(begun: Run, result: RunResult) -> Judged:
    """One transaction: attainment, the findings that changed, and the pointer to this run. Unchanged rows are not touched."""
    one_writer()
    last = Run.objects.filter(current=True).first()
    begun.replay = last is not None and begun.day < last.day
    counts = (0, 0, 0, Finding.objects.count())
    _write_attainment(begun, result.attainment)
    if result.situation is not None:
        _write_families(begun, result.situation)
    if not begun.replay:
        counts = _merge(begun.pk, result.breaches)
        Run.objects.filter(current=True).update(current=False)
        begun.current = True
    begun.folder = f"runs/{result.folder.name}"
    begun.counts = result.counts
    begun.seconds = {name: round(value, 4) for name, value in result.seconds.items()}
    begun.finished_at = timezone.now()
    begun.save()
    detail: dict[str, str | int | bool | None] = {
        "day": begun.day.isoformat(),
        "opened": counts[0],
        "changed": counts[1],
        "ended": counts[2],
        "replay": begun.replay,
    }
    record(act="runs.finish", about=f"run:{begun.pk}", by=begun.started_by, at=begun.finished_at, detail=detail)
    return Judged(begun, *counts)


def _write_attainment(record: Run, path: Path) -> None:
    found: dict[tuple[str, int], Attainment] = {}
    for row in pq.read_table(path).to_pylist():
        key = (row["standard"], row["place_id"])
        item = found.setdefault(key, Attainment(run=record, standard=key[0], place_id=key[1]))
        setattr(item, row["answer"], row["n"])
    Attainment.objects.bulk_create(found.values(), 2_000)


def _write_families(record: Run, path: Path) -> None:
    found: dict[int, FamilyCount] = {}
    for row in pq.read_table(path).to_pylist():
        item = found.setdefault(row["place_id"], FamilyCount(run=record, place_id=row["place_id"], lights={}))
        if ":" in row["what"]:
            item.lights[row["what"]] = row["n"]
        else:
            setattr(item, row["what"], row["n"])
    FamilyCount.objects.bulk_create(found.values(), 2_000)


def _merge(run_id: int, path: Path) -> tuple[int, int, int, int]:
    """Compares the run's breaches with the table set-wise; returns (opened, changed, ended, unchanged)."""
    table = Finding._meta.db_table
    same = " AND ".join(f"f.{c} = i.{c}" for c in ("standard", "subject_id"))
    differs = " OR ".join(f"f.{c} IS DISTINCT FROM i.{c}" for c in MUTABLE)
    kinds = {"subject_id": "BIGINT", "household_id": "BIGINT", "place_id": "BIGINT", "at_least": "BOOLEAN", "clears": "BOOLEAN"}
    definition = ", ".join(f"{c} {kinds.get(c, 'TEXT')}" for c in COLUMNS)
    if connection.vendor == "sqlite":
        differs = " OR ".join(f"f.{c} IS NOT i.{c}" for c in MUTABLE)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS incoming_findings")
        cursor.execute(f"CREATE TEMP TABLE incoming_findings ({definition})")
        _load(cursor, path)
        cursor.execute("CREATE INDEX incoming_findings_key ON incoming_findings (standard, subject_id)")
        cursor.execute(f"DELETE FROM {table} AS f WHERE NOT EXISTS (SELECT 1 FROM incoming_findings i WHERE {same})")
        ended = cursor.rowcount
        assigned = ", ".join(f"{c} = i.{c}" for c in MUTABLE)
        cursor.execute(
            f"UPDATE {table} AS f SET {assigned}, changed_by_run = %s FROM incoming_findings i WHERE {same} AND ({differs})", [run_id]
        )
        changed = cursor.rowcount
        names = ", ".join(COLUMNS)
        cursor.execute(
            f"INSERT INTO {table} ({names}, opened_by_run, changed_by_run) SELECT {names}, %s, %s FROM incoming_findings i"
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} f WHERE {same})",
            [run_id, run_id],
        )
        opened = cursor.rowcount
        cursor.execute(f"SELECT count(*) FROM {table}")
        total = int(cursor.fetchone()[0])
        cursor.execute("DROP TABLE incoming_findings")
    return opened, changed, ended, total - opened - changed


def _load(cursor: Any, path: Path) -> None:
    """The run's breaches into the temporary table, in batches; PostgreSQL by COPY."""
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY incoming_findings ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in _rows(path):
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * len(COLUMNS))
    batch: list[tuple[Any, ...]] = []
    for row in _rows(path):
        batch.append(row)
        if len(batch) == 5_000:
            cursor.executemany(f"INSERT INTO incoming_findings VALUES ({marks})", batch)
            batch = []
    if batch:
        cursor.executemany(f"INSERT INTO incoming_findings VALUES ({marks})", batch)


def _rows(path: Path) -> Iterator[tuple[Any, ...]]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=20_000, columns=list(COLUMNS)):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def evidence_of(finding: Finding) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(finding.evidence)
    return found
