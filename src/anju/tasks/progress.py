"""How far a task is: told by the task itself, on its ticket at most once a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import current_thread, main_thread

from django.db import DatabaseError, transaction
from django_tasks import TaskContext

from anju.tasks.models import Ticket

LONGEST = 200
OFTEN = 1.0  # seconds


def ticket_of(context: TaskContext) -> Ticket:
    """The ticket of the task that runs."""
    return Ticket.objects.get(task_id=context.task_result.id)


def teller(ticket: Ticket) -> Callable[[str, int, int], None]:
    """tell(step, done, of). Within a transaction nobody would see it, and another thread has no connection: then it is not written.
    That it cannot be written stops no task."""
    last, at = "", 0.0

    def tell(step: str, done: int = 0, of: int = 0) -> None:
        nonlocal last, at
        now, name = time.monotonic(), step[:LONGEST]
        if now - at < (OFTEN if name == last else OFTEN / 5):
            return
        if transaction.get_connection().in_atomic_block or current_thread() is not main_thread():
            return
        last, at = name, now
        with suppress(DatabaseError):
            Ticket.objects.filter(pk=ticket.pk, ended_at=None).update(step=name, done=done, of=of)

    return tell
