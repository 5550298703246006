"""What follows on a run, a release or a new day: cases open and change, the gate is looked at again, deadlines pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anju.apps.cases.steps.opening import Followed, follow_alerts
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.watching import watch


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """`moved`: cases whose gate stands otherwise than before. `told`: ranks told of a deadline that passed."""

    followed: Followed
    moved: int
    told: int

    def as_dict(self) -> dict[str, int]:
        return {**self.followed.as_dict(), "moved": self.moved, "told": self.told}

    def line(self) -> str:
        return f"{self.followed.line()}, {self.moved} moved at the gate, {self.told} ranks told"


def catch_up(*, data: Path, at: datetime, within: Sequence[str] = ()) -> CaughtUp:
    """Every door does this after it followed a run, released a baseline, or a day has passed. Twice changes nothing."""
    followed = follow_alerts(at=at, within=within)
    moved = watch(data=data, at=at)
    return CaughtUp(followed, moved, len(pass_day(at=at)))
