"""Every step that is taken from the page of a listing: done, or refused on the page with everything that was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.findings.queries import current_run
from anju.apps.monitoring import actions, endings, plans, posting, queries
from anju.apps.monitoring.steps import ELSEWHERE, Refused
from anju.core.casework.elimination import Facts
from anju.core.contracts.model import Bilingual
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.monitoring import facts
from anju.web.monitoring.forms import day_in, measure_in, meeting_in, version_in
from anju.web.monitoring.views import listing_page, today

VISITED = Bilingual("Day of the visit", "入户日期")


def _done(request: HttpRequest, number: int, act: Callable[[dict[str, Any]], object], told: Any) -> HttpResponse:
    """Calls the act with who, when, which and what was seen; back to the page with a word, or with what is wrong."""
    viewer = viewer_of_request(request)
    common = {"number": number, "on": today(), "by": viewer, "at": timezone.now(), "version": version_in(request.POST)}
    try:
        act(common)
    except Refused as refused:
        if ELSEWHERE in refused.said:
            return not_here(request)
        return listing_page(request, number, refused.said)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("monitoring_listing", args=[number]))


@needs("monitoring.propose")
@require_POST
def verify(request: HttpRequest, number: int) -> HttpResponse:
    typed = request.POST
    return _done(
        request, number,
        lambda common: actions.verify_household(
            visited_on=day_in(typed, "visited_on", VISITED), found_there=typed.get("found_there", ""),
            authorisation=typed.get("authorisation", ""), **common,
        ),
        _("The visit is recorded."),
    )  # fmt: skip


@needs("monitoring.propose")
@require_POST
def compare(request: HttpRequest, number: int) -> HttpResponse:
    run = current_run()
    doubts = request.POST.get("doubts", "")
    return _done(
        request,
        number,
        lambda common: actions.compare_data(run=run.pk if run is not None else None, doubts=doubts, **common),
        _("The comparison is recorded."),
    )


@needs("monitoring.review")
@require_POST
def review(request: HttpRequest, number: int) -> HttpResponse:
    """The meeting about a listing, or about the end of its risk where that is under way."""
    ends = request.POST.get("ending") == "1"
    act: Callable[..., object] = endings.review_elimination if ends else actions.record_review
    return _done(request, number, lambda common: act(meeting=meeting_in(request.POST), **common), _("The meeting is recorded."))


@needs("monitoring.review")
@require_POST
def township(request: HttpRequest, number: int) -> HttpResponse:
    note = request.POST.get("note", "")
    return _done(request, number, lambda common: actions.review_by_township(note=note, **common), _("Reviewed for the street."))


@needs("monitoring.approve")
@require_POST
def approve(request: HttpRequest, number: int) -> HttpResponse:
    """The county's word on a listing, or on the end of its risk: then with what is known of the family now."""
    note = request.POST.get("note", "")
    if request.POST.get("ending") == "1":
        known = _facts(request, number)
        return _done(request, number, lambda common: endings.approve_elimination(facts=known, note=note, **common), _("The risk is over."))
    return _done(
        request,
        number,
        lambda common: actions.approve_listing(note=note, **common),
        _("The family is monitored. A support plan is due."),
    )


def _facts(request: HttpRequest, number: int) -> Facts:
    found = queries.listing(viewer_of_request(request), number)
    return facts.facts_of(current_run(), found.household) if found is not None else Facts()


@needs("monitoring.see")
@require_POST
def refuse(request: HttpRequest, number: int) -> HttpResponse:
    """Whoever could take the next step may refuse it; the action decides."""
    reason = request.POST.get("reason", "")
    act: Callable[..., object] = endings.refuse_elimination if request.POST.get("ending") == "1" else actions.refuse_listing
    return _done(request, number, lambda common: act(reason=reason, **common), _("Refused, with the reason."))


@needs("monitoring.propose")
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """Proposes that the risk is over."""
    typed, run = request.POST, current_run()
    known = _facts(request, number)
    return _done(
        request, number,
        lambda common: endings.propose_elimination(
            facts=known, found_there=typed.get("ending_found", ""), visited_on=day_in(typed, "ending_visited", VISITED),
            run=run.pk if run is not None else None, **common,
        ),
        _("The end of the risk is proposed."),
    )  # fmt: skip


# --- the plan ------------------------------------------------------------------------------------------------------------------


@needs("monitoring.propose")
@require_POST
def measure_add(request: HttpRequest, number: int) -> HttpResponse:
    return _done(request, number, lambda common: plans.add_measure(said=measure_in(request.POST), **common), _("The measure is in the plan."))


@needs("monitoring.propose")
@require_POST
def plan_review(request: HttpRequest, number: int) -> HttpResponse:
    note = request.POST.get("plan_note", "")
    return _done(request, number, lambda common: plans.review_plan(note=note, **common), _("The look at the plan is recorded."))


# --- objections ------------------------------------------------------------------------------------------------------------------


@needs("monitoring.review")
@require_POST
def objection(request: HttpRequest, number: int) -> HttpResponse:
    """Of the notice that hangs last."""
    typed = request.POST
    return _done(
        request, number,
        lambda common: posting.record_objection(
            notice=_last_notice(typed), text=typed.get("objection", ""),
            received_on=day_in(typed, "received_on", Bilingual("Received on", "收到日期")), on=common["on"], by=common["by"], at=common["at"],
        ),
        _("The objection is recorded. It needs an answer before anything goes on."),
    )  # fmt: skip


@needs("monitoring.review")
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    typed = request.POST
    return _done(
        request, number,
        lambda common: posting.answer_objection(
            objection=_key(typed, "of"), answer=typed.get("answer", ""), upheld=typed.get("upheld") == "1", on=common["on"], by=common["by"],
            at=common["at"],
        ),
        _("The objection is answered."),
    )  # fmt: skip


def _last_notice(typed: QueryDict) -> int:
    return _key(typed, "notice")


def _key(typed: QueryDict, name: str) -> int:
    text = typed.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else 0
