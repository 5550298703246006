"""The journal: every line in words, found by act, subject, person and day; the chain it stands in; and its export."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.journal.actions import bring_in, check_chain, look, record, seal, sealed_lines
from anju.apps.journal.models import Head, Line
from anju.apps.journal.queries import chain_of, found_lines
from anju.apps.staff.models import Account
from anju.web.layout.access import needs, viewer_of_request
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.office.details import detail_words
from anju.web.office.words import ACTS, GROUPS, about_words, act_words

FILTERS = ("act", "about", "by", "day")


@needs("journal.see")
def journal(request: HttpRequest) -> HttpResponse:
    """Reading it is a line of it too."""
    viewer, asked = viewer_of_request(request), {name: request.GET.get(name, "").strip()[:150] for name in FILTERS}
    day = day_of(asked["day"])
    bring_in(wait=False)
    first = start_of(day) if day else None
    lines = found_lines(
        viewer, act=asked["act"], about=asked["about"], by=asked["by"], first=first,
        until=first + timedelta(days=1) if first else None, after=_after(request),
    )  # fmt: skip
    rows = list(lines[: PAGE + 1])
    key = [rows[PAGE - 1].at.isoformat(), rows[PAGE - 1].pk] if len(rows) > PAGE else None
    keys = [int(line.about[8:]) for line in rows if line.about.startswith("account:") and line.about[8:].isdigit()]
    names = dict(Account.objects.filter(pk__in=keys).values_list("pk", "username"))
    detail: dict[str, str | int | bool | None] = {name: value for name, value in asked.items() if value}
    look(act="journal.see", about="journal:lines", by=viewer, at=timezone.now(), detail=detail)
    context = {
        "page": page_of(request, [_row(request, line, names) for line in rows], key),
        "asked": asked, "day_wrong": bool(asked["day"]) and day is None,
        "groups": [(g, label, address(request, act=None if g == asked["act"] else g), g == asked["act"]) for g, label in GROUPS.items()],
        "acts": sorted(ACTS.items(), key=lambda one: one[0]), "chain": chain_of(viewer), "filtered": any(asked.values()), "here": "journal",
    }  # fmt: skip
    return render(request, "office/journal.html", context)


def _after(request: HttpRequest) -> tuple[datetime, int] | None:
    key = cursor_of(request, 2)
    try:
        return (datetime.fromisoformat(key[0]), int(key[1])) if key else None
    except (TypeError, ValueError):
        return None


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _row(request: HttpRequest, line: Line, names: dict[int, str]) -> dict[str, Any]:
    return {
        "line": line, "what": act_words(line.act), "about": about_words(line.about, names), "detail": detail_words(line.detail),
        "about_url": address(request, about=line.about), "by_url": address(request, by=line.by),
    }  # fmt: skip


@needs("journal.see")
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Seals what waits, and looks over the next piece of the chain."""
    now = timezone.now()
    bring_in()
    seal(at=now)
    found = check_chain(by=viewer_of_request(request), at=now)
    if found.broken:
        messages.error(request, _("The chain is broken: look at what is told below, and export the journal before anything else."))
    else:
        messages.success(request, _("Lines %(first)s to %(last)s fit together.") % {"first": min(found.first + 1, found.seq), "last": found.seq})
    return HttpResponseRedirect(reverse("journal"))


@needs("journal.see")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Every sealed line as JSON lines, or the daily heads; `anju journal verify` checks the one against the other, anywhere."""
    viewer, now = viewer_of_request(request), timezone.now()
    if request.POST.get("what") == "heads":
        record(act="journal.export", about="journal:heads", by=viewer, at=now)
        heads = Head.objects.filter(day__isnull=False).order_by("seq")
        text = "".join(f"{head.day} {head.seq} {head.hash}\n" for head in heads)
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=_named(f"anju-heads-{now:%Y-%m-%d}.txt"))
    record(act="journal.export", about="journal:lines", by=viewer, at=now)
    bring_in()
    seal(at=now)
    found = StreamingHttpResponse(sealed_lines(), content_type="application/jsonl", headers=_named(f"anju-journal-{now:%Y-%m-%d}.jsonl"))
    return cast(HttpResponse, found)  # line by line, however long it is


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
