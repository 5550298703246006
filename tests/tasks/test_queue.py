"""The queue: one of a kind, one worker for each, four ways to end, and the dead are found."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from anju.apps.journal.models import Line
from anju.core.terms.viewer import STRANGER, Viewer
from anju.tasks import actions, queries, turns
from anju.tasks.models import Ticket
from anju.tasks.reaper import SILENT, dead, lock_of, reap
from tasks.worked import NOW, OPERATOR, a_worker

pytestmark = pytest.mark.django_db
CLERK, OTHER = Viewer(name="clerk", account=1), Viewer(name="other", account=2)


def states() -> list[str]:
    return [one.state for one in queries.tickets(OPERATOR)]


def test_it_works() -> None:
    ticket = actions.queue("seal", by="operator", at=NOW)
    worker = a_worker()
    taken = turns.claim(worker, NOW)
    assert taken == ticket and states() == ["running"]
    assert turns.finish(taken, worker, {"seq": 3}, NOW)
    one = queries.ticket(OPERATOR, ticket.pk)
    assert one is not None and (one.state, one.outcome, one.attempts, one.title) == ("done", {"seq": 3}, 1, "seal the journal")
    assert turns.claim(worker, NOW) is None
    assert list(Line.objects.values_list("act", "by", "detail")) == [("tasks.queue", "operator", {"kind": "seal", "about": ""})]


def test_the_same_twice_is_one_until_it_is_over() -> None:
    first = actions.queue_run(by=CLERK, at=NOW)
    assert actions.queue_run(by=OTHER, at=NOW) == first
    worker = a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None and actions.queue_run(by=OTHER, at=NOW) == first
    turns.finish(taken, worker, {}, NOW)
    assert actions.queue_run(by=OTHER, at=NOW) != first


def test_files_come_before_the_run_and_the_run_before_the_rest() -> None:
    actions.queue("seal", by="operator", at=NOW)
    actions.queue("run", by="operator", at=NOW)
    actions.queue_intake(17, by=CLERK, at=NOW)
    worker = a_worker()
    assert [ticket.kind for _ in range(3) if (ticket := turns.claim(worker, NOW))] == ["take", "run", "seal"]


def test_looking_at_an_empty_queue_takes_one_query_and_no_lock(django_assert_num_queries: object) -> None:
    worker = a_worker()
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert turns.claim(worker, NOW) is None


def test_a_page_of_tasks_is_one_query(django_assert_num_queries: object) -> None:
    for n in range(5):
        actions.queue("seal", by="operator", at=NOW, key=f"seal{n}")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(queries.tickets(OPERATOR, limit=3)) == 3


def test_a_failure_is_tried_again_after_a_pause_and_then_given_up() -> None:
    ticket, worker = actions.queue("seal", by="operator", at=NOW), a_worker()
    for attempt, pause in ((1, 60), (2, 300)):
        taken = turns.claim(worker, NOW)
        assert taken is not None and taken.attempts == attempt
        now = timezone.now()
        assert turns.fail(taken, worker, "the disk is full", now, again=True) == "again"
        assert states() == ["waiting"] and turns.claim(worker, NOW) is None
        row = DBTaskResult.objects.get(pk=ticket.task_id)
        assert row.run_after == now + timedelta(seconds=pause)
        DBTaskResult.objects.update(run_after=NOW)
    taken = turns.claim(worker, NOW)
    assert taken is not None and turns.fail(taken, worker, "the disk is full", NOW, again=True) == "given up"
    one = queries.ticket(OPERATOR, ticket.pk)
    assert one is not None and (one.state, one.attempts, one.reason) == ("given up", 3, "the disk is full")


def test_what_is_hopeless_is_given_up_at_once() -> None:
    actions.queue("seal", by="operator", at=NOW)
    worker = a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None and turns.fail(taken, worker, "the policy has faults", NOW, again=False) == "given up"


def test_an_attempt_that_is_given_back_does_not_count() -> None:
    actions.queue("seal", by="operator", at=NOW)
    worker = a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None and turns.give_back(taken, worker)
    again = turns.claim(a_worker("v"), NOW)
    assert again is not None and again.attempts == 1


# --- trying again and calling off -----------------------------------------------------------------------------------


def test_what_was_given_up_is_tried_again_with_all_its_attempts() -> None:
    ticket, worker = actions.queue("seal", by="operator", at=NOW), a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None
    turns.fail(taken, worker, "no", NOW, again=False)
    actions.retry_task(ticket.pk, by="operator", at=NOW)
    again = turns.claim(worker, NOW)
    assert again is not None and (again.pk, again.attempts) == (ticket.pk, 1)
    assert Line.objects.filter(act="tasks.retry", about=f"task:{ticket.pk}").count() == 1


def test_what_waits_is_called_off() -> None:
    ticket = actions.queue("seal", by="operator", at=NOW)
    actions.cancel_task(ticket.pk, by="operator", at=NOW)
    assert states() == ["cancelled"] and turns.claim(a_worker(), NOW) is None
    assert [one.number for one in queries.tickets(OPERATOR, state="cancelled")] == [ticket.pk]
    assert queries.tickets(OPERATOR, state="given up") == []


@pytest.mark.parametrize(
    ("act", "words"),
    [(actions.retry_task, "is running: only what was given up"), (actions.cancel_task, "is running: only what waits")],
)
def test_what_is_at_work_is_neither_tried_again_nor_called_off(act: object, words: str) -> None:
    ticket = actions.queue("seal", by="operator", at=NOW)
    turns.claim(a_worker(), NOW)
    with pytest.raises(actions.Refused, match=words):
        act(ticket.pk, by="operator", at=NOW)  # type: ignore[operator]


def test_there_is_no_second_one_beside_one_that_waits() -> None:
    first = actions.queue("seal", by="operator", at=NOW)
    actions.cancel_task(first.pk, by="operator", at=NOW)
    second = actions.queue("seal", by="operator", at=NOW)
    with pytest.raises(actions.Refused, match=f"waiting already, as task {second.pk}"):
        actions.retry_task(first.pk, by="operator", at=NOW)


def test_no_such_task() -> None:
    with pytest.raises(actions.Refused, match="no task 99"):
        actions.cancel_task(99, by="operator", at=NOW)


# --- who sees what ----------------------------------------------------------------------------------------------------


def test_each_sees_her_own_and_a_stranger_nothing() -> None:
    hers = actions.queue("run", by=CLERK, at=NOW)
    actions.queue("seal", by="the schedule", at=NOW)
    assert [one.number for one in queries.tickets(CLERK)] == [hers.pk]
    assert queries.ticket(OTHER, hers.pk) is queries.ticket(STRANGER, hers.pk) is queries.ticket(OTHER, 99) is None
    assert queries.tickets(OTHER) == queries.tickets(STRANGER) == []
    assert len(queries.tickets(OPERATOR)) == 2


# --- the dead -----------------------------------------------------------------------------------------------------------


def test_the_lock_tells_who_lives(own_data_folder: Path) -> None:
    worker = a_worker()
    path = lock_of(worker.name)
    assert dead(worker, NOW)  # no lock
    path.parent.mkdir(parents=True)
    with path.open("wb") as lock:
        assert dead(worker, NOW)  # nobody holds it
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not dead(worker, NOW)
    assert dead(worker, NOW)


def test_of_another_machine_the_beat_tells() -> None:
    worker = a_worker(host="elsewhere")
    assert not dead(worker, NOW + SILENT)
    assert dead(worker, NOW + SILENT + timedelta(seconds=1))


def test_the_task_of_a_dead_worker_waits_again_and_is_given_up_after_too_many_deaths() -> None:
    ticket = actions.queue("seal", by="operator", at=NOW)
    for attempt in (1, 2):
        assert turns.claim(a_worker(f"w{attempt}"), NOW) == ticket
        (back,) = reap(NOW)
        assert (back.pk, states()) == (ticket.pk, ["waiting"])
        assert f"attempt {attempt}: the worker died while at it" in back.reason
    turns.claim(a_worker("w3"), NOW)
    (back,) = reap(NOW)
    assert states() == ["given up"] and "given up after 3 attempts" in back.reason and f"anju tasks retry {ticket.pk}" in back.reason
    assert reap(NOW) == []
    assert Line.objects.filter(act="tasks.give_up").count() == 1


def test_one_that_was_thought_dead_ends_nothing() -> None:
    actions.queue("seal", by="operator", at=NOW)
    worker = a_worker(host="elsewhere")
    taken = turns.claim(worker, NOW)
    assert taken is not None
    reap(NOW + SILENT * 2)
    second = turns.claim(a_worker("v"), NOW)
    assert second is not None
    assert not turns.finish(taken, worker, {"late": True}, NOW) and not turns.give_back(taken, worker)
    assert turns.fail(taken, worker, "late", NOW, again=True) == "lost"
    assert states() == ["running"] and Ticket.objects.get().worker == second.worker
