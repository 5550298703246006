"""A calendar that is loaded late moves no date that was given: it says how many would be others, and counts what is given from then on."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from anju.apps.calendar.actions import foresee_load, load_year
from anju.apps.calendar.current import publish
from anju.apps.calendar.reading import YearList, judge_list
from anju.apps.cases.models import Case
from anju.apps.cases.recounting import deadlines_that_would_move
from anju.apps.cases.rules import calendar
from anju.apps.findings.current import programme
from anju.core.contracts.official import with_years
from anju.core.contracts.programme import working_calendar_of
from apps.cases.conftest import Loop

pytestmark = pytest.mark.django_db


def corrected() -> YearList:
    """The year of the file with one day off more and one make-up day more."""
    days = [*((day, "holiday") for day in programme().holidays), *((day, "makeup") for day in programme().makeup_days)]
    days = [*((day, kind) for day, kind in days if day.year == 2023), (date(2023, 9, 6), "holiday"), (date(2023, 9, 16), "makeup")]
    return judge_list([(n, (str(day), kind, "")) for n, (day, kind) in enumerate(sorted(set(days)))])


def counted() -> int:
    found = corrected()
    change = foresee_load(found, programme())
    return deadlines_that_would_move(calendar(), working_calendar_of(with_years(programme(), [found.official()])), change.moved)


def test_given_deadlines_stand_and_new_ones_are_counted_anew(loop: Loop) -> None:
    first = loop.told(level="yellow")  # 5 working days from Monday 4 September
    loop.told(level="red", household=False)  # 24 hours: no calendar moves it
    assert first.verify_due == date(2023, 9, 11)
    assert counted() == 1
    load_year(corrected(), by="test", at=datetime(2023, 9, 4, tzinfo=UTC))
    publish()
    assert Case.objects.get(pk=first.pk).deadline == date(2023, 9, 11)
    assert counted() == 0  # nothing would change: it is counted so already
    assert loop.told(level="yellow").verify_due == date(2023, 9, 12)


def test_what_lies_before_the_days_and_what_a_person_has_set_is_left_out(loop: Loop) -> None:
    case = loop.told(level="yellow")
    Case.objects.filter(pk=case.pk).update(extended=True)
    assert counted() == 0
    Case.objects.filter(pk=case.pk).update(extended=False, deadline=date(2023, 9, 5))
    assert counted() == 0
