"""Reads the raw world back from the lake, for the interpreter: everything of a small lake, or of a few households."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anju.core.contracts.model import Contract
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld
from anju.lake.rows import Sources


def read_world(sources: Sources, policy: Policy, feeds: Iterable[str], *, households: Collection[int] | None = None) -> RawWorld:
    """`households` keeps only their own rows, and rows of places. Facts of a community that are rolled up over all its
    households are then not to be asked of this world."""
    registry, manifest = sources.registry, sources.manifest
    homes = _rows(registry / "household.parquet")
    persons = _rows(registry / "person.parquet")
    memberships = _rows(registry / "membership.parquet")
    if households is not None:
        homes = [h for h in homes if h["household_id"] in households]
        persons = [p for p in persons if p["household_id"] in households]
        memberships = [m for m in memberships if m["household_id"] in households]
    people = {p["person_id"] for p in persons} if households is not None else None
    wanted = set(feeds)
    for code in list(wanted):
        contract = policy.contracts[code]
        if isinstance(contract, Contract) and contract.through is not None:
            wanted.add(contract.through[0])
    return RawWorld(
        places=_rows(registry / "place.parquet"),
        households=homes,
        persons=persons,
        memberships=memberships,
        deliveries=_rows(manifest / "delivery.parquet"),
        coverage=_rows(manifest / "coverage.parquet"),
        rejected=_rows(manifest / "rejected.parquet"),
        feeds={code: _feed(sources, policy, code, people, households) for code in sorted(wanted)},
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def _feed(
    sources: Sources, policy: Policy, code: str, people: Collection[int] | None, households: Collection[int] | None
) -> list[dict[str, Any]]:
    contract = policy.contracts[code]
    assert isinstance(contract, Contract)
    if contract.platform:
        path = sources.manifest / f"{code}.parquet"
        return _rows(path) if path.exists() else []
    found: list[dict[str, Any]] = []
    for path in sorted((sources.lake / "feeds" / code).glob("*.parquet")):
        table = pq.read_table(path)
        if people is not None and households is not None:
            mine = pc.or_kleene(pc.is_null(table["person_id"]), pc.is_in(table["person_id"], options=_values(people)))
            home = pc.or_kleene(pc.is_null(table["household_id"]), pc.is_in(table["household_id"], options=_values(households)))
            table = table.filter(pc.and_(mine, home))
        found += table.to_pylist()
    return found


def _values(keys: Collection[int]) -> Any:
    return pc.SetLookupOptions(value_set=pa.array(sorted(keys), pa.int64()))
