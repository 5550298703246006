"""Who looked at whom: counts by account and by family, what stands out first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import ngettext

from anju.apps.journal.actions import bring_in, look
from anju.apps.people.looks import looks_by_account, looks_by_subject
from anju.apps.staff.permissions import ROLES
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.paging import address
from anju.web.office.words import about_words

SPANS = (1, 7, 30)  # days


@needs("journal.see")
def by_account(request: HttpRequest) -> HttpResponse:
    viewer, asked = viewer_of_request(request), request.GET.get("days", "")
    days = int(asked) if asked.isdigit() and int(asked) in SPANS else 7
    bring_in(wait=False)
    now = timezone.now()
    first = now - timedelta(days=days)
    found = looks_by_account(viewer, first, now)
    subjects: list[dict[str, Any]] = [
        {"one": one, "words": about_words(one.about), "url": _lines(about=one.about)} for one in looks_by_subject(viewer, first, now)
    ]
    look(act="journal.see", about="journal:looks", by=viewer, at=now, detail={"days": days})
    context = {
        "rows": [{"one": one, "title": ROLES[one.role].title if one.role in ROLES else "", "url": _lines(by=one.name)} for one in found],
        "subjects": subjects, "days": days, "odd": sum(one.stands_out for one in found), "here": "journal",
        "spans": [(ngettext("%(n)s day", "%(n)s days", n) % {"n": n}, address(request, days=str(n)), n == days) for n in SPANS],
    }  # fmt: skip
    return render(request, "office/looks.html", context)


def _lines(**filters: str) -> str:
    return f"{reverse('journal')}?{urlencode({'act': 'looks', **filters})}"
