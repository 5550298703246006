"""anju people: households and persons into the register, from registers or from any files by a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from django.utils import timezone

from anju.apps.feeds.sentences import said_of_cell
from anju.apps.feeds.survey import SurveyReport, Taken, import_survey
from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.staging import Refused
from anju.apps.people.vault import FileVault
from anju.cli.context import (
    FOUND,
    Day,
    Moment,
    actor,
    data_folder,
    fail,
    in_language,
    json_option,
    lang_option,
    load_checked_policy,
    migrated,
    say,
    working,
)
from anju.cli.feeds import refusal, retry_lines, retry_rows
from anju.core.contracts.faults import PolicyFaults
from anju.lake.files import FileRefused

SHOWN = 20  # rows set aside, and doubtful ones, that a person is shown
FIRST = 5  # lines told of each reason


@click.group()
def people() -> None:
    """Households and persons."""


@people.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="How FILES become registers and feeds (YAML).")
@click.option("--received-at", type=Moment(past=True), help="When the files came, for loading history (default: now).")
@click.option("--as-of", type=Day(), help="The day the registers speak of (default: the day they came).")
@click.option("--dry-run", is_flag=True, help="Say what would be new, changed, doubtful and refused, and change nothing.")
@lang_option
@json_option
def import_(
    files: tuple[Path, ...], mapping: Path | None, received_at: datetime | None, as_of: date | None, dry_run: bool, lang: str, as_json: bool
) -> None:
    """Import registers of households and persons from FILES; which is which is told by their headers.

    With --mapping, FILES are a survey or spreadsheets of any shape, and the mapping says how they become places,
    households, persons and rows of feeds (docs/mapping.md). Every row is accepted, or set aside with the reason per cell.

    What was known before is kept: a past day, or a past run, can be judged again with what was known then.

    \b
    anju people import F01_household_register.csv F02_person_register.csv
    anju people import F02_person_register.csv --as-of 2023-08-31
    anju people import households.csv members.csv --mapping survey.yaml --dry-run
    anju people import survey.xlsx --mapping survey.yaml --received-at 2023-12-31
    """
    migrated()
    policy = load_checked_policy()
    at = received_at or timezone.now()
    if mapping is not None:
        if as_of is not None:
            raise click.UsageError("a mapping says itself which day its answers speak of: leave --as-of out, or mend its as_of")
        _survey(policy, files, mapping, at, dry_run, lang, as_json)
        return
    try:
        with working(f"reading {', '.join(path.name for path in files)}"):
            report = import_people(
                list(files), by=actor(), at=at, valid=as_of, dry_run=dry_run, contracts=policy.contracts, programme=policy.programme
            )
            retried = [] if dry_run else retry_rows(policy, report.at)
    except FileRefused as error:
        fail(refusal(error, lang), code=FOUND)
    with in_language(lang):
        data = _told(report.as_dict()) | {"retried": [done.as_dict() for done in retried]}
        say(as_json, data, _register_lines(report) + retry_lines(retried))
    if report.refused:
        raise SystemExit(FOUND)


def _register_lines(report: ImportReport) -> list[str]:
    """A table of counts, what was set aside by reason with its first lines, what is doubtful, and notes."""
    lines = [f"{'Dry run: nothing was changed. ' if report.dry_run else ''}Registers of {report.valid}"]
    names = ("rows", "new", "changed", "unchanged", "refused", "duplicates", "skipped", "doubtful", "absent")
    lines.append(f"{'':<12}" + "".join(f"{name:>11}" for name in names))
    for title, counts in (("households", report.households), ("persons", report.persons)):
        if counts.rows:
            lines.append(f"{title:<12}" + "".join(f"{getattr(counts, name):>11,}" for name in names))
    if report.memberships_new or report.memberships_moved:
        lines.append(f"memberships: {report.memberships_new:,} new, {report.memberships_moved:,} moved")
    lines += grouped("set aside", report.refused) + grouped("doubtful", report.doubtful)
    return lines + [f"note: {_said(message)}" for message in report.messages]


def _told(report: dict[str, Any]) -> dict[str, Any]:
    """A report for programs, its reasons and messages in the language asked for."""
    rows = {name: [{**row, "reason": said_of_cell(row["reason"])} for row in report[name]] for name in ("refused", "doubtful")}
    return {**report, **rows, "messages": [_said(message) for message in report["messages"]]}


def _said(message: str) -> str:
    file, mark, rest = message.partition(": ")
    return f"{file}: {said_of_cell(rest)}" if mark and "." in file else said_of_cell(message)


def grouped(title: str, rows: Sequence[Refused]) -> list[str]:
    """'set aside: 3 × person_id: …, lines 4, 9, 12 of people.csv', the most frequent reason first."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        found.setdefault((row["file"], row["column"], row["reason"]), []).append(row["line"])
    reasons = sorted(found.items(), key=lambda item: -len(item[1]))
    lines = []
    for (file, column, reason), at in reasons[:SHOWN]:
        told = ", ".join(str(line) for line in at[:FIRST]) + (" …" if len(at) > FIRST else "")
        lines.append(f"{title}: {len(at):,} × {column}: {said_of_cell(reason)} (line{'s' * (len(at) > 1)} {told} of {file})")
    if len(reasons) > SHOWN:
        lines.append(f"{title}: {sum(len(at) for _, at in reasons[SHOWN:]):,} more for {len(reasons) - SHOWN} other reasons (all with --json)")
    return lines


def _survey(policy: Any, files: tuple[Path, ...], mapping: Path, at: datetime, dry_run: bool, lang: str, as_json: bool) -> None:
    try:
        report = import_survey(files, mapping, policy=policy, root=data_folder() / "lake", vault=FileVault(), by=actor(), at=at, dry_run=dry_run)
    except PolicyFaults as error:
        fail(f"{len(error.faults)} faults; nothing was taken in", "mend them and say it again", code=FOUND, faults=error.faults)
    except FileRefused as error:
        fail(f"{refusal(error, lang)}; nothing was taken in", code=FOUND)
    retried = [] if dry_run else retry_rows(policy, at)
    with in_language(lang):
        data = _told(report.as_dict()) | {"retried": [done.as_dict() for done in retried]}
        say(as_json, data, _lines(report) + retry_lines(retried))
    if report.refused:
        raise SystemExit(FOUND)


def _lines(report: SurveyReport) -> list[str]:
    lines = [f"{'Dry run: nothing was changed. ' if report.dry_run else ''}Answers of {report.as_of}"]
    if report.places is not None:
        p = report.places
        lines.append(f"places: {p.new} new, {p.changed} changed, {p.unchanged} unchanged, {len(p.faults)} refused, of {p.rows}")
    lines += [_line(taken) for taken in report.taken]
    lines += [f"  {line}" for line in grouped("set aside", report.refused) + grouped("doubtful", report.doubtful)]
    return lines + [f"  note: {_said(message)}" for message in report.messages]


def _line(t: Taken) -> str:
    if t.same_as_before:
        return f"{t.target} from {t.file}: {t.rows} rows, taken in before as receipt {t.receipt}; nothing has changed"
    taken = f"{t.accepted} accepted" if t.new is None else f"{t.new} new, {t.changed} changed, {t.unchanged} unchanged"
    more = f", {t.doubtful} doubtful" if t.doubtful else ""
    receipt = f"; receipt {t.receipt}" if t.receipt is not None else ""
    rest = f"{t.set_aside} set aside, {t.duplicates} duplicates, {t.skipped} skipped"
    return f"{t.target} from {t.file}: {t.rows} rows = {taken}, {rest}{more}{receipt}"
