"""Troubles come and go at steady rates, few enough to be worked through; the stories have their own in every size."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest

from anju.sample.build import plan_world
from anju.sample.families import CLOSING_WORKERS
from anju.sample.following import listed
from anju.sample.plan import Expected, World
from anju.sample.timeline import SAMPLE_DAY
from anju.sample.work import STORY, employer_of

PEOPLE = 20_000


@pytest.fixture(scope="module")
def world() -> World:
    return plan_world(PEOPLE, 24)


def households(world: World, expected: list[Expected]) -> list[int]:
    """The households that have an open red or orange item of their own."""
    p = world.p
    of_code = {p.code(h): h for h in range(len(p.household_size))}
    of_person = dict(zip(p.person_id.to_pylist(), p.person_household.tolist(), strict=True))
    open_ = [e.subject for e in expected if e.answer == "breached" and e.level in ("red", "orange")]
    return [of_code.get(subject, of_person.get(subject, -1)) for subject in open_ if subject in of_code or subject in of_person]


def test_few_households_have_an_open_item_and_no_grid_worker_has_many(world: World) -> None:
    for day in (date(2022, 12, 31), date(2023, 6, 30), SAMPLE_DAY):
        found = households(world, world.truth_on(day))
        assert 0.008 <= len(set(found)) / len(world.p.household_size) <= 0.03, day
        grids = Counter(int(world.p.household_grid[household]) for household in found)
        assert max(grids.values()) <= 10, day


def test_the_rates_are_steady_and_cases_open_close_and_come_back(world: World) -> None:
    days = list(world.t.judged_days())
    assert len(days) == 24
    counts = [len([e for e in world.truth_on(day) if e.answer == "breached" and e.standard in ("EM-01", "HS-03", "CG-02")]) for day in days[6:]]
    assert min(counts) > 0.5 * np.mean(counts)
    assert max(counts) < 1.6 * np.mean(counts)
    spells = world.spells["no_work"]
    again = Counter(spell.household for spell in spells)
    assert 0.05 < sum(n > 1 for n in again.values()) / len(again) < 0.25


def test_no_trouble_touches_the_settlements_that_are_told_of(world: World) -> None:
    told = {h for h in range(len(world.p.household_size)) if world.p.community_told[world.p.household_community[h]]}
    assert not told & set(households(world, world.expected))
    codes = {world.p.community_code[c] for c in np.flatnonzero(world.p.community_told)}
    assert not codes & {e.subject for e in world.expected}


def test_two_troubles_meet_in_one_family_only_in_a_story(world: World) -> None:
    found = Counter(households(world, world.truth_on(SAMPLE_DAY)))
    story = world.p.stories["H9000003"]
    assert {household for household, n in found.items() if n > 1} == {story}


@pytest.mark.parametrize("people", [PEOPLE, 30_000])
def test_the_stories_hold_in_every_size(people: int) -> None:
    w = plan_world(people, 24)
    assert int((employer_of(w) == STORY).sum()) == CLOSING_WORKERS
    now = {(e.standard, e.subject): (e.answer, e.level) for e in w.truth_on(SAMPLE_DAY)}
    girl, cousin = (w.p.identity(w.p.members(w.p.stories[code])[2]) for code in ("H9000001", "H9000002"))
    assert now["ED-01", girl] == now["ED-01", cousin] == ("breached", "red")
    assert {now[standard, "H9000003"] for standard in ("MH-02", "EM-01", "MW-02")} == {("breached", "red")}
    assert now["HS-04", w.p.community_code[w.p.community("522326", 4)]] == ("breached", "red")
    assert now["HS-04", w.p.community_code[w.p.community("522326", 5)]] == ("unknown", "")
    assert now["EM-05", "W900"] == ("breached", "orange")
    thriving = {w.p.identity(m) for m in w.p.members(w.p.stories["H9000005"])} | {"H9000005"}
    assert not thriving & {e.subject for e in w.expected}


def test_the_same_arguments_give_the_same_world(world: World) -> None:
    again = plan_world(PEOPLE, 24)
    assert again.expected == world.expected
    assert again.p.person_id.equals(world.p.person_id)


def test_too_small_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="5,000 or more"):
        plan_world(900, 24)
    with pytest.raises(ValueError, match="13 or more"):
        plan_world(6_000, 6)


def test_the_smallest_sample_is_planned_and_lists_its_families() -> None:
    """Of 1,169 households over 24 months some kinds of trouble have no case at all."""
    small = plan_world(5_000, 24)
    assert not small.spells["not_called"]
    assert len(listed(small, small.t.last)[0])
