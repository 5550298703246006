"""Compliant facts about assistance, income, care, disputes, visits and culture: see `facts` for the table form."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from anju.sample.facts import Table
from anju.sample.population import Population, month_ends


def assistance(p: Population, rng: np.random.Generator) -> Table:
    """Six households in a hundred draw the minimum living allowance, paid to date to the head."""
    who = np.flatnonzero(rng.random(len(p.household_code)) < 0.06)
    head = p.household_first[who]
    n = len(who)
    empty = np.full(n, "", dtype="U12")
    return {
        "record_id": np.char.add("A", p.household_code[who]),
        "person_id": p.person_id[head],
        "household_code": p.household_code[who],
        "program": np.full(n, "dibao_rural", dtype="U12"),
        "status": np.full(n, "active", dtype="U9"),
        "applied_on": np.full(n, "2019-05-10"),
        "decided_on": np.full(n, "2019-06-01"),
        "urgent": np.full(n, "false"),
        "start_on": np.full(n, "2019-07-01"),
        "stop_on": empty.copy(),
        "stop_reason": empty.copy(),
        "monthly_amount": np.full(n, 32_000),
        "paid_through": np.full(n, f"{month_ends(p.day, 1)[0]:%Y-%m}"),
        "_unit": p.household_unit[who],
        "_period": empty.copy(),
        "_household": who,
    }


def special_groups(p: Population) -> Table:
    """Elders who live alone or as an old couple, all visited within the month."""
    elder = p.age >= 60
    old = np.bincount(p.person_household, elder, len(p.household_code)) == p.household_size
    who = np.flatnonzero(elder & old[p.person_household])
    n = len(who)
    alone = p.household_size[p.person_household[who]] == 1
    risk = np.array(["high", "key", "general", "general", "general"])[who % 5]
    age_of_visit = np.choose(who % 5, [3, 14, 20, 40, 60])
    return {
        "person_id": p.person_id[who],
        "group": np.where(alone, "elder_alone", "elder_empty_nest"),
        "registered_on": np.full(n, "2020-03-01"),
        "guardian_person_id": np.full(n, "", dtype="U18"),
        "last_visit_on": (np.datetime64(p.day) - age_of_visit).astype(str),
        "risk_level": risk,
        "_unit": p.person_unit[who],
        "_period": np.full(n, "", dtype="U12"),
        "_person": who,
    }


def incomes(p: Population, quarters: int, rng: np.random.Generator) -> Table:
    """Rolling twelve-month income at each quarter's end, safely above every line and never falling."""
    n = len(p.household_code)
    per_head = rng.integers(10_500, 26_000, n) * 100
    ends = [end for end in month_ends(p.day, quarters * 3 + 3) if end.month % 3 == 0][-quarters:]
    parts = []
    for nth, end in enumerate(ends):
        now = per_head + nth * 10_000
        total = now * p.household_size
        text = f"{end:%Y-%m}"
        parts.append(
            {
                "household_code": p.household_code,
                "month": np.full(n, text),
                "wage_income": total * 82 // 100,
                "business_income": total * 8 // 100,
                "property_income": total * 3 // 100,
                "transfer_income": total - total * 82 // 100 - total * 8 // 100 - total * 3 // 100,
                "rigid_expense": total * rng.integers(5, 20, n) // 100,
                "per_capita_net": now,
                "per_capita_net_prev": now - 40_000,
                "_unit": p.household_unit,
                "_period": np.full(n, text),
                "_household": np.arange(n),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def monitored(p: Population, rng: np.random.Generator) -> Table:
    """About 3.7 households in a hundred were ever monitored; 83 in a hundred of them are out of risk."""
    who = np.flatnonzero(rng.random(len(p.household_code)) < 0.037)
    n = len(who)
    done = rng.random(n) < 0.83
    return {
        "household_code": p.household_code[who],
        "category": np.array(["unstable", "marginal", "sudden"])[who % 3],
        "risk_types": np.array(["illness", "education", "employment;illness", "no_labour"])[who % 4],
        "clue_on": np.full(n, "2022-03-01"),
        "identified_on": np.full(n, "2022-03-12"),
        "measures_on": np.full(n, "2022-03-20"),
        "eliminated_on": np.where(done, "2022-12-01", ""),
        "status": np.where(done, "eliminated", "monitoring"),
        "_unit": p.household_unit[who],
        "_period": np.full(n, "", dtype="U12"),
        "_household": who,
    }


def _months_of(p: Population, months: int) -> list[tuple[str, date, date]]:
    return [(f"{end:%Y-%m}", end.replace(day=1), end) for end in month_ends(p.day, months)]


def disputes(p: Population, months: int, rng: np.random.Generator) -> Table:
    """One dispute a month for every thousand people, agreed within a fortnight."""
    parts = []
    serial = 0
    for text, first, end in _months_of(p, months):
        count = max(9, len(p.person_id) // 1000)
        household = rng.integers(0, len(p.household_code), count)
        on = np.datetime64(first) + rng.integers(0, end.day - 14, count)
        community = p.household_community[household]
        parts.append(
            {
                "dispute_id": np.char.mod("T%07d", np.arange(serial, serial + count)),
                "dest_community_code": p.community_code[community],
                "household_code": p.household_code[household],
                "dispute_type": np.array(["neighbour", "family", "property_mgmt"])[household % 3],
                "registered_on": on.astype(str),
                "participants": 2 + household % 4,
                "repeat_count": np.zeros(count, dtype=np.int64),
                "mediated_on": (on + 9).astype(str),
                "result": np.full(count, "agreed", dtype="U11"),
                "_unit": p.community_unit[community],
                "_period": np.full(count, text),
            }
        )
        serial += count
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def visits(p: Population, months: int, rng: np.random.Generator) -> Table:
    """Every household is called on about every eleventh week; monitored households are in the rota too."""
    n = len(p.household_code)
    parts = []
    serial = 0
    for nth, (text, first, end) in enumerate(_months_of(p, months)):
        who = np.flatnonzero((np.arange(n) + nth) % 3 != 0) if nth % 2 else np.flatnonzero(np.arange(n) % 5 < 2)
        on = np.datetime64(first) + rng.integers(0, end.day, len(who))
        parts.append(
            {
                "visit_id": np.char.mod("V%08d", np.arange(serial, serial + len(who))),
                "household_code": p.household_code[who],
                "visitor_id": np.char.mod("G%03d", p.household_community[who]),
                "visitor_role": np.full(len(who), "grid", dtype="U15"),
                "visited_on": on.astype(str),
                "mode": np.where(who % 7 == 0, "phone", "door"),
                "findings": np.full(len(who), "none", dtype="U24"),
                "photo_count": np.zeros(len(who), dtype=np.int64),
                "_unit": p.household_unit[who],
                "_period": np.full(len(who), text),
            }
        )
        serial += len(who)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def activities(p: Population, months: int) -> Table:
    """Two gatherings a month in every settlement, every second of them for heritage or integration."""
    n = len(p.community_code)
    parts = []
    for nth, (text, first, _) in enumerate(_months_of(p, months)):
        for half in (0, 1):
            on = (first + timedelta(days=6 + 14 * half)).isoformat()
            serial = np.arange(n) + (nth * 2 + half) * n
            parts.append(
                {
                    "activity_id": np.char.mod("C%06d", serial),
                    "dest_community_code": p.community_code,
                    "facility_code": np.full(n, "", dtype="U20"),
                    "kind": np.where((np.arange(n) + nth + half) % 2 == 0, "heritage", "integration"),
                    "held_on": np.full(n, on),
                    "participants": np.full(n, 60),
                    "participants_relocated": np.full(n, 48),
                    "_unit": p.community_unit,
                    "_period": np.full(n, text),
                }
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def surveys(p: Population, rng: np.random.Generator) -> Table:
    """Twelve households of every settlement answer on identity and service, scores from 68 to 92."""
    n = len(p.community_code)
    first = np.searchsorted(p.household_community, np.arange(n))
    household = (first[:, None] + np.arange(8)[None, :]).ravel()
    parts = []
    for dimension in ("identity", "service"):
        count = len(household)
        parts.append(
            {
                "survey_id": np.full(count, "2023-H1"),
                "household_code": p.household_code[household],
                "dest_community_code": p.community_code[p.household_community[household]],
                "survey_round": np.full(count, "2023-H1"),
                "dimension": np.full(count, dimension),
                "score": rng.integers(68, 93, count).astype(str),
                "_unit": p.household_unit[household],
                "_period": np.full(count, "", dtype="U12"),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
