"""Periods as consecutive numbers, from every text that may name one and back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.terms.periods import Calendar

TERMS = [("T1", date(2022, 9, 1), date(2023, 1, 13)), ("T2", date(2023, 2, 13), date(2023, 7, 14)), ("T3", date(2023, 9, 1), date(2024, 1, 19))]
YEARS = [("Y1", date(2022, 9, 1), date(2023, 8, 31)), ("Y2", date(2023, 9, 1), date(2024, 8, 31))]
CALENDAR = Calendar(TERMS, YEARS)
PLAIN = ("day", "week", "month", "quarter", "year")


@pytest.mark.parametrize(
    ("cadence", "text", "first", "last"),
    [
        ("day", "2023-09-26", date(2023, 9, 26), date(2023, 9, 26)), ("day", "20230926", date(2023, 9, 26), date(2023, 9, 26)),
        ("week", "2023-W39", date(2023, 9, 25), date(2023, 10, 1)), ("week", "2020W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("week", "2021-w01", date(2021, 1, 4), date(2021, 1, 10)), ("month", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("month", "202302", date(2023, 2, 1), date(2023, 2, 28)), ("month", "2023年12月", date(2023, 12, 1), date(2023, 12, 31)),
        ("month", " 2023/01 ", date(2023, 1, 1), date(2023, 1, 31)), ("quarter", "2023-Q4", date(2023, 10, 1), date(2023, 12, 31)),
        ("quarter", "2023-06", date(2023, 4, 1), date(2023, 6, 30)), ("year", "2023", date(2023, 1, 1), date(2023, 12, 31)),
        ("year", "2023年", date(2023, 1, 1), date(2023, 12, 31)), ("term", "T2", date(2023, 2, 13), date(2023, 7, 14)),
        ("school_year", "Y2", date(2023, 9, 1), date(2024, 8, 31)),
    ],
)  # fmt: skip
def test_a_text_names_a_period_with_its_first_and_last_day(cadence: str, text: str, first: date, last: date) -> None:
    ordinal = CALENDAR.period_ordinal(cadence, text)
    assert (CALENDAR.first_day(cadence, ordinal), CALENDAR.last_day(cadence, ordinal)) == (first, last)
    assert CALENDAR.dated_day(cadence, ordinal) == last
    assert CALENDAR.dated_day(cadence, ordinal, "start") == first


@pytest.mark.parametrize(
    ("cadence", "text"),
    [("day", "2023-02-29"), ("day", "26.9.2023"), ("week", "2023-W53"), ("week", "2023-W00"), ("week", "2023-39"), ("month", "2023-13"),
     ("month", "23-01"), ("month", "2023-00"),
     ("quarter", "2023-Q5"), ("year", "23"), ("year", "３０００"), ("term", "T9"), ("school_year", "T1")],
)  # fmt: skip
def test_a_text_that_names_none_is_refused_with_the_accepted_form(cadence: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a"):
        CALENDAR.period_ordinal(cadence, text)


def test_no_cadence_is_no_cadence() -> None:
    with pytest.raises(ValueError, match="'once' is no cadence with periods"):
        CALENDAR.period_ordinal("once", "2023")


@given(cadence=st.sampled_from(PLAIN), day=st.dates(date(1971, 1, 1), date(2090, 12, 31)))
def test_every_day_lies_in_its_period_and_periods_follow_one_another(cadence: str, day: date) -> None:
    ordinal = CALENDAR.ordinal_of(cadence, day)
    first, last = CALENDAR.first_day(cadence, ordinal), CALENDAR.last_day(cadence, ordinal)
    assert first <= day <= last
    assert CALENDAR.first_day(cadence, ordinal + 1) == last + timedelta(days=1)
    assert CALENDAR.period_ordinal(cadence, CALENDAR.period_text(cadence, ordinal)) == ordinal


def test_between_two_terms_it_is_still_the_last_one_and_before_the_first_none() -> None:
    assert CALENDAR.ordinal_of("term", date(2023, 8, 1)) == 1
    assert CALENDAR.ordinal_of("term", date(2023, 9, 1)) == 2
    assert CALENDAR.ordinal_of("term", date(2022, 8, 31)) == -1


@pytest.mark.parametrize(
    ("cadence", "day", "due_days", "dated", "text"),
    [
        ("month", date(2023, 9, 10), 10, "end", "2023-08"), ("month", date(2023, 9, 9), 10, "end", "2023-07"),
        ("month", date(2023, 9, 1), 0, "start", "2023-09"), ("month", date(2023, 9, 30), 0, "end", "2023-09"),
        ("month", date(2023, 9, 29), 0, "end", "2023-08"), ("week", date(2023, 10, 4), 3, "end", "2023-W39"),
        ("week", date(2023, 10, 3), 3, "end", "2023-W38"), ("term", date(2023, 9, 15), 15, "start", "T2"),
        ("term", date(2023, 9, 16), 15, "start", "T3"), ("year", date(2024, 1, 1), 0, "end", "2023"),
        ("day", date(2024, 3, 1), 1, "end", "2024-02-29"),
    ],
)  # fmt: skip
def test_the_latest_period_that_is_due(cadence: str, day: date, due_days: int, dated: str, text: str) -> None:
    due = CALENDAR.latest_due(cadence, day, due_days, dated)
    assert due is not None
    assert CALENDAR.period_text(cadence, due) == text


def test_before_the_first_term_nothing_is_due() -> None:
    assert CALENDAR.latest_due("term", date(2022, 9, 10), 15, "start") is None
    assert CALENDAR.latest_due("term", date(2022, 9, 20), 15, "end") is None
    assert Calendar().latest_due("term", date(2023, 9, 1), 0) is None


def test_school_weeks_step_over_the_holidays() -> None:
    """They have the numbers of their weeks; the last one before a holiday is followed by the first one after it."""
    calendar = Calendar([("T1", date(2023, 2, 13), date(2023, 7, 14)), ("T2", date(2023, 9, 2), date(2024, 1, 19))])

    def week(text: str) -> int:
        return calendar.period_ordinal("school_week", text)

    last, first = week("2023-W28"), week("2023-W36")  # a term that begins on a Saturday has its first week in the next one
    assert week("2023-W28") == calendar.period_ordinal("week", "2023-W28") and calendar.period_text("school_week", last) == "2023-W28"
    assert calendar.back("school_week", first, 1) == last and calendar.back("school_week", first, 3) == last - 2
    assert calendar.between("school_week", last - 1, first + 1) == [last - 1, last, first, first + 1]
    for day, due in ((date(2023, 7, 18), last - 1), (date(2023, 7, 19), last), (date(2023, 8, 15), last), (date(2023, 9, 12), last),
                     (date(2023, 9, 13), first)):  # fmt: skip
        assert calendar.latest_due("school_week", day, 3) == due, day
    after = calendar.ordinal_of("school_week", date(2024, 6, 1))  # what lies beyond the terms known is not taken for holidays
    assert calendar.is_held("school_week", after) and not calendar.is_held("school_week", week("2023-W30"))
    assert Calendar().back("school_week", last, 5) == last - 5


def test_after_the_last_term_and_the_longest_break_another_has_begun_that_nobody_can_deliver() -> None:
    begun = date(2024, 1, 20) + timedelta(days=48)  # from 14 July to 1 September there were 48 days between
    assert CALENDAR.ordinal_of("term", begun - timedelta(days=1)) == 2
    assert (CALENDAR.ordinal_of("term", begun), CALENDAR.period_text("term", 3)) == (3, "T3+")
    assert CALENDAR.latest_due("term", date(2030, 1, 1), 15, "start") == CALENDAR.latest_due("term", date(2030, 1, 1), 15) == 3
    assert [CALENDAR.is_named("term", n) for n in (2, 3)] == [True, False] and CALENDAR.is_named("month", 99_999)
    assert CALENDAR.ordinal_of("school_year", date(2024, 9, 1)) == 2, "school years follow one another"
    with pytest.raises(ValueError, match="'T3\\+' is not a term"):
        CALENDAR.period_ordinal("term", "T3+")
