"""Signing in and out, one's own password, the post one acts in, and how the pages look to one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.journal.actions import record
from anju.apps.staff.models import Account
from anju.apps.staff.permissions import ROLES
from anju.apps.staff.queries import posts_of
from anju.web.layout.access import refuse, viewer_of_request
from anju.web.layout.current import programme
from anju.web.layout.middleware import POST

THEMES = ("", "light", "dark")


class SignIn(LoginView):
    """`next` brings one back to where one was; the name typed stays when the password was wrong."""

    template_name = "account/sign_in.html"
    redirect_authenticated_user = True


class OwnPassword(PasswordChangeView):
    """Ends every other session of the account, and the demand to change a password that somebody else had set."""

    template_name, success_url = "account/password.html", "/"

    def form_valid(self, form: Any) -> HttpResponse:
        form.user.must_change_password = False
        with transaction.atomic():
            super().form_valid(form)
            record(act="account.password", about=f"account:{form.user.pk}", by=viewer_of_request(self.request), at=timezone.now())
        messages.success(self.request, _("Your password is changed; other devices are signed out."))
        return _back(self.request)


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """After too many wrong passwords: how long, and whom to ask."""
    minutes = round(float(settings.AXES_COOLOFF_TIME) * 60)
    what = ngettext("Too many wrong passwords: wait %(n)s minute", "Too many wrong passwords: wait %(n)s minutes", minutes) % {"n": minutes}
    why = _("This name is locked on this device's network. If you have forgotten the password, ask your administrator for a new one.")
    return refuse(request, what, why, [(_("To the sign-in"), reverse("sign_in"))], status=429)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    posts = list(posts_of(request.user, timezone.localdate()))
    found: dict[str, Any] = {"posts": [(post, ROLES[post.role].title, _department(post.department)) for post in posts if post.role in ROLES]}
    return render(request, "account/account.html", found)


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


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the device says; large text or not. Of the account, and on this device for whoever is signed out."""
    response, theme, large = _back(request), request.POST.get("theme", ""), request.POST.get("text") == "large"
    if theme not in THEMES:
        return response
    for name, value in (("theme", theme), ("text", "large" if large else "")):
        response.set_cookie(name, value, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
    if isinstance(request.user, Account):
        Account.objects.filter(pk=request.user.pk).update(theme=theme, large_text=large)
    return response


def _back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else "/")
