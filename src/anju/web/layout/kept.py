"""What was typed into a form that came too late: kept, and given back to the same person to send once more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

KEPT = "kept"  # session
WHO = "who"  # signed cookie: the account last signed in on this device, so that nobody is given what another typed
LONGEST = 20_000  # characters of a form
HOURS = timedelta(hours=2)
SECRET = ("csrfmiddlewaretoken", "password", "code")
SALT = "anju.web.kept"


def keep(request: HttpRequest) -> None:
    """Into the session of whoever is not signed in any more. Files are not kept, nor anything secret."""
    fields = typed(request)
    who = request.get_signed_cookie(WHO, default="", salt=SALT)
    if fields and who:
        request.session[KEPT] = {
            "path": request.path,
            "page": came_from(request),
            "fields": fields,
            "who": who,
            "at": timezone.now().isoformat(),
        }


def typed(request: HttpRequest) -> list[list[str]]:
    """Every field with its values in order; nothing where it is too long, holds a file or a secret."""
    fields = [[name, text] for name, texts in request.POST.lists() for text in texts if name != "csrfmiddlewaretoken"]
    if request.FILES or any(word in name for name, _ in fields for word in SECRET) or sum(len(n) + len(t) for n, t in fields) > LONGEST:
        return []
    return fields


def kept(request: HttpRequest, account: int) -> dict[str, Any] | None:
    """What this account typed before it had to sign in; what another typed is forgotten."""
    found = request.session.get(KEPT)
    if not isinstance(found, dict):
        return None
    try:
        fresh = timezone.now() - datetime.fromisoformat(found["at"]) < HOURS
    except (KeyError, ValueError):
        fresh = False
    if not fresh or found["who"] != str(account):
        del request.session[KEPT]
        return None
    return found


def readable(fields: list[list[str]]) -> list[str]:
    """What a person typed of them: not keys, days and choices."""
    return [text for _, text in fields if len(text) > 3 and not text.replace("-", "").isdigit()]


def remember(response: HttpResponse, request: HttpRequest, account: int) -> None:
    response.set_signed_cookie(
        WHO, str(account), salt=SALT, max_age=30 * 86_400, httponly=True, samesite="Lax", secure=request.is_secure()
    )  # fmt: skip


def came_from(request: HttpRequest) -> str:
    """The page to come back to: this one, or the one on which the form stands that was sent too late."""
    if request.method == "GET":
        return request.get_full_path()
    sent_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    return (sent_from.path + (f"?{sent_from.query}" if sent_from.query else "") or "/") if sent_from.netloc == request.get_host() else "/"


def own_form(request: HttpRequest) -> bool:
    """Whether the form stood on a page of ours, as far as the browser says."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(origin).netloc == request.get_host()
