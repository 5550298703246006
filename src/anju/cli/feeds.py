"""anju feeds: deliveries in, their status, and what was set aside."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
from django.utils import timezone

from anju.apps.feeds.actions import Received, confirm_delivery, receive_file, withdraw_delivery, write_refused_sheet
from anju.apps.feeds.expiry import expire_files
from anju.apps.feeds.models import Delivery, HeaderMapping, Upload
from anju.apps.feeds.names import parts_of
from anju.apps.feeds.retry import RetriedDelivery, mend_rows, retry_strangers
from anju.apps.feeds.sentences import said, said_of_rows, told
from anju.apps.feeds.uploads import AtWork, take_upload
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.cli.context import (
    FOUND,
    Day,
    actor,
    data_folder,
    fail,
    in_language,
    json_option,
    lang_option,
    load_checked_policy,
    migrated,
    moment_of,
    progress,
    say,
)
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.lake.files import FileRefused
from anju.lake.headers import MendedRows
from anju.lake.mended import MendedSheet, read_mended
from anju.lake.originals import give_original


@click.group()
def feeds() -> None:
    """Deliveries of the departments."""


@feeds.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--feed", help="The feed's code (default: from a file name like F09_522301_2023-2024-1.csv).")
@click.option("--unit", help="Code of the management unit that sends it (default: from the file name).")
@click.option("--period", help="Period a file of events speaks for, or FIRST~LAST (default: from the file name).")
@click.option("--received-on", type=Day(past=True), help="The day it came, for loading history (default: today).")
@click.option("--map", "mapped", multiple=True, metavar="HEADER=COLUMN", help="Which column a header is; remembered for this feed and sender.")
@lang_option
@json_option
def import_(
    files: tuple[Path, ...],
    feed: str | None,
    unit: str | None,
    period: str | None,
    received_on: date | None,
    mapped: tuple[str, ...],
    lang: str,
    as_json: bool,
) -> None:
    """Take delivered FILES in. Every row is accepted, or set aside with its reason.

    \b
    anju feeds import F09_522301_2023-2024-1.csv
    anju feeds import roll.xlsx --feed F09 --unit 522301 --received-on 2023-09-12
    anju feeds import F14_522301_2023-08.csv --map 公民证件=person_id --lang zh
    anju feeds import out.xlsx       (rows written by feeds refused, and mended)
    """

    migrated()
    policy = load_checked_policy()
    at = moment_of(received_on) if received_on else timezone.now()
    directory, vault = Directory(*policy.programme.identifier_names), FileVault()
    mapping = _mapping(mapped)
    results: list[dict[str, object]] = []
    mended: list[RetriedDelivery] = []
    refused: list[str] = []
    with progress("taking in", len(files)) as advance:
        for path in files:
            code, sender, periods = parts_of(path)
            spoken = tuple(period.split("~")) if period else None
            try:
                sheet = read_mended(path) if feed is None and code not in policy.contracts else None
                if sheet is not None:
                    mended.append(_mend(sheet, policy, directory, vault, at))
                    continue
                received = receive_file(
                    path, feed=feed or code, policy=policy, root=data_folder() / "lake", directory=directory, vault=vault, by=actor(),
                    at=at, unit=unit or sender, periods=(spoken[0], spoken[-1]) if spoken else periods,
                    mapping=mapping,
                )  # fmt: skip
                results.append(received.as_dict())
            except MendedRows:
                sheet = read_mended(path)
                assert sheet is not None
                mended.append(_mend(sheet, policy, directory, vault, at))
            except FileRefused as error:
                refused.append(f"{path.name}: {refusal(error, lang)}")
            finally:
                advance(path.name)
    results = [_said(result, policy, lang) for result in results]
    lines = [line for result in results for line in _lines(result)] + _mended_lines(mended) + refused
    say(as_json, {"receipts": results, "mended": [done.as_dict() for done in mended], "refused_files": refused}, lines)
    if refused or any(result["set_aside"] for result in results) or any(done.set_aside for done in mended):
        raise SystemExit(FOUND)


LABELS = {"en": ("why", "do", "known"), "zh": ("原因", "办法", "可选")}


def refusal(refused: FileRefused, lang: str) -> str:
    """What cannot be taken, why, and what to do: as the error says it, in the language asked for."""
    with in_language(lang):
        what, *rest = told(refused, commands=True)
    rest.append(", ".join(refused.alternatives))
    return "\n  ".join([what, *(f"{label}: {part}" for label, part in zip(LABELS[lang], rest, strict=True) if part)])


def _said(result: dict[str, object], policy: Policy, lang: str) -> dict[str, object]:
    """A receipt with what the intake says of it, in the language asked for."""
    contract, reasons, messages = policy.contracts.get(str(result["feed"])), result["reasons"], result["messages"]
    assert isinstance(reasons, dict) and isinstance(messages, list)
    with in_language(lang):
        return {
            **result, "reasons": {said_of_rows(reason, contract, codes=True): n for reason, n in reasons.items()},
            "messages": [said(message, commands=True) for message in messages],
            "held": said(str(result["held"] or ""), commands=True) or result["held"],
        }  # fmt: skip


def _mend(sheet: MendedSheet, policy: Policy, directory: Directory, vault: FileVault, at: datetime) -> RetriedDelivery:
    return mend_rows(sheet, policy=policy, root=data_folder() / "lake", directory=directory, vault=vault, by=actor(), at=at)


def _mended_lines(mended: list[RetriedDelivery]) -> list[str]:
    return [
        f"receipt {done.receipt}: {done.feed}: {done.accepted} of {done.tried} mended rows taken in, {done.set_aside} remain set aside"
        if done.tried else f"receipt {done.receipt}: none of these rows is set aside any more; nothing has changed"
        for done in mended
    ]  # fmt: skip


def _mapping(mapped: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in mapped]
    wrong = [text for text, (header, _, column) in zip(mapped, pairs, strict=True) if not header.strip() or not column.strip()]
    if wrong:
        fail(f"'{wrong[0]}' does not say which column a header is", "write the file's header, '=', and the column: --map 公民证件=person_id")
    return {header.strip(): column.strip() for header, _, column in pairs}


def _lines(result: dict[str, object]) -> list[str]:
    if result["same_as_before"]:
        return [f"receipt {result['receipt']}: {result['file']} was taken in before; nothing has changed"]
    lines = [f"receipt {result['receipt']}: {result['file']}: {result['accepted']} accepted, {result['set_aside']} set aside, "
             f"{result['duplicates']} duplicates, {result['skipped']} skipped, of {result['rows']} rows"]  # fmt: skip
    reasons = result["reasons"]
    assert isinstance(reasons, dict)
    lines += [f"  {n} × {reason}" for reason, n in reasons.items()]
    if result["conflicts"]:
        lines.append(f"  {result['conflicts']} of its keys stand otherwise in what another sender delivered: both are kept, the latest counts")
    if result["held"]:
        lines.append(f"  held: {result['held']}. Its owner's word: anju feeds confirm {result['receipt']}")
    return lines


@feeds.command()
@click.argument("receipt", type=int)
@click.option("--reason", default="", help="Why it is right; it stands in the record for good.")
@json_option
def confirm(receipt: int, reason: str, as_json: bool) -> None:
    """Say that a held delivery is right.

    \b
    anju feeds confirm 118 --reason "two schools have closed"
    """
    migrated()
    try:
        delivery = confirm_delivery(receipt, by=actor(), reason=reason)
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists what is held")
    say(as_json, Received(delivery, None).as_dict(), [f"receipt {receipt} counts from now on"])


@feeds.command()
@click.argument("receipt", type=int)
@click.option("--reason", required=True, help="Why; it stands in the record for good.")
@json_option
def withdraw(receipt: int, reason: str, as_json: bool) -> None:
    """Take a whole delivery back: the next run judges without it.

    \b
    anju feeds withdraw 118 --reason "the wrong month"
    """
    migrated()
    try:
        delivery = withdraw_delivery(receipt, by=actor(), reason=reason)
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists the receipts")
    say(as_json, Received(delivery, None).as_dict(), [f"receipt {receipt} is withdrawn; the next run judges without it"])


@feeds.command()
@click.argument("receipt", type=int)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@lang_option
@json_option
def refused(receipt: int, out: Path, lang: str, as_json: bool) -> None:
    """Write the rows set aside of RECEIPT to the workbook OUT, with the reason in each row, to mend and send again.

    \b
    anju feeds refused 118 to-mend.xlsx
    """
    migrated()
    contracts = load_checked_policy().contracts
    feed = Delivery.objects.filter(pk=receipt).values_list("feed", flat=True).first()
    try:
        with in_language(lang):
            rows = write_refused_sheet(
                receipt, root=data_folder() / "lake", vault=FileVault(), out=out,
                words=lambda reason: said_of_rows(reason, contracts.get(feed or "")),
            )  # fmt: skip
    except (Delivery.DoesNotExist, ValueError) as error:
        fail(str(error), "anju feeds status lists the receipts")
    except FileNotFoundError:
        _gone(receipt, "has no rows set aside")
    told = f"{rows} rows written to {out}. It holds full identity numbers: keep it safe and delete it after use."
    say(as_json, {"receipt": receipt, "rows": rows, "file": str(out)}, [told])


def _gone(receipt: int, what: str) -> NoReturn:
    expired = Delivery.objects.filter(pk=receipt, expired_at__isnull=False).values_list("expired_at", flat=True).first()
    if expired is not None:
        fail(f"what was kept of receipt {receipt} expired on {expired:%Y-%m-%d}; its counts stay", "ask its sender for the file")
    fail(f"receipt {receipt} {what}", "anju feeds status lists the receipts")


@feeds.command()
@click.argument("receipt", type=int)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def original(receipt: int, out: Path, as_json: bool) -> None:
    """Write the file of RECEIPT to OUT, byte for byte as it was delivered.

    \b
    anju feeds original 118 as-delivered.xlsx
    """
    migrated()
    try:
        size = give_original(data_folder() / "lake", receipt, out, FileVault())
    except FileNotFoundError:
        _gone(receipt, "has no file")
    say(as_json, {"receipt": receipt, "out": str(out), "bytes": size}, [f"{size:,} bytes written to {out}. It may hold full identity numbers."])


@feeds.command()
@click.option("--before", type=Day(), help="The day before which files were received (default: the programme's keep_files_days ago).")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@json_option
def expire(before: date | None, dry_run: bool, as_json: bool) -> None:
    """Remove delivered files and rows set aside that are older than they may be kept. Their counts stay.

    What the lake was given of them stays too. Meant to be called every night.

    \b
    anju feeds expire --dry-run
    anju feeds expire
    """
    migrated()
    now = timezone.now()
    limit = (now - timedelta(days=load_checked_policy().programme.keep_files_days)).date()
    if before is not None and before > limit:
        fail(
            f"files received after {limit} are kept: rows set aside must be mended first",
            "name that day or an earlier one, or change keep_files_days in programme.yaml",
        )
    day = before or limit
    expired = expire_files(data_folder() / "lake", datetime(day.year, day.month, day.day, tzinfo=UTC), now=now, dry_run=dry_run)
    done = "would be removed" if dry_run else "removed"
    lines = [f"of {expired.deliveries} deliveries received before {day}: {expired.files} files {done}, {expired.size:,} bytes"]
    if expired.leftovers:
        lines.append(f"  {expired.leftovers} of them left over by interrupted intakes")
    say(as_json, {"before": day, "dry_run": dry_run, **expired.as_dict()}, lines)


@feeds.command()
@click.option("--received-on", type=Day(past=True), help="From which day on the rows are known, for loading history (default: today).")
@json_option
def retry(received_on: date | None, as_json: bool) -> None:
    """Try the rows again that were set aside because nobody in the register had their number.

    It is done by itself after every people import.

    \b
    anju feeds retry
    """
    migrated()
    policy = load_checked_policy()
    retried = retry_rows(policy, moment_of(received_on) if received_on else timezone.now())
    say(as_json, {"retried": [done.as_dict() for done in retried]}, retry_lines(retried) or ["nobody new: the rows set aside stay set aside"])


def retry_rows(policy: Policy, at: datetime) -> list[RetriedDelivery]:
    assert isinstance(policy.programme, Programme)
    directory = Directory(*policy.programme.identifier_names)
    return retry_strangers(policy=policy, root=data_folder() / "lake", directory=directory, vault=FileVault(), by=actor(), at=at)


def retry_lines(retried: list[RetriedDelivery]) -> list[str]:
    return [
        f"receipt {done.receipt}: {done.feed}: {done.accepted} of {done.tried} rows set aside taken in after all, {done.set_aside} remain"
        for done in retried
    ]


@feeds.command()
@click.argument("upload", type=int)
@lang_option
@json_option
def take(upload: int, lang: str, as_json: bool) -> None:
    """Take in the file that was sent through the pages as UPLOAD: the pages call it, and so may an operator where one was interrupted.

    \b
    anju feeds take 17
    """
    migrated()
    policy = load_checked_policy()
    directory = Directory(*policy.programme.identifier_names)
    try:
        done = take_upload(upload, policy=policy, root=data_folder() / "lake", directory=directory, vault=FileVault(), now=timezone.now())
    except (Upload.DoesNotExist, AtWork) as error:
        fail(str(error), "the page of the upload says how it stands")
    found = {"upload": done.pk, "state": done.state, "receipt": done.delivery_id, "refusal": done.refusal or None}
    with in_language(lang):
        lines = [f"upload {done.pk}: " + (f"receipt {done.delivery_id}" if done.state == "done" else said(done.refusal.get("what", "")))]
    say(as_json, found, lines)
    if done.state == "refused":
        raise SystemExit(FOUND)


@feeds.command()
@click.option("--held", is_flag=True, help="Only deliveries that wait for their owner's word.")
@click.option("--limit", type=click.IntRange(1), default=40, show_default=True, help="At most so many.")
@lang_option
@json_option
def status(held: bool, limit: int, lang: str, as_json: bool) -> None:
    """What came last, what is held, what was set aside.

    \b
    anju feeds status
    anju feeds status --held --json
    """
    migrated()
    policy = load_checked_policy()
    rows = Delivery.objects.filter(status="accepted", retry_of__isnull=True).order_by("-received_at", "-pk")
    if held:
        rows = rows.exclude(held_reason="").filter(confirmed_at__isnull=True)
    found = [_said(Received(delivery, None).as_dict(), policy, lang) for delivery in rows[:limit]]
    lines = [
        f"{r['receipt']:>6}  {r['feed']}  {r['unit'] or '-':<8} {r['accepted']:>9} accepted {r['set_aside']:>5} set aside  {r['file']}"
        + (f"  {r['conflicts']} in conflict with another sender" if r["conflicts"] else "")
        + (f"  HELD: {r['held']}" if r["held"] else "")
        for r in found
    ]
    mappings = list(HeaderMapping.objects.order_by("feed", "unit", "header").values("feed", "unit", "header", "column"))
    lines += [f"{m['feed']}  {m['unit'] or '-'}: the header '{m['header']}' is {m['column']}" for m in mappings]
    say(
        as_json,
        {"deliveries": found, "shown": len(found), "all": rows.count(), "mappings": mappings},
        lines or ["nothing has been delivered yet"],
    )
