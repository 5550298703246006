"""Reads the raw world back from the lake, for the interpreter: everything of a small lake, or what one subject's answer needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy, Rollup
from anju.core.standards.order import Key, feeds_behind, needs_of, standard_needs
from anju.core.standards.world import RawWorld, Row
from anju.lake.rows import Sources

LINKS = ("person_id", "household_id", "place_id")


@dataclass
class _Asked:
    """Whose rows are read. `keys` are texts of keyed subjects, by subject."""

    households: set[int] = field(default_factory=set)
    persons: set[int] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    keys: dict[str, set[str]] = field(default_factory=dict)

    def of(self, link: str) -> set[int]:
        return {"person_id": self.persons, "household_id": self.households, "place_id": self.places}[link]


def read_world(sources: Sources, policy: Policy, feeds: Iterable[str]) -> RawWorld:
    """Everything there is of these feeds: for a small lake."""
    wanted = set(feeds)
    wanted |= {c.through[0] for code in wanted if isinstance(c := policy.contracts[code], Contract) and c.through is not None}
    return _Reader(sources, policy).world((), wanted)


def read_world_of(sources: Sources, policy: Policy, code: str, key: Any) -> RawWorld:
    """What the standard's answer for this one subject needs: its own rows, those of its household and of whoever was ever a
    member, and of the places above; where a fact is rolled up over a place, of everybody who lives in that place."""
    return read_worlds_of(sources, policy, code, [key])


def read_worlds_of(sources: Sources, policy: Policy, code: str, keys: Collection[Any]) -> RawWorld:
    """What the standard's answers for these subjects need, read at once."""
    return _Reader(sources, policy).world(keys, feeds_behind(policy, [code]), code)


class _Reader:
    def __init__(self, sources: Sources, policy: Policy) -> None:
        assert isinstance(policy.programme, Programme)
        self.sources, self.policy = sources, policy
        self.levels = {level.name for level in policy.programme.levels}
        self.places = _rows(pq.read_table(sources.registry / "place.parquet"))
        self.parent = {place["place_id"]: place["parent_id"] for place in self.places}

    def world(self, keys: Collection[Any], feeds: Iterable[str], standard: str | None = None) -> RawWorld:
        registry, manifest = self.sources.registry, self.sources.manifest
        homes, persons, members = (pq.read_table(registry / f"{name}.parquet") for name in ("household", "person", "membership"))
        asked = None
        if standard is not None:
            asked = self._asked(standard, set(keys), homes, persons)
            homes = homes.filter(_in(homes["household_id"], asked.households))
            members = members.filter(pc.or_(_in(members["household_id"], asked.households), _in(members["person_id"], asked.persons)))
            asked.persons |= set(members["person_id"].to_pylist())
            persons = persons.filter(pc.or_(_in(persons["household_id"], asked.households), _in(persons["person_id"], asked.persons)))
            asked.persons |= set(persons["person_id"].to_pylist())
        found: dict[str, list[Row]] = {}
        for code in sorted(feeds, key=lambda code: (self._contract(code).through is not None, code)):
            found[code] = self._feed(code, asked, found)
        return RawWorld(
            places=self.places,
            households=_rows(homes),
            persons=_rows(persons),
            memberships=_rows(members),
            deliveries=_rows(pq.read_table(manifest / "delivery.parquet")),
            coverage=_rows(pq.read_table(manifest / "coverage.parquet")),
            rejected=_rows(pq.read_table(manifest / "rejected.parquet")),
            feeds=found,
        )

    def _contract(self, code: str) -> Contract:
        contract = self.policy.contracts[code]
        assert isinstance(contract, Contract)
        return contract

    # --- whose rows are needed --------------------------------------------------------------------------------------

    def _asked(self, code: str, keys: set[Any], homes: pa.Table, persons: pa.Table) -> _Asked:
        subject = self.policy.standards[code].subject
        asked = _Asked()
        if subject == "person":
            asked.persons |= keys
            asked.households |= _known(persons.filter(_in(persons["person_id"], keys))["household_id"])
        elif subject == "household":
            asked.households |= keys
        elif subject in self.policy.keyed:
            asked.keys[subject] = keys
            self._where_it_lies(subject, asked, persons)
        else:
            asked.places |= keys
        asked.places |= _known(homes.filter(_in(homes["household_id"], asked.households))["place_id"])
        asked.places |= {above for place in list(asked.places) for above in self._chain(place)}
        whole = self._rolled_up(code)
        over = {place["place_id"] for place in self.places if place["place_id"] in asked.places and place["level"] in whole}
        if over:  # everybody who lives there
            inside = {place for place in self.parent if over & set(self._chain(place))}
            asked.places |= inside
            asked.households |= _known(homes.filter(_in(homes["place_id"], inside))["household_id"])
        return asked

    def _where_it_lies(self, subject: str, asked: _Asked, persons: pa.Table) -> None:
        """The household, person and place that the subject's own rows name."""
        for row in self._feed(self.policy.keyed[subject].feed, asked, {}):
            for link in LINKS:
                asked.of(link).update({row[link]} - {None})
        asked.households |= _known(persons.filter(_in(persons["person_id"], asked.persons))["household_id"])

    def _chain(self, place: int | None) -> list[int]:
        found: list[int] = []
        while place is not None and place in self.parent:
            found.append(place)
            place = self.parent[place]
        return found

    def _rolled_up(self, code: str) -> set[str]:
        """The levels of place over whose members something is rolled up."""
        found: set[str] = set()
        seen: set[Key] = set()
        stack: list[Key] = [("standard", code)]
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            if key[0] == "standard":
                stack += standard_needs(self.policy.standards[key[1]])
                continue
            feature = self.policy.features[key]
            if isinstance(feature, Rollup) and feature.subject in self.levels:
                found.add(feature.subject)
            stack += needs_of(feature, self.policy.contracts, self.policy.parameters)  # type: ignore[arg-type]
        return found

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _feed(self, code: str, asked: _Asked | None, read: dict[str, list[Row]]) -> list[Row]:
        contract = self._contract(code)
        paths = [self.sources.manifest / f"{code}.parquet"]
        if not contract.platform:
            paths = sorted((self.sources.lake / "feeds" / code).glob("*.parquet"))
        tables = [pq.read_table(path) for path in paths if path.exists()]
        if asked is None:
            return [row for table in tables for row in _rows(table)]
        masks = [self._mine(contract, table, asked, read) for table in tables]
        found = [row for table, mask in zip(tables, masks, strict=True) for row in _rows(table.filter(mask))]
        same = self._same_thing(contract)  # what was said of it under another name counts too: a correction may move a row
        if same is None:
            return found
        values = {row[same] for row in found} - {None}
        return [row for table in tables for row in _rows(table.filter(_in(table[same], values)))] if values else []

    def _same_thing(self, contract: Contract) -> str | None:
        """The column by which other rows are of the same thing: a key of one column, or what another feed is read through."""
        read_by = {c.through for c in self.policy.contracts.values() if isinstance(c, Contract) and c.through is not None}
        through = next((column for feed, column in read_by if feed == contract.code), None)
        only = _linked(contract, contract.key)
        return through or (only[0] if len(only) == 1 and only[0] not in LINKS else None)

    def _mine(self, contract: Contract, table: pa.Table, asked: _Asked, read: dict[str, list[Row]]) -> Any:
        masks = [_in(table[link], asked.of(link)) for link in LINKS]
        if contract.through is not None and contract.through[0] in read:
            feed, column = contract.through
            masks.append(_in(table[column], {row[column] for row in read[feed]} - {None}))
        names = {column.name for column in contract.columns}
        for subject, texts in asked.keys.items():
            key = self.policy.keyed[subject].key
            if set(key) <= names:
                parts = [pc.fill_null(table[name].cast(pa.string()), "") for name in _linked(contract, key)]
                masks.append(_in(pc.binary_join_element_wise(*parts, "|"), texts))
            elif "subject_key" in table.column_names:
                masks.append(_in(table["subject_key"], texts))
        mask = masks[0]
        for other in masks[1:]:
            mask = pc.or_(mask, other)
        return mask


def _linked(contract: Contract, names: Iterable[str]) -> list[str]:
    """The lake's columns for columns of a contract: a link stands under our own key."""
    links = {column: f"{kind}_id" for kind, column in contract.links.items()}
    return [links.get(name, name) for name in names]


def _in(column: Any, values: set[Any]) -> Any:
    return pc.is_in(column, value_set=pa.array(sorted(values), column.type))


def _known(column: Any) -> set[int]:
    return set(column.to_pylist()) - {None}


def _rows(table: pa.Table) -> list[Row]:
    found: list[Row] = table.to_pylist()
    return found
