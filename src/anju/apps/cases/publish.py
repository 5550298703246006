"""What cases tell the lake: themselves (P02), and the decisions recorded on them (P01), as they stood at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from anju.apps.cases.models import Case, CaseEvent, Decision
from anju.core.casework.states import OVER


def decisions(day: date, known_at: datetime, household: int | None = None) -> Iterator[Mapping[str, Any]]:
    """Rows of P01: by the standard that reads them, about the very subject of the case; on those of one household where it is asked for."""
    found = Decision.objects.filter(at__lte=known_at, on__lte=day)
    if household is not None:
        found = found.filter(case__household_id=household)
    for one in found.select_related("case").order_by("pk").iterator(5_000):
        case = one.case
        yield {
            "decision_id": f"D{one.pk}", "standard": case.standard, "decision": one.code, "decided_on": one.on, "known_at": one.at,
            "person_id": case.subject_id if case.subject == "person" else None, "household_id": case.household_id,
            "place_id": case.place_id, "subject_key": case.subject_key,
        }  # fmt: skip


CASES = (
    "pk", "standard", "subject", "level", "state", "deadline", "returned", "opened_on", "closed_on", "reopened_on", "household_id", "place_id",
    "opened_at",
)  # fmt: skip


def cases(day: date, known_at: datetime, household: int | None = None) -> Iterator[Mapping[str, Any]]:
    """Rows of P02 as they stand; of a time past, only what is known to have stood then: cases opened since are left out, and one closed since
    is open. Of one household where it is asked for."""
    since = set()
    if known_at < datetime.now(UTC):
        closing = CaseEvent.objects.filter(what__in=["close", "end"], at__gt=known_at)
        since = set(closing.values_list("case_id", flat=True))
    found = Case.objects.filter(opened_at__lte=known_at, opened_on__lte=day)
    if household is not None:
        found = found.filter(household_id=household)
    for row in found.order_by("pk").values_list(*CASES).iterator(5_000):
        one = dict(zip(CASES, row, strict=True))
        over = one["state"] in OVER and one["pk"] not in since
        yield {
            "case_id": f"C{one['pk']}", "standard": one["standard"], "subject": one["subject"], "level": one["level"], "stage": one["state"],
            "stage_deadline": None if over else one["deadline"], "returned_count": one["returned"], "opened_on": one["opened_on"],
            "closed_on": one["closed_on"] if over else None, "reopened_on": one["reopened_on"], "household_id": one["household_id"],
            "place_id": one["place_id"], "known_at": one["opened_at"],
        }  # fmt: skip
