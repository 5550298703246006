"""Who is judged, from the registry of a day: `r_place`, `r_household`, `r_person`, `r_membership`, `r_ancestor`, `r_where`, the base of
every subject that is not of a feed (`b_<subject>`), and what holds in a place where parameters differ by area.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from anju.core.contracts.model import Programme
from anju.core.standards.compile.levels import base_table
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.model import Attribute, Policy


class Subjects:
    """Makes those tables and views on the DuckDB connection `con`, from the Parquet files of the folder `registry`."""

    def __init__(self, con: Any, registry: Path, policy: Policy) -> None:
        assert isinstance(policy.programme, Programme)
        self.con, self.registry, self.policy, self.programme = con, registry, policy, policy.programme

    def make(self, subjects: Iterable[str]) -> None:
        self._registry()
        self._areas()
        for subject in sorted(subjects, key=lambda subject: subject == "person"):  # whose base reads that of households
            if subject not in self.policy.keyed:
                self.con.execute(f"CREATE VIEW {base_table(self.policy, subject)} AS {self._base(subject)}")

    def _registry(self) -> None:
        for name in ("place", "household", "person", "membership"):
            path = literal(str(self.registry / f"{name}.parquet"))
            self.con.execute(f"CREATE VIEW r_{name} AS SELECT * FROM read_parquet({path})")
        self.con.execute(
            "CREATE TABLE r_ancestor AS WITH RECURSIVE up(place_id, ancestor_id) AS ("
            " SELECT place_id, place_id FROM r_place UNION ALL"
            " SELECT up.place_id, p.parent_id FROM up JOIN r_place p ON p.place_id = up.ancestor_id"
            " WHERE p.parent_id IS NOT NULL)"
            " SELECT up.place_id, up.ancestor_id, p.level FROM up JOIN r_place p ON p.place_id = up.ancestor_id"
        )
        unit, community = literal(self.programme.unit_level), literal(self.programme.community_level)
        self.con.execute(
            "CREATE TABLE r_where AS SELECT p.place_id, p.path, p.level, u.code AS unit, c.place_id AS community_id"
            " FROM r_place p"
            f" LEFT JOIN r_ancestor ua ON ua.place_id = p.place_id AND ua.level = {unit}"
            " LEFT JOIN r_place u ON u.place_id = ua.ancestor_id"
            f" LEFT JOIN r_ancestor ca ON ca.place_id = p.place_id AND ca.level = {community}"
            " LEFT JOIN r_place c ON c.place_id = ca.ancestor_id"
        )

    def _base(self, subject: str) -> str:
        attributes = [f for (s, _), f in self.policy.features.items() if s == subject and isinstance(f, Attribute)]
        if subject == "person":
            return (
                f"SELECT p.person_id AS id, p.household_id, h.place_id, h.area_id, h.unit{_attributes(attributes, 'p')} FROM r_person p"
                f" LEFT JOIN {base_table(self.policy, 'household')} h ON h.id = p.household_id"
            )
        if subject == "household":
            return (
                "SELECT h.household_id AS id, h.household_id, h.place_id,"
                f" h.community_id AS area_id, w.unit{_attributes(attributes, 'h')} FROM r_household h"
                " LEFT JOIN r_where w ON w.place_id = h.place_id"
            )
        return (
            "SELECT p.place_id AS id, NULL::BIGINT AS household_id, p.place_id,"
            f" p.place_id AS area_id, w.unit{_attributes(attributes, 'p')} FROM r_place p JOIN r_where w ON w.place_id = p.place_id"
            f" WHERE p.level = {literal(subject)}"
        )

    def _areas(self) -> None:
        """`p_<parameter>(place_id, v)` for parameters that differ by area: v lists what holds there, with the keys and days of
        each value. The row without a place is for who lives in none."""
        for parameter in self.policy.parameters.values():
            if not any(value.area is not None for value in parameter.values):
                continue
            rows = []
            for value in parameter.values:
                later = [
                    v.start for v in parameter.values
                    if v.area == value.area and v.keys == value.keys and v.start > value.start
                ]  # fmt: skip
                until = min(later, default=date(9999, 12, 31))
                keys = "".join(f", {literal(str(key).lower() if isinstance(key, bool) else str(key))}" for key in value.keys)
                rows.append(f"({literal(value.area)}{keys}, {literal(value.start)}, {literal(until)}, {literal(value.value)})")
            names = "".join(f", key{n}" for n in range(len(parameter.keyed_by)))
            same = "".join(f", v.key{n}" for n in range(len(parameter.keyed_by)))
            self.con.execute(
                f"CREATE TABLE {quoted('p_' + parameter.name)} AS WITH v(area{names}, start, until, value) AS (VALUES {', '.join(rows)}),"
                " reach AS (SELECT a.place_id, p.code AS area, length(p.path) AS depth FROM r_ancestor a"
                " JOIN r_place p ON p.place_id = a.ancestor_id UNION ALL SELECT place_id, NULL, 0 FROM r_place UNION ALL SELECT NULL, NULL, 0)"
                f" SELECT place_id, list(v) AS v FROM (SELECT r.place_id, v FROM reach r JOIN v ON v.area IS NOT DISTINCT FROM r.area"
                f" QUALIFY rank() OVER (PARTITION BY r.place_id{same} ORDER BY r.depth DESC) = 1) GROUP BY place_id"
            )


def _attributes(features: list[Attribute], alias: str) -> str:
    return "".join(f", {alias}.{quoted(f.column)} AS {quoted('f:' + f.name)}" for f in features)
