"""A disagreement as somebody can read it: the world without every row and cell that does not matter, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from anju.core.contracts.model import Contract
from anju.core.standards.model import Policy
from anju.core.standards.world import RawWorld, Row
from oracle.agree import ALWAYS, TRUE, Difference, differences

Item = tuple[str, Any, int]  # where, which feed, position
STRUCTURE = frozenset(
    "row_id delivery_id known_at valid period unit person_id household_id place_id subject_key deleted feed received_at held"
    " parent_id level code name path start end".split()
)
MOST_RUNS = 400


def focused(policy: Policy, difference: Difference) -> tuple[Policy, str]:
    """The policy with one standard that shows this difference and asks for as little as possible."""
    code = difference.standard or next(c for c, s in policy.standards.items() if s.subject == difference.subject)
    standard = policy.standards[code]
    if not difference.what.startswith("evidence "):
        return policy, code
    wanted = difference.what.removeprefix("evidence ")
    versions = tuple(
        replace(v, evidence=tuple(e for e in v.evidence if e.name == wanted), applies=TRUE, breaches=(ALWAYS,), clears_when=None)
        for v in standard.versions
    )
    standards = {**policy.standards, code: replace(standard, versions=versions)}
    return replace(policy, standards=standards, digest=f"{policy.digest}+{code}+{wanted}"), code


def reduced(policy: Policy, world: RawWorld, day: date, known_at: datetime, difference: Difference) -> tuple[RawWorld, list[Difference]]:
    """The smallest world found in which the same thing still differs, and how it differs there."""
    narrow, code = focused(policy, difference)
    budget = [MOST_RUNS]

    def still(candidate: RawWorld) -> list[Difference]:
        budget[0] -= 1
        if budget[0] < 0:
            return []
        found = differences(narrow, candidate, day, known_at, [code])
        return [d for d in found if d.what == difference.what or difference.what == "subjects"]

    found = still(world)
    if not found:
        return world, [difference]
    world = _without_items(world, still)
    world = _without_cells(narrow, world, still)
    budget[0] = 1
    return world, still(world)


def _without_items(world: RawWorld, still: Callable[[RawWorld], list[Difference]]) -> RawWorld:
    """Leaves out halves, quarters … of everything, as long as the difference stays."""
    items = _items(world)
    size = max(1, len(items) // 2)
    while size:
        position, shrunk = 0, False
        while position < len(items):
            candidate = items[:position] + items[position + size :]
            if still(_kept(world, candidate)):
                items, shrunk = candidate, True
            else:
                position += size
        size = size if shrunk and size == 1 else size // 2
    return _kept(world, items)


def _items(world: RawWorld) -> list[Item]:
    found: list[Item] = [("feeds", code, n) for code, rows in world.feeds.items() for n in range(len(rows))]
    for name in ("rejected", "persons", "households", "memberships", "deliveries", "coverage", "places"):
        found += [(name, None, n) for n in range(len(getattr(world, name)))]
    return found


def _kept(world: RawWorld, items: Sequence[Item]) -> RawWorld:
    """Only `items`, and of these only what still has its delivery, its household and its place."""
    kept = {name: [getattr(world, name)[n] for where, _, n in items if where == name] for name in
            ("places", "households", "persons", "memberships", "deliveries", "coverage", "rejected")}  # fmt: skip
    kept["places"] = _rooted(kept["places"])
    places = {p["place_id"] for p in kept["places"]}
    kept["households"] = [h for h in kept["households"] if h["place_id"] in places]
    homes = {h["household_id"] for h in kept["households"]}
    kept["persons"] = [p for p in kept["persons"] if p["household_id"] is None or p["household_id"] in homes]
    people = {p["person_id"] for p in kept["persons"]}
    kept["memberships"] = [m for m in kept["memberships"] if m["person_id"] in people and m["household_id"] in homes]
    came = {d["delivery_id"] for d in kept["deliveries"]}
    kept["coverage"] = [c for c in kept["coverage"] if c["delivery_id"] in came]
    kept["rejected"] = [r for r in kept["rejected"] if r["delivery_id"] in came]
    feeds: dict[str, list[Row]] = {code: [] for code in world.feeds}
    for where, code, n in items:
        if where == "feeds" and world.feeds[code][n]["delivery_id"] in came:
            row = world.feeds[code][n]
            if row["person_id"] in (None, *people) and row["household_id"] in (None, *homes) and row["place_id"] in (None, *places):
                feeds[code].append(row)
    return RawWorld(**kept, feeds=feeds)


def _rooted(places: list[Row]) -> list[Row]:
    known: set[Any] = {None}
    found = []
    for place in places:
        if place["parent_id"] in known:
            known.add(place["place_id"])
            found.append(place)
    return found


def _without_cells(policy: Policy, world: RawWorld, still: Callable[[RawWorld], list[Difference]]) -> RawWorld:
    """Empties every cell that can be empty; then makes deliveries plain."""
    for name in ("households", "persons"):
        for n, row in enumerate(getattr(world, name)):
            for cell in [c for c in row if c not in STRUCTURE and row[c] is not None]:
                candidate = _replaced(world, name, n, {cell: None})
                world = candidate if still(candidate) else world
    for code, rows in world.feeds.items():
        contract = policy.contracts[code]
        assert isinstance(contract, Contract)
        fixed = {*STRUCTURE, *contract.key, contract.period_column, contract.valid_column, contract.by}
        for n, row in enumerate(rows):
            for cell in [c for c in row if c not in fixed and row[c] is not None]:
                feeds = {**world.feeds, code: [{**r, cell: None} if m == n else r for m, r in enumerate(world.feeds[code])]}
                candidate = replace(world, feeds=feeds)
                world = candidate if still(candidate) else world
    for n, row in enumerate(world.deliveries):
        for plain in ({"withdrawn_at": None}, {"held": False, "confirmed_at": None}, {"matched_rate": None}):
            if any(row[cell] != value for cell, value in plain.items()):
                candidate = _replaced(world, "deliveries", n, plain)
                world = candidate if still(candidate) else world
    return world


def _replaced(world: RawWorld, name: str, position: int, cells: Row) -> RawWorld:
    rows = [{**row, **cells} if n == position else row for n, row in enumerate(getattr(world, name))]
    return replace(world, **{name: rows})


def said(world: RawWorld, day: date, known_at: datetime, found: Iterable[Difference]) -> str:
    """The world row by row, empty cells left out."""
    lines = [f"judged {day} as known at {known_at}"]
    for name in ("places", "households", "persons", "memberships", "deliveries", "coverage", "rejected"):
        lines += [f"{name}: {_row(row)}" for row in getattr(world, name)]
    for code, rows in world.feeds.items():
        lines += [f"{code}: {_row(row)}" for row in rows]
    return "\n".join([*lines, "", *(str(difference) for difference in list(found)[:20])])


def _row(row: Row) -> str:
    skipped = ("name", "path", "known_at")
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None and value is not False and name not in skipped)


def explained(policy: Policy, world: RawWorld, day: date, known_at: datetime, found: Sequence[Difference]) -> str:
    """What an assertion prints: the smallest world for the first difference, and how many there were."""
    small, left = reduced(policy, world, day, known_at, found[0])
    return f"{len(found)} differences, the first in the smallest world found:\n{said(small, day, known_at, left)}"
