"""A call: the number of a member, shown for a reason that stands in the journal; nobody answered is one tap."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.journal.actions import look
from anju.apps.people.lookup import heads_of
from anju.apps.people.models import Household, Phone
from anju.apps.people.phones import Refused, drop_phone, note_phones, opened, phones_of
from anju.apps.people.search import household_in_scope
from anju.apps.people.vault import masked_name
from anju.apps.visits import queries
from anju.apps.visits.models import Visit
from anju.apps.visits.states import MISSED, PLANNED
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.visits.rows import address_of, members_of_many, today


@needs("visits.record")
def call(request: HttpRequest) -> HttpResponse:
    """Who of a family may be called; a number is shown by one tap, and the tap is a look with its reason."""
    viewer, given = viewer_of_request(request), request.POST if request.method == "POST" else request.GET
    home, visit = _about(viewer, given)
    if home is None:
        return not_here(request)
    people = [person for person in members_of_many([home.pk])[home.pk] if person.alive is not False]
    phones = phones_of([person.pk for person in people])
    shown: Phone | None = None
    if request.method == "POST":
        key = given.get("phone", "")
        shown = next((one for there in phones.values() for one in there if str(one.pk) == key), None)
        if given.get("do") != "show":
            return _change(request, viewer, home, visit, [person.pk for person in people], shown)
        if shown is None:
            return not_here(request)
        detail: dict[str, Any] = {"reason": "call", "words": "", "what": "phone", **({"visit": visit.pk} if visit is not None else {})}
        look(act="person.reveal", about=f"person:{shown.person_id}", by=viewer, at=timezone.now(), detail=detail)
    context = {
        "home": home, "address": address_of(home), "head": heads_of([home.pk]).get(home.pk, ""), "v": visit,
        "rows": [(person.pk, masked_name(person.name), phones.get(person.pk, [])) for person in people],
        "shown": shown, "number": opened(shown) if shown is not None else "", "day": today(), "client_key": uuid4().hex, "here": "visits",
    }  # fmt: skip
    response = render(request, "visits/call.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _about(viewer: Viewer, given: Any) -> tuple[Household | None, Visit | None]:
    """The family, and the planned visit that the call would be, where one is named."""
    number, key = given.get("visit", ""), given.get("household", "")
    visit = queries.visit_in_scope(viewer, int(number)) if number.isdigit() and len(number) < 16 else None
    if number and (visit is None or visit.household_id is None or visit.state not in (PLANNED, MISSED)):
        return None, None
    pk = visit.household_id if visit is not None else int(key) if key.isdigit() and len(key) < 16 else None
    return (household_in_scope(viewer, pk) if pk is not None else None), visit


def _change(request: HttpRequest, viewer: Viewer, home: Household, visit: Visit | None, people: list[int], phone: Phone | None) -> HttpResponse:
    """A number noted, or taken away because it is wrong."""
    back = f"{reverse('visits_call')}?{urlencode({'visit': visit.pk} if visit is not None else {'household': home.pk})}"
    person = request.POST.get("person", "")
    try:
        if request.POST.get("do") == "wrong" and phone is not None:
            drop_phone(phone=phone.pk, by=viewer, at=timezone.now())
            messages.success(request, _("The number is taken away."))
        elif person.isdigit() and int(person) in people:
            note_phones(numbers=[(int(person), request.POST.get("number", ""))], by=viewer, at=timezone.now())
            messages.success(request, _("The number is kept, sealed."))
        else:
            return not_here(request)
    except Refused as fault:
        return refuse(request, _("The number was not kept"), str(said(fault.title)), [(_("Back to the call"), back)])
    return HttpResponseRedirect(back)
