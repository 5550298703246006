"""Handling (处置): measures with an owner and a due date, feedback (反馈) when they are in place, and more time where it is granted."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from anju.apps.cases.models import Asked, Case, Measure
from anju.apps.cases.moving import Taken, begin, enough, finish, handlers_of
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import casework, clocks_of, due, today
from anju.apps.cases.steps.ending import askers_of, decide, open_of, overtaken
from anju.apps.cases.steps.watching import look_now
from anju.core.terms.viewer import Viewer

MOST_COST = 10**12  # fen


@transaction.atomic
def plan_measure(
    *, number: int, text: str, owner: str, due_on: date, by: Viewer, at: datetime, department: str = "", cost: int | None = None,
    seen: int | None = None,
) -> Measure:  # fmt: skip
    """What is to be done, by whom, until when, at what cost (fen)."""
    taken = _in_hand(begin(number, "plan_measure", by, seen=seen), by)
    words = enough(text, 2, "what is to be done is missing", "缺少措施内容")[:400]
    who = enough(owner, 2, "who does it is missing", "缺少责任人")[:150]
    day = today()
    limit = max(taken.case.handle_due or day, day)  # what is overdue is planned for today all the same
    if due_on < day:
        raise Refused(f"{due_on} lies before today, {day}: choose a later day", f"{due_on} 早于今天 {day}：请选择之后的日期")
    if due_on > limit and not taken.case.extended:
        raise Refused(
            f"the case must be handled by {limit}: choose a day until then, or ask for more time",
            f"该事项须在 {limit} 前处置完成：请选择此前日期，或申请延期",
        )  # fmt: skip
    if cost is not None and not 0 <= cost <= MOST_COST:
        raise Refused("the cost is out of range", "金额超出范围")
    made = Measure.objects.create(
        case=taken.case, round=taken.case.round, text=words, department=department[:40], owner=who, due_on=due_on, cost=cost,
        planned_by=by.name, planned_at=at,
    )  # fmt: skip
    finish(taken, by=by, at=at, reason=words, detail={"measure": made.pk, "due": due_on.isoformat()})
    return made


@transaction.atomic
def finish_measure(
    *, number: int, measure: int, done_on: date, result: str, by: Viewer, at: datetime, cost: int | None = None, seen: int | None = None
) -> Measure:  # fmt: skip
    """A measure was carried out, on a day, with a result. Its files are attached to 'measure:<key>'."""
    taken = _in_hand(begin(number, "finish_measure", by, seen=seen), by)
    found = Measure.objects.filter(case=taken.case, pk=measure, dropped_at=None).first()
    if found is None:
        raise Refused("there is no such measure of this case", "该事项没有此项措施")
    if found.done_on is not None:
        raise Refused(f"{found.done_by} has recorded it as done on {found.done_on} already", f"{found.done_by} 已登记于 {found.done_on} 完成")
    day = today()
    first = taken.case.reopened_on or taken.case.opened_on
    if done_on > day or done_on < first:
        raise Refused(
            f"a measure is done between the day the case opened, {first}, and today, {day}", f"完成日期须在 {first} 与今天 {day} 之间"
        )  # fmt: skip
    words = enough(result, 2, "what came of it is missing", "缺少措施结果")
    found.done_on, found.result, found.done_by, found.done_account = done_on, words, by.name, by.account
    found.cost = cost if cost is not None else found.cost
    found.save(update_fields=["done_on", "result", "done_by", "done_account", "cost"])
    taken.case.measured_on = max(done_on, taken.case.measured_on or done_on)
    finish(taken, by=by, at=at, reason=words, detail={"measure": found.pk, "done": done_on.isoformat()})
    return found


@transaction.atomic
def drop_measure(*, number: int, measure: int, reason: str, by: Viewer, at: datetime) -> None:
    """Takes a planned measure back; it stays in the record."""
    taken = _in_hand(begin(number, "drop_measure", by), by)
    words = enough(reason, 4, "a reason is missing", "缺少理由")
    if not Measure.objects.filter(case=taken.case, pk=measure, done_on=None, dropped_at=None).update(dropped_at=at):
        raise Refused("only a measure that is planned and not done is taken back", "只能取消尚未完成的措施")
    finish(taken, by=by, at=at, reason=words, detail={"measure": measure})


@transaction.atomic
def feed_back(*, number: int, words: str, by: Viewer, at: datetime, seen: int | None = None) -> Case:
    """The measures are in place: the handling clock ends here. What closing must still wait for is observation."""
    taken = _in_hand(begin(number, "feed_back", by, seen=seen), by)
    case = taken.case
    told = enough(words, 4, "the feedback is missing: what was done, and what came of it", "缺少反馈内容：做了什么、结果如何")
    measures = list(Measure.objects.filter(case=case, round=case.round, dropped_at=None))
    if left := [one for one in measures if one.done_on is None]:
        first = f"{left[0].owner}: “{left[0].text[:60]}”, {left[0].due_on}"
        raise Refused(
            f"{len(left)} measure(s) are not done ({first}): record them as done, or take them back",
            f"还有 {len(left)} 项措施未完成（{first}）：请登记完成或取消",
        )
    if not measures:
        raise Refused("no measure is recorded in this round: plan one and record it as done", "本轮尚未登记措施：请先制定并登记完成")
    day = today()
    overtaken([case], at, Asked.EXTENSION)
    case.fed_back_at, case.fed_back_on, case.signed_by = at, day, ""
    case.ready_on, case.close_due, case.escalated = None, due(day, clocks_of(case.level).close), 0
    case.seen_run, case.clearing, case.fresh, case.observing = None, "", False, False
    return look_now(finish(taken, by=by, at=at, reason=told, looks=True), by=by, at=at, waited=taken.waited, what="feed_back")


@transaction.atomic
def ask_extension(*, number: int, until: date, reason: str, by: Viewer, at: datetime, seen: int | None = None) -> Asked:
    """Asks for more time: once for each case, no further than casework.yaml allows."""
    taken = _in_hand(begin(number, "ask_extension", by, seen=seen), by)
    case = taken.case
    words = enough(reason, 4, "a reason is missing", "缺少理由")
    if case.extended:
        raise Refused("one extension has been granted: there is no second", "已批准过一次延期，不能再次延期")
    if open_of(case, Asked.EXTENSION) is not None:
        raise Refused("an extension is asked for already", "已有待批准的延期申请")
    assert case.handle_due is not None
    most = due(case.handle_due, casework().extension)
    if most < today():
        raise Refused(
            f"more time reaches to {most} at most, and that is over: handle it now, or propose another end",
            f"最多可延期至 {most}，已过期：请立即处置，或申请其他办结",
        )
    if not max(case.handle_due, today() - timedelta(days=1)) < until <= most:
        raise Refused(f"choose a day after {case.handle_due} and not after {most}", f"请选择 {case.handle_due} 之后、{most} 以前的日期")
    made = Asked.objects.create(
        case=case,
        kind=Asked.EXTENSION,
        detail={"until": until.isoformat()},
        reason=words,
        asked_by=by.name,
        asked_account=by.account,
        asked_at=at,
    )
    finish(taken, by=by, at=at, reason=words, detail={"until": until.isoformat()})
    return made


@transaction.atomic
def decide_extension(*, number: int, granted: bool, by: Viewer, at: datetime, reason: str = "", seen: int | None = None) -> Case:
    taken = begin(number, "grant_extension", by, seen=seen)
    case = taken.case
    asked = open_of(case, Asked.EXTENSION)
    if asked is None:
        raise Refused("nobody asks for more time", "没有待批准的延期申请")
    if by.account is not None and by.account in ({asked.asked_account} | handlers_of(case)):
        raise Refused("whoever asked or has the case in hand does not grant it", "申请人和经办人不能自行批准")
    until = date.fromisoformat(asked.detail["until"])
    assert case.handle_due is not None
    if granted and until > due(case.handle_due, casework().extension):
        raise Refused(
            f"the case has become graver and is due on {case.handle_due}: {until} is too far behind that: refuse, a nearer day can be asked for",
            f"事项等级已升高，处置期限为 {case.handle_due}：{until} 过晚，请驳回后重新申请",
        )
    words = reason if granted else enough(reason, 4, "a reason is missing why not", "缺少不同意的理由")
    decide(asked, granted, words, by, at)
    taken.concerned = askers_of([asked])
    if granted:
        case.handle_due, case.extended, case.escalated = max(until, case.handle_due), True, 0
    return finish(taken, by=by, at=at, reason=words, what="" if granted else "refuse_extension", detail=asked.detail)


def _in_hand(taken: Taken, by: Viewer) -> Taken:
    """Whoever has the case, or of her post's places somebody of the owning department: a colleague in the next office may help."""
    case = taken.case
    if by.account != case.assignee and not by.can("cases.assign"):
        raise Refused(
            f"case No. {case.pk} is with {case.assignee_name or 'nobody'}: she does this, or whoever puts cases into hands",
            f"编号 {case.pk} 由 {case.assignee_name or '（未交办）'} 负责：须由其办理，或由能交办的岗位办理",
        )
    if case.contested and (asked := open_of(case, Asked.ARBITER)) is not None and asked.detail.get("about") == "return":
        raise Refused(
            f"{asked.asked_by} contests the return of case No. {case.pk}: an arbiter decides first", "退回存在争议：须先裁定"
        )  # fmt: skip
    return taken
