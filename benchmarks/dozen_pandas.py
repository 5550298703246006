"""The dozen written with pandas, from the same rows: groupby, merge and boolean columns, as one would in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.dozen import Codes, coded


def judge(files: dict[str, Path], p: dict[str, Any]) -> Codes:
    """Reads the Parquet files and answers the twelve standards. `p`: days, periods and limits."""
    person = pd.read_parquet(files["person"]).sort_values("id").set_index("id")
    household = pd.read_parquet(files["household"]).sort_values("id").set_index("id")
    for name in ("alive", "hukou_moved"):
        person[name] = true(person[name])
    household["is_registered_poor"] = true(household["is_registered_poor"])
    _ages(person, p)
    _people(files, person, p)
    _families(files, household, person, p)
    home = household.reindex(person["household_id"].fillna(-1).astype("int64"))
    found = _person_answers(person, home, p)
    return found | _household_answers(household, p)


def true(cells: Any, *, otherwise: bool = False) -> Any:
    """Cells that may be empty as plain booleans. Whoever depends on an empty one is unknown here, and is not compared."""
    return cells.astype("boolean").fillna(otherwise).astype(bool)


def day_of(value: Any) -> Any:
    return pd.Timestamp(value)


def _ages(person: Any, p: dict[str, Any]) -> None:
    birth = pd.to_datetime(person["birth_date"])
    for name in ("born_6", "born_16", "born_55", "born_60"):
        person[name] = birth <= day_of(p[name])
    person["school_age"] = person["alive"] & person["born_6"] & ~person["born_16"]
    able = person["labour_capacity"].isin(["normal", "skilled"]) & ~true(person["is_student"]) & ~true(person["in_military"])
    under = np.where(person["sex"] == "1", ~person["born_60"], ~person["born_55"])
    person["labour"] = person["alive"] & able & person["born_16"] & under


def latest(path: Path, key: str, columns: list[str], periods: tuple[str, int], where: Any = None) -> Any:
    """The last row of each subject from a period on."""
    frame = pd.read_parquet(path, columns=[key, "ord", periods[0], *columns])
    frame = frame[frame[periods[0]] >= periods[1]]
    if where is not None:
        frame = frame[where(frame)]
    return frame.sort_values("ord").drop_duplicates(key, keep="last").set_index(key)[columns]


def _people(files: dict[str, Path], person: Any, p: dict[str, Any]) -> None:
    roll = latest(
        files["f09"], "person_id", ["stage", "status", "school_unit_code"], ("period", p["term"]), lambda f: f["stage"] != "kindergarten"
    )
    person["on_roll"] = person.index.isin(roll.index)
    person["roll_status"] = roll["status"].reindex(person.index)
    person["roll_unit"] = roll["school_unit_code"].reindex(person.index)
    week = latest(files["f10"], "person_id", ["consecutive_absent_days"], ("period", p["week"]))
    person["away"] = week["consecutive_absent_days"].reindex(person.index).fillna(0)
    cover = pd.read_parquet(files["f13"], columns=["person_id", "year", "insured"])
    person["insured"] = person.index.isin(cover[(cover["year"] == p["medical_year"]) & true(cover["insured"])]["person_id"])
    bills = pd.read_parquet(files["f14"])
    valid = pd.to_datetime(bills["valid"])
    inpatient = bills[(valid > day_of(p["year_start"])) & (bills["visit_type"] == "inpatient")].groupby("person_id")["self_paid"].sum()
    outpatient = bills[(valid > day_of(p["outpatient_start"])) & bills["visit_type"].isin(["outpatient", "special_chronic"])]
    person["inpatient"] = inpatient.reindex(person.index).fillna(0)
    person["outpatient"] = outpatient.groupby("person_id")["self_paid"].sum().reindex(person.index).fillna(0)
    job = latest(files["f16"], "person_id", ["employed", "unemployed_days"], ("period", p["month"]))
    person["employed"] = true(job["employed"].reindex(person.index))
    person["unemployed_days"] = job["unemployed_days"].reindex(person.index)
    elder = pd.read_parquet(files["f21"])
    elder = elder[elder["list"].isin(["elder_alone", "elder_empty_nest", "disabled_elder"])]
    person["elder"] = person.index.isin(elder["person_id"])
    since = (day_of(p["day"]) - pd.to_datetime(elder["last_visit_on"].fillna(elder["registered_on"]))).dt.days
    for risk in ("high", "key", "general"):
        late = elder[(elder["risk_level"] == risk) & (since > p[f"visit_{risk}"])]
        person[f"late_{risk}"] = person.index.isin(late["person_id"])
    aid = pd.read_parquet(files["f20"])
    for name, rows in aid_rows(aid, p).items():
        person[name] = person.index.isin(rows["person_id"].dropna())


def aid_rows(aid: Any, p: dict[str, Any]) -> dict[str, Any]:
    dibao = aid["program"].isin(["dibao_rural", "dibao_urban"])
    since = (day_of(p["day"]) - pd.to_datetime(aid["stop_on"])).dt.days
    return {
        "allowance": aid[(dibao | (aid["program"] == "tekun")) & (aid["status"] == "active")],
        "dibao": aid[dibao & (aid["status"] == "active")],
        "stopped": aid[dibao & (aid["status"] == "stopped") & (aid["stop_reason"] == "moved") & (since > 30)],
    }


def visits_counted(files: dict[str, Path], ids: Any, p: dict[str, Any]) -> tuple[Any, Any]:
    """(of the month, of half a year) by household: those on the logs and those recorded on the platform; twice nobody home counts for the
    month."""
    logs, here = pd.read_parquet(files["f29"]), pd.read_parquet(files["p04"])
    logs, here["valid"] = logs[logs["mode"].isin(["door", "phone"])], pd.to_datetime(here["valid"]).dt.normalize()  # the language sees days
    came, knocked = here["outcome"].isin(["met", "refused"]), here["outcome"].isin(["nobody_home", "no_answer"])

    def by_home(rows: Any) -> Any:
        return rows.groupby("household_id").size().reindex(ids).fillna(0)

    def since(rows: Any, start: Any) -> Any:
        return by_home(rows[rows["valid"] > pd.Timestamp(start)])

    month, half = (by_home(logs[logs["period"].between(*p[f"logs_{w}"])]) + since(here[came], p[f"here_{w}_start"]) for w in ("month", "half"))
    return month + (since(here[knocked], p["here_month_start"]) >= 2), half


def _families(files: dict[str, Path], household: Any, person: Any, p: dict[str, Any]) -> None:
    index = household.index
    meter = pd.read_parquet(files["f06"])
    meter = meter[(meter["period"] > p["month"] - 24) & (meter["period"] <= p["month"])]
    used = meter[true(meter["in_use"], otherwise=True)].groupby("household_id")["period"].max()
    first = meter.groupby("household_id")["period"].min()
    run = (p["month"] - used).reindex(index)
    household["not_in_use"] = run.fillna(p["month"] - first.reindex(index) + 1).fillna(0)
    visits = pd.read_parquet(files["f29"])
    valid = pd.to_datetime(visits["valid"])
    door = visits[(valid > day_of(p["returned_start"])) & (visits["mode"] == "door")]
    household["returned"] = index.isin(door[door["findings"].fillna("").str.contains("returned_origin", regex=False)]["household_id"])
    household["visits_month"], household["visits_half"] = visits_counted(files, index, p)
    watch = pd.concat([pd.read_parquet(files["f27"]), pd.read_parquet(files["p05"])])
    household["monitored"] = index.isin(watch[watch["status"] == "monitoring"]["household_id"])
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
    income = latest(files["f26"], "household_id", names, ("period", p["quarter"])).reindex(index)
    household["yearly"] = income[["wage_income", "business_income", "property_income", "transfer_income"]].sum(axis=1, min_count=4)
    household["rigid"], household["net"], household["net_prev"] = (
        income["rigid_expense"],
        income["per_capita_net"],
        income["per_capita_net_prev"],
    )
    household["line"] = _dated(pd.to_datetime(income["valid"]), p["income_line"])
    aid = pd.read_parquet(files["f20"])
    for name, rows in aid_rows(aid, p).items():
        household[name] = index.isin(rows["household_id"].dropna())
    members = person[person["household_id"].notna()]
    by = members.groupby("household_id")
    for name in ("allowance", "dibao", "stopped"):
        household[name] |= by[name].any().reindex(index).fillna(False).astype(bool)
    household["inpatient"] = by["inpatient"].sum().reindex(index).fillna(0)
    away = members[members["alive"] & members["resident_status"].isin(["out_working", "out_studying"])]
    household["away"] = index.isin(away["household_id"])
    labour = members[members["labour"]]
    household["labour"] = labour.groupby("household_id").size().reindex(index).fillna(0)
    household["employed"] = labour[labour["employed"]].groupby("household_id").size().reindex(index).fillna(0)
    household["shortest"] = labour.groupby("household_id")["unemployed_days"].min().reindex(index)


def _dated(days: Any, values: list[tuple[Any, Any]]) -> Any:
    return np.select([days >= day_of(start) for start, _ in values], [value for _, value in values], default=np.nan)


def _person_answers(person: Any, home: Any, p: dict[str, Any]) -> Codes:
    moved = (day_of(p["day"]) - pd.to_datetime(home["move_in_date"])).dt.days.to_numpy() > p["transfer_days"]
    unit = home["mgmt_unit_code"].to_numpy()
    elsewhere = (person["roll_status"] != "home_teaching").to_numpy() & (person["roll_unit"].to_numpy() != unit)
    supported = (home["is_registered_poor"] | home["allowance"] | home["monitored"]).fillna(False).to_numpy(dtype=bool)
    expiry = pd.to_datetime(person["permit_expiry"])
    soon = (day_of(p["day"]) - expiry).dt.days >= -60
    out = ~person["on_roll"] | (person["roll_status"] == "dropped_out") | (person["away"] >= p["away_red"])
    elders = person["elder"] & person["born_60"]
    return {
        "ED-01": coded(person["school_age"], [out, person["away"] >= p["away_orange"]]),
        "ED-03": coded(person["school_age"] & moved & person["on_roll"], [elsewhere]),
        "MH-01": coded(person["alive"], [~person["insured"] & supported, ~person["insured"]]),
        "SS-05": coded(elders, [person["late_high"], person["late_key"], person["late_general"]]),
        "HX-02": coded(person["alive"] & person["born_16"] & ~person["hukou_moved"], [expiry.isna(), soon]),
        "DX-01": coded(person["alive"], [person["outpatient"] >= p["outpatient_line"]]),
    }


def _household_answers(h: Any, p: dict[str, Any]) -> Codes:
    active = h["status"] == "active"
    line = np.where(h["is_registered_poor"], p["line_poor"], p["line"])
    nobody = h["employed"] == 0
    empty = (h["yearly"] > 0) & (h["rigid"] >= 0.4 * h["yearly"])
    cost = h["inpatient"]
    return {
        "HS-03": coded(
            h["status"].isin(["active", "moved_back"]),
            [(h["status"] == "moved_back") | h["returned"], (h["not_in_use"] >= 6) & ~h["away"], (h["not_in_use"] >= 3) & ~h["away"]],
        ),
        "MH-02": coded(active, [(cost >= p["red"]) | (cost > 0) & (cost >= 0.5 * h["yearly"]), cost >= line]),
        "SS-01": coded(active, [(h["net"] < p["dibao"]) & ~h["dibao"], h["stopped"] & ~h["dibao"]]),
        "EM-01": coded(active & (h["labour"] >= 1), [nobody & (h["shortest"] > p["zero_days"]), nobody]),
        "MW-02": coded(active, [h["net"] < h["line"], (h["net"] < 1.2 * h["line"]) & (h["net"] <= 0.7 * h["net_prev"]), empty]),
        "QX-02": coded(active, [h["monitored"] & (h["visits_month"] == 0), h["visits_half"] == 0]),
    }
