"""Every write about accounts, posts and tokens."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.staff.models import Account, Post, Token
from anju.apps.staff.permissions import APART, ROLES
from anju.apps.staff.queries import digest_of_token
from anju.core.terms.viewer import Viewer

TOKEN_MARK = "anju_"  # so that a token left in a file is known for what it is
TOKEN_DAYS = 366  # at most


class Refused(ValueError):
    """What cannot be done, and what to do instead."""


@transaction.atomic
def open_account(*, username: str, display_name: str, password: str | None, by: str, at: datetime) -> Account:
    """An account without a post sees nothing. Without a password nobody can sign in with it yet."""
    if not username.strip():
        raise Refused("an account needs a name to sign in with")
    if Account.objects.filter(username__iexact=username.strip()).exists():
        raise Refused(f"there is already an account '{username}': choose another name, or give that one another post")
    account = Account(username=username.strip(), display_name=display_name.strip() or username.strip(), date_joined=at)
    if password:
        account.set_password(password)
        account.must_change_password = True
    else:
        account.set_unusable_password()
    account.save()
    return account


@transaction.atomic
def give_post(
    *, account: Account, role: str, place: Place, by: str, at: datetime, side: str = Post.DESTINATION, department: str = "",
    title: str = "", start: date | None = None,
) -> Post:  # fmt: skip
    """Raises Refused for a role that does not exist, lacks its department, or would join what three people must hold apart."""
    if role not in ROLES:
        raise Refused(f"there is no role '{role}': one of {', '.join(sorted(ROLES))}")
    if ROLES[role].of_department and not department:
        raise Refused(f"the role {role} is held for a department: name it")
    if not ROLES[role].of_department and department:
        raise Refused(f"the role {role} is of no department: leave '{department}' out")
    held = set(Post.objects.filter(account=account, end=None).values_list("role", flat=True))
    if role in APART and held & (APART - {role}):
        raise Refused(f"{account} is {', '.join(sorted(held & APART))} already: steward, auditor and administrator are three people")
    return Post.objects.create(
        account=account, role=role, place=place, side=side, department=department, title=title, start=start or at.date()
    )  # fmt: skip


@transaction.atomic
def end_post(*, post: Post, by: str, at: datetime) -> Post:
    post.end = at.date()
    post.save(update_fields=["end"])
    return post


@transaction.atomic
def make_token(*, post: Post, name: str, days: int, by: Viewer | str, at: datetime) -> tuple[Token, str]:
    """A token that acts in this post, and its text: it is kept nowhere, and cannot be shown again. Raises Refused."""
    if not name.strip():
        raise Refused("a token needs a name: say which program uses it, and for what")
    if not 1 <= days <= TOKEN_DAYS:
        raise Refused(f"a token serves for 1 to {TOKEN_DAYS} days, not {days}: make a new one when it ends")
    if post.end is not None and post.end <= at.date():
        raise Refused(f"that post ended on {post.end}: name one that is held")
    text = TOKEN_MARK + secrets.token_urlsafe(32)
    token = Token.objects.create(
        digest=digest_of_token(text), name=name.strip()[:100], post=post, made_by=by.name if isinstance(by, Viewer) else by, made_at=at,
        expires=at.date() + timedelta(days=days),
    )  # fmt: skip
    record(act="token.make", about=f"token:{token.pk}", by=by, at=at, detail={"post": post.pk, "expires": token.expires.isoformat()})
    return token, text


@transaction.atomic
def revoke_token(*, token: Token, by: Viewer | str, at: datetime) -> Token:
    """From now on it opens nothing. Raises Refused where it was revoked before."""
    who = by.name if isinstance(by, Viewer) else by
    if not Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at, revoked_by=who):
        token.refresh_from_db()
        raise Refused(f"token {token.pk} was revoked already, by {token.revoked_by}")
    token.refresh_from_db()
    record(act="token.revoke", about=f"token:{token.pk}", by=by, at=at)
    return token


def note_use(*, token: Token, day: date) -> None:
    """The day of its last use: one write a day."""
    if token.last_used != day:
        Token.objects.filter(pk=token.pk).update(last_used=day)
