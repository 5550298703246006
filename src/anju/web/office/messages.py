"""Messages that failed or of which nobody knows, for the administrator: it came, or it is sent again."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.apps.notices.actions import settle_message
from anju.apps.notices.models import FAILED, UNCERTAIN
from anju.apps.notices.queries import open_messages
from anju.apps.notices.refusals import Refused
from anju.apps.notices.words import head_of
from anju.apps.staff.models import Account
from anju.web.account.notices import KINDS
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.paging import PAGE, address, cursor_of, page_of


@needs("accounts.manage")
def messages(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    if request.method == "POST":
        return _settle(request)
    state = request.GET.get("state", "")
    cursor = cursor_of(request, 1)
    before = cursor[0] if cursor is not None and isinstance(cursor[0], int) else None
    rows = list(open_messages(viewer, state=state, before=before)[: PAGE + 1])
    page = page_of(request, rows, (rows[PAGE - 1].pk,) if len(rows) > PAGE else None)
    names = Account.objects.in_bulk({row.channel.account for row in page.rows})
    context = {
        "page": page, "here": "messages",
        "rows": [
            {
                "one": row, "who": names.get(row.channel.account), "head": head_of(row.notice.what), "kind": KINDS.get(row.channel.kind, ""),
                "code": row.notice.what == "channel.test",
            }
            for row in page.rows
        ],
        "states": [
            (label, address(request, state=code or None), state == code)
            for code, label in (("", _("all")), (UNCERTAIN, _("in doubt")), (FAILED, _("failed")))
        ],
    }  # fmt: skip
    return render(request, "office/messages.html", context)


def _settle(request: HttpRequest) -> HttpResponse:
    key, do = request.POST.get("message", ""), request.POST.get("do", "")
    try:
        if key.isdigit() and len(key) < 19 and do in ("came", "again"):
            settle_message(message=int(key), came=do == "came", by=viewer_of_request(request), at=timezone.now())
            flash.success(request, _("Noted: it came.") if do == "came" else _("It is sent again within a minute or two."))
    except Refused as refused:
        flash.warning(request, refused.title.zh if (get_language() or "").startswith("zh") else refused.title.en)
    return HttpResponseRedirect(address(request))
