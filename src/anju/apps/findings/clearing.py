"""Whether what a case is about is over, by what was seen since the measure: asked of the run's answers, and of rows only where these clear.

A run says for every subject whether `clears_when` holds. Of what time the rows speak by which it holds, the interpreter says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from anju.apps.feeds.own import OwnFeeds
from anju.apps.findings.actions import run_folder
from anju.apps.findings.current import dossier_of
from anju.apps.findings.models import Run
from anju.core.contracts.model import Contract
from anju.core.standards.clearing import STATES, Clearing, clearing_of, gone
from anju.core.standards.compile.answers import NOT_APPLICABLE
from anju.core.standards.meaning.after import JudgeAfter
from anju.core.standards.meaning.deliveries import Deliveries
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld, Row
from anju.lake.answers import Stands, standing, word_of
from anju.lake.dossier import Dossier
from anju.lake.rows import Sources
from anju.lake.sorted_files import matching
from anju.lake.world import read_worlds_of

AT_ONCE = 200  # households read together


class Asked(NamedTuple):
    """`after`: the day on which the measure was in place."""

    standard: str
    subject_id: int
    after: date


class NothingToRead(ValueError):
    """What the run has read is no longer there."""


def clearing(
    policy: Policy,
    data: Path,
    run: Run,
    standard: str,
    subject_id: int,
    after: date,
    own: OwnFeeds | Mapping[str, Sequence[Row]] | None = None,
    day: date | None = None,
) -> Clearing:
    """For one subject, with everything that is waited for. `own`: what the platform itself has come to know since the run, such as a decision
    just recorded: all of it, or rows as the lake keeps them; `day` the day that is then asked about, where it is not the run's."""
    if standard not in policy.standards:
        return gone(run.day)
    subject = policy.standards[standard].subject
    stands = standing(run_folder(data, run), subject, {standard: [subject_id]}).get((standard, subject_id))
    if stands is None:
        return gone(run.day)
    lake = _Lake(policy, data, run)
    key = _key(policy, standard, subject_id, stands)
    world, deliveries = lake.world(standard, [key], [stands.household_id] if stands.household_id is not None else [])
    for code, rows in _rows_about(world, key, own).items():
        contract = policy.contracts[code]
        assert isinstance(contract, Contract)
        world = world.with_rows(contract, rows)
    if day is not None and day != run.day:
        deliveries = deliveries.on(day)
    return clearing_of(Judge(policy, world, day or run.day, lake.known_at, deliveries), standard, key, after)


def _rows_about(world: RawWorld, key: Any, own: OwnFeeds | Mapping[str, Sequence[Row]] | None) -> Mapping[str, Sequence[Row]]:
    """Of everything that the platform knows what is about the subject, its household and its members, or the place."""
    if not isinstance(own, OwnFeeds):
        return own or {}
    above = {place["place_id"]: place["parent_id"] for place in world.places}
    places = {home["place_id"] for home in world.households} | ({key} & above.keys() if not world.households else set())
    while more := {above.get(place) for place in places} - places - {None}:
        places |= more
    keys = {
        "household_id": [home["household_id"] for home in world.households],
        "person_id": [person["person_id"] for person in world.persons],
        "place_id": places - {None},
        "subject_key": [key] if isinstance(key, str) else [],
    }
    return {code: matching(table, keys) for code, table in own.tables.items()}


def clearings(policy: Policy, data: Path, run: Run, asked: Iterable[Asked]) -> dict[Asked, Clearing]:
    """For many subjects of one run, without what is waited for. Rows are read for those alone whose condition holds."""
    everything = list(dict.fromkeys(asked))
    stands = _standing(policy, data, run, everything)
    found: dict[Asked, Clearing] = {}
    holding: list[Asked] = []
    for one in everything:
        there = stands.get((one.standard, one.subject_id))
        if there is None or there.code == NOT_APPLICABLE:
            found[one] = gone(run.day, None if there is None else "not applicable")
        elif there.clears is True:
            holding.append(one)
        else:
            found[one] = Clearing(STATES[there.clears], False, word_of(there.code), run.day)
    if holding:
        found.update(_by_rows(_Lake(policy, data, run), holding, stands))
    return found


def _standing(policy: Policy, data: Path, run: Run, asked: Iterable[Asked]) -> dict[tuple[str, int], Stands]:
    wanted: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for one in asked:
        if one.standard in policy.standards:
            wanted[policy.standards[one.standard].subject][one.standard].add(one.subject_id)
    found: dict[tuple[str, int], Stands] = {}
    for subject, standards in wanted.items():
        found |= standing(run_folder(data, run), subject, standards)
    return found


def _by_rows(lake: _Lake, holding: Sequence[Asked], stands: Mapping[tuple[str, int], Stands]) -> Iterator[tuple[Asked, Clearing]]:
    near: dict[int, list[Asked]] = defaultdict(list)
    far: dict[str, list[Asked]] = defaultdict(list)
    for one in holding:
        home = stands[one.standard, one.subject_id].household_id
        if lake.opened is not None and one.standard in lake.opened.standards and home is not None:
            near[home].append(one)
        else:
            far[one.standard].append(one)
    homes = sorted(near)
    for start in range(0, len(homes), AT_ONCE):
        some = homes[start : start + AT_ONCE]
        assert lake.opened is not None
        yield from _judged(lake, lake.opened.judge(some), [one for home in some for one in near[home]], stands)
    for code, those in far.items():
        keys = {_key(lake.policy, code, one.subject_id, stands[code, one.subject_id]) for one in those}
        world, deliveries = lake.world(code, sorted(keys), [])
        yield from _judged(lake, Judge(lake.policy, world, lake.run.day, lake.known_at, deliveries), those, stands)


def _judged(lake: _Lake, judge: Judge, asked: Sequence[Asked], stands: Mapping[tuple[str, int], Stands]) -> Iterator[tuple[Asked, Clearing]]:
    later: dict[date, JudgeAfter] = {}
    for one in asked:
        if one.after not in later:
            later[one.after] = JudgeAfter(judge, one.after)
        key = _key(lake.policy, one.standard, one.subject_id, stands[one.standard, one.subject_id])
        yield one, clearing_of(judge, one.standard, key, one.after, later=later[one.after], told=False)


def _key(policy: Policy, standard: str, subject_id: int, stands: Stands) -> Any:
    return stands.subject_key if policy.standards[standard].subject in policy.keyed else subject_id


class _Lake:
    """What a run has read, to be read again: of households from the run's dossier, of everything else from its sources."""

    def __init__(self, policy: Policy, data: Path, run: Run) -> None:
        self.policy, self.data, self.run = policy, data, run
        self.known_at: datetime = run.known_at.replace(tzinfo=None)
        self.opened: Dossier | None = dossier_of(policy, data, run) if run.current else None

    def world(self, standard: str, keys: Sequence[Any], households: Sequence[int]) -> tuple[RawWorld, Deliveries]:
        if self.opened is not None and households and standard in self.opened.standards:
            return self.opened.world(households), self.opened.deliveries
        lake = self.data / "lake"
        manifest, registry = lake / "manifest" / self.run.manifest_digest, lake / "registry" / self.run.registry_digest
        if not (manifest / "delivery.parquet").exists() or not (registry / "person.parquet").exists():
            raise NothingToRead(f"what run {self.run.pk} of {self.run.day} has read is no longer there: judge anew, with `anju run`")
        world = read_worlds_of(Sources(lake, manifest, registry), self.policy, standard, keys)
        return world, Deliveries(self.policy, world.deliveries, world.coverage, self.run.day, self.known_at)
