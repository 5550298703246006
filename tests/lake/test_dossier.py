"""A household read alone is judged as it is among all the others, and little else is read for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from anju.core.standards.cases import build_world
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.standards.world import RawWorld
from anju.lake.dossier import Dossier
from anju.lake.rows import Sources
from oracle.writer import write_world

DAY = date(2023, 9, 26)
NOW = datetime(2023, 9, 26, 18)  # noqa: DTZ001
CASE: dict[str, Any] = {
    "as_of": DAY,
    "household": {"is_registered_poor": True},
    "person": {"birth_date": date(2012, 3, 1)},
    "households": [{}, {"status": "moved_back"}],
    "persons": [{"household": 1}, {"household": 2, "birth_date": date(2013, 5, 1)}, {"household": 2}, {"household": 3}],
    "F04": [{"unit_code": "D1"}, {"unit_code": "D2", "household": 2}],
    "F05": [{"unit_code": "D2", "danger_grade": "D", "severity": "critical", "reported_on": date(2023, 8, 1)}],
    "F06": [{"unit_code": f"D{n}", "month": month, "in_use": n == 2, "household": None} for n in (1, 2) for month in ("2023-07", "2023-08")],
    "F07": [{"month": "2023-08", "samples": 4, "samples_failed": 1}],
    "F09": [{"status": "enrolled", "school_code": "S1", "stage": "primary"}, {"status": "dropped_out", "school_code": "S1", "person": 3}],
    "F13": [{"year": 2023, "insured": False, "person": 4}],
    "F14": [{"settlement_id": "1", "visit_type": "inpatient", "self_paid": "6000", "settled_on": date(2023, 3, 1)}],
    "F16": [{"employed": True, "person": 2}, {"employed": False, "person": 5, "unemployed_days": 40}],
    "late": ["F26"],
    "rejected": ["F10"],
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(Path(__file__).parents[2] / "policy")


@pytest.fixture(scope="module")
def world(policy: Policy) -> RawWorld:
    return build_world(policy, CASE)


@pytest.fixture
def sources(world: RawWorld, policy: Policy, tmp_path: Path) -> Sources:
    return replace(write_world(world, policy, tmp_path), resolved=tmp_path / "resolved")


def test_each_household_alone_gets_the_answers_it_gets_among_all(world: RawWorld, policy: Policy, sources: Sources, tmp_path: Path) -> None:
    whole = Judge(policy, world, DAY, NOW)
    dossier = Dossier(sources, policy, DAY, NOW, work=tmp_path)
    assert {"ED-01", "MH-02", "MW-02", "HS-03", "SS-05"} <= set(dossier.standards)
    answers = set()
    for household in (1, 2, 3):
        alone = dossier.judge([household])
        for code in dossier.standards:
            for key in alone.subjects.all(policy.standards[code].subject):
                assert alone.finding(code, key) == whole.finding(code, key)
                answers.add(whole.finding(code, key).answer)
    assert answers == {"met", "breached", "unknown", "not applicable"}


def test_a_family_is_judged_with_its_dwelling_of_which_others_tell_by_its_key(policy: Policy, sources: Sources, tmp_path: Path) -> None:
    dossier = Dossier(sources, policy, DAY, NOW, work=tmp_path)
    kept = {home: dossier.judge([home]).values.fact("household", home, "kept:HS-02").value for home in (1, 2, 3)}
    assert kept == {1: True, 2: False, 3: True}
    assert [row["unit_code"] for row in dossier.world([2]).feeds["F05"]] == ["D2"]
    assert not dossier.world([1]).feeds["F05"]


def test_standards_that_roll_up_a_place_are_left_to_the_run(policy: Policy, sources: Sources, tmp_path: Path) -> None:
    dossier = Dossier(sources, policy, DAY, NOW, work=tmp_path)
    assert not {"HS-04", "CU-03", "CG-02", "EM-05", "MW-01"} & set(dossier.standards)


def test_a_person_who_left_is_read_with_the_household(world: RawWorld, policy: Policy, sources: Sources, tmp_path: Path) -> None:
    left = {"person_id": 9, "household_id": 1, "start": date(2018, 6, 1), "end": date(2022, 1, 1)}
    paths = write_world(replace(world, memberships=[left]), policy, tmp_path / "again")
    dossier = Dossier(replace(paths, resolved=sources.resolved), policy, DAY, NOW, work=tmp_path)
    assert [m["person_id"] for m in dossier.world([1]).memberships] == [9]


def test_a_dossier_without_kept_rows_is_refused(policy: Policy, sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder"):
        Dossier(replace(sources, resolved=None), policy, DAY, NOW, work=tmp_path)
