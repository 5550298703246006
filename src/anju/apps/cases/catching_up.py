"""What follows on a run, a release or a new day: cases open and change, the gate is looked at again, deadlines pass, the hotline is heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anju.apps.cases.hearing import Heard, hear
from anju.apps.cases.rules import casework
from anju.apps.cases.steps.opening import Followed, follow_alerts
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.watching import watch
from anju.core.casework.rules import FILE, NONE


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """`moved`: cases whose gate stands otherwise than before. `told`: ranks told of a deadline that passed."""

    followed: Followed
    moved: int
    told: int
    heard: Heard

    def as_dict(self) -> dict[str, int]:
        return {**self.followed.as_dict(), "moved": self.moved, "told": self.told, "hotline": self.heard.new}

    def line(self) -> str:
        if casework() is NONE:
            return f"cases: none, the policy has no {FILE}"
        return f"{self.followed.line()}, {self.moved} moved at the gate, {self.told} ranks told, {self.heard.new} requests of the hotline"


def catch_up(*, data: Path, at: datetime, hotline: bool = True) -> CaughtUp:
    """Every door does this after it followed a run, released a baseline, or a day has passed. Twice changes nothing. Without `hotline`
    its requests are left to a later run. A programme without rules of casework has no cases."""
    if casework() is NONE:
        return CaughtUp(Followed(), 0, 0, Heard())
    followed = follow_alerts(at=at)
    moved = watch(data=data, at=at)
    told = len(pass_day(at=at))
    return CaughtUp(followed, moved, told, hear(data=data, at=at) if hotline else Heard())
