"""Who is told of a case: once, by number and link; never of what one has done oneself."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from anju.apps.cases.models import Case
from anju.apps.cases.steps.assigning import assign, hand_on, take
from anju.apps.cases.steps.closing import close
from anju.apps.cases.steps.instructing import accept_reply, instruct, reply
from anju.apps.cases.steps.looking_back import look_back
from anju.apps.cases.steps.reminding import pass_day
from anju.apps.cases.steps.reviewing import return_back
from anju.apps.notices.models import Notice
from apps.cases.conftest import Loop
from apps.cases.test_loop import by, fed_back, visited


def told(loop: Loop, who: str) -> list[tuple[str, str, str]]:
    return list(Notice.objects.filter(account=loop.accounts[who]).order_by("pk").values_list("what", "number", "link"))


def news() -> QuerySet[Notice]:
    """What was told since the cases opened."""
    return Notice.objects.exclude(what="case.assign")


def test_whoever_is_given_a_case_is_told_and_nobody_else(loop: Loop) -> None:
    case = loop.told()
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    assert told(loop, "worker") == [("case.assigned", f"{case.pk}", f"/cases/{case.pk}/")]
    assert news().count() == 1
    hand_on(numbers=[case.pk], to=loop.accounts["cadre"], reason="on leave", **by(loop, "secretary"))
    assert told(loop, "cadre") == [("case.handed_over", f"{case.pk}", f"/cases/{case.pk}/")]
    assert pass_day(at=loop.at) == [] and news().count() == 2


def test_what_one_does_oneself_is_no_news(loop: Loop) -> None:
    case = loop.told()
    take(number=case.pk, **by(loop, "worker"))
    assign(numbers=[loop.told().pk], to=loop.accounts["secretary"], **by(loop, "secretary"))
    assert not news().exists()


def test_many_at_once_are_one_notice_that_leads_to_the_list(loop: Loop) -> None:
    cases = [loop.told() for _ in range(7)]
    assign(numbers=[case.pk for case in cases], to=loop.accounts["worker"], **by(loop, "secretary"))
    (one,) = news()
    assert (one.what, one.number, one.link, one.args) == ("case.assigned", "", "/cases/?queue=mine", {"n": 7})


def test_whose_approval_is_wanted_is_told_once(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    assert told(loop, "street") == []
    visited(loop)
    close_wanted = [("case.close", f"{case.pk}", f"/cases/{case.pk}/")]
    from anju.apps.cases.steps.watching import watch  # noqa: PLC0415

    for _ in range(2):
        watch(data=loop.data, at=loop.at)
        assert told(loop, "street") == close_wanted
    assert told(loop, "stranger") == told(loop, "bureau") == []


def test_a_return_and_a_reopening_reach_whoever_had_it(loop: Loop) -> None:
    case = fed_back(loop, loop.told())
    return_back(number=case.pk, reason="nobody was at the school", **by(loop, "street"))
    assert told(loop, "worker")[-1] == ("case.returned", f"{case.pk}", f"/cases/{case.pk}/")
    other = fed_back(loop, loop.told())
    visited(loop, 2)
    close(number=other.pk, data=loop.data, **by(loop, "street"))
    loop.pass_days(90)
    look_back(key=Case.objects.get(pk=other.pk).look_backs.get().pk, holds=False, words="out again", **by(loop, "cadre"))
    again = ("case.reopened", f"{other.pk}", f"/cases/{other.pk}/")
    assert told(loop, "worker")[-1] == told(loop, "secretary")[-1] == again
    assert again not in told(loop, "water") + told(loop, "stranger")


def test_each_rank_is_told_of_a_passed_deadline_once(loop: Loop) -> None:
    case = loop.told()
    assign(numbers=[case.pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    loop.pass_days(8)
    for _ in range(2):
        pass_day(at=loop.at)
        assert [what for what, _number, _link in told(loop, "worker")] == ["case.assigned", "case.overdue"]
    loop.pass_days(12)
    pass_day(at=loop.at)
    assert [what for what, _number, _link in told(loop, "street")] == ["case.escalated"] == [what for what, _n, _l in told(loop, "bureau")]
    assert told(loop, "prefecture") == told(loop, "stranger") == []


def test_an_instruction_and_its_reply(loop: Loop) -> None:
    place, due = loop.place["C1"].pk, loop.day + timedelta(days=5)
    made = instruct(place=place, text="look into the water", due_on=due, **by(loop, "leader"))
    assert told(loop, "secretary") == [("case.instructed", f"{made.pk}", f"/cases/instructions/{made.pk}/")]
    assert told(loop, "street") == told(loop, "stranger") == told(loop, "worker") == []
    reply(key=made.pk, text="the pump is mended", **by(loop, "secretary"))
    assert told(loop, "leader") == [("case.replied", f"{made.pk}", f"/cases/instructions/{made.pk}/")]
    accept_reply(key=made.pk, **by(loop, "leader"))
