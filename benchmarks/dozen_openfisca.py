"""The dozen as an OpenFisca system: persons in households, a variable per fact and month, a formula per standard.

The feeds have to become one array for each fact and month first; that is done with pandas and numpy and is part of what
is timed, and so is building the simulation. What the formulas alone take is reported beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.dozen import CODES, HOUSEHOLD, PERSON, Codes, coded
from benchmarks.dozen_pandas import aid_rows, day_of, latest, true, visits_counted

MONTH = "2023-09"
LEFT_OUT = -1  # households without a member, and persons of none: a group entity cannot hold them
STATUS = {"active": 1, "moved_back": 2}
LISTS = ("elder_alone", "elder_empty_nest", "disabled_elder")
PERSON_FACTS = {
    bool: ("alive", "able", "woman", "hukou_moved", "no_permit", "permit_soon", "away", "on_roll", "dropped_out", "taught_at_home", "insured",
           "employed", "elder", "late_high", "late_key", "late_general", "own_allowance", "own_dibao", "own_stopped"),
    int: ("age", "age_entry", "roll_unit", "absent_days", "inpatient_paid", "outpatient_paid", "unemployed_days"),
}  # fmt: skip
HOUSEHOLD_FACTS = {
    bool: ("registered_poor", "returned", "monitored", "family_allowance", "family_dibao", "family_stopped", "has_income"),
    int: ("status", "unit", "days_since_move", "meter", "visits_month", "visits_half", "yearly", "rigid", "net", "net_prev", "line"),
}
RISKS = ("high", "key", "general")
NONE = 10_000_000  # days out of work of somebody who has no such row


def judge(files: dict[str, Path], p: dict[str, Any]) -> tuple[Codes, float]:
    """Answers, and the seconds that the formulas alone took."""
    person = pd.read_parquet(files["person"]).sort_values("id")
    household = pd.read_parquet(files["household"]).sort_values("id")
    inside = person[person["household_id"].notna()].sort_values(["household_id", "id"])
    homes = household[household["id"].isin(inside["household_id"])]
    facts = _person_facts(files, inside, p)
    home_facts = _household_facts(files, homes, p)
    simulation = _simulation(p, inside, homes)
    for name, values in {**facts, **home_facts}.items():
        for month, array in values.items() if isinstance(values, dict) else ((MONTH, values),):
            simulation.set_input(name, month, array)
    started = time.perf_counter()
    answers = {code: simulation.calculate(_name(code), MONTH) for code in CODES}
    formulas = time.perf_counter() - started
    return _spread(answers, person, household, inside, homes), formulas


def _spread(answers: dict[str, Any], person: Any, household: Any, inside: Any, homes: Any) -> Codes:
    found: Codes = {}
    for codes, everyone, some in ((PERSON, person, inside), (HOUSEHOLD, household, homes)):
        at = pd.Index(everyone["id"]).get_indexer(some["id"])
        for code in codes:
            found[code] = np.full(len(everyone), LEFT_OUT, dtype=np.int16)
            found[code][at] = answers[code]
    return found


def _name(code: str) -> str:
    return code.lower().replace("-", "_")


# --- feeds to arrays -----------------------------------------------------------------------------------------------


def _age(birth: Any, day: Any) -> Any:
    day = day_of(day)
    before = (birth.dt.month * 100 + birth.dt.day) > day.month * 100 + day.day
    return (day.year - birth.dt.year - before).to_numpy(dtype=np.int32)


def _at(frame: Any, ids: Any, name: str, default: Any) -> Any:
    return frame[name].reindex(ids).fillna(default).to_numpy()


def _person_facts(files: dict[str, Path], person: Any, p: dict[str, Any]) -> dict[str, Any]:
    ids = pd.Index(person["id"])
    birth, expiry = pd.to_datetime(person["birth_date"]), pd.to_datetime(person["permit_expiry"])
    units = {unit: n for n, unit in enumerate(sorted(person["unit"].dropna().unique()))}
    roll = latest(
        files["f09"], "person_id", ["stage", "status", "school_unit_code"], ("period", p["term"]), lambda f: f["stage"] != "kindergarten"
    )
    week = latest(files["f10"], "person_id", ["consecutive_absent_days"], ("period", p["week"]))
    job = latest(files["f16"], "person_id", ["employed", "unemployed_days"], ("period", p["month"]))
    cover = pd.read_parquet(files["f13"], columns=["person_id", "year", "insured"])
    elder = pd.read_parquet(files["f21"])
    elder = elder[elder["list"].isin(LISTS)]
    since = (day_of(p["day"]) - pd.to_datetime(elder["last_visit_on"].fillna(elder["registered_on"]))).dt.days
    able = person["labour_capacity"].isin(["normal", "skilled"]) & ~true(person["is_student"]) & ~true(person["in_military"])
    facts = {
        "alive": true(person["alive"]), "able": able, "woman": person["sex"] == "2", "hukou_moved": true(person["hukou_moved"]),
        "no_permit": expiry.isna(), "permit_soon": (day_of(p["day"]) - expiry).dt.days >= -60,
        "away": person["resident_status"].isin(["out_working", "out_studying"]),
        "age": _age(birth, p["day"]), "age_entry": _age(birth, p["entry_day"]), "on_roll": ids.isin(roll.index),
        "dropped_out": _at(roll, ids, "status", "") == "dropped_out", "taught_at_home": _at(roll, ids, "status", "") == "home_teaching",
        "roll_unit": roll["school_unit_code"].map(units).reindex(ids).fillna(-1), "absent_days": _at(week, ids, "consecutive_absent_days", 0),
        "insured": ids.isin(cover[(cover["year"] == p["medical_year"]) & true(cover["insured"])]["person_id"]),
        "employed": true(job["employed"].reindex(ids)), "unemployed_days": _at(job, ids, "unemployed_days", NONE),
        "elder": ids.isin(elder["person_id"]),
        **{f"late_{risk}": ids.isin(elder[(elder["risk_level"] == risk) & (since > p[f"visit_{risk}"])]["person_id"]) for risk in RISKS},
        **{f"own_{name}": ids.isin(rows["person_id"].dropna()) for name, rows in aid_rows(pd.read_parquet(files["f20"]), p).items()},
    }  # fmt: skip
    return {name: np.asarray(values) for name, values in facts.items()} | _bills(files["f14"], ids, p)


def _bills(path: Path, ids: Any, p: dict[str, Any]) -> dict[str, Any]:
    """Inpatient costs as an array for each month of the year; outpatient costs of the window, which is no calendar month, as one."""
    bills = pd.read_parquet(path)
    valid = pd.to_datetime(bills["valid"])
    inpatient = bills[(valid > day_of(p["year_start"])) & (bills["visit_type"] == "inpatient")]
    by = inpatient.groupby([valid.dt.strftime("%Y-%m"), "person_id"])["self_paid"].sum()
    recent = bills[(valid > day_of(p["outpatient_start"])) & bills["visit_type"].isin(["outpatient", "special_chronic"])]
    return {
        "inpatient_paid": {month: _whole(by[month], ids) for month in by.index.get_level_values(0).unique()},
        "outpatient_paid": _whole(recent.groupby("person_id")["self_paid"].sum(), ids),
    }


def _whole(series: Any, ids: Any) -> Any:
    return series.reindex(ids).fillna(0).to_numpy(dtype=np.int32)


def _household_facts(files: dict[str, Path], homes: Any, p: dict[str, Any]) -> dict[str, Any]:
    ids = pd.Index(homes["id"])
    units = {unit: n for n, unit in enumerate(sorted(homes["unit"].dropna().unique()))}
    names = [
        "valid",
        "wage_income",
        "business_income",
        "property_income",
        "transfer_income",
        "rigid_expense",
        "per_capita_net",
        "per_capita_net_prev",
    ]
    income = latest(files["f26"], "household_id", names, ("period", p["quarter"])).reindex(ids)
    visits = pd.read_parquet(files["f29"])
    valid = pd.to_datetime(visits["valid"])
    back = (
        (valid > day_of(p["returned_start"]))
        & (visits["mode"] == "door")
        & visits["findings"].fillna("").str.contains("returned_origin", regex=False)
    )
    visits_month, visits_half = visits_counted(files, ids, p)
    watch = pd.concat([pd.read_parquet(files["f27"]), pd.read_parquet(files["p05"])])
    days = pd.to_datetime(income["valid"])
    facts = {
        "status": homes["status"].map(STATUS).fillna(0), "unit": homes["mgmt_unit_code"].map(units).fillna(-2),
        "registered_poor": true(homes["is_registered_poor"]), "returned": ids.isin(visits[back]["household_id"]),
        "days_since_move": (day_of(p["day"]) - pd.to_datetime(homes["move_in_date"])).dt.days.fillna(0),
        "visits_month": visits_month, "visits_half": visits_half,
        "monitored": ids.isin(watch[watch["status"] == "monitoring"]["household_id"]), "has_income": income["per_capita_net"].notna(),
        "yearly": income[names[1:5]].sum(axis=1), "rigid": income["rigid_expense"].fillna(0), "net": income["per_capita_net"].fillna(0),
        "net_prev": income["per_capita_net_prev"].fillna(0),
        "line": np.select([days >= day_of(start) for start, _ in p["income_line"]], [value for _, value in p["income_line"]], default=0),
        **{f"family_{name}": ids.isin(rows["household_id"].dropna()) for name, rows in aid_rows(pd.read_parquet(files["f20"]), p).items()},
    }  # fmt: skip
    return {name: np.asarray(values) for name, values in facts.items()} | {"meter": _meter(files["f06"], ids, p)}


def _meter(path: Path, ids: Any, p: dict[str, Any]) -> dict[str, Any]:
    """For each of 24 months: 1 in use, 0 not in use, 2 no row."""
    meter = pd.read_parquet(path)
    meter["used"] = true(meter["in_use"], otherwise=True).astype("int32")
    found = {}
    for back in range(24):
        period = p["month"] - back
        rows = meter[meter["period"] == period].groupby("household_id")["used"].max()
        found[f"{period // 12}-{period % 12 + 1:02d}"] = rows.reindex(ids).fillna(2).to_numpy(dtype=np.int32)
    return found


# --- the system ----------------------------------------------------------------------------------------------------


def _simulation(p: dict[str, Any], person: Any, homes: Any) -> Any:
    persons = build_entity("person", "persons", "A person", is_person=True)
    households = build_entity("household", "households", "A family", roles=[{"key": "member", "plural": "members", "label": "Members"}])
    system = TaxBenefitSystem([persons, households])
    for entity, facts in ((persons, PERSON_FACTS), (households, HOUSEHOLD_FACTS)):
        for kind, names in facts.items():
            for name in names:
                system.add_variable(_variable(name, kind, entity, None))
    for code, formula in _person_formulas(p).items():
        system.add_variable(_variable(_name(code), int, persons, formula))
    for code, formula in _household_formulas(p).items():
        system.add_variable(_variable(_name(code), int, households, formula))
    builder = SimulationBuilder()
    builder.create_entities(system)
    builder.declare_person_entity("person", person["id"].to_numpy())
    group = builder.declare_entity("household", homes["id"].to_numpy())
    builder.join_with_persons(group, person["household_id"].to_numpy(dtype=np.int64), np.full(len(person), "member"))
    return builder.build(system)


def _variable(name: str, kind: type, entity: Any, formula: Callable[..., Any] | None) -> Any:
    content: dict[str, Any] = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
    if formula is not None:
        content["formula"] = formula
    return type(name, (Variable,), content)


def _labour(person: Any, period: Any) -> Any:
    age = person("age", period)
    return person("alive", period) & person("able", period) & (age >= 16) & (age < np.where(person("woman", period), 55, 60))


def _person_formulas(p: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    def school_age(person: Any, period: Any) -> Any:
        return person("alive", period) & (person("age_entry", period) >= 6) & (person("age", period) < 16)

    def ed_01(person: Any, period: Any) -> Any:
        away = person("absent_days", period)
        out = ~person("on_roll", period) | person("dropped_out", period) | (away >= p["away_red"])
        return coded(school_age(person, period), [out, away >= p["away_orange"]])

    def ed_03(person: Any, period: Any) -> Any:
        moved = person.household("days_since_move", period) > p["transfer_days"]
        elsewhere = ~person("taught_at_home", period) & (person("roll_unit", period) != person.household("unit", period))
        return coded(school_age(person, period) & moved & person("on_roll", period), [elsewhere])

    def mh_01(person: Any, period: Any) -> Any:
        home = person.household
        drawing = home("family_allowance", period) | home.any(home.members("own_allowance", period))
        supported = home("registered_poor", period) | drawing | home("monitored", period)
        return coded(person("alive", period), [~person("insured", period) & supported, ~person("insured", period)])

    def ss_05(person: Any, period: Any) -> Any:
        return coded(person("elder", period) & (person("age", period) >= 60), [person(f"late_{risk}", period) for risk in RISKS])

    def hx_02(person: Any, period: Any) -> Any:
        applies = person("alive", period) & (person("age", period) >= 16) & ~person("hukou_moved", period)
        return coded(applies, [person("no_permit", period), person("permit_soon", period)])

    def dx_01(person: Any, period: Any) -> Any:
        return coded(person("alive", period), [person("outpatient_paid", period) >= p["outpatient_line"]])

    return {"ED-01": ed_01, "ED-03": ed_03, "MH-01": mh_01, "SS-05": ss_05, "HX-02": hx_02, "DX-01": dx_01}


def _household_formulas(p: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    def active(home: Any, period: Any) -> Any:
        return home("status", period) == STATUS["active"]

    def drawn(home: Any, period: Any, name: str) -> Any:
        return home(f"family_{name}", period) | home.any(home.members(f"own_{name}", period))

    def hs_03(home: Any, period: Any) -> Any:
        going, empty = np.ones(home.count, dtype=bool), np.zeros(home.count, dtype=int)
        for back in range(1, 25):
            going = going & (home("meter", period.offset(-back, "month")) == 0)
            empty += going
        here = ~home.any(home.members("alive", period) & home.members("away", period))
        status = home("status", period)
        back_again = (status == STATUS["moved_back"]) | home("returned", period)
        return coded(status > 0, [back_again, (empty >= 6) & here, (empty >= 3) & here])

    def mh_02(home: Any, period: Any) -> Any:
        months = [period.offset(-back, "month") for back in range(period.start.month)]
        cost = sum(home.sum(home.members("inpatient_paid", month)) for month in months)
        line = np.where(home("registered_poor", period), p["line_poor"], p["line"])
        heavy = (cost > 0) & (cost >= 0.5 * home("yearly", period)) & home("has_income", period)
        return coded(active(home, period), [(cost >= p["red"]) | heavy, cost >= line])

    def ss_01(home: Any, period: Any) -> Any:
        dibao = drawn(home, period, "dibao")
        below = home("has_income", period) & (home("net", period) < p["dibao"])
        return coded(active(home, period), [below & ~dibao, drawn(home, period, "stopped") & ~dibao])

    def em_01(home: Any, period: Any) -> Any:
        labour = _labour(home.members, period)
        nobody = home.sum(labour & home.members("employed", period)) == 0
        days = home.members("unemployed_days", period)
        shortest = home.min(np.where(labour, days, NONE))
        return coded(active(home, period) & home.any(labour), [nobody & (shortest > p["zero_days"]) & (shortest < NONE), nobody])

    def mw_02(home: Any, period: Any) -> Any:
        net, line, yearly = (home(name, period).astype(np.float64) for name in ("net", "line", "yearly"))
        known = home("has_income", period)
        falling = (net < 1.2 * line) & (net <= 0.7 * home("net_prev", period))
        burdened = (yearly > 0) & (home("rigid", period) >= 0.4 * yearly)
        return coded(active(home, period), [known & (net < line), known & falling, known & burdened])

    def qx_02(home: Any, period: Any) -> Any:
        return coded(active(home, period), [home("monitored", period) & (home("visits_month", period) == 0), home("visits_half", period) == 0])

    return {"HS-03": hs_03, "MH-02": mh_02, "SS-01": ss_01, "EM-01": em_01, "MW-02": mw_02, "QX-02": qx_02}
