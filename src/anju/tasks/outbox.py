"""Carrying notices out by mail and chat. Twice at once is as once: each message is claimed by one sender."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django_tasks import TaskContext, task

from anju.apps.notices.sending import send_due
from anju.apps.people.vault import Sealer, ensure_keys
from anju.tasks.progress import ticket_of

LONGEST = 50  # seconds; what is left waits for the next minute, and other tasks have their turn


@task(takes_context=True)
def send(context: TaskContext) -> dict[str, Any]:
    """What waits in the outbox. What a worker that died had in hand is the reaper's matter."""
    ticket = ticket_of(context)
    sender = ticket.worker.name if ticket.worker is not None else f"ticket-{ticket.pk}"
    until = time.monotonic() + LONGEST
    return asdict(send_due(sender=sender, sealer=Sealer(ensure_keys()), go_on=lambda: time.monotonic() < until))
