"""A year that is loaded is counted by at once, wherever working days are counted; what was counted before can be counted again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from anju.apps.calendar.actions import foresee_load, load_year
from anju.apps.calendar.current import FILE, in_force, publish, published
from anju.apps.calendar.models import CalendarYear
from anju.apps.calendar.queries import shown_year
from anju.apps.calendar.reading import YearList, judge_list
from anju.apps.calendar.refusing import Refused
from anju.apps.cases import rules as of_cases
from anju.apps.findings import current
from anju.apps.journal.models import Line
from anju.apps.monitoring import rules as of_monitoring
from anju.core.standards.read import load_policy
from anju.core.terms.durations import Duration
from anju.core.terms.viewer import Viewer
from anju.tasks import rules as of_tasks

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 26, tzinfo=UTC)
ADMIN = Viewer("an administrator", may=frozenset({"calendar.load"}))
Committed = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


def days(*rows: str) -> YearList:
    """'2027-02-08 holiday'"""
    found = judge_list([(n, (*row.split(), "")) for n, row in enumerate(rows, start=2)])
    assert not found.faults
    return found


NEW_YEAR = ("2027-01-01 holiday", "2027-02-08 holiday", "2027-02-09 holiday", "2027-02-14 makeup")


@pytest.fixture
def load(django_capture_on_commit_callbacks: Committed) -> Callable[..., tuple[CalendarYear, bool]]:
    def loaded(found: YearList, at: datetime = AT, **more: object) -> tuple[CalendarYear, bool]:
        with django_capture_on_commit_callbacks(execute=True):
            return load_year(found, by=ADMIN, at=at, **more)

    return loaded


Load = Callable[..., tuple[CalendarYear, bool]]


def test_every_clock_counts_by_a_year_from_the_moment_it_is_loaded(load: Load) -> None:
    before = current.policy()
    assert of_cases.due(date(2027, 2, 5), Duration(3, "wd")) == date(2027, 2, 10)
    loaded, new = load(days(*NEW_YEAR), source="国办发明电")
    assert (loaded.version, new) == (1, True)
    assert of_cases.due(date(2027, 2, 5), Duration(3, "wd")) == date(2027, 2, 12)
    assert of_cases.due(date(2027, 2, 12), Duration(1, "wd")) == date(2027, 2, 14)  # a Sunday that is worked
    assert of_monitoring.rules().calendar.add(date(2027, 2, 5), 3) == date(2027, 2, 12)
    after = current.policy()
    assert after.digest != before.digest and after.digest == of_tasks.policy().digest
    assert of_tasks.policy_of_files().digest == before.digest
    assert before.programme.holidays < after.programme.holidays  # type: ignore[attr-defined]
    line = Line.objects.get(act="calendar.load")
    assert (line.about, line.by, line.detail) == ("calendar:2027", "an administrator", {"version": 1, "holiday": 3, "makeup": 1})


def test_a_loaded_year_replaces_that_year_of_the_file_and_no_other() -> None:
    policy = load_policy(Path(settings.POLICY))
    found = days("2026-10-01 holiday", "2026-10-03 holiday")
    change = foresee_load(found, policy.programme)  # type: ignore[arg-type]
    assert (change.version, change.of_file) == (0, True)
    assert date(2026, 10, 5) in change.worked and date(2026, 10, 10) in change.off and date(2026, 10, 1) not in change.moved
    load_year(found, by="test", at=AT)
    publish()
    programme = in_force(policy).programme
    assert [day for day in sorted(programme.holidays) if day.year == 2026] == [date(2026, 10, 1)]  # type: ignore[attr-defined]
    assert {day.year for day in programme.holidays} >= {2024, 2025}  # type: ignore[attr-defined]


def test_a_correction_supersedes_and_what_was_known_before_is_counted_again(load: Load) -> None:
    policy = load_policy(Path(settings.POLICY))
    load(days(*NEW_YEAR))
    later = AT + timedelta(days=3)
    corrected, _ = load(days(*NEW_YEAR[:2]), at=later, seen=1)
    assert corrected.version == 2
    digests = [in_force(policy, at).digest for at in (AT - timedelta(days=1), AT + timedelta(days=1), later)]
    assert digests[0] == policy.digest and len(set(digests)) == 3
    assert in_force(policy).digest == digests[2]
    assert in_force(in_force(policy), AT + timedelta(days=1)).digest == digests[1]  # merged already, and merged again as of then
    shown = shown_year(2027, policy.programme)  # type: ignore[arg-type]
    assert [one.version for one in shown.versions] == [2, 1] and len(shown.days) == 2
    assert len(shown_year(2027, policy.programme, 1).days) == 4  # type: ignore[arg-type]


def test_the_same_again_is_not_loaded_twice(load: Load) -> None:
    load(days(*NEW_YEAR))
    loaded, new = load(days(*NEW_YEAR), at=AT + timedelta(days=1))
    assert (loaded.version, new, CalendarYear.objects.count(), Line.objects.count()) == (1, False, 1, 1)


def test_of_two_who_load_a_year_the_second_looks_again(load: Load) -> None:
    load(days(*NEW_YEAR), seen=0)
    with pytest.raises(Refused, match="somebody else has loaded the calendar of 2027"):
        load(days(*NEW_YEAR[:3]), seen=0)
    assert CalendarYear.objects.count() == 1


def test_nothing_is_loaded_by_who_may_not_or_of_a_list_with_faults() -> None:
    with pytest.raises(Refused, match="an administrator can"):
        load_year(days(*NEW_YEAR), by=Viewer("luo"), at=AT)
    wrong = judge_list([(2, ("2027-02-08", "makeup", ""))])
    with pytest.raises(Refused, match="1 faults"):
        load_year(wrong, by=ADMIN, at=AT)
    assert not CalendarYear.objects.exists()


def test_what_is_published_is_written_anew_where_it_was_lost(own_data_folder: Path, load: Load) -> None:
    assert published() and not publish()  # nothing was ever loaded, and nothing is there
    load(days(*NEW_YEAR))
    (own_data_folder / FILE).unlink()
    assert not published() and publish() and published() and not publish()
