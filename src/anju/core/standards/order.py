"""The graph of features and standards: who needs whom, in an order in which each can be computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from anju.core.contracts.faults import Fault
from anju.core.contracts.model import Contract
from anju.core.standards.catalogue import Catalogue
from anju.core.standards.model import (
    Absent,
    Aggregate,
    And,
    Answer,
    Arith,
    Blank,
    Case,
    Column,
    Compare,
    DateSpan,
    Derived,
    Expr,
    Feature,
    Has,
    IfAbsent,
    In,
    Latest,
    Not,
    Or,
    Param,
    Parameter,
    Policy,
    RatioCompare,
    Ref,
    Rollup,
    Standard,
    Streak,
    Up,
)

Key = tuple[str, str]


def parts_of(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside one."""
    match expr:
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case Compare(_, left, right) | Arith(_, left, right, _):
            return (left, right)
        case In(item, options):
            return (item, *options)
        case Case(branches, otherwise, _):
            return (*(part for branch in branches for part in branch), *((otherwise,) if otherwise else ()))
        case Absent(of) | Blank(of):
            return (of,)
        case IfAbsent(of, otherwise, _):
            return (of, otherwise)
        case RatioCompare(_, over, under, than):
            return (over, under, than)
        case Has(of, code):
            return (of, code)
        case DateSpan(_, start, end):
            return (start, end)
        case Param(_, keys, at, _):
            return (*keys, *((at,) if at else ()))
        case _:
            return ()


def walk_expr(expr: Expr) -> Iterator[Expr]:
    yield expr
    for part in parts_of(expr):
        yield from walk_expr(part)


def refs_of(expr: Expr | None) -> list[Ref]:
    return [part for part in walk_expr(expr) if isinstance(part, Ref)] if expr is not None else []


def columns_of(expr: Expr | None) -> list[Column]:
    return [part for part in walk_expr(expr) if isinstance(part, Column)] if expr is not None else []


def empty_means_no(contract: Contract, expr: Expr | None) -> bool:
    """The expression is a plain column whose empty cell says that there is nothing: it adds nothing, and leaves nothing open."""
    return isinstance(expr, Column) and any(c.name == expr.name and c.empty_means == "no" for c in contract.columns)


def needs_of(feature: Feature, contracts: Mapping[str, Contract], parameters: Mapping[str, Parameter]) -> list[Key]:
    """What must be known before the feature: (subject, name), or ('standard', code)."""
    match feature:
        case Derived():
            return [(feature.subject, ref.feature) for ref in refs_of(feature.value)]
        case Rollup():
            refs = refs_of(feature.of) + refs_of(feature.where)
            return [(feature.over, ref.feature) for ref in refs]
        case Up():
            return [(feature.above, feature.feature)]
        case Answer():
            return [("standard", feature.standard)]
        case Latest() | Aggregate() | Streak():
            source = contracts[feature.feed].unit_from
            return [(feature.subject, source.partition(".")[0])] if source else []
        case _:
            return []


def standard_needs(standard: Standard) -> list[Key]:
    found = []
    for version in standard.versions:
        exprs = [version.applies, version.clears_when, *(breach.when for breach in version.breaches)]
        found += [(standard.subject, ref.feature) for expr in exprs for ref in refs_of(expr)]
        found += [(standard.subject, evidence.ref.feature) for evidence in version.evidence]
    return found


def everything_needed(policy: Policy, codes: Iterable[str]) -> set[Key]:
    """The standards named, and every feature and standard that they need, directly or through others."""
    found: set[Key] = set()
    stack: list[Key] = [("standard", code) for code in codes]
    while stack:
        key = stack.pop()
        if key in found:
            continue
        found.add(key)
        if key[0] == "standard":
            stack += standard_needs(policy.standards[key[1]])
        else:
            stack += needs_of(policy.features[key], policy.contracts, policy.parameters)  # type: ignore[arg-type]
    return found


def fields_read(policy: Policy, needed: Iterable[Key]) -> dict[Key, set[str]]:
    """(subject, row feature) -> the fields of its row that something needed reads."""
    found: dict[Key, set[str]] = {}

    def mark(subject: str, refs: Iterable[Ref]) -> None:
        for ref in refs:
            if ref.field is not None:
                found.setdefault((subject, ref.feature), set()).add(ref.field)

    for key in needed:
        if key[0] == "standard":
            standard = policy.standards[key[1]]
            for version in standard.versions:
                exprs = [version.applies, version.clears_when, *(breach.when for breach in version.breaches)]
                mark(standard.subject, [ref for expr in exprs for ref in refs_of(expr)] + [e.ref for e in version.evidence])
            continue
        match policy.features[key]:
            case Derived(subject=subject, value=value):
                mark(subject, refs_of(value))
            case Rollup(over=over, of=of, where=where):
                mark(over, refs_of(of) + refs_of(where))
            case Up(above=above, feature=feature, field=str() as field):
                found.setdefault((above, feature), set()).add(field)
            case Latest(subject=subject, feed=feed) | Aggregate(subject=subject, feed=feed) | Streak(subject=subject, feed=feed):
                name, _, column = (getattr(policy.contracts[feed], "unit_from", None) or "").partition(".")
                if column:
                    found.setdefault((subject, name), set()).add(column)
    return found


def parameters_read(policy: Policy, code: str) -> list[str]:
    """The names of the parameters that decide a standard, in any of its versions, its features and the standards it needs."""
    exprs: list[Expr | None] = []
    for key in everything_needed(policy, [code]):
        if key[0] == "standard":
            for version in policy.standards[key[1]].versions:
                exprs += [version.applies, version.clears_when, *(breach.when for breach in version.breaches)]
        else:
            exprs += [getattr(policy.features[key], name, None) for name in ("value", "where", "of", "holds")]
    return sorted({part.name for expr in exprs if expr is not None for part in walk_expr(expr) if isinstance(part, Param)})


def order_of(catalogue: Catalogue, standards: Mapping[str, Standard], faults: list[Fault]) -> tuple[Key, ...]:
    """Every feature and ('standard', code) after what it needs; a circle is a fault that shows the way round."""
    done: dict[Key, None] = {}
    path: list[Key] = []

    def visit(key: Key) -> None:
        if key in done:
            return
        if key in path:
            circle = " → ".join(".".join(part) for part in [*path[path.index(key) :], key])
            code = next((name for kind, name in path if kind == "standard"), "")
            file = standards[code].file if code in standards else "features"
            faults.append(Fault(file, 1, 1, "these need one another", circle, "break the circle"))
            return
        path.append(key)
        if key[0] == "standard":
            needs = standard_needs(standards[key[1]]) if key[1] in standards else []
        else:
            feature = catalogue.built.get(key)
            needs = needs_of(feature, catalogue.contracts, catalogue.parameters) if feature else []
        for need in needs:
            visit(need)
        path.pop()
        done[key] = None

    for key in list(catalogue.built):
        visit(key)
    for code in standards:
        visit(("standard", code))
    return tuple(done)


def feeds_behind(policy: Policy, codes: Iterable[str]) -> frozenset[str]:
    """Every feed that must be read to judge these standards: directly, through other features and standards, as the
    feed that a keyed subject is the key of, and as the feed through which another's rows find their household."""
    found: set[str] = set()
    seen: set[Key] = set()
    stack: list[Key] = [("standard", code) for code in codes]
    while stack:
        key = stack.pop()
        if key in seen:
            continue
        seen.add(key)
        if key[0] == "standard":
            stack += standard_needs(policy.standards[key[1]])
            subject = policy.standards[key[1]].subject
            found |= {policy.keyed[subject].feed} if subject in policy.keyed else set()
            continue
        feature = policy.features[key]
        if isinstance(feature, Latest | Aggregate | Streak):
            found.add(feature.feed)
        if isinstance(feature, Rollup) and feature.over in policy.keyed:
            found.add(policy.keyed[feature.over].feed)
        stack += needs_of(feature, policy.contracts, policy.parameters)  # type: ignore[arg-type]
    through = {c.through[0] for code in found if isinstance(c := policy.contracts[code], Contract) and c.through is not None}
    return frozenset(found | through)
