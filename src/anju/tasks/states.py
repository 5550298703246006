"""What may have become of a ticket, in words."""

from __future__ import annotations

from typing import Literal

from django_tasks_db.models import DBTaskResult

from anju.tasks.models import Ticket

State = Literal["waiting", "running", "done", "given up", "cancelled"]
STATES: tuple[State, ...] = ("waiting", "running", "done", "given up", "cancelled")
READY, RUNNING, FAILED, SUCCESSFUL = "READY", "RUNNING", "FAILED", "SUCCESSFUL"
OF_TASK: dict[str, State] = {READY: "waiting", RUNNING: "running", SUCCESSFUL: "done", FAILED: "given up"}


def state_of(ticket: Ticket) -> State:
    if ticket.cancelled_at is not None:
        return "cancelled"
    task: DBTaskResult = ticket.task
    return OF_TASK[str(task.status)]
