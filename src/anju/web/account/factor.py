"""One's own authenticator app: turned on with a code of it, recovery codes told once, turned off with the password and a code."""

from __future__ import annotations

from typing import Any

import qrcode
from axes.handlers.proxy import AxesProxyHandler
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from anju.apps.people.vault import FileVault
from anju.apps.staff.actions import Refused
from anju.apps.staff.factors import (
    address_of,
    check_code,
    codes_left,
    confirm_second_factor,
    drop_second_factor,
    factor_of,
    offer_second_factor,
    renew_recovery_codes,
)
from anju.apps.staff.models import Account, SecondFactor
from anju.web.account.middleware import FACTOR, demanded
from anju.web.account.signing import failed, locked_out, stay_alone
from anju.web.layout.access import viewer_of_request
from anju.web.layout.templatetags.anju import said

ISSUER = "Anju 安居"


@sensitive_post_parameters("password", "code")
@login_required
def factor(request: HttpRequest) -> HttpResponse:
    """What there is to do next: begin, give the first code, or (where it is on) new recovery codes and turning off."""
    assert isinstance(request.user, Account)
    acts = {"begin": _begin, "confirm": _confirm, "codes": _renew, "off": _turn_off}
    act = acts.get(request.POST.get("act", "")) if request.method == "POST" else None
    if act is None:
        return _page(request, request.user)
    return act(request, request.user)


def _page(request: HttpRequest, account: Account, *, fault: str = "", about: str = "") -> HttpResponse:
    known = SecondFactor.objects.filter(account=account).first()
    context: dict[str, Any] = {"fault": fault, "fault_of": about, "demanded": demanded(request)}
    if known is not None and known.confirmed_at is not None:
        context |= {"factor": known, "left": codes_left(known)}
    elif known is not None:
        secret = offer_second_factor(account=account, vault=FileVault(), at=timezone.now())
        size, path = qr_path(address_of(secret, account, ISSUER))
        context |= {"secret": secret.text, "size": size, "path": path, "link": address_of(secret, account, ISSUER)}
    return render(request, "account/factor.html", context, status=400 if fault else 200)


def qr_path(text: str) -> tuple[int, str]:
    """The width of a QR code in modules with its quiet zone, and the path of its dark ones, a square for each run of a row."""
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    code.make(fit=True)
    rows, parts = code.get_matrix(), []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = next((n for n in range(x, len(row)) if row[n] != row[x]), len(row)) - x
            if row[x]:
                parts.append(f"M{x} {y}h{run}v1h-{run}z")
            x += run
    return len(rows), "".join(parts)


def _begin(request: HttpRequest, account: Account) -> HttpResponse:
    if not account.has_usable_password():
        return _page(request, account, fault=_("This account has no password, so no code is asked after it."), about="begin")
    if factor_of(account) is None:
        offer_second_factor(account=account, vault=FileVault(), at=timezone.now())
    return HttpResponseRedirect(reverse("factor"))


def _confirm(request: HttpRequest, account: Account) -> HttpResponse:
    try:
        codes = confirm_second_factor(
            account=account, code=request.POST.get("code", "")[:40], vault=FileVault(), by=viewer_of_request(request), at=timezone.now()
        )  # fmt: skip
    except Refused as refused:
        return _page(request, account, fault=said(refused.title), about="confirm")
    stay_alone(request, account)
    request.session[FACTOR] = True
    return _codes(request, codes)


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """The one answer in which they stand. The file to keep is part of it, so that the server need not remember them."""
    head = _("Recovery codes for Anju, account %(name)s. Each opens the account once instead of a code of the app.")
    lines = [head % {"name": request.user.get_username()}, "", *codes, ""]
    return render(request, "account/codes.html", {"codes": codes, "file": "\r\n".join(lines)})


def _renew(request: HttpRequest, account: Account) -> HttpResponse:
    refused = _proved(request, account, "codes")
    if refused is not None:
        return refused
    return _codes(request, renew_recovery_codes(account=account, vault=FileVault(), by=viewer_of_request(request), at=timezone.now()))


def _turn_off(request: HttpRequest, account: Account) -> HttpResponse:
    refused = _proved(request, account, "off")
    if refused is not None:
        return refused
    drop_second_factor(account=account, by=viewer_of_request(request), at=timezone.now())
    request.session[FACTOR] = False
    messages.success(request, _("The authenticator app is off: your password alone signs you in."))
    return HttpResponseRedirect(reverse("account"))


def _proved(request: HttpRequest, account: Account, about: str) -> HttpResponse | None:
    """None after the right password and the right code; wrong ones count to the lock-out here too."""
    if not AxesProxyHandler.is_allowed(request, {"username": account.username}):
        return locked_out(request)
    if factor_of(account) is None:
        return HttpResponseRedirect(reverse("factor"))
    right = account.check_password(request.POST.get("password", ""))
    if right and check_code(account, request.POST.get("code", "")[:40], FileVault(), timezone.now()):
        return None
    failed(request, account)
    return _page(request, account, fault=_("The password or the code is wrong."), about=about)
