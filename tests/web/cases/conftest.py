"""The cast of the cases at its pages: one family in grid G1, its neighbours, the posts above them, and a stranger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from anju.apps.staff.models import Account
from apps.cases.conftest import Loop, loop

__all__ = ["Loop", "loop"]
MODULES = ("bulk", "instructions", "supervision", "queue", "case", "steps", "answers")
As = Callable[..., Client]


@pytest.fixture
def desk(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """The loop, with the day of the pages its own."""
    monkeypatch.setattr(settings, "DATA", loop.data)
    for module in MODULES:
        monkeypatch.setattr(f"anju.web.cases.{module}.today", lambda: loop.day)
    for module in ("offering", "needed"):
        monkeypatch.setattr(f"anju.apps.cases.{module}.today", lambda: loop.day)
    Account.objects.update(must_change_password=False)
    return loop


@pytest.fixture
def as_(desk: Loop) -> As:
    """A browser signed in as one of the cast."""

    def signed_in(name: str, *, zh: bool = False) -> Client:
        client = Client(HTTP_HOST="127.0.0.1")
        client.force_login(Account.objects.get(username=name), backend="anju.apps.staff.signed_in.Backend")
        if zh:
            client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
        return client

    return signed_in


def text(answer: Any) -> str:
    return str(answer.content.decode())
