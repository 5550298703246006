"""The statements of a run, each with only the columns that somebody reads: a later statement, an answer, or the evidence.

Evidence stays in the table that it is first in. What is nothing but evidence, and is read from above or worked out from columns that
are kept, is kept for nobody: it is worked out for whoever is in breach.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from anju.core.standards.compile.names import quoted

NAMES = re.compile(r"""'(?:[^']|'')*'|("(?:[^"]|"")*")""")  # a text, which may hold quotes of names, or a name
IDENTITY = ("id", "household_id", "place_id")  # every table of subjects has them
UNIT = quoted("unit")
EVERYBODY = "person"  # the subject of which there are more than of any other
WEIGHTS = {EVERYBODY: 64, "household": 32}  # of tables of subjects, of which there are that many more than of the others
READING = 8  # the weight of a scan of what was delivered about them


@dataclass(frozen=True, slots=True)
class Step:
    """One statement that makes one table, `makes`, from the tables of other steps, `reads` (quoted names), and of the snapshot. `weight`:
    roughly how long it takes beside others. `shared`: of so many rows that every core has its share of them."""

    name: str
    sql: str
    makes: str
    reads: frozenset[str]
    weight: int = 1
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Grouped:
    """A statement that is taken as it is: rows of a feed or of members, grouped by subject."""

    name: str
    sql: str
    weight: int = 1

    @property
    def makes(self) -> str:
        return _names(self.sql)[0]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of subjects before it is known which of its columns are read. `source`: the one it begins with, under the alias `b`.
    `layers`: SELECT items, each layer reading the ones before it, the first of them what is joined; within the last also those before
    in it. `above`: column -> the join by which it was read from above."""

    name: str
    subject: str
    makes: str
    source: str
    joins: Sequence[str]
    layers: Sequence[Sequence[str]]
    above: dict[str, str] = field(default_factory=dict)

    def own(self) -> dict[str, str]:
        """Column -> the item that makes it."""
        return {_column(item): item for layer in self.layers for item in layer}

    def statement(self, kept: Sequence[str]) -> str:
        """CREATE TABLE with the identity and the columns `kept`, and nothing worked out that they do not need."""
        needed = set(kept)
        layers: list[list[str]] = []
        for layer in reversed(self.layers):
            items: list[str] = []
            for item in reversed(layer):
                if _column(item) in needed:
                    items.insert(0, item)
                    needed.update(_inputs(item))
            layers.insert(0, items)
        sql = f"SELECT {', '.join(['b.*', *layers[0]])} FROM {self.source} b {' '.join(self.joins)}"
        for layer in layers[1:]:
            if layer:
                sql = f"SELECT *, {', '.join(layer)} FROM ({sql})"
        return f"CREATE TABLE {self.makes} AS SELECT {', '.join([*IDENTITY, *kept])} FROM ({sql})"


@dataclass(slots=True)
class Evidence:
    """Where the evidence of a subject is that its last table does not have. `stored`: table -> columns; `joins` and `read`: what is to be
    read from above of the rows `b`, and how; `worked_out`: items over all of those."""

    stored: dict[str, list[str]] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    worked_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settled:
    """`kept`: the tables, beside the last of each subject, that evidence is fetched from."""

    steps: tuple[Step, ...]
    evidence: dict[str, Evidence]
    kept: frozenset[str]


def settle(drafts: Sequence[Grouped | Table], attributes: dict[str, list[str]], breaches: str) -> Settled:
    """The steps, from `drafts` in their order. `attributes`: subject -> columns of its base; `breaches`: the SQL that names the evidence."""
    made = {draft.makes for draft in drafts}
    columns = _columns(drafts, attributes)
    wanted = set(_names(breaches))
    read: dict[str, set[str]] = {name: set() for name in made}  # table -> names in the statements that read it
    last: dict[str, set[str]] = {}  # subject -> columns of its last table
    evidence: dict[str, Evidence] = {}
    steps: list[Step] = []
    for draft in reversed(drafts):
        if isinstance(draft, Table):
            having, first = columns[draft.makes]
            kept = {column for column in having if column in read[draft.makes] or column[1:3] in ("a:", "c:")}
            found = evidence.setdefault(draft.subject, Evidence())
            _settle_evidence(draft, [column for column in having if column in first & wanted], kept, found, last.get(draft.subject))
            last.setdefault(draft.subject, kept)
            sql, weight = draft.statement([column for column in having if column in kept]), WEIGHTS.get(draft.subject, 1)
            shared = draft.subject == EVERYBODY
        else:
            sql, weight, shared = draft.sql, draft.weight, False
        named = set(_names(sql))
        reads = (named & made) - {draft.makes}
        for name in reads:
            read[name] |= named
        steps.insert(0, Step(draft.name, sql, draft.makes, frozenset(reads), weight, shared))
    kept_tables = {name for found in evidence.values() for text in (*found.stored, *found.joins) for name in _names(text)}
    return Settled(tuple(steps), evidence, frozenset(made & kept_tables))


def _columns(drafts: Sequence[Grouped | Table], attributes: dict[str, list[str]]) -> dict[str, tuple[list[str], set[str]]]:
    """Table of subjects -> all columns it could have, and those that are first in it."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    so_far: dict[str, list[str]] = {}
    for draft in drafts:
        if isinstance(draft, Table):
            before = so_far.get(draft.subject, [])
            having = list(dict.fromkeys([*(before or attributes[draft.subject]), *draft.own()]))
            found[draft.makes] = having, set(having) - set(before)
            so_far[draft.subject] = having
    return found


def _settle_evidence(table: Table, wanted: Sequence[str], kept: set[str], evidence: Evidence, last: set[str] | None) -> None:
    """Adds to `kept` what must be stored of the evidence that is first in `table`, and to `evidence` how the rest is found. `last`: the
    columns of the subject's last table; None where this is it."""
    own = table.own()
    fetched = []
    joins, read, worked_out = [], [], []
    there = set(kept)
    for column in wanted:
        if column not in there:
            item = own.get(column, "")
            if column in table.above:
                joins.append(table.above[column])
                read.append(item)
            elif item and there.issuperset(_inputs(item)):
                worked_out.append(item)
                fetched += [name for name in _inputs(item) if name in kept]
            else:
                kept.add(column)
            there.add(column)
        if column in kept:
            fetched.append(column)
    had = (last or set()).union(*evidence.stored.values())  # a column that is carried along is the same in every table
    if last is not None and (missing := [column for column in dict.fromkeys(fetched) if column not in had]):
        evidence.stored[table.makes] = missing
    # of several tables the earlier is settled later, and is read first
    evidence.joins[:0] = dict.fromkeys(joins)
    evidence.read[:0] = read
    evidence.worked_out[:0] = worked_out


def _names(sql: str) -> list[str]:
    """The quoted names in a statement, in their order."""
    return [name for name in NAMES.findall(sql) if name]


def _column(item: str) -> str:
    """What a SELECT item makes."""
    return _names(item)[-1]


def _inputs(item: str) -> list[str]:
    return _names(item)[:-1]
