"""The small world that a case beside a standard tells of. The format is described in docs/writing-standards.md."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from anju.core.contracts.model import Contract, FeedColumn, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld
from anju.core.terms.money import to_fen

UNIT, COMMUNITY, SCHOOL = 2, 3, "S1"
PERSON = {
    "sex": "1", "birth_date": date(1980, 1, 1), "is_student": False, "in_military": False, "labour_capacity": "normal",
    "resident_status": "living_here", "alive": True, "hukou_moved": False,
}  # fmt: skip
HOUSEHOLD = {"status": "active", "is_registered_poor": False, "move_in_date": date(2018, 6, 1), "mgmt_unit_code": "U1"}
LONG_AGO = date(2018, 6, 1)  # since when everybody belongs to their household, unless a case says otherwise
PERIODS, DAYS = 40, 400  # how far back a feed has been delivered, in periods and in days

CASE_KEYS = (
    "name", "as_of", "known_at", "of", "places", "person", "persons", "household", "households", "deliveries", "late", "missing",
    "rejected", "parameters", "expect",
)  # fmt: skip
ROW_KEYS = ("person", "household", "place", "unit", "subject_key", "deleted", "valid")
DELIVERY_KEYS = ("received", "day", "by", "covers", "rows", "held", "confirmed", "withdrawn", "matched")
MEMBER_KEYS = ("household", "moved_in", "from")


class CaseFault(ValueError):
    """A case that does not say what its author meant: a name that is not known, or a value that cannot be."""


def build_world(policy: Policy, case: Mapping[str, Any], feeds: Collection[str] | None = None) -> RawWorld:
    """The raw world of a case; only `feeds` are delivered where they are given. Raises CaseFault."""
    return _Builder(policy, case, feeds).build()


class _Builder:
    def __init__(self, policy: Policy, case: Mapping[str, Any], feeds: Collection[str] | None) -> None:
        assert isinstance(policy.programme, Programme)
        _refuse_unknown("the case", case, (*CASE_KEYS, *policy.contracts))
        self.policy, self.programme, self.case, self.day = policy, policy.programme, case, case["as_of"]
        self.feeds = sorted(policy.contracts if feeds is None else set(feeds) | {c for c in policy.contracts if c in _named(case)})
        self.calendar = calendar_of(policy.programme)
        self.yesterday = self.day - timedelta(days=1)
        self.places = self._places()
        self.place = {str(p["code"]): int(p["place_id"]) for p in self.places}
        self.units = [str(p["code"]) for p in self.places if p["level"] == policy.programme.unit_level]
        self.columns = {c.registry: {x.name for x in c.columns} for c in self._contracts() if c.registry is not None}

    def _contracts(self) -> Iterator[Contract]:
        for contract in self.policy.contracts.values():
            assert isinstance(contract, Contract)
            yield contract

    def build(self) -> RawWorld:
        households = self._households()
        persons, memberships = self._persons()
        feeds: dict[str, list[dict[str, Any]]] = {}
        deliveries: list[dict[str, Any]] = []
        coverage: list[dict[str, Any]] = []
        for code in self.feeds:
            contract = self.policy.contracts[code]
            assert isinstance(contract, Contract)
            feeds[code] = []
            for said in self._said(contract):
                nth = len(deliveries) + 1
                delivery = self._delivery(nth, contract, said)
                rows = [self._row(contract, delivery, n, row) for n, row in enumerate(said.get("rows", ()), start=1)]
                covered = self._covered(contract, said, rows)
                deliveries.append(delivery)
                feeds[code] += rows
                coverage += [{"delivery_id": nth, "feed": code, "unit": unit, "period": period} for unit, period in covered]
        return RawWorld(self.places, households, persons, memberships, deliveries, coverage, self._rejected(deliveries), feeds)

    # --- places, households, persons ------------------------------------------------------------------------------

    def _places(self) -> list[dict[str, Any]]:
        root, unit, community = self.programme.levels[0].name, self.programme.unit_level, self.programme.community_level
        found: list[dict[str, Any]] = [
            {"place_id": 1, "parent_id": None, "level": root, "code": "P", "name": "P", "path": "/1/"},
            {"place_id": UNIT, "parent_id": 1, "level": unit, "code": "U1", "name": "U1", "path": "/1/2/"},
            {"place_id": COMMUNITY, "parent_id": UNIT, "level": community, "code": "C1", "name": "C1", "path": "/1/2/3/"},
        ]
        for place in self.case.get("places", ()):
            _refuse_unknown("a place", place, ("code", "level", "under"))
            above = next((p for p in found if p["code"] == place.get("under", "P")), None)
            if above is None:
                raise CaseFault(f"place {place['code']} lies under '{place['under']}', which is not there: P, U1 and C1 are, or say it before")
            key = len(found) + 1
            found.append({
                "place_id": key, "parent_id": above["place_id"], "level": place["level"], "code": place["code"], "name": place["code"],
                "path": f"{above['path']}{key}/",
            })  # fmt: skip
        return found

    def _households(self) -> list[dict[str, Any]]:
        found = []
        for n, extra in enumerate([self.case.get("household", {}), *self.case.get("households", ())], start=1):
            _refuse_unknown(f"household {n}", extra, ("place", *self.columns["household"]))
            plain = {name: value for name, value in extra.items() if name != "place"}
            found.append({"household_id": n, "place_id": self._place_id(extra.get("place", "C1")), **HOUSEHOLD, **plain})
        return found

    def _persons(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        persons: list[dict[str, Any]] = []
        memberships: list[dict[str, Any]] = []
        for n, extra in enumerate([self.case.get("person", {}), *self.case.get("persons", ())], start=1):
            if extra is None:  # `person: null`: household 1 has nobody
                continue
            _refuse_unknown(f"person {n}", extra, (*MEMBER_KEYS, *self.columns["person"]))
            plain = {name: value for name, value in extra.items() if name not in MEMBER_KEYS}
            home, since = extra.get("household", 1), extra.get("moved_in", LONG_AGO)
            persons.append({"person_id": n, "household_id": home, **PERSON, **plain})
            if "from" in extra:
                memberships.append({"person_id": n, "household_id": extra["from"], "start": LONG_AGO, "end": since})
            memberships.append({"person_id": n, "household_id": home, "start": since, "end": None})
        return persons, memberships

    def _place_id(self, code: str) -> int:
        if code not in self.place:
            raise CaseFault(f"there is no place '{code}': one of {', '.join(self.place)}, or say it under `places`")
        return self.place[code]

    # --- deliveries -----------------------------------------------------------------------------------------------

    def _said(self, contract: Contract) -> Sequence[Mapping[str, Any]]:
        """What came of the feed: as `deliveries` tells, else one delivery on time, from everybody but those who are `late`."""
        told = self.case.get("deliveries", {})
        if contract.code in told:
            if contract.code in self.case:
                raise CaseFault(f"{contract.code} stands in the case and under `deliveries`: put all its rows under `deliveries`")
            for delivery in told[contract.code]:
                _refuse_unknown(f"a delivery of {contract.code}", delivery, DELIVERY_KEYS)
            found: list[Mapping[str, Any]] = list(told[contract.code])
            return found
        late = self.case.get("late", ())
        rows = self.case.get(contract.code, ())
        if contract.code not in late:
            return [{"rows": rows}]
        if not isinstance(late, Mapping) or contract.by == "programme":
            return []
        there = sorted(({*self.units} if contract.by == "unit" else self._senders(contract, rows)) - set(map(str, late[contract.code])))
        return [{"by": there, "rows": rows}] if there else []

    def _delivery(self, nth: int, contract: Contract, said: Mapping[str, Any]) -> dict[str, Any]:
        received: date = said.get("received", self.yesterday)
        return {
            "delivery_id": nth, "feed": contract.code, "received_at": datetime.combine(received, time(8)),
            "valid": said.get("day", received if "received" not in said else received - timedelta(days=1)),
            "held": bool(said.get("held", False)), "confirmed_at": _at(said.get("confirmed")), "withdrawn_at": _at(said.get("withdrawn")),
            "matched_rate": Decimal(str(said.get("matched", 1))),
        }  # fmt: skip

    @staticmethod
    def _senders(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        return {SCHOOL, *(str(row[contract.by]) for row in rows if row.get(contract.by) is not None)}

    def _covered(self, contract: Contract, said: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int | None]]:
        if "by" in said:
            units = {str(unit) for unit in said["by"]}
        elif contract.by == "programme":
            units = {"all"}
        else:
            units = {*self.units} if contract.by == "unit" else self._senders(contract, rows)
        if contract.kind == "state" or contract.cadence == "once":
            return [(unit, None) for unit in sorted(units)]
        if "covers" in said:
            wanted = {self.calendar.period_ordinal(contract.cadence, str(text)) for text in said["covers"]}
            return [(unit, period) for unit in sorted(units) for period in sorted(wanted)]
        last = self.calendar.ordinal_of(contract.cadence, self.day)
        gaps = {self.calendar.period_ordinal(contract.cadence, str(t)) for t in self.case.get("missing", {}).get(contract.code, [])}
        first = max(0, last - (DAYS if contract.cadence == "day" else PERIODS))
        come = [period for period in range(first, last + 1) if period not in gaps and self.calendar.is_named(contract.cadence, period)]
        return [(unit, period) for unit in sorted(units) for period in come]

    def _rejected(self, deliveries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for item in self.case.get("rejected", ()):
            given = {"feed": item} if isinstance(item, str) else item
            _refuse_unknown("a row set aside", given, ("feed", "delivery", "person", "household", "place", "period"))
            contract = self.policy.contracts[given["feed"]]
            assert isinstance(contract, Contract)
            mine = [d for d in deliveries if d["feed"] == contract.code]
            if not mine:
                raise CaseFault(f"a row of {contract.code} is set aside, but nothing of it was delivered")
            period = given.get("period")
            homes = "household" in contract.links or contract.through is not None
            found.append({
                "feed": contract.code, "delivery_id": mine[int(given.get("delivery", len(mine))) - 1]["delivery_id"], "valid": None,
                "person_id": given.get("person", 1) if "person" in contract.links else None,
                "household_id": given.get("household", 1) if homes else None,
                "place_id": self._place_id(given.get("place", "C1")) if "place" in contract.links else None,
                "period": None if period is None else self.calendar.period_ordinal(contract.cadence, str(period)),
            })  # fmt: skip
        return found

    # --- rows -----------------------------------------------------------------------------------------------------

    def _row(self, contract: Contract, delivery: Mapping[str, Any], n: int, given: Mapping[str, Any]) -> dict[str, Any]:
        linked = set(contract.links.values())
        _refuse_unknown(f"a row of {contract.code}", given, (*ROW_KEYS, *(c.name for c in contract.columns if c.name not in linked)))
        # a key that is left out: the same thing in every period, another one in every row of a state or of events
        key = f"{contract.code}-{1 if contract.kind == 'period' else n}"
        named = {c.name: key for c in contract.columns if c.name in contract.key and c.type == "text" and c.name not in given} | dict(given)
        values = {column.name: self._value(column, named.get(column.name)) for column in contract.columns if column.name not in linked}
        period, valid = self._when(contract, delivery, given)
        if contract.period_column is not None:
            values[contract.period_column] = period
        if contract.valid_column is not None:
            values[contract.valid_column] = valid
        homes = "household" in contract.links or contract.through is not None
        own = "all" if contract.by == "programme" else "U1" if contract.by == "unit" else str(given.get(contract.by, SCHOOL))
        return values | {
            "row_id": delivery["delivery_id"] * 1000 + n, "delivery_id": delivery["delivery_id"], "known_at": delivery["received_at"],
            "valid": valid, "period": period, "unit": str(given.get("unit", own)),
            "person_id": given.get("person", 1) if "person" in contract.links else None,
            "household_id": given.get("household", 1) if homes else None,
            "place_id": self._place_id(given.get("place", "C1")) if "place" in contract.links else None,
            "subject_key": given.get("subject_key"), "deleted": bool(given.get("deleted", False)),
        }  # fmt: skip

    def _when(self, contract: Contract, delivery: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[int | None, date]:
        if contract.period_column is not None:
            text = given.get(contract.period_column)
            period = self.calendar.latest_due(contract.cadence, self.day, contract.freshness.due_days, contract.dated)
            if text is not None:
                period = self.calendar.period_ordinal(contract.cadence, str(text))
            if period is None:
                raise CaseFault(f"{contract.code} has no period that is due on {self.day}: give {contract.period_column}")
            return period, self.calendar.dated_day(contract.cadence, period, contract.dated)
        valid = given.get(contract.valid_column or "valid", delivery["valid"])
        return (self.calendar.ordinal_of(contract.cadence, valid) if contract.kind == "event" else None), valid

    def _value(self, column: FeedColumn, value: Any) -> Any:
        if value is None:
            return None
        if column.codes:
            wrong = sorted({*(value if isinstance(value, list) else [value])} - {*column.codes}, key=str)
            if wrong:
                raise CaseFault(f"'{wrong[0]}' is no {column.name}: one of {', '.join(column.codes)}")
        if column.type == "money":
            return to_fen(str(value), self.programme.minor_digits)
        if column.type in ("decimal", "rate"):
            return Decimal(str(value))
        if column.type in ("month", "week", "quarter", "term", "school_year"):
            return self.calendar.period_ordinal(column.type, str(value))
        return list(value) if column.type == "list" else value


def _named(case: Mapping[str, Any]) -> set[str]:
    return {*case, *case.get("deliveries", {})}


def _at(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(8))


def _refuse_unknown(what: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    wrong = [str(name) for name in given if name not in known]
    if wrong:
        raise CaseFault(f"{what} has no '{wrong[0]}': one of {', '.join(known)}")
