"""Workers that are really killed, stopped and run side by side: no task is lost, run twice at once, or tried for ever."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import ROOT, Deployment, fill, write_files

SCHEDULE = 'drop: {every: 1 s, settle: 1}\nrun: {at: "02:00"}\n'


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("ready")
    one = Deployment(folder / "data")
    fill(one, write_files(folder / "files"))
    yield one
    one.end()


@pytest.fixture
def one(ready: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    (tmp_path / "schedule.yaml").write_text(SCHEDULE, encoding="utf-8")
    monkeypatch.setenv("ANJU_SCHEDULE", str(tmp_path / "schedule.yaml"))
    copy = ready.copy(tmp_path / "data")
    yield copy
    copy.end()


def killed(one: Deployment, moment: str) -> None:
    process = one.start(moment, "worker", "--once", module="kill.dying")
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{moment}: {process.returncode} {err}"


def tasks(one: Deployment) -> list[tuple[object, ...]]:
    """(state of the queue's row, attempts, reason) of each task."""
    rows = (
        "SELECT r.status, t.attempts, t.reason FROM tasks_ticket t JOIN django_tasks_database_dbtaskresult r ON r.id = t.task_id ORDER BY t.id"
    )
    return one.rows(rows)


def inbox(one: Deployment) -> Path:
    folder = one.data / "drop" / "inbox" / "any"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def roll(one: Deployment, name: str = "F09_U1_2023-2024-2.csv") -> Path:
    """Another term's roll, of three children."""
    header, *rows = write_files(one.data.parent / "again")["F09"].read_text(encoding="utf-8").splitlines()
    file = inbox(one) / name
    file.write_text("\n".join([header, *(row.replace("2023-2024-1", "2023-2024-2") for row in rows[4:7])]) + "\n", encoding="utf-8")
    return file


def test_a_run_that_is_killed_is_completed_by_the_next_worker(one: Deployment) -> None:
    one.anju("tasks", "start", "run")
    for attempt, moment in ((1, "call:anju.lake.engine:judge"), (2, "call:anju.tasks.judging:follow")):
        killed(one, moment)
        assert [row[:2] for row in tasks(one)] == [("RUNNING", attempt)]
    one.anju("worker", "--once")
    assert tasks(one) == [("SUCCESSFUL", 3, "")]
    assert one.rows("SELECT count(*) FROM findings_run") == one.rows("SELECT count(*) FROM alerts_followed") == [(1,)]
    assert one.rows("SELECT count(*) FROM findings_attainment") != [(0,)]  # of today, of which no delivery here speaks: nothing is breached


def test_a_worker_beside_another_program_ends_with_it(one: Deployment) -> None:
    words = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-m', 'anju', 'worker', '--beside']); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", words], env=one.environment, cwd=ROOT)
    seen(one, "SELECT count(*) FROM tasks_worker", (1,))
    parent.kill()
    parent.wait()
    seen(one, "SELECT ended_at IS NOT NULL, died FROM tasks_worker", (1, 0))


def test_after_too_many_deaths_it_is_given_up_with_the_reason(one: Deployment) -> None:
    one.anju("tasks", "start", "seal")
    for _ in range(3):
        killed(one, "call:anju.tasks.upkeep:seal")
    one.anju("worker", "--once")
    ((state, attempts, reason),) = tasks(one)
    assert (state, attempts) == ("FAILED", 3)
    assert "given up after 3 attempts: the worker died while at it" in str(reason)


@pytest.mark.parametrize(
    "moment",
    [
        "call:anju.tasks.intake:receive_file",  # taken out of the inbox, and nothing else
        "call:anju.apps.feeds.actions:keep_original",  # half taken in
        "call:anju.tasks.intake:receipt_lines",  # taken in, and not filed away
    ],
)
def test_a_dropped_file_is_taken_in_once_whenever_the_worker_is_killed(one: Deployment, moment: str) -> None:
    text = roll(one).read_bytes()
    killed(one, moment)
    one.anju("worker", "--once")
    assert tasks(one) == [("SUCCESSFUL", 2, "")]
    (file,) = (path for path in (one.data / "drop").rglob("F09*.csv"))
    assert file.parent.parent.parent.name == "done" and file.read_bytes() == text
    receipt = file.with_name(file.name + ".receipt.txt").read_text(encoding="utf-8")
    assert "3 accepted" in receipt and "before" not in receipt
    assert one.rows("SELECT count(*) FROM feeds_delivery WHERE status = 'accepted'") == [(2,)]
    assert not list((one.data / "drop" / "taking").iterdir())


def test_a_backup_that_is_killed_leaves_nothing_half(one: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_BACKUP", str(tmp_path / "sets"))
    one.anju("tasks", "start", "backup")
    killed(one, "call:anju.apps.backup.making:_lake")
    one.anju("worker", "--once")
    assert tasks(one) == [("SUCCESSFUL", 2, "")]
    assert len(list((tmp_path / "sets" / "sets").iterdir())) == 1
    assert one.json("backup", "--verify", str(tmp_path / "sets"))["faults"] == []


FILL = """
import django; django.setup()
from django.utils import timezone
from anju.tasks.actions import queue
for n in range(40):
    queue("remind", by="the schedule", at=timezone.now(), key=f"remind{n}")
"""


def test_three_workers_at_once_never_run_the_same_task(one: Deployment) -> None:
    here = {**one.environment, "DJANGO_SETTINGS_MODULE": "anju.settings"}
    subprocess.run([sys.executable, "-c", FILL], env=here, check=True, cwd=ROOT)
    workers = [one.start("worker", "--once", "--json") for _ in range(3)]
    ends = [(process.communicate(), process.returncode) for process in workers]
    assert [code for _, code in ends] == [0, 0, 0], ends
    done = [number for (out, _), _ in ends for number in json.loads(out)["done"]]
    assert len(done) == len(set(done)) == 40
    assert one.rows("SELECT DISTINCT attempts FROM tasks_ticket") == [(1,)]
    assert one.rows("SELECT count(*) FROM tasks_worker WHERE ended_at IS NULL") == [(0,)]


def seen(one: Deployment, sql: str, row: tuple[object, ...]) -> None:
    until = time.monotonic() + 30
    while one.rows(sql) != [row]:
        assert time.monotonic() < until
        time.sleep(0.05)


def begun(one: Deployment) -> None:
    seen(one, "SELECT status FROM django_tasks_database_dbtaskresult", ("RUNNING",))


def test_asked_to_stop_it_ends_the_task_in_hand(one: Deployment) -> None:
    one.anju("tasks", "start", "run")
    with (one.data / "lake" / "run.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # the run waits for its turn
        process = one.start("worker", "--grace", "30")
        begun(one)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert tasks(one) == [("SUCCESSFUL", 1, "")]


def test_asked_to_stop_it_gives_back_what_takes_longer_than_its_grace(one: Deployment) -> None:
    one.anju("tasks", "start", "run")
    with (one.data / "lake" / "run.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        process = one.start("worker", "--grace", "1")
        begun(one)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 0, err
    assert tasks(one) == [("READY", 0, "given back: the worker was stopped")]
    assert one.rows("SELECT count(*) FROM tasks_worker WHERE ended_at IS NULL") == [(0,)]


def test_a_faulty_schedule_is_told_before_anything_is_done(one: Deployment, tmp_path: Path) -> None:
    (tmp_path / "schedule.yaml").write_text("run: {at: '25:00'}\n", encoding="utf-8")
    process = one.start("worker", "--once")
    _, err = process.communicate()
    assert process.returncode == 1 and "schedule.yaml:1:11: '25:00' is no time of day" in err
