"""Life in the settlements: facilities (F12), incidents (F24), disputes (F28), visits (F29), culture (F30), staff (F31),
requests (F32), surveys (F33) and projects (F38)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anju.sample.columns import Ints, Table, days, empty, flags, joined, numbered, same, text, whole, yuan
from anju.sample.following import called_on, not_called_on
from anju.sample.homes import communities, visit_day
from anju.sample.plan import FOREVER, Spell, World, before, fifth_after
from anju.sample.schooling import STAGES, school_names
from anju.sample.settlements import UNIT_CODES
from anju.sample.timeline import Round, day64, first_of, last_of
from anju.sample.work import reported_by_hotline

PLACES = (  # facilities of every settlement: kind, staff, hours
    ("clinic", 12, "56.0"), ("culture", 4, "45.0"), ("service_centre", 8, "42.0"), ("police_room", 3, "168.0"), ("job_centre", 2, "42.0"),
    ("workshop", 5, "48.0"),
)  # fmt: skip
CHANNELS = ("window", "phone_12345", "mini_program", "visit")
MATTERS = ("供暖不热", "电梯停运", "夜间噪声", "证件办理", "孩子入学")
IDENTITY, SERVICE = 0, 1


def facilities(w: World, r: Round) -> Table:
    """Two schools of every stage in each unit, and what every settlement has."""
    p = w.p
    names = school_names()
    unit = np.repeat(np.arange(len(UNIT_CODES)), len(STAGES) * 2)
    first = np.array([int(np.flatnonzero(p.community_unit == u)[0]) for u in range(len(UNIT_CODES))])
    stage = np.tile(np.repeat(np.arange(len(STAGES)), 2), len(UNIT_CODES))
    schools = _places(w, pa.array(names), text(STAGES, stage), first[unit], 90, "40.0", 1_800)
    n = len(p.community_code)
    parts = [schools]
    for nth, (kind, staff, hours) in enumerate(PLACES):
        parts.append(_places(w, numbered("P", np.arange(n) * 10 + nth, 5), same(kind, n), np.arange(n), staff, hours, 60))
    return joined(parts)


def _places(w: World, code: pa.Array, kind: pa.Array, community: Ints, staff: int, hours: str, capacity: int) -> Table:
    n = len(code)
    columns = {
        "facility_code": code,
        "facility_type": kind,
        "name": code,
        "parent_facility_code": empty(n),
        "dest_community_code": communities(w).take(pa.array(community)),
        "lon": pa.array([f"{104.6 + c % 30 * 0.05:.4f}" for c in community]),
        "lat": pa.array([f"{24.8 + c % 20 * 0.06:.4f}" for c in community]),
        "capacity": whole(np.full(n, capacity)),
        "in_use": whole(np.full(n, capacity * 2 // 3)),
        "staff_count": whole(np.full(n, staff)),
        "weekly_open_hours": same(hours, n),
        "opened_on": days(np.full(n, np.datetime64("2018-09-01"))),
        "status": same("open", n),
    }
    return Table(w.p.community_unit[community], columns)


def incidents(w: World, r: Round) -> Table:
    """Small losses, eighty a month, nobody hurt."""
    p = w.p
    rng = w.rng("F24", r.period)
    who = np.sort(rng.integers(0, len(p.household_size), max(9, round(len(p.sex) * 0.00024))))
    who = who[~p.household_story[who]]
    n = len(who)
    columns = {
        "event_id": numbered(f"I{r.period.replace('-', '')}", np.arange(n), 4),
        "event_type": text(("hail", "theft", "traffic", "other"), who % 4),
        "occurred_on": days(day64(first_of(r.nth)) + rng.integers(0, last_of(r.nth).day, n)),
        "household_code": p.household_code.take(pa.array(who)),
        "loss_amount": yuan(rng.integers(200, 2_500, n) * 100),
        "deaths": whole(np.zeros(n)),
        "injured": whole(np.zeros(n)),
    }
    return Table(p.household_unit[who], columns, household=who)


def disputes(w: World, r: Round) -> Table:
    """One dispute a month for every thousand people, agreed within ten days; and those nobody settles, told again when
    they are settled at last."""
    p = w.p
    rng = w.rng("F28", r.period)
    count = max(18, len(p.sex) // 1_000)
    home = np.sort(rng.integers(0, len(p.household_size), count))
    on = day64(first_of(r.nth)) + rng.integers(0, last_of(r.nth).day - 11, count)
    serial = r.nth * 10_000 + np.arange(count)
    settled = on + 9
    repeats = np.zeros(count, dtype=np.int64)
    for spell in w.spells.get("open_dispute", ()):
        if spell.first != r.nth and spell.last + 1 != r.nth:
            continue
        home = np.append(home, spell.household)
        on = np.append(on, day64(dispute_day(spell)))
        serial = np.append(serial, spell.first * 10_000 + spell.person)
        repeats = np.append(repeats, 3 if spell.thing == "again" else 0)
        done = day64(first_of(r.nth)) + 7
        settled = np.append(settled, done if spell.last + 1 == r.nth else np.datetime64("NaT"))
    community = p.household_community[home]
    columns = {
        "dispute_id": numbered("T", serial, 9),
        "dest_community_code": communities(w).take(pa.array(community)),
        "household_code": p.household_code.take(pa.array(home)),
        "dispute_type": text(("neighbour", "family", "property_mgmt"), home % 3),
        "registered_on": days(on),
        "participants": whole(2 + home % 4),
        "repeat_count": whole(repeats),
        "mediated_on": days(settled),
        "result": text(("open", "agreed"), (~np.isnat(settled)).astype(np.int64)),
    }
    return Table(p.household_unit[home], columns, household=home)


def dispute_day(spell: Spell) -> date:
    return first_of(spell.first) + timedelta(days=14 + spell.household % 12)


def visits(w: World, r: Round) -> Table:
    """Every household is called on every second or third month; who is under monitoring, at every month's end too; but for those of whom
    `following` tells."""
    p = w.p
    rng = w.rng("F29", r.period)
    everybody = np.arange(len(p.household_size))
    who = everybody[(everybody + 3 * r.nth) % 8 < 3]
    found = {s.household: s for s in w.at("found_gone", r.nth)}
    who = who[~np.isin(who, not_called_on(w, r.nth))]
    who = np.concatenate([who[~np.isin(who, list(found))], np.array(list(found), dtype=np.int64)])
    on = day64(first_of(r.nth)) + rng.integers(0, last_of(r.nth).day, len(who))
    told = np.zeros(len(who), dtype=np.int64)
    for row in range(len(who) - len(found), len(who)):
        on[row], told[row] = day64(visit_day(found[int(who[row])])), 1
    watched = np.array([s.household for s in w.spells["monitored"] if not s.thing] + called_on(w, r.nth), dtype=np.int64)
    who = np.concatenate([who, watched])
    on = np.concatenate([on, np.full(len(watched), day64(last_of(r.nth)))])
    told = np.concatenate([told, np.zeros(len(watched), dtype=np.int64)])
    columns = {
        "visit_id": numbered(f"V{r.period.replace('-', '')}", np.arange(len(who)), 6),
        "household_code": p.household_code.take(pa.array(who)),
        "visitor_id": numbered("G", p.household_grid[who], 3),
        "visitor_role": same("grid", len(who)),
        "visited_on": days(on),
        "mode": text(("door", "phone"), ((told == 0) & (who % 7 == 0)).astype(np.int64)),
        "findings": text(("none", "returned_origin"), told),
        "photo_count": whole(np.zeros(len(who))),
    }
    return Table(p.household_unit[who], columns, household=who)


def activities(w: World, r: Round) -> Table:
    """Two gatherings a month in every settlement, every second of them for heritage or integration."""
    n = len(w.p.community_code)
    community = np.tile(np.arange(n), 2)
    half = np.repeat(np.arange(2), n)
    kind = np.where((community + r.nth + half) % 2 == 0, 0, 1)
    relocated = np.full(2 * n, 48)
    for spell in w.spells.get("few_take_part", ()):
        relocated[community == int(spell.thing)] = 12
    for spell in w.spells.get("no_heritage", ()):
        kind[community == int(spell.thing)] = 2
    columns = {
        "activity_id": numbered(f"A{r.period.replace('-', '')}", half * n + community, 3),
        "dest_community_code": communities(w).take(pa.array(community)),
        "facility_code": numbered("P", community * 10 + 1, 5),
        "kind": text(("heritage", "integration", "performance"), kind),
        "held_on": days(day64(first_of(r.nth)) + 6 + 14 * half),
        "participants": whole(np.full(2 * n, 60)),
        "participants_relocated": whole(relocated),
    }
    return Table(w.p.community_unit[community], columns)


def capacity(w: World, r: Round) -> Table:
    """Staff of every settlement in a quarter: a worker for every grid, a head for every building."""
    p = w.p
    n = len(p.community_code)
    homes = np.bincount(p.household_community, minlength=n)
    grids = np.array([len(np.unique(p.household_grid[p.household_community == c])) for c in range(n)])
    columns = {
        "dest_community_code": communities(w),
        "quarter": same(f"{r.nth // 12}-Q{r.nth % 12 // 3 + 1}", n),
        "households": whole(homes),
        "grids": whole(grids),
        "grid_staff": whole(grids),
        "building_heads": whole(homes // 60 + 1),
        "buildings": whole(homes // 60 + 1),
        "service_staff": whole(np.full(n, 8)),
        "police_staff": whole(np.full(n, 3)),
        "party_branch": flags(np.ones(n, dtype=bool)),
        "committee_elected": flags(np.ones(n, dtype=bool)),
        "owners_committee": flags(np.ones(n, dtype=bool)),
        "volunteers": whole(np.full(n, 20)),
        "demonstration_level": same("none", n),
    }
    return Table(p.community_unit, columns)


def requests(w: World, r: Round) -> Table:
    """Answered within two days and closed within three, but for one in twelve, which is not closed; every other of those gives no name. Of
    wages owed the hotline hears before the labour office does."""
    p = w.p
    rng = w.rng("F32", r.period)
    who = np.sort(rng.choice(w.labour(last_of(r.nth)), max(18, round(len(p.sex) * 0.00739))))
    matter = who % len(MATTERS)
    for person, month, _ in reported_by_hotline(w):
        if month == r.nth:
            who, matter = np.append(who, person), np.append(matter, len(MATTERS))
    n = len(who)
    on = day64(first_of(r.nth)) + rng.integers(0, last_of(r.nth).day - 4, n)
    moment = on.astype("datetime64[s]")

    def at(days_on: int, hour: int) -> pa.Array:
        return pa.array(moment + days_on * 86_400 + hour * 3_600).cast(pa.string())

    pending = (who % 12 == 0) & (matter < len(MATTERS))
    unnamed = pending & (who % 24 == 0)
    columns = {
        "request_id": numbered(f"R{r.period.replace('-', '')}", np.arange(n), 5),
        "channel": text(CHANNELS, np.where(matter == len(MATTERS), 1, who % 4)),
        "person_id": p.person_id.take(pa.array(who, mask=unnamed)),
        "household_code": p.household_code.take(pa.array(p.person_household[who], mask=unnamed)),
        "dest_community_code": communities(w).take(pa.array(p.household_community[p.person_household[who]])),
        "category": text([*MATTERS, "wage arrears"], matter),
        "received_on": days(on),
        "received_at": at(0, 9),
        "accepted_at": at(0, 11),
        "replied_at": at(2, 10),
        "closed_at": pc.if_else(pa.array(pending), None, at(3, 16)),
        "satisfaction": pc.if_else(pa.array(pending), None, whole(4 + who % 2)),
        "reopened": flags(np.zeros(n, dtype=bool)),
    }
    named = np.where(unnamed, -1, who), np.where(unnamed, -1, p.person_household[who])
    return Table(p.person_unit[who], columns, person=named[0], household=named[1])


def surveys(w: World, r: Round) -> Table:
    """Eight households of every settlement answer on identity and service, scores from 68 to 92."""
    p = w.p
    n = len(p.community_code)
    first = np.searchsorted(p.household_community, np.arange(n))
    home = np.tile((first[:, None] + np.arange(8)[None, :]).ravel(), 2)
    dimension = np.repeat([IDENTITY, SERVICE], 8 * n)
    score = 68 + (home * 7 + r.nth * 3 + dimension * 5) % 25
    for spell in w.at("not_at_home", r.nth):
        score[(p.household_community[home] == int(spell.thing)) & (dimension == IDENTITY)] = 52
    name = f"{r.nth // 2}-H{r.nth % 2 + 1}"
    columns = {
        "survey_id": same(name, len(home)),
        "household_code": p.household_code.take(pa.array(home)),
        "dest_community_code": communities(w).take(pa.array(p.household_community[home])),
        "survey_round": same(name, len(home)),
        "dimension": text(("identity", "service"), dimension),
        "score": whole(score),
    }
    return Table(p.household_unit[home], columns, household=home)


def survey_rounds(w: World) -> list[Round]:
    """Twice a year; `nth` is the half-year: year * 2, and one more for its second half."""
    first, last = first_of(w.t.first), first_of(w.t.horizon)
    halves = range(first.year * 2 - 1, last.year * 2 + 2)
    return [Round("", date(half // 2 + half % 2, 1 if half % 2 else 7, 20), half) for half in halves]


def projects(w: World, r: Round) -> Table:
    """Works that go on as planned: begun when the sample begins, or done."""
    n = 420 if len(w.p.sex) > 100_000 else len(w.p.community_code)
    nth = np.arange(n)
    share = np.minimum(100, 30 + (r.nth - w.t.first + 1) * (1 + nth % 4))
    end = np.where(share < 100, day64(first_of(w.t.horizon + 12)), day64(first_of(w.t.first)))
    community = nth % len(w.p.community_code)
    columns = {
        "project_code": numbered("X", nth, 4),
        "month": same(r.period, n),
        "name": numbered("X", nth, 4),
        "project_type": text(("infrastructure", "public_service", "industry", "employment"), nth % 4),
        "dest_community_code": communities(w).take(pa.array(community)),
        "planned_amount": yuan(np.full(n, 120_000_000)),
        "allocated_amount": yuan(np.full(n, 110_000_000)),
        "paid_amount": yuan(1_000_000 * share),
        "planned_finish_on": days(end),
        "progress": pa.array([f"{value / 100:.2f}" for value in share.tolist()]),
        "households_benefited": whole(100 + nth % 50),
    }
    return Table(w.p.community_unit[community], columns)


def yearly(w: World, month: int, day: int) -> list[Round]:
    """Once a year, from the year before the sample begins."""
    years = range(first_of(w.t.first).year, first_of(w.t.horizon).year + 1)
    return [Round("", date(year, month, day), year * 12 + month - 1) for year in years]


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_living(w: World) -> None:
    """Quarrels nobody settles, a settlement where people do not feel they belong, two where culture falls short."""
    anywhere = np.ones(len(w.p.household_size), dtype=bool)
    for kind, lengths in (("soon", (0,)), ("late", (1, 2)), ("again", (1, 2))):
        found = w.keep_up(f"dispute_{kind}", 0.0003, tuple(n + 1 for n in lengths), lambda _: anywhere, relapse=False)
        for spell in found:
            nth = 9_000 + sum(other.first == spell.first for other in w.spells.get("open_dispute", ()))
            _expect_dispute(w, w.add(Spell("open_dispute", spell.first, spell.last, spell.household, nth, kind)))
    told = np.flatnonzero(~w.p.community_told)
    halves = survey_rounds(w)
    for nth, r in enumerate(halves[:-1]):
        community = int(told[(20 + nth * 7) % len(told)])
        w.add(Spell("not_at_home", r.nth, r.nth, thing=str(community)))
        w.expect("CU-03", w.p.community_code[community], "orange", r.received, before(halves[nth + 1].received), "not_at_home")
    for kind, nth in (("few_take_part", 50), ("no_heritage", 53)):
        w.add(Spell(kind, w.t.first, w.t.horizon, thing=str(int(told[nth]))))
        w.expect("CU-03", w.p.community_code[int(told[nth])], "yellow", first_of(w.t.first), FOREVER, kind)


def _expect_dispute(w: World, spell: Spell) -> None:
    key = f"T{spell.first * 10_000 + spell.person:09d}"
    on = dispute_day(spell)
    told, settled = fifth_after(spell.first), fifth_after(spell.last + 1)
    if spell.thing == "again":
        w.expect("CG-02", key, "red", told, before(settled), "dispute again")
        return
    yellow, orange = on + timedelta(days=16), on + timedelta(days=31)
    w.expect("CG-02", key, "yellow", max(told, yellow), min(before(settled), before(orange)), "dispute")
    w.expect("CG-02", key, "orange", max(told, orange), before(settled), "dispute")
