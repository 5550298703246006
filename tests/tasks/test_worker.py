"""What a worker looks at between two tasks, and what its heart does."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from anju.tasks.heart import GIVEN_UP_ON, Heart
from anju.tasks.models import Due, Ticket, Worker
from anju.tasks.schedule import Entry
from anju.tasks.worker import Work
from tasks.worked import NOW, a_worker

pytestmark = pytest.mark.django_db


class Ended(Exception):
    """Instead of the end of the process of the tests."""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        raise Ended

    monkeypatch.setattr(os, "_exit", end)
    return codes


def looked(work: Work) -> bool:
    """Looks around as if the time for everything had come."""
    work._looked.clear()
    return work._look_around()


def test_what_is_due_is_put_into_the_queue_and_a_file_is_waited_for(settings: object, tmp_path: Path) -> None:
    settings.SCHEDULE = tmp_path / "schedule.yaml"  # type: ignore[attr-defined]
    (tmp_path / "schedule.yaml").write_text("seal: {every: 1 min}\ndrop: {every: 1 s, settle: 60}\n", encoding="utf-8")
    said: list[str] = []
    work = Work(said.append)
    assert looked(work) is False
    Due.objects.update(last=datetime(2023, 9, 26, tzinfo=UTC))
    (settings.DROP / "inbox" / "any" / "a.csv").write_text("a")  # type: ignore[attr-defined]
    assert looked(work) is True
    assert said == [f"task {Ticket.objects.get().pk} (seal) is due"]


def test_a_schedule_that_becomes_faulty_is_told_once_and_the_one_before_stays(settings: object, tmp_path: Path) -> None:
    path = tmp_path / "schedule.yaml"
    settings.SCHEDULE = path  # type: ignore[attr-defined]
    path.write_text("seal: {every: 1 min}\n", encoding="utf-8")
    said: list[str] = []
    work = Work(said.append)
    looked(work)
    path.write_text("seal: soon\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    looked(work)
    looked(work)
    assert len(said) == 1 and said[0].startswith("the schedule has 1 faults, the one before stays in force: schedule.yaml:1:7:")
    assert work._schedule is not None and work._schedule.of("seal") == Entry("seal", every=60)
    path.write_text("seal: {every: 2 min}\n", encoding="utf-8")
    looked(work)
    assert work._schedule.of("seal") == Entry("seal", every=120)


def test_a_drop_folder_that_cannot_be_used_is_told_once_and_stops_nothing_else(settings: object, tmp_path: Path) -> None:
    settings.SCHEDULE = tmp_path / "schedule.yaml"  # type: ignore[attr-defined]
    (tmp_path / "schedule.yaml").write_text("drop: {every: 1 s}\n", encoding="utf-8")
    settings.DROP = tmp_path / "drop"  # type: ignore[attr-defined]
    (tmp_path / "drop").write_text("a file where a folder should be")
    said: list[str] = []
    work = Work(said.append)
    assert looked(work) is looked(work) is False
    assert len(said) == 1 and said[0].startswith(f"the drop folder {tmp_path / 'drop'} cannot be used")


def test_the_dead_are_buried_by_whoever_looks(settings: object, tmp_path: Path) -> None:
    settings.SCHEDULE = tmp_path / "none.yaml"  # type: ignore[attr-defined]
    worker = a_worker()
    looked(Work(lambda line: None))
    worker.refresh_from_db()
    assert worker.died and worker.ended_at is not None


# --- the heart ------------------------------------------------------------------------------------------------------------


def test_it_beats() -> None:
    worker = a_worker()
    Heart(worker, print)._beat()
    assert Worker.objects.get().beat_at > NOW


def test_one_that_was_thought_dead_ends_at_once(ends: list[int]) -> None:
    worker, said = a_worker(), []  # type: tuple[Worker, list[str]]
    Worker.objects.update(ended_at=timezone.now(), died=True)
    with pytest.raises(Ended):
        Heart(worker, said.append)._beat()
    assert ends == [GIVEN_UP_ON] and "thought this one dead" in said[0]


def test_a_task_that_cannot_be_stopped_ends_with_its_process(ends: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.tasks.heart.LOOK", 0.001)
    said: list[str] = []
    heart = Heart(a_worker(), said.append)
    heart.last_call = time.monotonic()
    with pytest.raises(Ended):
        heart._live()
    assert ends == [GIVEN_UP_ON] and "cannot be stopped" in said[0]
