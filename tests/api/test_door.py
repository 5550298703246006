"""Tokens: who calls, in which post, and how every refusal is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from anju.api.door import WRONG
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from anju.apps.staff.actions import Refused, end_post, make_token, revoke_token
from anju.apps.staff.models import Account, Post, Token
from api.conftest import As, Caller, token_of

pytestmark = pytest.mark.django_db


def test_me_tells_the_post_and_what_it_may_do(home: Household, as_: As) -> None:
    found = as_("worker").get("/me").json()
    assert found["account"] == {"username": "worker", "display_name": "worker"}
    assert (found["post"]["role"], found["post"]["place"]["code"], found["post"]["department"]) == ("grid_worker", "C1", None)
    assert "household.see" in [act["act"] for act in found["acts"]] and "person.reveal" not in [act["act"] for act in found["acts"]]
    assert found["post"]["role_title"] == {"en": "Grid worker", "zh": "网格员"}


def test_only_the_hash_of_a_token_is_kept_and_its_making_is_journaled(home: Household) -> None:
    text = token_of("worker")
    token = Token.objects.get()
    assert text not in str(token.__dict__) and len(token.digest) == 64
    assert Line.objects.get(act="token.make").about == f"token:{token.pk}"


def test_the_day_of_the_last_use_is_noted_once(home: Household, as_: As, django_assert_num_queries: object) -> None:
    caller = as_("worker")
    caller.get("/me")
    assert Token.objects.get().last_used == timezone.localdate()
    with django_assert_num_queries(1):  # type: ignore[operator]  # the token with its post, account and place
        assert caller.get("/me").status_code == 200


def test_without_a_token_and_with_a_wrong_one(home: Household, as_: As) -> None:
    for caller in (as_(""), Caller("anju_" + "x" * 43), Caller("short")):
        answer = caller.get("/me")
        assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_is_over_revoked_or_of_an_ended_post_opens_nothing(home: Household, as_: As) -> None:
    over, revoked, ended, closed = (as_(name) for name in ("worker", "neighbour", "secretary", "inspector"))
    Token.objects.filter(post__account__username="worker").update(expires=timezone.localdate())
    revoke_token(token=Token.objects.get(post__account__username="neighbour"), by="test", at=timezone.now())
    end_post(post=Post.objects.get(account__username="secretary"), by="test", at=timezone.now())
    Account.objects.filter(username="inspector").update(is_active=False)
    assert [caller.get("/me").status_code for caller in (over, revoked, ended, closed)] == [401] * 4


def test_a_token_never_falls_back_on_another_post(home: Household, as_: As) -> None:
    worker = Post.objects.get(account__username="worker")
    Post.objects.create(account=worker.account, role="first_secretary", place=worker.place, start=worker.start)
    caller = as_("neighbour")
    assert caller.get("/me").json()["post"]["role"] == "grid_worker"
    text = make_token(post=worker, name="x", days=1, by="test", at=timezone.now())[1]
    end_post(post=worker, by="test", at=timezone.now())
    assert Caller(text).get("/me").status_code == 401


@pytest.mark.parametrize(("name", "days"), [("", 3), ("x", 0), ("x", 400)])
def test_a_token_without_name_or_end_is_not_made(home: Household, name: str, days: int) -> None:
    with pytest.raises(Refused):
        make_token(post=Post.objects.get(account__username="worker"), name=name, days=days, by="test", at=timezone.now())


def test_a_post_that_ended_gets_no_token_and_a_revoked_one_is_not_revoked_again(home: Household) -> None:
    post = Post.objects.get(account__username="worker")
    token_of("worker")
    revoke_token(token=Token.objects.get(), by="test", at=timezone.now())
    with pytest.raises(Refused):
        revoke_token(token=Token.objects.get(), by="test", at=timezone.now())
    end_post(post=post, by="test", at=timezone.now() - timedelta(days=1))
    with pytest.raises(Refused):
        make_token(post=post, name="x", days=3, by="test", at=timezone.now())


def test_a_session_is_not_a_token(home: Household) -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(username="worker"), backend="anju.apps.staff.signed_in.Backend")
    assert client.get("/api/v1/me").status_code == 401


def test_many_wrong_tokens_must_wait_and_a_valid_one_does_not(home: Household, as_: As) -> None:
    valid, wrong = as_("worker"), Caller("anju_" + "x" * 43)
    assert {wrong.get("/me").status_code for _ in range(WRONG)} == {401}
    answer = wrong.get("/me")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert valid.get("/me").status_code == 200


def test_a_post_that_may_not_is_told_so_and_in_its_language(home: Household, as_: As) -> None:
    english, chinese = as_("steward").get("/households/1"), as_("steward").get("/households/1", language="zh-CN")
    assert english.status_code == chinese.status_code == 403
    assert english.json()["title"] == "This is not for the post of the token"
    assert chinese.json()["title"] == "令牌所属岗位不能这样做"


def test_addresses_methods_and_bodies_that_are_not_there(home: Household, as_: As) -> None:
    caller = as_("worker")
    assert caller.get("/nowhere").status_code == 404
    deleted = caller("DELETE", "/me")
    assert (deleted.status_code, deleted["Allow"]) == (405, "GET")
    head = caller("HEAD", "/me")
    assert (head.status_code, head.content) == (200, b"") and caller("HEAD", "/households/search").status_code == 405
    chunked = caller.post("/households/search", {"text": "x"}, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert [fault["where"] for fault in chunked.json()["faults"]] == ["header.Content-Length"]
    assert caller.post("/households/search", data="text=x", content_type="text/plain").status_code == 415
    assert caller.post("/households/search", data="{", content_type="application/json").status_code == 400
    assert caller.post("/households/search", data="[]", content_type="application/json").status_code == 400
    assert caller.post("/households/search", {"text": "x" * 3_000_000}).status_code == 413


def test_every_wrong_field_is_told_at_once_and_nothing_is_repeated(home: Household, as_: As) -> None:
    answer = as_("secretary").post("/persons/1/reveal", {"reason": "522300199001010010", "words": "x" * 300, "more": 1})
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["faults"]} == {"body.reason", "body.words", "body.more"}
    assert "522300199001010010" not in answer.content.decode()
    typo = as_("worker").get("/places?levle=red&x=1").json()
    assert [fault["where"] for fault in typo["faults"]] == ["query.levle", "query.x"] and "level" in typo["faults"][0]["what"]
    both = as_("worker").get("/places?limit=0&level=" + "x" * 40)
    assert [fault["where"] for fault in both.json()["faults"]] == ["query.limit", "query.level"]


def test_a_fault_of_ours_is_a_problem_too(home: Household, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("韦秀英")

    monkeypatch.setattr("anju.api.people.household_in_scope", fail)
    answer = as_("worker").get("/households/1")
    assert answer.status_code == 500 and "韦秀英" not in answer.content.decode()
