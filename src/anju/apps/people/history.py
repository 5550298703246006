"""What the register tells of one household over the years: who came and left, what happened to whom, and what became of what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from anju.apps.people.models import Household, HouseholdVersion, Membership, Person, PersonVersion, VitalEvent
from anju.apps.prepared.queries import prepared

OF_HOUSEHOLD = ("place", "address", "status", "is_registered_poor", "relocation_type", "responsible_cadre_id")
OF_PERSON = (
    "name", "relation_to_head", "hukou_area_code", "hukou_moved", "residence_permit_expiry", "education_level", "is_student", "in_military",
    "labour_capacity", "health_status", "resident_status",
)  # fmt: skip
"""What is told when it changes. A day of birth is corrected for every day, so it never changes; a permit's number is nobody's news."""


@dataclass(frozen=True, slots=True)
class Change:
    """`what`: 'moved_in' (of `people` persons), 'joined', 'left', an event's type such as 'birth', or 'said', where `column` of the
    register went from `old` to `new`. True from `on`, known since `known`."""

    what: str
    on: date
    known: datetime
    person: Person | None = None
    people: int = 0
    column: str = ""
    old: Any = None
    new: Any = None


def memberships_of(home: Household) -> list[Membership]:
    """Whoever was ever said to belong to it, with what is no longer held true. One query."""
    return _memberships(home.pk)


@prepared
def _memberships(household: int) -> QuerySet[Membership]:
    return Membership.objects.filter(household=household).select_related("person").order_by("start", "pk")


def members_on(held: Iterable[Membership], day: date) -> list[Person]:
    """Who belongs to it on a day as known now, the head first, then by relation; of sons and daughters the eldest."""
    people = [row.person for row in held if row.known_to is None and row.start <= day and (row.end is None or row.end > day)]
    return sorted(people, key=lambda person: (_rank(person.relation_to_head), person.birth_date or date.max, person.pk))


def _rank(relation: str | None) -> str:
    """The first digit of GB/T 4761: sons (2) and daughters (3) stand together."""
    digit = (relation or "9")[0]
    return "2" if digit == "3" else digit


def history_of(home: Household, held: Sequence[Membership]) -> list[Change]:
    """Everything, in no order. `held` is `memberships_of` the household; three queries more. Of persons only what fell into the time
    in which they belonged to it: what became of them elsewhere is another family's page."""
    now = [row for row in held if row.known_to is None]
    stays: dict[int, list[Membership]] = defaultdict(list)
    for row in now:
        stays[row.person_id].append(row)
    people = {row.person_id: row.person for row in now}
    told = [*_events(people, stays)]
    known = {(change.person.pk, change.what) for change in told if change.person is not None}
    return [*told, *_stays(home, held, now, known), *_of_household(home), *_of_persons(people, stays)]


# --- who came and left -------------------------------------------------------------------------------------------------


def _events(people: dict[int, Person], stays: dict[int, list[Membership]]) -> Iterator[Change]:
    for event in _events_of(list(people)):
        assert event.person_id is not None
        if _within(stays[event.person_id], event.event_date):
            yield Change(event.event_type, event.event_date, event.recorded_at, people[event.person_id])


@prepared
def _events_of(people: list[int]) -> QuerySet[VitalEvent]:
    return VitalEvent.objects.filter(person__in=people, fault="").only("event_type", "event_date", "recorded_at", "person_id")


def _within(rows: Sequence[Membership], day: date) -> bool:
    """The day on which somebody left still counts: a death ends a membership."""
    return any(row.start <= day and (row.end is None or day <= row.end) for row in rows)


def _stays(home: Household, held: Sequence[Membership], now: Sequence[Membership], known: set[tuple[int, str]]) -> Iterator[Change]:
    """Comings and goings. That somebody came was known since it was first said, also where the row was closed and said anew later."""
    first: dict[tuple[int, date], datetime] = {}
    for row in held:
        key = (row.person_id, row.start)
        first[key] = min(first.get(key, row.known_from), row.known_from)
    moved = home.move_in_date
    together = [row for row in now if moved is not None and row.start <= moved]
    if moved is not None:
        yield Change(
            "moved_in", moved, min((first[row.person_id, row.start] for row in together), default=home.known_from), people=len(together)
        )
    for row in now:
        person = row.person
        if row not in together and (row.person_id, "birth") not in known:
            yield Change("birth" if person.birth_date == row.start else "joined", row.start, first[row.person_id, row.start], person)
        dead = person.alive is False and person.deceased_on is not None and _within([row], person.deceased_on)
        if dead and (row.person_id, "death") not in known and person.deceased_on is not None:
            yield Change("death", person.deceased_on, person.known_from, person)
        elif row.end is not None and not dead:
            yield Change("left", row.end, row.known_from, person)


# --- what became of what the register says -----------------------------------------------------------------------------


def _of_household(home: Household) -> Iterator[Change]:
    for before, after in _pairs([*_household_versions(home.pk), home]):
        for column in OF_HOUSEHOLD:
            old, new = _of(before, column), _of(after, column)
            if old != new:
                yield Change("said", after.valid_from, after.known_from, column=column, old=old, new=new)


@prepared
def _household_versions(household: int) -> QuerySet[HouseholdVersion]:
    return HouseholdVersion.objects.filter(household=household).select_related("place").order_by("valid_from", "pk")


def _of(version: Any, column: str) -> Any:
    if column == "address":
        return "-".join(part for part in (version.building_no, version.unit_no, version.room_no) if part)
    return version.place.name if column == "place" else getattr(version, column)


def _of_persons(people: dict[int, Person], stays: dict[int, list[Membership]]) -> Iterator[Change]:
    versions: dict[int, list[Any]] = defaultdict(list)
    for version in _person_versions(list(people)):
        versions[version.person_id].append(version)
    for key, older in versions.items():
        for before, after in _pairs([*older, people[key]]):
            if not _within(stays[key], after.valid_from):
                continue
            for column in OF_PERSON:
                old, new = getattr(before, column), getattr(after, column)
                if old != new:
                    yield Change("said", after.valid_from, after.known_from, people[key], column=column, old=old, new=new)


@prepared
def _person_versions(people: list[int]) -> QuerySet[PersonVersion]:
    return PersonVersion.objects.filter(person__in=people).order_by("valid_from", "pk")


def _pairs(versions: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Each version with the one after it. They stand by the day they are true from; of one day the one said last holds."""
    holding: dict[date, Any] = {}
    for version in versions:
        holding[version.valid_from] = version
    ordered = [holding[day] for day in sorted(holding)]
    yield from zip(ordered, ordered[1:], strict=False)
