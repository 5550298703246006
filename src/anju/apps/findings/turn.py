"""One run at a time, and nothing left over of a run that was killed.

The lock is on a file and is let go by the operating system when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from anju.apps.findings.models import Run


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What killed runs left: rows without an end, and folders without a row. Neither was ever read."""

    rows: tuple[int, ...]
    folders: tuple[Path, ...]


@contextmanager
def turn(lake: Path, *, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds the lake for one run; a second run waits, after telling `waiting` whom it waits for."""
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / "run.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting(_holder(lake / "run.lock"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(json.dumps({"process": os.getpid(), "since": timezone.now().isoformat(timespec="seconds")}))
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held['process']}, since {held['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def running(lake: Path) -> bool:
    """Whether a run has its turn now."""
    path = lake / "run.lock"
    if not path.exists():
        return False
    with path.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def leftovers(lake: Path) -> Leftovers:
    """To be asked by whoever has the turn, or when nobody has."""
    whole = {str(pk) for pk in Run.objects.filter(finished_at__isnull=False).values_list("pk", flat=True)}
    rows = tuple(Run.objects.filter(finished_at__isnull=True).order_by("pk").values_list("pk", flat=True))
    folders = tuple(path for path in sorted((lake / "runs").glob("*")) if path.name not in whole)
    return Leftovers(rows, folders)


def clear_leftovers(lake: Path) -> Leftovers:
    """Removes what killed runs left. Only with the turn: an unfinished row is then nobody's."""
    found = leftovers(lake)
    for folder in found.folders:
        shutil.rmtree(folder, ignore_errors=True)
    Run.objects.filter(pk__in=found.rows, finished_at__isnull=True).delete()
    return found
