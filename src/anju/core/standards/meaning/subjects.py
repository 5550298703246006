"""Who is who: the members of a household and a place, what lies above, and the rows that are a keyed subject."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from anju.core.contracts.model import Contract
from anju.core.standards.meaning.snapshot import Snapshot
from anju.core.standards.model import Subject
from anju.core.standards.world import Row


class Subjects:
    """Persons, households and places are known by their ids; a keyed subject by the text of its key."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.s = snapshot
        world = snapshot.world
        self.place = {p["place_id"]: p for p in world.places}
        self.household = {h["household_id"]: h for h in world.households}
        self.person = {p["person_id"]: p for p in world.persons}
        self.persons_of: dict[Any, list[Any]] = defaultdict(list)
        for person in world.persons:
            self.persons_of[person["household_id"]].append(person["person_id"])
        self.levels = tuple(level.name for level in snapshot.programme.levels)
        self._keyed: dict[str, dict[str, list[Row]]] = {}

    def all(self, subject: Subject) -> list[Any]:
        if subject == "person":
            return list(self.person)
        if subject == "household":
            return list(self.household)
        if subject in self.s.policy.keyed:
            return list(self._own_rows(subject))
        return [key for key, place in self.place.items() if place["level"] == subject]

    def knows(self, subject: Subject, key: Any) -> bool:
        """Whether there is such a subject in this world."""
        if subject in self.s.policy.keyed:
            return key in self._own_rows(subject)
        there = {"person": self.person, "household": self.household}.get(subject)
        return key in there if there is not None else key in self.place and self.place[key]["level"] == subject

    def attributes(self, subject: Subject, key: Any) -> Row:
        return {"person": self.person, "household": self.household}.get(subject, self.place)[key]

    # --- keyed subjects -----------------------------------------------------------------------------------------

    def key_text(self, contract: Contract, subject: str, row: Row) -> str:
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        parts = (row.get(linked.get(name, name)) for name in self.s.policy.keyed[subject].key)
        return "|".join("" if part is None else _text(part) for part in parts)

    def _own_rows(self, subject: str) -> dict[str, list[Row]]:
        feed = self.s.policy.keyed[subject].feed
        return self._grouped(self.s.contract(feed), subject)

    def _grouped(self, contract: Contract, subject: str) -> dict[str, list[Row]]:
        mark = f"{contract.code} {subject}"
        if mark not in self._keyed:
            names = {column.name for column in contract.columns}
            grouped: dict[str, list[Row]] = defaultdict(list)
            for row in self.s.rows(contract.code):
                by_key = set(self.s.policy.keyed[subject].key) <= names
                grouped[self.key_text(contract, subject, row) if by_key else row.get("subject_key") or ""].append(row)
            self._keyed[mark] = grouped
        return self._keyed[mark]

    def keyed_rows(self, contract: Contract, subject: str, key: str) -> list[Row]:
        return self._grouped(contract, subject).get(key, [])

    def _latest_own(self, subject: str, key: str) -> Row:
        return max(self._own_rows(subject)[key], key=self.s.order)

    # --- where a subject belongs --------------------------------------------------------------------------------

    def home(self, subject: Subject, key: Any) -> Any:
        """The household of a person or keyed subject."""
        if subject == "household":
            return key
        if subject == "person":
            return self.person[key]["household_id"]
        if subject in self.s.policy.keyed:
            row = self._latest_own(subject, key)
            if row.get("household_id") is not None:
                return row["household_id"]
            person = self.person.get(row.get("person_id"))
            return person["household_id"] if person else None
        return None

    def place_of(self, subject: Subject, key: Any) -> int | None:
        if subject in self.levels:
            return int(key)
        if subject in self.s.policy.keyed:
            row = self._latest_own(subject, key)
            if row.get("place_id") is not None:
                return int(row["place_id"])
        household = self.household.get(self.home(subject, key))
        return household["place_id"] if household else None

    def chain(self, place: int | None) -> list[Row]:
        """The place and everything above it, nearest first."""
        found: list[Row] = []
        while place is not None and place in self.place:
            found.append(self.place[place])
            place = self.place[place]["parent_id"]
        return found

    def codes_above(self, place: int | None) -> list[str]:
        return [row["code"] for row in self.chain(place)]

    def area(self, subject: Subject, key: Any) -> int | None:
        """The community of a person, household or keyed subject; a place itself."""
        place = self.place_of(subject, key)
        if subject in self.levels:
            return place
        level = self.s.programme.community_level
        return next((row["place_id"] for row in self.chain(place) if row["level"] == level), None)

    def unit(self, subject: Subject, key: Any) -> str | None:
        """Code of the management unit that delivers for the subject; a keyed subject's own row says who did."""
        if subject in self.s.policy.keyed and self.s.contract(self.s.policy.keyed[subject].feed).by != "programme":
            unit = self._latest_own(subject, key).get("unit")
            return None if unit is None else str(unit)
        level = self.s.programme.unit_level
        return next((row["code"] for row in self.chain(self.place_of(subject, key)) if row["level"] == level), None)

    def above(self, subject: Subject, key: Any, above: Subject) -> Any:
        if above == "household":
            home = self.home(subject, key)
            return home if home in self.household else None
        chain = self.chain(self.place_of(subject, key))
        return next((row["place_id"] for row in chain if row["level"] == above), None)

    def members(self, subject: Subject, key: Any, over: Subject) -> list[Any]:
        if subject == "household" and over == "person":
            return self.persons_of.get(key, [])
        if subject == "household":
            return [other for other in self.all(over) if self.home(over, other) == key]
        inside = {place for place in self.place if any(row["place_id"] == key for row in self.chain(place))}
        return [other for other in self.all(over) if self.place_of(over, other) in inside]

    def rows_at_event(self, contract: Contract, household: Any) -> list[Row]:
        """Rows of people who were members of the household on the row's own day."""
        found = []
        for m in self.s.world.memberships:
            if m["household_id"] == household:
                for row in self.s.rows_of(contract.code, "person_id", m["person_id"]):
                    if m["start"] <= row["valid"] and (m["end"] is None or row["valid"] < m["end"]):
                        found.append(row)
        return found


def _text(value: Any) -> str:
    """As the lake writes a key: booleans in lower case, everything else as it prints."""
    return str(value).lower() if isinstance(value, bool) else str(value)
