"""Worked cases of the gate's question: does the clearing condition hold by what was seen after the measure?"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from anju.core.standards.case_world import COMMUNITY, build_world
from anju.core.standards.cases import Case, judge_of, read_cases
from anju.core.standards.clearing import Clearing, clearing_of
from anju.core.standards.meaning.after import JudgeAfter
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy

POLICY = Path(__file__).resolve().parents[3] / "policy"
EVERY = load_policy(POLICY, drafts=True)
CHILD = {"birth_date": date(2013, 5, 1)}
ENROLLED = {"status": "enrolled", "school_code": "S1", "stage": "primary"}
PRESENT = {"school_code": "S1", "consecutive_absent_days": 0, "absent_days_unexcused": 0}
GOOD_WATER = {"samples": 4, "samples_failed": 0, "outage_hours_max": 2, "outage_hours_total": 3}


@pytest.fixture(scope="module")
def rules() -> Policy:
    return load_policy(POLICY)


def judged(rules: Policy, day: date, **said: Any) -> Judge:
    return Judge(rules, build_world(rules, {"as_of": day, **said}), day, datetime.combine(day, time(23, 59)))


def asked(rules: Policy, code: str, key: Any, after: date, *, on: date, **said: Any) -> Clearing:
    return clearing_of(judged(rules, on, **said), code, key, after)


def weeks(first: int, last: int) -> dict[str, Any]:
    """A child on the roll since September, present in the weeks named."""
    return {"person": CHILD, "F09": [ENROLLED], "F10": [{"week": f"2023-W{n}", **PRESENT} for n in range(first, last + 1)]}


# --- ED-01: twenty school days are four weeks of attendance, all of them after the measure -------------------------------


def test_four_weeks_after_the_measure_are_twenty_school_days(rules: Policy) -> None:
    # back at school on Sunday 10 September; the weeks 37 to 40 end on 17 September to 8 October
    found = asked(rules, "ED-01", 1, date(2023, 9, 10), on=date(2023, 10, 12), **weeks(34, 40))
    assert (found.state, found.fresh, found.shown, found.answer, found.waits) == ("true", True, True, "met", ())


def test_weeks_before_the_measure_do_not_count_however_good_they_were(rules: Policy) -> None:
    found = asked(rules, "ED-01", 1, date(2023, 9, 25), on=date(2023, 10, 12), **weeks(34, 40))
    assert (found.state, found.fresh) == ("true", False)
    (wait,) = found.waits
    assert wait.kind == "too_old" and (wait.feed, wait.unit, wait.newest, wait.due) == ("F10", "S1", date(2023, 10, 8), date(2023, 10, 18))
    assert wait.en == (
        "Weeks present in a row: 2 so far that lie after 2023-09-25 – F10 School attendance, Education Bureau, S1; next due on 2023-10-18"
    )
    assert "连续到校周数：2023-09-25 之后已有 2" in wait.zh and "下一次应于 2023-10-18 报送" in wait.zh


def test_the_roll_of_a_term_that_goes_on_speaks_of_the_time_after(rules: Policy) -> None:
    after = JudgeAfter(judged(rules, date(2023, 10, 12), **weeks(34, 40)), date(2023, 9, 25))
    assert after.values.fact("person", 1, "on_roll", "status").value == "enrolled"
    over = JudgeAfter(judged(rules, date(2023, 10, 12), **weeks(34, 40)), date(2024, 2, 28))
    assert over.values.fact("person", 1, "on_roll", "status").value is None


def test_a_late_week_of_the_school_is_named_with_who_owes_it(rules: Policy) -> None:
    said = weeks(34, 39) | {"missing": {"F10": ["2023-W40"]}}
    found = asked(rules, "ED-01", 1, date(2023, 9, 10), on=date(2023, 10, 12), **said)
    assert (found.state, found.fresh) == ("unknown", False)
    (wait,) = found.waits
    assert wait.kind == "unknown" and (wait.feed, wait.unit, wait.due) == ("F10", "S1", date(2023, 10, 11))
    assert "due since 2023-10-11" in wait.en and "尚未收到" in wait.zh
    assert "a period that is due was not delivered" in wait.en and "2023-W40" in wait.en and "应报期次未报送" in wait.zh


def test_what_does_not_hold_is_said_with_what_is_so_now(rules: Policy) -> None:
    said = weeks(34, 40)
    said["F10"][-1]["absent_days_unexcused"] = 2
    found = asked(rules, "ED-01", 1, date(2023, 9, 10), on=date(2023, 10, 12), **said)
    assert found.state == "false"
    assert [wait.en.partition(" – ")[0] for wait in found.waits] == [
        "not yet: Weeks present in a row ≥ 4 (now Weeks present in a row: 0)",
    ]


# --- HS-04: the next sample of water --------------------------------------------------------------------------------------


def test_the_month_of_water_in_which_the_measure_lies_counts_for_it_ends_after_it(rules: Policy) -> None:
    found = asked(rules, "HS-04", COMMUNITY, date(2023, 9, 10), on=date(2023, 10, 12), F07=[{"month": "2023-09", **GOOD_WATER}])
    assert (found.state, found.fresh, found.newest) == ("true", True, date(2023, 9, 30))


def test_a_sample_of_before_that_came_after_the_measure_does_not_count(rules: Policy) -> None:
    came = {"received": date(2023, 9, 9), "covers": ["2023-08"], "rows": [{"month": "2023-08", **GOOD_WATER}]}
    found = asked(rules, "HS-04", COMMUNITY, date(2023, 9, 5), on=date(2023, 9, 26), deliveries={"F07": [came]})
    assert (found.state, found.fresh, found.newest) == ("true", False, date(2023, 8, 31))
    (wait,) = found.waits  # one row, of which four cells are asked for
    assert wait.kind == "too_old"
    assert (wait.feed, wait.unit, wait.owner, wait.newest, wait.due) == ("F07", "U1", "water", date(2023, 8, 31), date(2023, 10, 10))
    assert "known of the time up to 2023-08-31 only, not after 2023-09-05" in wait.en and "未晚于 2023-09-05" in wait.zh


def test_the_day_of_the_measure_itself_is_not_after_it(rules: Policy) -> None:
    said = {"F07": [{"month": "2023-08", **GOOD_WATER}]}
    assert not asked(rules, "HS-04", COMMUNITY, date(2023, 8, 31), on=date(2023, 9, 26), **said).fresh
    assert asked(rules, "HS-04", COMMUNITY, date(2023, 8, 30), on=date(2023, 9, 26), **said).fresh


# --- MH-02: what was recorded on the case ----------------------------------------------------------------------------------


def costs(**more: Any) -> dict[str, Any]:
    income = {"month": "2023-09", "wage_income": 60000, "business_income": 0, "property_income": 0, "transfer_income": 0, "rigid_expense": 6000}
    stay = {"visit_type": "inpatient", "settled_on": date(2023, 3, 10), "self_paid": 68500}
    return {"person": {"birth_date": date(1980, 1, 1)}, "F14": [stay], "F26": [income], **more}


def paid(on: date) -> dict[str, Any]:
    return {"P01": [{"standard": "MH-02", "decision": "assistance_paid", "decided_on": on}]}


@pytest.mark.parametrize(("on", "fresh"), [(date(2023, 9, 4), False), (date(2023, 9, 5), True), (date(2023, 9, 20), True)])
def test_a_decision_counts_from_the_day_of_the_measure_on(rules: Policy, on: date, fresh: bool) -> None:
    found = asked(rules, "MH-02", 1, date(2023, 9, 5), on=date(2023, 10, 25), **costs(**paid(on)))
    assert (found.state, found.fresh) == ("true", fresh)
    assert found.answer == "breached"  # the year's sum stands; help was given, and that is what clears
    assert [wait.feed for wait in found.waits] == ([] if fresh else ["P01"])
    assert all("due" not in wait.en for wait in found.waits)  # a decision is nobody's delivery


def test_where_nothing_is_recorded_the_alternatives_are_said_in_one_sentence(rules: Policy) -> None:
    found = asked(rules, "MH-02", 1, date(2023, 9, 5), on=date(2023, 10, 25), **costs())
    (wait,) = found.waits
    assert found.state == "false" and wait.kind == "not_yet"
    assert wait.en.startswith("not yet: Under monitoring or") and "F27" in wait.en and wait.due == date(2023, 11, 10)


# --- EM-01: somebody of the family has held work for thirty days ------------------------------------------------------------


def work(month: str, since: date) -> dict[str, Any]:
    return {"person": {"birth_date": date(1990, 1, 1)}, "F16": [{"month": month, "employed": True, "job_start_on": since}]}


def test_work_told_of_by_a_month_after_the_measure_clears(rules: Policy) -> None:
    found = asked(rules, "EM-01", 1, date(2023, 8, 20), on=date(2023, 10, 12), **work("2023-09", date(2023, 8, 21)))
    assert (found.state, found.fresh, found.newest) == ("true", True, date(2023, 9, 30))


def test_work_told_of_by_a_month_before_the_measure_does_not(rules: Policy) -> None:
    found = asked(rules, "EM-01", 1, date(2023, 10, 2), on=date(2023, 10, 12), **work("2023-09", date(2023, 8, 21)))
    assert (found.state, found.fresh) == ("true", False)
    assert [(wait.feed, wait.due) for wait in found.waits] == [("F16", date(2023, 11, 10))]


# --- HS-03: a streak ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "fresh"), [(date(2023, 7, 30), True), (date(2023, 7, 31), False), (date(2023, 9, 30), False)])
def test_every_month_that_a_streak_needs_lies_after_the_measure(rules: Policy, after: date, fresh: bool) -> None:
    used = [{"unit_code": "D1", "month": month, "in_use": True, "household": None} for month in ("2023-06", "2023-07", "2023-08")]
    found = asked(rules, "HS-03", 1, after, on=date(2023, 9, 26), F04=[{"unit_code": "D1"}], F06=used)
    assert (found.state, found.fresh) == ("true", fresh)
    assert [wait.feed for wait in found.waits] == ([] if fresh else ["F06"])


# --- other kinds of subjects and rows -----------------------------------------------------------------------------------------


def test_what_became_of_a_dispute_counts_by_its_own_day(rules: Policy) -> None:
    dispute = {"dispute_id": "D7", "registered_on": date(2023, 6, 1), "mediated_on": date(2023, 8, 20), "result": "agreed"}
    assert asked(rules, "CG-02", "D7", date(2023, 8, 20), on=date(2023, 9, 26), F28=[dispute]).shown
    assert not asked(rules, "CG-02", "D7", date(2023, 8, 21), on=date(2023, 9, 26), F28=[dispute]).fresh


def test_an_employer_is_asked_by_its_own_key(rules: Policy) -> None:
    month = {"employer_code": "E1", "employer_type": "workshop", "status": "operating", "month": "2023-08"}
    assert asked(rules, "EM-05", "E1", date(2023, 8, 10), on=date(2023, 9, 26), F19=[month]).shown
    found = asked(rules, "EM-05", "E1", date(2023, 9, 1), on=date(2023, 9, 26), F19=[month])
    assert (found.state, found.fresh) == ("true", False) and "F19" in {wait.feed for wait in found.waits}


def test_no_row_of_a_closed_feed_counts_by_the_day_of_the_delivery(rules: Policy) -> None:
    elder = {"person": {"birth_date": date(1950, 1, 1)}}
    listed = {"group": "elder_alone", "risk_level": "high", "registered_on": date(2020, 1, 1), "last_visit_on": date(2023, 9, 25)}
    said = {**elder, "deliveries": {"F21": [{"received": date(2023, 9, 25), "day": date(2023, 9, 24), "rows": [listed]}]}}
    assert asked(rules, "SS-05", 1, date(2023, 9, 23), on=date(2023, 9, 26), **said).shown
    found = asked(rules, "SS-05", 1, date(2023, 9, 24), on=date(2023, 9, 26), **said)
    assert (found.state, found.fresh) == ("true", False) and {wait.feed for wait in found.waits} == {"F21"}


def test_other_standards_that_must_be_kept_count_by_their_own_rows(rules: Policy) -> None:
    def kept(after: date) -> bool | None:
        judge = judged(rules, date(2023, 10, 25), **costs(F07=[{"month": "2023-09", **GOOD_WATER}]))
        fact = JudgeAfter(judge, after).values.fact("household", 1, "community.kept:HS-04")
        value: bool | None = fact.value
        return value

    assert kept(date(2023, 9, 10)) is True
    assert kept(date(2023, 10, 1)) is None


def test_what_still_stands_is_said_by_its_name_where_met_is_what_clears(rules: Policy) -> None:
    elder = {"person": {"birth_date": date(1950, 1, 1)}}
    listed = {"group": "elder_alone", "risk_level": "high", "registered_on": date(2020, 1, 1), "last_visit_on": date(2023, 1, 1)}
    found = asked(rules, "SS-05", 1, date(2023, 9, 1), on=date(2023, 9, 26), **elder, F21=[listed])
    assert (found.state, [wait.kind for wait in found.waits]) == ("false", ["still"])
    assert found.waits[0].en.startswith("still so: Visit overdue at high risk – F21") and found.waits[0].zh.startswith(
        "仍存在：高风险对象探访逾期"
    )


def test_of_whom_the_standard_is_no_longer_about_it_is_gone(rules: Policy) -> None:
    away = {"household": {"status": "left"}, **weeks(34, 40)}
    found = asked(rules, "ED-01", 1, date(2023, 9, 10), on=date(2023, 10, 12), **away)
    assert (found.state, found.fresh, found.answer) == ("gone", False, "not applicable")
    nobody = asked(rules, "ED-01", 77, date(2023, 9, 10), on=date(2023, 10, 12), **weeks(34, 40))
    assert (nobody.state, nobody.answer) == ("gone", None) and nobody.waits[0].zh


def test_every_sentence_stands_in_both_languages_and_as_a_document(rules: Policy) -> None:
    found = asked(rules, "ED-01", 1, date(2023, 9, 25), on=date(2023, 10, 12), **weeks(34, 40)).as_dict()
    assert found["waits"][0]["due"] == "2023-10-18" and found["day"] == "2023-10-12"
    assert all(wait["en"] and wait["zh"] for wait in found["waits"])


# --- what holds of every case of the policy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", read_cases(EVERY, POLICY), ids=lambda case: f"{case.standard} {case.name}"[:60])
def test_the_later_the_measure_the_less_is_shown_and_what_is_not_shown_is_waited_for(case: Case) -> None:
    judge, key = judge_of(EVERY, case)
    clears = judge.finding(case.standard, key).clears
    days = [date.min, *(case.day - timedelta(days=n) for n in (400, 90, 30, 7, 1, 0))]
    found = [clearing_of(judge, case.standard, key, after) for after in days]
    if found[0].state == "gone":
        assert clears is not True or judge.finding(case.standard, key).answer == "not applicable"
        return
    assert found[0].fresh == (clears is True), "since the beginning of time everything is after"
    assert [one.fresh for one in found] == sorted((one.fresh for one in found), reverse=True)
    for one in found:
        assert (one.state == "true") == (clears is True) and one.shown == (not one.waits)
