"""Cases over the API: from the queue to the closing; outside the post nothing exists; a refusal says what is missing and who can supply it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from anju.api.case_steps import ALL
from anju.api.cases import BY_FILE
from anju.apps.cases.models import Case, CaseEvent, Measure
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.visits.models import Visit
from anju.core.casework.states import STEPS
from api.conftest import As
from apps.cases.conftest import Loop, loop
from apps.cases.test_loop import fed_back, handled

__all__ = ["loop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Loop:
    monkeypatch.setattr(settings, "DATA", loop.data)
    for module in ("api.cases", "api.case_steps", "apps.cases.offering", "apps.cases.needed", "apps.cases.steps.visiting"):
        monkeypatch.setattr(f"anju.{module}.today", lambda: loop.day)
    return loop


def at(case: Case, step: str = "") -> str:
    return f"/cases/{case.pk}{step and '/'}{step}"


def test_a_case_goes_from_the_queue_to_its_closing(desk: Loop, as_: As) -> None:
    case = desk.told()
    worker, secretary, street = as_("worker"), as_("secretary"), as_("street")

    def taken(caller: Any, step: str, **body: Any) -> dict[str, Any]:
        answer = caller.post(at(case, step), body)
        assert answer.status_code == 200, answer.json()
        found: dict[str, Any] = answer.json()["case"]
        return found

    people = {one["name"]: one for one in secretary.get(at(case, "workers")).json()["items"]}
    assert taken(secretary, "assign", to=people["worker"]["account"], seen=0)["assignee"]["name"] == "worker"
    (row,) = worker.get("/cases?queue=mine&assignee=me").json()["items"]
    assert (row["number"], row["waits_on"], row["mine"], row["household_code"]) == (case.pk, "verify", True, "H0001")
    assert taken(worker, "verify", found="confirmed", mode="door", words="as it was told")["state"] == "verified"
    assert Visit.objects.get().about == f"case:{case.pk}"
    assert taken(secretary, "judge", outcome="handle", reason="needs help")["state"] == "judged"
    taken(worker, "plan-measure", text="talk to the school", owner="worker", due_on=desk.day.isoformat(), cost=120_000)
    measure = Measure.objects.get()
    taken(worker, "finish-measure", measure=measure.pk, done_on=desk.day.isoformat(), result="a place is found")
    taken(worker, "feed-back", words="the place is taken up")
    taken(worker, "answer", answer="solved", channel="phone")
    found = street.get(at(case)).json()
    assert (found["waits_on"], found["next_move"]["who"][0]["role"], found["mine"]) == ("close:street", "street", True)
    assert found["measures"][0]["cost"] == 120_000 and [one["what"] for one in found["events"]][-1] == "opened"
    assert {one["standing"] for one in found["gate"] if not one["code"].startswith("approval")} == {"done"} and "close" in found["may"]
    assert taken(street, "close")["state"] == "closed"
    assert [one["number"] for one in street.get("/cases?state=closed").json()["items"]] == [case.pk]
    bring_in()
    assert Line.objects.filter(act="cases.close", by="street").count() == 1 and Line.objects.filter(act="case.see").exists()


def test_outside_the_post_a_case_does_not_exist(desk: Loop, as_: As) -> None:
    case = desk.told()
    stranger = as_("stranger")
    assert stranger.get("/cases").json()["items"] == [] and stranger.get("/cases/counts").json()["open"] == 0
    assert as_("secretary").get("/cases/counts").json()["open"] == 1
    for path in ("", "workers"):
        there, nowhere = stranger.get(at(case, path)), stranger.get(f"/cases/999999{path and '/'}{path}")
        assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content
    body = {"to": desk.accounts["stranger"]}
    there, nowhere = stranger.post(at(case, "assign"), body), stranger.post("/cases/999999/assign", body)
    assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content
    assert as_("water").get(at(case)).status_code == 404 and as_("neighbour").get(at(case)).status_code == 404
    assert stranger.get(f"/cases?place={desk.place['C1'].pk}").status_code == 404
    assert not CaseEvent.objects.filter(what="assign").exists()


def test_who_closes_is_told_what_is_missing_and_who_can_supply_it(desk: Loop, as_: As) -> None:
    case = fed_back(desk, desk.told())
    answer = as_("street").post(at(case, "close"), {}, language="zh-CN")
    problem = answer.json()
    assert answer.status_code == 409 and problem["type"].endswith("#gate-holds") and "暂不能销号" in problem["detail"]
    (missing,) = problem["missing"]
    assert missing["code"] == "household" and "grid_worker" in [one["role"] for one in missing["who"]] and missing["told"][0]["zh"]
    (line,) = [one for one in as_("worker").get(at(case)).json()["gate"] if one["code"] == "household"]
    assert (line["standing"], line["mine"]) == ("missing", True)


def test_a_refusal_says_why_in_the_language_asked_for_and_changes_nothing(desk: Loop, as_: As) -> None:
    case = desk.told(level="red")
    before = Case.objects.values().get(pk=case.pk)
    for language, words in (("en", "to judge it must be verified"), ("zh-CN", "须在 已核查 时办理")):
        answer = as_("education").post(at(case, "judge"), {"outcome": "handle", "reason": "needs help"}, language=language, key=f"k-{language}")
        assert answer.status_code == 409 and answer.json()["type"].endswith("#refused") and words in answer.json()["detail"]
    assert as_("worker").post(at(case, "judge"), {"outcome": "handle", "reason": "needs help"}).status_code == 403
    stale = as_("secretary").post(at(case, "assign"), {"to": desk.accounts["worker"], "seen": 7})
    assert stale.status_code == 409 and stale.json()["type"].endswith("#conflict")
    wrong = as_("secretary").post(at(case, "assign"), {"to": 0, "seem": 1})
    assert wrong.status_code == 422 and {one["where"] for one in wrong.json()["faults"]} == {"body.to", "body.seem"}
    assert Case.objects.values().get(pk=case.pk) == before


def test_a_step_twice_under_one_key_is_once(desk: Loop, as_: As) -> None:
    case, caller = desk.told(), as_("secretary")
    first, again = (caller.post(at(case, "assign"), {"to": desk.accounts["worker"]}, key="a1") for _ in range(2))
    assert first.status_code == 200 and again.content == first.content and again["Idempotency-Replayed"] == "true"
    assert CaseEvent.objects.filter(what="assign").count() == 1


def test_nobody_home_plans_the_next_visit_and_the_case_waits(desk: Loop, as_: As) -> None:
    case = desk.told()
    as_("secretary").post(at(case, "assign"), {"to": desk.accounts["worker"]})
    answer = as_("worker").post(at(case, "verify"), {"found": "nobody", "mode": "door", "words": "the door was shut"}).json()
    assert answer["case"]["state"] == "assigned" and answer["next_visit"]


def test_matters_of_health_are_told_to_whom_they_concern(desk: Loop, as_: As) -> None:
    case = handled(desk, desk.told(standard="MH-02", owner="health"))
    Case.objects.filter(pk=case.pk).update(words="his kidneys")
    for name, told in (("secretary", True), ("cadre", False)):
        found = as_(name).get(at(case)).json()
        assert found["told"] is told and found["title"]["zh"]
        written = [one["reason"] for one in found["events"]] + [one["text"] for one in found["measures"]] + [found["words"]]
        assert ("talk to the school" in written) is told and ("his kidneys" in written) is told, name


def test_a_post_that_opens_no_family_reads_where_and_not_whose(desk: Loop, as_: As) -> None:
    found = as_("leader").get(at(desk.told())).json()
    assert found["place"]["name"] == "place G1"
    assert (found["household"], found["household_code"], found["who"], found["words"]) == (None, "", "", "")


def test_the_queue_is_narrowed_and_paged_to_its_end(desk: Loop, as_: As) -> None:
    for level in ("red", "yellow", "orange"):
        desk.told(level=level)
    Case.objects.filter(level="red").update(deadline=desk.day - timedelta(days=1), overdue=True)
    caller, seen, path = as_("secretary"), [], "/cases?limit=2"
    while path:
        page = caller.get(path).json()
        seen += [row["level"] for row in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert sorted(seen) == ["orange", "red", "yellow"]
    for query in ("overdue=true", f"due={desk.day}", "level=red"):
        assert [row["level"] for row in caller.get(f"/cases?{query}").json()["items"]] == ["red"], query
    assert len(caller.get(f"/cases?state=alerted&place={desk.place['G1'].pk}").json()["items"]) == 3
    assert caller.get("/cases?assignee=me").json()["items"] == caller.get("/cases?state=ended").json()["items"] == []


def test_lists_ask_a_fixed_number_of_times(desk: Loop, as_: As, django_assert_num_queries: Any) -> None:
    caller = as_("secretary")
    for _ in range(3):
        desk.told()
    caller.get("/me")
    with django_assert_num_queries(4):  # token, cases, households, places; persons and accounts where a case names one
        caller.get("/cases")
    with django_assert_num_queries(2):  # token, counts
        caller.get("/cases/counts")


def test_every_step_of_the_loop_that_a_post_takes_has_an_address() -> None:
    assert {name for name, step in STEPS.items() if step.acts} - {one.name for one in ALL} == set()
    assert not BY_FILE & {one.name for one in ALL}


def test_ending_otherwise_takes_two(desk: Loop, as_: As) -> None:
    case = handled(desk, desk.told())
    proposed = as_("worker").post(at(case, "propose-end"), {"end": "false_alarm", "cause": "data", "reason": "the roll was wrong"})
    assert proposed.json()["case"]["waits_on"] == "confirm:yellow"
    alone = as_("worker").post(at(case, "confirm-end"), {"granted": True})
    assert alone.status_code == 403
    ended = as_("secretary").post(at(case, "confirm-end"), {"granted": True})
    assert ended.status_code == 200 and ended.json()["case"]["end"] == "false_alarm", ended.json()
