"""Which deliveries count on a day as known at a time, and what they cover: worked out once for any number of subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.compile.windows import due_periods
from anju.core.standards.model import Policy, Window
from anju.core.standards.world import Row


class Deliveries:
    """`all` and `usable` by id; `cover` holds (feed, unit, period) of the usable ones, `waiting` what the others that came
    cover; `first` the delivery whose rows one holds, itself or the one it is a later part of."""

    def __init__(self, policy: Policy, deliveries: Iterable[Row], coverage: Iterable[Row], day: date, known_at: datetime) -> None:
        assert isinstance(policy.programme, Programme)
        self.policy, self.day, self.known_at = policy, day, known_at
        self.calendar = calendar_of(policy.programme)
        self.all = {d["delivery_id"]: d for d in deliveries}
        self.usable = {key: d for key, d in self.all.items() if self._usable(d)}
        self.first = {key: d.get("retry_of") or key for key, d in self.usable.items()}
        self.covered: dict[str, list[Row]] = defaultdict(list)
        self.waiting: dict[str, list[Row]] = defaultdict(list)
        for c in coverage:
            if c["delivery_id"] in self.usable:
                self.covered[c["feed"]].append(c)
            elif c["delivery_id"] in self.all and self.known(self.all[c["delivery_id"]]):
                self.waiting[c["feed"]].append(c)
        self.cover: set[tuple[str, str, int | None]] = {
            (feed, c["unit"], c["period"]) for feed, rows in self.covered.items() for c in rows
        }  # fmt: skip
        self._chosen: dict[str, dict[Any, int]] = {}
        self._fresh: dict[str, set[str]] = {}
        self._spoken: dict[str, dict[str, date]] = {}

    def on(self, day: date) -> Deliveries:
        """The same for another day, of which nothing more has come than what the platform knows by itself."""
        deliveries = [{**d, "valid": day} if self._platform(d["feed"]) else d for d in self.all.values()]
        coverage = [c for rows in (*self.covered.values(), *self.waiting.values()) for c in rows]
        for feed in [feed for feed, rows in self.covered.items() if rows and self._platform(feed)]:
            contract = self.policy.contracts[feed]
            assert isinstance(contract, Contract)
            if contract.kind != "state" and contract.cadence != "once":
                first, last = (self.calendar.ordinal_of(contract.cadence, end) for end in (self.day, day))
                coverage += [{**self.covered[feed][-1], "period": period} for period in range(first + 1, last + 1)]
        return Deliveries(self.policy, deliveries, coverage, day, self.known_at)

    def _platform(self, feed: str) -> bool:
        contract = self.policy.contracts[feed]
        assert isinstance(contract, Contract)
        return contract.platform

    def _usable(self, d: Row) -> bool:
        if not self.known(d):
            return False
        if d["held"] and (d["confirmed_at"] is None or d["confirmed_at"] > self.known_at):
            return False
        contract = self.policy.contracts[d["feed"]]
        assert isinstance(contract, Contract)
        rate = d["matched_rate"] if d["matched_rate"] is not None else Decimal(1)
        return bool(rate >= contract.matched_floor)

    def known(self, d: Row) -> bool:
        """Received by then, and not withdrawn by then."""
        gone = d["withdrawn_at"]
        return bool(d["received_at"] <= self.known_at and (gone is None or gone > self.known_at))

    def chosen(self, contract: Contract) -> dict[Any, int]:
        """Of a full feed: the latest usable delivery per unit (a state), or per unit and period."""
        if contract.code not in self._chosen:
            best: dict[Any, tuple[Any, ...]] = {}
            for c in self.covered[contract.code]:
                d = self.usable[c["delivery_id"]]
                if contract.kind == "state":
                    if d["valid"] > self.day:
                        continue
                    key, rank = c["unit"], (d["valid"], d["received_at"], d["delivery_id"])
                else:
                    key, rank = (c["unit"], c["period"]), (d["received_at"], d["delivery_id"], d["delivery_id"])
                if key not in best or rank > best[key]:
                    best[key] = rank
            self._chosen[contract.code] = {key: rank[-1] for key, rank in best.items()}
        return self._chosen[contract.code]

    def delivered(self, contract: Contract, window: Window | None, unit: str | None) -> bool:
        """The unit has delivered what the window needs."""
        if unit is None:
            return False
        if contract.kind == "state":
            return unit in self._fresh_units(contract)
        if contract.cadence == "once":
            return any(c["unit"] == unit for c in self.covered[contract.code])
        needed = due_periods(contract, window, self.day, self.calendar)
        if needed is None:
            return False
        return all((contract.code, unit, period) in self.cover for period in self.calendar.between(contract.cadence, *needed))

    def _fresh_units(self, contract: Contract) -> set[str]:
        if contract.code not in self._fresh:
            after = self._stale_until(contract)
            self._fresh[contract.code] = {
                c["unit"] for c in self.covered[contract.code]
                if after is not None and after < self.usable[c["delivery_id"]]["valid"] <= self.day
            }  # fmt: skip
        return self._fresh[contract.code]

    def _stale_until(self, contract: Contract) -> date | None:
        if contract.freshness.fresh_for is not None:
            return self.day - timedelta(days=contract.freshness.fresh_for)
        due = self.calendar.latest_due(contract.cadence, self.day, contract.freshness.due_days, contract.dated)
        return None if due is None else self.calendar.dated_day(contract.cadence, due, contract.dated) - timedelta(days=1)

    # --- of what time they speak ------------------------------------------------------------------------------------

    def spoken_until(self, contract: Contract, unit: str | None) -> date | None:
        """The last day of which the unit's deliveries speak, though they may hold no row of somebody; None where it sent none."""
        if contract.code not in self._spoken:
            found: dict[str, date] = {}
            for covered in self.covered[contract.code]:
                until = self._covered_until(contract, covered)
                if until is not None and until > found.get(covered["unit"], date.min):
                    found[covered["unit"]] = until
            self._spoken[contract.code] = found
        return None if unit is None else self._spoken[contract.code].get(unit)

    def period_until(self, contract: Contract, period: int) -> date:
        """The last day of a period, by whichever of its days it is dated."""
        return self.calendar.last_day(contract.cadence, period)

    def _covered_until(self, contract: Contract, covered: Row) -> date | None:
        delivery, period = self.usable[covered["delivery_id"]], covered["period"]
        if contract.kind == "state" or contract.cadence == "once":
            valid: date | None = delivery["valid"]
            return valid if valid is not None and valid <= self.day else None
        if not self.calendar.is_held(contract.cadence, period):
            return None  # it speaks of a time in which nothing is asked
        if contract.kind == "period":
            begun = self.calendar.dated_day(contract.cadence, period, contract.dated) <= self.day
            return self.period_until(contract, period) if begun else None
        until = min(self.period_until(contract, period), self.day)
        if contract.platform:
            return until
        received: date = delivery["received_at"].date()
        return min(until, received)  # what came before its period was over speaks of what had passed of it
