"""Visits in the layout that somebody else's form asks for, so that nothing is typed twice: a table of columns, or the form itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.journal.actions import look, record
from anju.apps.people.models import Person
from anju.apps.people.vault import masked_name
from anju.apps.visits import queries
from anju.apps.visits.filling import Filled, Value, fill
from anju.apps.visits.forms import ANSWER, Form, Workbook
from anju.apps.visits.layouts import FormFaults, read_layout
from anju.apps.visits.models import Visit
from anju.apps.visits.placeholders import ANSWERS, MEMBERS, by_words, placeholders
from anju.apps.visits.queries import Filters
from anju.apps.visits.states import MADE
from anju.core.terms.viewer import Viewer
from anju.web.families.page import age_on
from anju.web.families.timeline import relation
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.visits.choosing import chosen_form
from anju.web.visits.known import questions
from anju.web.visits.rows import Row, finding_words, members_of_many, mode_words, rows_of, today
from anju.web.visits.views import filters_of

MOST_ROWS, MOST_SHEETS = 5_000, 120  # of one list; of one workbook with a sheet for each visit: about a building


@needs("visits.record")
def export(request: HttpRequest) -> HttpResponse:
    """One visit, or those of the list or of a building, in the layout of a form."""
    viewer, get = viewer_of_request(request), request.GET
    form = chosen_form(get.get("form", ""))
    if form is None:
        return refuse(request, _("There is no such form"), _("Whoever keeps the forms has taken it out of use: choose another."), status=404)
    number = get.get("visit", "")
    if number:
        one = queries.visit_in_scope(viewer, int(number)) if number.isdigit() and len(number) < 16 else None
        if one is None:
            return not_here(request)
        found = [one]
    elif viewer.can("export.lists"):
        asked = filters_of(request, viewer)
        found = queries.doors(
            viewer, Filters(asked.state if "state" in get else MADE, asked.mine, asked.purpose, asked.path, asked.assignee, asked.unnamed,
                            asked.until, asked.since, get.get("building", "").strip()[:20]), limit=MOST_ROWS + 1,
        )  # fmt: skip
    else:
        why = _("One visit by itself can be taken; a list by the community.")
        return refuse(request, _("This list is not for the post you act in"), why)
    if not found:
        return refuse(request, _("There is no visit to take"), _("Nothing fits: choose another filter or building."), status=404)
    if len(found) > MOST_ROWS:
        return refuse(request, _("Too many visits for one form"), _("Choose a place, a building or a week."), status=413)
    return _columns(viewer, form, found) if isinstance(form, Form) else _filled_in(request, viewer, form, found)


def _note(viewer: Viewer, form: str, found: Sequence[Visit]) -> None:
    """One line for the export, and of a single family a look at it: that is what its page is taken for."""
    record(act="visits.export", about=f"visits:{len(found)}", by=viewer, at=timezone.now(), detail={"form": form})
    if len(found) == 1 and found[0].household_id is not None:
        look(act="visit.see", about=f"household:{found[0].household_id}", by=viewer, at=timezone.now(), detail={"visit": found[0].pk})


# --- the form itself, filled in -----------------------------------------------------------------------------------------------


def _filled_in(request: HttpRequest, viewer: Viewer, form: Workbook, found: Sequence[Visit]) -> HttpResponse:
    known, content = placeholders(questions()), form.content()
    try:
        layout = read_layout(form.file_name, content, known)  # once more: a question may have been given up since it was taken
        if layout.one_each and len(found) > MOST_SHEETS:
            why = _("This form takes a sheet for each visit, at most %(n)s: choose a building or a week, or a form with a row for each.")
            return refuse(request, _("Too many visits for one form"), why % {"n": MOST_SHEETS}, status=413)
        export_values: dict[str, Value] = {"export.day": today(), "export.by": viewer.name, "export.count": len(found)}
        made = fill(form.file_name, content, layout, _visits(viewer, found), export_values, by_words(known))
    except FormFaults as fault:
        why = " ".join(f"{one.where} {said(one.said)}".strip() for one in fault.faults[:5])
        return refuse(request, _("The form no longer fits the questions"), why, status=409)
    _note(viewer, form.name, found)
    return FileResponse(BytesIO(made), as_attachment=True, filename=f"{Path(form.file_name).stem}-{today()}.xlsx")  # type: ignore[return-value]


def _visits(viewer: Viewer, found: Sequence[Visit]) -> list[Filled]:
    rows = rows_of(viewer, found, today())
    members = members_of_many({row.home.pk for row in rows if row.home is not None})
    return [_visit(viewer, row, members[row.home.pk] if row.home is not None else []) for row in rows]


def _visit(viewer: Viewer, row: Row, people: Sequence[Person]) -> Filled:
    visit, home = row.visit, row.home
    address = "-".join(part for part in (row.building, row.address) if part)
    values: dict[str, Value] = {
        "household.place": row.place, "household.address": address, "head.name_masked": row.head, "visit.number": visit.pk,
        "visit.day": visit.made_on, "visit.due_on": visit.due_on, "visit.mode": mode_words().get(visit.mode, ""), "visit.outcome": row.outcome,
        "visit.purpose": row.purpose, "visit.why": visit.why, "visit.findings": _findings(visit), "visit.note": visit.note,
        "visit.minutes": visit.minutes, "visit.photos": visit.photos if visit.state == MADE else None, "visit.visitor": row.who,
    }  # fmt: skip
    if home is not None:
        values |= {
            "household.code": home.household_code, "household.building": home.building_no, "household.unit": home.unit_no,
            "household.room": home.room_no, "household.members": len(people), "household.moved_in": home.move_in_date,
        }  # fmt: skip
    values |= {ANSWERS + code: text for code, text in _answers(viewer, visit).items()}
    told = _answers_of_members(viewer, visit)
    members: list[dict[str, Value]] = [
        {
            "members.number": n, "members.name_masked": masked_name(person.name),
            "members.relation": str(said(relation(person.relation_to_head))), "members.age": age_on(person, visit.made_on or today()),
            **{MEMBERS + ANSWERS + code: text for (code, who), text in told.items() if who == person.pk},
        }
        for n, person in enumerate(people, start=1)
    ]  # fmt: skip
    return Filled(f"{address or row.place} ({visit.pk})", values, members)


def _findings(visit: Visit) -> str:
    words = finding_words()
    return "、".join(str(words.get(code, code)) for code in visit.findings)


def _answers_of_members(viewer: Viewer, visit: Visit) -> dict[tuple[str, int], str]:
    found = {}
    for question, key, answer in queries.told_answers(viewer, visit, questions()):
        code, _colon, person = key.partition(":")
        if person.isdigit():
            found[code, int(person)] = str(said(question.words_of(answer))) if question is not None else answer
    return found


# --- a table of columns -----------------------------------------------------------------------------------------------------------


def _columns(viewer: Viewer, form: Form, found: Sequence[Visit]) -> HttpResponse:
    _note(viewer, form.name, found)
    head = [str(said(heading)) for heading, _value in form.columns]
    return _workbook(f"{form.name}-{today()}.xlsx", str(said(form.title)), head, _rows(viewer, form, found))


def _rows(viewer: Viewer, form: Form, found: Sequence[Visit]) -> Iterable[list[str]]:
    modes = mode_words()
    for row in rows_of(viewer, found, today()):
        visit = row.visit
        answers = _answers(viewer, visit)
        values: dict[str, Any] = {
            "number": visit.pk, "place": row.place, "address": "-".join(part for part in (row.building, row.address) if part), "head": row.head,
            "household_code": row.home.household_code if row.home is not None else "", "visited_on": visit.made_on or "",
            "mode": modes.get(visit.mode, ""), "outcome": row.outcome, "purpose": row.purpose, "why": visit.why,
            "findings": _findings(visit), "note": visit.note,
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
