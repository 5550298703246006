"""The words of a report, and from where to where it may go."""

from __future__ import annotations

RECEIVED, TAKEN_UP, DECLINING, DECLINED = "received", "taken_up", "declining", "declined"

CHANNELS = ("declared", "assisted", "visit", "hotline", "transfer", "lead", "instruction")
"""The family itself; somebody for it; found at the door; 12345 and its like; another level; a street or building head; from above."""
MOVES: dict[str, frozenset[str]] = {
    RECEIVED: frozenset({TAKEN_UP, DECLINING}),
    DECLINING: frozenset({TAKEN_UP, DECLINED, RECEIVED}),
    TAKEN_UP: frozenset(),
    DECLINED: frozenset(),
}
