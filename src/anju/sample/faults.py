"""The dirt of real deliveries (domain facts 4.4), added as rows of their own so that no judgement changes.

Each fault is one more row that intake must set aside (or count as an identical duplicate), with how many it expects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anju.sample.facts import Table
from anju.sample.population import UNITS
from anju.sample.troubles import World

STRANGER = "522300198001010034"  # a valid number of nobody in the register
BROKEN = "522300199001010019"  # its check digit should be 8


@dataclass(frozen=True, slots=True, order=True)
class ExpectedRefusal:
    """`rows` of the file of this feed, office and period are set aside."""

    feed: str
    unit: str
    period: str
    rows: int
    why: str


def add_faults(world: World) -> list[ExpectedRefusal]:
    """Appends faulty copies of rows; the originals stay as they are. Where the faulty row names somebody we know,
    what that feed says of them is not known any more, and the family's costs cannot be judged."""
    feeds = world.feeds
    found = [
        _add(feeds, "F13", 0, "wrong check digit", person_id=BROKEN),
        _add(feeds, "F13", 1, "nobody in the register", person_id=STRANGER),
        _add(feeds, "F16", 2, "a number written as a word", person_id=STRANGER, monthly_wage="三千"),
        _add(feeds, "F14", 3, "a day that does not exist", settlement_id="Z000001", settled_on="2023-02-30"),
        _add(feeds, "F14", 4, "a negative amount", settlement_id="Z000002", self_paid="-12.00"),
        _add(feeds, "F16", 5, "identity number in scientific notation", person_id="5.223E+17"),
        _add(feeds, "F06", 0, "a code outside the list", unit_code="D9999999", in_use="maybe"),
    ]
    p = world.p
    bills = feeds["F14"]
    for fault in ("Z000001", "Z000002"):
        person = int(bills["_person"][np.flatnonzero(bills["settlement_id"] == fault)[0]])
        household = str(p.household_code[p.person_household[person]])
        known = [e for e in world.expected if e.standard == "MH-02" and e.subject == household]
        if not known:
            world.expect("MH-02", household, "unknown")
    return sorted(found)


def _add(feeds: dict[str, Table], feed: str, unit: int, why: str, **cells: str) -> ExpectedRefusal:
    """One more row in the last period's file of `unit`, a copy of that file's first row with `cells` replaced."""
    table = feeds[feed]
    period = np.unique(table["_period"])[-1]
    model = int(np.flatnonzero((table["_unit"] == unit) & (table["_period"] == period))[0])
    for name, column in table.items():
        value = column[model]
        if name in cells:
            text = cells[name]
            if column.dtype.kind == "i":  # a word among numbers turns the whole column into text, as in a CSV
                column = _as_text(name, column)
            table[name] = np.concatenate([column, np.array([text])])
        else:
            table[name] = np.concatenate([column, np.array([value])])
    return ExpectedRefusal(feed, UNITS[unit][0], str(period), 1, why)


MONEY = frozenset({"monthly_wage", "self_paid"})


def _as_text(name: str, column: np.ndarray) -> np.ndarray:
    if name not in MONEY:
        return column.astype(str)
    return np.char.add(np.char.add(np.char.mod("%d", column // 100), "."), np.char.mod("%02d", column % 100))
