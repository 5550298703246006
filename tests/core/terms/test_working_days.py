"""Working days of the official calendar: holidays do not count, weekends that are made up for do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.core.terms.working_days import WorkingCalendar

# Mid-Autumn and National Day of 2023: Friday 29 September to Friday 6 October off, Saturday 7 and Sunday 8 October worked.
HOLIDAYS = [date(2023, 9, 29), *(date(2023, 10, day) for day in (2, 3, 4, 5, 6))]
OFFICIAL = WorkingCalendar((1, 2, 3, 4, 5), HOLIDAYS, [date(2023, 10, 7), date(2023, 10, 8)])
DAYS = st.dates(date(2023, 8, 1), date(2023, 12, 31))


@pytest.mark.parametrize(
    ("day", "worked"),
    [(date(2023, 9, 28), True), (date(2023, 9, 29), False), (date(2023, 9, 30), False), (date(2023, 10, 2), False), (date(2023, 10, 7), True),
     (date(2023, 10, 8), True), (date(2023, 10, 9), True), (date(2023, 10, 14), False)],
)  # fmt: skip
def test_a_day_is_worked_or_not(day: date, worked: bool) -> None:
    assert OFFICIAL.is_working(day) is worked


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [(date(2023, 9, 28), date(2023, 10, 6), 0), (date(2023, 9, 28), date(2023, 10, 7), 1), (date(2023, 9, 28), date(2023, 10, 8), 2),
     (date(2023, 9, 28), date(2023, 10, 9), 3), (date(2023, 9, 22), date(2023, 9, 29), 4), (date(2023, 9, 26), date(2023, 9, 26), 0)],
)  # fmt: skip
def test_working_days_after_one_day_up_to_another(start: date, end: date, days: int) -> None:
    assert OFFICIAL.between(start, end) == days


@given(start=DAYS, end=DAYS)
def test_counting_is_adding_up_days(start: date, end: date) -> None:
    if end < start:
        assert OFFICIAL.between(start, end) == -OFFICIAL.between(end, start)
    else:
        assert OFFICIAL.between(start, end) == sum(OFFICIAL.is_working(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


@given(start=DAYS, days=st.integers(1, 40))
def test_what_is_added_is_counted(start: date, days: int) -> None:
    end = OFFICIAL.add(start, days)
    assert OFFICIAL.between(start, end) == days
    assert OFFICIAL.is_working(end)


def test_nothing_added_is_the_same_day_and_less_is_refused() -> None:
    assert OFFICIAL.add(date(2023, 10, 1), 0) == date(2023, 10, 1)
    with pytest.raises(ValueError, match="give 0 or more"):
        OFFICIAL.add(date(2023, 10, 1), -1)


def test_a_week_without_a_working_day_is_refused() -> None:
    with pytest.raises(ValueError, match="the working week is empty"):
        WorkingCalendar((), (), ())


def test_a_holiday_on_a_weekend_and_a_made_up_holiday_change_nothing() -> None:
    odd = WorkingCalendar((1, 2, 3, 4, 5), [date(2023, 10, 7), date(2023, 10, 9)], [date(2023, 10, 9), date(2023, 10, 10)])
    assert odd.is_working(date(2023, 10, 9))
    assert odd.between(date(2023, 10, 6), date(2023, 10, 13)) == 5
