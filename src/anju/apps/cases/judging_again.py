"""A family judged at once, after a visit or a decision: what the platform knows of it now, over the last run's snapshot."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from anju.apps.alerts.actions import Moved, move_household, today
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.household_now import judge_household
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer


def judge_again(policy: Policy, data: Path, household_id: int, *, by: Viewer | str, at: datetime) -> Moved | None:
    """Judges the family as of the deployment's day and moves its alerts. None where nothing has been judged yet, or the family is newer
    than the last run: the next one tells."""
    day = today()
    if day is None:
        return None
    answers = judge_household(policy, data, household_id, own_feeds(policy, day, at, household_id), at)
    return None if answers is None else move_household(policy, data, household_id, answers, by=by, at=at)
