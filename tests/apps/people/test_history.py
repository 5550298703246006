"""What the register tells of one household: comings and goings once each, changes from day to day, each with since when it was known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from anju.apps.people.history import Change, history_of, members_on, memberships_of
from anju.apps.people.models import Household, HouseholdVersion, Membership, Person, PersonVersion, VitalEvent
from anju.apps.people.search import members_of
from anju.apps.places.models import Place

pytestmark = pytest.mark.django_db
MOVED = date(2018, 6, 1)
FIRST, LATER = datetime(2021, 9, 1, 12, tzinfo=UTC), datetime(2023, 5, 1, 12, tzinfo=UTC)
SAID: dict[str, Any] = {"valid_from": FIRST.date(), "known_from": FIRST}


@pytest.fixture
def home() -> Household:
    """A couple that moved in together, and their child who was born two years later."""
    place = Place.objects.create(id=1, tree="scope", level="community", code="C1", name="青山社区", path="/1/")
    home = Household.objects.create(id=1, household_code="H1", place=place, move_in_date=MOVED, room_no="501", status="active", **SAID)
    Person.objects.create(id=1, name="韦一", relation_to_head="01", birth_date=date(1980, 1, 1), alive=True, **SAID)
    Person.objects.create(id=2, name="罗二", relation_to_head="10", birth_date=date(1981, 1, 1), alive=True, **SAID)
    Person.objects.create(id=3, name="韦三", relation_to_head="20", birth_date=date(2020, 3, 5), alive=True, **SAID)
    for key, start in ((1, MOVED), (2, MOVED), (3, date(2020, 3, 5))):
        Membership.objects.create(id=key, person_id=key, household=home, start=start, known_from=FIRST)
    return home


def told(home: Household) -> list[Change]:
    return sorted(history_of(home, memberships_of(home)), key=lambda change: (change.on, change.what))


def words(home: Household) -> list[tuple[str, date, int | None]]:
    return [(change.what, change.on, change.person.pk if change.person else None) for change in told(home)]


def test_it_works(home: Household) -> None:
    assert words(home) == [("moved_in", MOVED, None), ("birth", date(2020, 3, 5), 3)]
    assert (told(home)[0].people, told(home)[0].known) == (2, FIRST)


def test_an_event_of_the_police_is_not_told_twice(home: Household) -> None:
    event(1, "birth", date(2020, 3, 5), 3)
    assert words(home)[1:] == [("birth", date(2020, 3, 5), 3)]
    assert told(home)[1].known == LATER


def test_a_death_ends_a_membership_and_is_told_once(home: Household) -> None:
    Membership.objects.filter(pk=2).update(end=date(2022, 7, 1))
    Person.objects.filter(pk=2).update(alive=False, deceased_on=date(2022, 7, 1))
    assert words(home)[2:] == [("death", date(2022, 7, 1), 2)]
    event(1, "death", date(2022, 7, 1), 2)
    assert words(home)[2:] == [("death", date(2022, 7, 1), 2)]
    assert [person.pk for person in members_on(memberships_of(home), date(2022, 7, 1))] == [1, 3]


def test_who_left_is_told_with_since_when_it_was_known_and_that_they_came_as_long_as_before(home: Household) -> None:
    Membership.objects.filter(pk=3).update(known_to=LATER)
    Membership.objects.create(id=9, person_id=3, household=home, start=date(2020, 3, 5), end=date(2023, 4, 1), known_from=LATER)
    assert [(c.what, c.on, c.known) for c in told(home)][1:] == [("birth", date(2020, 3, 5), FIRST), ("left", date(2023, 4, 1), LATER)]


def test_members_stand_by_relation_and_children_by_age(home: Household) -> None:
    for key, relation, born in ((4, "3", date(2012, 1, 1)), (5, "50", date(1950, 1, 1)), (6, "2", date(2010, 1, 1))):
        Person.objects.create(id=key, name="韦", relation_to_head=relation, birth_date=born, **SAID)
        Membership.objects.create(id=key, person_id=key, household=home, start=MOVED, known_from=FIRST)
    held = memberships_of(home)
    assert [person.pk for person in members_on(held, date(2023, 1, 1))] == [1, 2, 6, 4, 3, 5]
    assert [row.person_id for row in members_of(home, date(2023, 1, 1))] == [1, 2, 6, 4, 3, 5]


def test_who_married_in_came_into_the_family(home: Household) -> None:
    Person.objects.create(id=4, name="杨四", relation_to_head="38", birth_date=date(1999, 1, 1), **SAID)
    Membership.objects.create(id=4, person_id=4, household=home, start=date(2023, 2, 2), known_from=LATER)
    assert words(home)[-1] == ("joined", date(2023, 2, 2), 4)


def test_what_became_of_somebody_elsewhere_is_another_familys_page(home: Household) -> None:
    Membership.objects.filter(pk=3).update(end=date(2022, 1, 1))
    event(1, "hukou_out", date(2022, 6, 1), 3)
    PersonVersion.objects.create(id=1, person_id=3, is_student=False, **SAID)
    Person.objects.filter(pk=3).update(is_student=True, valid_from=date(2022, 9, 1))
    assert words(home)[2:] == [("left", date(2022, 1, 1), 3)]


def test_an_event_that_was_set_aside_is_not_told(home: Household) -> None:
    event(1, "hukou_in", date(2022, 6, 1), 3, fault="nobody of this number")
    assert len(words(home)) == 2


def test_a_change_is_told_from_day_to_day_and_of_one_day_only_what_was_said_last(home: Household) -> None:
    for key, status, since, known in ((1, "living_here", FIRST.date(), FIRST), (2, "out_working", date(2022, 3, 1), FIRST)):
        PersonVersion.objects.create(
            id=key, person_id=1, resident_status=status, relation_to_head="01", name="韦一", valid_from=since, known_from=known
        )
    Person.objects.filter(pk=1).update(resident_status="out_studying", valid_from=date(2022, 3, 1), known_from=LATER)
    found = [change for change in told(home) if change.what == "said"]
    assert [(c.column, c.old, c.new, c.on, c.known) for c in found] == [
        ("resident_status", "living_here", "out_studying", date(2022, 3, 1), LATER)
    ]  # fmt: skip


def test_a_family_that_moved_on_is_told_where_to(home: Household) -> None:
    other = Place.objects.create(id=2, tree="scope", level="community", code="C2", name="绿水社区", path="/2/")
    HouseholdVersion.objects.create(id=1, household=home, place_id=1, room_no="501", status="active", **SAID)
    Household.objects.filter(pk=1).update(place=other, room_no="302", valid_from=date(2023, 1, 1), known_from=LATER)
    found = [(c.column, c.old, c.new) for c in told(Household.objects.get(pk=1)) if c.what == "said"]
    assert found == [("address", "501", "302"), ("place", "青山社区", "绿水社区")] or found == [
        ("place", "青山社区", "绿水社区"),
        ("address", "501", "302"),
    ]


def test_it_takes_three_statements_beside_the_members(home: Household, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):  # memberships, events, versions of the household, versions of its people
        history_of(home, memberships_of(home))


def event(key: int, what: str, on: date, person: int, fault: str = "") -> None:
    VitalEvent.objects.create(
        id=key, event_id=f"E{key}", event_type=what, event_date=on, digest="d", person_id=person, fault=fault, file_name="f.csv", line=1,
        recorded_at=LATER,
    )  # fmt: skip
