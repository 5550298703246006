"""A world that is written comes back as it was, and all fifty-six standards can judge it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from anju.core.standards.case_world import build_world
from anju.core.standards.compile import compile_run
from anju.core.standards.read import load_policy
from anju.lake.world import read_world
from oracle.writer import write_world

POLICY = Path(__file__).parents[2] / "policy"
DAY = date(2023, 9, 26)
CASE = {
    "as_of": DAY,
    "person": {"birth_date": date(2013, 5, 1)},
    "F09": [{"status": "enrolled", "school_code": "S1", "stage": "primary"}],
    "F14": [{"settlement_id": "1", "visit_type": "inpatient", "self_paid": "12.34", "settled_on": date(2023, 8, 31)}],
    "F15": [{"chronic_codes": ["tb", "mental"]}],
    "late": ["F10"],
    "rejected": ["F09"],
}


def test_a_world_comes_back_as_it_was_written(tmp_path: Path) -> None:
    policy = load_policy(POLICY, drafts=True)
    world = build_world(policy, CASE)
    sources = write_world(world, policy, tmp_path)
    back = read_world(sources, policy, world.feeds)
    for name in ("places", "households", "persons", "memberships", "deliveries", "coverage", "rejected"):
        _same(getattr(world, name), getattr(back, name))
    for code, rows in world.feeds.items():
        _same(rows, back.feeds[code])


def _same(written: object, read: object) -> None:
    assert isinstance(written, list | tuple) and isinstance(read, list)
    assert len(written) == len(read)
    for before, after in zip(written, read, strict=True):
        assert {name: after[name] for name in before if name in after} == {n: v for n, v in before.items() if n in after}
        assert all(after[name] is None for name in after if name not in before and name not in ("community_id", "unit_id", "status"))


def test_all_fifty_six_standards_compile_on_one_day() -> None:
    policy = load_policy(POLICY, drafts=True)
    plan = compile_run(policy, DAY)
    assert sum(len(codes) for codes in plan.standards.values()) == 56
