"""A worker in the process of the test: no signals, no thread, no waiting."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

from django.utils import timezone

from anju.core.terms.viewer import Viewer
from anju.tasks import queries, turns
from anju.tasks.models import Ticket, Worker
from anju.tasks.queries import Seen
from anju.tasks.worker import Work

NOW = datetime(2023, 9, 26, 12, tzinfo=UTC)
OPERATOR = Viewer(name="operator", may=frozenset({queries.SEE_ALL}))


def a_worker(name: str = "w", host: str = "") -> Worker:
    return Worker.objects.create(name=name, host=host or socket.gethostname(), process=1, started_at=NOW, beat_at=NOW)


def drained() -> list[str]:
    """Does what is ready, and answers what was told."""
    said: list[str] = []
    work, worker = Work(said.append), Worker.objects.first() or a_worker()
    while (ticket := turns.claim(worker, timezone.now())) is not None:
        work._work_on(ticket, worker)
    return said


def done(ticket: Ticket) -> Seen:
    """What came of one ticket, after everything that was ready has been done."""
    drained()
    found = queries.ticket(OPERATOR, ticket.pk)
    assert found is not None
    return found
