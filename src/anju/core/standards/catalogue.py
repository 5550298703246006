"""The catalogue of features: what each name means at each subject, resolved on demand, circles refused.

A feature is built when the first expression asks for it, so that its type is known to whoever uses it, and what
asks for itself on the way is a circle. Reading up and other standards' answers become features of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from anju.core.contracts.document import Node
from anju.core.contracts.faults import nearest
from anju.core.contracts.model import Contract, FeedColumn, Programme
from anju.core.contracts.naming import forbidden_in, names_of
from anju.core.standards.model import (
    Aggregate,
    And,
    Answer,
    Attribute,
    Column,
    Compare,
    Expr,
    Feature,
    KeyedSubject,
    Latest,
    Literal_,
    Param,
    Parameter,
    Ref,
    Rollup,
    Subject,
    Title,
    Type,
    Up,
)
from anju.core.standards.scope import Resolved
from anju.core.terms.levels import LEVELS

COLUMN_TYPES: dict[str, Type] = {
    "text": "text", "code": "text", "int": "int", "decimal": "decimal", "rate": "decimal", "money": "money",
    "bool": "bool", "date": "date", "datetime": "date", "list": "list", "month": "int", "week": "int",
    "quarter": "int", "term": "int", "school_year": "int", "year": "int",
}  # fmt: skip
LINKED = ("person", "household", "place")
DECISIONS = "P01"
DECISION = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass
class Catalogue:
    """`raw` holds the features as written: (subject, name) -> node. `standards` maps codes to their subjects."""

    programme: Programme
    contracts: Mapping[str, Contract]
    parameters: Mapping[str, Parameter]
    keyed: Mapping[str, KeyedSubject]
    build: Callable[[Catalogue, Subject, str, Node], Feature | None]  # features.build_feature: they recurse
    raw: dict[tuple[Subject, str], Node] = field(default_factory=dict)
    standards: dict[str, Subject] = field(default_factory=dict)
    built: dict[tuple[Subject, str], Feature] = field(default_factory=dict)
    failed: set[tuple[Subject, str]] = field(default_factory=set)
    pending: list[tuple[Subject, str]] = field(default_factory=list)
    broken: frozenset[str] = frozenset()  # feeds whose contracts are at fault themselves
    current: str | None = None  # the standard whose expressions are read now

    # --- subjects -------------------------------------------------------------------------------------------

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(level.name for level in self.programme.levels)

    def subjects(self) -> tuple[str, ...]:
        return ("person", "household", *self.places, *self.keyed)

    def above(self, subject: Subject) -> tuple[str, ...]:
        """The subjects that `subject` may look up to."""
        if subject in self.places:
            return self.places[: self.places.index(subject)]
        community = self.places.index(self.programme.community_level)
        up = self.places[: community + 1]
        if subject == "person":
            return ("household", *up)
        if subject in self.keyed:
            links = self.contracts[self.keyed[subject].feed].links
            return tuple(up if links else ()) + (("household",) if "household" in links or "person" in links else ())
        return up

    def below(self, subject: Subject) -> tuple[str, ...]:
        return tuple(other for other in self.subjects() if subject in self.above(other))

    # --- names ----------------------------------------------------------------------------------------------

    def feature(self, subject: Subject, name: str) -> Feature | None:
        """The feature of that name, built now if need be; None if there is none or it is at fault."""
        from_raw = self.raw.get((subject, name))
        key = (subject, name)
        if key in self.built:
            return self.built[key]
        if key in self.failed:
            return None
        if from_raw is not None:
            return self._build(key, from_raw)
        found = self._attribute(subject, name) or self._own_row(subject, name)
        if found is not None:
            self.built[key] = found
        return found

    def _build(self, key: tuple[Subject, str], node: Node) -> Feature | None:
        if key in self.pending:
            circle = [*self.pending[self.pending.index(key) :], key]
            node.fault("this feature needs itself", " → ".join(f"{s}.{n}" for s, n in circle), "break the circle")
            self.failed.add(key)
            return None
        self.pending.append(key)
        try:
            found = self.build(self, key[0], key[1], node)
        finally:
            self.pending.pop()
        if found is None or key in self.failed:
            self.failed.add(key)
            return None
        self.built[key] = found
        return found

    def _attribute(self, subject: Subject, name: str) -> Attribute | None:
        if subject in self.places and name in ("code", "name"):
            return Attribute(name, subject, name, "text", Title(name, name), False)
        for contract in self.contracts.values():
            if contract.registry == subject:
                for column in contract.columns:
                    if column.name == name and column.klass == "plain" and column.type in COLUMN_TYPES:
                        kind = COLUMN_TYPES[column.type]
                        title = Title(column.title.en, column.title.zh)
                        return Attribute(name, subject, name, kind, title, column.empty_means == "no")
        return None

    def register_column(self, subject: Subject, name: str) -> FeedColumn | None:
        """The register's column of that name, where no feature stands before it."""
        if (subject, name) in self.raw:
            return None
        registers = (contract for contract in self.contracts.values() if contract.registry == subject)
        return next((column for contract in registers for column in contract.columns if column.name == name), None)

    def _own_row(self, subject: Subject, name: str) -> Latest | None:
        """A keyed subject's own row, under the subject's name."""
        if subject != name or subject not in self.keyed:
            return None
        keyed = self.keyed[subject]
        fields = self.fields(self.contracts[keyed.feed])
        return Latest(name, subject, keyed.feed, None, None, 0, fields, keyed.title)

    def fields(self, contract: Contract) -> dict[str, Type]:
        found: dict[str, Type] = {c.name: COLUMN_TYPES[c.type] for c in contract.columns if c.klass == "plain" and c.type in COLUMN_TYPES}
        found["valid"] = "date"
        return found

    def names(self, subject: Subject) -> list[str]:
        found = [name for s, name in self.raw if s == subject]
        for contract in self.contracts.values():
            if contract.registry == subject:
                found += [c.name for c in contract.columns if c.klass == "plain" and c.type in COLUMN_TYPES]
        return found + ([subject] if subject in self.keyed else []) + list(self.above(subject))

    def forbidden(self, column: FeedColumn | str) -> str | None:
        """The forbidden name that a column answers to, under whatever alias."""
        names = (column,) if isinstance(column, str) else names_of(column)
        return forbidden_in(names, self.programme.forbidden_columns)

    # --- anonymous features -----------------------------------------------------------------------------------

    def up(self, subject: Subject, above: Subject, feature: Feature, column: str | None, kind: Type) -> Ref:
        name = f"{above}.{feature.name}" + (f".{column}" if column else "")
        title = feature.title
        self.built.setdefault((subject, name), Up(name, subject, above, feature.name, column, kind, title))
        return Ref(name, None, kind)

    def answer(self, subject: Subject, what: str, code: str, node: Node, offset: int) -> Resolved | None:
        """kept() and level(): at the same subject, rolled up from below, or looked up above."""
        home = self.standards.get(code)
        if home is None:
            node.fault(f"there is no standard {code}", alternatives=nearest(code, self.standards), offset=offset)
            return None
        name = f"{what}:{code}"
        kind: Type = "bool" if what == "kept" else "level"
        title = Title(f"{code} {what}", f"{code} {'已落实' if what == 'kept' else '等级'}")
        codes = LEVELS if what == "level" else ()
        self.built.setdefault((home, name), Answer(name, home, code, what, kind, title))  # type: ignore[arg-type]
        if home == subject:
            return Resolved(Ref(name, None, kind), kind, codes)
        if home in self.above(subject):
            return Resolved(self.up(subject, home, self.built[home, name], None, kind), kind, codes)
        if subject in self.above(home):
            how = "all" if what == "kept" else "max"
            of = Ref(name, None, kind)
            rollup = Rollup(name, subject, how, home, of, None, False, kind, title)  # type: ignore[arg-type]
            self.built.setdefault((subject, name), rollup)
            return Resolved(Ref(name, None, kind), kind, codes)
        node.fault(f"{code} is about a {home}, this standard about a {subject}", "they are not related", offset=offset)
        return None

    def decision(self, subject: Subject, code: str, decision: str, node: Node, offset: int) -> Resolved | None:
        """recorded('…'): some decision of that name on this standard's case for the subject."""
        if DECISIONS not in self.contracts:
            node.fault(f"recorded() needs the platform's feed {DECISIONS}", offset=offset)
            return None
        columns = {column.name for column in self.contracts[DECISIONS].columns}
        mine = "subject_key" in columns if subject in self.keyed else subject in self.contracts[DECISIONS].links
        if not {"standard", "decision"} <= columns or not (mine or (subject in self.places and "place" in self.contracts[DECISIONS].links)):
            node.fault(
                f"{DECISIONS} tells of no decisions about a {subject}", "it needs 'standard', 'decision' and whom they are about", offset=offset
            )
            return None
        if not DECISION.fullmatch(decision):
            node.fault(f"'{decision[:40]}' cannot be a decision", remedy="small letters, digits and _: 'refused'", offset=offset)
            return None
        name = f"recorded:{code}:{decision}"
        where = And(
            (
                Compare("=", Column("standard", "text"), Literal_(code, "text")),
                Compare("=", Column("decision", "text"), Literal_(decision, "text")),
            )
        )
        word = self.programme.words.get(decision)
        title = Title(f"on record: {word.en if word else decision}", f"已记录：{word.zh if word else decision}")
        feature = Aggregate(name, subject, "any", DECISIONS, Literal_(True, "bool"), where, None, False, False, "bool", title)
        self.built.setdefault((subject, name), feature)
        return Resolved(Ref(name, None, "bool"), "bool")

    def parameter(self, name: str, keys: tuple[Expr, ...], at: Expr | None) -> Param:
        return Param(name, keys, at, self.parameters[name].type)


@dataclass
class SubjectScope:
    """Names at a subject: features, attributes, fields of rows, and what lies above."""

    catalogue: Catalogue
    subject: Subject

    @property
    def minor_digits(self) -> int:
        return self.catalogue.programme.minor_digits

    def name(self, parts: tuple[str, ...], node: Node, offset: int) -> Resolved | None:
        c = self.catalogue
        if parts[0] in c.above(self.subject) and len(parts) > 1:
            return self._look_up(parts, node, offset)
        found = self._own(self.subject, parts, node, offset)
        if found is None:
            return None
        feature, column, kind, codes = found
        return Resolved(Ref(feature.name, column, kind), kind, codes)

    def _own(
        self, subject: Subject, parts: tuple[str, ...], node: Node, offset: int
    ) -> tuple[Feature, str | None, Type, tuple[str, ...]] | None:
        c = self.catalogue
        if (bad := c.forbidden(c.register_column(subject, parts[0]) or parts[0])) is not None:
            node.fault(f"'{bad}' may never be a condition", "service, not surveillance", "remove it", offset=offset)
            return None
        feature = c.feature(subject, parts[0])
        if feature is None:
            if (subject, parts[0]) not in c.failed:
                known = nearest(parts[0], c.names(subject))
                node.fault(f"a {subject} has no '{parts[0]}'", remedy="name a feature", alternatives=known, offset=offset)
            return None
        if isinstance(feature, Latest):
            return self._field(feature, parts, node, offset)
        if len(parts) > 1:
            node.fault(f"'{parts[0]}' is a single value", remedy=f"write {parts[0]}", offset=offset)
            return None
        return feature, None, feature.type, self._codes(feature)

    def _field(
        self, feature: Latest, parts: tuple[str, ...], node: Node, offset: int
    ) -> tuple[Feature, str | None, Type, tuple[str, ...]] | None:
        if len(parts) == 1:
            return feature, None, "row", ()
        contract = self.catalogue.contracts[feature.feed]
        column = next((col for col in contract.columns if col.name == parts[1]), None)
        if len(parts) > 2 or parts[1] not in feature.fields:
            known = nearest(parts[1], feature.fields)
            why = "only plain columns reach the lake" if column is not None else ""
            node.fault(f"{feature.feed} has no plain column '{'.'.join(parts[1:])}'", why, "", known, offset=offset)
            return None
        if column is not None and (bad := self.catalogue.forbidden(column)) is not None:
            node.fault(f"'{parts[1]}' is '{bad}': it may never be a condition", "service, not surveillance", offset=offset)
            return None
        return feature, parts[1], feature.fields[parts[1]], column.codes if column else ()

    def _codes(self, feature: Feature) -> tuple[str, ...]:
        if isinstance(feature, Attribute):
            for contract in self.catalogue.contracts.values():
                if contract.registry == feature.subject:
                    return next((c.codes for c in contract.columns if c.name == feature.column), ())
        return ()

    def _look_up(self, parts: tuple[str, ...], node: Node, offset: int) -> Resolved | None:
        above = parts[0]
        found = self._own(above, parts[1:], node, offset)
        if found is None:
            return None
        feature, column, kind, codes = found
        return Resolved(self.catalogue.up(self.subject, above, feature, column, kind), kind, codes)

    def parameter(self, name: str, at: Expr | None, node: Node, offset: int) -> Param | None:
        return _parameter(self.catalogue, name, at, node, offset, lambda key: self.name(tuple(key.split(".")), node, offset))

    def answer(self, what: str, code: str, node: Node, offset: int) -> Resolved | None:
        return self.catalogue.answer(self.subject, what, code, node, offset)

    def recorded(self, decision: str, node: Node, offset: int) -> Resolved | None:
        if self.catalogue.current is None:
            node.fault("recorded() stands in a standard only", "it asks for decisions on that standard's case", offset=offset)
            return None
        return self.catalogue.decision(self.subject, self.catalogue.current, decision, node, offset)


@dataclass
class RowScope:
    """Names in a row filter: the plain columns of the feed."""

    catalogue: Catalogue
    contract: Contract

    @property
    def minor_digits(self) -> int:
        return self.catalogue.programme.minor_digits

    def name(self, parts: tuple[str, ...], node: Node, offset: int) -> Resolved | None:
        fields = self.catalogue.fields(self.contract)
        column = next((c for c in self.contract.columns if c.name == parts[0]), None)
        if len(parts) > 1 or parts[0] not in fields:
            why = "only plain columns reach the lake" if column is not None else "a row filter sees the feed's columns"
            node.fault(f"{self.contract.code} has no plain column '{'.'.join(parts)}'", why, "",
                       nearest(parts[0], fields), offset=offset)  # fmt: skip
            return None
        if (bad := self.catalogue.forbidden(column if column is not None else parts[0])) is not None:
            node.fault(f"'{parts[0]}' is '{bad}': it may never be a condition", "service, not surveillance", offset=offset)
            return None
        kind = fields[parts[0]]
        return Resolved(Column(parts[0], kind), kind, column.codes if column else ())

    def parameter(self, name: str, at: Expr | None, node: Node, offset: int) -> Param | None:
        found = _parameter(self.catalogue, name, at, node, offset, lambda key: self.name((key,), node, offset))
        if found is not None and self.catalogue.parameters[name].by_area:
            node.fault(
                f"${name} differs by area and a row has none",
                remedy="compare it where the feature is used",
                offset=offset,
            )
            return None
        return found

    def answer(self, what: str, code: str, node: Node, offset: int) -> Resolved | None:
        node.fault(f"{what}() does not stand in a row filter", offset=offset)
        return None

    def recorded(self, decision: str, node: Node, offset: int) -> Resolved | None:
        node.fault("recorded() does not stand in a row filter", offset=offset)
        return None


def _parameter(
    catalogue: Catalogue,
    name: str,
    at: Expr | None,
    node: Node,
    offset: int,
    resolve: Callable[[str], Resolved | None],
) -> Param | None:
    parameter = catalogue.parameters.get(name)
    if parameter is None:
        known = nearest(name, catalogue.parameters)
        node.fault(f"there is no parameter ${name}", remedy="add it under parameters/", alternatives=known, offset=offset)
        return None
    keys = [resolve(key) for key in parameter.keyed_by]
    whole = tuple(key.expr for key in keys if key is not None)
    return catalogue.parameter(name, whole, at) if len(whole) == len(keys) else None
