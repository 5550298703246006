"""The official calendar for the administrator: its years and days, who loaded them, and a year loaded after a look at what it changes."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.apps.calendar.actions import Change, foresee_load, load_year
from anju.apps.calendar.models import HOLIDAY, MAKEUP
from anju.apps.calendar.queries import ShownDay, shown_year, years_loaded
from anju.apps.calendar.reading import COLUMNS, YearList, judge_list, read_list
from anju.apps.calendar.refusing import Refused
from anju.apps.cases.recounting import deadlines_that_would_move
from anju.core.contracts.official import AHEAD, with_years, years_of, years_unknown
from anju.core.contracts.programme import working_calendar_of
from anju.core.terms.working_days import WorkingCalendar
from anju.lake.files import FileRefused
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import programme, run_of_request
from anju.web.layout.paging import address
from anju.web.layout.templatetags.anju import said

KEPT = "calendar_list"  # session: the list looked at, until it is loaded
MOST_ROWS, MOST_BYTES = 400, 2_000_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS = {"en": ("day", "kind", "name"), "zh": ("日期", "类型", "名称")}
CELLS = {"en": {HOLIDAY: "holiday", MAKEUP: "makeup"}, "zh": {HOLIDAY: "放假", MAKEUP: "补班"}}


@dataclass(frozen=True, slots=True)
class Span:
    """Days that follow one another and are one occasion. `working` is how many working days it takes away or gives."""

    first: date
    last: date
    kind: str
    name: str
    working: int

    @property
    def when(self) -> str:
        return f"{self.first:%m-%d}" if self.first == self.last else f"{self.first:%m-%d} – {self.last:%m-%d}"

    @property
    def signed(self) -> str:
        return f"{self.working:+d}".replace("-", "−") if self.working else "0"

    @property
    def weekdays(self) -> str:
        ends = [date_format(day, "D") for day in (self.first, self.last)]
        return ends[0] if self.first == self.last else f"{ends[0]} – {ends[1]}"


@needs("calendar.load")
def calendar(request: HttpRequest) -> HttpResponse:
    """One year at a time; that of today where it is known."""
    day, rules = day_of(request), programme()
    loaded = years_loaded()
    known = sorted({*years_of(rules), *loaded}, reverse=True)
    asked = request.GET.get("year", "")
    if asked and not (asked.isdigit() and int(asked) in known):
        return not_here(request)
    year = int(asked) if asked else day.year if day.year in known or not known else known[0]
    version = request.GET.get("version", "")
    found = shown_year(year, rules, int(version) if version.isdigit() and len(version) < 5 else None)
    shown = next((one for one in found.versions if str(one.version) == version), found.loaded)
    week = frozenset(rules.working_week)
    context = {
        "year": year, "spans": spans_of(found.days, week), "named": any(one.name for one in found.days),
        "versions": found.versions, "shown": shown,
        "years": [(each, address(request, year=str(each), version=None), each == year) for each in known],
        "lacking": years_unknown(rules, day), "ahead": AHEAD, "working": _working_days(year, found.days, week),
        "here": "calendar",
    }  # fmt: skip
    return render(request, "office/calendar.html", context)


def day_of(request: HttpRequest) -> date:
    """The day of the deployment's clock: a sample's own, else today."""
    run = run_of_request(request) if settings.SAMPLE else None
    return run.day if run is not None else timezone.localdate()


def spans_of(days: Iterable[ShownDay], week: frozenset[int]) -> list[Span]:
    """A weekend between two days off belongs to them, where it is not worked."""
    found: list[Span] = []
    for one in days:
        works = one.day.isoweekday() in week
        working = -1 if one.kind == HOLIDAY and works else 1 if one.kind == MAKEUP and not works else 0
        last = found[-1] if found else None
        if last is not None and (last.kind, last.name) == (one.kind, one.name) and _follows(last, one, week):
            found[-1] = Span(last.first, one.day, one.kind, one.name, last.working + working)
        else:
            found.append(Span(one.day, one.day, one.kind, one.name, working))
    return found


def _follows(last: Span, one: ShownDay, week: frozenset[int]) -> bool:
    between = [last.last + timedelta(days=n) for n in range(1, (one.day - last.last).days)]
    return not between or (one.kind == HOLIDAY and all(day.isoweekday() not in week for day in between))


def _working_days(year: int, days: Iterable[ShownDay], week: frozenset[int]) -> int:
    kinds = {kind: [one.day for one in days if one.kind == kind] for kind in (HOLIDAY, MAKEUP)}
    return WorkingCalendar(week, kinds[HOLIDAY], kinds[MAKEUP]).between(date(year - 1, 12, 31), date(year, 12, 31))


# --- loading -----------------------------------------------------------------------------------------------------------------


@needs("calendar.load")
def load_calendar(request: HttpRequest) -> HttpResponse:
    """A list is judged whole and changes nothing; the same rows are loaded when one says so."""
    if request.method != "POST":
        return _page(request)
    if request.POST.get("sure") == "1":
        return _load(request)
    source = request.POST.get("source", "").strip()
    try:
        rows, name = _rows(request)
    except FileRefused as refused:
        return _page(request, source=source, refused=refused)
    if len(rows) > MOST_ROWS:
        return _page(request, source=source, fault=_("The list has %(n)s rows: a year has no more than its days.") % {"n": len(rows)})
    request.session[KEPT] = {"rows": rows, "file": name, "source": source}
    return _page(request, source=source, found=_judged(rows))


def _load(request: HttpRequest) -> HttpResponse:
    kept, seen = request.session.get(KEPT), request.POST.get("seen", "")
    if kept is None or not seen.isdigit():
        return _page(request, fault=_("The list is no longer here: choose the file again."))
    found, source = _judged(kept["rows"]), request.POST.get("source", kept["source"])
    try:
        loaded, new = load_year(
            found, by=viewer_of_request(request), at=timezone.now(), source=source, file_name=kept["file"], seen=int(seen[:6])
        )  # fmt: skip
    except Refused as refused:
        return _page(request, source=source, found=found, fault=said(refused.title))
    request.session.pop(KEPT, None)
    told = _("The calendar of %(year)s is counted by from now on.") if new else _("The calendar of %(year)s says the same already.")
    flash.success(request, told % {"year": loaded.year})
    return HttpResponseRedirect(f"{reverse('calendar')}?year={loaded.year}")


def _rows(request: HttpRequest) -> tuple[list[Any], str]:
    sent = request.FILES.get("file")
    if sent is None or sent.name is None:
        raise FileRefused("no file was chosen", "nothing was sent", "choose a file")
    if (sent.size or 0) > MOST_BYTES:
        raise FileRefused(f"'{Path(sent.name).name}' has {sent.size:,} bytes", f"at most {MOST_BYTES:,} are taken", "send it in parts")
    with tempfile.TemporaryDirectory(prefix="calendar-") as folder:
        path = Path(folder) / f"list{Path(sent.name).suffix.lower()}"
        path.write_bytes(sent.read())
        return list(read_list(path)), Path(sent.name).name


def _judged(rows: list[Any]) -> YearList:
    return judge_list([(line, tuple(cells)) for line, cells in rows], programme().working_week)


def _page(
    request: HttpRequest, *, source: str = "", found: YearList | None = None, fault: str = "", refused: FileRefused | None = None
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {"source": source, "found": found, "fault": fault, "refused": refused, "here": "calendar"}
    if found is not None and found.faults:
        heads = dict(zip(COLUMNS, HEADS[_language()], strict=True))
        context |= {"cells": [(one.line, heads[one.column], one.why) for one in found.faults]}
    elif found is not None:
        change = foresee_load(found, programme())
        context |= {"change": change, "moved": _moved(found, change), **_as_read(found, change.year)}
        context |= {f"n_{kind}": sum(one.kind == kind for one in found.days) for kind in (HOLIDAY, MAKEUP)}
    return render(request, "office/calendar_load.html", context, status=400 if fault or refused else 200)


def _moved(found: YearList, change: Change) -> int:
    after = with_years(programme(), [found.official()])
    return deadlines_that_would_move(working_calendar_of(programme()), working_calendar_of(after), change.moved)


def _as_read(found: YearList, year: int) -> dict[str, Any]:
    """The days, and how many working days they leave: a list that is not whole leaves more than the year before had."""
    week, days = frozenset(programme().working_week), [ShownDay(one.day, one.kind, one.name) for one in found.days]
    last = (
        working_calendar_of(programme()).between(date(year - 2, 12, 31), date(year - 1, 12, 31)) if year - 1 in years_of(programme()) else None
    )
    return {
        "spans": spans_of(days, week),
        "named": any(one.name for one in days),
        "working": _working_days(year, days, week),
        "last": last,
        "last_year": year - 1,
    }


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


@needs("calendar.load")
def calendar_sheet(request: HttpRequest) -> HttpResponse:
    """An empty list to fill in; with `year` that year's days, to be corrected and loaded again."""
    asked, lang = request.GET.get("year", ""), _language()
    days = shown_year(int(asked), programme()).days if asked.isdigit() and len(asked) == 4 else ()
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("calendar")
    sheet.set_column(0, 2, 18, text)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, HEADS[lang], bold)
    for n, one in enumerate(days, start=1):
        for m, cell in enumerate((one.day.isoformat(), CELLS[lang][one.kind], one.name)):
            sheet.write_string(n, m, cell, text)
    sheet.data_validation(1, 1, MOST_ROWS, 1, {"validate": "list", "source": list(CELLS[lang].values())})
    book.close()
    name = f"anju-calendar-{asked}.xlsx" if days else "anju-calendar.xlsx"
    return HttpResponse(file.getvalue(), content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
