"""Background tasks on their page: whether a worker lives, what was given up and why, and trying again or calling off."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anju.apps.journal.models import Line
from anju.tasks import turns
from anju.tasks.actions import SCHEDULE, queue
from anju.tasks.heart import registered
from anju.tasks.models import Ticket, Worker
from anju.tasks.states import state_of

pytestmark = pytest.mark.django_db
WHY = "the disk is full: make room"


@pytest.fixture
def admin(as_: Any) -> Client:
    client: Client = as_("admin")
    return client


def given_up(kind: str = "seal") -> Ticket:
    ticket = queue(kind, by=SCHEDULE, at=timezone.now())
    now = timezone.now()
    worker = Worker.objects.create(name="gone", host="elsewhere", process=1, started_at=now, beat_at=now, ended_at=now)
    claimed = turns.claim(worker, now)
    assert claimed is not None and turns.fail(claimed, worker, WHY, now, again=False) == "given up"
    return Ticket.objects.select_related("task").get(pk=ticket.pk)


def state(ticket: Ticket) -> str:
    return state_of(Ticket.objects.select_related("task").get(pk=ticket.pk))


def test_without_a_worker_the_page_says_how_one_is_started(admin: Client) -> None:
    text = admin.get("/tasks/").content.decode()
    assert "no worker" in text and "<code>anju worker</code>" in text and "Nothing has been asked of a worker yet." in text
    assert "daily at 02:00" in text and "every 1 h" in text  # the schedule that is shipped


def test_a_worker_that_lives_is_told(admin: Client) -> None:
    with registered(timezone.now()):
        text = admin.get("/tasks/").content.decode()
    assert "1 worker, since" in text and "▲" not in text


def test_what_was_given_up_says_why_and_is_tried_again(admin: Client) -> None:
    lost = given_up()
    text = admin.get("/tasks/").content.decode()
    assert "Given up: somebody has to look" in text and WHY in text
    said = admin.post(f"/tasks/{lost.pk}/retry/", follow=True).content.decode()
    assert f"Task {lost.pk} waits once more" in said and "Given up" not in said
    assert state(lost) == "waiting" and Line.objects.filter(act="tasks.retry", by="admin").count() == 1


def test_what_was_done_since_is_lost_no_more(admin: Client) -> None:
    given_up()
    later = queue("seal", by=SCHEDULE, at=timezone.now())
    now = timezone.now()
    worker = Worker.objects.create(name="next", host="elsewhere", process=2, started_at=now, beat_at=now)
    claimed = turns.claim(worker, now)
    assert claimed == later and turns.finish(claimed, worker, {"seq": 1}, now)
    assert "somebody has to look" not in admin.get("/tasks/").content.decode()


def test_what_waits_is_called_off_and_only_once(admin: Client, as_: Any) -> None:
    waits = queue("retry", by=SCHEDULE, at=timezone.now())
    assert "Call it off" in admin.get("/tasks/?state=waiting").content.decode()
    assert f"Task {waits.pk} is called off" in as_("steward").post(f"/tasks/{waits.pk}/cancel/", follow=True).content.decode()
    assert state(waits) == "cancelled"
    again = admin.post(f"/tasks/{waits.pk}/cancel/", follow=True).content.decode()
    assert "has moved on meanwhile" in again


def test_the_filter_stands_in_the_address(admin: Client) -> None:
    given_up()
    queue("retry", by=SCHEDULE, at=timezone.now())
    assert "try rows set aside again" not in admin.get("/tasks/?state=given up").content.decode().split('id="schedule"')[0]
    assert "No task is in this state." in admin.get("/tasks/?state=done").content.decode()
    assert admin.get("/tasks/?state=odd").status_code == 200


def test_it_costs_the_same_however_many_there_are(admin: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(9):  # session, account, post, notices, the page: tasks, workers, lost, the schedule's times
        admin.get("/tasks/")
    for n in range(60):
        queue("take", by=SCHEDULE, at=timezone.now(), key=f"take:{n}", about=f"file {n}", arguments={"upload": n})
    with django_assert_num_queries(9):
        text = admin.get("/tasks/").content.decode()
    assert "file 59" in text and "file 9<" not in text
    assert "Next page" in text


def test_nobody_else_sees_them_and_nothing_is_told_of_what_does_not_exist(as_: Any, admin: Client) -> None:
    waits = queue("retry", by=SCHEDULE, at=timezone.now())
    for name in ("auditor", "secretary", "neighbour"):
        assert as_(name).get("/tasks/").status_code == as_(name).post(f"/tasks/{waits.pk}/cancel/").status_code == 403
    assert as_("stranger").get("/tasks/")["Location"].startswith("/sign-in/?next=")
    assert [admin.post(path).status_code for path in ("/tasks/999/retry/", f"/tasks/{waits.pk}/burn/")] == [404, 404]
    assert state(waits) == "waiting"
