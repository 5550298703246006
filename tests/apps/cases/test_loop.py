"""One case from the alert to the look-back, and each refusal on its way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from anju.apps.cases import counting, queries
from anju.apps.cases.gate import checklist_of
from anju.apps.cases.models import Case, CaseCount, CaseEvent, LookBack
from anju.apps.cases.queries import Filters
from anju.apps.cases.refusing import Refused
from anju.apps.cases.steps.assigning import assign, hand_on, take
from anju.apps.cases.steps.closing import NotYet, answer_by_link, close, make_link, record_answer
from anju.apps.cases.steps.ending import decide_end
from anju.apps.cases.steps.handling import ask_extension, decide_extension, feed_back, finish_measure, plan_measure
from anju.apps.cases.steps.judging import judge, lower, transfer
from anju.apps.cases.steps.looking_back import draw, look_back
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.reviewing import arbitrate, contest, return_back, sign
from anju.apps.cases.steps.verifying import note_visit, verify
from anju.apps.journal.models import Line
from apps.cases.conftest import Loop


def by(loop: Loop, who: str) -> dict[str, Any]:
    return {"by": loop.cast[who], "at": loop.at}


def verified(loop: Loop, case: Case) -> Case:
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    return verify(number=case.pk, found="confirmed", mode="door", words="she is at home, not in class", **by(loop, "worker"))


def handled(loop: Loop, case: Case, judge_by: str = "secretary") -> Case:
    verified(loop, case)
    judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, judge_by))
    made = plan_measure(number=case.pk, text="talk to the school", owner="worker", due_on=loop.day, **by(loop, "worker"))
    finish_measure(number=case.pk, measure=made.pk, done_on=loop.day, result="a place is found", **by(loop, "worker"))
    return Case.objects.get(pk=case.pk)


def fed_back(loop: Loop, case: Case, judge_by: str = "secretary") -> Case:
    handled(loop, case, judge_by)
    feed_back(number=case.pk, words="the place is taken up", **by(loop, "worker"))
    return Case.objects.get(pk=case.pk)


def visited(loop: Loop, n: int = 1, mode: str = "door") -> None:
    note_visit(
        household_id=1, visit=n, on=loop.day, mode=mode, met=True, account=loop.accounts["worker"], name="worker", **by(loop, "worker")
    )  # fmt: skip


def test_it_works(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    assert (case.state, case.waits_on) == ("feedback", "show")
    record_answer(number=case.pk, answer="solved", channel="phone", data=loop.data, **by(loop, "worker"))
    case.refresh_from_db()
    assert case.waits_on == "close:street" and case.deadline is not None
    done = close(number=case.pk, data=loop.data, **by(loop, "street"))
    assert (done.state, done.end, done.waits_on) == ("closed", "closed", "closed")
    assert done.watch_until == loop.day + timedelta(days=90)
    kept = LookBack.objects.get(case=done)
    loop.pass_days(90)
    look_back(key=kept.pk, holds=True, words="in class every day", **by(loop, "worker"))
    what = list(CaseEvent.objects.filter(case=case).order_by("pk").values_list("what", flat=True))
    assert what == [
        "opened",
        "assign",
        "verify",
        "judge",
        "plan_measure",
        "finish_measure",
        "feed_back",
        "answered",
        "ready",
        "close",
        "look_back",
    ]
    acts = set(Line.objects.filter(about=f"case:{case.pk}").values_list("act", flat=True))
    assert {"cases.open", "cases.assign", "cases.verify", "cases.judge", "cases.feed_back", "cases.close", "cases.look_back"} <= acts
    assert CaseCount.objects.filter(n__lt=0).count() == 0
    assert counting.counts(loop.cast["secretary"]).moves == {"closed": 1}


def test_a_red_case_needs_everything(loop: Loop) -> None:
    case = fed_back(loop, loop.told(level="red"), judge_by="education")
    with pytest.raises(Refused, match="closed by|can do it"):
        close(number=case.pk, data=loop.data, **by(loop, "street"))
    with pytest.raises(NotYet) as missing:
        close(number=case.pk, data=loop.data, **by(loop, "education2"))
    assert {one.code for one in missing.value.missing} == {"evidence", "household", "signature"}
    assert "Street or town" in str(missing.value) and "入户" in missing.value.said.zh


def test_two_ranks_close_what_is_red(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = fed_back(loop, loop.told(level="red"), judge_by="education")
    monkeypatch.setattr("anju.apps.cases.gate.counts_of", lambda abouts: {next(iter(abouts)): 1})
    visited(loop)
    sign(number=case.pk, **by(loop, "street"))
    assert close(number=case.pk, data=loop.data, **by(loop, "education2")).state == "feedback"
    with pytest.raises(Refused, match="already"):
        close(number=case.pk, data=loop.data, **by(loop, "education"))
    assert close(number=case.pk, data=loop.data, **by(loop, "bureau")).state == "closed"
    assert LookBack.objects.filter(case=case).count() == 3


def test_a_phone_call_is_not_enough_for_red(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = fed_back(loop, loop.told(level="red"), judge_by="education")
    monkeypatch.setattr("anju.apps.cases.gate.counts_of", lambda abouts: {next(iter(abouts)): 1})
    visited(loop, mode="phone")
    sign(number=case.pk, **by(loop, "street"))
    with pytest.raises(NotYet, match="at the door"):
        close(number=case.pk, data=loop.data, **by(loop, "education2"))


def test_the_handler_never_closes(loop: Loop) -> None:
    case = loop.told()
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    verify(number=case.pk, found="confirmed", mode="door", words="seen", **by(loop, "secretary"))
    judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "secretary"))
    made = plan_measure(number=case.pk, text="talk", owner="x y", due_on=loop.day, **by(loop, "worker"))
    finish_measure(number=case.pk, measure=made.pk, done_on=loop.day, result="done", **by(loop, "worker"))
    feed_back(number=case.pk, words="all is done", **by(loop, "worker"))
    record_answer(number=case.pk, answer="solved", channel="paper", data=loop.data, **by(loop, "worker"))
    for who in ("worker", "secretary"):
        with pytest.raises(Refused):
            close(number=case.pk, data=loop.data, **by(loop, who))
    assert close(number=case.pk, data=loop.data, **by(loop, "street")).state == "closed"


def test_a_return_never_moves_the_due_date(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    due = case.handle_due
    loop.pass_days(3)
    back = return_back(number=case.pk, reason="nobody was at the school", **by(loop, "street"))
    assert (back.state, back.returned, back.handle_due, back.waits_on) == ("returned", 1, due, "handle")
    contest(number=case.pk, reason="the school confirms it", **by(loop, "worker"))
    done = arbitrate(number=case.pk, decision="accept", reason="the school confirms", **by(loop, "bureau"))
    assert (done.state, done.contested) == ("feedback", False)


def test_one_extension_and_no_second(loop: Loop) -> None:
    case = handled(loop, loop.told())
    assert case.handle_due is not None
    until = case.handle_due + timedelta(days=5)
    ask_extension(number=case.pk, until=until, reason="the school is closed", **by(loop, "worker"))
    with pytest.raises(Refused, match="does not grant|can do it|may not"):
        decide_extension(number=case.pk, granted=True, **by(loop, "worker"))
    assert decide_extension(number=case.pk, granted=True, **by(loop, "street")).handle_due == until
    with pytest.raises(Refused, match="no second"):
        ask_extension(number=case.pk, until=until + timedelta(days=1), reason="again please", **by(loop, "worker"))


def test_a_false_alarm_needs_its_cause_and_a_second_person(loop: Loop) -> None:
    case = verified(loop, loop.told())
    with pytest.raises(Refused, match="what was wrong"):
        judge(numbers=[case.pk], outcome="false_alarm", reason="she is in class", **by(loop, "secretary"))
    judge(numbers=[case.pk], outcome="false_alarm", cause="feed", reason="she is in class", **by(loop, "secretary"))
    with pytest.raises(Refused, match="colleague"):
        decide_end(number=case.pk, granted=True, **by(loop, "secretary"))
    done = decide_end(number=case.pk, granted=True, **by(loop, "street"))
    assert (done.state, done.end, done.end_cause) == ("ended", "false_alarm", "feed")


def test_passed_to_and_fro_an_arbiter_decides(loop: Loop) -> None:
    case = verified(loop, loop.told())
    transfer(number=case.pk, owner="housing", reason="it is the flat", **by(loop, "secretary"))
    again = transfer(number=case.pk, owner="education", reason="it is the school", **by(loop, "secretary"))
    assert again.waits_on == "arbitrate" and again.contested
    assert arbitrate(number=case.pk, decision="", owner="education", reason="the school", **by(loop, "bureau")).owner == "education"


def test_the_level_is_lowered_by_judgement_only(loop: Loop) -> None:
    case = verified(loop, loop.told(level="orange"))
    with pytest.raises(Refused, match="can do it"):
        lower(number=case.pk, level="yellow", reason="milder than it looked", **by(loop, "secretary"))
    assert lower(number=case.pk, level="yellow", reason="milder than it looked", **by(loop, "education")).level == "yellow"
    assert CaseEvent.objects.filter(case=case, what="lower").count() == 1


def test_each_rank_is_told_once(loop: Loop) -> None:
    case = loop.told()
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    assert pass_day(at=loop.at) == []
    loop.pass_days(8)  # verify: 5 working days
    assert [one.to for one in pass_day(at=loop.at)] == ["handler"]
    assert pass_day(at=loop.at) == []
    loop.pass_days(12)
    assert [one.to for one in pass_day(at=loop.at)] == ["street", "county"]
    case.refresh_from_db()
    assert case.overdue and case.escalated == 3
    assert counting.counts(loop.cast["secretary"]).overdue == 1


def test_the_family_answers_by_a_link_that_serves_once(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    _link, text = make_link(number=case.pk, **by(loop, "worker"))
    answer_by_link(text=text, answer="not", words="nobody came", at=loop.at, data=loop.data)
    with pytest.raises(Refused, match="no longer serves"):
        answer_by_link(text=text, answer="solved", words="", at=loop.at, data=loop.data)
    with pytest.raises(NotYet, match="not solved"):
        close(number=case.pk, data=loop.data, **by(loop, "street"))


def test_a_look_back_that_does_not_hold_reopens(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    visited(loop)
    close(number=case.pk, data=loop.data, **by(loop, "street"))
    assert [one.case_id for one in draw(seed="2023-09", since=loop.day, until=loop.day, **by(loop, "bureau"))] == [case.pk]
    loop.pass_days(30)
    drawn = LookBack.objects.get(case=case, kind="random")
    with pytest.raises(Refused, match="another team"):
        look_back(key=drawn.pk, holds=True, words="fine", **by(loop, "worker"))
    again = look_back(key=drawn.pk, holds=False, words="out of class again", **by(loop, "cadre"))
    assert (again.state, again.reopened, again.round, again.assignee) == ("reopened", 1, 2, None)


def test_the_stranger_learns_nothing(loop: Loop) -> None:
    case = loop.told()
    for step in (
        lambda: assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "stranger")),
        lambda: assign(numbers=[case.pk + 7], to=loop.accounts["worker"], **by(loop, "stranger")),
    ):
        with pytest.raises(Refused, match="there is no case No"):
            step()
    assert queries.queue(loop.cast["stranger"], Filters(queue="open")) == []
    assert queries.case_of(loop.cast["stranger"], case.pk) is None
    with pytest.raises(Refused, match="there is no case"):
        take(number=case.pk, **by(loop, "neighbour"))
    with pytest.raises(Refused, match="cannot work"):
        assign(numbers=[case.pk], to=loop.accounts["neighbour"], **by(loop, "secretary"))


def test_handing_on_asks_for_somebody_who_reaches_it(loop: Loop) -> None:
    case = loop.told()
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    with pytest.raises(Refused, match="cannot work"):
        hand_on(numbers=[case.pk], to=loop.accounts["water"], reason="leave", **by(loop, "secretary"))
    done = hand_on(numbers=[case.pk], to=loop.accounts["cadre"], reason="leave", **by(loop, "secretary"))
    assert done[0].assignee_name == "cadre" and done[0].verify_due == case.verify_due


@pytest.mark.django_db
@pytest.mark.parametrize(("standard", "asked"), [("", True), ("MH-02", True), ("MW-03", False), ("QX-02", True)])
def test_a_family_is_not_asked_about_a_late_case(loop: Loop, standard: str, asked: bool) -> None:
    needed = {one.code for one in checklist_of(loop.told(level="orange", standard=standard))}
    assert ("household" in needed) is asked
    assert "household" not in {one.code for one in checklist_of(loop.told(level="orange", standard=standard, household=False))}
