"""The platform's own feed P05: who is monitored, as the platform's own procedure has it, and as it was known at any moment.

No risk stands in it: that would tell of health. Made from the steps alone, which are never changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from anju.apps.monitoring.models import Step
from anju.core.casework.listing import ELIMINATED, LISTED, REFUSED, RELAPSED

STATUS = {LISTED: "monitoring", ELIMINATED: "eliminated", RELAPSED: "eliminated", REFUSED: "not_listed"}  # every other: a lead
TOLD = ("propose", "approve", "refuse", "relapse", "end_approve", "measure", "plan")


def listing_rows(day: date, known_at: datetime, household: int | None = None) -> list[dict[str, Any]]:
    """The rows of P05 for `day` as known at `known_at`, in the order in which they were proposed; of one household where it is asked
    for. One query."""
    found: dict[int, dict[str, Any]] = {}
    for step in _steps(day, known_at, household):
        row = found.get(step.listing_id)
        if row is None:
            home = step.listing.household
            row = found[step.listing_id] = {
                "listing_id": str(step.listing_id), "household_id": home.pk, "category": step.detail["category"],
                "clue_on": date.fromisoformat(step.detail["clue_on"]), "identified_on": None, "plan_on": None, "measures_on": None,
                "eliminated_on": None,
            }  # fmt: skip
        row |= {"status": STATUS.get(step.state, "lead"), "known_at": step.at}
        match step.what:
            case "approve":
                row["identified_on"] = step.on
            case "plan":
                row["plan_on"] = step.on
            case "measure":
                row["measures_on"] = row["measures_on"] or step.on
            case "end_approve":
                row["eliminated_on"] = step.on
    return list(found.values())


def _steps(day: date, known_at: datetime, household: int | None) -> Iterator[Step]:
    known = known_at if known_at.tzinfo is not None else known_at.replace(tzinfo=UTC)
    found = Step.objects.filter(at__lte=known, on__lte=day, what__in=TOLD)
    if household is not None:
        found = found.filter(listing__household_id=household)
    return found.select_related("listing__household").order_by("pk").iterator(2_000)
