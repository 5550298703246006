"""Why an answer is what it is: because of what, what would clear it, and what is not known and who owes it.

Made by the interpreter, so that it can never tell another story than the judgement itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from anju.core.contracts.model import Contract, Programme
from anju.core.standards.meaning.judge import Finding, Judge
from anju.core.standards.meaning.logic import Evaluator, Fact
from anju.core.standards.model import (
    Aggregate,
    And,
    Derived,
    Expr,
    Feature,
    Latest,
    Not,
    Or,
    Param,
    Ref,
    Rollup,
    State,
    Streak,
    Subject,
    Up,
)
from anju.core.standards.order import refs_of, walk_expr
from anju.core.standards.render import render
from anju.core.terms.money import format_money

TRUTH = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True, slots=True)
class Step:
    """One condition of the rule and whether it holds. `depth` indents what stands inside 'and', 'or' and 'not'."""

    depth: int
    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that the rule reads. `shown` is the value as people write it."""

    name: str
    en: str
    zh: str
    state: str
    shown: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that is missing, and since when: the day of the last one that counts, None if there never was one."""

    feed: str
    en: str
    zh: str
    owner: str
    unit: str
    last: date | None
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    finding: Finding
    rule: tuple[Step, ...]
    facts: tuple[Known, ...]
    parameters: tuple[tuple[str, str, str, bool], ...]  # name, value, source, whether an example
    clearing: tuple[Step, ...]
    owed: tuple[Owed, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        f = self.finding
        return {
            "standard": f.standard,
            "subject": f.subject,
            "answer": f.answer,
            "breach": f.breach,
            "level": f.level,
            "at_least": f.at_least,
            "clears": f.clears,
            "rule": [{"depth": s.depth, "condition": s.text, "holds": s.holds} for s in self.rule],
            "because_of": [{"fact": k.name, "en": k.en, "zh": k.zh, "state": k.state, "value": k.shown} for k in self.facts],
            "parameters": [{"name": n, "value": v, "source": s, "example": e} for n, v, s, e in self.parameters],
            "would_clear": [{"depth": s.depth, "condition": s.text, "holds": s.holds} for s in self.clearing],
            "not_delivered": [
                {"feed": o.feed, "en": o.en, "zh": o.zh, "owner": o.owner, "unit": o.unit, "last": o.last and o.last.isoformat(), "why": o.why}
                for o in self.owed
            ],
        }


def explain(judge: Judge, code: str, key: Any) -> Explanation:
    """The answer of standard `code` for the subject `key`, step by step. The breach that decided it; where nothing is
    breached, every breach with what holds of it."""
    finding = judge.finding(code, key)
    standard = judge.policy.standards[code]
    version = standard.version_on(judge.day)
    assert version is not None
    evaluator = judge.values.evaluator(standard.subject, key)
    digits = _minor_digits(judge)
    decisive = [b.when for b in version.breaches if finding.breach in (None, b.name)]
    conditions = [version.applies] if finding.answer in ("not applicable",) else [version.applies, *decisive]
    rule = tuple(step for condition in conditions for step in _steps(condition, evaluator, 0, digits))
    refs = [ref for condition in conditions for ref in refs_of(condition)] + [e.ref for e in version.evidence]
    clears = version.clears_when
    whole = [*conditions, *([clears] if clears is not None else [])]
    return Explanation(
        finding=finding,
        rule=rule,
        facts=tuple(_facts(judge, standard.subject, key, refs)),
        parameters=tuple(dict.fromkeys(p for condition in whole for p in _parameters(judge, condition))),
        clearing=tuple(_steps(clears, evaluator, 0, digits)) if clears is not None else (),
        owed=tuple(dict.fromkeys(o for ref in refs for o in _owed(judge, standard.subject, key, ref.feature, set()))),
    )


def _minor_digits(judge: Judge) -> int:
    assert isinstance(judge.policy.programme, Programme)
    return judge.policy.programme.minor_digits


def _steps(expr: Expr, evaluator: Evaluator, depth: int, digits: int) -> Iterator[Step]:
    holds = evaluator.value(expr)
    if isinstance(expr, And | Or):
        yield Step(depth, "all of" if isinstance(expr, And) else "any of", holds)
        for part in expr.parts:
            yield from _steps(part, evaluator, depth + 1, digits)
    elif isinstance(expr, Not) and isinstance(expr.part, And | Or):
        yield Step(depth, "none of" if isinstance(expr.part, Or) else "not all of", holds)
        for part in expr.part.parts:
            yield from _steps(part, evaluator, depth + 1, digits)
    else:
        yield Step(depth, render(expr, digits), holds)


def _facts(judge: Judge, subject: Subject, key: Any, refs: list[Ref]) -> Iterator[Known]:
    seen = set()
    for ref in refs:
        if ref.type == "row" or (ref.feature, ref.field) in seen:
            continue
        seen.add((ref.feature, ref.field))
        fact = judge.values.fact(subject, key, ref.feature, ref.field)
        feature = judge.policy.features[subject, ref.feature]
        en, zh = _titled(judge, feature, ref.field)
        yield Known(render(ref), en, zh, fact.state.name.lower(), shown(fact, ref.type, _minor_digits(judge)))


def _titled(judge: Judge, feature: Feature, column: str | None) -> tuple[str, str]:
    contract = judge.policy.contracts.get(getattr(feature, "feed", ""))
    named = next((c for c in contract.columns if c.name == column), None) if isinstance(contract, Contract) else None
    if named is None:
        return feature.title.en, feature.title.zh
    return f"{feature.title.en}: {named.title.en.lower()}", f"{feature.title.zh}·{named.title.zh}"


def shown(fact: Fact, kind: str, minor_digits: int = 2) -> str:
    """The value as people write it; '' where there is none."""
    value = fact.bound if fact.state is State.AT_LEAST else fact.value
    if value is None:
        return ""
    if kind == "money":
        return format_money(int(value), minor_digits)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)


def _parameters(judge: Judge, expr: Expr) -> Iterator[tuple[str, str, str, bool]]:
    """The values that could apply on the day, each with its source."""
    for part in walk_expr(expr):
        if isinstance(part, Param):
            parameter = judge.policy.parameters[part.name]
            for value in parameter.values:
                later = [v.start for v in parameter.values if (v.area, v.keys) == (value.area, value.keys) and v.start > value.start]
                if value.start <= judge.day < min(later, default=date.max):
                    text = shown(Fact(State.VALUE, value.value), parameter.type, _minor_digits(judge))
                    keyed = f" ({', '.join(map(str, value.keys))})" if value.keys else ""
                    yield f"${part.name}{keyed}", text, value.source, value.example


def _owed(judge: Judge, subject: Subject, key: Any, name: str, seen: set[tuple[Subject, Any, str]]) -> Iterator[Owed]:
    """The deliveries behind a fact that is not known, through whatever it is derived from."""
    if (subject, key, name) in seen:
        return
    seen.add((subject, key, name))
    feature = judge.policy.features[subject, name]
    values = judge.values
    if isinstance(feature, Latest | Aggregate | Streak):
        fact = values.fact(subject, key, name)
        if isinstance(fact, Fact) and fact.state in (State.UNDELIVERED, State.AT_LEAST):
            contract = judge.snapshot.contract(feature.feed)
            if contract.unit_from is not None and values.unit_of(contract, subject, key) is None:
                # nobody can be asked before that other feature says who delivers
                yield from _owed(judge, subject, key, contract.unit_from.partition(".")[0], seen)
            else:
                yield _missing(judge, feature, key)
        return
    if isinstance(feature, Derived):
        for ref in refs_of(feature.value):
            yield from _owed(judge, subject, key, ref.feature, seen)
    elif isinstance(feature, Up):
        above = judge.subjects.above(subject, key, feature.above)
        if above is not None:
            yield from _owed(judge, feature.above, above, feature.feature, seen)
    elif isinstance(feature, Rollup) and values.fact(subject, key, name).state is not State.VALUE:
        for member in judge.subjects.members(subject, key, feature.over):
            for ref in refs_of(feature.of) + refs_of(feature.where):
                yield from _owed(judge, feature.over, member, ref.feature, seen)


def _missing(judge: Judge, feature: Latest | Aggregate | Streak, key: Any) -> Owed:
    contract = judge.snapshot.contract(feature.feed)
    unit = judge.values.unit_of(contract, feature.subject, key)
    came: list[datetime] = [
        judge.snapshot.usable[c["delivery_id"]]["received_at"]
        for c in judge.snapshot.world.coverage
        if c["feed"] == contract.code and c["unit"] == unit and c["delivery_id"] in judge.snapshot.usable
    ]
    if judge.values.set_aside(feature, contract, key):
        why = "a row of this subject was set aside"
    elif unit is None:
        why = "it is not known who delivers for this subject"
    elif contract.kind != "state" and not judge.snapshot.delivered(contract, getattr(feature, "window", None), unit):
        why = "a period that is due was not delivered"
    elif contract.kind == "state" and not judge.snapshot.delivered(contract, None, unit):
        why = "the last delivery is too old" if came else "it was never delivered"
    else:
        why = "a row leaves open what is asked"
    last = max(came).date() if came else None
    return Owed(contract.code, contract.title.en, contract.title.zh, contract.owner, unit or "", last, why)
