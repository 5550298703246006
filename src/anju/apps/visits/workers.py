"""Who may go to which door: accounts whose post lets them record visits where the family lives."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES

RECORDS = tuple(sorted(code for code, role in ROLES.items() if "visits.record" in role.may))
FIRST = ("grid_worker", "cadre")  # whose doors they are where nobody is named


@dataclass(frozen=True, slots=True)
class Worker:
    """An account with the places in which it may record visits: `scopes` of those who live there, `origins` of those who left."""

    account: int
    name: str
    title: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    origins: tuple[str, ...]

    def reaches(self, path: str, origin_path: str | None) -> bool:
        return any(path.startswith(scope) for scope in self.scopes) or any((origin_path or "").startswith(scope) for scope in self.origins)


def workers(day: date, *, accounts: Collection[int] | None = None, below: Iterable[str] = (), above: Iterable[str] = ()) -> dict[int, Worker]:
    """Those who may record visits on a day: the accounts named, or whoever holds a post at or below one of the places `below`, or
    exactly at one of the places `above`. One statement."""
    held = Q(start__lte=day) & (Q(end=None) | Q(end__gt=day))
    posts = Post.objects.filter(held, role__in=RECORDS, account__is_active=True).select_related("account", "place")
    if accounts is not None:
        posts = posts.filter(account__in=accounts)
    else:
        where = Q(pk__in=[])
        for path in below:
            where |= Q(place__path__gte=path, place__path__lt=path[:-1] + chr(ord("/") + 1))
        posts = posts.filter(where | Q(place__path__in=list(above)))
    found: dict[int, Worker] = {}
    for post in posts.order_by("pk"):
        before = found.get(post.account_id)
        here, there = ((post.place.path,), ()) if post.side == Post.DESTINATION else ((), (post.place.path,))
        if before is None:
            found[post.account_id] = Worker(post.account_id, post.account.username, str(post.account), (post.role,), here, there)
        else:
            found[post.account_id] = Worker(
                before.account, before.name, before.title, (*before.roles, post.role), before.scopes + here, before.origins + there
            )
    return found


def nearest(path: str, there: Iterable[Worker]) -> Worker | None:
    """Whose door it is where nobody is named: the grid worker closest above it, else the cadre; the account that came first."""
    best: tuple[tuple[int, int, int], Worker] | None = None
    for worker in there:
        for role in worker.roles:
            if role not in FIRST:
                continue
            for scope in worker.scopes:
                rank = (FIRST.index(role), -len(scope), worker.account)
                if path.startswith(scope) and (best is None or rank < best[0]):
                    best = (rank, worker)
    return best[1] if best is not None else None


def keys_above(path: str) -> list[str]:
    """'/1/4/17/' -> ['/1/', '/1/4/', '/1/4/17/']."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
