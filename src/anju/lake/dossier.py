"""A few households of a large lake, read in milliseconds: from files sorted by whom their rows are about.

What does not depend on the household (places, deliveries and what they cover, where each file holds whom) is read once when a
`Dossier` is opened, and serves any number of households of that day as known at that time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anju.core.contracts.model import Contract, Programme
from anju.core.standards.meaning.deliveries import Deliveries
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Aggregate, Latest, Policy, Rollup, Streak
from anju.core.standards.order import Key, columns_of, everything_needed, fields_read
from anju.core.standards.world import RawWorld, Row
from anju.lake.duck import open_duckdb
from anju.lake.rows import Sources
from anju.lake.snapshot import keep_rows
from anju.lake.sorted_files import HELD, KINDS, SortedFile, SortedFiles, matching

MEMORY = "500MB"
EVERY_ROW = frozenset({"row_id", "delivery_id", "known_at", "valid", "period", "unit", *KINDS, "subject_key", "deleted"})


class Dossier:
    """`standards` are those about a person or a household that its own rows (and its places') are enough to judge."""

    def __init__(
        self,
        sources: Sources,
        policy: Policy,
        day: date,
        known_at: datetime,
        *,
        work: Path,
        standards: Iterable[str] | None = None,
        shown: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`work` is where rows are spilled while files are made that are not there yet. `shown`: feed -> columns that are not judged by
        but read by `shown_rows`."""
        if sources.resolved is None:
            raise ValueError("a dossier reads kept rows: give Sources a folder for them")
        self.policy, self.day, self.known_at = policy, day, known_at
        wanted = policy.standards if standards is None else standards
        self.standards = tuple(code for code in sorted(wanted) if _within_a_household(policy, code, day))
        self.needed = everything_needed(policy, self.standards)
        self.asked = _asked(policy, self.needed)
        con = open_duckdb(memory_limit=MEMORY, temp_directory=work)
        try:
            kept = keep_rows(con, sources, policy, day, known_at, {*self.asked, *(shown or ())})
        finally:
            con.close()
        columns = _columns(policy, self.needed)
        self.theirs = _theirs(policy, self.needed)
        ways = (*KINDS, *(f"key:{subject}" for subject in self.theirs))
        self.files = {code: SortedFiles(paths, columns[code] | EVERY_ROW, ways, held=HELD) for code, paths in kept.items()}
        self.shown = {
            code: SortedFiles(kept[code], {*names, "valid", "household_id"}, held=HELD) for code, names in (shown or {}).items() if code in kept
        }
        self.persons = SortedFile(sources.registry / "person.parquet", held=HELD)
        self.households = SortedFile(sources.registry / "household.parquet", held=HELD)
        self.memberships = SortedFile(sources.registry / "membership.parquet", held=HELD)
        self.places = pq.read_table(sources.registry / "place.parquet").to_pylist()
        self.parent = {row["place_id"]: row["parent_id"] for row in self.places}
        self._read_manifest(sources.manifest)

    def _read_manifest(self, manifest: Path) -> None:
        deliveries, coverage = (pq.read_table(manifest / f"{name}.parquet").to_pylist() for name in ("delivery", "coverage"))
        self.deliveries = Deliveries(self.policy, deliveries, coverage, self.day, self.known_at)
        self.rejected: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in pq.read_table(manifest / "rejected.parquet").to_pylist():
            for kind in KINDS:
                if row[kind] is not None:
                    self.rejected[kind, row[kind]].append(row)
        self.platform: dict[str, pa.Table] = {
            code: pq.read_table(manifest / f"{code}.parquet") for code in self.asked if (manifest / f"{code}.parquet").exists()
        }  # fmt: skip

    def judge(self, households: Collection[int], own: Mapping[str, pa.Table] | None = None) -> Judge:
        """An interpreter over these households alone; ask it for `self.standards`."""
        return Judge(self.policy, self.world(households, own), self.day, self.known_at, self.deliveries)

    def world(self, households: Collection[int], own: Mapping[str, pa.Table] | None = None) -> RawWorld:
        """Everything of these households, of whoever was ever a member, and the rows about the places they live in. `own`: rows of
        the platform's own feeds that stand in place of those of the day.

        Rows are as resolved: what a later delivery corrected or deleted is not among them."""
        homes = self.households.rows({"household_id": households})
        people = self.persons.rows({"household_id": households})
        members = self.memberships.rows({"household_id": households})
        keys: dict[str, set[int]] = {
            "person_id": {row["person_id"] for row in [*people, *members]},
            "household_id": set(households),
            "place_id": {place for home in homes for place in self._chain(home["place_id"])},
        }
        feeds: dict[str, list[Row]] = {}
        platform = {**self.platform, **(own or {})}
        for subject, feed in self.theirs.items():  # a dwelling is a family's by its own rows; others tell of it by its key alone
            own_rows = self.files[feed].rows({"household_id": keys["household_id"]}) if feed in self.files else []
            keys[f"key:{subject}"] = {row[f"key:{subject}"] for row in own_rows}
        for code, kinds in self.asked.items():
            mine = {kind: keys[kind] for kind in kinds}
            if code in self.files:
                feeds[code] = self.files[code].rows(mine)
            elif code in platform:
                feeds[code] = matching(platform[code], mine)
        aside = {id(row): row for kind in KINDS for key in keys[kind] for row in self.rejected.get((kind, key), ())}
        return RawWorld(self.places, homes, people, members, (), (), list(aside.values()), feeds)

    def shown_rows(self, feed: str, household: int) -> list[Row]:
        """The rows of one of the feeds `shown` about a household, the oldest first; none where nothing was delivered."""
        file = self.shown.get(feed)
        rows = file.rows({"household_id": [household]}) if file is not None else []
        return sorted((row for row in rows if row["valid"] is not None and row["valid"] <= self.day), key=lambda row: row["valid"])

    def _chain(self, place: int | None) -> list[int]:
        found: list[int] = []
        while place is not None:
            found.append(place)
            place = self.parent.get(place)
        return found


def _within_a_household(policy: Policy, code: str, day: date) -> bool:
    """Whether nothing in it rolls up the members of a place."""
    standard = policy.standards[code]
    if standard.subject not in ("person", "household") or standard.version_on(day) is None:
        return False
    needed = everything_needed(policy, [code])
    features = [policy.features[key] for key in needed if key[0] != "standard"]
    named = {feature.subject for feature in features} | {feature.over for feature in features if isinstance(feature, Rollup)}
    apart = named - {"person", "household", *_levels(policy), *_theirs(policy, needed)}
    decided = any(
        f.subject in policy.keyed and _contract(policy, f.feed).platform for f in _row_features(policy, needed)
    )  # by a text, not a key
    return not apart and not decided and not any(isinstance(f, Rollup) and f.subject != "household" for f in features)


def _contract(policy: Policy, code: str) -> Contract:
    found = policy.contracts[code]
    assert isinstance(found, Contract)
    return found


def _theirs(policy: Policy, needed: Iterable[Key]) -> dict[str, str]:
    """Keyed subjects that a feed gives to households as a whole state, such as dwellings, and that feed."""
    features = [policy.features[key] for key in needed if key[0] != "standard"]
    named = {feature.subject for feature in features} | {feature.over for feature in features if isinstance(feature, Rollup)}
    found = {}
    for subject in sorted(named & set(policy.keyed)):
        keyed = policy.keyed[subject]
        contract = _contract(policy, keyed.feed)
        if contract.kind == "state" and contract.delivery == "full" and not contract.platform and "household" in contract.links:
            found[subject] = keyed.feed
    return found


def _levels(policy: Policy) -> tuple[str, ...]:
    assert isinstance(policy.programme, Programme)
    return tuple(level.name for level in policy.programme.levels)


def _asked(policy: Policy, needed: Iterable[Key]) -> dict[str, set[str]]:
    """Feed -> the columns by which its rows are asked for: whose rows the features read."""
    found: dict[str, set[str]] = defaultdict(set)
    for feature in _row_features(policy, needed):
        if feature.subject in policy.keyed:
            found[feature.feed].add(f"key:{feature.subject}")
            continue
        at_event = isinstance(feature, Aggregate) and feature.at_event
        kind = "person" if at_event else feature.subject if feature.subject in ("person", "household") else "place"
        found[feature.feed].add(f"{kind}_id")
    for subject, feed in _theirs(policy, needed).items():
        found[feed] |= {"household_id", f"key:{subject}"}
    for code in list(found):  # a feed read through another needs that one's rows of the same household
        contract = policy.contracts[code]
        assert isinstance(contract, Contract)
        if contract.through is not None:
            found[contract.through[0]].add("household_id")
    return dict(found)


def _columns(policy: Policy, needed: Iterable[Key]) -> dict[str, set[str]]:
    """Feed -> the columns of its own that something reads, with its key and what it is read through."""
    fields = fields_read(policy, needed)
    found: dict[str, set[str]] = defaultdict(set)
    for feature in _row_features(policy, needed):
        read = found[feature.feed]
        match feature:
            case Latest():
                read |= fields.get((feature.subject, feature.name), set()) | {c.name for c in columns_of(feature.where)}
            case Aggregate():
                read |= {c.name for expr in (feature.of, feature.where) for c in columns_of(expr)}
            case Streak():
                read |= {c.name for c in columns_of(feature.holds)}
    theirs = _theirs(policy, needed)
    for feature in _row_features(policy, needed):
        if feature.subject in theirs:
            found[feature.feed] |= set(policy.keyed[feature.subject].key)
    for subject, feed in theirs.items():
        found[feed] |= set(policy.keyed[subject].key)
    for code in list(found):
        contract = policy.contracts[code]
        assert isinstance(contract, Contract)
        found[code] |= set(contract.key)
        if contract.through is not None:
            feed, column = contract.through
            found[code].add(column)
            other = policy.contracts[feed]
            assert isinstance(other, Contract)
            found[feed] |= {column, *other.key}
    return found


def _row_features(policy: Policy, needed: Iterable[Key]) -> list[Latest | Aggregate | Streak]:
    features = [policy.features[key] for key in needed if key[0] != "standard"]
    return [feature for feature in features if isinstance(feature, Latest | Aggregate | Streak)]
