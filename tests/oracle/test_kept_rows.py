"""Days that follow one another over rows that are kept, and a family read alone: still what the interpreter says of the whole world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.contracts.model import Contract
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.standards.world import RawWorld, Row
from anju.lake.dossier import Dossier
from anju.lake.rows import Sources
from oracle.agree import compared
from oracle.chooser import Seeded
from oracle.profile import hunting
from oracle.test_random_policies import LARGE, Case, made
from oracle.worlds import Size, moments, random_world
from oracle.writer import write_world

STEPS = (0, 1, 7, -30, 0)  # a day twice, days after, and a replay of an older one


@hunting(6, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_days_that_follow_one_another_agree_though_rows_are_kept(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    c = Seeded(seed)
    case = made(c, features=c.pick((5, 10)), standards=2, size=LARGE)
    folder = tmp_path_factory.mktemp("kept")
    sources = replace(write_world(case.world, case.policy, folder), resolved=folder / "resolved")
    for step in STEPS:
        day, known_at = case.day + timedelta(days=step), case.known_at + timedelta(days=step)
        found = compared(case.policy, case.world, sources, day, known_at, folder / "run")
        assert not found, f"seed {seed}, {step} days on: {[str(difference) for difference in found[:5]]}"


@pytest.fixture(scope="module")
def shipped() -> Iterator[Policy]:
    yield load_policy(Path(__file__).parents[2] / "policy", drafts=True)


@hunting(3, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_a_family_of_a_random_prefecture_is_judged_alone_as_among_all(
    tmp_path_factory: pytest.TempPathFactory, shipped: Policy, seed: int
) -> None:
    c = Seeded(seed)
    day, known_at = moments(c)
    world = random_world(c, shipped, shipped.contracts, day, known_at, Size(communities=3, households=25, persons=4, rows=40, deliveries=3))
    assert alone(tmp_path_factory.mktemp("alone"), shipped, world, day, known_at, seed) > 20


@hunting(6, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_a_family_is_judged_alone_as_among_all_by_a_random_policy(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    c = Seeded(seed)
    case: Case = made(c, features=c.pick((5, 10)), standards=4, size=LARGE)
    alone(tmp_path_factory.mktemp("alone"), case.policy, case.world, case.day, case.known_at, seed)


def as_published(world: RawWorld, policy: Policy) -> RawWorld:
    """The platform's own rows as it publishes them: each key once, the row known last. A random world moves a visit to another family."""
    once: dict[str, list[Row]] = {}
    for code, rows in world.feeds.items():
        contract = policy.contracts[code]
        if isinstance(contract, Contract) and contract.platform:
            linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
            names = [linked.get(name, name) for name in contract.key]
            known = sorted(rows, key=itemgetter("known_at", "row_id"))
            once[code] = list({tuple(row.get(name) for name in names): row for row in known}.values())
    return replace(world, feeds={**world.feeds, **once})


def alone(folder: Path, policy: Policy, world: RawWorld, day: date, known_at: datetime, seed: int) -> int:
    """Every answer and evidence value of a few households, read alone, is the one of the whole world. How many standards were asked."""
    world = as_published(world, policy)
    sources: Sources = replace(write_world(world, policy, folder), resolved=folder / "resolved")
    whole = Judge(policy, world, day, known_at)
    dossier = Dossier(sources, policy, day, known_at, work=folder)
    for household in list(whole.subjects.household)[:8]:
        judge = dossier.judge([household])
        for code in dossier.standards:
            subject = policy.standards[code].subject
            keys = [household] if subject == "household" else whole.subjects.members("household", household, "person")
            for key in keys if subject in ("household", "person") else ():
                assert judge.finding(code, key) == whole.finding(code, key), f"seed {seed}, {code} {key}"
    return len(dossier.standards)
