"""The manifest the lake reads, F36 about deliveries, and the platform's other feeds beside it: pure functions of day and time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import Q

from anju.apps.feeds.models import Coverage, Delivery, RejectedRow
from anju.apps.feeds.own import ALWAYS, SILENT, TS, UNIT, OwnFeeds, lake_table, own_delivery
from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import Policy
from anju.lake.retry import matched_rate

DELIVERY = pa.schema([
    ("delivery_id", pa.int64()), ("feed", pa.string()), ("received_at", TS), ("valid", pa.date32()), ("status", pa.string()),
    ("held", pa.bool_()), ("confirmed_at", TS), ("withdrawn_at", TS), ("matched_rate", pa.decimal128(9, 4)),
    ("retry_of", pa.int64()), ("said_at", TS),
])  # fmt: skip
COVERAGE = pa.schema([("delivery_id", pa.int64()), ("feed", pa.string()), ("unit", pa.string()), ("period", pa.int32())])
REJECTED = pa.schema([
    ("feed", pa.string()), ("delivery_id", pa.int64()), ("known_at", TS), ("person_id", pa.int64()), ("household_id", pa.int64()),
    ("place_id", pa.int64()), ("period", pa.int32()), ("valid", pa.date32()), ("subject_key", pa.string()),
])  # fmt: skip
MANIFEST = "F36"
MANIFEST_COLUMNS = {
    "feed_code": pa.string(), "unit_code": pa.string(), "period_text": pa.string(), "expected_on": pa.date32(),
    "received_on": pa.date32(), "rows": pa.int64(), "rejected_rows": pa.int64(), "matched_rate": pa.decimal128(18, 4),
}  # fmt: skip
ALWAYS_SPOKEN = (MANIFEST, "P01", "P02", "P04", "P05")
"""What the platform knows of itself at any time: where it has no row, there was nothing. Another of its feeds is delivered only
when it has been worked out."""
YEARS_BACK = 10


def publish_manifest(
    policy: Policy, units: Iterable[str], day: date, known_at: datetime, folder: Path, own: OwnFeeds = SILENT
) -> tuple[Path, str]:
    """Writes `<folder>/<digest>/` for a run of `day` as known at `known_at`, to which `own` belongs. Returns the folder and the digest."""
    known = known_at.replace(tzinfo=None)
    tables = {"delivery": _deliveries(known), "coverage": _coverage(known), "rejected": _rejected(known)}
    tables[MANIFEST] = lake_table(MANIFEST, MANIFEST_COLUMNS, _feed_manifest(policy, tuple(units), day, known), day)
    tables |= own.tables
    spoken = [code for code in dict.fromkeys((*ALWAYS_SPOKEN, *sorted(own.tables))) if code in policy.contracts]
    extra = [_platform_row(code, day) for code in spoken]
    tables["delivery"] = pa.concat_tables([tables["delivery"], pa.Table.from_pylist(extra, schema=DELIVERY)])
    tables["coverage"] = pa.concat_tables([tables["coverage"], *(_platform_coverage(policy, code, day) for code in spoken)])
    digest = _digest(tables)
    target = folder / digest
    target.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = target / f"{name}.parquet"
        if not path.exists():
            draft = path.with_suffix(".partial")
            pq.write_table(table, draft, compression="zstd")
            draft.replace(path)
    return target, digest


def _platform_row(code: str, day: date) -> dict[str, object]:
    return {
        "delivery_id": own_delivery(code), "feed": code, "received_at": ALWAYS, "valid": day, "status": "accepted",
        "held": False, "confirmed_at": None, "withdrawn_at": None, "matched_rate": Decimal("1.0000"), "retry_of": None, "said_at": ALWAYS,
    }  # fmt: skip


def _platform_coverage(policy: Policy, code: str, day: date) -> pa.Table:
    """The platform has always delivered its own feeds: every cadence period of ten years back, and the state of today."""
    contract = policy.contracts[code]
    assert isinstance(contract, Contract) and isinstance(policy.programme, Programme)
    periods: list[int | None] = [None]
    if contract.kind != "state":
        calendar = calendar_of(policy.programme)
        first = calendar.ordinal_of(contract.cadence, day.replace(day=1) - timedelta(days=366 * YEARS_BACK))
        periods = list(range(first, calendar.ordinal_of(contract.cadence, day) + 1))
    rows = {"delivery_id": [own_delivery(code)] * len(periods), "feed": [code] * len(periods), "unit": [UNIT] * len(periods)}
    return pa.table({**rows, "period": periods}, schema=COVERAGE)


def _deliveries(known: datetime) -> pa.Table:
    """Those received by then. Rows taken in later share the fate of the delivery they came in: held, confirmed, withdrawn, matched."""
    found = list(Delivery.objects.filter(status="accepted", received_at__lte=known_at_utc(known)).order_by("pk"))
    first = {d.pk: d for d in found}
    later = _later_retries(known)
    rows = []
    for d in found:
        main = first[d.retry_of_id] if d.retry_of_id else d
        rows.append({
            "delivery_id": d.pk, "feed": d.feed, "received_at": _naive(d.received_at), "valid": d.valid, "status": "accepted",
            "held": bool(main.held_reason), "confirmed_at": _naive(main.confirmed_at, known), "withdrawn_at": _naive(main.withdrawn_at, known),
            "matched_rate": later.get(main.pk, NOTHING).matched_then(main), "retry_of": d.retry_of_id,
            "said_at": _naive(main.received_at),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=DELIVERY)


@dataclass(slots=True)
class _Later:
    """What retries after the time asked for have changed of a delivery's counts."""

    accepted: int = 0
    settled: int = 0
    strangers: int = 0

    def refused_then(self, delivery: Delivery) -> int:
        return delivery.refused + self.settled

    def matched_then(self, delivery: Delivery) -> Decimal | None:
        if delivery.matched_rate is None or not (self.accepted or self.strangers):
            return delivery.matched_rate
        return matched_rate(delivery.accepted - self.accepted, delivery.unknown_people + self.strangers)


NOTHING = _Later()


def _later_retries(known: datetime) -> dict[int, _Later]:
    found: dict[int, _Later] = {}
    retries = Delivery.objects.filter(status="accepted", retry_of__isnull=False, received_at__gt=known_at_utc(known))
    for first, accepted, duplicates, strangers in retries.values_list("retry_of_id", "accepted", "duplicates", "unknown_people"):
        later = found.setdefault(first, _Later())
        later.accepted += accepted
        later.settled += accepted + duplicates
        later.strangers += strangers
    return found


def _naive(moment: datetime | None, known: datetime | None = None) -> datetime | None:
    """Without its zone; None where it was not yet `known`, so that what is published of a past time stays the same."""
    naive = moment.replace(tzinfo=None) if moment is not None else None
    return None if naive is not None and known is not None and naive > known else naive


def _coverage(known: datetime) -> pa.Table:
    covered = Coverage.objects.filter(delivery__status="accepted", delivery__received_at__lte=known_at_utc(known))
    rows = covered.order_by("pk").values_list("delivery_id", "delivery__feed", "unit", "period")
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, COVERAGE, strict=True)], schema=COVERAGE)


def _rejected(known: datetime) -> pa.Table:
    """A row taken in after all counts as set aside until then."""
    open_then = Q(settled_at__isnull=True) | Q(settled_at__gt=known_at_utc(known))
    rows = [
        {"feed": r[0], "delivery_id": r[1], "known_at": _naive(r[2]), "person_id": r[3], "household_id": r[4], "place_id": r[5],
         "period": r[6], "valid": r[7], "subject_key": None}
        for r in RejectedRow.objects.filter(
            open_then, delivery__status="accepted", delivery__received_at__lte=known_at_utc(known)
        ).order_by("pk").values_list(
            "delivery__feed", "delivery_id", "delivery__received_at", "person_id", "household_id", "place_id", "period", "valid"
        )
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=REJECTED)


def _feed_manifest(policy: Policy, units: tuple[str, ...], day: date, known: datetime) -> list[dict[str, object]]:
    """One row per feed and unit for the latest period that is due: what was expected, and what came."""
    rows: list[dict[str, object]] = []
    assert isinstance(policy.programme, Programme)
    calendar = calendar_of(policy.programme)
    later = _later_retries(known)
    used = set(Delivery.objects.filter(status="accepted", received_at__lte=known_at_utc(known)).values_list("feed", flat=True))
    for code in sorted(used):
        contract = policy.contracts.get(code)
        if not isinstance(contract, Contract) or contract.cadence == "once" or contract.platform:
            continue
        due = calendar.latest_due(contract.cadence, day, contract.freshness.due_days, contract.dated)
        if due is None or not calendar.is_named(contract.cadence, due):
            continue
        dated = calendar.dated_day(contract.cadence, due, contract.dated)
        expected_on = dated + timedelta(days=contract.freshness.due_days)
        came = _came(contract, due, dated, day, known)
        senders = set(units) if contract.by == "unit" else {"all"} if contract.by == "programme" else _schools(code, known)
        for unit in sorted(senders):
            rows.append(_manifest_row(contract, unit, calendar.period_text(contract.cadence, due), expected_on, came.get(unit), later))
    return rows


def known_at_utc(known: datetime) -> datetime:
    return known.replace(tzinfo=UTC)


def _came(contract: Contract, due: int, dated: date, day: date, known: datetime) -> dict[str, Delivery]:
    """The last usable delivery by unit that speaks for the due period (a state: of a day not before it)."""
    covered = Coverage.objects.filter(
        delivery__feed=contract.code, delivery__status="accepted", delivery__received_at__lte=known_at_utc(known)
    ).select_related("delivery")
    if contract.kind == "state":
        covered = covered.filter(delivery__valid__gte=dated, delivery__valid__lte=day)
    else:
        covered = covered.filter(period=due)
    found: dict[str, Delivery] = {}
    for row in covered.order_by("delivery__received_at", "delivery_id"):
        gone = row.delivery.withdrawn_at
        if gone is None or gone.replace(tzinfo=None) > known:
            found[row.unit] = row.delivery
    return found


def _schools(code: str, known: datetime) -> set[str]:
    covered = Coverage.objects.filter(delivery__feed=code, delivery__status="accepted", delivery__received_at__lte=known_at_utc(known))
    return set(covered.values_list("unit", flat=True))


def _manifest_row(
    contract: Contract, unit: str, period: str, expected_on: date, delivery: Delivery | None, later: Mapping[int, _Later]
) -> dict[str, object]:
    row: dict[str, object] = {"feed_code": contract.code, "unit_code": unit, "period_text": period, "expected_on": expected_on}
    if delivery is None:
        return row | {"received_on": None, "rows": None, "rejected_rows": None, "matched_rate": None}
    then = later.get(delivery.pk, NOTHING)
    matched = then.matched_then(delivery)
    return row | {
        "received_on": delivery.received_at.date(), "rows": delivery.rows, "rejected_rows": then.refused_then(delivery),
        "matched_rate": matched if matched is not None else Decimal("1.0000"),
    }  # fmt: skip


def _digest(tables: dict[str, pa.Table]) -> str:
    total = hashlib.sha256()
    for name in sorted(tables):
        total.update(name.encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, tables[name].schema) as writer:
            writer.write_table(tables[name].combine_chunks())
        total.update(sink.getvalue())
    return total.hexdigest()[:32]
