"""Paper: a sheet of a building to take along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from anju.apps.journal.actions import record
from anju.apps.people.vault import masked_name
from anju.apps.visits import queries
from anju.apps.visits.queries import Filters
from anju.apps.visits.states import PLANNED
from anju.web.layout.access import needs, viewer_of_request
from anju.web.visits.known import sheets_of
from anju.web.visits.rows import Row, members_of_many, rows_of, today
from anju.web.visits.views import filters_of

MOST_DOORS = 120  # on one printed sheet: about a building


@needs("visits.record")
def sheet(request: HttpRequest) -> HttpResponse:
    """One line for each family with what is to be asked there and boxes to tick; by building. Names masked, no numbers of persons."""
    viewer, day = viewer_of_request(request), today()
    filters, building = filters_of(request, viewer), request.GET.get("building", "")[:20]
    found = queries.doors(viewer, Filters(PLANNED, filters.mine, path=filters.path, assignee=filters.assignee, until=filters.until), limit=1_000)
    rows = [row for row in rows_of(viewer, found, day) if row.home is not None]
    buildings = list(dict.fromkeys(row.building for row in rows))
    chosen = [row for row in rows if not building or row.building == building][:MOST_DOORS]
    people = members_of_many([row.home.pk for row in chosen if row.home is not None])
    sheets = sheets_of(viewer, people, {row.home.pk: row.visit.purpose for row in chosen if row.home is not None}, day)
    lines = [_line(row, people, sheets) for row in chosen]
    if chosen:
        record(act="visits.sheet", about=f"visits:{len(chosen)}", by=viewer, at=timezone.now(), detail={"building": building})
    context = {
        "lines": lines, "buildings": buildings, "building": building, "day": day, "more": len(rows) > len(chosen) and not building,
        "spared": sum(len(one.spared) for one in sheets.values()), "here": "visits", "place": chosen[0].place if chosen else "",
    }  # fmt: skip
    return render(request, "visits/sheet.html", context)


def _line(row: Row, people: Mapping[int, Sequence[Any]], sheets: Mapping[int, Any]) -> dict[str, Any]:
    assert row.home is not None
    names = {person.pk: masked_name(person.name) for person in people[row.home.pk]}
    asks = []
    for asked in sheets[row.home.pk].asked:
        question = asked.slot.question
        if question.need_to_know:  # paper is seen by many
            continue
        who = names.get(asked.slot.person, "") if asked.slot.person is not None else ""
        asks.append((question.title, who, list(question.options.values())))
    return {"row": row, "asks": asks}
