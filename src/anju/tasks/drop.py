"""The drop folder: what lies whole in the inbox is put into the queue. It is never guessed that a growing file is whole.

A file is whole when nothing has touched it (size, time of change, time of its entry) for `settle` seconds, or at once when it was
seen under a name that says it is being written (roll.csv.part) and has been renamed since. Names of that sort and hidden ones wait.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from anju.tasks import filing
from anju.tasks.actions import DROP, queue
from anju.tasks.intake import NOT_TAKEN
from anju.tasks.judging import today
from anju.tasks.models import Ticket
from anju.tasks.states import state_of

WRITING = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
SETTLE = 10  # seconds
LATELY = timedelta(days=7)


@dataclass(slots=True)
class Look:
    """What a look at the inbox found. `growing` are not whole yet; `odd` are no files of their own, with the reason."""

    queued: list[Ticket] = field(default_factory=list)
    growing: list[str] = field(default_factory=list)
    odd: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    changed: int
    writing: bool
    since: float  # of the monotonic clock


@dataclass(slots=True)
class DropFolder:
    """What one worker remembers of the inbox between two looks. Forgetting it costs a wait and nothing else."""

    settle: int = SETTLE
    seen: dict[tuple[int, int], _Seen] = field(default_factory=dict)

    def look(self, now: datetime) -> Look:
        """Puts every whole file into the queue, once. Raises OSError where the folder cannot be used."""
        filing.make_folders()
        found = Look()
        still: dict[tuple[int, int], _Seen] = {}
        for path in files(filing.drop() / filing.INBOX):
            with suppress(FileNotFoundError):
                self._one(path, now, found, still)
        self.seen = still
        return found

    def _one(self, path: Path, now: datetime, found: Look, still: dict[tuple[int, int], _Seen]) -> None:
        place = path.relative_to(filing.drop() / filing.INBOX).as_posix()
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            if not stat.S_ISDIR(state.st_mode):
                found.odd[place] = "it is a link or a device, and only files are taken"
            elif len(Path(place).parts) > 1:
                found.odd[place] = "it is a folder in the folder of a feed: put the files themselves there"
            return
        key, writing = (state.st_dev, state.st_ino), path.name.lower().endswith(WRITING)
        before, clock = self.seen.get(key), time.monotonic()
        same = before is not None and (before.size, before.changed) == (state.st_size, state.st_mtime_ns)
        still[key] = _Seen(state.st_size, state.st_mtime_ns, writing, before.since if before is not None and same else clock)
        if writing:
            found.growing.append(place)
            return
        whole = self._whole(state, before if same else None, now, clock)
        if not whole:
            found.growing.append(place)
            return
        ticket = _queue(place, state, whole, now)
        found.queued += [ticket] if ticket is not None else []

    def _whole(self, state: os.stat_result, before: _Seen | None, now: datetime, clock: float) -> str:
        """Why the file counts as whole; '' where it does not yet."""
        if before is not None and before.writing:
            return "renamed when it was whole"
        touched = max(state.st_mtime, state.st_ctime)
        if now.timestamp() - touched >= self.settle or (before is not None and clock - before.since >= self.settle):
            return f"nothing touched it for {self.settle} s"
        return ""


def files(inbox: Path) -> Iterator[Path]:
    """What lies in the inbox and one folder below it, oldest names first; hidden names are nobody's business."""
    for path in sorted(inbox.iterdir()):
        if path.name.startswith("."):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            with suppress(PermissionError):  # one folder that is shut keeps nobody else waiting; the doctor tells of it
                yield from (one for one in sorted(path.iterdir()) if not one.name.startswith("."))


def _queue(place: str, state: os.stat_result, whole: str, now: datetime) -> Ticket | None:
    """None where this very file was in the queue before: it is at work, or came to nothing and has not been touched since."""
    print_ = f"{place}\0{state.st_dev}\0{state.st_ino}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}"
    key = f"drop:{hashlib.sha256(print_.encode()).hexdigest()[:40]}"
    if Ticket.objects.filter(key=key).exists():
        return None
    arguments = {"place": place, "size": state.st_size, "changed": state.st_mtime_ns, "at": now.isoformat(), "whole": whole}
    return queue("drop", by=DROP, at=now, key=key, about=place, arguments=arguments)


def sweep(now: datetime) -> list[Path]:
    """Files whose task was given up or called off go to `refused` with the reason; those of no task back to the inbox."""
    found = []
    for folder in sorted((filing.drop() / filing.TAKING).glob("*")):
        ticket = Ticket.objects.select_related("task").filter(pk=int(folder.name)).first() if folder.name.isdigit() else None
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if ticket is None:
                back = filing.drop() / filing.INBOX / filing.ANY / path.name
                if not back.exists():
                    filing.move(path, back)
                    found.append(back)
            elif state_of(ticket) in ("given up", "cancelled"):
                lines = [f"NOT TAKEN IN 未接收: {path.name}", f"why 原因: {ticket.reason}",
                         "When that is mended, put the file into the inbox again. 处理后请重新投递。", f"task {ticket.pk}"]  # fmt: skip
                found.append(filing.file_away(ticket.pk, path.name, filing.REFUSED, today(now), lines))
        with suppress(OSError):
            folder.rmdir()
    return found


def refused_lately(now: datetime, limit: int = 5) -> list[str]:
    """Names of dropped files that were not taken in within the last week, the newest first."""
    last = Ticket.objects.filter(kind="drop", ended_at__gt=now - LATELY).order_by("-pk")[:200]
    return [ticket.about for ticket in last if (ticket.outcome or {}).get("outcome") == NOT_TAKEN][:limit]
