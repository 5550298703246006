"""The listed ends other than closing: proposed by one person with her grounds, confirmed or refused by another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from anju.apps.cases.models import Asked, Case
from anju.apps.cases.moving import MOST, Taken, begin_many, enough, finish_many, not_too_many
from anju.apps.cases.ranks import Ranks
from anju.apps.cases.refusing import Refused, unless_any
from anju.apps.cases.rules import today
from anju.apps.cases.scope import cases_in_scope
from anju.core.casework.states import CAUSES, ENDS, OPEN, STEPS
from anju.core.terms.viewer import Viewer


def ask_end(
    *, number: int, end: str, reason: str, by: Viewer, at: datetime, cause: str = "", other: int | None = None, seen: int | None = None
) -> Case:  # fmt: skip
    """Proposes another end than closing. What it needs: grounds in words, the cause of a false alarm, the other case of a duplicate."""
    versions = {number: seen} if seen is not None else {}
    return ask_ends(numbers=[number], end=end, reason=reason, by=by, at=at, cause=cause, other=other, seen=versions)[0]


@transaction.atomic
def ask_ends(
    *, numbers: Sequence[int], end: str, reason: str, by: Viewer, at: datetime, cause: str = "", other: int | None = None,
    seen: Mapping[int, int] | None = None,
) -> list[Case]:  # fmt: skip
    """The same end of many, on the same grounds: all of them or none, in as many queries as a few take. `seen`: the versions that stood on
    the page."""
    taken = begin_many(not_too_many(numbers), "propose_end", by, seen=seen)
    return propose(taken, end=end, reason=reason, by=by, at=at, cause=cause, other=other)


def propose(taken: Sequence[Taken], *, end: str, reason: str, by: Viewer, at: datetime, cause: str, other: int | None) -> list[Case]:
    """Of cases that a step has been begun with, whichever: proposing is what it comes to. In the transaction of the caller."""
    if end not in ENDS:
        raise Refused(f"'{end}' is no end: one of {', '.join(ENDS)}", "请选择办结方式")
    need = ENDS[end]
    words = enough(reason, 4, "grounds are missing", "缺少依据")
    if need.causes and cause not in need.causes:
        raise Refused(f"say what was wrong: {', '.join(CAUSES[each].en for each in need.causes)}", "请说明误报原因：规则、数据或报送")
    if need.needs_other and (other is None or not cases_in_scope(by).filter(pk=other, state__in=OPEN).exists()):
        raise _no_other()
    refused = {each.case.pk: _no_other() for each in taken if need.needs_other and each.case.pk == other}
    asked_already = set(asked_ends([each.case.pk for each in taken]))
    for each in taken:
        if each.case.pk in asked_already:
            number = each.case.pk
            refused[number] = Refused(
                f"an end of case No. {number} is proposed already: a second person must decide on it first", "已有待确认的办结申请"
            )
    unless_any(refused, len(taken))
    detail: dict[str, Any] = {"end": end, **({"cause": cause} if need.causes else {}), **({"other": other} if need.needs_other else {})}
    made = [
        Asked(case=each.case, kind=Asked.END, detail=detail, reason=words, asked_by=by.name, asked_account=by.account, asked_at=at)
        for each in taken
    ]
    Asked.objects.bulk_create(made, MOST)
    for each in taken:
        each.step = STEPS["propose_end"]
    return finish_many(taken, by=by, at=at, reason=words, detail=detail)


def _no_other() -> Refused:
    return Refused("name the other case that this one repeats: one that is open", "请填写重复的另一事项编号（须为未办结事项）")


def decide_end(*, number: int, granted: bool, by: Viewer, at: datetime, reason: str = "", seen: int | None = None) -> Case:
    """A second person's word on a proposed end: nobody who proposed it or had the case in hand."""
    return decide_ends(numbers=[number], granted=granted, by=by, at=at, reason=reason, seen={number: seen} if seen is not None else {})[0]


@transaction.atomic
def decide_ends(
    *, numbers: Sequence[int], granted: bool, by: Viewer, at: datetime, reason: str = "", seen: Mapping[int, int] | None = None
) -> list[Case]:  # fmt: skip
    """The same word on the ends proposed of many: all of them or none, in as many queries as a few take."""
    taken = begin_many(not_too_many(numbers), "confirm_end", by, seen=seen)
    asked = asked_ends([each.case.pk for each in taken])
    ranks = Ranks(each.case for each in taken)
    ending = {each.case.pk for each in taken} if len(taken) > 1 else set()
    open_still = _still_open([one.detail["other"] for one in asked.values() if one.detail.get("other") is not None]) if granted else set()
    refused = {}
    for each in taken:
        why = _not_by(each.case, asked.get(each.case.pk), ranks, by)
        if why is None and granted:
            why = _leaves_nobody(asked[each.case.pk], open_still, ending)
        if why is not None:
            refused[each.case.pk] = why
    unless_any(refused, len(taken))
    words = reason if granted else enough(reason, 4, "a reason is missing why not", "缺少不同意的理由")
    decide_many(list(asked.values()), granted, words, by, at)
    day = today()
    for each in taken:
        case, one = each.case, asked[each.case.pk]
        each.detail.update(one.detail)
        each.concerned = askers_of([one])
        each.reason = words or one.reason
        if not granted:
            each.step = replace(each.step, to="")
            continue
        case.end, case.end_cause = one.detail["end"], one.detail.get("cause", "")
        case.closed_on, case.closed_at, case.observing = day, at, False
        case.contested = False
    if granted:
        overtaken([each.case for each in taken], at)
    return finish_many(taken, by=by, at=at, what="end" if granted else "refuse_end")


def _not_by(case: Case, asked: Asked | None, ranks: Ranks, by: Viewer) -> Refused | None:
    if asked is None:
        return Refused(f"no end of case No. {case.pk} is proposed", "没有待确认的办结申请")
    if by.account is not None and by.account in ({asked.asked_account} | ranks.handlers(case)):
        return Refused(
            "whoever proposed an end or had the case in hand does not confirm it: a colleague who may judge does",
            "提出人和经办人不能确认，须由另一名有研判权限的人员确认",
        )  # fmt: skip
    return None


def _leaves_nobody(asked: Asked, open_still: Collection[int], ending: Collection[int]) -> Refused | None:
    """What a case repeats must stand: it is open, and does not end in the same step."""
    other = asked.detail.get("other")
    if other is None or (other in open_still and other not in ending):
        return None
    if other in open_still:
        return Refused(
            f"it repeats case No. {other}, which would end with it: decide on one of the two first, so that somebody still has the matter",
            f"所重复的事项 {other} 也在本次办结之列：请先决定其中一件，以免无人办理",
        )
    return Refused(
        f"case No. {other}, which this one repeats, is open no more: refuse this end, so that somebody still has the matter",
        f"所重复的事项 {other} 已办结：请驳回此申请，以免无人办理",
    )


def _still_open(numbers: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for first in range(0, len(numbers), MOST):
        found |= set(Case.objects.filter(pk__in=numbers[first : first + MOST], state__in=OPEN).values_list("pk", flat=True))
    return found


def asked_ends(numbers: Sequence[int]) -> dict[int, Asked]:
    """By the number of its case, the end that is proposed and waits for a second person's word."""
    found: dict[int, Asked] = {}
    for first in range(0, len(numbers), MOST):
        found |= {one.case_id: one for one in Asked.objects.filter(case__in=numbers[first : first + MOST], kind=Asked.END, decided_at=None)}
    return found


def askers_of(asked: Iterable[Asked]) -> frozenset[int]:
    return frozenset(one.asked_account for one in asked if one.asked_account is not None)


def open_of(case: Case, kind: str) -> Asked | None:
    return Asked.objects.filter(case=case, kind=kind, decided_at=None).first()


def overtaken(cases: Sequence[Case], at: datetime, *kinds: str) -> None:
    """What was asked and is no longer to be decided (all, or these kinds): the case has moved on. Nobody granted it, nobody refused it."""
    for first in range(0, len(cases), MOST):
        waiting = Asked.objects.filter(case__in=cases[first : first + MOST], decided_at=None)
        (waiting.filter(kind__in=kinds) if kinds else waiting).update(decided_at=at, granted=False)


def decide(asked: Asked, granted: bool, answer: str, by: Viewer, at: datetime) -> None:
    decide_many([asked], granted, answer, by, at)


def decide_many(asked: Sequence[Asked], granted: bool, answer: str, by: Viewer, at: datetime) -> None:
    said = {"granted": granted, "answer": answer[:1_000], "decided_by": by.name, "decided_account": by.account, "decided_at": at}
    done = 0
    for first in range(0, len(asked), MOST):
        keys = [one.pk for one in asked[first : first + MOST]]
        done += Asked.objects.filter(pk__in=keys, decided_at=None).update(**said)
    if done != len(asked):
        raise Refused("somebody else has decided already: load the page again", "已由他人决定：请刷新页面")
