"""My doors, one visit, and what was asked of me."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.alerts.queries import path_of_place
from anju.apps.attachments.queries import attachments_of
from anju.apps.cases.queries import case_of
from anju.apps.journal.actions import look
from anju.apps.people.vault import masked_name
from anju.apps.places.models import Place
from anju.apps.visits import queries
from anju.apps.visits.models import Visit
from anju.apps.visits.queries import Filters
from anju.apps.visits.states import DROPPED, MADE, MISSED, PLANNED, PURPOSES
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.visits.choosing import forms_to_choose
from anju.web.visits.known import questions
from anju.web.visits.rows import finding_words, members_of_many, mode_words, purpose_words, rows_of, state_words, today

STATES = (PLANNED, MADE, MISSED, DROPPED)


def filters_of(request: HttpRequest, viewer: Viewer) -> Filters:
    """What the address asks for; what makes no sense in it is left out."""
    get, plans = request.GET, viewer.can("visits.plan")
    whose, state, purpose, day = get.get("whose", ""), get.get("state", PLANNED), get.get("purpose", ""), today()
    named = int(whose) if whose.isdigit() and len(whose) < 10 else None
    return Filters(
        state=state if state in STATES else PLANNED,
        mine=not (plans and whose in ("all", "nobody") or plans and named is not None),
        purpose=purpose if purpose in PURPOSES else "",
        path=path_of_place(viewer, get.get("place", "")),
        assignee=named if plans else None,
        unnamed=plans and whose == "nobody",
        until={"today": day, "week": queries.week_of(day)[1], "late": day - timedelta(days=1)}.get(get.get("due", "")),
        since=queries.week_of(day)[0] if get.get("made") == "week" else None,
    )


@needs("visits.record")
def visits(request: HttpRequest) -> HttpResponse:
    """Doors in walking order; what was made or missed, the latest first."""
    viewer, day = viewer_of_request(request), today()
    filters = filters_of(request, viewer)
    after = cursor_of(request, 3 if filters.state == PLANNED else 1)
    found = queries.doors(viewer, filters, after=after, limit=PAGE + 1)
    page = page_of(request, rows_of(viewer, found, day), queries.key_of(found[PAGE - 1]) if len(found) > PAGE else None)
    mine, late = queries.open_of(viewer, day)
    context = {
        "page": page, "filters": filters, "n": mine, "late": late, "week": queries.own_week(viewer, day), "day": day,
        "states": [
            (word, address(request, state=None if name == PLANNED else name), name == filters.state) for name, word in state_words().items()
        ],
        "whose": _whose(request, viewer, filters), "may_plan": viewer.can("visits.plan"), "due": request.GET.get("due", ""),
        "dues": [(word, address(request, due=name or None), request.GET.get("due", "") == name)
                 for name, word in (("", _("All")), ("today", _("Due today")), ("week", _("Due this week")), ("late", _("Over time")))],
        "loads": queries.load_of(viewer, day) if viewer.can("visits.plan") and filters.state == PLANNED else [], "here": "visits",
        "take": _take(request) if viewer.can("export.lists") and filters.state in (PLANNED, MADE) else None,
    }  # fmt: skip
    return render(request, "visits/doors.html", context)


def _take(request: HttpRequest) -> dict[str, Any]:
    """The list as it is filtered, in the layout of a form."""
    hidden = [(name, value) for name, value in request.GET.items() if name in ("whose", "purpose", "place", "due", "made")]
    return {"list": True, "forms": forms_to_choose(), "hidden": [("state", request.GET.get("state", PLANNED)), *hidden]}


def _whose(request: HttpRequest, viewer: Viewer, filters: Filters) -> list[tuple[str, str, bool]]:
    if not viewer.can("visits.plan"):
        return []
    chosen = [(_("Mine"), address(request, whose=None), filters.mine),
              (_("Everybody's"), address(request, whose="all"), not filters.mine and not filters.unnamed and filters.assignee is None),
              (_("Nobody named"), address(request, whose="nobody"), filters.unnamed)]  # fmt: skip
    if filters.assignee is not None:
        load = next((one for one in queries.load_of(viewer, today()) if one.worker.account == filters.assignee), None)
        chosen.append((load.worker.title if load is not None else str(filters.assignee), request.get_full_path(), True))
    return chosen


@needs("visits.record")
def visit(request: HttpRequest, number: int) -> HttpResponse:
    """One visit: what was seen, what was asked and what was not."""
    viewer = viewer_of_request(request)
    found = queries.visit_in_scope(viewer, number)
    if found is None:
        return not_here(request)
    if found.household_id is not None:
        look(act="visit.see", about=f"household:{found.household_id}", by=viewer, at=timezone.now(), detail={"visit": found.pk})
    case = found.about.partition("case:")[2]
    context = {
        "case": case_of(viewer, int(case)) if case.isdigit() else None,
        "row": rows_of(viewer, [found], today())[0], "v": found, "answers": answers_in_words(viewer, found), "state": state_words()[found.state],
        "mode": mode_words().get(found.mode, ""), "findings": [finding_words().get(code, code) for code in found.findings],
        "purpose": purpose_words().get(found.purpose, ""), "spared": len(found.spared), "next": found.followed_by.order_by("pk").first(),
        "photos": list(attachments_of(f"visit:{found.pk}")), "may_record": found.state in (PLANNED, MISSED),
        "may_plan": viewer.can("visits.plan"), "take": {"list": False, "forms": forms_to_choose(), "hidden": [("visit", found.pk)]},
        "mine": found.assignee_account == viewer.account, "place": Place.objects.get(pk=found.place_id), "here": "visits",
    }  # fmt: skip
    return render(request, "visits/visit.html", context)


def answers_in_words(viewer: Viewer, found: Visit) -> list[tuple[Any, str, Any]]:
    """Question, the member it is about, answer; in both languages, as said() takes them."""
    told = queries.told_answers(viewer, found, questions())
    people = members_of_many([found.household_id]) if found.household_id is not None else {}
    names = {person.pk: person for there in people.values() for person in there}
    rows = []
    for question, key, answer in told:
        person = key.partition(":")[2]
        who = masked_name(names[int(person)].name) if person.isdigit() and int(person) in names else ""
        rows.append((question.title if question is not None else key, who, question.words_of(answer) if question is not None else answer))
    return rows
