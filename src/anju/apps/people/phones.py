"""Telephones of persons: no register has them, so they are noted by who is told them; sealed, found by their hash, shown masked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.people.models import Household, Membership, Phone
from anju.apps.people.search import PHONE, within
from anju.apps.people.vault import Sealer, digest, ensure_keys, masked_phone
from anju.core.standards.model import Title
from anju.core.terms.identifiers import VALIDATORS
from anju.core.terms.viewer import Viewer

BATCH = 2_000


class Refused(ValueError):
    """What cannot be noted, why, and what to do instead."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.title = Title(en, zh)


def phones_of(people: Collection[int]) -> dict[int, list[Phone]]:
    """By person, the last noted first. For a door that has shown the viewer the family already."""
    found: dict[int, list[Phone]] = {}
    for phone in Phone.objects.filter(person_id__in=people).order_by("-pk"):
        found.setdefault(phone.person_id, []).append(phone)
    return found


def opened(phone: Phone) -> str:
    """The whole number. Whoever calls this writes the look down first."""
    return Sealer(ensure_keys()).open(bytes(phone.value))


@transaction.atomic
def note_phones(*, numbers: Iterable[tuple[int, str]], by: Viewer | str, at: datetime) -> int:
    """Numbers of persons, set-wise; one that stands there already is left as it is. Returns how many are new."""
    keys = ensure_keys()
    sealer, wanted = Sealer(keys), {}
    for person, number in numbers:
        try:
            normal = VALIDATORS[PHONE](number)
        except ValueError as fault:
            raise Refused(f"that is no telephone number: {fault}", "电话号码有误：手机号 11 位，座机请带区号") from None
        wanted[person, digest(keys, PHONE, normal)] = normal
    _check(by, {person for person, _hash in wanted})
    known = set(Phone.objects.values_list("person_id", "digest")) if len(wanted) > BATCH else set(
        Phone.objects.filter(person_id__in={person for person, _hash in wanted}).values_list("person_id", "digest")
    )  # fmt: skip
    fresh = [
        Phone(person_id=person, value=sealer.seal(normal), digest=hashed, masked=masked_phone(normal))
        for (person, hashed), normal in wanted.items() if (person, hashed) not in known
    ]  # fmt: skip
    Phone.objects.bulk_create(fresh, BATCH)
    if fresh:
        about = f"person:{fresh[0].person_id}" if len(fresh) == 1 else f"phones:{len(fresh)}"
        record(act="people.note_phones", about=about, by=by, at=at, detail={"n": len(fresh)})
    return len(fresh)


@transaction.atomic
def drop_phone(*, phone: int, by: Viewer, at: datetime) -> None:
    """A number that is somebody else's, or no longer theirs, is taken away for good."""
    found = Phone.objects.filter(pk=phone).first()
    if found is None:
        raise Refused("there is no such number for you", "没有这个号码：不存在，或不在您的岗位范围内")
    _check(by, {found.person_id})
    found.delete()
    record(act="people.drop_phone", about=f"person:{found.person_id}", by=by, at=at)


def _check(by: Viewer | str, people: Collection[int]) -> None:
    if not isinstance(by, Viewer):
        return
    homes = Household.objects.filter(within(by)).values("pk")
    there = Membership.objects.filter(person_id__in=people, known_to=None, end=None, household__in=homes).values_list("person_id", flat=True)
    if not by.can("visits.record") or set(people) - set(there):
        raise Refused("there is no such person for you", "没有这个人：不存在，或不在您的岗位范围内")
