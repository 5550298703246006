"""The real policy is read without a fault, and every standard of the catalogue is written."""

from __future__ import annotations

from pathlib import Path

from anju.core.standards.read import read_policy

POLICY = Path(__file__).parents[2] / "policy"
IN_FORCE = "HS-02 HS-03 HS-04 ED-01 ED-03 MH-01 MH-02 SS-01 SS-05 EM-01 EM-05 CU-03 CG-02 MW-01 MW-02".split()
COUNTS = {"HS": 5, "ED": 5, "MH": 5, "SS": 6, "EM": 5, "CU": 3, "CG": 4, "MW": 3, "HX": 2, "EX": 3, "DX": 3, "SX": 3,
          "NX": 3, "LX": 1, "RX": 1, "PX": 1, "QX": 3}  # fmt: skip


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
