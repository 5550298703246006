"""What the two judges once differed on, or fell over: each in the smallest world that showed it."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from anju.core.contracts.faults import PolicyFaults
from anju.core.standards.case_world import build_world
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.meaning.logic import ABSENT, BLANK, UNDELIVERED, Fact, at_least, known
from oracle.agree import differences
from oracle.small import DAY, contract, feature, judged, small_policy, standard


def fact(case: dict[str, Any], subject: str, name: str, *features: str, key: Any = 1, **standards: str) -> Fact:
    policy = small_policy(features, {code.replace("_", "-"): text for code, text in standards.items()})
    judge = judged(policy, {"as_of": DAY} | case)
    found: Fact = judge.values.fact(subject, key, name)
    return found


def test_where_nothing_is_due_yet_a_count_is_open_for_who_belongs_to_no_unit() -> None:
    x = feature("x", "person", "count: FE, window: {months: 1}")
    day = date(2023, 5, 1)
    assert fact({"as_of": day}, "person", "x", x) == known(0)
    assert fact({"as_of": day, "person": {"household": None}}, "person", "x", x) == at_least(0)


def test_a_bound_settles_a_comparison_with_a_count_that_happens_to_be_exact() -> None:
    features = [
        feature("all_families", "community", "count: members, over: household"),
        feature("some", "community", "count: \"status = 'c'\", over: household"),
        feature("x", "person", 'value: "ratio(community.some, community.all_families) >= 0.5"'),
        feature("y", "person", 'value: "community.some < community.all_families - 1"'),
        feature("z", "person", 'value: "community.some = community.all_families"'),
    ]
    case = {"household": {"status": "c"}, "households": [{"status": None}]}
    assert fact(case, "person", "x", *features) == known(True)
    assert fact(case, "person", "y", *features) == known(False)
    assert fact(case, "person", "z", *features) == UNDELIVERED


def test_a_meter_belongs_to_whom_the_latest_row_of_its_flat_names_and_to_nobody_where_it_names_nobody() -> None:
    first = {"day": date(2023, 9, 1), "received": date(2023, 9, 1), "by": ["U1"], "rows": [{"item": "a"}]}
    then = {"day": date(2023, 9, 2), "received": date(2023, 9, 2), "by": ["U2"], "rows": [{"item": "a", "household": None, "unit": "U2"}]}
    meter = [{"item": "a", "n": 7, "household": None}]
    x = feature("x", "household", "latest: FX")
    y = feature("y", "household", 'value: "absent(x)"')
    case: dict[str, Any] = {"places": [{"code": "U2", "level": "unit"}], "deliveries": {"F2": [first]}, "FX": meter}
    assert fact(case, "household", "y", x, y) == known(False)
    assert fact(case | {"deliveries": {"F2": [first, then]}}, "household", "y", x, y) == known(True)


def test_a_parameter_by_area_may_stand_in_a_condition_and_in_what_another_condition_reads() -> None:
    features = [feature("limit_here", "household", "value: $limit"), feature("x", "household", 'value: "limit_here >= $limit"')]
    case = {"household": {"member_count": 1, "is_registered_poor": None}}
    answers = standard("AA-01", "household", red="member_count > $limit", blue="x and $local_line > 0 and member_count <= at($limit, $cut)")
    policy = small_policy(features, {"AA-01": answers})
    assert judged(policy, {"as_of": DAY} | case).finding("AA-01", 1).answer == "unknown"
    case = {"household": {"member_count": 1, "is_registered_poor": True}}
    assert judged(policy, {"as_of": DAY} | case).finding("AA-01", 1).level == "blue"


def test_who_lives_in_no_community_has_the_value_for_everywhere() -> None:
    x = feature("x", "person", "value: $limit")
    assert fact({"person": {"household": None}}, "person", "x", x) == known(3)
    assert fact({}, "person", "x", x) == known(1)


def test_the_answer_of_a_standard_before_its_time_is_not_known() -> None:
    later = standard("AA-01", "person", start="2023-10-01", red="alive")
    x = feature("x", "person", "value: \"kept('AA-01')\"")
    y = feature("y", "household", "value: \"level('AA-01') = 'red'\"")
    assert fact({}, "person", "x", x, y, AA_01=later) == UNDELIVERED
    assert fact({"as_of": date(2023, 10, 1)}, "person", "x", x, y, AA_01=later) == known(False)
    assert fact({"as_of": date(2023, 10, 1)}, "household", "y", x, y, AA_01=later) == known(True)


def test_a_moment_is_its_day() -> None:
    rows = [{"moment": datetime.combine(DAY, time(23, 30)), "on_day": date(2023, 9, 26)}]
    features = [
        feature("row", "person", 'latest: FS, where: "moment <= today()"'),
        feature("x", "person", 'value: "row.moment = row.on_day and days(row.moment) = 0"'),
        feature("y", "person", "max: FS.moment"),
    ]
    assert fact({"FS": rows}, "person", "x", *features) == known(True)
    assert fact({"FS": rows}, "person", "y", *features) == known(date(2023, 9, 26))


def test_a_level_stands_beside_the_name_of_a_level() -> None:
    answers = standard("AA-01", "person", orange="alive")
    features = [
        feature("worst", "household", "max: \"level('AA-01')\", over: person"),
        feature("x", "household", "value: \"if_absent(worst, 'red') >= 'orange' and worst in ('orange', 'red')\""),
        feature("y", "household", "value: \"case when alive_members > 0 then worst end = 'orange'\""),
        feature("alive_members", "household", "count: members, over: person, where: alive"),
    ]
    assert fact({}, "household", "x", *features, AA_01=answers) == known(True)
    assert fact({}, "household", "y", *features, AA_01=answers) == known(True)
    assert fact({"person": None}, "household", "x", *features, AA_01=answers) == known(False)


def test_products_and_sums_keep_every_place_whatever_they_meet() -> None:
    rows = [
        {"item": "1", "amount": "9999999999999.99", "rate": "123456789.0123", "n": 999999999999999},
        {"item": "2", "rate": "2.5", "amount": "1", "n": 0},
    ]
    features = [
        feature("x", "person", 'sum: {feed: FS, of: "amount * 1.0001"}'),
        feature("y", "person", 'value: "case when alive then y_sum else 3 end - 1.25"'),
        feature("y_sum", "person", 'sum: {feed: FS, of: "rate * 1.25"}'),
        feature("z", "person", 'sum: {feed: FS, of: "if_absent(n, 0) * rate"}'),
        feature("w", "person", 'max: {feed: FS, of: "n * n"}, where: "item = \'1\'"'),
    ]
    assert fact({"FS": rows}, "person", "x", *features) == known(Decimal("1000099999999998.9999") + Decimal("100.01"))
    assert fact({"FS": rows}, "person", "y", *features) == known(Decimal("154320988.140375"))
    assert fact({"FS": rows}, "person", "z", *features) == known(Decimal("123456789012299876543210.9877"))
    assert fact({"FS": rows}, "person", "w", *features) == known(999999999999999**2)


def test_a_streak_over_the_first_periods_there_are_counts_the_very_first() -> None:
    rows = [{"spell": "T1", "flag": True}, {"spell": "T2", "flag": True}]
    x = feature("x", "person", "streak: FT, holds: flag, at_most: 60")
    assert fact({"as_of": date(2022, 10, 1), "FT": rows}, "person", "x", x) == at_least(2)


def test_things_are_counted_where_no_standard_is_about_them() -> None:
    policy = small_policy(
        [feature("things", "household", "count: members, over: thing"), feature("families", "community", "count: members, over: household")],
        {"AA-01": standard("AA-01", "household", red="things >= 1 and community.families >= 1"),
         "AA-02": standard("AA-02", "thing", red="thing.n > 0")},
    )  # fmt: skip
    case = {"as_of": DAY, "F1": [{"item": "a", "n": 1}]}
    world, evening = build_world(policy, case), datetime.combine(DAY, time(23, 59))
    assert differences(policy, world, DAY, evening, ["AA-01"]) == []
    assert Judge(policy, world, DAY, evening).finding("AA-01", 1).answer == "breached"


def test_the_feed_of_a_thing_may_itself_find_its_household_through_another() -> None:
    told = contract("F1", "person", "state", "through: {feed: F2, on: item}", "freshness: {due_days: 10, fresh_for: 45}")
    policy = small_policy([feature("x", "unit", "count: members, over: thing")], F1=told)
    judge = judged(policy, {"as_of": DAY, "F1": [{"item": "a"}]})
    assert judge.values.fact("unit", 2, "x") == known(1)


def test_the_least_level_of_the_members_is_the_least() -> None:
    answers = standard("AA-01", "person", orange="alive")
    x = feature("x", "household", "min: \"level('AA-01')\", over: person")
    assert fact({"persons": [{"alive": False}]}, "household", "x", x, AA_01=answers) == known(0)
    assert fact({"persons": [{"alive": True}]}, "household", "x", x, AA_01=answers) == known(3)
    assert fact({"persons": [{"alive": None}]}, "household", "x", x, AA_01=answers) == UNDELIVERED


def test_who_delivers_by_school_must_be_known_of_every_subject_that_asks() -> None:
    with pytest.raises(PolicyFaults, match="delivered by school, and nothing says which one delivers for a thing"):
        small_policy([feature("x", "thing", "count: FW")])
    roll = feature("roll", "thing", "latest: F1")
    rows: dict[str, Any] = {"F1": [{"item": "I1", "school": "S1"}], "FW": [{"item": "I1", "school": "S1"}]}
    assert fact(rows, "thing", "x", roll, feature("x", "thing", "count: FW"), key="I1") == known(1)


def test_the_feed_of_a_keyed_subject_is_not_delivered_by_school() -> None:
    by_school = contract("F1", "person", "state", "unit_from: roll.school", by="school")
    with pytest.raises(PolicyFaults, match="subject 'thing': F1 is delivered by school"):
        small_policy([], F1=by_school)


def test_a_thing_that_the_programme_tells_of_is_delivered_for_by_the_unit_of_its_place() -> None:
    told = contract("F1", "person", "state", "freshness: {due_days: 10, fresh_for: 45}", by="programme")
    policy = small_policy([feature("x", "thing", "count: FS")], F1=told)
    judge = judged(policy, {"as_of": DAY, "F1": [{"item": "a"}], "FS": [{"item": "a"}]})
    assert judge.values.fact("thing", "a", "x") == known(1)


def test_an_empty_cell_is_absent_or_blank_as_its_column_says_up_and_down() -> None:
    features = [feature("row", "household", "latest: FD"), feature("x", "person", "value: household.row.other")]
    assert fact({"FD": [{"item": "1"}]}, "person", "x", *features) == ABSENT
    assert fact({"FD": [{"item": "1"}]}, "household", "y", feature("y", "household", "value: row.status"), features[0]) == BLANK
