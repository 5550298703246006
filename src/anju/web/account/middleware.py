"""Whoever signs in with a password that an administrator chose, chooses one of their own before anything else."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from anju.apps.staff.models import Account

OPEN = ("password", "sign_out", "language", "sign_in")


def own_password_middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def ask(request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, Account) and user.must_change_password and not _open(request.path):
            back = request.get_full_path() if request.method == "GET" else "/"
            return HttpResponseRedirect(f"{reverse('password')}?{urlencode({'next': back})}")
        return answer(request)

    return ask


def _open(path: str) -> bool:
    return path.startswith(settings.STATIC_URL) or path in {reverse(name) for name in OPEN}
