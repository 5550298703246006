"""anju feeds: deliveries in, their status, and what was set aside."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click
from django.utils import timezone

from anju.apps.feeds.actions import Received, confirm_delivery, receive_file, withdraw_delivery, write_refused_sheet
from anju.apps.feeds.models import Delivery
from anju.apps.feeds.retry import RetriedDelivery, retry_strangers
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.cli.context import (
    FOUND,
    Day,
    actor,
    data_folder,
    fail,
    json_option,
    load_checked_policy,
    migrated,
    moment_of,
    progress,
    say,
)
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.lake.files import FileRefused


@click.group()
def feeds() -> None:
    """Deliveries of the departments."""


def parts_of(path: Path) -> tuple[str, str | None, tuple[str, str] | None]:
    """Feed, sender and periods from a name like F28_522301_2023-08.csv or F14_522301_2021-09~2023-07.csv."""
    pieces = path.name.rsplit(".", 1)[0].split("_")
    periods = pieces[2].split("~") if len(pieces) > 2 else []
    return pieces[0], pieces[1] if len(pieces) > 1 else None, (periods[0], periods[-1]) if periods else None


@feeds.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--feed", help="The feed's code (default: from a file name like F09_522301_2023-2024-1.csv).")
@click.option("--unit", help="Code of the management unit that sends it (default: from the file name).")
@click.option("--period", help="Period a file of events speaks for, or FIRST~LAST (default: from the file name).")
@click.option("--received-on", type=Day(), help="The day it came, for loading history (default: today).")
@json_option
def import_(files: tuple[Path, ...], feed: str | None, unit: str | None, period: str | None, received_on: date | None, as_json: bool) -> None:
    """Take delivered FILES in. Every row is accepted, or set aside with its reason.

    \b
    anju feeds import F09_522301_2023-2024-1.csv
    anju feeds import roll.xlsx --feed F09 --unit 522301 --received-on 2023-09-12
    """

    migrated()
    policy = load_checked_policy()
    at = moment_of(received_on) if received_on else timezone.now()
    directory, vault = Directory(policy.programme.identifiers[0].name), FileVault()
    results: list[dict[str, object]] = []
    refused: list[str] = []
    with progress("taking in", len(files)) as advance:
        for path in files:
            code, sender, periods = parts_of(path)
            spoken = tuple(period.split("~")) if period else None
            try:
                received = receive_file(
                    path, feed=feed or code, policy=policy, root=data_folder() / "lake", directory=directory, vault=vault, by=actor(),
                    at=at, unit=unit or sender, periods=(spoken[0], spoken[-1]) if spoken else periods,
                )  # fmt: skip
                results.append(received.as_dict())
            except FileRefused as error:
                refused.append(f"{path.name}: {error}")
            advance(path.name)
    lines = [line for result in results for line in _lines(result)] + refused
    say(as_json, {"receipts": results, "refused_files": refused}, lines)
    if refused or any(result["set_aside"] for result in results):
        raise SystemExit(FOUND)


def _lines(result: dict[str, object]) -> list[str]:
    if result["same_as_before"]:
        return [f"receipt {result['receipt']}: {result['file']} was taken in before; nothing has changed"]
    lines = [f"receipt {result['receipt']}: {result['file']}: {result['accepted']} accepted, {result['set_aside']} set aside, "
             f"{result['duplicates']} duplicates, {result['skipped']} skipped, of {result['rows']} rows"]  # fmt: skip
    reasons = result["reasons"]
    assert isinstance(reasons, dict)
    lines += [f"  {n} × {reason}" for reason, n in reasons.items()]
    if result["held"]:
        lines.append(f"  held: {result['held']}. Its owner's word: anju feeds confirm {result['receipt']}")
    return lines


@feeds.command()
@click.argument("receipt", type=int)
@json_option
def confirm(receipt: int, as_json: bool) -> None:
    """Say that a held delivery is right."""
    migrated()
    try:
        delivery = confirm_delivery(receipt, by=actor())
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists what is held")
    say(as_json, Received(delivery, None).as_dict(), [f"receipt {receipt} counts from now on"])


@feeds.command()
@click.argument("receipt", type=int)
@click.option("--reason", required=True, help="Why; it stands in the record for good.")
@json_option
def withdraw(receipt: int, reason: str, as_json: bool) -> None:
    """Take a whole delivery back."""
    migrated()
    try:
        delivery = withdraw_delivery(receipt, by=actor(), reason=reason)
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists the receipts")
    say(as_json, Received(delivery, None).as_dict(), [f"receipt {receipt} is withdrawn; the next run judges without it"])


@feeds.command()
@click.argument("receipt", type=int)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def refused(receipt: int, out: Path) -> None:
    """Write the rows set aside of RECEIPT to the workbook OUT, with the reason in each row, to mend and send again."""
    migrated()
    try:
        rows = write_refused_sheet(receipt, root=data_folder() / "lake", vault=FileVault(), out=out)
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists the receipts")
    except FileNotFoundError:
        fail(f"receipt {receipt} has no rows set aside", "anju feeds status lists the receipts")
    click.echo(f"{rows} rows written to {out}. It holds full identity numbers: keep it safe and delete it after use.")


@feeds.command()
@click.option("--received-on", type=Day(), help="From which day on the rows are known, for loading history (default: today).")
@json_option
def retry(received_on: date | None, as_json: bool) -> None:
    """Try the rows again that were set aside because nobody in the register had their number.

    It is done by itself after every people import.
    """
    migrated()
    policy = load_checked_policy()
    retried = retry_rows(policy, moment_of(received_on) if received_on else timezone.now())
    say(as_json, {"retried": [done.as_dict() for done in retried]}, retry_lines(retried) or ["nobody new: the rows set aside stay set aside"])


def retry_rows(policy: Policy, at: datetime) -> list[RetriedDelivery]:
    assert isinstance(policy.programme, Programme)
    directory = Directory(policy.programme.identifiers[0].name)
    return retry_strangers(policy=policy, root=data_folder() / "lake", directory=directory, vault=FileVault(), by=actor(), at=at)


def retry_lines(retried: list[RetriedDelivery]) -> list[str]:
    return [
        f"receipt {done.receipt}: {done.feed}: {done.accepted} of {done.tried} rows set aside taken in after all, {done.set_aside} remain"
        for done in retried
    ]


@feeds.command()
@click.option("--held", is_flag=True, help="Only deliveries that wait for their owner's word.")
@click.option("--limit", default=40, show_default=True)
@json_option
def status(held: bool, limit: int, as_json: bool) -> None:
    """What came last, what is held, what was set aside."""
    migrated()
    rows = Delivery.objects.filter(status="accepted", retry_of__isnull=True).order_by("-received_at", "-pk")
    if held:
        rows = rows.exclude(held_reason="").filter(confirmed_at__isnull=True)
    found = [Received(delivery, None).as_dict() for delivery in rows[:limit]]
    lines = [
        f"{r['receipt']:>6}  {r['feed']}  {r['unit'] or '-':<8} {r['accepted']:>9} accepted {r['set_aside']:>5} set aside  {r['file']}"
        + (f"  HELD: {r['held']}" if r["held"] else "")
        for r in found
    ]
    say(as_json, {"deliveries": found, "shown": len(found), "all": rows.count()}, lines or ["nothing has been delivered yet"])
