"""Two processes with connections of their own act on one case at once: one wins, the other is told who, and the counts are right."""

from __future__ import annotations

import json
import random
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment import Deployment

Answer = dict[str, Any]


class Actor:
    """One process that acts as it is told."""

    def __init__(self, where: Deployment) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "apps.cases.acting"], env=where.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.heard()

    def tell(self, do: str, **told: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **told}) + "\n")
        self.process.stdin.flush()

    def heard(self) -> Answer:
        """Its answer; {} where it has died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found: Answer = json.loads(line) if line else {}
        return found

    def waits(self, seconds: float = 0.5) -> bool:
        assert self.process.stdout is not None
        return not select.select([self.process.stdout], [], [], seconds)[0]

    def ask(self, do: str, **told: Any) -> Any:
        self.tell(do, **told)
        answer = self.heard()
        assert "done" in answer, answer
        return answer["done"]

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Actor, Actor]]:
    where = Deployment(tmp_path_factory.mktemp("racing") / "data")
    where.anju("tasks", "list")  # makes the tables
    one, two = Actor(where), Actor(where)
    one.ask("set_up")
    yield one, two
    one.end()
    two.end()
    where.end()


def race(pair: tuple[Actor, Actor], first: Answer, second: Answer) -> tuple[Answer, Answer]:
    """The first has taken its step and not ended its transaction when the second takes its own: the second waits."""
    one, two = pair
    one.tell(**first, hold=True)
    held = one.heard()
    assert held == {"held": True}, held
    two.tell(**second)
    assert two.waits(), "the second did not wait"
    one.go_on()
    found = one.heard(), two.heard()
    assert one.ask("check")["counts"]
    return found


def told(pair: tuple[Actor, Actor], until: str) -> int:
    return int(pair[0].ask("tell", until=until)[0])


def test_two_assign(pair: tuple[Actor, Actor]) -> None:
    case = told(pair, "alerted")
    first, second = race(
        pair, {"do": "assign", "numbers": [case], "to": "worker", "who": "secretary"},
        {"do": "assign", "numbers": [case], "to": "cadre", "who": "street"},
    )  # fmt: skip
    assert first == {"done": 1} and "worker has case No" in second["refused"]


def test_one_takes_it_and_another_assigns_it_with_many(pair: tuple[Actor, Actor]) -> None:
    many = pair[0].ask("tell", n=5)
    first, second = race(
        pair, {"do": "take", "number": many[2], "who": "worker"}, {"do": "assign", "numbers": many, "to": "cadre", "who": "secretary"}
    )
    assert first == {"done": "worker"} and "worker has case No" in second["refused"]


def test_two_judge(pair: tuple[Actor, Actor]) -> None:
    case = told(pair, "verified")
    first, second = race(pair, {"do": "judge", "number": case, "who": "secretary"}, {"do": "judge", "number": case, "who": "street"})
    assert first == {"done": 1} and "last: secretary" in second["refused"]


def test_two_close(pair: tuple[Actor, Actor]) -> None:
    case = told(pair, "ready")
    first, second = race(pair, {"do": "close", "number": case, "who": "street"}, {"do": "close", "number": case, "who": "street"})
    assert first == {"done": "closed"} and "last: street" in second["refused"]


@pytest.mark.parametrize(("faster", "slower", "state"), [("close", "return_back", "closed"), ("return_back", "close", "returned")])
def test_one_closes_while_another_returns(pair: tuple[Actor, Actor], faster: str, slower: str, state: str) -> None:
    case = told(pair, "ready")
    first, second = race(pair, {"do": faster, "number": case, "who": "street"}, {"do": slower, "number": case, "who": "street"})
    assert first == {"done": state} and "last: street" in second["refused"]


def test_two_answers_by_one_link(pair: tuple[Actor, Actor]) -> None:
    case = told(pair, "feedback")
    text = pair[0].ask("link", number=case, who="worker")
    used = pair[0].ask("links_used")
    first, second = race(pair, {"do": "answer", "text": text, "answer": "solved"}, {"do": "answer", "text": text, "answer": "not"})
    assert first == {"done": "solved"} and "no longer serves" in second["refused"]
    assert pair[0].ask("links_used") == used + 1


def test_follow_alerts_twice_at_once(pair: tuple[Actor, Actor]) -> None:
    before = pair[0].ask("check")
    pair[0].ask("trouble", n=7)
    first, second = race(pair, {"do": "follow"}, {"do": "follow"})
    assert first["done"]["opened"] == 7 and not any(second["done"].values())
    assert pair[0].ask("check")["links"] == before["links"] + 7
    pair[0].ask("graver")
    first, second = race(pair, {"do": "follow"}, {"do": "follow"})
    assert (first["done"]["rose"], second["done"]["rose"]) == (7, 0)


def test_a_run_is_followed_while_somebody_closes(pair: tuple[Actor, Actor]) -> None:
    case = told(pair, "ready")
    first, second = race(pair, {"do": "watch"}, {"do": "close", "number": case, "who": "street"})
    assert "done" in first and second == {"done": "closed"}


def test_two_who_act_all_the_time_neither_lock_each_other_nor_spoil_the_counts(pair: tuple[Actor, Actor]) -> None:
    many = pair[0].ask("tell", n=12, until="ready")
    chance = random.Random(7)
    for _ in range(15):
        for actor in pair:
            some = sorted(chance.sample(many, 4), reverse=actor is pair[1])
            actor.tell(**chance.choice([
                {"do": "hand_on", "numbers": some, "to": chance.choice(["worker", "cadre"]), "who": "secretary"},
                {"do": "close", "number": some[0], "who": "street"}, {"do": "return_back", "number": some[1], "who": "street"},
                {"do": "watch"}, {"do": "follow"}, {"do": "pass_day"},
            ]))  # fmt: skip
        for actor in pair:
            answer = actor.heard()
            assert "wrong" not in answer, answer
    assert pair[0].ask("check")["counts"]


def test_the_day_passes_twice_at_once(pair: tuple[Actor, Actor]) -> None:
    pair[0].ask("tell", n=3)
    pair[0].ask("pass_to", day="2023-10-31")
    first, second = race(pair, {"do": "pass_day"}, {"do": "pass_day"})
    assert first["done"] > 0 and second == {"done": 0}


def test_two_look_back(pair: tuple[Actor, Actor], tmp_path: Path) -> None:
    case = told(pair, "ready")
    pair[0].ask("close", number=case, who="street")
    pair[0].ask("pass_to", day="2024-03-01")
    first, second = race(
        pair,
        {"do": "look_back", "number": case, "who": "cadre", "holds": True},
        {"do": "look_back", "number": case, "who": "worker", "holds": False},
    )
    assert first == {"done": "closed"} and "cadre has looked back already" in second["refused"]
