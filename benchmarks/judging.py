"""The fused run beside the bare scan, beside one query for each standard, and with four times as many standards."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anju.lake import engine
from anju.lake.snapshot import open_snapshot
from anju.lake.steps import run_steps
from benchmarks.floor import columns_read, scan
from benchmarks.judged import Answers, Setting, answers, connection, drop, fused, must_agree, whole_run
from benchmarks.results import Goal, Row, Section
from benchmarks.rounds import Timed, Watch, in_turns, processor_ratio, ratio

if TYPE_CHECKING:
    from benchmarks.situation import Situation


def one_by_one(setting: Setting, codes: tuple[str, ...]) -> Timed:
    """The same compiler, one standard at a time, over one snapshot that all share."""
    plans = [setting.plan([code]) for code in codes]
    feeds = {feed for plan in plans for feed in engine.feeds_of(setting.policy, plan)}
    subjects = {subject for plan in plans for subject in plan.standards}
    found: Answers = {}
    with connection() as con:
        watch = Watch()
        open_snapshot(con, setting.sources, setting.policy, setting.day, setting.known_at, feeds, subjects)
        for code, plan in zip(codes, plans, strict=True):
            run_steps(con, plan.steps, plan.kept)
            watch.pause()
            found[code] = answers(con, plan)[code]
            drop(con, plan.kept)
            watch.resume()
        return watch.stop_with(lambda: found)


def by_itself(setting: Setting, codes: tuple[str, ...]) -> Timed:
    """Each standard as if it were the only one: it finds its own rows and people, as a query written for it would."""
    found: Answers = {}
    watch = Watch()
    for code in codes:
        plan = setting.plan([code])
        with connection() as con:
            engine.judge(con, setting.policy, setting.sources, plan, setting.day, setting.known_at)
            watch.pause()
            found[code] = answers(con, plan)[code]
            watch.resume()
    return watch.stop_with(lambda: found)


def measure(situation: Situation) -> Section:
    published, with_drafts = situation.published, situation.with_drafts
    codes, everything = _codes(published), _codes(with_drafts)
    read = columns_read(published, published.plan())
    with tempfile.TemporaryDirectory(prefix="anju-bench-") as folder:
        ways: dict[str, Any] = {
            "scan": lambda: scan(read),
            "fused": lambda: fused(published, published.plan()),
            "run": lambda: whole_run(published, None, Path(folder) / "run"),
            "alone": lambda: by_itself(published, codes),
            "single": lambda: one_by_one(published, codes),
            "all": lambda: fused(with_drafts, with_drafts.plan()),
            "all alone": lambda: by_itself(with_drafts, everything),
            "each of all": lambda: one_by_one(with_drafts, everything),
        }
        timings, found = in_turns(ways, situation.rounds)
    for one, other in (("fused", "alone"), ("fused", "single"), ("fused", "all"), ("all", "all alone"), ("all", "each of all")):
        must_agree(found[one], found[other])
    base, whole = timings["fused"], timings["all"]
    alone, all_alone = ratio(timings["alone"], base), ratio(timings["all alone"], whole)
    single, every = ratio(timings["single"], base), ratio(timings["each of all"], whole)
    floor, more = ratio(base, timings["scan"]), ratio(whole, base)
    rows = [
        Row("bare scan of the columns that the plan reads", timings["scan"], ratio(timings["scan"], base)),
        Row(f"**fused: the {len(codes)} standards in force at once**, snapshot included", base),
        Row("the same, and every answer, breach and count written", timings["run"], ratio(timings["run"], base)),
        Row(f"one query for each of the {len(codes)}", timings["alone"], alone, "equal answers"),
        Row("the same, with one snapshot made for all of them", timings["single"], single, "equal answers"),
        Row(f"fused, drafts included: {len(everything)} standards", whole, more, "equal answers"),
        Row(f"one query for each of the {len(everything)}", timings["all alone"], remark="equal answers"),
        Row("the same, with one snapshot made for all of them", timings["each of all"], remark="equal answers"),
    ]
    goals = [
        Goal(f"fused against one query for each standard, {len(codes)} standards", alone.median, "times as fast", 2.5),
        Goal(f"fused against one query for each standard, {len(everything)} standards", all_alone.median, "times as fast", 2.5),
        Goal("of which what the rules alone share, with one snapshot for all", single.median, "times as fast"),
        Goal(f"the same, {len(everything)} standards", every.median, "times as fast"),
        Goal("fused against the bare scan", floor.median, "times as long", 5, at_most=True),
        Goal("by processor seconds: fused against the bare scan", processor_ratio(base, timings["scan"]), "times"),
        Goal(f"{len(everything)} standards against {len(codes)}", more.median, "times as long"),
    ]
    facts = {"columns": sum(map(len, read.values())), "files": sum(map(len, read)), "steps": _slowest(found["run"].seconds)}
    return Section(rows, goals, "times the fused run", facts)


def _codes(setting: Setting) -> tuple[str, ...]:
    return tuple(code for codes in setting.plan().standards.values() for code in codes)


def _slowest(seconds: dict[str, float], most: int = 12) -> dict[str, float]:
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return {name: round(value, 3) for name, value in ordered[:most]}
