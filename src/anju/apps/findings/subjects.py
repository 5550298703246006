"""Which subject of a standard somebody means: by our own key, a household or place code, the key's text, or an identity number."""

from __future__ import annotations

from typing import Any

from anju.apps.people.models import Household, Membership, Person
from anju.apps.people.numbers import FREE, looks_like_one, normal_forms, persons_of
from anju.apps.places.codes import place_codes
from anju.apps.places.models import Place
from anju.core.contracts.model import Programme
from anju.core.standards.model import Policy
from anju.core.terms.identifiers import VALIDATORS

OURS = 15  # digits: a longer number is an identity number, not a key of ours


class NoSuchSubject(ValueError):
    """Says what was asked for and what there is instead; never an identity number."""


def find_subject(policy: Policy, code: str, text: str) -> Any:
    """The key of the subject of standard `code` that `text` names. A keyed subject's text is taken as it is."""
    assert isinstance(policy.programme, Programme)
    subject = policy.standards[code].subject
    if subject in policy.keyed:
        return text
    if subject in ("person", "household") and len(text) >= OURS and _is_identity_number(policy.programme, text):
        raise NoSuchSubject(
            "an identity number does not belong on a command line, where others can read it: say --identity and type it when asked"
        )
    household = Household.objects.filter(household_code=text).values_list("pk", flat=True).first()
    own = int(text) if text.isdigit() and len(text) < OURS else None
    if subject == "household":
        if household is not None:
            return household
        if own is not None and Household.objects.filter(pk=own).exists():
            return own
        raise NoSuchSubject(f"{code} is about a household, and '{text}' is neither the key nor the code of one")
    if subject == "person":
        if own is not None and Person.objects.filter(pk=own).exists():
            return own
        if household is not None:
            members = Membership.objects.filter(household=household).order_by("person_id").values_list("person_id", flat=True).distinct()
            raise NoSuchSubject(f"{code} is about a person, and '{text}' is a household: name one of {', '.join(map(str, members)) or 'nobody'}")
        raise NoSuchSubject(f"{code} is about a person, and '{text}' is not the key of one: say --identity to give an identity number")
    place = place_codes().get(text, own)
    found = Place.objects.filter(pk=place, tree="scope").first() if place is not None else None
    if found is None:
        raise NoSuchSubject(f"{code} is about a {subject}, and '{text}' is neither the key nor the code of a place")
    if found.level != subject:
        raise NoSuchSubject(f"{code} is about a {subject}, and {found.name} ({found.code}) is a {found.level}")
    return found.pk


def person_by_identity(policy: Policy, number: str) -> int:
    """The key of whoever has this identity number, found by its keyed hash. Raises NoSuchSubject, which does not repeat it."""
    assert isinstance(policy.programme, Programme)
    found = persons_of(number, policy.programme)
    if len(found) > 1:
        raise NoSuchSubject("several people have this number, of different types: name the person by our own key, as the family's page does")
    if found:
        return found[0]
    kind = policy.programme.identifiers[0]
    try:
        VALIDATORS[kind.validator](number)
    except ValueError as fault:
        if not looks_like_one(number, policy.programme):
            raise NoSuchSubject(f"that is no {kind.title.en.lower()}: {fault}") from None
    raise NoSuchSubject(f"nobody in the register has this {kind.title.en.lower()}")


def _is_identity_number(programme: Programme, text: str) -> bool:
    return any(programme.validator_of(kind) != FREE for kind in normal_forms(text, programme))
