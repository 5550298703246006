"""Reads of notices and the outbox. Everybody reads one's own; the administrator reads what did not go out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from anju.apps.notices.models import FAILED, UNCERTAIN, WAITING, Channel, Message, Notice
from anju.apps.prepared.queries import prepared
from anju.core.terms.viewer import Viewer

MOST = 99  # unread notices are counted up to here and one more


def unread_of(viewer: Viewer) -> int:
    """At most 100, by an index of the unread alone."""
    return len(_unread(viewer.account)) if viewer.account is not None else 0


@prepared
def _unread(account: int) -> QuerySet[Notice, int]:
    return Notice.objects.filter(account=account, read_at=None).values_list("pk", flat=True)[: MOST + 1]


def notices_of(viewer: Viewer, *, unread: bool = False, after: tuple[datetime, int] | None = None) -> QuerySet[Notice]:
    """One's own, the latest first. `after`: (made_at, id) of the last of the page before."""
    if viewer.account is None:
        return Notice.objects.none()
    found = Notice.objects.filter(account=viewer.account).exclude(what="channel.test").order_by("-made_at", "-pk")
    if unread:
        found = found.filter(read_at=None)
    if after is not None:
        found = found.filter(made_at__lte=after[0]).filter(Q(made_at__lt=after[0]) | Q(pk__lt=after[1]))
    return found


def notice_of(viewer: Viewer, number: int) -> Notice | None:
    return Notice.objects.filter(account=viewer.account, pk=number).first() if viewer.account is not None else None


def channels_of(viewer: Viewer) -> QuerySet[Channel]:
    if viewer.account is None:
        return Channel.objects.none()
    return Channel.objects.filter(account=viewer.account, removed_at=None).order_by("pk")


def open_messages(viewer: Viewer, *, state: str = "", before: int | None = None) -> QuerySet[Message]:
    """What failed and what nobody knows of, the latest first, for the administrator. `before`: the key of the last of the page before."""
    if not viewer.can("accounts.manage"):
        return Message.objects.none()
    found = Message.objects.filter(state__in=(FAILED, UNCERTAIN), channel__removed_at=None).select_related("notice", "channel").order_by("-pk")
    if state in (FAILED, UNCERTAIN):
        found = found.filter(state=state)
    return found.filter(pk__lt=before) if before is not None else found


def outbox_waits(now: datetime) -> bool:
    """Whether a sender has something to do."""
    return Message.objects.filter(state=WAITING, next_try__lte=now).exists()


def outbox_counts(now: datetime) -> dict[str, int]:
    """For the doctor: how many wait, and how many failed in the last week or are in doubt."""
    return {
        "waiting": Message.objects.filter(state=WAITING).count(),
        "uncertain": Message.objects.filter(state=UNCERTAIN).count(),
        "failed": Message.objects.filter(state=FAILED, ended_at__gte=now - timedelta(days=7), channel__enabled=True).count(),
    }
