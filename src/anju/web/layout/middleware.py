"""Every request gets a viewer, and every answer says what the page may load: our own files and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from anju.apps.staff.models import Account
from anju.apps.staff.queries import viewer_of
from anju.core.terms.viewer import STRANGER, Viewer

Answer = Callable[[HttpRequest], HttpResponse]
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "font-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "manifest-src 'self'", "worker-src 'self'",
    )
)  # fmt: skip
POST = "post"  # session: the post one acts in
LAST_FAMILIES = "last_families"  # cookie: the families' pages opened last, signed for one account
SENT = "sent"  # cookie: the form that was taken last, so that the browser may forget its draft


def viewer_middleware(answer: Answer) -> Answer:
    """`request.viewer`: the account in the post it acts in; a stranger where nobody is signed in."""

    def look(request: HttpRequest) -> HttpResponse:
        request.viewer = viewer_for(request)  # type: ignore[attr-defined]
        response = answer(request)
        if request.method == "POST" and response.status_code < 400 and request.viewer.account is not None:  # type: ignore[attr-defined]
            response.set_cookie(SENT, quote(request.path), max_age=600, samesite="Lax", secure=request.is_secure())
        return response

    return look


def viewer_for(request: HttpRequest) -> Viewer:
    user = request.user
    if not isinstance(user, Account):
        return STRANGER
    post = request.session.get(POST)
    return viewer_of(user, timezone.localdate(), post if isinstance(post, int) else None)


def language_middleware(answer: Answer) -> Answer:
    """The language of the account, else of the cookie or browser (Django's own middleware has chosen that before)."""

    def speak(request: HttpRequest) -> HttpResponse:
        user = request.user
        chosen = user.language if isinstance(user, Account) and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES else ""
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return answer(request)

    return speak


def policy_middleware(answer: Answer) -> Answer:
    """Content security policy, and no page of people's data is kept by a browser or a proxy."""

    def guard(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guard
