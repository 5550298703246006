"""anju run: judge a day."""

from __future__ import annotations

from datetime import date, datetime

import click
from django.utils import timezone

from anju.apps.alerts.actions import follow
from anju.apps.cases.catching_up import catch_up
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.actions import Judged, Refused, judge
from anju.cli.context import Day, Moment, actor, data_folder, fail, json_option, load_checked_policy, migrated, progress, say


@click.command()
@click.option("--as-of", type=Day(), help="The day judged (default: today).")
@click.option("--known-at", type=Moment(past=True), help="With what was known then (default: now).")
@json_option
def run(as_of: date | None, known_at: datetime | None, as_json: bool) -> None:
    """Judge every standard for everybody on a day.

    \b
    anju run
    anju run --as-of 2023-09-26 --known-at 2023-09-26T18:00
    """

    migrated()
    policy = load_checked_policy()
    day, moment = as_of or date.today(), known_at or timezone.now()  # noqa: DTZ011
    own = own_feeds(policy, day, moment)
    try:
        with progress("judging") as advance:
            judged = judge(policy, data_folder(), day, moment, own=own, by=actor(), waiting=_waiting, progress=advance)
    except Refused as error:
        fail(str(error), "name another day with --as-of, or none for today")
    followed = follow(policy, data_folder(), judged.run)
    cases = catch_up(data=data_folder(), at=timezone.now())
    said = {**judged.as_dict(), "alerts": followed.as_dict(), "cases": cases.as_dict()}
    say(as_json, said, [*summary(judged), *followed.lines(), cases.line()])


def _waiting(holder: str) -> None:
    click.echo(f"anju: another run is under way ({holder}); this one begins when it ends", err=True)


def summary(judged: Judged) -> list[str]:
    """A line per standard: met, breached, unknown; and what changed."""
    lines = [f"day {judged.run.day}, run {judged.run.pk}{' (replay)' if judged.run.replay else ''}",
             f"{'standard':<9}{'met':>10}{'breached':>10}{'unknown':>10}{'not applicable':>16}"]  # fmt: skip
    for code, counts in sorted(judged.run.counts.items()):
        cells = [counts.get(word, 0) for word in ("met", "breached", "unknown")]
        lines.append(f"{code:<9}" + "".join(f"{n:>10}" for n in cells) + f"{counts.get('not_applicable', 0):>16}")
    lines.append(f"findings: {judged.opened} opened, {judged.changed} changed, {judged.ended} ended, {judged.unchanged} unchanged")
    return lines
