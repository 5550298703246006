"""Features beside the value they must have on a small world, written down beforehand and computed by both judges."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import State
from oracle.small import DAY, feature, judged, small_policy

D = Decimal
VALUE, ABSENT, BLANK, UNDELIVERED, AT_LEAST = "value", "absent", "blank", "undelivered", "at_least"

# One family in community C1: person 1 (household 1), person 2 of the same household, person 3 of household 2, and
# person 4 who moved from household 1 to household 2 in August.
WORLD: dict[str, Any] = {
    "as_of": DAY,
    "household": {"status": "a", "is_registered_poor": True, "member_count": 3, "move_in_date": date(2020, 2, 29)},
    "households": [{"status": "c", "is_registered_poor": None}],
    "person": {"birth_date": date(2004, 2, 29), "labour_capacity": "a"},
    "persons": [{"birth_date": None}, {"household": 2, "alive": False, "deceased_on": date(2023, 6, 1)},
                {"household": 2, "from": 1, "moved_in": date(2023, 8, 15)}],
    "FS": [{"item": "1", "n": 2, "m": -3, "amount": "50", "rate": "0.5", "flag": True, "status": "a", "codes": ["p", "q"], "other": "x",
            "on_day": date(2023, 8, 31)},
           {"item": "2", "n": None, "amount": "12.34", "flag": None, "status": "b"},
           {"item": "3", "person": 2, "n": 0, "amount": "0", "flag": False, "status": "c", "maybe": date(2023, 9, 1)}],
    "FO": [{"item": "1", "n": 1}],
    "FD": [{"item": "1", "n": 4, "flag": True}, {"item": "2", "n": 5, "flag": False}],
    "FP": [{"spell": "2023-08", "flag": True, "n": 3}, {"spell": "2023-07", "flag": True, "n": 2}, {"spell": "2023-06", "flag": None},
           {"spell": "2023-07", "person": 2, "flag": True, "n": 9}],
    "FQ": [{"spell": "2023-Q2", "amount": "100"}],
    "FT": [{"spell": "T4", "status": "a"}],
    "FR": [{"school": "S1", "status": "a"}],
    "FW": [{"spell": "2023-W37", "school": "S1", "n": 1}, {"spell": "2023-W36", "school": "S1", "n": 1}],
    "FE": [{"on_day": date(2023, 9, 26), "amount": "1"}, {"on_day": date(2023, 8, 27), "amount": "2"},
           {"on_day": date(2023, 8, 28), "amount": "4"}, {"on_day": date(2022, 12, 31), "amount": "8"},
           {"on_day": date(2023, 8, 1), "amount": "16", "person": 4}, {"on_day": date(2023, 8, 31), "amount": "32", "person": 4}],
    "FC": [{"item": "1", "n": 10}],
    "FY": [{"on_day": date(2023, 8, 30), "n": 7}],
    "F1": [{"item": "one", "flag": True}],
    "F2": [{"item": "one", "n": 1}],
    "FX": [{"item": "one", "n": 6, "household": None}],
    "late": ["FO"],
}  # fmt: skip

# name: (subject, feature, state, value of the first subject)
GOLDEN: dict[str, tuple[str, str, str, Any]] = {
    # the latest row, and why there is none
    "latest_n": ("person", "latest: FS, where: \"item = '1'\"", VALUE, {"n": 2, "m": -3, "amount": 5000, "codes": ["p", "q"]}),
    "latest_blank": ("person", "latest: FS, where: \"item = '2'\"", VALUE, {"n": BLANK, "flag": BLANK, "other": ABSENT, "maybe": ABSENT}),
    "latest_none": ("person", "latest: FS, where: \"item = '9'\"", ABSENT, None),
    "latest_unsure": ("person", "latest: FS, where: flag", UNDELIVERED, None),
    "latest_late": ("person", "latest: FO", UNDELIVERED, None),
    "latest_month": ("person", "latest: FP", VALUE, {"n": 3, "valid": date(2023, 8, 31)}),
    "month_before": ("person", "latest: FP, back: 1", VALUE, {"n": 2}),
    "two_months_before": ("person", "latest: FP, back: 2", VALUE, {"n": BLANK}),
    "three_months_before": ("person", "latest: FP, back: 3", ABSENT, None),
    "open_quarter": ("household", "latest: FQ", VALUE, {"amount": 10000}),
    "term": ("person", "latest: FT, window: {terms: 1}", VALUE, {"status": "a"}),
    "week": ("person", "latest: FW", VALUE, {"n": 1}),
    # counts, sums and the rest
    "count_all": ("person", "count: FS", VALUE, 2),
    "count_where": ("person", "count: FS, where: \"status = 'b'\"", VALUE, 1),
    "count_unsure": ("person", "count: FS, where: flag", AT_LEAST, 1),
    "count_of": ("person", "count: {feed: FS, of: \"amount > 20\"}", VALUE, 1),
    "sum_money": ("person", "sum: FS.amount", VALUE, 6234),
    "sum_blank": ("person", "sum: FS.n", AT_LEAST, 2),
    "sum_signed": ("person", "sum: FS.m", UNDELIVERED, None),
    "sum_product": ("person", "sum: {feed: FS, of: \"amount * 1.5\"}", VALUE, D("9351.0")),
    "any_true": ("person", "any: {feed: FS, of: flag}", VALUE, True),
    "any_false": ("person", "any: {feed: FS, of: \"amount > 60\"}", VALUE, False),
    "any_unsure": ("person", "any: {feed: FS, of: \"n > 5\"}", UNDELIVERED, None),
    "least": ("person", "min: FS.amount", VALUE, 1234),
    "most_blank": ("person", "max: FS.on_day", UNDELIVERED, None),
    "most_of_none": ("person", "max: FS.amount, where: \"status = 'c'\"", ABSENT, None),
    "most_where_empty_is_no": ("person", "max: FS.maybe", ABSENT, None),
    "most_decimal": ("person", "max: {feed: FS, of: \"if_absent(rate, 0) + 0.25\"}, where: \"item = '1'\"", VALUE, D("0.75")),
    "delta": ("household", "sum: FD.n", VALUE, 9),
    "found_through": ("household", "sum: FX.n", VALUE, 6),
    # windows: half-open, stepped by the calendar
    "thirty_days": ("person", "sum: FE.amount, window: {days: 30}", VALUE, 500),
    "four_weeks": ("person", "sum: FE.amount, window: {weeks: 4}", VALUE, 100),
    "one_month": ("person", "sum: FE.amount, window: {months: 1}", VALUE, 700),
    "one_quarter": ("person", "count: FE, window: {quarters: 1}", VALUE, 3),
    "one_year": ("person", "count: FE, window: {years: 1}", VALUE, 4),
    "this_year": ("person", "sum: FE.amount, window: {this: year}", VALUE, 700),
    "this_month": ("person", "sum: FE.amount, window: {this: month}", VALUE, 100),
    "this_quarter": ("person", "sum: FE.amount, window: {this: quarter}", VALUE, 700),
    "this_term": ("person", "sum: FE.amount, window: {this: term}", VALUE, 100),
    "this_school_year": ("person", "sum: FE.amount, window: {this: school_year}", VALUE, 100),
    "two_terms": ("person", "count: FE, window: {terms: 2}", VALUE, 3),
    "two_school_years": ("person", "count: FE, window: {school_years: 2}", VALUE, 4),
    "two_periods": ("person", "sum: FP.n, window: {periods: 2}", VALUE, 5),
    # streaks
    "streak": ("person", "streak: FP, holds: flag", AT_LEAST, 2),
    "streak_at_most": ("person", "streak: FP, holds: flag, at_most: 2", AT_LEAST, 2),
    "streak_ended": ("person", "streak: FP, holds: \"n = 3\"", VALUE, 1),
    "streak_no_row": ("person", "streak: FW, holds: \"n = 1\", at_most: 30", VALUE, 2),
    # members, rows of things, and those above
    "members": ("household", "count: members, over: person", VALUE, 2),
    "alive": ("household", "count: members, over: person, where: alive", VALUE, 2),
    "adults": ("household", "count: \"years(birth_date) >= 18\", over: person", AT_LEAST, 1),
    "all_adults": ("household", "all: \"years(birth_date) >= 18\", over: person", UNDELIVERED, None),
    "none_adult": ("household", "all: \"years(birth_date) < 18\", over: person", VALUE, False),
    "household_sum": ("household", "sum: sum_money, over: person", VALUE, 6234),
    "household_least": ("household", "sum: sum_blank, over: person", AT_LEAST, 2),
    "household_min": ("household", "min: least, over: person", VALUE, 0),
    "first_known": ("household", "min: \"latest_none.n\", over: person", ABSENT, None),
    "at_event": ("household", "sum: FE.amount, at: event", VALUE, 3100),
    "follows_the_person": ("household", "sum: all_events, over: person", VALUE, 1500),
    "all_events": ("person", "sum: FE.amount", VALUE, 1500),
    "families": ("community", "count: members, over: household", VALUE, 2),
    "people": ("programme", "count: members, over: person", VALUE, 4),
    "things": ("household", "count: members, over: thing", VALUE, 1),
    "flags_of_things": ("community", "any: thing.flag, over: thing", VALUE, True),
    "notices": ("community", "sum: FY.n", VALUE, 7),
    "poor_above": ("person", "value: household.is_registered_poor", VALUE, True),
    "families_above": ("person", "value: community.families", VALUE, 2),
    "bound_above": ("person", "value: household.adults", AT_LEAST, 1),
    # expressions
    "age": ("person", "value: years(birth_date)", VALUE, 19),
    "months_here": ("household", "value: months(move_in_date)", VALUE, 42),
    "days_here": ("household", "value: days(move_in_date)", VALUE, 1305),
    "before": ("household", "value: \"days(today(), move_in_date)\"", VALUE, -1305),
    "workdays": ("household", "value: \"working_days(date '2023-09-28', date '2023-10-08')\"", VALUE, 2),
    "product": ("household", "value: \"member_count * 1.25\"", VALUE, D("3.75")),
    "case_second": ("household", "value: \"case when member_count > 5 then 'big' when member_count > 2 then 'some' end\"", VALUE, "some"),
    "case_none": ("household", "value: \"case when member_count > 5 then 1 end\"", UNDELIVERED, None),
    "if_absent_used": ("person", "value: \"if_absent(latest_none.n, 7)\"", VALUE, 7),
    "if_absent_blank": ("person", "value: \"if_absent(latest_blank.n, 7)\"", UNDELIVERED, None),
    "if_absent_late": ("person", "value: \"if_absent(latest_late.n, 7)\"", UNDELIVERED, None),
    "is_absent": ("person", "value: absent(latest_none)", VALUE, True),
    "is_not_absent": ("person", "value: absent(latest_blank.n)", VALUE, False),
    "is_blank": ("person", "value: blank(latest_blank.n)", VALUE, True),
    "nobody_knows": ("person", "value: absent(latest_late)", UNDELIVERED, None),
    "has_code": ("person", "value: \"has(latest_n.codes, 'q')\"", VALUE, True),
    "has_not": ("person", "value: \"has(latest_n.codes, 'r')\"", VALUE, False),
    "among": ("person", "value: \"latest_n.status in ('b', 'a')\"", VALUE, True),
    "between": ("person", "value: \"latest_n.n between 2 and 3\"", VALUE, True),
    "ratio": ("person", "value: \"ratio(latest_n.amount, sum_money) >= 0.8\"", VALUE, True),
    "ratio_of_nothing": ("person", "value: \"ratio(latest_n.amount, count_none) < 0.5\"", UNDELIVERED, None),
    "count_none": ("person", "sum: FS.amount, where: \"status = 'c'\"", VALUE, 0),
    "bound_settles": ("person", "value: \"sum_blank >= 2\"", VALUE, True),
    "bound_refutes": ("person", "value: \"sum_blank < 2\"", VALUE, False),
    "bound_leaves_open": ("person", "value: \"sum_blank = 2\"", UNDELIVERED, None),
    "kleene_or": ("person", "value: \"latest_late.n = 1 or alive\"", VALUE, True),
    "kleene_and": ("person", "value: \"latest_late.n = 1 and alive\"", UNDELIVERED, None),
    "kleene_and_false": ("person", "value: \"latest_late.n = 1 and not alive\"", VALUE, False),
    "amount_in_yuan": ("person", "value: \"sum_money > 62.33 and sum_money < 62.35\"", VALUE, True),
    # parameters: by area, by key, by a row's own day
    "limit_of_unit": ("household", "value: $limit", VALUE, 1),
    "limit_of_programme": ("programme", "value: $limit", VALUE, 3),
    "limit_then": ("programme", "value: \"at($limit, date '2022-06-01')\"", VALUE, 2),
    "limit_too_early": ("programme", "value: \"at($limit, date '2020-06-01')\"", UNDELIVERED, None),
    "line_of_key": ("household", "value: $line", VALUE, 6000),
    "local_line": ("household", "value: $local_line", VALUE, 2000),
    "local_line_of_unit": ("household", "value: \"$local_line < 20.01\"", VALUE, True),
    "cut": ("person", "value: $cut", VALUE, date(2023, 2, 28)),
}  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Judge:
    policy = small_policy([feature(name, subject, text) for name, (subject, text, _, _) in GOLDEN.items()])
    return judged(policy, WORLD)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_feature_has_the_value_that_was_written_down(judge: Judge, name: str) -> None:
    subject, _, state, value = GOLDEN[name]
    key = {"community": 3, "programme": 1}.get(subject, 1)
    if isinstance(value, dict):
        for column, expected in value.items():
            fact = judge.values.fact(subject, key, name, column)
            assert (fact.value if fact.state is State.VALUE else fact.state.name.lower()) == expected
        return
    fact = judge.values.fact(subject, key, name)
    assert fact.state.name.lower() == state
    assert (fact.bound if state == AT_LEAST else fact.value) == value
