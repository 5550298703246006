"""What a page offers is what the steps allow: tried for the whole cast in every state that a case passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from anju.apps.cases.models import Case, LookBack, Measure
from anju.apps.cases.moving import begin
from anju.apps.cases.offering import known_of, offered
from anju.apps.cases.queries import case_of
from anju.apps.cases.refusing import Refused
from anju.apps.cases.steps.assigning import assign, hand_on, take
from anju.apps.cases.steps.closing import ask_exception, close, decide_exception, record_answer
from anju.apps.cases.steps.ending import ask_end, decide_end
from anju.apps.cases.steps.handling import ask_extension, decide_extension, drop_measure, feed_back, finish_measure, plan_measure
from anju.apps.cases.steps.judging import judge, lower, transfer
from anju.apps.cases.steps.looking_back import look_back
from anju.apps.cases.steps.reviewing import arbitrate, contest, return_back, sign
from anju.apps.cases.steps.verifying import verify
from anju.core.casework.states import STEPS
from anju.core.terms.viewer import Viewer
from apps.cases.conftest import Loop

FITTING = ("cannot be closed yet", "only be lowered")  # refused for what is typed or shown, not for who it is


@pytest.fixture(autouse=True)
def clock(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anju.apps.cases.offering.today", lambda: loop.day)


def taken(loop: Loop, name: str, case: Case, by: Viewer) -> Any:
    """The step as a form would send it, filled in rightly."""
    who: dict[str, Any] = {"number": case.pk, "by": by, "at": loop.at}
    left = Measure.objects.filter(case=case, done_on=None, dropped_at=None).values_list("pk", flat=True).first() or 0
    back = LookBack.objects.filter(case=case, done_at=None).values_list("pk", flat=True).first() or 0
    until = (case.handle_due or loop.day) + timedelta(days=2)
    other = "housing" if case.owner != "housing" else "education"
    many: dict[str, Any] = {"numbers": [case.pk], "by": by, "at": loop.at}
    acts: dict[str, Any] = {
        "take": lambda: take(**who), "assign": lambda: assign(to=loop.accounts["worker"], **many),
        "hand_on": lambda: hand_on(to=loop.accounts["cadre"], reason="on leave", **many),
        "verify": lambda: verify(found="confirmed", mode="door", words="seen", **who),
        "judge": lambda: judge(outcome="handle", reason="needs help", **many), "lower": lambda: lower(level="yellow", reason="milder", **who),
        "transfer": lambda: transfer(owner=other, reason="it is theirs", **who),
        "plan_measure": lambda: plan_measure(text="talk", owner="worker", due_on=loop.day, **who),
        "finish_measure": lambda: finish_measure(measure=left, done_on=loop.day, result="done", **who),
        "drop_measure": lambda: drop_measure(measure=left, reason="not needed", **who),
        "feed_back": lambda: feed_back(words="it is in place", **who), "sign": lambda: sign(**who),
        "return_back": lambda: return_back(reason="not enough", **who), "contest": lambda: contest(reason="it is enough", **who),
        "arbitrate": lambda: arbitrate(decision="handle", reason="go on", owner=case.owner, **who),
        "close": lambda: close(data=loop.data, **who), "propose_end": lambda: ask_end(end="routine", reason="all is well", **who),
        "confirm_end": lambda: decide_end(granted=True, **who), "ask_extension": lambda: ask_extension(until=until, reason="more time", **who),
        "grant_extension": lambda: decide_extension(granted=True, **who),
        "ask_exception": lambda: ask_exception(reason="the roll is on paper", **who),
        "grant_exception": lambda: decide_exception(granted=True, reason="it was seen", data=loop.data, **who),
        "look_back": lambda: look_back(key=back, holds=True, words="well", by=by, at=loop.at),
    }  # fmt: skip
    return acts[name]()


def situations(loop: Loop, case: Case) -> Iterator[str]:
    """A case on its way, one situation after another."""
    worker, secretary, street = (loop.cast[name] for name in ("worker", "secretary", "street"))
    judge_ = loop.cast["education" if case.level == "orange" else "secretary"]

    def go(name: str, by: Viewer) -> None:
        case.refresh_from_db()
        taken(loop, name, case, by)

    yield "alerted"
    go("assign", secretary)
    yield "assigned"
    go("verify", worker)
    yield "verified"
    go("judge", judge_)
    yield "judged"
    go("ask_extension", worker)
    yield "more time is asked for"
    go("plan_measure", worker)
    yield "a measure is planned"
    go("finish_measure", worker)
    yield "a measure is done"
    go("feed_back", worker)
    yield "fed back"
    go("return_back", street)
    yield "returned"
    go("contest", worker)
    yield "contested"
    go("arbitrate", loop.cast["bureau2"])
    go("plan_measure", worker)
    go("propose_end", worker)
    yield "another end is proposed"
    go("finish_measure", worker)
    decide_end(number=case.pk, granted=False, reason="go on", by=loop.cast["education2"] if case.level == "orange" else street, at=loop.at)
    go("feed_back", worker)
    go("ask_exception", worker)
    yield "an exception is asked for"
    record_answer(number=case.pk, answer="solved", channel="phone", data=loop.data, by=worker, at=loop.at)
    yield "answered"
    Case.objects.filter(pk=case.pk).update(state="closed", waits_on="closed", closed_on=loop.day, end="closed")
    LookBack.objects.create(case=case, due_on=loop.day, path=case.path)
    yield "closed, and to be looked back at"


@pytest.mark.parametrize("level", ["yellow", pytest.param("orange", marks=pytest.mark.long)])
def test_what_is_offered_can_be_done_and_nothing_else(loop: Loop, level: str) -> None:
    case = loop.told(level=level, standard="ED-01")
    tried = 0
    for situation in situations(loop, case):
        case.refresh_from_db()
        for name, by in loop.cast.items():
            seen = case_of(by, case.pk)
            if seen is None:
                continue
            steps = offered(by, known_of(seen))
            for step in [*(step for step in STEPS if step != "reopen"), "take"]:
                told = refusal_of(loop, step, case, by)
                if step in steps:
                    assert told is None or any(word in told for word in FITTING), f"{situation}: {name} is offered {step}: {told}"
                    tried += 1
                elif told is None and step not in HELD_BACK:
                    raise AssertionError(f"{situation}: {name} may {step}, and is not offered it")
    assert tried > 60


HELD_BACK = frozenset({"sign", "propose_end", "ask_exception"})
"""Allowed and not offered where there is no use: a signature that the level does not ask for, an end proposed for a colleague's case,
an exception for a colleague's."""


def refusal_of(loop: Loop, step: str, case: Case, by: Viewer) -> str | None:
    """What the step says when it is taken, undone at once."""
    try:
        with transaction.atomic():
            taken(loop, step, Case.objects.get(pk=case.pk), by)
            transaction.set_rollback(True)
    except Refused as refused:
        return str(refused)
    return None


def test_a_step_that_is_none_of_the_table_is_never_begun(loop: Loop) -> None:
    case = loop.told()
    with pytest.raises(KeyError):
        begin(case.pk, "take", loop.cast["worker"])
