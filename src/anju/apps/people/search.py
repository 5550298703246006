"""Finding families: by name, initials, number, telephone, address or code; always within what the viewer may see."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Substr

from anju.apps.people.models import Household, Membership, Person, Phone
from anju.apps.people.numbers import looks_like_one, persons_of
from anju.apps.people.vault import digest, ensure_keys
from anju.apps.places.scope import Ranges, inside_ranges, ranges_of
from anju.apps.prepared.queries import prepared
from anju.core.contracts.model import Programme
from anju.core.terms.viewer import Viewer

ADDRESS = re.compile(r"(\S+?)[-－—/栋幢 ]+(\S+?)[-－—/单元 ]+(\S+?)室?")
PHONE = "cn_phone"
LAST_CHARACTER = "\U0010ffff"
Meant = Callable[[str], Q]
"""Who is searched for, as a condition on a person; what it is called with leads to her ('', or 'person__')."""


@dataclass(frozen=True, slots=True)
class Found:
    """One person of a household that was found; `person` is None where the household itself was asked for."""

    household: Household
    person: Person | None


@dataclass(frozen=True, slots=True)
class Family:
    """A household that was found, with its members that match by (name, id); `people` is empty where the household itself was asked for."""

    household: Household
    people: tuple[Person, ...] = ()


def within(viewer: Viewer, prefix: str = "") -> Q:
    """The condition that a household lies below one of the viewer's places, or came from below one. Matches nothing for a stranger."""
    return within_ranges(ranges_of(viewer), prefix)


def within_ranges(ranges: tuple[Ranges, Ranges], prefix: str = "") -> Q:
    """The same of `ranges_of` a viewer, for a query that is prepared."""
    return inside_ranges(ranges, prefix, ("place__path", "origin_place__path"))


def household_in_scope(viewer: Viewer, key: int) -> Household | None:
    """The household, or None where it does not exist or is not the viewer's to see: nobody can tell which."""
    return _household.first(ranges_of(viewer), key)


@prepared
def _household(ranges: tuple[Ranges, Ranges], key: int) -> QuerySet[Household]:
    return Household.objects.filter(within_ranges(ranges), pk=key).select_related("place", "origin_place")


def members_of(household: Household, day: date) -> QuerySet[Membership]:
    """Who belongs to it on `day` as known now, the head first, then by relation; of sons and daughters the eldest."""
    held = Q(start__lte=day) & (Q(end=None) | Q(end__gt=day))
    known = Coalesce(Substr("person__relation_to_head", 1, 1), Value("9"))
    return (
        Membership.objects.filter(held, household=household, known_to=None)
        .select_related("person")
        .alias(relation=Case(When(person__relation_to_head__startswith="3", then=Value("2")), default=known))
        .order_by("relation", "person__birth_date", "person_id")
    )


def membership_in_scope(viewer: Viewer, person: int, day: date) -> Membership | None:
    """The person in the household of that day, or None where she does not exist or is not the viewer's to see."""
    held = Q(start__lte=day) & (Q(end=None) | Q(end__gt=day))
    found = Membership.objects.filter(within(viewer, "household__"), held, person_id=person, known_to=None)
    return found.select_related("person", "household__place").order_by("-start", "-pk").first()


def is_identifying(text: str, programme: Programme) -> bool:
    """Whether the text may be a number of a person: then it stands in no address bar and in no log."""
    return sum(ch.isdigit() for ch in text) >= 9 or looks_like_one(text, programme)


def search_people(viewer: Viewer, text: str, programme: Programme, *, after: tuple[str, int] = ("", 0), limit: int = 51) -> list[Found]:
    """Up to `limit` people or households after (name, person id), within the viewer's scope. Numbers match whole and exactly."""
    meant = _meant(viewer, text, programme)
    if isinstance(meant, QuerySet):
        return [Found(home, None) for home in _households(meant, after, limit)]
    return _people(viewer, meant(""), after, limit)


def search_families(viewer: Viewer, text: str, programme: Programme, *, after: tuple[str, int] = ("", 0), limit: int = 51) -> list[Family]:
    """The same by families, each once: it stands where the first of its members that match stands, and (name, person id) is hers."""
    meant = _meant(viewer, text, programme)
    if isinstance(meant, QuerySet):
        return [Family(home) for home in _households(meant, after, limit)]
    return _families(viewer, meant, after, limit)


def _meant(viewer: Viewer, text: str, programme: Programme) -> Meant | QuerySet[Household]:
    """Households, where their address or code was typed; else which people."""
    plain = " ".join(text.split())
    if not plain or viewer.sees_nothing:
        return Household.objects.none()
    if is_identifying(plain, programme):
        return partial(_among, list(_by_number(plain, programme)))
    if address := ADDRESS.fullmatch(plain):
        building, unit, room = address.groups()
        return Household.objects.filter(within(viewer), building_no=building, unit_no=unit, room_no=room)
    if any(ch.isdigit() for ch in plain):
        return Household.objects.filter(within(viewer), household_code__startswith=plain.upper())
    return partial(_begins, "initials", plain.lower()) if plain.isascii() else partial(_begins, "name", plain)


def _among(people: list[int], prefix: str) -> Q:
    return Q(**{f"{prefix}pk__in": people})


def _begins(field: str, text: str, prefix: str) -> Q:
    """The condition that a column begins with the text, in the form that each database answers from its index."""
    if connection.vendor == "sqlite":  # its LIKE knows no case and reads every row
        return Q(**{f"{prefix}{field}__gte": text, f"{prefix}{field}__lt": text + LAST_CHARACTER})
    return Q(**{f"{prefix}{field}__startswith": text})


def _in_order(viewer: Viewer, wanted: Q, after: tuple[str, int], *more: Q) -> QuerySet[Person]:
    """From the person's side and keys alone: the index of names gives them in order, and the first of them are enough."""
    later = Q(name__gt=after[0]) | Q(name=after[0], pk__gt=after[1])
    held = within(viewer, "memberships__household__") & Q(memberships__end=None, memberships__known_to=None)
    return Person.objects.filter(wanted, later).filter(held, *more).order_by("name", "pk")


def _families(viewer: Viewer, meant: Meant, after: tuple[str, int], limit: int) -> list[Family]:
    now = Membership.objects.filter(meant("person__"), end=None, known_to=None)
    before = Q(person__name__lt=OuterRef("name")) | Q(person__name=OuterRef("name"), person_id__lt=OuterRef("pk"))
    another = Exists(now.filter(before, household=OuterRef("memberships__household")))  # who matches too and stands before her
    keys = list(_in_order(viewer, meant(""), after, Q(~another)).values_list("memberships__household", flat=True)[:limit])
    if not keys:
        return []
    found: dict[int, list[Membership]] = {key: [] for key in keys}
    for row in now.filter(household__in=keys).select_related("person", "household__place").order_by("person__name", "person_id"):
        found[row.household_id].append(row)
    return [Family(rows[0].household, tuple(row.person for row in rows)) for rows in found.values() if rows]


def _people(viewer: Viewer, wanted: Q, after: tuple[str, int], limit: int) -> list[Found]:
    ordered = _in_order(viewer, wanted, after)
    keys = list(ordered.values_list("memberships__pk", flat=True)[:limit])
    rows = {row.pk: row for row in _found(keys)}
    return [Found(rows[key].household, rows[key].person) for key in keys if key in rows]


@prepared
def _found(keys: list[int]) -> QuerySet[Membership]:
    return Membership.objects.filter(pk__in=keys).select_related("person", "household__place")


def _households(homes: QuerySet[Household], after: tuple[str, int], limit: int) -> list[Household]:
    return list(homes.filter(household_code__gt=after[0]).select_related("place").order_by("household_code")[:limit])


def _by_number(text: str, programme: Programme) -> Sequence[int]:
    digits = re.sub(r"\D", "", text)
    phones = Phone.objects.filter(digest=digest(ensure_keys(), PHONE, digits)).values_list("person_id", flat=True)
    return [*persons_of(text, programme), *phones]
