"""Whom a number belongs to: read as every type of identifier that the programme has, and found by its keyed hash."""

from __future__ import annotations

from django.db.models import Q

from anju.apps.people.models import Household, HouseholdVersion, Identifier
from anju.apps.people.vault import digest, ensure_keys
from anju.core.contracts.model import Programme
from anju.core.terms.identifiers import VALIDATORS

FREE = "text"  # the validator that reads any text: no sign that it is a number of somebody


def normal_forms(text: str, programme: Programme) -> dict[str, str]:
    """By type, what the text is as an identifier of it; nothing for those that it cannot be."""
    found = {}
    for kind in programme.identifiers:
        try:
            found[kind.name] = VALIDATORS[kind.validator](text)
        except ValueError:
            continue
    return found


def looks_like_one(text: str, programme: Programme) -> bool:
    """Whether it reads as a number of some type, so that it may be somebody's."""
    strict = {kind.name for n, kind in enumerate(programme.identifiers) if n == 0 or kind.validator != FREE}
    return bool(strict & set(normal_forms(text, programme)))


def persons_of(text: str, programme: Programme) -> list[int]:
    """Everybody who is known by this number; one person, but where two types give the same text to two. One query."""
    keys, wanted = ensure_keys(), Q(pk__in=[])
    for kind, normal in normal_forms(text, programme).items():
        wanted |= Q(type=kind, digest=digest(keys, kind, normal))
    return list(Identifier.objects.filter(wanted).order_by("person_id").values_list("person_id", flat=True).distinct())


def head_of(home: Household | HouseholdVersion, programme: Programme) -> int | None:
    """Who is the head as the register named them: the person of that number, whether a member or not. None where it named nobody, or
    somebody whom it does not know."""
    if home.head_digest is None:
        return None
    return Identifier.objects.filter(type=programme.identifiers[0].name, digest=home.head_digest).values_list("person_id", flat=True).first()
