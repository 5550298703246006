"""Families and people by their keys, for whoever knows already that they may be told."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.vault import masked_name
from anju.apps.prepared.queries import keyed, prepared

households_by_key = keyed(Household.objects.all())
people_by_key = keyed(Person.objects.all())


def heads_of(households: Collection[int]) -> dict[int, str]:
    """The masked name of the head of each family: the first digit of the relation is 0."""
    return {household: masked_name(name) for household, name in _heads(list(households))} if households else {}


@prepared
def _heads(households: list[int]) -> QuerySet[Membership, tuple[int, str | None]]:
    held = Membership.objects.filter(household__in=households, known_to=None, end=None, person__relation_to_head__startswith="0")
    return held.order_by("-person_id").values_list("household_id", "person__name")


def masked_numbers(people: Collection[int]) -> dict[int, str]:
    """The number of each person that was registered first, masked."""
    return dict(_numbers(list(people)))


@prepared
def _numbers(people: list[int]) -> QuerySet[Identifier, tuple[int, str]]:
    return Identifier.objects.filter(person__in=people).order_by("-pk").values_list("person_id", "masked")
