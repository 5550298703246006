"""The world of a day as known at a time, by the rules of docs/semantics.md, one feed after another."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.standards.compile.windows import due_periods, window_start
from anju.core.standards.meaning.deliveries import Deliveries
from anju.core.standards.model import Policy, Window
from anju.core.standards.world import RawWorld, Row
from anju.core.terms.periods import Calendar


class Snapshot:
    """Rows of each feed as seen on `day` with what was known at `known_at`, and what was delivered."""

    def __init__(self, policy: Policy, world: RawWorld, day: date, known_at: datetime, deliveries: Deliveries | None = None) -> None:
        assert isinstance(policy.programme, Programme)
        self.policy, self.world, self.day, self.known_at = policy, world, day, known_at
        self.programme = policy.programme
        self.deliveries = deliveries or Deliveries(policy, world.deliveries, world.coverage, day, known_at)
        self.calendar: Calendar = self.deliveries.calendar
        self.usable, self.cover = self.deliveries.usable, self.deliveries.cover
        self._rows: dict[str, list[Row]] = {}
        self._index: dict[tuple[str, str], dict[Any, list[Row]]] = {}

    def contract(self, code: str) -> Contract:
        found = self.policy.contracts[code]
        assert isinstance(found, Contract)
        return found

    # --- rows ---------------------------------------------------------------------------------------------------

    def order(self, row: Row) -> tuple[Any, ...]:
        """How `latest` orders rows: by (valid, known_at, row id)."""
        return (row["valid"], row["known_at"], row["row_id"])

    def rows(self, code: str) -> list[Row]:
        if code not in self._rows:
            self._rows[code] = self._select(self.contract(code))
        return self._rows[code]

    def _select(self, contract: Contract) -> list[Row]:
        seen = [
            row for row in self.world.feeds.get(contract.code, ())
            if row["delivery_id"] in self.usable and row["valid"] is not None and row["valid"] <= self.day
        ]  # fmt: skip
        if contract.delivery == "full" and contract.kind != "event":
            chosen = self.deliveries.chosen(contract)
            per = (lambda r: r["unit"]) if contract.kind == "state" else (lambda r: (r["unit"], r["period"]))
            seen = [row for row in seen if chosen.get(per(row)) == self.deliveries.first[row["delivery_id"]]]
        else:
            seen = self._latest_per_key(contract, seen)
        kept = [row for row in seen if not row.get("deleted")]
        if contract.cadence == "school_week":  # rows of the holidays speak of no school
            kept = [row for row in kept if self.calendar.is_held(contract.cadence, row["period"])]
        if contract.through is None:
            return kept
        feed, column = contract.through
        home: dict[Any, Row] = {}
        for row in sorted(self.rows(feed), key=self.order):
            if row[column] is not None:
                home[row[column]] = row
        return [
            row if row.get("household_id") is not None or row[column] not in home
            else {**row, "household_id": home[row[column]]["household_id"]}
            for row in kept
        ]  # fmt: skip

    def _latest_per_key(self, contract: Contract, rows: list[Row]) -> list[Row]:
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        names = [linked.get(name, name) for name in contract.key]
        best: dict[Any, Row] = {}
        rank = self.order if contract.kind == "state" else (lambda r: (r["known_at"], r["row_id"]))
        for row in rows:
            key = tuple(row.get(name) for name in names)
            if key not in best or rank(row) > rank(best[key]):
                best[key] = row
        return list(best.values())

    def rows_of(self, code: str, column: str, key: Any) -> list[Row]:
        """The feed's rows whose `column` is `key` (an index is kept)."""
        if (code, column) not in self._index:
            index: dict[Any, list[Row]] = defaultdict(list)
            for row in self.rows(code):
                index[row.get(column)].append(row)
            self._index[code, column] = index
        return self._index[code, column].get(key, [])

    # --- delivered ------------------------------------------------------------------------------------------------

    def start_of(self, contract: Contract, window: Window) -> date:
        return window_start(contract, window, self.day, self.calendar)

    def latest_due(self, contract: Contract) -> int | None:
        found = due_periods(contract, None, self.day, self.calendar)
        return found[1] if found else None

    def delivered(self, contract: Contract, window: Window | None, unit: str | None) -> bool:
        """The unit has delivered what the window needs."""
        return self.deliveries.delivered(contract, window, unit)

    def set_aside(self, code: str, column: str, key: Any) -> list[Row]:
        """Rows set aside of this subject that nothing accepted has replaced since."""
        found = []
        for row in self.world.rejected:
            d = self.deliveries.all.get(row["delivery_id"])
            if row["feed"] != code or row.get(column) != key or d is None or not self.deliveries.known(d):
                continue
            if row["valid"] is not None and row["valid"] > self.day:
                continue
            later = [
                other for other in self.rows_of(code, column, key)
                if other["known_at"] > (d.get("said_at") or d["received_at"]) and (row["period"] is None or other["period"] == row["period"])
            ]  # fmt: skip
            if not later:
                found.append(row)
        return found
