"""What keeps a deployment in order: each task done twice is as if done once."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone

from anju.apps.backup.making import RECORD
from anju.apps.feeds.models import Delivery, Upload
from anju.apps.feeds.uploads import keep_upload
from anju.apps.findings.models import Run
from anju.apps.journal.actions import record
from anju.apps.journal.models import Head, Line
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import Viewer
from anju.tasks import actions
from anju.tasks.models import Ticket, Worker
from lake.deliveries import HEADER, WORKER, deployment
from tasks.worked import done, drained

pytestmark = pytest.mark.django_db
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)
CLERK = Viewer("clerk", account=7, post=3)
GOOD = "\n".join([HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10", ""])


def asked(kind: str, **arguments: object) -> Ticket:
    return actions.queue(kind, by="the schedule", at=timezone.now(), arguments=arguments)


def test_a_run_judges_today_and_folds_it_and_twice_is_once(own_data_folder: Path) -> None:
    deployment(own_data_folder)
    first = done(asked("run", day="2023-09-26"))
    assert (first.state, first.outcome and first.outcome["day"], first.outcome and first.outcome["alerts"]) == ("done", "2023-09-26", "followed")
    second = done(asked("run", day="2023-09-26"))
    assert second.outcome is not None and (second.outcome["run"], second.outcome["alerts"]) == (first.outcome["run"], "known")  # type: ignore[index]
    assert Run.objects.count() == 1
    outcome = done(asked("remind")).outcome
    assert outcome is not None and (outcome["reminded"], outcome["notices_taken_down"]) == (0, 0)


def test_a_policy_with_faults_gives_a_run_up_at_once(settings: object, tmp_path: Path) -> None:
    settings.POLICY = tmp_path  # type: ignore[attr-defined]
    one = done(asked("run"))
    assert (one.state, one.attempts) == ("given up", 1)
    assert one.reason.startswith("the policy has faults: ") and "anju standards check" in one.reason


def test_the_journal_is_sealed_and_its_heads_kept_elsewhere(settings: object, tmp_path: Path) -> None:
    settings.HEADS = tmp_path / "heads.txt"  # type: ignore[attr-defined]
    record(act="a.b", about="c:1", by="test", at=AT)
    assert done(asked("seal")).outcome == {"looks": 0, "seq": 1, "heads_added": 1}
    assert done(asked("seal")).outcome == {"looks": 0, "seq": 1, "heads_added": 0}
    assert Head.objects.get(day=None).seq == 1 and len(settings.HEADS.read_text().splitlines()) == 1  # type: ignore[attr-defined]


def test_an_upload_is_taken_in_and_told_to_nobody_else(own_data_folder: Path) -> None:
    deployment(own_data_folder)
    upload = keep_upload(io.BytesIO(GOOD.encode()), file_name="s.csv", vault=FileVault(), by=CLERK, at=AT)
    Upload.objects.filter(pk=upload.pk).update(feed="F14", unit="522301")
    ticket = actions.queue_intake(upload.pk, by=CLERK, at=AT)
    assert actions.queue_intake(upload.pk, by=CLERK, at=AT) == ticket
    one = done(ticket)
    delivery = Delivery.objects.get()
    assert one.outcome == {"outcome": "taken", "file": "s.csv", "receipt": delivery.pk} and delivery.recorded_by == "clerk"
    again = done(actions.queue_intake(upload.pk, by=CLERK, at=AT))
    assert again.outcome == one.outcome and Delivery.objects.count() == 1


def test_an_upload_that_is_refused_or_gone(own_data_folder: Path) -> None:
    deployment(own_data_folder)
    upload = keep_upload(io.BytesIO(b"a,b\n1,2\n"), file_name="s.csv", vault=FileVault(), by=CLERK, at=AT)
    Upload.objects.filter(pk=upload.pk).update(feed="F14", unit="522301")
    one = done(actions.queue_intake(upload.pk, by=CLERK, at=AT))
    assert (one.state, one.outcome and one.outcome["outcome"]) == ("done", "refused")
    gone = done(actions.queue_intake(4711, by=CLERK, at=AT))
    assert (gone.state, gone.attempts) == ("given up", 1) and "send the file again" in gone.reason


def test_rows_of_strangers_are_tried_again(own_data_folder: Path) -> None:
    deployment(own_data_folder)
    assert done(asked("retry")).outcome == {"receipts": 0, "accepted": 0}


def test_what_was_kept_long_enough_goes_and_one_line_tells_it(own_data_folder: Path) -> None:
    office = deployment(own_data_folder)
    old = Delivery.objects.create(
        feed="F14", unit="522301", file_name="a.csv", sha256="x", received_at=AT - timedelta(days=500), valid=date(2022, 1, 1), recorded_by="t",
        status="accepted",
    )  # fmt: skip
    (office.root / "raw").mkdir(parents=True)
    (office.root / "raw" / f"{old.pk}.enc").write_bytes(b"x")
    for files in (1, 0):
        one = done(asked("expire"))
        assert one.outcome is not None and one.outcome["files"] == files
    assert Line.objects.filter(act="feeds.expire").count() == 1
    assert not (office.root / "raw" / f"{old.pk}.enc").exists()


def test_where_a_set_was_made_since_the_time_of_the_schedule_none_is_made(own_data_folder: Path, settings: object, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    settings.BACKUP = out  # type: ignore[attr-defined]
    own_data_folder.mkdir()
    (own_data_folder / RECORD).write_text(json.dumps({"made_at": AT.isoformat(), "set": "x", "in": str(out)}), encoding="utf-8")
    one = done(asked("backup", since=AT.isoformat()))
    assert one.outcome == {"made": False, "last": AT.isoformat()} and not out.exists()


def test_without_a_folder_a_backup_is_given_up(settings: object) -> None:
    settings.BACKUP = None  # type: ignore[attr-defined]
    one = done(asked("backup"))
    assert one.state == "given up" and "set ANJU_BACKUP" in one.reason


def test_what_is_over_is_tidied_and_failures_stay_longer() -> None:
    now = timezone.now()
    for days in (10, 40, 100):
        ticket = actions.queue("seal", by="the schedule", at=now, key=f"done{days}")
        drained()
        Ticket.objects.filter(pk=ticket.pk).update(ended_at=now - timedelta(days=days))
    for days in (40, 100):
        ticket = actions.queue("seal", by="the schedule", at=now, key=f"lost{days}")
        actions.cancel_task(ticket.pk, by="test", at=now - timedelta(days=days))
    Worker.objects.create(name="old", host="x", process=1, started_at=AT, beat_at=AT, ended_at=now - timedelta(days=40))
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="open", session_data="", expire_date=now + timedelta(days=1))
    AccessLog.objects.create(username="clerk")
    AccessLog.objects.update(attempt_time=now - timedelta(days=100))
    assert done(asked("tidy", keep_days=30)).outcome == {"tasks": 3, "notices": 0, "sessions": 1, "sign_ins": 1}
    assert set(Ticket.objects.values_list("key", flat=True)) == {"done10", "lost40", "tidy"}
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
    assert not Worker.objects.filter(name="old").exists()
    assert done(asked("tidy", keep_days=30)).outcome == {"tasks": 0, "notices": 0, "sessions": 0, "sign_ins": 0}


def test_an_unexpected_error_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.tasks.upkeep.bring_in", lambda: 1 // 0)
    ticket = asked("seal")
    said = drained()
    assert any("failed and is tried again later: ZeroDivisionError" in line for line in said)
    ticket.refresh_from_db()
    assert ticket.ended_at is None and ticket.worker is None
