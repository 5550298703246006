"""The two insurances of new citizens: who is covered (F34) and what is claimed (F35)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from anju.sample.columns import Ints, Table, days, joined, numbered, same, text, whole, yuan
from anju.sample.plan import World
from anju.sample.settlements import COUNTIES, UNIT_CODES
from anju.sample.timeline import Round, day64, first_of, last_of

EMPLOYMENT, RESIDENCE = 3_000, 2_000  # the premium of a head and year, in fen
DAILY = 5_000  # the benefit of a day out of work, in fen


def policies(w: World, r: Round) -> Table:
    """Nineteen in twenty labour members against losing work, and half the people against mishaps at home."""
    p = w.p
    labour = np.flatnonzero(p.labour(date(r.received.year, 1, 1)))
    homes = np.flatnonzero((p.birth < day64(date(r.received.year, 1, 1))) & (np.arange(len(p.sex)) * 7 % 1_000 < 548))
    return joined([_policies(w, r, "NEI", labour[labour % 20 != 3], EMPLOYMENT), _policies(w, r, "NRI", homes, RESIDENCE)])


def _policies(w: World, r: Round, product: str, who: Ints, premium: int) -> Table:
    p, n, year = w.p, len(who), r.received.year
    columns = {
        "product": same(product, n),
        "policy_year": whole(np.full(n, year)),
        "person_id": p.person_id.take(pa.array(who)),
        "mgmt_unit_code": text(UNIT_CODES, p.person_unit[who]),
        "origin_county_code": text(COUNTIES, p.origin_unit[p.person_household[who]]),
        "premium": yuan(np.full(n, premium)),
        "start_on": days(np.full(n, day64(date(year, 1, 1)))),
        "end_on": days(np.full(n, day64(date(year, 12, 31)))),
        "status": same("insured", n),
    }
    return Table(p.person_unit[who], columns, person=who)


def claims(w: World, r: Round) -> Table:
    """A hundred claims a month for a spell without work, twenty for mishaps, decided within the month."""
    p = w.p
    rng = w.rng("F35", r.period)
    labour = w.labour(last_of(r.nth))
    work = np.sort(rng.choice(labour, max(2, round(len(p.sex) * 0.000295)), replace=False))
    home = np.sort(rng.choice(labour, max(1, round(len(p.sex) * 0.00006)), replace=False))
    who = np.concatenate([work, home])
    n = len(who)
    employment = np.arange(n) < len(work)
    on = day64(first_of(r.nth)) + rng.integers(0, 18, n)
    lasted = np.where(employment, 10 + who % 35, 0)
    columns = {
        "claim_id": numbered(f"N{r.period.replace('-', '')}", np.arange(n), 4),
        "product": text(("NRI", "NEI"), employment.astype(np.int64)),
        "policy_year": whole(np.full(n, r.nth // 12)),
        "person_id": p.person_id.take(pa.array(who)),
        "peril": text(("theft", "unemployment"), employment.astype(np.int64)),
        "occurred_on": days(on - 3),
        "reported_on": days(on),
        "docs_complete_on": days(on + 2),
        "decided_on": days(on + 6),
        "paid_on": days(on + 9),
        "days": whole(lasted),
        "amount": yuan(np.where(employment, lasted * DAILY, 80_000)),
        "status": same("paid", n),
    }
    return Table(p.person_unit[who], columns, person=who)
