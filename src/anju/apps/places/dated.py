"""Which version of a row holds on a day as known at a time, where the newest stands in one table and the others in another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

NEWEST = 1 << 62  # the newest version's place in the order of saying


def version_sql(table: str, versions: str, key: str, columns: Iterable[str], day: date, moment: str, *, only: str = "TRUE") -> str:
    """SQL of one row (id, columns) each: the version valid on or before `day` said last, as known at `moment`; on a day before
    the first version the first one. `key` is the column of `versions` that names the row, `only` a condition on `table` as t.

    Whoever's newest version serves is answered by it alone; only for the others are the older ones looked through."""
    names = ", ".join(columns)
    kept = ", ".join(f"v.{column}" for column in names.split(", "))
    serves = f"t.known_from <= '{moment}' AND t.valid_from <= '{day}'"
    best = f"CASE WHEN valid_from <= '{day}' THEN 0 ELSE 1 END, CASE WHEN valid_from <= '{day}' THEN valid_from END DESC, valid_from"
    newest = f"SELECT id, {names}, valid_from, known_from, {NEWEST} AS nth FROM {table} t WHERE t.known_from <= '{moment}' AND NOT ({serves})"
    older = f"SELECT v.{key} AS id, {kept}, v.valid_from, v.known_from, v.id AS nth FROM {versions} v JOIN {table} t ON t.id = v.{key}"
    return (
        f"SELECT id, {names} FROM {table} t WHERE {serves} AND {only} UNION ALL SELECT id, {names} FROM (SELECT x.*, row_number()"
        f" OVER (PARTITION BY id ORDER BY {best}, known_from DESC, nth DESC) AS rank_of FROM ({newest} AND {only} UNION ALL {older}"
        f" WHERE v.known_from <= '{moment}' AND NOT ({serves}) AND {only}) x) y WHERE rank_of = 1"
    )
