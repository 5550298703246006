"""anju tasks, and what the doctor says of the workers."""

from __future__ import annotations

import fcntl
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from anju.cli.checkups_worker import workers
from anju.cli.main import main
from anju.tasks import actions, filing, turns
from anju.tasks.models import Ticket
from anju.tasks.reaper import lock_of
from tasks.worked import NOW, a_worker, drained

pytestmark = pytest.mark.django_db


def anju(*words: str) -> Result:
    result = CliRunner().invoke(main, [*words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def found(*words: str) -> dict[str, object]:
    data: dict[str, object] = json.loads(anju(*words, "--json").stdout)
    return data


def checks() -> dict[str, tuple[str, str, str]]:
    return {one.what: (one.grade, one.seen, one.do) for one in workers()}


def test_asked_for_shown_and_listed() -> None:
    started = found("tasks", "start", "seal")
    assert (started["number"], started["state"], started["kind"]) == (Ticket.objects.get().pk, "waiting", "seal")
    drained()
    shown = found("tasks", "show", str(started["number"]))
    assert (shown["state"], shown["outcome"]) == ("done", {"looks": 0, "seq": 1, "heads_added": 0})  # the line of who asked
    assert anju("tasks", "list").stdout.count("seal    done") == 1
    assert found("tasks", "list", "--state", "waiting") == {"tasks": []}


def test_a_page_and_the_next() -> None:
    for n in range(3):
        actions.queue("seal", by="test", at=NOW, key=str(n))
    first = found("tasks", "list", "--limit", "2")["tasks"]
    assert isinstance(first, list) and len(first) == 2
    assert f"more: --before {first[-1]['number']}" in anju("tasks", "list", "--limit", "2").stdout
    assert "more:" not in anju("tasks", "list", "--limit", "3").stdout
    rest = found("tasks", "list", "--limit", "2", "--before", str(first[-1]["number"]))["tasks"]
    assert isinstance(rest, list) and len(rest) == 1


def test_cancelled_and_tried_again() -> None:
    number = str(found("tasks", "start", "seal")["number"])
    assert found("tasks", "cancel", number)["state"] == "cancelled"
    assert f"to try once more: anju tasks retry {number}" in anju("tasks", "show", number).stdout
    assert found("tasks", "retry", number)["state"] == "waiting"


@pytest.mark.parametrize("words", [("show", "99"), ("retry", "99"), ("cancel", "99")])
def test_no_such_task(words: tuple[str, ...]) -> None:
    result = anju("tasks", *words)
    assert result.exit_code == 2 and "there is no task 99" in result.stderr


def test_the_schedule_says_when_each_is_due(settings: object, tmp_path: Path) -> None:
    settings.SCHEDULE = tmp_path / "schedule.yaml"  # type: ignore[attr-defined]
    (tmp_path / "schedule.yaml").write_text("run: {at: '02:00'}\nbackup: {at: '03:00'}\n", encoding="utf-8")
    rows = found("tasks", "schedule")["schedule"]
    assert isinstance(rows, list) and [(row["kind"], row["off"]) for row in rows] == [("run", ""), ("backup", "ANJU_BACKUP names no folder")]
    assert rows[0]["next"] is not None and rows[1]["next"] is None
    (tmp_path / "schedule.yaml").write_text("run: {at: '25:00'}\nnope: 1\n", encoding="utf-8")
    result = anju("tasks", "schedule")
    assert result.exit_code == 1
    assert "schedule.yaml:1:11: '25:00' is no time of day" in result.stdout and "schedule.yaml:2:7: 'nope' is not known here" in result.stdout


# --- the doctor -----------------------------------------------------------------------------------------------------------


def test_without_a_worker_it_says_what_to_do() -> None:
    seen = checks()
    assert seen["worker"] == ("note", "none was ever started; 0 tasks wait", "anju worker, best as a service: docs/worker.md")
    assert seen["nightly run"][0] == "note" and seen["tasks given up"][:2] == ("ok", "none")


def test_a_worker_that_lives_and_one_that_is_gone(own_data_folder: Path) -> None:
    worker = a_worker()
    actions.queue("seal", by="test", at=NOW)
    assert checks()["worker"][1] == "none is alive; the last one was seen 2023-09-26 12:00 UTC; 1 tasks wait"
    lock_of(worker.name).parent.mkdir(parents=True)
    with lock_of(worker.name).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert checks()["worker"] == ("ok", "1 alive (w)", "")


def test_the_last_nightly_run(settings: object) -> None:
    ticket, worker = actions.queue("run", by="the schedule", at=NOW), a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None
    turns.finish(taken, worker, {}, timezone.now() - timedelta(hours=25))
    assert checks()["nightly run"][0] == "ok"
    Ticket.objects.filter(pk=ticket.pk).update(ended_at=timezone.now() - timedelta(hours=27))
    assert checks()["nightly run"][0] == "note"
    settings.SAMPLE = True  # type: ignore[attr-defined]
    assert "nightly run" not in checks()


def test_what_was_given_up_until_it_was_done_after_all_and_what_takes_too_long() -> None:
    ticket, worker = actions.queue("seal", by="test", at=NOW), a_worker()
    taken = turns.claim(worker, NOW)
    assert taken is not None
    DBTaskResult.objects.update(started_at=timezone.now() - timedelta(minutes=61))
    grade, seen, do = checks()["tasks at work"]
    assert grade == "note" and seen.startswith(f"{ticket.pk} seal since") and "restart its worker" in do
    turns.fail(taken, worker, "there is no room left", NOW, again=False)
    grade, seen, do = checks()["tasks given up"]
    assert (grade, seen) == ("note", f"{ticket.pk} seal: there is no room left") and f"anju tasks retry {ticket.pk}" in do
    actions.queue("seal", by="test", at=NOW)
    drained()
    assert checks()["tasks given up"][0] == "ok"


def test_the_drop_folder() -> None:
    assert checks()["drop folder"][0] == "ok"
    filing.make_folders()
    (filing.drop() / "inbox" / "any" / "a.csv").write_text("a")
    Ticket.objects.filter(pk=actions.queue("drop", by="test", at=NOW, about="any/b.csv").pk).update(
        outcome={"outcome": "refused"}, ended_at=timezone.now()
    )
    grade, seen, do = checks()["drop folder"]
    assert (grade, seen) == ("note", "1 files in the inbox; not taken in lately: any/b.csv") and do.endswith("/refused")


def test_a_faulty_schedule_is_not_ready(settings: object, tmp_path: Path) -> None:
    settings.SCHEDULE = tmp_path / "schedule.yaml"  # type: ignore[attr-defined]
    (tmp_path / "schedule.yaml").write_text("run: soon\n", encoding="utf-8")
    assert checks()["schedule"][0] == "not ready"
