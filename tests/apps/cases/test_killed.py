"""Processes that die at any moment, and a disk that is full: nothing is half done, and the next run completes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.cases.test_at_once import Actor
from deployment import Deployment

MOMENTS = (4, 21)


@pytest.fixture
def where(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path / "data")
    made.anju("tasks", "list")  # makes the tables
    actor = Actor(made)
    actor.ask("set_up")
    actor.end()
    yield made
    made.end()


def killed(where: Deployment, moment: int, do: str, **told: Any) -> bool:
    """Whether a process of its own died at the n-th statement of a step; False where it was done before that."""
    actor = Actor(where)
    actor.tell(do, die=moment, **told)
    died = not actor.heard()
    actor.end()
    return died


def whole(actor: Actor) -> dict[str, Any]:
    found: dict[str, Any] = actor.ask("check")
    assert found["counts"]
    return found


def test_whoever_follows_the_alerts_dies(where: Deployment) -> None:
    actor = Actor(where)
    actor.ask("trouble", n=12)
    for moment in MOMENTS:
        assert killed(where, moment, "follow", batch=5)
        found = whole(actor)
        assert found["cases"] == found["links"] == found["opened"] and found["cases"] % 5 == 0
    assert actor.ask("follow")["opened"] == 12 - found["cases"]
    found = whole(actor)
    assert found["cases"] == found["links"] == found["opened"] == 12
    actor.ask("graver")
    assert killed(where, 7, "follow") and whole(actor)["rose"] == 0
    assert actor.ask("follow")["rose"] == 12
    actor.end()


def test_whoever_assigns_many_dies(where: Deployment) -> None:
    actor = Actor(where)
    many = actor.ask("tell", n=15)
    for moment in MOMENTS:
        assert killed(where, moment, "assign", numbers=many, to="worker", who="secretary")
        found = whole(actor)
        assert (found["states"], found["assign"], found["journal"]) == ({"alerted": 15}, 0, 0)
    assert actor.ask("assign", numbers=many, to="worker", who="secretary") == 15
    found = whole(actor)
    assert (found["states"], found["assign"], found["journal"]) == ({"assigned": 15}, 15, 15)
    actor.end()


def test_whoever_lets_the_day_pass_dies(where: Deployment) -> None:
    actor = Actor(where)
    actor.ask("tell", n=12)
    actor.ask("pass_to", day="2023-10-31")
    for moment in MOMENTS:
        assert killed(where, moment, "pass_day", batch=5)
        found = whole(actor)
        assert found["escalated"] == 4 * found["overdue"] and found["overdue"] % 5 == 0
    assert actor.ask("pass_day") == 4 * (12 - found["overdue"])
    assert whole(actor)["escalated"] == 48
    assert actor.ask("pass_day") == 0
    actor.end()


def test_whoever_closes_dies(where: Deployment) -> None:
    actor = Actor(where)
    case = actor.ask("tell", until="ready")[0]
    for moment in MOMENTS:
        assert killed(where, moment, "close", number=case, who="street")
        found = whole(actor)
        assert (found["states"], found["close"], found["look_backs"]) == ({"feedback": 1}, 0, 0)
    assert actor.ask("close", number=case, who="street") == "closed"
    assert whole(actor)["look_backs"] == 1
    actor.end()


def test_on_a_full_disk_nothing_is_half_done(tmp_path: Path) -> None:
    made = Deployment(tmp_path / "data", engine="sqlite")  # on PostgreSQL it is the server's disk
    made.anju("tasks", "list")
    actor, limited = Actor(made), Actor(made)
    actor.ask("set_up")
    many = actor.ask("tell", n=40)
    actor.ask("trouble", n=40)
    for do, told in (("assign", {"numbers": many, "to": "worker", "who": "secretary"}), ("follow", {})):
        limited.tell(do, full=16_384, **told)
        answer = limited.heard()
        assert "disk" in answer.get("wrong", "") and "OperationalError" in answer["wrong"], answer
        found = whole(actor)
        assert (found["states"], found["assign"], found["links"]) == ({"alerted": 40}, 0, 0)
    limited.end()
    assert actor.ask("assign", numbers=many, to="worker", who="secretary") == 40
    assert actor.ask("follow")["opened"] == 40
    actor.end()
