"""Who is followed up late: families listed without measures, leads that nobody decides, and doors at which nobody calls."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from anju.sample.columns import Flags, Ints
from anju.sample.plan import Spell, World, before, fifth_after, list_after, tenth_after
from anju.sample.timeline import day64, first_of

LISTED = (("unhelped", 0.0006, (1, 2)), ("undecided", 0.0004, (1, 2)))  # lists in which measures, or the decision, are missing
BEFORE, LONG_AGO = np.datetime64("2020-03-01", "D"), np.datetime64("2021-03-01", "D")  # of risks that are over, and that still stand
NEVER = np.datetime64("NaT")
HALF_YEAR = 6  # months
Listed = tuple[int, np.datetime64, np.datetime64, np.datetime64, bool]


def plan_following(w: World) -> None:
    """QX-01 by the monthly list, QX-02 by the visit logs: the month's, and those of half a year."""
    calm: Flags = np.ones(len(w.p.household_size), dtype=bool)
    calm[[spell.household for spell in w.spells["monitored"]]] = False
    for kind, share, lengths in LISTED:
        for spell in w.keep_up(kind, share, lengths, lambda _: calm, relapse=False):
            w.expect("QX-01", w.p.code(spell.household), "orange", list_after(spell.first), before(list_after(spell.last + 1)), kind)
    for spell in w.keep_up("not_called", 0.0006, (1, 2), lambda _: calm, relapse=False):
        w.expect("QX-02", w.p.code(spell.household), "yellow", tenth_after(spell.first), before(fifth_after(spell.last + 1)), "not called on")
    earlier = range(w.t.first - HALF_YEAR, w.t.horizon)
    for spell in w.keep_up("forgotten", 0.003, (7, 8, 9), lambda _: calm, periods=earlier, relapse=False):
        since = tenth_after(spell.first + HALF_YEAR - 1)
        w.expect("QX-02", w.p.code(spell.household), "blue", since, before(fifth_after(spell.last + 1)), "not called on for half a year")


def listed(w: World, nth: int) -> tuple[Ints, Ints, Ints, Ints, Flags]:
    """The households that the list of month `nth` holds because of this plan: with the days of the lead, the listing and the measures, and
    whether the risk is over. Each has one row in every list, so that no list shrinks."""
    rows = [_monitored(spell, LONG_AGO, over=False) for spell in w.spells["not_called"]]
    for kind, *_ in LISTED:
        rows += [_late(spell, nth) if spell.first <= nth else _monitored(spell, BEFORE, over=True) for spell in w.spells[kind]]
    who, clue, identified, measures, over = zip(*rows, strict=True)
    days = (np.array(column, dtype="datetime64[D]") for column in (clue, identified, measures))
    return np.array(who, dtype=np.int64), *days, np.array(over, dtype=bool)  # type: ignore[return-value]


def _monitored(spell: Spell, since: np.datetime64, *, over: bool) -> Listed:
    clue = since + spell.household % 90
    return spell.household, clue, clue + 11, clue + 19, over


def _late(spell: Spell, nth: int) -> Listed:
    """Its row on the list of a month: what is missing until the spell is over came in the month after."""
    clue, mended = day64(first_of(spell.first) - timedelta(days=10)), day64(first_of(spell.last + 1) + timedelta(days=5))
    missing = spell.last >= nth
    identified = clue + 11 if spell.kind == "unhelped" else NEVER if missing else mended
    return spell.household, clue, identified, NEVER if missing else mended + 5, False


def not_called_on(w: World, nth: int) -> list[int]:
    """At whose door nobody was in the month."""
    return [spell.household for kind in ("not_called", "forgotten") for spell in w.at(kind, nth)]


def called_on(w: World, nth: int) -> list[int]:
    """Who is called on in the month whatever the rounds say: who is monitored, and who is remembered before and after."""
    listed_ = [s.household for kind, *_ in LISTED for s in w.spells[kind] if s.first - 1 <= nth]
    monitored = [s.household for s in w.spells["not_called"] if not s.at(nth)]
    remembered = [s.household for s in w.spells["forgotten"] if nth in (s.first - 1, s.last + 1)]
    return sorted({*listed_, *monitored, *remembered})
