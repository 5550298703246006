"""Accounts from a list: looked at first, cell by cell, then taken. The same as `anju staff import`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import xlsxwriter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.places.models import Place
from anju.apps.staff.importing import COLUMNS, StaffReport, import_staff, read_staff
from anju.apps.staff.permissions import ROLES
from anju.core.terms.viewer import Viewer
from anju.lake.files import FileRefused
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.current import programme

KEPT = "accounts_list"  # session: the rows looked at, until they are taken
MOST_ROWS, MOST_BYTES = 3_000, 5_000_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXAMPLE = ("wei.xiuying", "韦秀英", "first_secretary", "community", "", "", "destination", "", "")


@needs("accounts.manage")
def import_list(request: HttpRequest) -> HttpResponse:
    """A file is judged whole and changes nothing; the same rows are taken when one says so."""
    viewer = viewer_of_request(request)
    if request.method != "POST":
        return _page(request)
    if request.POST.get("sure") == "1":
        rows = request.session.pop(KEPT, None)
        if rows is None:
            return _page(request, fault=_("The list is no longer here: choose the file again."))
        return _page(request, report=_take(viewer, rows, dry_run=False), taken=True)
    try:
        rows = _rows(request)
    except FileRefused as refused:
        return _page(request, refused=refused)
    if len(rows) > MOST_ROWS:
        fault = _("The list has more than %(n)s rows: send it in parts, or have it taken by the command anju staff import.")
        return _page(request, fault=fault % {"n": MOST_ROWS})
    request.session[KEPT] = rows
    return _page(request, report=_take(viewer, rows, dry_run=True))


def _rows(request: HttpRequest) -> list[Any]:
    sent = request.FILES.get("file")
    if sent is None or sent.name is None:
        raise FileRefused("no file was chosen", "nothing was sent", "choose a file")
    if (sent.size or 0) > MOST_BYTES:
        raise FileRefused(f"'{Path(sent.name).name}' has {sent.size:,} bytes", f"at most {MOST_BYTES:,} are taken", "send it in parts")
    with tempfile.TemporaryDirectory(prefix="accounts-") as folder:
        path = Path(folder) / f"list{Path(sent.name).suffix.lower()}"
        path.write_bytes(sent.read())
        return read_staff(path)


def _take(viewer: Viewer, rows: list[Any], *, dry_run: bool) -> StaffReport:
    given = [(line, tuple(cells)) for line, cells in rows]
    return import_staff(given, by=viewer, at=timezone.now(), departments=frozenset(programme().departments), dry_run=dry_run)


def _page(
    request: HttpRequest, *, report: StaffReport | None = None, taken: bool = False, fault: str = "", refused: FileRefused | None = None
) -> HttpResponse:  # fmt: skip
    told = "\r\n".join(f"{name}\t{password}" for name, password in report.passwords.items()) if report is not None else ""
    context = {
        "report": report, "taken": taken, "fault": fault, "refused": refused, "told": told, "columns": COLUMNS, "here": "accounts",
        "bad": len({cell.line for cell in report.refused}) if report is not None else 0,
    }  # fmt: skip
    return render(request, "office/import.html", context, status=400 if fault or refused else 200)


@needs("accounts.manage")
def template(request: HttpRequest) -> HttpResponse:
    """The list to fill in: its columns with one example, and beside it the roles, departments and places with their codes."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    places: list[tuple[str, ...]] = [
        tuple(row) for row in Place.objects.filter(tree="scope").order_by("path").values_list("level", "code", "name")
    ]
    first = next((row[:2] for row in places if row[0] == "community"), ("community", ""))
    sheets: tuple[tuple[str, tuple[str, ...], list[tuple[str, ...]]], ...] = (
        ("accounts", COLUMNS, [(*EXAMPLE[:3], *first, *EXAMPLE[5:])]),
        ("roles", ("role", "English", "中文", "department"), [
            (code, role.title.en, role.title.zh, "✓" if role.of_department else "") for code, role in ROLES.items()
        ]),
        ("departments", ("department", "English", "中文"), [(code, title.en, title.zh) for code, title in programme().departments.items()]),
        ("places", ("place_level", "place_code", "name"), places),
    )  # fmt: skip
    for name, head, rows in sheets:
        sheet = book.add_worksheet(name)
        sheet.set_column(0, len(head) - 1, 22, text)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, head, bold)
        for n, row in enumerate(rows, start=1):
            for m, cell in enumerate(row):
                sheet.write_string(n, m, cell, text)
    book.close()
    return HttpResponse(file.getvalue(), content_type=XLSX, headers={"Content-Disposition": 'attachment; filename="anju-accounts.xlsx"'})
