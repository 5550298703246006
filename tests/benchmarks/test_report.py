"""The benchmarks' own honesty: unequal answers are noticed, ratios are taken round by round, the page is written between its markers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import dozen, judged
from benchmarks.page import write_page
from benchmarks.results import Goal, Row, Section, keep, table
from benchmarks.rounds import Timed, Timing, in_turns, processor_ratio, ratio


def test_ways_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def way(name: str) -> Timed:
        order.append(name)
        return Timed(float(len(order)), 0.5, name)

    timings, found = in_turns({"a": lambda: way("a"), "b": lambda: way("b")}, 2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert timings["a"].seconds == (4.0, 5.0)
    assert timings["b"].processor == (0.5, 0.5)
    assert found == {"a": "a", "b": "b"}


def test_a_ratio_is_of_the_same_round() -> None:
    assert ratio(Timing((4.0, 9.0)), Timing((2.0, 3.0))).seconds == (2.0, 3.0)
    assert processor_ratio(Timing((1.0,), (6.0,)), Timing((1.0,), (2.0,))) == 3.0


def test_unequal_answers_name_the_standard() -> None:
    same = {"ED-01": ((1, True, 5, 15),), "MH-01": ((2, None, 1, 3),)}
    judged.must_agree(same, dict(same))
    with pytest.raises(AssertionError, match="MH-01"):
        judged.must_agree(same, {"ED-01": same["ED-01"], "MH-01": ((1, True, 1, 3),)})
    with pytest.raises(AssertionError, match="no standard in common"):
        judged.must_agree(same, {})


def test_whoever_is_unknown_is_left_out_and_nobody_else() -> None:
    ours = {"ED-01": np.array([0, 1, 2, 10, 111])}
    assert dozen.must_agree(ours, {"ED-01": np.array([0, 1, 1, 10, 10])}) == {"ED-01": 3}
    assert dozen.must_agree(ours, {"ED-01": np.array([0, -1, 1, 10, 10])}) == {"ED-01": 2}
    with pytest.raises(AssertionError, match="ED-01: 1"):
        dozen.must_agree(ours, {"ED-01": np.array([0, 11, 1, 10, 10])})


def test_the_page_is_filled_where_something_was_measured(tmp_path: Path) -> None:
    section = Section(
        [Row("one way", Timing((1.0, 3.0, 2.0), (1.5, 1.5, 1.5)))], [Goal("fast", 3, "times", 2.5), Goal("small", 7, "MB", 5, at_most=True)]
    )
    kept, page = tmp_path / "results.json", tmp_path / "page.md"
    keep(kept, {"people": 5, "months": 36, "rows": 7, "by_feed": {"F14": 7}}, "make bench", "judging", section)
    page.write_text(
        "a\n<!-- bench:judging -->\nold\n<!-- /bench:judging -->\n<!-- bench:memory -->\nkept\n<!-- /bench:memory -->\n", encoding="utf-8"
    )
    write_page(page, kept)
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert "kept" in text
    assert "| one way | 2.00 (1.00 to 3.00) | 1.50 |" in text
    assert "| fast | 3 times | at least 2.5 times | met |" in text
    assert "| small | 7 MB | at most 5 MB | **not met** |" in text


def test_another_world_forgets_the_figures_of_the_first(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    keep(kept, {"people": 5}, "make bench", "judging", Section())
    keep(kept, {"people": 6}, "make bench", "memory", Section())
    assert list(json.loads(kept.read_text(encoding="utf-8"))["sections"]) == ["memory"]


def test_a_single_measurement_says_so() -> None:
    assert "1.00 (once)" in table(Section([Row("one way", Timing((1.0,)))]).as_dict())
