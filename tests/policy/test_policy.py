"""The real policy is read without a fault, and every standard of the catalogue is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from anju.core.standards.cases import Case, run_case
from anju.core.standards.read import load_policy, read_policy

POLICY = Path(__file__).parents[2] / "policy"
IN_FORCE = "HS-02 HS-03 HS-04 ED-01 ED-03 MH-01 MH-02 SS-01 SS-05 EM-01 EM-05 CU-03 CG-02 MW-01 MW-02 MW-03 QX-01 QX-02".split()
COUNTS = {"HS": 5, "ED": 5, "MH": 5, "SS": 6, "EM": 5, "CU": 3, "CG": 4, "MW": 3, "HX": 2, "EX": 3, "DX": 3, "SX": 3,
          "NX": 3, "LX": 1, "RX": 1, "PX": 1, "QX": 3}  # fmt: skip

LOOP = ("MW-03", "QX-01", "QX-02")  # about the loop itself


def test_the_policy_in_force_has_no_fault() -> None:
    policy, faults = read_policy(POLICY)
    assert faults == []
    assert policy is not None and sorted(policy.standards) == sorted(IN_FORCE)


def test_all_fifty_six_standards_are_written() -> None:
    policy, faults = read_policy(POLICY, drafts=True)
    assert faults == []
    assert policy is not None
    expected = {f"{domain}-{n:02d}" for domain, count in COUNTS.items() for n in range(1, count + 1)}
    assert set(policy.standards) == expected


@pytest.mark.parametrize("loop", LOOP)
def test_standards_about_cases_never_judge_a_case_of_the_loops_own(loop: str) -> None:
    """A late case about lateness would breed another without end."""
    policy = load_policy(POLICY)
    about_cases = [code for code, standard in policy.standards.items() if standard.subject == "case"]
    assert about_cases == ["MW-03"]
    late = {"stage": "handling", "stage_deadline": date(2023, 9, 1), "returned_count": 3, "reopened_on": date(2023, 9, 20)}
    for code in about_cases:
        said: dict[str, Any] = {"name": "n", "as_of": date(2023, 9, 26), "P02": [{"standard": loop, **late}]}
        assert run_case(policy, Case(code, "x", {**said, "expect": {"answer": "not applicable"}})).wrong == ""
        said["P02"] = [{"standard": "ED-01", **late}]
        assert run_case(policy, Case(code, "x", {**said, "expect": {"answer": "breached"}})).wrong == ""
