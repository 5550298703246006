"""Makes a set: the tables of one moment first, then the files of the lake and of the attachments that these
tables name, which never change."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import connection

from anju.apps.attachments.models import PHOTO
from anju.apps.attachments.store import path_of
from anju.apps.backup.store import BackupError, Progress, Set, Store, room_for
from anju.apps.backup.tables import dump, migrations_of, one_moment, tables
from anju.apps.journal.actions import bring_in, record
from anju.apps.people.vault import key_checks

RECORD = "backup.json"  # in the data folder: when the last set was made and where, for the doctor
NEVER_CHANGE = ("lake/", "attachments/")
BESIDE = ("refused", "raw")  # folders of the lake with files named by the delivery they belong to


@dataclass(frozen=True, slots=True)
class Made:
    """`written` files were new to the folder of sets, with `written_bytes`; the others lay there already."""

    set: Set
    path: Path
    written: int
    written_bytes: int
    sets_removed: int

    def as_dict(self) -> dict[str, object]:
        one = self.set
        return {
            "set": one.name,
            "path": str(self.path),
            "made_at": one.made_at,
            "rows": one.rows,
            "files": len(one.files),
            "bytes": one.size,
            "written": self.written,
            "written_bytes": self.written_bytes,
            "missing": one.missing,
            "keys": one.keys,
            "sets_removed": self.sets_removed,
        }


def make_backup(
    data: Path, policy: Path, digest: str, out: Path, *, by: str, at: datetime, keep: int | None = None, progress: Progress | None = None
) -> Made:
    """Adds a set to the folder `out`. Killed at any moment, `out` holds the sets it held before, whole.

    Raises BackupError where `out` cannot be used. Files that the database names and the disk lacks are in `missing`."""
    store = Store(out)
    if data == out or data in out.parents:
        raise BackupError(f"'{out}' lies in the data folder", "a backup must stand elsewhere, best on another machine")
    bring_in()  # looks still in files of their own belong to the journal, and with it into the set
    with store.writing(), tempfile.TemporaryDirectory(prefix="backup-", dir=out / "files") as work:
        now = datetime.now(UTC)
        one = Set(
            name=now.strftime("%Y-%m-%dT%H%M%S.%fZ"), made_at=now.isoformat(timespec="seconds"), anju=version("anju"),
            engine=connection.vendor, keys=key_checks(), migrations={}, policy=digest,
        )  # fmt: skip
        before = store.load().files if store.names() else {}
        sources = {**_dumped(one, Path(work)), **_policy(policy), **_lake(Path(work), data / "lake", one), **_attachments(Path(work), data)}
        known = {name: entry for name, entry in before.items() if name.startswith(NEVER_CHANGE)}
        room_for(out, sum(path.stat().st_size for name, path in sources.items() if name not in known and path.exists()))
        written, size = 0, 0
        for nth, (name, path) in enumerate(sources.items(), start=1):
            try:
                entry, new = store.add(path, known.get(name), link=name.startswith(NEVER_CHANGE))
            except FileNotFoundError:
                one.missing.append(name)
                continue
            one.files[name] = entry
            written, size = written + new, size + entry.size * new
            if progress:
                progress(name, nth, len(sources))
        path = store.finish(one)
        gone, _ = store.prune(keep)
    _remember(data, one, out)
    record(
        act="backup.make",
        about=f"backup:{one.name}",
        by=by,
        at=at,
        detail={"files": len(one.files), "new": written, "missing": len(one.missing)},
    )
    return Made(one, path, written, size, gone)


def _dumped(one: Set, work: Path) -> dict[str, Path]:
    found = {}
    with one_moment() as reader:
        one.migrations = migrations_of(reader)
        for model in tables():
            name = model._meta.db_table
            found[f"tables/{name}.parquet"] = work / f"{name}.parquet"
            one.rows[name] = dump(reader, model, work / f"{name}.parquet")
    return found


def _policy(folder: Path) -> dict[str, Path]:
    return {f"policy/{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if path.is_file() and path.name[0] != "."}


def _lake(work: Path, lake: Path, one: Set) -> dict[str, Path]:
    """Only what the dumped tables name: an intake or a run under way is not in them, and neither are its files."""
    found = {f"lake/{name}": lake / name for name in _named(work, lake)}
    for folder in BESIDE:
        by_delivery = {path.name.split(".")[0]: path for path in (lake / folder).glob("*") if not path.name.endswith(".partial")}
        for row in _rows(work, "feeds_delivery", ["id", "status"]):
            path = by_delivery.get(str(row["id"]))
            if path is not None and row["status"] == "accepted":
                found[f"lake/{folder}/{path.name}"] = path
    return found


def _named(work: Path, lake: Path) -> Iterator[str]:
    for row in _rows(work, "feeds_delivery", ["id", "feed", "status"]):
        if row["status"] == "accepted":
            yield f"feeds/{row['feed']}/{row['id']}.parquet"
    for row in _rows(work, "findings_run", ["folder", "finished_at", "registry_digest", "manifest_digest"]):
        if row["finished_at"] is None:
            continue
        for folder in (row["folder"], f"registry/{row['registry_digest']}", f"manifest/{row['manifest_digest']}"):
            yield from (str(path.relative_to(lake)) for path in sorted((lake / folder).glob("*")) if path.suffix in (".parquet", ".json"))


def _attachments(work: Path, data: Path) -> dict[str, Path]:
    """Encrypted as they lie there."""
    found = {}
    for row in _rows(work, "attachments_attachment", ["sha256", "kind"]):
        for small in (False, True) if row["kind"] == PHOTO else (False,):
            path = path_of(row["sha256"], small=small)
            found[str(Path("attachments") / path.parent.name / path.name)] = data / "attachments" / path.parent.name / path.name
    return found


def _rows(work: Path, table: str, columns: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(work / f"{table}.parquet", columns=columns).to_pylist()
    return found


def _remember(data: Path, one: Set, out: Path) -> None:
    path = data / RECORD
    draft = path.with_suffix(".partial")
    draft.write_text(json.dumps({"made_at": one.made_at, "set": one.name, "in": str(out)}), encoding="utf-8")
    draft.replace(path)
