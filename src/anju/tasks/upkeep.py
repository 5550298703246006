"""What keeps a deployment in order: sealing, trying rows again, letting go of what is too old, and backups. Each twice is as once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks import TaskContext, task
from django_tasks_db.models import DBTaskResult

from anju.apps.attachments.actions import clear_strays
from anju.apps.backup.making import RECORD, make_backup
from anju.apps.feeds.expiry import expire_files
from anju.apps.feeds.retry import retry_strangers
from anju.apps.journal.actions import bring_in, record, seal, write_heads
from anju.apps.notices.actions import let_go
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.tasks import rules
from anju.tasks.failures import Hopeless
from anju.tasks.filing import let_go_of_files
from anju.tasks.models import Ticket, Worker
from anju.tasks.progress import teller, ticket_of

KEPT_OF_FAILURES = 3  # a task that was given up is kept so many times as long


@task(takes_context=True)
def seal_journal(context: TaskContext) -> dict[str, Any]:
    """Brings looks in, chains what is not sealed, and keeps the daily heads in a second place where there is one."""
    looks = bring_in()
    head = seal(at=timezone.now())
    added = write_heads(settings.HEADS) if settings.HEADS is not None else 0
    return {"looks": looks, "seq": head.seq, "heads_added": added}


@task(takes_context=True)
def retry(context: TaskContext) -> dict[str, Any]:
    """Rows set aside because nobody knew whom they are about, tried again."""
    ticket, policy = ticket_of(context), rules.policy()
    directory = Directory(*rules.programme_of(policy).identifier_names)
    done = retry_strangers(
        policy=policy, root=rules.lake(), directory=directory, vault=FileVault(), by=ticket.asked_by, at=timezone.now()
    )  # fmt: skip
    return {"receipts": len(done), "accepted": sum(one.accepted for one in done)}


@task(takes_context=True)
def expire(context: TaskContext) -> dict[str, Any]:
    """Delivered files and rows set aside that are older than they may be kept; dropped and uploaded files that were dealt with; attached
    files whose sending was undone."""
    now, ticket = timezone.now(), ticket_of(context)
    keep = rules.programme_of(rules.policy()).keep_files_days
    limit = (now - timedelta(days=keep)).date()
    expired = expire_files(rules.lake(), datetime(limit.year, limit.month, limit.day, tzinfo=UTC), now=now)
    if expired.files:
        record(act="feeds.expire", about=f"before:{limit}", by=ticket.asked_by, at=now, detail=expired.as_dict())
    return {**expired.as_dict(), **let_go_of_files(now, refused_days=keep), "strays": clear_strays(now)}


@task(takes_context=True)
def backup(context: TaskContext, since: str | None = None, keep: int | None = None) -> dict[str, Any]:
    """A set into ANJU_BACKUP; nothing where one was made there since `since`."""
    out = settings.BACKUP
    if out is None:
        raise Hopeless("there is no folder for backups", "set ANJU_BACKUP to one, best on another machine, and start the worker again")
    last = _last_backup(out)
    if since is not None and last is not None and last >= datetime.fromisoformat(since):
        return {"made": False, "last": last.isoformat()}
    data, ticket = Path(settings.DATA), ticket_of(context)
    made = make_backup(
        data,
        Path(settings.POLICY),
        rules.policy_of_files().digest,
        out,
        by=ticket.asked_by,
        at=timezone.now(),
        keep=keep,
        progress=teller(ticket),
    )
    return {"made": True, "set": made.set.name, "written": made.written, "missing": made.set.missing, "sets_removed": made.sets_removed}


def _last_backup(out: Path) -> datetime | None:
    try:
        found = json.loads((Path(settings.DATA) / RECORD).read_text(encoding="utf-8"))
        return datetime.fromisoformat(found["made_at"]) if found["in"] == str(out) else None
    except (OSError, ValueError, KeyError):
        return None


@task(takes_context=True)
def tidy(context: TaskContext, keep_days: int = 30) -> dict[str, Any]:
    """Tasks that ended, workers that are gone, notices of more than a year ago, and sessions and sign-in attempts that are over."""
    now = timezone.now()
    old, older = now - timedelta(days=keep_days), now - timedelta(days=keep_days * KEPT_OF_FAILURES)
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    attempts = (
        AccessAttempt.objects.filter(attempt_time__lt=older).delete()[0] + AccessFailureLog.objects.filter(attempt_time__lt=older).delete()[0]
    )
    signings, _ = AccessLog.objects.filter(attempt_time__lt=older).delete()
    ended = Ticket.objects.exclude(task__status="FAILED").filter(ended_at__lt=old) | Ticket.objects.filter(ended_at__lt=older)
    tickets = _remove_tickets(list(ended.values_list("pk", "task_id")))
    Worker.objects.filter(ended_at__lt=old, ticket=None).delete()
    notices = let_go(now)
    return {"tasks": tickets, "notices": notices, "sessions": sessions, "sign_ins": attempts + signings}


def _remove_tickets(pairs: list[tuple[int, Any]]) -> int:
    """The queue's own row goes, and the ticket with it."""
    for start in range(0, len(pairs), 500):
        DBTaskResult.objects.filter(pk__in=[task for _, task in pairs[start : start + 500]]).delete()
    return len(pairs)
