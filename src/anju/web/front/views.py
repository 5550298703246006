"""The first screen, the doors of a sample deployment, and letting a week pass on one."""

from __future__ import annotations

import math
import time
from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.cases.counting import Tiles, counts
from anju.apps.findings.explaining import recorded_facts
from anju.apps.findings.models import Finding, Run
from anju.apps.journal.actions import record
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.signed_in import BACKEND
from anju.core.terms.viewer import Viewer
from anju.web.front import week
from anju.web.front.doors import doors, sample_account
from anju.web.front.sampling import lets_in
from anju.web.front.steps import STEPS, seconds_left, shown
from anju.web.front.story import Screen, alert_of, cases_of_all, course_of, screen_of, told
from anju.web.layout.access import not_here, refuse, viewer_of_request
from anju.web.layout.current import policy, run_of_request
from anju.web.layout.home import address_of, home_of

TOLD = 6  # changes of a week that are told in full


def first_screen(request: HttpRequest) -> HttpResponse:
    """A stranger sees it on a sample deployment only, at the machine itself; elsewhere one signs in first."""
    viewer, sample, run = viewer_of_request(request), lets_in(request), run_of_request(request)
    if viewer.account is None and not sample:
        return HttpResponseRedirect(reverse("sign_in"))
    if run is None or (sample and week.being_prepared()):
        return render(request, "front/preparing.html", {"busy": week.at_work(), **_progress(), "complaint": week.complaint(week.PREPARED)})
    if viewer.account is not None:
        own = _own_screen(run, request)
        known = counts(viewer) if viewer.can("cases.see") or viewer.can("cases.supervise") else None
        mine = {"screen": own, "tiles": _tiles(own, known, viewer) if own is not None else []}
        if not sample:
            return render(request, "front/first_screen.html", mine)
    screen, story, links = told(run)
    course = course_of(story)
    context: dict[str, Any] = {
        **(mine if viewer.account is not None else {"screen": screen, "tiles": _tiles(screen, cases_of_all())}),
        "alert": alert_of(story) if course is None else None,
        "course": course,
        "story": story,
        "links": links,
        "sample": True,
        "doors": doors(run),
        "busy": week.at_work(),
        "whole": _whole(),
    }
    return render(request, "front/first_screen.html", context)


def whole_prefecture(request: HttpRequest) -> HttpResponse:
    """How far the whole prefecture is, for the first screen of the small one that goes ahead of it; asked again and again. The one that
    has taken its place answers that the page be loaded anew."""
    if not lets_in(request):
        return not_here(request)
    if (found := _whole()) is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "front/whole.html", {"whole": found})


def _whole() -> dict[str, Any] | None:
    progress, failed = week.whole()
    return {**_told(progress), "complaint": failed} if progress is not None else None


def _tiles(screen: Screen, cases: Tiles | None = None, viewer: Viewer | None = None) -> list[dict[str, Any]]:
    """The numbers, each with the address of its list; '' where that page does not exist or is not for the viewer. Who is none yet comes in
    as one that may see them all. `cases`: what is open of the same places."""
    lists = address_of("situation_families") if viewer is None or viewer.can("household.see") else ""
    else_to = address_of("situation") if viewer is not None and viewer.can("situation.see") else ""
    queue = address_of("cases") if viewer is None or viewer.can("cases.see") else ""
    found: list[dict[str, Any]] = [
        {"mark": mark, "title": title, "n": n, "url": f"{lists}?state={state}" if lists else else_to, "share": state == "in_place",
         "missed": screen.missed if state == "not_known" else None, "cases": cases if state == "put_right" else None}
        for mark, title, n, state in (
            ("ok", _("All in place"), screen.in_place, "in_place"),
            ("go", _("Being put right"), screen.put_right, "put_right"),
            ("un", _("Not known"), screen.not_known, "not_known"),
        )
    ]  # fmt: skip
    if cases is not None:
        address = f"{queue}?queue=open&overdue=1" if queue else address_of("supervision")  # whoever may not see cases supervises them
        found.append({"mark": "late", "title": _("Overdue"), "n": cases.overdue, "url": address, "late": True})
    return found


def _own_screen(run: Run, request: HttpRequest) -> Any:
    """The numbers of one's own place; none for a post that sees no families' matters there."""
    viewer = viewer_of_request(request)
    if not viewer.scopes or not (viewer.can("situation.see") or viewer.can("household.see")):
        return None
    return screen_of(run, int(viewer.scopes[0].strip("/").split("/")[-1]))


@require_POST
def come_in(request: HttpRequest) -> HttpResponse:
    """Signs in as the sample's account of a role, without a password: on a sample deployment, at the machine itself."""
    role = request.POST.get("role", "")
    account = sample_account(role) if lets_in(request) else None
    if account is None:
        return not_here(request)
    record(act="account.sample_door", about=f"account:{account.pk}", by=account.username, at=timezone.now(), detail={"role": role})
    login(request, account, backend=BACKEND)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(target if target and safe else home_of(role) or "/")


@require_POST
def let_a_week_pass(request: HttpRequest) -> HttpResponse:
    if not lets_in(request):
        return not_here(request)
    folder = week.sample_folder()
    if folder is None:
        why = _("This deployment was not filled by the command that builds the sample.")
        return refuse(request, _("There is no sample whose week could pass"), why)
    if not week.start(week.command_of(folder)):
        what, why = _("A week is passing already"), _("One week at a time: wait until its files are in and its day is judged.")
        return refuse(request, what, why, [(_("See how far it is"), reverse("week"))], status=409)
    record(act="sample.week", about="programme", by=viewer_of_request(request), at=timezone.now())
    return HttpResponseRedirect(reverse("week"))


def passing_week(request: HttpRequest) -> HttpResponse:
    """How far the week is; and when it has passed, what it changed, in words."""
    if not lets_in(request):
        return not_here(request)
    if week.at_work():
        return render(request, "front/preparing.html", {"busy": True, "passing": True, **_progress()})
    run, result = run_of_request(request), week.result()
    told_changes = _changes(run) if run is not None and result is not None else []
    context = {"result": result, "changes": told_changes, "complaint": week.complaint(), "more": _more(result, told_changes)}
    return render(request, "front/week.html", context)


def _progress() -> dict[str, Any]:
    """How far the work in the background is, its step in the language of the page, and how many minutes it may still take."""
    return _told(week.progress())


def _told(progress: week.Progress) -> dict[str, Any]:
    left = seconds_left(progress, time.time())
    return {
        "progress": progress,
        "step": STEPS[progress.title][0] if progress.title in STEPS else progress.title,
        "steps": shown(progress),
        "minutes": None if left is None else math.ceil(left / 60),
    }


def _more(result: dict[str, Any] | None, told_changes: list[Any]) -> int:
    found: dict[str, int] = (result or {}).get("counts", {})
    return max(0, found.get("opened", 0) + found.get("changed", 0) - len(told_changes))


def _changes(run: Run) -> list[dict[str, Any]]:
    """What the run found new or graver, gravest first, each with its facts in the language of the page."""
    lang = "zh" if (get_language() or "").startswith("zh") else "en"
    rows = list(Finding.objects.filter(changed_by_run=run.pk).order_by("standard", "id")[: 20 * TOLD])
    rank = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    chosen = sorted(rows, key=lambda finding: (finding.opened_by_run != run.pk, rank.get(finding.level, 4), finding.pk))[:TOLD]
    homes = Household.objects.in_bulk([finding.household_id for finding in chosen if finding.household_id])
    places = Place.objects.in_bulk([finding.place_id for finding in chosen if finding.place_id])
    return [
        {
            "standard": policy().standards[finding.standard],
            "level": finding.level,
            "new": finding.opened_by_run == run.pk,
            "where": places[finding.place_id].name if finding.place_id in places else finding.subject_key or "",
            "url": reverse("household", args=[finding.household_id]) if finding.household_id in homes else "",
            "code": homes[finding.household_id].household_code if finding.household_id in homes else "",
            "facts": recorded_facts(policy(), finding, run.day, lang)[:4],
        }
        for finding in chosen
        if finding.standard in policy().standards
    ]
