"""What one was told, and the channels by which one is told outside of these pages too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anju.apps.notices.actions import mark_read
from anju.apps.notices.channels import HOSTS, add_channel, remove_channel, send_test, switch_channel, verify_channel
from anju.apps.notices.models import DINGTALK, FEISHU, MAIL, WECOM
from anju.apps.notices.queries import channels_of, notice_of, notices_of
from anju.apps.notices.refusals import Refused
from anju.apps.notices.words import added, head_of
from anju.apps.people.vault import Sealer, ensure_keys
from anju.web.layout.access import not_here, viewer_of_request
from anju.web.layout.paging import PAGE, address, cursor_of, page_of

KINDS: dict[str, Any] = {
    MAIL: gettext_lazy("mail"), WECOM: gettext_lazy("WeCom robot"), DINGTALK: gettext_lazy("DingTalk robot"),
    FEISHU: gettext_lazy("Feishu robot"),
}  # fmt: skip


@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """The latest first. POST: one, or all that the page showed when it was opened, is read."""
    viewer = viewer_of_request(request)
    if request.method == "POST":
        number, up_to = request.POST.get("number", ""), request.POST.get("up_to", "")
        if number.isdigit() or up_to.isdigit():
            mark_read(
                viewer=viewer, at=timezone.now(), number=int(number) if number.isdigit() else None,
                up_to=int(up_to) if up_to.isdigit() else None,
            )  # fmt: skip
        return HttpResponseRedirect(address(request))
    unread = request.GET.get("show") == "unread"
    rows = list(notices_of(viewer, unread=unread, after=_key(request))[: PAGE + 1])
    key = (rows[PAGE - 1].made_at.isoformat(), rows[PAGE - 1].pk) if len(rows) > PAGE else None
    page = page_of(request, rows, key)
    context = {
        "page": page, "newest": max((row.pk for row in page.rows), default=0), "unread_only": unread,
        "rows": [{"one": row, "head": head_of(row.what), "more": added(row.args)} for row in page.rows],
        "filters": [(_("all"), address(request, show=None), not unread), (_("unread"), address(request, show="unread"), unread)],
        "here": "notices",
    }  # fmt: skip
    return render(request, "account/notices.html", context)


def _key(request: HttpRequest) -> tuple[datetime, int] | None:
    found = cursor_of(request, 2)
    moment = parse_datetime(str(found[0])) if found is not None else None
    return (moment, int(found[1])) if found is not None and moment is not None and isinstance(found[1], int) else None


@login_required
def open_notice(request: HttpRequest, key: int) -> HttpResponse:
    """To what it is about; it counts as read."""
    viewer = viewer_of_request(request)
    found = notice_of(viewer, key)
    if found is None:
        return not_here(request)
    mark_read(viewer=viewer, at=timezone.now(), number=found.pk)
    return HttpResponseRedirect(found.link)


@login_required
def channels(request: HttpRequest) -> HttpResponse:
    """POST: `do` says what with which channel. What was typed stays when it is refused."""
    refused: Refused | None = None
    if request.method == "POST":
        try:
            _act(request)
        except Refused as error:
            refused = error
        else:
            return HttpResponseRedirect(reverse("channels"))
    adding = refused is not None and request.POST.get("do") == "add"
    context = {
        "channels": [{"one": one, "kind": KINDS[one.kind]} for one in channels_of(viewer_of_request(request))],
        "kinds": [(code, label) for code, label in KINDS.items() if code != MAIL or settings.MAIL],
        "chosen": request.POST.get("kind", "") if adding else "", "typed": request.POST.get("address", "") if adding else "",
        "fault": _said(refused) if refused is not None else "", "adding": adding, "here": "notices", "with_mail": bool(settings.MAIL),
        "hosts": ", ".join(host for hosts in HOSTS.values() for host in hosts),
    }  # fmt: skip
    return render(request, "account/channels.html", context, status=400 if refused is not None else 200)


def _said(refused: Refused) -> str:
    return refused.title.zh if (get_language() or "").startswith("zh") else refused.title.en


def _act(request: HttpRequest) -> None:
    sent, by, at = request.POST, viewer_of_request(request), timezone.now()
    do, key = sent.get("do", ""), sent.get("channel", "")
    number = int(key) if key.isdigit() and len(key) < 19 else 0
    if do == "add":
        add_channel(
            kind=sent.get("kind", ""), address=sent.get("address", ""), secret=sent.get("secret", ""), sealer=Sealer(ensure_keys()), by=by, at=at
        )
        messages.success(request, _("A code is on its way there: type it in below when it has come, in a minute or two."))
    elif do == "verify":
        verify_channel(channel=number, code=sent.get("code", ""), by=by, at=at)
        messages.success(request, _("Notices go there from now on."))
    elif do == "test":
        send_test(channel=number, by=by, at=at)
        messages.success(request, _("A test message is on its way."))
    elif do in ("on", "off"):
        switch_channel(channel=number, on=do == "on", by=by, at=at)
    elif do == "remove":
        remove_channel(channel=number, by=by, at=at)
        messages.success(request, _("The channel is removed, and its address erased."))
