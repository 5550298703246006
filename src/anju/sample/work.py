"""Work: who is employed where (F16), services and training (F17, F18), workshops (F19), and what goes wrong there."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from anju.sample.columns import Flags, Ints, Table, days, flags, numbered, same, text, whole, yuan
from anju.sample.families import CLOSING_WORKERS, CLOSING_WORKSHOP
from anju.sample.plan import Spell, World, before, fifth_after
from anju.sample.population import MODES
from anju.sample.settlements import COUNTIES, UNIT_CODES
from anju.sample.timeline import Round, day64, first_of, last_of, later

WORKSHOPS = 100
STORY = WORKSHOPS  # the place of the story's workshop in the list of workshops
LOCAL, WORKSHOP = MODES.index("local"), MODES.index("workshop")
AWAY = (MODES.index("out_province"), MODES.index("out_county"))
CONTRACTED = [MODES.index(mode) for mode in ("out_province", "out_county", "local", "workshop", "public_post")]
TRADES = ("electrician", "sewing", "cookery", "construction", "care", "batik")


def workshop_code(nth: int) -> str:
    return CLOSING_WORKSHOP if nth == STORY else f"W{nth:03d}"


def workshop_communities(w: World) -> Ints:
    """Where the workshops stand; the story's own in Ceheng."""
    ordinary = np.flatnonzero(~w.p.community_told)
    found = ordinary[np.arange(WORKSHOPS) % len(ordinary)]
    return np.concatenate([found, [w.p.community("522327", 2)]])


def employer_of(w: World) -> Ints:
    """The workshop each person of that mode works in, one of the own unit where there is one; -1 for others."""
    where = w.p.community_unit[workshop_communities(w)][:WORKSHOPS]
    found = np.full(len(w.p.sex), -1, dtype=np.int64)
    for unit in range(len(UNIT_CODES)):
        mine = np.flatnonzero(where == unit)
        rows = np.flatnonzero((w.p.mode == WORKSHOP) & (w.p.person_unit == unit))
        found[rows] = mine[w.p.person_household[rows] % len(mine)]
    found[[spell.person for spell in w.spells.get("story_worker", ())]] = STORY
    return found


def listed(w: World, month: int) -> tuple[Ints, Flags]:
    """The labour members of a month and of the next two, and which of them keep their household in work."""
    end = last_of(month)
    now, soon = w.p.labour(end), w.p.labour(end + timedelta(days=62))
    who = np.flatnonzero(now | soon)
    stays = (now & soon)[who]
    household = w.p.person_household[who]
    keeper = np.zeros(len(who), dtype=bool)
    index = np.flatnonzero(stays)
    _, first = np.unique(household[index], return_index=True)
    keeper[index[first]] = True
    kept = np.zeros(len(w.p.household_size), dtype=bool)
    kept[household[keeper]] = True
    return who, keeper | ~kept[household]


def employment(w: World, r: Round) -> Table:
    """A row for every labour member. In turn some without a keeper's duty are between two jobs for a month."""
    p, month = w.p, r.nth
    who, keeper = listed(w, month)
    end = last_of(month)
    mode, employer = p.mode[who], employer_of(w)[who]
    between = ~keeper & ~np.isin(mode, AWAY) & ~p.household_story[p.person_household[who]]
    idle = np.where(between & ((who * 7 + month) % 10 == 3), 12, 0)
    started = np.where(between & ((who * 7 + month - 1) % 10 == 3), day64(first_of(month)), np.datetime64("2021-03-01"))
    place = {int(person): row for row, person in enumerate(who)}
    _lose(w, month, who, mode, employer, idle, keeper, place)
    works = idle == 0
    owed = np.zeros(len(who), dtype=np.int64)
    for spell in w.at("wages_owed", month):
        owed[works & (employer == int(spell.thing))] = 45
    ended = np.where(works, np.datetime64("NaT"), day64(end) - idle)
    wage = (2_200 + (who * 37) % 3_300) * 100
    unit = p.person_unit[who]
    codes = [workshop_code(n) for n in range(WORKSHOPS + 1)]
    area = np.where(mode == AWAY[0], len(COUNTIES), unit)
    columns = {
        "person_id": p.person_id.take(pa.array(who)),
        "month": same(r.period, len(who)),
        "employed": flags(works),
        "employment_mode": text(MODES, np.where(works, mode, -1)),
        "employer_code": text(codes, np.where(works & (mode == WORKSHOP), employer, -1)),
        "work_area_code": text([*COUNTIES, "440300"], area),
        "job_start_on": days(np.where(works, started, np.datetime64("NaT"))),
        "job_end_on": days(ended),
        "end_reason": text(("contract_end",), np.where(works, -1, 0)),
        "monthly_wage": yuan(np.where(works, wage, 0)),
        "has_contract": flags(works & np.isin(mode, CONTRACTED)),
        "social_insured": flags(works & np.isin(mode, CONTRACTED)),
        "unemployed_days": whole(idle),
        "wage_arrears_amount": yuan(np.where(owed > 0, 420_000, 0)),
        "wage_arrears_days": whole(owed),
    }
    return Table(unit, columns, person=who)


def _lose(w: World, month: int, who: Ints, mode: Ints, employer: Ints, idle: Ints, keeper: Flags, place: dict[int, int]) -> None:
    """Families of whom nobody works, and the people of a workshop that closes in this month; changes in place."""
    for spell in [*w.at("no_work", month), *w.at("no_work_long", month), *w.at("only_wage", month)]:
        length = 18 if spell.kind == "only_wage" else 21 + 30 * (month - spell.first)
        for person in w.p.members(spell.household):
            if person in place:
                idle[place[person]] = length
    for kind in ("closed", "paused"):
        for spell in w.spells.get(kind, ()):
            if not spell.at(month):
                continue
            mine = employer == int(spell.thing)
            if month == spell.first:
                idle[mine & ((~keeper) | (int(spell.thing) == STORY))] = 18
            mode[mine], employer[mine] = LOCAL, -1  # the next month they work elsewhere


def services(w: World, r: Round) -> Table:
    """Six thousand services a month: surveys of wishes, guidance, and jobs proposed and taken."""
    rng = w.rng("F17", r.period)
    labour = w.labour(last_of(r.nth))
    who = np.sort(rng.choice(labour, max(9, round(len(w.p.sex) * 0.0177))))
    n = len(who)
    kind = rng.integers(0, 4, n)
    columns = {
        "service_id": numbered(f"J{r.period.replace('-', '')}", np.arange(n), 6),
        "person_id": w.p.person_id.take(pa.array(who)),
        "service_type": text(("demand_survey", "recommendation", "guidance", "placement"), kind),
        "service_on": days(day64(first_of(r.nth)) + rng.integers(0, last_of(r.nth).day, n)),
        "post_code": numbered("P", who % 900, 4),
        "distance_km": text(("1.2", "3.5", "8.0", "42.0"), rng.integers(0, 4, n)),
        "offered_wage": yuan(rng.integers(2_400, 4_800, n) * 100),
        "result": text(("pending", "accepted", "refused_by_person"), np.where(kind == 3, 1, rng.integers(0, 3, n))),
    }
    return Table(w.p.person_unit[who], columns, person=who)


def training(w: World, r: Round) -> Table:
    """Courses of about thirty that end in the month; most of the trained are in work within two months."""
    rng = w.rng("F18", r.period)
    labour = w.labour(last_of(r.nth))
    who = np.sort(rng.choice(labour, max(27, round(len(w.p.sex) * 0.00443)), replace=False))
    unit = w.p.person_unit[who]
    nth = np.arange(len(who)) - np.searchsorted(unit, unit)
    course = unit * 100 + nth // 30
    ended = day64(first_of(r.nth)) + 4 + course % 20
    columns = {
        "training_id": numbered(f"C{r.period.replace('-', '')}", course, 4),
        "person_id": w.p.person_id.take(pa.array(who)),
        "trade": text(TRADES, course % len(TRADES)),
        "hours": whole(np.full(len(who), 80)),
        "started_on": days(ended - 20),
        "ended_on": days(ended),
        "certificate_no": numbered("Z", who, 7),
        "employed_on": days(np.where(nth % 30 % 10 < 8, ended + 14, np.datetime64("NaT"))),
    }
    return Table(unit, columns, person=who)


def workshops(w: World, r: Round) -> Table:
    count = WORKSHOPS + 1
    community = workshop_communities(w)
    status, heads = np.zeros(count, dtype=np.int64), np.full(count, 40)
    heads[STORY] = CLOSING_WORKERS
    for kind, code in (("paused", 1), ("closed", 2)):
        for spell in w.at(kind, r.nth):
            status[int(spell.thing)] = code
            if kind == "closed":
                heads[int(spell.thing)] = 0
    for spell in w.at("shrunk", r.nth):
        heads[int(spell.thing)] = 27
    columns = {
        "employer_code": pa.array([workshop_code(n) for n in range(count)]),
        "month": same(r.period, count),
        "name": pa.array([f"帮扶车间{n:03d}" for n in range(count)]),
        "employer_type": same("workshop", count),
        "dest_community_code": pa.array(w.p.community_code).take(pa.array(community)),
        "status": text(("operating", "suspended", "closed"), status),
        "headcount": whole(heads + np.where(heads > 0, 10, 0)),
        "relocated_headcount": whole(heads),
        "avg_wage": yuan(np.full(count, 280_000)),
        "open_posts": whole(np.full(count, 3)),
    }
    return Table(w.p.community_unit[community], columns)


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_work(w: World) -> None:
    _story_workers(w)
    _workshops(w)
    _families(w)


def _able(w: World, month: int, months: int) -> Flags:
    """Households with somebody who is a labour member from the month on and for so long."""

    def asked() -> Flags:
        start = first_of(month)
        both = w.p.labour(start) & w.p.labour(later(start, months))
        return np.bincount(w.p.person_household, both, len(w.p.household_size)) > 0

    return w.once(f"able {months}", month, asked)


def _families(w: World) -> None:
    """Families of whom nobody works: for a month (orange), or for longer (red from the second month on)."""
    short = w.keep_up("no_work", 0.003, (1,), lambda m: _able(w, m, 4))
    long = w.keep_up("no_work_long", 0.0025, (2, 3, 4), lambda m: _able(w, m, 8))
    for spell in [*short, *long]:
        expect_no_work(w, spell)


def expect_no_work(w: World, spell: Spell) -> None:
    code = w.p.code(spell.household)
    end = before(fifth_after(spell.last + 1))
    red = fifth_after(spell.first + 1)
    w.expect("EM-01", code, "orange", fifth_after(spell.first), min(end, before(red)), spell.kind)
    w.expect("EM-01", code, "red", red, end, spell.kind)


def _story_workers(w: World) -> None:
    """The people of the workshop that closes: none of them the only one of a family who works."""
    p, start, end = w.p, first_of(w.t.first), last_of(w.t.horizon)
    always = p.labour(start) & p.labour(end)
    two = np.bincount(p.person_household, always, len(p.household_size)) >= 2
    wanted = two & (p.household_unit == UNIT_CODES.index("522327"))
    for household in w.draw(CLOSING_WORKERS, wanted):
        person = [m for m in p.members(household) if always[m]][-1]
        p.mode[person] = WORKSHOP
        w.add(Spell("story_worker", w.t.first, w.t.horizon, household, person))


def _workshops(w: World) -> None:
    """Every month some workshop closes for some months, stops, sheds a third of its people or owes wages."""
    t = w.t
    rng = w.rng("workshops")
    nths = [int(nth) for nth in rng.permutation(WORKSHOPS)]
    employed = np.bincount(employer_of(w)[employer_of(w) >= 0], minlength=WORKSHOPS)
    unit = w.p.community_unit[workshop_communities(w)]
    kinds = (("closed", 3), ("paused", 2), ("shrunk", 1), ("wages_owed", 1))
    month, turn = t.first + 1, 0
    while month < t.horizon:
        for kind, length in (kinds[turn % 4], kinds[(turn + 2) % 4]):
            least = 3 if kind == "wages_owed" else 0
            nth = next((n for n in nths if employed[n] >= least and UNIT_CODES[unit[n]] != "YILONG"), None)
            if nth is not None:
                nths.remove(nth)
                _trouble(w, w.add(Spell(kind, month, month + length - 1, thing=str(nth))))
        month, turn = month + 1, turn + 1
    for nth, (kind, length) in zip([n for n in nths if employed[n] >= 3], kinds, strict=False):  # and one of each today
        nths.remove(nth)
        _trouble(w, w.add(Spell(kind, t.last, t.last + length - 1, thing=str(nth))))
    story = w.add(Spell("closed", t.last, t.horizon, thing=str(STORY)))
    w.expect("EM-05", CLOSING_WORKSHOP, "orange", fifth_after(story.first), before(fifth_after(t.horizon + 1)), "story: workshop")


def _trouble(w: World, spell: Spell) -> None:
    level = {"closed": "orange", "paused": "orange", "shrunk": "yellow", "wages_owed": "red"}[spell.kind]
    code = workshop_code(int(spell.thing))
    until = before(fifth_after(spell.last + 1))
    w.expect("EM-05", code, level, fifth_after(spell.first), until, spell.kind)
    if spell.kind != "closed":
        return
    # nobody can say whether a workshop shrinks that had nobody the month before
    w.unknown("EM-05", code, fifth_after(spell.last + 1), before(fifth_after(spell.last + 2)), "opened again")
    _only_wages(w, spell)


def _only_wages(w: World, spell: Spell) -> None:
    """Two families who lived on a wage from the workshop that closes: nobody of them works that month."""
    p = w.p
    start = first_of(spell.first)
    now, soon = p.labour(start), p.labour(later(start, 5))
    count = len(p.household_size)
    mine = employer_of(w) == int(spell.thing)
    single = (np.bincount(p.person_household, now | soon, count) == 1) & (np.bincount(p.person_household, now & soon & mine, count) == 1)
    for household in w.draw(2, single):
        w.add(Spell("only_wage", spell.first, spell.first, household))
        w.expect("EM-01", p.code(household), "orange", fifth_after(spell.first), before(fifth_after(spell.first + 1)), "only_wage")


def reported_by_hotline(w: World) -> list[tuple[int, int, Spell]]:
    """Wage arrears that the hotline hears of a month before the labour office writes them down: person, month, spell."""
    found = []
    employers = employer_of(w)
    for spell in w.spells.get("wages_owed", ()):
        workers = np.flatnonzero(employers == int(spell.thing))
        if len(workers):
            found.append((int(workers[0]), spell.first - 1, spell))
    return found
