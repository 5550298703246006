"""Puts what is due into the queue: each time once, whoever looks; a time that was missed once, however many were missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from anju.apps.notices.queries import outbox_waits
from anju.core.contracts.faults import Fault
from anju.tasks.actions import SCHEDULE, queue
from anju.tasks.models import Due, Ticket
from anju.tasks.schedule import Entry, Schedule, last_slot, next_slot, read_schedule

OF_DAYS = ("run", "remind", "retry", "expire", "tidy")  # go by today's date, which no day of a sample is
AHEAD = timedelta(hours=26)  # a time kept that lies so far ahead of now: the clock was wrong then, and has been put right


@dataclass(frozen=True, slots=True)
class Coming:
    """`off`: why it is not done by itself although it is scheduled; then `next` is None."""

    kind: str
    timing: str
    last: datetime | None
    next: datetime | None
    off: str


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def schedule() -> tuple[Schedule | None, list[Fault]]:
    return read_schedule(Path(settings.SCHEDULE))


def off(entry: Entry) -> str:
    if entry.kind == "backup" and settings.BACKUP is None:
        return "ANJU_BACKUP names no folder"
    if entry.kind in OF_DAYS and settings.SAMPLE:
        return "a sample's days pass by hand"
    return ""


def queue_due(found: Schedule, now: datetime) -> list[Ticket]:
    """What fell due since it was looked at last. A kind that is new, or whose timing was changed, begins with its next time."""
    tickets = []
    for entry in found.entries:
        if entry.kind == "drop" or off(entry):  # the worker looks at the inbox itself
            continue
        if entry.kind == "send" and not outbox_waits(now):  # no ticket for every minute in which there is nothing to send
            continue
        slot = last_slot(entry, now, zone())
        if slot is not None and _falls_due(entry, slot, now):
            tickets += _keep(entry, slot, now)
    return tickets


def _falls_due(entry: Entry, slot: datetime, now: datetime) -> bool:
    """Looked at without a lock: mostly nothing is due."""
    known = Due.objects.filter(kind=entry.kind).first()
    return known is None or known.timing != entry.timing or known.last < slot or known.last > now + _ahead(entry)


@transaction.atomic
def _keep(entry: Entry, slot: datetime, now: datetime) -> list[Ticket]:
    known, new = Due.objects.select_for_update().get_or_create(kind=entry.kind, defaults={"timing": entry.timing, "last": slot})
    again = known.timing != entry.timing or known.last > now + _ahead(entry)
    if new or again:
        Due.objects.filter(kind=entry.kind).update(timing=entry.timing, last=slot)
        return []
    if not Due.objects.filter(kind=entry.kind, last__lt=slot).update(last=slot):
        return []  # another worker was faster
    return [queue(entry.kind, by=SCHEDULE, at=now, arguments=_arguments(entry, slot))]


def _ahead(entry: Entry) -> timedelta:
    return timedelta(seconds=entry.every) if entry.every else AHEAD


def _arguments(entry: Entry, slot: datetime) -> dict[str, Any]:
    return {**entry.options, **({"since": slot.isoformat()} if entry.kind == "backup" else {})}


def coming(found: Schedule, now: datetime) -> list[Coming]:
    """Every entry with its last and next time, the soonest first."""
    kept = {due.kind: due for due in Due.objects.all()}
    rows = []
    for entry in found.entries:
        due, why = kept.get(entry.kind), off(entry)
        rows.append(Coming(entry.kind, entry.timing, due.last if due is not None else None, None if why else next_slot(entry, now, zone()), why))
    return sorted(rows, key=lambda row: (row.next is None, row.next or now, row.kind))
