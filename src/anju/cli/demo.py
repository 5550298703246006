"""anju demo: build the sample prefecture, take its files in, judge its day, explain one finding; and let days pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from anju.apps.alerts.actions import Follow, follow
from anju.apps.calendar.current import in_force
from anju.apps.cases.catching_up import catch_up
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.discovery.channels import load_channels
from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.names import parts_of
from anju.apps.findings.actions import Judged, judge, run_folder
from anju.apps.findings.explaining import explain_of_run
from anju.apps.findings.lookback import looking_back, not_judged
from anju.apps.findings.models import Finding
from anju.apps.findings.queries import current_run
from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.models import Household, VitalEvent
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.apps.places.actions import import_scope_places
from anju.cli.ahead import people_ahead, serve_ahead
from anju.cli.alerts import operator
from anju.cli.changes import changes, standing
from anju.cli.context import actor, data_folder, fail, json_option, load_checked_policy, migrated, moment_of, policy_folder, progress, say
from anju.cli.runs import summary
from anju.cli.serve import start_serving
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.lake.engine import feeds_of, plan_of
from anju.sample.accounts import make_accounts
from anju.sample.build import FEWEST, LEAST, build_sample, deliver
from anju.sample.casework import live, taken_by_visitors
from anju.sample.earlier import Earlier, month_ends
from anju.sample.feeds import FEEDS
from anju.sample.lived import PAST, is_lived, live_past, release
from anju.sample.phones import note_sample_phones
from anju.sample.timeline import SAMPLE_DAY, Timeline, first_of
from anju.web.front import week


@click.command()
@click.option("--people", type=click.IntRange(LEAST), default=20_000, show_default=True, help="How many residents; the prefecture has 338,506.")
@click.option("--months", type=click.IntRange(FEWEST), default=24, show_default=True, help="Months of feeds.")
@click.option(
    "--monthly",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many of the months are delivered round by round, as they would have come.",
)
@click.option("--drafts", is_flag=True, help="Deliver the feeds of the drafts too, and judge by the drafts as well.")
@click.option(
    "--history", is_flag=True, help="Judge the month ends before the sample's day as well, as replays; killed, it goes on where it was."
)
@click.option("--advance", type=click.IntRange(1, 28), help="Let so many days pass: take in what arrives, judge, and say what changed and why.")
@click.option(
    "--serve", is_flag=True, help="Serve the pages at once, on this machine only, while the sample is prepared behind a page that says how far."
)
@click.option("--port", default=8000, show_default=True, help="Port to serve on, with --serve.")
@click.option(
    "--ahead",
    type=click.IntRange(0),
    metavar="PEOPLE",
    help="With --serve: size of a small sample that is served until the one asked for is prepared; 0: none. Else 10,000 before 60,000 or more.",
)
@json_option
def demo(
    people: int, months: int, monthly: int, drafts: bool, history: bool, advance: int | None, serve: bool, port: int, ahead: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Build the sample (演示数据), take it in, judge it and explain one finding. A second time nothing is built anew.

    \b
    anju demo
    anju demo --advance 7
    anju demo --people 338506 --months 24
    anju demo --history
    anju demo --serve
    """
    if serve and advance is not None:
        raise click.UsageError("--serve builds and serves; days pass by --advance alone, or by the button on the first page")
    if ahead is not None and (not serve or 0 < ahead < LEAST):
        raise click.UsageError(f"--ahead goes with --serve, and a sample has at least {LEAST:,} people")
    migrated()
    policy: Policy = load_checked_policy(drafts=drafts)
    if "F01" not in policy.contracts or _programme(policy).identifiers[0].validator != "cn_resident_id":
        fail(
            f"the sample prefecture cannot be judged by the policy in {policy_folder()}",
            "it is made for the policy that is shipped: unset ANJU_POLICY",
        )
    folder = data_folder() / "sample" / f"{people}-{months}-{monthly}{'-drafts' if drafts else ''}"
    if serve:
        _serve(folder, port, ahead)
        return
    if advance is not None:
        _advance(policy, folder, advance, as_json)
        return
    if not (history and (folder / "truth.json").exists() and current_run() is not None):
        _prepare(policy, people, months, monthly, drafts, folder, as_json)
    if history:
        look_back(policy, folder)
    elif os.environ.get(week.LOOK_BACK) == "1":
        week.look_back(folder)


def _prepare(policy: Policy, people: int, months: int, monthly: int, drafts: bool, folder: Path, as_json: bool) -> None:
    """Builds what is not there yet, takes in what came, judges the day and says what a run finds."""
    started = time.monotonic()
    if not (folder / "truth.json").exists():
        only = None if drafts else frozenset(feeds_needed(policy))
        with progress("building the sample", len(only or FEEDS)) as step:
            build_sample(
                people, folder, _contracts(policy), months=months, monthly=monthly, only=only, progress=lambda code, _n, _of: step(code)
            )
    truth = _truth(folder)
    with progress("registering"):
        register(folder, policy)
    make_accounts(by=actor())
    taken = take_in(policy, _files(folder))
    if not is_lived(months):
        with progress("living the months before", len(PAST)) as step:
            live_past(policy, data_folder(), by=operator(), step=step)
    judged = _judged(policy, date.fromisoformat(truth["delivered_until"]), new=taken["new"] > 0)
    followed = follow_sample(policy, judged)
    cases = catch_up(data=data_folder(), at=_evening(judged.run.day))
    lines = [
        f"Sample prefecture (演示数据), {truth['people']:,} people in {truth['households']:,} households, day {judged.run.day}",
        f"{taken['new']} files taken in ({taken['rows']:,} rows, {taken['set_aside']} set aside), {taken['known']} known already",
        *summary(judged),
        *followed.lines(),
        cases.line(),
    ]
    finding = Finding.objects.filter(standard="ED-01", level="red").order_by("id").first()
    explanation = explain_of_run(policy, data_folder(), judged.run, "ED-01", finding.subject_id, own=own_feeds) if finding is not None else None
    if explanation is not None:
        lines += ["", *explanation.lines("en"), "", *explanation.lines("zh")]
    took = f"{time.monotonic() - started:.1f} s"
    lines += ["", f"{took}. Next: anju findings list, anju explain CODE SUBJECT, anju demo --advance 7, anju doctor",
              "The months before, for the trend: anju demo --history (one of them: anju run --as-of 2023-08-31)"]  # fmt: skip
    data = {
        "deliveries": taken,
        "run": judged.as_dict(),
        "alerts": followed.as_dict(),
        "cases": cases.as_dict(),
        "explanation": explanation.as_dict() if explanation else None,
    }
    say(as_json, data, lines)


def _judged(policy: Policy, day: date, *, new: bool) -> Judged:
    """The run of the sample's day. Where no file is new and the rules are the same, the one that stands."""
    standing_run = current_run()
    rules = in_force(policy, _evening(day))  # the calendar that the sample's day knows, whatever was loaded since
    same = standing_run is not None and (standing_run.day, standing_run.policy_digest) == (day, rules.digest)
    if standing_run is not None and same and not new and run_folder(data_folder(), standing_run).exists():
        return Judged(standing_run, 0, 0, 0, Finding.objects.count())
    with progress("judging") as step:
        return judge(policy, data_folder(), day, _evening(day), own=own_feeds(policy, day, _evening(day)), by=actor(), progress=step)


def look_back(policy: Policy, folder: Path) -> None:
    """Judges the month ends before the sample's day that have no run yet, the newest first, each over the lists that stood then.

    Behind everything else: at low priority, and a week that passes goes first."""
    with suppress(OSError):
        os.nice(10)
    with looking_back(data_folder() / "lake"):
        missing = not_judged(month_ends(folder))
        earlier = Earlier(folder, _contracts(policy)) if missing else None
        for day in missing:
            while week.at_work():
                time.sleep(1)
            current = current_run()
            assert earlier is not None and current is not None
            with earlier.lists_on(day) as files:
                take_in(policy, files)
            with progress(f"judging {day:%Y-%m}") as step:
                known = current.known_at
                judge(policy, data_folder(), day, known, own=own_feeds(policy, day, known), by=actor(), progress=step)
    many = f"{len(missing)} month{' before was' if len(missing) == 1 else 's before were'}"
    click.echo(f"{many} judged now, as replays: no finding and no alert has moved", err=True)


def _serve(folder: Path, port: int, ahead: int | None) -> None:
    """The server starts at once, a worker beside it; the sample is prepared by a process of its own, which ends with the server's terminal."""
    os.environ["ANJU_SAMPLE"] = "1"
    if people := people_ahead(folder, ahead):
        serve_ahead(folder, port, people)
    os.environ[week.LOOK_BACK] = "1"
    begun = week.start(week.command_of(folder, None), week.PREPARED, apart=False)
    how = "is being prepared" if begun else "is being prepared already, by another process"
    click.echo(f"The sample (演示数据) {how}; the first page says how far.", err=True)
    start_worker(data_folder() / "worker.log")
    start_serving("127.0.0.1", port, 2)


def start_worker(log: Path) -> int:
    """A worker that ends with this process, whatever program that becomes. What it says goes into `log`. Answers its number."""
    with log.open("ab") as said:
        words = [sys.executable, "-m", "anju", "worker", "--beside", "--grace", "5"]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said).pid


def _advance(policy: Policy, folder: Path, days: int, as_json: bool) -> None:
    """The files of the next days are written, taken in and judged; then what changed is said, and why."""
    if not (folder / "truth.json").exists():
        fail("there is no sample of this size whose days could pass", "run anju demo with the same options first")
    truth = _truth(folder)
    until = date.fromisoformat(truth["delivered_until"]) + timedelta(days=days)
    before = standing()
    try:
        written = deliver(folder, _contracts(policy), until)
    except ValueError as error:
        fail(str(error), "remove the folder of the sample to begin again")
    taken = take_in(policy, [folder / "deliveries" / file.file for file in written])
    with progress("working on cases"):
        before_that = until - timedelta(days=days)
        live(before_that, until, by=actor(), data=data_folder(), leave=taken_by_visitors(before_that))
    with progress("judging"):
        judged = judge(policy, data_folder(), until, _evening(until), own=own_feeds(policy, until, _evening(until)), by=actor())
    followed = follow(policy, data_folder(), judged.run)
    cases = catch_up(data=data_folder(), at=_evening(until))
    counts, told = changes(policy, before, data_folder())
    lines = [f"{days} days later: {until}. {taken['new']} files came ({taken['rows']:,} rows, {taken['set_aside']} set aside)", *summary(judged),
             *followed.lines(), cases.line()]  # fmt: skip
    lines += ["What changed, and why:" if told else "Nothing has changed.", *(change.line() for change in told)]
    data = {
        "day": until.isoformat(),
        "deliveries": taken,
        "run": judged.as_dict(),
        "alerts": followed.as_dict(),
        "cases": cases.as_dict(),
        "counts": counts,
        "changes": [c.as_dict() for c in told],
    }
    say(as_json, data, lines)


def follow_sample(policy: Policy, judged: Judged) -> Follow:
    """Follows the run. What a standard brings at first is released at once, in the name of whoever built the sample: a visitor shall find
    queues that are worked, not a baseline that waits."""
    followed = follow(policy, data_folder(), judged.run)
    release(policy, data_folder(), operator())
    return followed


def feeds_needed(policy: Policy) -> set[str]:
    """The feeds of the sample that the standards of the policy read, those they are read through, and the hotline's."""
    found = feeds_of(policy, plan_of(policy, SAMPLE_DAY))
    found |= {policy.keyed[s.subject].feed for s in policy.standards.values() if s.subject in policy.keyed}
    found |= {load_channels(policy_folder(), policy).feed} & set(FEEDS)  # what people told the hotline becomes reports
    for code in sorted(found):
        through = _contracts(policy)[code].through
        found |= {through[0]} if through else set()
    return found & set(FEEDS)


def take_in(policy: Policy, files: Iterable[Path]) -> dict[str, int]:
    """Takes in files that lie under the day on which they came."""
    paths = sorted(files)
    directory, vault = Directory(*_programme(policy).identifier_names), FileVault()
    found = {"new": 0, "known": 0, "rows": 0, "set_aside": 0}
    with progress("taking in", len(paths)) as step:
        for path in paths:
            feed, unit, periods = parts_of(path)
            received = receive_file(
                path, feed=feed, policy=policy, root=data_folder() / "lake", directory=directory, vault=vault, by=actor(),
                at=moment_of(date.fromisoformat(path.parent.name)), unit=unit, periods=periods,
            )  # fmt: skip
            found["known" if received.repeats else "new"] += 1
            if not received.repeats:
                found["rows"] += received.delivery.rows
                found["set_aside"] += received.delivery.refused
            step(path.name)
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "deliveries").rglob("*") if path.suffix in (".csv", ".xlsx")]


def _truth(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return found


def _evening(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def _programme(policy: Policy) -> Programme:
    assert isinstance(policy.programme, Programme)
    return policy.programme


def _contracts(policy: Policy) -> dict[str, Contract]:
    return {code: contract for code, contract in policy.contracts.items() if isinstance(contract, Contract)}


def register(folder: Path, policy: Policy) -> ImportReport | None:
    """The settlements, one that has been renamed under both names, the registers, and what the police recorded since.

    None where they stand already: then nothing is read again."""
    truth, programme = _truth(folder), _programme(policy)
    day = date.fromisoformat(truth["day"])
    at = moment_of(first_of(Timeline(day, truth["months"]).first))
    given, report = folder / "register", None
    if not Household.objects.exists():
        for name in ("places_before.csv", "places.csv"):
            import_scope_places(given / name, by=actor(), at=at, programme_code=programme.code, programme_name=programme.title.zh)
        files = [given / "F01_household_register.csv", given / "F02_person_register.csv"]
        report = import_people(files, by=actor(), at=at, contracts=_contracts(policy), programme=programme)
    if Household.objects.count() != truth["households"]:
        fail(
            f"the register here has {Household.objects.count():,} households, this sample has {truth['households']:,}",
            "two samples cannot live in one data folder: name an empty one by ANJU_DATA",
        )
    if not VitalEvent.objects.exists():
        police = [given / "F03_vital_event.csv"]
        import_people(police, by=actor(), at=moment_of(day), contracts=_contracts(policy), programme=programme)
    note_sample_phones(by=actor(), at=at)
    return report
