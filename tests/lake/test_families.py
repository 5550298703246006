"""Each family as a whole, its lights, the counts by place, and the lists that are paged from them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from anju.core.standards.cases import build_world
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.lake.answers import FIRST, answers_of_household, answers_of_place, codes_of, families_page, subjects_page
from anju.lake.engine import RunResult, run
from anju.lake.families import IN_PLACE, NOT_IN_PLACE, NOT_KNOWN
from oracle.writer import write_world

DAY = date(2023, 9, 26)
NOW = datetime(2023, 9, 26, 18)  # noqa: DTZ001
PATH = "/1/2/3/"
SUPPLY = {"samples": 4, "outage_hours_max": 1, "outage_hours_total": 2}
PUPIL = {"birth_date": date(2013, 5, 1), "is_student": True}
CASE: dict[str, Any] = {
    "as_of": DAY,
    "person": PUPIL,
    "households": [{}, {}],
    "persons": [{"household": 2, **PUPIL}, {"household": 3, **PUPIL}],
    "F07": [{"month": "2023-08", **SUPPLY, "samples_failed": 0}],
    "F09": [
        {"status": "dropped_out", "school_code": "S1", "stage": "primary"},
        {"status": "enrolled", "school_code": "S1", "stage": "primary", "person": 2},
        {"status": None, "school_code": "S1", "stage": "primary", "person": 3},
    ],
}  # fmt: skip
STANDARDS = ("ED-01", "HS-04")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(Path(__file__).parents[2] / "policy")


def judged(policy: Policy, folder: Path, case: dict[str, Any]) -> RunResult:
    return run(policy, write_world(build_world(policy, case), policy, folder), DAY, NOW, folder / "run", standards=(*STANDARDS, "EM-01"))


@pytest.fixture
def result(policy: Policy, tmp_path: Path) -> RunResult:
    return judged(policy, tmp_path, CASE)


def test_one_family_is_helped_one_is_well_and_one_is_not_known(result: RunResult) -> None:
    assert result.families is not None
    rows = {row["household_id"]: row for row in pq.read_table(result.families).to_pylist()}
    assert {key: row["state"] for key, row in rows.items()} == {1: "put_right", 2: "in_place", 3: "not_known"}
    assert {key: row["light:education"] for key, row in rows.items()} == {1: NOT_IN_PLACE, 2: IN_PLACE, 3: NOT_KNOWN}
    assert {row["light:water"] for row in rows.values()} == {IN_PLACE}
    assert (rows[1]["breached"], rows[1]["worst"], rows[3]["unknown"]) == (1, 4, 1)


def test_a_guarantee_that_no_standard_in_force_judges_has_no_light(result: RunResult) -> None:
    assert result.families is not None
    assert pq.read_table(result.families)["light:medical"].null_count == 3


def test_bad_water_of_a_community_is_every_familys_light(policy: Policy, tmp_path: Path) -> None:
    found = judged(policy, tmp_path, {**CASE, "F07": [{"month": "2023-08", **SUPPLY, "samples_failed": 1}]})
    assert found.families is not None and found.situation is not None
    assert set(pq.read_table(found.families)["light:water"].to_pylist()) == {NOT_IN_PLACE}
    counts = {(row["place_id"], row["what"]): row["n"] for row in pq.read_table(found.situation).to_pylist()}
    assert counts[3, "water:out"] == counts[1, "water:out"] == 3
    assert (1, "in_place") not in counts and counts[1, "put_right"] == 3


def test_counts_by_place_add_up(result: RunResult) -> None:
    assert result.situation is not None
    rows = pq.read_table(result.situation).to_pylist()
    for place in (1, 2, 3):
        assert sum(row["n"] for row in rows if row["place_id"] == place and ":" not in row["what"]) == 3


def test_a_familys_answers(policy: Policy, result: RunResult) -> None:
    found = answers_of_household(result.folder, policy, PATH, 1)
    assert {(given.standard, given.subject, given.subject_id): given.answer for given in found} == {
        ("ED-01", "person", 1): "breached", ("EM-01", "household", 1): "not_applicable",
    }  # fmt: skip
    assert next(given for given in found if given.standard == "ED-01").breach == 0
    assert answers_of_household(result.folder, policy, "/1/2/4/", 1) == []
    assert [given.answer for given in answers_of_place(result.folder, policy, "community", 3)] == ["met"]


def test_lists_are_paged_within_the_scope(result: RunResult) -> None:
    first = families_page(result.folder, ["/1/2/"], limit=2)
    rest = families_page(result.folder, ["/1/2/"], after=(first[-1]["path"], first[-1]["household_id"]), limit=2)
    assert [row["household_id"] for row in [*first, *rest]] == [1, 2, 3]
    assert families_page(result.folder, ["/1/3/"], limit=10) == []
    assert families_page(result.folder, [], limit=10) == []
    assert [row["household_id"] for row in families_page(result.folder, ["/1/"], state="not_known", after=FIRST, limit=10)] == [3]
    assert [row["household_id"] for row in families_page(result.folder, ["/1/"], light=("education", NOT_IN_PLACE), limit=10)] == [1]


def test_a_scope_is_no_prefix_of_a_longer_number(result: RunResult) -> None:
    assert families_page(result.folder, ["/1/2/3/"], limit=10) != []
    assert families_page(result.folder, ["/1/2/33/"], limit=10) == []


def test_subjects_of_an_answer(result: RunResult) -> None:
    assert [row["subject_id"] for row in subjects_page(result.folder, "person", "ED-01", "unknown", ["/1/"], limit=5)] == [3]
    assert [row["subject_id"] for row in subjects_page(result.folder, "person", "ED-01", "breached", ["/1/"], limit=5)] == [1]
    assert codes_of(result.folder, "person", "ED-01", [1, 3, 9]) == {1: (10, False), 3: (2, False)}
    assert codes_of(result.folder, "person", "ED-99", [1]) == {}


def test_a_home_that_is_not_safe_is_its_familys_light(policy: Policy, tmp_path: Path) -> None:
    homes = [{"unit_code": "D1"}, {"unit_code": "D2", "household": 2}, {"unit_code": "D3", "household": 3}]
    case = {**CASE, "F04": homes, "F05": [{"issue_id": "1", "unit_code": "D2", "severity": "critical", "reported_on": date(2023, 9, 1)}]}
    sources = write_world(build_world(policy, case), policy, tmp_path)
    found = run(policy, sources, DAY, NOW, tmp_path / "run", standards=("HS-02", "EM-01"))
    assert found.families is not None
    rows = pq.read_table(found.families).to_pylist()
    assert {row["household_id"]: row["light:housing"] for row in rows} == {1: IN_PLACE, 2: NOT_IN_PLACE, 3: IN_PLACE}
    assert [given.standard for given in answers_of_household(found.folder, policy, PATH, 2) if given.answer == "breached"] == ["HS-02"]
