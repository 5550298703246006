"""Visits planned for many doors at once: chosen by building, by standard or by how long nobody went; and put into other hands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.alerts.models import HELD, OPEN
from anju.apps.alerts.queries import alerts_in_scope, path_of_place
from anju.apps.people.lookup import heads_of
from anju.apps.people.models import Household
from anju.apps.people.search import within
from anju.apps.places.models import Place
from anju.apps.staff.models import Account
from anju.apps.visits import actions, queries
from anju.apps.visits.states import PURPOSES
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, refuse, viewer_of_request
from anju.web.layout.current import policy
from anju.web.layout.templatetags.anju import said
from anju.web.visits.rows import address_of, purpose_words, today

MOST = 200  # doors that one preview shows and one plan makes
QUIET = (30, 60, 90, 180)  # days in which nobody was met


@needs("visits.plan")
def plan(request: HttpRequest) -> HttpResponse:
    """Choose, look at whom it would be, assign with everybody's load in sight."""
    viewer, day, given = viewer_of_request(request), today(), request.POST if request.method == "POST" else request.GET
    place, building, standard = given.get("place", ""), given.get("building", "").strip()[:20], given.get("standard", "")
    quiet = int(given["quiet"]) if given.get("quiet", "") in map(str, QUIET) else 0
    path = path_of_place(viewer, place)
    asked = bool(path or building or standard or quiet)
    homes = _chosen(viewer, path, building, standard, quiet, day) if asked else []
    faults: list[str] = []
    if request.method == "POST" and request.POST.get("sure") == "1":
        try:
            return _make(request, viewer, day)
        except actions.Refused as fault:
            faults = [str(said(fault.title))]
        except ValueError:
            faults = [_("Write the day like 2023-09-26.")]
    heads = heads_of([home.pk for home in homes])
    context = {
        "places": _below(viewer, path), "place": place, "building": building, "standard": standard, "quiet": quiet, "quiets": QUIET,
        "standards": [(code, said(one.title)) for code, one in sorted(policy().standards.items()) if one.subject in ("household", "person")],
        "rows": [(home, address_of(home), heads.get(home.pk, "")) for home in homes[:MOST]], "more": len(homes) > MOST, "asked": asked,
        "loads": queries.load_of(viewer, day), "purposes": [(code, purpose_words()[code]) for code in PURPOSES if code != "instruction"],
        "due": given.get("due_on") or (day + timedelta(days=7)).isoformat(), "why": given.get("why", ""), "faults": faults, "day": day,
        "chosen_purpose": given.get("purpose", "routine"), "to": given.get("to", ""), "here": "visits",
    }  # fmt: skip
    return render(request, "visits/plan.html", context, status=400 if faults else 200)


def _chosen(viewer: Viewer, path: str, building: str, standard: str, quiet: int, day: date) -> list[Household]:
    """Up to one more than `MOST` families, in walking order."""
    homes = Household.objects.filter(within(viewer)).select_related("place")
    if path:
        homes = homes.filter(place__path__gte=path, place__path__lt=path[:-1] + chr(ord("/") + 1))
    if building:
        homes = homes.filter(building_no=building)
    if standard:
        broken = alerts_in_scope(viewer).filter(standard=standard, state=OPEN, household_id__isnull=False).exclude(queue=HELD)
        homes = homes.filter(pk__in=broken.values("household_id"))
    found = list(homes.order_by("place__path", "household_code")[: MOST * 5 + 1])
    if quiet:
        seen = queries.households_visited([home.pk for home in found], day - timedelta(days=quiet))
        found = [home for home in found if home.pk not in seen]
    return sorted(found, key=lambda home: (home.place.path, actions.door_of(home)))[: MOST + 1]


def _below(viewer: Viewer, path: str) -> list[Place]:
    """Places to choose from: the one chosen and those right below it, else those of the post."""
    if path:
        here = Place.objects.filter(tree="scope", path=path).first()
        return [here, *Place.objects.filter(tree="scope", parent=here).order_by("code")] if here is not None else []
    own = list(Place.objects.filter(tree="scope", path__in=viewer.scopes).order_by("path"))
    return own + list(Place.objects.filter(tree="scope", parent__in=own).order_by("code"))


def _make(request: HttpRequest, viewer: Viewer, day: date) -> HttpResponse:
    post = request.POST
    keys = [int(text) for text in post.getlist("households") if text.isdigit() and len(text) < 16][:MOST]
    to = int(post["to"]) if post.get("to", "").isdigit() else None
    done = actions.plan_visits(
        households=keys, purpose=post.get("purpose", ""), due_on=date.fromisoformat(post.get("due_on", "")), why=post.get("why", "").strip(),
        assignee=to, by=viewer, at=timezone.now(),
    )  # fmt: skip
    text = ngettext("%(n)s visit is planned.", "%(n)s visits are planned.", len(done.visits))
    messages.success(request, text % {"n": len(done.visits)})
    if done.already:
        text = ngettext("%(n)s family had one planned already.", "%(n)s families had one planned already.", len(done.already))
        messages.info(request, text % {"n": len(done.already)})
    if done.unnamed:
        messages.warning(request, _("%(n)s have nobody named: give them to somebody.") % {"n": done.unnamed})
    return HttpResponseRedirect(reverse("visits") + ("?whose=nobody" if done.unnamed else "?whose=all"))


@needs("visits.plan")
@require_POST
def reassign(request: HttpRequest) -> HttpResponse:
    """What is ticked, or everything of one worker, into other hands."""
    viewer, post = viewer_of_request(request), request.POST
    back = [(_("Back to the visits"), reverse("visits") + "?whose=all")]
    to, leaving = post.get("to", ""), post.get("leaving", "")
    keys = [int(text) for text in post.getlist("visits") if text.isdigit() and len(text) < 16]
    if not to.isdigit() or not (keys or leaving.isdigit()):
        return refuse(request, _("Nothing is chosen"), _("Tick the visits, and choose who shall have them."), back)
    try:
        if leaving.isdigit():
            done: Any = actions.hand_over(leaving=int(leaving), to=int(to), by=viewer, at=timezone.now())
        else:
            done = actions.reassign_visits(visits=keys, to=int(to), by=viewer, at=timezone.now())
    except actions.Refused as fault:
        return refuse(request, _("Nothing was moved"), str(said(fault.title)), back)
    text = ngettext("%(n)s visit is in other hands now.", "%(n)s visits are in other hands now.", done.moved)
    messages.success(request, text % {"n": done.moved})
    if done.left:
        messages.warning(request, _("%(n)s stay where they are: the post does not reach those doors.") % {"n": len(done.left)})
    return HttpResponseRedirect(back[0][1])


@needs("visits.record")
def burden(request: HttpRequest) -> HttpResponse:
    """What was asked of whom in a week; for who plans visits of everybody below."""
    viewer, day = viewer_of_request(request), today()
    try:
        day = date.fromisoformat(request.GET.get("week", "")) if request.GET.get("week") else day
    except ValueError:
        day = today()
    first, until = queries.week_of(day)
    rows = queries.burden(viewer, first, until)
    own = next((row for row in rows if row.account == viewer.account), None)
    names = {account.pk: str(account) for account in Account.objects.filter(pk__in=[row.account for row in rows])}
    context = {
        "rows": [(row, names.get(row.account, row.name)) for row in rows] if viewer.can("visits.plan") else [],
        "own": own, "first": first, "until": until,
        "before": (first - timedelta(days=7)).isoformat(), "after": (first + timedelta(days=7)).isoformat() if until < today() else "",
        "loads": queries.load_of(viewer, today()), "here": "visits", "may_plan": viewer.can("visits.plan"),
    }  # fmt: skip
    return render(request, "visits/burden.html", context)
