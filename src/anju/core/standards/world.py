"""The raw world: everything the lake ever received, and the register of a day, as plain rows.

Nothing is filtered here. `meaning` decides from it what was known on a day, as the compiled statements do from Parquet.
Rows are dicts under the names of the lake's tables (see ARCHITECTURE.md, *How a run goes*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from anju.core.contracts.model import Contract

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RawWorld:
    """place(place_id, parent_id, level, code, name, path); household(household_id, place_id, attributes…);
    person(person_id, household_id, attributes…); membership(person_id, household_id, start, end);
    delivery(delivery_id, feed, received_at, valid, held, confirmed_at, withdrawn_at, matched_rate) and, for rows of a
    delivery that were set aside at first and taken in later, retry_of (that delivery) and said_at (when it was received);
    coverage(delivery_id, feed, unit, period); rejected(feed, delivery_id, person_id, household_id, place_id, period,
    valid); feeds: code -> rows(row_id, delivery_id, known_at, valid, period, unit, person_id, household_id, place_id,
    subject_key, deleted, plain columns…)."""

    places: Sequence[Row]
    households: Sequence[Row]
    persons: Sequence[Row]
    memberships: Sequence[Row] = ()
    deliveries: Sequence[Row] = ()
    coverage: Sequence[Row] = ()
    rejected: Sequence[Row] = ()
    feeds: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def with_rows(self, contract: Contract, rows: Sequence[Row]) -> RawWorld:
        """The world with more rows of a feed, each in the place of those that have its key."""
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        names = [linked.get(name, name) for name in contract.key]
        new = {tuple(row.get(name) for name in names) for row in rows}
        kept = [row for row in self.feeds.get(contract.code, ()) if tuple(row.get(name) for name in names) not in new]
        return replace(self, feeds={**self.feeds, contract.code: [*kept, *rows]})
