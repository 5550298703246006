"""One family in settlement C1 that came from O1, beside an empty settlement C2; a cast of posts, each with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.api.door import wrong_tokens
from anju.apps.findings.current import programme
from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.vault import Sealer, digest, ensure_keys
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, make_token, open_account
from anju.apps.staff.models import Post
from anju.core.terms.identifiers import check_digit
from anju.web.layout.catalogues import compile_stale

compile_stale()
AT = datetime(2023, 1, 1, tzinfo=UTC)
NUMBER = "52230019900101001" + check_digit("52230019900101001")
CAST = {
    "worker": ("grid_worker", "C1", Post.DESTINATION, ""), "neighbour": ("grid_worker", "C2", Post.DESTINATION, ""),
    "secretary": ("first_secretary", "C1", Post.DESTINATION, ""), "inspector": ("county_bureau", "U1", Post.DESTINATION, ""),
    "origin": ("county_bureau", "O1", Post.ORIGIN, ""), "clerk": ("county_department", "U1", Post.DESTINATION, "education"),
    "water": ("county_department", "U1", Post.DESTINATION, "water"), "bureau": ("prefecture_bureau", "P", Post.DESTINATION, ""),
    "steward": ("data_steward", "P", Post.DESTINATION, ""), "auditor": ("auditor", "P", Post.DESTINATION, ""),
    "administrator": ("administrator", "P", Post.DESTINATION, ""), "leader": ("leader", "P", Post.DESTINATION, ""),
}  # fmt: skip
PLACES = (("P", "", "programme"), ("U1", "P", "unit"), ("C1", "U1", "community"), ("C2", "U1", "community"), ("O1", "P", "unit"))


class Caller:
    """A program with one token. Every refusal it gets must be a whole problem."""

    def __init__(self, token: str) -> None:
        self.client, self.token = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False), token

    def __call__(self, method: str, path: str, body: Any = None, *, key: str = "", language: str = "en", **more: Any) -> Any:
        headers = {"Accept-Language": language, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        headers |= {"Idempotency-Key": key} if key else {}
        data = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        response = self.client.generic(method, f"/api/v1{path}", headers=headers, **{**data, **more})
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json", response.content
            problem = response.json()
            assert set(problem) == {"type", "title", "status", "detail", "faults"} and problem["status"] == response.status_code
            assert problem["title"] and problem["detail"]
        return response

    def get(self, path: str, **more: Any) -> Any:
        return self("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self("POST", path, body, **more)


As = Callable[[str], Caller]


@pytest.fixture(autouse=True)
def no_wrong_tokens() -> None:
    wrong_tokens.forget()


def build_cast() -> dict[str, Place]:
    place: dict[str, Place] = {}
    for n, (code, above, level) in enumerate(PLACES, start=1):
        parent = place.get(above)
        path = f"{parent.path if parent else '/'}{n}/"
        place[code] = Place.objects.create(id=n, tree="scope", level=level, code=code, name=f"place {code}", parent=parent, path=path)
    for name, (role, code, side, department) in CAST.items():
        account = open_account(username=name, display_name=name, password=None, by="test", at=AT)
        give_post(account=account, role=role, place=place[code], side=side, department=department, by="test", at=AT)
    return place


def build_family(place: dict[str, Place]) -> Household:
    dated = {"valid_from": AT.date(), "known_from": AT}
    home = Household.objects.create(
        id=1, household_code="H0001", place=place["C1"], origin_place=place["O1"], building_no="3", unit_no="2", room_no="501", **dated
    )
    people = [
        Person.objects.create(id=1, name="韦秀英", initials="wxy", birth_date=date(1990, 1, 1), relation_to_head="02", **dated),
        Person.objects.create(id=2, name="韦小明", initials="wxm", birth_date=date(2013, 5, 1), relation_to_head="20", **dated),
    ]
    for person in people:
        Membership.objects.create(id=person.pk, person=person, household=home, start=date(2019, 1, 1), known_from=AT)
    keys, kind = ensure_keys(), programme().identifiers[0].name
    Identifier.objects.create(
        id=1, person=people[0], type=kind, value=Sealer(keys).seal(NUMBER), digest=digest(keys, kind, NUMBER), masked="522300************"
    )
    return home


@pytest.fixture
def home(db: None) -> Household:
    return build_family(build_cast())


def token_of(name: str, *, days: int = 30) -> str:
    return make_token(post=Post.objects.get(account__username=name), name="test", days=days, by="test", at=timezone.now())[1]


@pytest.fixture
def as_() -> As:
    return lambda name: Caller(token_of(name) if name else "")
