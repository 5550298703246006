"""Reads of deliveries. The viewer comes first: what concerns her units, and her department where her post is of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings
from django.db.models import Max, Q, QuerySet, Sum

from anju.apps.feeds.models import Coverage, Delivery, Upload
from anju.apps.places.models import Place
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer

EVERYWHERE = "all"  # the sender of a feed that one delivery brings for the whole programme
USABLE = Q(withdrawn_at=None) & (Q(held_reason="") | ~Q(confirmed_at=None))


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


# --- what came ------------------------------------------------------------------------------------------------------------


def feeds_for(viewer: Viewer, policy: Policy) -> dict[str, Contract]:
    """The feeds delivered as files that concern the viewer: her department's own, where the post is of one."""
    if not viewer.scopes:
        return {}
    return {
        code: contract
        for code, contract in sorted(policy.contracts.items())
        if isinstance(contract, Contract) and not contract.platform and contract.registry is None
        and (not viewer.departments or contract.owner in viewer.departments)
    }  # fmt: skip


def deliveries_in_scope(viewer: Viewer, policy: Policy) -> QuerySet[Delivery]:
    """Whole deliveries of the viewer's feeds and units, newest first. What one sender delivers for the whole programme shows to
    whoever sees the whole, and so does what came from a sender that is no unit."""
    found = Delivery.objects.filter(status="accepted", retry_of=None, feed__in=feeds_for(viewer, policy)).order_by("-pk")
    return found if sees_whole(viewer) else found.filter(unit__in=units_for(viewer, policy))


def delivery_in_scope(viewer: Viewer, policy: Policy, key: int) -> Delivery | None:
    return deliveries_in_scope(viewer, policy).filter(pk=key).first()


def senders_for(viewer: Viewer, policy: Policy, contract: Contract, units: Mapping[str, str]) -> list[str]:
    """For whom the viewer may deliver the feed: units of hers, or '' for the programme as a whole."""
    if contract.by == "programme":
        return [""] if sees_whole(viewer) else []
    return [*units] if contract.by == "unit" or not sees_whole(viewer) else ["", *units]


def uploads_of(viewer: Viewer) -> QuerySet[Upload]:
    """What this account has sent and is not taken in yet; files are nobody else's to see before they are deliveries."""
    if viewer.account is None:
        return Upload.objects.none()
    return Upload.objects.filter(account=viewer.account, post=viewer.post).order_by("-pk")


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one feed and sender: the last delivery that counts, one that waits for a word, and how many rows wait to be mended (of a
    full list: in its last delivery; what came before is no longer in use)."""

    last: Delivery | None
    held: Delivery | None
    refused: int


def standing_by_sender(viewer: Viewer, policy: Policy) -> dict[tuple[str, str], Standing]:
    """(feed, sender) -> how it stands now. Four queries, however much has come."""
    seen = deliveries_in_scope(viewer, policy).order_by()
    by = ("feed", "unit")
    last = {(feed, unit): key for feed, unit, key in seen.filter(USABLE).values_list(*by).annotate(key=Max("pk"))}
    held = {(d.feed, d.unit): d for d in seen.filter(confirmed_at=None, withdrawn_at=None).exclude(held_reason="").order_by("pk")}
    waiting = seen.filter(withdrawn_at=None, expired_at=None, refused__gt=0).values_list(*by).annotate(n=Sum("refused"))
    refused = {(feed, unit): n for feed, unit, n in waiting}
    found = Delivery.objects.in_bulk(last.values())
    keys = {*last, *held, *refused}
    return {key: _standing(found.get(last.get(key, 0)), held.get(key), refused.get(key, 0), policy) for key in keys}


def _standing(last: Delivery | None, held: Delivery | None, refused: int, policy: Policy) -> Standing:
    contract = policy.contracts.get(last.feed) if last is not None else None
    if last is not None and isinstance(contract, Contract) and contract.delivery == "full":
        refused = last.refused if last.expired_at is None else 0
    return Standing(last, held, refused)


@dataclass(frozen=True, slots=True)
class Instead:
    """What counts once a delivery is withdrawn (or while it is held): the last other one of its sender that speaks of the same, and the
    periods of which nothing has come then."""

    delivery: Delivery | None
    gaps: tuple[int, ...]


def instead_of(delivery: Delivery, contract: Contract) -> Instead:
    others = Delivery.objects.filter(USABLE, status="accepted", retry_of=None, feed=delivery.feed, unit=delivery.unit).exclude(pk=delivery.pk)
    if contract.kind == "state":
        return Instead(others.order_by("-valid", "-pk").first(), ())
    covered = set(Coverage.objects.filter(delivery=delivery, period__isnull=False).values_list("period", flat=True))
    same = list(Coverage.objects.filter(delivery__in=others, period__in=covered).values_list("period", "delivery"))
    there = {period for period, _ in same}
    return Instead(
        others.filter(pk=max((key for _, key in same), default=0)).first(),
        tuple(sorted(period for period in covered - there if period is not None)),
    )
