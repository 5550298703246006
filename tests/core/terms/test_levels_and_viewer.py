"""Levels are ordered, blue is a reminder; a viewer sees what lies below her posts and nothing else."""

from __future__ import annotations

import pytest

from anju.core.terms.levels import LEVELS, RANK, worst
from anju.core.terms.viewer import STRANGER, Viewer


def test_levels_are_ordered_from_none_to_red() -> None:
    assert sorted(LEVELS, key=RANK.__getitem__) == ["none", "blue", "yellow", "orange", "red"]


@pytest.mark.parametrize(("levels", "found"), [([], "none"), (["blue", "red", "yellow"], "red"), (["none", "blue"], "blue")])
def test_the_worst_of_several_counts(levels: list[str], found: str) -> None:
    assert worst(levels) == found


def test_a_viewer_sees_below_her_scopes_and_not_beside_them() -> None:
    worker = Viewer(name="worker", scopes=("/1/4/",))
    assert worker.sees_path("/1/4/")
    assert worker.sees_path("/1/4/17/")
    assert not worker.sees_path("/1/41/")
    assert not worker.sees_path("/1/")
    assert not STRANGER.sees_path("/1/4/")
