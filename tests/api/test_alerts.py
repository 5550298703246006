"""Alerts: queues of the post, taking on, putting off; twice under one key is once; outside the post nothing exists."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anju.apps.alerts.actions import today
from anju.apps.alerts.models import Episode, EpisodeEvent, Mute
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from api.conftest import As, Judged

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("name", "sees"), [("worker", True), ("secretary", True), ("clerk", True), ("inspector", True), ("bureau", True),
                                            ("neighbour", False), ("water", False)])  # fmt: skip
def test_a_queue_shows_what_the_post_answers_for(judged: Judged, as_: As, name: str, sees: bool) -> None:
    caller = as_(name)
    found = caller.get("/alerts?standard=ED-01").json()["items"]
    assert [(row["number"], row["who"], row["household_code"]) for row in found] == ([(judged.alert.pk, "韦**", "H0001")] if sees else [])
    assert caller.get(f"/alerts/{judged.alert.pk}").status_code == (200 if sees else 404)
    assert caller.get("/alerts/counts").json()["standards"].get("ED-01", 0) == (1 if sees else 0)


def test_outside_the_post_an_alert_does_not_exist(judged: Judged, as_: As) -> None:
    caller = as_("neighbour")
    there, nowhere = caller.get(f"/alerts/{judged.alert.pk}"), caller.get("/alerts/999999")
    assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content
    taken, never = (caller.post("/alerts/acknowledge", {"numbers": [number]}) for number in (judged.alert.pk, 999999))
    assert (taken.status_code, never.status_code) == (404, 404) and taken.content == never.content
    assert as_("steward").get("/alerts").status_code == 403
    assert caller.get("/alerts?place=3").status_code == 404
    assert not Episode.objects.exclude(acknowledged_by="").exists()


def test_one_alert_says_because_of_what_and_what_the_stages_said(judged: Judged, as_: As) -> None:
    found = as_("secretary").get(f"/alerts/{judged.alert.pk}").json()
    assert found["told"] and found["facts"] and found["facts"][0]["title"]["zh"]
    assert [stage["stage"] for stage in found["stages"]] and "released" in [event["what"] for event in found["events"]]
    bring_in()
    assert Line.objects.get(act="alert.see").about == "household:1"


def test_lists_ask_a_fixed_number_of_times(judged: Judged, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("worker")
    caller.get("/me")
    with django_assert_num_queries(5):  # type: ignore[operator]  # token, alerts, households, persons, places
        caller.get("/alerts")
    with django_assert_num_queries(2):  # type: ignore[operator]  # token, counts
        caller.get("/alerts/counts")
    with django_assert_num_queries(2):  # type: ignore[operator]  # token, mutes
        caller.get("/mutes")


def test_taking_on_twice_under_one_key_is_once(judged: Judged, as_: As) -> None:
    caller, body = as_("worker"), {"numbers": [judged.alert.pk], "comment": "visit on Friday"}
    first = caller.post("/alerts/acknowledge", body, key="k1")
    assert first.json() == {"taken": [judged.alert.pk], "others": []}
    again = caller.post("/alerts/acknowledge", body, key="k1")
    assert again.content == first.content and again["Idempotency-Replayed"] == "true"
    assert EpisodeEvent.objects.filter(what="acknowledged").count() == 1
    other = as_("secretary").post("/alerts/acknowledge", body)
    assert other.json() == {"taken": [], "others": [{"number": judged.alert.pk, "by": "worker"}]}
    assert caller.post("/alerts/acknowledge", {"numbers": [judged.alert.pk]}, key="k1").status_code == 422
    line = Line.objects.get(act="alerts.acknowledge")
    assert (line.about, line.by, line.post is not None) == (f"alert:{judged.alert.pk}", "worker", True)


@pytest.mark.parametrize("numbers", [[], [0], [-1], [2**70], ["x"], list(range(1, 300))])
def test_what_is_no_number_is_told(judged: Judged, as_: As, numbers: list[object]) -> None:
    answer = as_("worker").post("/alerts/acknowledge", {"numbers": numbers})
    assert answer.status_code == 422 and answer.json()["faults"][0]["where"].startswith("body.numbers")


def test_an_alert_is_put_off_and_no_longer(judged: Judged, as_: As) -> None:
    caller, day = as_("secretary"), today()
    assert day is not None
    body = {"what": "one", "reason": "back on Monday", "until": (day + timedelta(days=7)).isoformat()}
    made = caller.post(f"/alerts/{judged.alert.pk}/mute", body, key="m1")
    assert made.status_code == 201 and made.json()["hits"] == 1
    assert caller.post(f"/alerts/{judged.alert.pk}/mute", body, key="m1").json() == made.json() and Mute.objects.count() == 1
    key = made.json()["id"]
    assert [row["id"] for row in caller.get("/mutes").json()["items"]] == [key]
    assert caller.get("/alerts?queue=muted").json()["items"][0]["number"] == judged.alert.pk
    assert as_("neighbour").get("/mutes").json()["items"] == []
    assert as_("water").get("/mutes").json()["items"] == caller.get("/mutes").json()["items"]
    ended = caller.post(f"/mutes/{key}/end")
    assert ended.json()["ended_by"] == "secretary"
    assert caller.post(f"/mutes/{key}/end").status_code == 409
    assert caller.get("/mutes").json()["items"] == [] and len(caller.get("/mutes?standing=false").json()["items"]) == 1
    assert caller.get("/alerts").json()["items"][0]["number"] == judged.alert.pk


def test_a_mute_names_every_fault_and_who_may_not_is_told(judged: Judged, as_: As) -> None:
    path, day = f"/alerts/{judged.alert.pk}/mute", today()
    assert day is not None
    far = {"what": "one", "reason": "    ", "until": (day + timedelta(days=60)).isoformat()}
    answer = as_("secretary").post(path, far)
    assert answer.status_code == 422 and {fault["where"] for fault in answer.json()["faults"]} == {"body.reason", "body.until"}
    assert as_("worker").post(path, far).status_code == 403
    assert as_("secretary").post("/alerts/999999/mute", far).status_code == 404
    assert as_("secretary").post("/mutes/999999/end").status_code == 404
    assert not Mute.objects.exists()


def test_a_queue_is_paged_to_its_end(judged: Judged, as_: As) -> None:
    for n in range(5):
        copied = Episode.objects.get(pk=judged.alert.pk)
        copied.pk, copied.subject_id, copied.cluster = None, 100 + n, f"H{n}"
        copied.save()
    done = Episode.objects.exclude(pk=judged.alert.pk).filter(standard="ED-01").order_by("pk")[:3]
    Episode.objects.filter(pk__in=[one.pk for one in done]).update(queue="done", closed_on="2023-09-25")
    caller = as_("worker")
    for queue, n in (("todo", 3), ("done", 3)):
        seen, path = [], f"/alerts?queue={queue}&limit=2"
        while path:
            page = caller.get(path).json()
            seen += [row["number"] for row in page["items"]]
            path = (page["next"] or "").removeprefix("/api/v1")
        assert len(seen) == len(set(seen)) == n, queue


def test_a_family_without_alerts_has_none(home: Household, as_: As) -> None:
    assert as_("worker").get("/alerts").json() == {"items": [], "next": None}
