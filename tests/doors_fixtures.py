"""A few families behind their doors, and a post for everybody who has business there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from anju.apps.people.models import Household, Membership, Person
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account, Post
from anju.apps.staff.queries import viewer_of
from anju.core.terms.viewer import Viewer

AT = datetime(2023, 9, 26, 4, tzinfo=UTC)
DAY = date(2023, 9, 26)
SINCE = datetime(2023, 1, 1, tzinfo=UTC)
CAST = {
    "worker": ("grid_worker", "G1", Post.DESTINATION, ""), "other": ("grid_worker", "G1", Post.DESTINATION, ""),
    "neighbour": ("grid_worker", "C2", Post.DESTINATION, ""), "secretary": ("first_secretary", "C1", Post.DESTINATION, ""),
    "second": ("first_secretary", "C1", Post.DESTINATION, ""), "head": ("street_head", "G1", Post.DESTINATION, ""),
    "inspector": ("county_bureau", "U1", Post.DESTINATION, ""), "teacher": ("county_department", "U1", Post.DESTINATION, "education"),
    "water": ("county_department", "U1", Post.DESTINATION, "water"), "origin": ("county_bureau", "U2", Post.ORIGIN, ""),
    "leader": ("leader", "P", Post.DESTINATION, ""), "administrator": ("administrator", "P", Post.DESTINATION, ""),
}  # fmt: skip
PLACES = (
    (1, None, "programme", "P", "/1/"), (2, 1, "unit", "U1", "/1/2/"), (3, 2, "community", "C1", "/1/2/3/"),
    (4, 2, "community", "C2", "/1/2/4/"), (5, 1, "unit", "U2", "/1/5/"), (6, 3, "grid", "G1", "/1/2/3/6/"),
)  # fmt: skip
HOMES = ((1, 6, 5, "3", "2", "501"), (2, 6, None, "10", "1", "101"), (3, 6, None, "3", "1", "202"), (4, 4, None, "3", "2", "501"))


def viewer(name: str) -> Viewer:
    return viewer_of(Account.objects.get(username=name), DAY)


def account(name: str) -> int:
    return int(Account.objects.get(username=name).pk)


@pytest.fixture
def doors(db: None) -> None:
    """Three families in G1 of C1 (the first came from U2), one in C2; a child in each."""
    for key, parent, level, code, path in PLACES:
        Place.objects.create(id=key, tree="scope", parent_id=parent, level=level, code=code, name=code, path=path)
    for name, (role, code, side, department) in CAST.items():
        made = open_account(username=name, display_name=name, password=None, by="test", at=SINCE)
        place = Place.objects.get(code=code)
        give_post(account=made, role=role, place=place, side=side, department=department, start=SINCE.date(), by="test", at=SINCE)
    said: dict[str, Any] = {"valid_from": SINCE.date(), "known_from": SINCE}
    for key, place, origin, building, unit, room in HOMES:
        home = Household.objects.create(
            id=key, household_code=f"H{key:04d}", place_id=place, origin_place_id=origin, building_no=building, unit_no=unit,
            room_no=room, **said,
        )  # fmt: skip
        for n, (name, born, relation) in enumerate((("韦秀英", date(1980, 1, 1), "01"), ("韦小明", date(2013, 5, 1), "30"))):
            person = Person.objects.create(id=key * 10 + n, name=name, birth_date=born, relation_to_head=relation, **said)
            Membership.objects.create(id=key * 10 + n, person=person, household=home, start=date(2019, 1, 1), known_from=SINCE)


def as_(name: str, lang: str = "en") -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
    client.cookies["django_language"] = "zh-hans" if lang == "zh" else "en"
    return client
