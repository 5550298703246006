"""The viewer that an account is in one of its posts."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.core.terms.viewer import STRANGER, Viewer


def posts_of(account: Account, day: date) -> QuerySet[Post]:
    """The posts held on `day`, in the order they were given."""
    held = Q(start__lte=day) & (Q(end=None) | Q(end__gt=day))
    return Post.objects.filter(held, account=account).select_related("place").order_by("pk")


def viewer_of(account: Account, day: date, post: int | None = None) -> Viewer:
    """The account in the post named, else in its first; a stranger where it holds none or is not active."""
    if not account.is_active:
        return STRANGER
    held = list(posts_of(account, day))
    chosen = next((p for p in held if p.pk == post), held[0] if held else None)
    if chosen is None or chosen.role not in ROLES:
        return Viewer(name=account.username, account=account.pk)
    here, there = ((chosen.place.path,), ()) if chosen.side == Post.DESTINATION else ((), (chosen.place.path,))
    departments = frozenset([chosen.department]) if chosen.department else frozenset()
    return Viewer(account.username, chosen.role, here, departments, there, ROLES[chosen.role].may, account.pk, chosen.pk)
