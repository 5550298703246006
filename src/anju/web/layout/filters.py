"""Filters of a list as links: each sets one thing in the address or takes it away; and where a queue goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest

from anju.web.layout.paging import address, cursor_of


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that can be set or taken away: `n` lines it would show, where that is known."""

    label: Any
    url: str
    on: bool
    n: int | None = None


def chips(request: HttpRequest, name: str, chosen: str, words: Mapping[str, Any], numbers: Mapping[str, int]) -> list[Chip]:
    """Those of `words` that have a number, and the one chosen."""
    return [
        Chip(word, address(request, **{name: None if key == chosen else key}), key == chosen, numbers.get(key))
        for key, word in words.items()
        if numbers.get(key) or key == chosen
    ]


def place_in_queue(request: HttpRequest, *, over: bool) -> tuple[Any, ...] | None:
    """The key after which a queue goes on: (urgency, day, number), of what is over (day, number); None where it was tampered with."""
    cursor = cursor_of(request, 2 if over else 3)
    if cursor is None:
        return None
    try:
        return (date.fromisoformat(cursor[0]), int(cursor[1])) if over else (int(cursor[0]), date.fromisoformat(cursor[1]), int(cursor[2]))
    except (TypeError, ValueError):
        return None
