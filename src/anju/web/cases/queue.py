"""A worker's home page: what waits for her, the most urgent first, each line with its one next step."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.alerts.queries import path_of_place, place_name
from anju.apps.cases import counting, overseeing, queries
from anju.apps.cases.counting import Tiles
from anju.apps.cases.models import CaseEvent, Instruction
from anju.apps.cases.queries import DONE, MINE, OBSERVED, OPEN, POST, QUEUES, Filters
from anju.apps.cases.rules import today
from anju.apps.cases.standing import HANDLERS_MOVE, OVER_MOVES, moves_of
from anju.apps.cases.steps.reading import mark_look
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer
from anju.web.cases.events import changed_words, event_words
from anju.web.cases.rows import move_words, rows_of, words_of
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.current import policy
from anju.web.layout.filters import Chip, chips, place_in_queue
from anju.web.layout.paging import PAGE, address, page_of
from anju.web.layout.templatetags.anju import level_words
from anju.web.work.rows import owner_title

ON_TOP = 5  # look-backs and instructions told above the queue


def queue_words() -> dict[str, str]:
    return {
        MINE: _("In my hands"), POST: _("Waits for my post"), OPEN: _("All open"), OBSERVED: _("Waits for data"), DONE: _("Over"),
    }  # fmt: skip


def moves_in(viewer: Viewer, queue: str) -> Collection[str] | None:
    """Whose moves a queue holds; None for all that are open."""
    return {MINE: HANDLERS_MOVE, POST: moves_of(viewer), OBSERVED: ("observe",), DONE: OVER_MOVES}.get(queue)


def filters_of(get: QueryDict, viewer: Viewer, queue: str) -> Filters:
    """What the address asks for; what makes no sense in it is left out."""
    level, standard, family = get.get("level", ""), get.get("standard", ""), get.get("family", "")
    return Filters(
        queue=queue,
        level=level if level in LEVELS[1:] else "",
        standard=standard if standard in policy().standards else "",
        department=get.get("department", "")[:40],
        move=get.get("move", "")[:32],
        path=path_of_place(viewer, get.get("place", "")),
        overdue=get.get("overdue") == "1",
        household=int(family) if family.isdigit() and len(family) < 16 else None,
    )


@needs("cases.see")
def cases(request: HttpRequest) -> HttpResponse:
    """The queue named in the address; else what is in one's own hands, or what waits for one's post where nothing is."""
    viewer = viewer_of_request(request)
    mine = counting.counts_of_mine(viewer)
    asked = request.GET.get("queue", "")
    all_open = counting.counts(viewer)
    queue = asked if asked in QUEUES else _first_queue(viewer, mine, all_open)
    filters = filters_of(request.GET, viewer, queue)
    found = queries.queue(viewer, filters, after=place_in_queue(request, over=filters.queue == DONE), limit=PAGE + 1)
    key = queries.key_of(found[PAGE - 1]) if len(found) > PAGE else None
    day = today()
    tiles = mine if queue == MINE else counting.counts(viewer, filters.path, among=moves_in(viewer, queue))
    since = overseeing.last_look(viewer)
    numbers, latest = overseeing.changed_since(viewer, since) if since is not None else ({}, [])
    context = {
        "page": page_of(request, rows_of(viewer, found, day, families=queue != DONE), key),
        "filters": filters,
        "narrowed": any((filters.level, filters.standard, filters.department, filters.move, filters.path, filters.overdue, filters.household)),
        "tiles": tiles,
        "queues": _queues(request, viewer, queue, mine, all_open),
        "late": all_open.overdue,
        "late_url": address(request, overdue=None if filters.overdue else "1", queue=OPEN),
        "levels": chips(request, "level", filters.level, {level: level_words(level) for level in reversed(LEVELS[1:])}, tiles.levels),
        "moves": _moves(request, viewer, filters, tiles),
        "standards": chips(request, "standard", filters.standard, standards_known(), tiles.standards),
        "departments": [] if viewer.departments else chips(request, "department", filters.department, owners_of(tiles), tiles.owners),
        "places": _places(request, viewer, filters),
        "clear": address(request, level=None, standard=None, department=None, place=None, overdue=None, move=None, family=None),
        "changed": changed_words(numbers),
        "latest": _latest(viewer, latest),
        "since": since,
        "look_backs": _look_backs(viewer, day),
        "instructed": _instructed(viewer),
        "may_tick": queue in (MINE, POST, OPEN) and bool(bulk_steps(viewer)),
        "steps": bulk_steps(viewer),
        "here": "cases",
    }
    return render(request, "cases/queue.html", context)


def bulk_steps(viewer: Viewer) -> list[tuple[str, str]]:
    """What a post may do with many cases at once."""
    found = [("assign", _("Put into hands")), ("hand_on", _("Hand on"))] if viewer.can("cases.assign") else []
    return [*found, ("judge", _("Judge")), ("confirm", _("Decide on ends"))] if viewer.can("cases.judge") else found


def _first_queue(viewer: Viewer, mine: Tiles, found: Tiles) -> str:
    if mine.open or viewer.role in ("grid_worker", "cadre") and not _of_post(viewer, found):
        return MINE
    return POST if moves_of(viewer) else OPEN


def _of_post(viewer: Viewer, found: Tiles) -> int:
    moves = moves_of(viewer)
    return sum(n for move, n in found.moves.items() if move in moves)


def _queues(request: HttpRequest, viewer: Viewer, chosen: str, mine: Tiles, found: Tiles) -> list[Chip]:
    """The tabs; of a post whose move nothing waits for, without that one."""
    numbers = {
        MINE: mine.open, POST: _of_post(viewer, found), OPEN: found.open, OBSERVED: found.moves.get("observe", 0),
        DONE: sum(found.moves.get(move, 0) for move in OVER_MOVES),
    }  # fmt: skip
    return [
        Chip(word, f"{request.path}?queue={name}", name == chosen, numbers[name] or None)
        for name, word in queue_words().items()
        if name != POST or moves_of(viewer)
    ]


def _moves(request: HttpRequest, viewer: Viewer, filters: Filters, tiles: Tiles) -> list[Chip]:
    """What comes next, those of every level and rank as one; without what the queue does not hold."""
    held = moves_in(viewer, filters.queue)
    numbers: dict[str, int] = {}
    for move, n in tiles.moves.items():
        if move in held if held is not None else move not in OVER_MOVES:
            word = move.partition(":")[0]
            numbers[word] = numbers.get(word, 0) + n
    return chips(request, "move", filters.move, {word: move_words(word) for word in sorted(numbers)}, numbers) if len(numbers) > 1 else []


def standards_known() -> dict[str, Any]:
    zh = (get_language() or "").startswith("zh")
    return {code: f"{code} {s.title.zh if zh else s.title.en}" for code, s in sorted(policy().standards.items())}


def owners_of(tiles: Tiles) -> dict[str, Any]:
    zh = (get_language() or "").startswith("zh")
    return {code: owner_title(code).zh if zh else owner_title(code).en for code in sorted(tiles.owners)}


def _places(request: HttpRequest, viewer: Viewer, filters: Filters) -> list[Chip]:
    """One step down from where one stands, and the way back up; what is in one's own hands is told by itself."""
    found = []
    if filters.queue != MINE:
        below = counting.places_below(viewer, filters.path, moves_in(viewer, filters.queue))
        found = [Chip(place.name, address(request, place=place.code), False, n) for place, n in below]
    return [Chip(place_name(filters.path), address(request, place=None), True), *found] if filters.path else found


def _look_backs(viewer: Viewer, day: date) -> list[tuple[Any, Any]]:
    found = overseeing.look_backs_due(viewer, day, limit=ON_TOP) if viewer.can("cases.verify") else []
    return [(one, words_of(viewer, one.case)[0]) for one in found]


def _instructed(viewer: Viewer) -> list[Instruction]:
    """To be answered by the viewer's post, by their deadline."""
    if not viewer.can("cases.assign"):
        return []
    return [one for one in overseeing.instructions(viewer, limit=4 * ON_TOP) if one.replied_at is None and one.given_account != viewer.account][
        :ON_TOP
    ]


# --- what changed --------------------------------------------------------------------------------------------------------


def _latest(viewer: Viewer, events: list[CaseEvent]) -> list[tuple[CaseEvent, str, Any]]:
    return [(event, event_words(event.what), words_of(viewer, event.case)[0]) for event in events]


@needs("cases.see")
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """What changed was read: from now on, only what is newer is told."""
    mark_look(by=viewer_of_request(request), at=timezone.now())
    return HttpResponseRedirect(reverse("cases"))
