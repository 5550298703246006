"""Steps by month clip at the month's end; completed months and years are told by year, month and day alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.terms.dates import completed_months, completed_years, day_before, step_months

DAYS = st.dates(date(1950, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2023, 3, 31), -1, date(2023, 2, 28)), (date(2024, 3, 31), -1, date(2024, 2, 29)), (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)), (date(2023, 1, 31), 1, date(2023, 2, 28)), (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2023, 1, 15), -1, date(2022, 12, 15)), (date(2023, 1, 15), 0, date(2023, 1, 15)), (date(2023, 5, 31), -24, date(2021, 5, 31)),
    ],
)  # fmt: skip
def test_a_step_by_months_clips_at_the_months_end(day: date, months: int, then: date) -> None:
    assert step_months(day, months) == then


@pytest.mark.parametrize(
    ("start", "end", "months", "years"),
    [
        (date(2023, 1, 31), date(2023, 2, 28), 0, 0), (date(2023, 1, 31), date(2023, 3, 1), 1, 0), (date(2023, 1, 31), date(2023, 3, 31), 2, 0),
        (date(2020, 2, 29), date(2021, 2, 28), 11, 0), (date(2020, 2, 29), date(2021, 3, 1), 12, 1),
        (date(2020, 2, 29), date(2024, 2, 29), 48, 4), (date(2007, 9, 26), date(2023, 9, 25), 191, 15),
        (date(2007, 9, 26), date(2023, 9, 26), 192, 16),
        (date(2023, 5, 5), date(2023, 5, 5), 0, 0),
        (date(2023, 3, 1), date(2023, 1, 31), -1, 0), (date(2024, 2, 29), date(2020, 2, 29), -48, -4),
    ],
)  # fmt: skip
def test_only_what_is_complete_counts(start: date, end: date, months: int, years: int) -> None:
    assert completed_months(start, end) == months
    assert completed_years(start, end) == years


@given(start=DAYS, end=DAYS)
def test_the_other_way_round_is_the_negative(start: date, end: date) -> None:
    assert completed_months(start, end) == -completed_months(end, start)
    assert completed_years(start, end) == -completed_years(end, start)


@given(day=DAYS, months=st.integers(0, 600))
def test_a_step_back_and_forth_stays_in_the_month(day: date, months: int) -> None:
    there = step_months(day, months)
    back = step_months(there, -months)
    assert (back.year, back.month) == (day.year, day.month)
    assert back <= day
    assert completed_months(day, there) in (months, months - 1)


def test_the_day_before_the_first_is_the_last_of_the_year_before() -> None:
    assert day_before(date(2024, 1, 1)) == date(2024, 1, 1) - timedelta(days=1) == date(2023, 12, 31)
