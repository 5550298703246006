"""In whose hands what falls on a day: who of the sample puts a case into hands, judges it, signs, approves; and a visit at the door."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path

from anju.apps.cases.models import Case
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import closing_of
from anju.apps.cases.steps.verifying import note_visit
from anju.apps.people.vault import FileVault
from anju.apps.visits.actions import Seen, record_visit
from anju.core.terms.viewer import Viewer
from anju.sample.workforce import Workforce


@dataclass
class Living:
    """The working days of one span. `told`: what the people of the sample could not do, for the tests to look at."""

    staff: Workforce
    data: Path
    vault: FileVault
    day: date = date.min
    agenda: dict[date, set[int]] = field(default_factory=lambda: defaultdict(set))
    told: list[str] = field(default_factory=list)
    leave: frozenset[int] = frozenset()  # cases that a story tells of: nobody else touches them

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, time(10), UTC)


def hand_of(living: Living, case: Case) -> int | None:
    """The grid worker for a family; for a site or a thing the department, else the community."""
    if case.household_id is not None:
        found = living.staff.who("grid_worker", case.path) or living.staff.who("cadre", case.path)
    else:
        found = living.staff.who("county_department", case.path, case.owner) or living.staff.who("first_secretary", case.path)
    return found.account if found is not None else None


def lead_of(living: Living, case: Case) -> Viewer | None:
    """Who puts it into hands: the community, where it lies in one; else the department or the bureau."""
    staff = living.staff
    if case.household_id is not None:
        return staff.who("first_secretary", case.path) or staff.who("county_bureau", case.path)
    return staff.who("county_department", case.path, case.owner, 1) or staff.who("county_bureau", case.path)


def worker_of(living: Living, case: Case) -> Viewer:
    assert case.assignee is not None
    return living.staff.of_account(case.assignee)


def must(found: Viewer | None, what: str) -> Viewer:
    if found is None:
        raise Refused(f"the sample has nobody who could {what}", "示例中没有可办理的人员")
    return found


def judge_of(living: Living, case: Case, nth: int = 1) -> Viewer:
    staff = living.staff
    if case.level == "yellow":
        found = staff.who("first_secretary", case.path) if nth == 1 else staff.who("street", case.path)
        found = found or staff.who("county_department", case.path, case.owner, nth)
    else:
        found = staff.who("county_department", case.path, case.owner, nth)
    return must(found, "judge")


def approver_of(living: Living, case: Case) -> Viewer:
    role = closing_of(case.level).approvals[0]
    return must(living.staff.who(role, case.path, case.owner if role == "county_department" else "", 2), "approve")


def seen(living: Living, case: Case, worker: Viewer, purpose: str) -> int | None:
    """A visit at the door, kept with the case; None where there is no door."""
    if case.household_id is None:
        return None
    made = record_visit(
        seen=Seen(made_on=living.day, mode="door", met=True, answered_by="家人", findings=("none",), minutes=15 + case.pk % 20),
        questions={}, client_key=f"sample:{case.pk}:{living.day}:{purpose}", household_id=case.household_id, purpose=purpose,
        about=f"case:{case.pk}", by=worker, at=living.at,
    ).visit  # fmt: skip
    note_visit(
        household_id=case.household_id, visit=made.pk, on=living.day, mode="door", met=True, account=worker.account, name=worker.name,
        by=worker, at=living.at,
    )  # fmt: skip
    return int(made.pk)
