"""anju places: the scope tree and the official lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import click
from django.utils import timezone

from anju.apps.places.actions import PlacesReport, import_scope_places
from anju.apps.places.official import OfficialReport, import_official_list
from anju.apps.places.succession import confirm_succession, import_successions, list_successions, reject_succession
from anju.cli.context import FOUND, Day, actor, fail, json_option, load_checked_policy, migrated, moment_of, say, working
from anju.core.contracts.model import Programme

SHOWN = 20  # refused rows that a person is shown


@click.group()
def places() -> None:
    """Places: who is responsible for them, and how the statistics call them."""


@places.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--official", is_flag=True, help="An official statistical list instead of our own tree of responsibility.")
@click.option("--vintage", type=Day(), help="The day of an official list.")
@click.option(
    "--layout",
    type=click.Choice(["columns", "nested"]),
    default="columns",
    show_default=True,
    help="Of an official list: a place a row, or a village a row with its town and county beside it.",
)
@click.option("--received-on", type=Day(past=True), help="The day our own list came and holds from, for loading history (default: today).")
@json_option
def import_(
    file: Path, official: bool, vintage: date | None, received_on: date | None, layout: Literal["columns", "nested"], as_json: bool
) -> None:
    """Import places from FILE.

    \b
    anju places import places.csv
    anju places import list_2021.csv --official --vintage 2021-10-31
    """

    migrated()
    policy = load_checked_policy()
    assert isinstance(policy.programme, Programme)
    with working(f"reading {file.name}"):
        if official:
            if vintage is None:
                raise click.UsageError("an official list needs its day: --vintage 2021-10-31")
            listed = import_official_list(file, vintage=vintage, layout=layout, by=actor(), at=timezone.now())
            say(as_json, listed.as_dict(), _official_lines(listed))
            bad = bool(listed.faults or listed.lost)
        else:
            report = import_scope_places(
                file,
                by=actor(),
                at=moment_of(received_on) if received_on else timezone.now(),
                programme_code=policy.programme.code,
                programme_name=policy.programme.title.zh,
                root_level=policy.programme.levels[0].name,
                unit_level=policy.programme.unit_level,
            )
            say(as_json, report.as_dict(), _lines(report))
            bad = bool(report.faults)
    if bad:
        raise SystemExit(FOUND)


def _lines(report: PlacesReport) -> list[str]:
    absent = f"; {report.absent} known places are not in the file, and stay" if report.absent else ""
    lines = [
        f"{report.rows} rows: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, {len(report.faults)} refused{absent}"
    ]
    return lines + _fault_lines(report.faults)


def _official_lines(report: OfficialReport) -> list[str]:
    lines = [
        f"{report.rows} rows: {report.new} new places, {report.renamed} renamed, {len(report.faults)} refused",
        f"{report.closed} codes ended: {report.followed} followed, {len(report.doubtful)} doubtful, {len(report.lost)} lost",
        *(f"  doubtful: {d['code']} {d['name']} → {d['to']} {d['to_name']}, on {d['on']}" for d in report.doubtful),
        *(f"  lost: {d['code']} {d['name']}, on {d['on']}" for d in report.lost),
    ]
    if report.doubtful or report.lost:
        lines.append("  do: anju places succession list, then confirm, reject, or import what became of them")
    return lines + [f"  note: {message}" for message in report.messages] + _fault_lines(report.faults)


def _fault_lines(faults: list[dict[str, object]]) -> list[str]:
    more = [f"  refused: {len(faults) - SHOWN} more (all with --json)"] if len(faults) > SHOWN else []
    return [f"  refused: line {f['line']}, {f['column']}: {f['reason']}" for f in faults[:SHOWN]] + more


@places.group()
def succession() -> None:
    """What became of places that were renamed, split or merged."""


@succession.command("list")
@click.option("--all", "everything", is_flag=True, help="The sure ones too, not only what waits for a person's word.")
@json_option
def list_(everything: bool, as_json: bool) -> None:
    """Doubtful successions, and codes that ended and became nothing that is known.

    \b
    anju places succession list
    anju places succession list --all --json
    """
    migrated()
    found = list_successions(everything=everything)
    lines = [
        f"{one.code} {one.name} → {one.to} {one.to_name}, {one.how} on {one.on}{', doubtful' * one.doubtful}" if one.to
        else f"{one.code} {one.name}: ended on {one.on}, and nobody says what it became"
        for one in found
    ]  # fmt: skip
    say(as_json, {"successions": [one.as_dict() for one in found]}, lines or ["nothing waits for a person's word"])


@succession.command()
@click.argument("before")
@click.argument("after")
@json_option
def confirm(before: str, after: str, as_json: bool) -> None:
    """Say that the place of code BEFORE has become the place of code AFTER: from now on it is read so.

    \b
    anju places succession confirm 522301108 522301010
    """
    migrated()
    try:
        confirm_succession(before, after, by=actor(), at=timezone.now())
    except ValueError as error:
        fail(str(error), "anju places succession list")
    say(as_json, {"from": before, "to": after, "doubtful": False}, [f"{before} is read as {after} from now on"])


@succession.command()
@click.argument("before")
@click.argument("after")
@json_option
def reject(before: str, after: str, as_json: bool) -> None:
    """Say that the place of code BEFORE has not become the place of code AFTER.

    \b
    anju places succession reject 522301108 522301010
    """
    migrated()
    try:
        reject_succession(before, after, by=actor(), at=timezone.now())
    except ValueError as error:
        fail(str(error), "anju places succession list")
    say(as_json, {"from": before, "to": None}, [f"{before} stands for its old place until someone says what it became"])


@succession.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_succession(file: Path, as_json: bool) -> None:
    """Take renamings, splits and merges that someone knows from FILE, with the columns from, to, how, on.

    A split is several rows of one `from`, a merge several rows of one `to`; names alone could not tell these.

    \b
    anju places succession import succession_2019.csv
    """
    migrated()
    report = import_successions(file, by=actor(), at=timezone.now())
    lines = [f"{report.rows} rows: {report.new} new, {report.confirmed} confirmed, {report.unchanged} unchanged, {len(report.faults)} refused; "
             f"{report.dropped} guesses gave way"]  # fmt: skip
    say(as_json, report.as_dict(), lines + _fault_lines(report.faults))
    if report.faults:
        raise SystemExit(FOUND)
