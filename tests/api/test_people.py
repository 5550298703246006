"""Families and persons: masked, within the post's places, every look journaled; a stranger learns nothing."""

from __future__ import annotations

import json

import pytest

from anju.api.models import KeptAnswer
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from api.conftest import NUMBER, As

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["worker", "secretary", "inspector", "origin", "clerk", "bureau"])
def test_who_looks_after_the_family_sees_it_masked(home: Household, as_: As, name: str) -> None:
    answer = as_(name).get("/households/1")
    found, text = answer.json(), answer.content.decode()
    assert (found["code"], found["address"], found["place"]["code"]) == ("H0001", "3-2-501", "C1")
    assert [(one["name"], one["number"]) for one in found["members"]] == [("韦**", "522300************"), ("韦**", "522300************")]
    assert "韦秀英" not in text and NUMBER not in text


@pytest.mark.parametrize("path", ["/households/{}", "/persons/{}"])
def test_the_neighbour_cannot_tell_that_it_exists(home: Household, as_: As, path: str) -> None:
    there, nowhere = as_("neighbour").get(path.format(1)), as_("neighbour").get(path.format(999))
    assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content


@pytest.mark.parametrize("text", ["韦", "韦秀英", "wxy", "WX", "3-2-501", "H0001", "h00", NUMBER, NUMBER.lower()])
def test_search_finds_within_the_post(home: Household, as_: As, text: str) -> None:
    found = as_("worker").post("/households/search", {"text": text})
    assert [row["household"]["id"] for row in found.json()["items"]][:1] == [1]
    assert "韦秀英" not in found.content.decode() and NUMBER not in found.content.decode()
    assert as_("neighbour").post("/households/search", {"text": text}).json() == {"items": [], "next": None}


def test_a_search_is_paged_and_its_cursor_tells_nobody_a_name(home: Household, as_: As) -> None:
    caller = as_("worker")
    first = caller.post("/households/search?limit=1", {"text": "韦"})
    following = first.json()["next"]
    assert first["Link"] == f'<{following}>; rel="next"'
    second = caller.post(following.removeprefix("/api/v1"), {"text": "韦"}).json()
    assert [first.json()["items"][0]["person"], second["items"][0]["person"]] == [2, 1] and second["next"] is None
    other = caller.post(following.removeprefix("/api/v1"), {"text": "w"})
    assert other.status_code == 422 and other.json()["faults"][0]["where"] == "query.after"


def test_a_look_stands_in_the_journal_and_shows_to_who_may_know(home: Household, as_: As) -> None:
    as_("worker").get("/households/1")
    as_("worker").get("/persons/1")
    as_("neighbour").get("/households/1")
    bring_in()
    looks = Line.objects.filter(act__endswith=".see").order_by("pk").values_list("act", "about", "by")
    assert list(looks) == [("household.see", "household:1", "worker"), ("person.see", "person:1", "worker")]
    assert [row["act"] for row in as_("secretary").get("/households/1/looks").json()["items"]] == ["person.see", "household.see"]
    assert as_("worker").get("/households/1/looks").status_code == 403


def test_a_number_is_shown_for_a_reason_that_is_kept(home: Household, as_: As) -> None:
    caller = as_("secretary")
    refused = caller.post("/persons/1/reveal", {"reason": "other", "words": "x"})
    assert refused.status_code == 422 and refused.json()["faults"][0]["where"] == "body.words"
    shown = caller.post("/persons/1/reveal", {"reason": "visit"}).json()
    assert (shown["name"], [one["number"] for one in shown["numbers"]]) == ("韦秀英", [NUMBER])
    bring_in()
    line = Line.objects.get(act="person.reveal")
    assert (line.about, line.by, line.detail["reason"]) == ("person:1", "secretary", "visit")


def test_who_may_not_lift_the_mask_cannot(home: Household, as_: As) -> None:
    assert as_("worker").post("/persons/1/reveal", {"reason": "visit"}).status_code == 403
    assert as_("neighbour").post("/persons/1/reveal", {"reason": "visit"}).status_code == 403
    bring_in()
    assert not Line.objects.filter(act="person.reveal").exists()


def test_a_reveal_is_never_kept_and_each_is_a_look_of_its_own(home: Household, as_: As) -> None:
    caller = as_("secretary")
    for _ in range(2):
        answer = caller.post("/persons/1/reveal", {"reason": "visit"}, key="k1")
        assert answer.json()["numbers"][0]["number"] == NUMBER and "Idempotency-Replayed" not in answer
    bring_in()
    assert Line.objects.filter(act="person.reveal").count() == 2
    assert KeptAnswer.objects.get().body is None
    assert caller.post("/persons/1/reveal", {"reason": "call"}, key="k1").json()["type"].endswith("#key-reused")


def test_lookups_ask_a_fixed_number_of_times(home: Household, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("worker")
    caller.get("/households/1")
    with django_assert_num_queries(5):  # type: ignore[operator]  # token, household, run, members, numbers
        caller.get("/households/1")
    with django_assert_num_queries(3):  # type: ignore[operator]  # token, keys in the order of names, people
        caller.post("/households/search", {"text": "韦"})
    with django_assert_num_queries(4):  # type: ignore[operator]  # token, run, person, number
        caller.get("/persons/1")


def test_a_number_never_stands_in_an_address(home: Household, as_: As) -> None:
    following = as_("worker").post("/households/search?limit=1", {"text": "wx"}).json()["next"]
    assert "韦" not in json.dumps(following, ensure_ascii=False)
