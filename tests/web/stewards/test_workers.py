"""An upload goes into the queue where a worker lives; where none does, or the last one has gone, a process of its own takes it in."""

from __future__ import annotations

import fcntl
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from anju.apps.feeds.models import Upload
from anju.apps.feeds.uploads import keep_upload
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import Viewer
from anju.tasks import turns
from anju.tasks.models import Ticket, Worker
from anju.tasks.reaper import lock_of
from anju.tasks.states import state_of
from anju.web.stewards.background import begin, look_after
from lake.deliveries import WORKER
from tasks.worked import a_worker, drained
from tests.web.stewards.conftest import ROLL

pytestmark = pytest.mark.django_db
GOOD = "\n".join([ROLL, f"{WORKER},2023-2024-1,S1,enrolled", ""])


@pytest.fixture
def upload(office: object) -> Upload:
    clerk = Viewer("clerk", account=7, post=3)
    made = keep_upload(io.BytesIO(GOOD.encode()), file_name="s.csv", vault=FileVault(), by=clerk, at=timezone.now())
    Upload.objects.filter(pk=made.pk).update(feed="F09", unit="U1")
    made.refresh_from_db()
    return made


@pytest.fixture
def living(office: object) -> Iterator[Worker]:
    worker = a_worker()
    lock_of(worker.name).parent.mkdir(parents=True, exist_ok=True)
    with lock_of(worker.name).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield worker


def again(upload: Upload) -> Upload:
    """As a page sees it that asks how far it is, long after it was begun."""
    Upload.objects.filter(pk=upload.pk).update(started_at=timezone.now() - timedelta(minutes=5))
    upload.refresh_from_db()
    return look_after(upload)[0]


def test_where_a_worker_lives_it_waits_for_its_turn_and_is_taken_in(upload: Upload, living: Worker) -> None:
    assert begin(upload) and not begin(upload)
    assert again(upload).state == "working" and Ticket.objects.get().asked_by == "clerk"
    drained()
    upload.refresh_from_db()
    assert (upload.state, state_of(Ticket.objects.get())) == ("done", "done")


def test_without_a_worker_a_process_takes_it_in(upload: Upload) -> None:
    assert begin(upload)
    upload.refresh_from_db()
    assert upload.state == "done" and not Ticket.objects.exists()


@pytest.mark.parametrize("claimed", [False, True])
def test_when_the_last_worker_has_gone_a_process_takes_it_over(upload: Upload, living: Worker, claimed: bool) -> None:
    begin(upload)
    if claimed:
        assert turns.claim(living, timezone.now()) is not None
    lock_of(living.name).unlink()
    again(upload)
    upload.refresh_from_db()
    assert (upload.state, state_of(Ticket.objects.get())) == ("done", "cancelled")
