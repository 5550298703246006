"""Who is signed in, which is asked for every page: Django's own session and account, by queries that are prepared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore as Stored
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from anju.apps.prepared.queries import prepared
from anju.apps.staff.models import Account

BACKEND = f"{__name__}.Backend"


@prepared
def _account(key: int) -> QuerySet[Account]:
    return Account.objects.filter(pk=key)


@prepared
def _session(key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class Backend(ModelBackend):
    def get_user(self, user_id: Any) -> Account | None:
        account = _account.first(int(user_id))
        return account if account is not None and self.user_can_authenticate(account) else None


class SessionStore(Stored):
    def _get_session_from_db(self) -> Session | None:
        found = _session.first(self.session_key or "", timezone.now())
        if found is None:
            self._session_key = None
        return found
