"""What must be done before anything else: a password of one's own, and an authenticator app where the role demands one."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from anju.apps.staff.models import Account
from anju.web.layout.access import viewer_of_request

OPEN = ("password", "sign_out", "language", "sign_in")
OPEN_TOO = ("factor", "account", "choose_post", "appearance", "end_other_sessions")
FACTOR = "factor"  # session: signed in with a code


def own_password_middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def ask(request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, Account) and user.must_change_password and not _open(request.path, OPEN):
            back = request.get_full_path() if request.method == "GET" else "/"
            return HttpResponseRedirect(f"{reverse('password')}?{urlencode({'next': back})}")
        return answer(request)

    return ask


def second_factor_middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def ask(request: HttpRequest) -> HttpResponse:
        if demanded(request) and not _open(request.path, OPEN + OPEN_TOO):
            return HttpResponseRedirect(reverse("factor"))
        return answer(request)

    return ask


def demanded(request: HttpRequest) -> bool:
    """Whether the post one acts in may be held with an authenticator app only, and there is none yet. Accounts without a password,
    as the sample's, are not signed in with one."""
    if viewer_of_request(request).role not in settings.SECOND_FACTOR or not isinstance(request.user, Account):
        return False
    return request.user.has_usable_password() and not request.session.get(FACTOR)


def _open(path: str, names: tuple[str, ...]) -> bool:
    return path.startswith(settings.STATIC_URL) or path in {reverse(name) for name in names}
