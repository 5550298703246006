"""Who works on the sample's cases: one account for each grid, community, street, bureau and department. Nobody knows a password of theirs.

Where the cast of the first screen holds the very post, it is they who work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.apps.staff.queries import viewer_of
from anju.core.terms.viewer import Viewer
from anju.sample.accounts import MARK, PART_OF, SINCE
from anju.sample.plan import hash_of
from anju.sample.settlements import FEMALE, MALE, SURNAMES

HELD_AT = {"grid_worker": "grid", "cadre": "community", "first_secretary": "community", "street": "street", "county_bureau": "unit"}
START = date(2023, 1, 1)


@dataclass
class Workforce:
    """Viewers by role, place and department, opened when they are first needed."""

    by: str
    places: dict[int, tuple[str, str, str]]  # key -> level, code, path
    posts: dict[tuple[str, int, str, int], Viewer] = field(default_factory=dict)
    known: dict[int, Viewer] = field(default_factory=dict)

    def who(self, role: str, path: str, department: str = "", nth: int = 0) -> Viewer | None:
        """Whoever holds `role` at the place of its level on `path`; `nth`: one of several colleagues. None where there is no such place."""
        level = "unit" if role == "county_department" else "programme" if role == "prefecture_bureau" else HELD_AT[role]
        for key in (int(part) for part in path.split("/") if part):
            if self.places.get(key, ("", "", ""))[0] == level:
                return self._of(role, key, department, nth)
        return None

    def name_of(self, viewer: Viewer) -> str:
        """What colleagues read."""
        return str(Account.objects.get(pk=viewer.account or 0))

    def of_account(self, account: int) -> Viewer:
        if account not in self.known:
            self.known[account] = viewer_of(Account.objects.get(pk=account), START)
        return self.known[account]

    def _of(self, role: str, place: int, department: str, nth: int) -> Viewer:
        found = self.posts.get((role, place, department, nth))
        if found is None:
            found = self.posts[role, place, department, nth] = self._open(role, place, department, nth)
        return found

    def _open(self, role: str, place: int, department: str, nth: int) -> Viewer:
        if (of_cast := self._of_cast(role, place, department, nth)) is not None:
            return of_cast
        code = self.places[place][1]
        username = "-".join(part for part in ("demo", role.replace("_", ""), department.replace("_", ""), code.lower(), str(nth or "")) if part)
        account = Account.objects.filter(username=username).first()
        if account is None:
            account = open_account(username=username, display_name=name_of(username) + MARK, password=None, by=self.by, at=SINCE)
            give_post(
                account=account, role=role, place=Place.objects.get(pk=place), by=self.by, at=SINCE, department=department, start=START,
                side=Post.DESTINATION,
            )  # fmt: skip
        return viewer_of(account, START)

    def _of_cast(self, role: str, place: int, department: str, nth: int) -> Viewer | None:
        part = PART_OF.get(role)
        if part is None or part.department != department or nth:
            return None
        post = Post.objects.select_related("account").filter(account__username=part.username, role=role, place=place).first()
        return viewer_of(post.account, START) if post is not None else None


@transaction.atomic
def workforce(*, by: str) -> Workforce:
    rows: Iterable[tuple[int, str, str, str]] = Place.objects.filter(tree="scope").values_list("pk", "level", "code", "path")
    return Workforce(by, {key: (level, code, path) for key, level, code, path in rows})


def name_of(text: str) -> str:
    """A name that fits the place, the same for the same text."""
    n = hash_of(text)
    given = MALE if n % 2 else FEMALE
    return SURNAMES[n // 2 % len(SURNAMES)] + given[n // 97 % len(given)]
