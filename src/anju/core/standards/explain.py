"""Why an answer is what it is: because of what, what would clear it, and what is not known and who owes it.

Made by the interpreter, so that it can never tell another story than the judgement itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from anju.core.contracts.model import Bilingual, Contract
from anju.core.standards.compile.windows import due_periods
from anju.core.standards.meaning.deliveries import Deliveries
from anju.core.standards.meaning.judge import Finding, Judge
from anju.core.standards.meaning.logic import Evaluator, Fact
from anju.core.standards.model import (
    Aggregate,
    And,
    Derived,
    Expr,
    Latest,
    Literal_,
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
from anju.core.standards.wording import GROUP, LANGUAGES, Wording

EVERYBODY = Literal_(True, "bool")
WHY = {
    "set_aside": ("a row of this subject was set aside", "该对象有待更正数据"),
    "nobody": ("it is not known who delivers for this subject", "无法确定报送单位"),
    "period": ("a period that is due was not delivered", "应报期次未报送"),
    "calendar": ("nothing later can be delivered, because the programme's calendar names none after", "校历在此之后未列学期，无法报送："),
    "held": ("it came, and is on hold until its owner says that it is right", "已报送，暂缓采用，待责任单位确认"),
    "unmatched": ("it came, but too few of its rows are about people of the register", "已报送，但能与台账对上的数据过少，未采用"),
    "too_old": ("the last delivery is too old", "最近一次报送已过期"),
    "never": ("it was never delivered", "从未报送"),
    "open": ("a row leaves open what is asked", "记录未填明所需内容"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One condition of the rule and whether it holds. `depth` indents what stands inside 'and', 'or' and 'not'; `text` is
    in the language of the standards, `said` in words."""

    depth: int
    text: str
    said: Bilingual
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that the rule reads, and its value or its state as people write it."""

    name: str
    title: Bilingual
    state: str
    shown: Bilingual


@dataclass(frozen=True, slots=True)
class Limit:
    """A parameter's value that applies to the subject, and where it comes from; `example`: an assumed value."""

    name: str
    title: Bilingual
    shown: Bilingual
    source: str
    example: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery that is missing, and since when: the day of the last one that counts, None if there never was one.
    `why` is a key of WHY; `periods` are the due ones that did not come, oldest first, at most twelve."""

    feed: str
    title: Bilingual
    owner: Bilingual
    unit: str
    last: date | None
    why: str
    periods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherRow:
    """Another sender's row about the same subject and period says something else than the one that counts (`unit` sent that)."""

    feed: str
    title: Bilingual
    unit: str
    other_unit: str
    column: Bilingual
    shown: Bilingual
    other: Bilingual


@dataclass(frozen=True, slots=True)
class Explanation:
    finding: Finding
    rule: tuple[Step, ...]
    facts: tuple[Known, ...]
    limits: tuple[Limit, ...]
    clearing: tuple[Step, ...]
    owed: tuple[Owed, ...] = field(default=())
    others: tuple[OtherRow, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        f = self.finding
        return {
            "standard": f.standard,
            "subject": f.subject,
            "key": f.key,
            "answer": f.answer,
            "breach": f.breach,
            "level": f.level,
            "at_least": f.at_least,
            "clears": f.clears,
            "rule": [_step(step) for step in self.rule],
            "because_of": [
                {"fact": k.name, "title": _both(k.title), "state": k.state, "value": _both(k.shown)} for k in self.facts
            ],
            "limits": [
                {"name": n.name, "title": _both(n.title), "value": _both(n.shown), "source": n.source, "example": n.example} for n in self.limits
            ],
            "would_clear": [_step(step) for step in self.clearing],
            "not_delivered": [
                {"feed": o.feed, "title": _both(o.title), "owner": _both(o.owner), "unit": o.unit, "last": o.last and o.last.isoformat(),
                 "why": o.why, "periods": list(o.periods)}
                for o in self.owed
            ],
            "others_say": [
                {"feed": o.feed, "unit": o.other_unit, "column": _both(o.column), "value": _both(o.other), "counts": o.unit} for o in self.others
            ],
        }  # fmt: skip


def _both(text: Bilingual) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _step(step: Step) -> dict[str, Any]:
    return {"depth": step.depth, "condition": step.text, "said": _both(step.said), "holds": step.holds}


def explain(judge: Judge, code: str, key: Any) -> Explanation:
    """The answer of standard `code` for the subject `key`, step by step. The breach that decided it and, where graver ones cannot
    be judged, those; where nothing is breached, every breach with what holds of it."""
    return _Explainer(judge, code, key).explain()


class _Explainer:
    def __init__(self, judge: Judge, code: str, key: Any) -> None:
        self.judge, self.code, self.key = judge, code, key
        standard = judge.policy.standards[code]
        version = standard.version_on(judge.day)
        assert version is not None
        self.version = version
        self.subject: Subject = standard.subject
        self.evaluator: Evaluator = judge.values.evaluator(self.subject, key)
        self.wording = Wording(judge.policy, self.evaluator.value)
        self.digits = self.wording.programme.minor_digits

    def explain(self) -> Explanation:
        finding = self.judge.finding(self.code, self.key)
        version = self.version
        conditions = [] if version.applies == EVERYBODY else [version.applies]
        if finding.answer != "not applicable":
            conditions += [b.when for b in version.breaches if finding.breach in (None, b.name) or self._in_doubt(finding, b.when)]
        clears = version.clears_when
        asked = list(dict.fromkeys(ref for condition in conditions for ref in self._refs(condition)))
        shown = [*asked, *(e.ref for e in version.evidence)]
        behind = [ref for condition in conditions for ref in refs_of(condition)] + [e.ref for e in version.evidence]
        owed = (o for ref in behind for o in owed_behind(self.judge, self.subject, self.key, ref.feature))
        return Explanation(
            finding=finding,
            rule=tuple(step for condition in conditions for step in self._steps(condition, 0)),
            facts=tuple(self._facts(shown)),
            limits=tuple(dict.fromkeys(self._limits([*conditions, *([clears] if clears is not None else [])]))),
            clearing=tuple(self._steps(clears, 0)) if clears is not None else (),
            owed=tuple(dict.fromkeys(owed)),
            others=tuple(self._others(shown)),
        )

    def _in_doubt(self, finding: Finding, when: Expr) -> bool:
        return finding.at_least and self.evaluator.value(when) is None

    def _said(self, expr: Expr) -> Bilingual:
        return Bilingual(*(self.wording.say(expr, self.subject, lang) for lang in LANGUAGES))

    # --- the rule -------------------------------------------------------------------------------------------------

    def _steps(self, expr: Expr, depth: int) -> Iterator[Step]:
        holds = self.evaluator.value(expr)
        match expr:
            case And(parts) | Or(parts):
                yield self._group("all" if isinstance(expr, And) else "any", holds, depth)
            case Not(And(parts) | Or(parts) as inner):
                yield self._group("none" if isinstance(inner, Or) else "not all", holds, depth)
            case Ref() if (definition := self._definition(expr)) is not None:
                yield Step(depth, render(expr, self.digits), self._said(expr), holds)
                parts = definition.parts if isinstance(definition, And) else (definition,)
            case _:
                yield Step(depth, render(expr, self.digits), self._said(expr), holds)
                return
        for part in parts:
            yield from self._steps(part, depth + 1)

    @staticmethod
    def _group(kind: str, holds: bool | None, depth: int) -> Step:
        return Step(depth, GROUP["en"][kind], Bilingual(GROUP["en"][kind], GROUP["zh"][kind]), holds)

    def _definition(self, ref: Ref) -> Expr | None:
        """What a condition with a name of its own is made of."""
        feature = self.judge.policy.features[self.subject, ref.feature]
        return feature.value if isinstance(feature, Derived) and feature.type == "bool" and ref.field is None else None

    def _refs(self, expr: Expr) -> Iterator[Ref]:
        """The facts that a condition reads, through conditions with a name of their own."""
        for ref in refs_of(expr):
            definition = self._definition(ref)
            if definition is None:
                yield ref
            else:
                yield from self._refs(definition)

    # --- facts and limits -------------------------------------------------------------------------------------------

    def _facts(self, refs: list[Ref]) -> Iterator[Known]:
        seen = set()
        for ref in refs:
            if ref.type == "row" or (ref.feature, ref.field) in seen:
                continue
            seen.add((ref.feature, ref.field))
            fact = self.judge.values.fact(self.subject, self.key, ref.feature, ref.field)
            title = Bilingual(*(self.wording.title(self.subject, ref, lang) for lang in LANGUAGES))
            shown = Bilingual(*(self.wording.fact(self.subject, ref, fact, lang) for lang in LANGUAGES))
            yield Known(render(ref), title, fact.state.name.lower(), shown)

    def _limits(self, exprs: list[Expr]) -> Iterator[Limit]:
        """The parameters read, each with the value for this very subject and day."""
        params = (part for expr in exprs for e in self._whole(expr) for part in walk_expr(e) if isinstance(part, Param))
        for param in params:
            value = self.evaluator.value(param)
            if value is None:
                continue
            parameter = self.judge.policy.parameters[param.name]
            sources = [v for v in parameter.values if v.value == value and v.start <= self.judge.day]
            chosen = max(sources, key=lambda v: v.start)
            shown = Bilingual(*(self.wording.value(value, parameter.type, lang) for lang in LANGUAGES))
            yield Limit(f"${param.name}", Bilingual(parameter.title.en, parameter.title.zh), shown, chosen.source, chosen.example)

    def _whole(self, expr: Expr) -> Iterator[Expr]:
        yield expr
        for ref in refs_of(expr):
            definition = self._definition(ref)
            if definition is not None:
                yield from self._whole(definition)

    # --- other senders ------------------------------------------------------------------------------------------------

    def _others(self, refs: list[Ref]) -> Iterator[OtherRow]:
        """Where two senders speak of one subject and period, and say different things: shown, not decided."""
        seen = set()
        for ref in refs:
            feature = self.judge.policy.features[self.subject, ref.feature]
            if not isinstance(feature, Latest) or ref.field is None or (ref.feature, ref.field) in seen:
                continue
            seen.add((ref.feature, ref.field))
            found = self.judge.values.row(self.subject, self.key, ref.feature)
            if found is None:
                continue
            contract, row = found
            column = next((c for c in contract.columns if c.name == ref.field), None)
            if column is None:
                continue
            for other in self.judge.values.rows_beside(feature, self.key, row):
                if other["unit"] != row["unit"] and other.get(ref.field) != row.get(ref.field):
                    shown, says = (
                        Bilingual(*(self.wording.value(r.get(column.name), ref.type, lang, column) for lang in LANGUAGES)) for r in (row, other)
                    )
                    yield OtherRow(contract.code, contract.title, row["unit"], other["unit"], column.title, shown, says)


def owed_behind(judge: Judge, subject: Subject, key: Any, name: str) -> Iterator[Owed]:
    """The deliveries for want of which a feature of the subject is not known."""
    return _owed(judge, subject, key, name, set())


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
    deliveries = judge.snapshot.deliveries
    came: list[datetime] = [deliveries.usable[c["delivery_id"]]["received_at"] for c in deliveries.covered[contract.code] if c["unit"] == unit]
    lacking = _missing_periods(judge, feature, key, contract, unit)
    calendar = judge.snapshot.calendar
    periods = tuple(calendar.period_text(contract.cadence, period) for period in lacking)
    if judge.values.set_aside(feature, contract, key):
        why = "set_aside"
    elif unit is None:
        why = "nobody"
    elif lacking and not calendar.is_named(contract.cadence, lacking[-1]):
        why, periods = "calendar", (calendar.period_text(contract.cadence, lacking[-1] - 1),)
    elif (waits := _waits(deliveries, contract, unit, lacking)) is not None:
        why, at = waits
        came.append(at)
    elif periods:
        why = "period"
    elif contract.kind == "state" and not judge.snapshot.delivered(contract, None, unit):
        why = "too_old" if came else "never"
    else:
        why = "open"
    wording = Wording(judge.policy)
    owner = Bilingual(*(wording.department(contract.owner, lang) for lang in LANGUAGES))
    return Owed(contract.code, contract.title, owner, unit or "", max(came).date() if came else None, why, periods)


def _waits(deliveries: Deliveries, contract: Contract, unit: str, lacking: tuple[int, ...]) -> tuple[str, datetime] | None:
    """Why what came last of it is not used, and when that was; None where nothing came that could be."""
    if not lacking and (contract.kind != "state" or deliveries.delivered(contract, None, unit)):
        return None
    mine = [c for c in deliveries.waiting[contract.code] if c["unit"] == unit and (not lacking or c["period"] in lacking)]
    last = max((deliveries.all[c["delivery_id"]] for c in mine), key=lambda d: (d["received_at"], d["delivery_id"]), default=None)
    if last is None:
        return None
    held = last["held"] and (last["confirmed_at"] is None or last["confirmed_at"] > deliveries.known_at)
    return ("held" if held else "unmatched"), last["received_at"]


def _missing_periods(judge: Judge, feature: Latest | Aggregate | Streak, key: Any, contract: Contract, unit: str | None) -> tuple[int, ...]:
    """The due periods that the fact needs and the unit has not delivered; of a streak the one at which knowledge ends."""
    calendar = judge.snapshot.calendar
    if isinstance(feature, Streak):
        last = judge.snapshot.latest_due(contract)
        fact = judge.values.fact(feature.subject, key, feature.name)
        ends = None if last is None or fact.bound is None else calendar.back(contract.cadence, last, fact.bound)
        needed = None if ends is None else (ends, ends)
    elif contract.kind == "state" or contract.cadence == "once":
        return ()
    else:
        needed = due_periods(contract, feature.window, judge.day, calendar)
    if needed is None or unit is None:
        return ()
    return tuple(p for p in calendar.between(contract.cadence, *needed) if (contract.code, unit, p) not in judge.snapshot.cover)[:12]
