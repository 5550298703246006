"""The people of the sample are as the prefecture's published figures and the stated assumptions have them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from anju.core.terms.identifiers import cn_resident_id
from anju.sample.build import plan_world
from anju.sample.families import FAMILIES, WATER_COMMUNITY, WATER_HOUSEHOLDS
from anju.sample.plan import World
from anju.sample.population import ETHNIC, MODES, build_population
from anju.sample.registers import write_registers
from anju.sample.settlements import TOLD, TOTAL, UNITS
from anju.sample.timeline import SAMPLE_DAY
from anju.sample.welfare import disabled
from anju.sample.work import listed

AGES = ((0, 2, 4.5), (3, 5, 5.5), (6, 11, 12.5), (12, 14, 6.0), (15, 17, 5.5), (18, 59, 54.0), (60, 79, 10.5), (80, 120, 1.5))


@pytest.fixture(scope="module")
def world() -> World:
    return plan_world(60_000, 24)


def share(flags: object) -> float:
    return float(np.asarray(flags).mean() * 100)


def test_households_and_ages(world: World) -> None:
    p = world.p
    assert len(p.sex) == 60_000
    assert len(p.sex) / len(p.household_size) == pytest.approx(TOTAL / 79_100, rel=0.015)
    sizes = np.bincount(p.household_size, minlength=9)[1:] / len(p.household_size) * 100
    assert sizes == pytest.approx([5, 9, 17, 26, 22, 13, 5, 3], abs=1.0)
    age = p.age(SAMPLE_DAY)
    for first, last, wanted in AGES:
        assert share((age >= first) & (age <= last)) == pytest.approx(wanted, abs=0.6), (first, last)


def test_where_they_live_and_came_from(world: World) -> None:
    p = world.p
    assert (len(UNITS), len(p.community_code), len(set(p.community_code))) == (9, 68, 68)
    by_unit = np.bincount(p.person_unit) / len(p.sex) * TOTAL
    assert by_unit == pytest.approx([unit[3] for unit in UNITS], rel=0.06)
    home = np.where(p.household_unit == 8, 0, p.household_unit)
    assert share(p.origin_unit != home) == pytest.approx(20, abs=1)
    assert share(p.cohort[p.person_household] == 2018) == pytest.approx(156_297 / TOTAL * 100, abs=1)
    assert share(p.registered_poor) == pytest.approx(80, abs=1)
    assert p.move_in.max() <= np.datetime64("2019-06-20")
    assert np.bincount(p.household_grid).max() <= 525
    assert {p.community_name[c].removesuffix("社区") for c in np.flatnonzero(p.community_told)} == set(TOLD.values())


def test_work_care_and_ethnic_groups(world: World) -> None:
    p = world.p
    labour = p.labour(SAMPLE_DAY)
    assert labour.sum() / len(p.sex) * TOTAL == pytest.approx(150_000, rel=0.05)
    modes = np.bincount(p.mode[labour], minlength=len(MODES)) / labour.sum() * 100
    assert modes == pytest.approx([45, 15, 15, 8, 8, 5, 2, 2], abs=1)
    groups = np.bincount(p.ethnic[p.household_first]) / len(p.household_size) * 100
    assert groups == pytest.approx([percent for _, percent in ETHNIC], abs=1)
    assert share(np.isin(np.arange(len(p.household_size)), [s.household for s in world.spells["dibao"]])) == pytest.approx(6, abs=0.6)
    assert len(disabled(world)) / len(p.sex) * 100 == pytest.approx(3.7, abs=0.4)
    ever = world.spells["monitored"]
    assert len(ever) / len(p.household_size) * 79_100 == pytest.approx(2_950, rel=0.12)
    assert sum(s.thing == "over" for s in ever) / len(ever) == pytest.approx(0.83, abs=0.04)


def test_nineteen_in_twenty_are_in_work_and_nearly_every_family_has_a_worker(world: World) -> None:
    p, month = world.p, world.t.last
    who, keeper = listed(world, month)
    idle = ~keeper & ~np.isin(p.mode[who], (0, 1)) & ((who * 7 + month) % 10 == 3)
    assert share(~idle) >= 94
    families = len(np.unique(p.person_household[who]))
    without = sum(len(world.at(kind, month)) for kind in ("no_work", "no_work_long", "only_wage"))
    assert 98.4 <= (1 - without / families) * 100 < 100


def test_every_number_is_valid_and_of_the_prefecture(tmp_path: Path) -> None:
    w = plan_world(6_000, 13)
    write_registers(tmp_path, w)
    with (tmp_path / "F02_person_register.csv").open(encoding="utf-8") as file:
        numbers = [row["person_id"] for row in csv.DictReader(file)]
    old = {spell.thing for spell in w.spells["old_code"]}
    assert len(numbers) == 6_001  # one stands there twice
    assert {number for number in numbers if not number.startswith("522300")} == old
    assert all(cn_resident_id(number) == number for number in numbers)


@pytest.mark.parametrize("people", [20_000, 45_000])
def test_the_storys_people_are_the_same_in_every_size(people: int) -> None:
    p = build_population(people, 7, date(2023, 9, 26))
    for family in FAMILIES:
        members = p.members(p.stories[family.code])
        assert [str(p.person_name[m].as_py()) for m in members] == [m.name for m in family.members]
        assert p.code(p.stories[family.code]) == family.code
    assert p.identity(p.members(p.stories["H9000001"])[2])[:17] == "52230020110520992"
    assert int((p.household_community == p.community(*WATER_COMMUNITY)).sum()) == WATER_HOUSEHOLDS
