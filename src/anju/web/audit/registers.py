"""Registers of what is out of the ordinary, of all units. Read-only: a case by its number, place, standard and level; who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.attachments.queries import Reused, reused
from anju.apps.cases.models import Case
from anju.apps.cases.registers import PAGE, REGISTERS, Entry, Narrowing, cases_of_measures, entries_of
from anju.apps.cases.rules import casework
from anju.apps.journal.models import Head
from anju.apps.places.models import Place
from anju.apps.places.queries import place_in_scope
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import CAUSES
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer
from anju.web.audit.words import Named, registers
from anju.web.cases.words import told_words
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import policy
from anju.web.layout.paging import address, cursor_of, page_of
from anju.web.layout.templatetags.anju import level_words, said
from anju.web.work.facts import hidden_from

FILTERS = ("level", "standard", "cause", "place", "since", "until")


@dataclass(frozen=True, slots=True)
class Row:
    """A line as page and sheet tell it. `reason` is '' where there is none, or where it is not for the auditor (`kept`)."""

    number: int
    at: datetime
    place: str
    standard: str
    level: str
    what: str
    who: str
    post: str
    reason: str
    kept: bool
    asked_by: str
    asked_for: str


@needs("cases.audit")
def audit(request: HttpRequest) -> HttpResponse:
    return render(request, "audit/audit.html", {"registers": registers(), "head": head_now(), "here": "audit"})


@needs("cases.audit")
def register(request: HttpRequest, name: str) -> HttpResponse:
    viewer, named = viewer_of_request(request), named_register(name)
    if named is None:
        return not_here(request)
    asked = asked_of_request(request)
    entries = entries_of(viewer, name, narrowing_of(viewer, asked), after=after_of(request), limit=PAGE + 1)
    key = [entries[PAGE - 1].event.at.isoformat(), entries[PAGE - 1].event.pk] if len(entries) > PAGE else None
    page = page_of(request, rows_of(viewer, entries), key, size=PAGE)
    context = {
        "register": named, "registers": registers(), "page": page, "asked": asked, "filtered": any(asked.values()), "head": head_now(),
        "levels": _chips(request, "level", asked, [(code, level_words(code)) for code in casework().clocks]),
        "causes": _chips(request, "cause", asked, [(code, said(title)) for code, title in CAUSES.items()]) if name == "false_alarms" else [],
        "standards": sorted((code, said(one.title)) for code, one in policy().standards.items()),
        "units": units(), "sheet": f"{reverse('audit_sheet', args=[name])}?{request.GET.urlencode()}", "here": "audit",
    }  # fmt: skip
    return render(request, "audit/register.html", context)


def named_register(name: str) -> Named | None:
    return next((one for one in registers() if one.key == name), None) if name in REGISTERS else None


def asked_of_request(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:40] for name in FILTERS}


def narrowing_of(viewer: Viewer, asked: dict[str, str]) -> Narrowing:
    """A filter that is no level, day or place narrows to nothing wrong: it is left out."""
    place = place_in_scope(viewer, int(asked["place"])) if asked["place"].isdigit() else None
    first, until = day_of(asked["since"]), day_of(asked["until"])
    return Narrowing(
        level=asked["level"] if asked["level"] in LEVELS else "", standard=asked["standard"] if asked["standard"] in policy().standards else "",
        cause=asked["cause"] if asked["cause"] in CAUSES else "", path=place.path if place is not None else "",
        first=start_of(first) if first else None, until=start_of(until + timedelta(days=1)) if until else None,
    )  # fmt: skip


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def after_of(request: HttpRequest) -> tuple[datetime, int] | None:
    key = cursor_of(request, 2)
    try:
        return (datetime.fromisoformat(key[0]), int(key[1])) if key else None
    except (TypeError, ValueError):
        return None


def _chips(request: HttpRequest, name: str, asked: dict[str, str], values: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    on = asked[name]
    return [{"label": label, "on": on == code, "url": address(request, **{name: None if on == code else code})} for code, label in values]


def units() -> list[Place]:
    return list(Place.objects.filter(tree="scope", level="unit").order_by("name"))


def head_now() -> Head | None:
    """Where the journal is sealed up to: printed on every register, so that who has the heads can check what was read."""
    return Head.objects.filter(day=None).first()


# --- lines ----------------------------------------------------------------------------------------------------------------


def rows_of(viewer: Viewer, entries: Sequence[Entry]) -> list[Row]:
    """One query for the places, however many lines."""
    places = places_named([one.case for one in entries])
    return [_row(viewer, one, places) for one in entries]


def places_named(cases: Sequence[Case]) -> dict[str, str]:
    """The name of the place of each path."""
    keys = {case.path: int(case.path.rstrip("/").rpartition("/")[2] or 0) for case in cases}
    names = dict(Place.objects.filter(pk__in=set(keys.values())).values_list("pk", "name"))
    return {path: names.get(key, "") for path, key in keys.items()}


def _row(viewer: Viewer, one: Entry, places: dict[str, str]) -> Row:
    event, case = one.event, one.case
    hidden = hidden_from(viewer, case.standard)
    post = said(ROLES[event.role].title) if event.role in ROLES else ""
    return Row(
        case.pk, event.at, places.get(case.path, ""), standard_words(case), case.level, told_words(event, {event.who: one.who}), one.who, post,
        reason="" if hidden else event.reason, kept=hidden and bool(event.reason), asked_by=one.asked_by,
        asked_for="" if hidden else one.asked_for,
    )  # fmt: skip


def standard_words(case: Case) -> str:
    found = policy().standards.get(case.standard)
    return f"{found.code} {said(found.title)}" if found is not None else _("Told by somebody")


# --- photos that prove more than one thing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """Where a file stands: `number` of the case, 0 where it is about something else, which `about` says."""

    number: int
    about: str
    who: str
    at: datetime
    withdrawn: bool


@needs("cases.audit")
def photos(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of_request(request)
    cursor = cursor_of(request, 2)
    try:
        after = (datetime.fromisoformat(cursor[0]), str(cursor[1])) if cursor else None
    except (TypeError, ValueError):
        after = None
    found = reused(viewer, after=after, limit=PAGE + 1)
    key = [found[PAGE - 1].last.isoformat(), found[PAGE - 1].sha256] if len(found) > PAGE else None
    page = page_of(request, uses_of(found), key, size=PAGE)
    context = {"page": page, "registers": registers(), "head": head_now(), "sheet": reverse("audit_photos_sheet"), "here": "audit"}
    return render(request, "audit/photos.html", context)


def uses_of(found: Sequence[Reused]) -> list[tuple[Reused, list[Use]]]:
    measures = cases_of_measures([int(row.about[8:]) for one in found for row in one.rows if row.about.startswith("measure:")])
    return [(one, [_use(row, measures) for row in one.rows]) for one in found]


def _use(row: Any, measures: dict[int, int]) -> Use:
    kind, _colon, key = row.about.partition(":")
    number = int(key) if kind == "case" else measures.get(int(key), 0) if kind == "measure" else 0
    return Use(number, row.about, row.by, row.at, row.withdrawn_at is not None)
