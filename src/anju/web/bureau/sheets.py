"""Lists and figures as a workbook: what the page shows, of the viewer's own places, with a sheet that says what it is and whose."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.findings.models import Attainment, FamilyCount, Run
from anju.apps.findings.queries import attainment_by_place, family_counts
from anju.apps.journal.actions import record
from anju.apps.places.models import Place
from anju.apps.places.queries import places_below
from anju.core.terms.viewer import Viewer
from anju.lake.answers import families_page
from anju.web.bureau.families import chosen, described, shown, state_title
from anju.web.bureau.viewing import place_asked
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import answers_folder, policy, programme, run_of_request
from anju.web.layout.templatetags.anju import said

MOST = 20_000  # families on one sheet: about a county; more is asked for place by place
AT_ONCE = 1_000  # families read from the register at a time
Row = Sequence[str | int | None]


@needs("export.lists")
def families_sheet(request: HttpRequest) -> HttpResponse:
    """The families of the list, none of them named: by household code and address, as the page shows them."""
    viewer, run, choice = viewer_of_request(request), run_of_request(request), chosen(request)
    if run is None or choice is None or not viewer.can("household.see"):
        return not_here(request)
    rows = families_page(answers_folder(run), [choice.place.path], state=choice.state or None, light=choice.shining, limit=MOST + 1)
    if len(rows) > MOST:
        why = _("A sheet holds %(n)s families at most: choose a place further down, or fewer by a state.") % {"n": f"{MOST:,}"}
        return refuse(request, _("Too many families for one sheet"), why, status=413)
    lights = [said(guarantee.title) for guarantee in programme().guarantees]
    head = [_("Household code"), _("Place"), _("Address"), _("State"), *lights, _("Not in place"), _("Not known")]
    _journal(viewer, "export.lists", choice.place, rows=len(rows), state=choice.state, light=choice.light)
    return workbook(
        f"families-{choice.place.code}-{run.day}.xlsx", head, _family_rows(viewer, rows), _about(viewer, run, choice.place, described(choice))
    )


def _family_rows(viewer: Viewer, rows: list[dict[str, Any]]) -> Iterator[Row]:
    words = {"breached": _("Not in place"), "unknown": _("Not known"), "met": _("In place"), "not_applicable": "–"}
    for start in range(0, len(rows), AT_ONCE):
        for one in shown(viewer, rows[start : start + AT_ONCE]):
            home, lights = one["home"], {str(title): words[state] for title, state in one["lights"]}
            if home is not None:  # whoever lives elsewhere by now is no longer this viewer's to list
                shining = [lights.get(str(guarantee.title), "–") for guarantee in programme().guarantees]
                yield [
                    home.household_code, home.place.name, one["address"], state_title(one["state"]), *shining, one["breached"], one["unknown"],
                ]  # fmt: skip


@needs("export.figures")
def figures_sheet(request: HttpRequest) -> HttpResponse:
    """The counts of a place and of those below it: families by state and light, and how each standard is kept."""
    viewer, run = viewer_of_request(request), run_of_request(request)
    place = place_asked(request, viewer)
    if run is None or place is None:
        return not_here(request)
    places = [place, *places_below(viewer, place)]
    counts, reached = family_counts(viewer, run, places), attainment_by_place(viewer, run, places)
    head = [_("Place"), _("Code of the place"), _("What is counted"), _("In place"), _("Not in place"), _("Not known"), _("Does not apply")]
    rows = [*_counted(places, counts), *_kept(places, reached)]
    _journal(viewer, "export.figures", place, rows=len(rows))
    return workbook(f"figures-{place.code}-{run.day}.xlsx", head, rows, _about(viewer, run, place, _("Counts of families and of answers")))


def _counted(places: list[Place], counts: dict[int, FamilyCount]) -> Iterator[Row]:
    for place in places:
        count = counts.get(place.pk)
        if count is not None:
            yield [place.name, place.code, _("All families"), count.in_place, count.put_right, count.not_known, None]
            for guarantee in programme().guarantees:
                lit = [int(count.lights.get(f"{guarantee.name}:{state}", 0)) for state in ("on", "out", "not_known")]
                yield [place.name, place.code, said(guarantee.title), *lit, None]


def _kept(places: list[Place], reached: list[Attainment]) -> Iterator[Row]:
    names = {place.pk: place for place in places}
    for one in reached:
        place, standard = names[one.place_id], policy().standards.get(one.standard)
        if standard is not None:
            yield [place.name, place.code, f"{one.standard} {said(standard.title)}", one.met, one.breached, one.unknown, one.not_applicable]


def _journal(viewer: Viewer, act: str, place: Place, **detail: str | int) -> None:
    record(
        act=act, about=f"place:{place.pk}", by=viewer, at=timezone.now(), detail={name: value for name, value in detail.items() if value != ""}
    )


def _about(viewer: Viewer, run: Run, place: Place, what: str) -> list[Row]:
    return [
        [_("What it lists"), what],
        [_("Place"), f"{place.name} ({place.code})"],
        [_("Judged for"), str(run.day)],
        [_("As known on"), f"{run.known_at:%Y-%m-%d %H:%M} UTC"],
        [_("Run"), run.pk],
        [_("Exported by"), viewer.name],
        [_("Exported on"), f"{timezone.localtime():%Y-%m-%d %H:%M}"],
        [_("Example catalogue, not official text"), ""],
    ]


def workbook(name: str, head: list[str], rows: Iterable[Row], about: list[Row]) -> HttpResponse:
    """Written row by row to a file that is gone when it is closed; a text that looks like a formula stays a text."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet(_("List"))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(head) - 1, 16)
    for n, row in enumerate([head, *rows]):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(n, column, value, bold if n == 0 else None)
    sheet.autofilter(0, 0, max(n, 1), len(head) - 1)
    told = book.add_worksheet(_("About this sheet"))
    told.set_column(0, 1, 40)
    for n, row in enumerate(about):
        for column, value in enumerate(row):
            told.write(n, column, value)
    book.close()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name)  # type: ignore[return-value]  # django-stubs: a FileResponse is no HttpResponse
