"""Where dropped files lie, and how they move: always by a rename, and never gone before their bytes are kept.

ANJU_DROP/inbox/F09/roll.csv          what came; `any` instead of a feed where the file's name or headers tell
ANJU_DROP/taking/17/roll.csv          task 17 is at work on it
ANJU_DROP/done/2023-09-26/17/         the file and beside it roll.csv.receipt.txt
ANJU_DROP/refused/2023-09-26/17/      the file and beside it roll.csv.reason.txt
ANJU_DATA/uploads/<token>/roll.csv    came by the pages
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings

from anju.apps.feeds.models import Delivery
from anju.lake.originals import original_path
from anju.tasks.models import Ticket

INBOX, TAKING, DONE, REFUSED = "inbox", "taking", "done", "refused"
ANY = "any"
RECEIPT, REASON = ".receipt.txt", ".reason.txt"
DONE_DAYS = 7


def drop() -> Path:
    return Path(settings.DROP)


def make_folders() -> None:
    """The folder that is dropped into, for its owner only: whoever makes it wider says so himself."""
    for name in (f"{INBOX}/{ANY}", TAKING, DONE, REFUSED):
        (drop() / name).mkdir(parents=True, exist_ok=True, mode=0o700)


def taking(number: int) -> Path:
    return drop() / TAKING / str(number)


def dealt_with(number: int, name: str, word: str, day: date) -> Path:
    return drop() / word / day.isoformat() / str(number) / name


def move(source: Path, target: Path) -> None:
    """By a rename; from another disk by a copy that stands whole before the first goes."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f"{target.name}.partial")
        with source.open("rb") as read, draft.open("wb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())
        draft.replace(target)
        source.unlink()


def file_away(number: int, name: str, word: str, day: date, lines: Iterable[str]) -> Path:
    """The file to `done` or `refused`, with its receipt or reason beside it. Half-way through it is gone on with."""
    target = dealt_with(number, name, word, day)
    source = taking(number) / name
    if source.exists():
        move(source, target)
    note = target.with_name(name + (RECEIPT if word == DONE else REASON))
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = note.with_name(f".{note.name}")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(note)
    with suppress(OSError):
        taking(number).rmdir()
    return target


# --- letting go ---------------------------------------------------------------------------------------------------


def let_go_of_files(now: datetime, *, refused_days: int, done_days: int = DONE_DAYS) -> dict[str, int]:
    """Removes taken files whose bytes the lake keeps, and refused ones older than anything may be kept. Receipts and reasons stay."""
    done = sum(_remove(path) for path in _older(DONE, now, done_days) if _kept(path))
    refused = sum(_remove(path) for path in _older(REFUSED, now, refused_days))
    return {"dropped": done, "refused": refused}


def _older(word: str, now: datetime, days: int) -> Iterator[Path]:
    for path in sorted((drop() / word).glob("*/*/*")):
        day = path.parent.parent.name
        if path.name.endswith((RECEIPT, REASON)) or path.name.startswith(".") or not path.is_file():
            continue
        with suppress(ValueError):
            if date.fromisoformat(day) < (now - timedelta(days=days)).date():
                yield path


def _kept(path: Path) -> bool:
    """Whether the receipt written beside the file is of a delivery whose bytes are kept, or were kept until they expired."""
    ticket = Ticket.objects.filter(pk=int(path.parent.name)).first() if path.parent.name.isdigit() else None
    outcome = ticket.outcome if ticket is not None else None
    receipt = int(outcome["receipt"]) if outcome and outcome.get("receipt") else _receipt_of(path)
    if receipt is None:
        return False
    expired = Delivery.objects.filter(pk=receipt, expired_at__isnull=False).exists()
    return expired or original_path(Path(settings.DATA) / "lake", receipt).exists()


def _receipt_of(path: Path) -> int | None:
    """The number in the receipt, where the task itself is forgotten."""
    with suppress(OSError, ValueError, IndexError):
        first = path.with_name(path.name + RECEIPT).read_text(encoding="utf-8").split("receipt ", 1)[1]
        return int("".join(ch for ch in first.split()[0] if ch.isdigit()))
    return None


def _remove(path: Path) -> int:
    path.unlink(missing_ok=True)
    return 1
