"""The journal, for whoever audits: every write, look and reveal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from anju.api.door import needs, viewer_of
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.shapes import LARGEST, Next
from anju.apps.journal.actions import bring_in
from anju.apps.journal.queries import lines_for

router = Router(tags=["journal"])


class LineOut(Schema):
    id: int
    at: datetime
    act: str
    about: str
    by: str
    account: int | None
    post: int | None
    detail: dict[str, Any] = Field(description="Keys and reasons, never what was read.")
    seq: int | None = Field(description="Its place in the chain; null until it is sealed.")
    hash: str


class LinesOut(Next):
    items: list[LineOut]


@router.get("/journal", response=LinesOut, summary="Lines of the journal, the latest first")
@needs("journal.see")
def journal(
    request: HttpRequest,
    limit: Limit,
    after: After,
    about: str | None = Query(None, max_length=80, description="Such as household:17, alert:4."),
    act: str | None = Query(None, max_length=64, description="Such as person.reveal."),
    account: int | None = Query(None, ge=1, le=LARGEST),
) -> dict[str, Any]:
    key = key_after(request, after)
    if key is None:
        bring_in()  # the looks of this minute are among them
    found = lines_for(viewer_of(request)).order_by("-pk")
    for name, value in (("about", about), ("act", act), ("account", account)):
        if value is not None:
            found = found.filter(**{name: value})
    if key is not None:
        found = found.filter(pk__lt=key[0])
    rows = list(found[: limit + 1])
    names = ("at", "act", "about", "by", "account", "post", "detail", "seq", "hash")
    items = [{"id": line.pk, **{name: getattr(line, name) for name in names}} for line in rows[:limit]]
    return page_of(request, items, [rows[limit - 1].pk] if len(rows) > limit else None)
