"""Lists are paged by the key of their last row. A cursor is sealed with the data key: nobody reads, makes or alters one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any

from cryptography.exceptions import InvalidTag
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.params.functions import Query

from anju.api.problems import wrong
from anju.apps.people.vault import Sealer, ensure_keys

Limit = Annotated[int, Query(50, ge=1, le=200, description="At most so many rows.")]
After = Annotated[str | None, Query(None, max_length=1_000, description="A cursor from the 'next' of the page before.")]


def key_after(request: HttpRequest, after: str | None) -> list[Any] | None:
    """The key of the last row before; None on the first page. Raises Problem for a cursor that is broken or of another list."""
    if after is None:
        return None
    try:
        sealed = base64.b64decode(after.encode("ascii"), altchars=b"-_", validate=True)
        found = json.loads(Sealer(ensure_keys()).open(sealed))
    except (ValueError, binascii.Error, InvalidTag):
        raise wrong(("query.after", _("is broken: begin again without it"))) from None
    if found["list"] != _list_of(request):
        raise wrong(("query.after", _("belongs to another list or other filters: begin again without it")))
    key: list[Any] = found["key"]
    return key


def page_of(request: HttpRequest, items: Sequence[Any], key: Sequence[Any] | None) -> dict[str, Any]:
    """The answer of a list. `key` is that of the last of `items`, where there is one more row behind it."""
    more = None
    if key is not None:
        query = request.GET.copy()
        text = json.dumps({"list": _list_of(request), "key": list(key)}, ensure_ascii=False)
        query["after"] = base64.urlsafe_b64encode(Sealer(ensure_keys()).seal(text)).decode()
        more = f"{request.path}?{query.urlencode()}"
        request.next_page = more  # type: ignore[attr-defined]  # the door writes it into the header Link
    return {"items": list(items), "next": more}


def _list_of(request: HttpRequest) -> str:
    """Which list it is, with its filters: those in the address, and those of a search in the body."""
    filters = sorted((name, value) for name, values in request.GET.lists() if name not in ("after", "limit") for value in values)
    body = request.body if request.method == "POST" else b""
    return hashlib.sha256(json.dumps([request.path, filters]).encode() + body).hexdigest()[:32]
