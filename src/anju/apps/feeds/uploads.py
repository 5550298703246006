"""Files sent through the pages: kept encrypted as soon as they have come, taken in by a process of its own, never lost on the way.

Who takes one in holds a lock that goes with the process, however it ends: an upload that is at work without a lock was interrupted,
and may be tried again. How far the work is lies in a file beside the upload, so that nothing waits for the database.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.models import Upload
from anju.apps.feeds.retry import mend_rows
from anju.apps.journal.actions import record
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from anju.lake.files import FileRefused
from anju.lake.headers import MendedRows
from anju.lake.held import is_held
from anju.lake.intake import STAGES, Directory, Vault
from anju.lake.mended import read_mended

KEPT = timedelta(days=7)  # what was never taken in is removed after that
READY = ("waiting", "refused", "failed")  # from which an upload may be taken in
NAME = 120  # bytes of a file's name that are kept
WORKING = (*STAGES, "keep")


class AtWork(RuntimeError):
    """Somebody is taking this upload in at this moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`stage` of `WORKING` that has begun, how many are over, and the rows of the file (0 while nobody knows)."""

    stage: str
    done: int
    of: int
    rows: int


def uploads_folder() -> Path:
    folder = Path(settings.DATA) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def upload_path(key: int) -> Path:
    return uploads_folder() / f"{key}.enc"


def kept_name(name: str) -> str:
    """The last part of a name, short enough for every file system; its ending says what kind of file it is."""
    plain = "".join(ch for ch in Path(name.replace("\\", "/")).name if ch.isprintable() and ch not in '/:*?"<>|') or "file"
    suffix = Path(plain).suffix[:12]
    stem = plain[: len(plain) - len(suffix)] if suffix else plain
    while len((stem + suffix).encode()) > NAME:
        stem = stem[:-1]
    return stem + suffix


def keep_upload(source: BinaryIO, *, file_name: str, vault: Vault, by: Viewer, at: datetime) -> Upload:
    """The file is on the disk, encrypted, when this returns; nothing has been judged of it yet."""
    draft = uploads_folder() / f".{os.urandom(8).hex()}.part"
    try:
        with draft.open("wb") as target:
            vault.encrypt_file(source, target)
        with transaction.atomic():
            made = Upload.objects.create(
                file_name=kept_name(file_name), size=source.tell(), by=by.name, account=by.account, post=by.post, created_at=at
            )
            record(act="feeds.upload", about=f"upload:{made.pk}", by=by, at=at, detail={"bytes": made.size})
            draft.replace(upload_path(made.pk))
    finally:
        draft.unlink(missing_ok=True)
    return made


@transaction.atomic
def say_upload(upload: Upload, *, by: Viewer, **said: object) -> Upload:
    """What its sender says of it: feed, unit, valid, received_on, first, last, mapping, mends, delivery. Nothing once it is at work."""
    if not Upload.objects.filter(pk=upload.pk, account=by.account, state__in=READY).update(**said):
        raise AtWork(upload.file_name)
    upload.refresh_from_db()
    return upload


@transaction.atomic
def drop_upload(upload: Upload, *, by: Viewer, at: datetime) -> None:
    """Removes a file that is not to be taken in. Raises AtWork while it is."""
    if not Upload.objects.filter(pk=upload.pk, state__in=READY).delete()[0]:
        raise AtWork(upload.file_name)
    record(act="feeds.drop", about=f"upload:{upload.pk}", by=by, at=at)
    transaction.on_commit(lambda: _remove(upload.pk))


def _remove(key: int) -> None:
    for path in (upload_path(key), _progress_path(key), _lock_path(key)):
        path.unlink(missing_ok=True)


@contextmanager
def opened(upload: Upload, work: Path, vault: Vault) -> Iterator[Path]:
    """The file as it came, under its own name, for as long as the block lasts. Raises FileRefused where it is not kept any more."""
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=work))
    try:
        path = folder / upload.file_name
        try:
            with upload_path(upload.pk).open("rb") as source, path.open("wb") as target:
                vault.decrypt_file(source, target)
        except FileNotFoundError:
            what = f"'{upload.file_name}' is not kept any more"
            raise FileRefused(what, f"uploads are kept for {KEPT.days} days", "choose the file again") from None
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- taking in --------------------------------------------------------------------------------------------------------


def take_upload(key: int, *, policy: Policy, root: Path, directory: Directory, vault: Vault, now: datetime) -> Upload:
    """Takes one upload in, as its sender said and in its sender's name. What comes of it stands in the upload: done, refused with
    what to do, or failed.

    Raises AtWork where another process is at it, Upload.DoesNotExist for one that is gone; what is done already is left alone."""
    with _alone(key):
        said = {"state": "working", "started_at": timezone.now(), "finished_at": None, "refusal": {}}
        upload = Upload.objects.get(pk=key)
        if upload.state == "done":
            return upload
        Upload.objects.filter(pk=key).update(**said, tries=upload.tries + 1)
        upload.refresh_from_db()
        by, at = Viewer(upload.by, account=upload.account, post=upload.post), received_at(upload, now)
        try:
            with opened(upload, root / "work", vault) as path:
                _tell(key, STAGES[0], 0)
                found = _taken(upload, path, policy, root, directory, vault, by, at)
        except FileRefused as error:
            refusal = {"what": error.what, "why": error.why, "remedy": error.remedy, "alternatives": list(error.alternatives)}
            found = {"state": "refused", "refusal": refusal}
        except BaseException:
            _end(upload, {"state": "failed"})
            raise
        _end(upload, found)
        if found["state"] == "done":
            _remove(key)
    upload.refresh_from_db()
    return upload


def _taken(
    upload: Upload, path: Path, policy: Policy, root: Path, directory: Directory, vault: Vault, by: Viewer, at: datetime
) -> dict[str, object]:
    sheet = read_mended(path) if upload.mends else None
    if sheet is not None:
        if upload.delivery_id is not None and sheet.receipt != upload.delivery_id:
            raise FileRefused(
                f"the sheet mends receipt {sheet.receipt}", f"it was sent to mend receipt {upload.delivery_id}", "send it to its own receipt"
            )
        _tell(upload.pk, "settle", len(sheet.rows))
        mended = mend_rows(sheet, policy=policy, root=root, directory=directory, vault=vault, by=by, at=at)
        return {"state": "done", "result": mended.as_dict(), "delivery_id": mended.receipt}
    if upload.mends:
        raise FileRefused(
            f"'{upload.file_name}' is no sheet of rows set aside", "it has no column that says which row it mends",
            "send it as a delivery of its own, or download the sheet anew",
        )  # fmt: skip
    try:
        received = receive_file(
            path, feed=upload.feed, policy=policy, root=root, directory=directory, vault=vault, by=by, at=at, unit=upload.unit or None,
            valid=upload.valid, periods=(upload.first, upload.last or upload.first) if upload.first else None, mapping=upload.mapping,
            on_stage=lambda stage, rows: _tell(upload.pk, stage, rows),
        )  # fmt: skip
    except MendedRows as error:
        raise FileRefused(error.what, error.why, "open the receipt whose rows they are, and send the sheet there") from None
    return {"state": "done", "delivery_id": (received.repeats or received.delivery).pk, "repeats": received.repeats is not None}


def _end(upload: Upload, said: dict[str, object]) -> None:
    Upload.objects.filter(pk=upload.pk, state="working").update(**said, finished_at=timezone.now())
    _progress_path(upload.pk).unlink(missing_ok=True)


@contextmanager
def _alone(key: int) -> Iterator[None]:
    lock = os.open(_lock_path(key), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AtWork(f"upload {key} is being taken in by another process") from None
        yield
    finally:
        os.close(lock)


def _lock_path(key: int) -> Path:
    return uploads_folder() / f"{key}.lock"


def _progress_path(key: int) -> Path:
    return uploads_folder() / f"{key}.json"


def at_work(upload: Upload) -> bool:
    """Whether a process holds this upload."""
    return is_held(_lock_path(upload.pk))


def mark_interrupted(upload: Upload, *, now: datetime, grace: timedelta = timedelta(seconds=20)) -> Upload:
    """An upload that was begun and that nobody is at any more has failed. `grace`: how long a process may take to begin."""
    if upload.state == "working" and not at_work(upload) and (upload.started_at is None or upload.started_at + grace < now):
        Upload.objects.filter(pk=upload.pk, state="working", started_at=upload.started_at).update(state="failed", finished_at=now)
        upload.refresh_from_db()
    return upload


def _tell(key: int, stage: str, rows: int) -> None:
    path = _progress_path(key)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"stage": stage, "rows": rows}), encoding="utf-8")
    draft.replace(path)


def progress_of(upload: Upload) -> Progress:
    found: dict[str, object] = {}
    with suppress(OSError, ValueError):
        found = json.loads(_progress_path(upload.pk).read_text(encoding="utf-8"))
    stage = str(found.get("stage", "open"))
    done = WORKING.index(stage) if stage in WORKING else 0
    return Progress(stage, done, len(WORKING), int(str(found.get("rows", 0))))


def expire_uploads(now: datetime) -> int:
    """Removes what was sent more than a week ago and never taken in, and the leftovers of uploads that are no more."""
    old = list(Upload.objects.filter(state__in=READY, created_at__lt=now - KEPT).values_list("pk", flat=True))
    Upload.objects.filter(pk__in=old, state__in=READY).delete()
    known = set(Upload.objects.exclude(state="done").values_list("pk", flat=True))
    limit = (now - timedelta(days=1)).timestamp()
    gone = 0
    for path in uploads_folder().iterdir():
        key = path.name.split(".")[0]
        if not (key.isdigit() and int(key) in known) and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            gone += path.suffix == ".enc"
    return gone


def received_at(upload: Upload, now: datetime) -> datetime:
    """Noon of the day on which it came, where its sender says another day than today's."""
    day = upload.received_on
    return now if day is None or day >= now.date() else datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
