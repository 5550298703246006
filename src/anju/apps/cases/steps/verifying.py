"""Verification (核查): what was found on the spot. And visits, which speak for every open case of a family."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from anju.apps.cases.models import Case, CaseVisit
from anju.apps.cases.moving import begin, enough, finish, one_at_a_time
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import clocks_of, due, today
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.cases.steps.watching import look_now
from anju.apps.places.scope import inside
from anju.core.casework.states import FEEDBACK
from anju.core.terms.viewer import Viewer

FOUND = ("confirmed", "partly", "not_confirmed", "nobody")
MODES = ("door", "phone", "video", "desk")


@transaction.atomic
def verify(
    *, number: int, found: str, mode: str, words: str, by: Viewer, at: datetime, visit: int | None = None, seen: int | None = None
) -> Case:  # fmt: skip
    """`found`: whether it is as the alert says. `mode`: how it was looked into; a desk is no door, where there is a door to go to.

    Nobody home is an answer of a visit, not of a verification: the case stays where it is until somebody was spoken to."""
    taken = begin(number, "verify", by, seen=seen)
    case = taken.case
    if found not in FOUND[:3]:
        if found == "nobody":
            raise Refused(
                "nobody was home: record the visit, call by phone next; the case is verified once somebody was spoken to",
                "家中无人：请登记走访并改为电话联系，联系到人后再核查",
            )
        raise Refused(f"say what was found: one of {', '.join(FOUND[:3])}", "请选择核查结果")
    if mode not in MODES:
        raise Refused(f"say how it was looked into: one of {', '.join(MODES)}", "请选择核查方式")
    if case.household_id is not None and mode == "desk":
        raise Refused(
            "a family's matter is verified with the family: at the door, by phone or by video", "家庭事项须与群众核实：入户、电话或视频"
        )
    if case.household_id is not None and case.level == "red" and mode != "door":
        raise Refused("a red case is verified at the door", "红色事项须入户核查")
    if by.account != case.assignee and not by.can("cases.assign"):
        raise Refused(
            f"case No. {case.pk} is with {case.assignee_name}: she verifies it, or somebody who may hand it on",
            f"编号 {case.pk} 由 {case.assignee_name} 负责：须由其核查，或由能转交的岗位办理",
        )
    told = enough(words, 2, "what was found is missing", "缺少核查情况")
    case.verified_at = at
    case.judge_due = due(today(), clocks_of(case.level).judge)
    case.escalated = 0
    return finish(taken, by=by, at=at, reason=told, detail={"found": found, "mode": mode, "visit": visit})


@transaction.atomic
def note_visit(
    *, household_id: int, visit: int, on: date, mode: str, met: bool, account: int | None, name: str, by: Viewer, at: datetime
) -> list[int]:  # fmt: skip
    """A visit to a family, kept with each of its open cases: the gate asks for one after the measure. Answers the cases' numbers."""
    one_at_a_time()
    cases = list(Case.objects.filter(inside(by), household_id=household_id).exclude(waits_on__in=OVER_MOVES).order_by("pk"))
    found = [CaseVisit(case=case, visit=visit, on=on, mode=mode, met=met, account=account, name=name) for case in cases]
    CaseVisit.objects.bulk_create(found, ignore_conflicts=True)
    for case in cases:
        if case.state == FEEDBACK:
            look_now(case, by=by, at=at)
    return [one.case_id for one in found]
