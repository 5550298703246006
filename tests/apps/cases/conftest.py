"""One family in grid G1 of community C1, street S1, unit U1; her neighbour's grid G2; a cast of posts. No run is needed to move a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from anju.apps.cases.models import Case
from anju.apps.cases.steps.opening import open_told
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.apps.staff.queries import viewer_of
from anju.core.terms.viewer import Viewer

AT = datetime(2023, 1, 1, tzinfo=UTC)
PLACES = (
    ("P", "", "programme"), ("U1", "P", "unit"), ("S1", "U1", "street"), ("C1", "S1", "community"), ("G1", "C1", "grid"), ("G2", "C1", "grid"),
    ("U2", "P", "unit"), ("C9", "U2", "community"), ("O1", "P", "unit"),
)  # fmt: skip
CAST = {
    "worker": ("grid_worker", "G1", ""), "neighbour": ("grid_worker", "G2", ""), "cadre": ("cadre", "C1", ""),
    "secretary": ("first_secretary", "C1", ""), "street": ("street", "S1", ""), "education": ("county_department", "U1", "education"),
    "education2": ("county_department", "U1", "education"), "water": ("county_department", "U1", "water"), "bureau": ("county_bureau", "U1", ""),
    "bureau2": ("county_bureau", "U1", ""), "prefecture": ("prefecture_bureau", "P", ""), "stranger": ("first_secretary", "C9", ""),
    "auditor": ("auditor", "P", ""), "leader": ("leader", "P", ""), "building": ("street_head", "G1", ""),
}  # fmt: skip


@dataclass
class Loop:
    """The clock of the deployment is `day`; `at` is its noon."""

    cast: dict[str, Viewer]
    accounts: dict[str, int]
    home: Household
    place: dict[str, Place]
    data: Path
    days: list[date] = field(default_factory=list)

    @property
    def day(self) -> date:
        return self.days[-1]

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, datetime.min.time(), UTC) + timedelta(hours=12)

    def pass_days(self, n: int) -> None:
        self.days.append(self.day + timedelta(days=n))

    def told(self, *, level: str = "yellow", standard: str = "", owner: str = "education", household: bool = True) -> Case:
        """A case that a declaration opened."""
        home, site = self.home, self.place["C1"]
        return open_told(
            household_id=home.pk if household else None, place_id=None if household else site.pk,
            path=self.place["G1"].path if household else site.path, origin_path=self.place["O1"].path if household else None,
            standard=standard, owner=owner, level=level, channel="declared", receipt="", words="told at the window", by=self.cast["secretary"],
            at=self.at,
        )  # fmt: skip


def made_loop(data: Path) -> Loop:
    """Places, cast and family, where none are yet."""
    place: dict[str, Place] = {}
    for n, (code, above, level) in enumerate(PLACES, start=1):
        parent = place.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        place[code] = Place.objects.create(id=n, tree="scope", level=level, code=code, name=f"place {code}", parent=parent, path=path)
    for name, (role, code, department) in CAST.items():
        account = open_account(username=name, display_name=name, password=None, by="test", at=AT)
        give_post(account=account, role=role, place=place[code], side=Post.DESTINATION, department=department, by="test", at=AT, start=AT.date())
    Household.objects.create(
        id=1, household_code="H0001", place=place["G1"], origin_place=place["O1"], building_no="3", unit_no="2", room_no="501", status="active",
        valid_from=AT.date(), known_from=AT,
    )  # fmt: skip
    return found_loop(data)


def found_loop(data: Path) -> Loop:
    """The same, as it stands in the database."""
    accounts = {account.username: account for account in Account.objects.filter(username__in=CAST)}
    cast = {name: viewer_of(accounts[name], date(2023, 9, 1)) for name in CAST}
    place = {place.code: place for place in Place.objects.all()}
    keys = {name: accounts[name].pk for name in CAST}
    return Loop(cast, keys, Household.objects.get(pk=1), place, data, [date(2023, 9, 4)])


@pytest.fixture
def loop(db: None, monkeypatch: pytest.MonkeyPatch, own_data_folder: Path) -> Loop:
    made = made_loop(own_data_folder)
    for module in MODULES:
        monkeypatch.setattr(f"anju.apps.cases.{module}.today", lambda: made.day)
    return made


MODULES = (
    "gate", "moving", "steps.assigning", "steps.closing", "steps.ending", "steps.handling", "steps.instructing", "steps.judging",
    "steps.looking_back", "steps.opening", "steps.reminding", "steps.reviewing", "steps.verifying", "steps.watching",
)  # fmt: skip
Make = Callable[..., Case]
