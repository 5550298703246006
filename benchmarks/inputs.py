"""The rows of the snapshot as plain Parquet files, for ways that cannot read the lake: a table per feed, needed columns only.

Deliveries are chosen, corrections settled and our own keys found already, which no other way is charged with: what they
are compared in is the rules.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.compile.windows import due_periods, window_start
from anju.core.standards.model import Aggregate, Latest, Streak
from anju.lake import engine
from anju.lake.snapshot import open_snapshot
from benchmarks.judged import Setting, connection

# table -> (columns, from the snapshot's table); f: the attributes of a subject
TABLES = {
    "person": (
        'id, household_id, unit, "f:alive" AS alive, "f:labour_capacity" AS labour_capacity, "f:is_student" AS is_student,'
        ' "f:in_military" AS in_military, "f:sex" AS sex, "f:birth_date" AS birth_date, "f:resident_status" AS resident_status,'
        ' "f:hukou_moved" AS hukou_moved, "f:residence_permit_expiry" AS permit_expiry',
        "b_person",
    ),
    "household": (
        'id, area_id AS community_id, unit, "f:status" AS status, "f:is_registered_poor" AS is_registered_poor,'
        ' "f:move_in_date" AS move_in_date, "f:mgmt_unit_code" AS mgmt_unit_code',
        "b_household",
    ),
    "community": ("id, unit", "b_community"),
    "dispute": ("id, unit", "b_dispute"),
    "employer": ("id, unit", "b_employer"),
    "delivery": ("id, unit", "b_delivery"),
    "cover": ("feed, unit, period", "cover"),
    "fresh": ("feed, unit", "fresh"),
    "set_aside": ("feed, subject, subject_id, period, valid", "rejected_now"),
    "f06": ("household_id, period, in_use", "s_F06"),
    "f07": ("place_id AS community_id, period, ord, samples, samples_failed, outage_hours_max, outage_hours_total", "s_F07"),
    "f09": ("person_id, valid, period, ord, stage, status, school_code, school_unit_code", "s_F09"),
    "f10": ("person_id, unit, period, ord, absent_days_unexcused, consecutive_absent_days", "s_F10"),
    "f13": ("person_id, ord, year, insured", "s_F13"),
    "f14": ("person_id, valid, visit_type, self_paid", "s_F14"),
    "f16": (
        'person_id, "key:employer" AS employer_id, valid, period, ord, employed, job_start_on, unemployed_days, wage_arrears_days',
        "s_F16",
    ),
    "f19": ('"key:employer" AS employer_id, period, ord, employer_type, status, relocated_headcount', "s_F19"),
    "f20": ("person_id, household_id, program, status, stop_reason, stop_on", "s_F20"),
    "f21": ('person_id, "group" AS list, risk_level, last_visit_on, registered_on', "s_F21"),
    "f26": (
        "household_id, valid, period, ord, wage_income, business_income, property_income, transfer_income, rigid_expense, per_capita_net,"
        " per_capita_net_prev",
        "s_F26",
    ),
    "f27": ("household_id, status", "s_F27"),
    "p05": ("household_id, status", "s_P05"),
    "f28": ('"key:dispute" AS dispute_id, ord, result, registered_on, repeat_count, mediated_on', "s_F28"),
    "f29": ("household_id, valid, period, mode, array_to_string(findings, ';') AS findings", "s_F29"),
    "f30": ("place_id AS community_id, valid, kind, participants, participants_relocated", "s_F30"),
    "f33": ("place_id AS community_id, dimension, score", "s_F33"),
    "p04": ("household_id, valid, outcome", "s_P04"),
    "f36": ('"key:delivery" AS delivery_id, ord, expected_on, received_on, "rows", rejected_rows, matched_rate', "s_F36"),
}


def write_inputs(setting: Setting, codes: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """`folder`/<table>.parquet for everything that the standards `codes` need."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plan = setting.plan(codes)
    written = {}
    with connection("4GB") as con:
        feeds = {*engine.feeds_of(setting.policy, plan), *(name.upper() for name in TABLES if name[1:].isdigit())}
        subjects = {*plan.standards, "dispute", "employer", "delivery"}
        open_snapshot(con, setting.sources, setting.policy, setting.day, setting.known_at, feeds, subjects)
        weeks = school_weeks(setting)
        for name, (columns, source) in TABLES.items():
            if name in ("cover", "set_aside"):
                columns = columns.replace("period", f"CASE WHEN feed = 'F10' THEN {weeks} ELSE period END AS period")
            elif name == "f10":
                columns = columns.replace("period", f"{weeks} AS period")
            written[name] = folder / f"{name}.parquet"
            con.execute(f"COPY (SELECT {columns} FROM {source}) TO '{written[name]}' (FORMAT parquet, COMPRESSION zstd)")
    return written


def school_weeks(setting: Setting) -> str:
    """SQL: the period of attendance, with those before the holidays moved up to those after: other ways count weeks by subtraction. NULL for a
    week in which no school is held; the latest due one keeps its number."""
    dates = Dates(setting)
    last, off = dates.due("person", "week_at_school")[0], ", ".join(map(str, sorted(dates.calendar.weeks_off)))
    between = f"len(list_filter([{off}]::INTEGER[], lambda w: w > period AND w <= {last}))"
    return f"CASE WHEN NOT list_contains([{off}]::INTEGER[], period) THEN CAST(period + {between} AS INTEGER) END"


class Dates:
    """Windows and due periods of features, as values to compare with."""

    def __init__(self, setting: Setting) -> None:
        programme = setting.policy.programme
        assert isinstance(programme, Programme)
        self.policy, self.day, self.calendar = setting.policy, setting.day, calendar_of(programme)

    def _feature(self, subject: str, name: str) -> tuple[Contract, Any]:
        feature = self.policy.features[subject, name]
        assert isinstance(feature, Latest | Aggregate | Streak)
        contract = self.policy.contracts[feature.feed]
        assert isinstance(contract, Contract)
        return contract, None if isinstance(feature, Streak) else feature.window

    def start(self, subject: str, name: str) -> date:
        contract, window = self._feature(subject, name)
        return window_start(contract, window, self.day, self.calendar)

    def due(self, subject: str, name: str) -> tuple[int, int]:
        contract, window = self._feature(subject, name)
        found = due_periods(contract, window, self.day, self.calendar)
        assert found is not None, f"nothing of {contract.code} is due on {self.day}"
        return found

    def parameter(self, name: str, *keys: object) -> Any:
        """The value in force on the day; none of those used here differs by area."""
        values = [v for v in self.policy.parameters[name].values if v.keys == keys and v.area is None and v.start <= self.day]
        return max(values, key=lambda value: value.start).value
