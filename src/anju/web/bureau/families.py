"""The families behind a number of the situation: by state or by a light, a page at a time, with nothing that names anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from anju.apps.findings.models import FamilyCount
from anju.apps.findings.queries import family_counts
from anju.apps.people.models import Household
from anju.apps.people.search import within
from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer
from anju.lake.answers import FIRST, families_page
from anju.lake.families import IN_PLACE, NOT_IN_PLACE, NOT_KNOWN, STATES
from anju.web.bureau.viewing import place_asked
from anju.web.families.page import LIGHTS
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import answers_folder, programme, run_of_request
from anju.web.layout.paging import PAGE, cursor_of, page_of
from anju.web.layout.templatetags.anju import said

SHINING = {"out": NOT_IN_PLACE, "not_known": NOT_KNOWN, "on": IN_PLACE}


def state_title(state: str) -> str:
    return {"in_place": _("All in place"), "put_right": _("Being put right"), "not_known": _("Not known")}[state]


def light_title(light: str) -> str:
    """'water:out' in words; KeyError where there is no such light."""
    name, _colon, shining = light.partition(":")
    title = {guarantee.name: guarantee.title for guarantee in programme().guarantees}[name]
    words = {"out": _("Not in place"), "not_known": _("Not known"), "on": _("In place")}[shining]
    return _("%(light)s: %(state)s") % {"light": said(title), "state": words}


@dataclass(frozen=True, slots=True)
class Choice:
    """The families asked for: of a place, in a state, or with a light such as 'water:out'."""

    place: Place
    state: str
    light: str

    @property
    def shining(self) -> tuple[str, int] | None:
        name, _colon, shining = self.light.partition(":")
        return (name, SHINING[shining]) if self.light else None


def chosen(request: HttpRequest) -> Choice | None:
    """None where the address names a place that is not the viewer's, or a state or light that there is not."""
    place = place_asked(request, viewer_of_request(request))
    state, light = request.GET.get("state", ""), request.GET.get("light", "")
    name, _colon, shining = light.partition(":")
    known = {guarantee.name for guarantee in programme().guarantees}
    if place is None or (state and state not in STATES) or (light and (name not in known or shining not in SHINING)):
        return None
    return Choice(place, state, light)


def described(choice: Choice) -> str:
    if choice.light:
        return light_title(choice.light)
    return state_title(choice.state) if choice.state else _("All families")


@needs("household.see")
def families(request: HttpRequest) -> HttpResponse:
    viewer, run, choice = viewer_of_request(request), run_of_request(request), chosen(request)
    if run is None or choice is None:
        return not_here(request)
    place, state, light = choice.place, choice.state, choice.light
    cursor = cursor_of(request, 2)
    rows = families_page(
        answers_folder(run), [place.path], state=state or None, light=choice.shining,
        after=(str(cursor[0]), int(cursor[1])) if cursor else FIRST, limit=PAGE + 1,
    )  # fmt: skip
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    page = page_of(request, shown(viewer, rows), (last["path"], last["household_id"]) if last else None)
    count = family_counts(viewer, run, [place]).get(place.pk)
    context = {
        "here": "situation", "place": place, "page": page, "run": run, "state": state, "light": light,
        "what": described(choice), "n": _counted(count, state, light), "chips": _chips(place.pk, state, light),
        "sheet": f"{reverse('situation_families_sheet')}?{urlencode({'place': str(place.pk), 'state': state, 'light': light})}",
    }  # fmt: skip
    return render(request, "bureau/families.html", context)


def _counted(count: FamilyCount | None, state: str, light: str) -> int | None:
    """What the run counted: no row is counted here. None where it counted no such pair."""
    if state and light:
        return None
    if count is None:
        return 0
    if light:
        return int(count.lights.get(light, 0))
    return int(getattr(count, state)) if state else count.in_place + count.put_right + count.not_known


def shown(viewer: Viewer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is shown of each family. One that lies elsewhere by now, outside the viewer's places, stays a line without an address."""
    homes = Household.objects.filter(within(viewer)).select_related("place").in_bulk([row["household_id"] for row in rows])
    found = []
    for row in rows:
        home = homes.get(row["household_id"])
        lights = [(guarantee.title, LIGHTS.get(row.get(f"light:{guarantee.name}"), "not_applicable")) for guarantee in programme().guarantees]
        address = "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part) if home else ""
        found.append(
            {**row, "home": home, "address": address, "lights": [(title, state) for title, state in lights if state != "not_applicable"]}
        )
    return found


def _chips(place: int, state: str, light: str) -> list[tuple[str, str, bool]]:
    here = reverse("situation_families")
    chips = [(_("All families"), f"{here}?{urlencode({'place': place})}", not state and not light)]
    chips += [
        (state_title(name), f"{here}?{urlencode({'place': str(place), 'state': name})}", state == name)
        for name in ("put_right", "not_known", "in_place")
    ]
    if light:
        chips.append((light_title(light), f"{here}?{urlencode({'place': str(place), 'light': light})}", True))
    return chips
