"""Builds the sample: registers and departments' files in a folder, and beside them what a run must find.

`<out>/register/` holds the list of places, F01 and F02; `<out>/deliveries/<day>/` the files as they arrive;
`<out>/truth.json` the planted troubles and the rows that must be set aside. The same arguments build the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from anju.core.contracts.model import Contract
from anju.sample import facts, social_facts
from anju.sample.faults import ExpectedRefusal, add_faults
from anju.sample.files import Written, write_feed, write_register
from anju.sample.population import STREETS, UNITS, Population, build_population
from anju.sample.troubles import LATE_UNIT, Expected, World, plant_all

SAMPLE_DAY = date(2023, 9, 26)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was built: `rows` over all delivered files; `expected` is everything a run of `day` must find."""

    day: date
    people: int
    households: int
    communities: int
    files: tuple[Written, ...]
    rows: int
    expected: tuple[Expected, ...]
    refusals: tuple[ExpectedRefusal, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "day": self.day.isoformat(),
            "people": self.people,
            "households": self.households,
            "communities": self.communities,
            "files": len(self.files),
            "rows": self.rows,
            "expected": [asdict(e) for e in self.expected],
            "refusals": [asdict(r) for r in self.refusals],
        }


def build_sample(
    people: int,
    out: Path,
    contracts: Mapping[str, Contract],
    *,
    seed: int = 20230926,
    day: date = SAMPLE_DAY,
    months: int = 24,
    weeks: int = 4,
    progress: Progress | None = None,
) -> SampleReport:
    """A prefecture of `people` (at least 5,000) on `day`, with `months` of monthly feeds behind it."""
    if months < 13:
        raise ValueError(f"{months} months are too few: costs of this year and income of the last need 13 or more")
    if people < 5_000:
        raise ValueError(f"a sample of {people} people is too small for 68 settlements and every planted trouble: 5,000 or more")
    rng = np.random.default_rng(seed + 1)
    p = build_population(people, seed, day)
    feeds = _compliant(p, months, weeks, rng)
    world = World(p, np.full(len(p.household_code), "active", dtype="U10"), feeds)
    plant_all(world, rng)
    refusals = add_faults(world)
    _write_registers(out / "register", world)
    written: list[Written] = []
    for nth, (code, table) in enumerate(sorted(world.feeds.items())):
        if progress:
            progress(code, nth + 1, len(world.feeds))
        written += _deliver(out / "deliveries", contracts[code], table, day)
    report = SampleReport(
        day=day,
        people=people,
        households=len(p.household_code),
        communities=len(p.community_code),
        files=tuple(written),
        rows=sum(w.rows for w in written),
        expected=tuple(sorted(set(world.expected))),
        refusals=tuple(refusals),
    )
    text = json.dumps(report.as_dict(), ensure_ascii=False, indent=1)
    (out / "truth.json").write_text(text + "\n", encoding="utf-8")
    return report


def _compliant(p: Population, months: int, weeks: int, rng: np.random.Generator) -> dict[str, facts.Table]:
    roll = facts.school_roll(p)
    return {
        "F04": facts.housing(p),
        "F06": facts.utilities(p, months),
        "F07": facts.water(p, months),
        "F09": roll,
        "F10": facts.attendance(p, roll, weeks),
        "F12": facts.facilities(p),
        "F13": facts.insurance(p),
        "F14": facts.settlements(p, months, rng),
        "F16": facts.employment(p, months, rng),
        "F19": facts.employers(p, months, workshops=100),
        "F20": social_facts.assistance(p, rng),
        "F21": social_facts.special_groups(p),
        "F26": social_facts.incomes(p, 8, rng),
        "F27": social_facts.monitored(p, rng),
        "F28": social_facts.disputes(p, months, rng),
        "F29": social_facts.visits(p, months, rng),
        "F30": social_facts.activities(p, months),
        "F33": social_facts.surveys(p, rng),
    }


def _deliver(out: Path, contract: Contract, table: facts.Table, day: date) -> list[Written]:
    """Months arrive on the fifth of the next, weeks on the Tuesday after, states with this month's round."""
    periods = [str(text) for text in np.unique(table["_period"])]
    received = {text: _received_on(text, day) for text in periods}
    if contract.code == "F13":  # the monthly roll: August's from every office, September's from all but one
        before = {name: column.copy() for name, column in table.items()}
        before["subsidised_amount"][:: max(1, len(before["_unit"]) // 200)] = 0  # the subsidies were still being booked
        earlier = write_feed(out, contract, before, received={"": date(day.year, day.month - 1, 5)})
        punctual = [unit[0] for unit in UNITS if unit[0] != LATE_UNIT]
        return earlier + write_feed(out, contract, table, received=received, only=punctual)
    return write_feed(out, contract, table, received=received)


def _received_on(period: str, day: date) -> date:
    if period == "":
        return day.replace(day=20)
    if "-W" in period:
        year, week = period.split("-W")
        return date.fromisocalendar(int(year), int(week), 7) + timedelta(days=1)
    if period.count("-") == 2:  # a term
        return date(int(period[:4]), 9, 12) if period.endswith("-1") else date(int(period[5:9]), 3, 10)
    year, month = period.split("-")
    after = date(int(year), int(month), 28) + timedelta(days=4)
    return after.replace(day=5)


def _write_registers(folder: Path, world: World) -> None:
    p = world.p
    write_register(folder / "places.csv", _places(p))
    households = {
        "household_code": p.household_code,
        "head_person_id": p.person_id[p.household_first],
        "member_count": p.household_size,
        "move_in_date": p.move_in,
        "relocation_cohort": p.cohort,
        "origin_county_code": np.array([u[2] for u in UNITS])[p.origin_unit],
        "dest_community_code": p.community_code[p.household_community],
        "mgmt_unit_code": np.array([u[0] for u in UNITS])[p.household_unit],
        "building_no": (np.arange(len(p.household_code)) // 60 % 20 + 1).astype(str),
        "unit_no": (np.arange(len(p.household_code)) // 20 % 3 + 1).astype(str),
        "room_no": np.char.mod("%d", (np.arange(len(p.household_code)) % 20 // 4 + 1) * 100 + 1),
        "is_registered_poor": np.where(p.registered_poor, "true", "false"),
        "relocation_type": np.where(p.cohort % 2 == 0, "whole_village", "scattered"),
        "grid_code": np.char.mod("G%03d", p.household_community),
        "status": world.household_status,
    }
    write_register(folder / "F01_household_register.csv", households)
    minor = p.age < 16
    people = {
        "person_id": p.person_id,
        "household_code": p.household_code[p.person_household],
        "name": p.person_name,
        "sex": p.sex,
        "birth_date": p.birth,
        "relation_to_head": p.relation,
        "hukou_moved": np.full(len(p.person_id), "false"),
        "residence_permit_no": np.where(minor, "", np.char.mod("JZ%08d", np.arange(len(p.person_id)))),
        "residence_permit_expiry": np.where(minor, "", "2025-12-31"),
        "is_student": np.where(p.is_student, "true", "false"),
        "in_military": np.full(len(p.person_id), "false"),
        "labour_capacity": p.labour_capacity,
        "health_status": np.full(len(p.person_id), "healthy"),
        "resident_status": p.resident_status,
        "alive": np.full(len(p.person_id), "true"),
        "deceased_on": np.full(len(p.person_id), ""),
    }
    write_register(folder / "F02_person_register.csv", people)


def _places(p: Population) -> dict[str, np.ndarray]:
    """Units, one street each, and the settlements: level, code, name, the parent's code, the statistical code."""
    rows = [("unit", code, name, "", county) for code, name, county, *_ in UNITS]
    rows += [("street", STREETS[u[0]][0], STREETS[u[0]][1], u[0], STREETS[u[0]][0]) for u in UNITS]
    for code, name, unit in zip(p.community_code, p.community_name, p.community_unit, strict=True):
        rows.append(("community", str(code), str(name), STREETS[UNITS[int(unit)][0]][0], str(code)))
    columns = list(zip(*rows, strict=True))
    names = ("level", "code", "name", "parent_code", "statistical_code")
    return {name: np.array(values) for name, values in zip(names, columns, strict=True)}
