"""The drop folder: only whole files, each once, with a receipt or a reason beside it; nothing is removed before its bytes are kept."""

from __future__ import annotations

import os
import resource
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from anju.apps.feeds.models import Delivery
from anju.lake.originals import original_path
from anju.tasks import actions, filing
from anju.tasks.drop import DropFolder, sweep
from anju.tasks.models import Ticket
from lake.deliveries import HEADER, PUPIL, WORKER, Deployment, deployment
from tasks.worked import drained

pytestmark = pytest.mark.django_db
GOOD = "\n".join([HEADER, f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10", f"S2,{PUPIL},inpatient,2023-02-30,1.00,1.00,I10", ""])
NAME = "F14_522301_2023-08.csv"


@pytest.fixture
def office(own_data_folder: Path, db: None) -> Deployment:
    filing.make_folders()
    return deployment(own_data_folder)


def later() -> datetime:
    """When nothing has touched a file for long enough."""
    return timezone.now() + timedelta(minutes=1)


def put(text: str = GOOD, name: str = NAME, folder: str = "any") -> Path:
    path = filing.drop() / "inbox" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def taken(folder: DropFolder | None = None) -> Ticket:
    """The only file that is whole, dealt with."""
    (ticket,) = (folder or DropFolder()).look(later()).queued
    drained()
    return Ticket.objects.get(pk=ticket.pk)


def beside(word: str) -> tuple[Path, str]:
    """The only file in `done` or `refused`, and the text beside it."""
    (path,) = (one for one in (filing.drop() / word).rglob("*.*") if one.is_file() and not one.name.endswith((".receipt.txt", ".reason.txt")))
    (note,) = (one for one in path.parent.iterdir() if one != path)
    return path, note.read_text(encoding="utf-8")


def test_a_file_is_taken_in_with_a_receipt_beside_it(office: Deployment) -> None:
    put()
    ticket = taken()
    path, receipt = beside("done")
    delivery = Delivery.objects.get()
    assert (delivery.feed, delivery.unit, delivery.accepted, delivery.refused, delivery.recorded_by) == (
        "F14",
        "522301",
        1,
        1,
        "the drop folder",
    )
    assert path == filing.drop() / "done" / f"{ticket.asked_at:%Y-%m-%d}" / str(ticket.pk) / NAME
    assert path.read_text(encoding="utf-8") == GOOD
    assert receipt.startswith(f"receipt {delivery.pk} ") and "1 accepted" in receipt and "1 set aside" in receipt
    assert "nothing touched it for 10 s" in receipt and WORKER not in receipt
    assert list((filing.drop() / "inbox" / "any").iterdir()) == list((filing.drop() / "taking").iterdir()) == []


def test_the_same_file_twice_changes_nothing(office: Deployment) -> None:
    put()
    taken()
    put()
    ticket = taken()
    assert ticket.outcome["outcome"] == "known" and Delivery.objects.count() == 1
    note = (filing.drop() / "done" / f"{ticket.asked_at:%Y-%m-%d}" / str(ticket.pk) / f"{NAME}.receipt.txt").read_text(encoding="utf-8")
    assert "was taken in before; nothing has changed" in note


@pytest.mark.parametrize(
    ("name", "folder"),
    [("522301_2023-08.csv", "F14"), ("522301.csv", "f14"), ("settlements_522301_2023-08.csv", "any"), ("settlements_522301.csv", "")],
)
def test_the_feed_is_told_by_the_folder_or_by_the_headers(office: Deployment, name: str, folder: str) -> None:
    put(name=name, folder=folder)
    taken()
    assert Delivery.objects.get().feed == "F14"


# --- whole ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_being_written_waits(office: Deployment) -> None:
    put()
    folder = DropFolder()
    look = folder.look(timezone.now())
    assert (look.queued, look.growing) == ([], [f"any/{NAME}"])
    with (filing.drop() / "inbox" / "any" / NAME).open("a") as file:
        file.write("x")
    assert folder.look(timezone.now()).queued == []
    assert len(folder.look(later()).queued) == 1


def test_an_old_time_of_change_makes_nothing_whole(office: Deployment) -> None:
    os.utime(put(), (0, 0))  # as a copy that keeps times does, before it has ended or after
    assert DropFolder().look(timezone.now()).queued == []


def test_renamed_from_a_name_of_writing_it_is_taken_at_once(office: Deployment) -> None:
    folder, path = DropFolder(), put(name=f"{NAME}.part")
    assert folder.look(later()).growing == [f"any/{NAME}.part"]
    path.rename(path.with_name(NAME))
    (ticket,) = folder.look(timezone.now()).queued
    assert ticket.task.args_kwargs["kwargs"]["whole"] == "renamed when it was whole"


def test_one_that_changed_after_it_looked_whole_goes_on_waiting(office: Deployment) -> None:
    put()
    (ticket,) = DropFolder().look(later()).queued
    put(GOOD + f"S3,{WORKER},inpatient,2023-08-11,1.00,1.00,I10\n")
    drained()
    assert Delivery.objects.count() == 0
    ticket.refresh_from_db()
    assert ticket.task.return_value["outcome"] == "changed"
    taken()
    assert Delivery.objects.get().accepted == 2


def test_a_file_is_put_into_the_queue_once(office: Deployment) -> None:
    put()
    folder = DropFolder()
    assert len(folder.look(later()).queued) == 1
    assert folder.look(later()).queued == DropFolder().look(later()).queued == []


def test_one_that_is_taken_away_again_is_no_fault(office: Deployment) -> None:
    path = put()
    (ticket,) = DropFolder().look(later()).queued
    path.unlink()
    drained()
    assert Ticket.objects.get(pk=ticket.pk).task.return_value["outcome"] == "gone"


# --- refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "folder", "words"),
    [
        (GOOD, "x.csv", "F99", ("'F99' is no feed", "known 可选: F04")),
        ("a,b\n1,2\n", "x.csv", "any", ("nobody can tell which feed 'x.csv' is of", "say which feed it is by its folder", "F14")),
        (f"韦秀英,{WORKER}\n", "y.csv", "any", (f"韦秀英, {WORKER[:4]}******",)),
        (GOOD, "522301.pdf", "F14", ("'522301.pdf' is of no kind we read", ".xlsx")),
        ("", "x.csv", "F14", ("'x.csv' is empty", "export it again")),
        (GOOD, "F14_999999_2023-08.csv", "any", ("'999999' is no management unit", "522301")),
        (GOOD, "522301.csv", "F09", ("this is not F09", "send it as F14")),
        (GOOD, "settlements.csv", "any", ("who sends 'settlements.csv'?", "F14_522301_PERIOD.csv", "known 可选: 522301")),
    ],
)
def test_what_is_not_taken_in_says_why_and_what_to_do(office: Deployment, text: str, name: str, folder: str, words: tuple[str, ...]) -> None:
    put(text, name, folder)
    taken()
    path, reason = beside("refused")
    assert path.read_text(encoding="utf-8") == text
    assert all(word in reason for word in words), reason
    assert WORKER not in reason and "Nothing has changed" in reason and Delivery.objects.count() == 0


def test_links_and_folders_are_left_and_told(office: Deployment, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(GOOD)
    inbox = filing.drop() / "inbox"
    (inbox / "any" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inbox / "any" / "deeper").mkdir()
    put(name=".hidden.csv")
    look = DropFolder().look(later())
    assert look.queued == look.growing == []
    assert look.odd == {
        "any/deeper": "it is a folder in the folder of a feed: put the files themselves there",
        "any/link.csv": "it is a link or a device, and only files are taken",
    }


def test_a_full_disk_is_told_and_the_file_waits_for_another_attempt(office: Deployment) -> None:
    put()
    (ticket,) = DropFolder().look(later()).queued
    small = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, small[1]))  # the database of the test lies in memory
    try:
        said = drained()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, small)
    assert any("is tried again later: there is no room left to write" in line for line in said), said
    (path,) = (filing.drop() / "taking" / str(ticket.pk)).iterdir()
    assert path.read_text(encoding="utf-8") == GOOD and Delivery.objects.filter(status="accepted").count() == 0


def test_one_that_was_given_up_is_refused_with_the_reason(office: Deployment) -> None:
    put()
    (ticket,) = DropFolder().look(later()).queued
    here = filing.taking(ticket.pk) / NAME
    filing.move(filing.drop() / "inbox" / "any" / NAME, here)
    actions.cancel_task(ticket.pk, by="operator", at=timezone.now())
    assert [path.name for path in sweep(timezone.now())] == [NAME]
    path, reason = beside("refused")
    assert path.read_text(encoding="utf-8") == GOOD and "cancelled by operator" in reason


def test_one_of_no_task_goes_back_to_the_inbox(office: Deployment) -> None:
    here = filing.taking(4711) / NAME
    here.parent.mkdir(parents=True)
    here.write_text(GOOD, encoding="utf-8")
    sweep(timezone.now())
    assert (filing.drop() / "inbox" / "any" / NAME).read_text(encoding="utf-8") == GOOD and not here.exists()


# --- letting go ---------------------------------------------------------------------------------------------------------


def test_a_taken_file_goes_when_the_lake_keeps_its_bytes_and_a_refused_one_when_nothing_may_be_kept(office: Deployment) -> None:
    put()
    taken()
    put("a,b\n1,2\n", "x.csv")
    taken()
    now = timezone.now()
    assert filing.let_go_of_files(now + timedelta(days=7), refused_days=180) == {"dropped": 0, "refused": 0}
    kept = original_path(office.root, Delivery.objects.get().pk)
    kept.rename(kept.with_name("elsewhere"))
    assert filing.let_go_of_files(now + timedelta(days=9), refused_days=180) == {"dropped": 0, "refused": 0}
    kept.with_name("elsewhere").rename(kept)
    Ticket.objects.all().delete()  # the receipt itself says which delivery it was
    assert filing.let_go_of_files(now + timedelta(days=9), refused_days=180) == {"dropped": 1, "refused": 0}
    assert filing.let_go_of_files(now + timedelta(days=182), refused_days=180) == {"dropped": 0, "refused": 1}
    assert sorted(path.name for path in filing.drop().rglob("*.txt")) == [f"{NAME}.receipt.txt", "x.csv.reason.txt"]
