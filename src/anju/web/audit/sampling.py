"""A random sample by a seed, for whoever wants to look herself. Who drew it, by which seed and among how many, stands in the journal."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from anju.apps.cases.models import Case
from anju.apps.cases.registers import Sample, cases_drawn, sample_of
from anju.apps.cases.rules import today
from anju.apps.journal.actions import record
from anju.apps.journal.models import Line
from anju.core.casework.states import STATES
from anju.core.terms.viewer import Viewer
from anju.web.audit.registers import day_of, head_now, places_named, standard_words
from anju.web.audit.words import registers
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.templatetags.anju import said

ACT, ABOUT = "cases.sample", "cases:closed"
SHARES = (1, 2, 5, 10, 20)
LONGEST = 40  # characters of a seed


@needs("cases.audit")
def sample(request: HttpRequest) -> HttpResponse:
    """POST draws and writes it down; the address that follows shows the same to whoever opens it."""
    viewer, asked = viewer_of_request(request), asked_of_draw(request)
    since, until = day_of(asked["since"]), day_of(asked["until"])
    fault = _fault(since, until)
    if request.method == "POST" and since and until and not fault:
        asked["seed"] = asked["seed"] or secrets.token_hex(4)
        found = sample_of(viewer, since=since, until=until, percent=int(asked["percent"]), seed=asked["seed"])
        detail: dict[str, str | int | bool | None] = {**asked, "among": found.among, "drawn": len(found.drawn)}
        record(act=ACT, about=ABOUT, by=viewer, at=timezone.now(), detail=detail)
        return HttpResponseRedirect(f"{reverse('audit_sample')}?{urlencode(asked)}")
    drawn = bool(asked["seed"]) and not fault and since is not None and until is not None
    found = sample_of(viewer, since=since, until=until, percent=int(asked["percent"]), seed=asked["seed"]) if drawn else Sample(0, [])  # type: ignore[arg-type]
    context = {
        "asked": asked, "shares": [str(one) for one in SHARES], "sample": found, "rows": rows_drawn(viewer, found), "drawn": drawn,
        "line": _line(asked) if drawn else None, "fault": fault if request.method == "POST" or asked["seed"] else "", "head": head_now(),
        "registers": registers(), "here": "audit", "sheet": f"{reverse('audit_sample_sheet')}?{urlencode(asked)}",
    }  # fmt: skip
    return render(request, "audit/sample.html", context, status=400 if request.method == "POST" else 200)


def asked_of_draw(request: HttpRequest) -> dict[str, str]:
    given = request.POST if request.method == "POST" else request.GET
    asked = {name: given.get(name, "").strip()[:LONGEST] for name in ("seed", "since", "until", "percent")}
    asked["percent"] = asked["percent"] if asked["percent"] in {str(one) for one in SHARES} else "5"
    asked["until"] = asked["until"] or today().isoformat()
    asked["since"] = asked["since"] or today().replace(day=1).isoformat()
    return asked


def _fault(since: date | None, until: date | None) -> str:
    if since is None or until is None:
        return _("A day is written 2023-09-26.")
    if until < since:
        return _("The last day lies before the first.")
    return _("A sample is of a year at most: choose days that lie closer.") if (until - since).days > 366 else ""


def _line(asked: dict[str, str]) -> Line | None:
    """Where this very draw was written down first."""
    found = Line.objects.filter(act=ACT, about=ABOUT, detail__seed=asked["seed"], detail__since=asked["since"])
    return found.filter(detail__until=asked["until"], detail__percent=asked["percent"]).order_by("pk").first()


def rows_drawn(viewer: Viewer, found: Sample) -> list[dict[str, Any]]:
    cases = cases_drawn(viewer, found.drawn)
    places = places_named(cases)
    return [_drawn(case, places) for case in cases]


def _drawn(case: Case, places: dict[str, str]) -> dict[str, Any]:
    return {
        "case": case, "place": places.get(case.path, ""), "standard": standard_words(case), "state": said(STATES[case.state]),
        "over": case.closed_on,
    }  # fmt: skip
