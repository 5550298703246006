"""The form of a visit: it asks what is not known, and what was seen is judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.attachments.actions import store_attachment
from anju.apps.attachments.queries import counts_of
from anju.apps.attachments.refusals import Refused as FileRefused
from anju.apps.cases.steps.verifying import note_visit
from anju.apps.journal.actions import look
from anju.apps.people.lookup import heads_of
from anju.apps.people.models import Household
from anju.apps.people.search import household_in_scope
from anju.apps.people.vault import FileVault, masked_name
from anju.apps.visits import actions, queries
from anju.apps.visits.asking import Asked, Slot
from anju.apps.visits.models import Visit
from anju.apps.visits.states import FINDINGS, MISSED, MODES, PLANNED, PURPOSES
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.visits.judging import judged_again
from anju.web.visits.known import Sheet, questions, sheet_of
from anju.web.visits.rows import (
    address_of,
    department_of,
    finding_words,
    members_of_many,
    mode_words,
    purpose_words,
    rows_of,
    today,
)

OUTCOMES = ("met", "nobody", "refused")
MOST_PHOTOS = 6


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of the form. `name`: of its field. `who`: the member it is about, masked. `chosen`: what was typed."""

    name: str
    slot: Slot
    who: str
    why: str
    chosen: str
    options: list[tuple[str, str]]


@needs("visits.record")
def record(request: HttpRequest, number: int) -> HttpResponse:
    """The form of a planned visit, and its taking."""
    viewer = viewer_of_request(request)
    standing = queries.visit_in_scope(viewer, number)
    if standing is None:
        return not_here(request)
    if standing.state not in (PLANNED, MISSED):
        if request.method == "POST" and standing.client_key == request.POST.get("client_key") and standing.recorded_account == viewer.account:
            return HttpResponseRedirect(reverse("visit", args=[number]))
        who = standing.recorded_by
        why = _("%(who)s has dealt with it on %(on)s. What you typed is kept on this device.") % {"who": who, "on": standing.made_on or "–"}
        todo = [(_("See what was recorded"), reverse("visit", args=[number]))]
        return refuse(request, _("This visit is over already"), why, todo, status=409)
    return _form(request, viewer, standing, standing.household_id, standing.purpose, standing.about)


@needs("visits.record")
def new(request: HttpRequest) -> HttpResponse:
    """A visit that nobody planned, to a family of the post."""
    viewer = viewer_of_request(request)
    given = request.POST if request.method == "POST" else request.GET
    key, purpose, about = given.get("household", ""), given.get("purpose", "routine"), given.get("about", "")[:40]
    home = household_in_scope(viewer, int(key)) if key.isdigit() and len(key) < 16 else None
    if home is None:
        return not_here(request)
    return _form(request, viewer, None, home.pk, purpose if purpose in PURPOSES else "routine", about)


def _form(request: HttpRequest, viewer: Viewer, standing: Visit | None, household: int | None, purpose: str, about: str) -> HttpResponse:
    day = today()
    home = Household.objects.select_related("place").get(pk=household) if household is not None else None
    members = members_of_many([household])[household] if household is not None else []
    sheet = sheet_of(viewer, household, members, purpose, day) if household is not None else Sheet([], [], {})
    faults: list[str] = []
    if request.method == "POST":
        try:
            return _taken(request, viewer, standing, household, purpose, about, sheet)
        except actions.Refused as fault:
            faults = [str(said(fault.title))]
        except ValueError:
            faults = [_("Write the day like 2023-09-26, and minutes as a whole number.")]
    elif household is not None:
        look(act="household.see", about=f"household:{household}", by=viewer, at=timezone.now(), detail={"for": "visit"})
    typed: Mapping[str, Any] = request.POST
    names = {person.pk: masked_name(person.name) for person in members}
    context = {
        "v": standing, "home": home, "row": rows_of(viewer, [standing], day)[0] if standing is not None else None,
        "head": heads_of([household]).get(household, "") if household is not None else "",
        "address": address_of(home) if home is not None else "",
        "asks": [_ask(asked, names, typed) for asked in sheet.asked], "spared": [_spared(one, names) for one in sheet.spared],
        "faults": faults, "client_key": request.POST.get("client_key") or uuid4().hex, "day": day, "household": household, "purpose": purpose,
        "about": about, "purpose_word": purpose_words()[purpose], "members": [(p.pk, masked_name(p.name)) for p in members],
        "modes": mode_words().items(), "mode": request.POST.get("mode") or _way(request, standing),
        "findings": [(code, finding_words()[code], code in request.POST.getlist("findings")) for code in ("none", *FINDINGS[:-1])],
        "may_report": viewer.can("trouble.report"), "here": "visits",
    }  # fmt: skip
    return render(request, "visits/record.html", context, status=400 if faults else 200)


def _way(request: HttpRequest, standing: Visit | None) -> str:
    """How it is likely to be made: as the address says, who comes from a call; else as it is planned."""
    asked = request.GET.get("mode", "")
    return asked if asked in MODES else standing.way if standing is not None else "door"


def _ask(asked: Asked, names: Mapping[int, str], typed: Mapping[str, Any]) -> Ask:
    name = f"a-{asked.slot.key}"
    who = names.get(asked.slot.person, "") if asked.slot.person is not None else ""
    owner = department_of(asked.source)
    source = str(said(owner)) if owner is not None else ""
    why = {
        "undelivered": _("The report of %(who)s is missing.") % {"who": source} if source else _("The report is missing."),
        "incomplete": _("It is known in part only."),
        "doubted": _("%(who)s has reported it, but an open alert puts it in doubt.") % {"who": source}
        if source
        else _("An open alert puts it in doubt."),
    }.get(asked.reason, "")
    options = [(code, str(said(words))) for code, words in asked.slot.question.options.items()]
    return Ask(name, asked.slot, who, why, typed.get(name, ""), options)


def _spared(one: Any, names: Mapping[int, str]) -> tuple[Any, str, str, date | None]:
    """Question, member, who answered it, and when."""
    who = names.get(one.slot.person, "") if one.slot.person is not None else ""
    owner = department_of(one.source)
    source = _("answered at the door") if one.reason == "answered" else str(said(owner)) if owner is not None else _("the register")
    return one.slot.question.title, who, source, one.on


def _taken(
    request: HttpRequest, viewer: Viewer, standing: Visit | None, household: int | None, purpose: str, about: str, sheet: Sheet
) -> HttpResponse:  # fmt: skip
    """Writes the visit; then its photos, the open cases of the family, and the family's answers, each of which may fail by itself."""
    post, now = request.POST, timezone.now()
    outcome = post.get("outcome", "met")
    seen = actions.Seen(
        made_on=date.fromisoformat(post.get("made_on", "")),
        mode=post.get("mode", "") if post.get("mode", "") in MODES else "",
        met=outcome == "met",
        refused=outcome == "refused",
        answered_by=post.get("answered_by", "")[:100],
        findings=tuple(post.getlist("findings")) if outcome == "met" else (),
        answers=_answers(post, sheet) if outcome == "met" else {},
        note=" ".join(post.get("note", "").split(" ")).strip(),
        minutes=int(post["minutes"]) if post.get("minutes", "").strip() else None,
        asked=len(sheet.asked) if outcome == "met" else 0,
        spared=tuple(one.as_list() for one in sheet.spared) if outcome == "met" else (),
    )
    where = {"visit": standing.pk, "version": _number(post.get("version", ""))} if standing is not None else {"household_id": household}
    done = actions.record_visit(
        seen=seen, questions=questions(), client_key=post.get("client_key", ""), purpose=purpose, about=about, by=viewer, at=now, **where
    )
    if not done.again:
        _photos(request, viewer, done.visit, request.FILES.getlist("photos"))
        _follow(request, viewer, done.visit)
    said_so = _("Accepted: visit %(n)s.") % {"n": done.visit.pk} if done.again is False else _("Accepted before: nothing is there twice.")
    messages.success(request, said_so)
    if done.next is not None:
        way = _("A telephone call") if done.next.way == "phone" else _("Another visit at the door")
        messages.info(request, _("%(what)s is planned by %(on)s.") % {"what": way, "on": done.next.due_on})
    return HttpResponseRedirect(reverse("visit", args=[done.visit.pk]))


def _answers(post: Mapping[str, Any], sheet: Sheet) -> dict[str, str]:
    """What was filled in, of the questions that may be answered at this door."""
    return {key: text for key in sheet.slots if (text := str(post.get(f"a-{key}", "")).strip())}


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 10 else None


def _photos(request: HttpRequest, viewer: Viewer, visit: Visit, files: Sequence[UploadedFile[bytes]]) -> None:
    for file in list(files)[:MOST_PHOTOS]:
        try:
            store_attachment(about=f"visit:{visit.pk}", name=file.name or "photo", content=BytesIO(file.read()), vault=FileVault(), by=viewer,
                             at=timezone.now(), kind="photo")  # fmt: skip
        except FileRefused as fault:
            messages.warning(request, _("A photo was not kept: %(why)s") % {"why": said(fault.title)})
    if files:
        actions.count_photos(viewer, visit=visit.pk, photos=counts_of([f"visit:{visit.pk}"]).get(f"visit:{visit.pk}", 0))


def _follow(request: HttpRequest, viewer: Viewer, visit: Visit) -> None:
    """What was seen speaks for the open cases of the family, and the family is judged again."""
    if visit.household_id is None or visit.made_on is None:
        return
    cases = note_visit(
        household_id=visit.household_id, visit=visit.pk, on=visit.made_on, mode=visit.mode, met=bool(visit.met), account=viewer.account,
        name=viewer.name, by=viewer, at=timezone.now(),
    )  # fmt: skip
    if cases:
        text = ngettext("It stands with %(n)s open matter of the family.", "It stands with %(n)s open matters of the family.", len(cases))
        messages.info(request, text % {"n": len(cases)})
    for words in judged_again(visit.household_id, viewer):
        messages.info(request, words)


@needs("visits.record")
@require_POST
def not_made(request: HttpRequest, number: int) -> HttpResponse:
    """Missed, or dropped: with a reason."""
    viewer, act = viewer_of_request(request), request.POST.get("what", "miss")
    does = actions.drop_visit if act == "drop" else actions.miss_visit
    try:
        does(visit=number, reason=request.POST.get("reason", ""), by=viewer, at=timezone.now(), version=_number(request.POST.get("version", "")))
    except actions.Refused as fault:
        if queries.visit_in_scope(viewer, number) is None:
            return not_here(request)
        back = [(_("Back to the visit"), reverse("visit", args=[number]))]
        return refuse(request, _("The visit was not changed"), str(said(fault.title)), back)
    messages.success(request, _("It is written down."))
    return HttpResponseRedirect(reverse("visits"))
