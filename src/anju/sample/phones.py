"""Telephones of the sample: of the heads of most families, by numbers that cannot be anybody's."""

from __future__ import annotations

from datetime import datetime

from anju.apps.people.models import Membership, Phone
from anju.apps.people.phones import note_phones

NOBODYS = "100"  # no mobile number begins so


def note_sample_phones(*, by: str, at: datetime) -> int:
    """10000000001 and on, once. One head in eight has none, as people do."""
    if Phone.objects.exists():
        return 0
    heads = Membership.objects.filter(known_to=None, end=None, person__relation_to_head__startswith="0").order_by("household_id", "person_id")
    people = heads.values_list("person_id", flat=True)
    return note_phones(numbers=[(person, f"{NOBODYS}{n:08d}") for n, person in enumerate(people, start=1) if n % 8], by=by, at=at)
