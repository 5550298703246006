"""For every step of a case: what must stand before it, and the step itself, which then writes one line of the journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from anju.apps.cases.models import Case, Instruction, LookBack
from anju.apps.cases.steps import assigning, closing, ending, handling, instructing, judging, looking_back, opening, reviewing, verifying
from apps.cases.conftest import Loop
from apps.cases.test_loop import by, fed_back, handled, verified, visited

Act = Callable[[], object]
OF_PHONE = {"found": "confirmed", "mode": "phone", "words": "told on the phone"}


def in_hand(loop: Loop) -> int:
    number = loop.told().pk
    assigning.assign(numbers=[number], to=loop.accounts["worker"], **by(loop, "secretary"))
    return number


def shown(loop: Loop) -> int:
    """Fed back, and nothing is missing but the word of who closes."""
    number = fed_back(loop, loop.told()).pk
    visited(loop)
    return number


def closed(loop: Loop) -> Case:
    return closing.close(number=shown(loop), data=loop.data, **by(loop, "street"))


def ripe(loop: Loop) -> int:
    """A look-back whose day has come."""
    key = LookBack.objects.get(case=closed(loop)).pk
    loop.pass_days(90)
    return int(key)


def planned(loop: Loop) -> tuple[int, int]:
    """A case that is being handled, and its measure, not yet done."""
    number = handled(loop, loop.told()).pk
    made = handling.plan_measure(number=number, text="ask again", owner="worker", due_on=loop.day, **by(loop, "worker"))
    return number, made.pk


def asks_for_time(loop: Loop) -> tuple[int, Act]:
    case = handled(loop, loop.told())
    assert case.handle_due is not None
    until = case.handle_due + timedelta(days=5)
    return case.pk, lambda: handling.ask_extension(number=case.pk, until=until, reason="the school is closed", **by(loop, "worker"))


def asks_for_exception(loop: Loop) -> tuple[int, Act]:
    number = fed_back(loop, loop.told()).pk
    return number, lambda: closing.ask_exception(number=number, reason="the school does not deliver", **by(loop, "worker"))


def proposes_end(loop: Loop) -> tuple[int, Act]:
    number = verified(loop, loop.told()).pk
    return number, lambda: ending.ask_end(number=number, end="routine", reason="she is in class", **by(loop, "secretary"))


def returned(loop: Loop) -> tuple[int, Act]:
    number = fed_back(loop, loop.told()).pk
    return number, lambda: reviewing.return_back(number=number, reason="nobody was at the school", **by(loop, "street"))


def contested(loop: Loop) -> tuple[int, Act]:
    number = after(returned(loop))
    return number, lambda: reviewing.contest(number=number, reason="the school confirms it", **by(loop, "worker"))


def instructed(loop: Loop, *, replied: bool = False) -> Instruction:
    place, due = loop.place["C1"].pk, loop.day + timedelta(days=7)
    made = instructing.instruct(place=place, text="look into the water", due_on=due, **by(loop, "bureau"))
    if replied:
        instructing.reply(key=made.pk, text="it runs again", **by(loop, "secretary"))
    return made


def after(made: tuple[int, Act]) -> int:
    """The case once that step was taken too."""
    made[1]()
    return made[0]


# each prepares its case and answers the step and who takes it
def assign(loop: Loop) -> tuple[Act, str]:
    number = loop.told().pk
    return lambda: assigning.assign(numbers=[number], to=loop.accounts["worker"], **by(loop, "secretary")), "secretary"


def take(loop: Loop) -> tuple[Act, str]:
    number = loop.told().pk
    return lambda: assigning.take(number=number, **by(loop, "worker")), "worker"


def hand_on(loop: Loop) -> tuple[Act, str]:
    number = in_hand(loop)
    return lambda: assigning.hand_on(numbers=[number], to=loop.accounts["cadre"], reason="leave", **by(loop, "secretary")), "secretary"


def hand_over_all(loop: Loop) -> tuple[Act, str]:
    in_hand(loop)
    leaver, to = loop.accounts["worker"], loop.accounts["cadre"]
    return lambda: assigning.hand_over_all(leaver=leaver, to=to, reason="leaves", **by(loop, "secretary")), "secretary"


def name_lead(loop: Loop) -> tuple[Act, str]:
    return lambda: assigning.name_lead(household_id=1, to=loop.accounts["cadre"], **by(loop, "secretary")), "secretary"


def verify(loop: Loop) -> tuple[Act, str]:
    number = in_hand(loop)
    return lambda: verifying.verify(number=number, **OF_PHONE, **by(loop, "worker")), "worker"


def judge(loop: Loop) -> tuple[Act, str]:
    number = verified(loop, loop.told()).pk
    return lambda: judging.judge(numbers=[number], outcome="handle", reason="needs help", **by(loop, "secretary")), "secretary"


def lower(loop: Loop) -> tuple[Act, str]:
    number = verified(loop, loop.told(level="orange")).pk
    return lambda: judging.lower(number=number, level="yellow", reason="milder than it looked", **by(loop, "education")), "education"


def transfer(loop: Loop) -> tuple[Act, str]:
    number = verified(loop, loop.told()).pk
    return lambda: judging.transfer(number=number, owner="housing", reason="it is the flat", **by(loop, "secretary")), "secretary"


def plan_measure(loop: Loop) -> tuple[Act, str]:
    number = handled(loop, loop.told()).pk
    return lambda: handling.plan_measure(number=number, text="ask", owner="worker", due_on=loop.day, **by(loop, "worker")), "worker"


def finish_measure(loop: Loop) -> tuple[Act, str]:
    number, made = planned(loop)
    done = {"done_on": loop.day, "result": "a place is found"}
    return lambda: handling.finish_measure(number=number, measure=made, **done, **by(loop, "worker")), "worker"


def drop_measure(loop: Loop) -> tuple[Act, str]:
    number, made = planned(loop)
    return lambda: handling.drop_measure(number=number, measure=made, reason="not needed", **by(loop, "worker")), "worker"


def feed_back(loop: Loop) -> tuple[Act, str]:
    number = handled(loop, loop.told()).pk
    return lambda: handling.feed_back(number=number, words="the place is taken up", **by(loop, "worker")), "worker"


def decide_extension(loop: Loop) -> tuple[Act, str]:
    number = after(asks_for_time(loop))
    return lambda: handling.decide_extension(number=number, granted=True, **by(loop, "street")), "street"


def sign(loop: Loop) -> tuple[Act, str]:
    number = fed_back(loop, loop.told()).pk
    return lambda: reviewing.sign(number=number, **by(loop, "street")), "street"


def arbitrate(loop: Loop) -> tuple[Act, str]:
    number = after(contested(loop))
    return lambda: reviewing.arbitrate(number=number, decision="accept", reason="the school confirms", **by(loop, "bureau")), "bureau"


def decide_end(loop: Loop) -> tuple[Act, str]:
    number = after(proposes_end(loop))
    return lambda: ending.decide_end(number=number, granted=True, **by(loop, "street")), "street"


def ask_ends(loop: Loop) -> tuple[Act, str]:
    number = verified(loop, loop.told()).pk
    return lambda: ending.ask_ends(numbers=[number], end="routine", reason="she is in class", **by(loop, "secretary")), "secretary"


def decide_ends(loop: Loop) -> tuple[Act, str]:
    number = after(proposes_end(loop))
    return lambda: ending.decide_ends(numbers=[number], granted=True, **by(loop, "street")), "street"


def decide_exception(loop: Loop) -> tuple[Act, str]:
    number = after(asks_for_exception(loop))
    said = {"granted": True, "reason": "no data will come", "data": loop.data}
    return lambda: closing.decide_exception(number=number, **said, **by(loop, "street")), "street"


def record_decision(loop: Loop) -> tuple[Act, str]:
    number = loop.told(standard="SS-01", owner="").pk
    told = {"code": "documented_refusal", "on": loop.day, "reason": "they want no help"}
    return lambda: closing.record_decision(number=number, **told, **by(loop, "bureau")), "bureau"


def record_answer(loop: Loop) -> tuple[Act, str]:
    number = fed_back(loop, loop.told()).pk
    return lambda: closing.record_answer(number=number, answer="solved", channel="phone", data=loop.data, **by(loop, "worker")), "worker"


def make_link(loop: Loop) -> tuple[Act, str]:
    number = fed_back(loop, loop.told()).pk
    return lambda: closing.make_link(number=number, **by(loop, "worker")), "worker"


def close(loop: Loop) -> tuple[Act, str]:
    number = shown(loop)
    return lambda: closing.close(number=number, data=loop.data, **by(loop, "street")), "street"


def look_back(loop: Loop) -> tuple[Act, str]:
    key = ripe(loop)
    return lambda: looking_back.look_back(key=key, holds=True, words="in class every day", **by(loop, "worker")), "worker"


def draw(loop: Loop) -> tuple[Act, str]:
    closed(loop)
    return lambda: looking_back.draw(seed="2023-09", since=loop.day, until=loop.day, **by(loop, "bureau")), "bureau"


def reopen_case(loop: Loop) -> tuple[Act, str]:
    case = closed(loop)
    return lambda: opening.reopen_case(case, reason="told again", why="told", **by(loop, "secretary")), "secretary"


def instruct(loop: Loop) -> tuple[Act, str]:
    return lambda: instructed(loop), "bureau"


def reply(loop: Loop) -> tuple[Act, str]:
    key = instructed(loop).pk
    return lambda: instructing.reply(key=key, text="it runs again", **by(loop, "secretary")), "secretary"


def accept_reply(loop: Loop) -> tuple[Act, str]:
    key = instructed(loop, replied=True).pk
    return lambda: instructing.accept_reply(key=key, **by(loop, "bureau")), "bureau"


ROOM = "anju.apps.cases.steps"
LINES: dict[str, Callable[[Loop], tuple[Act, str]]] = {
    **{f"{ROOM}.assigning.{each.__name__}": each for each in (assign, hand_on, hand_over_all, name_lead, take)},
    **{f"{ROOM}.closing.{each.__name__}": each for each in (close, decide_exception, make_link, record_answer, record_decision)},
    **{f"{ROOM}.handling.{each.__name__}": each for each in (decide_extension, drop_measure, feed_back, finish_measure, plan_measure)},
    **{f"{ROOM}.instructing.{each.__name__}": each for each in (accept_reply, instruct, reply)},
    **{f"{ROOM}.judging.{each.__name__}": each for each in (judge, lower, transfer)},
    **{f"{ROOM}.looking_back.{each.__name__}": each for each in (draw, look_back)},
    f"{ROOM}.closing.ask_exception": lambda loop: (asks_for_exception(loop)[1], "worker"),
    f"{ROOM}.ending.ask_end": lambda loop: (proposes_end(loop)[1], "secretary"),
    f"{ROOM}.ending.decide_end": decide_end,
    f"{ROOM}.ending.ask_ends": ask_ends,
    f"{ROOM}.ending.decide_ends": decide_ends,
    f"{ROOM}.handling.ask_extension": lambda loop: (asks_for_time(loop)[1], "worker"),
    f"{ROOM}.opening.open_told": lambda loop: (loop.told, "secretary"),
    f"{ROOM}.opening.reopen_case": reopen_case,
    f"{ROOM}.reviewing.arbitrate": arbitrate,
    f"{ROOM}.reviewing.contest": lambda loop: (contested(loop)[1], "worker"),
    f"{ROOM}.reviewing.return_back": lambda loop: (returned(loop)[1], "street"),
    f"{ROOM}.reviewing.sign": sign,
    f"{ROOM}.verifying.verify": verify,
}
