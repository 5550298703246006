"""A worker: takes one task after the other, keeps the schedule, looks at the drop folder, and buries the dead.

It may be killed at any moment. Asked to stop (SIGTERM, Ctrl-C) it ends the task in hand within its grace, and else gives it back.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone
from django_tasks import TaskContext

from anju.core.contracts.faults import Fault
from anju.tasks import due, reaper, turns
from anju.tasks.drop import SETTLE, DropFolder, sweep
from anju.tasks.failures import hopeless, reason_of
from anju.tasks.heart import Heart, registered
from anju.tasks.models import Ticket, Worker
from anju.tasks.schedule import Schedule

LOOKS = {"reaper": 10.0, "schedule": 5.0}  # seconds between two looks
SLICE = 0.2  # of a pause, after which a signal is noticed
STUBBORN = 30  # seconds after the grace in which a task must have let go
AWAY = 5.0  # seconds to wait for a database that does not answer


class GivenBack(BaseException):
    """Raised in the task in hand: the grace is over. No `except Exception` may keep it."""


@dataclass(slots=True)
class Worked:
    """What a worker did: tickets by how their attempts ended."""

    done: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)


class Work:
    """`tell` gets a line for each thing that happens. `poll` and `grace` in seconds."""

    def __init__(self, tell: Callable[[str], None], *, poll: float = 1.0, grace: int = 60, once: bool = False) -> None:
        self.tell, self.poll, self.grace, self.once = tell, poll, grace, once
        self.worked = Worked()
        self.stopping = self.interruptible = False
        self.drop = DropFolder()
        self.heart: Heart | None = None
        self._looked: dict[str, float] = {}
        self._schedule: Schedule | None = None
        self._schedule_stamp: object = None
        self._complaint = ""

    # --- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> Worked:
        with registered(timezone.now()) as worker, self._signals():
            heart = self.heart = Heart(worker, self.tell)
            heart.start()
            self.tell(f"worker {worker.name} begins")
            try:
                self._loop(worker)
            finally:
                heart.stop()
            self.tell(f"worker {worker.name} ends")
        return self.worked

    def _loop(self, worker: Worker) -> None:
        while not self.stopping:
            try:
                waiting = self._look_around()
                ticket = None if self.stopping else turns.claim(worker, timezone.now())
            except (OperationalError, InterfaceError) as error:
                if self.once:
                    raise
                self._complain(f"the database does not answer: {str(error).splitlines()[0]}; trying again")
                connections.close_all()
                self._pause(AWAY)
                continue
            if ticket is not None:
                self._work_on(ticket, worker)
            elif self.once and not waiting:
                return
            else:
                self._pause(self.poll)

    def _look_around(self) -> bool:
        """The dead, the schedule, the inbox. Answers whether a file lies there that is not whole yet."""
        now = timezone.now()
        if self._time_for("reaper", LOOKS["reaper"]):
            for ticket in reaper.reap(now):
                self.tell(f"task {ticket.pk} ({ticket.kind}): {ticket.reason}")
        if self._time_for("schedule", LOOKS["schedule"]):
            self._read_schedule()
            for ticket in due.queue_due(self._schedule, now) if self._schedule is not None else ():
                self.tell(f"task {ticket.pk} ({ticket.kind}) is due")
        entry = self._schedule.of("drop") if self._schedule is not None else None
        if entry is None:
            return False
        if self._time_for("drop", 1.0 if self.once else entry.every):
            self.drop.settle = entry.options.get("settle", SETTLE)
            return self._look_at_inbox()
        return False

    def _look_at_inbox(self) -> bool:
        try:
            sweep(timezone.now())
            look = self.drop.look(timezone.now())
        except OSError as error:
            self._complain(f"the drop folder {settings.DROP} cannot be used: {reason_of(error)}")
            return False
        for ticket in look.queued:
            self.tell(f"task {ticket.pk} (drop): {ticket.about} is whole")
        for place, why in look.odd.items():
            self._complain(f"{place} in the inbox: {why}")
        return bool(look.growing)

    def _time_for(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if what in self._looked and now - self._looked[what] < every:
            return False
        self._looked[what] = now
        return True

    def _read_schedule(self) -> None:
        path = Path(settings.SCHEDULE)
        stamp = path.stat().st_mtime_ns if path.exists() else None
        if self._schedule is not None and stamp == self._schedule_stamp:
            return
        found, faults = due.schedule()
        if found is None:
            kept = "the one before stays in force" if self._schedule is not None else "nothing is done by itself"
            self._complain(f"the schedule has {len(faults)} faults, {kept}: {_first(faults)}")
            return
        self._schedule, self._schedule_stamp = found, stamp

    def _complain(self, line: str) -> None:
        """Once, and not again until something else was wrong."""
        if line != self._complaint:
            self._complaint = line
            self.tell(line)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))

    # --- one task ----------------------------------------------------------------------------------------------------

    def _work_on(self, ticket: Ticket, worker: Worker) -> None:
        begun = time.monotonic()
        self.tell(f"task {ticket.pk} ({ticket.kind}{' ' + ticket.about if ticket.about else ''}) begins, attempt {ticket.attempts}")
        try:
            value = self._call(ticket)
        except GivenBack:
            turns.give_back(ticket, worker)
            self.worked.given_back.append(ticket.pk)
            self.tell(f"task {ticket.pk} is given back: it was not over within {self.grace} s")
        except Exception as error:
            self._failed(ticket, worker, error)
        else:
            mine = turns.finish(ticket, worker, value, timezone.now())
            self.worked.done.append(ticket.pk)
            ended = f"is done in {time.monotonic() - begun:.1f} s: {_short(value)}" if mine else "had been taken over by another worker"
            self.tell(f"task {ticket.pk} {ended}")

    def _call(self, ticket: Ticket) -> Any:
        """Runs the task's function; a stop that comes meanwhile may break it off when the grace is over."""
        result = ticket.task.task_result
        self.interruptible = True
        try:
            if self.stopping:  # the signal came between the claim and here
                raise GivenBack
            return result.task.call(TaskContext(task_result=result), *result.args, **result.kwargs)
        finally:
            self.interruptible = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _failed(self, ticket: Ticket, worker: Worker, error: Exception) -> None:
        connections.close_all() if isinstance(error, OperationalError | InterfaceError) else None
        reason = reason_of(error)
        how = turns.fail(ticket, worker, reason, timezone.now(), again=not hopeless(error))
        {"again": self.worked.again, "given up": self.worked.given_up, "lost": []}[how].append(ticket.pk)
        words = {"again": "failed and is tried again later", "given up": "is given up", "lost": "had been taken over by another worker"}
        self.tell(f"task {ticket.pk} {words[how]}: {reason}")

    # --- signals -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)}
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGALRM, self._over)
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """The first time: no further task. The second time: the one in hand is given back at once."""
        again, self.stopping = self.stopping, True
        if self.heart is not None:
            self.heart.last_call = time.monotonic() + self.grace + STUBBORN
        if self.interruptible:
            signal.setitimer(signal.ITIMER_REAL, 0.01 if again or not self.grace else self.grace)

    def _over(self, number: int, frame: FrameType | None) -> None:
        if self.interruptible:
            raise GivenBack


def _short(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {told}" for name, told in value.items() if told not in (None, "", [], {}) and not isinstance(told, dict | list))[
        :200
    ]


def _first(faults: list[Fault]) -> str:
    return str(faults[0]).replace("\n", ";") if faults else ""
