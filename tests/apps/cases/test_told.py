"""Every row of the table of telling: after each step exactly these people are told exactly this, once, and nobody of another place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.alerts.models import Episode
from anju.apps.attachments.models import Attachment
from anju.apps.cases.models import Case, LookBack, Measure
from anju.apps.cases.refusing import Several
from anju.apps.cases.steps.assigning import assign, hand_on, hand_over_all, name_lead, take
from anju.apps.cases.steps.closing import ask_exception, close, decide_exception, record_answer
from anju.apps.cases.steps.ending import ask_end, ask_ends, decide_end, decide_ends
from anju.apps.cases.steps.handling import ask_extension, decide_extension, feed_back
from anju.apps.cases.steps.instructing import instruct
from anju.apps.cases.steps.judging import judge, lower, transfer
from anju.apps.cases.steps.looking_back import draw, look_back
from anju.apps.cases.steps.opening import follow_alerts
from anju.apps.cases.steps.reviewing import arbitrate, contest, return_back, sign
from anju.apps.cases.steps.verifying import note_visit, verify
from anju.apps.cases.told import AGAIN, LEADS, MOVES, NO_STEPS, OUTCOMES, SAME
from anju.apps.journal.models import Line
from anju.apps.notices.models import Notice
from anju.apps.notices.words import WORDS
from anju.apps.staff.actions import give_post
from anju.apps.staff.models import Account, Post
from anju.core.casework.states import STEPS
from anju.core.terms.levels import RANK
from apps.cases.conftest import AT, Loop
from apps.cases.test_loop import by, fed_back, handled, verified

EVERYWHERE = (("street", ""), ("county_bureau", ""), ("county_department", "education"), ("county_department", "water"))


@pytest.fixture(autouse=True)
def elsewhere(loop: Loop) -> None:
    """The stranger decides everything, in her own unit."""
    account = Account.objects.get(username="stranger")
    for role, department in EVERYWHERE:
        give_post(
            account=account, role=role, place=loop.place["U2"], side=Post.DESTINATION, department=department, by="test", at=AT, start=AT.date()
        )


def assigned(loop: Loop, level: str = "yellow") -> Case:
    (case,) = assign(numbers=[loop.told(level=level).pk], to=loop.accounts["worker"], **by(loop, "secretary"))
    return case


def shown(loop: Loop, case: Case) -> Case:
    """With all that its gate asks for but the words of those who close."""
    for measure in Measure.objects.filter(case=case):
        Attachment.objects.create(
            sha256="0" * 64, kind="photo", media="image/jpeg", size=1, name="x", about=f"measure:{measure.pk}", by="worker", at=loop.at
        )
    note_visit(
        household_id=1, visit=case.pk, on=loop.day, mode="door", met=True, account=loop.accounts["worker"], name="worker", **by(loop, "worker")
    )
    return Case.objects.get(pk=case.pk)


def asks_for_time(loop: Loop, level: str = "yellow") -> Case:
    case = handled(loop, loop.told(level=level), "secretary" if level == "yellow" else "education")
    assert case.handle_due is not None
    ask_extension(number=case.pk, until=case.handle_due + timedelta(days=2), reason="the school is closed", **by(loop, "worker"))
    return case


def asks_for_exception(loop: Loop) -> Case:
    case = fed_back(loop, loop.told())
    ask_exception(number=case.pk, reason="the school does not deliver", **by(loop, "worker"))
    return case


def ending(loop: Loop, who: str = "secretary", level: str = "yellow") -> Case:
    return ask_end(number=verified(loop, loop.told(level=level)).pk, end="routine", reason="all is well", **by(loop, who))


def returned(loop: Loop) -> Case:
    return return_back(number=fed_back(loop, loop.told()).pk, reason="nobody was there", **by(loop, "street"))


def contested(loop: Loop) -> Case:
    return contest(number=returned(loop).pk, reason="we were there", **by(loop, "worker"))


def passed_on(loop: Loop, *owners: str) -> Case:
    case = verified(loop, loop.told())
    for owner in owners:
        case = transfer(number=case.pk, owner=owner, reason="it is theirs", **by(loop, "secretary"))
    return case


def red(loop: Loop) -> Case:
    case = shown(loop, fed_back(loop, loop.told(level="red"), judge_by="education"))
    return sign(number=case.pk, **by(loop, "street"))


def over(loop: Loop) -> LookBack:
    close(number=shown(loop, fed_back(loop, loop.told())).pk, data=loop.data, **by(loop, "street"))
    loop.pass_days(90)
    return LookBack.objects.get()


def found(loop: Loop, level: str) -> Case:
    """A run finds it, or finds it so grave."""
    now = {"level": level, "rank": RANK[level], "seen_on": loop.day, "seen_run": 1}
    first = {
        "subject": "person", "household_id": 1, "path": loop.place["G1"].path, "breach": "x", "opened_on": loop.day, "opened_run": 1,
        "owner": "education", "cluster": "H1", "queue": "todo", "urgency": 1, "sort_on": loop.day, **now,
    }  # fmt: skip
    Episode.objects.update_or_create(standard="ED-01", subject_id=100, state="open", defaults=now, create_defaults=first)
    follow_alerts(at=loop.at)
    return Case.objects.get(standard="ED-01", subject_id=100)


def a(word: str, *who: str) -> set[tuple[str, str]]:
    return {(f"case.{word}", one) for one in who}


def row(step: str, before: Callable[[Loop], Any], then: Callable[[Loop, Any], object], *told: set[tuple[str, str]]) -> Any:
    return pytest.param(step, before, then, set().union(*told), id=f"{step}-{'-'.join(sorted({word for each in told for word, _ in each}))}")


DUE = {"reason": "it was looked at"}
ROWS = [
    row("assign", lambda L: L.told(),
        lambda L, c: assign(numbers=[c.pk], to=L.accounts["worker"], **by(L, "secretary")), a("assigned", "worker")),
    row("assign", lambda L: passed_on(L, "water"), lambda L, c: assign(numbers=[c.pk], to=L.accounts["water"], **by(L, "street")),
        a("assigned", "water")),
    row("take", lambda L: L.told(), lambda L, c: take(number=c.pk, **by(L, "worker"))),
    row("hand_on", assigned, lambda L, c: hand_on(numbers=[c.pk], to=L.accounts["cadre"], reason="on leave", **by(L, "secretary")),
        a("handed_over", "cadre")),
    row("verify", assigned, lambda L, c: verify(number=c.pk, found="confirmed", mode="door", words="seen", **by(L, "worker")),
        a("judge", "secretary")),
    row("verify", lambda L: assigned(L, "orange"),
        lambda L, c: verify(number=c.pk, found="confirmed", mode="door", words="seen", **by(L, "worker")),
        a("judge", "education", "education2")),
    row("judge", lambda L: verified(L, L.told()), lambda L, c: judge(numbers=[c.pk], outcome="handle", reason="needs help", **by(L, "street")),
        a("handle", "worker")),
    row("lower", lambda L: verified(L, L.told(level="orange")),
        lambda L, c: lower(number=c.pk, level="yellow", reason="milder", **by(L, "education")),
        a("judge", "secretary")),
    row("feed_back", lambda L: handled(L, L.told(level="orange"), "education"),
        lambda L, c: feed_back(number=c.pk, words="it is done", **by(L, "worker")), a("sign", "street")),
    row("feed_back", lambda L: handled(L, L.told()), lambda L, c: feed_back(number=c.pk, words="it is done", **by(L, "worker"))),
    row("feed_back", lambda L: handled(L, L.told()), lambda L, c: feed_back(number=c.pk, words="it is done", **by(L, "secretary")),
        a("show", "worker")),
    row("feed_back", lambda L: shown(L, handled(L, L.told())), lambda L, c: feed_back(number=c.pk, words="it is done", **by(L, "worker")),
        a("close", "street")),
    row("sign", lambda L: fed_back(L, L.told(level="orange"), "education"),
        lambda L, c: sign(number=c.pk, **by(L, "street")), a("show", "worker")),
    row("sign", lambda L: shown(L, fed_back(L, L.told(level="orange"), "education")), lambda L, c: sign(number=c.pk, **by(L, "street")),
        a("close", "education", "education2")),
    row("look", lambda L: fed_back(L, L.told()),
        lambda L, c: record_answer(number=c.pk, answer="solved", channel="phone", data=L.data, **by(L, "worker")), a("close", "street")),
    row("look", lambda L: shown(L, fed_back(L, L.told())),
        lambda L, c: record_answer(number=c.pk, answer="not", channel="phone", data=L.data, **by(L, "cadre")), a("show", "worker")),
    row("return_back", lambda L: fed_back(L, L.told()), lambda L, c: return_back(number=c.pk, reason="not enough", **by(L, "street")),
        a("returned", "worker")),
    row("contest", returned, lambda L, c: contest(number=c.pk, reason="it is enough", **by(L, "worker")), a("arbitrate", "bureau", "bureau2")),
    row("arbitrate", contested, lambda L, c: arbitrate(number=c.pk, decision="handle", reason="go again", **by(L, "bureau")),
        a("arbitrated", "worker", "street")),
    row("arbitrate", lambda L: passed_on(L, "water", "education"),
        lambda L, c: arbitrate(number=c.pk, decision="", owner="water", reason="it is theirs", **by(L, "bureau")),
        a("arbitrated", "secretary"), a("assign", "water")),
    row("transfer", lambda L: verified(L, L.told()),
        lambda L, c: transfer(number=c.pk, owner="water", reason="it is theirs", **by(L, "secretary")),
        a("assign", "water")),
    row("transfer", lambda L: passed_on(L, "water"),
        lambda L, c: transfer(number=c.pk, owner="education", reason="not theirs", **by(L, "secretary")), a("arbitrate", "bureau", "bureau2")),
    row("transfer", lambda L: ending(L, "education", "orange"),
        lambda L, c: transfer(number=c.pk, owner="water", reason="it is theirs", **by(L, "bureau")), a("end", "water")),
    row("transfer", lambda L: asks_for_time(L, "orange"),
        lambda L, c: transfer(number=c.pk, owner="water", reason="it is theirs", **by(L, "bureau")), a("extension", "water")),
    row("approve", red, lambda L, c: close(number=c.pk, data=L.data, **by(L, "education2")), a("close", "bureau", "bureau2")),
    row("close", lambda L: shown(L, fed_back(L, L.told())),
        lambda L, c: close(number=c.pk, data=L.data, **by(L, "street")), a("closed", "worker")),
    row("propose_end", lambda L: verified(L, L.told()),
        lambda L, c: ask_end(number=c.pk, end="routine", reason="all is well", **by(L, "secretary")), a("end", "street")),
    row("propose_end", lambda L: verified(L, L.told()),
        lambda L, c: judge(numbers=[c.pk], outcome="false_alarm", cause="data", reason="all is well", **by(L, "street")), a("end", "secretary")),
    row("end", ending, lambda L, c: decide_end(number=c.pk, granted=True, **by(L, "street")), a("end_confirmed", "secretary", "worker")),
    row("refuse_end", ending, lambda L, c: decide_end(number=c.pk, granted=False, **DUE, **by(L, "street")),
        a("end_refused", "secretary", "worker")),
    row("ask_extension", lambda L: handled(L, L.told()),
        lambda L, c: ask_extension(number=c.pk, until=c.handle_due + timedelta(days=2), reason="closed", **by(L, "worker")),
        a("extension", "street")),
    row("grant_extension", asks_for_time, lambda L, c: decide_extension(number=c.pk, granted=True, **by(L, "street")),
        a("extension_granted", "worker")),
    row("refuse_extension", asks_for_time, lambda L, c: decide_extension(number=c.pk, granted=False, **DUE, **by(L, "street")),
        a("extension_refused", "worker")),
    row("ask_exception", lambda L: fed_back(L, L.told()),
        lambda L, c: ask_exception(number=c.pk, reason="the school does not deliver", **by(L, "worker")), a("exception", "street")),
    row("grant_exception", asks_for_exception, lambda L, c: decide_exception(number=c.pk, granted=True, data=L.data, **DUE, **by(L, "street")),
        a("exception_granted", "worker")),
    row("refuse_exception", asks_for_exception, lambda L, c: decide_exception(number=c.pk, granted=False, data=L.data, **DUE, **by(L, "street")),
        a("exception_refused", "worker")),
    row("look_back", over, lambda L, c: look_back(key=c.pk, holds=True, words="as it was", **by(L, "cadre"))),
    row("reopen", over, lambda L, c: look_back(key=c.pk, holds=False, words="out again", **by(L, "cadre")),
        a("reopened", "worker", "secretary", "education", "education2")),
    row("opened", lambda L: None, lambda L, _: L.told(), a("assign", "education", "education2")),
    row("opened", lambda L: None, lambda L, _: found(L, "orange"), a("assign", "education", "education2")),
    row("rose", lambda L: assign(numbers=[found(L, "orange").pk], to=L.accounts["worker"], **by(L, "secretary"))[0],
        lambda L, c: found(L, "red"), a("raised", "worker")),
    row("draw", lambda L: over(L).case, lambda L, c: draw(seed="1", since=AT.date(), until=L.day, **by(L, "bureau")),
        a("look_back", "education", "education2")),
]  # fmt: skip


@pytest.mark.parametrize(("step", "before", "then", "wanted"), ROWS)
def test_each_row(
    loop: Loop, step: str, before: Callable[[Loop], Any], then: Callable[[Loop, Any], object], wanted: set[tuple[str, str]]
) -> None:  # fmt: skip
    names = {key: name for name, key in loop.accounts.items()}
    case = before(loop)
    first = Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    done = then(loop, case)
    case = case or done
    new = list(Notice.objects.filter(pk__gt=first))
    assert {(one.what, names[one.account]) for one in new} == wanted
    assert len(new) == len(wanted), "told twice"
    number = case.case_id if isinstance(case, LookBack) else case.pk
    assert {(one.number, one.link, str(one.args)) for one in new} <= {(f"{number}", f"/cases/{number}/", "{}")}


def test_every_row_was_taken() -> None:
    """The table says of each step what the rows above show, and nothing else."""
    taken = {(one.values[0], word) for one in ROWS for word, _who in one.values[3]}
    wanted = {(step, row.what) for step, row in OUTCOMES.items()}
    wanted |= {(step, MOVES[move].what) for step, moves in LEADS.items() if moves != AGAIN for move in moves}
    assert wanted - {("look", "case.sign")} <= taken, "a row that nothing shows"
    again = {(step, row.what) for step, moves in LEADS.items() if moves == AGAIN for row in MOVES.values()}
    assert taken <= wanted | again, "told, and no row says so"
    assert {row.what for row in MOVES.values()} <= {word for _step, word in taken} <= set(WORDS)
    assert set(LEADS) == set(STEPS) - {"confirm_end"} | set(SAME) | set(NO_STEPS)
    assert {one.values[0] for one in ROWS} | {"plan_measure", "finish_measure", "drop_measure"} == set(LEADS)


def test_many_at_once_are_one_notice_and_a_fixed_number_of_queries(loop: Loop) -> None:
    """Proposed and confirmed set-wise: each of ten and of fifty has its event and its line, and each person one notice of how many."""
    took: list[tuple[int, int, int]] = []
    for many in (6, 10, 50):  # the first makes the rows of the counts
        cases = [verified(loop, loop.told()).pk for _ in range(many)]
        Notice.objects.all().delete()
        with CaptureQueriesContext(connection) as proposing:
            judge(numbers=cases, outcome="false_alarm", cause="data", reason="the roll was of last year", **by(loop, "secretary"))
        (told,) = Notice.objects.all()
        assert (told.account, told.what, told.number, told.link) == (loop.accounts["street"], "case.end", "", "/cases/?queue=post&move=confirm")
        assert told.args == {"n": many}
        with CaptureQueriesContext(connection) as refusing:
            decide_ends(numbers=cases, granted=False, reason="it is of this year", **by(loop, "street"))
        assert set(Notice.objects.filter(what="case.end_refused").values_list("account", "args__n")) == {
            (loop.accounts[who], many) for who in ("secretary", "worker")
        }
        ask_ends(numbers=cases, end="routine", reason="all is well there", **by(loop, "secretary"))
        with CaptureQueriesContext(connection) as confirming:
            decide_ends(numbers=cases, granted=True, **by(loop, "street"))
        assert set(Case.objects.filter(pk__in=cases).values_list("state", "end", "waits_on")) == {("ended", "routine", "ended")}
        assert Line.objects.filter(act="cases.end", about__in=[f"case:{key}" for key in cases]).count() == many
        took.append((len(proposing), len(refusing), len(confirming)))
    lock = connection.vendor == "postgresql"  # who writes cases waits for who does already
    assert took[1:] == [(36 + lock, 36 + lock, 42 + lock)] * 2


def test_why_each_of_many_is_refused_takes_a_fixed_number_of_queries(loop: Loop) -> None:
    """Changed since it was seen, over already, proposed by oneself: each with its reason, none written."""
    took = []
    for many in (10, 50):
        numbers = [verified(loop, loop.told()).pk for _ in range(many)]
        ask_ends(numbers=numbers, end="routine", reason="all is well there", **by(loop, "secretary"))
        ended, left = numbers[: many // 2], numbers[many // 2 :]
        decide_ends(numbers=ended, granted=True, **by(loop, "street"))
        said = dict.fromkeys(ended, "is ended otherwise (last: street)") | dict.fromkeys(left, "changed since you opened it (secretary)")
        own = dict.fromkeys(left, "whoever proposed an end or had the case in hand")
        for who, seen, wanted in (("street", dict.fromkeys(left, 1), said), ("secretary", {}, own)):
            with CaptureQueriesContext(connection) as queries, pytest.raises(Several) as refused:
                decide_ends(numbers=list(wanted), granted=True, seen=seen, **by(loop, who))
            assert set(refused.value.each) == set(wanted) and all(wanted[key] in str(one) for key, one in refused.value.each.items())
            took.append(len(queries))
        assert set(Case.objects.filter(pk__in=left).values_list("waits_on", flat=True)) == {"confirm:yellow"}
    lock = connection.vendor == "postgresql"
    assert took == [6 + lock] * 4


def test_a_few_are_told_each_by_its_number(loop: Loop) -> None:
    for _ in range(3):
        ending(loop)
    assert set(Notice.objects.filter(what="case.end").values_list("number", flat=True)) == {f"{case.pk}" for case in Case.objects.all()}


def test_a_question_asked_while_another_waits_is_told_too(loop: Loop) -> None:
    case = asks_for_time(loop)
    ask_end(number=case.pk, end="refused", reason="they want no help", **by(loop, "worker"))
    assert set(Notice.objects.filter(what="case.end").values_list("account", flat=True)) == {loop.accounts["secretary"]}


def test_who_answers_for_a_family_is_told(loop: Loop) -> None:
    name_lead(household_id=1, to=loop.accounts["worker"], **by(loop, "secretary"))
    (one,) = Notice.objects.all()
    assert (one.account, one.what, one.number, one.link) == (loop.accounts["worker"], "case.lead", "", "/cases/families/")
    hand_over_all(leaver=loop.accounts["worker"], to=loop.accounts["cadre"], reason="leaves", **by(loop, "secretary"))
    assert Notice.objects.filter(account=loop.accounts["cadre"], what="case.lead").count() == 1


def test_an_instruction_to_where_nobody_puts_cases_into_hands_goes_one_place_up(loop: Loop) -> None:
    instruct(place=loop.place["G1"].pk, text="look into the water", due_on=loop.day, **by(loop, "leader"))
    assert set(Notice.objects.values_list("account", "what")) == {(loop.accounts["secretary"], "case.instructed")}


def test_where_only_the_asker_is_free_the_rank_that_stands_in_is_told_and_may(loop: Loop) -> None:
    Post.objects.filter(account__username__in=["education2", "bureau", "bureau2"]).update(end=loop.day)
    case = ending(loop, "education", "orange")
    assert set(Notice.objects.filter(what="case.end").values_list("account", flat=True)) == {loop.accounts["prefecture"]}
    assert decide_end(number=case.pk, granted=True, **by(loop, "prefecture")).state == "ended"
