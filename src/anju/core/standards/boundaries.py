"""Whether the cases beside a standard would notice if it were a little different.

Every limit is moved by the smallest step either way, every `<` becomes `<=`, every condition, code and breach is left out,
every dated value is forgotten: one at a time, as a slip of the pen would. A case must then get another answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from anju.core.standards.cases import Case, agrees, judge_of
from anju.core.standards.model import (
    Aggregate,
    And,
    Compare,
    Derived,
    Expr,
    Feature,
    IfAbsent,
    In,
    Latest,
    Literal_,
    Or,
    Param,
    Parameter,
    ParameterValue,
    Policy,
    RatioCompare,
    Rollup,
    Standard,
    Streak,
    Version,
)
from anju.core.standards.model import (
    Case as When,
)
from anju.core.standards.order import needs_of, refs_of, standard_needs, walk_expr
from anju.core.standards.render import render

OTHER_OP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
NEVER = Literal_(False, "bool")


@dataclass(frozen=True, slots=True)
class Slip:
    """One small difference: where it is made, what it turns into what, and the policy that has it."""

    where: str
    what: str
    policy: Policy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def unguarded(policy: Policy, code: str, cases: Sequence[Case]) -> list[Slip]:
    """The slips of a standard that none of its cases would notice."""
    mine = [case for case in cases if case.standard == code]
    days = sorted({case.day for case in mine})
    return [slip for slip in slips(policy, code, days) if all(agrees(*_judged(slip.policy, case)) for case in mine)]


def _judged(policy: Policy, case: Case) -> tuple[Any, Case, Any]:
    judge, key = judge_of(policy, case)
    return judge, case, key


def slips(policy: Policy, code: str, days: Sequence[date]) -> Iterator[Slip]:
    """Every slip of the standard: in its own conditions, in the features and the parameters that they read. Of dated values only
    those are asked for that are in force on one of `days`, and of dated versions too. Other standards have their own cases."""
    standard = policy.standards[code]
    for n, version in enumerate(standard.versions):
        if any(standard.version_on(day) is version for day in days) or not days:
            for what, slipped in _of_version(version):
                versions = (*standard.versions[:n], slipped, *standard.versions[n + 1 :])
                yield Slip(f"{code} {what[0]}", what[1], _with_standard(policy, replace(standard, versions=versions)))
    for key in _features(policy, standard):
        feature = policy.features[key]
        for text, other in _of_feature(feature):
            yield Slip(f"feature {key[1]} of {key[0]}", text, replace(policy, features={**policy.features, key: other}))
    for name in sorted(_parameters(policy, standard)):
        parameter = policy.parameters[name]
        for text, changed in _of_parameter(parameter, days):
            yield Slip(f"parameter {name}", text, replace(policy, parameters={**policy.parameters, name: changed}))


def _with_standard(policy: Policy, standard: Standard) -> Policy:
    return replace(policy, standards={**policy.standards, standard.code: standard})


# --- what a standard rests on -------------------------------------------------------------------------------------


def _features(policy: Policy, standard: Standard) -> list[tuple[str, str]]:
    """The features that the standard reads, not through another standard's answer. What the checker made is left out."""
    found = _closure(policy, standard_needs(standard))
    return sorted(key for key in found if not key[1].startswith("recorded:"))


def _closure(policy: Policy, asked: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    stack = list(asked)
    while stack:
        key = stack.pop()
        if key not in found and key[0] != "standard":
            found.add(key)
            stack += needs_of(policy.features[key], policy.contracts, policy.parameters)  # type: ignore[arg-type]
    return found


def feeds_asked(policy: Policy, code: str) -> set[str]:
    """The feeds behind the standard's population and breaches; what only its clearing asks for is left out, and so are the platform's
    own, which nobody owes."""
    standard = policy.standards[code]
    exprs = [expr for version in standard.versions for expr in (version.applies, *(b.when for b in version.breaches))]
    asked = [(standard.subject, ref.feature) for expr in exprs for ref in refs_of(expr)]
    features = (policy.features[key] for key in _closure(policy, asked))
    read = {feature.feed for feature in features if isinstance(feature, Latest | Aggregate | Streak)}
    return {feed for feed in read if not getattr(policy.contracts[feed], "platform", False)}


def _parameters(policy: Policy, standard: Standard) -> set[str]:
    exprs: list[Expr] = []
    for version in standard.versions:
        exprs += [version.applies, *(b.when for b in version.breaches), *([version.clears_when] if version.clears_when else [])]
    for key in _features(policy, standard):
        exprs += [e for name in ("value", "where", "of", "holds") if (e := getattr(policy.features[key], name, None)) is not None]
    return {part.name for expr in exprs for part in walk_expr(expr) if isinstance(part, Param)}


# --- the slips ----------------------------------------------------------------------------------------------------


def _of_version(version: Version) -> Iterator[tuple[tuple[str, str], Version]]:
    for text, expr in _variants(version.applies):
        yield ("applies", text), replace(version, applies=expr)
    for n, breach in enumerate(version.breaches):
        left_out = replace(breach, when=NEVER)
        for text, when in [("the breach is left out", left_out.when), *_variants(breach.when)]:
            breaches = (*version.breaches[:n], replace(breach, when=when), *version.breaches[n + 1 :])
            yield (f"breach {breach.name}", text), replace(version, breaches=breaches)
    if version.clears_when is not None:
        yield ("clears_when", "is left out"), replace(version, clears_when=None)
        for text, expr in _variants(version.clears_when):
            yield ("clears_when", text), replace(version, clears_when=expr)


def _of_feature(feature: Feature) -> Iterator[tuple[str, Feature]]:
    for name in ("value", "where", "of", "holds"):
        expr = getattr(feature, name, None)
        if expr is None or not isinstance(feature, Derived | Latest | Aggregate | Streak | Rollup):
            continue
        changed: list[tuple[str, Any]] = [(f"{name}: {text}", other) for text, other in _variants(expr)]
        if name == "where":
            changed.append(("where is left out", None))
        yield from ((text, replace(feature, **{name: other})) for text, other in changed)
    if isinstance(feature, Latest | Aggregate) and feature.window is not None and feature.window.form == "last":
        window = feature.window
        for n in (window.n - 1, window.n + 1):
            if n:
                yield f"window: {window.n} {window.unit} -> {n}", replace(feature, window=replace(window, n=n))
    if isinstance(feature, Latest) and feature.back:
        for n in (feature.back - 1, feature.back + 1):
            yield f"back: {feature.back} -> {n}", replace(feature, back=n)


def _of_parameter(parameter: Parameter, days: Sequence[date]) -> Iterator[tuple[str, Parameter]]:
    for n, value in enumerate(parameter.values):
        if not any(_in_force(parameter.values, value, day) for day in days):
            continue
        for moved in _moved(value.value, parameter.type):
            values = (*parameter.values[:n], replace(value, value=moved), *parameter.values[n + 1 :])
            yield f"{value.value} (from {value.start}) -> {moved}", replace(parameter, values=values)
        before = [v for v in parameter.values if (v.area, v.keys) == (value.area, value.keys) and v.start < value.start]
        if before:
            values = (*parameter.values[:n], *parameter.values[n + 1 :])
            yield f"the value from {value.start} is forgotten", replace(parameter, values=values)


def _in_force(values: Sequence[ParameterValue], value: ParameterValue, day: date) -> bool:
    same = [v.start for v in values if (v.area, v.keys) == (value.area, value.keys) and v.start <= day]
    return bool(same) and value.start == max(same)


def _moved(value: Any, kind: str) -> list[Any]:
    """One step down and one up: a fen, a day, a hundredth, one."""
    if isinstance(value, bool) or kind == "text":
        return []
    if isinstance(value, date):
        return [value - timedelta(days=1), value + timedelta(days=1)]
    if isinstance(value, Decimal):
        return [value - Decimal("0.01"), value + Decimal("0.01")]
    return [value - 1, value + 1] if isinstance(value, int) else []


def _variants(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """The expression with one slip in it, wherever one can be made."""
    for other in _here(expr):
        yield f"{render(expr)} -> {render(other)}", other
    for field in fields(expr):
        value = getattr(expr, field.name)
        if isinstance(expr, IfAbsent) and field.name == "otherwise":
            continue  # which default it is hardly ever shows: that there is one does, and is a slip of its own
        for text, changed in _inside(value):
            yield text, replace(expr, **{field.name: changed})


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from _variants(value)  # type: ignore[arg-type]
    elif isinstance(value, tuple):
        for n, item in enumerate(value):
            for text, changed in _inside(item):
                yield text, (*value[:n], changed, *value[n + 1 :])


def _here(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Literal_(value, kind):
            for moved in _moved(value, kind):
                yield Literal_(moved, kind)
        case Compare(op, left, right):
            if op in OTHER_OP and not isinstance(left, Literal_ | Param) and not isinstance(right, Literal_ | Param):
                yield replace(expr, op=OTHER_OP[op])  # type: ignore[arg-type]
        case RatioCompare(op):
            if op in OTHER_OP:
                yield replace(expr, op=OTHER_OP[op])  # type: ignore[arg-type]
        case And(parts) | Or(parts):
            for n in range(len(parts)):
                rest = (*parts[:n], *parts[n + 1 :])
                yield rest[0] if len(rest) == 1 else replace(expr, parts=rest)
        case In(item, options):
            for n in range(len(options)):
                rest = (*options[:n], *options[n + 1 :])
                yield Compare("=", item, rest[0]) if len(rest) == 1 else replace(expr, options=rest)
        case IfAbsent(of):
            yield of
        case When(branches):
            for n in range(len(branches)):
                rest_ = (*branches[:n], *branches[n + 1 :])
                if rest_:
                    yield replace(expr, branches=rest_)
        case _:
            return
