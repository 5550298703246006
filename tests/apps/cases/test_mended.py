"""Ways in which a case could get stuck, slip past its gate, or lose what was asked: each was possible once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from anju.apps.cases.gate import shown_of_many
from anju.apps.cases.models import Asked, Case, CaseCount, CaseEvent, CaseMark, LookBack
from anju.apps.cases.overseeing import look_backs_due
from anju.apps.cases.refusing import Refused
from anju.apps.cases.standing import MARK, MARKED, NAMES, keys_of, moves_of
from anju.apps.cases.steps.assigning import assign, take
from anju.apps.cases.steps.closing import ask_exception, close, record_answer
from anju.apps.cases.steps.ending import ask_end, decide_end
from anju.apps.cases.steps.handling import ask_extension, decide_extension, feed_back, finish_measure, plan_measure
from anju.apps.cases.steps.judging import judge, lower, transfer
from anju.apps.cases.steps.looking_back import draw, look_back
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.reviewing import arbitrate, contest, return_back, sign
from anju.apps.cases.steps.verifying import verify
from anju.apps.staff.models import Account, Post
from apps.cases.conftest import Loop
from apps.cases.test_loop import by, fed_back, handled, verified, visited


def again(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def closed(loop: Loop, case: Case) -> Case:
    fed_back(loop, case)
    visited(loop, case.pk)
    return close(number=case.pk, data=loop.data, **by(loop, "street"))


def test_what_was_passed_on_and_nobody_has_is_assigned_like_any_other(loop: Loop) -> None:
    case = handled(loop, loop.told())
    transfer(number=case.pk, owner="housing", reason="it is the flat", **by(loop, "secretary"))
    assert again(case).waits_on == "assign"
    done = assign(numbers=[case.pk], to=loop.accounts["cadre"], **by(loop, "secretary"))[0]
    assert (done.state, done.waits_on, done.assignee_name) == ("handling", "handle", "cadre")


def test_two_who_assign_the_second_is_told_who_has_it(loop: Loop) -> None:
    case = loop.told()
    take(number=case.pk, **by(loop, "worker"))
    with pytest.raises(Refused, match="worker has case No"):
        assign(numbers=[case.pk], to=loop.accounts["cadre"], **by(loop, "secretary"))
    with pytest.raises(Refused, match="last: worker"):
        judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "secretary"))


def test_more_time_is_no_question_any_more_once_it_is_fed_back(loop: Loop) -> None:
    case = handled(loop, loop.told())
    assert case.handle_due is not None
    ask_extension(number=case.pk, until=case.handle_due + timedelta(days=1), reason="the school is closed", **by(loop, "worker"))
    assert again(case).waits_on == "confirm:yellow"
    feed_back(number=case.pk, words="it is done after all", **by(loop, "worker"))
    assert again(case).waits_on == "show" and not Asked.objects.filter(decided_at=None).exists()


def test_nobody_closes_around_a_proposed_end(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    visited(loop)
    ask_end(number=case.pk, end="refused", reason="they want no help", **by(loop, "worker"))
    with pytest.raises(Refused, match="worker has proposed another end"):
        close(number=case.pk, data=loop.data, **by(loop, "street"))
    decide_end(number=case.pk, granted=False, reason="they took the place", **by(loop, "street"))
    assert close(number=case.pk, data=loop.data, **by(loop, "street")).state == "closed"


def test_an_exception_that_nobody_decided_does_not_outlive_the_closing(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    visited(loop)
    ask_exception(number=case.pk, reason="the school does not deliver", **by(loop, "worker"))
    close(number=case.pk, data=loop.data, **by(loop, "street"))
    assert not Asked.objects.filter(decided_at=None).exists()
    loop.pass_days(90)
    done = look_back(key=LookBack.objects.get(case=case).pk, holds=False, words="out again", **by(loop, "cadre"))
    assert done.waits_on == "assign"


def test_while_a_return_is_contested_nothing_is_handled(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    return_back(number=case.pk, reason="nobody was there", **by(loop, "street"))
    contest(number=case.pk, reason="we were there", **by(loop, "worker"))
    with pytest.raises(Refused, match="an arbiter decides first"):
        plan_measure(number=case.pk, text="once more", owner="worker", due_on=loop.day, **by(loop, "worker"))
    arbitrate(number=case.pk, decision="handle", reason="go there again", **by(loop, "bureau"))
    plan_measure(number=case.pk, text="once more", owner="worker", due_on=loop.day, **by(loop, "worker"))


def test_what_is_contested_is_passed_on_no_further_and_the_other_department_gives_it_up(loop: Loop) -> None:
    case = verified(loop, loop.told())
    for owner, why in (("housing", "it is the flat"), ("education", "it is the school")):
        transfer(number=case.pk, owner=owner, reason=why, **by(loop, "secretary"))
    with pytest.raises(Refused, match="arbiter decides first"):
        transfer(number=case.pk, owner="housing", reason="no, the flat", **by(loop, "secretary"))
    assign(numbers=[case.pk], to=loop.accounts["education"], **by(loop, "secretary"))
    done = arbitrate(number=case.pk, decision="", owner="housing", reason="it is the flat", **by(loop, "bureau"))
    assert (done.owner, done.assignee, done.waits_on) == ("housing", None, "assign")


def test_two_cases_do_not_end_as_duplicates_of_each_other(loop: Loop) -> None:
    one, two = verified(loop, loop.told()), verified(loop, loop.told())
    for this, other in ((one, two), (two, one)):
        ask_end(number=this.pk, end="duplicate", other=other.pk, reason="the same matter", **by(loop, "worker"))
    decide_end(number=one.pk, granted=True, **by(loop, "street"))
    with pytest.raises(Refused, match="open no more"):
        decide_end(number=two.pk, granted=True, **by(loop, "street"))


def test_where_the_only_officer_had_it_in_hand_the_next_rank_closes(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.apps.cases.gate.counts_of", lambda abouts: dict.fromkeys(abouts, 1))
    Post.objects.filter(account=loop.accounts["education2"]).update(end=loop.day)
    case = loop.told(level="orange")
    assign(numbers=[case.pk], to=loop.accounts["education"], **by(loop, "secretary"))
    verify(number=case.pk, found="confirmed", mode="door", words="seen", **by(loop, "education"))
    judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "bureau2"))
    made = plan_measure(number=case.pk, text="talk", owner="education", due_on=loop.day, **by(loop, "education"))
    finish_measure(number=case.pk, measure=made.pk, done_on=loop.day, result="done", **by(loop, "education"))
    feed_back(number=case.pk, words="all is done", **by(loop, "education"))
    visited(loop)
    sign(number=case.pk, **by(loop, "street"))
    assert again(case).waits_on == "close:county_bureau" and "close:county_bureau" in moves_of(loop.cast["bureau"])
    assert close(number=case.pk, data=loop.data, **by(loop, "bureau")).state == "closed"


def test_one_person_in_the_bureau_the_prefecture_gives_the_second_approval(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.apps.cases.gate.counts_of", lambda abouts: dict.fromkeys(abouts, 1))
    case = fed_back(loop, loop.told(level="red"), judge_by="education")
    Account.objects.filter(pk__in=[loop.accounts[name] for name in ("education", "education2", "bureau2")]).update(is_active=False)
    visited(loop)
    sign(number=case.pk, **by(loop, "street"))
    assert close(number=case.pk, data=loop.data, **by(loop, "bureau")).waits_on == "close:prefecture_bureau"
    assert close(number=case.pk, data=loop.data, **by(loop, "prefecture")).state == "closed"


def test_more_time_is_measured_from_the_day_that_is_due_when_it_is_granted(loop: Loop) -> None:
    case = handled(loop, loop.told())
    assert case.handle_due is not None
    ask_extension(number=case.pk, until=case.handle_due + timedelta(days=20), reason="the school is closed", **by(loop, "worker"))
    Case.objects.filter(pk=case.pk).update(handle_due=case.handle_due - timedelta(days=20))  # as graver findings move it
    with pytest.raises(Refused, match="graver"):
        decide_extension(number=case.pk, granted=True, **by(loop, "street"))


def test_whoever_worked_on_it_does_not_lower_its_level(loop: Loop) -> None:
    case = loop.told(level="orange")
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    verify(number=case.pk, found="confirmed", mode="door", words="seen", **by(loop, "education"))
    with pytest.raises(Refused, match="had a case in hand"):
        lower(number=case.pk, level="yellow", reason="milder than it looked", **by(loop, "education"))
    with pytest.raises(Refused, match="somebody else judges"):
        judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "education"))


def test_the_gate_is_looked_at_as_soon_as_something_is_shown(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.apps.cases.gate.counts_of", lambda abouts: dict.fromkeys(abouts, 1))
    case = fed_back(loop, loop.told(level="orange"), judge_by="education")
    sign(number=case.pk, **by(loop, "street"))
    assert again(case).waits_on == "show"
    visited(loop)
    assert again(case).waits_on == "close:county_department"


def test_what_was_done_before_it_closed_does_not_show_that_it_is_solved_again(loop: Loop) -> None:
    case = closed(loop, loop.told())
    loop.pass_days(90)
    kept = LookBack.objects.get(case=case)
    look_back(key=kept.pk, holds=False, words="out of class again", **by(loop, "cadre"))
    verified(loop, case)
    judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "secretary"))
    made = plan_measure(number=case.pk, text="talk again", owner="worker", due_on=loop.day, **by(loop, "worker"))
    assert shown_of_many([again(case)])[case.pk].measures == 0
    with pytest.raises(Refused, match="between the day the case opened"):
        finish_measure(number=case.pk, measure=made.pk, done_on=loop.day - timedelta(days=1), result="done", **by(loop, "worker"))


def test_looks_at_an_earlier_closing_are_not_asked_for_when_it_is_open_again(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    case = closed(loop, loop.told())
    draw(seed="1", since=loop.day, until=loop.day, **by(loop, "bureau"))
    loop.pass_days(30)
    drawn = LookBack.objects.get(case=case, kind="random")
    look_back(key=drawn.pk, holds=False, words="out of class again", **by(loop, "cadre"))
    loop.pass_days(100)
    assert look_backs_due(loop.cast["cadre"], loop.day) == []


def test_trouble_told_of_within_the_look_back_opens_the_case_again(loop: Loop) -> None:
    case = loop.told(standard="HS-03")
    Case.objects.filter(pk=case.pk).update(state="closed", waits_on="closed", closed_on=loop.day, watch_until=loop.day + timedelta(days=90))
    LookBack.objects.create(case=case, due_on=loop.day, path=case.path)
    again_told = loop.told(standard="HS-03")
    assert (again_told.pk, again_told.state, again_told.reopened) == (case.pk, "reopened", 1)


def test_a_look_that_comes_late_leaves_the_trouble_with_the_case_that_is_open(loop: Loop) -> None:
    first = loop.told(standard="HS-03")
    Case.objects.filter(pk=first.pk).update(state="closed", waits_on="closed", closed_on=loop.day, watch_until=loop.day)
    late = LookBack.objects.create(case=first, due_on=loop.day, path=first.path)
    loop.pass_days(5)
    second = loop.told(standard="HS-03")
    assert second.pk != first.pk and second.follows_id == first.pk
    done = look_back(key=late.pk, holds=False, words="it is there again", **by(loop, "cadre"))
    assert done.state == "closed" and again(second).state == "alerted"


def test_a_reminder_opens_no_case(loop: Loop) -> None:
    with pytest.raises(Refused, match="opens no case"):
        loop.told(level="blue")


def test_a_return_tells_no_rank_twice_of_the_same_deadline(loop: Loop) -> None:
    case = handled(loop, loop.told())
    loop.pass_days(70)
    assert len(pass_day(at=loop.at)) == 4
    feed_back(number=case.pk, words="done at last", **by(loop, "worker"))
    return_back(number=case.pk, reason="nobody was there", **by(loop, "street"))
    assert pass_day(at=loop.at) == []
    assert CaseEvent.objects.filter(case=case, what="escalated").count() == 4


def test_a_share_is_drawn_of_ones_own_places(loop: Loop) -> None:
    closed(loop, loop.told())
    assert draw(seed="1", since=loop.day, until=loop.day, by=loop.cast["bureau"], at=loop.at)
    loop.cast["elsewhere"] = type(loop.cast["bureau"])(
        "x", "county_bureau", (loop.place["U2"].path,), frozenset(), (), loop.cast["bureau"].may, 999
    )
    assert draw(seed="2", since=loop.day, until=loop.day, by=loop.cast["elsewhere"], at=loop.at) == []


def test_what_the_family_says_comes_after_observation_with_days_of_its_own(loop: Loop) -> None:
    case = fed_back(loop, loop.told(standard="HS-03"))
    visited(loop)
    assert again(case).waits_on == "observe"
    loop.pass_days(60)
    record_answer(number=case.pk, answer="not", channel="phone", data=loop.data, **by(loop, "worker"))
    found = again(case)
    assert found.waits_on == "show" and not found.overdue and found.deadline is not None and found.deadline > loop.day


def test_a_measure_of_an_overdue_case_can_still_be_planned(loop: Loop) -> None:
    case = verified(loop, loop.told())
    judge(numbers=[case.pk], outcome="handle", reason="needs help", **by(loop, "secretary"))
    loop.pass_days(90)
    with pytest.raises(Refused, match="must be handled by"):
        plan_measure(number=case.pk, text="talk", owner="worker", due_on=loop.day + timedelta(days=60), **by(loop, "worker"))
    with pytest.raises(Refused, match="that is over"):
        ask_extension(number=case.pk, until=loop.day, reason="the school is closed", **by(loop, "worker"))
    plan_measure(number=case.pk, text="talk", owner="worker", due_on=loop.day, **by(loop, "worker"))


def test_counts_written_as_a_set_are_those_written_one_by_one(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.apps.cases.standing.ONE_BY_ONE", 0)
    for n in range(3):
        closed(loop, loop.told()) if n else verified(loop, loop.told(level="orange"))
    wanted = Counter(key for case in Case.objects.all() for key in keys_of(case))
    found = {row[:-1]: row[-1] for row in CaseCount.objects.exclude(n=0).values_list(*NAMES, "n")}
    found |= {(MARK, *row[:-1]): row[-1] for row in CaseMark.objects.exclude(n=0).values_list(*MARKED, "n")}
    assert found == dict(wanted)
