"""The table of states and moves, what a meeting must show, and which condition of an end holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from anju.core.casework.elimination import Facts, conditions, may_end
from anju.core.casework.listing import BAR, ENDING, ENDING_MOVES, MOVES, STATES, WHO, Meeting, Span, next_move
from anju.core.casework.terms import read_terms
from anju.core.contracts.model import Bilingual
from anju.core.terms.working_days import WorkingCalendar

DAY = date(2023, 9, 26)
MEETING = Meeting(date(2023, 9, 20), "village hall", 9, 7, 1, "folder 3")
MET = {"education": (Bilingual("Education", "义务教育"), "met"), "water": (Bilingual("Water", "饮水安全"), "not_applicable")}
WELL = Facts(
    income=800_000, line=690_000, income_before=700_000, line_before=640_000, falling=False, rigid_share=12, lights=MET, labour=2,
)  # fmt: skip


def test_each_move_begins_where_the_one_before_ended() -> None:
    assert [move.source for move in MOVES] == list(BAR[:-1]) and [move.target for move in MOVES] == list(BAR[1:])
    assert [move.source for move in ENDING_MOVES] == list(ENDING[:-1]) and [move.target for move in ENDING_MOVES] == list(ENDING[1:])
    assert {move.act for move in (*MOVES, *ENDING_MOVES)} <= set(WHO)
    assert next_move("listed") is None and next_move("refused") is None and set(BAR) <= set(STATES)


def test_a_meeting_that_shows_everything() -> None:
    assert MEETING.faults(date(2023, 9, 1), DAY, 5) == [] and MEETING.agreed


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"place": " "}, "where"), ({"minutes": ""}, "record lies"), ({"held_on": date(2023, 9, 27)}, "future"),
     ({"held_on": date(2023, 8, 31)}, "before 2023-09-01"), ({"attended": 4, "votes_for": 3}, "at least 5"),
     ({"votes_for": 9}, "more votes"), ({"votes_against": -1}, "more votes")],
)  # fmt: skip
def test_each_fault_of_a_meeting(changed: dict[str, object], says: str) -> None:
    faults = replace(MEETING, **changed).faults(date(2023, 9, 1), DAY, 5)  # type: ignore[arg-type]
    assert any(says in fault.en for fault in faults)


def test_half_of_those_who_came_is_not_more_than_half() -> None:
    assert not replace(MEETING, attended=10, votes_for=5).agreed


def test_spans_know_the_working_calendar() -> None:
    calendar = WorkingCalendar(
        [1, 2, 3, 4, 5], [date(2023, 9, 29), *(date(2023, 10, n) for n in range(2, 7))], [date(2023, 10, 7), date(2023, 10, 8)]
    )
    assert Span(5, "working_days").after(DAY, calendar) == date(2023, 10, 9)
    assert Span(15, "days").after(DAY, calendar) == date(2023, 10, 11)
    assert Span(6, "months").after(date(2023, 8, 31), calendar) == date(2024, 2, 29)


def test_a_risk_is_over_where_every_condition_holds() -> None:
    found = conditions(WELL, rigid_share_most=40, stable_from=date(2023, 9, 26), day=DAY)
    assert may_end(found) and [one.name for one in found] == [
        "income",
        "stable",
        "rigid",
        "light:education",
        "light:water",
        "labour",
        "measures",
    ]


@pytest.mark.parametrize(
    ("changed", "name", "holds"),
    [
        ({"income": 689_999}, "income", False), ({"income": 690_000}, "income", True), ({"income": None}, "income", None),
        ({"line": None}, "income", None), ({"income_before": 639_999}, "stable", False), ({"income_before": None}, "stable", None),
        ({"falling": True}, "stable", False), ({"falling": None}, "stable", None), ({"rigid_share": 40}, "rigid", False),
        ({"rigid_share": 39}, "rigid", True), ({"rigid_share": None}, "rigid", None),
        ({"lights": {"water": (Bilingual("Water", "饮水安全"), "breached")}}, "light:water", False),
        ({"lights": {"water": (Bilingual("Water", "饮水安全"), "unknown")}}, "light:water", None), ({"lights": None}, "guarantees", None),
        ({"labour": 0}, "labour", False), ({"labour": None}, "labour", None), ({"measures_open": 1}, "measures", False),
    ],
)  # fmt: skip
def test_each_condition_by_itself(changed: dict[str, object], name: str, holds: bool | None) -> None:
    found = conditions(replace(WELL, **changed), rigid_share_most=40, stable_from=date(2023, 1, 1), day=DAY)  # type: ignore[arg-type]
    one = {one.name: one for one in found}[name]
    assert one.holds is holds and one.reason.en and one.reason.zh
    assert may_end(found) is (holds is True)


def test_half_a_year_is_half_a_year() -> None:
    one = conditions(WELL, rigid_share_most=40, stable_from=date(2023, 9, 27), day=DAY)[1]
    assert one.holds is False and "less than half a year" in one.reason.en


def test_nothing_known_is_nothing_shown() -> None:
    assert not may_end(conditions(Facts(), rigid_share_most=40, stable_from=None, day=DAY)) and not may_end(())


def test_the_shipped_terms(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    terms, faults = read_terms(root / "policy")
    assert not faults and terms is not None
    assert (terms.listing_within, terms.plan_within, terms.notice_up) == (Span(15, "days"), Span(10, "days"), Span(5, "working_days"))


def test_every_fault_of_the_terms_is_named(tmp_path: Path) -> None:
    (tmp_path / "casework.yaml").write_text(
        "monitoring:\n  listing_within: {weeks: 2}\n  plan_within: {days: 0}\n  notice_up: {}\n  plan_review: {months: 3}\n  watch: 6\n"
        "  meeting_least: 0\n  rigid_share_most: 40\n  nonsense: 1\n"
    )
    terms, faults = read_terms(tmp_path)
    said = "\n".join(map(str, faults))
    assert terms is None
    assert all(
        word in said
        for word in ("'weeks'", "0 is no span", "one span is expected", "a mapping", "0 is too few", "'nonsense'", "'stable' is missing")
    )
