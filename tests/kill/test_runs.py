"""A run that is killed at any moment: the last whole run stands, and the next one ends as if nothing had been."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import DAY, Deployment, fill, write_files

WORDS = ("run", "--as-of", DAY, "--known-at", f"{DAY}T18:00")
MOMENTS = (
    "call:anju.apps.people.publish:_digest",
    "call:anju.apps.feeds.publish:_digest",
    "call:anju.lake.engine:judge",
    "call:anju.lake.engine:_write_answers",
    "call:anju.lake.engine:_write_attainment",
    "call:anju.apps.findings.actions:write_difference",
    "call:anju.apps.findings.actions:_merge",
    "statement:2",
    "statement:9",
    "statement:14",
)
FOUND = "SELECT standard, subject_id, breach, level, at_least, evidence FROM findings_finding ORDER BY standard, subject_id"
CURRENT = "SELECT id, day FROM findings_run WHERE current"
ATTAINED = (
    "SELECT standard, place_id, met, breached, unknown, not_applicable FROM findings_attainment a"
    " JOIN findings_run r ON r.id = a.run_id WHERE r.current ORDER BY 1, 2"
)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One run stands; a later roll, in which one more child is out of school, waits to be judged."""
    folder = tmp_path_factory.mktemp("ready")
    one = Deployment(folder / "data")
    files = write_files(folder / "files")
    fill(one, files)
    one.judge()
    lines = files["F09"].read_text(encoding="utf-8").splitlines()
    lines = [line.replace("enrolled", "dropped_out") if n == 9 else line for n, line in enumerate(lines)]
    files["F09"].write_text("\n".join(lines) + "\n", encoding="utf-8")
    one.anju("feeds", "import", str(files["F09"]), "--received-on", "2023-09-20", code=1)
    yield one
    one.end()


@pytest.fixture
def one(ready: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    copy = ready.copy(tmp_path / "data")
    yield copy
    copy.end()


@pytest.fixture(scope="module")
def undisturbed(ready: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[object], list[object]]]:
    copy = ready.copy(tmp_path_factory.mktemp("undisturbed") / "data")
    copy.judge()
    found = (copy.rows(FOUND), copy.rows(ATTAINED))
    assert len(found[0]) == len(ready.rows(FOUND)) + 1
    yield found  # type: ignore[misc]
    copy.end()


def check_that_the_next_completes(one: Deployment, undisturbed: tuple[list[object], list[object]]) -> None:
    one.judge()
    assert (one.rows(FOUND), one.rows(ATTAINED)) == undisturbed
    assert one.rows("SELECT count(*) FROM findings_run WHERE finished_at IS NULL") == [(0,)]
    runs = {str(pk) for (pk,) in one.rows("SELECT id FROM findings_run")}
    assert {path.name for path in (one.data / "lake" / "runs").iterdir()} == runs
    checks = one.json("doctor")["checks"]
    assert {c["what"]: c["grade"] for c in checks}["interrupted runs"] == "ok"  # type: ignore[index, attr-defined]


def test_killed_at_chosen_moments(one: Deployment, undisturbed: tuple[list[object], list[object]]) -> None:
    before = (one.rows(FOUND), one.rows(CURRENT), one.rows(ATTAINED))
    for moment in MOMENTS:
        process = one.start(moment, *WORDS, module="kill.dying")
        _, err = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"{moment}: {process.returncode} {err}"
        assert (one.rows(FOUND), one.rows(CURRENT), one.rows(ATTAINED)) == before, moment
    check_that_the_next_completes(one, undisturbed)


def test_killed_at_random_moments(one: Deployment, undisturbed: tuple[list[object], list[object]]) -> None:
    before, rng = one.rows(FOUND), random.Random(20230926)
    killed = 0
    for _ in range(6):
        process = one.start(*WORDS)
        runs = one.data / "lake" / "runs"
        while process.poll() is None and not (one.data / "lake" / "run.lock").stat().st_size and not list(runs.glob("*.partial")):
            time.sleep(0.002)
        time.sleep(rng.random() * 0.8)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        assert one.rows(FOUND) in (before, undisturbed[0])
    assert killed
    check_that_the_next_completes(one, undisturbed)


def test_two_runs_at_once_both_end_well(one: Deployment, undisturbed: tuple[list[object], list[object]]) -> None:
    days = ("2023-09-25", DAY, DAY)
    processes = [one.start("run", "--as-of", day, "--known-at", f"{DAY}T18:00") for day in days]
    ends = [(process.communicate(), process.returncode) for process in processes]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert any("another run is under way" in err for (_, err), _ in ends)
    assert [str(day) for _, day in one.rows(CURRENT)] == [DAY]
    check_that_the_next_completes(one, undisturbed)
