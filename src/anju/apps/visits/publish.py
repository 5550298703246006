"""What visits say, as rows of the platform's own feed P04: by the names of its columns, whom they are about by our own keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from anju.apps.visits.models import Visit
from anju.apps.visits.states import MADE

FEED = "P04"
BATCH = 2_000


def rows(day: date, known: datetime, household: int | None = None) -> Iterator[dict[str, Any]]:
    """Visits to families made by the `day` as known at the time: of each one row for the family, and one for every member of whom
    something was answered. Only answers from closed lists are told; numbers and texts stay with the visit. `known` without a zone
    is UTC. Of one `household` alone where it is asked for."""
    until = known if known.tzinfo is not None else known.replace(tzinfo=UTC)
    made = Visit.objects.filter(state=MADE, made_on__lte=day, recorded_at__lte=until, household_id__isnull=False).order_by("pk")
    if household is not None:
        made = made.filter(household_id=household)
    for visit in made.defer("note", "answers", "spared").iterator(BATCH):
        yield from _rows_of(visit)


def _rows_of(visit: Visit) -> Iterator[dict[str, Any]]:
    family: list[str] = []
    members: dict[int, list[str]] = {}
    for code, person in visit.coded:
        (family if person is None else members.setdefault(person, [])).append(code)
    told = {
        "visited_on": visit.made_on, "mode": visit.mode, "outcome": visit.outcome, "visitor_role": visit.recorded_role,
        "known_at": visit.recorded_at,
    }  # fmt: skip
    yield {
        **told, "visit_id": str(visit.pk), "household_id": visit.household_id, "findings": sorted(visit.findings),
        "answers": sorted(family), "photo_count": visit.photos,
    }  # fmt: skip
    for member, answers in sorted(members.items()):
        yield {**told, "visit_id": f"{visit.pk}-{member}", "person_id": member, "answers": sorted(answers)}
