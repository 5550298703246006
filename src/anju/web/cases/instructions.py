"""Instructions of leaders: given to a place with a deadline, answered there, and accepted by whoever gave them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.cases import overseeing
from anju.apps.cases.models import Instruction
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.apps.cases.steps.instructing import accept_reply, instruct, reply
from anju.apps.places.models import Place
from anju.apps.places.scope import end_of
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.paging import PAGE, cursor_of, page_of
from anju.web.layout.templatetags.anju import said

LEVELS = ("programme", "unit", "street", "community")
MOST_PLACES = 500
USUAL = timedelta(days=7)


@needs("cases.see", "cases.supervise")
def instructions(request: HttpRequest) -> HttpResponse:
    """What is open by its deadline; what is done; and for whoever may, the form that gives one."""
    viewer = viewer_of_request(request)
    if request.method == "POST":
        return _give(request, viewer)
    return _list(request, viewer)


def _list(request: HttpRequest, viewer: Viewer, fault: str = "") -> HttpResponse:
    done = request.GET.get("done") == "1"
    cursor = cursor_of(request, 1)
    after = int(cursor[0]) if cursor is not None and str(cursor[0]).isdigit() else None
    found = overseeing.instructions(viewer, done=done, after=after, limit=PAGE + 1 if done else 4 * PAGE)
    rows = _rows(found)
    page = page_of(request, rows, (found[PAGE - 1].pk,) if done and len(found) > PAGE else None, size=PAGE if done else 4 * PAGE)
    context = {
        "page": page,
        "done": done,
        "may_give": viewer.can("cases.instruct"),
        "places": _places(viewer) if viewer.can("cases.instruct") else [],
        "typed": request.POST if request.method == "POST" else request.GET,
        "fault": fault,
        "first": today(),
        "usual": today() + USUAL,
        "here": "supervision" if viewer.can("cases.supervise") else "cases",
    }
    return render(request, "cases/instructions.html", context, status=400 if fault else 200)


def _rows(found: list[Instruction]) -> list[dict[str, Any]]:
    names = dict(Place.objects.filter(pk__in={one.place_id for one in found}).values_list("pk", "name"))
    day = today()
    return [
        {"one": one, "place": names.get(one.place_id, ""), "late": one.accepted_at is None and one.replied_at is None and one.due_on < day}
        for one in found
    ]  # fmt: skip


def _places(viewer: Viewer) -> list[Place]:
    found = [
        place
        for path in viewer.scopes
        for place in Place.objects.filter(tree="scope", path__gte=path, path__lt=end_of(path), level__in=LEVELS).order_by("path")[:MOST_PLACES]
    ]
    return found[:MOST_PLACES]


def _give(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    post = request.POST
    place, case = post.get("place", ""), post.get("case", "").strip()
    due_on = _day(post.get("due", ""))
    if due_on is None or not place.isdigit() or (case and not case.isdigit()):
        return _list(request, viewer, _("Choose a place and a day; a case is named by its number."))
    try:
        made = instruct(
            place=int(place), text=post.get("text", ""), due_on=due_on, by=viewer, at=timezone.now(), case=int(case) if case else None
        )
    except Refused as refused:
        return _list(request, viewer, said(refused.said))
    messages.success(request, _("The instruction is given."))
    return HttpResponseRedirect(reverse("instruction", args=[made.pk]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@needs("cases.see", "cases.supervise")
def instruction(request: HttpRequest, key: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = overseeing.instruction_of(viewer, key)
    return _one(request, viewer, found) if found is not None else not_here(request)


def _one(request: HttpRequest, viewer: Viewer, found: Instruction, fault: str = "") -> HttpResponse:
    context = {
        **_rows([found])[0],
        "may_reply": viewer.can("cases.assign") and found.accepted_at is None and found.given_account != viewer.account,
        "may_accept": (viewer.can("cases.instruct") or viewer.can("cases.supervise")) and found.replied_at and found.accepted_at is None,
        "fault": fault,
        "typed": request.POST,
        "here": "supervision" if viewer.can("cases.supervise") else "cases",
    }
    return render(request, "cases/instruction.html", context, status=400 if fault else 200)


@needs("cases.see", "cases.supervise")
@require_POST
def answer(request: HttpRequest, key: int) -> HttpResponse:
    """The reply, or its acceptance."""
    viewer = viewer_of_request(request)
    found = overseeing.instruction_of(viewer, key)
    if found is None:
        return not_here(request)
    try:
        if request.POST.get("accept") == "1":
            accept_reply(key=key, by=viewer, at=timezone.now())
            messages.success(request, _("The reply is accepted."))
        else:
            reply(key=key, text=request.POST.get("text", ""), by=viewer, at=timezone.now())
            messages.success(request, _("The reply is given."))
    except Refused as refused:
        return _one(request, viewer, found, said(refused.said))
    return HttpResponseRedirect(reverse("instruction", args=[key]))
