"""Every case beside a standard is what the standard says."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.core.standards.cases import run_cases
from anju.core.standards.read import load_policy

POLICY = Path(__file__).resolve().parents[2] / "policy"
RESULTS = run_cases(load_policy(POLICY), POLICY)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.standard} {result.name}")
def test_the_case_gets_its_answer(result: object) -> None:
    assert getattr(result, "wrong") == ""  # noqa: B009


def test_there_are_cases() -> None:
    assert len(RESULTS) > 20
