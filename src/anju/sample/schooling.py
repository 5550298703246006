"""School: the rolls (F09), weekly attendance (F10), aid and costs (F11), and what goes wrong there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from anju.sample.columns import Flags, Ints, Table, days, flags, joined, replaced, same, text, whole, yuan
from anju.sample.families import COUSIN, GIRL
from anju.sample.plan import FOREVER, Spell, World, before
from anju.sample.population import identity_numbers
from anju.sample.settlements import UNIT_CODES
from anju.sample.timeline import TERMS, Round, day64, first_of, last_of, later, month_of, term_on

STAGES = ("kindergarten", "primary", "junior", "senior")
STATUS = ("enrolled", "dropped_out")
EPOCH_MONDAY = date(1969, 12, 29)


def entry_day(term: int) -> date:
    """The day by which a child of that term's school year must be six."""
    start = TERMS[term][1]
    return date(start.year if start.month >= 8 else start.year - 1, 8, 31)


def compulsory(w: World, day: date) -> Flags:
    """Of school age on `day`: six by the last of August of the school year, and not yet sixteen."""
    return np.asarray((w.p.age(entry_day(term_on(day))) >= 6) & (w.p.age(day) < 16), dtype=bool)


def pupils(w: World, term: int) -> tuple[Ints, Ints, Ints]:
    """Who is on a roll, at which stage (index into STAGES) and in which grade."""
    start = TERMS[term][1]
    at_entry, now = w.p.age(entry_day(term)), w.p.age(start)
    later_on = w.p.student | (at_entry < 16)
    who = np.flatnonzero((at_entry >= 3) & (at_entry < 18) & ((now < 16) | later_on))
    age = at_entry[who]
    stage = np.select([age < 6, age < 12, age < 15], [0, 1, 2], default=3)
    grade = np.select([stage == 0, stage == 1, stage == 2], [age - 2, age - 5, age - 11], default=np.minimum(age - 14, 3))
    return who, stage, grade


def school_names() -> list[str]:
    """Codes of all schools: two of each stage in every unit, in the order of `school`."""
    return [f"{unit}-{stage}-{nth}" for unit in UNIT_CODES for stage in STAGES for nth in (1, 2)]


def school(unit: Ints, stage: Ints, community: Ints) -> Ints:
    return (unit * len(STAGES) + stage) * 2 + community % 2


def roll(w: World, r: Round) -> Table:
    """The roll of a term as it stood when it was sent."""
    p = w.p
    who, stage, grade = pupils(w, r.nth)
    gone = [s.person for s in w.spells.get("off_roll", ()) if s.first <= r.received.toordinal() <= s.last]
    keep = ~np.isin(who, gone)
    who, stage, grade = who[keep], stage[keep], grade[keep]
    unit = p.person_unit[who]
    taught = unit.copy()
    place = {int(person): row for row, person in enumerate(who)}
    status = np.zeros(len(who), dtype=np.int64)
    cells: dict[str, dict[int, object]] = {"grade": {}, "person_id": {}}
    faults: dict[int, str] = {}
    for spell, row in _rows(w, ("dropped_out", "blank_status", "bad_grade", "left_behind", "old_number"), r.received, place):
        match spell.kind:
            case "dropped_out":
                status[row] = 1
            case "blank_status":
                status[row] = -1
            case "bad_grade":
                cells["grade"][row], faults[row] = "三", "is not a whole number"
            case "left_behind":
                taught[row] = (unit[row] + 1) % 8
            case _:
                cells["person_id"][row], faults[row] = spell.thing, "nobody in the register has this number"
    columns = {
        "person_id": replaced(p.person_id.take(pa.array(who)), cells["person_id"]),
        "term": same(r.period, len(who)),
        "school_code": text(school_names(), school(taught, stage, p.household_community[p.person_household[who]])),
        "school_unit_code": text(UNIT_CODES, taught),
        "stage": text(STAGES, stage),
        "grade": replaced(whole(grade), cells["grade"]),
        "status": text(STATUS, status),
        "boarding": flags(stage >= 2),
        "enrolled_on": days(np.full(len(who), day64(TERMS[r.nth][1]))),
    }
    table = Table(unit, columns, person=who, faults=faults)
    return joined([table, *_second_roll(w, r)])


def _rows(w: World, kinds: Iterable[str], day: date, place: dict[int, int]) -> list[tuple[Spell, int]]:
    """Spells of days that hold on `day`, with the row of their person."""
    on = day.toordinal()
    return [(s, place[s.person]) for kind in kinds for s in w.spells.get(kind, ()) if s.first <= on <= s.last and s.person in place]


def _second_roll(w: World, r: Round) -> list[Table]:
    """A pupil of Xingren who moved from Xingyi still stands on a roll there too: a row of the other county's own."""
    chosen = w.spells.get("two_rolls", ())
    if not chosen or r.nth != 5:
        return []
    person = chosen[0].person
    unit = np.array([0])
    columns = {
        "person_id": w.p.person_id.take(pa.array([person])),
        "term": same(r.period, 1),
        "school_code": text(school_names(), school(unit, np.array([1]), np.array([0]))),
        "school_unit_code": text(UNIT_CODES, unit),
        "stage": text(STAGES, [1]),
        "grade": whole([3]),
        "status": text(STATUS, [0]),
        "boarding": flags([False]),
        "enrolled_on": days(np.array([day64(TERMS[r.nth][1])])),
    }
    return [Table(unit, columns, person=np.array([person]))]


def attendance(w: World, r: Round) -> Table:
    """Every pupil from primary school on; what comes in the holidays is a row of zeros, and counts for nothing."""
    p = w.p
    monday = EPOCH_MONDAY + timedelta(days=7 * r.nth)
    term = term_on(monday + timedelta(days=6))
    who, stage, _ = pupils(w, term)
    off = [s.person for s in w.spells.get("off_roll", ()) if s.first <= r.received.toordinal() <= s.last]
    keep = (stage > 0) & ~np.isin(who, off)
    who, stage = who[keep], stage[keep]
    place = {int(person): row for row, person in enumerate(who)}
    missed, running = np.zeros(len(who), dtype=np.int64), np.zeros(len(who), dtype=np.int64)
    for spell in [*w.at("away", r.nth), *w.at("away_long", r.nth)]:
        row = place.get(spell.person)
        if row is not None:
            running[row] = 4 if spell.kind == "away" else 8 + 5 * (r.nth - spell.first)
            missed[row] = min(5, running[row])
    taught = p.person_unit[who].copy()
    for _, row in _rows(w, ("left_behind",), r.received, place):
        taught[row] = (taught[row] + 1) % 8
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "week": same(r.period, len(who)),
        "school_code": text(school_names(), school(taught, stage, p.household_community[p.person_household[who]])),
        "absent_days_unexcused": whole(missed),
        "consecutive_absent_days": whole(running),
        "last_present_on": days(day64(monday + timedelta(days=4)) - running),
    }
    return Table(p.person_unit[who], columns, person=who)


def aid(w: World, r: Round) -> Table:
    """Aid for pupils of registered families and from the junior stage on, paid in full; what schooling cost."""
    p = w.p
    term = next(nth for nth, (name, *_) in enumerate(TERMS) if name == f"{r.period}-1")
    who, stage, _ = pupils(w, term)
    keep = (stage >= 1) & p.registered_poor[p.person_household[who]]
    who, stage = who[keep], stage[keep]
    entitled = np.array([0, 100_000, 125_000, 200_000])[stage]
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "school_year": same(r.period, len(who)),
        "stage": text(STAGES, stage),
        "self_paid_amount": yuan(np.array([0, 20_000, 40_000, 280_000])[stage] + who % 7 * 10_000),
        "aid_entitled": yuan(entitled),
        "aid_paid": yuan(entitled),
        "aid_due_on": days(np.full(len(who), day64(entry_day(term) + timedelta(days=100)))),
    }
    return Table(p.person_unit[who], columns, person=who)


def aid_rounds(w: World) -> list[Round]:
    """Once a school year, in mid-October."""
    years = [(name[:9], start.year, nth) for nth, (name, start, _) in enumerate(TERMS) if name.endswith("-1")]
    return [Round(name, date(year, 10, 15), nth) for name, year, nth in years]


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_schooling(w: World) -> None:
    """Dropping out, being away, gaps in the roll, schooling left behind. Spells of the roll are counted in days."""
    for kind, share, lengths in (
        ("dropped_out", 0.0008, (1, 2, 3)), ("off_roll", 0.0008, (1, 2)), ("blank_status", 0.0004, (1, 2)),
        ("bad_grade", 0.0004, (1,)), ("left_behind", 0.0006, (2, 3, 4)),
    ):  # fmt: skip
        months = w.keep_up(kind, share, lengths, lambda m: _has_pupil(w, m))
        w.spells[kind] = [_in_days(w, spell) for spell in months]
        for spell in w.spells[kind]:
            _expect_roll(w, spell)
    _away(w)
    _stories(w)


def _eligible(w: World, month: int) -> Flags:
    """Children of school age, at primary or junior school, for half a year from the month on."""

    def asked() -> Flags:
        child = compulsory(w, first_of(month)) & compulsory(w, later(first_of(month), 7))
        return child & (w.p.age(entry_day(term_on(last_of(month)))) < 13)

    return w.once("pupil", month, asked)


def _has_pupil(w: World, month: int) -> Flags:
    """Households with such a child."""
    return w.once("has pupil", month, lambda: np.bincount(w.p.person_household, _eligible(w, month), len(w.p.household_size)) > 0)


def _child(w: World, household: int, month: int) -> int:
    child = _eligible(w, month)
    return next(m for m in w.p.members(household) if child[m])


def _in_days(w: World, spell: Spell) -> Spell:
    """The spell by ordinals of days, as the roll is a state on the day it is sent."""
    person = _child(w, spell.household, spell.first)
    return Spell(spell.kind, first_of(spell.first).toordinal(), last_of(spell.last).toordinal(), spell.household, person, spell.thing)


def _seen(w: World, spell: Spell) -> tuple[date, date] | None:
    """From the first roll sent within the spell until the day before the first one sent after it."""
    sent = [r.received for r in w.t.rolls()]
    within = [day for day in sent if spell.first <= day.toordinal() <= spell.last]
    if not within:
        return None
    after = [day for day in sent if day.toordinal() > spell.last]
    return within[0], before(after[0]) if after else FOREVER


def _expect_roll(w: World, spell: Spell) -> None:
    seen = _seen(w, spell)
    if seen is None:
        return
    who = w.p.identity(spell.person)
    match spell.kind:
        case "dropped_out" | "off_roll":
            w.expect("ED-01", who, "red", *seen, spell.kind)
        case "left_behind":
            w.expect("ED-03", who, "orange", *seen, spell.kind)
        case "blank_status":
            w.unknown("ED-01", who, *seen, spell.kind)
        case _:  # without the roll row nobody knows the school either
            w.unknown("ED-01", who, *seen, spell.kind)
            w.unknown("ED-03", who, *seen, spell.kind)


def _away(w: World) -> None:
    """Enrolled but away: seven school days and more is red, three to six orange. Counted in school weeks, so that it lasts through holidays."""
    weeks = [r for r in w.t.weeks() if any(start <= r.received - timedelta(days=3) and r.received - timedelta(days=7) <= stop
                                           for _, start, stop in TERMS)]  # fmt: skip
    span = range(weeks[0].nth, weeks[-1].nth + 1)
    school = {r.nth for r in weeks}
    received = {r.nth: r.received for r in weeks}

    def wanted(week: int) -> Flags:
        if not {week, week + 1} <= school:
            return np.zeros(len(w.p.household_size), dtype=bool)
        return _has_pupil(w, month_of(EPOCH_MONDAY + timedelta(days=7 * week)))

    for kind, level, lengths in (("away", "orange", (1,)), ("away_long", "red", (1, 2))):
        found = w.keep_up(kind, 0.0006, lengths, wanted, periods=span, relapse=False)
        w.spells[kind] = []
        for spell in found:
            person = _child(w, spell.household, month_of(EPOCH_MONDAY + timedelta(days=7 * spell.first)))
            w.add(Spell(kind, spell.first, spell.last, spell.household, person))
            after = min((day for nth, day in received.items() if nth > spell.last), default=FOREVER)
            w.expect("ED-01", w.p.identity(person), level, received[spell.first], before(after), kind)


def _stories(w: World) -> None:
    """A girl who moved across the county line and is on no roll until her new school has taken her in; away again before the winter. Her
    cousin's roll row bears an old county's number until the school sends it anew."""
    start, mended = TERMS[5][1], date(2023, 10, 7)
    girl = w.p.members(w.p.stories[GIRL.code])[2]
    spell = w.add(Spell("off_roll", start.toordinal(), mended.toordinal(), w.p.stories[GIRL.code], girl))
    seen = _seen(w, spell)
    assert seen is not None
    w.expect("ED-01", w.p.identity(girl), "red", *seen, "story: girl")
    cousin = w.p.members(w.p.stories[COUSIN.code])[2]
    # a county code that no card bears with such a day of birth: Xingren has been a city since 2018
    old = identity_numbers(np.array(["2019-03-12"], dtype="datetime64[D]"), np.array([992]), "522322")[0].as_py()
    spell = w.add(Spell("old_number", start.toordinal(), mended.toordinal(), w.p.stories[COUSIN.code], cousin, old))
    w.expect("ED-01", w.p.identity(cousin), "red", *seen, "story: cousin")
    first = (date(2023, 12, 11) - EPOCH_MONDAY).days // 7
    again = w.add(Spell("away_long", first, first + 1, w.p.stories[GIRL.code], girl))
    back = EPOCH_MONDAY + timedelta(days=7 * (again.last + 2))
    w.expect("ED-01", w.p.identity(girl), "red", EPOCH_MONDAY + timedelta(days=7 * (first + 1)), before(back), "story: away again")
