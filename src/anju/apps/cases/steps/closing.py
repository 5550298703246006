"""Closing (销号): approvals of the ranks that the level asks for, when the gate lacks nothing else; exceptions; the household's answer."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import transaction

from anju.apps.cases.gate import checklist_of
from anju.apps.cases.models import Answer, AnswerLink, Approval, Asked, Case, Decision, LookBack
from anju.apps.cases.moving import PLATFORM, Taken, begin, enough, finish, handlers_of, happened, one_at_a_time
from anju.apps.cases.ranks import ranks_for
from anju.apps.cases.refusing import Refused, not_there, titles_of
from anju.apps.cases.rules import casework, closing_of, today
from anju.apps.cases.scope import cases_in_scope
from anju.apps.cases.steps.ending import askers_of, decide, open_of, overtaken
from anju.apps.cases.steps.watching import watch
from anju.apps.findings.current import policy
from anju.apps.journal.actions import record
from anju.core.casework.gate import Requirement, ready
from anju.core.casework.states import FEEDBACK
from anju.core.terms.viewer import Viewer

ANSWERS = ("solved", "partly", "not")
CHANNELS = ("link", "paper", "phone", "visit")


class NotYet(Refused):
    """The gate holds: `missing` says what, and who can supply it."""

    def __init__(self, number: int, missing: tuple[Requirement, ...]) -> None:
        self.missing = missing
        en = "; ".join(f"{one.title.en} ({_why(one, 'en')})" for one in missing)
        zh = "；".join(f"{one.title.zh}（{_why(one, 'zh')}）" for one in missing)
        super().__init__(f"case No. {number} cannot be closed yet. Missing: {en}", f"编号 {number} 暂不能销号。还缺：{zh}")


def _why(one: Requirement, lang: str) -> str:
    told = [getattr(each, lang) for each in one.told]
    who = getattr(titles_of(one.who), lang)
    return "; ".join([*told, *([f"{who} can supply it" if lang == "en" else f"可由{who}补充"] if who else [])]) or "–"


@transaction.atomic
def close(*, number: int, by: Viewer, at: datetime, data: Path, reason: str = "", seen: int | None = None) -> Case:
    """One approval in the rank of the post; with the last of them the case is closed. Raises NotYet where the gate lacks anything else."""
    taken = begin(number, "close", by, seen=seen)
    role = _approves_as(taken, by)
    if by.account is not None and by.account in handlers_of(taken.case):
        raise Refused(
            "whoever had the case in hand does not close it: a second person of the rank the level demands does",
            "经办人不能销号，须由相应层级的另一人办理",
        )  # fmt: skip
    _nothing_to_decide(taken.case)
    watch(data=data, at=at, numbers=[number], by=by)
    taken = begin(number, "close", by)
    case = taken.case
    found = checklist_of(case)
    if not ready(found):
        raise NotYet(number, tuple(one for one in found if not one.holds and not one.code.startswith("approval:")))
    earlier = list(Approval.objects.filter(case=case, round=case.round))
    if any(one.role == role for one in earlier):
        raise Refused(f"{next(one.name for one in earlier if one.role == role)} has approved in this rank already", "该层级已同意销号")
    if any(one.account is not None and one.account == by.account for one in earlier):
        raise Refused("one person gives one approval: the other rank is another person's", "同一人只能同意一次，另一层级须由他人办理")
    Approval.objects.create(case=case, round=case.round, role=role, account=by.account, name=by.name, at=at, reason=reason[:1_000])
    left = [one for one in closing_of(case.level).approvals if one not in {role, *(each.role for each in earlier)}]
    if left:
        taken = _staying(taken)
        return finish(taken, by=by, at=at, reason=reason, what="approve", detail={"as": role})
    _close(case, at)
    done = finish(taken, by=by, at=at, reason=reason, detail={"as": role, "quick": _quick(case, at)})
    _plan_look_backs(done)
    return done


def _staying(taken: Taken) -> Taken:
    step = taken.step
    return replace(taken, step=type(step)(step.name, step.title, step.acts, step.sources))


def _approves_as(taken: Taken, by: Viewer) -> str:
    """The rank that the approval counts for: the post's own, or one that it stands in for."""
    given = set(Approval.objects.filter(case=taken.case, round=taken.case.round).values_list("role", flat=True))
    ranks = ranks_for(taken.case, by)
    if not ranks:
        told = titles_of(closing_of(taken.case.level).approvals)
        raise Refused(f"a {taken.case.level} case is closed by {told.en}", f"该等级由 {told.zh} 销号")
    return next((role for role in ranks if role not in given), ranks[0])


def _nothing_to_decide(case: Case) -> None:
    """What a second person must decide first: who closes does not step around her."""
    waiting = Asked.objects.filter(case=case, decided_at=None, kind__in=[Asked.END, Asked.ARBITER]).order_by("pk").first()
    if waiting is None:
        return
    if waiting.kind == Asked.END:
        raise Refused(
            f"{waiting.asked_by} has proposed another end of case No. {case.pk}: confirm or refuse that first",
            f"{waiting.asked_by} 已申请其他办结：请先确认或驳回",
        )
    raise Refused(
        f"case No. {case.pk} is contested ({waiting.asked_by}): an arbiter decides first", f"该事项存在争议（{waiting.asked_by}）：须先裁定"
    )


def _close(case: Case, at: datetime) -> None:
    day = today()
    days = casework().look_back.get(case.level, ())
    case.closed_on, case.closed_at, case.end, case.observing = day, at, "closed", False
    case.watch_until = day + timedelta(days=max(days)) if days else None
    overtaken([case], at)


def _quick(case: Case, at: datetime) -> bool:
    return case.fed_back_at is not None and at - case.fed_back_at < timedelta(minutes=casework().quick_minutes)


def _plan_look_backs(case: Case) -> None:
    """At the days of its level after closing."""
    assert case.closed_on is not None
    LookBack.objects.bulk_create(
        [
            LookBack(case=case, due_on=case.closed_on + timedelta(days=days), path=case.path, not_account=None)
            for days in casework().look_back.get(case.level, ())
        ],
        ignore_conflicts=True,
    )


# --- exceptions ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_exception(*, number: int, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Asked:
    """Asks that the case may close though the data do not say so: reviewed by a second person, and kept in a register."""
    taken = begin(number, "ask_exception", by, seen=seen)
    case = taken.case
    words = enough(reason, 10, "the grounds are missing why the data cannot say so", "缺少数据无法证明的理由")
    if open_of(case, Asked.EXCEPTION) is not None:
        raise Refused("an exception is asked for already", "已有待审的例外申请")
    made = Asked.objects.create(
        case=case, kind=Asked.EXCEPTION, detail={"round": case.round}, reason=words, asked_by=by.name, asked_account=by.account, asked_at=at
    )
    finish(taken, by=by, at=at, reason=words)
    return made


@transaction.atomic
def decide_exception(*, number: int, granted: bool, reason: str, by: Viewer, at: datetime, data: Path, seen: int | None = None) -> Case:
    taken = begin(number, "grant_exception", by, seen=seen)
    case = taken.case
    asked = open_of(case, Asked.EXCEPTION)
    if asked is None:
        raise Refused("no exception is asked for", "没有待审的例外申请")
    if by.account is not None and by.account in ({asked.asked_account} | handlers_of(case)):
        raise Refused("whoever asked or had the case in hand does not review it", "申请人和经办人不能审批例外")
    words = enough(reason, 4, "the grounds of the review are missing", "缺少审批理由")
    decide(asked, granted, words, by, at)
    taken.concerned = askers_of([asked])
    done = finish(taken, by=by, at=at, reason=words, what="" if granted else "refuse_exception")
    watch(data=data, at=at, numbers=[number], by=by)
    done.refresh_from_db()
    return done


@transaction.atomic
def record_decision(*, number: int, code: str, on: date, reason: str, by: Viewer, at: datetime) -> Decision:
    """A decision that the standards read (`recorded('assistance_paid')`): by whoever may close or judge, with its grounds."""
    if not (by.can("cases.judge") or by.can("cases.close")):
        raise Refused("a decision is recorded by whoever judges or closes", "须由研判或销号岗位登记决定")
    one_at_a_time()
    case = cases_in_scope(by).select_for_update(of=("self",)).filter(pk=number).first()
    if case is None:
        raise not_there([number])
    known = decisions_known(case.standard)
    if code not in known:
        told = ", ".join(sorted(known)) or "none"
        raise Refused(f"the standard reads no decision '{code}': it reads {told}", f"该标准不读取“{code}”这一决定")
    if not case.opened_on <= on <= today():
        raise Refused(f"a decision is of a day from {case.opened_on} to {today()}", f"决定日期须在 {case.opened_on} 至 {today()} 之间")
    words = enough(reason, 4, "the grounds are missing", "缺少依据")
    made, new = Decision.objects.get_or_create(
        case=case, code=code, on=on, defaults={"reason": words, "by": by.name, "account": by.account, "at": at}
    )
    if not new:
        raise Refused(f"{made.by} has recorded it for {on} already", f"{made.by} 已登记过该日的决定")
    happened([case], "decision", at=at, by=by, reason=words, detail={"code": code, "on": on.isoformat()})
    record(act="cases.decision", about=f"case:{number}", by=by, at=at, detail={"code": code, "on": on.isoformat()})
    return made


def decisions_known(standard: str) -> frozenset[str]:
    """The decisions that a standard's conditions ask for."""
    found = policy().standards.get(standard)
    texts = (
        [version.clears_text for version in found.versions] + [b.text for v in found.versions for b in v.breaches] if found is not None else []
    )
    return frozenset(name for text in texts for name in re.findall(r"recorded\('([a-z_]+)'\)", text))


# --- the household's answer ----------------------------------------------------------------------------------------------------


@transaction.atomic
def record_answer(*, number: int, answer: str, channel: str, by: Viewer, at: datetime, data: Path, words: str = "") -> Answer:
    """The household's word as a worker heard it or has it on paper."""
    if not by.can("cases.see"):
        raise Refused("the post you act in may not do this", "您当前岗位不能办理")
    one_at_a_time()
    case = cases_in_scope(by).select_for_update(of=("self",)).filter(pk=number).first()
    if case is None:
        raise not_there([number])
    return _answered(case, answer, channel, words, by, at, data)


@transaction.atomic
def make_link(*, number: int, by: Viewer, at: datetime) -> tuple[AnswerLink, str]:
    """A link that serves once, and its secret part, which is shown now and never again."""
    if not (by.can("cases.handle") or by.can("cases.assign")):
        raise Refused("whoever handles or assigns a case asks the family", "须由处置或交办岗位生成")
    case = cases_in_scope(by).filter(pk=number).first()
    if case is None:
        raise not_there([number])
    if case.household_id is None or case.state != FEEDBACK:
        raise Refused("the family is asked once a measure was fed back, of a matter of its own", "反馈之后方可请群众答复")
    text = secrets.token_urlsafe(18)
    made = AnswerLink.objects.create(
        case=case,
        digest=digest_of(text),
        round=case.round,
        made_by=by.name,
        made_at=at,
        expires_on=today() + timedelta(days=casework().answer_days),
    )
    record(act="cases.make_link", about=f"case:{number}", by=by, at=at)
    return made, text


def digest_of(text: str) -> str:
    """A link is long and drawn at random: a plain hash keeps it."""
    return hashlib.sha256(text.encode()).hexdigest()


def link_of(text: str, day: date) -> AnswerLink | None:
    """The link where it still serves; the same nothing where it never was, is used, is over, or the case has moved on."""
    found = AnswerLink.objects.select_related("case").filter(digest=digest_of(text), used_at=None, expires_on__gte=day).first()
    return found if found is not None and found.case.state == FEEDBACK and found.round == found.case.round else None


@transaction.atomic
def answer_by_link(*, text: str, answer: str, words: str, at: datetime, data: Path) -> Answer:
    one_at_a_time()
    link = link_of(text, today())
    if link is None or not AnswerLink.objects.filter(pk=link.pk, used_at=None).update(used_at=at):
        raise Refused("this link no longer serves: it was used, or its time is over", "该链接已失效：已使用或已过期")
    case = Case.objects.select_for_update().get(pk=link.case_id)
    return _answered(case, answer, "link", words, PLATFORM, at, data)


def _answered(case: Case, answer: str, channel: str, words: str, by: Viewer, at: datetime, data: Path) -> Answer:
    if answer not in ANSWERS or channel not in CHANNELS:
        raise Refused("answer solved, partly or not", "请选择：已解决、部分解决、未解决")
    if case.state != FEEDBACK:
        raise Refused("the family is asked once a measure was fed back", "反馈之后方可登记群众答复")
    made = Answer.objects.create(
        case=case, round=case.round, answer=answer, channel=channel, words=words.strip()[:1_000], at=at,
        recorded_by="" if channel == "link" else by.name, account=by.account,
    )  # fmt: skip
    happened([case], "answered", at=at, by=by, detail={"answer": answer, "channel": channel})
    record(act="cases.answer", about=f"case:{case.pk}", by=by, at=at, detail={"answer": answer, "channel": channel})
    watch(data=data, at=at, numbers=[case.pk], by=by)
    return made
