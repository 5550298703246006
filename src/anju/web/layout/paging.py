"""Lists are paged by the key of their last row, so that page 1,000 costs what page 1 costs and no row is counted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, QueryDict

T = TypeVar("T")
PAGE = 50
CURSOR = "after"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`more` is the address of the next page, with every filter kept; None at the end. `first`: nothing came before."""

    rows: Sequence[T]
    more: str | None
    first: bool


def cursor_of(request: HttpRequest, length: int) -> tuple[Any, ...] | None:
    """The key in the address, None on the first page or where it was tampered with."""
    text = request.GET.get(CURSOR, "")
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (ValueError, binascii.Error):
        return None
    return tuple(key) if isinstance(key, list) and len(key) == length else None


def page_of(request: HttpRequest, rows: Sequence[T], key: Sequence[Any] | None, *, size: int = PAGE) -> Page[T]:
    """`rows` are up to `size` + 1 rows; `key` is that of row `size`, where there is one more behind it."""
    if len(rows) <= size or key is None:
        return Page(rows[:size], None, CURSOR not in request.GET)
    query = request.GET.copy()
    query[CURSOR] = base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode()
    return Page(rows[:size], f"{request.path}?{query.urlencode()}", CURSOR not in request.GET)


def address(request: HttpRequest, **changes: str | None) -> str:
    """The present address with filters set (a text) or taken away (None); always back on the first page."""
    query: QueryDict = request.GET.copy()
    query.pop(CURSOR, None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path
