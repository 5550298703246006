"""What is done with feedback: the street signs, a reviewer returns, the handler contests, an arbiter decides."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from anju.apps.cases.models import Asked, Case, CaseEvent
from anju.apps.cases.moving import begin, enough, finish, handlers_of
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import clocks_of, due, today
from anju.apps.cases.steps.ending import askers_of, decide, open_of
from anju.apps.cases.steps.watching import look_now
from anju.core.casework.states import ALERTED, ASSIGNED, FEEDBACK
from anju.core.terms.viewer import Viewer

DECISIONS = ("accept", "handle")
"""Of a contested return: the feedback is accepted after all, or the case must be handled again. Of a contested owner: who keeps it."""


@transaction.atomic
def sign(*, number: int, by: Viewer, at: datetime, words: str = "", seen: int | None = None) -> Case:
    """The street's signature below the feedback; nobody signs her own."""
    taken = begin(number, "sign", by, seen=seen)
    case = taken.case
    if case.signed_by:
        raise Refused(f"{case.signed_by} has signed already", f"{case.signed_by} 已签字")
    if by.account is not None and by.account in handlers_of(case):
        raise Refused("whoever had the case in hand does not sign the feedback", "经办人不能签字")
    case.signed_by = by.name
    return look_now(finish(taken, by=by, at=at, reason=words, looks=True), by=by, at=at, waited=taken.waited, what="sign")


@transaction.atomic
def return_back(*, number: int, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Case:
    """Refuses the feedback. The due date does not move; how often a case was returned is counted and shown."""
    taken = begin(number, "return_back", by, seen=seen)
    case = taken.case
    if by.account is not None and by.account in handlers_of(case):
        raise Refused("whoever had the case in hand does not return it", "经办人不能退回")
    words = enough(reason, 4, "a reason is missing: what must be done before it can be accepted", "缺少退回理由：还须做什么")
    case.returned += 1
    case.round += 1
    case.fed_back_at = case.fed_back_on = case.ready_on = case.close_due = case.observed_since = None
    case.signed_by, case.observing, case.seen_run = "", False, None
    case.escalated = told_of(case, case.handle_due)
    Asked.objects.filter(case=case, kind=Asked.EXCEPTION, decided_at=None).update(decided_at=at, granted=False, decided_by=by.name)
    return finish(taken, by=by, at=at, reason=words)


def told_of(case: Case, deadline: date | None) -> int:
    """How many ranks were told of this deadline before: a return does not move it, and nobody is told twice."""
    return CaseEvent.objects.filter(case=case, what="escalated", detail__deadline=f"{deadline}").count()


@transaction.atomic
def contest(*, number: int, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Case:
    """The handler does not accept a return: an arbiter decides, the clock runs on."""
    taken = begin(number, "contest", by, seen=seen)
    case = taken.case
    if by.account != case.assignee:
        raise Refused(f"{case.assignee_name} has the case and may contest", f"须由经办人 {case.assignee_name} 提请裁定")
    words = enough(reason, 4, "grounds are missing", "缺少理由")
    if open_of(case, Asked.ARBITER) is not None:
        raise Refused("an arbiter is asked already", "已提请裁定")
    Asked.objects.create(
        case=case, kind=Asked.ARBITER, detail={"about": "return"}, reason=words, asked_by=by.name, asked_account=by.account, asked_at=at
    )
    case.contested = True
    return finish(taken, by=by, at=at, reason=words)


@transaction.atomic
def arbitrate(*, number: int, decision: str, reason: str, by: Viewer, at: datetime, owner: str = "", seen: int | None = None) -> Case:
    """The arbiter's word: on a contested return (accept, handle), or on whose the case is (`owner`)."""
    taken = begin(number, "arbitrate", by, seen=seen)
    case = taken.case
    asked = open_of(case, Asked.ARBITER)
    if asked is None:
        raise Refused("nothing is contested in this case", "该事项没有争议")
    returner = CaseEvent.objects.filter(case=case, what="return_back").order_by("-pk").first()
    parties = askers_of([asked]) | ({returner.account} if returner is not None and returner.account is not None else set())
    if by.account is not None and by.account in handlers_of(case) | parties:
        raise Refused("whoever returned, contested or handled the case is no arbiter of it", "退回人、提请人和经办人不能裁定")
    words = enough(reason, 4, "the grounds of the decision are missing", "缺少裁定理由")
    if asked.detail.get("about") == "owner":
        if owner not in (asked.detail["from"], asked.detail["to"]):
            raise Refused(f"decide for {asked.detail['from']} or {asked.detail['to']}", "请在两个部门中裁定")
        if owner != case.owner:  # whoever had it is of the other department
            case.assignee, case.assignee_name, case.assigned_at = None, "", None
            case.state = ALERTED if case.state == ASSIGNED else case.state
        case.owner, case.passed_on = owner, 0
    elif decision not in DECISIONS:
        raise Refused("decide whether the feedback is accepted or the case handled again", "请裁定：采纳反馈或继续处置")
    else:
        if decision == "accept":
            case.state, case.round = FEEDBACK, case.round - 1
            case.fed_back_at, case.fed_back_on, case.close_due = at, today(), due(today(), clocks_of(case.level).close)
    case.contested = False
    taken.concerned = parties
    decide(asked, decision == "accept" or bool(owner), words, by, at)
    return finish(taken, by=by, at=at, reason=words, detail={"decision": owner or decision})
