"""Puts a raw world on disk in exactly the shapes a snapshot reads, so that DuckDB and the interpreter judge the same facts.

    sources = write_world(world, policy, tmp_path)
    run(policy, sources, day, known_at, tmp_path / "run")        # DuckDB
    Judge(policy, world, day, known_at)                          # the interpreter

A row needs only what matters: what it leaves out is empty, a row not said to be deleted is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld, Row
from anju.lake.rows import COLUMN_SQL, Sources, lake_columns

KEY, TEXT, DAY, MOMENT, FLAG, PERIOD = pa.int64(), pa.string(), pa.date32(), pa.timestamp("us"), pa.bool_(), pa.int32()
ARROW = {
    "VARCHAR": TEXT, "BIGINT": KEY, "DECIMAL(18,4)": pa.decimal128(18, 4), "BOOLEAN": FLAG, "DATE": DAY, "TIMESTAMP": MOMENT,
    "VARCHAR[]": pa.list_(TEXT), "INTEGER": PERIOD,
}  # fmt: skip
PLACE = {"place_id": KEY, "parent_id": KEY, "level": TEXT, "code": TEXT, "name": TEXT, "path": TEXT}
MEMBERSHIP = {"person_id": KEY, "household_id": KEY, "start": DAY, "end": DAY}
DELIVERY = {
    "delivery_id": KEY, "feed": TEXT, "received_at": MOMENT, "valid": DAY, "status": TEXT, "held": FLAG, "confirmed_at": MOMENT,
    "withdrawn_at": MOMENT, "matched_rate": pa.decimal128(9, 4), "retry_of": KEY, "said_at": MOMENT,
}  # fmt: skip
COVERAGE = {"delivery_id": KEY, "feed": TEXT, "unit": TEXT, "period": PERIOD}
REJECTED = {
    "feed": TEXT, "delivery_id": KEY, "known_at": MOMENT, "person_id": KEY, "household_id": KEY, "place_id": KEY, "period": PERIOD,
    "valid": DAY, "subject_key": TEXT,
}  # fmt: skip
ROW = {
    "row_id": KEY, "delivery_id": KEY, "known_at": MOMENT, "valid": DAY, "period": PERIOD, "unit": TEXT, "person_id": KEY,
    "household_id": KEY, "place_id": KEY, "subject_key": TEXT, "deleted": FLAG,
}  # fmt: skip


def write_world(world: RawWorld, policy: Policy, folder: Path) -> Sources:
    """Writes `registry/`, `manifest/` and `feeds/<code>/<delivery>.parquet` below `folder`, which may exist."""
    registry, manifest = folder / "registry", folder / "manifest"
    above = _Above(world.places, policy)
    homes = [{**h, "community_id": above.of(h["place_id"], "community"), "unit_id": above.of(h["place_id"], "unit")} for h in world.households]
    _write(registry / "place.parquet", PLACE, world.places)
    links = {"household_id": KEY, "place_id": KEY, "community_id": KEY, "unit_id": KEY}
    _write(registry / "household.parquet", links | attributes(policy, "household"), homes)
    _write(registry / "person.parquet", {"person_id": KEY, "household_id": KEY} | attributes(policy, "person"), world.persons)
    _write(registry / "membership.parquet", MEMBERSHIP, world.memberships)
    _write(manifest / "delivery.parquet", DELIVERY, [{"status": "accepted", **d} for d in world.deliveries])
    _write(manifest / "coverage.parquet", COVERAGE, world.coverage)
    _write(manifest / "rejected.parquet", REJECTED, world.rejected)
    for code, rows in world.feeds.items():
        contract = policy.contracts[code]
        assert isinstance(contract, Contract)
        _write_feed(contract, rows, folder, manifest)
    return Sources(folder, manifest, registry)


def attributes(policy: Policy, subject: str) -> dict[str, pa.DataType]:
    """The register's columns of a person or household that a policy may ask for, with their types in the lake."""
    found: dict[str, pa.DataType] = {}
    for contract in policy.contracts.values():
        assert isinstance(contract, Contract)
        if contract.registry == subject:
            found |= {c.name: ARROW[COLUMN_SQL[c.type]] for c in contract.columns if c.klass == "plain"}
    return {name: kind for name, kind in found.items() if name not in ("person_id", "household_id", "place_id")}


def _write_feed(contract: Contract, rows: Sequence[Row], folder: Path, manifest: Path) -> None:
    own = {name: ARROW[kind] for name, kind in lake_columns(contract).items() if name not in ROW}
    if contract.platform:  # one file beside the manifest
        if rows:
            _write(manifest / f"{contract.code}.parquet", ROW | own, rows)
        return
    by_delivery: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_delivery[row["delivery_id"]].append(row)
    for delivery, found in by_delivery.items():
        _write(folder / "feeds" / contract.code / f"{delivery}.parquet", ROW | own, found)


def _write(path: Path, columns: Mapping[str, pa.DataType], rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    filled = [{"deleted": False} | dict(row) for row in rows]
    arrays = [pa.array([_cell(row.get(name), kind) for row in filled], kind) for name, kind in columns.items()]
    pq.write_table(pa.table(arrays, names=list(columns)), path)


def _cell(value: Any, kind: pa.DataType) -> Any:
    return list(value) if isinstance(value, tuple) and pa.types.is_list(kind) else value


class _Above:
    """The community and unit that a place lies in, by the tree itself."""

    def __init__(self, places: Sequence[Row], policy: Policy) -> None:
        assert isinstance(policy.programme, Programme)
        self.place = {p["place_id"]: p for p in places}
        self.levels = {"community": policy.programme.community_level, "unit": policy.programme.unit_level}

    def of(self, place: int | None, what: str) -> int | None:
        while place is not None and self.place[place]["level"] != self.levels[what]:
            place = self.place[place]["parent_id"]
        return place
