"""All fifty-six standards over random worlds of all their feeds: the interpreter and DuckDB agree on everything."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from anju.core.standards.read import load_policy
from oracle.agree import differences, witnessed
from oracle.chooser import Seeded
from oracle.profile import hunting
from oracle.readable import explained
from oracle.worlds import Size, moments, random_world

POLICY = witnessed(load_policy(Path(__file__).parents[2] / "policy", drafts=True))
MANY = Size(communities=5, households=60, persons=4, rows=70, deliveries=3)


@hunting(5, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_the_interpreter_and_duckdb_agree_on_a_random_prefecture(seed: int) -> None:
    c = Seeded(seed)
    day, known_at = moments(c)
    world = random_world(c, POLICY, POLICY.contracts, day, known_at, MANY)
    found = differences(POLICY, world, day, known_at)
    assert not found, f"seed {seed}: {explained(POLICY, world, day, known_at, found)}"
