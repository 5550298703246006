"""The pages of work with a fixed cast: what each post sees of a queue, and what it may do there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from alerts_fixtures import Deployment, dropped, one, places, rules
from anju.apps.alerts.models import Episode, Hold, Mute
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Household, Membership, Person
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Account

__all__ = ["one", "places", "rules"]

AT = datetime(2023, 1, 1, tzinfo=UTC)
CAST = {
    "worker": ("grid_worker", "C1", ""), "neighbour": ("grid_worker", "C2", ""), "secretary": ("first_secretary", "C1", ""),
    "clerk": ("county_department", "U1", "education"), "water": ("county_department", "U1", "water"),
    "inspector": ("county_bureau", "U1", ""), "bureau": ("prefecture_bureau", "P", ""), "steward": ("data_steward", "P", ""),
}  # fmt: skip


@pytest.fixture
def episode(one: Deployment, monkeypatch: pytest.MonkeyPatch) -> Episode:
    """A child out of school in C1, found on the second day; every page asks this deployment."""
    monkeypatch.setattr(settings, "DATA", one.data)
    for name, (role, code, department) in CAST.items():
        account = open_account(username=name, display_name=name, password="a long pass-phrase", by="test", at=AT)
        give_post(account=account, role=role, place=Place.objects.get(code=code), department=department, by="test", at=AT)
    Account.objects.update(must_change_password=False)
    dated = {"valid_from": AT.date(), "known_from": AT}
    home = Household.objects.create(
        id=1, household_code="H0001", place_id=3, building_no="3", unit_no="2", room_no="501", **dated
    )  # fmt: skip
    person = Person.objects.create(id=1, name="韦小明", relation_to_head="02", **dated)
    Membership.objects.create(id=1, person=person, household=home, start=date(2019, 1, 1), known_from=AT)
    one.begin()
    one.judge(date(2023, 9, 26), **dropped())
    return Episode.objects.get()


def as_(name: str) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize(("name", "sees"), [("worker", True), ("secretary", True), ("clerk", True), ("inspector", True), ("bureau", True),
                                            ("neighbour", False), ("water", False)])  # fmt: skip
def test_a_queue_shows_what_the_post_answers_for(episode: Episode, name: str, sees: bool) -> None:
    page = as_(name).get("/work/")
    assert page.status_code == 200
    assert ("Not in school" in text(page)) is sees
    assert "韦小明" not in text(page)
    assert (as_(name).get(f"/work/alerts/{episode.pk}/").status_code == 200) is sees


def test_a_stranger_is_asked_to_sign_in_and_learns_nothing(episode: Episode) -> None:
    for there in (f"/work/alerts/{episode.pk}/", "/work/alerts/999999/", "/work/", "/work/mutes/", "/work/baselines/"):
        page = Client(HTTP_HOST="127.0.0.1").get(there)
        assert (page.status_code, page.headers["Location"].split("?")[0]) == (302, "/sign-in/")


def test_outside_the_post_an_alert_does_not_exist(episode: Episode) -> None:
    client = as_("neighbour")
    there, nowhere = client.get(f"/work/alerts/{episode.pk}/"), client.get("/work/alerts/999999/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    token = re.compile(r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"')
    assert token.sub("", text(there)).replace(f"/{episode.pk}/", "/N/") == token.sub("", text(nowhere)).replace("/999999/", "/N/")


def test_who_has_no_business_with_alerts_is_refused(episode: Episode) -> None:
    assert as_("steward").get("/work/").status_code == 403
    assert as_("worker").get("/work/baselines/").status_code == 403
    assert as_("worker").get(f"/work/mutes/new/?alert={episode.pk}").status_code == 403


def test_the_alert_says_because_of_what_and_the_look_is_in_the_journal(episode: Episode) -> None:
    page = text(as_("secretary").get(f"/work/alerts/{episode.pk}/"))
    assert all(word in page for word in ("Not in school", "韦**", "3-2-501", "dropped out", "Why it was sent"))
    bring_in()
    assert Line.objects.filter(act="alert.see", about="household:1", by="secretary").count() == 1


def test_facts_of_health_are_for_who_needs_them(episode: Episode) -> None:
    Episode.objects.update(standard="MH-02", breach="heavy", owner="medical_security")
    assert "need to know" in text(as_("worker").get(f"/work/alerts/{episode.pk}/"))
    assert "need to know" not in text(as_("secretary").get(f"/work/alerts/{episode.pk}/"))


def test_it_is_taken_on_from_the_row_and_the_second_is_told_who(episode: Episode) -> None:
    page = as_("worker").post("/work/take/", {"only": episode.pk}, follow=True)
    assert "1 alert is yours now." in text(page)
    late = as_("secretary").post("/work/take/", {"only": episode.pk}, follow=True)
    assert f"No. {episode.pk} is with worker already." in text(late)
    assert "worker" in text(as_("secretary").get("/work/?queue=taken"))


def test_several_are_shown_once_more_before_they_are_taken_on(episode: Episode) -> None:
    client = as_("worker")
    shown = client.post("/work/take/", {"numbers": [episode.pk]})
    assert "Take on 1 alert?" in text(shown)
    assert Episode.objects.get().acknowledged_by == ""
    client.post("/work/take/", {"numbers": [episode.pk], "sure": "1", "comment": "I go there today"})
    assert (Episode.objects.get().acknowledged_by, Episode.objects.get().acknowledged_comment) == ("worker", "I go there today")
    assert client.post("/work/take/", {}).status_code == 400


def test_what_is_not_ones_own_is_not_taken_on(episode: Episode) -> None:
    assert as_("neighbour").post("/work/take/", {"only": episode.pk}).status_code == 404
    assert Episode.objects.get().acknowledged_by == ""


def test_a_mute_is_previewed_and_what_was_typed_stays_on_a_refusal(episode: Episode) -> None:
    client, given = as_("secretary"), {"alert": episode.pk, "what": "one", "until": "2023-09-30", "reason": "the school was called"}
    wrong = client.post("/work/mutes/new/", {**given, "until": "2024-09-30", "sure": "1"})
    assert wrong.status_code == 400
    assert "the school was called" in text(wrong) and "Choose a day between" in text(wrong)
    shown = text(client.post("/work/mutes/new/", given))
    assert "ED-01 Every child of school age is in school, of this family" in shown
    assert "This would be put off" in shown and "Not in school" in shown
    assert not Mute.objects.exists()
    done = client.post("/work/mutes/new/", {**given, "sure": "1"}, follow=True)
    assert "1 alert is put off until 2023-09-30." in text(done)
    listed = text(client.get("/work/mutes/"))
    assert all(word in listed for word in ("secretary", "the school was called", "held back 1 alert"))
    client.post(f"/work/mutes/{Mute.objects.get().pk}/end/")
    assert Episode.objects.get().queue == "todo"


def test_a_baseline_is_released_by_name(one: Deployment, episode: Episode) -> None:
    Hold.objects.update(released_at=None)
    Episode.objects.update(hold=Hold.objects.filter(standard="ED-01", place_id=2).get(), queue="held", dispatched_on=None)
    Hold.objects.filter(standard="ED-01", place_id=2).update(alerts=1)
    hold = Episode.objects.get().hold
    client = as_("inspector")
    assert "ED-01" in text(client.get("/work/baselines/"))
    assert hold is not None
    page = client.post("/work/baselines/", {"holds": [hold.pk], "comment": "looked at"}, follow=True)
    assert "1 alert was let into the queues." in text(page)
    assert (Hold.objects.get(pk=hold.pk).released_by, Episode.objects.get().queue) == ("inspector", "todo")


@pytest.mark.parametrize(("address", "n"), [("/work/", 19), ("/work/?level=red", 19), ("/work/?queue=done", 15)])
def test_how_many_statements_a_queue_takes(episode: Episode, address: str, n: int, django_assert_num_queries: Any) -> None:
    client = as_("inspector")
    client.get(address)
    with django_assert_num_queries(n):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/work/?after=xx", "/work/?after=WzEsIngiLDNd", "/work/?queue=x&level=y&standard=z&place=q", "/work/?queue=done&after=WyJ4IiwxXQ=="],
)
def test_an_address_that_was_tampered_with_is_the_first_page(episode: Episode, address: str) -> None:
    assert as_("inspector").get(address).status_code == 200


def test_the_pages_speak_chinese(episode: Episode) -> None:
    client = as_("secretary")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    page = text(client.get("/work/"))
    assert all(word in page for word in ("我的工作", "待认领", "失学辍学")) and "Take it on" not in page
