"""A worker's heart: a thread that beats, and ends the process where it must not go on."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from anju.tasks.models import Worker
from anju.tasks.reaper import lock_of, locks

BEAT = 15.0  # seconds
LOOK = 1.0
GIVEN_UP_ON = 75  # exit code: thought dead by the others, or not to be stopped


@contextmanager
def registered(at: datetime) -> Iterator[Worker]:
    """A worker of this process, with its lock held: whoever can take that lock knows that it is dead."""
    host, process = socket.gethostname(), os.getpid()
    name = f"{host[:30]}-{process}-{uuid4().hex[:8]}"
    locks().mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_of(name).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        worker = Worker.objects.create(name=name, host=host, process=process, started_at=at, beat_at=at)
        try:
            yield worker
        finally:
            Worker.objects.filter(pk=worker.pk).update(ended_at=timezone.now())
            lock_of(name).unlink(missing_ok=True)


class Heart:
    """Beats from `start` to `stop`. `last_call` is the moment (monotonic) after which the process ends although its task cannot be stopped.

    On SQLite every worker is on this machine, where its lock tells that it lives: no beat is written, by a second connection that
    another process's lock could hold up."""

    def __init__(self, worker: Worker, tell: Callable[[str], None]) -> None:
        self.worker, self.tell = worker, tell
        self.last_call = float("inf")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live, name="heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=5)

    def _live(self) -> None:
        beaten, beats = time.monotonic(), connection.vendor != "sqlite"
        while not self._stopped.wait(LOOK):
            if time.monotonic() > self.last_call:
                self._end("the task in hand cannot be stopped; whoever comes next takes it over")
            if beats and time.monotonic() - beaten >= BEAT:
                beaten = time.monotonic()
                self._beat()
        if beats:
            connections.close_all()

    def _beat(self) -> None:
        try:
            if not Worker.objects.filter(pk=self.worker.pk, ended_at=None).update(beat_at=timezone.now()):
                self._end("the other workers thought this one dead and have taken its task over")
        except DatabaseError:  # busy or away: the next beat tells
            connections.close_all()

    def _end(self, why: str) -> None:
        self.tell(why)
        os._exit(GIVEN_UP_ON)
