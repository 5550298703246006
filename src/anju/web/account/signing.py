"""Signing in: the password, then a code where the account has an authenticator app, and where one is signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from anju.apps.journal.actions import record
from anju.apps.people.vault import FileVault
from anju.apps.staff.actions import Refused, end_sessions
from anju.apps.staff.factors import check_code, codes_left, factor_of
from anju.apps.staff.models import Account
from anju.apps.staff.queries import viewer_of
from anju.apps.staff.sessions import end_session, move_session, note_sign_in
from anju.apps.staff.signed_in import BACKEND
from anju.web.account.middleware import FACTOR
from anju.web.layout.access import not_here, refuse, send_again, viewer_of_request
from anju.web.layout.home import home_of
from anju.web.layout.kept import kept, remember
from anju.web.layout.middleware import LAST_FAMILIES

ASKED = "asked"  # session: whose password was right, and who is asked for a code now
PATIENCE = timedelta(minutes=10)  # between the password and the code


class SignIn(LoginView):
    """`next` brings one back to where one was, else one's work begins; the name typed stays when the password was wrong."""

    template_name = "account/sign_in.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        return home_of(viewer_of_request(self.request).role) or "/"

    def form_valid(self, form: Any) -> HttpResponse:
        account = form.get_user()
        target = self.get_redirect_url() or _home(account)
        if factor_of(account) is None:
            return enter(self.request, account, target)
        self.request.session[ASKED] = {"account": account.pk, "next": target, "at": timezone.now().isoformat()}
        return HttpResponseRedirect(reverse("sign_in_code"))


def _home(account: Account) -> str:
    """Where the work of the post begins that she acts in first; the first screen where she holds none."""
    return home_of(viewer_of(account, timezone.localdate()).role) or "/"


def enter(request: HttpRequest, account: Account, target: str, *, factor: bool = False) -> HttpResponse:
    """Signs in on this device, and keeps where and when. What was typed before signing in again comes first."""
    login(request, account, backend=BACKEND)
    request.session[FACTOR] = factor
    if request.session.session_key is None:
        request.session.save()
    device, address = request.headers.get("User-Agent", ""), request.META.get("REMOTE_ADDR", "")
    key = request.session.session_key or ""
    note_sign_in(account=account, session_key=key, device=device, address=address, by=account.username, at=timezone.now())
    response = HttpResponseRedirect(reverse("kept") if kept(request, account.pk) else target)
    remember(response, request, account.pk)
    return response


@login_required
def kept_form(request: HttpRequest) -> HttpResponse:
    """What was sent when one was no longer signed in."""
    assert isinstance(request.user, Account)
    found = kept(request, request.user.pk)
    return send_again(request, found["path"], found["page"], found["fields"]) if found else HttpResponseRedirect("/")


@sensitive_post_parameters("code")
@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Asked after the password. Wrong codes count like wrong passwords, and lock the name on this network."""
    asked = _asked(request)
    if asked is None:
        messages.warning(request, _("That took too long: sign in again."))
        return HttpResponseRedirect(reverse("sign_in"))
    account, target = asked
    wrong = False
    if request.method == "POST":
        if not AxesProxyHandler.is_allowed(request, {"username": account.username}):
            return locked_out(request)
        if check_code(account, request.POST.get("code", "")[:40], FileVault(), timezone.now()):
            del request.session[ASKED]
            _warn_of_few(request, account)
            return enter(request, account, target, factor=True)
        failed(request, account)
        wrong = True
    return render(request, "account/sign_in_code.html", {"wrong": wrong}, status=200)


def _asked(request: HttpRequest) -> tuple[Account, str] | None:
    found = request.session.get(ASKED)
    if not isinstance(found, dict) or timezone.now() - datetime.fromisoformat(found["at"]) > PATIENCE:
        return None
    account = Account.objects.filter(pk=found["account"], is_active=True).first()
    return (account, str(found["next"])) if account is not None else None


def failed(request: HttpRequest, account: Account) -> None:
    """One more wrong try of this name on this network."""
    user_login_failed.send(sender=__name__, credentials={"username": account.username}, request=request)


def _warn_of_few(request: HttpRequest, account: Account) -> None:
    factor = factor_of(account)
    if factor is not None and (left := codes_left(factor)) <= 3:
        words = ngettext("You have %(n)s recovery code left: make new ones.", "You have %(n)s recovery codes left: make new ones.", left)
        messages.warning(request, words % {"n": left})


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """After too many wrong passwords or codes: how long, and whom to ask."""
    minutes = round(float(settings.AXES_COOLOFF_TIME) * 60)
    what = ngettext("Too many wrong passwords: wait %(n)s minute", "Too many wrong passwords: wait %(n)s minutes", minutes) % {"n": minutes}
    why = _("This name is locked on this device's network. If you have forgotten the password, ask your administrator for a new one.")
    return refuse(request, what, why, [(_("To the sign-in"), reverse("sign_in"))], status=429)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, Account):
        request.user.sign_ins.filter(session_key=request.session.session_key or "", ended_at=None).update(ended_at=timezone.now())
    logout(request)
    response = HttpResponseRedirect("/")
    response.delete_cookie(LAST_FAMILIES, samesite="Lax")
    return response


class OwnPassword(PasswordChangeView):
    """Ends every other session of the account, and the demand to change a password that somebody else had set."""

    template_name, success_url = "account/password.html", "/"

    def form_valid(self, form: Any) -> HttpResponse:
        form.user.must_change_password = False
        with transaction.atomic():
            form.save()
            stay_alone(self.request, form.user)
            record(act="account.password", about=f"account:{form.user.pk}", by=viewer_of_request(self.request), at=timezone.now())
        messages.success(self.request, _("Your password is changed; other devices are signed out."))
        return back(self.request)


def stay_alone(request: HttpRequest, account: Account) -> None:
    """Every session of the account ends but this one."""
    before, now = request.session.session_key, timezone.now()
    own = account.sign_ins.filter(session_key=before or "", ended_at=None).values_list("pk", flat=True).first()
    end_sessions(account, now)
    update_session_auth_hash(request, account)
    if request.session.session_key is None:
        request.session.save()
    if own is not None:
        account.sign_ins.filter(pk=own).update(ended_at=None)
    move_session(account, before, request.session.session_key)


@login_required
@require_POST
def end_one_session(request: HttpRequest, key: int) -> HttpResponse:
    assert isinstance(request.user, Account)
    try:
        end_session(account=request.user, key=key, by=viewer_of_request(request), at=timezone.now())
    except Refused:
        return not_here(request)
    messages.success(request, _("That device is signed out."))
    return HttpResponseRedirect(reverse("account"))


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Account)
    with transaction.atomic():
        stay_alone(request, request.user)
        record(act="account.sign_out", about=f"account:{request.user.pk}", by=viewer_of_request(request), at=timezone.now())
    messages.success(request, _("Every other device is signed out."))
    return HttpResponseRedirect(reverse("account"))


def back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page named by the form, if it is one of ours."""
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if safe else "/")
