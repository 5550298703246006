"""Who got which answer from a standard: persons masked, families by address, a page at a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from anju.apps.people.models import Household, Person
from anju.apps.people.search import within
from anju.apps.people.vault import masked_name
from anju.apps.places.queries import named_in_scope
from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer
from anju.lake.answers import FIRST, subjects_page
from anju.web.bureau.standards import ANSWERS, is_placed, reached_by
from anju.web.bureau.viewing import may_list, place_asked
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import answers_folder, policy, run_of_request
from anju.web.layout.paging import PAGE, cursor_of, page_of


@needs("household.see")
def subjects(request: HttpRequest, code: str, answer: str) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    standard, place = policy().standards.get(code), place_asked(request, viewer)
    if standard is None or place is None or run is None or answer not in ANSWERS:
        return not_here(request)
    if not may_list(viewer, standard, run.day):
        what, why = _("Who it is, is not for your post"), _("You see how many. The facts of this standard are for posts that need to know them.")
        return refuse(request, what, why, [(_("Back to the standard"), reverse("standard", args=[code]))], status=403)
    placed = is_placed(standard)
    if not placed and place.parent_id is not None:
        return not_here(request)
    cursor = cursor_of(request, 2)
    rows = subjects_page(
        answers_folder(run), standard.subject, code, answer, [place.path] if placed else ["/"],
        after=(str(cursor[0]), int(cursor[1])) if cursor else FIRST, limit=PAGE + 1,
    )  # fmt: skip
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    page = page_of(request, _shown(viewer, standard, rows), (last["path"], last["subject_id"]) if last else None)
    reached = reached_by(viewer, run, place, [standard]).get(code)
    context = {
        "here": "standards", "standard": standard, "answer": answer, "place": place, "page": page, "run": run,
        "n": reached.of(answer) if reached else 0,
    }  # fmt: skip
    return render(request, "bureau/subjects.html", context)


def _shown(viewer: Viewer, standard: Standard, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line each. Whoever lives outside the viewer's places by now stays a line without name or address."""
    keys = [row["household_id"] for row in rows if row["household_id"] is not None]
    homes = Household.objects.filter(within(viewer)).select_related("place").in_bulk(keys) if keys else {}
    people = Person.objects.in_bulk([row["subject_id"] for row in rows]) if standard.subject == "person" else {}
    places = named_in_scope(viewer, [row["place_id"] for row in rows if row["place_id"] is not None])
    found = []
    for row in rows:
        home, place = homes.get(row["household_id"]), places.get(row["place_id"])
        address = "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part) if home else ""
        person = people.get(row["subject_id"]) if home else None
        title = masked_name(person.name) if person else ""
        if not title and standard.subject in policy().keyed:
            title = " · ".join((row["subject_key"] or "").split("|"))
        elif not title and standard.subject not in ("person", "household"):
            title = place.name if place else ""
        found.append(
            {
                "home": home,
                "title": title or address or (home.household_code if home else ""),
                "address": address if title else "",
                "place": place,
            }
        )
    return found
