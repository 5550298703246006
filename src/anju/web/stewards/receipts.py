"""Receipts: the list of what came, one delivery with every row accounted for, and the two words that may be said about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.feeds.actions import confirm_delivery, withdraw_delivery
from anju.apps.feeds.models import Coverage, Delivery
from anju.apps.feeds.queries import EVERYWHERE, deliveries_in_scope, delivery_in_scope, feeds_for, instead_of, sees_whole, units_for
from anju.core.contracts.model import Contract, FeedColumn
from anju.core.contracts.programme import calendar_of
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.current import policy, programme, run_of_request
from anju.web.layout.paging import PAGE, address, cursor_of, page_of
from anju.web.stewards.due import Chip, standards_behind

SHORTEST, LONGEST = 4, 400  # characters of a reason
SHOWN = 40  # units and periods of one receipt


def contract_of(delivery: Delivery) -> Contract:
    contract = policy().contracts[delivery.feed]
    assert isinstance(contract, Contract)
    return contract


def sender_name(delivery: Delivery, units: dict[str, str]) -> str:
    return units.get(delivery.unit, delivery.unit) if delivery.unit else _("The whole programme")


def state_of(delivery: Delivery) -> str:
    """What a person must know first: withdrawn, held, mend, expired, or counted."""
    if delivery.withdrawn_at is not None:
        return "withdrawn"
    if delivery.held_reason and delivery.confirmed_at is None:
        return "held"
    return "counted" if not delivery.refused else "mend" if delivery.expired_at is None else "expired"


def state_words() -> dict[str, Any]:
    return {"held": _("On hold"), "mend": _("Rows to mend"), "withdrawn": _("Withdrawn")}


@needs("feeds.see")
def receipts(request: HttpRequest) -> HttpResponse:
    """Newest first; a page costs the same however much has come."""
    viewer = viewer_of_request(request)
    units, feeds = units_for(viewer, policy()), feeds_for(viewer, policy())
    feed, unit, state = (request.GET.get(name, "") for name in ("feed", "unit", "state"))
    senders = {**units, **({EVERYWHERE: _("The whole programme")} if sees_whole(viewer) else {})}
    if (feed and feed not in feeds) or (unit and unit not in senders) or state not in ("", *state_words()):
        return not_here(request)
    found = _filtered(deliveries_in_scope(viewer, policy()), feed, unit, state)
    cursor = cursor_of(request, 1)
    if cursor is not None and isinstance(cursor[0], int):
        found = found.filter(pk__lt=cursor[0])
    rows = list(found[: PAGE + 1])
    lines = [{"delivery": row, "contract": contract_of(row), "sender": sender_name(row, units), "state": state_of(row)} for row in rows]
    context = {
        "here": "deliveries", "page": page_of(request, lines, (rows[PAGE - 1].pk,) if len(rows) > PAGE else None),
        "feed": feeds[feed].title if feed else None, "without_feed": address(request, feed=None),
        "unit": senders.get(unit, ""), "without_unit": address(request, unit=None), "states": _states(request, state),
        "clear": request.path, "filtered": bool(feed or unit or state), "may_mend": viewer.can("feeds.mend"),
    }  # fmt: skip
    return render(request, "stewards/receipts.html", context)


def _filtered(found: QuerySet[Delivery], feed: str, unit: str, state: str) -> QuerySet[Delivery]:
    if feed:
        found = found.filter(feed=feed)
    if unit:
        found = found.filter(unit="" if unit == EVERYWHERE else unit)
    if state == "withdrawn":
        found = found.filter(withdrawn_at__isnull=False)
    elif state == "held":
        found = found.filter(withdrawn_at=None, confirmed_at=None).exclude(held_reason="")
    elif state == "mend":
        found = found.filter(withdrawn_at=None, expired_at=None, refused__gt=0)
    return found


def _states(request: HttpRequest, state: str) -> list[Chip]:
    return [
        (label, address(request, state=None if state == name else name), state == name, None)
        for name, label in {"": _("Every receipt"), **state_words()}.items()
    ]


# --- one receipt ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    what: str
    by: str
    words: str = ""


def asked(request: HttpRequest, number: int) -> Delivery | None:
    """The delivery in the address, where it is the viewer's to see."""
    return delivery_in_scope(viewer_of_request(request), policy(), number)


def reason_key(reason: str) -> str:
    """A reason in an address: its text may hold what a cell says."""
    return hashlib.sha256(reason.encode()).hexdigest()[:12]


@needs("feeds.see")
def receipt(request: HttpRequest, number: int) -> HttpResponse:
    viewer, delivery = viewer_of_request(request), asked(request, number)
    if delivery is None:
        return not_here(request)
    contract, state, units = contract_of(delivery), state_of(delivery), units_for(viewer, policy())
    reasons = [(text, n, reason_key(text)) for text, n in delivery.reasons.items()]
    standing = delivery.withdrawn_at is None
    context = {
        "here": "deliveries", "d": delivery, "contract": contract, "state": state, "sender": sender_name(delivery, units),
        "owner": programme().departments.get(contract.owner, contract.owner), "reasons": reasons,
        "other_reasons": delivery.refused - sum(n for _text, n, _key in reasons), "coverage": _coverage(delivery, contract, units),
        "columns": _columns(delivery, contract), "events": _events(delivery), "standards": _standards(contract),
        "may_confirm": viewer.can("feeds.confirm") and state == "held", "may_withdraw": viewer.can("feeds.withdraw") and standing,
        "may_open": viewer.can("feeds.mend") and standing and delivery.refused and delivery.expired_at is None,
        "may_fetch": viewer.can("feeds.mend") and delivery.expired_at is None,
    }  # fmt: skip
    return render(request, "stewards/receipt.html", context)


def _coverage(delivery: Delivery, contract: Contract, units: dict[str, str]) -> dict[str, Any]:
    """Of which units and periods it speaks; many are summed up."""
    calendar = calendar_of(programme())
    covered = Coverage.objects.filter(delivery=delivery)
    whole = covered.aggregate(units=Count("unit", distinct=True), first=Min("period"), last=Max("period"), n=Count("pk"))
    rows = covered.order_by("unit", "period").values_list("unit", "period", "rows")[:SHOWN]
    names = {**units, EVERYWHERE: _("The whole programme")}

    def text(period: int | None) -> str:
        return calendar.period_text(contract.cadence, period) if period is not None else ""

    return {
        "units": whole["units"], "first": text(whole["first"]), "last": text(whole["last"]), "more": whole["n"] - len(rows),
        "rows": [(names.get(unit, unit), text(period), n) for unit, period, n in rows],
    }  # fmt: skip


def _columns(delivery: Delivery, contract: Contract) -> list[tuple[str, FeedColumn]]:
    by_name = {column.name: column for column in contract.columns}
    return [(header, by_name[name]) for header, name in delivery.columns.items() if name in by_name]


def _standards(contract: Contract) -> list[tuple[str, Any]]:
    return [(code, policy().standards[code].title) for code in standards_behind(contract.code)]


def _events(delivery: Delivery) -> list[Event]:
    """What became of it, in the order in which it happened."""
    found = [Event(delivery.received_at, _("Received"), delivery.recorded_by, delivery.file_name)]
    for retry in delivery.retries.filter(status="accepted").order_by("pk"):
        words = _("%(n)s of %(tried)s rows set aside were taken in after all") % {"n": retry.accepted, "tried": retry.rows}
        found.append(Event(retry.received_at, _("Tried again"), retry.recorded_by, words))
    if delivery.confirmed_at is not None:
        found.append(Event(delivery.confirmed_at, _("Found right"), delivery.confirmed_by, delivery.confirmed_reason))
    if delivery.withdrawn_at is not None:
        found.append(Event(delivery.withdrawn_at, _("Withdrawn"), delivery.withdrawn_by, delivery.withdrawn_reason))
    if delivery.expired_at is not None:
        found.append(Event(delivery.expired_at, _("File and rows set aside removed; the counts stay"), ""))
    return sorted(found, key=lambda event: event.at)


# --- words about it -------------------------------------------------------------------------------------------------------


def reason_faults(reason: str) -> list[str]:
    if len(reason) < SHORTEST:
        return [_("Say why, in at least %(n)s characters: it stands in the record for good.") % {"n": SHORTEST}]
    if len(reason) > LONGEST:
        return [_("Say it in at most %(n)s characters.") % {"n": LONGEST}]
    return []


@needs("feeds.confirm")
def confirm(request: HttpRequest, number: int) -> HttpResponse:
    """The owner's word on a roll that was held: it counts from then on."""
    delivery = asked(request, number)
    if delivery is None:
        return not_here(request)
    if state_of(delivery) != "held":
        return _changed(request, delivery)
    reason, faults = " ".join(request.POST.get("reason", "").split()), []
    if request.method == "POST":
        faults = reason_faults(reason)
        if not faults:
            return _done(request, delivery, confirm_delivery, viewer_of_request(request), reason)
    context = {**_about(request, delivery), "reason": reason, "faults": faults, "instead": instead_of(delivery, contract_of(delivery)).delivery}
    return render(request, "stewards/confirm.html", context, status=400 if faults else 200)


@needs("feeds.withdraw")
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Shows what it will do, and does it for a reason."""
    delivery = asked(request, number)
    if delivery is None:
        return not_here(request)
    if delivery.withdrawn_at is not None:
        return _changed(request, delivery)
    reason, faults = " ".join(request.POST.get("reason", "").split()), []
    if request.method == "POST":
        faults = reason_faults(reason)
        if not faults:
            return _done(request, delivery, withdraw_delivery, viewer_of_request(request), reason)
    contract, calendar = contract_of(delivery), calendar_of(programme())
    instead = instead_of(delivery, contract)
    gaps = [calendar.period_text(contract.cadence, period) for period in instead.gaps]
    context = {
        **_about(request, delivery), "reason": reason, "faults": faults, "instead": instead.delivery, "gaps": gaps[:SHOWN],
        "more_gaps": len(gaps) - SHOWN, "is_state": contract.kind == "state", "standards": _standards(contract),
        "retries": delivery.retries.filter(status="accepted").count(), "run": run_of_request(request),
    }  # fmt: skip
    return render(request, "stewards/withdraw.html", context, status=400 if faults else 200)


def _about(request: HttpRequest, delivery: Delivery) -> dict[str, Any]:
    units = units_for(viewer_of_request(request), policy())
    return {"here": "deliveries", "d": delivery, "contract": contract_of(delivery), "sender": sender_name(delivery, units)}


def _done(request: HttpRequest, delivery: Delivery, act: Any, by: Viewer, reason: str) -> HttpResponse:
    try:
        act(delivery.pk, by=by, reason=reason, at=timezone.now())
    except ValueError:
        return _changed(request, delivery)
    return HttpResponseRedirect(reverse("receipt", args=[delivery.pk]))


def _changed(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    """Somebody else was quicker, or the page is an old one."""
    what = _("Receipt %(n)s does not wait for this any more") % {"n": delivery.pk}
    why = _("It was changed since the page was loaded. Its receipt tells how it stands now.")
    doors: Sequence[Any] = [(_("To the receipt"), reverse("receipt", args=[delivery.pk]))]
    return refuse(request, what, why, doors, status=409)
