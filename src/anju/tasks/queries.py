"""Reads of tasks. The viewer comes first: her own, or all where she may see tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from anju.core.terms.viewer import Viewer
from anju.tasks.kinds import KINDS
from anju.tasks.models import Ticket
from anju.tasks.states import FAILED, READY, RUNNING, SUCCESSFUL, State, state_of

SEE_ALL = "tasks.see"
STATUS = {"waiting": READY, "running": RUNNING, "done": SUCCESSFUL}


@dataclass(frozen=True, slots=True)
class Seen:
    """A task as pages and commands show it. `done` of `of` is how far its present step is; 0 of 0: it does not say."""

    number: int
    kind: str
    title: str
    about: str
    state: State
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    step: str
    done: int
    of: int
    outcome: dict[str, Any] | None
    reason: str
    worker: str

    def as_dict(self) -> dict[str, Any]:
        moments = {
            name: value.isoformat() if value else None
            for name in ("asked_at", "started_at", "ended_at")
            if (value := getattr(self, name)) or True
        }
        rest = ("number", "kind", "title", "about", "state", "asked_by", "attempts", "step", "done", "of", "outcome", "reason", "worker")
        return {**{name: getattr(self, name) for name in rest}, **moments}


def visible(viewer: Viewer) -> QuerySet[Ticket]:
    every = Ticket.objects.select_related("task", "worker")
    if viewer.can(SEE_ALL):
        return every
    return every.filter(asked_account=viewer.account) if viewer.account is not None else every.none()


def ticket(viewer: Viewer, number: int) -> Seen | None:
    """None for what is not there, and for what is somebody else's."""
    found = visible(viewer).filter(pk=number).first()
    return seen(found) if found is not None else None


def tickets(viewer: Viewer, *, state: State | None = None, kind: str = "", before: int | None = None, limit: int = 40) -> list[Seen]:
    """The newest first; `before` is the number of the last one of the page before."""
    found = visible(viewer).order_by("-pk")
    if kind:
        found = found.filter(kind=kind)
    if before is not None:
        found = found.filter(pk__lt=before)
    if state == "cancelled":
        found = found.filter(cancelled_at__isnull=False)
    elif state == "given up":
        found = found.filter(task__status=FAILED, cancelled_at=None)
    elif state is not None:
        found = found.filter(task__status=STATUS[state])
    return [seen(one) for one in found[:limit]]


def lost(viewer: Viewer, limit: int = 20) -> list[Ticket]:
    """What was given up, and of which nothing came later either; the newest first."""
    later = Ticket.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk"), task__status=SUCCESSFUL)
    return list(visible(viewer).filter(task__status=FAILED, cancelled_at=None).exclude(Exists(later)).order_by("-pk")[:limit])


def intake_of(upload: int) -> int | None:
    """The number of the task that takes this upload in; None where none does or will."""
    return Ticket.objects.filter(key=f"take:{upload}", ended_at=None).values_list("pk", flat=True).first()


def seen(one: Ticket, language: str = "en") -> Seen:
    title = KINDS[one.kind].title if one.kind in KINDS else None
    return Seen(
        one.pk, one.kind, getattr(title, language, one.kind), one.about, state_of(one), one.asked_by, one.asked_at, one.task.started_at,
        one.ended_at, one.attempts, one.step, one.done, one.of, one.outcome if one.outcome is not None else one.task.return_value, one.reason,
        one.worker.name if one.worker is not None else "",
    )  # fmt: skip
