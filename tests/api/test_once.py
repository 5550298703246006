"""What is asked twice under one key is done once, on either database, whoever is killed in between."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory
from django.utils import timezone

from anju.api.door import body_digest
from anju.api.models import KeptAnswer
from anju.api.once import CLAIMED, KEPT, once
from anju.api.problems import Problem
from anju.apps.places.models import Succession
from anju.apps.staff.models import Token
from api.conftest import NUMBER, build_cast, token_of

BODY = '{"a": 1}'


def asked(key: str = "k1", body: str = BODY) -> HttpRequest:
    return RequestFactory().post("/api/v1/x", body, content_type="application/json", headers={"Idempotency-Key": key} if key else {})


class Work:
    """An act that can be seen in the database: a row for each time it was done."""

    def __init__(self) -> None:
        self.token = Token.objects.get()

    def act(self) -> HttpResponse:
        n = Succession.objects.count() + 1
        Succession.objects.create(kind="place", from_key=str(n), to_key="x", on=timezone.localdate(), how="renamed")
        return JsonResponse({"n": n}, status=201)

    def ask(self, run: Any = None, key: str = "k1", body: str = BODY, **more: bool) -> HttpResponse:
        try:
            return once(asked(key, body), self.token, run or self.act, **{"kept": True, "whole": True, **more}, digest=body_digest)
        except Problem as problem:
            return problem.answer()

    @property
    def done(self) -> int:
        return Succession.objects.count()


@pytest.fixture
def work(db: None) -> Work:
    build_cast()
    token_of("worker")
    return Work()


def test_the_same_key_and_body_get_the_same_answer(work: Work) -> None:
    first, second = work.ask(), work.ask()
    assert (first.status_code, second.status_code) == (201, 201) and first.content == second.content
    assert "Idempotency-Replayed" not in first and second["Idempotency-Replayed"] == "true"
    assert work.done == 1
    assert b'"n"' not in bytes(KeptAnswer.objects.get().body or b"")


def test_a_stolen_copy_of_the_table_cannot_be_tried_against_a_list_of_numbers(work: Work) -> None:
    body = f'{{"text": "{NUMBER}"}}'
    work.ask(body=body)
    row = KeptAnswer.objects.get()
    guesses = [
        sha256(text.encode()).hexdigest() for text in (body, f"POST /api/v1/x {body}", f"POST /api/v1/x {sha256(body.encode()).hexdigest()}")
    ]
    assert row.fingerprint not in guesses and NUMBER.encode() not in bytes(row.body or b"")


def test_another_key_another_token_and_none_are_other_requests(work: Work) -> None:
    work.ask()
    work.ask(key="k2")
    work.ask(key="")
    token_of("neighbour")
    work.token = Token.objects.latest("pk")
    work.ask()
    assert work.done == 4


def test_the_same_key_with_another_body_is_refused(work: Work) -> None:
    work.ask()
    answer = work.ask(body='{"a": 2}')
    assert answer.status_code == 422 and b"#key-reused" in answer.content and work.done == 1


@pytest.mark.parametrize("key", [" ", "é", "x" * 201, "a\tb"])
def test_a_key_that_is_none_is_refused(work: Work, key: str) -> None:
    answer = work.ask(key=key)
    assert answer.status_code == (201 if key == " " else 422)


def test_what_is_refused_changes_nothing_and_frees_its_key(work: Work) -> None:
    def refuse() -> HttpResponse:
        work.act()
        return Problem("conflict").answer()

    assert work.ask(refuse).status_code == 409
    assert work.ask(refuse, key="").status_code == 409
    assert work.done == 0
    assert work.ask().status_code == 201


def test_what_fails_changes_nothing_and_frees_its_key(work: Work) -> None:
    def fail() -> HttpResponse:
        work.act()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        work.ask(fail)
    assert (work.done, KeptAnswer.objects.count()) == (0, 0)


def test_keys_are_forgotten_after_a_day(work: Work) -> None:
    work.ask()
    KeptAnswer.objects.update(made_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert "Idempotency-Replayed" not in work.ask() and work.done == 2
    assert KeptAnswer.objects.count() == 1


def test_an_answer_that_is_not_kept_is_given_anew(work: Work) -> None:
    for _ in range(2):
        assert "Idempotency-Replayed" not in work.ask(kept=False)
    assert work.done == 2 and KeptAnswer.objects.get().body is None
    assert work.ask(kept=False, body="{}").status_code == 422


@pytest.mark.usefixtures("file_database")
def test_of_two_at_once_one_works_and_the_other_waits() -> None:
    build_cast()
    token_of("worker")
    work, begun, go_on = Work(), Event(), Event()
    answers: list[HttpResponse] = []

    def slowly() -> HttpResponse:
        response = work.act()
        begun.set()
        assert go_on.wait(20)
        return response

    def first() -> None:
        answers.append(work.ask(slowly))
        connections.close_all()

    thread = Thread(target=first)
    thread.start()
    assert begun.wait(20)
    other = work.ask()
    go_on.set()
    thread.join(20)
    assert other.status_code == 409 and int(other["Retry-After"]) > 0 and b"#under-way" in other.content
    assert answers[0].status_code == 201 and work.done == 1
    assert work.ask()["Idempotency-Replayed"] == "true"


@pytest.mark.usefixtures("file_database")
def test_two_that_claim_in_the_same_moment_are_one() -> None:
    build_cast()
    token_of("worker")
    work, go = Work(), Event()
    statuses: list[int] = []

    def one() -> None:
        assert go.wait(20)
        statuses.append(work.ask().status_code)
        connections.close_all()

    threads = [Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(30)
    assert work.done == 1 and set(statuses) <= {201, 409} and 201 in statuses and len(statuses) == 6


@pytest.mark.usefixtures("file_database")
def test_who_was_thought_dead_and_is_overtaken_changes_nothing() -> None:
    """The first is so slow that its claim is taken over while it works; on SQLite the second waits for the writer."""
    build_cast()
    token_of("worker")
    work, begun, go_on = Work(), Event(), Event()
    answers: list[HttpResponse] = []

    def slowly() -> HttpResponse:
        begun.set()
        assert go_on.wait(20)
        return work.act()

    def first() -> None:
        answers.append(work.ask(slowly, whole=False))
        connections.close_all()

    thread = Thread(target=first)
    thread.start()
    assert begun.wait(20)
    KeptAnswer.objects.update(made_at=timezone.now() - CLAIMED)
    second = work.ask()
    go_on.set()
    thread.join(20)
    assert second.status_code == 201 and answers[0].status_code == 409
    assert work.ask()["Idempotency-Replayed"] == "true"


def test_a_claim_that_a_killed_request_left_is_taken_over(work: Work) -> None:
    work.ask()
    KeptAnswer.objects.update(claim="gone", status=None, body=None)  # as a request leaves it that was killed before its act became true
    Succession.objects.all().delete()
    assert work.ask().status_code == 409
    KeptAnswer.objects.update(made_at=timezone.now() - CLAIMED)
    assert work.ask().status_code == 201 and work.done == 1
    assert work.ask()["Idempotency-Replayed"] == "true"
