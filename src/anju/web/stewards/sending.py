"""Sending a file: it is kept at once, looked at, taken in beside the pages with its progress, and told in a receipt or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from anju.apps.feeds.models import HeaderMapping, Upload
from anju.apps.feeds.names import parts_of
from anju.apps.feeds.queries import delivery_in_scope, feeds_for, senders_for, units_for, uploads_of
from anju.apps.feeds.uploads import AtWork, drop_upload, keep_upload, opened, say_upload
from anju.apps.findings.queries import current_run
from anju.apps.people.vault import FileVault
from anju.core.contracts.model import Contract
from anju.core.contracts.programme import calendar_of
from anju.core.terms.periods import Calendar
from anju.core.terms.viewer import Viewer
from anju.lake.files import KINDS, FileRefused
from anju.lake.mended import read_mended
from anju.lake.previews import Matched, match_headers, preview
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy, programme
from anju.web.stewards.background import begin, look_after
from anju.web.stewards.streaming import ToDisk

PERIOD_FORMS = {"day": "2023-09-26", "week": "2023-W38", "month": "2023-09", "quarter": "2023-Q3", "year": "2023",
                "term": "2023-2024-1", "school_year": "2023-2024", "school_week": "2023-W38"}  # fmt: skip


# --- a file comes ---------------------------------------------------------------------------------------------------------


@csrf_exempt  # the handler must be chosen before the body is read; the inner view checks the token
def upload_new(request: HttpRequest) -> HttpResponse:
    request.upload_handlers = [ToDisk(request)]
    return _upload_new(request)


@csrf_protect
@needs("feeds.deliver")
def _upload_new(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    feeds = feeds_for(viewer, policy())
    if request.method == "POST":
        return _keep(request, viewer, feeds)
    feed = request.GET.get("feed", "")
    context = {
        "here": "deliveries", "feed": feeds.get(feed), "unit": request.GET.get("unit", ""), "kinds": KINDS,
        "feeds": feeds.values(), "unfinished": uploads_of(viewer).exclude(state="done")[:10],
    }  # fmt: skip
    return render(request, "stewards/upload_new.html", context)


upload_new.acts = ("feeds.deliver",)  # type: ignore[attr-defined]  # told as `needs` tells it, for the table of permissions


def _keep(request: HttpRequest, viewer: Viewer, feeds: Mapping[str, Contract]) -> HttpResponse:
    file = request.FILES.get("file")
    here = reverse("upload_new")
    if file is None or not file.name:
        return _again(request, _("Choose a file first: nothing was sent."), here)
    if not file.size:
        return _again(request, _("The file “%(name)s” is empty: it has no bytes at all. Export it again.") % {"name": file.name}, here)
    receipt = request.POST.get("receipt", "")
    first = delivery_in_scope(viewer, policy(), int(receipt)) if receipt.isascii() and receipt.isdigit() and len(receipt) < 18 else None
    if receipt and (first is None or not viewer.can("feeds.mend")):
        return not_here(request)
    upload = keep_upload(file.file, file_name=file.name, vault=FileVault(), by=viewer, at=timezone.now())  # type: ignore[arg-type]
    if first is not None:
        say_upload(upload, by=viewer, mends=True, delivery_id=first.pk)
        begin(upload)
    else:
        feed, sender, periods = _by_name(upload, viewer, feeds)
        asked, unit = request.POST.get("feed", ""), request.POST.get("unit", "")
        spoken = {"first": periods[0], "last": periods[1]} if periods is not None else {}
        say_upload(upload, by=viewer, feed=asked if asked in feeds else feed, unit=unit or sender, **spoken)
    return _go(request, reverse("upload", args=[upload.pk]))


def _by_name(upload: Upload, viewer: Viewer, feeds: Mapping[str, Contract]) -> tuple[str, str, tuple[str, str] | None]:
    """What a name like F09_522301_2023-2024-1.csv says, as far as it can be true."""
    feed, sender, periods = parts_of(Path(upload.file_name))
    if feed not in feeds:
        return "", "", None
    known = senders_for(viewer, policy(), feeds[feed], units_for(viewer, policy()))
    return feed, sender if sender in known else "", periods if feeds[feed].kind == "event" else None


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.headers.get("HX-Request") else HttpResponseRedirect(url)


def _again(request: HttpRequest, fault: str, url: str) -> HttpResponse:
    messages.error(request, fault)
    return _go(request, url)


# --- it is looked at ------------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """What the sender says of the file, and what is wrong with that. `matched`: how its columns would be read."""

    feed: str = ""
    unit: str = ""
    first: str = ""
    last: str = ""
    valid: date | None = None
    received_on: date | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    matched: Matched | None = None
    contract: Contract | None = None

    def said(self) -> dict[str, Any]:
        names = ("feed", "unit", "first", "last", "valid", "received_on", "mapping")
        return {name: getattr(self, name) for name in names}


@needs("feeds.deliver")
def upload(request: HttpRequest, key: int) -> HttpResponse:
    """How it stands: the form, the progress, or the way on to its receipt."""
    found = uploads_of(viewer_of_request(request)).filter(pk=key).first()
    if found is None:
        return not_here(request)
    found, progress = look_after(found)
    if found.state == "done":
        return _finished(request, found)
    if found.state == "working":
        if request.method == "POST":
            return HttpResponseRedirect(request.path)
        context = {"here": "deliveries", "upload": found, "progress": progress, "step": stage_words(progress.stage)}
        template = "stewards/progress.html" if request.headers.get("HX-Request") else "stewards/upload_working.html"
        return render(request, template, context)
    if request.headers.get("HX-Request"):  # it stopped while somebody was watching
        return _go(request, request.path)
    if found.mends:
        return _mending(request, found)
    return _form(request, found)


def stage_words(stage: str) -> Any:
    return {
        "open": _("The file is opened"), "check": _("Every cell is checked"), "link": _("People are looked up in the register"),
        "settle": _("Rows are compared with each other"), "write": _("Rows are written"), "keep": _("The file is put away safely"),
    }.get(stage, stage)  # fmt: skip


def _finished(request: HttpRequest, found: Upload) -> HttpResponse:
    number = found.delivery_id
    if found.mends and found.result:
        text = ngettext("%(n)s of %(tried)s mended row was taken in.", "%(n)s of %(tried)s mended rows were taken in.", found.result["tried"])
        left = found.result["set_aside"]
        say = messages.success if not left else messages.warning
        more = " " + ngettext("%(n)s row is still set aside.", "%(n)s rows are still set aside.", left) % {"n": left} if left else ""
        say(request, text % {"n": found.result["accepted"], "tried": found.result["tried"]} + more)
    elif found.repeats:
        messages.info(request, _("This file was taken in before, as receipt %(n)s. Nothing has changed.") % {"n": number})
    url = reverse("receipt", args=[number]) if number is not None else reverse("deliveries")
    return _go(request, url)


def _form(request: HttpRequest, found: Upload) -> HttpResponse:
    viewer = viewer_of_request(request)
    feeds, units = feeds_for(viewer, policy()), units_for(viewer, policy())
    refusal, seen = found.refusal, None
    try:
        with opened(found, Path(settings.DATA) / "lake" / "work", FileVault()) as path:
            seen = preview(path, list(feeds.values()), path.parent)
            if seen.mends:
                return _sheet(request, found, path)
    except FileRefused as error:
        refusal = {"what": error.what, "why": error.why, "remedy": error.remedy, "alternatives": list(error.alternatives)}
    asked = _asked(request, found, seen.fits if seen is not None else ())
    if asked.feed in feeds:
        _check(asked, viewer, feeds[asked.feed], units, seen.header if seen is not None else None)
    else:
        asked.feed = ""
        asked.faults += [_("Say which feed it is.")] if request.method == "POST" else []
    if request.method == "POST" and seen is not None:
        answer = _answer(request, found, asked, viewer)
        if answer is not None:
            return answer
    contract = asked.contract
    context = {
        "here": "deliveries", "upload": found, "refusal": refusal, "asked": asked, "feeds": feeds.values(), "seen": seen,
        "senders": [(code, units.get(code, _("The whole programme"))) for code in senders_for(viewer, policy(), contract, units)]
        if contract else [], "columns": contract.columns if contract is not None else (), "today": timezone.localdate(),
        "fits": [feeds[code] for code in (seen.fits if seen is not None else ())[:3] if code != asked.feed],
        "sent": request.method == "POST", "named": _named_otherwise(found, asked, feeds),
        "form_words": PERIOD_FORMS.get(contract.cadence, "") if contract is not None else "",
    }  # fmt: skip
    return render(request, "stewards/upload.html", context, status=400 if request.method == "POST" and asked.faults else 200)


def _named_otherwise(found: Upload, asked: Asked, feeds: Mapping[str, Contract]) -> str:
    """The sender that the file's name speaks of, where it is another one than the file would be taken in for."""
    feed, sender, _periods = parts_of(Path(found.file_name))
    return sender if feed in feeds and sender and asked.unit and sender != asked.unit else ""


def _asked(request: HttpRequest, found: Upload, fits: tuple[str, ...]) -> Asked:
    """What stands in the form: as it was typed, else as it was kept, else as the file's header suggests."""
    if request.method != "POST":
        day = found.received_on or (current_day() if settings.SAMPLE else None)
        return Asked(found.feed or next(iter(fits), ""), found.unit, found.first, found.last, found.valid, day, dict(found.mapping))
    typed = {name: request.POST.get(name, "").strip() for name in ("feed", "unit", "first", "last", "valid", "received_on")}
    asked = Asked(typed["feed"], typed["unit"], typed["first"], typed["last"])
    for name in ("valid", "received_on"):
        try:
            setattr(asked, name, date.fromisoformat(typed[name]) if typed[name] else None)
        except ValueError:
            asked.faults.append(_("“%(text)s” is not a day: write 2023-09-26.") % {"text": typed[name]})
    headers, columns = request.POST.getlist("header"), request.POST.getlist("column")
    asked.mapping = {header: column for header, column in zip(headers, columns, strict=False) if column}
    return asked


def current_day() -> date | None:
    run = current_run()
    return run.day if run is not None else None


def _check(asked: Asked, viewer: Viewer, contract: Contract, units: Mapping[str, str], header: tuple[str, ...] | None) -> None:
    """Everything that is wrong with what was said, at once."""
    asked.contract = contract
    senders = senders_for(viewer, policy(), contract, units)
    if not senders:
        asked.faults.append(_("This feed is delivered once for the whole programme, by a post that sees the whole."))
    elif asked.unit not in senders:
        asked.unit = senders[0] if len(senders) == 1 else ""
        if asked.unit not in senders:
            asked.faults.append(_("Say which unit sends it."))
    today = timezone.localdate()
    if asked.received_on is not None and asked.received_on > today:
        asked.faults.append(_("It cannot have been received after today."))
    if asked.valid is not None and asked.valid > (asked.received_on or today):
        asked.faults.append(_("A list cannot speak of a day after it was received."))
    if contract.kind == "event" and (asked.first or asked.last):
        _check_periods(asked, contract, calendar_of(programme()))
    names = {column.name for column in contract.columns}
    asked.mapping = {h: c for h, c in asked.mapping.items() if c in names and (header is None or h in header)}
    if header is not None:
        remembered = dict(HeaderMapping.objects.filter(feed=contract.code, unit=asked.unit).values_list("header", "column"))
        asked.matched = match_headers(header, contract, remembered, asked.mapping)
        asked.faults += [_("Two columns of the file are read as “%(column)s”.") % {"column": name} for name in asked.matched.twice]


def _check_periods(asked: Asked, contract: Contract, calendar: Calendar) -> None:
    asked.first, asked.last = asked.first or asked.last, asked.last or asked.first
    ordinals = []
    for text in dict.fromkeys((asked.first, asked.last)):
        try:
            ordinals.append(calendar.period_ordinal(contract.cadence, text))
        except ValueError:
            shape = PERIOD_FORMS.get(contract.cadence, "")
            asked.faults.append(_("“%(text)s” is no period of this feed: write it like %(shape)s.") % {"text": text, "shape": shape})
    if ordinals != sorted(ordinals):
        asked.faults.append(_("The first period lies after the last."))


def _answer(request: HttpRequest, found: Upload, asked: Asked, viewer: Viewer) -> HttpResponse | None:
    """Keeps what was said; with the word given, and nothing wrong, begins."""
    take = request.POST.get("do") == "take"
    if take and asked.matched is not None and asked.matched.lacking:
        text = _("A needed column is missing: %(names)s. Say below which column of the file it is, or add it to the file.")
        asked.faults.append(text % {"names": ", ".join(column.name for column in asked.matched.lacking)})
    if asked.faults and take:
        return None
    try:
        if not asked.faults:
            say_upload(found, by=viewer, refusal={}, state="waiting", **asked.said())
        elif asked.contract is not None:
            say_upload(found, by=viewer, feed=asked.feed, mapping=asked.mapping)
    except AtWork:
        return HttpResponseRedirect(request.path)
    if not take and not asked.faults:
        return HttpResponseRedirect(request.path)
    if take:
        begin(found)
        return HttpResponseRedirect(request.path)
    return None


def _sheet(request: HttpRequest, found: Upload, path: Path) -> HttpResponse:
    """The file is a sheet of rows set aside: it mends a receipt, and is no delivery of its own."""
    viewer = viewer_of_request(request)
    sheet = read_mended(path)
    first = delivery_in_scope(viewer, policy(), sheet.receipt) if sheet is not None else None
    if sheet is None or first is None or not viewer.can("feeds.mend"):
        number = sheet.receipt if sheet is not None else 0
        what = f"there is no receipt {number}"
        raise FileRefused(what, "the sheet was written by another deployment", "ask for the rows anew: anju feeds refused")
    say_upload(found, by=viewer, mends=True, delivery_id=first.pk)
    return _mending(request, found, rows=len(sheet.rows))


def _mending(request: HttpRequest, found: Upload, rows: int = 0) -> HttpResponse:
    if request.method == "POST":
        begin(found)
        return HttpResponseRedirect(request.path)
    return render(request, "stewards/upload_mending.html", {"here": "deliveries", "upload": found, "refusal": found.refusal, "rows": rows})


@needs("feeds.deliver")
@require_POST
def upload_drop(request: HttpRequest, key: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = uploads_of(viewer).filter(pk=key).first()
    if found is None:
        return not_here(request)
    try:
        drop_upload(found, by=viewer, at=timezone.now())
    except AtWork:
        what = _("“%(name)s” is being taken in, or is taken in already") % {"name": found.file_name}
        doors = [(_("See how it stands"), reverse("upload", args=[key]))]
        return refuse(request, what, _("What is taken in can be withdrawn from its receipt."), doors, status=409)
    messages.success(request, _("“%(name)s” is removed.") % {"name": found.file_name})
    return HttpResponseRedirect(reverse("deliveries"))
