"""What was delivered for whom, worked out once per delivering unit and joined, instead of asked anew for every feature.

Two small tables for each table of subjects: `u_…` with one row per unit, `x_…` with one row per subject of whom a row was
set aside. Both read `cover`, `fresh` and `rejected_now` of the snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from anju.core.contracts.model import Contract
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.compile.windows import due_periods, window_start
from anju.core.standards.model import Window
from anju.core.terms.periods import Calendar


@dataclass
class Delivered:
    """Collects the questions of one table of subjects; each answer is SQL over the aliases it joins."""

    subject: str
    stratum: int
    day: date
    calendar: Calendar
    by_unit: dict[str, str] = field(default_factory=dict)  # aggregate over a unit's rows -> column
    by_subject: dict[str, str] = field(default_factory=dict)
    feeds: dict[str, None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)  # SQL of the subject's unit -> alias

    # --- questions ----------------------------------------------------------------------------------------------

    def covered(self, contract: Contract, window: Window | None, unit: str) -> str:
        """The subject's unit has delivered what the window needs."""
        code = literal(contract.code)
        if contract.kind == "state":
            return f"COALESCE({self._unit(contract, f'bool_or(feed = {code} AND fresh)', unit)}, FALSE)"
        if contract.cadence == "once":
            return f"COALESCE({self._unit(contract, f'bool_or(feed = {code} AND NOT fresh)', unit)}, FALSE)"
        needed = due_periods(contract, window, self.day, self.calendar)
        if needed is None:
            return "FALSE"
        first, last = needed
        if first > last:
            return f"({unit} IS NOT NULL)"  # nothing is due yet; who belongs to no unit is still nobody's to deliver
        periods = self.calendar.between(contract.cadence, first, last)
        if not periods:
            return f"({unit} IS NOT NULL)"
        inside = f"feed = {code} AND NOT fresh AND {among(periods[::-1])}"
        return f"COALESCE({self._unit(contract, f'count(*) FILTER (WHERE {inside}) = {len(periods)}', unit)}, FALSE)"

    def covered_periods(self, contract: Contract, periods: Sequence[int], unit: str) -> str:
        """Bit n is set where the n-th of `periods`, counted back from the latest, was delivered."""
        inside = f"feed = {literal(contract.code)} AND NOT fresh AND {among(periods)}"
        return f"COALESCE({self._unit(contract, _bits(periods, inside), unit)}, 0)"

    def set_aside(self, contract: Contract, window: Window | None) -> str:
        """A row of this very subject was set aside and nothing accepted has taken its place."""
        start = window_start(contract, window, self.day, self.calendar) if window is not None else None
        inside = f" AND (valid IS NULL OR valid > {literal(start)})" if start is not None else ""
        return f"COALESCE({self._own(f'bool_or(feed = {literal(contract.code)}{inside})')}, FALSE)"

    def set_aside_periods(self, contract: Contract, periods: Sequence[int]) -> str:
        inside = f"feed = {literal(contract.code)} AND {among(periods)}"
        return f"COALESCE({self._own(_bits(periods, inside))}, 0)"

    def _unit(self, contract: Contract, aggregate: str, unit: str) -> str:
        self.feeds[contract.code] = None
        column = self.by_unit.setdefault(aggregate, f"d{len(self.by_unit)}")
        return f"{self.units.setdefault(unit, quoted(f'du{len(self.units)}'))}.{column}"

    def _own(self, aggregate: str) -> str:
        return f"dx.{self.by_subject.setdefault(aggregate, f'x{len(self.by_subject)}')}"

    # --- answers ------------------------------------------------------------------------------------------------

    def steps(self) -> list[tuple[str, str]]:
        """(name, SQL) of the tables that were asked for."""
        found = []
        if self.by_unit:
            columns = "".join(f", {sql} AS {name}" for sql, name in self.by_unit.items())
            feeds = ", ".join(literal(code) for code in self.feeds)
            rows = (
                f"SELECT feed, unit, period, FALSE AS fresh FROM cover WHERE feed IN ({feeds})"
                f" UNION ALL SELECT feed, unit, NULL, TRUE FROM fresh WHERE feed IN ({feeds})"
            )
            found.append((self._name("u"), f"CREATE TABLE {quoted(self._name('u'))} AS SELECT unit{columns} FROM ({rows}) GROUP BY unit"))
        if self.by_subject:
            columns = "".join(f", {sql} AS {name}" for sql, name in self.by_subject.items())
            mine = f"FROM rejected_now WHERE subject = {literal(self.subject)} GROUP BY subject_id"
            found.append((self._name("x"), f"CREATE TABLE {quoted(self._name('x'))} AS SELECT subject_id{columns} {mine}"))
        return found

    def joins(self) -> list[str]:
        table = quoted(self._name("u"))
        found = [f"LEFT JOIN {table} {alias} ON {alias}.unit = {unit}" for unit, alias in self.units.items()]
        if self.by_subject:
            found.append(f"LEFT JOIN {quoted(self._name('x'))} dx ON dx.subject_id = b.id")
        return found

    def _name(self, mark: str) -> str:
        return f"{mark}_{self.subject}_{self.stratum}"


def among(periods: Sequence[int]) -> str:
    """SQL: whether a period is one of these, the latest first."""
    if _in_a_row(periods):
        return f"period BETWEEN {periods[-1]} AND {periods[0]}"
    return f"period IN ({', '.join(map(str, periods))})"


def bit_of(periods: Sequence[int]) -> str:
    """SQL: the bit of a period that is one of these, 0 for the latest."""
    place = f"{periods[0]} - period" if _in_a_row(periods) else f"list_position([{', '.join(map(str, periods))}], period) - 1"
    return f"(1::BIGINT << ({place})::BIGINT)"


def _in_a_row(periods: Sequence[int]) -> bool:
    return periods[0] - periods[-1] == len(periods) - 1


def _bits(periods: Sequence[int], inside: str) -> str:
    # CASE and not FILTER: the shift would be tried for the rows that the filter leaves out, and fail
    return f"bit_or(CASE WHEN {inside} THEN {bit_of(periods)} END)"
