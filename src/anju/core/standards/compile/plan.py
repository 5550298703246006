"""The plan of a run: which tables are made, in which order, and which columns hold the answers."""

from __future__ import annotations

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
from anju.core.standards.compile.levels import base_table, derived_columns, located, rollup_step, up_columns
from anju.core.standards.compile.names import area_column, quoted, table, value_column
from anju.core.standards.compile.tables import EVERYBODY, READING, UNIT, WEIGHTS, Grouped, Step, Table, settle
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


@dataclass(frozen=True)
class RunPlan:
    """`steps` in an order in which they can run. `tables`: subject -> the table that ends up with every column of the subject.

    `kept`: those and the tables that hold evidence, which later ones do not carry along.
    `located`: subject -> SELECT source of the same rows with `subject_key` and `path`, which no step needs to carry along.
    `shown`: those with the evidence that the table does not have.
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
        self.stratum: dict[Key, int] = {}
        self.drafts: list[Grouped | Table] = []
        self.made: dict[str, int] = {}  # subject -> last stratum made
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
        """Which of its subject's tables it is in, 0 being the first. What is rolled up or read from above is in one after the table that
        it is in there, and so is what is delivered by a unit that a feature finds. Persons have tables of even numbers only: there are
        many of them, and what is rolled up from one table of theirs is read in the next."""
        feature = self.policy.features.get(key)
        level = max((self.stratum.get(need, 0) for need in self._needs(key)), default=0)
        by_feature = isinstance(feature, Latest | Aggregate | Streak) and self._needs(key)
        if by_feature or isinstance(feature, Rollup | Up):  # even a count of members reads the table of the members
            level += 1
        return level + level % 2 if self._subject(key) == EVERYBODY else level

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
        settled = settle(self.drafts, {subject: _attributes(self.policy, subject) for subject in tables}, breaches)
        shown = {subject: with_evidence(where[subject], found) for subject, found in settled.evidence.items()}
        evidence = tuple(breached_step(subject, shown[subject], codes) for subject, codes in answered.items())
        return RunPlan(self.day, settled.steps, tables, settled.kept.union(tables.values()), where, shown, answered, evidence, breaches)

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
        return sorted(found, key=lambda pair: (pair[1], pair[0]))

    def _make(self, subject: str, stratum: int) -> None:
        """One table: the stratum before it, joined with what this stratum adds."""
        keys = [k for k in self.needed if self._subject(k) == subject and self.stratum[k] == stratum]
        features: list[Feature] = [self.policy.features[k] for k in keys if k[0] != "standard"]
        writer = self._writer(subject)
        first = stratum == 0 and subject not in self.made
        source = base_table(self.policy, subject) if first else table(subject, self.made[subject])
        joins, layers = self._feed_columns(subject, stratum, features)
        columns, late = layers[0], layers[-1]
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
            self.drafts.append(Grouped(name, sql))
            joins.append(f"LEFT JOIN {quoted(name)} ON {quoted(name)}.subject_id = b.id")
            columns += items
        ups = [f for f in features if isinstance(f, Up)]
        from_above: dict[str, str] = {}
        for above in dict.fromkeys(f.above for f in ups):
            group_up = [f for f in ups if f.above == above]
            source_above = table(above, self.made[above])
            join, read = up_columns(subject, stratum, above, source_above, group_up, self._writer(above), self.policy)
            joins.append(join)
            columns += read.values()
            from_above |= dict.fromkeys(read, join)
        for key in keys:  # derived features and answers read this stratum's columns, in the order of the graph
            if key[0] == "standard":
                if self.policy.standards[key[1]].version_on(self.day) is None:
                    continue  # what asks for the answer of a standard before its time reads 'unknown'
                late += answer_columns(self.policy.standards[key[1]], self.day, writer)
            elif isinstance(self.policy.features[key], Derived | Answer):
                late += derived_columns(self.policy.features[key], writer, self.policy)  # type: ignore[arg-type]
        self.drafts.append(Table(f"{subject} {stratum}", subject, table(subject, stratum), source, joins, layers, from_above))
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

    def _feed_columns(self, subject: str, stratum: int, features: list[Feature]) -> tuple[list[str], list[list[str]]]:
        """Joins, and layers of columns: those read straight from what is joined, three computed over them, and one that is still empty."""
        joins: list[str] = []
        layers: list[list[str]] = [[], [], [], [], []]
        asked = Delivered(subject, stratum, self.day, self.calendar)
        own = [feature for feature in features if isinstance(feature, Latest | Aggregate | Streak)]
        for group in feed_groups(self.policy, subject, own, self.day, self.calendar, self.fields):
            weight = READING if subject in WEIGHTS else 1
            self.drafts.append(Grouped(f"{subject} from {group.contract.code}{group.part}", group.scan(), weight))
            joins.append(f"LEFT JOIN {group.name} {group.alias} ON {group.alias}.subject_id = b.id")
            unit = _unit_sql(group)
            for feature in group.features:
                for nth, items in enumerate(group.columns(feature, unit, asked)):
                    layers[nth] += items
        self.drafts += [Grouped(name, sql) for name, sql in asked.steps()]
        return joins + asked.joins(), layers


def _attributes(policy: Policy, subject: str) -> list[str]:
    """The columns of a base table, beside its identity."""
    return [UNIT, *(value_column(name) for (s, name), f in policy.features.items() if s == subject and isinstance(f, Attribute))]


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
        return f"b.{UNIT}"
    assert contract.unit_from is not None
    name, _, column = contract.unit_from.partition(".")
    return "b." + quoted(f"f:{name}" + (f".{column}" if column else ""))
