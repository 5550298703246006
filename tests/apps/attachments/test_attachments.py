"""What is attached is checked by its content, stored once, encrypted and without its place, and known again wherever it is used."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from PIL import Image

from anju.apps.attachments import store
from anju.apps.attachments.actions import clear_strays, kept_name, store_attachment, withdraw_attachment
from anju.apps.attachments.checking import LONGEST_SIDE, SMALL_SIDE
from anju.apps.attachments.models import Attachment
from anju.apps.attachments.queries import (
    Withdrawn,
    also_under,
    attachments_of,
    attachments_of_all,
    content_of,
    counts_of,
    reused,
    small_of,
    state,
)
from anju.apps.attachments.refusals import NoRoom, Refused
from anju.apps.attachments.store import Lost
from anju.apps.journal.models import Line
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import STRANGER, Viewer
from apps.attachments.files import FAULTS, GPS, JPEG, PAPER, packed, photo, photo_of_a_place

pytestmark = pytest.mark.django_db
LUO = Viewer("luo", account=7, post=3)
AUDITOR = Viewer("wei", may=frozenset({"cases.audit"}))
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)


def attach(data: bytes = JPEG, about: str = "case:12", name: str = "door.jpg", kind: str = "", at: datetime = AT) -> Attachment:
    return store_attachment(about=about, name=name, content=io.BytesIO(data), kind=kind, vault=FileVault(), by=LUO, at=at)


def files() -> list[str]:
    return sorted(str(path.relative_to(store.folder())) for path in store.folder().rglob("*") if path.is_file() and path.name != "lock")


def test_a_photo_is_kept_encrypted_and_comes_back_with_its_small_picture() -> None:
    made = attach()
    sha = hashlib.sha256(JPEG).hexdigest()
    assert (made.sha256, made.kind, made.media, made.size, made.name) == (sha, "photo", "image/jpeg", len(JPEG), "door.jpg")
    assert (made.width, made.height, made.by, made.account, made.at) == (640, 480, "luo", 7, AT)
    assert files() == [f"{sha[:2]}/{sha}", f"{sha[:2]}/{sha}.small"]
    assert b"JFIF" not in store.path_of(sha).read_bytes()
    assert os.stat(store.path_of(sha)).st_mode & 0o077 == 0  # noqa: PTH116
    with Image.open(io.BytesIO(content_of(made, FileVault()))) as whole, Image.open(io.BytesIO(small_of(made, FileVault()))) as small:
        assert (whole.format, whole.size, small.format, small.size) == ("JPEG", (640, 480), "WEBP", (SMALL_SIDE, 240))
    (line,) = Line.objects.all()
    assert (line.act, line.about, line.by, line.detail) == (
        "attachments.store", "case:12", "luo", {"attachment": made.pk, "kind": "photo", "sha256": sha},
    )  # fmt: skip


@pytest.mark.parametrize(("form", "media", "name"), [("PNG", "image/png", "door.png"), ("WEBP", "image/webp", "door.webp")])
def test_other_photos_stay_what_they_are(form: str, media: str, name: str) -> None:
    made = attach(photo(form))
    assert (made.media, made.name) == (media, name), "the ending says what it is, whatever it was called"
    with Image.open(io.BytesIO(content_of(made, FileVault()))) as whole:
        assert whole.format == form


def test_where_a_photo_was_taken_is_not_stored_and_it_stands_upright() -> None:
    data = photo_of_a_place(orientation=6)
    with Image.open(io.BytesIO(data)) as came:
        assert came.getexif().get_ifd(GPS)
    made = attach(data)
    content = content_of(made, FileVault())
    with Image.open(io.BytesIO(content)) as kept:
        assert (dict(kept.getexif()), kept.size) == ({}, (480, 640))
    assert b"Phone of Luo" not in content
    assert made.sha256 == hashlib.sha256(data).hexdigest(), "the reuse check is about what came"


def test_nothing_behind_a_photo_is_stored() -> None:
    made = attach(JPEG + packed(b"something else entirely"))
    assert b"PK\x03\x04" not in content_of(made, FileVault())


def test_what_is_see_through_and_what_is_huge() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (100, 100), (255, 0, 0, 90)).save(out, "PNG")
    with Image.open(io.BytesIO(content_of(attach(out.getvalue()), FileVault()))) as kept:
        assert kept.getpixel((50, 50)) == (255, 0, 0, 90)
    made = attach(photo(width=6_000, height=3_000))
    assert (made.width, made.height) == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_a_document_is_kept_as_it_came() -> None:
    made = attach(PAPER, name="申请书.PDF")
    assert (made.kind, made.media, made.pages, made.name, made.width) == ("document", "application/pdf", 2, "申请书.pdf", None)
    assert content_of(made, FileVault()) == PAPER
    with pytest.raises(Lost):
        small_of(made, FileVault())


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_bad_file_is_refused_by_its_fault_and_nothing_is_kept(name: str) -> None:
    data, fault = FAULTS[name]
    with pytest.raises(Refused) as refused:
        attach(data, name=name)
    assert refused.value.fault == fault, str(refused.value)
    assert refused.value.title.zh
    assert files() == []
    assert not Attachment.objects.exists()
    assert not Line.objects.exists()


@pytest.mark.parametrize(("data", "kind", "fault"), [(PAPER, "photo", "not_a_photo"), (JPEG, "document", "not_a_document")])
def test_where_one_kind_is_wanted_the_other_is_refused(data: bytes, kind: str, fault: str) -> None:
    with pytest.raises(Refused) as refused:
        attach(data, kind=kind)
    assert refused.value.fault == fault


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\罗\\照片.jpeg", "照片.jpg"), ("../../etc/passwd", "passwd.jpg"), ("a\u202egpj.exe", "agpj.jpg"), ("", "file.jpg"),
        ("522301199003074321.jpg", "******.jpg"), ("身份证 52230119900307432X 正面.jpg", "身份证 ****** 正面.jpg"), ("...", "file.jpg"),
        ('a"b:c?.png', "abc.jpg"), ("字" * 300 + ".jpg", "字" * 40 + ".jpg"), ("IMG_20231105_102030.jpg", "IMG_20231105_102030.jpg"),
    ],
)  # fmt: skip
def test_a_name_is_cleaned(given: str, kept: str) -> None:
    assert kept_name(given, "image/jpeg") == kept


# --- the same again --------------------------------------------------------------------------------------------------


def test_the_same_bytes_lie_once_and_the_auditor_is_told() -> None:
    first, other = attach(about="case:12"), attach(about="visit:3", at=AT + timedelta(days=1))
    attach(photo(seed=2), about="case:12")
    attach(PAPER, about="case:12"), attach(PAPER, about="case:13")
    assert (first.pk != other.pk, first.sha256 == other.sha256) == (True, True)
    assert len(files()) == 2 + 2 + 1
    (found,) = reused(AUDITOR)
    assert (found.sha256, found.last, found.abouts) == (first.sha256, AT + timedelta(days=1), ("case:12", "visit:3"))
    assert [one.abouts for one in reused(AUDITOR, kind="document")] == [("case:12", "case:13")]
    assert (also_under(first), also_under(Attachment.objects.get(sha256=hashlib.sha256(photo(seed=2)).hexdigest()))) == (1, 0)
    assert reused(STRANGER) == reused(LUO) == []


def test_the_register_goes_on_where_its_page_ended(django_assert_num_queries: object) -> None:
    for n in range(5):
        for about in ("case:1", "case:2"):
            attach(photo(seed=n, width=64, height=64), about=about, at=AT + timedelta(hours=n // 2))
    whole = reused(AUDITOR)
    assert len(whole) == 5
    seen, after = [], None
    while page := reused(AUDITOR, after=after, limit=2):
        seen += page
        after = (page[-1].last, page[-1].sha256)
    assert [one.sha256 for one in seen] == [one.sha256 for one in whole]
    with django_assert_num_queries(2):  # type: ignore[operator]
        reused(AUDITOR)


def test_a_form_sent_twice_attaches_once() -> None:
    first = attach()
    before = Line.objects.count()
    assert attach(name="again.jpg").pk == first.pk
    assert (Attachment.objects.count(), Line.objects.count()) == (1, before)


def test_lists_and_counts() -> None:
    one, two, three = attach(about="case:1"), attach(PAPER, about="case:1", at=AT + timedelta(hours=1)), attach(about="visit:1")
    assert list(attachments_of("case:1")) == [one, two]
    assert attachments_of_all(["case:1", "visit:1", "visit:2"]) == {"case:1": [one, two], "visit:1": [three]}
    withdraw_attachment(attachment=one.pk, reason="blurred", by=LUO, at=AT)
    assert counts_of(["case:1", "visit:1", "visit:2"]) == {"case:1": 1, "visit:1": 1}
    assert counts_of(["case:1", "visit:1"], "photo") == {"visit:1": 1}


# --- withdrawing -----------------------------------------------------------------------------------------------------


def test_what_is_withdrawn_is_not_shown_and_stays_in_the_register() -> None:
    made, elsewhere = attach(), attach(about="visit:3")
    done = withdraw_attachment(attachment=made.pk, reason="wrong family, 522301199003074321", by=LUO, at=AT)
    assert (done.withdrawn_by, done.withdrawn_at, done.withdrawn_reason) == ("luo", AT, "wrong family, ******")
    for read in (content_of, small_of):
        with pytest.raises(Withdrawn):
            read(done, FileVault())
        assert read(elsewhere, FileVault())
    assert list(attachments_of("case:12")) == [made]
    assert len(reused(AUDITOR)) == 1
    assert Line.objects.order_by("-pk")[0].act == "attachments.withdraw"
    assert attach().pk not in (made.pk, elsewhere.pk), "sent again after that, it is another"


@pytest.mark.parametrize(("reason", "fault"), [("  ", "no_reason"), ("x" * 201, "long_reason")])
def test_a_withdrawal_needs_a_reason(reason: str, fault: str) -> None:
    made = attach()
    with pytest.raises(Refused) as refused:
        withdraw_attachment(attachment=made.pk, reason=reason, by=LUO, at=AT)
    assert refused.value.fault == fault
    assert content_of(made, FileVault())


def test_the_second_to_withdraw_is_told_who_was_first() -> None:
    made = attach()
    withdraw_attachment(attachment=made.pk, reason="blurred", by=LUO, at=AT)
    with pytest.raises(Refused, match="luo has withdrawn it already") as refused:
        withdraw_attachment(attachment=made.pk, reason="mine", by=Viewer("ban"), at=AT)
    assert refused.value.fault == "withdrawn"
    with pytest.raises(Refused, match="no such file"):
        withdraw_attachment(attachment=made.pk + 1, reason="mine", by=LUO, at=AT)


# --- what may go wrong on the disk ------------------------------------------------------------------------------------


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4,000 bytes: what the system answers then is what it answers on a full disk."""
    FileVault()  # its keys are made before
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_nothing_is_half_there(full_disk: None) -> None:
    with pytest.raises(NoRoom, match="disk is full"):
        attach()
    assert [name for name in files() if not name.endswith(".small")] == []
    assert not any("draft" in name for name in files())
    assert not Attachment.objects.exists()


def test_after_the_disk_was_full_it_is_simply_sent_again(full_disk: None) -> None:
    with pytest.raises(NoRoom):
        attach()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    assert small_of(attach(), FileVault())
    assert state() == state(FileVault())
    assert (state().missing, state().strays) == ((), ())


KILLED = """
import io, os, signal, sys
import django; django.setup()
from pathlib import Path
from django.conf import settings
settings.DATA = Path(sys.argv[1])
from anju.apps.attachments import store
from anju.apps.people.vault import FileVault
real = Path.replace
def replace(self, target):
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = replace
store.put("a" * 64, b"x" * 100_000, None, FileVault())
"""


def test_killed_while_it_is_written_it_is_not_there(own_data_folder: Path) -> None:
    FileVault()
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "anju.settings"}
    process = subprocess.run([sys.executable, "-c", KILLED, str(own_data_folder)], env=env, check=False)
    assert process.returncode == -9
    assert not store.path_of("a" * 64).exists()
    (draft,) = files()
    assert clear_strays(datetime.now(UTC) + timedelta(days=2)) == 1, draft
    assert files() == []


def test_an_undone_sending_leaves_a_stray_that_is_removed_a_day_later() -> None:
    now = datetime.now(UTC)
    with pytest.raises(RuntimeError), transaction.atomic():
        attach()
        raise RuntimeError
    assert not Attachment.objects.exists()
    assert len(state().strays) == 2
    kept = attach(photo(seed=2), about="case:1")
    assert clear_strays(now + timedelta(hours=20)) == 0, "a sending may be under way"
    assert clear_strays(now + timedelta(hours=25)) == 2
    assert (state().rows, state().missing, state().strays) == (1, (), ())
    assert content_of(kept, FileVault())


def test_lost_exchanged_and_altered_files_are_known() -> None:
    one, two, three = attach(about="case:1"), attach(photo(seed=2)), attach(photo(seed=3))
    store.path_of(one.sha256).unlink()
    store.path_of(two.sha256, small=True).write_bytes(store.path_of(three.sha256, small=True).read_bytes())
    altered = bytearray(store.path_of(three.sha256).read_bytes())
    altered[500] ^= 1
    store.path_of(three.sha256).write_bytes(altered)
    for read, made in ((content_of, one), (small_of, two), (content_of, three)):
        with pytest.raises(Lost):
            read(made, FileVault())
    found = state(FileVault())
    assert (found.rows, found.missing) == (3, (one.sha256,))
    assert sorted(found.damaged) == sorted([f"{two.sha256}.small", three.sha256])
