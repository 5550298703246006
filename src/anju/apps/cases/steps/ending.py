"""The listed ends other than closing: proposed by one person with her grounds, confirmed or refused by another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from anju.apps.cases.models import Asked, Case
from anju.apps.cases.moving import begin, enough, finish, handlers_of
from anju.apps.cases.queries import cases_in_scope
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.core.casework.states import CAUSES, ENDS, OPEN
from anju.core.terms.viewer import Viewer


@transaction.atomic
def ask_end(
    *, number: int, end: str, reason: str, by: Viewer, at: datetime, cause: str = "", other: int | None = None, seen: int | None = None
) -> Case:  # fmt: skip
    """Proposes another end than closing. What it needs: grounds in words, the cause of a false alarm, the other case of a duplicate."""
    taken = begin(number, "propose_end", by, seen=seen)
    case = taken.case
    if end not in ENDS:
        raise Refused(f"'{end}' is no end: one of {', '.join(ENDS)}", "请选择办结方式")
    need = ENDS[end]
    words = enough(reason, 4, "grounds are missing", "缺少依据")
    if need.causes and cause not in need.causes:
        raise Refused(f"say what was wrong: {', '.join(CAUSES[each].en for each in need.causes)}", "请说明误报原因：规则、数据或报送")
    if need.needs_other and (other is None or other == number or not cases_in_scope(by).filter(pk=other, state__in=OPEN).exists()):
        raise Refused("name the other case that this one repeats: one that is open", "请填写重复的另一事项编号（须为未办结事项）")
    if open_of(case, Asked.END) is not None:
        raise Refused(f"an end of case No. {case.pk} is proposed already: a second person must decide on it first", "已有待确认的办结申请")
    detail = {"end": end, **({"cause": cause} if need.causes else {}), **({"other": other} if need.needs_other else {})}
    Asked.objects.create(
        case=case, kind=Asked.END, detail=detail, reason=words, asked_by=by.name, asked_account=by.account, asked_at=at
    )  # fmt: skip
    return finish(taken, by=by, at=at, reason=words, detail=detail)


@transaction.atomic
def decide_end(*, number: int, granted: bool, by: Viewer, at: datetime, reason: str = "", seen: int | None = None) -> Case:
    """A second person's word on a proposed end: nobody who proposed it or had the case in hand."""
    taken = begin(number, "confirm_end", by, seen=seen)
    case = taken.case
    asked = open_of(case, Asked.END)
    if asked is None:
        raise Refused(f"no end of case No. {case.pk} is proposed", "没有待确认的办结申请")
    if by.account is not None and by.account in ({asked.asked_account} | handlers_of(case)):
        raise Refused(
            "whoever proposed an end or had the case in hand does not confirm it: a colleague who may judge does",
            "提出人和经办人不能确认，须由另一名有研判权限的人员确认",
        )  # fmt: skip
    words = reason if granted else enough(reason, 4, "a reason is missing why not", "缺少不同意的理由")
    other = asked.detail.get("other")
    if granted and other is not None and not Case.objects.filter(pk=other, state__in=OPEN).exists():
        raise Refused(
            f"case No. {other}, which this one repeats, is open no more: refuse this end, so that somebody still has the matter",
            f"所重复的事项 {other} 已办结：请驳回此申请，以免无人办理",
        )
    decide(asked, granted, words, by, at)
    if not granted:
        taken.step = replace(taken.step, to="")
        return finish(taken, by=by, at=at, reason=words, what="refuse_end", detail=asked.detail)
    case.end, case.end_cause = asked.detail["end"], asked.detail.get("cause", "")
    case.closed_on, case.closed_at, case.observing = today(), at, False
    case.contested = False
    overtaken(case, at)
    return finish(taken, by=by, at=at, reason=words or asked.reason, what="end", detail=asked.detail)


def open_of(case: Case, kind: str) -> Asked | None:
    return Asked.objects.filter(case=case, kind=kind, decided_at=None).first()


def overtaken(case: Case, at: datetime, *kinds: str) -> None:
    """What was asked and is no longer to be decided (all, or these kinds): the case has moved on. Nobody granted it, nobody refused it."""
    waiting = Asked.objects.filter(case=case, decided_at=None)
    (waiting.filter(kind__in=kinds) if kinds else waiting).update(decided_at=at, granted=False)


def decide(asked: Asked, granted: bool, answer: str, by: Viewer, at: datetime) -> None:
    done = Asked.objects.filter(pk=asked.pk, decided_at=None).update(
        granted=granted, answer=answer[:1_000], decided_by=by.name, decided_account=by.account, decided_at=at
    )
    if not done:
        raise Refused("somebody else has decided already: load the page again", "已由他人决定：请刷新页面")
