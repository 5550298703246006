"""Finds workers that died, and gives their tasks back to the queue, or up after too many deaths; what they were just sending is in doubt.

On the worker's own machine its lock tells: the operating system lets it go when the process ends, however it ends. Of a worker on
another machine only its beats are known.
"""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django_tasks_db.models import DBTaskResult

from anju.apps.notices.sending import doubt_interrupted, in_hand
from anju.lake.held import is_held
from anju.tasks.kinds import most_of
from anju.tasks.models import Ticket, Worker
from anju.tasks.states import READY, RUNNING
from anju.tasks.turns import give_up

SILENT = timedelta(minutes=3)  # without a beat from another machine


def locks() -> Path:
    return Path(settings.DATA) / "workers"


def lock_of(name: str) -> Path:
    return locks() / f"{name}.lock"


def dead(worker: Worker, now: datetime) -> bool:
    if worker.host != socket.gethostname():
        return worker.beat_at < now - SILENT
    return not is_held(lock_of(worker.name))


def alive(now: datetime) -> list[Worker]:
    return [worker for worker in Worker.objects.filter(ended_at=None).order_by("pk") if not dead(worker, now)]


def reap(now: datetime) -> list[Ticket]:
    """Marks dead workers, and deals with what they left. Answers the tickets that were given back or up."""
    found = []
    for worker in Worker.objects.filter(ended_at=None):
        if dead(worker, now) and Worker.objects.filter(pk=worker.pk, ended_at=None).update(ended_at=now, died=True):
            lock_of(worker.name).unlink(missing_ok=True)
    if in_hand():
        doubt_interrupted(living=[worker.name for worker in alive(now)], now=now)
    left = Ticket.objects.filter(task__status=RUNNING).filter(Q(worker=None) | Q(worker__ended_at__isnull=False))
    for number in left.order_by("pk").values_list("pk", flat=True):
        ticket = _return(number, now)
        found += [ticket] if ticket is not None else []
    return found


@transaction.atomic
def _return(number: int, now: datetime) -> Ticket | None:
    ticket = Ticket.objects.select_related("worker").get(pk=number)
    row = DBTaskResult.objects.select_for_update().filter(pk=ticket.task_id, status=RUNNING).first()
    ticket = Ticket.objects.select_related("worker").get(pk=number)
    if row is None or (ticket.worker is not None and ticket.worker.ended_at is None):
        return None  # another reaper was here, and another worker has taken it over
    who = f"process {ticket.worker.process} on {ticket.worker.host}" if ticket.worker is not None else "a process nobody knows of"
    died = f"the worker died while at it ({who}, {now:%Y-%m-%d %H:%M} UTC)"
    if ticket.attempts >= most_of(ticket.kind):
        remedy = "see the system's log of that time: too little memory is the commonest cause; then: anju tasks retry"
        give_up(ticket, f"given up after {ticket.attempts} attempts: {died}; do: {remedy} {ticket.pk}", now)
    else:
        DBTaskResult.objects.filter(pk=ticket.task_id).update(status=READY)
        Ticket.objects.filter(pk=number).update(worker=None, reason=f"attempt {ticket.attempts}: {died}", step="")
    return Ticket.objects.select_related("task").get(pk=number)
