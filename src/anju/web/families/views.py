"""Search, the page of a family, and lifting the mask of one number for a reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.alerts.queries import what_happened_to
from anju.apps.cases.families import events_of_household, loop_of_household
from anju.apps.journal.actions import look
from anju.apps.journal.queries import looks_at
from anju.apps.monitoring.queries import standing_of
from anju.apps.people.history import history_of, members_on, memberships_of
from anju.apps.people.lookup import masked_numbers
from anju.apps.people.models import Household, Identifier, Person
from anju.apps.people.numbers import head_of
from anju.apps.people.search import Family, household_in_scope, is_identifying, members_of, search_families
from anju.apps.people.vault import Sealer, ensure_keys, masked_name
from anju.apps.places.lookup import name_of_code
from anju.apps.staff.lookup import called
from anju.core.terms.viewer import Viewer
from anju.web.families.before import compared
from anju.web.families.loop import SEES, lines_of_cases, loop_of, once
from anju.web.families.page import age_on, family_page, places_of
from anju.web.families.timeline import EVENTS, MOST, OPEN_LINES, relation, reveal_reasons, timeline
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import dossier, policy, programme, run_of_request
from anju.web.layout.middleware import LAST_FAMILIES
from anju.web.layout.paging import cursor_of, page_of

REMEMBERED = 10
LOOKS = 20  # that are told on the page
SHORTEST = 4  # characters of a reason in one's own words


@needs("households.search")
def households(request: HttpRequest) -> HttpResponse:
    """Search first: an empty page with the families opened last. A number travels in the body, never in the address."""
    viewer = viewer_of_request(request)
    typed = " ".join(str(request.POST.get("q", "") if request.method == "POST" else request.GET.get("q", "")).split())
    secret = bool(typed) and is_identifying(typed, programme())
    if request.method == "POST" and typed and not secret:
        return HttpResponseRedirect(f"{reverse('households')}?{urlencode({'q': typed})}")
    if request.method == "GET" and secret:
        return HttpResponseRedirect(reverse("households"))
    cursor = cursor_of(request, 2) or ("", 0)
    rows = search_families(viewer, typed, programme(), after=(str(cursor[0]), int(cursor[1])))
    last = rows[49] if len(rows) > 50 else None
    key = (last.people[0].name, last.people[0].pk) if last and last.people else (last.household.household_code, 0) if last else None
    page = page_of(request, [_row(found) for found in rows], key)
    return render(
        request, "families/households.html", {"q": "" if secret else typed, "asked": bool(typed), "page": page, "last": _last(request, viewer)}
    )


def _row(found: Family) -> dict[str, Any]:
    return {"household": found.household, "people": [masked_name(one.name) for one in found.people], "address": _address(found.household)}


def _address(household: Household) -> str:
    return "-".join(part for part in (household.building_no, household.unit_no, household.room_no) if part)


def _last(request: HttpRequest, viewer: Viewer) -> list[dict[str, Any]]:
    homes = [household_in_scope(viewer, key) for key in _opened_last(request, viewer)]
    return [{"household": home, "people": [], "address": _address(home)} for home in homes if home is not None]


@needs("household.see")
def household(request: HttpRequest, key: int) -> HttpResponse:
    """The family's one page. `all=1` tells everything that ever happened; the page as it opens tells the latest."""
    viewer = viewer_of_request(request)
    home = household_in_scope(viewer, key)
    if home is None:
        return not_here(request)
    now, run = timezone.now(), run_of_request(request)
    look(act="household.see", about=f"household:{home.pk}", by=viewer, at=now)
    day = run.day if run is not None else now.date()
    held = memberships_of(home)
    named = head_of(home, programme())
    people = sorted(members_on(held, day), key=lambda person: person.pk != named)  # whom the register names stands first
    lang = "zh" if (get_language() or "").startswith("zh") else "en"
    names = {row.person_id: masked_name(row.person.name) for row in held}
    most = MOST if request.GET.get("all") == "1" else EVENTS
    events = what_happened_to(viewer, home.pk, places_of(home.place.path), _of_places(), limit=most + 1) if viewer.can("alerts.see") else []
    about = [f"household:{home.pk}", *(f"person:{person}" for person in names)]
    seen = looks_at(viewer, about).annotate(called=called("account")) if viewer.can("looks.see") else None
    looks = list(seen[:LOOKS]) if seen is not None else []
    reveals = list(seen.filter(act="person.reveal")[:most]) if seen is not None else []
    opened = dossier(run) if run is not None else None
    origin = _origin(home)
    cases = loop_of_household(viewer, home.pk)
    loop = loop_of(viewer, cases)
    happened = events_of_household(viewer, home.pk, limit=most) if cases else []
    register = timeline(viewer, history_of(home, held), once(events[:most], happened), reveals, names, lang)
    lines = sorted([*register, *lines_of_cases(viewer, happened, cases)], key=lambda line: (line.on, line.at), reverse=True)
    context = {
        "home": home,
        "address": _address(home),
        "head": masked_name(people[0].name) if people else "",
        "members": _members(people, day, named),
        "head_elsewhere": named is not None and all(person.pk != named for person in people),
        "page": family_page(
            viewer, run, home, names, (event.episode for event in events), opened, loop.numbers, loop.handled, [one.case for one in loop.over]
        )
        if run is not None
        else None,
        "loop": loop,
        "may_case": any(viewer.can(act) for act in SEES),
        "origin": origin,
        "compared": compared(viewer, opened, home, held, day, origin, lang),
        "lines": lines[:OPEN_LINES],
        "earlier": lines[OPEN_LINES:],
        "more": len(events) > most,
        "day": day,
        "looks": looks,
        "reasons": reveal_reasons(),
        "may_look": viewer.can("looks.see"),
        "monitored": standing_of(viewer, home.pk),
        "may_propose": viewer.can("monitoring.propose") and viewer.sees_path(home.place.path),
        "here": "households",
    }
    response = render(request, "families/household.html", context)
    opened_last = [home.pk, *(other for other in _opened_last(request, viewer) if other != home.pk)][:REMEMBERED]
    response.set_signed_cookie(
        LAST_FAMILIES, ".".join(map(str, opened_last)), salt=_salt(viewer), httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def _of_places() -> list[str]:
    """The standards that judge a place."""
    levels = {level.name for level in programme().levels}
    return [code for code, standard in policy().standards.items() if standard.subject in levels]


def _opened_last(request: HttpRequest, viewer: Viewer) -> list[int]:
    """By this account in this browser. Not in the session: a page that only reads writes nothing."""
    text = request.get_signed_cookie(LAST_FAMILIES, default="", salt=_salt(viewer)) or ""
    return [int(part) for part in text.split(".") if part.isdigit()]


def _salt(viewer: Viewer) -> str:
    return f"{LAST_FAMILIES}:{viewer.account}"


def _members(people: list[Person], day: date, named: int | None) -> list[dict[str, Any]]:
    """`named`: whom the register names as the head; where it names nobody, the relations tell."""
    numbers = masked_numbers([person.pk for person in people])
    return [
        {
            "person": person,
            "name": masked_name(person.name),
            "age": age_on(person, day),
            "relation": relation(person.relation_to_head),
            "head": person.pk == named if named is not None else (person.relation_to_head or "").startswith("0"),
            "number": numbers.get(person.pk, ""),
        }
        for person in people
    ]  # fmt: skip


def _origin(home: Household) -> str:
    """Where the family came from, as far as the register knows: the place, or the county it names."""
    if home.origin_place is not None or not home.origin_county_code:
        return home.origin_place.name if home.origin_place is not None else ""
    return name_of_code(home.origin_county_code)


@needs("person.reveal")
@require_POST
def reveal(request: HttpRequest, key: int, person: int) -> HttpResponse:
    """Shows one number once, for a reason that stands in the journal."""
    viewer = viewer_of_request(request)
    home = household_in_scope(viewer, key)
    day = timezone.localdate()
    someone = next((row.person for row in members_of(home, day) if row.person_id == person), None) if home is not None else None
    if home is None or someone is None:
        return not_here(request)
    reason, words = request.POST.get("reason", ""), " ".join(request.POST.get("words", "").split())
    if reason not in reveal_reasons() and len(words) < SHORTEST:
        back = [(_("Back to the family"), reverse("household", args=[home.pk]))]
        return refuse(request, _("Say what you need the number for"), _("It is shown for a reason, and the reason stands in the journal."), back)
    look(
        act="person.reveal",
        about=f"person:{someone.pk}",
        by=viewer,
        at=timezone.now(),
        detail={"reason": reason or "other", "words": words[:200]},
    )
    return render(request, "families/revealed.html", {"home": home, "name": someone.name, "numbers": _numbers(someone)})


def _numbers(person: Person) -> list[tuple[str, str]]:
    sealer = Sealer(ensure_keys())
    titles = {kind.name: kind.title for kind in programme().identifiers}
    rows = Identifier.objects.filter(person=person).order_by("pk")
    return [(titles[row.type].zh if row.type in titles else row.type, sealer.open(bytes(row.value))) for row in rows]
