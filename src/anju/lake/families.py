"""What a run says of each family as a whole: is everything in place, is something being put right, or is something not known;
and the lights of the guarantees. One row per household, and counts by place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from anju.core.contracts.model import Programme
from anju.core.standards.compile import RunPlan
from anju.core.standards.compile.answers import AT_LEAST, BREACHED, UNKNOWN, answer_column
from anju.core.standards.compile.names import literal, quoted
from anju.core.standards.model import Policy
from anju.core.terms.levels import RANK

# of a standard for a family, graver first: the greatest of its members' counts
DOES_NOT_APPLY, IN_PLACE, REMINDER, NOT_KNOWN, NOT_IN_PLACE = 0, 1, 2, 3, 4
STATES = ("in_place", "not_known", "put_right")


def write_families(con: Any, policy: Policy, plan: RunPlan, folder: Path) -> tuple[Path, Path] | None:
    """`families.parquet`: household_id, place_id, path, state (STATES), breached and unknown (standards), worst (rank of level), and
    `light:<guarantee>` (one of the codes above), sorted by path. `situation.parquet`: place_id, what, n. None where no
    household is judged."""
    if "household" not in plan.tables:
        return None
    con.execute(f"CREATE TEMP TABLE families AS {_families(policy, plan)}")
    families, situation = folder / "families.parquet", folder / "situation.parquet"
    con.execute(
        f"COPY (SELECT * FROM families ORDER BY path, household_id) TO {literal(str(families))}"
        " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192)"
    )
    con.execute(f"COPY ({_situation(policy)}) TO {literal(str(situation))} (FORMAT parquet, COMPRESSION zstd)")
    return families, situation


def _families(policy: Policy, plan: RunPlan) -> str:
    """SQL: one row per household, from the tables of its persons, its own, and of the places that light a guarantee."""
    guarantees = _programme(policy).guarantees
    joins, judged = _joins(policy, plan)
    status = ", ".join(f"COALESCE({quoted('s:' + code)}, {DOES_NOT_APPLY})" for code in judged)
    worst = ", ".join(["0", *(f"COALESCE({quoted('l:' + code)}, 0)" for code in judged)])
    lights = "".join(f", {_light(guarantee.standards, judged)} AS {quoted('light:' + guarantee.name)}" for guarantee in guarantees)
    names = "".join(f", {quoted('light:' + guarantee.name)}" for guarantee in guarantees)
    counted = (
        f"SELECT h.id AS household_id, h.place_id, h.path, [{status}] AS counted, greatest({worst})::UTINYINT AS worst{lights}"
        f" FROM {plan.located['household']} h {' '.join(joins)}"
    )
    split = (
        f"SELECT * EXCLUDE (counted), len(list_filter(counted, lambda e: e = {NOT_IN_PLACE}))::UTINYINT AS breached,"
        f" len(list_filter(counted, lambda e: e = {NOT_KNOWN}))::UTINYINT AS unknown FROM ({counted})"
    )
    state = "CASE WHEN breached > 0 THEN 'put_right' WHEN unknown > 0 THEN 'not_known' ELSE 'in_place' END"
    return f"SELECT household_id, place_id, path, {state} AS state, breached, unknown, worst{names} FROM ({split})"


def _joins(policy: Policy, plan: RunPlan) -> tuple[list[str], list[str]]:
    """Joins that bring `s:CODE` and `l:CODE` of each standard to the household `h`, and the codes of these standards."""
    joins: list[str] = []
    judged: list[str] = []
    lit = {code for guarantee in _programme(policy).guarantees for code in guarantee.standards}
    for subject, key in (("household", "id"), ("person", "household_id"), *((keyed, "household_id") for keyed in policy.keyed)):
        codes = plan.standards.get(subject, ())
        if subject in policy.keyed:  # a dwelling is the family's; a dispute or an employer is not
            codes = tuple(code for code in codes if code in lit)
        if codes:
            judged += codes
            rows = f"SELECT {key} AS at, {_columns(codes)} FROM {plan.tables[subject]} WHERE {key} IS NOT NULL GROUP BY {key}"
            joins.append(f"LEFT JOIN ({rows}) {quoted('p_' + subject)} ON {quoted('p_' + subject)}.at = h.id")
    for level in _programme(policy).levels:
        codes = tuple(code for code in plan.standards.get(level.name, ()) if code in lit)
        if codes:
            judged += codes
            above, own = quoted(f"a_{level.name}"), quoted(f"p_{level.name}")
            rows = f"SELECT id AS at, {_columns(codes)} FROM {plan.tables[level.name]} GROUP BY id"
            joins.append(f"LEFT JOIN r_ancestor {above} ON {above}.place_id = h.place_id AND {above}.level = {literal(level.name)}")
            joins.append(f"LEFT JOIN ({rows}) {own} ON {own}.at = {above}.ancestor_id")
    return joins, judged


def _columns(codes: Iterable[str]) -> str:
    """`s:CODE`, the gravest status of the standard below the key, and `l:CODE`, the gravest level breached."""
    items = []
    for code in codes:
        answer = answer_column(code)
        rank = f"getvariable({literal('levels_' + code)})[({answer} % {AT_LEAST}) - {BREACHED - 1}]"
        status = (
            f"CASE WHEN {answer} = 0 THEN {DOES_NOT_APPLY} WHEN {answer} = {UNKNOWN} THEN {NOT_KNOWN} WHEN {answer} < {BREACHED} THEN {IN_PLACE}"
            f" WHEN {rank} > {RANK['blue']} THEN {NOT_IN_PLACE} ELSE {REMINDER} END"
        )
        items.append(f"max({status}) AS {quoted('s:' + code)}")
        items.append(f"max(CASE WHEN {answer} >= {BREACHED} THEN {rank} ELSE 0 END) AS {quoted('l:' + code)}")
    return ", ".join(items)


def _light(standards: Mapping[str, str], judged: list[str]) -> str:
    """The gravest of the guarantee's standards; NULL where none of them is judged."""
    parts = []
    for code, level in standards.items():
        if code in judged:
            status = quoted("s:" + code)
            parts.append(
                f"CASE WHEN COALESCE({quoted('l:' + code)}, 0) >= {RANK[level]} THEN {NOT_IN_PLACE} WHEN {status} = {NOT_KNOWN} THEN {NOT_KNOWN}"
                f" WHEN {status} > {DOES_NOT_APPLY} THEN {IN_PLACE} ELSE {DOES_NOT_APPLY} END"
            )
    return f"greatest({', '.join(parts)})::UTINYINT" if parts else "NULL::UTINYINT"


def _situation(policy: Policy) -> str:
    """Counts of families for every place and what lies below it: by state, and of lights that are out or not known."""
    selects = ["SELECT place_id, state AS what FROM families"]
    for guarantee in _programme(policy).guarantees:
        light = quoted("light:" + guarantee.name)
        words = f"CASE {light} WHEN {NOT_IN_PLACE} THEN 'out' WHEN {NOT_KNOWN} THEN 'not_known' WHEN {IN_PLACE} THEN 'on' END"
        selects.append(f"SELECT place_id, {literal(guarantee.name + ':')} || {words} AS what FROM families WHERE {light} > {DOES_NOT_APPLY}")
    return (
        f"SELECT a.ancestor_id AS place_id, f.what, count(*) AS n FROM ({' UNION ALL '.join(selects)}) f"
        " JOIN r_ancestor a ON a.place_id = f.place_id GROUP BY ALL ORDER BY 1, 2"
    )


def _programme(policy: Policy) -> Programme:
    assert isinstance(policy.programme, Programme)
    return policy.programme
