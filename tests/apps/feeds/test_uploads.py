"""Files sent through the pages: kept, taken in by a process of their own, refused with what to do, interrupted and tried again."""

from __future__ import annotations

import fcntl
import io
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from anju.apps.feeds import uploads
from anju.apps.feeds.actions import confirm_delivery, withdraw_delivery, write_refused_sheet
from anju.apps.feeds.models import Delivery, Upload
from anju.apps.feeds.uploads import (
    AtWork,
    at_work,
    drop_upload,
    expire_uploads,
    keep_upload,
    kept_name,
    mark_interrupted,
    progress_of,
    take_upload,
    upload_path,
    uploads_folder,
)
from anju.apps.journal.models import Line
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.cli.main import main
from anju.core.terms.viewer import Viewer
from lake.deliveries import HEADER, POLICY, PUPIL, WORKER, Deployment, deployment

pytestmark = pytest.mark.django_db
CLERK = Viewer("clerk", account=7, post=3)
NOW = datetime(2023, 9, 5, 12, tzinfo=UTC)
GOOD = "\n".join([HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10", f"S2,{PUPIL},inpatient,2023-02-30,1.00,1.00,I10", ""])


@pytest.fixture
def office(own_data_folder: Path, db: None) -> Deployment:
    return deployment(own_data_folder)


def sent(text: str = GOOD, name: str = "settlements.csv", **said: object) -> Upload:
    upload = keep_upload(io.BytesIO(text.encode()), file_name=name, vault=FileVault(), by=CLERK, at=NOW)
    Upload.objects.filter(pk=upload.pk).update(**{"feed": "F14", "unit": "522301", **said})
    upload.refresh_from_db()
    return upload


def take(upload: Upload, office: Deployment, now: datetime = NOW) -> Upload:
    directory = Directory("cn_resident_id")
    return take_upload(upload.pk, policy=POLICY, root=office.root, directory=directory, vault=FileVault(), now=now)


def test_an_upload_becomes_a_delivery_in_its_senders_name(office: Deployment) -> None:
    upload = sent()
    assert WORKER.encode() not in upload_path(upload.pk).read_bytes()
    done = take(upload, office)
    assert (done.state, done.tries) == ("done", 1)
    assert done.delivery is not None
    assert (done.delivery.accepted, done.delivery.refused, done.delivery.recorded_by) == (1, 1, "clerk")
    assert done.delivery.columns["settlement_id"] == "settlement_id"
    assert [path.name for path in uploads_folder().iterdir()] == []
    assert list((office.root / "work").iterdir()) == []
    assert list(Line.objects.order_by("pk").values_list("act", "about", "by", "account", "post")) == [
        ("feeds.upload", f"upload:{upload.pk}", "clerk", 7, 3), ("feeds.deliver", f"delivery:{done.delivery_id}", "clerk", 7, 3),
    ]  # fmt: skip


def test_taken_twice_it_is_one_delivery(office: Deployment) -> None:
    upload = sent()
    first = take(upload, office).delivery_id
    assert take(upload, office).delivery_id == first
    again = take(sent(), office)
    assert (again.delivery_id, again.repeats, Delivery.objects.count()) == (first, True, 1)


def test_a_refused_file_stays_and_says_what_to_do(office: Deployment) -> None:
    upload = sent(GOOD.replace("settled_on", "哪天结的"))
    done = take(upload, office)
    assert done.state == "refused"
    assert "settled_on" in done.refusal["what"] and done.refusal["remedy"]
    assert Delivery.objects.count() == 0 and upload_path(upload.pk).exists()
    Upload.objects.filter(pk=upload.pk).update(mapping={"哪天结的": "settled_on"})
    assert take(upload, office).state == "done"


def test_a_day_of_receipt_in_the_past_is_noon_of_it(office: Deployment) -> None:
    done = take(sent(received_on=date(2023, 9, 1)), office)
    assert done.delivery is not None and done.delivery.received_at == datetime(2023, 9, 1, 12, tzinfo=UTC)


def test_an_unexpected_end_is_told_and_may_be_tried_again(office: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = sent()
    monkeypatch.setattr("anju.apps.feeds.uploads.receive_file", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take(upload, office)
    upload.refresh_from_db()
    assert upload.state == "failed" and upload_path(upload.pk).exists() and not at_work(upload)
    monkeypatch.undo()
    done = take(upload, office)
    assert (done.state, done.tries) == ("done", 2)


def test_a_killed_process_is_seen_to_be_gone(office: Deployment) -> None:
    upload = sent(state="working", started_at=NOW)
    lock = os.open(uploads_folder() / f"{upload.pk}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert mark_interrupted(upload, now=NOW + timedelta(hours=1)).state == "working"
    with pytest.raises(AtWork):
        take(upload, office)
    os.close(lock)
    assert mark_interrupted(upload, now=NOW + timedelta(seconds=5)).state == "working"  # it may be about to begin
    assert mark_interrupted(upload, now=NOW + timedelta(hours=1)).state == "failed"
    assert take(upload, office).state == "done"


def test_progress_is_told_stage_by_stage(office: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    upload, seen = sent(), []
    told = uploads._tell
    monkeypatch.setattr(uploads, "_tell", lambda key, stage, rows: (told(key, stage, rows), seen.append(progress_of(upload))))
    take(upload, office)
    assert [p.stage for p in seen] == ["open", "open", "check", "link", "settle", "write"]
    assert [p.done for p in seen] == sorted(p.done for p in seen) and seen[-1].rows == 2


def test_a_sheet_mends_the_receipt_it_was_sent_to_and_no_other(office: Deployment, tmp_path: Path) -> None:
    receipt = take(sent(), office).delivery_id
    assert receipt is not None
    sheet = tmp_path / "sheet.xlsx"
    write_refused_sheet(receipt, root=office.root, vault=FileVault(), out=sheet)
    with sheet.open("rb") as file:
        upload = keep_upload(file, file_name="sheet.xlsx", vault=FileVault(), by=CLERK, at=NOW)
    Upload.objects.filter(pk=upload.pk).update(mends=True, delivery_id=receipt)
    done = take(upload, office)
    assert (done.state, done.result["tried"], done.result["accepted"]) == ("done", 1, 0)
    other = Delivery.objects.create(feed="F14", unit="522301", file_name="x", sha256="x", received_at=NOW, valid=NOW.date(), recorded_by="x")
    for name, text, mended in (("plain.csv", GOOD, receipt), ("sheet.xlsx", "", other.pk)):
        with sheet.open("rb") as file:
            data = io.BytesIO(text.encode()) if text else file
            upload = keep_upload(data, file_name=name, vault=FileVault(), by=CLERK, at=NOW)
        Upload.objects.filter(pk=upload.pk).update(mends=True, delivery_id=mended)
        assert take(upload, office).state == "refused"
    whole = sent(name="sheet.xlsx")  # sent as a delivery, it displaces nothing
    upload_path(whole.pk).write_bytes(upload_path(upload.pk).read_bytes())
    assert take(whole, office).state == "refused"


def test_what_is_dropped_or_never_taken_in_goes(office: Deployment) -> None:
    one, two, three = sent(), sent(), sent(state="working")
    drop_upload(one, by=CLERK, at=NOW)
    with pytest.raises(AtWork):
        drop_upload(three, by=CLERK, at=NOW)
    assert set(Upload.objects.values_list("pk", flat=True)) == {two.pk, three.pk}
    assert Line.objects.filter(act="feeds.drop", about=f"upload:{one.pk}").count() == 1
    for path in uploads_folder().iterdir():
        os.utime(path, (0, 0))
    expire_uploads(NOW + timedelta(days=8))
    assert list(Upload.objects.values_list("pk", flat=True)) == [three.pk]
    assert [path.name for path in uploads_folder().iterdir()] == [f"{three.pk}.enc"]
    upload_path(three.pk).unlink()
    gone = take(three, office)
    assert gone.state == "refused" and "not kept" in gone.refusal["what"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("C:\\报表\\学籍 2023.xlsx", "学籍 2023.xlsx"), ("../../etc/passwd", "passwd"), ("", "file"), ("a\x00b?.csv", "ab.csv"), (".csv", ".csv")],
)
def test_a_name_is_kept_without_what_a_file_system_refuses(name: str, kept: str) -> None:
    assert kept_name(name) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = kept_name("学" * 300 + ".xlsx")
    assert name.endswith(".xlsx") and len(name.encode()) <= 120


def test_the_command_takes_one_in(office: Deployment) -> None:
    upload = sent()
    result = CliRunner().invoke(main, ["feeds", "take", str(upload.pk)])
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(main, ["feeds", "take", "999"]).exit_code == 2
    assert CliRunner().invoke(main, ["feeds", "take", str(sent("x", "x.pdf").pk)]).exit_code == 1


def test_a_word_and_a_withdrawal_stand_in_the_journal(office: Deployment) -> None:
    receipt = take(sent(), office).delivery_id
    assert receipt is not None
    Delivery.objects.filter(pk=receipt).update(held_reason="half is gone")
    assert confirm_delivery(receipt, by=CLERK, reason="two schools closed").confirmed_reason == "two schools closed"
    with pytest.raises(ValueError, match="waiting"):
        confirm_delivery(receipt, by=CLERK)
    withdraw_delivery(receipt, by=CLERK, reason="the wrong month")
    with pytest.raises(ValueError, match="withdrawn already"):
        withdraw_delivery(receipt, by=CLERK, reason="again")
    lines = Line.objects.filter(act__in=["feeds.confirm", "feeds.withdraw"]).order_by("pk")
    assert [(line.act, line.about, line.detail) for line in lines] == [
        ("feeds.confirm", f"delivery:{receipt}", {"reason": "two schools closed"}),
        ("feeds.withdraw", f"delivery:{receipt}", {"reason": "the wrong month"}),
    ]
