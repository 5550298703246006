"""The standards in force in PostgreSQL: the same rows, fused statements written for it by hand, equal answers.

The load is not counted. What is counted on our side includes choosing deliveries and reading files, which PostgreSQL is spared.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from anju.core.contracts.model import Programme
from anju.core.contracts.programme import working_calendar_of
from anju.core.terms.dates import step_months
from benchmarks.inputs import Dates, write_inputs
from benchmarks.judged import Answers, Setting, fused, must_agree, rules_alone
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, in_turns, processor_ratio, ratio
from benchmarks.server import SETTINGS, Server, postgresql

if TYPE_CHECKING:
    from benchmarks.situation import Situation

STATEMENTS = Path(__file__).with_suffix(".sql")
MADE = re.compile(r"CREATE UNLOGGED TABLE (\w+)")
FUNCTIONS = """
CREATE FUNCTION run(bits bigint, most int) RETURNS int IMMUTABLE LANGUAGE sql AS
 $$ SELECT least(most, (ln((~bits & (bits + 1))::float8) / ln(2::float8))::int) $$;
CREATE FUNCTION ends(len int, covered bigint, no bigint, any_ bigint, most int) RETURNS boolean IMMUTABLE LANGUAGE sql AS
 $$ SELECT len < most AND (covered >> len) & 1 = 1 AND ((no >> len) & 1 = 1 OR (any_ >> len) & 1 = 0) $$;
CREATE FUNCTION working_days(a date, b date) RETURNS int STABLE LANGUAGE sql AS
 $$ SELECT count(*)::int FROM working_day w WHERE w.day > a AND w.day <= b $$;
"""
TYPES = {"int64": "bigint", "int32": "int", "string": "text", "bool": "boolean", "date32[day]": "date"}
# standard -> the table with its answer
TABLES = {
    "SS-05": "t_person_0", "ED-01": "t_person_1", "ED-03": "t_person_1", "MH-01": "t_person_1", "HS-03": "t_household_1",
    "SS-01": "t_household_1", "MH-02": "t_household_1", "EM-01": "t_household_1", "MW-02": "t_household_2", "HS-04": "t_community",
    "CU-03": "t_community", "CG-02": "t_dispute", "EM-05": "t_employer", "MW-01": "t_delivery",
}  # fmt: skip

# their clearing also asks what was recorded on cases (P01) or what a light of another standard says, which PostgreSQL is not given
CLEARED_OTHERWISE = frozenset({"MH-02", "MW-02", "EM-05"})


def parameters(setting: Setting) -> dict[str, Any]:
    """Every day, period and limit of the statements, from the policy."""
    d = Dates(setting)
    (term, _), (week, _), (month, _) = d.due("person", "on_roll"), d.due("person", "week_at_school"), d.due("person", "job")
    bills, visits = d.due("person", "inpatient_own_cost"), d.due("household", "reported_returned")
    people, heritage = d.due("community", "participants"), d.due("community", "heritage_events")
    return {
        "day": setting.day, "term": term, "week": week, "month": month, "quarter": d.due("household", "income")[0],
        "f14_first": bills[0], "f14_last": bills[1], "f29_first": visits[0], "f29_last": visits[1], "f30_first": people[0],
        "f30_last": people[1], "heritage_first": heritage[0], "heritage_last": heritage[1], "term_start": d.start("person", "on_roll"),
        "year_start": d.start("person", "inpatient_own_cost"), "returned_start": d.start("household", "reported_returned"),
        "f30_start": d.start("community", "participants"), "heritage_start": d.start("community", "heritage_events"),
        "arrears_start": d.start("employer", "longest_arrears"), "born_6": years_before(d.parameter("school_entry_day"), 6),
        "born_16": years_before(setting.day, 16), "born_55": years_before(setting.day, 55), "born_60": years_before(setting.day, 60),
        "medical_year": d.parameter("medical_year"), "visit_high": d.parameter("visit_high_days"),
        "visit_key": d.parameter("visit_key_days"), "visit_general": d.parameter("visit_general_days"), "dibao": d.parameter("dibao_standard"),
        "red": d.parameter("inpatient_red"), "line_poor": d.parameter("inpatient_line", True), "line": d.parameter("inpatient_line", False),
        "zero_days": d.parameter("zero_employment_days"), "away_red": d.parameter("away_red"), "away_orange": d.parameter("away_orange"),
        "transfer_days": d.parameter("transfer_days"),
    }  # fmt: skip


def years_before(day: date, years: int) -> date:
    """Whoever was born on it or before is `years` old on `day`."""
    return step_months(day, -12 * years)


def load(dsn: str, setting: Setting, files: dict[str, Path]) -> float:
    """Unlogged tables from the Parquet files, vacuumed and analysed. Answers the seconds."""
    started = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as con:
        for name, path in files.items():
            schema = pq.read_schema(path)
            columns = ", ".join(f'"{field.name}" {TYPES.get(str(field.type), "numeric")}' for field in schema)
            con.execute(f"CREATE UNLOGGED TABLE {name} ({columns})")
            with adbc.connect(f"postgresql://anju@/anju?{_query(dsn)}") as other, other.cursor() as cursor:
                cursor.adbc_ingest(name, _batches(path), mode="append")
                other.commit()
        con.execute("CREATE TABLE working_day (day date)")
        con.execute(FUNCTIONS)
        con.execute(_income_line(setting))
        with con.cursor().copy("COPY working_day FROM STDIN") as copy:
            for day in _working_days(setting):
                copy.write_row((day,))
        con.execute("VACUUM ANALYZE")
    return time.perf_counter() - started


def _query(dsn: str) -> str:
    parts = dict(part.split("=", 1) for part in dsn.split())
    return f"host={parts['host']}&port={parts['port']}"


def _batches(path: Path) -> pa.RecordBatchReader:
    file = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(batch_size=200_000))


def _income_line(setting: Setting) -> str:
    values = sorted(setting.policy.parameters["income_line"].values, key=lambda value: value.start, reverse=True)
    cases = " ".join(f"WHEN day >= DATE '{value.start}' THEN {value.value}" for value in values)
    return f"CREATE FUNCTION income_line(day date) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT CASE {cases} END $$"


def _working_days(setting: Setting) -> list[date]:
    programme = setting.policy.programme
    assert isinstance(programme, Programme)
    calendar = working_calendar_of(programme)
    days = [setting.day - timedelta(days=back) for back in range(800)]
    return [day for day in days if calendar.is_working(day)]


def judge(server: Server, values: dict[str, Any]) -> Timed:
    text = STATEMENTS.read_text(encoding="utf-8")
    statements = [part for part in re.split(r";\n", re.sub(r"(?m)^--.*$", "", text)) if part.strip()]
    with psycopg.connect(server.dsn) as con:
        for name in reversed(MADE.findall(text)):
            con.execute(f"DROP TABLE IF EXISTS {name}")
    before = server.processor()
    with psycopg.connect(server.dsn, autocommit=True, cursor_factory=psycopg.ClientCursor) as con:
        started = time.perf_counter()
        for statement in statements:
            con.execute(statement, values)
        took = time.perf_counter() - started
    return Timed(took, server.processor() - before)


def compare(dsn: str, ours: Answers) -> list[str]:
    """Standards whose answers, clearing and subjects are not the same on both sides."""
    wrong = []
    with psycopg.connect(dsn) as con:
        for code, table in TABLES.items():
            has = con.execute(
                "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s", (table, f"c:{code}")
            ).fetchone()
            a = f'"a:{code}"'
            clears = f'"c:{code}"' if has else f"CASE {a} WHEN 1 THEN TRUE WHEN 2 THEN NULL ELSE FALSE END"
            rows = con.execute(f"SELECT {a}, {clears}, count(*), sum(id::numeric)::text FROM {table} GROUP BY 1, 2").fetchall()
            mine = {(r[0], r[1], r[2], int(r[3])) for r in rows}
            here = set(ours[code])
            if code in CLEARED_OTHERWISE:
                mine, here = _without_clearing(mine), _without_clearing(here)
            if mine != here:
                wrong.append(f"{code}: here {sorted(here - mine, key=str)}, PostgreSQL {sorted(mine - here, key=str)}")
    return wrong


def _without_clearing(rows: Iterable[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Of answers by clearing those by answer alone: how many, and the sum of their subjects."""
    found: dict[Any, tuple[int, int]] = {}
    for answer, _clears, n, total in rows:
        before = found.get(answer, (0, 0))
        found[answer] = before[0] + n, before[1] + total
    return {(answer, None, n, total) for answer, (n, total) in found.items()}


def measure(situation: Situation) -> Section:
    setting = situation.published
    files = write_inputs(situation.with_drafts, tuple(TABLES), situation.folder / "inputs")
    plan = setting.plan(tuple(TABLES))
    values = parameters(setting)
    with postgresql() as server:
        loading = load(server.dsn, setting, files)
        ways = {
            "fused": lambda: fused(setting, plan), "rules": lambda: rules_alone(setting, plan), "postgresql": lambda: judge(server, values),
        }  # fmt: skip
        timings, found = in_turns(ways, situation.rounds)
        wrong = compare(server.dsn, found["fused"])
    if wrong:
        raise AssertionError("PostgreSQL answers otherwise:\n" + "\n".join(wrong))
    must_agree(found["fused"], found["rules"])
    times, alike = ratio(timings["postgresql"], timings["fused"]), ratio(timings["postgresql"], timings["rules"])
    rows = [
        Row(f"**fused: the same {len(TABLES)} standards here**", timings["fused"]),
        Row("of which the rules alone, the rows chosen before", timings["rules"], ratio(timings["rules"], timings["fused"]), "equal answers"),
        Row(
            "PostgreSQL, fused statements",
            timings["postgresql"],
            times,
            f"equal answers and subjects, standard by standard; clearing too, but for {len(CLEARED_OTHERWISE)} that ask decisions",
        ),
    ]
    goals = [
        Goal("rules against the same rules in PostgreSQL, the rows chosen before on both sides", alike.median, "times as fast", 8),
        Goal("the whole run against PostgreSQL's rules, deliveries chosen and files read within the time", times.median, "times as fast", 8),
        Goal("by processor seconds", processor_ratio(timings["postgresql"], timings["fused"]), "times"),
        Goal("loading PostgreSQL with those rows, once", loading, "s"),
    ]
    return Section(rows, goals, "times the fused run", {"settings": SETTINGS})
