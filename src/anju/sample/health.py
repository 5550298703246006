"""Health: medical insurance (F13), bills (F14), health records (F15), and what goes wrong there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from anju.sample.columns import Flags, Table, days, flags, numbered, same, text, whole, yuan
from anju.sample.families import ILLNESS
from anju.sample.plan import Spell, World, before, fifth_after, list_after
from anju.sample.settlements import COUNTIES, UNIT_CODES
from anju.sample.timeline import Round, day64, first_of, in_month, last_of, later, month_of, month_text

LATE_UNIT = "YILONG"  # its insurance list of the last month comes late
CLOSED = 3  # the month from which a year's enrolment has closed
STALE_AFTER = 45  # days a list stays fresh
CHRONIC = ("hypertension", "diabetes", "hypertension;diabetes", "tb")


def insurance(w: World, r: Round) -> Table:
    """Everybody who lives, for the latest year whose enrolment has closed: it closes with February."""
    p, month = w.p, r.nth
    year = r.received.year - (r.received.month < CLOSED)
    gone = [person for person, on in w.dead.items() if on <= r.received]
    born = p.birth <= day64(r.received)
    born[gone] = False
    who = np.flatnonzero(born)
    insured = np.ones(len(p.sex), dtype=bool)
    insured[[s.person for s in w.at("uninsured", month)]] = False
    area = p.person_unit.copy()
    area[[s.person for s in w.spells.get("insured_elsewhere", ())]] = 0
    poor = p.registered_poor[p.person_household[who]]
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "year": whole(np.full(len(who), year)),
        "insured": flags(insured[who]),
        "insured_type": same("resident", len(who)),
        "insured_area_code": text(COUNTIES, area[who]),
        "subsidised_amount": yuan(np.where(poor, 18_000, 0)),
        "paid_on": days(np.where(insured[who], np.datetime64(f"{year - 1}-12-02"), np.datetime64("NaT"))),
    }
    return Table(p.person_unit[who], columns, person=who)


def insurance_rounds(w: World) -> list[Round]:
    """With the other lists; the first of a new year of cover comes on the day after its enrolment has closed."""
    return [replace(r, received=listed_on(r.nth)) for r in w.t.lists()]


def listed_on(month: int) -> date:
    """The day on which the list that speaks of `month` arrives."""
    return first_of(month + 1) if (month + 1) % 12 + 1 == CLOSED else list_after(month)


def bills(w: World, r: Round) -> Table:
    """What was settled in the month: every household has a stay in hospital about every fifteen months, outpatient
    visits besides. Before the first month of the sample only the stays, as the year's costs are counted from January."""
    p, month = w.p, r.nth
    rng = w.rng("F14", r.period)
    reserved = p.household_story.copy()
    reserved[[s.household for s in w.spells.get("bad_bill", ())]] = True
    alive = p.birth < day64(first_of(month))
    alive[list(w.dead)] = False
    households = np.flatnonzero((np.arange(len(p.household_size)) * 7 + month) % 15 == 0)
    households = households[~reserved[households]]
    stay = p.household_first[households] + month % p.household_size[households]
    stay = stay[alive[stay]]
    visits = np.zeros(0, dtype=np.int64)
    if month >= w.t.first:
        visits = rng.integers(0, len(p.sex), round(len(p.sex) * 0.41))
        visits = visits[alive[visits] & ~reserved[p.person_household[visits]]]
    who = np.concatenate([stay, visits])
    inpatient = np.arange(len(who)) < len(stay)
    on = day64(first_of(month)) + rng.integers(0, last_of(month).day, len(who))
    total = np.where(inpatient, rng.integers(120_000, 900_000, len(who)), rng.integers(2_000, 30_000, len(who)))
    own = np.where(inpatient, np.minimum(total * rng.integers(8, 20, len(who)) // 100, 280_000), total * 30 // 100)
    large = [s for s in [*w.at("large_bill", month), *w.at("crushing_bill", month), *w.at("story_bill", month)] if s.first == month]
    if large:
        n = len(large)
        who = np.concatenate([who, [s.person for s in large]])
        inpatient = np.concatenate([inpatient, np.ones(n, dtype=bool)])
        on = np.concatenate([on, np.full(n, day64(first_of(month)) + 11)])
        mine = np.array([int(s.thing) for s in large])
        total, own = np.concatenate([total, mine + 300_000]), np.concatenate([own, mine])
    shared = total - own
    columns = {
        "settlement_id": numbered(f"S{r.period.replace('-', '')}", np.arange(len(who)), 6),
        "person_id": p.person_id.take(pa.array(who)),
        "visit_type": text(("outpatient", "inpatient"), inpatient.astype(np.int64)),
        "admitted_on": days(np.where(inpatient, on - 6, on)),
        "discharged_on": days(on),
        "settled_on": days(on),
        "total_cost": yuan(total),
        "basic_paid": yuan(shared * 85 // 100),
        "critical_illness_paid": yuan(np.zeros(len(who), dtype=np.int64)),
        "assistance_paid": yuan(shared - shared * 85 // 100),
        "self_paid": yuan(own),
        "disease_code": text(("J06.9", "J18.9"), inpatient.astype(np.int64)),
        "hospital_code": numbered("H", who % 70, 3),
    }
    return Table(p.person_unit[who], columns, person=who)


def bill_rounds(w: World) -> list[Round]:
    """From January of the year in which the sample begins."""
    return w.t.monthly(5, lead=w.t.first % 12)


def records(w: World, r: Round) -> Table:
    """A record for everybody: one in eight has a chronic disease, signed and seen within the last two months."""
    p = w.p
    who = np.flatnonzero(p.birth <= day64(r.received))
    age = p.age(r.received)[who]
    chronic = (age >= 18) & ((who * 11) % 100 < np.where(age >= 60, 45, 9))
    severe = (who * 13 + r.nth) % 8_000 == 0  # found within the month: 0.15 % a year
    n = len(who)
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "family_doctor_signed": flags(np.ones(n, dtype=bool)),
        "sign_year": whole(np.full(n, r.received.year)),
        "chronic_codes": text(CHRONIC, np.where(chronic, who % len(CHRONIC), -1)),
        "last_followup_on": days(np.where(chronic, day64(r.received) - 5 - who % 40, np.datetime64("NaT"))),
        "severe_disease_code": text(("C50",), np.where(severe, 0, -1)),
        "severe_disease_on": days(np.where(severe, day64(r.received) - 4, np.datetime64("NaT"))),
        "vaccine_overdue_days": whole(np.zeros(n), missing=age >= 8),
        "mental_risk_level": whole(np.zeros(n)),
        "pregnancy_risk": same("none", n),
    }
    return Table(p.person_unit[who], columns, person=who)


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_health(w: World) -> None:
    _uninsured(w)
    _large_bills(w)
    _late_list(w)


def _uninsured(w: World) -> None:
    """Not insured: worse for families on the poverty register. The last member of the household it is."""
    p = w.p
    late = p.household_unit == UNIT_CODES.index(LATE_UNIT)
    supported = np.zeros(len(p.household_size), dtype=bool)
    for kind in ("dibao", "monitored"):
        supported[[s.household for s in w.spells.get(kind, ())]] = True
    last = p.household_first + p.household_size - 1
    old = p.birth[last] < day64(later(first_of(w.t.first), -1))
    found = w.keep_up("uninsured", 0.0013, (1, 2, 3), lambda _: ~late & ~supported & old)
    w.spells["uninsured"] = []
    for spell in found:
        person = p.members(spell.household)[-1]
        w.add(Spell("uninsured", spell.first, spell.last, spell.household, person))
        level = "red" if p.registered_poor[spell.household] else "orange"
        w.expect("MH-01", p.identity(person), level, listed_on(spell.first), before(listed_on(spell.last + 1)), "uninsured")


def _large_bills(w: World) -> None:
    """Stays in hospital that the family paid itself, above the line for its register, until the year is over."""
    p = w.p
    adult = np.asarray(p.age(first_of(w.t.first))[p.household_first] >= 18, dtype=bool)
    poor: Flags = p.registered_poor & (p.household_size >= 3) & adult
    for kind, fen, level, share in (("large_bill", 750_000, "orange", 0.0011), ("crushing_bill", 6_200_000, "red", 0.0004)):
        found = w.keep_up(kind, share / 2, (4,), lambda _: poor, relapse=False)  # a new one every fourth month, each seen till the year ends
        w.spells[kind] = []
        for spell in found:
            add_bill(w, Spell(kind, spell.first, spell.first, spell.household, int(p.household_first[spell.household]), str(fen)), level)
    family = p.stories[ILLNESS.code]
    story = Spell("story_bill", month_of(date(2023, 6, 1)), month_of(date(2023, 6, 1)), family, p.members(family)[0], "6850000")
    add_bill(w, story, "red")


def add_bill(w: World, spell: Spell, level: str) -> None:
    w.add(spell)
    year_end = date(spell.first // 12, 12, 31)
    w.expect("MH-02", w.p.code(spell.household), level, fifth_after(spell.first), year_end, spell.kind)


def late_until(w: World) -> date:
    """The day on which the late office sends its lists of the last month and of the next one."""
    return in_month(w.t.last + 2, 9)


def _late_list(w: World) -> None:
    """One office does not send its list of the last month in time: its people cannot be judged, and nobody is red."""
    p, last = w.p, w.t.last
    stale = listed_on(last - 1) + timedelta(days=STALE_AFTER)
    for person in np.flatnonzero((p.person_unit == UNIT_CODES.index(LATE_UNIT)) & (p.birth <= day64(p.day))):
        if int(person) not in w.dead:
            w.unknown("MH-01", p.identity(int(person)), stale, before(late_until(w)), "late list")
    key = f"F13|{LATE_UNIT}|{month_text(last)}"
    # expected on 5 September 2023: more than two working days on the 8th, more than ten on the 20th
    w.expect("MW-01", key, "yellow", date(2023, 9, 8), date(2023, 9, 19), "late list")
    w.expect("MW-01", key, "orange", date(2023, 9, 20), date(2023, 10, 4), "late list")
