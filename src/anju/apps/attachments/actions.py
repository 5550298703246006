"""Attaching a file to something, withdrawing it, and clearing away what no row names."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import BinaryIO

from django.db import IntegrityError, transaction

from anju.apps.attachments.checking import MOST_BYTES, check_content, too_big
from anju.apps.attachments.models import DOCUMENT, PHOTO, Attachment
from anju.apps.attachments.refusals import Refused
from anju.apps.attachments.store import Vault, put, remove_strays
from anju.apps.journal.actions import record
from anju.core.terms.viewer import Viewer

LONGEST_NAME = 120  # bytes
LONGEST_REASON = 200
STRAY = timedelta(days=1)
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}
NUMBER = re.compile(r"\d{15,}[Xx]?")  # an identity number or a bank card has no business in a file's name


def store_attachment(*, about: str, name: str, content: BinaryIO, vault: Vault, by: Viewer, at: datetime, kind: str = "") -> Attachment:
    """Checks the file, puts it on the disk and writes its row, within the caller's transaction if there is one. The caller has checked
    that `by` may attach to `about` ('case:12'). `kind`: 'photo' or 'document' where only that is wanted.

    The same bytes at the same `about` are the same attachment: a form that was sent twice adds nothing. Raises Refused with what to
    do instead; nothing is kept then."""
    data = content.read(max(MOST_BYTES.values()) + 1)
    if len(data) > max(MOST_BYTES.values()):
        raise too_big(kind or (DOCUMENT if data[:5] == b"%PDF-" else PHOTO))
    sha256 = hashlib.sha256(data).hexdigest()
    found = Attachment.objects.filter(about=about, sha256=sha256, withdrawn_at=None).first()
    if found is not None:
        return found
    checked = check_content(data, kind)
    put(sha256, checked.content, checked.small, vault)
    try:
        with transaction.atomic():
            made = Attachment.objects.create(
                sha256=sha256, kind=checked.kind, media=checked.media, size=len(data), name=kept_name(name, checked.media), about=about,
                by=by.name, account=by.account, at=at, width=checked.width, height=checked.height, pages=checked.pages,
            )  # fmt: skip
            record(act="attachments.store", about=about, by=by, at=at, detail={"attachment": made.pk, "kind": made.kind, "sha256": sha256})
    except IntegrityError:  # the same, sent twice in one moment
        return Attachment.objects.get(about=about, sha256=sha256, withdrawn_at=None)
    return made


def kept_name(name: str, media: str) -> str:
    """The last part of a name, printable, short, without a long number in it, and with the ending of what the file is."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(ch for ch in last if ch.isprintable() and ch not in '/:*?"<>|').strip(". ")
    stem = NUMBER.sub("******", PurePosixPath(plain).stem if "." in plain else plain).strip() or "file"
    while len(stem.encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + ENDINGS[media]


@transaction.atomic
def withdraw_attachment(*, attachment: int, reason: str, by: Viewer, at: datetime) -> Attachment:
    """Its row and its bytes stay, so that what was decided on it can still be audited; nobody is shown it any more. The caller has
    checked that `by` may change what it is about. Raises Refused."""
    reason = reason.strip()
    if not reason:
        raise Refused(
            "no_reason",
            "say why it is withdrawn: wrong family, not legible, somebody in it who should not be",
            "请说明撤回原因，如：传错家庭、看不清、拍到了无关人员",
        )
    if len(reason) > LONGEST_REASON:
        raise Refused("long_reason", f"say it in at most {LONGEST_REASON} characters", f"原因请不超过 {LONGEST_REASON} 字")
    said = {"withdrawn_at": at, "withdrawn_by": by.name, "withdrawn_reason": NUMBER.sub("******", reason)}
    if not Attachment.objects.filter(pk=attachment, withdrawn_at=None).update(**said):
        found = Attachment.objects.filter(pk=attachment).first()
        if found is None:
            raise Refused("unknown", "there is no such file: open the page again", "没有这个附件：请刷新页面")
        raise Refused(
            "withdrawn", f"{found.withdrawn_by} has withdrawn it already, at {found.withdrawn_at:%Y-%m-%d %H:%M} UTC",
            f"该附件已由 {found.withdrawn_by} 撤回"
        )  # fmt: skip
    made = Attachment.objects.get(pk=attachment)
    record(act="attachments.withdraw", about=made.about, by=by, at=at, detail={"attachment": made.pk, "sha256": made.sha256})
    return made


def clear_strays(now: datetime) -> int:
    """Removes files that no row names, a day after they came: of sendings that were interrupted or undone."""
    return remove_strays(set(Attachment.objects.values_list("sha256", flat=True).distinct()), now - STRAY)
