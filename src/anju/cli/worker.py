"""anju worker: what is done without anybody waiting."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime

import click
from django.conf import settings

from anju.cli.context import FOUND, fail, json_option, migrated, say
from anju.tasks import due
from anju.tasks.models import Ticket
from anju.tasks.queries import seen
from anju.tasks.worker import Work


@click.command()
@click.option("--once", is_flag=True, help="Do what is due and waits, take in what lies in the drop folder, and end.")
@click.option("--grace", default=60, show_default=True, help="Seconds for which the task in hand may go on when the worker is asked to stop.")
@click.option("--poll", default=1.0, show_default=True, help="Seconds between two looks at an empty queue.")
@click.option("--beside", is_flag=True, help="End, as if asked to, when the process that started it is gone.")
@json_option
def worker(once: bool, grace: int, poll: float, beside: bool, as_json: bool) -> None:
    """Do what waits in the queue, keep the schedule, and take in what is dropped, until asked to stop.

    Several may run at once, and any of them may be killed: another takes over. See docs/worker.md.

    \b
    anju worker
    anju worker --once --json
    """
    if grace < 0 or poll <= 0:
        raise click.UsageError("--grace is 0 or more seconds, --poll more than 0")
    migrated()
    _, faults = due.schedule()
    if faults:
        fail(f"{settings.SCHEDULE} has {len(faults)} faults", "mend them, then say: anju tasks schedule", code=FOUND, faults=faults)
    if beside:
        _end_with_parent()
    worked = Work(_tell, poll=poll, grace=grace, once=once).run()
    ended = {"done": worked.done, "again": worked.again, "given_up": worked.given_up, "given_back": worked.given_back}
    tickets = [seen(one) for one in Ticket.objects.select_related("task", "worker").filter(pk__in=sum(ended.values(), [])).order_by("pk")]
    lines = [f"{len(worked.done)} tasks done, {len(worked.again)} to be tried again, {len(worked.given_up)} given up, "
             f"{len(worked.given_back)} given back"]  # fmt: skip
    say(as_json, {**ended, "tasks": [one.as_dict() for one in tickets]}, lines)
    refused = any((one.outcome or {}).get("outcome") == "refused" for one in tickets)
    if once and (worked.given_up or worked.again or refused):
        raise SystemExit(FOUND)


def _end_with_parent() -> None:
    """Whoever started it may become another program (`anju demo --serve` becomes the server); its number stays."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="beside", daemon=True).start()


def _tell(line: str) -> None:
    click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)
