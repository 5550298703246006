"""Paper and workbooks: a sheet of a building to take along, and visits in the layout that a form asks for, so that nothing is typed twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.journal.actions import record
from anju.apps.people.vault import masked_name
from anju.apps.visits import queries
from anju.apps.visits.forms import ANSWER, Form, load_forms
from anju.apps.visits.models import Visit
from anju.apps.visits.queries import Filters
from anju.apps.visits.states import MADE, PLANNED
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.visits.known import questions, sheets_of
from anju.web.visits.rows import Row, finding_words, members_of_many, mode_words, rows_of, today
from anju.web.visits.views import filters_of

MOST_DOORS = 120  # on one printed sheet: about a building
MOST_ROWS = 5_000


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


@needs("visits.record")
def export(request: HttpRequest) -> HttpResponse:
    """One visit, or those of the list, in the layout of a form."""
    viewer = viewer_of_request(request)
    forms = load_forms(Path(settings.POLICY), questions())
    form = forms.get(request.GET.get("form", ""), next(iter(forms.values()), None))
    if form is None:
        return refuse(request, _("There is no form"), _("Whoever keeps the rules adds one to the folder of forms."))
    number = request.GET.get("visit", "")
    if number:
        one = queries.visit_in_scope(viewer, int(number)) if number.isdigit() and len(number) < 16 else None
        if one is None:
            return not_here(request)
        found = [one]
    elif viewer.can("export.lists"):
        filters = filters_of(request, viewer)
        found = queries.doors(viewer, Filters(MADE, filters.mine, filters.purpose, filters.path, filters.assignee, since=filters.since),
                              limit=MOST_ROWS + 1)  # fmt: skip
    else:
        why = _("One visit by itself can be taken; a list by the community.")
        return refuse(request, _("This list is not for the post you act in"), why)
    if len(found) > MOST_ROWS:
        return refuse(request, _("Too many visits for one form"), _("Choose a place or a week."), status=413)
    record(act="visits.export", about=f"visits:{len(found)}", by=viewer, at=timezone.now(), detail={"form": form.name})
    head = [str(said(heading)) for heading, _value in form.columns]
    return _workbook(f"{form.name}-{today()}.xlsx", str(said(form.title)), head, _filled(viewer, form, found))


def _filled(viewer: Viewer, form: Form, found: Sequence[Visit]) -> Iterable[list[str]]:
    modes, findings = mode_words(), finding_words()
    for row in rows_of(viewer, found, today()):
        visit = row.visit
        answers = _answers(viewer, visit)
        values: dict[str, Any] = {
            "number": visit.pk, "place": row.place, "address": "-".join(part for part in (row.building, row.address) if part), "head": row.head,
            "household_code": row.home.household_code if row.home is not None else "", "visited_on": visit.made_on or "",
            "mode": modes.get(visit.mode, ""), "outcome": row.outcome, "purpose": row.purpose, "why": visit.why,
            "findings": "、".join(findings.get(code, code) for code in visit.findings), "note": visit.note,
            "minutes": visit.minutes if visit.minutes is not None else "", "photos": visit.photos,
            "visitor": row.who,
            "due_on": visit.due_on or "",
        }  # fmt: skip
        yield [
            answers.get(value.removeprefix(ANSWER), "") if value.startswith(ANSWER) else str(values[value]) for _heading, value in form.columns
        ]


def _answers(viewer: Viewer, visit: Visit) -> dict[str, str]:
    """By question; of several members one after the other."""
    found: dict[str, list[str]] = {}
    for question, key, answer in queries.told_answers(viewer, visit, questions()):
        found.setdefault(key.partition(":")[0], []).append(str(said(question.words_of(answer))) if question is not None else answer)
    return {code: "、".join(texts) for code, texts in found.items()}


def _workbook(name: str, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """Every cell is text: a number stays what it was."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet_, bold = book.add_worksheet(), book.add_format({"bold": True, "text_wrap": True, "border": 1})
    cell = book.add_format({"text_wrap": True, "border": 1, "num_format": "@", "valign": "top"})
    sheet_.set_landscape()
    sheet_.set_paper(9)  # A4
    sheet_.fit_to_pages(1, 0)
    sheet_.set_column(0, len(head) - 1, 16)
    sheet_.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
    for column, text in enumerate(head):
        sheet_.write_string(1, column, text, bold)
    for at, row in enumerate(rows, start=2):
        for column, text in enumerate(row):
            sheet_.write_string(at, column, text, cell)
    book.close()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)  # type: ignore[return-value]
