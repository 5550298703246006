"""anju doctor: is this deployment ready, and what to do where it is not."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError, ProgrammingError

from anju.apps.feeds.models import Delivery
from anju.cli.context import NOT_READY, data_folder, json_option, policy_folder, say
from anju.core.standards.read import read_policy

LEAST_FREE = 2_000_000_000
Finding = tuple[str, bool, str, str]  # what, whether in order, what was seen, what to do


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check the interpreter, the database, the keys, the disk, the policy and the lake's files."""
    found = list(_checks())
    data = {"ready": all(ok for _, ok, _, _ in found), "checks": [dict(zip(("what", "ok", "seen", "do"), f, strict=True)) for f in found]}
    lines = [f"{'ok ' if ok else 'NOT'} {what}: {seen}" + (f"\n      do: {do}" if not ok else "") for what, ok, seen, do in found]
    say(as_json, data, lines)
    if not data["ready"]:
        raise SystemExit(NOT_READY)


def _checks() -> Iterator[Finding]:
    yield "Python", sys.version_info[:2] == (3, 11), sys.version.split()[0], "install Python 3.11"
    version = sqlite3.sqlite_version_info
    yield "SQLite", version >= (3, 37), sqlite3.sqlite_version, "install a Python built with SQLite 3.37 or newer"
    folder = data_folder()
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(nearest).free
    yield "disk", free > LEAST_FREE, f"{free / 1e9:.1f} GB free at {nearest}", "make room, or set ANJU_DATA to another disk"
    yield from _database()
    for name in ("data.key", "index.key"):
        yield _key(folder / "keys" / name)
    policy, faults = read_policy(policy_folder())
    yield "policy", policy is not None, f"{policy_folder()}, {len(faults)} faults", "anju standards check"
    yield from _lake(folder / "lake")


def _database() -> Iterator[Finding]:

    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        yield "database", False, str(error).split("\n")[0], "check ANJU_DATABASE_URL and that the server is running"
        return
    yield "database", not waiting, f"{connection.vendor}, {len(waiting)} migrations waiting", "any command that writes applies them"


def _key(path: Path) -> Finding:
    if not path.exists():
        return path.name, False, "missing", "it is made at the first import; for a restored deployment put the saved key back"
    mode = stat.S_IMODE(path.stat().st_mode)
    return path.name, mode == 0o600, f"mode {mode:o}", f"chmod 600 {path}"


def _lake(root: Path) -> Iterator[Finding]:

    try:
        known = set(Delivery.objects.filter(status="accepted").values_list("feed", "pk"))
        stuck = Delivery.objects.filter(status="receiving").count()
    except (OperationalError, ProgrammingError):
        return
    files = {(p.parent.name, int(p.stem)) for p in root.glob("feeds/*/*.parquet") if p.stem.isdigit()}
    missing, orphan = known - files, files - known
    yield "lake", not missing, f"{len(files)} files, {len(missing)} missing", "restore the lake from the last backup"
    yield (
        "interrupted intakes",
        not stuck and not orphan,
        f"{stuck} unfinished, {len(orphan)} files without a receipt",
        ("send the files again; the leftovers are never read"),
    )
