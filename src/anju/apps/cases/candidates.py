"""Who may be given cases: whose post reaches all of them, how much she has in hand, and whether she can be told of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from anju.apps.cases.counting import load_of
from anju.apps.cases.models import Case
from anju.apps.notices.models import Channel
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.core.standards.model import Title

MANY = 40  # open cases in the hands of one person; more, and whoever assigns is told
AWAY = timedelta(days=14)  # not signed in for so long
WORKS = frozenset({"cases.verify", "cases.handle"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """`untold`: she has no way to be told outside the pages, and has not signed in lately: somebody must tell her in person."""

    account: Account
    post: Post
    load: int
    untold: bool

    @property
    def role(self) -> Title:
        return ROLES[self.post.role].title

    @property
    def many(self) -> bool:
        return self.load >= MANY


def candidates_for(cases: Sequence[Case], *, at: datetime, limit: int = 60, among: Q | None = None) -> list[Candidate]:
    """Whoever can be given all of these cases, who has the least in hand first. `among`: of these posts only. Four queries."""
    paths, owners = {case.path for case in cases}, {case.owner for case in cases}
    keys = shared([path.strip("/").split("/") for path in paths])
    roles = [code for code, role in ROLES.items() if role.may & WORKS]
    day = timezone.localdate()
    held = Post.objects.filter(Q(end=None) | Q(end__gt=day), start__lte=day, place__in=keys, role__in=roles, side=Post.DESTINATION)
    held = held.filter(account__is_active=True, department__in=["", *owners] if len(owners) == 1 else [""])
    if among is not None:
        held = held.filter(among)
    posts: dict[int, Post] = {}
    for post in held.select_related("account", "place").order_by("-place__path", "pk")[: 4 * limit]:
        posts.setdefault(post.account_id, post)
    load, told = load_of(list(posts)), reachable(list(posts))
    found = [Candidate(post.account, post, load.get(key, 0), key not in told and _away(post.account, at)) for key, post in posts.items()]
    return sorted(found, key=lambda one: (one.load, str(one.account), one.account.pk))[:limit]


def reachable(accounts: Collection[int]) -> set[int]:
    """Those who are told outside the pages too: by a channel that they have tried."""
    found = Channel.objects.filter(account__in=accounts, enabled=True, removed_at=None, verified_at__isnull=False)
    return set(found.values_list("account", flat=True))


def _away(account: Account, at: datetime) -> bool:
    return account.last_login is None or at - account.last_login > AWAY


def shared(paths: Collection[Sequence[str]]) -> list[int]:
    """The places that all paths have in common, from the root down."""
    found: list[int] = []
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1 or not level[0]:
            break
        found.append(int(level[0]))
    return found
