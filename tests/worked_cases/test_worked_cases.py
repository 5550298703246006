"""The worked cases 1 to 30 of the semantics, each a test of its number, judged by the interpreter and by DuckDB.

Most are YAML cases whose name begins with the number; what needs several days, many subjects or episodes is told here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from anju.core.standards.case_world import build_world
from anju.core.standards.cases import Case, read_cases, run_case
from anju.core.standards.episodes import Episode, Event, Seen, episodes_of
from anju.core.standards.meaning.judge import Finding
from anju.core.standards.read import load_policy
from worked_cases.both import case_in_both, judge_both

POLICY = Path(__file__).resolve().parents[2] / "policy"
RULES = load_policy(POLICY, drafts=True)
CASES = read_cases(RULES, POLICY)
DAY = date(2023, 9, 26)
CHILD = {"birth_date": date(2013, 5, 1)}
ENROLLED = {"status": "enrolled", "school_code": "S1", "stage": "primary"}


def end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59))


@pytest.fixture
def yaml_cases(tmp_path: Path) -> Callable[[int], list[Finding]]:
    """The findings of the YAML cases of a number, each as it expects, and the same from DuckDB."""

    def found(number: int) -> list[Finding]:
        mine = [case for case in CASES if re.match(rf"{number}\b(?!,)", case.name)]
        assert mine, f"no case beside a standard begins with {number}"
        assert [run_case(RULES, case).wrong for case in mine] == [""] * len(mine)
        return [case_in_both(RULES, case, tmp_path / str(nth)) for nth, case in enumerate(mine)]

    return found


def seen(found: Finding) -> Seen:
    return Seen(found.answer, found.clears, found.level, found.breach)


def through_days(days: list[tuple[date, dict[str, Any]]], folder: Path, *, code: str = "ED-01") -> tuple[list[Episode], list[Event]]:
    """What becomes of person 1 over days on each of which another world is known, look-back ninety days."""
    runs = []
    for nth, (day, said) in enumerate(days):
        world = build_world(RULES, {"as_of": day, "name": str(day), "expect": {}, **said})
        runs.append((day, seen(judge_both(RULES, world, day, end_of(day), code, folder / str(nth)).findings[1])))
    return episodes_of(runs, look_back=90)


YamlCases = Callable[[int], list[Finding]]


def test_01_enrolled_and_present_is_met(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(1)] == ["met"]


def test_02_on_no_roll_of_a_county_that_delivered_is_red(yaml_cases: YamlCases) -> None:
    assert [(f.answer, f.level) for f in yaml_cases(2)] == [("breached", "red")]


def test_03_a_late_roll_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(3)] == ["unknown"]


def test_04_an_empty_status_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(4)] == ["unknown"]


def test_05_attendance_not_delivered_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(5)] == ["unknown"]


def test_06_no_row_of_a_school_that_delivered_is_met(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(6)] == ["met"]


def test_07_dropped_out_is_red_without_attendance(yaml_cases: YamlCases) -> None:
    assert [(f.answer, f.level) for f in yaml_cases(7)] == [("breached", "red")]


def test_08_three_days_away_is_orange(yaml_cases: YamlCases) -> None:
    assert [(f.level, f.at_least) for f in yaml_cases(8)] == [("orange", False)]


def test_09_three_days_away_with_the_roll_late_is_at_least_orange(yaml_cases: YamlCases) -> None:
    assert [(f.level, f.at_least) for f in yaml_cases(9)] == [("orange", True)]


def test_10_a_missing_birth_date_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(10)] == ["unknown"]


def test_11_the_entry_day_divides(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(11)] == ["met", "not applicable"]


def test_12_a_roll_without_a_whole_school_is_held_and_nobody_red(yaml_cases: YamlCases, tmp_path: Path) -> None:
    assert {f.answer for f in yaml_cases(12)} == {"unknown"}
    held = {"received": date(2023, 9, 10), "held": True, "rows": [{"person": n, **ENROLLED} for n in (1, 2)]}
    case = {"as_of": DAY, "person": CHILD, "persons": [CHILD] * 3, "deliveries": {"F09": [held]}}
    assert set(judge_both(RULES, build_world(RULES, case), DAY, end_of(DAY), "ED-01", tmp_path / "all").answers().values()) == {"unknown"}


def test_13_a_roll_row_set_aside_is_unknown_for_that_child_only(yaml_cases: YamlCases, tmp_path: Path) -> None:
    assert [f.answer for f in yaml_cases(13)] == ["unknown"]
    case = {"as_of": DAY, "person": CHILD, "persons": [CHILD], "F09": [{"person": 2, **ENROLLED}], "rejected": ["F09"]}
    world = build_world(RULES, case)
    assert judge_both(RULES, world, DAY, end_of(DAY), "ED-01", tmp_path / "two").answers() == {1: "unknown", 2: "met"}


def test_14_yesterdays_finding_stands_as_known_then(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(14)] == ["breached", "met"]


def test_15_a_lower_bound_can_be_enough(yaml_cases: YamlCases) -> None:
    assert [(f.answer, f.level) for f in yaml_cases(15)] == [("breached", "red")]


def test_16_a_lower_bound_below_the_line_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(16)] == ["unknown"]


def test_17_the_calendar_does_not_clear(yaml_cases: YamlCases) -> None:
    assert [f.clears for f in yaml_cases(17)] == [False]


def test_18_two_months_and_a_gap_are_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(18)] == ["unknown"]


def test_19_no_sample_is_unknown_and_a_later_month_clears(yaml_cases: YamlCases) -> None:
    assert [(f.answer, f.clears) for f in yaml_cases(19)] == [("unknown", False), ("met", True)]


def test_20_history_follows_the_person(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(20)] == ["met"]


def test_21_nobody_of_working_age_is_not_applicable(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(21)] == ["not applicable"]


def test_22_the_worst_of_two_groups_decides(yaml_cases: YamlCases) -> None:
    assert [f.breach for f in yaml_cases(22)] == ["overdue_high"]


def test_23_an_open_finding_ends_when_the_child_leaves_the_programme(yaml_cases: YamlCases, tmp_path: Path) -> None:
    assert [f.answer for f in yaml_cases(23)] == ["not applicable"]
    episodes, events = through_days([(DAY, {"person": CHILD}), (DAY + timedelta(days=1), {"person": CHILD | {"household": None}})], tmp_path)
    assert events == ["opened", "ended"]
    assert (episodes[0].status, episodes[0].closed_on) == ("ended", DAY + timedelta(days=1))


def test_24_unknown_in_between_is_one_episode(tmp_path: Path) -> None:
    def week(text: str, away: int) -> dict[str, Any]:
        row = {"week": text, "school_code": "S1", "consecutive_absent_days": away}
        return {"person": CHILD, "F09": [ENROLLED], "F10": [row]}

    later = DAY + timedelta(days=7)
    days = [(DAY, week("2023-W37", 3)), (later, week("2023-W37", 3) | {"missing": {"F10": ["2023-W38"]}}),
            (later + timedelta(days=7), week("2023-W39", 5))]  # fmt: skip
    episodes, events = through_days(days, tmp_path)
    assert events == ["opened", "doubted", "still"]
    assert len(episodes) == 1 and episodes[0].doubted_since is None


def test_25_breached_again_twenty_days_after_it_cleared_is_a_relapse(tmp_path: Path) -> None:
    def weeks(*away: int) -> dict[str, Any]:
        rows = [{"week": f"2023-W{37 + n}", "school_code": "S1", "absent_days_unexcused": days, "consecutive_absent_days": days}
                for n, days in enumerate(away)]  # fmt: skip
        return {"person": CHILD, "F09": [ENROLLED], "F10": rows}

    cleared = date(2023, 10, 24)
    days = [(DAY, weeks(3)), (cleared, weeks(3, 0, 0, 0, 0)), (cleared + timedelta(days=20), weeks(3, 0, 0, 0, 0, 0, 0, 4))]
    episodes, events = through_days(days, tmp_path)
    assert events == ["opened", "cleared", "relapsed"]
    assert [(e.nth, e.follows) for e in episodes] == [(1, None), (2, 1)]


@pytest.mark.parametrize(("red", "households", "answer"), [(10, 400, "met"), (12, 400, "breached"), (9, 100, "met"), (10, 333, "breached")])
def test_26_ten_households_but_less_than_three_in_a_hundred_is_met(red: int, households: int, answer: str, tmp_path: Path) -> None:
    rows = [{"case_id": f"K{n}", "standard": "ED-01", "level": "red", "opened_on": date(2023, 7, 1), "household": n} for n in range(1, red + 1)]
    case = {"as_of": DAY, "households": [{}] * (households - 1), "P02": rows}
    found = judge_both(RULES, build_world(RULES, case), DAY, end_of(DAY), "QX-03", tmp_path)
    assert list(found.answers().values()) == [answer]


def test_27_one_late_county_is_one_data_alert_and_its_people_unknown(yaml_cases: YamlCases, tmp_path: Path) -> None:
    assert [f.breach for f in yaml_cases(27)] == ["very_late"]
    period = {"feed_code": "F13", "period_text": "2023-08", "expected_on": date(2023, 9, 11)}
    came = {"received_on": date(2023, 9, 10), "rows": 100, "rejected_rows": 0, "matched_rate": 1}
    case = {
        "as_of": DAY, "places": [{"code": "U2", "level": "unit"}, {"code": "C2", "level": "community", "under": "U2"}],
        "households": [{"place": "C2"}], "persons": [{"household": 2}, {"household": 2}], "late": {"F13": ["U2"]},
        "F13": [{"year": 2023, "insured": True}], "F36": [{"unit_code": "U1", **period, **came}, {"unit_code": "U2", **period}],
    }  # fmt: skip
    world = build_world(RULES, case)
    assert judge_both(RULES, world, DAY, end_of(DAY), "MH-01", tmp_path / "people").answers() == {1: "met", 2: "unknown", 3: "unknown"}
    alerts = judge_both(RULES, world, DAY, end_of(DAY), "MW-01", tmp_path / "data").findings
    assert {key: (f.answer, f.level) for key, f in alerts.items()} == {"F13|U1|2023-08": ("met", None), "F13|U2|2023-08": ("breached", "orange")}


def test_28_nobody_took_part_is_unknown(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(28)] == ["unknown"]


def test_29_on_two_rolls_the_latest_by_rule(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(29)] == ["breached", "met"]


def test_30_rows_after_death_still_belong_to_the_person(yaml_cases: YamlCases) -> None:
    assert [f.answer for f in yaml_cases(30)] == ["breached"]


def test_all_thirty_are_here() -> None:
    numbers = sorted({int(name[5:7]) for name in globals() if re.match(r"test_\d\d_", name)})
    assert numbers == list(range(1, 31))


UNUSUAL = ("deliveries", "parameters", "known_at", "missing", "rejected", "places")
CHOSEN = [case for case in CASES if any(key in case.said for key in UNUSUAL) and not re.match(r"\d+ ", case.name)]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: f"{case.standard} {case.name}")
def test_duckdb_agrees_on_cases_about_deliveries_places_and_parameters(case: Case, tmp_path: Path) -> None:
    found = case_in_both(RULES, case, tmp_path)
    assert found.answer == case.said["expect"]["answer"]
