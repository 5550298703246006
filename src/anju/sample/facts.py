"""What the departments would record about a compliant population: one table per feed, before any trouble.

A table is a dict of equally long numpy columns under the contract's column names. Two bookkeeping columns that
are never written start with '_': `_unit` (index into UNITS, whose office delivers the row) and `_period` (the
text of the period it belongs to, '' for a state). Money is in whole fen; `files` writes it in yuan.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from anju.sample.population import UNITS, Population, month_ends

Table = dict[str, Any]
TERMS = ("2022-2023-2", "2023-2024-1")
STAGES = ("kindergarten", "primary", "junior", "senior")
MODES = np.array(["out_province", "out_county", "local", "workshop", "self_employed", "public_post", "home_based", "farm"])
MODE_SHARES = np.array([45, 15, 15, 8, 8, 5, 2, 2]) / 100


def months_text(day: date, months: int) -> list[str]:
    return [f"{end:%Y-%m}" for end in month_ends(day, months)]


def concat(tables: list[Table]) -> Table:
    return {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}


def take(table: Table, rows: Any) -> Table:
    return {name: column[rows] for name, column in table.items()}


def dwelling_code(p: Population) -> Any:
    return np.char.add("D", np.char.lstrip(p.household_code, "H"))


def housing(p: Population) -> Table:
    n = len(p.household_code)
    return {
        "unit_code": dwelling_code(p),
        "household_code": p.household_code,
        "dest_community_code": p.community_code[p.household_community],
        "area_m2": np.minimum(140, 20 * p.household_size + 5).astype(str),
        "delivered_on": p.move_in.astype(str),
        "certificate_no": np.char.add("522300-", p.household_code),
        "certificate_on": (p.move_in + 120).astype(str),
        "maintenance_fund_balance": np.full(n, 180_000),
        "occupancy_status": np.full(n, "occupied", dtype="U8"),
        "last_occupied_on": np.full(n, p.day.isoformat()),
        "old_house_demolished": np.full(n, "true", dtype="U5"),
        "_unit": p.household_unit,
        "_period": np.full(n, "", dtype="U12"),
    }


def utilities(p: Population, months: int) -> Table:
    texts = months_text(p.day, months)
    n = len(p.household_code)
    return {
        "unit_code": np.tile(dwelling_code(p), months),
        "month": np.repeat(texts, n),
        "in_use": np.full(n * months, "true", dtype="U5"),
        "arrears_amount": np.zeros(n * months, dtype=np.int64),
        "arrears_months": np.zeros(n * months, dtype=np.int64),
        "_unit": np.tile(p.household_unit, months),
        "_period": np.repeat(texts, n),
    }


def water(p: Population, months: int) -> Table:
    texts = months_text(p.day, months)
    n = len(p.community_code)
    residents = np.bincount(p.household_community[p.person_household], minlength=n)
    return {
        "dest_community_code": np.tile(p.community_code, months),
        "month": np.repeat(texts, n),
        "outage_hours_max": np.full(n * months, "4.5", dtype="U6"),
        "outage_hours_total": np.full(n * months, "9.0", dtype="U6"),
        "samples": np.full(n * months, 4),
        "samples_failed": np.zeros(n * months, dtype=np.int64),
        "persons_affected": np.tile(residents, months),
        "_unit": np.tile(p.community_unit, months),
        "_period": np.repeat(texts, n),
    }


def school_code(unit: Any, stage: Any, community: Any) -> Any:
    """Codes of the sample's schools: two per stage and unit, told apart by the settlement's parity."""
    codes = np.array([u[0] for u in UNITS])
    name = np.char.add(np.char.add(codes[unit], "-"), np.char.add(np.array(STAGES)[stage], "-"))
    return np.char.add(name, (community % 2 + 1).astype(str))


def facilities(p: Population) -> Table:
    unit = np.repeat(np.arange(len(UNITS)), len(STAGES) * 2)
    stage = np.tile(np.repeat(np.arange(len(STAGES)), 2), len(UNITS))
    nth = np.tile([0, 1], len(UNITS) * len(STAGES))
    first = np.array([int(np.flatnonzero(p.community_unit == u)[0]) for u in range(len(UNITS))])
    n = len(unit)
    name = np.char.add(np.array([u[1] for u in UNITS])[unit], np.array(["幼儿园", "小学", "初中", "高中"])[stage])
    return {
        "facility_code": school_code(unit, stage, nth),
        "facility_type": np.array(STAGES)[stage],
        "name": name,
        "parent_facility_code": np.full(n, "", dtype="U30"),
        "dest_community_code": p.community_code[first[unit]],
        "lon": np.char.mod("%.4f", 104.9 + 0.1 * unit + 0.01 * nth),
        "lat": np.char.mod("%.4f", 25.0 + 0.05 * stage),
        "capacity": np.full(n, 1800),
        "in_use": np.full(n, 1200),
        "staff_count": np.full(n, 90),
        "weekly_open_hours": np.full(n, "42.0", dtype="U6"),
        "opened_on": np.full(n, "2018-09-01"),
        "status": np.full(n, "open", dtype="U8"),
        "_unit": unit,
        "_period": np.full(n, "", dtype="U12"),
    }


def school_roll(p: Population) -> Table:
    """Everybody from the sixth birthday by 31 August up to 15 is on the roll, kindergarten and senior besides."""
    rows = []
    for term, entry in zip(TERMS, (2022, 2023), strict=True):
        cut = np.datetime64(f"{entry}-08-31")
        years = (cut - p.birth).astype(int) / 365.2425
        cut_age = np.floor(years).astype(int)
        exact = _age_on(p.birth, date(entry, 8, 31))
        cut_age = exact
        stage = np.select([cut_age < 6, cut_age < 12, cut_age < 15], [0, 1, 2], default=3)
        on = (exact >= 3) & (exact < 18) & ((exact < 16) | p.is_student) | ((exact >= 6) & (p.age < 16))
        who = np.flatnonzero(on)
        grade = np.select(
            [stage[who] == 0, stage[who] == 1, stage[who] == 2],
            [exact[who] - 2, exact[who] - 5, exact[who] - 11],
            default=np.minimum(exact[who] - 14, 3),
        )
        community = p.household_community[p.person_household[who]]
        rows.append(
            {
                "person_id": p.person_id[who],
                "term": np.full(len(who), term),
                "school_code": school_code(p.person_unit[who], stage[who], community),
                "school_unit_code": np.array([u[0] for u in UNITS])[p.person_unit[who]],
                "stage": np.array(STAGES)[stage[who]],
                "grade": grade.astype("U4"),
                "status": np.full(len(who), "enrolled", dtype="U12"),
                "boarding": np.where(stage[who] >= 2, "true", "false"),
                "enrolled_on": np.full(len(who), f"{entry}-09-01"),
                "_unit": p.person_unit[who],
                "_period": np.full(len(who), term),
                "_person": who,
            }
        )
    return concat(rows)


def _age_on(birth: Any, day: date) -> Any:
    months = birth.astype("datetime64[M]").astype(int)
    year, month = 1970 + months // 12, months % 12 + 1
    dom = (birth - birth.astype("datetime64[M]")).astype(int) + 1
    before = (month > day.month) | ((month == day.month) & (dom > day.day))
    return day.year - year - before


def attendance(p: Population, roll: Table, weeks: int) -> Table:
    """Every pupil from primary school on, for the last whole weeks of this term."""
    pupil = (roll["term"] == TERMS[-1]) & (roll["stage"] != "kindergarten")
    base = take(roll, pupil)
    monday = p.day - timedelta(days=p.day.weekday() + 7)
    rows = []
    for back in range(weeks - 1, -1, -1):
        start = monday - timedelta(days=7 * back)
        year, week, _ = start.isocalendar()
        text = f"{year}-W{week:02d}"
        n = len(base["person_id"])
        rows.append(
            {
                "person_id": base["person_id"],
                "week": np.full(n, text),
                "school_code": base["school_code"],
                "absent_days_unexcused": np.zeros(n, dtype=np.int64),
                "consecutive_absent_days": np.zeros(n, dtype=np.int64),
                "last_present_on": np.full(n, (start + timedelta(days=4)).isoformat()),
                "_unit": base["_unit"],
                "_period": np.full(n, text),
                "_person": base["_person"],
            }
        )
    return concat(rows)


def insurance(p: Population) -> Table:
    n = len(p.person_id)
    codes = np.array([u[2] for u in UNITS])
    return {
        "person_id": p.person_id,
        "year": np.full(n, p.day.year),
        "insured": np.full(n, "true", dtype="U5"),
        "insured_type": np.full(n, "resident", dtype="U8"),
        "insured_area_code": codes[p.person_unit],
        "subsidised_amount": np.where(p.registered_poor[p.person_household], 18_000, 0),
        "paid_on": np.full(n, f"{p.day.year - 1}-12-20"),
        "_unit": p.person_unit,
        "_period": np.full(n, "", dtype="U12"),
        "_person": np.arange(n),
    }


def settlements(p: Population, months: int, rng: np.random.Generator) -> Table:
    """Bills as people have them: outpatient 0.41 a head and month, inpatient 0.016, all within the lines."""
    ends = month_ends(p.day, months)
    n = len(p.person_id)
    rows = []
    serial = 0
    for end in ends:
        first = np.datetime64(end.replace(day=1))
        count = int(n * 0.426)
        who = rng.integers(0, n, count)
        inpatient = rng.random(count) < 0.0375
        day = first + rng.integers(0, end.day, count)
        total = np.where(inpatient, rng.integers(120_000, 900_000, count), rng.integers(2_000, 30_000, count))
        own = np.where(inpatient, total * rng.integers(8, 20, count) // 100, total * 30 // 100)
        rows.append(
            {
                "settlement_id": np.char.mod("S%09d", np.arange(serial, serial + count)),
                "person_id": p.person_id[who],
                "visit_type": np.where(inpatient, "inpatient", "outpatient"),
                "admitted_on": np.where(inpatient, (day - 6).astype(str), day.astype(str)),
                "discharged_on": day.astype(str),
                "settled_on": day.astype(str),
                "total_cost": total,
                "self_paid": own,
                "disease_code": np.where(inpatient, "J18.9", "J06.9"),
                "hospital_code": np.char.mod("H%03d", who % 70),
                "_unit": p.person_unit[who],
                "_period": np.full(count, f"{end:%Y-%m}"),
                "_person": who,
                "_inpatient": inpatient,
            }
        )
        serial += count
    table = concat(rows)
    _keep_within_the_lines(p, table)
    share = table["total_cost"] - table["self_paid"]
    table["basic_paid"] = share * 85 // 100
    table["critical_illness_paid"] = np.zeros(len(share), dtype=np.int64)
    table["assistance_paid"] = share - table["basic_paid"]
    return table


def _keep_within_the_lines(p: Population, table: Table) -> None:
    """Scale a household's inpatient bills of the year down to 3,000 yuan where chance made them larger."""
    this_year = table["_inpatient"] & (np.char.find(table["_period"], str(p.day.year)) == 0)
    household = p.person_household[table["_person"]]
    spent = np.bincount(household[this_year], table["self_paid"][this_year], len(p.household_code))
    heavy = this_year & (spent[household] > 300_000)
    factor = 300_000 / np.maximum(spent[household], 1)
    table["self_paid"] = np.where(heavy, (table["self_paid"] * factor).astype(np.int64), table["self_paid"])


def employment(p: Population, months: int, rng: np.random.Generator) -> Table:
    """A row a month for every labour member: 94 % and more in work, at least one in every labour household."""
    labour = np.flatnonzero(p.labour)
    works = rng.random(len(labour)) < 0.955
    household = p.person_household[labour]
    first_of_household = np.concatenate(([True], np.diff(household) != 0))
    works |= first_of_household
    mode = rng.choice(MODES, size=len(labour), p=MODE_SHARES)
    away = works & np.isin(mode, ("out_province", "out_county"))
    p.resident_status[labour[away]] = "out_working"
    employer = np.where(mode == "workshop", np.char.mod("W%03d", household % 100), "")
    texts = months_text(p.day, months)
    n = len(labour)
    wage = rng.integers(2_200, 5_500, n) * 100
    codes = np.array([u[2] for u in UNITS])[p.person_unit[labour]]
    table: Table = {
        "person_id": np.tile(p.person_id[labour], months),
        "month": np.repeat(texts, n),
        "employed": np.tile(np.where(works, "true", "false"), months),
        "employment_mode": np.tile(np.where(works, mode, ""), months),
        "employer_code": np.tile(np.where(works, employer, ""), months),
        "work_area_code": np.tile(np.where(mode == "out_province", "440300", codes), months),
        "job_start_on": np.tile(np.where(works, "2021-03-01", ""), months),
        "job_end_on": np.full(n * months, "", dtype="U10"),
        "end_reason": np.full(n * months, "", dtype="U12"),
        "monthly_wage": np.tile(np.where(works, wage, 0), months),
        "has_contract": np.tile(np.where(works, "true", "false"), months),
        "social_insured": np.tile(np.where(works, "true", "false"), months),
        "unemployed_days": np.tile(np.where(works, 0, 12), months),
        "wage_arrears_amount": np.zeros(n * months, dtype=np.int64),
        "wage_arrears_days": np.zeros(n * months, dtype=np.int64),
        "_unit": np.tile(p.person_unit[labour], months),
        "_period": np.repeat(texts, n),
        "_person": np.tile(labour, months),
    }
    return table


def employers(p: Population, months: int, workshops: int) -> Table:
    texts = months_text(p.day, months)
    nth = np.arange(workshops)
    community = nth % len(p.community_code)
    return {
        "employer_code": np.tile(np.char.mod("W%03d", nth), months),
        "month": np.repeat(texts, workshops),
        "name": np.tile(np.char.mod("帮扶车间%03d", nth), months),
        "employer_type": np.full(workshops * months, "workshop"),
        "dest_community_code": np.tile(p.community_code[community], months),
        "status": np.full(workshops * months, "operating", dtype="U9"),
        "headcount": np.full(workshops * months, 50),
        "relocated_headcount": np.full(workshops * months, 40),
        "avg_wage": np.full(workshops * months, 280_000),
        "open_posts": np.full(workshops * months, 3),
        "_unit": np.tile(p.community_unit[community], months),
        "_period": np.repeat(texts, workshops),
    }
