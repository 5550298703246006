"""Random walks of the whole cast over a few cases, each step watched by a model of its own; and from wherever a walk ends, a way out."""

from __future__ import annotations

import pytest
from django.db import connection

from anju.apps.cases.models import Case
from apps.cases.conftest import Loop
from apps.cases.walking import STEPS, watched

SEEDS = range(5)
LONG = 40
taken: dict[int, set[str]] = {}


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.long if seed else ()) for seed in SEEDS])
def test_no_walk_breaks_a_rule_and_every_case_has_a_way_out(loop: Loop, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = watched(loop, seed, monkeypatch)
    walk.walk(LONG)
    for number in Case.objects.exclude(state__in=["closed", "ended"]).values_list("pk", flat=True):
        walk.bring_to_an_end(number)
    walk.walk(LONG)  # what is over comes back
    for number in Case.objects.exclude(state__in=["closed", "ended"]).values_list("pk", flat=True):
        walk.bring_to_an_end(number)
    taken[seed] = set(walk.taken)


def test_the_walks_took_every_step() -> None:
    """A step that no walk takes is not watched at all. Asked where all of them ran in this process, and the seeds were chosen for."""
    if len(taken) == len(SEEDS) and connection.vendor == "sqlite":
        assert set(STEPS) <= set().union(*taken.values())
