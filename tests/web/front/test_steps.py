"""How long the preparation may still take, by how long it has taken."""

from __future__ import annotations

import pytest

from anju.web.front.steps import STEPS, seconds_left, shown
from anju.web.front.week import Progress


def test_the_shares_of_the_steps_are_the_whole() -> None:
    assert sum(share for _, share in STEPS.values()) == pytest.approx(1)


def test_the_steps_before_are_done_and_the_others_are_to_come() -> None:
    assert [state for _, state in shown(Progress("taking in", 5, 10))] == ["done", "done", "now", "", ""]
    assert shown(Progress("judging 2023-05")) == []


def test_what_is_left_follows_from_what_was_done() -> None:
    half = STEPS["building the sample"][1] / 2
    assert seconds_left(Progress("building the sample", 8, 16, 1_000, 1_000), 1_020) == pytest.approx(20 * (1 - half) / half)


def test_a_step_that_counts_nothing_is_as_long_as_its_share() -> None:
    first = STEPS["building the sample"][1]
    whole = 30 / first
    assert seconds_left(Progress("registering", 0, 0, 1_000, 1_030), 1_035) == pytest.approx(whole - 35)
    after = 1 - first - STEPS["registering"][1]
    assert seconds_left(Progress("registering", 0, 0, 1_000, 1_030), 1_900) == pytest.approx(whole * after)  # never less than what follows it


@pytest.mark.parametrize("progress", [
    Progress(), Progress("taking in", 1, 9), Progress("judging 2023-05", 1, 2, 1_000, 1_000), Progress("registering", 0, 0, 1_000, 1_000),
    Progress("taking in", 1, 9, 1_018, 1_018), Progress("building the sample", 0, 0, 1_000, 1_000),
])  # fmt: skip
def test_nobody_can_tell_at_first_or_without_a_beginning(progress: Progress) -> None:
    now = 1_020 if progress.title != "registering" else 1_005
    assert seconds_left(progress, now) is None
