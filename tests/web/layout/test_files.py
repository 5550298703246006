"""How an attached file is served: nothing of it runs, nobody keeps it, and a withdrawn one is not served."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from anju.apps.attachments.actions import store_attachment, withdraw_attachment
from anju.apps.attachments.models import Attachment
from anju.apps.attachments.store import path_of
from anju.apps.people.vault import FileVault
from anju.core.terms.viewer import Viewer
from anju.web.layout.files import file_response, thumbnail_response
from apps.attachments.files import JPEG, PAPER

pytestmark = pytest.mark.django_db
LUO = Viewer("luo")
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)


def attach(data: bytes, name: str) -> Attachment:
    return store_attachment(about="case:1", name=name, content=io.BytesIO(data), vault=FileVault(), by=LUO, at=AT)


@pytest.fixture
def request_of(rf: RequestFactory) -> object:
    request = rf.get("/")
    request.viewer, request.user = LUO, AnonymousUser()  # type: ignore[attr-defined]
    return request


def test_a_photo_is_shown_and_nothing_else_happens(request_of: object) -> None:
    photo = attach(JPEG, '门"口\r\n.jpg')
    for answer, kind in ((file_response(request_of, photo), "image/jpeg"), (thumbnail_response(request_of, photo), "image/webp")):  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (200, kind, "nosniff")
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"] and "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''%E9%97%A8%E5%8F%A3.jpg"


def test_a_document_is_saved_and_not_opened_here(request_of: object) -> None:
    answer = file_response(request_of, attach(PAPER, "a.pdf"))  # type: ignore[arg-type]
    assert (answer.content, answer.headers["Content-Type"]) == (PAPER, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_a_withdrawn_one_and_a_lost_one(request_of: object) -> None:
    photo, paper = attach(JPEG, "a.jpg"), attach(PAPER, "a.pdf")
    withdrawn = withdraw_attachment(attachment=photo.pk, reason="blurred", by=LUO, at=AT)
    assert file_response(request_of, withdrawn).status_code == thumbnail_response(request_of, withdrawn).status_code == 410  # type: ignore[arg-type]
    path_of(paper.sha256).unlink()
    answer = file_response(request_of, paper)  # type: ignore[arg-type]
    assert answer.status_code == 500
    assert "last backup" in answer.content.decode()
