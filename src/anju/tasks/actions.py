"""What people and the schedule may ask for: put a matter into the queue, try it again, call it off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django_tasks_db.models import DBTaskResult

from anju.apps.feeds.models import Upload
from anju.apps.journal.actions import record
from anju.core.terms.viewer import Viewer
from anju.tasks.kinds import KINDS
from anju.tasks.models import Ticket
from anju.tasks.states import READY, state_of

SCHEDULE, DROP = "the schedule", "the drop folder"
OURSELVES = (SCHEDULE, DROP)


class Refused(ValueError):
    """What cannot be done, why, and what to do instead."""


def queue(kind: str, *, by: Viewer | str, at: datetime, key: str = "", about: str = "", arguments: Mapping[str, Any] | None = None) -> Ticket:
    """Puts a matter into the queue, in the transaction of the caller if there is one. Where the same waits or is at work already,
    that one is the answer."""
    key = key or kind
    for _ in range(3):
        found = Ticket.objects.filter(key=key, ended_at=None).first()
        if found is not None:
            return found
        try:
            with transaction.atomic():
                return _make(kind, by, at, key, about, arguments or {})
        except IntegrityError:  # somebody asked for the same in this moment
            continue
    raise Refused(f"{kind} could not be put into the queue: it is asked for again and again; try again in a minute")


def _make(kind: str, by: Viewer | str, at: datetime, key: str, about: str, arguments: Mapping[str, Any]) -> Ticket:
    name, account = (by.name, by.account) if isinstance(by, Viewer) else (by, None)
    result = KINDS[kind].task.enqueue(**arguments)
    ticket = Ticket.objects.create(task_id=result.id, kind=kind, key=key, about=about[:255], asked_by=name, asked_account=account, asked_at=at)
    if name not in OURSELVES and kind != "take":  # that it was sent stands in the journal already
        record(act="tasks.queue", about=f"task:{ticket.pk}", by=by, at=at, detail={"kind": kind, "about": about[:255]})
    return ticket


def queue_run(*, by: Viewer | str, at: datetime) -> Ticket:
    """Judging as of today. One at a time: asked for again before it has begun, it is the same one."""
    return queue("run", by=by, at=at)


def queue_intake(upload: int, *, by: Viewer | str, at: datetime) -> Ticket:
    """Taking in a file that was sent through the pages (`apps/feeds/uploads.keep_upload`). How far it is stands in the upload as ever;
    `queries.ticket` says whether it waits, is at work or was given up."""
    name = Upload.objects.filter(pk=upload).values_list("file_name", flat=True).first()
    return queue("take", by=by, at=at, key=f"take:{upload}", about=name or str(upload), arguments={"upload": upload})


@transaction.atomic
def retry_task(number: int, *, by: Viewer | str, at: datetime) -> Ticket:
    """Puts a matter that was given up or called off into the queue once more, with all its attempts."""
    ticket = _locked(number)
    if state_of(ticket) not in ("given up", "cancelled"):
        raise Refused(f"task {number} is {state_of(ticket)}: only what was given up or cancelled is tried again")
    other = Ticket.objects.filter(key=ticket.key, ended_at=None).first()
    if other is not None:
        raise Refused(f"the same is {state_of(other)} already, as task {other.pk}: anju tasks show {other.pk}")
    DBTaskResult.objects.filter(pk=ticket.task_id).update(status=READY, run_after=at, finished_at=None, started_at=None)
    Ticket.objects.filter(pk=number).update(
        attempts=0, ended_at=None, cancelled_at=None, cancelled_by="", worker=None, step="", done=0, of=0, reason=""
    )
    record(act="tasks.retry", about=f"task:{number}", by=by, at=at)
    return Ticket.objects.select_related("task").get(pk=number)


@transaction.atomic
def cancel_task(number: int, *, by: Viewer | str, at: datetime) -> Ticket:
    """Calls off what waits. What is at work ends by itself: stopping it half-way would only have it tried again."""
    ticket = _locked(number)
    if state_of(ticket) != "waiting":
        raise Refused(f"task {number} is {state_of(ticket)}: only what waits can be called off")
    name = by.name if isinstance(by, Viewer) else by
    DBTaskResult.objects.filter(pk=ticket.task_id).update(status="FAILED", finished_at=at)
    Ticket.objects.filter(pk=number).update(cancelled_at=at, cancelled_by=name, ended_at=at, reason=f"cancelled by {name}")
    record(act="tasks.cancel", about=f"task:{number}", by=by, at=at)
    return Ticket.objects.select_related("task").get(pk=number)


def _locked(number: int) -> Ticket:
    """The ticket, with its row of the queue kept from every worker until the transaction ends."""
    ticket = Ticket.objects.filter(pk=number).first()
    if ticket is None:
        raise Refused(f"there is no task {number}: anju tasks list")
    DBTaskResult.objects.select_for_update().get(pk=ticket.task_id)
    return Ticket.objects.select_related("task").get(pk=number)
