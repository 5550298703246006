"""Verifying or looking back at a family's matter is a visit to it: recorded in one go, so that nothing is typed twice."""

from __future__ import annotations

from datetime import datetime

from anju.apps.cases.models import Case
from anju.apps.cases.rules import today
from anju.apps.cases.steps.verifying import note_visit
from anju.apps.findings.current import policy
from anju.apps.findings.need_to_know import is_secret
from anju.apps.visits.actions import Recorded, Seen, record_visit
from anju.apps.visits.models import Visit
from anju.apps.visits.states import MODES, PLANNED
from anju.core.terms.viewer import Viewer


def visited(case: Case, purpose: str, mode: str, words: str, *, met: bool, seen: int | None, by: Viewer, at: datetime) -> Recorded | None:
    """The visit, kept with every open case of the family; the one that was planned for this case, where one was. None where the matter is
    no family's or it was looked into from a desk. What is written of a matter of health stays with the case."""
    if case.household_id is None or mode not in MODES or not by.can("visits.record"):
        return None
    about = f"case:{case.pk}"
    planned = Visit.objects.filter(household_id=case.household_id, purpose=purpose, about=about, state=PLANNED).first()
    standard = policy().standards.get(case.standard)
    where = {"visit": planned.pk, "version": planned.version} if planned is not None else {"household_id": case.household_id}
    done = record_visit(
        seen=Seen(made_on=today(), mode=mode, met=met, note="" if standard is not None and is_secret(standard) else words), questions={},
        client_key=f"{about}:{purpose}:{seen}:{by.account}:{'met' if met else 'nobody'}", purpose=purpose, about=about, by=by, at=at, **where,
    )  # fmt: skip
    visit = done.visit
    assert visit.made_on is not None and visit.household_id is not None
    note_visit(
        household_id=visit.household_id, visit=visit.pk, on=visit.made_on, mode=visit.mode, met=bool(visit.met), account=by.account,
        name=by.name, by=by, at=at,
    )  # fmt: skip
    return done
