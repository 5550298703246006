"""How the sample's cases are lived: people take every step by the same actions that the pages call, on the working days of a span.

What each case will come to is drawn from its own number, so that the same sample lives the same cases. Most go the plain way; some are
late, returned, contested, prolonged, false alarms, or closed by an exception.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from django.db import transaction
from django.db.models import F

from anju.apps.attachments.actions import store_attachment
from anju.apps.cases.models import Asked, Case, CaseEvent, LookBack, Measure
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import as_of, calendar, due
from anju.apps.cases.standing import OVER_MOVES, counted_together
from anju.apps.cases.steps.assigning import assign
from anju.apps.cases.steps.closing import ask_exception, close, decide_exception, record_answer
from anju.apps.cases.steps.ending import decide_end
from anju.apps.cases.steps.handling import ask_extension, decide_extension, feed_back, finish_measure, plan_measure
from anju.apps.cases.steps.judging import judge, lower
from anju.apps.cases.steps.looking_back import look_back
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.reviewing import arbitrate, contest, return_back, sign
from anju.apps.cases.steps.verifying import verify
from anju.apps.cases.steps.watching import watch
from anju.apps.cases.telling import told_together
from anju.apps.notices.models import Notice
from anju.apps.people.vault import FileVault
from anju.core.casework.states import CLOSED
from anju.core.terms.durations import Duration
from anju.sample.casework_words import DONE, DONE_THERE, FEEDBACK, FEEDBACK_THERE, FOUND, FOUND_THERE, GROUNDS, MEASURES
from anju.sample.hands import Living, approver_of, hand_of, judge_of, lead_of, must, seen, worker_of
from anju.sample.listed import RISKS, go_on, propose
from anju.sample.pictures import picture
from anju.sample.plan import hash_of
from anju.sample.reported import hear
from anju.sample.telling import cases_told, tell
from anju.sample.workforce import workforce

UNREAD = timedelta(days=2)  # what was told before is read

ENDS = {"false_alarm": 0.05, "routine": 0.03, "refused": 0.01, "unsolvable": 0.01}
LISTED = 4  # one in so many of those for whom it would do
LATE, RETURNED, CONTESTED, PROLONGED, LOWERED, EXCEPTED = 0.08, 0.09, 0.3, 0.04, 0.03, 0.02


@dataclass(frozen=True, slots=True)
class Course:
    """What a case will come to. Days are working days after the step before."""

    end: str
    late: int  # working days that nobody acts after a deadline has passed; 0: in time
    returned: bool
    contested: bool
    prolonged: bool
    lowered: bool
    excepted: bool
    pace: float  # how much of the time that there is somebody takes
    chance: int


def course_of(case: Case) -> Course:
    """Drawn from what the case is, and how often it opened."""
    seed = hash_of(f"{case.standard}:{case.subject}:{case.subject_key or case.subject_id}:{case.opened_on}:{case.reopened}")
    rng = np.random.default_rng(seed)
    drawn, limit = rng.random(), 0.0
    end = ""
    for name, share in ENDS.items():
        limit += share
        if not end and drawn < limit:
            end = name
    flags = rng.random(6)
    return Course(
        end, int(rng.integers(2, 14)) if flags[0] < LATE else 0, bool(flags[1] < RETURNED), bool(flags[1] < RETURNED * CONTESTED),
        bool(flags[2] < PROLONGED), bool(flags[3] < LOWERED), bool(flags[4] < EXCEPTED), 0.25 + 0.6 * float(flags[5]), seed,
    )  # fmt: skip


def plan(living: Living, case: Case) -> None:
    """Puts the next step of a case on the day on which somebody will take it."""
    on = next_day(living, case)
    if on is not None:
        living.agenda[max(on, living.day + timedelta(days=1))].add(case.pk)


def next_day(living: Living, case: Case) -> date | None:
    if case.waits_on in (*OVER_MOVES, "observe") or case.pk in living.leave:
        return None
    course = course_of(case)
    last = CaseEvent.objects.filter(case=case).exclude(what__in=["escalated", "rose", "eased", "over"]).order_by("-pk").first()
    since = last.day if last is not None else case.opened_on
    if case.waits_on in ("verify", "handle", "show") and case.deadline is not None:
        if course.late and case.waits_on != "show":
            return due(case.deadline, Duration(course.late, "wd"))
        span = max(0, calendar().between(since, case.deadline) - 1)
        return due(since, Duration(max(1, int(span * course.pace)), "wd"))
    return due(since, Duration(1 + case.pk % 2, "wd"))


def live(start: date, end: date, *, by: str, data: Path, leave: Iterable[int] = ()) -> list[str]:
    """Every day after `start` up to `end`: the stories as their scripts say, everybody else on working days. Answers what could not be
    done, one line each. `leave`: cases that nobody touches, as one that a visitor has in hand."""
    left = {*leave}
    scripts = {key: script for key, script in cases_told(data).items() if key not in left}
    living = Living(workforce(by=by), data, FileVault(), start, leave=frozenset({*left, *scripts}))
    for case in Case.objects.exclude(waits_on__in=OVER_MOVES).order_by("pk"):
        plan(living, case)
    while living.day < end:
        living.day += timedelta(days=1)
        with as_of(living.day):
            pass_day(at=living.at)
            with transaction.atomic(), told_together(living.at), counted_together():
                tell(living, scripts)
                go_on(living)
                if calendar().is_working(living.day):
                    _work(living)
                    for case in hear(living):
                        plan(living, case)
    Notice.objects.filter(read_at=None, made_at__lt=living.at - UNREAD).update(read_at=F("made_at"))  # people read what they are told
    return living.told


def taken_by_visitors(day: date) -> list[int]:
    """Cases in which somebody has taken a step on a page: she goes on with them. A step on a page is written by the real clock, years
    after the sample's `day`; the people of the sample write by theirs."""
    later = datetime.combine(day + timedelta(days=2), time(0), UTC)
    return list(CaseEvent.objects.filter(at__gte=later).exclude(account=None).values_list("case", flat=True).distinct())


def _work(living: Living) -> None:
    today = sorted(living.agenda.pop(living.day, ()))
    for earlier in [day for day in living.agenda if day < living.day]:
        today += sorted(living.agenda.pop(earlier))
    fresh: dict[int, list[Case]] = defaultdict(list)
    for key in today:
        case = Case.objects.get(pk=key)
        if case.waits_on == "assign":
            fresh[hand_of(living, case) or 0].append(case)
        else:
            _step(living, case)
    for account, cases in fresh.items():
        if account:
            _assign(living, account, cases)
    backs = LookBack.objects.filter(done_at=None, due_on__lte=living.day, case__state=CLOSED).exclude(case__in=living.leave)
    for due_now in backs.select_related("case").order_by("pk"):
        _look_back(living, due_now)


def _look_back(living: Living, one: LookBack) -> None:
    """By the cadre of the community, or for a site by a colleague of the department, who sees at the door whether it holds."""
    case = one.case
    who = living.staff.who("cadre", case.path) if case.household_id is not None else None
    by = who or living.staff.who("county_department", case.path, case.owner, 2) or living.staff.who("first_secretary", case.path)
    holds = course_of(case).chance % 29 != 0
    words = "回访核实，情况稳定" if holds else "回访发现问题再次出现"
    try:
        with transaction.atomic():
            look_back(key=one.pk, holds=holds, words=words, by=must(by, "look back"), at=living.at)
    except Refused as refusal:
        living.told.append(f"look back at {case.pk}: {refusal}")
        return
    case.refresh_from_db()
    plan(living, case)


def _assign(living: Living, account: int, cases: list[Case]) -> None:
    """A community's new cases in one go, as its secretary would."""
    by = lead_of(living, cases[0])
    if by is None:
        return
    try:
        done = assign(numbers=[case.pk for case in cases], to=account, by=by, at=living.at)
    except Refused as refusal:
        living.told.append(f"assign: {refusal}")
        return
    for case in done:
        plan(living, case)


def _step(living: Living, case: Case) -> None:
    kind = case.waits_on.partition(":")[0]
    if kind not in STEPS:  # a colleague's visit to the family has moved it on
        plan(living, case)
        return
    try:
        with transaction.atomic():
            STEPS[kind](living, case, course_of(case))
    except Refused as refusal:
        living.told.append(f"{case.standard} {case.pk} {case.waits_on}: {refusal}")
        return
    case.refresh_from_db()
    plan(living, case)


# --- steps -------------------------------------------------------------------------------------------------------------------


def _verify(living: Living, case: Case, course: Course) -> None:
    worker = worker_of(living, case)
    visit = seen(living, case, worker, "verify")
    found = "not_confirmed" if course.end == "false_alarm" else "confirmed"
    mode, said = ("door", FOUND[found]) if case.household_id is not None else ("desk", FOUND_THERE[found])
    verify(number=case.pk, found=found, mode=mode, words=said[course.chance % len(said)], visit=visit, by=worker, at=living.at)


def _judged(living: Living, case: Case, course: Course) -> None:
    by = judge_of(living, case)
    if course.lowered and case.level == "orange" and not course.end:
        lower(number=case.pk, level="yellow", reason="核查情况较轻，按黄色办理", by=by, at=living.at)
        case.refresh_from_db()
        by = judge_of(living, case)
    if course.end and not case.reopened:
        cause = ("feed", "data", "rule")[course.chance % 3] if course.end == "false_alarm" else ""
        judge(numbers=[case.pk], outcome=course.end, cause=cause, reason=GROUNDS[course.end], by=by, at=living.at)
    elif case.standard in RISKS and case.level != "yellow" and not course.chance % LISTED and case.household_id is not None:
        judge(numbers=[case.pk], outcome="listed", reason="情况属实，按程序纳入监测对象", by=by, at=living.at)
        propose(case, by, living, RISKS[case.standard])
    else:
        judge(numbers=[case.pk], outcome="handle", reason="情况属实，需要帮扶", by=by, at=living.at)


def _confirm(living: Living, case: Case, course: Course) -> None:
    asked = Asked.objects.filter(case=case, decided_at=None).order_by("pk")[0]
    by = judge_of(living, case, 2)
    if asked.kind == Asked.END:
        decide_end(number=case.pk, granted=True, reason="已复核", by=by, at=living.at)
    elif asked.kind == Asked.EXTENSION:
        decide_extension(number=case.pk, granted=True, reason="同意延期", by=approver_of(living, case), at=living.at)
    else:
        decide_exception(number=case.pk, granted=True, reason="已复核，情况属实", by=approver_of(living, case), at=living.at, data=living.data)


def _handle(living: Living, case: Case, course: Course) -> None:
    """Plans what is to be done on one day, does it on another and feeds back."""
    worker = worker_of(living, case)
    standing = Measure.objects.filter(case=case, round=case.round, dropped_at=None).first()
    if case.state == "returned" and course.contested and case.returned == 1 and not Asked.objects.filter(case=case, kind=Asked.ARBITER).exists():
        contest(number=case.pk, reason="措施已落实，佐证材料齐全", by=worker, at=living.at)
        return
    if standing is None:
        if course.prolonged and not case.extended and case.state == "judged" and case.handle_due is not None:
            until = due(case.handle_due, Duration(5, "wd"))
            ask_extension(number=case.pk, until=until, reason="需部门协调，短期内难以完成", by=worker, at=living.at)
            case.refresh_from_db()
        words = MEASURES.get(case.standard, MEASURES[""])
        limit = max(case.handle_due or living.day, living.day)
        plan_measure(
            number=case.pk, text=words[course.chance % len(words)], owner=living.staff.name_of(worker), due_on=limit, department=case.owner,
            cost=(course.chance % 40) * 5_000 or None, by=worker, at=living.at,
        )  # fmt: skip
        return
    if standing.done_on is None:
        finish_measure(
            number=case.pk, measure=standing.pk, done_on=living.day, result=_of(case, DONE, DONE_THERE)[course.chance % 3], by=worker,
            at=living.at,
        )  # fmt: skip
        if case.level != "yellow":
            store_attachment(
                about=f"measure:{standing.pk}", name=f"measure-{standing.pk}.jpg", content=picture(standing.pk, course.chance, case.standard),
                vault=living.vault, by=worker, at=living.at,
            )  # fmt: skip
    feed_back(number=case.pk, words=_of(case, FEEDBACK, FEEDBACK_THERE)[course.chance % 3], by=worker, at=living.at)


def _of(case: Case, family: tuple[str, ...], there: tuple[str, ...]) -> tuple[str, ...]:
    return family if case.household_id is not None else there


def _show(living: Living, case: Case, course: Course) -> None:
    """What the gate still lacks and the worker can supply: a visit, or the family's word; an exception where data will never come."""
    worker = worker_of(living, case)
    if case.level == "yellow" and case.household_id is not None:
        answer = "partly" if course.chance % 11 == 0 else "solved"
        record_answer(number=case.pk, answer=answer, channel="phone", by=worker, at=living.at, data=living.data)
        return
    if course.excepted and not Asked.objects.filter(case=case, kind=Asked.EXCEPTION).exists():
        ask_exception(number=case.pk, reason="该数据报送周期较长，现场核实已解决", by=worker, at=living.at)
        return
    seen(living, case, worker, "measure")
    watch(data=living.data, at=living.at, numbers=[case.pk])


def _sign(living: Living, case: Case, course: Course) -> None:
    street = living.staff.who("street", case.path) or living.staff.who("county_bureau", case.path)
    if course.returned and not case.returned:
        return_back(number=case.pk, reason="佐证不足，请补充后再反馈", by=must(street, "return"), at=living.at)
        return
    sign(number=case.pk, by=must(street, "sign"), at=living.at)
    if case.household_id is not None:
        seen(living, case, worker_of(living, case), "measure")


def _close(living: Living, case: Case, course: Course) -> None:
    role = case.waits_on.partition(":")[2]
    by = must(living.staff.who(role, case.path, case.owner if role == "county_department" else "", 2), "close")
    if course.returned and not case.returned:
        return_back(number=case.pk, reason="群众反映仍有困难，请继续跟进", by=by, at=living.at)
        return
    close(number=case.pk, by=by, at=living.at, data=living.data, reason="")


def _arbitrate(living: Living, case: Case, course: Course) -> None:
    by = must(living.staff.who("county_bureau", case.path, "", 3), "arbitrate")
    decision = "accept" if course.chance % 2 else "handle"
    arbitrate(number=case.pk, decision=decision, reason="已调阅材料，作出裁定", owner="", by=by, at=living.at)


STEPS: dict[str, Callable[[Living, Case, Course], None]] = {
    "verify": _verify, "judge": _judged, "confirm": _confirm, "handle": _handle, "show": _show, "sign": _sign, "close": _close,
    "arbitrate": _arbitrate,
}  # fmt: skip
