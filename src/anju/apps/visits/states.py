"""The words of a visit, and from where to where it may go. A visit that was made stays made: what was seen is not unseen."""

from __future__ import annotations

PLANNED, MADE, MISSED, DROPPED = "planned", "made", "missed", "dropped"

PURPOSES = ("routine", "verify", "measure", "look_back", "random", "instruction")
"""Why somebody goes there: as every so often, to verify an alert or case, to see a measure in place, to look back after close-out,
drawn at random to check what others closed, by an instruction from above."""

DOOR, PHONE, VIDEO = "door", "phone", "video"
MODES = (DOOR, PHONE, VIDEO)
FINDINGS = ("returned_origin", "illness", "unemployed", "dropout", "dispute", "hardship", "none")

MOVES: dict[str, frozenset[str]] = {
    PLANNED: frozenset({MADE, MISSED, DROPPED}),
    MISSED: frozenset({MADE, DROPPED}),
    MADE: frozenset(),
    DROPPED: frozenset(),
}
