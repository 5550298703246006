"""A calendar that has run out: what comes by terms is not known after it, and the interpreter and DuckDB say so alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from anju.core.contracts.model import Programme
from anju.core.standards.cases import Case, judge_of
from anju.core.standards.explain import explain
from worked_cases.both import case_in_both
from worked_cases.test_worked_cases import CHILD, ENROLLED, RULES

LAST = "2022-2023-2"  # it ends on 14 July 2023; the longest break between the terms before it had 47 days
assert isinstance(RULES.programme, Programme)
KNOWN = tuple(term for term in RULES.programme.terms if term.name <= LAST)
RUN_OUT = replace(RULES, digest="run-out", programme=replace(RULES.programme, terms=KNOWN))


def roll(day: date, **more: object) -> Case:
    said = {"person": CHILD, "F09": [{**ENROLLED, "term": LAST}], "F10": [{"school_code": "S1", "consecutive_absent_days": 0}], **more}
    return Case("ED-01", "x", {"name": "n", "as_of": day, "expect": {}, **said})


@pytest.mark.parametrize(("day", "answer"), [(date(2023, 6, 30), "met"), (date(2023, 8, 30), "met"), (date(2023, 9, 26), "unknown")])
def test_the_last_roll_named_does_not_stand_for_ever(day: date, answer: str, tmp_path: Path) -> None:
    assert case_in_both(RUN_OUT, roll(day), tmp_path).answer == answer


def test_where_the_calendar_goes_on_the_next_roll_counts(tmp_path: Path) -> None:
    assert case_in_both(RULES, roll(date(2023, 9, 26), F09=[{**ENROLLED, "term": "2023-2024-1"}]), tmp_path).answer == "met"


def test_nobody_is_told_to_deliver_what_the_calendar_does_not_name() -> None:
    judge, key = judge_of(RUN_OUT, roll(date(2023, 9, 26)))
    owed = {item.feed: (item.why, item.periods) for item in explain(judge, "ED-01", key).owed}
    assert owed["F09"] == ("calendar", (LAST,))
