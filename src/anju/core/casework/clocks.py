"""The clocks of a case: when each stage ends, whether it is on track, at risk or overdue, and who is told.

Handling and observation are two clocks. Handling ends when the measure is in place and fed back; what closing must still wait for is
observation (观察期), which is never overdue. Nothing pauses a clock; a return never moves it; one granted extension does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from anju.core.casework.rules import Casework, Escalation
from anju.core.casework.states import ALERTED, ASSIGNED, FEEDBACK, HANDLING, JUDGED, OVER, REOPENED, RETURNED, VERIFIED
from anju.core.terms.durations import Duration
from anju.core.terms.working_days import WorkingCalendar

Track = Literal["on_track", "at_risk", "overdue", "none"]
CLOCK = {
    ALERTED: "verify", REOPENED: "verify", ASSIGNED: "verify", VERIFIED: "judge", JUDGED: "handle", HANDLING: "handle", RETURNED: "handle",
    FEEDBACK: "close",
}  # fmt: skip
"""Which clock runs in which state."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last day of each stage; None where its clock has not begun."""

    verify: date | None = None
    judge: date | None = None
    handle: date | None = None
    close: date | None = None


def running(state: str, due: Deadlines, *, observing: bool) -> date | None:
    """The deadline of the stage that a case is in; None where it is over, or where only data are waited for."""
    if state in OVER or (state == FEEDBACK and observing):
        return None
    found: date | None = getattr(due, CLOCK[state])
    return found


def track(deadline: date | None, day: date, rules: Casework, calendar: WorkingCalendar) -> Track:
    if deadline is None:
        return "none"
    if day > deadline:
        return "overdue"
    return "at_risk" if calendar.between(day, deadline) <= _working(rules.at_risk) else "on_track"


def days_over(deadline: date | None, day: date, calendar: WorkingCalendar) -> int:
    """Working days that a case is overdue; 0 on the first day after, if that is no working day."""
    return max(0, calendar.between(deadline, day)) if deadline is not None and day > deadline else 0


def escalated_to(deadline: date | None, day: date, rules: Casework, calendar: WorkingCalendar) -> tuple[Escalation, ...]:
    """The ranks that must have been told by now, the lowest first: of 3 working days, whoever is more than 3 over."""
    if deadline is None or day <= deadline:
        return ()
    over = days_over(deadline, day, calendar)
    return tuple(one for one in rules.escalate if over > _working(one.after) or not one.after.n)


def _working(clock: Duration) -> int:
    return clock.n if clock.unit != "h" else -(-clock.n // 24)
