"""What is put off and by whom, and the baselines that wait for somebody's word."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.alerts import actions, queries
from anju.apps.alerts.models import Episode, Mute
from anju.apps.cases.catching_up import catch_up
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy
from anju.web.layout.templatetags.anju import said
from anju.web.work.rows import owner_title, rows_of
from anju.web.work.views import default_end, today

SHOWN = 10  # of what a mute would hide


@needs("alerts.see")
def mutes(request: HttpRequest) -> HttpResponse:
    """Who put what off, why, until when, and how much it has held back; what has ended last of all."""
    viewer = viewer_of_request(request)
    found = list(queries.mutes_in_scope(viewer).order_by("-ended_at", "-until", "-pk")[:100])
    day = today()
    standing = [m for m in found if m.ended_at is None and m.until >= day]
    shown = [*sorted(standing, key=lambda m: (m.until, m.pk)), *(m for m in found if m not in standing)]
    names = dict(Place.objects.filter(path__in=[m.path for m in shown]).values_list("path", "name"))
    codes = dict(Household.objects.filter(pk__in=[m.household_id for m in shown if m.household_id]).values_list("pk", "household_code"))
    rows = [
        {"mute": m, "place": names.get(m.path, ""), "household": codes.get(m.household_id or -1, ""),
         "standard": policy().standards.get(m.standard), "stands": m.ended_at is None and m.until >= day,
         "soon": m.until <= day + timedelta(days=2)}
        for m in shown
    ]  # fmt: skip
    return render(request, "work/mutes.html", {"rows": rows, "may_end": viewer.can("alerts.mute"), "here": "work"})


@needs("alerts.mute")
def new_mute(request: HttpRequest) -> HttpResponse:
    """The form, filled in from an alert; then what it would hide; then the mute. Everything typed stays until it is done."""
    viewer = viewer_of_request(request)
    given = request.POST if request.method == "POST" else request.GET
    number = given.get("alert", "")
    episode = queries.alert(viewer, int(number)) if number.isdigit() else None
    if episode is None:
        return not_here(request)
    choices = _choices(viewer, episode)
    chosen = given.get("what", "") if given.get("what", "") in choices else next(iter(choices))
    until = _day(given.get("until", "")) or default_end()
    reason = given.get("reason", "")
    proposed = Mute(until=until, reason=reason, department=next(iter(sorted(viewer.departments)), ""), **choices[chosen][1])
    faults = []
    if request.method == "POST":
        faults = actions.mute_faults(
            policy(), viewer, today(), reason=reason, until=until, path=proposed.path, standard=proposed.standard
        )  # fmt: skip
        if not faults and request.POST.get("sure") == "1":
            return _mute(request, viewer, proposed, episode)
    hidden = queries.matched_in_scope(viewer, proposed)
    first = list(hidden.order_by("urgency", "sort_on", "pk")[: SHOWN + 1])
    context = {
        "e": episode, "row": rows_of(viewer, [episode], today())[0],
        "choices": [(key, label, key == chosen) for key, (label, _m) in choices.items()],
        "until": until, "latest": today() + timedelta(days=actions.MOST_DAYS), "first": today(), "reason": reason,
        "faults": [_fault(fault) for fault in faults], "preview": request.method == "POST" and not faults,
        "hidden": rows_of(viewer, first[:SHOWN], today()), "more": len(first) > SHOWN, "here": "work",
    }  # fmt: skip
    return render(request, "work/mute.html", context, status=400 if faults else 200)


def _choices(viewer: Viewer, episode: Episode) -> dict[str, tuple[str, dict[str, Any]]]:
    """What may be put off from this alert: the narrowest first. Red only for one family."""
    own = {"standard": episode.standard, "path": episode.path, "household_id": episode.household_id}
    standard = policy().standards.get(episode.standard)
    words = {"standard": f"{episode.standard} {said(standard.title)}" if standard is not None else episode.standard}
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    if not viewer.sees_path(episode.path):
        return {"place": (_("%(standard)s, in this place") % words, {**own, "household_id": None})}
    if episode.household_id is not None:
        found["one"] = (_("%(standard)s, of this family") % words, own)
        found["family"] = (_("everything about this family"), {**own, "standard": ""})
    found["place"] = (_("%(standard)s, in this place, but never red") % words, {**own, "household_id": None})
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _fault(fault: str) -> str:
    """The refusals of the action in the language of the page."""
    if fault.startswith("a reason"):
        return _("Say in a few words why it may wait.")
    if "lies before" in fault or "at most" in fault:
        return _("Choose a day between today and %(latest)s.") % {"latest": today() + timedelta(days=actions.MOST_DAYS)}
    return _("That place lies outside your post.")


def _mute(request: HttpRequest, viewer: Viewer, proposed: Mute, episode: Episode) -> HttpResponse:
    made = actions.mute(
        policy(), Path(settings.DATA), by=viewer, at=timezone.now(), reason=proposed.reason, until=proposed.until, path=proposed.path,
        standard=proposed.standard, household=proposed.household_id,
    )  # fmt: skip
    messages.success(
        request,
        ngettext("%(n)s alert is put off until %(until)s.", "%(n)s alerts are put off until %(until)s.", made.hits)
        % {"n": made.hits, "until": made.until},
    )
    return HttpResponseRedirect(reverse("alert", args=[episode.pk]))


@needs("alerts.mute")
@require_POST
def end_mute(request: HttpRequest, key: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = queries.mutes_in_scope(viewer).filter(pk=key).first()
    if found is None:
        return not_here(request)
    try:
        actions.unmute(policy(), Path(settings.DATA), key=key, by=viewer, at=timezone.now())
    except actions.Refused:
        messages.warning(request, _("%(who)s has ended it already.") % {"who": found.ended_by})
    else:
        messages.success(request, _("It is no longer put off."))
    return HttpResponseRedirect(reverse("mutes"))


@needs("alerts.release")
def baselines(request: HttpRequest) -> HttpResponse:
    """What a new standard or feed brought at first, or a rule brought by the hundred: to be looked at and released by name."""
    viewer = viewer_of_request(request)
    if request.method == "POST":
        keys = [int(text) for text in request.POST.getlist("holds") if text.isdigit()]
        if not keys:
            back = [(_("Back to the baselines"), reverse("baselines"))]
            return refuse(request, _("Nothing is chosen"), _("Tick the units whose alerts may go out."), back)
        try:
            n = actions.release_baseline(
                policy(), Path(settings.DATA), keys=keys, by=viewer, at=timezone.now(), comment=request.POST.get("comment", "")
            )
        except actions.Refused:
            messages.warning(request, _("Somebody else was faster: this is how it stands now."))
        else:
            catch_up(data=Path(settings.DATA), at=timezone.now())
            messages.success(request, ngettext("%(n)s alert was let into the queues.", "%(n)s alerts were let into the queues.", n) % {"n": n})
        return HttpResponseRedirect(reverse("baselines"))
    waiting = list(queries.holds_in_scope(viewer).filter(released_at=None).order_by("standard", "kind", "place__path", "pk"))
    groups = []
    for (code, kind), held in groupby(waiting, key=lambda hold: (hold.standard, hold.kind)):
        holds = list(held)
        groups.append(
            {"code": code, "kind": kind, "standard": policy().standards.get(code), "owner": owner_title(holds[0].owner), "holds": holds,
             "alerts": sum(hold.alerts for hold in holds), "usual": holds[0].usual, "day": holds[0].day,
             "days": len({hold.day for hold in holds})}
        )  # fmt: skip
    released = list(queries.holds_in_scope(viewer).exclude(released_at=None).exclude(alerts=0).order_by("-released_at", "-pk")[:20])
    titled = [(hold, policy().standards.get(hold.standard)) for hold in released]
    return render(request, "work/baselines.html", {"groups": groups, "released": titled, "here": "work"})
