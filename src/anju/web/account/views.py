"""One's own account: the posts one holds and acts in, where one is signed in, and how the pages look to one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.staff.actions import Refused, revoke_token
from anju.apps.staff.factors import factor_of
from anju.apps.staff.models import Account, Token
from anju.apps.staff.permissions import ROLES
from anju.apps.staff.queries import posts_of
from anju.apps.staff.sessions import sign_ins_of
from anju.web.account.signing import back
from anju.web.layout.access import not_here, viewer_of_request
from anju.web.layout.current import programme
from anju.web.layout.middleware import POST

BROWSERS = (("MicroMessenger", "WeChat"), ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"))
THEMES = ("", "light", "dark")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    posts = posts_of(request.user, timezone.localdate())
    now, account = timezone.now(), request.user
    context: dict[str, Any] = {
        "posts": [(post, ROLES[post.role].title, _department(post.department)) for post in posts if post.role in ROLES],
        "sign_ins": [
            {"row": row, "stands": stands, "here": row.session_key == request.session.session_key, "device": device_of(row.device)}
            for row, stands in sign_ins_of(account, now)
        ],
        "factor": factor_of(account),
        "tokens": Token.objects.filter(post__in=posts, revoked_at=None, expires__gt=now.date()).select_related("post__place").order_by("pk"),
    }  # fmt: skip
    return render(request, "account/account.html", context)


@login_required
@require_POST
def revoke_own_token(request: HttpRequest, key: int) -> HttpResponse:
    """A program that acts for oneself opens nothing from now on. Of somebody else's it is not said that there is one."""
    assert isinstance(request.user, Account)
    token = Token.objects.filter(pk=key, post__account=request.user).first()
    if token is None:
        return not_here(request)
    try:
        revoke_token(token=token, by=viewer_of_request(request), at=timezone.now())
    except Refused:
        messages.info(request, _("That token was revoked before."))
    else:
        messages.success(request, _("Revoked: the program opens nothing any more."))
    return HttpResponseRedirect(reverse("account"))


def device_of(agent: str) -> str:
    """'Firefox · Windows', as far as the browser tells; its own words would say little to anybody."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " · ".join(filter(None, (browser, system))) or agent[:40]


def _department(code: str) -> Any:
    return programme().departments.get(code, code) if code else ""


@login_required
@require_POST
def choose_post(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    chosen = request.POST.get("post", "")
    held = {str(post.pk): post.pk for post in posts_of(request.user, timezone.localdate())}
    if chosen in held:
        request.session[POST] = held[chosen]
    return back(request)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembers the language on this device, and for the account where somebody is signed in."""
    response = back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
        if isinstance(request.user, Account):
            Account.objects.filter(pk=request.user.pk).update(language=chosen)
    return response


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the device says; large text or not. Of the account, and on this device for whoever is signed out."""
    response, theme, large = back(request), request.POST.get("theme", ""), request.POST.get("text") == "large"
    if theme not in THEMES:
        return response
    for name, value in (("theme", theme), ("text", "large" if large else "")):
        response.set_cookie(name, value, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
    if isinstance(request.user, Account):
        Account.objects.filter(pk=request.user.pk).update(theme=theme, large_text=large)
    return response
