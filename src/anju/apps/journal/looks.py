"""Looks are written to a file first: a page that only reads must not wait for the database's one writer, and no look is lost.

Each process appends to a file of its own under ANJU_DATA/looks; `bring_in` moves whole files into the journal. A look that is
brought in twice (killed in between) is known by its token and stays one line.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings


def folder() -> Path:
    return Path(settings.DATA) / "looks"


def write_look(look: dict[str, Any]) -> None:
    """Appends and waits until it is on the disk."""
    where = folder()
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps({"token": uuid4().hex, **look}, ensure_ascii=False) + "\n"
    path = where / f"{os.getpid()}.jsonl"
    while not _append(path, text.encode()):
        pass


def _append(path: Path, data: bytes) -> bool:
    """False where the file was put aside between its opening and the lock: what is written into it then might be read no more."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            if os.fstat(descriptor).st_ino != path.stat().st_ino:
                return False
        except FileNotFoundError:
            return False
        os.write(descriptor, data)
        os.fsync(descriptor)
        return True
    finally:
        os.close(descriptor)


@contextmanager
def taking(*, wait: bool) -> Iterator[bool]:
    """One process, and one thread of it, takes files at a time. False where another does and one is not to `wait` for it."""
    where = folder()
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (where / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def take() -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Files of looks, each put aside first, so that who writes meanwhile begins another. The caller is `taking`, and removes what it
    has kept."""
    where = folder()
    for path in sorted(where.glob("*.jsonl")) if where.exists() else ():
        path.rename(where / f"{path.stem}.{uuid4().hex}.taken")
    for path in sorted(where.glob("*.taken")) if where.exists() else ():
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # whoever is writing into it has finished then, and whoever comes later looks where it went
            looks = [look for line in file.read().splitlines() if (look := _read(line)) is not None]
            yield path, looks


def _read(line: str) -> dict[str, Any] | None:
    """None for half a line: its page was never answered."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found
