"""The list of monitored households, one of them with everything that is known and next, and the proposal of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.alerts.actions import today as judged_day
from anju.apps.alerts.queries import path_of_place, place_name
from anju.apps.findings.queries import current_run
from anju.apps.journal.actions import look
from anju.apps.monitoring import actions, queries
from anju.apps.monitoring.endings import conditions_of
from anju.apps.monitoring.models import Elimination, Listing, Notice
from anju.apps.monitoring.posting import hangs
from anju.apps.monitoring.queries import Filters
from anju.apps.monitoring.states import CATEGORIES, ENDING_OPEN
from anju.apps.monitoring.steps import WORDS, Refused
from anju.apps.people.models import Membership
from anju.apps.people.search import household_in_scope, members_of
from anju.apps.people.vault import masked_name
from anju.core.casework.elimination import may_end
from anju.core.casework.listing import BAR, ELIMINATED, ENDING, ENDING_MOVES, LISTED, OPEN, STATES, WHO, Move, next_move
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.filters import Chip
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.monitoring import facts, words
from anju.web.monitoring.forms import day_in


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `days` until what is due; negative once that is over."""

    listing: Listing
    who: str
    address: str
    state: Bilingual
    category: Bilingual
    next: Bilingual | None
    days: int | None
    mine: bool

    @property
    def over(self) -> int:
        return -(self.days or 0)


def today() -> date:
    """The day of the deployment's clock: a sample's own, else the calendar's, so that no notice hangs on because no run was made."""
    return (judged_day() if settings.SAMPLE else None) or timezone.localdate()


# --- the list ----------------------------------------------------------------------------------------------------------------


@needs("monitoring.see")
def monitored(request: HttpRequest) -> HttpResponse:
    """What is due first comes first."""
    viewer, day = viewer_of_request(request), today()
    filters = _filters(request, viewer)
    found = queries.listings(viewer, filters, day, after=_after(request), limit=PAGE + 1)
    page = page_of(request, _rows(viewer, found, day), queries.key_of(found[PAGE - 1]) if len(found) > PAGE else None)
    numbers = queries.numbers(viewer, filters.path, day)

    def shown(**change: Any) -> int:
        return numbers.shown(replace(filters, **change))

    stages = {"": _("All that stand"), "open": _("On the way"), "listed": _("Monitored"), "eliminated": _("Risk over"), "over": _("Ended")}
    context = {
        "page": page,
        "filters": filters,
        "stages": [
            Chip(word, address(request, stage=name or None, state=None), filters.stage == name, shown(stage=name, state=""))
            for name, word in stages.items()
        ],
        "categories": [
            Chip(words.category_title(name), address(request, category=None if filters.category == name else name), filters.category == name,
                 shown(category=name))
            for name in CATEGORIES
        ],
        "states": [
            Chip(STATES[name], address(request, state=None if filters.state == name else name), filters.state == name, shown(state=name))
            for name in OPEN
        ] if filters.stage == "open" else [],
        "places": _places(request, viewer, filters, day, shown()),
        "late": Chip(_("Overdue"), address(request, overdue=None if filters.overdue else "1"), filters.overdue, shown(overdue=True)),
        "clear": request.path,
        "narrowed": bool(filters.stage or filters.state or filters.category or filters.path or filters.overdue),
        "may_propose": viewer.can("monitoring.propose"),
        "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/list.html", context)


def _filters(request: HttpRequest, viewer: Viewer) -> Filters:
    """What the address asks for; what makes no sense in it is left out."""
    get = request.GET
    return Filters(
        stage=get.get("stage", "") if get.get("stage", "") in queries.STAGES else "",
        state=get.get("state", "") if get.get("state", "") in STATES else "",
        category=get.get("category", "") if get.get("category", "") in CATEGORIES else "",
        path=path_of_place(viewer, get.get("place", "")),
        overdue=get.get("overdue") == "1",
    )


def _after(request: HttpRequest) -> tuple[Any, ...] | None:
    cursor = cursor_of(request, 2)
    if cursor is None:
        return None
    try:
        return (date.fromisoformat(cursor[0]).isoformat(), int(cursor[1]))
    except (TypeError, ValueError):
        return None


def _places(request: HttpRequest, viewer: Viewer, filters: Filters, day: date, n: int) -> list[Chip]:
    """One step down from where one stands, and the way back up. `n`: what the filters show."""
    found = [Chip(place.name, address(request, place=place.code), False, n) for place, n in queries.places_below(viewer, filters, day)]
    if filters.path:
        found.insert(0, Chip(place_name(filters.path), address(request, place=None), True, n))
    return found


def _rows(viewer: Viewer, found: Sequence[Listing], day: date) -> list[Row]:
    """Two queries for a page, however long it is."""
    heads = _heads([one.household_id for one in found])
    rows = []
    for one in found:
        move, home = next_move(one.state), one.household
        days = (one.due - day).days if one.due is not None and one.state != ELIMINATED else None
        rows.append(Row(
            one, heads.get(home.pk) or home.household_code, f"{home.place.name} {_door(home)}", STATES[one.state],
            words.category_title(one.category), move.title if move is not None else _next(one), days, move is not None and viewer.can(move.act),
        ))  # fmt: skip
    return rows


def _next(listing: Listing) -> Bilingual | None:
    if listing.state == LISTED and listing.measures_on is None:
        return Bilingual("Make a support plan", "制定帮扶计划")
    return Bilingual("Look at the plan again", "复核帮扶计划") if listing.state == LISTED else None


def _door(home: Any) -> str:
    return "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part)


def _heads(households: Sequence[int]) -> dict[int, str]:
    """The masked name of the head of each family: the first digit of the relation is 0."""
    held = Membership.objects.filter(household_id__in=households, known_to=None, end=None, person__relation_to_head__startswith="0")
    return {household: masked_name(name) for household, name in held.order_by("-person_id").values_list("household_id", "person__name")}


# --- one of them ---------------------------------------------------------------------------------------------------------------


@needs("monitoring.see")
def listing(request: HttpRequest, number: int) -> HttpResponse:
    """Where it stands, what is next and who can do it, what is known, the plan, and whether the risk may be declared over."""
    return listing_page(request, number)


def listing_page(request: HttpRequest, number: int, faults: Sequence[Bilingual] = ()) -> HttpResponse:
    """With what was refused at the top, and everything that was typed where it was."""
    viewer, day = viewer_of_request(request), today()
    found = queries.listing(viewer, number)
    if found is None:
        return not_here(request)
    home, run = found.household, current_run()
    look(act="listing.see", about=f"household:{home.pk}", by=viewer, at=timezone.now(), detail={"listing": found.pk})
    ending = queries.ending_of(found)
    under_way = ending if ending is not None and ending.state in ENDING_OPEN else None
    known = facts.facts_of(run, home) if found.state in (*OPEN, LISTED, ELIMINATED) else None
    checklist = conditions_of(found, known, day) if known is not None and found.state == LISTED else ()
    notices = queries.notices_of(found)
    acts_here = viewer.sees_path(home.place.path)
    context = {
        "one": found,
        "row": _rows(viewer, [found], day)[0],
        "bar": _bar(found),
        "move": _move(viewer, found, under_way, notices, day, acts_here),
        "ending": ending,
        "ending_bar": _ending_bar(under_way),
        "grounds": words.grounds(viewer, found.risk_types),
        "source": words.source_words(found.source),
        "steps": [(step, WORDS.get(step.what, Bilingual(step.what, step.what))) for step in queries.steps_of(found)],
        "notices": [(notice, hangs(notice, day), list(notice.objections.all())) for notice in notices],
        "compared": facts.compared(viewer, run, home, known) if known is not None else [],
        "run": run,
        "measures": queries.measures_of(found),
        "kinds": words.KINDS,
        "departments": words.departments(),
        "checklist": checklist,
        "may_end": may_end(checklist),
        "may": {act: acts_here and viewer.can(f"monitoring.{act}") for act in ("propose", "review", "approve")},
        "may_plan": acts_here and viewer.can("monitoring.propose") and (found.state == LISTED or (found.green_channel and found.state in OPEN)),
        "faults": faults,
        "typed": request.POST,
        "day": day,
        "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/listing.html", context, status=400 if faults else 200)


@dataclass(frozen=True, slots=True)
class Next:
    """The next step: what it is, who can do it, and why it cannot be done yet ('' where it can)."""

    move: Move
    ending: bool
    who: Bilingual
    mine: bool
    wait: Any = ""


def _move(viewer: Viewer, found: Listing, ending: Elimination | None, notices: Sequence[Notice], day: date, acts_here: bool) -> Next | None:
    move = next_move(ending.state, ENDING_MOVES) if ending is not None else next_move(found.state)
    if move is None:
        return None
    wait = ""
    if move.source == "noticed" and notices:
        notice = notices[0]
        waiting = sum(objection.answered_on is None for objection in notice.objections.all())
        if day <= notice.until:
            wait = _("The notice is up until the end of %(on)s. Go on the day after.") % {"on": notice.until}
        elif waiting:
            wait = _("An objection waits for its answer.")
    return Next(move, ending is not None, WHO[move.act], acts_here and viewer.can(move.act), wait)


def _bar(found: Listing) -> list[tuple[Bilingual, str]]:
    """The seven steps, each done, now or still to come; of what ended before, how far it came."""
    at = BAR.index(found.state) if found.state in BAR else len(BAR)
    if found.state == "refused":
        return []
    return [(STATES[state], "done" if n <= at else "now" if n == at + 1 else "") for n, state in enumerate(BAR)]


def _ending_bar(ending: Elimination | None) -> list[tuple[Bilingual, str]]:
    if ending is None:
        return []
    titles = {**STATES, "approved": Bilingual("Approved", "已审定")}
    at = ENDING.index(ending.state)
    return [(titles[state], "done" if n <= at else "now" if n == at + 1 else "") for n, state in enumerate(ENDING)]


# --- proposing another -----------------------------------------------------------------------------------------------------------


@needs("monitoring.propose")
def propose(request: HttpRequest) -> HttpResponse:
    """The form, and then the listing. Everything typed stays where something is wrong."""
    viewer, day = viewer_of_request(request), today()
    given = request.POST if request.method == "POST" else request.GET
    key = given.get("household", "")
    home = household_in_scope(viewer, int(key)) if key.isascii() and key.isdigit() and len(key) < 15 else None
    if home is None:
        return not_here(request)
    faults: Sequence[Bilingual] = ()
    if request.method == "POST":
        try:
            made = actions.propose_listing(
                household_id=home.pk, category=given.get("category", ""), risk_types=given.getlist("risks"), source=given.get("source", "visit"),
                clue_on=day_in(given, "clue_on", Bilingual("Day of the lead", "线索日期")), on=day, by=viewer, at=timezone.now(),
                note=given.get("note", ""), green_channel=given.get("green") == "1",
            )  # fmt: skip
            return HttpResponseRedirect(reverse("monitoring_listing", args=[made.pk]))
        except Refused as refused:
            faults = refused.said
    standing = queries.standing_of(viewer, home.pk)
    head = next((row.person.name for row in members_of(home, day) if row.person.name), "")
    context = {
        "home": home, "head": masked_name(head), "door": _door(home),
        "standing": standing if standing is not None and standing.state in BAR else None,
        "before": standing if standing is not None and standing.state == ELIMINATED else None,
        "categories": [(name, words.category_title(name)) for name in CATEGORIES], "risks": words.RISKS, "sources": words.SOURCES,
        "typed": given, "chosen": given.getlist("risks"), "day": day, "faults": faults, "here": "monitoring",
    }  # fmt: skip
    return render(request, "monitoring/propose.html", context, status=400 if faults else 200)
