"""A file that is sent, as multipart or as the body itself: on the disk before anything is done with it, and gone when the answer is."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from anju.api.problems import Problem, wrong
from anju.apps.feeds.uploads import kept_name

PIECE = 1 << 20
FORM = "multipart/form-data"
FIELD = "file"
KINDS = {
    "text/csv": ".csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx", "application/vnd.ms-excel": ".xls",
    "application/x-ndjson": ".jsonl", "application/vnd.apache.parquet": ".parquet", "application/octet-stream": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spooled:
    path: Path
    digest: str  # of name and bytes


def spooled(request: HttpRequest) -> Spooled:
    """The file of a request, written once. The door removes it when the answer is made. Raises Problem."""
    found: Spooled | None = getattr(request, "spooled", None)
    if found is None:
        work = Path(settings.DATA) / "lake" / "work"
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="api-", dir=work))
        request.at_end = lambda: shutil.rmtree(folder, ignore_errors=True)  # type: ignore[attr-defined]
        try:
            found = _write(request, folder)
        except RequestDataTooBig:
            raise Problem("too-large") from None
        except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
            raise Problem("malformed", _("The file did not come whole. Send it again.")) from None
        request.spooled = found  # type: ignore[attr-defined]
    return found


def digest_of_file(request: HttpRequest) -> str:
    return spooled(request).digest


def _write(request: HttpRequest, folder: Path) -> Spooled:
    name, pieces = _sent(request)
    path = folder / kept_name(name)
    seen = hashlib.sha256(f"{path.name}\n".encode())
    with path.open("wb") as target:
        for piece in pieces:
            seen.update(piece)
            target.write(piece)
    return Spooled(path, seen.hexdigest())


def _sent(request: HttpRequest) -> tuple[str, Iterator[bytes]]:
    """Name and bytes. What the file is, its ending says; of a body its kind, where no name is given."""
    if request.content_type == FORM:
        sent = request.FILES.getlist(FIELD)
        if len(sent) != 1 or set(request.FILES) != {FIELD}:
            raise wrong((f"body.{FIELD}", _("must be one file, and the only one")))
        return sent[0].name or FIELD, sent[0].chunks()
    if request.content_type not in KINDS:
        raise Problem("media-type")
    named, ending = request.GET.get("file_name", ""), KINDS[request.content_type]
    if not named and not ending:
        raise wrong(("query.file_name", _("is missing: its ending says what kind of file it is")))
    return named or f"{FIELD}{ending}", iter(lambda: request.read(PIECE), b"")
