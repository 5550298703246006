"""Reads of deliveries. The viewer comes first: what concerns her units, and her department where her post is of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings

from anju.apps.places.models import Place
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer

EVERYWHERE = "all"  # the sender of a feed that one delivery brings for the whole programme


@dataclass(frozen=True, slots=True)
class Expected:
    """The latest delivery due of a feed from a sender, as a run saw it. `unit_name` is '' for the programme as a whole, and the
    sender's own code where it is no management unit (a school)."""

    contract: Contract
    unit: str
    unit_name: str
    period: str
    expected_on: date | None
    received_on: date | None
    rows: int | None
    rejected_rows: int | None
    matched_rate: Decimal | None

    def missing_on(self, day: date) -> bool:
        return self.received_on is None and self.expected_on is not None and self.expected_on < day


def units_for(viewer: Viewer, policy: Policy, place: Place | None = None) -> dict[str, str]:
    """Code -> name of the management units in (or around) the place, or the places of the post."""
    assert isinstance(policy.programme, Programme)
    if place is not None and not viewer.sees_path(place.path):
        return {}
    paths = [place.path] if place is not None else list(viewer.scopes)
    units = Place.objects.filter(tree="scope", level=policy.programme.unit_level).order_by("code")
    return {unit.code: unit.name for unit in units if any(unit.path.startswith(path) or path.startswith(unit.path) for path in paths)}


def sees_whole(viewer: Viewer) -> bool:
    """Whether a place of the post is the programme itself: '/1/'."""
    return any(path.count("/") == 2 for path in viewer.scopes)


def expected_deliveries(viewer: Viewer, manifest: str, policy: Policy, place: Place | None = None) -> list[Expected]:
    """What was due last of each feed, by the manifest of a run: of the units of the place (or post), and of the programme as a whole.

    A department's post sees its own feeds only; senders that are no units (schools) show to whoever sees the whole programme."""
    units = units_for(viewer, policy, place)
    if not units:
        return []
    whole = sees_whole(viewer) if place is None else place.parent_id is None
    found = []
    file = Path(settings.DATA) / "lake" / "manifest" / manifest / "F36.parquet"
    for row in _manifest(file) if file.exists() else ():
        contract, unit = policy.contracts.get(row["feed_code"]), row["unit_code"]
        if not isinstance(contract, Contract) or (viewer.departments and contract.owner not in viewer.departments):
            continue
        if unit in units or unit == EVERYWHERE or (whole and contract.by not in ("unit", "programme")):
            name = "" if unit == EVERYWHERE else units.get(unit, unit)
            kept = (row[name] for name in ("period_text", "expected_on", "received_on", "rows", "rejected_rows", "matched_rate"))
            found.append(Expected(contract, unit, name, *kept))
    return found


@lru_cache(maxsize=4)
def _manifest(file: Path) -> tuple[dict[str, Any], ...]:
    """A manifest is named by its content and never changes."""
    return tuple(pq.read_table(file).to_pylist())
