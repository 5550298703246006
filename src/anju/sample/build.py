"""Builds the sample: registers and departments' files in a folder, and beside them what a run must find.

`<out>/register/` holds the list of places, F01, F02 and F03; `<out>/deliveries/<day>/` the files as they arrive;
`<out>/truth.json` the planted troubles with their days, the rows that must be set aside, and the stories. The same
arguments build the same bytes. `deliver` adds the files of later days to a sample that is already there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from anju.core.contracts.model import Contract
from anju.sample import faults, following, health, homes, living, money, registers, schooling, stories, welfare, work
from anju.sample.columns import Table, joined
from anju.sample.feeds import FEEDS, Feed, received_between
from anju.sample.files import Written, write_again, write_feed
from anju.sample.plan import Expected, World
from anju.sample.population import build_population
from anju.sample.timeline import SAMPLE_DAY, Round, Timeline, first_of, last_of

SEED = 20230926
LEAST = 5_000  # people
FEWEST = 13  # months: costs of this year, and income of the last
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


def plan_world(people: int, months: int, seed: int = SEED, day: date = SAMPLE_DAY) -> World:
    """The people and everything that happens to them: the same for the same arguments."""
    if months < FEWEST:
        raise ValueError(f"{months} months are too few: costs of this year and income of the last need {FEWEST} or more")
    if people < LEAST:
        raise ValueError(f"a sample of {people} people is too small for 68 settlements and every planted trouble: {LEAST:,} or more")
    w = World(build_population(people, seed, day), Timeline(day, months), seed)
    w.shuffle()
    registers.plan_registers(w)
    welfare.plan_welfare(w)
    money.plan_money(w)
    work.plan_work(w)
    schooling.plan_schooling(w)
    health.plan_health(w)
    homes.plan_homes(w)
    living.plan_living(w)
    faults.plan_faults(w)
    stories.plan_stories(w)
    following.plan_following(w)
    return w


def build_sample(
    people: int,
    out: Path,
    contracts: Mapping[str, Contract],
    *,
    seed: int = SEED,
    day: date = SAMPLE_DAY,
    months: int = 24,
    monthly: int = 1,
    only: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> SampleReport:
    """A prefecture of `people` (at least 5,000) on `day`, with `months` of feeds behind it.

    The last `monthly` months are delivered as they would have come, round by round; what came before is one file of
    history per office and feed. `only` names the feeds to write (all of them by default)."""
    w = plan_world(people, months, seed, day)
    registers.write_registers(out / "register", w)
    codes = sorted(code for code in FEEDS if only is None or code in only)
    written: list[Written] = []
    for nth, code in enumerate(codes):
        if progress:
            progress(code, nth + 1, len(codes))
        written += FeedFiles(w, out / "deliveries", contracts[code], FEEDS[code]).all_of(monthly)
    report = SampleReport(
        day=day,
        people=people,
        households=len(w.p.household_size),
        communities=len(w.p.community_code),
        files=tuple(written),
        rows=sum(file.rows for file in written),
        expected=tuple(w.truth_on(day)),
    )
    _write_truth(out, w, report, monthly, only)
    return report


def deliver(out: Path, contracts: Mapping[str, Contract], until: date) -> list[Written]:
    """The files of the days after the last delivered one up to `until`, into a sample that stands in `out`."""
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    w = plan_world(truth["people"], truth["months"], truth["seed"], date.fromisoformat(truth["day"]))
    after = date.fromisoformat(truth["delivered_until"])
    if until > last_of(w.t.horizon - 1):
        raise ValueError(f"the sample is planned until {last_of(w.t.horizon - 1)}: nothing is known of {until}")
    written = []
    for code in truth["only"] or sorted(FEEDS):
        written += FeedFiles(w, out / "deliveries", contracts[code], FEEDS[code]).between(after, until)
    truth["delivered_until"] = max(after, until).isoformat()
    truth["files"] += [_as_json(file) for file in written]
    _save(out, truth)
    return written


class FeedFiles:
    """Writes the files of one feed."""

    def __init__(self, w: World, out: Path, contract: Contract, feed: Feed) -> None:
        self.w, self.out, self.contract, self.feed = w, out, contract, feed

    def all_of(self, monthly: int) -> list[Written]:
        """Everything up to the sample's day: history first, then round by round."""
        dense = first_of(self.w.t.last - monthly + 2)
        rounds = received_between(self.w, self.feed, date.min, self.w.t.day)
        early = [r for r in rounds if r.received < dense]
        if self.contract.kind == "state":
            early = early[-1:]  # of a list only the one before still says anything
            return [file for r in early for file in self.of_round(r)] + self.between(before(dense), self.w.t.day)
        if self.contract.cadence == "term":
            early = [r for nth, r in enumerate(early) if nth + 1 == len(early) or early[nth + 1].nth != r.nth]
        return self._history(early) + self.between(before(dense), self.w.t.day)

    def _history(self, rounds: list[Round]) -> list[Written]:
        if not rounds:
            return []
        first, last = rounds[0].period, rounds[-1].period
        period = first if first == last else f"{first}~{last}"
        if self.feed.latest_of or len(rounds) == 1 or self.contract.code in ("F07", "F30", "F33"):
            whole = _latest(joined([self._rows(r) for r in rounds]), self.feed.latest_of)
            return write_feed(self.out, self.contract, whole, period, rounds[-1].received)
        opened: dict[str, Written] = {}
        for r in rounds:
            write_feed(self.out, self.contract, self._rows(r), period, rounds[-1].received, opened=opened)
        return list(opened.values())

    def between(self, after: date, until: date) -> list[Written]:
        """The rounds received after the one day and up to the other, and what else those days bring."""
        written = [file for r in received_between(self.w, self.feed, after, until) for file in self.of_round(r)]
        extra = {"F09": self._rolls, "F13": self._late, "F16": self._wages}.get(self.contract.code)
        return written + (extra(after, until, written) if extra else [])

    def _rows(self, r: Round) -> Table:
        return faults.spoil(self.w, self.contract.code, r, self.feed.rows(self.w, r))

    def of_round(self, r: Round) -> list[Written]:
        silent = faults.silent(self.w, self.contract.code, r)
        return write_feed(self.out, self.contract, self._rows(r), r.period, r.received, silent=silent)

    def _rolls(self, after: date, until: date, written: list[Written]) -> list[Written]:
        """A roll that has shrunk, sent between two others."""
        if not after < faults.HELD_ON <= until:
            return []
        first = next(r for r in self.feed.rounds(self.w) if r.nth == 5)
        held = faults.shrunken(self._rows(first))
        return write_feed(self.out, self.contract, held, first.period, faults.HELD_ON, note="held", only=faults.HELD_UNIT)

    def _late(self, after: date, until: date, written: list[Written]) -> list[Written]:
        """The lists of the office that is late: last month's and this month's on one day."""
        day = health.late_until(self.w)
        if not after < day <= until:
            return []
        late = next(r for r in self.feed.rounds(self.w) if r.nth == self.w.t.last + 1)
        return write_feed(self.out, self.contract, self._rows(late), "", day, only=health.LATE_UNIT, note="late")

    def _wages(self, after: date, until: date, written: list[Written]) -> list[Written]:
        """One file sent twice; and one in fen, the day before it is sent again in yuan."""
        found = []
        for file in written:
            if file.unit == faults.TWICE_UNIT and file.period == f"{first_of(self.w.t.last):%Y-%m}":
                found.append(write_again(self.out, file, file.received + timedelta(days=1), "same as before"))
        month = self.w.t.last
        day = first_of(month + 1) + timedelta(days=3)
        if after < day <= until:
            r = next(r for r in self.feed.rounds(self.w) if r.nth == month)
            wrong = faults.in_fen(self.feed.rows(self.w, r))
            found += write_feed(self.out, self.contract, wrong, r.period, day, note="in fen", only=faults.FEN_UNIT)
        return found


def before(day: date) -> date:
    return day - timedelta(days=1)


def _latest(table: Table, key: str) -> Table:
    """Of rows told again under the same key only the last, as a history says it."""
    if not key:
        return table
    texts = np.array(table.columns[key].to_pylist())
    _, nth = np.unique(texts[::-1], return_index=True)
    rows = np.sort(len(texts) - 1 - nth)
    columns = {name: column.take(pa.array(rows)) for name, column in table.columns.items()}
    places = {int(row): k for k, row in enumerate(rows)}
    kept = {places[row]: why for row, why in table.faults.items() if row in places}
    return Table(table.unit[rows], columns, None, None, kept)


def _write_truth(out: Path, w: World, report: SampleReport, monthly: int, only: frozenset[str] | None) -> None:
    truth = {
        "day": w.t.day.isoformat(),
        "seed": w.seed,
        "months": w.t.months,
        "monthly": monthly,
        "only": sorted(only) if only is not None else None,
        "delivered_until": w.t.day.isoformat(),
        "people": report.people,
        "households": report.households,
        "communities": report.communities,
        "rows": report.rows,
        "register_set_aside": 2 * len(w.unregistered),
        "old_codes": [spell.thing for spell in w.spells.get("old_code", ())],
        "stories": [asdict(story) for story in stories.found_in(w)],
        "files": [_as_json(file) for file in report.files],
        "expected": [_as_json(e) for e in report.expected],
        "troubles": [_as_json(e) for e in sorted(w.expected)],
    }
    _save(out, truth)


def _as_json(thing: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(thing).items()}


def _save(out: Path, truth: dict[str, Any]) -> None:
    draft = out / "truth.partial"
    draft.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(out / "truth.json")
