"""Builds one feature from its YAML: what it counts, sums, looks at or computes."""

from __future__ import annotations

from typing import Any, cast

from anju.core.contracts.document import Node
from anju.core.contracts.faults import nearest
from anju.core.contracts.model import Contract
from anju.core.standards.catalogue import Catalogue, RowScope, SubjectScope
from anju.core.standards.expressions import parse_expression
from anju.core.standards.model import (
    Aggregate,
    Arith,
    Attribute,
    Column,
    Derived,
    Expr,
    Feature,
    IfAbsent,
    Latest,
    Literal_,
    Ref,
    Rollup,
    Streak,
    Subject,
    Title,
    Type,
    Window,
)
from anju.core.standards.numbers import OVERLONG, extent_of, overlong
from anju.core.standards.parameters import title_of
from anju.core.standards.scope import Resolved

KINDS = ("latest", "count", "sum", "any", "all", "min", "max", "streak", "value")
COMMON = ("name", "subject", "title", "note")
OPTIONS = {
    "latest": ("where", "window", "back"),
    "streak": ("holds", "at_most"),
    "value": (),
}
ANY_VALUE: tuple[Type, ...] = ("bool", "int", "decimal", "money", "text", "date", "level")
UNITS = ("days", "weeks", "months", "quarters", "years", "terms", "school_years", "periods")
MOST_LONG = {"days": 3_660, "weeks": 520, "months": 120, "quarters": 40, "years": 10, "terms": 20, "school_years": 10, "periods": 60}
MAX_STREAK = 60  # the statements count them in the bits of one number
THIS = {"year": "years", "month": "months", "quarter": "quarters", "term": "terms", "school_year": "school_years"}


def build_feature(c: Catalogue, subject: Subject, name: str, node: Node) -> Feature | None:
    """The feature, or None after recording its faults."""
    before = len(node.faults)
    fields = node.mapping(required=("name", "subject"), optional=(*COMMON, *KINDS, "where", "window", "back", "holds",
                                                                  "at_most", "over", "at"))  # fmt: skip
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1:
        node.fault("a feature has exactly one of " + ", ".join(KINDS), f"this has {', '.join(kinds) or 'none'}")
        return None
    kind = kinds[0]
    if subject not in c.subjects():
        fields["subject"].fault(f"there is no subject '{subject}'", alternatives=c.subjects())
        return None
    title = title_of(fields.get("title"), name)
    if kind == "value":
        found = _derived(c, subject, name, title, fields)
    elif kind == "latest":
        found = _latest(c, subject, name, title, fields)
    elif kind == "streak":
        found = _streak(c, subject, name, title, fields)
    elif "over" in fields:
        found = _rollup(c, subject, name, title, kind, fields)
    else:
        found = _aggregate(c, subject, name, title, kind, fields)
    if found is not None:
        _check_numbers(c, node, found)
    return found if len(node.faults) == before else None


def _check_numbers(c: Catalogue, node: Node, feature: Feature) -> None:
    at = feature.over if isinstance(feature, Rollup) else feature.subject
    exprs = [getattr(feature, name, None) for name in ("value", "of", "where", "holds")]
    long = any(overlong(expr, at, c.built, c.parameters) for expr in exprs if expr is not None)
    if isinstance(feature, Aggregate | Rollup) and feature.how == "sum" and feature.of is not None:
        long = long or not extent_of(feature.of, at, c.built, c.parameters).grown.fits
    if long:
        node.fault(*OVERLONG)


def _derived(c: Catalogue, subject: Subject, name: str, title: Title, fields: dict[str, Node]) -> Feature | None:
    found = parse_expression(fields["value"], SubjectScope(c, subject), ANY_VALUE)
    return None if found is None else Derived(name, subject, found.expr, found.type, title)


def _contract(c: Catalogue, subject: Subject, node: Node, code: str, at_event: bool) -> Contract | None:
    contract = c.contracts.get(code)
    if contract is None and code in c.broken:
        return None  # its own fault is the one to mend
    if contract is None:
        node.fault(f"there is no feed {code}", alternatives=nearest(code, c.contracts))
        return None
    if contract.registry is not None:
        node.fault(f"{code} enters the register only", remedy="name its columns as attributes of the person or household")
        return None
    if contract.unit_from is not None and c.feature(subject, contract.unit_from.partition(".")[0]) is None:
        node.fault(f"{code} is delivered by {contract.by}, and nothing says which one delivers for a {subject}",
                   f"the contract finds it by '{contract.unit_from}'",
                   f"make a feature '{contract.unit_from.partition('.')[0]}' of a {subject}, or count below and add 'over:'")  # fmt: skip
        return None
    linked = _linked(c, subject, contract)
    if not linked and not (subject == "household" and at_event and "person" in contract.links):
        remedy = "count it at person level and add 'over: person'" if "person" in contract.links else ""
        if subject == "household" and "person" in contract.links:
            remedy += ", or say 'at: event' to follow the household of the row's own day"
        node.fault(f"rows of {code} are not about a {subject}", f"it links {', '.join(contract.links) or 'nothing'}", remedy)
        return None
    return contract


def _linked(c: Catalogue, subject: Subject, contract: Contract) -> bool:
    names = {column.name for column in contract.columns}
    if subject in ("person", "household"):
        return subject in contract.links or (subject == "household" and contract.through is not None)
    if subject in c.places:
        return "place" in contract.links
    return set(c.keyed[subject].key) <= names or "subject_key" in names


def _latest(c: Catalogue, subject: Subject, name: str, title: Title, fields: dict[str, Node]) -> Feature | None:
    contract = _contract(c, subject, fields["latest"], fields["latest"].text() or "", False)
    if contract is None:
        return None
    back = fields["back"].integer() if "back" in fields else 0
    if back is not None and not 0 <= back <= 24:
        fields["back"].fault("back goes from 0 to 24 rows before the latest")
    return Latest(
        name=name,
        subject=subject,
        feed=contract.code,
        where=_condition(c, contract, fields.get("where")),
        window=_window(contract, fields.get("window")),
        back=back or 0,
        fields=c.fields(contract),
        title=title,
    )


def _condition(c: Catalogue, contract: Contract, node: Node | None) -> Expr | None:
    found = parse_expression(node, RowScope(c, contract), ("bool",)) if node is not None else None
    return found.expr if found is not None else None


def _aggregate(c: Catalogue, subject: Subject, name: str, title: Title, how: str, fields: dict[str, Node]) -> Feature | None:
    if how == "all":
        fields[how].fault("'all' goes over members", remedy="add 'over:', or count the rows that fail")
        return None
    at_event = "at" in fields and fields["at"].choice(("event",)) == "event"
    source = _source(fields[how])
    if source is None:
        return None
    code, of_node, of_text = source
    contract = _contract(c, subject, of_node, code, at_event)
    if contract is None:
        return None
    of = _summed(c, contract, how, of_node, of_text)
    where = _condition(c, contract, fields.get("where"))
    if how != "count" and of is None:
        return None
    kind: Type = "int" if how == "count" else of.type if of else "int"
    return Aggregate(
        name=name,
        subject=subject,
        how=how,  # type: ignore[arg-type]
        feed=contract.code,
        of=of.expr if of else None,
        where=where,
        window=_window(contract, fields.get("window")),
        at_event=at_event,
        monotone=how == "count" or (how == "sum" and of is not None and _not_negative(contract, of.expr)),
        type=kind,
        title=title,
    )


def _source(node: Node) -> tuple[str, Node, Node | None] | None:
    """'F17', 'F14.self_paid' or {feed: F14, of: "total_cost - basic_paid"}."""
    if node.is_mapping():
        fields = node.complete(("feed", "of"))
        return (fields["feed"].text() or "", node, fields["of"]) if fields is not None else None
    text = node.text()
    return None if text is None else (text.split(".", 1)[0], node, None)


def _summed(c: Catalogue, contract: Contract, how: str, node: Node, of: Node | None) -> Resolved | None:
    wanted: tuple[Type, ...] = {
        "any": ("bool",), "sum": ("int", "decimal", "money"), "count": ("bool",),
    }.get(how, ("int", "decimal", "money", "date"))  # type: ignore[assignment]  # fmt: skip
    if of is not None:
        return parse_expression(of, RowScope(c, contract), wanted)
    _, _, column = (node.text() or "").partition(".")
    if not column:
        if how != "count":
            node.fault(f"'{how}' needs a column", remedy=f"write {how}: {contract.code}.column",
                       alternatives=[n for n, t in c.fields(contract).items() if t in wanted])  # fmt: skip
        return None
    if how == "count":
        node.fault("'count' counts rows", remedy=f"write count: {contract.code}, and the condition under where:")
        return None
    found = RowScope(c, contract).name((column,), node, 0)
    if found is not None and found.type not in wanted:
        node.fault(f"'{how}' does not apply to {contract.code}.{column}", f"it is {found.type}")
        return None
    return found


def _not_negative(contract: Contract, expr: Expr) -> bool:
    if isinstance(expr, Column):
        column = next((col for col in contract.columns if col.name == expr.name), None)
        return column is not None and column.minimum is not None and column.minimum >= 0
    if isinstance(expr, Literal_):
        return not isinstance(expr.value, str | bool) and expr.value is not None and cast("Any", expr.value) >= 0
    if isinstance(expr, Arith) and expr.op in ("+", "*"):
        return _not_negative(contract, expr.left) and _not_negative(contract, expr.right)
    return False


def _streak(c: Catalogue, subject: Subject, name: str, title: Title, fields: dict[str, Node]) -> Feature | None:
    contract = _contract(c, subject, fields["streak"], fields["streak"].text() or "", False)
    if contract is None:
        return None
    if contract.kind != "period":
        fields["streak"].fault(f"{contract.code} has no periods to count", f"it is a feed of kind {contract.kind}")
        return None
    if "holds" not in fields:
        fields["streak"].fault("'holds' is missing", remedy='say what must hold in each period: holds: "not in_use"')
        return None
    holds = _condition(c, contract, fields["holds"])
    most = fields["at_most"].integer() if "at_most" in fields else 24
    if most is not None and not 1 <= most <= MAX_STREAK:
        fields["at_most"].fault(f"at_most goes from 1 to {MAX_STREAK} periods")
    return None if holds is None else Streak(name, subject, contract.code, holds, most or 24, title)


def _rollup(c: Catalogue, subject: Subject, name: str, title: Title, how: str, fields: dict[str, Node]) -> Feature | None:
    over = fields["over"].text() or ""
    if over not in c.below(subject):
        fields["over"].fault(f"'{over}' does not lie below a {subject}", alternatives=c.below(subject))
        return None
    scope = SubjectScope(c, over)
    where = parse_expression(fields["where"], scope, ("bool",)) if "where" in fields else None
    of: Resolved | None = None
    if not (how == "count" and (fields[how].raw == "members" or fields[how].raw == over)):
        wanted: tuple[Type, ...] = {
            "any": ("bool",), "all": ("bool",), "count": ("bool",), "sum": ("int", "decimal", "money"),
        }.get(how, ("int", "decimal", "money", "date", "level"))  # type: ignore[assignment]  # fmt: skip
        of = parse_expression(fields[how], scope, wanted)
        if of is None:
            return None
    kind: Type = "int" if how == "count" or of is None else of.type
    monotone = how == "count" or (how == "sum" and of is not None and _grows(c, over, of.expr))
    return Rollup(
        name, subject, how, over, of.expr if of else None, where.expr if where else None, monotone, kind, title  # type: ignore[arg-type]
    )  # fmt: skip


def _grows(c: Catalogue, subject: Subject, expr: Expr) -> bool:
    """Whether the expression can never be negative, so that leaving a member out leaves a lower bound."""
    if isinstance(expr, Literal_):
        return not isinstance(expr.value, str | bool) and expr.value is not None and cast("Any", expr.value) >= 0
    if isinstance(expr, Arith) and expr.op in ("+", "*"):
        return _grows(c, subject, expr.left) and _grows(c, subject, expr.right)
    if isinstance(expr, IfAbsent):
        return _grows(c, subject, expr.of) and _grows(c, subject, expr.otherwise)
    if not isinstance(expr, Ref):
        return False
    feature = c.feature(subject, expr.feature)
    if isinstance(feature, Aggregate | Rollup):
        return feature.monotone
    if isinstance(feature, Latest) and expr.field is not None:
        return _not_negative(c.contracts[feature.feed], Column(expr.field, expr.type))
    if isinstance(feature, Attribute):
        contract = next((x for x in c.contracts.values() if x.registry == subject), None)
        return contract is not None and _not_negative(contract, Column(feature.column, feature.type))
    return isinstance(feature, Streak)


def _window(contract: Contract, node: Node | None) -> Window | None:
    """{days: 60}, {months: 3}, {terms: 1}, {periods: 1} (from the latest due one on), or {this: year}."""
    if node is None:
        return None
    fields = node.mapping(optional=(*UNITS, "this"))
    if len(fields) != 1:
        node.fault("a window has exactly one length", remedy="{days: 60}, {months: 3} or {this: year}")
        return None
    (unit, child), *_ = fields.items()
    if unit == "this":
        named = child.choice(tuple(THIS))
        return Window("this", 1, THIS[named]) if named else None  # type: ignore[arg-type]
    n = child.integer()
    if unit == "periods" and (contract.kind == "state" or contract.cadence == "once"):
        told = "a state" if contract.kind == "state" else "what is told once"
        child.fault(f"{contract.code} has no periods: it is a feed of {told}", "", "{days: 60} or {months: 3}")
        return None
    if n is not None and not 1 <= n <= MOST_LONG.get(unit, 0):
        child.fault(f"a window is from 1 to {MOST_LONG.get(unit, 0):,} {unit} long")
        return None
    return Window("last", n, unit) if n and unit in UNITS else None  # type: ignore[arg-type]
