"""Every case beside a standard is what the standard says, and the cases hold the standard on both sides of every boundary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from anju.core.standards.boundaries import feeds_asked, slips, unguarded
from anju.core.standards.cases import Case, CaseResult, judge_of, read_cases, run_case, run_cases
from anju.core.standards.explain import explain
from anju.core.standards.read import load_policy

POLICY = Path(__file__).resolve().parents[2] / "policy"
RULES = load_policy(POLICY)
CASES = read_cases(RULES, POLICY)
RESULTS = run_cases(RULES, POLICY)
DAY = date(2023, 9, 26)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.standard} {result.name}")
def test_the_case_gets_its_answer(result: CaseResult) -> None:
    assert result.wrong == ""


@pytest.mark.parametrize("code", sorted(RULES.standards))
def test_every_breach_is_reached_and_every_answer_is_seen(code: str) -> None:
    mine = [r for r in RESULTS if r.standard == code]
    for version in RULES.standards[code].versions:
        assert {b.name for b in version.breaches} <= {r.breach for r in mine}
    assert {"met", "breached", "unknown"} <= {r.answer for r in mine}


@pytest.mark.parametrize("code", sorted(RULES.standards))
def test_every_boundary_is_guarded_by_a_case(code: str) -> None:
    """A limit moved by one step, a condition, code or breach left out, a dated value forgotten: some case must fail."""
    assert [str(slip) for slip in unguarded(RULES, code, CASES)] == []


@pytest.mark.parametrize("code", sorted(RULES.standards))
def test_each_feed_that_a_standard_reads_is_owed_in_some_case(code: str) -> None:
    """The feeds behind its conditions, but for the platform's own: some case lacks each, and its explanation says so."""
    owed: set[str] = set()
    for case in CASES:
        if case.standard == code:
            judge, key = judge_of(RULES, case)
            owed |= {item.feed for item in explain(judge, code, key).owed}
    assert feeds_asked(RULES, code) <= owed


def _case(**said: object) -> Case:
    return Case("ED-01", "x", {"name": "n", "as_of": DAY, "person": {"birth_date": date(2013, 5, 1)}, "expect": {"answer": "met"}, **said})


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"F9O": []}, "the case has no 'F9O'"),
        ({"F09": [{"statuz": "enrolled"}]}, "a row of F09 has no 'statuz'"),
        ({"F09": [{"status": "enroled"}]}, "'enroled' is no status: one of enrolled"),
        ({"person": {"brith_date": None}}, "person 1 has no 'brith_date'"),
        ({"household": {"state": "active"}}, "household 1 has no 'state'"),
        ({"households": [{"place": "C7"}]}, "there is no place 'C7': one of P, U1, C1"),
        ({"places": [{"code": "C2", "level": "community", "under": "U7"}]}, "lies under 'U7'"),
        ({"F09": [], "deliveries": {"F09": []}}, "stands in the case and under `deliveries`"),
        ({"deliveries": {"F09": [{"recieved": DAY}]}}, "a delivery of F09 has no 'recieved'"),
        ({"late": ["F09"], "rejected": ["F09"]}, "nothing of it was delivered"),
        ({"of": 7}, "`of: 7` is no person"),
        ({"expect": {"anwser": "met"}}, "`expect` has no 'anwser'"),
        ({"expect": {"answer": "fine"}}, "'fine' is no answer"),
        ({"parameters": {"away": []}}, "there is no parameter 'away'"),
        ({"F09": [{"term": "2029-2030-1"}]}, "is not a term"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slip_of_the_author_is_told(said: dict[str, object], says: str) -> None:
    assert says in run_case(RULES, _case(**said)).wrong


def test_a_wrong_answer_is_told_with_the_evidence() -> None:
    found = run_case(RULES, _case(expect={"answer": "met", "clears": True, "evidence": {"age": 11}, "owes": ["F10"]}))
    assert "answer: expected met, got breached" in found.wrong
    assert "evidence age: expected 11, got 10" in found.wrong
    assert "owes: expected F10, got nothing" in found.wrong


def test_a_standard_without_cases_is_guarded_by_nothing() -> None:
    whole = list(slips(RULES, "ED-01", [DAY]))
    assert len(whole) > 25
    assert len(unguarded(RULES, "ED-01", [replace(CASES[0], standard="XX-01")])) == len(list(slips(RULES, "ED-01", [])))
