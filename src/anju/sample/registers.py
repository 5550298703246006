"""The registers of households and people (F01, F02), events (F03) and the list of places, and the faults in them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from anju.sample.columns import days, flags, numbered, replaced, same, text, whole
from anju.sample.homes import communities, resident_status
from anju.sample.plan import FOREVER, Spell, World
from anju.sample.population import CAPACITY, CHILD, DAUGHTER, ETHNIC, RELATIONS, identity_numbers
from anju.sample.settlements import COUNTIES, STREETS, UNIT_CODES, UNITS
from anju.sample.timeline import first_of, last_of

RENAMED = ("522301", 3)  # a settlement that bore another name when the sample begins
FORMER_NAME = "旧街社区"
STILL_PAID = 3  # pensions of the dead that go on being paid


def plan_registers(w: World) -> None:
    """Who has died, who stands in two households, whose number bears an old county's code."""
    _deaths(w)
    _twice(w)
    _old_code(w)


def _deaths(w: World) -> None:
    """Old people of larger families who died in the sample's time; the pension of some goes on being paid."""
    p = w.p
    elder = np.flatnonzero((p.relation == 3) & (p.age(first_of(w.t.first)) >= 70))
    has = np.zeros(len(p.household_size), dtype=bool)
    has[p.person_household[elder]] = True
    has &= p.household_unit != UNIT_CODES.index("YILONG")
    many = max(STILL_PAID + 3, round(len(p.sex) * 0.0018))
    span = (w.p.day - first_of(w.t.first)).days - 60
    for nth, household in enumerate(w.draw(many, has)):
        person = next(m for m in p.members(household) if p.relation[m] == 3)
        w.dead[person] = w.p.day - timedelta(days=30 + nth * span // many)
        if nth < STILL_PAID:
            w.add(Spell("paid_after_death", w.t.first, w.t.horizon, household, person))
            w.expect("SX-02", p.identity(person), "orange", w.dead[person], FOREVER, "paid after death")  # a draft


def _twice(w: World) -> None:
    """One person stands in two households of the register: both rows are set aside, and nobody knows the number."""
    p = w.p
    always = p.labour(first_of(w.t.first)) & p.labour(last_of(w.t.horizon))
    two = np.bincount(p.person_household, always, len(p.household_size)) >= 3
    two &= (p.household_unit == 0) & (np.arange(len(p.household_size)) % 12 != 5)
    household, other = w.draw(2, two)
    person = [m for m in p.members(household) if always[m]][-1]
    w.unregistered[person] = p.code(other)


def _old_code(w: World) -> None:
    """A small child whose number begins with 522322, Xingren's code until 2018: it is valid and is accepted. No card
    bears it, as the child was born after the code was given up."""
    p = w.p
    child = np.flatnonzero((p.birth > np.datetime64("2019-01-01")) & (p.person_unit == 1) & (p.birth < np.datetime64("2021-01-01")))
    child = child[~w.taken[p.person_household[child]]]
    if len(child):
        person = int(child[0])
        w.taken[p.person_household[person]] = True
        sequence = np.array([int(p.identity(person)[14:17])])
        number = identity_numbers(p.birth[[person]], sequence, "522322")[0].as_py()
        p.person_id = replaced(p.person_id, {person: number})
        w.add(Spell("old_code", w.t.first, w.t.horizon, int(p.person_household[person]), person, number))


def households(w: World) -> dict[str, object]:
    p = w.p
    n = len(p.household_size)
    nth = np.arange(n) - np.searchsorted(p.household_community, p.household_community)
    return {
        "household_code": p.household_code,
        "head_person_id": p.person_id.take(pa.array(p.household_first)),
        "member_count": whole(p.household_size),
        "move_in_date": days(p.move_in),
        "relocation_cohort": whole(p.cohort),
        "origin_county_code": text(COUNTIES, p.origin_unit),
        "dest_community_code": communities(w).take(pa.array(p.household_community)),
        "mgmt_unit_code": text(UNIT_CODES, p.household_unit),
        "building_no": whole(nth // 60 + 1),
        "unit_no": whole(nth // 20 % 3 + 1),
        "room_no": whole((nth % 20 // 4 + 1) * 100 + nth % 4 + 1),
        "is_registered_poor": flags(p.registered_poor),
        "relocation_type": text(("whole_village", "scattered"), p.cohort % 2),
        "grid_code": numbered("G", p.household_grid, 3),
        "status": replaced(same("active", n), w.status),
    }


def persons(w: World) -> dict[str, object]:
    p = w.p
    n = len(p.sex)
    adult = p.age(p.day) >= 16
    dead = np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    for person, on in w.dead.items():
        dead[person] = on
    columns = {
        "person_id": p.person_id,
        "household_code": p.household_code.take(pa.array(p.person_household)),
        "name": p.person_name,
        "sex": whole(p.sex),
        "birth_date": days(p.birth),
        "ethnic_code": text([code for code, _ in ETHNIC], p.ethnic),
        "relation_to_head": text((*RELATIONS, DAUGHTER), np.where((p.relation == CHILD) & (p.sex == 2), len(RELATIONS), p.relation)),
        "hukou_area_code": text(COUNTIES, p.origin_unit[p.person_household]),
        "hukou_moved": flags(np.zeros(n, dtype=bool)),
        "residence_permit_no": text_where(numbered("JZ", np.arange(n), 8), adult),
        "residence_permit_expiry": days(np.where(adult, np.datetime64("2025-12-31"), np.datetime64("NaT"))),
        "education_level": text(("60", "70", "80"), np.arange(n) % 3),
        "is_student": flags(p.student),
        "in_military": flags(np.zeros(n, dtype=bool)),
        "labour_capacity": text(CAPACITY, p.capacity),
        "health_status": same("healthy", n),
        "resident_status": text(("living_here", "out_working", "out_studying"), resident_status(w)),
        "alive": flags(np.isnat(dead)),
        "deceased_on": days(dead),
    }
    again = np.array(sorted(w.unregistered))
    rows = pa.array(np.concatenate([np.arange(n), again]))
    doubled = {name: column.take(rows) for name, column in columns.items()}
    cells = {n + k: w.unregistered[int(person)] for k, person in enumerate(again)}
    return doubled | {"household_code": replaced(doubled["household_code"], cells)}


def text_where(column: pa.Array, keep: np.ndarray) -> pa.Array:
    rows = np.arange(len(column))
    return column.take(pa.array(rows, mask=~keep))


def events(w: World) -> dict[str, object]:
    """Deaths and births that the police recorded in the sample's time."""
    p = w.p
    born = np.flatnonzero(p.birth >= np.datetime64(first_of(w.t.first)))
    dead = sorted(w.dead)
    who = np.array([*dead, *born.tolist()], dtype=np.int64)
    on = np.concatenate([np.array([w.dead[person] for person in dead], dtype="datetime64[D]"), p.birth[born]])
    return {
        "event_id": numbered("E", np.arange(len(who)), 7),
        "person_id": p.person_id.take(pa.array(who)),
        "event_type": text(("death", "birth"), (np.arange(len(who)) >= len(dead)).astype(np.int64)),
        "event_date": days(on),
    }


def places(w: World, *, before: bool = False) -> dict[str, object]:
    """Units, their streets, the settlements and their grids; `before` with the name one of them has since given up."""
    p = w.p
    rows = [("unit", code, name, "", county) for code, name, county, *_ in UNITS]
    rows += [("street", code, name, unit, code) for unit, streets in STREETS.items() for code, name in streets]
    renamed = p.community(*RENAMED)
    for nth, (code, name, street) in enumerate(zip(p.community_code, p.community_name, p.community_street, strict=True)):
        called = FORMER_NAME if before and nth == renamed else name
        rows.append(("community", code, called, street, code))
        grids = np.unique(p.household_grid[p.household_community == nth])
        rows += [("grid", grid, f"{called}第{place}网格", code, "") for place, grid in enumerate(numbered("G", grids, 3).to_pylist(), start=1)]
    columns = list(zip(*rows, strict=True))
    names = ("level", "code", "name", "parent_code", "statistical_code")
    return {name: pa.array(values) for name, values in zip(names, columns, strict=True)}


def write_registers(folder: Path, w: World) -> None:
    """Plain UTF-8 CSV: places.csv and, as they were called before, places_before.csv; F01, F02 and F03."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "places_before.csv": places(w, before=True),
        "places.csv": places(w),
        "F01_household_register.csv": households(w),
        "F02_person_register.csv": persons(w),
        "F03_vital_event.csv": events(w),
    }
    for name, columns in files.items():
        pacsv.write_csv(pa.table(columns), folder / name)
