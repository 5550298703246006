"""Reads a run's answers again: of one household for its page, and of many as lists that are paged by place.

The files are sorted by path and household, so a place is a stretch of each of them and a page is read from few row groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anju.core.standards.compile.answers import AT_LEAST, BREACHED, MET, NOT_APPLICABLE, UNKNOWN
from anju.core.standards.model import Policy
from anju.core.standards.world import Row
from anju.lake.sorted_files import opened

WORDS = {NOT_APPLICABLE: "not_applicable", MET: "met", UNKNOWN: "unknown"}
FIRST = ("", -1)  # before the first row of a list


@dataclass(frozen=True, slots=True)
class Given:
    """One answer of a run. `subject_id` is our own key; `breach` is the position among the standard's breaches, gravest first."""

    standard: str
    subject: str
    subject_id: int
    answer: str
    breach: int | None
    at_least: bool
    clears: bool | None


def word_of(code: int) -> str:
    return "breached" if code >= BREACHED else WORDS[code]


def answers_of_household(folder: Path, policy: Policy, path: str, household_id: int) -> list[Given]:
    """Every answer about the household, its members and what is theirs (a dwelling), in the order of the standards' codes."""
    found: list[Given] = []
    for subject in ("household", "person", *policy.keyed):
        for row in _rows(folder / f"answers_{subject}.parquet", path, household_id):
            found += _given(subject, row, policy)
    return sorted(found, key=lambda given: (given.standard, given.subject_id))


def answers_of_place(folder: Path, policy: Policy, subject: str, place_id: int) -> list[Given]:
    """Every answer about one place itself."""
    file = opened(folder / f"answers_{subject}.parquet", "subject_id")
    if file is None:
        return []
    return [given for row in file.rows({"subject_id": [place_id]}) for given in _given(subject, row, policy)]


def lights_of_household(folder: Path, path: str, household_id: int) -> Row:
    """What `families` tells of one household; empty where the run has not judged it."""
    return next(iter(_rows(folder / "families.parquet", path, household_id)), {})


def _rows(path_of_file: Path, path: str, household_id: int) -> list[Row]:
    file = opened(path_of_file, "path", "household_id")
    return file.rows({"household_id": [household_id]}, path=path) if file is not None else []


def _given(subject: str, row: Row, policy: Policy) -> Iterator[Given]:
    for code in policy.standards:
        value = row.get(code)
        if value is not None:
            breach = value % AT_LEAST - BREACHED if value >= BREACHED else None
            yield Given(code, subject, row["subject_id"], word_of(value), breach, value >= AT_LEAST, row.get(f"{code}:clears"))


def codes_of(folder: Path, subject: str, standard: str, ids: Sequence[int]) -> dict[int, tuple[int, bool | None]]:
    """Subject -> (answer code, clears) of one standard for the subjects named; those the run did not judge are left out."""
    file = folder / f"answers_{subject}.parquet"
    if not file.exists() or standard not in pq.read_schema(file).names:
        return {}
    table = pq.read_table(file, columns=["subject_id", standard, f"{standard}:clears"])
    table = table.filter(pc.is_in(table["subject_id"], value_set=pa.array(ids, pa.int64())))
    return {key: (answer, clears) for key, answer, clears in zip(*(column.to_pylist() for column in table.columns), strict=True)}


def answers_of_subjects(
    folder: Path, subject: str, standard: str, ids: Sequence[int]
) -> dict[int, tuple[int | None, int | None, str, int, bool | None]]:
    """Subject -> (household_id, place_id, path, answer code, clears) of one standard; those the run did not judge are left out."""
    file = folder / f"answers_{subject}.parquet"
    if not file.exists() or standard not in pq.read_schema(file).names:
        return {}
    columns = ["subject_id", "household_id", "place_id", "path", standard, f"{standard}:clears"]
    table = pq.read_table(file, columns=columns)
    table = table.filter(pc.is_in(table["subject_id"], value_set=pa.array(ids, pa.int64())))
    return {row[0]: row[1:] for row in zip(*(column.to_pylist() for column in table.columns), strict=True)}


@dataclass(frozen=True, slots=True)
class Stands:
    """How a standard stands for one subject: the answer's code, whether it clears, and where the subject belongs."""

    code: int
    clears: bool | None
    subject_key: str | None
    household_id: int | None


def standing(folder: Path, subject: str, asked: Mapping[str, Collection[int]]) -> dict[tuple[str, int], Stands]:
    """(standard, subject) -> how it stands, of the subjects named for each standard; those the run did not judge are left out."""
    file = folder / f"answers_{subject}.parquet"
    there = set(pq.read_schema(file).names) if file.exists() else set()
    codes = [code for code in asked if code in there]
    if not codes:
        return {}
    ids = pa.array(sorted({key for code in codes for key in asked[code]}), pa.int64())
    columns = ["subject_id", "subject_key", "household_id", *codes, *(f"{code}:clears" for code in codes)]
    table = pq.read_table(file, columns=columns, filters=pc.is_in(pc.field("subject_id"), ids))
    keys, texts, homes = (table[name].to_pylist() for name in columns[:3])
    found: dict[tuple[str, int], Stands] = {}
    for code in codes:
        wanted = set(asked[code])
        for key, text, home, answer, clears in zip(
            keys, texts, homes, table[code].to_pylist(), table[f"{code}:clears"].to_pylist(), strict=True
        ):
            if key in wanted and answer is not None:
                found[code, key] = Stands(answer, clears, text, home)
    return found


def families_page(
    folder: Path,
    scopes: Sequence[str],
    *,
    state: str | None = None,
    light: tuple[str, int] | None = None,
    after: tuple[str, int] = FIRST,
    limit: int,
) -> list[dict[str, Any]]:
    """The next `limit` families below `scopes` after (path, household_id), in that order; `families` tells the columns."""
    conditions: list[Any] = []
    if state is not None:
        conditions.append(("state", "=", state))
    if light is not None:
        conditions.append((f"light:{light[0]}", "=", light[1]))
    return _page(folder / "families.parquet", scopes, conditions, "household_id", after, limit)


def subjects_page(
    folder: Path, subject: str, standard: str, answer: str, scopes: Sequence[str], *, after: tuple[str, int] = FIRST, limit: int
) -> list[dict[str, Any]]:
    """The next subjects that got `answer` ('met', 'unknown', …) from a standard: subject_id, subject_key, household_id, place_id, path."""
    wanted = {"met": [MET], "unknown": [UNKNOWN], "not_applicable": [NOT_APPLICABLE]}.get(answer)
    condition = (standard, "in", wanted) if wanted is not None else (standard, ">=", BREACHED)
    columns = ["subject_id", "subject_key", "household_id", "place_id", "path"]
    return _page(folder / f"answers_{subject}.parquet", scopes, [condition], "subject_id", after, limit, columns)


def _page(
    file: Path, scopes: Sequence[str], conditions: list[Any], key: str, after: tuple[str, int], limit: int, columns: list[str] | None = None
) -> list[dict[str, Any]]:
    """Only the rows of the page become objects; those before it are dropped in columns."""
    found: list[dict[str, Any]] = []
    if not file.exists():
        return found
    for scope in sorted(scopes):
        end = scope[:-1] + chr(ord("/") + 1)
        if end <= after[0]:
            continue
        inside = [("path", ">=", max(scope, after[0])), ("path", "<", end), *conditions]
        table = pq.read_table(file, columns=columns, filters=inside)
        later = pc.or_(pc.greater(table["path"], after[0]), pc.and_(pc.equal(table["path"], after[0]), pc.greater(table[key], after[1])))
        table = table.filter(later).sort_by([("path", "ascending"), (key, "ascending")])
        found += table.slice(0, limit - len(found)).to_pylist()
        if len(found) >= limit:
            break
    return found
