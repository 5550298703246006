"""A dozen standards beside what one would write by hand instead: pandas in a notebook, an OpenFisca system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anju.lake import engine
from benchmarks import dozen_openfisca, dozen_pandas
from benchmarks.dozen import CODES, Codes, limits, must_agree, our_codes
from benchmarks.inputs import Dates, write_inputs
from benchmarks.judged import Setting, connection
from benchmarks.postgresql import parameters
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Timing, Watch, in_turns, processor_ratio, ratio

if TYPE_CHECKING:
    from benchmarks.situation import Situation


def ours(setting: Setting) -> Timed:
    plan = setting.plan(CODES)
    with connection() as con:
        watch = Watch()
        engine.judge(con, setting.policy, setting.sources, plan, setting.day, setting.known_at)
        return watch.stop_with(lambda: our_codes(con, plan))


def by_pandas(files: Any, values: dict[str, Any]) -> Codes:
    return dozen_pandas.judge(files, values)


def by_openfisca(files: Any, values: dict[str, Any], formulas: list[float]) -> Codes:
    found, alone = dozen_openfisca.judge(files, values)
    formulas.append(alone)
    return found


def measure(situation: Situation) -> Section:
    setting = situation.with_drafts
    files = write_inputs(setting, CODES, situation.folder / "inputs")
    values = _values(setting)
    formulas: list[float] = []
    ways = {
        "ours": lambda: ours(setting),
        "pandas": lambda: by_pandas(files, values),
        "openfisca": lambda: by_openfisca(files, values, formulas),
    }
    timings, found = in_turns(ways, situation.rounds)
    compared = must_agree(found["ours"], found["pandas"])
    within = must_agree(found["ours"], found["openfisca"])
    total = sum(len(codes) for codes in found["ours"].values())
    frames, system = ratio(timings["pandas"], timings["ours"]), ratio(timings["openfisca"], timings["ours"])
    rows = [
        Row(f"**fused: {len(CODES)} standards about people and families**", timings["ours"], remark=f"{total:,} answers"),
        Row("pandas, by hand", timings["pandas"], frames, f"{sum(compared.values()):,} answers compared, equal"),
        Row("OpenFisca, feeds to monthly arrays included", timings["openfisca"], system, f"{sum(within.values()):,} answers compared, equal"),
        Row("of which its formulas alone", Timing(tuple(formulas[1:]))),
    ]
    goals = [
        Goal("against pandas", frames.median, "times as fast", 2.5),
        Goal("against OpenFisca, feeds included", system.median, "times as fast", 5),
        Goal("by processor seconds: pandas against fused", processor_ratio(timings["pandas"], timings["ours"]), "times"),
        Goal("by processor seconds: OpenFisca against fused", processor_ratio(timings["openfisca"], timings["ours"]), "times"),
    ]
    return Section(rows, goals, "times the fused run")


def _values(setting: Setting) -> dict[str, Any]:
    dates = Dates(setting)
    line = sorted(setting.policy.parameters["income_line"].values, key=lambda value: value.start, reverse=True)
    return limits(setting, parameters(setting)) | {
        "outpatient_start": dates.start("person", "outpatient_cost"),
        "logs_month": dates.due("household", "visits_month"), "logs_half": dates.due("household", "visits_half_year"),
        "here_month_start": dates.start("household", "visits_here_month"), "here_half_start": dates.start("household", "visits_here_half_year"),
        "income_line": [(value.start, value.value) for value in line],
        "entry_day": dates.parameter("school_entry_day"),
    }  # fmt: skip
