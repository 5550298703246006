"""Signing in and out, the post one acts in, and the language of the pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from anju.apps.staff.models import Account
from anju.apps.staff.queries import posts_of
from anju.web.layout.middleware import POST


class SignIn(LoginView):
    template_name = "account/sign_in.html"
    redirect_authenticated_user = True


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    found: dict[str, Any] = {"posts": posts_of(request.user, timezone.localdate())}
    return render(request, "account/account.html", found)


@login_required
@require_POST
def choose_post(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    chosen = request.POST.get("post", "")
    held = {str(post.pk): post.pk for post in posts_of(request.user, timezone.localdate())}
    if chosen in held:
        request.session[POST] = held[chosen]
    return _back(request)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembers the language on this device, and for the account where somebody is signed in."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
        if isinstance(request.user, Account):
            Account.objects.filter(pk=request.user.pk).update(language=chosen)
    return response


def _back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else "/")
