"""Episodes: what stays the same trouble from day to day. A fold over completed runs in order of the day judged.

The rule is a small table as data, so that one subject and a whole population are told by the same thing: `follow` is for one
subject; set-wise, join on (standing, answer, clears), or index `EVENTS` at `slot(…)`, and let STILL become ROSE where the level is higher.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

from anju.core.terms.levels import RANK

Standing: TypeAlias = Literal["none", "open", "cleared"]
"""`cleared`: the last episode was cleared no longer ago than the look-back; later, or ended, the subject stands at `none`."""

Event: TypeAlias = Literal["nothing", "opened", "relapsed", "still", "rose", "eased", "doubted", "cleared", "ended", "replay"]

STANDINGS: tuple[Standing, ...] = ("none", "open", "cleared")
ANSWERS = ("not applicable", "met", "unknown", "breached")
CLEARS: tuple[bool | None, ...] = (False, True, None)

TABLE: Mapping[tuple[str, str], Event | Mapping[bool | None, Event]] = {
    ("none", "breached"): "opened",
    ("none", "met"): "nothing",
    ("none", "unknown"): "nothing",
    ("none", "not applicable"): "nothing",
    ("open", "breached"): "still",  # rose, where the level is higher than ever in this episode
    ("open", "met"): {True: "cleared", False: "eased", None: "eased"},
    ("open", "unknown"): "doubted",
    ("open", "not applicable"): "ended",
    ("cleared", "breached"): "relapsed",
    ("cleared", "met"): "nothing",
    ("cleared", "unknown"): "nothing",
    ("cleared", "not applicable"): "nothing",
}


def event_of(standing: Standing, answer: str, clears: bool | None) -> Event:
    found = TABLE[standing, answer]
    return found if isinstance(found, str) else found[clears]


def slot(standing: int, answer: int, clears: int) -> int:
    """Where the event stands in `EVENTS`, by positions in STANDINGS, ANSWERS and CLEARS."""
    return (standing * len(ANSWERS) + answer) * len(CLEARS) + clears


EVENTS: tuple[Event, ...] = tuple(event_of(s, a, c) for s in STANDINGS for a in ANSWERS for c in CLEARS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run found of one subject: `breach` and `level` for a breach only."""

    answer: str  # one of ANSWERS
    clears: bool | None = None
    level: str | None = None
    breach: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One trouble of one subject with one standard. `level` is the gravest so far: it rises by itself and is lowered
    only by judgement. `eased_since` and `doubted_since` (cannot be judged since) are marks of an open episode."""

    nth: int
    opened_on: date
    opened_by: int  # run
    level: str
    breach: str | None
    status: Literal["open", "cleared", "ended"] = "open"
    closed_on: date | None = None
    eased_since: date | None = None
    doubted_since: date | None = None
    follows: int | None = None  # relapse: `nth` of the episode that had been cleared


@dataclass(frozen=True, slots=True)
class Followed:
    """`judged_on`: the last day that counted; `episode`: the latest one, open or closed, None before the first."""

    judged_on: date | None = None
    episode: Episode | None = None

    def standing(self, day: date, look_back: int) -> Standing:
        """`look_back` in days."""
        if self.episode is None or self.episode.status == "ended":
            return "none"
        if self.episode.status == "open":
            return "open"
        assert self.episode.closed_on is not None
        return "cleared" if (day - self.episode.closed_on).days <= look_back else "none"


def follow(before: Followed, seen: Seen, *, day: date, run: int, look_back: int) -> tuple[Followed, Event]:
    """The next state and what happened. A run of an earlier day than the last one is a replay: nothing happens."""
    if before.judged_on is not None and day < before.judged_on:
        return before, "replay"
    standing = before.standing(day, look_back)
    event = event_of(standing, seen.answer, seen.clears)
    old = before.episode
    if event in ("opened", "relapsed"):
        assert seen.level is not None
        last = old.nth if old is not None else 0
        episode = Episode(last + 1, day, run, seen.level, seen.breach, follows=last if event == "relapsed" else None)
        return Followed(day, episode), event
    if old is None or standing != "open":
        return Followed(day, old), event
    if event == "still":
        assert seen.level is not None
        if RANK[seen.level] > RANK[old.level]:
            event, old = "rose", replace(old, level=seen.level)
        old = replace(old, breach=seen.breach, eased_since=None, doubted_since=None)
    elif event == "eased":
        old = replace(old, eased_since=old.eased_since or day, doubted_since=None)
    elif event == "doubted":
        old = replace(old, doubted_since=old.doubted_since or day)
    else:
        old = replace(old, status="cleared" if event == "cleared" else "ended", closed_on=day, eased_since=None, doubted_since=None)
    return Followed(day, old), event


def episodes_of(runs: Iterable[tuple[date, Seen]], *, look_back: int) -> tuple[list[Episode], list[Event]]:
    """Every episode of one subject, and the event of each run, in the order in which the runs were made."""
    state, events = Followed(), []
    found: dict[int, Episode] = {}
    for run, (day, seen) in enumerate(runs, start=1):
        state, event = follow(state, seen, day=day, run=run, look_back=look_back)
        events.append(event)
        if state.episode is not None:
            found[state.episode.nth] = state.episode
    return list(found.values()), events
