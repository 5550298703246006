"""Vital events: taken once, waited for, refused with a reason, and true from their day on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.models import Identifier, Membership, Person, PersonVersion, VitalEvent
from anju.apps.people.publish import Directory, export_registry
from anju.apps.places.actions import import_scope_places
from anju.core.standards.read import load_policy
from anju.core.terms.identifiers import check_digit

pytestmark = pytest.mark.django_db
EVENTS = "event_id,person_id,event_type,event_date,new_person_id,residence_permit_no,residence_permit_expiry"
PEOPLE = "person_id,household_code,name,alive,deceased_on,hukou_moved,health_status"


def moment(month: int, day: int = 10) -> datetime:
    return datetime(2024, month, day, tzinfo=UTC)


def number(nth: int, born: str = "19900101") -> str:
    body = f"522301{born}{nth:03d}"
    return body + check_digit(body)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder, self.policy = folder, load_policy(Path(settings.POLICY))

    def take(self, at: datetime, *, people: list[str] | None = None, events: list[str] | None = None, header: str = PEOPLE,
             valid: date | None = None, dry_run: bool = False) -> ImportReport:  # fmt: skip
        files = []
        for name, head, rows in (("F02.csv", header, people), ("F03.csv", EVENTS, events)):
            if rows is not None:
                files.append(self.folder / name)
                files[-1].write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
        report = import_people(
            files, by="clerk", at=at, valid=valid, dry_run=dry_run, contracts=self.policy.contracts, programme=self.policy.programme
        )
        assert report.events.adds_up and report.persons.adds_up
        return report

    def person(self, day: date, known: datetime) -> dict[str, object]:
        snapshot = export_registry(day, known, self.folder / "out", community_level="community", unit_level="unit")
        return next(iter(pq.read_table(snapshot.path("person")).to_pylist()))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    places = tmp_path / "places.csv"
    places.write_text("level,code,name,parent_code\nunit,U1,义龙,\nstreet,S1,木贾,U1\ncommunity,C1,新城,S1\n", encoding="utf-8")
    import_scope_places(
        places, by="clerk", at=moment(1), programme_code="P", programme_name="programme", root_level="programme", unit_level="unit"
    )
    desk = Desk(tmp_path)
    homes = tmp_path / "F01.csv"
    homes.write_text("household_code,dest_community_code\nH1,C1\n", encoding="utf-8")
    import_people([homes], by="clerk", at=moment(1), contracts=desk.policy.contracts, programme=desk.policy.programme)
    desk.take(moment(1), people=[f"{number(1)},H1,韦秀英,true,,false,healthy"])
    return desk


def test_a_death_holds_from_its_day_and_is_known_from_its_receipt(desk: Desk) -> None:
    report = desk.take(moment(6), events=[f"E1,{number(1)},death,2024-05-03,,,"])
    assert (report.events.new, report.events_waiting, report.refused) == (1, 0, [])
    for day, known, alive in ((2, 6, True), (3, 6, False), (3, 5, True)):
        row = desk.person(date(2024, 5, day), moment(known))
        assert (row["alive"], row["deceased_on"]) == (alive, None if alive else date(2024, 5, 3))
        assert row["household_id"] is not None  # the dead stay members
    assert Membership.objects.count() == 1
    event = VitalEvent.objects.get()
    assert (event.person, event.applied_at, event.recorded_at) == (Person.objects.get(), moment(6), moment(6))


def test_the_same_event_twice_changes_nothing_and_another_of_its_name_is_set_aside(desk: Desk) -> None:
    desk.take(moment(6), events=[f"E1,{number(1)},death,2024-05-03,,,"])
    before = list(Person.objects.values()), PersonVersion.objects.count()
    report = desk.take(moment(7), events=[f"E1,{number(1)},death,2024-05-03,,,", f"E1,{number(1)},death,2024-05-03,,,"])
    assert (report.events.new, report.events.unchanged, report.events.duplicates) == (0, 1, 1)
    report = desk.take(moment(7), events=[f"E1,{number(1)},hukou_in,2024-05-03,,,"])
    assert [(r["line"], r["column"], r["reason"]) for r in report.refused] == [
        (2, "event_id", "this event was taken in before with other content")
    ]
    assert report.events.refused == 1
    assert before == (list(Person.objects.values()), PersonVersion.objects.count())


def test_an_event_of_somebody_unknown_waits_for_them(desk: Desk) -> None:
    events = [f"E1,{number(2, '20240301')},birth,2024-03-01,,,", f"E2,{number(2, '20240301')},hukou_in,2024-03-09,,,"]
    report = desk.take(moment(6), events=events)
    assert (report.events.new, report.events_waiting, report.events_late) == (2, 2, 0)
    assert desk.take(moment(7), events=events).events.unchanged == 2
    assert number(2, "20240301") not in str(list(VitalEvent.objects.values()))
    report = desk.take(moment(8), people=[f"{number(2, '20240301')},H1,韦小妹,true,,,healthy"])
    assert (report.events_waiting, report.events_late) == (0, 2)
    child = Person.objects.get(name="韦小妹")
    assert (child.hukou_moved, child.birth_date) == (True, date(2024, 3, 1))
    assert {e.applied_at for e in child.events.all()} == {moment(8)}
    assert desk.take(moment(9), events=events).events.unchanged == 2


def test_registered_and_told_of_in_one_import(desk: Desk) -> None:
    report = desk.take(moment(6), people=[f"{number(3)},H1,甲,true,,,"], events=[f"E1,{number(3)},death,2024-06-01,,,"])
    assert (report.events_waiting, Person.objects.get(name="甲").alive) == (0, False)


@pytest.mark.parametrize(
    ("event", "column", "reason"),
    [
        ("E1,{n},death,1989-12-31,,,", "event_date", "nobody dies before being born"),
        ("E1,{n},hukou_in,1989-12-31,,,", "event_date", "is before the day of birth"),
        ("E1,{n},death,2024-06-11,,,", "event_date", "a day still to come"),
        ("E1,{n},death,2024-02-30,,,", "event_date", "is not a day"),
        ("E1,{n},wedding,2024-02-03,,,", "event_type", "is not one of"),
        (",{n},death,2024-02-03,,,", "event_id", "is empty"),
        ("E1,,death,2024-02-03,,,", "person_id", "is empty"),
        ("E1,522301199001010010,death,2024-02-03,,,", "person_id", "check digit"),
        ("E1,{n},id_change,2024-02-03,,,", "new_person_id", "needs the new number"),
        ("E1,{n},id_change,2024-02-03,{n},,", "new_person_id", "is the old number"),
        ("E1,{n},death,2024-02-03,{m},,", "new_person_id", "only an id_change"),
    ],
)
def test_what_cannot_be_is_set_aside_with_its_reason(desk: Desk, event: str, column: str, reason: str) -> None:
    report = desk.take(moment(6), events=[event.format(n=number(1), m=number(7))])
    assert (report.events.refused, report.events.new, VitalEvent.objects.count()) == (1, 0, 0)
    assert [(r["line"], r["column"]) for r in report.refused] == [(2, column)] or report.refused[0]["column"] == column
    assert any(reason in r["reason"] for r in report.refused)
    assert PersonVersion.objects.count() == 0


def test_two_deaths_of_one_person(desk: Desk) -> None:
    report = desk.take(moment(6), events=[f"E1,{number(1)},death,2024-05-03,,,", f"E2,{number(1)},death,2024-05-04,,,"])
    assert [r["reason"] for r in report.refused] == ["a death on another day was taken in before"]
    assert Person.objects.get().deceased_on == date(2024, 5, 3)


def test_a_fault_found_only_when_the_person_is_known_ends_the_waiting(desk: Desk) -> None:
    desk.take(moment(6), events=[f"E1,{number(2)},death,1980-01-01,,,"])
    report = desk.take(moment(7), people=[f"{number(2)},H1,甲,true,,,"])
    assert (report.events_waiting, report.events_late, [r["file"] for r in report.refused]) == (0, 0, ["F03.csv"])
    assert "before being born" in VitalEvent.objects.get().fault
    assert desk.take(moment(8), people=[f"{number(2)},H1,甲,true,,,"]).refused == []


def test_a_register_that_has_not_heard_of_a_death_does_not_undo_it(desk: Desk) -> None:
    desk.take(moment(6), events=[f"E1,{number(1)},death,2024-05-03,,,"])
    report = desk.take(moment(7), people=[f"{number(1)},H1,韦秀英,true,,false,chronic"])
    person = Person.objects.get()
    assert (person.alive, person.deceased_on, person.health_status) == (False, date(2024, 5, 3), "chronic")
    assert [(d["line"], d["column"]) for d in report.doubtful] == [(2, "alive")]
    earlier = desk.take(moment(8), people=[f"{number(1)},H1,韦秀英,true,,false,severe"], valid=date(2024, 4, 1))
    assert earlier.doubtful == []
    assert desk.person(date(2024, 4, 2), moment(8))["alive"] is True
    assert desk.person(date(2024, 6, 2), moment(8))["alive"] is False


def test_a_death_that_comes_late_holds_in_later_versions_too(desk: Desk) -> None:
    desk.take(moment(5), people=[f"{number(1)},H1,韦秀英,true,,false,chronic"])
    desk.take(moment(6), events=[f"E1,{number(1)},death,2024-03-03,,,"])
    found = [desk.person(date(2024, m, 20), moment(6)) for m in (1, 3, 5)]
    assert [(row["alive"], row["health_status"]) for row in found] == [(True, "healthy"), (False, "healthy"), (False, "chronic")]
    assert desk.person(date(2024, 5, 20), moment(5, 20))["alive"] is True


def test_a_late_death_also_corrects_what_a_later_register_wrongly_said(desk: Desk) -> None:
    for month, alive in ((2, ""), (5, "true")):
        desk.take(moment(month), people=[f"{number(4)},H1,甲,{alive},,,"])
    desk.take(moment(6), events=[f"E1,{number(4)},death,2024-03-03,,,"])
    person = Person.objects.get(name="甲")
    assert (person.valid_from, person.alive, person.deceased_on) == (date(2024, 5, 10), False, date(2024, 3, 3))


def test_hukou_moves_in_and_out_in_the_order_of_the_days(desk: Desk) -> None:
    n = number(1)
    desk.take(moment(6), events=[f"E2,{n},hukou_out,2024-05-01,,,", f"E1,{n},hukou_in,2024-03-01,,,", f"E3,{n},split,2024-05-02,,,"])
    found = [desk.person(date(2024, m, 20), moment(6))["hukou_moved"] for m in (2, 3, 5)]
    assert found == [False, True, False]
    assert VitalEvent.objects.filter(applied_at=moment(6)).count() == 3


def test_a_permit_is_issued(desk: Desk) -> None:
    desk.take(moment(6), events=[f"E1,{number(1)},permit_issue,2024-05-01,,JZ7,2026-05-01"])
    before, after = (desk.person(date(2024, m, 20), moment(6)) for m in (4, 5))
    assert (before["residence_permit_no"], after["residence_permit_no"], after["residence_permit_expiry"]) == (None, "JZ7", date(2026, 5, 1))


def test_another_number_finds_the_same_person(desk: Desk) -> None:
    old, new, newest = number(1), number(8), number(9)
    desk.take(moment(6), events=[f"E1,{new},id_change,2024-05-02,{newest},,", f"E2,{old},id_change,2024-05-01,{new},,"])
    keys = Directory("cn_resident_id").people(pa.array([old, new, newest])).to_pylist()
    assert keys == [Person.objects.get().pk] * 3
    report = desk.take(moment(7), people=[f"{newest},H1,韦秀英,true,,false,healthy"])
    assert (report.persons.unchanged, Person.objects.count(), Identifier.objects.count()) == (1, 1, 3)


def test_register_and_change_of_number_in_one_import_are_one_person(desk: Desk) -> None:
    desk.take(moment(6), people=[f"{number(8)},H1,韦秀英,true,,false,healthy"], events=[f"E1,{number(1)},id_change,2024-05-01,{number(8)},,"])
    assert Person.objects.count() == 1


def test_a_number_that_is_somebody_elses_is_not_given_twice(desk: Desk) -> None:
    desk.take(moment(5), people=[f"{number(8)},H1,王芳,true,,,"])
    report = desk.take(moment(6), events=[f"E1,{number(1)},id_change,2024-05-01,{number(8)},,"])
    assert [(r["column"], "joined by hand" in r["reason"]) for r in report.refused] == [("new_person_id", True)]
    assert Identifier.objects.count() == 2


def test_a_birth_on_another_day_than_the_registers_is_doubtful(desk: Desk) -> None:
    report = desk.take(moment(6), events=[f"E1,{number(1)},birth,1991-01-01,,,"])
    assert (report.events.new, report.events.doubtful, Person.objects.get().birth_date) == (1, 1, date(1990, 1, 1))


def test_a_dry_run_of_events_writes_nothing(desk: Desk) -> None:
    report = desk.take(moment(6), events=[f"E1,{number(1)},death,2024-05-03,,,", f"E2,{number(5)},death,2024-05-03,,,"], dry_run=True)
    assert (report.events.new, report.events_waiting) == (2, 1)
    assert (VitalEvent.objects.count(), Person.objects.get().alive) == (0, True)


# --- one person or two --------------------------------------------------------------------------------------------------


def test_one_number_in_two_households_is_a_conflict(desk: Desk) -> None:
    (desk.folder / "F01.csv").write_text("household_code,dest_community_code\nH1,C1\nH2,C1\n", encoding="utf-8")
    import_people([desk.folder / "F01.csv"], by="c", at=moment(2), contracts=desk.policy.contracts, programme=desk.policy.programme)
    report = desk.take(moment(6), people=[f"{number(2)},H1,甲,true,,,", f"{number(2)},H2,甲,true,,,", f"{number(3)},H2,乙,true,,,"])
    assert [(r["line"], r["reason"]) for r in report.refused] == [
        (2, "the same number stands here in two households"),
        (3, "the same number stands here in two households"),
    ]
    assert report.persons.new == 1


def test_the_same_name_and_day_of_birth_under_another_number_is_doubtful(desk: Desk) -> None:
    report = desk.take(moment(6), people=[f"{number(2)},H1,韦秀英,true,,,", f"{number(3, '19900102')},H1,韦秀英,true,,,"])
    assert (report.persons.new, report.persons.doubtful) == (2, 1)
    assert [(d["line"], d["column"]) for d in report.doubtful] == [(2, "person_id")]


def test_old_and_new_form_of_a_number_are_one_person(desk: Desk) -> None:
    new = number(1)
    old = new[:6] + new[8:17]
    wide = "".join(chr(ord(c) + 0xFEE0) for c in new)
    for text in (old, wide, f" {new[:6]} {new[6:]} "):
        assert desk.take(moment(6), people=[f"{text},H1,韦秀英,true,,false,healthy"]).persons.unchanged == 1
    twice = desk.take(moment(6), people=[f"{old},H1,韦秀英,true,,false,healthy", f"{new},H1,韦秀英,true,,false,healthy"])
    assert (twice.persons.unchanged, twice.persons.duplicates, Identifier.objects.count()) == (1, 1, 1)
