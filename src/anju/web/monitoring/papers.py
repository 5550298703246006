"""What is printed: the public notice while it hangs, looked at before it is put up; the support plan; and one measure of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.journal.actions import look
from anju.apps.monitoring import plans, posting, queries
from anju.apps.monitoring.models import Elimination, Listing, Measure
from anju.apps.monitoring.states import ENDING_OPEN
from anju.apps.monitoring.steps import ELSEWHERE, Refused
from anju.apps.people.search import members_of
from anju.apps.people.vault import masked_name
from anju.core.casework.notice import ELIMINATION, LISTING, Unprintable, masked_by_custom, screen
from anju.core.contracts.model import Bilingual
from anju.core.terms.money import format_money
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.monitoring import words
from anju.web.monitoring.forms import measure_in, version_in
from anju.web.monitoring.views import today


@needs("monitoring.review")
def notice_new(request: HttpRequest, number: int) -> HttpResponse:
    """What would hang there, with what is left out of it; then it is put up. The address can be said otherwise."""
    viewer, day = viewer_of_request(request), today()
    found = queries.listing(viewer, number)
    if found is None:
        return not_here(request)
    given = request.POST if request.method == "POST" else request.GET
    said = {name: given.get(name, "") for name in ("address", "office", "place")}
    faults: Sequence[Any] = ()
    if request.method == "POST" and given.get("sure") == "1":
        try:
            posting.put_up_notice(number=number, on=day, by=viewer, at=timezone.now(), version=version_in(given), **said)
            messages.success(request, _("The notice is put up. Print it and hang it there."))
            return HttpResponseRedirect(reverse("monitoring_listing", args=[number]))
        except Refused as refused:
            if ELSEWHERE in refused.said:
                return not_here(request)
            faults = refused.said
    ending = queries.ending_of(found)
    purpose = ELIMINATION if ending is not None and ending.state in ENDING_OPEN else LISTING
    facts = posting.notice_facts(found, day, purpose=purpose, address=said["address"], office=said["office"])
    text = None
    try:
        text = posting.preview(facts, found, day)
    except Unprintable as error:
        faults = faults or [_unfit(fault.line, fault.column, fault.what) for fault in error.faults]
    context = {
        "one": found, "text": text, "facts": facts, "left_out": _left_out(found, viewer.can("health.see")), "said": said, "faults": faults,
        "ready": _ready(found, ending), "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/notice_new.html", context, status=400 if request.method == "POST" and faults else 200)


def _unfit(line: int, column: int, what: Bilingual) -> Bilingual:
    return Bilingual(f"line {line}, character {column}: {what.en}", f"第{line}行第{column}字：{what.zh}")


def _ready(found: Listing, ending: Elimination | None) -> bool:
    return found.state == "reviewed" or (ending is not None and ending.state == "reviewed")


def _left_out(found: Listing, health: bool) -> list[tuple[Any, Any]]:
    """What the platform knows of the family, and what becomes of it on paper."""
    home = found.household
    name = next((row.person.name for row in members_of(home, today()) if row.person.name), "")
    rows: list[tuple[Any, Any]] = [
        (_("Name of the head"), _("only as %(mask)s") % {"mask": masked_by_custom(name or "")}),
        (_("Identity numbers, telephones, bank accounts"), _("never; the text is searched for them however they are written")),
        (_("Unit and room"), _("left out: %(room)s") % {"room": "-".join(p for p in (home.unit_no, home.room_no) if p) or "–"}),
        (_("Household code"), _("left out")),
    ]
    if health and {"illness", "disability"} & set(found.risk_types):
        rows.append((_("Health"), _("never; the grounds read 'a large necessary expense'")))
    return rows


@needs("monitoring.see")
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """One page of A4, for as long as it hangs; afterwards nothing of it. `?plain=1`: the plain text."""
    viewer, day = viewer_of_request(request), today()
    found = queries.notice(viewer, number)
    if found is None:
        return not_here(request)
    if not posting.hangs(found, day):
        back = [(_("Back to the family"), reverse("monitoring_listing", args=[found.listing_id]))]
        return refuse(
            request, _("This notice is no longer up"), _("It was taken down when its time was over; nothing of it stays public."), back
        )
    if screen(found.text_zh) or screen(found.text_en):  # nobody can have changed it; a paper cannot be called back
        return refuse(request, _("This notice cannot be printed"), _("It holds what must never be public. Tell your administrator."))
    look(act="listing.see", about=f"household:{found.listing.household_id}", by=viewer, at=timezone.now(), detail={"notice": found.pk})
    if request.GET.get("plain") == "1":
        answer = HttpResponse(found.text_zh, content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="notice-{found.pk}.txt"'
        return answer
    title, *lines = found.text_zh.splitlines()
    context = {"notice": found, "title": title, "lines": lines[:-1], "date": lines[-1], "here": "monitoring"}
    return render(request, "monitoring/notice.html", context)


@needs("monitoring.see")
def plan(request: HttpRequest, number: int) -> HttpResponse:
    """The support plan on paper, for the family and whoever carries it out."""
    viewer, day = viewer_of_request(request), today()
    found = queries.listing(viewer, number)
    if found is None:
        return not_here(request)
    look(act="listing.see", about=f"household:{found.household_id}", by=viewer, at=timezone.now(), detail={"plan": found.pk})
    measures = queries.measures_of(found)
    context = {
        "one": found, "measures": measures, "kinds": words.KINDS, "departments": words.departments(),
        "head": masked_name(next((row.person.name for row in members_of(found.household, day) if row.person.name), "")),
        "category": words.category_title(found.category), "total": sum(one.cost or 0 for one in measures if one.dropped_on is None),
        "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/plan.html", context)


@needs("monitoring.propose")
def measure(request: HttpRequest, number: int) -> HttpResponse:
    """One measure: changed, done with what it brought, or dropped with the reason."""
    viewer, day = viewer_of_request(request), today()
    found = queries.measure(viewer, number)
    if found is None:
        return not_here(request)
    faults: Sequence[Bilingual] = ()
    if request.method == "POST":
        common: dict[str, Any] = {"measure": number, "on": day, "by": viewer, "at": timezone.now(), "version": version_in(request.POST)}
        try:
            match request.POST.get("do"):
                case "done":
                    plans.finish_measure(result=request.POST.get("result", ""), **common)
                case "drop":
                    plans.drop_measure(reason=request.POST.get("result", ""), **common)
                case _:
                    plans.change_measure(said=measure_in(request.POST), **common)
            messages.success(request, _("The plan is up to date."))
            return HttpResponseRedirect(reverse("monitoring_listing", args=[found.plan.listing_id]) + "#plan")
        except Refused as refused:
            if ELSEWHERE in refused.said:
                return not_here(request)
            faults = refused.said
    context = {
        "m": found, "one": found.plan.listing, "kinds": words.KINDS, "departments": words.departments(), "faults": faults,
        "typed": request.POST, "shown": request.POST if request.POST.get("kind") else _as_typed(found), "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/measure.html", context, status=400 if faults else 200)


def _as_typed(found: Measure) -> dict[str, str]:
    return {
        "kind": found.kind, "what": found.what, "responsible": found.responsible, "due": found.due.isoformat(), "department": found.department,
        "cost": format_money(found.cost).replace(",", "") if found.cost is not None else "", "budget": found.budget, "target": found.target,
    }  # fmt: skip
