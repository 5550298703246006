"""What a run says: standards, runs, findings, explanations, the answers of a family; each within the post and its need to know."""

from __future__ import annotations

import pytest

from anju.apps.findings.current import policy
from anju.apps.findings.models import Finding
from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from anju.tasks.models import Ticket
from api.conftest import CHILD, As, Judged

pytestmark = pytest.mark.django_db


def test_findings_are_those_of_the_posts_places_and_department(judged: Judged, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("worker")
    first = caller.get("/findings?standard=ED-01").json()["items"]
    assert [(row["standard"], row["subject_id"], row["level"], row["household"]) for row in first] == [("ED-01", 2, first[0]["level"], 1)]
    with django_assert_num_queries(3):  # type: ignore[operator]  # token, run, findings
        everything = caller.get("/findings").json()["items"]
    assert everything and all(row["household"] in (1, None) for row in everything)
    assert as_("neighbour").get("/findings").json() == {"items": [], "next": None}
    assert as_("clerk").get("/findings?standard=ED-01").json()["items"] == first
    assert as_("water").get("/findings?standard=ED-01").status_code == 403
    assert {row["standard"] for row in as_("water").get("/findings").json()["items"]} <= {
        code for code, one in policy().standards.items() if (version := one.version_on(judged.run.day)) and version.owner == "water"
    }
    assert as_("steward").get("/findings").status_code == 403
    assert as_("worker").get("/findings?place=4").status_code == 404
    assert caller.get("/findings?standard=XX-99").status_code == 404


def test_findings_are_filtered_and_paged_to_their_end(judged: Judged, as_: As) -> None:
    more = {"breach": "late", "at_least": False, "evidence": "{}", "opened_by_run": 1, "changed_by_run": 1, "level": "yellow"}
    for n, path in enumerate(("/1/2/4/", "/1/2/3/", "/1/2/3/", "/1/5/"), start=50):
        Finding.objects.create(standard="ED-03", subject="household", subject_id=n, path=path, **more)
    caller, seen, path = as_("bureau"), [], "/findings?limit=2"
    while path:
        page = caller.get(path).json()
        seen += [row["id"] for row in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert seen == [f.pk for f in Finding.objects.filter(path__startswith="/1/").order_by("path", "pk")] and len(seen) == 5
    one = Finding.objects.get(standard="ED-01")
    for query in (f"level={one.level}", "subject=person", "place=3", "household=1"):
        assert one.pk in [row["id"] for row in caller.get(f"/findings?limit=200&{query}").json()["items"]], query
    assert caller.get("/findings?household=2").json()["items"] == []


def test_one_finding_is_there_for_who_may_see_it(judged: Judged, as_: As) -> None:
    key = Finding.objects.get(standard="ED-01").pk
    assert as_("worker").get(f"/findings/{key}").json()["title"]["zh"] == policy().standards["ED-01"].title.zh
    for name in ("neighbour", "water"):
        there, nowhere = as_(name).get(f"/findings/{key}"), as_(name).get("/findings/999999")
        assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content


def test_an_answer_is_explained_step_by_step_and_the_look_is_journaled(judged: Judged, as_: As) -> None:
    found = as_("worker").get("/standards/ED-01/explain/2")
    told = found.json()
    assert (told["answer"], told["key"], told["day"], told["same_rules_as_the_run"]) == ("breached", 2, "2023-09-26", True)
    assert told["rule"] and told["because_of"] and told["known_at"].startswith("2023-09-26T18:00:00")
    assert CHILD not in found.content.decode() and "韦小明" not in found.content.decode()
    bring_in()
    assert Line.objects.get(act="person.see").about == "person:2"
    assert as_("neighbour").get("/standards/ED-01/explain/2").status_code == 404
    assert as_("neighbour").get("/standards/ED-01/explain/999").status_code == 404
    assert as_("water").get("/standards/ED-01/explain/2").status_code == 403
    assert as_("worker").get("/standards/XX-99/explain/2").status_code == 404


def test_every_kind_of_subject_is_explained_or_not_there(judged: Judged, as_: As) -> None:
    caller = as_("bureau")
    for code, standard in policy().standards.items():
        if standard.subject == "household" and standard.version_on(judged.run.day) is not None:
            assert caller.get(f"/standards/{code}/explain/H0001").json()["key"] == 1
            assert as_("neighbour").get(f"/standards/{code}/explain/H0001").status_code in (403, 404)
            break
    places = [c for c, s in policy().standards.items() if s.subject == "community" and s.version_on(judged.run.day)]
    assert caller.get(f"/standards/{places[0]}/explain/3").json()["key"] == 3
    assert caller.get(f"/standards/{places[0]}/explain/2").status_code == 404
    keyed = [c for c, s in policy().standards.items() if s.subject in policy().keyed]
    assert caller.get(f"/standards/{keyed[0]}/explain/nobody").status_code == 404


def test_a_family_shows_its_lights_and_answers(judged: Judged, as_: As) -> None:
    found = as_("worker").get("/households/1").json()
    lights = {light["guarantee"]: light["state"] for light in found["lights"]}
    assert lights["education"] == "breached"
    answer = next(one for one in found["answers"] if one["standard"] == "ED-01" and one["subject_id"] == 2)
    assert (answer["answer"], answer["told"]) == ("breached", True) and answer["breach_title"]["en"]
    person = as_("worker").get("/persons/2").json()
    assert {one["subject_id"] for one in person["answers"]} == {2}


def test_what_few_may_know_is_an_answer_without_its_level(judged: Judged, as_: As) -> None:
    secret = {code for code, one in policy().standards.items() if one.domain == "medical_and_health"}
    worker = [one for one in as_("worker").get("/households/1").json()["answers"] if one["standard"] in secret]
    secretary = [one for one in as_("secretary").get("/households/1").json()["answers"] if one["standard"] in secret]
    assert worker and not any(one["told"] or one["level"] or one["breach"] for one in worker)
    assert all(one["told"] for one in secretary) and [one["answer"] for one in worker] == [one["answer"] for one in secretary]
    assert as_("worker").get(f"/findings?standard={min(secret)}").status_code == 403
    assert as_("secretary").get(f"/findings?standard={min(secret)}").status_code == 200


def test_runs_and_what_they_counted(judged: Judged, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("secretary")
    assert [row["id"] for row in caller.get("/runs").json()["items"]] == [judged.run.pk]
    assert caller.get("/runs/current").json() == caller.get(f"/runs/{judged.run.pk}").json()
    with django_assert_num_queries(4):  # type: ignore[operator]  # token, run, place, attainment
        rows = caller.get(f"/runs/{judged.run.pk}/attainment?standard=ED-01").json()["items"]
    assert [(row["standard"], row["place"]["code"], row["breached"]) for row in rows] == [("ED-01", "C1", 1)]
    below = as_("inspector").get(f"/runs/{judged.run.pk}/attainment?standard=ED-01&below=true").json()["items"]
    assert [row["place"]["code"] for row in below] == ["U1", "C1"]
    assert as_("secretary").get(f"/runs/{judged.run.pk}/attainment?place=4").status_code == 404
    families = as_("inspector").get(f"/runs/{judged.run.pk}/families?below=true").json()["items"]
    assert [(row["place"]["code"], row["put_right"]) for row in families] == [("U1", 1), ("C1", 1), ("C2", 0)]
    assert as_("worker").get(f"/runs/{judged.run.pk}/families").status_code == 403
    assert as_("origin").get(f"/runs/{judged.run.pk}/families").status_code == 404
    assert as_("administrator").get("/runs").status_code == 403
    assert caller.get("/runs/999").status_code == 404


def test_attainment_is_paged_to_its_end(judged: Judged, as_: As) -> None:
    caller, seen, path = as_("secretary"), [], f"/runs/{judged.run.pk}/attainment?limit=7"
    while path:
        page = caller.get(path).json()
        seen += [row["standard"] for row in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert seen == sorted(seen) and len(seen) == len(set(seen)) > 7


def test_a_run_is_queued_once_and_asked_for_by_who_queued_it(home: Household, as_: As) -> None:
    caller = as_("steward")
    first, again = caller.post("/runs", key="r1"), caller.post("/runs", key="r1")
    assert (first.status_code, first.json()["state"], first.json()["kind"]) == (202, "waiting", "run")
    assert again["Idempotency-Replayed"] == "true" and again["Location"] == first["Location"]
    assert caller.post("/runs").json()["number"] == first.json()["number"] and Ticket.objects.count() == 1
    told = caller.get(first["Location"].removeprefix("/api/v1")).json()
    assert (told["number"], told["state"], told["asked_by"]) == (first.json()["number"], "waiting", "steward")
    assert as_("bureau").get(first["Location"].removeprefix("/api/v1")).status_code == 404
    assert caller.get("/tasks/999").status_code == 404
    assert as_("worker").post("/runs").status_code == 403


@pytest.mark.parametrize("path", ["/runs/current", "/findings", "/standards/ED-01/explain/1", "/findings/1"])
def test_before_the_first_run_it_is_said(home: Household, as_: As, path: str) -> None:
    answer = as_("worker").get(path)
    assert answer.status_code == 503 and answer.json()["title"] == "Nothing has been judged yet"


def test_standards_are_asked_for_again_for_nothing(home: Household, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("leader")
    first = caller.get("/standards")
    assert [row["code"] for row in first.json()["items"]] == sorted(policy().standards)
    with django_assert_num_queries(1):  # type: ignore[operator]  # the token
        again = caller.get("/standards", fresh=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    other = caller.get("/standards?domain=housing")
    assert other["ETag"] != first["ETag"] and {row["domain"] for row in other.json()["items"]} == {"housing"}
    one = caller.get("/standards/ED-01").json()
    assert one["versions"][0]["breaches"][0]["when"] and one["sentence"]["zh"]
    assert caller.get("/standards/XX-99").status_code == 404
    assert as_("administrator").get("/standards").status_code == 403


def test_the_journal_is_for_who_audits(judged: Judged, as_: As, django_assert_num_queries: object) -> None:
    as_("worker").get("/households/1")
    caller = as_("auditor")
    lines = caller.get("/journal?about=household:1").json()["items"]
    assert [(line["act"], line["by"]) for line in lines] == [("household.see", "worker")]
    assert {line["act"] for line in caller.get("/journal?act=token.make").json()["items"]} == {"token.make"}
    page = caller.get("/journal?limit=1").json()
    with django_assert_num_queries(2):  # type: ignore[operator]  # token, lines
        second = caller.get(page["next"].removeprefix("/api/v1")).json()
    assert second["items"][0]["id"] < page["items"][0]["id"]
    assert as_("bureau").get("/journal").status_code == 403
