"""Judgement (研判): what a case is, what level it has, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from anju.apps.cases.models import Asked, Case, CaseEvent
from anju.apps.cases.moving import Taken, begin, begin_many, enough, finish, finish_many, handlers_of
from anju.apps.cases.refusing import Refused, unless_any
from anju.apps.cases.rules import casework, handle_due, today
from anju.apps.cases.steps.ending import propose
from anju.apps.findings.current import policy
from anju.core.casework.states import ALERTED, ASSIGNED, ENDS
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer

OUTCOMES = ("handle", "listed")
"""To be handled, or listed as a monitored household and handled; every other judgement is a listed end that a second person confirms."""


@transaction.atomic
def judge(
    *, numbers: Sequence[int], outcome: str, reason: str, by: Viewer, at: datetime, cause: str = "", other: int | None = None,
    seen: int | Mapping[int, int] | None = None,
) -> list[Case]:  # fmt: skip
    """All of them or none. `seen`: the version that stood on the page, of many by number.

    `outcome`: handle, listed, or one of the listed ends (then `cause` of a false alarm, `other` case of a duplicate)."""
    if outcome not in OUTCOMES and outcome not in ENDS:
        raise Refused(f"'{outcome}' is no judgement: one of {', '.join((*OUTCOMES, *ENDS))}", "请选择研判结论")
    taken = begin_many(numbers, "judge", by, seen={numbers[0]: seen} if isinstance(seen, int) and len(numbers) == 1 else _versions(seen))
    if not taken:
        raise Refused("nothing is chosen: tick the cases first", "未选择事项：请先勾选")
    _not_by_the_verifier(taken, by)
    if outcome in ENDS:
        return propose(taken, end=outcome, reason=reason, by=by, at=at, cause=cause, other=other)
    if outcome == "listed" and any(each.case.household_id is None for each in taken):
        raise Refused("only a family can be listed as monitored", "只有家庭可纳入监测对象")
    day = today()
    for each in taken:
        case = each.case
        case.judged_at, case.judged_by, case.judgement = at, by.account, outcome
        case.handle_due = handle_due(case.standard, case.breach, case.level, day)
        case.escalated = 0
    return finish_many(taken, by=by, at=at, reason=reason, detail={"outcome": outcome})


def _versions(seen: int | Mapping[int, int] | None) -> Mapping[int, int]:
    return seen if isinstance(seen, Mapping) else {}


def _not_by_the_verifier(taken: Sequence[Taken], by: Viewer) -> None:
    """Whoever has a grave case, or verified it last, does not judge it."""
    grave = {each.case.pk: each.case for each in taken if each.case.rank >= RANK["orange"]}
    if by.account is None or not grave:
        return
    steps = CaseEvent.objects.filter(case__in=grave, what="verify").order_by("pk").values_list("case_id", "account")
    last = dict(steps)
    unless_any(
        {
            key: Refused(
                f"case No. {key} is in your own hands: somebody else judges what is orange or red",
                f"编号 {key} 由您经办：橙色、红色事项须由他人研判",
            )
            for key, case in grave.items()
            if by.account in (case.assignee, last.get(key))
        },
        len(taken),
    )


@transaction.atomic
def lower(*, number: int, level: str, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Case:
    """Lowers the level, for a reason that stands in the auditor's register; a run that finds it graver than ever raises it again."""
    taken = begin(number, "lower", by, seen=seen)
    case = taken.case
    if level not in casework().clocks or RANK[level] >= case.rank:
        raise Refused(f"a {case.level} case can only be lowered, to a level below", "只能下调至更低等级")
    if by.account is not None and by.account in handlers_of(case):
        raise Refused("whoever has or had a case in hand does not lower its level: somebody else judges", "经办人不能下调等级，须由他人研判")
    words = enough(reason, 4, "a reason is missing why it is less grave", "缺少下调理由")
    before = case.level
    case.level, case.rank = level, RANK[level]
    return finish(taken, by=by, at=at, reason=words, detail={"from": before, "to": level})


@transaction.atomic
def transfer(*, number: int, owner: str, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Case:
    """Passes a case to another department. The clock runs on; passed to and fro too often, an arbiter must decide whose it is."""
    taken = begin(number, "transfer", by, seen=seen)
    case = taken.case
    owners = owners_known()
    if owner not in owners or owner == case.owner:
        raise Refused(f"choose another department: one of {', '.join(sorted(owners - {case.owner}))}", "请选择其他部门")
    if case.contested:
        raise Refused(f"case No. {case.pk} is contested: an arbiter decides first whose it is", "该事项存在争议：须先裁定")
    words = enough(reason, 4, "a reason is missing why it belongs there", "缺少移交理由")
    taken.detail.update({"from": case.owner, "to": owner})
    case.passed_on += 1
    if case.passed_on >= casework().ping_pong:
        case.contested = True
        taken.detail["contested"] = True
        Asked.objects.create(
            case=case, kind=Asked.ARBITER, detail={"about": "owner", "from": case.owner, "to": owner}, reason=words, asked_by=by.name,
            asked_account=by.account, asked_at=at,
        )  # fmt: skip
    case.owner = owner
    case.assignee, case.assignee_name, case.assigned_at = None, "", None
    case.state = ALERTED if case.state == ASSIGNED else case.state
    return finish(taken, by=by, at=at, reason=words)


def owners_known() -> frozenset[str]:
    """Departments that can have a case: the owners of standards and of feeds."""
    owners = {version.owner for standard in policy().standards.values() for version in standard.versions}
    return frozenset(owners | {getattr(contract, "owner", "") for contract in policy().contracts.values()} - {""})
