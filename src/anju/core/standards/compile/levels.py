"""Tables of subjects: their base, what is derived, what is rolled up from below, and what is read from above."""

from __future__ import annotations

from anju.core.contracts.model import Programme
from anju.core.standards.compile.answers import AT_LEAST as AT_LEAST_CODE
from anju.core.standards.compile.answers import BREACHED, UNKNOWN, answer_column
from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.names import (
    ABSENT,
    AT_LEAST,
    UNDELIVERED,
    bound_column,
    quoted,
    state_column,
    value_column,
)
from anju.core.standards.model import Answer, Derived, Expr, Policy, Ref, Rollup, Up
from anju.core.terms.levels import RANK


def base_table(policy: Policy, subject: str) -> str:
    """Made by the snapshot: id, household_id, place_id, area_id, unit and attributes as 'f:name'; `subject_key` of keyed subjects."""
    return quoted(f"b_{subject}")


def located(policy: Policy, subject: str, table: str) -> str:
    """A source for FROM: the rows of a subject's table with its `subject_key` (NULL but for keyed subjects) and the path of its place."""
    at = "LEFT JOIN r_where w ON w.place_id = t.place_id"
    if subject in policy.keyed:
        key = f"LEFT JOIN {base_table(policy, subject)} k ON k.id = t.id"
        return f"(SELECT t.*, k.subject_key, COALESCE(w.path, '/') AS path FROM {table} t {key} {at})"
    return f"(SELECT t.*, NULL::VARCHAR AS subject_key, w.path FROM {table} t {at})"


def derived_columns(feature: Derived | Answer, writer: Writer, policy: Policy) -> list[str]:
    if isinstance(feature, Derived):
        items = [f"{writer.sql(feature.value)} AS {value_column(feature.name)}"]
        if isinstance(feature.value, Ref) and writer.bounded(feature.name):
            items.append(f"{bound_column(feature.value.feature)} AS {bound_column(feature.name)}")
        return items
    if policy.standards[feature.standard].version_on(writer.day) is None:  # before its time nobody knows
        return [f"NULL::{'BOOLEAN' if feature.what == 'kept' else 'INTEGER'} AS {value_column(feature.name)}"]
    answer = answer_column(feature.standard)
    if feature.what == "kept":
        return [f"CASE WHEN {answer} <= 1 THEN TRUE WHEN {answer} = {UNKNOWN} THEN NULL ELSE FALSE END AS {value_column(feature.name)}"]
    return [f"{_level_case(feature, writer)} AS {value_column(feature.name)}"]


def _level_case(feature: Answer, writer: Writer) -> str:
    """The rank of the breach's level; 0 unless breached; NULL when unknown."""
    answer = answer_column(feature.standard)
    return (
        f"CASE WHEN {answer} <= 1 THEN 0 WHEN {answer} = {UNKNOWN} THEN NULL"
        f" ELSE getvariable({_variable(feature.standard)})[({answer} % {AT_LEAST_CODE}) - {BREACHED - 1}] END"
    )


def _variable(code: str) -> str:
    return f"'levels_{code}'"


def level_variables(policy: Policy, code: str, day: object) -> str:
    """SET VARIABLE for the ranks of a standard's breaches, in their order."""
    version = policy.standards[code].version_on(day)  # type: ignore[arg-type]
    ranks = [str(RANK[breach.level]) for breach in version.breaches] if version else []
    return f"SET VARIABLE {quoted('levels_' + code)} = [{', '.join(ranks)}]"


def place_levels(policy: Policy) -> tuple[str, ...]:
    assert isinstance(policy.programme, Programme)
    return tuple(level.name for level in policy.programme.levels)


# --- rolled up from below ---------------------------------------------------------------------------------------


def rollup_step(name: str, subject: str, over: str, below: str, features: list[Rollup], writer: Writer, policy: Policy) -> tuple[str, list[str]]:
    """A grouped table over the members, and the SELECT items that read it."""
    columns: list[str] = []
    items: list[str] = []
    for feature in features:
        columns += _member_columns(feature, writer)
        items += _rolled(feature, quoted(name))
    if subject == "household":
        source, key = f"{below} m", "m.household_id"
    else:
        source, key = f"{below} m JOIN r_ancestor a ON a.place_id = m.place_id", "a.ancestor_id"
        if over in place_levels(policy):
            source, key = f"{below} m JOIN r_ancestor a ON a.place_id = m.id", "a.ancestor_id"
    sql = f"CREATE TABLE {quoted(name)} AS SELECT {key} AS subject_id, {', '.join(columns)} FROM {source} WHERE {key} IS NOT NULL GROUP BY {key}"
    return sql, items


def _member_columns(feature: Rollup, writer: Writer) -> list[str]:
    v, x, n, lower = (quoted(f"{mark}:{feature.name}") for mark in ("v", "x", "n", "l"))
    where = writer.sql(feature.where) if feature.where is not None else "TRUE"
    of = writer.sql(feature.of) if feature.of is not None else "TRUE"
    if feature.how in ("count", "any"):
        both = f"({where} AND {of})"
        return [f"count(*) FILTER (WHERE {both}) AS {v}", f"count(*) FILTER (WHERE {both} IS NULL) AS {x}"]
    if feature.how == "all":
        broken = f"({where} AND NOT {of})"
        return [f"count(*) FILTER (WHERE {broken}) AS {v}", f"count(*) FILTER (WHERE {broken} IS NULL) AS {x}"]
    if feature.how == "sum" and feature.of is not None:
        columns = [
            f"{writer.total(feature.of, f'COALESCE(sum({of}) FILTER (WHERE {where}), 0)')} AS {v}",
            f"count(*) FILTER (WHERE ({where}) IS NULL OR (({where}) AND ({of}) IS NULL)) AS {x}",
        ]
        if feature.monotone:
            known = _least(feature.of, writer)
            columns.append(f"{writer.total(feature.of, f'COALESCE(sum({known}) FILTER (WHERE {where}), 0)')} AS {lower}")
        return columns
    # min and max: members that are absent are left out, those not known spoil the answer
    absent = _absent_of(feature.of, writer)
    return [
        f"{feature.how}({of}) FILTER (WHERE {where}) AS {v}",
        f"count(*) FILTER (WHERE ({where}) IS NULL OR (({where}) AND ({of}) IS NULL AND NOT {absent})) AS {x}",
        f"count(*) FILTER (WHERE ({where}) AND ({of}) IS NOT NULL) AS {n}",
    ]


def _absent_of(of: Expr | None, writer: Writer) -> str:
    return f"COALESCE({writer.state(of)} = {ABSENT}, FALSE)" if isinstance(of, Ref) else "FALSE"


def _least(of: Expr | None, writer: Writer) -> str:
    """The least a member can contribute: its value, else its bound, else nothing."""
    assert of is not None
    if isinstance(of, Ref) and writer.has_bound(of):
        return f"COALESCE({writer.sql(of)}, {bound_column(of.feature)}, 0)"
    return f"COALESCE({writer.sql(of)}, 0)"


def _rolled(feature: Rollup, group: str) -> list[str]:
    v, x, n, lower = (f"{group}.{quoted(f'{mark}:{feature.name}')}" for mark in ("v", "x", "n", "l"))
    value, state, bound = value_column(feature.name), state_column(feature.name), bound_column(feature.name)
    exact = f"(COALESCE({x}, 0) = 0)"
    if feature.how in ("any", "all"):
        found, other = ("TRUE", "FALSE") if feature.how == "any" else ("FALSE", "TRUE")
        return [
            f"CASE WHEN COALESCE({v}, 0) > 0 THEN {found} WHEN {exact} THEN {other} END AS {value}",
            f"CASE WHEN COALESCE({v}, 0) > 0 OR {exact} THEN 0 ELSE {UNDELIVERED} END AS {state}",
        ]
    if feature.how in ("min", "max"):
        missing = f"CASE WHEN NOT {exact} THEN {UNDELIVERED} WHEN COALESCE({n}, 0) = 0 THEN {ABSENT} ELSE 0 END"
        if feature.type == "level":  # no member at all: no breach
            return [f"CASE WHEN {exact} THEN COALESCE({v}, 0) END AS {value}",
                    f"CASE WHEN {exact} THEN 0 ELSE {UNDELIVERED} END AS {state}"]  # fmt: skip
        return [f"CASE WHEN {exact} THEN {v} END AS {value}", f"{missing} AS {state}"]
    if not feature.monotone:
        return [
            f"CASE WHEN {exact} THEN COALESCE({v}, 0) END AS {value}",
            f"CASE WHEN {exact} THEN 0 ELSE {UNDELIVERED} END AS {state}",
        ]
    least = lower if feature.how == "sum" else v
    return [
        f"CASE WHEN {exact} THEN COALESCE({v}, 0) END AS {value}",
        f"CASE WHEN {exact} THEN 0 ELSE {AT_LEAST} END AS {state}",
        f"CASE WHEN NOT {exact} THEN COALESCE({least}, 0) END AS {bound}",
    ]


# --- read from above --------------------------------------------------------------------------------------------


def up_columns(
    subject: str, stratum: int, above: str, source: str, features: list[Up], writer: Writer, policy: Policy
) -> tuple[str, dict[str, str]]:
    """One join of the row `b` to the table above, and by column the items that read it: for each feature its value, state and bound as
    they are there; absent where nothing is above: somebody who has left the programme belongs to no household."""
    alias = quoted(f"{above} for {stratum}")  # evidence may be read for several tables of the subject at once
    inner = []
    items: dict[str, str] = {}
    for nth, feature in enumerate(features):
        ref = Ref(feature.feature, feature.field, feature.type)
        inner.append(f"{writer.sql(ref)} AS v{nth}, {writer.state(ref)} AS s{nth}")
        items[value_column(feature.name)] = f"{alias}.v{nth}"
        items[state_column(feature.name)] = f"COALESCE({alias}.s{nth}, {ABSENT})"
        if writer.has_bound(ref):
            inner.append(f"{bound_column(feature.feature)} AS l{nth}")
            items[bound_column(feature.name)] = f"{alias}.l{nth}"
    named = {column: f"{item} AS {column}" for column, item in items.items()}
    rows = f"(SELECT id AS up_id, {', '.join(inner)} FROM {source})"
    if above == "household":
        return f"LEFT JOIN {rows} {alias} ON {alias}.up_id = b.household_id", named
    level = above.replace("'", "''")
    link = quoted(f"place of {above} for {stratum}")
    own = "b.id" if subject in place_levels(policy) else "b.place_id"
    return (
        f"LEFT JOIN r_ancestor {link} ON {link}.place_id = {own} AND {link}.level = '{level}'"
        f" LEFT JOIN {rows} {alias} ON {alias}.up_id = {link}.ancestor_id"
    ), named
