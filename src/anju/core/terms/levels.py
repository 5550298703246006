"""Levels of an alert, from none to red. Blue is a reminder."""

from __future__ import annotations

LEVELS = ("none", "blue", "yellow", "orange", "red")
RANK = {level: rank for rank, level in enumerate(LEVELS)}


def worst(levels: list[str]) -> str:
    """The most severe of `levels`; 'none' of nothing."""
    return max(levels, key=RANK.__getitem__, default="none")
