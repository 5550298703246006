"""Trouble reported: by a family, for it, or from the building; with a receipt that the reporter keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.cases.refusing import Refused as CaseRefused
from anju.apps.cases.steps.opening import open_told
from anju.apps.discovery import actions, queries
from anju.apps.discovery.channels import load_channels
from anju.apps.discovery.queries import Filters
from anju.apps.discovery.states import CHANNELS, DECLINED, DECLINING, RECEIVED, TAKEN_UP
from anju.apps.journal.actions import look
from anju.apps.people.lookup import heads_of
from anju.apps.people.models import Household
from anju.apps.people.search import household_in_scope
from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy, programme
from anju.web.layout.filters import Chip
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.layout.templatetags.anju import level_words, said
from anju.web.visits.rows import address_of, today


def channel_words() -> dict[str, str]:
    return {
        "declared": _("The family itself"), "assisted": _("Somebody for the family"), "visit": _("Found at a visit"), "hotline": _("Hotline"),
        "transfer": _("Handed on by another level"), "lead": _("Street or building head"), "instruction": _("Instruction from above"),
    }  # fmt: skip


def state_words() -> dict[str, str]:
    return {RECEIVED: _("Received"), TAKEN_UP: _("Taken up"), DECLINING: _("To be declined"), DECLINED: _("Declined")}


def channels_of(viewer: Viewer) -> list[str]:
    """By which ways this post may report."""
    if not viewer.can("household.see"):
        return ["lead"]
    own = ["declared", "assisted", "visit", "hotline"]
    return [*own, "transfer", "instruction"] if viewer.can("cases.assign") else own


@needs("trouble.report")
def new(request: HttpRequest) -> HttpResponse:
    """The form: few fields, and nothing that the platform knows already."""
    viewer, given = viewer_of_request(request), request.POST if request.method == "POST" else request.GET
    key = given.get("household", "")
    home = household_in_scope(viewer, int(key)) if key.isdigit() and len(key) < 16 and viewer.can("household.see") else None
    if key and home is None:
        return not_here(request)
    faults: list[str] = []
    if request.method == "POST":
        try:
            return _receive(request, viewer, home)
        except actions.Refused as fault:
            faults = [str(said(fault.title))]
    ways = channels_of(viewer)
    context = {
        "home": home, "address": address_of(home) if home is not None else "", "head": _head(home), "faults": faults, "typed": request.POST,
        "channels": [(code, channel_words()[code]) for code in ways], "channel": given.get("channel") or ways[0],
        "client_key": request.POST.get("client_key") or uuid4().hex, "standards": _standards() if viewer.can("household.see") else [],
        "own": [(one, state_words()[one.state]) for one in queries.own_reports(viewer, 10)], "here": "reports" if ways == ["lead"] else "visits",
    }  # fmt: skip
    return render(request, "visits/report.html", context, status=400 if faults else 200)


def _head(home: Household | None) -> str:
    return heads_of([home.pk]).get(home.pk, "") if home is not None else ""


def _standards() -> list[tuple[str, str]]:
    return [
        (code, str(said(one.title))) for code, one in sorted(policy().standards.items()) if one.subject in ("person", "household", "dwelling")
    ]


def _receive(request: HttpRequest, viewer: Viewer, home: Household | None) -> HttpResponse:
    post = request.POST
    channel = post.get("channel", "")
    if channel not in channels_of(viewer):
        raise actions.Refused("choose how it came to light", "请选择线索来源", "channel")
    standard = post.get("standard", "") if post.get("standard", "") in policy().standards and viewer.can("household.see") else ""
    version = policy().standards[standard].version_on(today()) if standard else None
    made = actions.report_trouble(
        channel=channel, words=post.get("words", ""), prefix=load_channels(Path(settings.POLICY), policy()).receipt,
        client_key=post.get("client_key", "")[:64] or None, household_id=home.pk if home is not None else None,
        address=post.get("address", "") if home is None else "", standard=standard, owner=version.owner if version is not None else "",
        declarer=actions.Declarer(post.get("declarer", ""), post.get("phone", ""), post.get("anonymous") == "1"),
        about=post.get("about", "")[:40], by=viewer, at=timezone.now(),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("report_receipt", args=[made.receipt]))


@needs("trouble.report")
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The slip that the reporter keeps or hands over: the number, the day, and what comes next. Nothing of any family."""
    found = queries.own_report(viewer_of_request(request), number)
    if found is None:
        return not_here(request)
    context = {"report": found, "state": state_words()[found.state], "programme": programme().title, "here": "visits"}
    return render(request, "visits/receipt.html", context)


@needs("cases.assign")
def reports(request: HttpRequest) -> HttpResponse:
    """What was received, who waits longest first."""
    viewer, get = viewer_of_request(request), request.GET
    state, channel = get.get("state", RECEIVED), get.get("channel", "")
    filters = Filters(state if state in state_words() else RECEIVED, channel if channel in CHANNELS else "")
    found = queries.received(viewer, filters, after=cursor_of(request, 1), limit=PAGE + 1)
    numbers = queries.numbers(viewer)

    def n(state: str, channel: str) -> int:
        return sum(many for (in_state, by), many in numbers.items() if in_state == state and channel in ("", by))

    heads, homes = _heads_and_homes(found)
    rows = [
        (one, address_of(homes[one.household_id]) if one.household_id in homes else one.address, heads.get(one.household_id or -1, ""),
         channel_words()[one.channel], policy().standards.get(one.standard))
        for one in found
    ]  # fmt: skip
    context = {
        "page": page_of(request, rows, (found[PAGE - 1].pk,) if len(found) > PAGE else None), "filters": filters, "here": "visits",
        "hearing": queries.last_hearing(viewer) if filters.channel == "hotline" else None,
        "states": [Chip(words, address(request, state=None if code == RECEIVED else code), code == filters.state, n(code, filters.channel))
                   for code, words in state_words().items()],
        "channels": [Chip(words, address(request, channel=None if code == filters.channel else code), code == filters.channel,
                          n(filters.state, code))
                     for code, words in channel_words().items()],
    }  # fmt: skip
    return render(request, "visits/reports.html", context)


def _heads_and_homes(found: list[Any]) -> tuple[dict[int, str], dict[int, Household]]:
    keys = [one.household_id for one in found if one.household_id is not None]
    return heads_of(keys), Household.objects.in_bulk(keys)


@needs("cases.assign")
def report(request: HttpRequest, number: str) -> HttpResponse:
    """One report, and what may become of it."""
    viewer = viewer_of_request(request)
    found = queries.report(viewer, number)
    if found is None:
        return not_here(request)
    about = f"household:{found.household_id}" if found.household_id is not None else f"report:{found.receipt}"
    look(act="report.see", about=about, by=viewer, at=timezone.now(), detail={"report": found.receipt})
    home = Household.objects.filter(pk=found.household_id).first() if found.household_id is not None else None
    context = {
        "r": found, "home": home,
        "levels": [(code, level_words(code)) for code in ("red", "orange", "yellow")],
        "address": address_of(home) if home is not None else found.address,
        "head": _head(home),
        "channel": channel_words()[found.channel], "state": state_words()[found.state], "standard": policy().standards.get(found.standard),
        "may_judge": viewer.can("cases.judge"), "second": found.state == DECLINING and found.declined_account != viewer.account,
        "here": "visits",
    }  # fmt: skip
    return render(request, "visits/one_report.html", context)


@needs("cases.assign")
@require_POST
def take_up(request: HttpRequest, number: str) -> HttpResponse:
    """A case of it, or into the open case about the same; both or neither."""
    viewer, post, now = viewer_of_request(request), request.POST, timezone.now()
    found = queries.report(viewer, number)
    if found is None:
        return not_here(request)
    try:
        with transaction.atomic():
            case = open_told(
                household_id=found.household_id, place_id=_community(found.path), path=found.path, origin_path=found.origin_path,
                standard=found.standard, owner=found.owner or "community", level=post.get("level", ""), channel=found.channel,
                receipt=found.receipt, words=found.words, by=viewer, at=now,
            )  # fmt: skip
            actions.take_up(receipt=number, taken_up_as=f"case:{case.pk}", by=viewer, at=now, version=_version(post.get("version", "")))
    except (actions.Refused, CaseRefused) as fault:
        back = [(_("Back to the report"), reverse("report", args=[number]))]
        why = said(fault.title if isinstance(fault, actions.Refused) else fault.said)
        return refuse(request, _("The report was not changed"), why, back)
    messages.success(request, _("It is case No. %(n)s now.") % {"n": case.pk})
    return HttpResponseRedirect(reverse("report", args=[number]))


def _community(path: str) -> int | None:
    """The community of a path: a case about a place is a community's."""
    keys = [int(key) for key in path.strip("/").split("/")]
    return Place.objects.filter(pk__in=keys, level=programme().community_level).values_list("pk", flat=True).first()


def _version(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 10 else None


@needs("cases.judge")
@require_POST
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Declined by one, agreed or not by a second."""
    viewer, post, now = viewer_of_request(request), request.POST, timezone.now()
    version = _version(post.get("version", ""))
    try:
        if post.get("what") == "decline":
            actions.decline(receipt=number, reason=post.get("reason", ""), by=viewer, at=now, version=version)
        else:
            actions.agree_to_decline(receipt=number, agree=post.get("what") == "agree", by=viewer, at=now, version=version)
    except actions.Refused as fault:
        if queries.report(viewer, number) is None:
            return not_here(request)
        back = [(_("Back to the report"), reverse("report", args=[number]))]
        return refuse(request, _("The report was not changed"), str(said(fault.title)), back)
    messages.success(request, _("It is written down."))
    return HttpResponseRedirect(reverse("report", args=[number]))
