"""The viewer that an account is in one of its posts, or a program in the post of its token."""

from __future__ import annotations

import hashlib
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from anju.apps.prepared.queries import prepared
from anju.apps.staff.models import Account, Post, Token
from anju.apps.staff.permissions import ROLES
from anju.core.terms.viewer import STRANGER, Viewer


def posts_of(account: Account, day: date) -> list[Post]:
    """The posts held on `day`, in the order they were given."""
    return _held(account.pk, day)


@prepared
def _held(account: int, day: date) -> QuerySet[Post]:
    held = Q(start__lte=day) & (Q(end=None) | Q(end__gt=day))
    return Post.objects.filter(held, account=account).select_related("place").order_by("pk")


def posts_like(text: str) -> Q:
    """Posts of which the holder, as colleagues read it, the role or the place is called so; of several words each, in any order."""
    found = Q()
    for word in text.lower().split()[:8]:
        roles = [code for code, role in ROLES.items() if word in role.title.en.lower() or word in role.title.zh]
        called = Q(account__display_name__icontains=word) | Q(account__display_name="", account__username__icontains=word)
        found &= called | Q(title__icontains=word) | Q(role__in=roles) | Q(place__name__icontains=word)
    return found


def viewer_of(account: Account, day: date, post: int | None = None) -> Viewer:
    """The account in the post named, else in its first; a stranger where it holds none or is not active."""
    if not account.is_active:
        return STRANGER
    held = posts_of(account, day)
    chosen = next((p for p in held if p.pk == post), held[0] if held else None)
    if chosen is None or chosen.role not in ROLES:
        return Viewer(name=account.username, account=account.pk)
    return _acting(account, chosen)


def _acting(account: Account, chosen: Post) -> Viewer:
    here, there = ((chosen.place.path,), ()) if chosen.side == Post.DESTINATION else ((), (chosen.place.path,))
    departments = frozenset([chosen.department]) if chosen.department else frozenset()
    return Viewer(account.username, chosen.role, here, departments, there, ROLES[chosen.role].may, account.pk, chosen.pk)


def digest_of_token(text: str) -> str:
    """A token is long and drawn at random: a plain hash keeps it."""
    return hashlib.sha256(text.encode()).hexdigest()


def caller_of(text: str, day: date) -> tuple[Token, Viewer] | None:
    """The token and the viewer it acts as, in its own post and no other; None where it is unknown, over or revoked, or its post is."""
    token = Token.objects.filter(digest=digest_of_token(text)).select_related("post__account", "post__place").first()
    if token is None or token.revoked_at is not None or day >= token.expires:
        return None
    post, account = token.post, token.post.account
    held = post.start <= day and (post.end is None or post.end > day)
    if not held or not account.is_active or post.role not in ROLES:
        return None
    return token, _acting(account, post)


def tokens_of(account: Account) -> QuerySet[Token]:
    """Every token of an account's posts, the latest first."""
    return Token.objects.filter(post__account=account).select_related("post__place", "post__account").order_by("-pk")


STATES = ("open", "locked", "idle", "first", "never")


def accounts_for(
    viewer: Viewer, *, search: str = "", role: str = "", path: str = "", state: str = "", after: str = "", name: str = ""
) -> QuerySet[Account]:  # fmt: skip
    """Accounts by name, for whoever manages them; none for anybody else. `path`: with a post at or below this place.

    The list is in the order of the names to sign in with, in small letters; `after` is the last of the page before. `name`: of this one only."""
    if not viewer.can("accounts.manage"):
        return Account.objects.none()
    held = Post.objects.filter(account=OuterRef("pk"), end=None)
    found = Account.objects.alias(low=Lower("username"))
    if after:
        found = found.filter(low__gt=after)
    if name:
        found = found.filter(low=name.lower())
    if search:
        found = found.filter(Q(username__icontains=search) | Q(display_name__icontains=search))
    if role or path:
        found = found.filter(Exists(held.filter(**({"role": role} if role else {}), **({"place__path__startswith": path} if path else {}))))
    match state:
        case "open":
            found = found.filter(is_active=True)
        case "locked":
            found = found.filter(is_active=False)
        case "idle":
            found = found.filter(~Exists(held))
        case "first":
            found = found.filter(must_change_password=True)
        case "never":
            found = found.filter(last_login=None)
    posts = Prefetch("posts", Post.objects.select_related("place").order_by("pk"))
    return found.select_related("second_factor").prefetch_related(posts).order_by("low")
