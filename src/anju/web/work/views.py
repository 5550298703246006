"""The queue of a post, one alert, and taking alerts on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.alerts import actions, queries
from anju.apps.alerts.explaining import explain
from anju.apps.alerts.models import DONE, HELD, MERGED, MUTED, QUEUES, REMINDER, TAKEN, TODO, EpisodeEvent
from anju.apps.alerts.queries import Filters
from anju.apps.cases.queries import case_of_alert
from anju.apps.journal.actions import look
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy
from anju.web.layout.filters import Chip, chips, place_in_queue
from anju.web.layout.paging import PAGE, address, page_of
from anju.web.work.facts import facts_of, hidden_from
from anju.web.work.rows import owner_title, rows_of

MOST_TAKEN = 200


def queue_words() -> dict[str, str]:
    return {
        TODO: _("To take on"), TAKEN: _("Taken on"), MUTED: _("Put off"), MERGED: _("Merged"), HELD: _("Held back"),
        REMINDER: _("Reminders"), DONE: _("Over"),
    }  # fmt: skip


def level_word(level: str) -> str:
    return {"red": _("Red"), "orange": _("Orange"), "yellow": _("Yellow"), "blue": _("Blue")}.get(level, level)


def today() -> date:
    return actions.today() or timezone.localdate()


def filters_of(request: HttpRequest) -> Filters:
    """What the address asks for; what makes no sense in it is left out."""
    get = request.GET
    queue = get.get("queue", TODO)
    level = get.get("level", "")
    return Filters(
        queue=queue if queue in QUEUES else TODO,
        level=level if level in LEVELS[1:] else "",
        standard=get.get("standard", "") if get.get("standard", "") in policy().standards else "",
        department=get.get("department", "")[:40],
        path=queries.path_of_place(viewer_of_request(request), get.get("place", "")),
        overdue=get.get("overdue") == "1",
    )


@needs("alerts.see")
def work(request: HttpRequest) -> HttpResponse:
    """The queue, the most urgent first."""
    viewer, filters = viewer_of_request(request), filters_of(request)
    found = queries.queue(viewer, filters, after=place_in_queue(request, over=filters.queue == DONE), limit=PAGE + 1)
    key = queries.key_of(found[PAGE - 1]) if len(found) > PAGE else None
    page = page_of(request, rows_of(viewer, found, today(), by_cluster=filters.by_cluster), key)
    tiles = queries.counts(viewer, path=filters.path, queue=filters.queue)
    since = queries.last_look(viewer)
    changed = queries.changed_since(viewer, since) if since is not None else None
    context = {
        "page": page,
        "filters": filters,
        "tiles": tiles,
        "queues": [
            Chip(word, address(request, queue=None if name == TODO else name), name == filters.queue, tiles.queues.get(name, 0) or None)
            for name, word in queue_words().items()
        ],
        "levels": chips(request, "level", filters.level, {level: level_word(level) for level in reversed(LEVELS[1:])}, tiles.levels),
        "standards": chips(request, "standard", filters.standard, _standards(), tiles.standards),
        "departments": [] if viewer.departments else chips(request, "department", filters.department, _owners(tiles.owners), tiles.owners),
        "places": _places(request, viewer, filters),
        "title": queue_words()[filters.queue],
        "changed": changed,
        "latest": _latest(changed),
        "since": since,
        "may_take": viewer.can("alerts.acknowledge") and filters.queue == TODO,
        "waiting": queries.holds_in_scope(viewer).filter(released_at=None).exists() if viewer.can("alerts.release") else False,
        "clear": address(request, level=None, standard=None, department=None, place=None, overdue=None),
        "late_url": address(request, overdue=None if filters.overdue else "1", queue=None),
        "here": "work",
    }
    return render(request, "work/work.html", context)


def _standards() -> dict[str, Any]:
    zh = (get_language() or "").startswith("zh")
    return {code: f"{code} {s.title.zh if zh else s.title.en}" for code, s in sorted(policy().standards.items())}


def _owners(numbers: dict[str, int]) -> dict[str, Any]:
    zh = (get_language() or "").startswith("zh")
    return {code: owner_title(code).zh if zh else owner_title(code).en for code in sorted(numbers)}


def _places(request: HttpRequest, viewer: Viewer, filters: Filters) -> list[Chip]:
    """One step down from where one stands, and the way back up."""
    found = [
        Chip(place.name, address(request, place=place.code), False, n) for place, n in queries.places_below(viewer, filters.path, filters.queue)
    ]
    if filters.path:
        found.insert(0, Chip(queries.place_name(filters.path), address(request, place=None), True))
    return found


def _latest(changed: queries.Changed | None) -> list[tuple[EpisodeEvent, str, Any]]:
    found = []
    for event in changed.latest if changed is not None else ():
        standard = policy().standards.get(event.episode.standard)
        found.append(
            (event, event_words(event.what, event.reason), standard.title if standard is not None else owner_title(event.episode.standard))
        )
    return found


@needs("alerts.see")
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """What changed was read: from now on, only what is newer is told."""
    actions.mark_look(by=viewer_of_request(request), at=timezone.now())
    return HttpResponseRedirect(reverse("work"))


# --- one alert -----------------------------------------------------------------------------------------------------------


@needs("alerts.see")
def alert(request: HttpRequest, number: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    episode = queries.alert(viewer, number)
    if episode is None:
        return not_here(request)
    if episode.household_id is not None:
        look(act="alert.see", about=f"household:{episode.household_id}", by=viewer, at=timezone.now(), detail={"alert": episode.pk})
    row = rows_of(viewer, [episode], today())[0]
    told = explain(policy(), Path(settings.DATA), episode)
    hidden = hidden_from(viewer, episode.standard)
    context = {
        "row": row,
        "e": episode,
        "owner": owner_title(episode.owner),
        "facts": [] if hidden or episode.state != "open" else facts_of(viewer, episode.standard, episode.subject_id),
        "hidden": hidden,
        "told": told,
        "held": next((said for said in told if said.holds and said.stage != "repeat"), None),
        "events": [(event, event_words(event.what, event.reason)) for event in queries.events_of(viewer, episode)],
        "group": rows_of(viewer, queries.cluster_of(viewer, episode), today()),
        "may_take": viewer.can("alerts.acknowledge") and episode.queue == TODO,
        "case": case_of_alert(viewer, episode.pk),
        "may_mute": viewer.can("alerts.mute") and episode.state == "open",
        "here": "work",
    }
    return render(request, "work/alert.html", context)


def event_words(what: str, reason: str) -> str:
    words = {
        "opened": _("Found"), "relapsed": _("Found again after it was over"), "rose": _("Became graver"), "back": _("Found again"),
        "eased": _("The condition is better, but not proven solved"), "doubted": _("Cannot be judged: data are missing"),
        "cleared": _("Solved by the data"), "ended": _("Ended"), "merged": _("Merged into a graver alert"),
        "parted": _("Stands by itself again"),
        "muted": _("Put off"), "unmuted": _("No longer put off"), "dispatched": _("Sent out"), "reminded": _("Called to mind"),
        "acknowledged": _("Taken on"), "released": _("Released from the baseline"),
    }  # fmt: skip
    reasons = {
        "left": _("the family or thing is no longer in the programme"), "not_applicable": _("the standard no longer applies"),
        "withdrawn": _("the standard is no longer in force"),
    }  # fmt: skip
    return words.get(what, what) + (f": {reasons[reason]}" if reason in reasons else "")


# --- taking on -----------------------------------------------------------------------------------------------------------


@needs("alerts.acknowledge")
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """One alert at once; several after they were shown once more."""
    viewer = viewer_of_request(request)
    only = request.POST.get("only", "")
    numbers = [int(text) for text in ([only] if only else request.POST.getlist("numbers")) if text.isdigit()][:MOST_TAKEN]
    back = [(_("Back to the queue"), reverse("work"))]
    if not numbers:
        return refuse(request, _("Nothing is chosen"), _("Tick the lines you want to take on, or open one of them."), back)
    if not only and request.POST.get("sure") != "1":
        episodes = list(queries.alerts_in_scope(viewer).filter(pk__in=numbers, queue=TODO).order_by("urgency", "sort_on", "pk"))
        return render(request, "work/take.html", {"rows": rows_of(viewer, episodes, today()), "here": "work"})
    try:
        done = actions.acknowledge(numbers=numbers, by=viewer, at=timezone.now(), comment=request.POST.get("comment", ""))
    except actions.Refused:
        return not_here(request)
    if done.taken:
        messages.success(request, ngettext("%(n)s alert is yours now.", "%(n)s alerts are yours now.", len(done.taken)) % {"n": len(done.taken)})
    for number, who in done.others.items():
        text = _("No. %(number)s is with %(who)s already.") if who else _("No. %(number)s is no longer to be taken on.")
        messages.warning(request, text % {"number": number, "who": who})
    here = len(numbers) == 1 and request.POST.get("back") == "alert"
    return HttpResponseRedirect(reverse("alert", args=[numbers[0]]) if here else reverse("work"))


def default_end() -> date:
    return today() + timedelta(days=7)
