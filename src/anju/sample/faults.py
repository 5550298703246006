"""The dirt of real deliveries, added to files that would otherwise be right: who sends what late, twice or wrongly.

Rows that intake must set aside are copies of good ones, so that no judgement changes unless it is noted here.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anju.sample.columns import Table, joined, replaced
from anju.sample.health import LATE_UNIT
from anju.sample.homes import new_meters
from anju.sample.plan import FOREVER, Spell, World, before, fifth_after, tenth_after
from anju.sample.schooling import compulsory
from anju.sample.settlements import UNIT_CODES
from anju.sample.timeline import TERMS, Round, first_of, last_of, month_text
from anju.sample.work import workshop_code, workshop_communities

STRANGER = "52230019800101003X"  # a valid number of nobody in the register
BROKEN = "522300199001010019"  # its check digit should be 8
NOBODY = "nobody in the register has this number"
NEW_PLACE = "522325004999"  # split off from a settlement; the programme's list of places does not have it yet
FEN_UNIT, HELD_UNIT, TWICE_UNIT = "522325", "522327", "522301"
HELD_ON = date(2023, 9, 20)
EXTRA = {  # feed -> (unit, cells, reason) of the last month's rows that must be set aside
    "F13": ((0, {"person_id": BROKEN}, "check digit"), (1, {"person_id": STRANGER}, NOBODY)),
    "F16": ((2, {"person_id": STRANGER, "monthly_wage": "三千"}, "is not an exact amount"),
            (5, {"person_id": "5.223E+17"}, "turned the number into a figure")),
    "F06": ((0, {"unit_code": "D9999999", "in_use": "maybe"}, "is neither yes nor no"),),
    "F07": ((4, {"dest_community_code": NEW_PLACE}, "no place of this code"),),
}  # fmt: skip


def plan_faults(w: World) -> None:
    """What the faults below do to a judgement."""
    p, last = w.p, w.t.last
    adult = np.bincount(p.person_household, p.age(p.day) >= 30, len(p.household_size)) > 0
    for unit, name, cells, why in (
        (3, "Z000001", {"settled_on": "2023-02-30"}, "is not a day"),
        (4, "Z000002", {"self_paid": "-12.00"}, "is less than 0"),
    ):
        household = w.draw(1, adult & (p.household_unit == unit))[0]
        w.add(
            Spell(
                "bad_bill",
                last,
                last,
                household,
                int(p.household_first[household]),
                f"{name}|{next(iter(cells))}|{next(iter(cells.values()))}|{why}",
            )
        )
        w.unknown("MH-02", p.code(household), fifth_after(last), FOREVER if unit == 3 else date(last // 12, 12, 31), why)
    new_meters(w)
    lost = p.community_unit[workshop_communities(w)] == UNIT_CODES.index(LATE_UNIT)
    for nth in np.flatnonzero(lost):  # the missing month
        w.unknown("EM-05", workshop_code(int(nth)), _due(last), before(fifth_after(last + 1)), "missing month")
    w.expect("MW-01", f"F19|{LATE_UNIT}|{month_text(last)}", "yellow", date(2023, 9, 13), date(2023, 9, 22), "missing month")
    w.expect("MW-01", f"F19|{LATE_UNIT}|{month_text(last)}", "orange", date(2023, 9, 25), date(2023, 10, 9), "missing month")
    until = before(tenth_after(last + 1))
    w.expect("MW-01", f"F07|522325|{month_text(last)}", "yellow", tenth_after(last), until, "a settlement split off")
    mine = compulsory(w, TERMS[5][1]) & (p.person_unit == 1) & (p.age(p.day) < 11)
    has = np.bincount(p.person_household, mine, len(p.household_size)) > 0
    for household in w.draw(1, has):
        person = next(m for m in p.members(household) if mine[m])
        w.add(Spell("two_rolls", 0, 0, household, person))
    covered = np.bincount(p.person_household, p.age(first_of(w.t.first)) >= 18, len(p.household_size)) > 0
    for household in w.draw(2, covered & (p.household_unit == 5)):
        w.add(Spell("insured_elsewhere", 0, 0, household, int(p.household_first[household])))


def _due(month: int) -> date:
    return last_of(month) + timedelta(days=10)


def spoil(w: World, feed: str, r: Round, table: Table) -> Table:
    """The table with the rows that are wrong on purpose, and those of people whom the register could not take."""
    if table.person is not None and w.unregistered and "person_id" in table.columns:
        for nth in np.flatnonzero(np.isin(table.person, list(w.unregistered))):
            table.faults.setdefault(int(nth), NOBODY)
    if r.nth != w.t.last:
        return table
    parts = [table]
    for unit, cells, why in EXTRA.get(feed, ()):
        parts.append(_copy(table, _first(table, unit), cells, why))
    if feed == "F14":
        for spell in w.spells["bad_bill"]:
            name, column, cell, why = spell.thing.split("|")
            row = _first(table, int(w.p.household_unit[spell.household]))
            parts.append(_copy(table, row, {"settlement_id": name, "person_id": w.p.identity(spell.person), column: cell}, why))
    return joined(parts)


def _first(table: Table, unit: int) -> int:
    return int(np.flatnonzero(table.unit == unit)[0])


def _copy(table: Table, row: int, cells: dict[str, str], why: str) -> Table:
    one = pa.array([row])
    columns = {name: column.take(one) for name, column in table.columns.items()}
    for name, cell in cells.items():
        columns[name] = replaced(columns[name], {0: cell})

    def kept(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.array([-1])

    return Table(table.unit[[row]], columns, kept(table.person), kept(table.household), {0: why})


def in_fen(table: Table) -> Table:
    """An office that writes wages in fen: more than anybody earns, and set aside for it."""
    mine = np.flatnonzero(table.unit == UNIT_CODES.index(FEN_UNIT))
    rows = pa.array(mine)
    columns = {name: column.take(rows) for name, column in table.columns.items()}
    wages = pc.multiply(columns["monthly_wage"], pa.scalar(100))
    columns["monthly_wage"] = wages
    earning = np.flatnonzero(np.array(wages.to_pylist()) > 0)
    return Table(table.unit[mine], columns, table.person[mine] if table.person is not None else None, None,
                 {int(row): "is more than" for row in earning})  # fmt: skip


def shrunken(table: Table) -> Table:
    """A roll from which every fifth pupil of one office is missing: held for its owner's word."""
    mine = np.flatnonzero(table.unit == UNIT_CODES.index(HELD_UNIT))
    mine = mine[np.arange(len(mine)) % 5 != 0]
    columns = {name: column.take(pa.array(mine)) for name, column in table.columns.items()}
    again = {int(k): table.faults[int(row)] for k, row in enumerate(mine) if int(row) in table.faults}
    return Table(table.unit[mine], columns, table.person[mine] if table.person is not None else None, None, again)


def silent(w: World, feed: str, r: Round) -> tuple[str, ...]:
    """The offices that send nothing for this round when it is due."""
    if feed == "F13" and r.nth in (w.t.last, w.t.last + 1):
        return (LATE_UNIT,)  # sent together on the day of `late_until`
    if feed == "F19" and r.nth == w.t.last:
        return (LATE_UNIT,)
    return ()
