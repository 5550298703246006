"""Whose turn it is: a worker takes a task, and ends it in one of four ways. Each is one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction
from django_tasks_db.models import DBTaskResult

from anju.apps.journal.actions import record
from anju.tasks.kinds import most_of
from anju.tasks.models import Ticket, Worker
from anju.tasks.states import FAILED, READY, RUNNING, SUCCESSFUL

Answer = TypeVar("Answer")
PAUSES = (60, 300, 1800)  # seconds before the next attempt
PATIENCE = 300  # seconds for which a worker tries to write down how a task ended


def claim(worker: Worker, at: datetime) -> Ticket | None:
    """The next task, for this worker alone; None where nothing is ready. Looking costs no lock."""
    if not DBTaskResult.objects.ready().exists():
        return None
    with transaction.atomic():  # on SQLite it is alone from its first statement on
        row = DBTaskResult.objects.ready().get_locked()
        if row is None:
            return None
        row.claim(worker.name)
        ticket = Ticket.objects.get(task_id=row.pk)
        ticket.worker, ticket.attempts, ticket.task = worker, ticket.attempts + 1, row
        ticket.step, ticket.done, ticket.of = "", 0, 0
        ticket.save(update_fields=["worker", "attempts", "step", "done", "of"])
    return ticket


def finish(ticket: Ticket, worker: Worker, value: Any, at: datetime) -> bool:
    """False where the task is no longer this worker's: it was thought dead, and another has taken it over."""

    def write() -> bool:
        with transaction.atomic():
            if not _mine(ticket, worker):
                return False
            DBTaskResult.objects.filter(pk=ticket.task_id).update(status=SUCCESSFUL, finished_at=at, return_value=value)
            Ticket.objects.filter(pk=ticket.pk).update(ended_at=at, reason="", step="")
        return True

    return patiently(write)


def fail(ticket: Ticket, worker: Worker, reason: str, at: datetime, *, again: bool) -> str:
    """Puts the task back for another attempt after a pause, or gives it up. Answers 'again', 'given up', or 'lost'."""

    def write() -> str:
        with transaction.atomic():
            if not _mine(ticket, worker):
                return "lost"
            if again and ticket.attempts < most_of(ticket.kind):
                pause = PAUSES[min(ticket.attempts, len(PAUSES)) - 1]
                DBTaskResult.objects.filter(pk=ticket.task_id).update(status=READY, run_after=at + timedelta(seconds=pause))
                Ticket.objects.filter(pk=ticket.pk).update(reason=reason, worker=None)
                return "again"
            give_up(ticket, reason, at)
        return "given up"

    return patiently(write)


def give_back(ticket: Ticket, worker: Worker) -> bool:
    """The worker is stopped before the task is over: it waits again, and this attempt does not count."""

    def write() -> bool:
        with transaction.atomic():
            if not _mine(ticket, worker):
                return False
            DBTaskResult.objects.filter(pk=ticket.task_id).update(status=READY)
            left = max(ticket.attempts - 1, 0)
            Ticket.objects.filter(pk=ticket.pk).update(attempts=left, worker=None, reason="given back: the worker was stopped", step="")
        return True

    return patiently(write)


def give_up(ticket: Ticket, reason: str, at: datetime) -> None:
    """Within the transaction under way."""
    DBTaskResult.objects.filter(pk=ticket.task_id).update(status=FAILED, finished_at=at)
    Ticket.objects.filter(pk=ticket.pk).update(ended_at=at, reason=reason)
    record(act="tasks.give_up", about=f"task:{ticket.pk}", by=ticket.asked_by, at=at, detail={"kind": ticket.kind, "reason": reason[:400]})


def _mine(ticket: Ticket, worker: Worker) -> bool:
    row = DBTaskResult.objects.select_for_update().filter(pk=ticket.task_id, status=RUNNING).first()
    return row is not None and Ticket.objects.filter(pk=ticket.pk, worker=worker, attempts=ticket.attempts).exists()


def patiently(write: Callable[[], Answer]) -> Answer:
    """How a task ended is written down even where the database is busy or away for a while."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return write()
        except OperationalError:
            if time.monotonic() > until or transaction.get_connection().in_atomic_block:
                raise
            connections.close_all()
            time.sleep(1)
