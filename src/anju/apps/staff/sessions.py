"""Where an account is signed in, and since when: seen and ended by its owner."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.staff.actions import By, Refused
from anju.apps.staff.models import Account, SignIn

KEPT = 20  # sign-ins of each account


@transaction.atomic
def note_sign_in(*, account: Account, session_key: str, device: str, address: str, by: By, at: datetime) -> SignIn:
    """Keeps the last few, and writes the line of the journal."""
    made = SignIn.objects.create(account=account, session_key=session_key, at=at, device=device[:200], address=address[:45])
    old = SignIn.objects.filter(account=account).order_by("-at", "-pk").values_list("pk", flat=True)[KEPT:]
    SignIn.objects.filter(pk__in=list(old)).delete()
    record(act="account.sign_in", about=f"account:{account.pk}", by=by, at=at)
    return made


def sign_ins_of(account: Account, now: datetime) -> list[tuple[SignIn, bool]]:
    """The last sign-ins, latest first, and whether each session still stands."""
    rows = list(SignIn.objects.filter(account=account).order_by("-at", "-pk")[:KEPT])
    keys = [row.session_key for row in rows if row.ended_at is None]
    standing = set(Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list("session_key", flat=True))
    return [(row, row.session_key in standing) for row in rows]


@transaction.atomic
def end_session(*, account: Account, key: int, by: By, at: datetime) -> None:
    """One device of the account is signed out. Raises Refused for what is not this account's, as for what does not exist."""
    row = SignIn.objects.filter(account=account, pk=key, ended_at=None).first()
    if row is None:
        raise Refused("there is no such session of yours", "没有您的这个登录会话")
    Session.objects.filter(session_key=row.session_key).delete()
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    record(act="account.session_end", about=f"account:{account.pk}", by=by, at=at, detail={"sign_in": row.pk})


def move_session(account: Account, before: str | None, after: str | None) -> None:
    """The session got another key, as it does when its password is changed."""
    SignIn.objects.filter(account=account, session_key=before or "").update(session_key=after or "")
