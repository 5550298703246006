"""Random policies over random worlds, so that the whole grammar is compared and not only what the policy in force uses."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.standards.world import RawWorld
from oracle.agree import differences, witnessed
from oracle.chooser import Chooser, Drawn, Seeded
from oracle.policies import Draft, random_policy
from oracle.profile import hunting
from oracle.readable import explained, said
from oracle.worlds import Size, moments, random_world

SMALL = Size(communities=2, households=2, persons=2, rows=4, deliveries=2)
LARGE = Size(communities=3, households=15, persons=3, rows=30, deliveries=3)


@dataclass(frozen=True)
class Case:
    draft: Draft
    policy: Policy
    world: RawWorld
    day: date
    known_at: datetime

    def __repr__(self) -> str:
        return f"\n{self.draft.said()}\n{said(self.world, self.day, self.known_at, ())}\n"

    def differences(self) -> list[Any]:
        return differences(self.policy, self.world, self.day, self.known_at)

    def explained(self, found: list[Any]) -> str:
        return f"{self.draft.said()}\n{explained(self.policy, self.world, self.day, self.known_at, found)}"


def read(draft: Draft) -> Policy:
    with tempfile.TemporaryDirectory() as folder:
        return load_policy(draft.write(Path(folder)))


def made(c: Chooser, features: int, standards: int, size: Size) -> Case:
    draft = random_policy(c, features=features, standards=standards)
    policy = witnessed(read(draft))
    day, known_at = moments(c)
    return Case(draft, policy, random_world(c, policy, policy.contracts, day, known_at, size), day, known_at)


@st.composite
def small_cases(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Case:
    """A few features over a world of two households: what hypothesis can make smaller by itself."""
    c = Drawn(draw)
    return made(c, features=c.whole(1, 4), standards=1, size=SMALL)


@hunting(12)
@given(case=small_cases())
def test_both_agree_on_a_small_policy(case: Case) -> None:
    found = case.differences()
    assert not found, "\n".join(str(difference) for difference in found[:10])


@hunting(25, shrink=False)
@given(seed=st.integers(0, 2**32))
def test_both_agree_on_a_large_policy(seed: int) -> None:
    c = Seeded(seed)
    case = made(c, features=c.pick((5, 10, 20)), standards=c.pick((2, 4)), size=LARGE)
    found = case.differences()
    assert not found, f"seed {seed}: {case.explained(found)}"
