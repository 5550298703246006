"""anju tasks: what waits, what is at work, what came of it, and when the schedule is due next."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click
from django.conf import settings
from django.utils import timezone

from anju.cli.alerts import operator
from anju.cli.context import FOUND, fail, json_option, migrated, say
from anju.core.terms.viewer import Viewer
from anju.tasks import actions, due, queries
from anju.tasks.kinds import KINDS, STARTED_BY_HAND, most_of
from anju.tasks.models import Ticket
from anju.tasks.queries import SEE_ALL, Seen
from anju.tasks.states import STATES


def overseer() -> Viewer:
    """Who types at the machine itself: sees every task."""
    known = operator()
    return Viewer(name=known.name, role=known.role, scopes=known.scopes, may=known.may | {SEE_ALL})


@click.group()
def tasks() -> None:
    """What the workers do: the queue, and the schedule."""


@tasks.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), help="Only those of this kind.")
@click.option("--before", type=int, help="Only those with a smaller number: the next page.")
@click.option("--limit", type=click.IntRange(1), default=40, show_default=True, help="At most so many.")
@json_option
def list_(state: str | None, kind: str | None, before: int | None, limit: int, as_json: bool) -> None:
    """Tasks, the newest first.

    \b
    anju tasks list
    anju tasks list --state "given up" --json
    """
    migrated()
    found = queries.tickets(overseer(), state=state, kind=kind or "", before=before, limit=limit + 1)  # type: ignore[arg-type]
    more, found = len(found) > limit, found[:limit]
    lines = [_line(one) for one in found]
    if more:
        lines.append(f"more: --before {found[-1].number}")
    say(as_json, {"tasks": [one.as_dict() for one in found]}, lines or ["no task"])


def _line(one: Seen) -> str:
    far = f" {one.step} {f'{one.done}/{one.of}' if one.of else ''}".rstrip() if one.state == "running" else ""
    came = f"  {one.outcome['outcome']}" if one.state == "done" and one.outcome and "outcome" in one.outcome else ""
    why = f"  {one.reason.splitlines()[0][:90]}" if one.reason and one.state != "done" else ""
    return (
        f"{one.number:>6}  {one.kind:<7} {one.state:<9} {one.asked_at.astimezone(_zone()):%m-%d %H:%M}  {one.about or one.title}{far}{came}{why}"
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


@tasks.command()
@click.argument("number", type=int)
@json_option
def show(number: int, as_json: bool) -> None:
    """One task: how far it is, what came of it, or why it came to nothing.

    \b
    anju tasks show 17
    """
    migrated()
    one = queries.ticket(overseer(), number)
    if one is None:
        fail(f"there is no task {number}", "anju tasks list")
    moments = {"asked": one.asked_at, "begun": one.started_at, "ended": one.ended_at}
    lines = [f"task {one.number}: {one.title}{f' ({one.about})' if one.about else ''}: {one.state}",
             f"asked for by {one.asked_by}, {one.attempts} of {most_of(one.kind)} attempts",
             *(f"{name} {at.astimezone(_zone()):%Y-%m-%d %H:%M:%S}" for name, at in moments.items() if at is not None)]  # fmt: skip
    lines += [f"now: {one.step} {f'{one.done} of {one.of}' if one.of else ''}".rstrip()] * bool(one.step)
    lines += [f"  {name}: {value}" for name, value in (one.outcome or {}).items() if value not in (None, "", [], {})]
    lines += [f"why: {one.reason}"] * bool(one.reason)
    if one.state in ("given up", "cancelled"):
        lines.append(f"to try once more: anju tasks retry {one.number}")
    say(as_json, one.as_dict(), lines)


@tasks.command()
@click.argument("kind", type=click.Choice(STARTED_BY_HAND))
@json_option
def start(kind: str, as_json: bool) -> None:
    """Ask the workers for a task now. Where the same waits already, that one is meant.

    \b
    anju tasks start run
    anju tasks start backup
    """
    migrated()
    ticket = actions.queue(kind, by=overseer(), at=timezone.now())
    _answer(ticket, f"task {ticket.pk} waits for a worker: anju tasks show {ticket.pk}", as_json)


@tasks.command()
@click.argument("number", type=int)
@json_option
def retry(number: int, as_json: bool) -> None:
    """Put a task that was given up or cancelled into the queue once more.

    \b
    anju tasks retry 17
    """
    migrated()
    try:
        ticket = actions.retry_task(number, by=overseer(), at=timezone.now())
    except actions.Refused as error:
        fail(str(error))
    _answer(ticket, f"task {number} waits again", as_json)


@tasks.command()
@click.argument("number", type=int)
@json_option
def cancel(number: int, as_json: bool) -> None:
    """Call a task off that waits. One at work ends by itself.

    \b
    anju tasks cancel 17
    """
    migrated()
    try:
        ticket = actions.cancel_task(number, by=overseer(), at=timezone.now())
    except actions.Refused as error:
        fail(str(error))
    _answer(ticket, f"task {number} is cancelled", as_json)


def _answer(ticket: Ticket, line: str, as_json: bool) -> None:
    one = queries.ticket(overseer(), ticket.pk)
    assert one is not None
    say(as_json, one.as_dict(), [line])


@tasks.command()
@json_option
def schedule(as_json: bool) -> None:
    """Check the schedule, and say when each thing was due last and is due next.

    \b
    anju tasks schedule
    """
    migrated()
    found, faults = due.schedule()
    if found is None:
        say(as_json, {"file": str(settings.SCHEDULE), "faults": [fault.as_dict() for fault in faults]}, [str(fault) for fault in faults])
        raise SystemExit(FOUND)
    rows = due.coming(found, timezone.now())
    lines = [f"{settings.SCHEDULE}, by the clock of {settings.TIME_ZONE}" + ("" if rows else ": nothing is scheduled")]
    lines += [
        f"{row.kind:<7} {row.timing:<28} last {_moment(row.last):<17} {'next ' + _moment(row.next) if row.next else 'off: ' + row.off}"
        for row in rows
    ]
    data = [{"kind": row.kind, "timing": row.timing, "last": row.last, "next": row.next, "off": row.off} for row in rows]
    say(as_json, {"file": str(settings.SCHEDULE), "time_zone": settings.TIME_ZONE, "schedule": data, "faults": []}, lines)


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(_zone()):%Y-%m-%d %H:%M}" if at is not None else "never"
