"""What a delivered file's name says of it."""

from __future__ import annotations

from pathlib import Path


def parts_of(path: Path) -> tuple[str, str | None, tuple[str, str] | None]:
    """Feed, sender and periods from a name like F28_522301_2023-08.csv or F14_522301_2021-09~2023-07.csv."""
    pieces = path.name.rsplit(".", 1)[0].split("_")
    periods = pieces[2].split("~") if len(pieces) > 2 else []
    return pieces[0], pieces[1] if len(pieces) > 1 else None, (periods[0], periods[-1]) if periods else None
