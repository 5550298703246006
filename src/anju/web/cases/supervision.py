"""Supervision: what is overdue, returned, reopened, contested or told to a rank above, by unit and department; draws, instructions."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.alerts.queries import path_of_place, place_name
from anju.apps.cases import counting, overseeing, queries
from anju.apps.cases.models import Case
from anju.apps.cases.queries import MARKS, OPEN, Filters
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import casework, today
from anju.apps.cases.steps.looking_back import draw
from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer
from anju.web.cases.rows import rows_of, words_of
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.filters import place_in_queue
from anju.web.layout.paging import PAGE, page_of
from anju.web.layout.templatetags.anju import said
from anju.web.work.rows import owner_title

COLUMNS = ("overdue", "returned", "reopened", "contested", "passed", "escalated")
MONTHS = 3  # over which handling in time is told
LAST = timedelta(days=31)


def mark_words() -> dict[str, str]:
    return {
        "overdue": _("Overdue"), "returned": _("Returned"), "reopened": _("Reopened"), "contested": _("Contested"),
        "passed": _("Passed on"), "escalated": _("Told above"),
    }  # fmt: skip


@needs("cases.supervise")
def supervision(request: HttpRequest) -> HttpResponse:
    """One place: its numbers, those of the places below it, and those of each department. All of them kept, none counted here."""
    viewer = viewer_of_request(request)
    top = _place(request, viewer)
    if top is None:
        return not_here(request)
    below = list(Place.objects.filter(parent=top, tree="scope").exclude(level="grid").order_by("path"))
    rows = counting.marks(viewer, [top.pk, *(place.pk for place in below)])
    own = [row for row in rows if row[0] == top.pk]
    draws = overseeing.draws(viewer)
    context = {
        "place": top,
        "up": top.parent if top.parent is not None and viewer.sees_path(top.parent.path) else None,
        "columns": [(what, mark_words()[what]) for what in COLUMNS],
        "total": _line(top.name, own, place=top.code),
        "below": [_line(place.name, [row for row in rows if row[0] == place.pk], place=place.code) for place in below],
        "owners": [
            _line(said(owner_title(owner)), [row for row in own if row[1] == owner], place=top.code, department=owner)
            for owner in sorted({row[1] for row in own})
        ],
        "months": MONTHS,
        "told": [(event, words_of(viewer, event.case)[0]) for event in overseeing.escalations(viewer)],
        "passed": _passed(viewer, top),
        "draws": [(one, found.get(True, 0), found.get(False, 0), found.get(None, 0)) for one, found in draws],
        "percent": casework().redraw_percent,
        "seed": secrets.token_hex(4),
        "since": today() - LAST,
        "until": today(),
        "here": "supervision",
    }  # fmt: skip
    return render(request, "cases/supervision.html", context)


def _place(request: HttpRequest, viewer: Viewer) -> Place | None:
    code = request.GET.get("place", "")
    path = path_of_place(viewer, code) if code else (viewer.scopes[0] if viewer.scopes else "")
    return Place.objects.filter(path=path).select_related("parent").first() if path else None


def _line(title: str, rows: list[tuple[int, str, str, int]], **where: str) -> dict[str, Any]:
    """The numbers of one place or department, each with its list, and the share that was handled in time over the last months."""
    sums: dict[str, int] = {}
    for _place_id, _owner, what, n in rows:
        sums[what] = sums.get(what, 0) + n
    first = _month_before(today(), MONTHS - 1)
    in_time = sum(n for what, n in sums.items() if what >= f"in_time:{first}" and what.startswith("in_time:"))
    late = sum(n for what, n in sums.items() if what >= f"late:{first}" and what.startswith("late:"))
    address = reverse("supervision_cases")
    return {
        "title": title,
        "url": f"{reverse('supervision')}?{urlencode({'place': where['place']})}",
        "open": sums.get("open", 0),
        "open_url": f"{address}?{urlencode(where)}",
        "cells": [(sums.get(what, 0), f"{address}?{urlencode({'mark': what, **where})}", what) for what in COLUMNS],
        "in_time": in_time,
        "handled": in_time + late,
    }


def _month_before(day: date, n: int) -> str:
    months = day.year * 12 + day.month - 1 - n
    return f"{months // 12:04}-{months % 12 + 1:02}"


def _passed(viewer: Viewer, place: Place) -> list[dict[str, Any]]:
    """Cases that go from department to department, with who passed them and why."""
    found = queries.queue(viewer, Filters(queue=OPEN, mark="passed", path=place.path), limit=10)
    events = overseeing.passed_between(found)
    return [
        {
            "case": case, "head": words_of(viewer, case)[0],
            "passes": [
                (said(owner_title(str(event.detail.get("from", "")))), said(owner_title(str(event.detail.get("to", "")))), event)
                for event in events.get(case.pk, [])
            ],
        }
        for case in sorted(found, key=lambda case: -case.passed_on)
    ]  # fmt: skip


@needs("cases.supervise")
def marked(request: HttpRequest) -> HttpResponse:
    """The list behind a number. A post that opens no family's page reads what is wrong and where, not whose it is."""
    viewer, get = viewer_of_request(request), request.GET
    mark = get.get("mark", "") if get.get("mark", "") in MARKS else ""
    path = path_of_place(viewer, get.get("place", ""))
    filters = Filters(queue=OPEN, mark=mark, path=path, department=get.get("department", "")[:40])
    found: list[Case] = queries.queue(viewer, filters, after=place_in_queue(request, over=filters.queue == queries.DONE), limit=PAGE + 1)
    key = queries.key_of(found[PAGE - 1]) if len(found) > PAGE else None
    context = {
        "page": page_of(request, rows_of(viewer, found, today()), key),
        "title": mark_words().get(mark, _("All open")),
        "place": place_name(path) if path else "",
        "department": owner_title(filters.department) if filters.department else None,
        "back": f"{reverse('supervision')}?{urlencode({'place': get.get('place', '')})}" if path else reverse("supervision"),
        "here": "supervision",
    }
    return render(request, "cases/marked.html", context)


@needs("cases.supervise")
@require_POST
def draw_again(request: HttpRequest) -> HttpResponse:
    """Draws a share of the cases closed between two days, for another team. The seed is kept: whoever has it draws the same."""
    viewer, post = viewer_of_request(request), request.POST
    try:
        since, until = date.fromisoformat(post.get("since", "")), date.fromisoformat(post.get("until", ""))
        made = draw(seed=post.get("seed", ""), since=since, until=until, by=viewer, at=timezone.now())
    except Refused as refused:
        messages.error(request, said(refused.said))
    except ValueError:
        messages.error(request, _("Choose two days."))
    else:
        words = ngettext("%(n)s case is drawn to be visited again.", "%(n)s cases are drawn to be visited again.", len(made))
        messages.success(request, words % {"n": len(made)})
    return HttpResponseRedirect(f"{reverse('supervision')}#draws")
