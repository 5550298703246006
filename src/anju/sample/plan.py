"""What goes wrong, when, and for how long: drawn once for the whole time, before any file is written.

Each kind of trouble keeps about the same number of cases open: a case lasts some periods, then another family has
it; one in eight comes back after a pause. Families are drawn from one pool without repetition, so that two troubles
meet in one family only where a story says so. Every fourth is drawn from another grid, so that no worker has many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from anju.sample.columns import Flags, Ints
from anju.sample.population import Population
from anju.sample.timeline import Timeline, first_of

FOREVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Spell:
    """A trouble of one household, person or thing from period `first` to `last`, both included."""

    kind: str
    first: int
    last: int
    household: int = -1
    person: int = -1
    thing: str = ""

    def at(self, period: int) -> bool:
        return self.first <= period <= self.last


@dataclass(frozen=True, slots=True, order=True)
class Expected:
    """What a run must say of `subject` (an identity number, a household or community code, a key) on every day from
    `since` to `until`, as known on that day's evening."""

    standard: str
    subject: str
    answer: str  # breached | unknown
    level: str  # '' when unknown
    since: date
    until: date
    why: str = ""


@dataclass
class World:
    """The population, the timeline, the plan of troubles and the truth about each of them."""

    p: Population
    t: Timeline
    seed: int
    spells: dict[str, list[Spell]] = field(default_factory=lambda: defaultdict(list))  # in a small sample a kind may have none
    expected: list[Expected] = field(default_factory=list)
    status: dict[int, str] = field(default_factory=dict)  # households whose register status is not 'active'
    dead: dict[int, date] = field(default_factory=dict)
    unregistered: dict[int, str] = field(default_factory=dict)  # people the register could not take, and why
    order: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    taken: Flags = field(default_factory=lambda: np.zeros(0, dtype=bool))
    known: dict[tuple[str, int], Flags] = field(default_factory=dict)  # what was asked of a month once

    def rng(self, *names: object) -> np.random.Generator:
        """Chance that belongs to one subject and period alone, so that a day more changes nothing before it."""
        return np.random.default_rng([self.seed, *(abs(hash_of(str(name))) for name in names)])

    def once(self, name: str, period: int, asked: Callable[[], Flags]) -> Flags:
        """The answer to a question about everybody in a period, worked out once."""
        if (name, period) not in self.known:
            self.known[name, period] = asked()
        return self.known[name, period]

    def labour(self, day: date) -> Ints:
        """The labour members on `day` whom the register knows."""
        found = self.p.labour(day)
        found[list(self.unregistered)] = False
        return np.flatnonzero(found)

    def add(self, spell: Spell) -> Spell:
        self.spells[spell.kind].append(spell)
        return spell

    def at(self, kind: str, period: int) -> list[Spell]:
        return [spell for spell in self.spells.get(kind, ()) if spell.first <= period <= spell.last]

    def expect(self, standard: str, subject: str, level: str, since: date, until: date, why: str, answer: str = "breached") -> None:
        if since <= until:
            self.expected.append(Expected(standard, subject, answer, level, since, until, why))

    def unknown(self, standard: str, subject: str, since: date, until: date, why: str) -> None:
        self.expect(standard, subject, "", since, until, why, "unknown")

    def truth_on(self, day: date) -> list[Expected]:
        return sorted(e for e in self.expected if e.since <= day <= e.until)

    # --- drawing ------------------------------------------------------------------------------------------------

    def shuffle(self) -> None:
        """The order in which households are drawn: one of every grid, then another of every grid."""
        p = self.p
        rng = self.rng("pool")
        chance = rng.random(len(p.household_size))
        within = np.lexsort((chance, p.household_grid))
        grid = p.household_grid[within]
        starts = np.searchsorted(grid, grid)
        nth = np.empty(len(within), dtype=np.int64)
        nth[within] = np.arange(len(within)) - starts
        self.order = np.lexsort((chance, nth))
        self.taken = p.household_story | p.community_told[p.household_community]

    def draw(self, count: int, wanted: Flags) -> list[int]:
        """The next `count` untouched households for which `wanted` holds."""
        free = self.order[(wanted & ~self.taken)[self.order]][:count]
        self.taken[free] = True
        return [int(household) for household in free]

    def keep_up(self, kind: str, share: float, lengths: tuple[int, ...], wanted: Callable[[int], Any], *, periods: range | None = None,
                least: int = 2, relapse: bool = True) -> list[Spell]:  # fmt: skip
        """Spells of `kind` such that about `share` of the households have one in every period. `wanted(period)` says
        which households can have one that begins then."""
        rng = self.rng(kind)
        periods = periods or range(self.t.first, self.t.horizon)
        slots = max(least, round(len(self.p.household_size) * share))
        free_at = periods.start + rng.integers(0, max(lengths), slots)
        back: dict[int, list[Spell]] = {}
        found = []
        for period in periods:
            due = np.flatnonzero(free_at == period)
            for spell in back.pop(period, []):
                found.append(self.add(spell))
            for slot, household in zip(due, self.draw(len(due), wanted(period)) if len(due) else [], strict=False):
                length = int(lengths[int(rng.integers(len(lengths)))])
                free_at[slot] = period + length
                spell = self.add(Spell(kind, period, period + length - 1, household))
                found.append(spell)
                again = spell.last + 2
                if relapse and rng.random() < 0.125 and again < periods.stop and bool(wanted(again)[household]):
                    back.setdefault(again, []).append(Spell(kind, again, again, household))
            free_at[free_at == period] = period + 1  # nobody could be found: try again
        return found


def hash_of(text: str) -> int:
    """The same number for the same text in every process."""
    found = 2166136261
    for byte in text.encode("utf-8"):
        found = (found ^ byte) * 16777619 % (1 << 32)
    return found


def before(day: date) -> date:
    return day - timedelta(days=1)


def fifth_after(month: int) -> date:
    """The day on which the figures of `month` arrive."""
    return first_of(month + 1) + timedelta(days=4)


def tenth_after(month: int) -> date:
    return first_of(month + 1) + timedelta(days=9)


def list_after(month: int) -> date:
    """The day on which the lists that speak of `month` arrive."""
    return first_of(month + 1) + timedelta(days=3)
