"""Income and land: household income (F26), monitored households (F27), loans (F25), land left behind (F37)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from anju.sample.columns import Table, days, flags, numbered, same, text, whole, yuan
from anju.sample.families import ILLNESS
from anju.sample.following import listed
from anju.sample.plan import Spell, World, before
from anju.sample.timeline import Round, day64, in_month, month_of

LINES = {2020: 600_000, 2021: 600_000, 2022: 640_000, 2023: 690_000, 2024: 740_000}  # the monitoring line in fen
CATEGORIES = ("unstable", "marginal", "sudden")
RISKS = ("illness", "education", "employment;illness", "no_labour")


def incomes(w: World, r: Round) -> Table:
    """Rolling twelve-month income at the quarter's end, safely above every line and never falling."""
    p, month = w.p, r.nth
    n = len(p.household_size)
    household = np.arange(n)
    now = (10_500 + household * 7919 % 15_500) * 100 + (month - w.t.first) // 3 * 10_000
    before_ = now - 40_000
    share = 5 + household * 31 % 15
    burden = np.zeros(n, dtype=bool)
    line = LINES[month // 12]
    for spell in w.at("below_line", month):
        now[spell.household], before_[spell.household] = line - 40_000, line + 30_000
    for spell in w.at("falling", month):
        now[spell.household], before_[spell.household] = line + 50_000, line + 600_000
    for spell in w.at("burdened", month):
        burden[spell.household] = True
    for spell in w.at("story_income", month):
        now[spell.household], before_[spell.household], burden[spell.household] = line - 90_000, line + 500_000, True
    total = now * p.household_size
    wage, business, property_ = total * 82 // 100, total * 8 // 100, total * 3 // 100
    columns = {
        "household_code": p.household_code,
        "month": same(r.period, n),
        "wage_income": yuan(wage),
        "business_income": yuan(business),
        "property_income": yuan(property_),
        "transfer_income": yuan(total - wage - business - property_),
        "rigid_expense": yuan(total * np.where(burden, 45, share) // 100),
        "per_capita_net": yuan(now),
        "per_capita_net_prev": yuan(before_),
    }
    return Table(p.household_unit, columns, household=household)


def monitored(w: World, r: Round) -> Table:
    """Every household ever monitored: most are out of risk. Listed within a fortnight, with measures soon after, but for those of whom
    `following` tells."""
    p = w.p
    spells = w.spells["monitored"]
    who = np.array([s.household for s in spells])
    found = np.array([day64(date.fromordinal(s.first)) for s in spells])
    known = found <= day64(r.received)
    who, found = who[known], found[known]
    over = np.array([s.thing == "over" for s in spells])[known]
    more, clue, identified, measures, ended = listed(w, r.nth)
    who, over = np.concatenate([who, more]), np.concatenate([over, ended])
    columns = {
        "household_code": p.household_code.take(pa.array(who)),
        "category": text(CATEGORIES, who % 3),
        "risk_types": text(RISKS, who % 4),
        "clue_on": days(np.concatenate([found, clue])),
        "identified_on": days(np.concatenate([found + 11, identified])),
        "measures_on": days(np.concatenate([found + 19, measures])),
        "eliminated_on": days(np.where(over, np.datetime64("2021-06-20"), np.datetime64("NaT"))),
        "status": text(("monitoring", "eliminated"), over.astype(np.int64)),
    }
    return Table(p.household_unit[who], columns, household=who)


def loans(w: World, r: Round) -> Table:
    """Every ninth household has a small loan of three years, repaid in time."""
    p = w.p
    who = np.flatnonzero((np.arange(len(p.household_size)) % 9 == 4) & ~p.household_story)
    head = p.household_first[who]
    issued = np.datetime64("2020-07-01") + who * 17 % 1_000
    known = (issued <= day64(r.received)) & (p.birth[head] <= issued - 6_600)
    who, head, issued = who[known], head[known], issued[known]
    n = len(who)
    columns = {
        "loan_id": numbered("L", who, 8),
        "person_id": p.person_id.take(pa.array(head)),
        "household_code": p.household_code.take(pa.array(who)),
        "product": text(("microcredit", "startup"), (who % 7 == 0).astype(np.int64)),
        "principal": yuan(np.full(n, 3_000_000)),
        "balance": yuan(np.where(issued + 1_096 <= day64(r.received), 0, 3_000_000)),
        "issued_on": days(issued),
        "due_on": days(issued + 1_096),
        "overdue_days": whole(np.zeros(n)),
        "overdue_amount": yuan(np.zeros(n, dtype=np.int64)),
    }
    return Table(p.household_unit[who], columns, person=head, household=who)


def land(w: World, r: Round) -> Table:
    """The three kinds of land left behind; what is leased out is paid for. Delivered by the unit of the origin."""
    p = w.p
    household = np.repeat(np.arange(len(p.household_size)), 3)
    kind = np.tile(np.arange(3), len(p.household_size))
    keep = (household * 3 + kind) % 4 != 0
    household, kind = household[keep], kind[keep]
    out = (household + kind) % 3 == 0
    rent = np.where(out, 60_000, 0)
    columns = {
        "household_code": p.household_code.take(pa.array(household)),
        "land_type": text(("contracted", "forest", "homestead"), kind),
        "area_mu": text(("1.2", "2.5", "0.4"), kind),
        "certificate_no": numbered("LD", household * 3 + kind, 8),
        "transferred_out": flags(out),
        "rent_due": yuan(rent),
        "rent_paid": yuan(rent),
        "rent_due_on": days(np.full(len(household), day64(date(r.received.year - 1, 12, 1)))),
    }
    return Table(p.household_unit[household], columns, household=household)


# --- what goes wrong --------------------------------------------------------------------------------------------


def plan_money(w: World) -> None:
    """Who is or was monitored is settled first; then incomes under the line, near it and falling, or eaten up."""
    p = w.p
    count = len(p.household_size)
    chance = w.rng("monitored").random(count)
    ever = (chance < 0.037) & ~p.household_story & ~p.community_told[p.household_community]
    for household in np.flatnonzero(ever):
        over = chance[household] < 0.037 * 0.83
        begun = date(2020, 3, 1) if over else date(2021, 3, 1)
        w.add(Spell("monitored", begun.toordinal() + int(household) % 90, 0, int(household), thing="over" if over else ""))
    calm = ~ever & (p.household_size >= 2)
    calm[[s.household for s in w.spells["dibao"]]] = False
    quarters = [r.nth for r in w.t.quarterly(15)]
    for kind, level, share in (("below_line", "red", 0.0014), ("falling", "orange", 0.001), ("burdened", "orange", 0.001)):
        found = w.keep_up(kind, share, (1, 1, 2), lambda _: calm, periods=range(len(quarters)), relapse=False)
        w.spells[kind] = []
        for spell in found:
            last = min(spell.last, len(quarters) - 1)
            _expect(w, w.add(Spell(kind, quarters[spell.first], quarters[last], spell.household)), level)
    family = p.stories[ILLNESS.code]
    june = month_of(date(2023, 6, 30))
    _expect(w, w.add(Spell("story_income", june, june + 9, family)), "red")


def _expect(w: World, spell: Spell, level: str) -> None:
    since, until = in_month(spell.first + 1, 15), before(in_month(spell.last + 4, 15))
    w.expect("MW-02", w.p.code(spell.household), level, since, until, spell.kind)
