"""Places of the post and below, and nothing beside or above them."""

from __future__ import annotations

from datetime import date

import pytest

from anju.apps.people.models import Household
from anju.apps.places.models import Place, PlaceCode, Succession
from api.conftest import As

pytestmark = pytest.mark.django_db


def codes(answer: object) -> list[str]:
    return [row["code"] for row in answer.json()["items"]]  # type: ignore[attr-defined]


def test_the_tree_is_that_of_the_post(home: Household, as_: As) -> None:
    assert codes(as_("inspector").get("/places")) == ["U1", "C1", "C2"]
    assert codes(as_("worker").get("/places")) == ["C1"]
    assert codes(as_("origin").get("/places")) == []
    assert codes(as_("bureau").get("/places?level=community")) == ["C1", "C2"]
    assert codes(as_("bureau").get("/places?below=2")) == ["C1", "C2"]
    assert codes(as_("bureau").get("/places?name=place C")) == ["C1", "C2"]
    assert codes(as_("worker").get("/places?name=place U")) == []


def test_a_place_is_found_by_a_code_it_had_once(home: Household, as_: As) -> None:
    PlaceCode.objects.create(place_id=3, scheme="scope", code="OLD", name="old", valid_from=date(2015, 1, 1), valid_to=date(2019, 1, 1))
    assert codes(as_("worker").get("/places?code=OLD")) == ["C1"]
    assert codes(as_("neighbour").get("/places?code=OLD")) == []
    one = as_("inspector").get("/places/3").json()
    assert ([code["code"] for code in one["codes"]], [above["code"] for above in one["way"]]) == (["OLD"], ["U1"])


def test_outside_the_post_a_place_does_not_exist(home: Household, as_: As) -> None:
    there, nowhere = as_("worker").get("/places/4"), as_("worker").get("/places/999")
    assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content
    assert as_("worker").get("/places/abc").status_code == 422
    assert as_("worker").get("/places/99999999999999999999999").status_code == 422


def test_lists_are_paged_by_their_last_row(home: Household, as_: As, django_assert_num_queries: object) -> None:
    caller, seen, path = as_("bureau"), [], "/places?limit=2"
    caller.get("/me")
    while path:
        with django_assert_num_queries(2):  # type: ignore[operator]  # token, places
            page = caller.get(path).json()
        seen += [row["code"] for row in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert seen == [place.code for place in Place.objects.order_by("path")]


@pytest.mark.parametrize("cursor", ["", "x", "eyJrZXkiOiBbMV19", "-" * 60, "é"])
def test_a_broken_cursor_is_told(home: Household, as_: As, cursor: str) -> None:
    answer = as_("bureau").get(f"/places?after={cursor}")
    assert answer.status_code == 422 and answer.json()["faults"][0]["where"] == "query.after"


def test_a_cursor_serves_its_own_list_only(home: Household, as_: As) -> None:
    caller = as_("bureau")
    after = caller.get("/places?limit=1").json()["next"].partition("after=")[2]
    assert caller.get(f"/places?after={after}").status_code == 200
    assert caller.get(f"/places?after={after}&level=unit").status_code == 422
    assert caller.get(f"/successions?after={after}").status_code == 422


def test_successions_are_public(home: Household, as_: As) -> None:
    Succession.objects.create(kind="place", from_key="522322", to_key="522302", on=date(2018, 1, 1), how="renamed")
    Succession.objects.create(kind="employer", from_key="a", to_key="b", on=date(2018, 1, 1), how="renamed")
    row = {"from_code": "522322", "to_code": "522302", "how": "renamed", "on": "2018-01-01", "doubtful": False}
    assert as_("worker").get("/successions?code=522302").json() == {"items": [row], "next": None}
    assert as_("worker").get("/successions?code=1").json()["items"] == []
