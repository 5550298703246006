"""Attached photos and documents as answers. Whoever calls this has checked that the viewer may see what they are about, and keeps the look."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from anju.apps.attachments.models import PHOTO, Attachment
from anju.apps.attachments.queries import Withdrawn, content_of, small_of
from anju.apps.attachments.store import Lost
from anju.apps.people.vault import FileVault
from anju.web.layout.access import refuse

SANDBOX = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
SMALL = "image/webp"


def file_response(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """A photo to look at, a document to save: no browser runs anything of it on our address."""
    return _answer(request, attachment, small=False)


def thumbnail_response(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """The small picture of a photo."""
    return _answer(request, attachment, small=True)


def _answer(request: HttpRequest, attachment: Attachment, *, small: bool) -> HttpResponse:
    try:
        content = (small_of if small else content_of)(attachment, FileVault())
    except Withdrawn:
        what, why = (
            _("This file was withdrawn"),
            _("It is kept for the audit and not shown any more. The page it hung on says who withdrew it, and why."),
        )
        return refuse(request, what, why, status=410)
    except Lost:
        what, why = (
            _("This file cannot be opened"),
            _("It is not on the server as it was put there. Tell your administrator: the last backup has it."),
        )
        return refuse(request, what, why, status=500)
    response = HttpResponse(content, content_type=SMALL if small else attachment.media)
    shown = "inline" if attachment.kind == PHOTO else "attachment"
    response.headers["Content-Disposition"] = f"{shown}; filename*=UTF-8''{quote(attachment.name)}"
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
