"""Taking one uploaded or dropped file in. What was settled by a killed attempt is not done again, only filed away."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from django_tasks import TaskContext, task

from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.models import Upload
from anju.apps.feeds.names import parts_of
from anju.apps.feeds.retry import mend_rows
from anju.apps.feeds.uploads import take_upload
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.apps.places.models import Place
from anju.core.contracts.model import Contract
from anju.core.standards.model import Policy
from anju.lake.files import FileRefused, check_file
from anju.lake.headers import MendedRows
from anju.lake.intake import STAGES
from anju.lake.mended import read_mended
from anju.lake.recognise import recognise_feed
from anju.tasks import filing, rules
from anju.tasks.failures import Hopeless
from anju.tasks.judging import today
from anju.tasks.models import Ticket
from anju.tasks.progress import teller, ticket_of

Outcome = dict[str, Any]
TAKEN, KNOWN, MENDED, NOT_TAKEN = "taken", "known", "mended", "refused"


@task(takes_context=True, priority=20)
def take(context: TaskContext, upload: int) -> Outcome:
    """A file that came by the pages. What comes of it stands in the upload; a killed attempt leaves it to the next."""
    policy = rules.policy()
    directory, vault = Directory(*rules.programme_of(policy).identifier_names), FileVault()
    try:
        done = take_upload(upload, policy=policy, root=rules.lake(), directory=directory, vault=vault, now=timezone.now())
    except Upload.DoesNotExist:
        raise Hopeless(f"upload {upload} is gone: its sender took it back, or it lay for a week", "send the file again") from None
    if done.state == "refused":
        said = done.refusal
        return {"outcome": NOT_TAKEN, "file": done.file_name, "what": said["what"], "why": said["why"], "do": said["remedy"],
                "known": said["alternatives"]}  # fmt: skip
    return {"outcome": KNOWN if done.repeats else MENDED if done.mends else TAKEN, "file": done.file_name, "receipt": done.delivery_id}


@task(takes_context=True, priority=20)
def take_dropped(context: TaskContext, place: str, size: int, changed: int, at: str, whole: str) -> Outcome:
    """A file of the drop folder. `place` is relative to its inbox; `size` and `changed` (ns) are what it was when it was found whole."""
    ticket = ticket_of(context)
    source = filing.drop() / filing.INBOX / place
    here = filing.taking(ticket.pk) / source.name
    if ticket.outcome is None:
        if not here.exists():
            if not source.exists():
                return {"outcome": "gone", "file": source.name, "why": "it was taken out of the inbox before its turn came"}
            seen = source.stat()
            if (seen.st_size, seen.st_mtime_ns) != (size, changed):
                return {"outcome": "changed", "file": source.name, "why": "it changed after it had looked whole; it is looked at again"}
            _take_out(source, here)
        folder = Path(place).parent.name
        feed = "" if folder in ("", filing.ANY) else folder
        _settle(ticket, here, feed.upper(), datetime.fromisoformat(at))
    assert ticket.outcome is not None
    lines = receipt_lines(ticket.outcome, ticket, whole)
    word = filing.REFUSED if ticket.outcome["outcome"] == NOT_TAKEN else filing.DONE
    filing.file_away(ticket.pk, source.name, word, today(ticket.asked_at), lines)
    return dict(ticket.outcome)


def _take_out(source: Path, here: Path) -> None:
    try:
        filing.move(source, here)
    except PermissionError as error:
        raise Hopeless(
            f"'{source.name}' cannot be taken out of the inbox: {error.strerror}",
            f"let the worker's account write in {source.parent}; the file is looked at again when it is touched or moved",
        ) from error


def _settle(ticket: Ticket, path: Path, feed: str, at: datetime) -> None:
    """Takes the file in, or says why not; the outcome is on the ticket before anything else happens to the file."""
    try:
        outcome = _take(ticket, path, feed, at)
    except FileRefused as error:
        outcome = {
            "outcome": NOT_TAKEN, "file": path.name, "what": error.what, "why": error.why, "do": error.remedy,
            "known": list(error.alternatives),
        }  # fmt: skip
    ticket.outcome = outcome
    ticket.save(update_fields=["outcome"])


def _take(ticket: Ticket, path: Path, feed: str, at: datetime) -> Outcome:
    tell, policy = teller(ticket), rules.policy()
    check_file(path)
    if not _readable(path):
        raise FileRefused(
            f"'{path.name}' may not be read by the worker", "its mode or owner forbids it", "give it mode 640 or 644 and send it again"
        )
    directory, vault = Directory(*rules.programme_of(policy).identifier_names), FileVault()
    tell("looking at its header", 0, 0)
    units = sorted(Place.objects.filter(tree="scope", level=rules.programme_of(policy).unit_level).values_list("code", flat=True))
    named, sender, spoken = _said_by_name(path, feed, policy, units)
    sheet = read_mended(path) if not feed and named not in policy.contracts else None
    code = feed or named
    if sheet is None:
        code = code if code in policy.contracts or feed else recognise_feed(path, _delivered(policy)).code
        contract = policy.contracts.get(code)
        if isinstance(contract, Contract) and contract.by == "unit" and sender is None:
            example = f"{code}_{units[0] if units else 'UNIT'}_PERIOD{path.suffix}"
            raise FileRefused(f"who sends '{path.name}'?", f"{code} is delivered by management unit", f"name the file {example}", units)
        try:
            received = receive_file(
                path, feed=code, policy=policy, root=rules.lake(), directory=directory, vault=vault, by=ticket.asked_by, at=at, unit=sender,
                periods=spoken, on_stage=lambda stage, rows: tell(f"{code}: {stage}", STAGES.index(stage), len(STAGES)),
            )  # fmt: skip
        except MendedRows:
            sheet = read_mended(path)
            assert sheet is not None
        else:
            own = received.repeats is not None and received.repeats.received_at == at  # a killed attempt of this very task took it
            return {**received.as_dict(), "same_as_before": received.repeats is not None and not own,
                    "outcome": KNOWN if received.repeats is not None and not own else TAKEN}  # fmt: skip
    tell("taking mended rows in", 0, 0)
    done = mend_rows(sheet, policy=policy, root=rules.lake(), directory=directory, vault=vault, by=ticket.asked_by, at=timezone.now())
    return {**done.as_dict(), "outcome": MENDED, "file": path.name}


def _readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except PermissionError:
        return False


def _said_by_name(path: Path, feed: str, policy: Policy, units: list[str]) -> tuple[str, str | None, tuple[str, str] | None]:
    """Feed, sender and periods by the file's name. Where its folder says the feed, the name may begin with the sender; where its
    headers are to say it, sender and period are believed if the sender is one of the units."""
    named, sender, spoken = parts_of(path)
    if named in policy.contracts or sender in units:
        return named, sender, spoken
    if feed in policy.contracts and named in units:
        return parts_of(path.with_name(f"{feed}_{path.name}"))
    return named, None, None


def _delivered(policy: Policy) -> list[Contract]:
    return [one for one in policy.contracts.values() if isinstance(one, Contract) and not one.registry and not one.platform]


def receipt_lines(outcome: Outcome, ticket: Ticket, whole: str) -> list[str]:
    """What is written beside the file, for whoever sent it."""
    kind, stamp = outcome["outcome"], f"{ticket.asked_at:%Y-%m-%d %H:%M} UTC, task {ticket.pk}; {whole}"
    if kind == NOT_TAKEN:
        lines = [f"NOT TAKEN IN 未接收: {outcome['file']}", f"what 问题: {outcome['what']}"]
        lines += [f"why 原因: {outcome['why']}"] * bool(outcome["why"]) + [f"do 处理: {outcome['do']}"] * bool(outcome["do"])
        lines += [f"known 可选: {', '.join(outcome['known'])}"] * bool(outcome["known"])
        return [*lines, "Nothing has changed. Mend the file and put it into the inbox again. 数据未作任何更改，更正后请重新投递。", stamp]
    if kind == MENDED:
        return [f"receipt {outcome['receipt']} 回执: {outcome['accepted']} of {outcome['tried']} mended rows of {outcome['feed']} taken in, "
                f"{outcome['set_aside']} remain set aside 更正数据已接收", stamp]  # fmt: skip
    if kind == KNOWN:
        return [
            f"receipt {outcome['receipt']} 回执: {outcome['file']} was taken in before; nothing has changed 此文件此前已接收，数据未变",
            stamp,
        ]
    lines = [f"receipt {outcome['receipt']} 回执: {outcome['file']}, {outcome['feed']} {outcome['unit']}".rstrip(),
             f"{outcome['rows']} rows 行: {outcome['accepted']} accepted 采用, {outcome['set_aside']} set aside 待更正, "
             f"{outcome['duplicates']} duplicates 重复, {outcome['skipped']} skipped 略过"]  # fmt: skip
    lines += [f"  {n} × {reason}" for reason, n in outcome["reasons"].items()]
    lines += [f"held 暂缓采用: {outcome['held']}"] * bool(outcome["held"])
    lines += [f"rows to mend 待更正数据: anju feeds refused {outcome['receipt']} to-mend.xlsx"] * bool(outcome["set_aside"])
    return [*lines, *outcome["messages"], stamp]
