"""The link by which a family answers without an account: shown once, as an address, as a QR code, and as a slip to print."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from anju.apps.cases import queries
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.apps.cases.steps.closing import make_link
from anju.web.account.factor import qr_path
from anju.web.cases.case import SEES, Refusal, shown
from anju.web.cases.rows import rows_of
from anju.web.layout.access import needs, not_here, viewer_of_request


@needs(*SEES)
@require_POST
def link(request: HttpRequest, number: int) -> HttpResponse:
    """Makes the link and shows it on this answer only: its text is kept nowhere."""
    viewer = viewer_of_request(request)
    case = queries.case_of(viewer, number)
    if case is None:
        return not_here(request)
    try:
        made, text = make_link(number=number, by=viewer, at=timezone.now())
    except Refused as refused:
        return shown(request, viewer, case, Refusal("make_link", None, {}, (refused.said,)), status=400)
    address = request.build_absolute_uri(reverse("answer", args=[text]))
    size, path = qr_path(address)
    row = rows_of(viewer, [case], today())[0]
    context = {"case": case, "row": row, "address": address, "size": size, "path": path, "until": made.expires_on, "here": "cases"}
    return render(request, "cases/case_link.html", context)
