"""Background tasks: whether a worker lives, what failed with why, what waits and runs, and when the schedule is due next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.tasks import due
from anju.tasks.actions import Refused, cancel_task, retry_task
from anju.tasks.kinds import KINDS
from anju.tasks.queries import SEE_ALL, Seen, lost, seen, ticket, tickets
from anju.tasks.reaper import alive
from anju.tasks.schedule import Entry, Schedule
from anju.tasks.states import STATES, State
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.paging import PAGE, Page, address, cursor_of, page_of

SHOWN: dict[State, Any] = {
    "waiting": gettext_lazy("waiting"), "running": gettext_lazy("at work"), "done": gettext_lazy("done"),
    "given up": gettext_lazy("given up"), "cancelled": gettext_lazy("called off"),
}  # fmt: skip
STEPS = {
    "waiting for its turn": gettext_lazy("waits until nobody else judges"),
    "folding into the alerts": gettext_lazy("tells what is new"),
    "opening and moving cases": gettext_lazy("opens and moves cases"),
    "looking at its header": gettext_lazy("looks at its header"),
    "taking mended rows in": gettext_lazy("takes mended rows in"),
}
CAME = {
    "taken": gettext_lazy("taken in"), "known": gettext_lazy("had come before"), "mended": gettext_lazy("mended rows taken in"),
    "refused": gettext_lazy("not taken in"), "gone": gettext_lazy("was gone"), "changed": gettext_lazy("changed meanwhile"),
}  # fmt: skip
ASKED_BY = {"the schedule": gettext_lazy("the schedule"), "the drop folder": gettext_lazy("the drop folder")}
OFF = {
    "a sample's days pass by hand": gettext_lazy("off: a sample's days pass by hand"),
    "ANJU_BACKUP names no folder": gettext_lazy("off: ANJU_BACKUP names no folder"),
}
DAYS = (
    gettext_lazy("Mon"), gettext_lazy("Tue"), gettext_lazy("Wed"), gettext_lazy("Thu"), gettext_lazy("Fri"), gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)  # fmt: skip


@needs(SEE_ALL)
def tasks(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of_request(request), timezone.now()
    state = next((one for one in STATES if one == request.GET.get("state")), None)
    cursor = cursor_of(request, 1)
    before = cursor[0] if cursor is not None and isinstance(cursor[0], int) else None
    found = tickets(viewer, state=state, before=before, limit=PAGE + 1)
    open_ones = [seen(one) for one in lost(viewer)] if state is None and before is None else []
    told = {one.number for one in open_ones}  # above, and not twice
    rows = [_row(one) for one in found[:PAGE] if one.number not in told]
    page = Page(rows, page_of(request, found, (found[PAGE - 1].number,) if len(found) > PAGE else None).more, before is None)
    found_schedule, faults = due.schedule()
    context = {
        "page": page, "state": state, "workers": alive(now), "now": now,
        "lost": [_row(one) for one in open_ones],
        "coming": _coming(found_schedule, now) if found_schedule is not None else [],
        "faults": faults, "file": settings.SCHEDULE.name, "zone": settings.TIME_ZONE, "busy": any(row["moving"] for row in page.rows),
        "states": [(_("all"), address(request, state=None), state is None)]
        + [(words, address(request, state=None if one == state else one), one == state) for one, words in SHOWN.items()],
    }  # fmt: skip
    return render(request, "office/tasks.html", context)


def _coming(found: Schedule, now: datetime) -> list[dict[str, Any]]:
    entries = {entry.kind: entry for entry in found.entries}
    return [
        {
            "title": KINDS[row.kind].title if row.kind in KINDS else None, "kind": row.kind, "last": row.last, "next": row.next,
            "off": OFF.get(row.off, row.off), "when": timing_words(entries[row.kind]),
        }
        for row in due.coming(found, now)
    ]  # fmt: skip


def _row(one: Seen) -> dict[str, Any]:
    outcome = one.outcome or {}
    why, _cut, todo = (one.reason if one.state != "done" else "").partition("; do: ")
    return {
        "one": one, "title": KINDS[one.kind].title if one.kind in KINDS else None, "state": SHOWN[one.state],
        "step": STEPS.get(one.step, one.step), "asked_by": ASKED_BY.get(one.asked_by, one.asked_by),
        "came": CAME.get(str(outcome.get("outcome", "")), ""), "why": why, "todo": todo,
        "seconds": _seconds(one.started_at, one.ended_at), "moving": one.state in ("waiting", "running"),
        "refused": outcome.get("outcome") == "refused",
    }  # fmt: skip


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return max(0, round((end - start).total_seconds())) if start is not None and end is not None else None


def timing_words(entry: Entry) -> str:
    """'daily at 02:00', 'Mon, Tue at 07:30, 14:00', 'every 10 min'."""
    if entry.every:
        n, unit = next(((entry.every // size, unit) for size, unit in ((3600, "h"), (60, "min")) if entry.every % size == 0), (entry.every, "s"))
        words = {"h": _("every %(n)s h"), "min": _("every %(n)s min"), "s": _("every %(n)s s")}[unit]
        return words % {"n": n}
    clock = _(", ").join(f"{one:%H:%M}" for one in entry.at)
    if len(entry.on) == len(DAYS):
        return _("daily at %(clock)s") % {"clock": clock}
    return _("%(days)s at %(clock)s") % {"days": _(", ").join(str(DAYS[day - 1]) for day in entry.on), "clock": clock}


@needs(SEE_ALL)
@require_POST
def act(request: HttpRequest, number: int, do: str) -> HttpResponse:
    """Once more, or not at all."""
    viewer, now = viewer_of_request(request), timezone.now()
    found = ticket(viewer, number)
    if found is None or do not in ("retry", "cancel"):
        return not_here(request)
    try:
        if do == "retry":
            retry_task(number, by=viewer, at=now)
            messages.success(request, _("Task %(n)s waits once more, with all its attempts.") % {"n": number})
        else:
            cancel_task(number, by=viewer, at=now)
            messages.success(request, _("Task %(n)s is called off.") % {"n": number})
    except Refused as refused:
        zh = (get_language() or "").startswith("zh")
        moved = _("Task %(n)s has moved on meanwhile: look at it below before you decide again.") % {"n": number}
        messages.warning(request, moved if zh else f"{moved} ({refused})")
    return HttpResponseRedirect(reverse("tasks"))
