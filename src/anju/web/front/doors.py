"""Doors for the roles: who may be come in as on a sample deployment, where that role's work begins, and what waits there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from anju.apps.feeds.models import Delivery
from anju.apps.findings.models import FamilyCount, Run
from anju.apps.prepared.queries import prepared
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.core.standards.model import Title
from anju.sample.accounts import PART_OF
from anju.web.layout.home import home_of

# the roles whose doors stand on the first screen
SHOWN = (
    "grid_worker", "first_secretary", "county_department", "prefecture_bureau", "leader", "data_steward", "auditor", "administrator",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    """`families`: whose matters are being put right there; `held`: deliveries that wait for a word; each None where it is not theirs."""

    role: str
    title: Title
    place: str
    url: str
    families: int | None
    held: int | None


def doors(run: Run) -> list[Door]:
    """Those whose account was made and whose page exists, with what waits for them in the current run."""
    names = {PART_OF[role].username: role for role in SHOWN if home_of(role)}
    posts = {post.role: post for post in _posts(sorted(names))}
    waiting = dict(_waiting(run.pk, sorted({post.place_id for post in posts.values()})))
    held = len(_held())
    found = []
    for role in SHOWN:
        if role in posts:
            may, place = ROLES[role].may, posts[role].place
            families = waiting.get(place.pk, 0) if "household.see" in may or "situation.see" in may and "journal.see" not in may else None
            found.append(Door(role, ROLES[role].title, place.name, home_of(role), families, held if "feeds.confirm" in may else None))
    return found


@prepared
def _posts(names: list[str]) -> QuerySet[Post]:
    return Post.objects.filter(account__username__in=names, end=None).select_related("place").order_by("pk")


@prepared
def _waiting(run: int, places: list[int]) -> QuerySet[FamilyCount, tuple[int, int]]:
    return FamilyCount.objects.filter(run=run, place_id__in=places).values_list("place_id", "put_right")


@prepared
def _held() -> QuerySet[Delivery, int]:
    return Delivery.objects.exclude(held_reason="").filter(confirmed_at=None, withdrawn_at=None).values_list("pk", flat=True)


def sample_account(role: str) -> Account | None:
    """The account of the role that the sample made: one without a password, which nobody can have given a real person."""
    part = PART_OF.get(role)
    account = Account.objects.filter(username=part.username, is_active=True).first() if part is not None else None
    return account if account is not None and not account.has_usable_password() else None
