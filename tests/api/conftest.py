"""One family in settlement C1 that came from O1, beside an empty settlement C2; a cast of posts, each with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.api.door import wrong_tokens
from anju.apps.alerts.actions import follow, release_baseline
from anju.apps.alerts.models import Episode, Hold
from anju.apps.cases.models import Case
from anju.apps.cases.steps.opening import open_told
from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.models import Delivery
from anju.apps.feeds.own import SILENT
from anju.apps.findings.actions import judge
from anju.apps.findings.current import policy, programme
from anju.apps.findings.models import Run
from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, Sealer, digest, ensure_keys, masked_identifier
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, make_token, open_account
from anju.apps.staff.models import Account, Post
from anju.apps.staff.queries import viewer_of
from anju.core.terms.identifiers import check_digit
from anju.web.layout.catalogues import compile_stale

compile_stale()
AT = datetime(2023, 1, 1, tzinfo=UTC)
NUMBER = "52230019900101001" + check_digit("52230019900101001")
CHILD = "52230020130501001" + check_digit("52230020130501001")
DAY, KNOWN = date(2023, 9, 26), datetime(2023, 9, 26, 18, tzinfo=UTC)
ROLL = (
    "person_id,term,school_code,school_unit_code,stage,grade,status,boarding,enrolled_on\n"
    f"{CHILD},2023-2024-1,U1-primary-1,U1,primary,4,dropped_out,false,2019-09-01\n"
    f"{NUMBER},,U1-primary-1,U1,primary,4,enrolled,false,2019-09-01\n"
)
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

    def __call__(self, method: str, path: str, body: Any = None, *, key: str = "", language: str = "en", fresh: str = "", **more: Any) -> Any:
        headers = {"Accept-Language": language, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"If-None-Match": fresh} if fresh else {}
        data = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        response = self.client.generic(method, f"/api/v1{path}", headers=headers, **{**data, **more})
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json", response.content
            if method == "HEAD":
                return response
            problem = response.json()
            assert set(problem) - {"missing"} == {"type", "title", "status", "detail", "faults"} and problem["status"] == response.status_code
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
        id=1,
        household_code="H0001",
        place=place["C1"],
        origin_place=place["O1"],
        building_no="3",
        unit_no="2",
        room_no="501",
        status="active",
        **dated,
    )
    people = [
        Person.objects.create(
            id=1, name="韦秀英", initials="wxy", birth_date=date(1990, 1, 1), relation_to_head="02", sex="2", alive=True, **dated
        ),
        Person.objects.create(
            id=2, name="韦小明", initials="wxm", birth_date=date(2013, 5, 1), relation_to_head="20", sex="1", alive=True, **dated
        ),
    ]
    for person in people:
        Membership.objects.create(id=person.pk, person=person, household=home, start=date(2019, 1, 1), known_from=AT)
    keys, kind = ensure_keys(), programme().identifiers[0].name
    for person, number in zip(people, (NUMBER, CHILD), strict=True):
        Identifier.objects.create(
            id=person.pk,
            person=person,
            type=kind,
            value=Sealer(keys).seal(number),
            digest=digest(keys, kind, number),
            masked=masked_identifier(number),
        )
    return home


@pytest.fixture
def home(db: None) -> Household:
    return build_family(build_cast())


@dataclass(frozen=True, slots=True)
class Judged:
    """The family after a run of every standard over a school roll: the child is out of school. `alert` is the child's, let out."""

    home: Household
    run: Run
    delivery: Delivery
    alert: Episode


@pytest.fixture
def judged(home: Household, own_data_folder: Path) -> Judged:
    file = own_data_folder / "F09_U1_2023-2024-1.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(ROLL, encoding="utf-8")
    kind = programme().identifiers[0].name
    delivery = receive_file(
        file, feed="F09", policy=policy(), root=own_data_folder / "lake", directory=Directory(kind), vault=FileVault(), by="test",
        at=datetime(2023, 9, 12, 12, tzinfo=UTC), unit="U1",
    ).delivery  # fmt: skip
    run = judge(policy(), own_data_folder, DAY, KNOWN, own=SILENT, by="test").run
    follow(policy(), own_data_folder, run)
    bureau = viewer_of(Account.objects.get(username="bureau"), timezone.localdate())
    release_baseline(
        policy(), own_data_folder, keys=list(Hold.objects.filter(released_at=None).values_list("pk", flat=True)), by=bureau, at=timezone.now()
    )
    return Judged(home, run, delivery, Episode.objects.get(standard="ED-01"))


def told_case(judged: Judged) -> Case:
    """A case of the family: told of, and in nobody's hands yet."""
    secretary = viewer_of(Account.objects.get(username="secretary"), timezone.localdate())
    home = judged.home
    return open_told(
        household_id=home.pk, place_id=None, path=home.place.path, origin_path=None, standard="", owner="education", level="yellow",
        channel="declared", receipt="", words="told at the window", by=secretary, at=timezone.now(),
    )  # fmt: skip


def token_of(name: str, *, days: int = 30) -> str:
    return make_token(post=Post.objects.get(account__username=name), name="test", days=days, by="test", at=timezone.now())[1]


@pytest.fixture
def as_() -> As:
    return lambda name: Caller(token_of(name) if name else "")
