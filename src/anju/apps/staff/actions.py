"""Every write about accounts and posts."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from anju.apps.places.models import Place
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import APART, ROLES


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
