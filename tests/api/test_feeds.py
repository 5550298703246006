"""Feeds and deliveries: a file sent is taken in once, receipts are those of the post, rows set aside name nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from anju.api.models import KeptAnswer
from anju.apps.feeds.models import Delivery
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from api.conftest import CHILD, NUMBER, ROLL, As, Caller, Judged

pytestmark = pytest.mark.django_db
WHERE = "/deliveries?feed=F09&unit=U1"


def sent(caller: Caller, text: str = ROLL, *, path: str = WHERE, content_type: str = "text/csv", key: str = "") -> object:
    return caller("POST", path, data=text.encode(), content_type=content_type, key=key)


def as_form(text: str, name: str = "roll.csv") -> dict[str, object]:
    return {"data": encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, text.encode())}), "content_type": MULTIPART_CONTENT}


def test_contracts_are_those_of_the_post_and_asked_for_again_for_nothing(home: Household, as_: As, django_assert_num_queries: object) -> None:
    steward, clerk = as_("steward"), as_("clerk")
    every = steward.get("/feeds")
    assert "F09" in [row["code"] for row in every.json()["items"]]
    assert {row["owner"] for row in clerk.get("/feeds").json()["items"]} == {"education"}
    with django_assert_num_queries(1):  # type: ignore[operator]  # the token
        assert steward.get("/feeds", fresh=every["ETag"]).status_code == 304
    one = steward.get("/feeds/F09").json()
    assert {"name": "person_id", "type": "person"}.items() <= next(c for c in one["columns"] if c["name"] == "person_id").items()
    assert as_("water").get("/feeds/F09").status_code == steward.get("/feeds/F99").status_code == 404
    assert as_("worker").get("/feeds").status_code == 403


@pytest.mark.parametrize("form", [True, False])
def test_a_file_is_taken_in_once_however_often_it_is_sent(home: Household, as_: As, form: bool, own_data_folder: Path) -> None:
    caller = as_("clerk")

    def send(key: str = "") -> object:
        return caller("POST", WHERE, **as_form(ROLL), key=key) if form else sent(caller, key=key)

    first, again, same = send("k1"), send("k1"), send()
    receipt = first.json()  # type: ignore[attr-defined]
    assert (receipt["rows"], receipt["accepted"], receipt["set_aside"], receipt["unit"]) == (2, 1, 1, "U1")
    assert [one.status_code for one in (first, again, same)] == [201, 201, 200]  # type: ignore[attr-defined]
    assert again["Idempotency-Replayed"] == "true" and same.json()["same_as_before"]  # type: ignore[attr-defined, index]
    assert Delivery.objects.get().recorded_by == "clerk" and Line.objects.get(act="feeds.deliver").post is not None
    assert not list((own_data_folder / "lake" / "work").glob("api-*"))


def test_the_same_key_with_another_file_is_refused(home: Household, as_: As) -> None:
    caller = as_("clerk")
    assert sent(caller, key="k1").status_code == 201  # type: ignore[attr-defined]
    assert sent(caller, ROLL.replace("dropped_out", "enrolled"), key="k1").status_code == 422  # type: ignore[attr-defined]
    assert KeptAnswer.objects.count() == Delivery.objects.count() == 1


def test_a_file_that_cannot_be_taken_says_why_and_leaves_nothing(home: Household, as_: As, own_data_folder: Path) -> None:
    caller = as_("clerk")
    cases = [
        (sent(caller, "a,b\n1,2\n"), 422, "body"), (sent(caller, " "), 422, "body"),
        (sent(caller, path="/deliveries?feed=F99&unit=U1"), 422, "query.feed"),
        (sent(caller, path="/deliveries?feed=F09&unit=U9"), 422, "query.unit"),
        (sent(caller, path="/deliveries"), 422, "query.feed"), (sent(caller, content_type="application/octet-stream"), 422, "query.file_name"),
        (sent(caller, path=WHERE + "&file_name=roll.pdf", content_type="application/octet-stream"), 422, "body"),
        (sent(caller, content_type="application/json"), 415, ""),
        (caller("POST", WHERE, data=encode_multipart(BOUNDARY, {"x": "y"}), content_type=MULTIPART_CONTENT), 422, "body.file"),
        (caller("POST", WHERE, data=b"--x", content_type="multipart/form-data"), 400, ""),
        (sent(as_("water")), 422, "query.feed"),
    ]  # fmt: skip
    for n, (answer, status, where) in enumerate(cases):
        assert answer.status_code == status, (n, answer.content)  # type: ignore[attr-defined]
        assert [fault["where"] for fault in answer.json()["faults"]] == ([where] if where else []), n  # type: ignore[attr-defined]
    assert sent(as_("worker")).status_code == 403  # type: ignore[attr-defined]
    assert not Delivery.objects.exists() and not list((own_data_folder / "lake" / "work").glob("api-*"))


def test_what_the_intake_says_is_said_in_the_language_asked_for(judged: Judged, as_: As) -> None:
    caller, key = as_("clerk"), judged.delivery.pk
    for language, reason in (("en", "Term (term): is empty, and must not be"), ("zh-CN", "学期 (term)：不能为空")):
        (row,) = caller.get(f"/deliveries/{key}/set-aside", language=language).json()["items"]
        receipt = caller.get(f"/deliveries/{key}", language=language).json()
        assert row["reason"] == reason and receipt["reasons"] == {reason: 1}
        assert any(("列" in one or "读" in one) is (language != "en") for one in receipt["messages"])
    refused = caller("POST", WHERE, data=b"a,b\n1,2\n", content_type="text/csv", language="zh-CN")
    (fault,) = refused.json()["faults"]
    assert not re.search(r"[a-z]{4,} [a-z]{2,} [a-z]{2,}", fault["what"]) and "；" in fault["what"], fault


def test_receipts_are_those_of_the_posts_units_and_department(judged: Judged, as_: As, django_assert_num_queries: object) -> None:
    key = judged.delivery.pk
    for name in ("clerk", "inspector", "bureau", "steward"):
        assert [row["id"] for row in as_(name).get("/deliveries").json()["items"]] == [key], name
    caller = as_("water")
    there, nowhere = caller.get(f"/deliveries/{key}"), caller.get("/deliveries/999")
    assert (there.status_code, nowhere.status_code) == (404, 404) and there.content == nowhere.content
    assert caller.get("/deliveries").json()["items"] == []
    assert as_("clerk").get("/deliveries?feed=F10").json()["items"] == as_("clerk").get("/deliveries?held=true").json()["items"] == []
    one = as_("clerk").get(f"/deliveries/{key}").json()
    assert one["covers"] == [{"unit": "U1", "period": one["covers"][0]["period"], "rows": 1}] and one["reasons"]
    caller = as_("steward")
    caller.get("/me")
    with django_assert_num_queries(2):  # type: ignore[operator]  # token, deliveries
        caller.get("/deliveries")


def test_rows_set_aside_name_nobody(judged: Judged, as_: As) -> None:
    caller = as_("clerk")
    found = caller.get(f"/deliveries/{judged.delivery.pk}/set-aside")
    (row,) = found.json()["items"]
    cells = {cell["header"]: cell for cell in row["cells"]}
    assert NUMBER not in found.content.decode() and CHILD not in found.content.decode()
    assert cells["person_id"] == {"header": "person_id", "column": "person_id", "value": "522300************", "masked": True}
    assert (cells["status"]["value"], cells["status"]["masked"], row["line"]) == ("enrolled", False, 3) and "term" in row["reason"]
    assert as_("water").get(f"/deliveries/{judged.delivery.pk}/set-aside").status_code == 404
    assert as_("inspector").get(f"/deliveries/{judged.delivery.pk}/set-aside").status_code == 403


def test_a_delivery_is_withdrawn_once(judged: Judged, as_: As) -> None:
    path, caller = f"/deliveries/{judged.delivery.pk}/withdraw", as_("clerk")
    assert caller.post(path, {"reason": "    "}).status_code == 422
    done = caller.post(path, {"reason": "the wrong month"}, key="w1")
    assert (done.json()["withdrawn_by"], done.json()["withdrawn_reason"]) == ("clerk", "the wrong month")
    assert caller.post(path, {"reason": "the wrong month"}, key="w1").content == done.content
    assert caller.post(path, {"reason": "the wrong month"}).status_code == 409
    assert as_("inspector").post(path, {"reason": "the wrong month"}).status_code == 403
    assert as_("water").post(path, {"reason": "the wrong month"}).status_code == 404
    assert Line.objects.filter(act="feeds.withdraw").count() == 1


def test_a_held_delivery_is_confirmed_by_its_owner(judged: Judged, as_: As) -> None:
    path, caller = f"/deliveries/{judged.delivery.pk}/confirm", as_("clerk")
    assert caller.post(path, {}).status_code == 409
    Delivery.objects.update(held_reason="half of the rows are missing")
    assert [row["held"] for row in caller.get("/deliveries?held=true").json()["items"]] == ["half of the rows are missing"]
    assert as_("water").post(path, {}).status_code == 404
    assert caller.post(path, {"reason": "two schools closed"}).json()["confirmed_by"] == "clerk"
    assert caller.get("/deliveries?held=true").json()["items"] == []


def test_receipts_are_paged_to_their_end(judged: Judged, as_: As) -> None:
    kept = Delivery.objects.get()
    for n in range(4):
        kept.pk, kept.sha256 = None, str(n)
        kept.save(force_insert=True)
    caller, seen, path = as_("steward"), [], "/deliveries?limit=2"
    while path:
        page = caller.get(path).json()
        seen += [row["id"] for row in page["items"]]
        path = (page["next"] or "").removeprefix("/api/v1")
    assert seen == sorted(seen, reverse=True) and len(set(seen)) == 5
