"""Working days in SQL and in plain Python are the same, whatever the week and the calendar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anju.core.standards.compile.names import literal
from anju.core.standards.compile.workdays import workday_variables, workdays_between
from anju.core.terms.working_days import WorkingCalendar
from anju.lake.duck import open_duckdb

DAYS = st.dates(date(2022, 12, 20), date(2024, 1, 10))
FAR = st.one_of(DAYS, st.dates(date(1900, 1, 1), date(2099, 12, 31)))


@settings(max_examples=60, deadline=None)
@given(
    week=st.sets(st.integers(1, 7), min_size=1), holidays=st.sets(DAYS, max_size=8), makeup=st.sets(DAYS, max_size=5),
    pairs=st.lists(st.tuples(FAR, FAR), min_size=1, max_size=30), today=FAR,
)  # fmt: skip
def test_sql_counts_as_the_calendar_does(
    week: set[int], holidays: set[date], makeup: set[date], pairs: list[tuple[date, date]], today: date
) -> None:
    calendar = WorkingCalendar(week, holidays, makeup)
    con = open_duckdb()
    con.execute(workday_variables(calendar, today))
    con.execute("CREATE TABLE t (n INTEGER, a DATE, b DATE)")
    con.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, *pair) for n, pair in enumerate(pairs)])
    asked = f"{workdays_between('a', 'b', today)}, {workdays_between('a', literal(today), today)}"
    counted = con.execute(f"SELECT {asked} FROM t ORDER BY n").fetchall()
    con.close()
    assert counted == [(calendar.between(*pair), calendar.between(pair[0], today)) for pair in pairs]


def test_days_are_kept_only_of_the_years_that_depart_from_the_week() -> None:
    con = open_duckdb()
    con.execute(workday_variables(WorkingCalendar((1, 2, 3, 4, 5), [date(2023, 10, 2)], [date(2023, 10, 7)]), date(2023, 9, 26)))
    assert con.execute("SELECT getvariable('worked_changes')").fetchone() == ("00000-0001-0001-0001-0001-000100000",)
    con.close()
    with pytest.raises(ValueError, match="empty"):
        WorkingCalendar((), [], [])
