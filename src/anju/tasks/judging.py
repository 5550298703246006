"""The nightly run, and calling to mind. What a killed attempt judged is found again, not judged twice."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django_tasks import TaskContext, task

from anju.apps.alerts.actions import follow, repeat
from anju.apps.alerts.actions import today as judged_day
from anju.apps.cases.catching_up import catch_up
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.actions import judge
from anju.apps.monitoring.posting import take_down_notices
from anju.tasks import rules
from anju.tasks.progress import teller, ticket_of


def programme_day(now: datetime) -> date:
    """The day that is judged: today; of a sample the day it stands at, which passes by hand."""
    return (judged_day() if settings.SAMPLE else None) or today(now)


def today(now: datetime) -> date:
    """The day by the programme's clock."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


@task(takes_context=True, priority=10)
def run(context: TaskContext, day: str | None = None) -> dict[str, Any]:
    """Judges everybody as of the day with what is known now, and folds what is found into the alerts."""
    ticket = ticket_of(context)
    tell, policy, now = teller(ticket), rules.policy(), timezone.now()
    tell("waiting for its turn", 0, 0)
    on = date.fromisoformat(day) if day else programme_day(now)
    judged = judge(policy, Path(settings.DATA), on, now, own=own_feeds(policy, on, now), by=ticket.asked_by, progress=tell)
    tell("folding into the alerts", 0, 0)
    followed = follow(policy, Path(settings.DATA), judged.run)
    tell("opening and moving cases", 0, 0)
    cases = catch_up(data=Path(settings.DATA), at=timezone.now())
    told = {
        name: value for name, value in judged.as_dict().items() if name in ("run", "day", "replay", "opened", "changed", "ended", "unchanged")
    }
    return {**told, "alerts": followed.state, "cases": cases.as_dict()}


@task(takes_context=True)
def remind(context: TaskContext) -> dict[str, Any]:
    """Calls to mind the alerts that nobody has taken on, passes the day for the cases, and takes down public notices whose time is over."""
    now, data = timezone.now(), Path(settings.DATA)
    reminded = repeat(rules.policy(), data, at=now)
    taken = take_down_notices(on=programme_day(now), by=ticket_of(context).asked_by, at=now)
    return {"reminded": reminded, "cases": catch_up(data=data, at=now).as_dict(), "notices_taken_down": taken}
