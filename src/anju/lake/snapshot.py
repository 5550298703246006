"""The world of a day as known at a time: which deliveries count, which rows they hold, what is delivered.

Everything is made as tables and views of one connection, under the names the compiler reads:
`s_<feed>` rows, `cover(feed, unit, period)`, `fresh(feed, unit)`, `rejected_now`, `r_ancestor`, `r_membership`,
`b_<subject>` with the base columns of every subject, and the variables of `compile.workdays`.

What takes longest of it need not be there before the first rows are grouped, and is answered as steps, to be run beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import calendar_of, working_calendar_of
from anju.core.standards.compile.levels import base_table, level_variables
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.compile.tables import Step
from anju.core.standards.compile.workdays import workday_variables
from anju.core.standards.model import Policy
from anju.lake.rows import FeedRows, Kept, Sources, key_text
from anju.lake.subjects import Subjects

SUBJECTS = ("person", "household", "place")  # whom a row that was set aside may name


@dataclass(frozen=True, slots=True)
class Begun:
    """A snapshot of which `steps` are still to be run; `kept` are the kept files that it reads."""

    kept: tuple[Path, ...]
    steps: tuple[Step, ...]


def open_snapshot(
    con: Any, sources: Sources, policy: Policy, day: date, known_at: datetime, feeds: Iterable[str], subjects: Iterable[str]
) -> tuple[Path, ...]:
    """Makes the tables for `feeds` and `subjects` on the DuckDB connection `con`. Answers the kept files that it reads."""
    begun = begin_snapshot(con, sources, policy, day, known_at, feeds, subjects)
    for step in begun.steps:
        con.execute(step.sql)
    return begun.kept


def begin_snapshot(
    con: Any, sources: Sources, policy: Policy, day: date, known_at: datetime, feeds: Iterable[str], subjects: Iterable[str]
) -> Begun:
    """The same, but for the tables of subjects, which its steps make."""
    return _Snapshot(con, sources, policy, day, known_at).begin(sorted(set(feeds)), sorted(set(subjects)))


def keep_rows(con: Any, sources: Sources, policy: Policy, day: date, known_at: datetime, feeds: Iterable[str]) -> dict[str, Kept]:
    """The kept files of each feed as of a day, made where there are none; feeds of which nothing was delivered are left out."""
    return _Snapshot(con, sources, policy, day, known_at).keep(sorted(set(feeds)))


class _Snapshot:
    def __init__(self, con: Any, sources: Sources, policy: Policy, day: date, known_at: datetime) -> None:
        assert isinstance(policy.programme, Programme)
        self.con, self.sources, self.policy = con, sources, policy
        self.programme = policy.programme
        self.day, self.known_at = day, known_at
        self.calendar = calendar_of(policy.programme)

    def begin(self, feeds: list[str], subjects: list[str]) -> Begun:
        bases = sorted({*subjects, "person", "household", *(level.name for level in self.programme.levels)})
        closure = self._closure(feeds, subjects)
        self._deliveries()
        with ThreadPoolExecutor(1, thread_name_prefix="snapshot") as other:
            beside = other.submit(self._beside, self.con.cursor(), bases, closure)
            rows = FeedRows(self.con, self.sources, self.policy, self.day)
            rows.make(closure)
            levels = "; ".join(level_variables(self.policy, code, self.day) for code in self.policy.standards)
            self.con.execute(f"{workday_variables(working_calendar_of(self.programme), self.day)}; {levels}")
            set_aside = beside.result()
        steps = [set_aside, *(self._keyed_step(subject) for subject in bases if subject in self.policy.keyed)]
        return Begun(tuple(path for files in rows.kept.values() for path in files), tuple(steps))

    def _beside(self, con: Any, bases: list[str], feeds: list[str]) -> Step:
        """What needs not know which deliveries are chosen, on a connection of its own. Answers the step of what was set aside."""
        Subjects(con, self.sources.registry, self.policy).make(bases)
        self._delivered(con, feeds)
        return self._rejected(con, feeds)

    def keep(self, feeds: list[str]) -> dict[str, Kept]:
        self._deliveries()
        rows = FeedRows(self.con, self.sources, self.policy, self.day)
        rows.make(self._closure(feeds, []))
        return rows.kept

    def _closure(self, feeds: list[str], subjects: list[str]) -> list[str]:
        """With the feeds that others are read through and those that keyed subjects come from, each after what it needs."""
        own = [self.policy.keyed[subject].feed for subject in subjects if subject in self.policy.keyed]
        through = [contract.through[0] for code in (*feeds, *own) if (contract := self._contract(code)).through is not None]
        return sorted({*feeds, *own, *through}, key=lambda code: (self._contract(code).through is not None, code))

    def _contract(self, code: str) -> Contract:
        contract = self.policy.contracts[code]
        assert isinstance(contract, Contract)
        return contract

    # --- deliveries -------------------------------------------------------------------------------------------

    def _deliveries(self) -> None:
        known = _moment(self.known_at)
        for name in ("delivery", "coverage", "rejected"):
            path = literal(str(self.sources.manifest / f"{name}.parquet"))
            self.con.execute(f"CREATE VIEW m_{name} AS SELECT * FROM read_parquet({path})")
        floors = ", ".join(f"({literal(code)}, {literal(self._contract(code).matched_floor)})" for code in self.policy.contracts)
        self.con.execute(
            "CREATE TABLE usable AS SELECT d.delivery_id, d.feed, d.received_at, d.valid, d.retry_of,"
            " CAST(row_number() OVER (ORDER BY COALESCE(d.said_at, d.received_at), d.delivery_id) AS BIGINT) AS seq"
            f" FROM m_delivery d JOIN (VALUES {floors}) f(code, least) ON f.code = d.feed"
            f" WHERE d.received_at <= {known} AND (d.withdrawn_at IS NULL OR d.withdrawn_at > {known})"
            f" AND (NOT d.held OR d.confirmed_at <= {known}) AND COALESCE(d.matched_rate, 1) >= f.least"
        )

    def _delivered(self, con: Any, feeds: list[str]) -> None:
        """`cover`: who has delivered what; `fresh`: who has delivered a state that is not out of date."""
        con.execute("CREATE TABLE cover AS SELECT DISTINCT c.feed, c.unit, c.period FROM m_coverage c JOIN usable u USING (delivery_id)")
        after = {code: day for code in feeds if (day := self._fresh_after(self._contract(code))) is not None}
        limits = ", ".join(f"({literal(code)}, {literal(day)})" for code, day in after.items()) or "(NULL, NULL::DATE)"
        con.execute(
            f"CREATE TABLE fresh AS SELECT DISTINCT c.feed, c.unit FROM m_coverage c JOIN (VALUES {limits}) l(feed, after) USING (feed)"
            f" JOIN usable u USING (delivery_id) WHERE u.valid > l.after AND u.valid <= {literal(self.day)}"
        )

    def _fresh_after(self, contract: Contract) -> date | None:
        if contract.kind != "state":
            return None
        if contract.freshness.fresh_for is not None:
            return self.day - timedelta(days=contract.freshness.fresh_for)
        due = self.calendar.latest_due(contract.cadence, self.day, contract.freshness.due_days, contract.dated)
        return None if due is None else self.calendar.dated_day(contract.cadence, due, contract.dated) - timedelta(days=1)

    def _rejected(self, con: Any, feeds: list[str]) -> Step:
        """Rows set aside of subjects we know, unless an accepted row of the same subject and period came later."""
        known = _moment(self.known_at)
        source = (
            "m_rejected r JOIN m_delivery d USING (delivery_id)"
            f" WHERE d.received_at <= {known} AND (d.withdrawn_at IS NULL OR d.withdrawn_at > {known})"
        )
        kinds = ", ".join(f"COALESCE(bool_or(r.{subject}_id IS NOT NULL), FALSE)" for subject in SUBJECTS)
        said = "COALESCE(d.said_at, d.received_at)"
        selects = [
            f"SELECT r.feed, '{subject}' AS subject, r.{subject}_id AS subject_id, r.period, r.valid FROM {source}"
            f" AND r.feed = {literal(feed)} AND r.{subject}_id IS NOT NULL AND (r.valid IS NULL OR r.valid <= {literal(self.day)})"
            f" AND NOT EXISTS (SELECT 1 FROM s_{feed} s WHERE s.{subject}_id = r.{subject}_id"
            f" AND s.known_at > {_moment(first)}"  # which the next says too, but not to the scan
            f" AND s.known_at > {said} AND (r.period IS NULL OR s.period = r.period))"
            for feed, first, *named in con.execute(f"SELECT r.feed, min({said}), {kinds} FROM {source} GROUP BY 1 ORDER BY 1").fetchall()
            for subject, some in zip(SUBJECTS, named, strict=True)
            if some and feed in feeds
        ]
        nobody = (
            "SELECT NULL::VARCHAR AS feed, NULL::VARCHAR AS subject, NULL::BIGINT AS subject_id, NULL::INTEGER AS period, NULL::DATE AS valid"
        )
        sql = (
            f"CREATE TABLE rejected_now AS WITH r AS ({' UNION ALL '.join([f'{nobody} WHERE FALSE', *selects])}) SELECT * FROM r"
            " UNION ALL SELECT r.feed, p.level, r.subject_id, r.period, r.valid FROM r JOIN r_place p ON p.place_id = r.subject_id"
            " WHERE r.subject = 'place'"
        )
        return Step("set aside", sql, "rejected_now", frozenset())

    # --- subjects of a feed -----------------------------------------------------------------------------------------

    def _keyed_step(self, subject: str) -> Step:
        """A table, unlike the others, because its keys are looked up when answers are written."""
        name = base_table(self.policy, subject)
        return Step(f"base of {subject}", f"CREATE TABLE {name} AS {self._keyed_base(subject)}", name, frozenset())

    def _keyed_base(self, subject: str) -> str:
        keyed = self.policy.keyed[subject]
        contract = self._contract(keyed.feed)
        linked = {column: f"{kind}_id" for kind, column in contract.links.items()}
        text = key_text(tuple(linked.get(name, name) for name in keyed.key))
        key = quoted("key:" + subject)
        unit = "w.unit" if contract.by == "programme" else "s.unit"  # who delivered its row, unless that was the programme for all
        household, place, joins = "s.household_id", "s.place_id", ""
        if "person" in contract.links:  # else there is nobody to look for among everybody
            household = "COALESCE(s.household_id, p.household_id)"
            joins = " LEFT JOIN r_person p ON p.person_id = s.person_id"
        if contract.links.keys() & {"person", "household"} or contract.through is not None:
            place = "COALESCE(s.place_id, h.place_id)"
            joins += f" LEFT JOIN r_household h ON h.household_id = {household}"
        return (
            f"SELECT s.id, s.subject_key, {household} AS household_id, {place} AS place_id, w.community_id AS area_id, {unit} AS unit"
            f" FROM (SELECT {key} AS id, any_value({text}) AS subject_key, arg_max_null(household_id, ord) AS household_id,"
            " arg_max_null(place_id, ord) AS place_id, arg_max_null(person_id, ord) AS person_id,"
            f" arg_max(unit, ord) AS unit FROM s_{keyed.feed} GROUP BY {key}) s{joins} LEFT JOIN r_where w ON w.place_id = {place}"
        )


def _moment(at: datetime) -> str:
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'"
