"""The platform's own feeds: what its cases, visits and listings say, in the shape in which the lake keeps what departments deliver.

Whoever judges passes them in as known at the time asked for. Nothing here knows where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import pyarrow as pa

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import Policy
from anju.lake.rows import lake_columns

TS = pa.timestamp("us")
ALWAYS = datetime.fromisoformat("1970-01-01")  # the platform's own feeds were known from the first
UNIT = "all"  # who delivers a feed of the whole programme
BASE = {
    "row_id": pa.int64(), "delivery_id": pa.int64(), "known_at": TS, "valid": pa.date32(), "period": pa.int32(), "unit": pa.string(),
    "person_id": pa.int64(), "household_id": pa.int64(), "place_id": pa.int64(), "subject_key": pa.string(), "deleted": pa.bool_(),
}  # fmt: skip
ARROW = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "DECIMAL(18,4)": pa.decimal128(18, 4), "BOOLEAN": pa.bool_(), "DATE": pa.date32(),
    "TIMESTAMP": TS, "VARCHAR[]": pa.list_(pa.string()), "INTEGER": pa.int32(),
}  # fmt: skip
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnFeeds:
    """Feed code -> its rows. A feed that is not among them was delivered and has none."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)


SILENT = OwnFeeds()
Publisher: TypeAlias = Callable[[Policy, date, datetime], OwnFeeds]
"""What the platform itself says on a day, as known at a time."""


class NoSuchColumn(ValueError):
    """Says which columns of a row the feed does not have, and which it has."""


def own_feeds_of(policy: Policy, feeds: Mapping[str, Iterable[Row]], day: date) -> OwnFeeds:
    """The rows of each feed as the lake would hold them; feeds that the policy does not know are left out."""
    return OwnFeeds({code: own_table(policy, code, rows, day) for code, rows in feeds.items() if code in policy.contracts})


def own_table(policy: Policy, code: str, rows: Iterable[Row], day: date) -> pa.Table:
    """Rows by the names of the contract's plain columns; whom they are about as `person_id`, `household_id`, `place_id` (our own
    keys), `subject_key` (a keyed subject's text). `known_at`, where given, settles which of two rows of one key counts; `valid`
    follows the contract: the day of an event, else the day judged."""
    contract = policy.contracts[code]
    assert isinstance(contract, Contract) and isinstance(policy.programme, Programme)
    columns = {name: ARROW[kind] for name, kind in lake_columns(contract).items() if name not in BASE}
    calendar = calendar_of(policy.programme)

    def placed(row: Row) -> dict[str, Any]:
        valid = row.get("valid") or (row.get(contract.valid_column) if contract.valid_column else None) or day
        return {**row, "valid": valid, "period": calendar.ordinal_of(contract.cadence, valid) if contract.kind == "event" else None}

    return lake_table(code, columns, (placed(row) for row in rows), day)


def lake_table(code: str, columns: Mapping[str, pa.DataType], rows: Iterable[Row], day: date) -> pa.Table:
    """In an order of their own, so that the same rows are the same table however they were read."""
    schema = {**BASE, **columns}
    found = []
    for row in rows:
        if not schema.keys() >= row.keys():
            raise NoSuchColumn(f"{code} has no {', '.join(sorted(row.keys() - schema.keys()))}: one of {', '.join(schema)}")
        found.append(row)
    found.sort(key=lambda row: (row.get("valid") or day, naive(row.get("known_at")) or ALWAYS, [str(row.get(name)) for name in columns]))
    given = {
        "row_id": range(1, len(found) + 1), "delivery_id": [own_delivery(code)] * len(found), "unit": [UNIT] * len(found),
        "known_at": [naive(row.get("known_at")) or ALWAYS for row in found], "valid": [row.get("valid") or day for row in found],
        "deleted": [bool(row.get("deleted")) for row in found],
    }  # fmt: skip
    arrays = [pa.array(given[name] if name in given else [row.get(name) for row in found], kind) for name, kind in schema.items()]
    return pa.table(arrays, schema=pa.schema(list(schema.items())))


def own_delivery(code: str) -> int:
    """The number of the delivery in which the platform speaks: never that of a department's."""
    return -(int(code[1:]) + (100 if code.startswith("P") else 0))


def naive(moment: datetime | None) -> datetime | None:
    """As the lake keeps it: UTC, without its zone."""
    return moment if moment is None or moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
