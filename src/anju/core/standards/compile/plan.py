"""The plan of a run: which tables are made, in which order, and which columns hold the answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from anju.core.contracts.model import Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.compile.answers import answer_columns
from anju.core.standards.compile.delivered import Delivered
from anju.core.standards.compile.evidence import breach_select, breached_step, breached_table, with_evidence
from anju.core.standards.compile.expressions import Writer
from anju.core.standards.compile.feeds import FeedFeature, FeedGroup, looks_back
from anju.core.standards.compile.levels import base_table, derived_columns, located, rollup_step, up_columns, upwards
from anju.core.standards.compile.names import area_column, quoted, table, value_column
from anju.core.standards.model import (
    Aggregate,
    Answer,
    Attribute,
    Derived,
    Expr,
    Feature,
    Latest,
    Param,
    Policy,
    Rollup,
    Standard,
    Streak,
    Up,
)
from anju.core.standards.order import everything_needed, fields_read, needs_of, standard_needs, walk_expr
from anju.core.terms.periods import Calendar

Key = tuple[str, str]
QUOTED = re.compile(r'"(?:[^"]|"")*"')
NAMED = re.compile(r' AS ("(?:[^"]|"")*")')
WEIGHTS = {"person": 16, "household": 8}  # of tables of subjects, of which there are that many more than of the others
READING = 4  # the weight of a scan of what was delivered about them
IDENTITY = ("id", "household_id", "place_id", "area_id", "unit")


@dataclass(frozen=True, slots=True)
class Step:
    """One statement that makes one table, `makes`, from the tables of other steps, `reads` (quoted names), and of the snapshot. `weight`:
    roughly how long it takes beside others."""

    name: str
    sql: str
    makes: str
    reads: frozenset[str]
    weight: int = 1


@dataclass(frozen=True)
class RunPlan:
    """`steps` in an order in which they can run. `tables`: subject -> the table that ends up with every column of the subject.

    `kept`: those and the tables that hold evidence, which later ones do not carry along.
    `located`: subject -> SELECT source of the same rows with `subject_key` and `path`, which no step needs to carry along.
    `shown`: those with the evidence that is in other tables.
    `standards`: subject -> codes answered there; the columns are those of `answers.answer_columns`.
    `evidence`: statements to run when every step is done; they make a table of whoever is in breach, with all evidence.
    `breaches` is one SELECT over those."""

    day: date
    steps: tuple[Step, ...]
    tables: dict[str, str]
    kept: frozenset[str]
    located: dict[str, str]
    shown: dict[str, str]
    standards: dict[str, tuple[str, ...]]
    evidence: tuple[str, ...]
    breaches: str


def compile_run(policy: Policy, day: date, *, standards: Iterable[str] | None = None) -> RunPlan:
    """The plan for every standard in force on `day`, or for those named, with only what they need."""
    wanted = [
        policy.standards[code] for code in (standards if standards is not None else sorted(policy.standards))
        if policy.standards[code].version_on(day) is not None
    ]  # fmt: skip
    return _Planner(policy, day, calendar_of(_programme(policy)), wanted).plan()


def _programme(policy: Policy) -> Programme:
    assert isinstance(policy.programme, Programme)
    return policy.programme


class _Planner:
    def __init__(self, policy: Policy, day: date, calendar: Calendar, standards: list[Standard]) -> None:
        self.policy, self.day, self.calendar = policy, day, calendar
        self.wanted = {standard.code: standard for standard in standards}
        self.needed: list[Key] = []  # in order of computation
        self.rank = {subject: nth for nth, subject in enumerate(upwards(policy))}
        self.stratum: dict[Key, int] = {}
        self.steps: list[tuple[str, str]] = []  # name and SQL
        self.made: dict[str, int] = {}  # subject -> last stratum made
        self.columns: dict[str, list[str]] = {}  # step that makes a table of subjects -> its columns, quoted
        self.homes: dict[str, dict[str, str]] = {}  # subject -> column -> the table that it is first in
        self._collect()

    # --- what is needed ---------------------------------------------------------------------------------------

    def _collect(self) -> None:
        wanted = everything_needed(self.policy, self.wanted)
        self.fields = fields_read(self.policy, wanted)
        others = (self.policy.standards[code] for kind, code in wanted if kind == "standard")
        self.wanted |= {standard.code: standard for standard in others if standard.version_on(self.day) is not None}
        self.needed = [key for key in self.policy.order if key in wanted]
        for key in self.needed:
            self.stratum[key] = self._stratum(key)

    def _needs(self, key: Key) -> list[Key]:
        if key[0] == "standard":
            return standard_needs(self.policy.standards[key[1]])
        return needs_of(self.policy.features[key], self.policy.contracts, self.policy.parameters)  # type: ignore[arg-type]

    def _subject(self, key: Key) -> str:
        return self.policy.standards[key[1]].subject if key[0] == "standard" else key[0]

    def _stratum(self, key: Key) -> int:
        """Which of its subject's tables it is in, 0 being the first. Tables of one number are made from members up to places, so
        that what is rolled up may stand in the same number as the members' table, and what is read from above stands in the next.
        So does what is delivered by a unit that a feature finds."""
        feature = self.policy.features.get(key)
        by_feature = isinstance(feature, Latest | Aggregate | Streak)
        level = 0
        for need in self._needs(key):
            later = self.rank[self._subject(need)] > self.rank[self._subject(key)]
            level = max(level, self.stratum.get(need, 0) + (1 if by_feature or later else 0))
        return level

    # --- steps --------------------------------------------------------------------------------------------------

    def plan(self) -> RunPlan:
        order = self._strata()
        for subject, stratum in order:
            self._make(subject, stratum)
        tables = {subject: table(subject, stratum) for subject, stratum in self.made.items()}
        by_subject: dict[str, list[str]] = {}
        for code, standard in sorted(self.wanted.items()):
            by_subject.setdefault(standard.subject, []).append(code)
        answered = {subject: tuple(codes) for subject, codes in by_subject.items()}
        where = {subject: located(self.policy, subject, name) for subject, name in tables.items()}
        breaches = " UNION ALL ".join(
            breach_select(self.wanted[code], breached_table(subject), self.day, self._writer(subject))
            for subject, codes in answered.items()
            for code in codes
        )
        steps, elsewhere = self._only_what_is_read(breaches)
        shown = {subject: with_evidence(where[subject], elsewhere[subject]) for subject in tables}
        evidence = tuple(breached_step(subject, shown[subject], codes) for subject, codes in answered.items())
        kept = frozenset([*tables.values(), *(name for homes in elsewhere.values() for name in homes)])
        return RunPlan(self.day, steps, tables, kept, where, shown, answered, evidence, breaches)

    def _only_what_is_read(self, breaches: str) -> tuple[tuple[Step, ...], dict[str, dict[str, list[str]]]]:
        """Each table keeps the columns that a later step names, for half of them are read at once or never, and the evidence that is
        first in it. Also answers subject -> table -> the evidence to be fetched from there."""
        evidence = set(QUOTED.findall(breaches))
        found: list[Step] = []
        read: set[str] = set()
        made = {_target(sql) for _, sql in self.steps}
        last: dict[str, set[str]] = {}  # subject -> columns of its last table
        elsewhere: dict[str, dict[str, list[str]]] = {subject: {} for subject in self.made}
        for name, sql in reversed(self.steps):
            own, weight = _target(sql), _weight(name, table=name in self.columns)
            if name in self.columns:
                subject = name.split(" ")[0]
                first = [column for column in self.columns[name] if column in evidence and self.homes[subject][column] == own]
                kept = [column for column in self.columns[name] if column in read or column in first or column[1:3] in ("a:", "c:")]
                missing = [column for column in first if column not in last.setdefault(subject, set(kept))]
                if missing:
                    elsewhere[subject][own] = missing
                sql = f"CREATE TABLE {own} AS SELECT {', '.join([*IDENTITY, *kept])} FROM ({sql.split(' AS ', 1)[1]})"
            named = set(QUOTED.findall(sql))
            read |= named
            found.append(Step(name, sql, own, frozenset((named & made) - {own}), weight))
        return tuple(reversed(found)), elsewhere

    def _writer(self, subject: str) -> Writer:
        own = {name: f for (s, name), f in self.policy.features.items() if s == subject}
        return Writer(self.day, own, self.policy.parameters, self.policy.contracts, self.policy.features)  # type: ignore[arg-type]

    def _strata(self) -> list[tuple[str, int]]:
        """(subject, stratum) pairs in the order in which their tables are made."""
        found = {(self._subject(key), self.stratum[key]) for key in self.needed}
        found |= {(subject, 0) for subject, _ in found}
        for key in self.needed:  # what lies above or below must have a table to read
            feature = self.policy.features.get(key)
            if isinstance(feature, Rollup):
                found.add((feature.over, 0))
            elif isinstance(feature, Up):
                found.add((feature.above, 0))
        return sorted(found, key=lambda pair: (pair[1], self.rank[pair[0]]))

    def _make(self, subject: str, stratum: int) -> None:
        """One table: the stratum before it, joined with what this stratum adds."""
        keys = [k for k in self.needed if self._subject(k) == subject and self.stratum[k] == stratum]
        features: list[Feature] = [self.policy.features[k] for k in keys if k[0] != "standard"]
        writer = self._writer(subject)
        first = stratum == 0 and subject not in self.made
        source = base_table(self.policy, subject) if first else table(subject, self.made[subject])
        joins, columns, layers = self._feed_columns(subject, stratum, features)
        if first:
            for name in self._local_parameters(subject):
                alias = quoted(f"p_{name}")
                joins.append(f"LEFT JOIN {alias} ON {alias}.place_id IS NOT DISTINCT FROM b.area_id")
                columns.append(f"{alias}.v AS {area_column(name)}")
        rollups = [f for f in features if isinstance(f, Rollup)]
        for over in dict.fromkeys(f.over for f in rollups):
            group = [f for f in rollups if f.over == over]
            name = f"r_{subject}_{over}_{stratum}"
            sql, items = rollup_step(name, subject, over, table(over, self.made[over]), group, self._writer(over), self.policy)
            self.steps.append((name, sql))
            joins.append(f"LEFT JOIN {quoted(name)} ON {quoted(name)}.subject_id = b.id")
            columns += items
        ups = [f for f in features if isinstance(f, Up)]
        for above in dict.fromkeys(f.above for f in ups):
            group_up = [f for f in ups if f.above == above]
            join, items = up_columns(subject, above, table(above, self.made[above]), group_up, self._writer(above), self.policy)
            joins.append(join)
            columns += items
        inner_sql = f"SELECT b.*{''.join(', ' + c for c in columns)} FROM {source} b {' '.join(joins)}"
        late = []  # derived features and answers read this stratum's columns, in the order of the graph
        for key in keys:
            if key[0] == "standard":
                if self.policy.standards[key[1]].version_on(self.day) is None:
                    continue  # what asks for the answer of a standard before its time reads 'unknown'
                late.append(answer_columns(self.policy.standards[key[1]], self.day, writer))
            elif isinstance(self.policy.features[key], Derived | Answer):
                late.append(derived_columns(self.policy.features[key], writer, self.policy))  # type: ignore[arg-type]
        sql = inner_sql
        for layer in layers:
            if layer:
                sql = f"SELECT *, {', '.join(layer)} FROM ({sql})"
        if late:
            sql = f"SELECT *, {', '.join(late)} FROM ({sql})"
        target = table(subject, stratum)
        step = f"{subject} {stratum}"
        before = self.columns.get(f"{subject} {self.made[subject]}", []) if not first else _attributes(self.policy, subject)
        made = [item for items in (columns, *layers, late) for text in items for item in NAMED.findall(text)]
        self.columns[step] = list(dict.fromkeys([*before, *made]))
        for column in self.columns[step]:
            self.homes.setdefault(subject, {}).setdefault(column, target)
        self.steps.append((step, f"CREATE TABLE {target} AS {sql}"))
        self.made[subject] = stratum

    def _local_parameters(self, subject: str) -> list[str]:
        """The parameters that differ by area and are read at the subject."""
        exprs = [expr for key in self.needed for at, expr in self._expressions(key) if at == subject]
        names = {part.name for expr in exprs for part in walk_expr(expr) if isinstance(part, Param)}
        return sorted(name for name in names if any(value.area is not None for value in self.policy.parameters[name].values))

    def _expressions(self, key: Key) -> list[tuple[str, Expr]]:
        """What is evaluated for the sake of `key`, and at which subject."""
        if key[0] == "standard":
            version = self.policy.standards[key[1]].version_on(self.day)
            if version is None:
                return []
            exprs = [version.applies, version.clears_when, *(breach.when for breach in version.breaches)]
            return [(self._subject(key), expr) for expr in exprs if expr is not None]
        feature = self.policy.features[key]
        if isinstance(feature, Derived):
            return [(feature.subject, feature.value)]
        if isinstance(feature, Rollup):
            return [(feature.over, expr) for expr in (feature.of, feature.where) if expr is not None]
        return []

    def _feed_columns(self, subject: str, stratum: int, features: list[Feature]) -> tuple[list[str], list[str], list[list[str]]]:
        """Joins, the columns read straight from them, and three layers computed over those."""
        joins: list[str] = []
        columns: list[str] = []
        layers: list[list[str]] = [[], [], []]
        asked = Delivered(subject, stratum, self.day, self.calendar)
        own = [feature for feature in features if isinstance(feature, Latest | Aggregate | Streak)]
        for group in feed_groups(self.policy, subject, own, self.day, self.calendar, self.fields):
            self.steps.append((f"{subject} from {group.contract.code}{group.part}", group.scan()))
            joins.append(f"LEFT JOIN {group.name} {group.alias} ON {group.alias}.subject_id = b.id")
            unit = _unit_sql(group)
            for feature in group.features:
                read, *over = group.columns(feature, unit, asked)
                columns += read
                for nth, items in enumerate(over):
                    layers[nth] += items
        self.steps += asked.steps()
        return joins + asked.joins(), columns, layers


def _weight(step: str, *, table: bool) -> int:
    subject, _, rest = step.partition(" ")
    if table:
        return WEIGHTS.get(subject, 1)
    return READING if rest.startswith("from ") and subject in WEIGHTS else 1


def _target(sql: str) -> str:
    """The quoted name of the table that a statement makes."""
    found = QUOTED.search(sql)
    assert found is not None
    return found.group()


def _attributes(policy: Policy, subject: str) -> list[str]:
    """The columns of a base table, beside its identity."""
    return [value_column(name) for (s, name), f in policy.features.items() if s == subject and isinstance(f, Attribute)]


def feed_groups(
    policy: Policy, subject: str, features: list[FeedFeature], day: date, calendar: Calendar, fields: dict[Key, set[str]]
) -> list[FeedGroup]:
    """Features over the same feed share a scan; those that look back without end have one of their own, so that the others need
    not read what is old."""
    found: dict[tuple[str, str], list[FeedFeature]] = {}
    ends: dict[tuple[str, bool], set[bool]] = {}
    for feature in features:
        ends.setdefault((feature.feed, _at_event(feature)), set()).add(_endless(policy, feature, day, calendar))
    for feature in features:
        part = "_event" if _at_event(feature) else ""
        if len(ends[feature.feed, _at_event(feature)]) > 1 and _endless(policy, feature, day, calendar):
            part += "_all"
        found.setdefault((feature.feed, part), []).append(feature)
    return [_feed_group(policy, subject, code, tuple(members), part, day, calendar, fields) for (code, part), members in found.items()]


def _at_event(feature: FeedFeature) -> bool:
    return isinstance(feature, Aggregate) and feature.at_event


def _endless(policy: Policy, feature: FeedFeature, day: date, calendar: Calendar) -> bool:
    return looks_back(policy.contracts[feature.feed], feature, day, calendar) is None  # type: ignore[arg-type]


def _feed_group(
    policy: Policy, subject: str, code: str, features: tuple[FeedFeature, ...], part: str, day: date, calendar: Calendar,
    fields: dict[Key, set[str]],
) -> FeedGroup:  # fmt: skip
    """The scan of one feed for one subject: where its rows are and how they name the subject."""
    contract = policy.contracts[code]
    source = quoted(f"s_{code}")
    if _at_event(features[0]):
        source += ' s JOIN r_membership m ON m.person_id = s.person_id AND s.valid >= m.start AND (m."end" IS NULL OR s.valid < m."end")'
        key = "m.household_id"
    elif subject in ("person", "household"):
        key = f"{subject}_id"
    elif subject in policy.keyed:
        names = {column.name for column in contract.columns}  # type: ignore[attr-defined]
        key = quoted(f"key:{subject}") if set(policy.keyed[subject].key) <= names else "subject_id_of_key"
    else:
        key = "place_id"
    return FeedGroup(subject, contract, features, key, source, policy, day, calendar, fields, part)  # type: ignore[arg-type]


def _unit_sql(group: FeedGroup) -> str:
    contract = group.contract
    if contract.by == "programme":
        return "'all'"
    if contract.by == "unit":
        return "b.unit"
    assert contract.unit_from is not None
    name, _, column = contract.unit_from.partition(".")
    return "b." + quoted(f"f:{name}" + (f".{column}" if column else ""))
