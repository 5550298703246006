"""Feeds and what was delivered of them: contracts, receipts, files sent in, withdrawn, confirmed, and rows set aside, masked."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from ninja.params.functions import Query

from anju.api.door import needs, viewer_of
from anju.api.fresh import etag_of, unchanged
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import Fault, Problem, not_here, wrong
from anju.api.shapes import Both, Key, Next, both
from anju.api.spool import FIELD, FORM, KINDS, digest_of_file, spooled
from anju.api.standards import Code, owner_title
from anju.apps.feeds.actions import confirm_delivery, receive_file, withdraw_delivery
from anju.apps.feeds.models import Coverage, Delivery
from anju.apps.feeds.queries import deliveries_in_scope, delivery_in_scope, feeds_for, senders_for, units_for
from anju.apps.feeds.retry import refused_number
from anju.apps.feeds.sentences import said, said_of_rows, told
from anju.apps.findings.current import policy, programme
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, masked_identifier
from anju.core.contracts.model import Contract, FeedColumn
from anju.core.terms.viewer import Viewer
from anju.lake.files import FileRefused
from anju.lake.refused import read_refused

router = Router(tags=["feeds"])
ValidAsked = Annotated[date | None, Query(None, description="The day a list speaks of, by default today.")]
FeedAsked = Annotated[str, Query(max_length=8, description="The feed's code.")]
DIGITS = 9  # from so many on a cell may be a number of a person, in whichever column it stands
FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {"schema": {"type": "object", "properties": {FIELD: {"type": "string", "format": "binary"}}, "required": [FIELD]}},
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS},
        },
    }
}


class ColumnOut(Schema):
    name: str
    type: str
    title: Both
    required: bool
    codes: list[str]
    class_: str = Field(alias="class", description="plain, identifier or text: only plain reaches the lake.")


class ContractOut(Schema):
    code: str
    dataset: str
    title: Both
    owner: str
    owner_title: Both
    kind: str
    delivery: str
    by: str = Field(description="Who delivers: programme, unit, or a column that names the sender.")
    cadence: str
    due_days: int
    key: list[str]
    columns: list[ColumnOut]


class ContractsOut(Next):
    items: list[ContractOut]


class ReceiptOut(Schema):
    id: int
    feed: str
    unit: str | None
    file_name: str
    received_at: datetime
    valid: date
    rows: int
    accepted: int
    set_aside: int
    duplicates: int
    skipped: int
    conflicts: int
    matched_rate: str | None
    reasons: dict[str, int] = Field(description="Why rows were set aside, in the language asked for, and how many.")
    messages: list[str]
    held: str | None = Field(description="Why it waits for its owner's word; null where it does not.")
    confirmed_at: datetime | None
    confirmed_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_reason: str


class ReceiptsOut(Next):
    items: list[ReceiptOut]


class CoveredOut(Schema):
    unit: str
    period: int | None
    rows: int


class ReceiptFullOut(ReceiptOut):
    covers: list[CoveredOut]


class SentOut(ReceiptOut):
    same_as_before: bool = Field(description="The file had come before: nothing has changed.")


class CellOut(Schema):
    header: str
    column: str | None
    value: str
    masked: bool


class RowOut(Schema):
    line: int
    reason: str
    cells: list[CellOut]


class RowsOut(Next):
    items: list[RowOut]


class WithdrawIn(Schema, extra="forbid"):
    reason: str = Field(min_length=4, max_length=400, description="It stands in the record for good.")


class ConfirmIn(Schema, extra="forbid"):
    reason: str = Field("", max_length=400)


@router.get("/feeds", response={200: ContractsOut, 304: None}, summary="The feeds that concern the post: what each promises")
@needs("feeds.see")
def feeds(request: HttpRequest) -> HttpResponse | dict[str, Any]:
    """Changes with the policy only: send the ETag back as If-None-Match."""
    viewer = viewer_of(request)
    if unchanged(request, etag_of(policy().digest, *sorted(viewer.departments))):
        return HttpResponse(status=304)
    return {"items": [_contract(one) for one in feeds_for(viewer, policy()).values()], "next": None}


@router.get("/feeds/{code}", response={200: ContractOut, 304: None}, summary="One feed")
@needs("feeds.see")
def feed(request: HttpRequest, code: Code) -> HttpResponse | dict[str, Any]:
    found = feeds_for(viewer_of(request), policy()).get(code)
    if found is None:
        raise not_here()
    if unchanged(request, etag_of(policy().digest, code)):
        return HttpResponse(status=304)
    return _contract(found)


def _contract(one: Contract) -> dict[str, Any]:
    return {
        "code": one.code, "dataset": one.dataset, "title": both(one.title), "owner": one.owner, "owner_title": both(owner_title(one.owner)),
        "kind": one.kind, "delivery": one.delivery, "by": one.by, "cadence": one.cadence, "due_days": one.freshness.due_days,
        "key": list(one.key), "columns": [_column(column) for column in one.columns],
    }  # fmt: skip


def _column(one: FeedColumn) -> dict[str, Any]:
    return {
        "name": one.name, "type": one.type, "title": both(one.title), "required": one.required, "codes": list(one.codes), "class": one.klass,
    }  # fmt: skip


@router.get("/deliveries", response=ReceiptsOut, summary="What was delivered, the latest first")
@needs("feeds.see")
def deliveries(
    request: HttpRequest,
    limit: Limit,
    after: After,
    feed: str | None = Query(None, max_length=8),
    unit: str | None = Query(None, max_length=64, description="The code of who sent it."),
    held: bool = Query(False, description="Only what waits for its owner's word."),
) -> dict[str, Any]:
    found = deliveries_in_scope(viewer_of(request), policy())
    for name, value in (("feed", feed), ("unit", unit)):
        if value is not None:
            found = found.filter(**{name: value})
    if held:
        found = found.exclude(held_reason="").filter(confirmed_at=None, withdrawn_at=None)
    key = key_after(request, after)
    if key is not None:
        found = found.filter(pk__lt=key[0])
    rows = list(found.order_by("-pk")[: limit + 1])
    return page_of(request, [_receipt(one) for one in rows[:limit]], [rows[limit - 1].pk] if len(rows) > limit else None)


@router.get("/deliveries/{key}", response=ReceiptFullOut, summary="One receipt, and what it covers")
@needs("feeds.see")
def delivery(request: HttpRequest, key: Key) -> dict[str, Any]:
    found = _asked(viewer_of(request), key)
    covered = Coverage.objects.filter(delivery=found).order_by("unit", "period").values("unit", "period", "rows")[:1_000]
    return {**_receipt(found), "covers": list(covered)}


def _asked(viewer: Viewer, key: int) -> Delivery:
    found = delivery_in_scope(viewer, policy(), key)
    if found is None:
        raise not_here()
    return found


def _receipt(one: Delivery) -> dict[str, Any]:
    names = ("feed", "file_name", "received_at", "valid", "rows", "accepted", "duplicates", "skipped", "conflicts", "confirmed_at",
             "confirmed_by", "withdrawn_at", "withdrawn_by", "withdrawn_reason")  # fmt: skip
    waits, contract = one.held_reason if one.confirmed_at is None else "", policy().contracts.get(one.feed)
    reasons: Counter[str] = Counter()
    for reason, n in one.reasons.items():
        reasons[said_of_rows(reason, contract, codes=True)] += n
    rate = str(one.matched_rate) if one.matched_rate is not None else None
    return {
        "id": one.pk, "unit": one.unit or None, "set_aside": one.refused, "matched_rate": rate, "held": said(waits) or None,
        "reasons": dict(reasons), "messages": [said(message) for message in one.messages],
        **{name: getattr(one, name) for name in names},
    }  # fmt: skip


@router.post("/deliveries", response={200: SentOut, 201: SentOut}, summary="Deliver a file", openapi_extra=FILE)
@needs("feeds.deliver", whole=False, digest=digest_of_file)
def deliver(
    request: HttpRequest,
    feed: FeedAsked,
    valid: ValidAsked,
    unit: str | None = Query(None, max_length=64, description="Code of the unit that sends it; needed where the post has several."),
    period: str | None = Query(None, max_length=81, description="The period a file of events speaks for, or FIRST~LAST."),
    file_name: str | None = Query(None, max_length=255, description="Of a body that is the file itself: its ending says what kind it is."),
) -> Status[Any]:
    """As multipart/form-data with the field 'file', or as the body itself. Every row is accepted, or set aside with its reason; the
    same file twice changes nothing (200 instead of 201)."""
    viewer = viewer_of(request)
    contract = feeds_for(viewer, policy()).get(feed)
    if contract is None:
        raise wrong(("query.feed", _("is no feed that this post delivers: see /api/v1/feeds")))
    sender = _sender(viewer, contract, unit)
    first, _tilde, last = (period or "").partition("~")
    file, directory = spooled(request), Directory(*programme().identifier_names)
    try:
        received = receive_file(
            file.path, feed=feed, policy=policy(), root=lake(), directory=directory, vault=FileVault(), by=viewer, at=timezone.now(),
            unit=sender or None, valid=valid, periods=(first, last or first) if first else None,
        )  # fmt: skip
    except FileRefused as refused:
        known = _("known: %(names)s") % {"names": ", ".join(refused.alternatives[:40])} if refused.alternatives else ""
        what = ("；" if (get_language() or "").startswith("zh") else "; ").join(part for part in (*told(refused), known) if part)
        raise Problem("invalid", faults=[Fault("body", what)]) from None
    same = received.repeats is not None
    return Status(200 if same else 201, {**_receipt(received.repeats or received.delivery), "same_as_before": same})


def _sender(viewer: Viewer, contract: Contract, unit: str | None) -> str:
    senders = senders_for(viewer, policy(), contract, units_for(viewer, policy()))
    if unit is None and len(senders) == 1:
        return senders[0]
    if (unit or "") not in senders:
        known = _("known: %(names)s") % {"names": ", ".join(one for one in senders if one) or "-"}
        raise wrong(("query.unit", "; ".join((_("is no sender for whom this post delivers the feed"), known))))
    return unit or ""


def lake() -> Path:
    return Path(settings.DATA) / "lake"


@router.post("/deliveries/{key}/confirm", response=ReceiptOut, summary="Say that a held delivery is right")
@needs("feeds.confirm")
def confirm(request: HttpRequest, key: Key, body: ConfirmIn) -> dict[str, Any]:
    viewer = viewer_of(request)
    found = _asked(viewer, key)
    try:
        return _receipt(confirm_delivery(found.pk, by=viewer, reason=body.reason, at=timezone.now()))
    except ValueError:
        raise Problem("conflict", _("This delivery is not waiting for anybody's word.")) from None


@router.post("/deliveries/{key}/withdraw", response=ReceiptOut, summary="Take a whole delivery back: the next run judges without it")
@needs("feeds.withdraw")
def withdraw(request: HttpRequest, key: Key, body: WithdrawIn) -> dict[str, Any]:
    viewer = viewer_of(request)
    found = _asked(viewer, key)
    if not body.reason.strip():
        raise wrong(("body.reason", _("is missing")))
    try:
        return _receipt(withdraw_delivery(found.pk, by=viewer, reason=body.reason, at=timezone.now()))
    except ValueError:
        raise Problem("conflict", _("This delivery was withdrawn already.")) from None


@router.get("/deliveries/{key}/set-aside", response=RowsOut, summary="Rows set aside, each with its reason; what names somebody is masked")
@needs("feeds.mend")
def set_aside(request: HttpRequest, key: Key, limit: Limit, after: After) -> dict[str, Any]:
    found = _asked(viewer_of(request), key)
    contract = policy().contracts.get(found.feed)
    assert isinstance(contract, Contract)
    columns = {column.name: column for column in contract.columns}
    key_before = key_after(request, after)
    try:
        header, table = read_refused(lake(), refused_number(found), FileVault())
    except FileNotFoundError:
        return page_of(request, [], None)
    lines: list[int] = table.column("line").to_pylist()
    start = next((n for n, line in enumerate(lines) if key_before is None or line > key_before[0]), len(lines))
    rows = table.slice(start, limit + 1).to_pylist()
    items = [
        {"line": row["line"], "reason": said_of_rows(row["reason"], contract, codes=True),
         "cells": [_cell(name, columns.get(found.columns.get(name, "")), row[f"c{n}"] or "") for n, name in enumerate(header)]}
        for row in rows[:limit]
    ]  # fmt: skip
    return page_of(request, items, [rows[limit - 1]["line"]] if len(rows) > limit else None)


def _cell(header: str, column: FeedColumn | None, text: str) -> dict[str, Any]:
    """Whatever could tell who somebody is is masked, and whatever nobody knows what it is."""
    secret = column is None or column.klass != "plain" or column.type in ("person", "household") or sum(ch.isdigit() for ch in text) >= DIGITS
    plain = text.strip()
    shown = (masked_identifier(plain) if plain.isascii() else plain[:1] + "*" * max(1, len(plain) - 1)) if secret and plain else text
    return {"header": header, "column": column.name if column else None, "value": shown, "masked": secret and bool(plain)}
