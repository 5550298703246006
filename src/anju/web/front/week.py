"""Letting a week pass on a sample deployment: the command `anju demo --advance 7` in a process of its own, one at a time.

The lock is held by the process that works and goes with it, however it ends. What it says of its progress and of its result
lies in files beside the data, so that every process of the server sees the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from anju.lake.held import is_held

LOCK, PROGRESS, COMPLAINT = "preparing.lock", "progress.json", "preparing.log"
PREPARED, RESULT = "prepared.json", "week.json"
LOOK_BACK, LOOKED = "ANJU_LOOK_BACK", "looking_back.log"  # '1': whoever prepares the sample has the months before judged afterwards
WHOLE = "ANJU_WHOLE"  # the data folder in which the whole prefecture is prepared, while this small one is served
DAYS = 7


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is: `title` of the step ('taking in'), `done` of `of` (0: not known); when it began, and when this step did."""

    title: str = ""
    done: int = 0
    of: int = 0
    begun: float | None = None
    since: float | None = None


def sample_folder() -> Path | None:
    """The sample built last, which is the one that was taken in; None where there is none."""
    built = Path(settings.DATA).glob("sample/*/truth.json")
    newest = max(built, key=lambda path: path.stat().st_mtime, default=None)
    return newest.parent if newest is not None else None


def command_of(folder: Path, days: int | None = DAYS) -> list[str]:
    """The command that lets days pass for a sample of this folder's size ('20000-24-1', '20000-24-1-drafts'); None: that builds it."""
    people, months, monthly, *drafts = folder.name.split("-")
    sized = ["--people", people, "--months", months, "--monthly", monthly, *(["--drafts"] if drafts else [])]
    advance = ["--advance", str(days)] if days is not None else []
    return [sys.executable, "-m", "anju", "demo", *sized, *advance, "--json"]


def start(command: Sequence[str], result: str = RESULT, *, apart: bool = True) -> bool:
    """Begins the work and returns at once. False where something is at work already. `apart`: it outlives the server."""
    data = Path(settings.DATA)
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in (PROGRESS, *(f".{each}" for each in (RESULT, PREPARED))):
            (data / name).unlink(missing_ok=True)
        draft = data / f".{result}"
        files = {"ANJU_DATA": str(data), "ANJU_PROGRESS": str(data / PROGRESS), "DRAFT": str(draft), "RESULT": str(data / result)}
        with draft.open("wb") as out, (data / COMPLAINT).open("wb") as complaint:
            subprocess.Popen(
                ["/bin/sh", "-c", '"$@" && mv "$DRAFT" "$RESULT"', "sh", *command], stdin=subprocess.DEVNULL, stdout=out, stderr=complaint,
                pass_fds=[lock], start_new_session=apart, env={**os.environ, **files},
            )  # fmt: skip
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def look_back(folder: Path) -> None:
    """Begins to judge the months before, in a process of its own that ends with the terminal; one looks back at a time."""
    sized = command_of(folder, None)
    env = {name: value for name, value in os.environ.items() if name not in (LOOK_BACK, "ANJU_PROGRESS", "DRAFT", "RESULT")}
    with (Path(settings.DATA) / LOOKED).open("wb") as said:
        subprocess.Popen([*sized, "--history"], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env)


def at_work() -> bool:
    return is_held(Path(settings.DATA) / LOCK)


def being_prepared() -> bool:
    """Whether the sample is at work on days before its own: what pages would show then is not it."""
    data = Path(settings.DATA)
    return at_work() and (data / f".{PREPARED}").exists() and not (data / PREPARED).exists()


def whole() -> tuple[Progress | None, str]:
    """How far the whole prefecture is that will take this one's place, None where none is to come; and why it does not come, '' where it
    does."""
    folder = os.environ.get(WHOLE, "")
    return (progress(Path(folder)), complaint(PREPARED, data=Path(folder))) if folder else (None, "")


def progress(data: Path | None = None) -> Progress:
    found = _read((data or Path(settings.DATA)) / PROGRESS)
    times = [float(found[name]) if name in found else None for name in ("begun", "since")]
    return Progress(str(found.get("title", "")), int(found.get("done", 0)), int(found.get("of", 0)), *times)


def result() -> dict[str, Any] | None:
    """What the last week that passed changed; None where none has."""
    return _read(Path(settings.DATA) / RESULT) or None


def complaint(result: str = RESULT, *, data: Path | None = None) -> str:
    """Why the last attempt failed, as the command said it; '' where it did not."""
    data = data or Path(settings.DATA)
    failed = (data / f".{result}").exists() and not is_held(data / LOCK)
    lines = (data / COMPLAINT).read_text(encoding="utf-8", errors="replace").strip().splitlines() if failed else []
    return lines[-1] if lines else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
