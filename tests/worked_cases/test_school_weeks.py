"""Weeks in which no school is held neither raise nor clear: the interpreter and DuckDB say the same of every case that lies in the holidays."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.core.standards.cases import Case
from worked_cases.both import case_in_both
from worked_cases.test_worked_cases import CASES, RULES

MINE = [case for case in CASES if case.standard == "ED-01" and ("holidays" in case.name or case.name == "nor raise")]


@pytest.mark.parametrize("case", MINE, ids=lambda case: case.name)
def test_both_judge_it_alike(case: Case, tmp_path: Path) -> None:
    found, wanted = case_in_both(RULES, case, tmp_path), case.said["expect"]
    assert (found.answer, found.breach) == (wanted["answer"], wanted.get("breach"))
    assert "clears" not in wanted or found.clears is wanted["clears"]


def test_they_are_there() -> None:
    assert len(MINE) == 7
