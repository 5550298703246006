"""anju alerts: follow runs, read the queues, take on, put off, release, and say why an alert was sent or held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import click
from django.utils import timezone

from anju.apps.alerts import actions, queries
from anju.apps.alerts.explaining import explain
from anju.apps.alerts.models import QUEUES, TODO, Episode, Hold
from anju.apps.alerts.queries import Filters
from anju.apps.cases.catching_up import catch_up
from anju.apps.findings.models import Run
from anju.apps.places.models import Place
from anju.cli.context import NOT_READY, Day, actor, data_folder, fail, json_option, load_checked_policy, migrated, say
from anju.core.terms.viewer import Viewer

MAY = frozenset({"alerts.see", "alerts.acknowledge", "alerts.mute", "alerts.release", "health.see"})


def operator() -> Viewer:
    """Who types at the machine itself: sees everything, and signs with the name of the account."""
    return Viewer(name=actor(), role="operator", scopes=("/",), may=MAY)


@click.group()
def alerts() -> None:
    """Alerts: who is told of what, and what is held back and why."""


@alerts.command()
@json_option
def follow(as_json: bool) -> None:
    """Fold the current run into the alerts. Twice changes nothing; anju run does it by itself.

    \b
    anju alerts follow
    """
    migrated()
    policy = load_checked_policy()
    run = Run.objects.filter(current=True).first()
    if run is None:
        fail("nothing has been judged yet", "anju run", code=NOT_READY)
    followed = actions.follow(policy, data_folder(), run)
    cases = catch_up(data=data_folder(), at=timezone.now())
    say(as_json, {**followed.as_dict(), "cases": cases.as_dict()}, [*followed.lines(), cases.line()])


@alerts.command("list")
@click.option("--queue", type=click.Choice(QUEUES), default=TODO, show_default=True, help="Which queue.")
@click.option("--level", type=click.Choice(["red", "orange", "yellow", "blue"]), help="Only this level.")
@click.option("--standard", help="Only this standard.")
@click.option("--department", help="Only this owner's.")
@click.option("--place", help="Only this place, by its code, and what lies below it.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@json_option
def list_(queue: str, level: str | None, standard: str | None, department: str | None, place: str | None, limit: int, as_json: bool) -> None:
    """A queue, the most urgent first. People appear by our own key only.

    \b
    anju alerts list --level red
    anju alerts list --queue muted --json
    """
    migrated()
    filters = Filters(queue, level or "", standard or "", department or "", path_of(place) if place else "")
    rows = queries.queue(operator(), filters, limit=limit)
    tiles = queries.counts(operator())
    data = {"queues": tiles.queues, "overdue": tiles.overdue, "alerts": [_as_dict(row) for row in rows]}
    say(as_json, data, [_line(row, filters.by_cluster) for row in rows] or ["no alert in this queue"])


def _as_dict(row: Episode) -> dict[str, object]:
    return {
        "number": row.pk, "standard": row.standard, "level": row.level, "breach": row.breach, "subject": row.subject,
        "key": row.subject_key or row.subject_id, "household": row.household_id, "since": row.opened_on.isoformat(), "queue": row.queue,
        "due": row.due_verify.isoformat() if row.due_verify else None, "overdue": row.overdue, "lines": row.lines,
        "acknowledged_by": row.acknowledged_by,
    }  # fmt: skip


def _line(row: Episode, by_cluster: bool) -> str:
    due = f"due {row.due_verify}" if row.due_verify else f"since {row.opened_on}"
    more = f"  and {row.lines - 1} more of {row.cluster}" if by_cluster and row.lines > 1 else ""
    site = f"  {row.households} households" if row.households else ""
    late = " OVERDUE" if row.overdue else ""
    return f"{row.pk:>8}  {row.level:<7}{row.standard:<7}{row.breach:<14}{row.subject_key or row.subject_id!s:<26}{due}{late}{site}{more}"


@alerts.command()
@click.argument("numbers", nargs=-1, required=True, type=int)
@click.option("--comment", default="", help="What is meant to be done.")
@json_option
def ack(numbers: tuple[int, ...], comment: str, as_json: bool) -> None:
    """Take alerts on, in the name of the account on this machine.

    \b
    anju alerts ack 12 15 --comment "visit on Friday"
    """
    migrated()
    try:
        done = actions.acknowledge(numbers=numbers, by=operator(), at=timezone.now(), comment=comment)
    except actions.Refused as error:
        fail(str(error), "anju alerts list", code=1)
    lines = [f"taken on: {', '.join(map(str, done.taken)) or 'none'}"]
    lines += [f"No. {number} is with {who} already" if who else f"No. {number} is not to be taken on now" for number, who in done.others.items()]
    say(as_json, {"taken": done.taken, "others": done.others}, lines)


@alerts.command()
@click.option("--place", required=True, help="The place, by its code, and what lies below it.")
@click.option("--reason", required=True, help="Why; it stands in the record.")
@click.option("--until", type=Day(), help="The last day (default: in a week; at most 30 days).")
@click.option("--standard", default="", help="Only this standard.")
@click.option("--household", type=int, help="Only this family, by our own key.")
@json_option
def mute(place: str, reason: str, until: date | None, standard: str, household: int | None, as_json: bool) -> None:
    """Put reminders off (暂缓提醒). The clock runs on; red is put off for one family only.

    \b
    anju alerts mute --place 522301009901 --reason "lift under repair" --until 2023-10-10
    """
    migrated()
    end = until or (actions.today() or timezone.localdate()) + timedelta(days=7)
    policy = load_checked_policy()
    try:
        made = actions.mute(
            policy, data_folder(), by=operator(), at=timezone.now(), reason=reason, until=end, path=path_of(place), standard=standard,
            household=household,
        )  # fmt: skip
    except actions.Refused as error:
        fail(str(error), "anju alerts mute --help", code=1)
    say(as_json, {"mute": made.pk, "until": made.until, "holds": made.hits}, [f"mute {made.pk} until {made.until} holds {made.hits} alerts"])


@alerts.command()
@click.argument("key", type=int)
@json_option
def unmute(key: int, as_json: bool) -> None:
    """End a mute before its day.

    \b
    anju alerts unmute 3
    """
    migrated()
    try:
        actions.unmute(load_checked_policy(), data_folder(), key=key, by=operator(), at=timezone.now())
    except actions.Refused as error:
        fail(str(error), "anju alerts list --queue muted", code=1)
    say(as_json, {"mute": key, "ended": True}, [f"mute {key} has ended"])


@alerts.command()
@click.option("--standard", help="Only this standard.")
@click.option("--comment", default="", help="Why it may go out.")
@click.option("--yes", is_flag=True, help="Release; without it, what waits is only shown.")
@json_option
def release(standard: str | None, comment: str, yes: bool, as_json: bool) -> None:
    """Show baselines (存量) and rules held by the guard, and release them into the queues.

    \b
    anju alerts release --standard ED-01
    anju alerts release --standard ED-01 --comment "checked by hand" --yes
    """
    migrated()
    waiting = queries.holds_in_scope(operator()).filter(released_at=None)
    waiting = waiting.filter(standard=standard) if standard else waiting
    shown = list(waiting.order_by("standard", "pk"))
    if yes and shown:
        by = operator()
        keys = [hold.pk for hold in shown]
        n = actions.release_baseline(load_checked_policy(), data_folder(), keys=keys, by=by, at=timezone.now(), comment=comment)
        catch_up(data=data_folder(), at=timezone.now())
        say(as_json, {"released": n}, [f"{n} alerts released in the name of {by.name}"])
        return
    data = {"waiting": [{"key": h.pk, "kind": h.kind, "standard": h.standard, "alerts": h.alerts, "day": h.day.isoformat()} for h in shown]}
    say(as_json, data, [_hold(hold) for hold in shown] or ["nothing is held"])


def _hold(hold: Hold) -> str:
    where = hold.place.name if hold.place is not None else "everywhere"
    return f"{hold.kind:<9}{hold.standard:<7}{hold.alerts:>7} alerts  {hold.day}  {where}"


@alerts.command("explain")
@click.argument("number", type=int)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="In which language.")
@json_option
def explain_(number: int, lang: str, as_json: bool) -> None:
    """Walk the pipeline for one alert: what each stage did with it, and why.

    \b
    anju alerts explain 12 --lang zh
    """
    migrated()
    episode = queries.alert(replace(operator()), number)
    if episode is None:
        fail(f"there is no alert No. {number}", "anju alerts list", code=1)
    told = explain(load_checked_policy(), data_folder(), episode)
    data = {"alert": _as_dict(episode), "stages": [{"stage": s.stage, "holds": s.holds, "en": s.reason.en, "zh": s.reason.zh} for s in told]}
    head = f"No. {episode.pk}: {episode.standard} {episode.level}, {episode.state}, queue {episode.queue}"
    say(as_json, data, [head, *(f"  {'✗' if s.holds else '✓'} {s.stage:<8}{s.reason.zh if lang == 'zh' else s.reason.en}" for s in told)])


def path_of(code: str) -> str:
    found = Place.objects.filter(tree="scope", code=code).values_list("path", flat=True).first()
    if found is None:
        fail(f"there is no place with the code '{code}'", "anju places --help", code=1)
    return found
