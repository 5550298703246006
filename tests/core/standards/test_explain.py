"""Explanations: each step, fact, limit and missing delivery of a case, and every case of the policy told in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import pytest

from anju.core.standards.cases import Case, judge_of, read_cases
from anju.core.standards.explain import Explanation, explain
from anju.core.standards.read import load_policy
from anju.core.standards.telling import tell

POLICY = Path(__file__).resolve().parents[3] / "policy"
RULES = load_policy(POLICY, drafts=True)
CASES = read_cases(RULES, POLICY)
ENGLISH = re.compile(r"\b(yes|no|not known|no row|left empty|at least|red|orange|yellow|blue|met|breached|unknown|Bureau|any of|all of)\b")


def of(code: str, begins: str) -> tuple[Case, Explanation]:
    case = next(case for case in CASES if case.standard == code and case.name.startswith(begins))
    judge, key = judge_of(RULES, case)
    return case, explain(judge, code, key)


def told(code: str, begins: str, lang: str = "en") -> str:
    case, found = of(code, begins)
    return "\n".join(tell(found, RULES, case.day, datetime.combine(case.day, time(18)), lang))


def test_a_breach_shows_the_condition_that_decided_its_facts_and_limits() -> None:
    _, found = of("ED-01", "8 away")
    assert [(step.text, step.holds) for step in found.rule if "away" in step.text] == [("if_absent(away, 0) >= $away_orange", True)]
    assert ("away", "3") in {(fact.name, fact.shown.en) for fact in found.facts}
    assert {limit.name: (limit.shown.en, limit.example) for limit in found.limits}["$away_orange"] == ("3", True)
    assert [step.holds for step in found.clearing][0] is None
    assert found.owed == ()


def test_at_least_shows_the_graver_condition_in_doubt_too() -> None:
    _, found = of("ED-01", "9 away")
    assert "absent(on_roll)" in [step.text for step in found.rule]
    assert "at least: something graver cannot be judged" in told("ED-01", "9 away")


def test_not_applicable_shows_why_and_no_breach() -> None:
    _, found = of("ED-01", "sixteenth birthday")
    assert [step.text for step in found.rule if step.holds is False] == ["all of", "school_age", "years(birth_date) < 16"]


def test_of_a_streak_the_period_at_which_knowledge_ends_is_named() -> None:
    _, found = of("HS-03", "18 two months")
    assert [(owed.feed, owed.unit, owed.why, owed.periods) for owed in found.owed] == [("F06", "U1", "period", ("2023-06",))]


def test_a_lower_bound_is_told_as_one() -> None:
    assert "Inpatient costs the family paid this year: at least 4,000.00 yuan" in told("MH-02", "16 4,000")
    assert "家庭本年度住院自付：至少 4,000.00 元" in told("MH-02", "16 4,000", "zh")


def test_a_roll_that_is_held_is_owed_though_it_came() -> None:
    _, found = of("ED-01", "12 the roll")
    assert [(owed.feed, owed.why, owed.last) for owed in found.owed] == [("F09", "held", date(2023, 9, 10))]


def test_one_of_which_too_few_rows_are_about_people_is_not_said_never_to_have_come() -> None:
    few = {"F09": [{"received": date(2023, 9, 11), "matched": 0.5, "rows": []}]}
    said = {"as_of": date(2023, 9, 26), "person": {"birth_date": date(2013, 5, 1)}, "deliveries": few}
    judge, key = judge_of(RULES, Case("ED-01", "x", {"name": "n", "expect": {}, **said}))
    found = explain(judge, "ED-01", key)
    assert [(owed.feed, owed.why, owed.last) for owed in found.owed] == [("F09", "unmatched", date(2023, 9, 11))]
    assert "too few of its rows are about people of the register" in "".join(
        tell(found, RULES, date(2023, 9, 26), datetime.combine(date(2023, 9, 26), time(18)), "en")
    )


def test_where_nobody_knows_who_delivers_the_one_who_would_say_is_asked() -> None:
    _, found = of("ED-01", "3 the county's roll")
    assert [owed.feed for owed in found.owed] == ["F09"]


def test_two_senders_who_differ_are_both_shown() -> None:
    _, found = of("ED-01", "29 on two rolls, of two senders")
    status = next(other for other in found.others if other.column.en == "Status")
    assert (status.unit, status.shown.zh, status.other_unit, status.other.zh) == ("U2", "辍学", "U1", "在校")
    assert found.as_dict()["others_say"][0]["feed"] == "F09"


def test_a_decision_is_named_in_words() -> None:
    assert "on record: the family's choice is settled" in told("HS-03", "the family's choice")


@pytest.mark.parametrize("name", ["fact", "rule"])
def test_for_programs_each_text_is_in_both_languages(name: str) -> None:
    _, found = of("ED-01", "8 away")
    data = found.as_dict()
    texts = [step["said"] for step in data["rule"]] if name == "rule" else [fact["title"] for fact in data["because_of"]]
    assert texts and all(set(text) == {"en", "zh"} and all(text.values()) for text in texts)


@pytest.fixture(scope="module")
def every_case() -> Callable[[str], list[tuple[Case, list[str]]]]:
    def lines(lang: str) -> list[tuple[Case, list[str]]]:
        found = []
        for case in CASES:
            judge, key = judge_of(RULES, case)
            known = datetime.combine(case.day, time(18))
            found.append((case, tell(explain(judge, case.standard, key), judge.policy, case.day, known, lang)))
        return found

    return lines


def test_every_case_is_told_in_chinese_without_an_english_word(every_case: Callable[[str], list[tuple[Case, list[str]]]]) -> None:
    for case, lines in every_case("zh"):
        for line in lines:
            plain = re.sub(r"（[^（）]*）$", "", line)  # the source of a limit is as its author wrote it
            assert not ENGLISH.search(plain), f"{case.standard} {case.name}: {line}"


def test_every_case_is_told_in_english_without_a_chinese_word(every_case: Callable[[str], list[tuple[Case, list[str]]]]) -> None:
    for case, lines in every_case("en"):
        assert not re.search(r"[\u4e00-\u9fff]", "\n".join(lines)), case.name
