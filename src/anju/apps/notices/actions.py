"""Telling somebody something, once. The notice stands in the transaction of the act it tells of, and so do its messages in the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.notices.models import FAILED, SENT, UNCERTAIN, WAITING, Channel, Message, Notice
from anju.apps.notices.refusals import Refused
from anju.apps.notices.words import Args, check_told
from anju.core.terms.viewer import Viewer

BATCH = 500
KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing for one account. `key` names the event and the account ('case:12:assigned:3:to:7'): told again it is nothing new."""

    account: int
    what: str
    number: str
    link: str
    key: str
    args: Args = field(default_factory=dict)


def notify(*, account: int, what: str, number: str, link: str, key: str, at: datetime, args: Args | None = None) -> bool:
    """Whether it was new. Within the caller's transaction; what leaves the house leaves after its commit."""
    return notify_many([Told(account, what, number, link, key, args or {})], at=at) == 1


@transaction.atomic
def notify_many(told: Iterable[Told], *, at: datetime) -> int:
    """Many at once, in a fixed number of statements for each five hundred. Returns how many were new. Raises ValueError, and tells
    nobody anything, where one of them carries what a message must not."""
    wanted = {one.key: one for one in told}
    for one in wanted.values():
        check_told(one.what, one.number, one.link, one.args)
        if not 0 < len(one.key) <= 160:
            raise ValueError("the key of a notice has 1 to 160 characters")
    keys, new = list(wanted), 0
    for start in range(0, len(keys), BATCH):
        part = keys[start : start + BATCH]
        known = set(Notice.objects.filter(key__in=part).values_list("key", flat=True))
        fresh = [key for key in part if key not in known]
        rows = [
            Notice(account=one.account, what=one.what, number=one.number, link=one.link, args=dict(one.args), key=key, made_at=at)
            for key in fresh if (one := wanted[key])
        ]  # fmt: skip
        Notice.objects.bulk_create(rows, ignore_conflicts=True)  # of two who tell the same at once, one does
        made = list(Notice.objects.filter(key__in=fresh)) if fresh else []
        _post(made, at)
        new += len(made)
    return new


def _post(notices: list[Notice], at: datetime) -> None:
    channels: dict[int, list[Channel]] = {}
    accounts = {one.account for one in notices}
    if accounts:
        for channel in Channel.objects.filter(account__in=accounts, enabled=True, removed_at=None, verified_at__isnull=False):
            channels.setdefault(channel.account, []).append(channel)
    rows = [message_of(one, channel, at) for one in notices for channel in channels.get(one.account, ())]
    Message.objects.bulk_create(rows, ignore_conflicts=True)


def message_of(notice: Notice, channel: Channel, at: datetime) -> Message:
    """Its id is made of what it is, and of nothing else: whoever gets it twice can tell."""
    identity = hashlib.sha256(f"{notice.key} {channel.pk}".encode()).hexdigest()[:40]
    return Message(notice=notice, channel=channel, next_try=at, message_id=f"<{identity}@anju>")


# --- reading ----------------------------------------------------------------------------------------------------------


def mark_read(*, viewer: Viewer, at: datetime, number: int | None = None, up_to: int | None = None) -> int:
    """One notice of the viewer's own, or every one up to `up_to`: what came after the page was opened stays unread. No line of the
    journal: what one has read is nobody's business."""
    unread = Notice.objects.filter(account=viewer.account, read_at=None) if viewer.account is not None else Notice.objects.none()
    if number is not None:
        unread = unread.filter(pk=number)
    if up_to is not None:
        unread = unread.filter(pk__lte=up_to)
    return unread.update(read_at=at)


# --- the outbox -------------------------------------------------------------------------------------------------------


@transaction.atomic
def settle_message(*, message: int, came: bool, by: Viewer, at: datetime) -> Message:
    """Of a message that nobody knows of, or that failed: it came, or it is to be sent again. Raises Refused, also for who was second."""
    if not by.can("accounts.manage"):
        raise Refused("only an administrator decides on messages", "只有系统管理员可以处理消息")
    said = {"state": SENT, "ended_at": at} if came else {"state": WAITING, "next_try": at, "attempts": 0, "ended_at": None}
    open_states = (UNCERTAIN,) if came else (UNCERTAIN, FAILED)
    if not Message.objects.filter(pk=message, state__in=open_states, channel__removed_at=None).update(claimed_by="", **said):
        raise Refused(
            "this message was settled already, or its channel was removed: load the page again", "该消息已处理，或其通道已删除：请刷新页面"
        )
    found = Message.objects.select_related("notice", "channel").get(pk=message)
    record(
        act="messages.came" if came else "messages.again", about=f"message:{message}", by=by, at=at, detail={"account": found.channel.account}
    )
    return found


def let_go(now: datetime) -> int:
    """Removes what was told more than a year ago, with its messages."""
    return Notice.objects.filter(made_at__lt=now - KEPT).delete()[0]
