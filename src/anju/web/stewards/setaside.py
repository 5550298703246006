"""Rows set aside: what is wrong with each, mended in place or on a sheet; numbers and names are shown for a reason only."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.feeds.actions import write_refused_sheet
from anju.apps.feeds.models import Delivery, HeaderMapping
from anju.apps.feeds.queries import units_for
from anju.apps.feeds.retry import mend_rows, refused_number
from anju.apps.feeds.sentences import columns_of, said_of_rows
from anju.apps.journal.actions import look
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, masked_identifier
from anju.core.contracts.model import Contract, FeedColumn
from anju.lake.files import FileRefused
from anju.lake.mended import MendedSheet
from anju.lake.originals import give_original
from anju.lake.previews import match_headers
from anju.lake.refused import read_refused
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy, programme
from anju.web.layout.paging import address, cursor_of, page_of
from anju.web.stewards.receipts import asked, contract_of, reason_key, sender_name

SHOWN = 20
PURPOSES = ("mend", "check", "question")


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is '' and `mask` what stands in its place where it is not to be read. `wrong`: the reason names it."""

    name: str  # of the form's field
    header: str
    column: FeedColumn | None
    value: str
    mask: str
    wrong: bool


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    reason: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Aside:
    """The rows of one delivery that are set aside now, as they came: (line, reason, cells)."""

    header: tuple[str, ...]
    rows: Sequence[tuple[int, str, list[str]]]
    columns: Mapping[int, FeedColumn]  # position -> column it is read as


def lake() -> Path:
    return Path(settings.DATA) / "lake"


def read_aside(delivery: Delivery, contract: Contract) -> Aside:
    """Raises FileNotFoundError where nothing is set aside any more."""
    header, table = read_refused(lake(), refused_number(delivery), FileVault())
    columns = [table.column(f"c{n}").to_pylist() for n in range(len(header))]
    lines, reasons = table.column("line").to_pylist(), table.column("reason").to_pylist()
    rows = [(line, reason, [column[n] or "" for column in columns]) for n, (line, reason) in enumerate(zip(lines, reasons, strict=True))]
    remembered = dict(HeaderMapping.objects.filter(feed=delivery.feed, unit=delivery.unit).values_list("header", "column"))
    by_name = {column.name: column for column in contract.columns}
    read_as = {match.header: match.column for match in match_headers(header, contract, remembered, delivery.columns).matches}
    return Aside(header, rows, {n: by_name[name] for n, cell in enumerate(header) if (name := read_as.get(cell)) is not None})


def is_secret(column: FeedColumn | None) -> bool:
    """Whatever could tell who somebody is, and whatever nobody knows what it is."""
    return column is None or column.klass != "plain" or column.type in ("person", "household")


def shown_rows(aside: Aside, chosen: Sequence[tuple[int, str, list[str]]], contract: Contract, *, revealed: bool) -> list[Row]:
    """The cells that are wrong and those that tell one row from another; all of them where the numbers are revealed."""
    names = frozenset(column.name for column in contract.columns)
    found = []
    for line, reason, cells in chosen:
        wrong = columns_of(reason, names)
        if contract.valid_column and reason.startswith("happened after"):
            wrong |= {contract.valid_column}
        row = []
        for n, header in enumerate(aside.header):
            column = aside.columns.get(n)
            is_wrong = column is not None and column.name in wrong
            if not header or not (revealed or is_wrong or (column is not None and column.name in contract.key)):
                continue
            secret = is_secret(column) and not revealed
            row.append(Cell(f"r{line}:{n}", header, column, "" if secret else cells[n], mask_of(cells[n]) if secret else "", is_wrong))
        found.append(Row(line, reason, row))
    return found


def mask_of(text: str) -> str:
    plain = text.strip()
    return masked_identifier(plain) if plain else _("empty")


# --- the page -------------------------------------------------------------------------------------------------------------


@needs("feeds.mend")
def set_aside(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, number)


@needs("feeds.mend")
@require_POST
def reveal(request: HttpRequest, number: int) -> HttpResponse:
    """The same page with everything to be read: once, for a reason that stands in the journal."""
    delivery = asked(request, number)
    if delivery is None:
        return not_here(request)
    if not _purpose(request, delivery, "feeds.reveal"):
        return _no_purpose(request, delivery)
    return _page(request, number, revealed=True)


def _purpose(request: HttpRequest, delivery: Delivery, act: str) -> bool:
    """Whether it was said what for; then the look is on record before anything is shown."""
    purpose = request.POST.get("purpose", "")
    if purpose not in PURPOSES:
        return False
    look(act=act, about=f"delivery:{delivery.pk}", by=viewer_of_request(request), at=timezone.now(), detail={"reason": purpose})
    return True


def _no_purpose(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    what = _("Say what you need the numbers for")
    doors = [(_("Back"), reverse("receipt", args=[delivery.pk]))]
    return refuse(request, what, _("They are shown for a reason, and the reason stands in the journal."), doors)


def _page(request: HttpRequest, number: int, *, revealed: bool = False, typed: Mapping[str, str] | None = None, fault: str = "") -> HttpResponse:
    viewer, delivery = viewer_of_request(request), asked(request, number)
    if delivery is None or delivery.withdrawn_at is not None:
        return not_here(request)
    contract = contract_of(delivery)
    try:
        aside = read_aside(delivery, contract)
    except FileNotFoundError:
        return _nothing_left(request, delivery)
    key = request.GET.get("reason", "")
    reasons = {reason_key(reason): reason for _line, reason, _cells in aside.rows}
    chosen = [row for row in aside.rows if key not in reasons or reason_key(row[1]) == key]
    after = cursor_of(request, 1)
    rest = [row for row in chosen if after is None or not isinstance(after[0], int) or row[0] > after[0]][: SHOWN + 1]
    rows = shown_rows(aside, rest, contract, revealed=revealed)
    context = {
        "here": "deliveries", "d": delivery, "contract": contract, "sender": sender_name(delivery, units_for(viewer, policy())),
        "page": page_of(request, rows, (rest[SHOWN - 1][0],) if len(rest) > SHOWN else None, size=SHOWN), "revealed": revealed,
        "reason": reasons.get(key, ""), "clear": address(request, reason=None), "query": request.GET.urlencode(), "typed": typed or {},
        "fault": fault, "n": len(chosen), "may_deliver": viewer.can("feeds.deliver"),
    }  # fmt: skip
    return render(request, "stewards/set_aside.html", context, status=400 if fault else 200)


def _nothing_left(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    what = _("No row of receipt %(n)s is set aside any more") % {"n": delivery.pk}
    why = _("They were taken in, or removed after the time for which they may be kept.")
    return refuse(request, what, why, [(_("To the receipt"), reverse("receipt", args=[delivery.pk]))], status=410)


# --- mending --------------------------------------------------------------------------------------------------------------


@needs("feeds.mend")
@require_POST
def mend(request: HttpRequest, number: int) -> HttpResponse:
    """Takes in the rows in which something was typed. What is wrong still stays set aside, as it was typed now."""
    viewer, delivery = viewer_of_request(request), asked(request, number)
    if delivery is None:
        return not_here(request)
    contract = contract_of(delivery)
    typed = {name: str(value) for name, value in request.POST.items() if name.startswith(("r", "shown:r")) and ":" in name}
    try:
        aside = read_aside(delivery, contract)
    except FileNotFoundError:
        return _nothing_left(request, delivery)
    rows = changed_rows(aside, typed)
    if not rows:
        return _page(request, number, typed=typed, fault=_("Nothing was changed. Type what is right into the cells that are wrong."))
    sheet = MendedSheet(delivery.pk, aside.header, rows)
    directory = Directory(*programme().identifier_names)
    try:
        done = mend_rows(sheet, policy=policy(), root=lake(), directory=directory, vault=FileVault(), by=viewer, at=timezone.now())
    except FileRefused:
        return _nothing_left(request, delivery)
    except (RuntimeError, FileNotFoundError):
        text = _("Somebody else mended rows of this delivery at the same moment. What you typed is still here: send it once more.")
        return _page(request, number, typed=typed, fault=text)
    text = ngettext("%(n)s of %(tried)s mended row was taken in.", "%(n)s of %(tried)s mended rows were taken in.", done.tried)
    wrong = done.tried - done.accepted - done.duplicates
    more = (
        " " + ngettext("%(n)s row is wrong still: see below.", "%(n)s rows are wrong still: see below.", wrong) % {"n": wrong} if wrong else ""
    )
    (messages.warning if wrong else messages.success)(request, text % {"n": done.accepted, "tried": done.tried} + more)
    url = reverse("set_aside", args=[number]) if done.set_aside else reverse("receipt", args=[number])
    key = request.GET.get("reason", "")
    return HttpResponseRedirect(f"{url}?{urlencode({'reason': key})}" if key and done.set_aside else url)


def changed_rows(aside: Aside, typed: Mapping[str, str]) -> dict[int, list[str]]:
    """Line -> all its cells, of the rows in which a cell says something else now. A masked cell left empty keeps what it held."""
    found = {}
    for line, _reason, cells in aside.rows:
        now = list(cells)
        for n in range(len(cells)):
            value = typed.get(f"r{line}:{n}")
            if value is not None and (value.strip() or f"shown:r{line}:{n}" in typed):
                now[n] = value.strip()
        if now != cells:
            found[line] = now
    return found


# --- files ----------------------------------------------------------------------------------------------------------------


@needs("feeds.mend")
@require_POST
def sheet(request: HttpRequest, number: int) -> HttpResponse:
    """All rows set aside as a workbook with the reason in each, to mend and send back."""
    return _file(request, number, "feeds.sheet")


@needs("feeds.mend")
@require_POST
def original(request: HttpRequest, number: int) -> HttpResponse:
    """The file as it was delivered."""
    return _file(request, number, "feeds.original")


def _file(request: HttpRequest, number: int, act: str) -> HttpResponse:
    delivery = asked(request, number)
    if delivery is None:
        return not_here(request)
    if not _purpose(request, delivery, act):
        return _no_purpose(request, delivery)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=_work()) as folder:
        path = Path(folder) / "file"
        try:
            if act == "feeds.sheet":
                write_refused_sheet(
                    number, root=lake(), vault=FileVault(), out=path, words=lambda reason: said_of_rows(reason, contract_of(delivery))
                )
            else:
                give_original(lake(), number, path, FileVault())
        except FileNotFoundError:
            return _nothing_left(request, delivery)
        name = delivery.file_name if act == "feeds.original" else f"待更正-{number}.xlsx"
        return FileResponse(path.open("rb"), as_attachment=True, filename=name)  # type: ignore[return-value]  # the open file outlives its name


def _work() -> Path:
    folder = lake() / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
