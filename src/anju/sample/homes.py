"""Homes: dwellings (F04), defects (F05), use of water and power (F06), water supply (F07), property service (F08)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from anju.sample.columns import Flags, Ints, Table, days, flags, numbered, replaced, same, text, whole, yuan
from anju.sample.families import LATE_COMMUNITY, WATER_COMMUNITY
from anju.sample.plan import FOREVER, Spell, World, before, fifth_after, list_after, tenth_after
from anju.sample.timeline import Round, day64, first_of, last_of, later
from anju.sample.work import AWAY

DEFECTS = ("leak", "crack", "elevator", "wiring", "wall", "drain")
UNMENDED = (("minor_defect", "yellow", 0.0004), ("major_defect", "orange", 0.0003), ("unsafe_home", "red", 0.0002))  # by gravity
OUTAGE_DAY = 25  # a visit that finds a family gone is made before this day of the month


def dwelling_codes(w: World) -> pa.Array:
    return numbered("D", np.arange(1, len(w.p.household_size) + 1), 7)


def dwelling(household: int) -> str:
    return f"D{household + 1:07d}"


def communities(w: World) -> pa.Array:
    return pa.array(w.p.community_code)


def dwellings(w: World, r: Round) -> Table:
    p = w.p
    n = len(p.household_size)
    columns = {
        "unit_code": dwelling_codes(w),
        "household_code": p.household_code,
        "dest_community_code": communities(w).take(pa.array(p.household_community)),
        "area_m2": whole(np.minimum(140, 20 * p.household_size + 5)),
        "delivered_on": days(p.move_in),
        "certificate_no": numbered("522300-", np.arange(1, n + 1), 7),
        "certificate_on": days(p.move_in + 120),
        "maintenance_fund_balance": yuan(np.full(n, 180_000)),
        "occupancy_status": same("occupied", n),
        "last_occupied_on": days(np.full(n, day64(last_of(r.nth)))),
        "old_house_demolished": flags(np.ones(n, dtype=bool)),
    }
    return Table(p.household_unit, columns, household=np.arange(n))


def defects(w: World, r: Round) -> Table:
    """What was reported in the last six months, mended within ten days, and what is left unmended."""
    p = w.p
    parts = []
    for month in range(r.nth - 5, r.nth + 1):
        rng = w.rng("F05", month)
        count = max(27, round(len(p.sex) * 0.00266))
        home = (np.arange(count) * len(p.household_size) + month * 7) // count % len(p.household_size)
        on = day64(first_of(month)) + rng.integers(0, last_of(month).day - 10, count)
        parts.append((np.full(count, month), np.arange(count), home, on))
    months, serial, home, on = (np.concatenate([part[k] for part in parts]) for k in range(4))
    grave, mended = (home % 9 == 0).astype(np.int64), on + 2 + home % 8
    for nth, (kind, _, _) in enumerate(UNMENDED):
        spells = w.at(kind, r.nth)
        more = np.array([s.household for s in spells], dtype=np.int64)
        first = np.array([s.first for s in spells], dtype=np.int64)
        months, serial, home = np.append(months, first), np.append(serial, 5_000 + 500 * nth + np.arange(len(more))), np.append(home, more)
        on = np.append(on, np.array([day64(first_of(month)) for month in first], dtype="datetime64[D]"))
        grave, mended = np.append(grave, np.full(len(more), nth)), np.append(mended, np.full(len(more), np.datetime64("NaT")))
    columns = {
        "issue_id": numbered("Q", months * 10_000 + serial, 10),
        "unit_code": dwelling_codes(w).take(pa.array(home)),
        "dest_community_code": communities(w).take(pa.array(p.household_community[home])),
        "danger_grade": text(("A",), np.where(home % 3 == 0, 0, -1)),
        "defect_type": text(DEFECTS, home % len(DEFECTS)),
        "severity": text(("minor", "major", "critical"), grave),
        "reported_on": days(on),
        "repaired_on": days(mended),
    }
    return Table(p.household_unit[home], columns, household=home)


def use(w: World, r: Round) -> Table:
    """Whether a home was in use, by the utility's own test. Where a meter was changed it cannot say: the cell is empty."""
    p = w.p
    n = len(p.household_size)
    used = np.ones(n, dtype=bool)
    used[[s.household for s in [*w.at("empty", r.nth), *w.at("empty_long", r.nth)]]] = False
    cells: dict[int, None] = {s.household: None for s in w.at("new_meter", r.nth)}
    columns = {
        "unit_code": dwelling_codes(w),
        "month": same(r.period, n),
        "in_use": replaced(flags(used), cells),
        "arrears_amount": yuan(np.zeros(n, dtype=np.int64)),
        "arrears_months": whole(np.zeros(n)),
    }
    return Table(p.household_unit, columns, household=np.arange(n))


def supply(w: World, r: Round) -> Table:
    p = w.p
    n = len(p.community_code)
    longest, total, failed = ["4.5"] * n, ["9.0"] * n, np.zeros(n, dtype=np.int64)
    for spell in w.at("bad_sample", r.nth):
        failed[int(spell.thing)] = 2
    for spell in w.at("long_outage", r.nth):
        longest[int(spell.thing)], total[int(spell.thing)] = "31.5", "40.0"
    for spell in w.at("many_outages", r.nth):
        total[int(spell.thing)] = "55.0"
    here = np.ones(n, dtype=bool)
    here[[int(s.thing) for s in w.at("late_report", r.nth)]] = False
    keep = np.flatnonzero(here)
    residents = np.bincount(p.household_community[p.person_household], minlength=n)
    columns = {
        "dest_community_code": communities(w).take(pa.array(keep)),
        "month": same(r.period, len(keep)),
        "outage_hours_max": pa.array(longest).take(pa.array(keep)),
        "outage_hours_total": pa.array(total).take(pa.array(keep)),
        "samples": whole(np.full(len(keep), 4)),
        "samples_failed": whole(failed[keep]),
        "persons_affected": whole(residents[keep]),
    }
    return Table(p.community_unit[keep], columns)


def property_service(w: World, r: Round) -> Table:
    n = len(w.p.community_code)
    nth = np.arange(n)
    columns = {
        "dest_community_code": communities(w),
        "month": same(r.period, n),
        "fee_collection_rate": text(("0.82", "0.88", "0.93"), (nth + r.nth) % 3),
        "elevators": whole(4 + nth % 20),
        "elevator_fault_hours": text(("0.0", "6.5", "12.0"), (nth + r.nth) % 3),
        "fire_hazards_open": whole(((nth + r.nth) % 9 == 0).astype(np.int64)),
        "fire_hazard_oldest_days": whole(np.where((nth + r.nth) % 9 == 0, 4, 0)),
        "contract_valid": flags(np.ones(n, dtype=bool)),
    }
    return Table(w.p.community_unit, columns)


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_homes(w: World) -> None:
    _unmended(w)
    _empty_homes(w)
    _gone_back(w)
    _water(w)


def nobody_away(w: World) -> Flags:
    """Households of whom nobody works or studies elsewhere."""
    p = w.p
    away = (np.isin(p.mode, AWAY) & (p.capacity == 0) & (p.age(p.day) >= 15)) | (p.student & (p.age(p.day) >= 18))
    found: Flags = np.bincount(p.person_household, away, len(p.household_size)) == 0
    return found


def resident_status(w: World) -> Ints:
    """0 at home, 1 away at work, 2 away to study: as the register has it, which follows slowly."""
    p = w.p
    worker = np.isin(p.mode, AWAY) & p.labour(p.day)
    scholar = p.student & (p.age(p.day) >= 18)
    return np.where(worker, 1, np.where(scholar, 2, 0)).astype(np.int64)


def _unmended(w: World) -> None:
    """Reported on the first of a month, and on the list of defects from the next until somebody comes."""
    anybody = np.ones(len(w.p.household_size), dtype=bool)
    for kind, level, share in UNMENDED:
        for spell in w.keep_up(kind, share, (2, 3), lambda _: anybody, relapse=False):
            w.expect("HS-02", dwelling(spell.household), level, list_after(spell.first), before(list_after(spell.last + 1)), kind)


def _empty_homes(w: World) -> None:
    """Neither water nor power used, nobody away: from the third month on yellow, from the sixth on orange."""
    here = nobody_away(w)
    for kind, share, lengths in (("empty", 0.0012, (4, 5)), ("empty_long", 0.001, (7, 8, 9))):
        for spell in w.keep_up(kind, share, lengths, lambda _: here, relapse=False):
            code, end = w.p.code(spell.household), before(tenth_after(spell.last + 1))
            orange = tenth_after(spell.first + 5)
            w.expect("HS-03", code, "yellow", tenth_after(spell.first + 2), min(end, before(orange)), kind)
            w.expect("HS-03", code, "orange", orange, end, kind)


def _gone_back(w: World) -> None:
    """Families who went back: some have long been written off as moved back, others are found gone on a visit."""
    p, here = w.p, nobody_away(w)
    for household in w.draw(max(1, round(len(p.household_size) * 0.0002)), here):
        w.status[household] = "moved_back"
        w.expect("HS-03", p.code(household), "red", first_of(w.t.first), FOREVER, "moved back")
    for spell in w.keep_up("found_gone", 0.00005, (1,), lambda _: here, least=1, relapse=False):
        seen = visit_day(spell)
        w.expect("HS-03", p.code(spell.household), "red", fifth_after(spell.first), before(later(seen, 6)), "found gone")


def visit_day(spell: Spell) -> date:
    return first_of(spell.first) + timedelta(days=spell.household % (OUTAGE_DAY - 1))


def _water(w: World) -> None:
    """Every month a sample fails somewhere, water stays away somewhere, and one report is late; and the story's site."""
    p, t = w.p, w.t
    story, late = p.community(*WATER_COMMUNITY), p.community(*LATE_COMMUNITY)
    free = [n for n in range(len(p.community_code)) if not p.community_told[n] and n not in (story, late)]
    # of a short report without two settlements, or of two without one, too much is missing: it would be held
    size = np.bincount(p.community_unit)[p.community_unit]
    long = [n for n in free if size[n] >= 5 and p.community_unit[n] != p.community_unit[late]]
    kinds = (("bad_sample", "red", 0), ("long_outage", "orange", 17), ("many_outages", "yellow", 31))
    for month in range(t.first, t.horizon):
        turn = (month - t.first) * 5
        chosen = [free[(turn + offset) % len(free)] for *_, offset in kinds]
        unsent = next(n for n in long[turn % len(long) :] + long if n not in chosen)
        for (kind, level, _), community in zip(kinds, chosen, strict=True):
            _expect_water(w, w.add(Spell(kind, month, month, thing=str(community))), level, kind)
        _expect_water(w, w.add(Spell("late_report", month, month, thing=str(unsent))), "", "late_report")
    _expect_water(w, w.add(Spell("bad_sample", t.last, t.last, thing=str(story))), "red", "story: water")
    _expect_water(w, w.add(Spell("late_report", t.last, t.last, thing=str(late))), "", "story: late report")


def _expect_water(w: World, spell: Spell, level: str, why: str) -> None:
    code = w.p.community_code[int(spell.thing)]
    since, until = tenth_after(spell.first), before(tenth_after(spell.last + 1))
    if level:
        w.expect("HS-04", code, level, since, until, why)
    else:
        w.unknown("HS-04", code, since, until, why)


def new_meters(w: World) -> None:
    """A new meter counts from nought, so the month's use comes out negative: the utility cannot say whether the home was used."""
    for household in w.draw(2, nobody_away(w)):
        spell = w.add(Spell("new_meter", w.t.last, w.t.last, household))
        w.unknown("HS-03", w.p.code(household), tenth_after(spell.first), before(tenth_after(spell.first + 1)), "new meter")
