"""How well each department and unit delivers: on time, late, missing, and of what quality. The viewer comes first.

One row stands for one delivered file, never for the rows in it: their numbers were counted when it was taken in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Min

from anju.apps.feeds.models import Coverage, Delivery
from anju.apps.feeds.queries import EVERYWHERE, sees_whole, units_for
from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import Policy
from anju.core.terms.periods import Calendar
from anju.core.terms.viewer import Viewer

Key = tuple[str, str]  # feed, sender


@dataclass
class Score:
    """Deliveries that fell due, by how they came, and what came. `matched` is rows whose person was found, of `matchable`."""

    on_time: int = 0
    late: int = 0
    missing: int = 0
    rows: int = 0
    refused: int = 0
    matched: float = 0.0
    matchable: int = 0
    conflicts: int = 0
    held: int = 0

    @property
    def due(self) -> int:
        return self.on_time + self.late + self.missing

    def add(self, other: Score) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def scores(viewer: Viewer, policy: Policy, since: date, day: date) -> dict[Key, Score]:
    """(feed, unit) -> score, of what fell due from `since` to `day`. A sender is held to a feed from its first delivery of it on.

    A post sees the units around its places and, where it is of a department, that department's feeds; what one sender delivers for
    the whole programme ('all') shows to whoever sees the whole."""
    assert isinstance(policy.programme, Programme)
    units = {*units_for(viewer, policy), *([EVERYWHERE] if sees_whole(viewer) else [])}
    contracts = {c.code: c for c in policy.contracts.values() if isinstance(c, Contract) and _counts(c, viewer)}
    if not units or not contracts:
        return {}
    until = datetime.combine(day + timedelta(days=1), time(), UTC)
    senders = [*(unit for unit in units if unit != EVERYWHERE), *([""] if EVERYWHERE in units else [])]
    sent = Delivery.objects.filter(status="accepted", retry_of=None, feed__in=contracts, unit__in=senders, received_at__lt=until)
    first = {(feed, unit or EVERYWHERE): at.date() for feed, unit, at in sent.values_list("feed", "unit").annotate(at=Min("received_at"))}
    recent = sent.filter(received_at__gte=datetime.combine(since, time(), UTC)).in_bulk()
    calendar = calendar_of(policy.programme)
    came = _came(recent, contracts, calendar)
    found: dict[Key, Score] = {}
    for key, began in first.items():
        found[key] = _kept(contracts[key[0]], key[1], max(since, began), day, came, calendar)
    for delivery in recent.values():
        _add_quality(found[delivery.feed, delivery.unit or EVERYWHERE], delivery)
    return found


def _counts(contract: Contract, viewer: Viewer) -> bool:
    regular = contract.cadence != "once" and not contract.platform and contract.registry is None
    return regular and (not viewer.departments or contract.owner in viewer.departments)


def _came(recent: Mapping[int, Delivery], contracts: Mapping[str, Contract], calendar: Calendar) -> dict[tuple[str, str, int], date]:
    """(feed, unit, period) -> the first day something usable came for it."""
    found: dict[tuple[str, str, int], date] = {}
    for key, sender, period in _covered(recent.values(), contracts):
        delivery = recent[key]
        contract = contracts[delivery.feed]
        if delivery.withdrawn_at is not None or (delivery.held_reason and delivery.confirmed_at is None):
            continue
        ordinal = period if contract.kind != "state" else calendar.latest_due(contract.cadence, delivery.valid, 0, contract.dated)
        if ordinal is not None:
            at = (delivery.feed, sender or delivery.unit or EVERYWHERE, ordinal)
            found[at] = min(found.get(at, date.max), delivery.received_at.date())
    return found


def _covered(recent: Iterable[Delivery], contracts: Mapping[str, Contract]) -> Iterable[tuple[int, str, int | None]]:
    """(delivery, unit spoken for, period); '' stands for its sender, where a school speaks for itself in the unit's file."""
    by_unit = [delivery.pk for delivery in recent if contracts[delivery.feed].by == "unit"]
    others = [delivery.pk for delivery in recent if contracts[delivery.feed].by != "unit"]
    yield from Coverage.objects.filter(delivery__in=by_unit).values_list("delivery_id", "unit", "period")
    for key, period in Coverage.objects.filter(delivery__in=others).values_list("delivery_id", "period").distinct():
        yield key, "", period


def _kept(
    contract: Contract, unit: str, since: date, day: date, came: Mapping[tuple[str, str, int], date], calendar: Calendar
) -> Score:  # fmt: skip
    score = Score()
    period = calendar.latest_due(contract.cadence, day, contract.freshness.due_days, contract.dated)
    while period is not None and (period >= 0 or contract.cadence not in calendar.named):
        expected = calendar.dated_day(contract.cadence, period, contract.dated) + timedelta(days=contract.freshness.due_days)
        if expected < since:
            break
        received = came.get((contract.code, unit, period))
        if received is not None:
            score.on_time += received <= expected
            score.late += received > expected
        elif calendar.is_named(contract.cadence, period):
            score.missing += expected < day
        period = calendar.back(contract.cadence, period, 1)
    return score


def _add_quality(score: Score, delivery: Delivery) -> None:
    if delivery.withdrawn_at is not None:
        return
    score.rows += delivery.rows
    score.refused += delivery.refused
    score.conflicts += delivery.conflicts
    score.held += bool(delivery.held_reason) and delivery.confirmed_at is None
    if delivery.matched_rate is not None:
        score.matchable += delivery.rows
        score.matched += float(delivery.matched_rate) * delivery.rows
