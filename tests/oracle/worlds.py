"""Random worlds for a policy: a register, deliveries that came, came late, were held, confirmed or withdrawn, and their rows.

Values are drawn close to the constants that the policy compares with, days close to the edges of months, years and windows,
and often from 29 February: a boundary that is off by one shows soon.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from anju.core.contracts.model import Contract, FeedColumn, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import (
    Aggregate,
    Column,
    Compare,
    Derived,
    Expr,
    In,
    Latest,
    Literal_,
    Policy,
    Ref,
    Rollup,
    Streak,
)
from anju.core.standards.order import walk_expr
from anju.core.standards.world import RawWorld
from anju.core.terms.dates import step_months
from oracle.chooser import Chooser

DAYS = (
    date(2023, 9, 26), date(2024, 2, 29), date(2023, 2, 28), date(2024, 3, 1), date(2023, 3, 31), date(2023, 12, 31), date(2024, 1, 1),
    date(2023, 8, 31), date(2023, 9, 1), date(2023, 10, 8), date(2022, 2, 21), date(2024, 9, 1), date(2023, 7, 14), date(2023, 5, 1),
)  # fmt: skip
LEAPS = (date(2024, 2, 29), date(2020, 2, 29), date(2016, 2, 29), date(2012, 2, 29), date(2000, 2, 29))
TEXTS = ("S1", "S2", "I1", "I2", "I3")
SCHOOLS = ("S1", "S2")
STEPS = (0, 1, 2, 3, 6, 12, 13, 24, 36)
Made = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each there are at most: communities, households, people in each, rows in a delivery, senders' deliveries."""

    communities: int = 3
    households: int = 3
    persons: int = 3
    rows: int = 4
    deliveries: int = 3


def random_world(c: Chooser, policy: Policy, feeds: Iterable[str], day: date, known_at: datetime, size: Size) -> RawWorld:
    return _Maker(c, policy, sorted(set(feeds)), day, known_at, size).make()


def moments(c: Chooser) -> tuple[date, datetime]:
    """A day to judge, and when it is judged: mostly that evening, sometimes as known earlier or long after."""
    day = c.pick(DAYS)
    known = datetime.combine(day, time(18)) + timedelta(days=c.pick((0, 0, 0, -1, 7, 400)))
    return day, known


class _Maker:
    def __init__(self, c: Chooser, policy: Policy, feeds: Sequence[str], day: date, known_at: datetime, size: Size) -> None:
        assert isinstance(policy.programme, Programme)
        self.c, self.policy, self.feeds, self.day, self.known_at, self.size = c, policy, feeds, day, known_at, size
        self.programme = policy.programme
        self.calendar = calendar_of(policy.programme)
        self.constants = constants_of(policy)
        self.numbers = sorted({0, 1, 2} | {n for values in self.constants.values() for n in values if type(n) is int and abs(n) < 10_000})
        self.places: list[Made] = []
        self.households: list[Made] = []
        self.persons: list[Made] = []
        self.memberships: list[Made] = []
        self.deliveries: list[Made] = []
        self.coverage: list[Made] = []
        self.rejected: list[Made] = []
        self.rows: dict[str, list[Made]] = {}

    def make(self) -> RawWorld:
        self._places()
        self._people()
        for code in self.feeds:
            contract = self.policy.contracts[code]
            assert isinstance(contract, Contract)
            self._feed(contract)
        return RawWorld(
            self.places, self.households, self.persons, self.memberships, self.deliveries, self.coverage, self.rejected, self.rows
        )  # fmt: skip

    # --- the register ------------------------------------------------------------------------------------------

    def _places(self) -> None:
        """A chain of every level of the programme, whose lower levels are widened at random."""
        names = [level.name for level in self.programme.levels]
        community = names.index(self.programme.community_level)
        above = [self._place(None, names[0], "P")]
        for nth, level in enumerate(names[1:], start=1):
            if nth > community and self.c.chance(50):
                break
            most = 2 if nth < community else self.size.communities
            parents = above if nth <= community else above[:1]
            above = []
            for parent in parents:
                for _ in range(self.c.whole(1, most) if nth != community else max(1, self.c.whole(1, most))):
                    above.append(self._place(parent, level, f"{level[0].upper()}{len(self.places)}"))

    def _place(self, parent: Made | None, level: str, code: str) -> Made:
        key = len(self.places) + 1
        path = f"{parent['path'] if parent else '/'}{key}/"
        self.places.append(
            {"place_id": key, "parent_id": parent["place_id"] if parent else None, "level": level, "code": code, "name": code, "path": path}
        )
        return self.places[-1]

    def _people(self) -> None:
        names = [level.name for level in self.programme.levels]
        low = names.index(self.programme.community_level)
        homes = [p["place_id"] for p in self.places if names.index(p["level"]) >= low]
        odd = [p["place_id"] for p in self.places]
        for n in range(1, self.c.whole(1, self.size.households) + 1):
            place = self.c.pick(odd) if self.c.chance(3) else self.c.pick(homes)
            self.households.append({"household_id": n, "place_id": place, **self._attributes("household")})
        for household in self.households:
            for _ in range(self.c.whole(0, self.size.persons)):
                self._person(household["household_id"])

    def _person(self, household: int) -> None:
        key = 1000 + len(self.persons) + 1
        start = self._day()
        others = [h["household_id"] for h in self.households if h["household_id"] != household]
        if others and self.c.chance(25):  # moved here from another household, some time ago or just now
            self.memberships.append({"person_id": key, "household_id": self.c.pick(others), "start": start - timedelta(days=400), "end": start})
        end = self._day() if self.c.chance(10) else None
        if end is not None and end <= start:
            end = start + timedelta(days=1)
        here = start <= self.day and (end is None or end > self.day)
        self.memberships.append({"person_id": key, "household_id": household, "start": start, "end": end})
        self.persons.append({"person_id": key, "household_id": household if here else None, **self._attributes("person")})

    def _attributes(self, subject: str) -> Made:
        found: Made = {}
        for contract in self.policy.contracts.values():
            assert isinstance(contract, Contract)
            if contract.registry == subject:
                for column in contract.columns:
                    if column.klass == "plain" and column.type not in ("person", "household", "place"):
                        found[column.name] = self._cell(contract, column, optional=True)
        return found

    # --- cells -------------------------------------------------------------------------------------------------

    def _day(self) -> date:
        """A day near the one judged, or an edge: a constant's distance off, a month's end, a leap day."""
        kind = self.c.whole(0, 5)
        if kind == 0:
            return self.day - timedelta(days=self.c.pick(self.numbers))
        if kind == 1:
            return self.day - timedelta(days=self.c.pick(self.numbers) + self.c.whole(-2, 2))
        if kind == 2:
            return step_months(self.day, -self.c.pick(STEPS)) + timedelta(days=self.c.whole(-1, 1))
        if kind == 3:
            return step_months(self.day, -12 * self.c.pick(sorted({0, 1, *(n for n in self.numbers if 0 < n < 80)}))) + timedelta(
                days=self.c.whole(-1, 1)
            )
        if kind == 4:
            return self.c.pick(LEAPS)
        return date(self.day.year - self.c.whole(0, 1), self.c.whole(1, 12), 1) - timedelta(days=self.c.whole(0, 1))

    def _cell(self, contract: Contract, column: FeedColumn, *, optional: bool) -> Any:
        if optional and self.c.chance(15):
            return None
        kind = column.type
        known = self.constants.get((contract.code, column.name), ())
        if column.codes and kind == "list":
            return [code for code in column.codes if self.c.chance(40)]
        if column.codes:
            favoured = [code for code in known if code in column.codes]
            return self.c.pick(favoured) if favoured and self.c.chance(60) else self.c.pick(column.codes)
        if kind == "bool":
            return self.c.chance(50)
        if kind in ("date", "datetime"):
            day = self._day()
            return datetime.combine(day, time(self.c.pick((0, 12)))) if kind == "datetime" else day
        if kind in ("month", "week", "quarter", "year", "term", "school_year"):
            return max(0, self.calendar.ordinal_of(kind, self.day) - self.c.whole(-1, 3))
        if kind in ("int", "money", "decimal", "rate"):
            return self._number(column, known)
        texts = [text for text in known if isinstance(text, str)]
        return self.c.pick(texts) if texts and self.c.chance(60) else self.c.pick(TEXTS)

    def _number(self, column: FeedColumn, known: Iterable[Any]) -> Any:
        bases = [n for n in known if not isinstance(n, str | bool | date)] or self.numbers
        value: Any = self.c.pick(list(bases))
        if column.type in ("decimal", "rate"):
            value = Decimal(value) + Decimal(self.c.whole(-2, 2)) / self.c.pick((1, 10, 100, 10_000))
            value = value.quantize(Decimal("0.0001"))
        else:
            value = int(value) + self.c.pick((0, 0, 1, -1, 100))
        if column.minimum is not None:
            least = column.minimum * 100 if column.type == "money" else column.minimum
            value = max(value, type(value)(least))
        if column.maximum is not None:
            most = column.maximum * 100 if column.type == "money" else column.maximum
            value = min(value, type(value)(most))
        return value

    # --- deliveries ----------------------------------------------------------------------------------------------

    def _feed(self, contract: Contract) -> None:
        self.rows[contract.code] = []
        if contract.registry is not None:
            return
        for units in self._senders(contract):
            for _ in range(self.c.whole(0, self.size.deliveries)):
                self._delivery(contract, units)

    def _senders(self, contract: Contract) -> list[list[str]]:
        """Who delivers, and for whom: a unit for itself, schools one by one or together, the programme for all."""
        if contract.by == "programme":
            return [["all"]]
        if contract.by == "unit":
            return [[p["code"]] for p in self.places if p["level"] == self.programme.unit_level]
        return [list(SCHOOLS)] if self.c.chance(50) else [[school] for school in SCHOOLS]

    def _delivery(self, contract: Contract, units: Sequence[str]) -> None:
        key = len(self.deliveries) + 1
        received = self.known_at - timedelta(days=self.c.pick((1, 1, 2, 3, 10, 40, -2)), hours=self.c.pick((0, 0, 1)))
        valid = received.date() - timedelta(days=self.c.pick((0, 1, 2, 30, 45, 46, -1)))
        held = self.c.chance(15)
        confirmed = received + timedelta(days=self.c.pick((0, 1, 3))) if held and self.c.chance(50) else None
        withdrawn = received + timedelta(days=self.c.pick((0, 1, 30))) if self.c.chance(10) else None
        floor = contract.matched_floor
        rate = self.c.pick((Decimal(1), None, floor, floor - Decimal("0.0001"))) if self.c.chance(25) else Decimal(1)
        self.deliveries.append(
            {"delivery_id": key, "feed": contract.code, "received_at": received, "valid": valid, "held": held, "confirmed_at": confirmed,
             "withdrawn_at": withdrawn, "matched_rate": None if rate is None else rate.quantize(Decimal("0.0001"))}
        )  # fmt: skip
        spoken = [(unit, period) for unit in units for period in self._periods(contract)]
        self.coverage += [{"delivery_id": key, "feed": contract.code, "unit": u, "period": p} for u, p in spoken]
        if spoken:
            self._rows(contract, self.deliveries[-1], spoken)

    def _periods(self, contract: Contract) -> list[int | None]:
        if contract.kind == "state" or contract.cadence == "once":
            return [None]
        due = self.calendar.latest_due(contract.cadence, self.day, contract.freshness.due_days, contract.dated)
        if due is None:
            return []
        back = self.c.pick((0, 1, 3, 13)) if contract.cadence != "day" else self.c.pick((0, 7, 400))
        last = due + self.c.pick((0, 0, 0, 1, -1))
        most = len(self.calendar.named[contract.cadence]) - 1 if contract.cadence in self.calendar.named else None
        last = last if most is None else min(last, most)
        gap = last - self.c.whole(0, 3) if self.c.chance(15) else None
        return [period for period in range(max(0, last - back), last + 1) if period != gap]

    def _rows(self, contract: Contract, delivery: Made, spoken: Sequence[tuple[str, int | None]]) -> None:
        seen: set[tuple[Any, ...]] = set()
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        for nth in range(1, self.c.whole(0, self.size.rows) + 1):
            unit, period = self.c.pick(spoken)
            row = self._row(contract, delivery, unit, period, nth)
            key = tuple(row.get(linked.get(name, name)) for name in contract.key)
            if row["valid"] is None or key in seen:
                continue
            seen.add(key)
            if self.c.chance(6):
                ids = {name: row[name] for name in ("person_id", "household_id", "place_id")}
                when = {"period": row["period"], "valid": row["valid"]} if self.c.chance(70) else {"period": None, "valid": None}
                self.rejected.append({"feed": contract.code, "delivery_id": delivery["delivery_id"], "known_at": row["known_at"], **ids, **when})
                continue
            self.rows[contract.code].append(row)

    def _row(self, contract: Contract, delivery: Made, unit: str, period: int | None, nth: int) -> Made:
        key = int(delivery["delivery_id"])
        row: Made = {"row_id": key * 2**24 + nth, "delivery_id": key, "known_at": delivery["received_at"], "unit": unit}
        for column in contract.columns:
            if column.klass == "plain" and column.name not in contract.links.values():
                row[column.name] = self._cell(contract, column, optional=not column.required and column.name not in contract.key)
        for kind, ids in (("person", self.persons), ("household", self.households), ("place", self.places)):
            row[f"{kind}_id"] = self._linked(contract, kind, ids)
        if contract.by not in ("programme", "unit"):
            row[contract.by] = unit
        row |= self._when(contract, delivery, period, row)
        row["deleted"] = contract.delivery == "delta" and self.c.chance(8)
        return row

    def _linked(self, contract: Contract, kind: str, ids: Sequence[Made]) -> int | None:
        if kind not in contract.links or not ids:
            return None
        column = next(col for col in contract.columns if col.name == contract.links[kind])
        if not column.required and column.name not in contract.key and self.c.chance(15):
            return None
        return int(self.c.pick(ids)[f"{kind}_id"])

    def _when(self, contract: Contract, delivery: Made, period: int | None, row: Made) -> Made:
        if contract.kind == "period" and contract.period_column is not None:
            assert period is not None
            kind = next(col.type for col in contract.columns if col.name == contract.period_column)
            own = period if kind == contract.cadence else self.calendar.ordinal_of(kind, self.calendar.last_day(contract.cadence, period))
            return {contract.period_column: own, "period": period, "valid": self.calendar.dated_day(contract.cadence, period, contract.dated)}
        if contract.kind == "event":
            assert contract.valid_column is not None
            if period is None or contract.cadence in self.calendar.named:
                return {"period": period, "valid": row[contract.valid_column]}
            first, last = self.calendar.first_day(contract.cadence, period), self.calendar.last_day(contract.cadence, period)
            day = first + timedelta(days=self.c.whole(0, (last - first).days))
            if self.c.chance(50):
                day = min(max(first, self._day()), last)
            return {contract.valid_column: day, "period": period, "valid": day}
        return {"period": None, "valid": row[contract.valid_column] if contract.valid_column is not None else delivery["valid"]}


def constants_of(policy: Policy) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the policy compares the columns of each feed and the register with; under ('', '') every other constant."""
    found: dict[tuple[str, str], set[Any]] = defaultdict(set)

    def note(expr: Expr | None, subject: str | None, feed: str | None) -> None:
        for part in walk_expr(expr) if expr is not None else ():
            if isinstance(part, Compare | In):
                sides = (part.left, part.right) if isinstance(part, Compare) else (part.item, *part.options)
                marks = [mark for side in sides if (mark := _column_of(policy, side, subject, feed)) is not None]
                values = [value for side in sides for value in _values_of(policy, side)]
                for mark in marks or [("", "")]:
                    found[mark].update(values)

    for (subject, _), feature in policy.features.items():
        if isinstance(feature, Latest):
            note(feature.where, None, feature.feed)
        elif isinstance(feature, Aggregate):
            note(feature.where, None, feature.feed)
            note(feature.of, None, feature.feed)
        elif isinstance(feature, Streak):
            note(feature.holds, None, feature.feed)
        elif isinstance(feature, Rollup):
            note(feature.where, feature.over, None)
            note(feature.of, feature.over, None)
        elif isinstance(feature, Derived):
            note(feature.value, subject, None)
    for standard in policy.standards.values():
        for version in standard.versions:
            for expr in (version.applies, version.clears_when, *(breach.when for breach in version.breaches)):
                note(expr, standard.subject, None)
    return {mark: tuple(sorted(values, key=lambda v: (str(type(v)), v))) for mark, values in found.items()}


def _column_of(policy: Policy, expr: Expr, subject: str | None, feed: str | None) -> tuple[str, str] | None:
    if isinstance(expr, Column) and feed is not None:
        return feed, expr.name
    if not isinstance(expr, Ref) or subject is None:
        return None
    feature = policy.features.get((subject, expr.feature))
    if isinstance(feature, Latest) and expr.field is not None:
        return feature.feed, expr.field
    for contract in policy.contracts.values():
        if isinstance(contract, Contract) and contract.registry == subject:
            return contract.code, expr.feature
    return None


def _values_of(policy: Policy, expr: Expr) -> list[Any]:
    found: list[Any] = []
    for part in walk_expr(expr):
        if isinstance(part, Literal_) and part.value is not None:
            found.append(part.value)
        elif (name := getattr(part, "name", None)) in policy.parameters and not isinstance(part, Column | Ref):
            found += [value.value for value in policy.parameters[name].values]
    return found
