"""The schedule: read with every fault, due once a day whatever the clock does, and a missed time caught up once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from anju.tasks.due import coming, queue_due
from anju.tasks.models import Due, Ticket
from anju.tasks.schedule import Entry, Schedule, last_slot, next_slot, parse_schedule, read_schedule

ROOT = Path(__file__).resolve().parents[2]
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NIGHTLY = Entry("run", at=(time(2),))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_it_is_read() -> None:
    found, faults = parse_schedule('run: {at: "02:00"}\nremind: {at: [07:30, "14:00"], on: [1, 5]}\nbackup: {every: 6 h, keep: 3}\n')
    assert faults == [] and found is not None
    assert found.entries == (
        Entry("run", at=(time(2),)),
        Entry("remind", at=(time(7, 30), time(14)), on=(1, 5)),
        Entry("backup", every=6 * 3600, options={"keep": 3}),
    )
    assert [entry.timing for entry in found.entries] == ["at 02:00", "at 07:30, 14:00 on 1, 5", "every 21600 s"]


def test_the_schedule_that_is_shipped_is_sound_and_schedules_everything() -> None:
    found, faults = read_schedule(ROOT / "policy" / "schedule.yaml")
    assert faults == [] and found is not None
    assert {entry.kind for entry in found.entries} == {"run", "remind", "seal", "send", "retry", "expire", "backup", "tidy", "drop"}


def test_without_a_file_nothing_is_scheduled(tmp_path: Path) -> None:
    assert read_schedule(tmp_path / "none.yaml") == (Schedule(()), [])


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("nightly: {at: '02:00'}", (1, 10), "'nightly' is not known here"),
        ("run: {at: '25:00'}", (1, 11), "'25:00' is no time of day"),
        ("run: {}", (1, 6), "neither 'at' nor 'every'"),
        ("run: {at: '02:00', every: 1 h}", (1, 6), "both 'at' and 'every'"),
        ("run: {every: 5 s}", (1, 14), "'5 s' is too short"),
        ("run: {every: 48 h}", (1, 14), "'48 h' is too long"),
        ("run: {every: soon}", (1, 14), "'soon' is no span of time"),
        ("run: {at: '02:00', on: [8]}", (1, 24), "8 is no weekday"),
        ("run: {every: 1 h, on: [1]}", (1, 23), "'on' goes with 'at'"),
        ("drop: {at: '02:00'}", (1, 12), "again and again"),
        ("backup: {at: '02:00', keep: 0}", (1, 29), "'keep' cannot be 0"),
        ("run: {at: '02:00', keep: 3}", (1, 26), "'keep' is not known here"),
        ("- run", (1, 1), "a mapping"),
    ],
)
def test_a_fault_says_where_and_what(text: str, where: tuple[int, int], words: str) -> None:
    found, faults = parse_schedule(text)
    assert found is None
    assert [(fault.line, fault.column) for fault in faults] == [where]
    assert words in faults[0].what


def test_all_faults_at_once() -> None:
    _, faults = parse_schedule("run: {at: '25:00'}\nseal: {every: soon}\nnope: 1\n")
    assert [fault.line for fault in faults] == [1, 2, 3]


# --- when ---------------------------------------------------------------------------------------------------------


def test_the_programmes_clock_counts() -> None:
    now = utc("2023-09-26T17:59")  # 01:59 of the 27th in Shanghai
    assert last_slot(NIGHTLY, now, SHANGHAI) == utc("2023-09-25T18:00")
    assert next_slot(NIGHTLY, now, SHANGHAI) == utc("2023-09-26T18:00")
    assert last_slot(NIGHTLY, utc("2023-09-26T18:00"), SHANGHAI) == utc("2023-09-26T18:00")


def test_weekdays() -> None:
    monday = Entry("run", at=(time(2),), on=(1,))
    assert last_slot(monday, utc("2023-09-26T12:00"), ZoneInfo("UTC")) == utc("2023-09-25T02:00")
    assert next_slot(monday, utc("2023-09-26T12:00"), ZoneInfo("UTC")) == utc("2023-10-02T02:00")


def test_a_span_is_counted_from_the_epoch() -> None:
    hourly = Entry("seal", every=3600)
    assert last_slot(hourly, utc("2023-09-26T12:34"), SHANGHAI) == utc("2023-09-26T12:00")
    assert next_slot(hourly, utc("2023-09-26T12:34"), SHANGHAI) == utc("2023-09-26T13:00")


@pytest.mark.parametrize(
    ("first", "days", "at"),
    [("2023-03-24", 4, time(2, 30)), ("2023-10-27", 4, time(2, 30))],  # the nights of both changes, at a time that is skipped or comes twice
)
def test_when_the_clock_is_changed_it_is_due_once_a_day(first: str, days: int, at: time) -> None:
    entry, now = Entry("run", at=(at,)), utc(f"{first}T12:00")
    seen = {last_slot(entry, now + timedelta(minutes=10 * n), BERLIN) for n in range(days * 144 + 1)}
    assert len(seen) == days + 1


# --- into the queue -------------------------------------------------------------------------------------------------

DAILY = Schedule((NIGHTLY,))


@pytest.mark.django_db
def test_it_falls_due_once(settings: object) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"  # type: ignore[attr-defined]
    assert queue_due(DAILY, utc("2023-09-26T12:00")) == []  # nothing was missed before it was scheduled
    assert queue_due(DAILY, utc("2023-09-26T17:59")) == []
    (ticket,) = queue_due(DAILY, utc("2023-09-26T18:00:03"))
    assert (ticket.kind, ticket.asked_by) == ("run", "the schedule")
    assert queue_due(DAILY, utc("2023-09-26T18:00:08")) == []
    assert queue_due(DAILY, utc("2023-09-27T17:00")) == []


@pytest.mark.django_db
def test_what_was_missed_for_a_week_is_caught_up_once() -> None:
    queue_due(DAILY, utc("2023-09-19T12:00"))
    assert len(queue_due(DAILY, utc("2023-09-26T12:00"))) == 1
    Ticket.objects.update(ended_at=utc("2023-09-26T12:05"))
    assert queue_due(DAILY, utc("2023-09-26T12:10")) == []
    assert len(queue_due(DAILY, utc("2023-09-27T02:00"))) == 1


@pytest.mark.django_db
def test_what_still_waits_is_not_asked_for_twice() -> None:
    queue_due(DAILY, utc("2023-09-19T12:00"))
    (first,) = queue_due(DAILY, utc("2023-09-20T02:00"))
    (second,) = queue_due(DAILY, utc("2023-09-21T02:00"))
    assert first.pk == second.pk and Ticket.objects.count() == 1


@pytest.mark.django_db
def test_a_changed_timing_begins_with_its_next_time() -> None:
    queue_due(DAILY, utc("2023-09-26T01:00"))
    noon = Schedule((Entry("run", at=(time(10),)),))
    assert queue_due(noon, utc("2023-09-26T12:00")) == []
    assert len(queue_due(noon, utc("2023-09-27T10:00"))) == 1


@pytest.mark.django_db
def test_a_clock_that_is_put_back_a_little_repeats_nothing_and_one_that_was_years_ahead_stops_nothing() -> None:
    queue_due(DAILY, utc("2023-09-26T01:00"))
    queue_due(DAILY, utc("2023-09-26T02:00"))
    Ticket.objects.update(ended_at=utc("2023-09-26T02:05"))
    assert queue_due(DAILY, utc("2023-09-26T01:30")) == queue_due(DAILY, utc("2023-09-26T02:00")) == []
    Due.objects.update(last=utc("2099-01-01T02:00"))
    assert queue_due(DAILY, utc("2023-09-26T03:00")) == []  # put right
    assert len(queue_due(DAILY, utc("2023-09-27T02:00"))) == 1


@pytest.mark.django_db
def test_what_is_off_says_why_and_is_not_queued(settings: object) -> None:
    settings.SAMPLE, settings.BACKUP = True, None  # type: ignore[attr-defined]
    both = Schedule((NIGHTLY, Entry("backup", at=(time(3),)), Entry("seal", every=3600)))
    queue_due(both, utc("2023-09-26T01:00"))
    assert [ticket.kind for ticket in queue_due(both, utc("2023-09-27T03:00"))] == ["seal"]
    rows = coming(both, utc("2023-09-27T03:00"))
    assert [(row.kind, row.off, row.next) for row in rows] == [
        ("seal", "", utc("2023-09-27T04:00")),
        ("backup", "ANJU_BACKUP names no folder", None),
        ("run", "a sample's days pass by hand", None),
    ]
