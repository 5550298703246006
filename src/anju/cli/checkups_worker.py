"""What the doctor looks at of the workers: whether one lives, when the last nightly run was, and what is stuck."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from anju.apps.notices.queries import outbox_counts
from anju.cli.checkup import Check, check, few
from anju.core.terms.viewer import Viewer
from anju.tasks import due
from anju.tasks.drop import files, refused_lately
from anju.tasks.filing import INBOX, TAKING, drop
from anju.tasks.kinds import KINDS
from anju.tasks.models import Ticket, Worker
from anju.tasks.queries import SEE_ALL, lost
from anju.tasks.reaper import alive
from anju.tasks.states import READY, RUNNING

OVERDUE = timedelta(hours=26)  # since the nightly run ended


def workers() -> Iterator[Check]:
    found, faults = due.schedule()
    yield check("schedule", not faults, f"{settings.SCHEDULE}, {len(faults)} faults", "anju tasks schedule")
    now = timezone.now()
    living = alive(now)
    lately = Worker.objects.order_by("-beat_at").first()
    waiting = Ticket.objects.filter(task__status=READY).count()
    if living:
        yield Check("worker", "ok", f"{len(living)} alive ({few([worker.name for worker in living])})")
    else:
        seen = "none was ever started" if lately is None else f"none is alive; the last one was seen {lately.beat_at:%Y-%m-%d %H:%M} UTC"
        yield Check("worker", "note", f"{seen}; {waiting} tasks wait", "anju worker, best as a service: docs/worker.md")
    if found is not None and (entry := found.of("run")) is not None and not due.off(entry):
        yield nightly()
    yield from stuck()
    yield outbox()
    yield from drop_folder()


def nightly() -> Check:
    now = timezone.now()
    last = Ticket.objects.filter(kind="run", task__status="SUCCESSFUL").order_by("-ended_at").first()
    if last is None or last.ended_at is None:
        return Check("nightly run", "note", "none has been done by a worker yet", "anju worker; to judge at once: anju tasks start run")
    good = now - last.ended_at <= OVERDUE
    seen = f"last done {last.ended_at:%Y-%m-%d %H:%M} UTC, task {last.pk}"
    return check("nightly run", good, seen, "see that a worker runs: anju tasks list --kind run", otherwise="note")


def stuck() -> Iterator[Check]:
    now = timezone.now()
    newer = lost(Viewer("the doctor", may=frozenset([SEE_ALL])))
    told = few([f"{one.pk} {one.kind}: {one.reason.splitlines()[0][:100] if one.reason else ''}" for one in newer], 3)
    yield check(
        "tasks given up", not newer, told or "none",
        f"anju tasks show {newer[0].pk} says why; mend it, then: anju tasks retry {newer[0].pk}" if newer else "", otherwise="note",
    )  # fmt: skip
    running = Ticket.objects.select_related("task").filter(task__status=RUNNING)
    long = [one for one in running if one.kind in KINDS and one.task.started_at < now - timedelta(minutes=KINDS[one.kind].long)]
    told = few([f"{one.pk} {one.kind} since {one.task.started_at:%Y-%m-%d %H:%M} UTC" for one in long])
    yield check(
        "tasks at work", not long, told or "none is stuck",
        "restart its worker: the task is given back and taken up again", otherwise="note",
    )  # fmt: skip


def outbox() -> Check:
    found = outbox_counts(timezone.now())
    good = not found["uncertain"] and not found["failed"]
    seen = f"{found['waiting']} wait, {found['uncertain']} in doubt, {found['failed']} failed this week"
    return check("messages", good, seen, "an administrator decides on them: page Messages; docs/notices.md", otherwise="note")


def drop_folder() -> Iterator[Check]:
    inbox = drop() / INBOX
    if not inbox.exists():
        yield Check("drop folder", "ok", f"{drop()} (made by the first worker)")
        return
    shut = [path for path in (inbox, *inbox.iterdir(), drop() / TAKING) if path.is_dir() and not os.access(path, os.R_OK | os.W_OK | os.X_OK)]
    if shut:
        yield Check("drop folder", "not ready", f"{few(list(shut))} cannot be written in", "let the worker's account read and write there")
        return
    lying = sum(not path.is_dir() for path in files(inbox))
    refused = refused_lately(timezone.now())
    told = f"{lying} files in the inbox" + (f"; not taken in lately: {few(list(refused))}" if refused else "")
    yield check("drop folder", not refused, told, f"the reason lies beside each file in {drop()}/refused", otherwise="note")
