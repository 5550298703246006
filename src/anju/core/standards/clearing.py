"""Whether a trouble is over by what was seen since something was done about it, and what is still waited for until it is.

`clears_when` (or the standard met) must hold by rows that speak of the time after the measure (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from anju.core.contracts.model import Bilingual, Contract
from anju.core.standards.explain import WHY, Owed, owed_behind
from anju.core.standards.meaning.after import JudgeAfter, RowFeature
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import (
    Aggregate,
    And,
    Answer,
    Derived,
    Expr,
    Latest,
    Not,
    Or,
    Ref,
    Rollup,
    State,
    Streak,
    Subject,
    Title,
    Up,
    Version,
)
from anju.core.standards.order import refs_of
from anju.core.standards.wording import LANGUAGES, Wording

STATES = {True: "true", False: "false", None: "unknown"}
GONE = Bilingual("the standard no longer applies to whom it was about", "该标准对此对象已不再适用")
LEFT = Bilingual("whom it was about is no longer in the programme", "该对象已不在帮扶范围内")
WORDS = {
    "en": {
        "still": "still so: {said}", "not_yet": "not yet: {said}", "now": " (now {facts})", "is": "{title}: {shown}", "and": "; ",
        "old": "{said}: known of the time up to {newest} only, not after {after}", "never": "{said}: nothing is known of it",
        "some": "{title}: {n} so far that lie after {after}", "unknown": "not known: {said}",
        "owed": "{feed}: {why}", "periods": " {periods}", "last": " (last came {last})", "feed": " – {feed}",
        "due": "; next due on {due}", "overdue": "; due since {due}", "list": ", ",
    },
    "zh": {
        "still": "仍存在：{said}", "not_yet": "尚未满足：{said}", "now": "（现为 {facts}）", "is": "{title} {shown}", "and": "；",
        "old": "{said}：现有数据截至 {newest}，未晚于 {after}", "never": "{said}：尚无数据",
        "some": "{title}：{after} 之后已有 {n}", "unknown": "待核实：{said}",
        "owed": "{feed}：{why}", "periods": " {periods}", "last": "（最近报送 {last}）", "feed": "——{feed}",
        "due": "；下一次应于 {due} 报送", "overdue": "；应于 {due} 报送，尚未收到", "list": "，",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is not there yet, as a sentence in both languages. `feed`, `unit` and `owner` say whose delivery would tell, '' where
    it is no delivery's; `newest` the last day of which there is something, `due` when the next delivery is."""

    en: str
    zh: str
    kind: str  # gone | still | not_yet | unknown | too_old
    feed: str = ""
    unit: str = ""
    owner: str = ""
    newest: date | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Clearing:
    """`state` of the condition on `day`: true, false, unknown, or gone where the standard is not about the subject any more. `fresh`:
    it holds by what lies after the measure alone. `answer` is the standard's own. `newest`: the last day of which everything
    that the condition rests on speaks. `waits` is empty where nothing is waited for, and where many were asked for at once."""

    state: str
    fresh: bool
    answer: str | None
    day: date
    newest: date | None = None
    waits: tuple[Wait, ...] = field(default=())

    @property
    def shown(self) -> bool:
        """The gate's question: it holds, by what was seen since."""
        return self.state == "true" and self.fresh

    def as_dict(self) -> dict[str, Any]:
        return {
            "state": self.state, "fresh": self.fresh, "answer": self.answer, "day": self.day.isoformat(),
            "newest": self.newest and self.newest.isoformat(),
            "waits": [
                {"en": w.en, "zh": w.zh, "kind": w.kind, "feed": w.feed, "unit": w.unit, "owner": w.owner,
                 "newest": w.newest and w.newest.isoformat(), "due": w.due and w.due.isoformat()}
                for w in self.waits
            ],
        }  # fmt: skip


def gone(day: date, answer: str | None = None) -> Clearing:
    """Of a subject that the standard is not about any more: `answer` None where it is not judged at all."""
    why = LEFT if answer is None else GONE
    return Clearing("gone", False, answer, day, waits=(Wait(why.en, why.zh, "gone"),))


def clearing_of(judge: Judge, code: str, key: Any, after: date, *, later: JudgeAfter | None = None, told: bool = True) -> Clearing:
    """Of the standard `code` for the subject `key`, whose measure was in place on `after`. `later` may be handed in for many subjects
    with one such day; `told` False leaves out `waits` and `newest`."""
    standard = judge.policy.standards.get(code)
    version = standard.version_on(judge.day) if standard is not None else None
    if standard is None or version is None or not judge.subjects.knows(standard.subject, key):
        return gone(judge.day)
    finding = judge.finding(code, key)
    if finding.answer == "not applicable":
        return gone(judge.day, finding.answer)
    later = later or JudgeAfter(judge, after)
    fresh = finding.clears is True and later.finding(code, key).clears is True
    if not told:
        return Clearing(STATES[finding.clears], fresh, finding.answer, judge.day)
    about = _About(judge, later, standard.subject, key, after)
    waits = () if fresh else tuple(dict.fromkeys(about.waits(version)))
    return Clearing(STATES[finding.clears], fresh, finding.answer, judge.day, about.newest(version), waits)


class _About:
    """What is waited for, for one subject."""

    def __init__(self, judge: Judge, later: JudgeAfter, subject: Subject, key: Any, after: date) -> None:
        self.judge, self.later, self.subject, self.key, self.after = judge, later, subject, key, after
        self.now, self.then = judge.values.evaluator(subject, key), later.values.evaluator(subject, key)
        self.wording = Wording(judge.policy, self.now.value)

    def waits(self, version: Version) -> Iterator[Wait]:
        if version.clears_when is not None:
            yield from self._waits(version.clears_when)
            return
        yield from self._waits(version.applies)
        for breach in version.breaches:
            yield from self._waits(Not(breach.when), breach.title)

    def newest(self, version: Version) -> date | None:
        """The oldest of the last days of which the facts speak that the condition rests on, where it holds."""
        whole = version.clears_when or And((version.applies, *(Not(breach.when) for breach in version.breaches)))
        days = [self.later.values.newest(feature, key) for ref in self._resting(whole) for feature, key in self._rows(ref)]
        return min((day for day in days if day is not None), default=None)

    def _resting(self, expr: Expr) -> Iterator[Ref]:
        """The facts read, of several alternatives only those that hold, where one does."""
        match expr:
            case And(parts):
                for part in parts:
                    yield from self._resting(part)
            case Or(parts):
                holding = [part for part in parts if self.now.value(part) is True]
                for part in holding or parts:
                    yield from self._resting(part)
            case _:
                yield from refs_of(expr)

    # --- one condition ------------------------------------------------------------------------------------------------

    def _waits(self, expr: Expr, breach: Title | None = None) -> Iterator[Wait]:
        if self.then.value(expr) is True:
            return
        if isinstance(expr, And):
            for part in expr.parts:
                yield from self._waits(part)
            return
        holds = self.now.value(expr)
        if isinstance(expr, Or) and holds is True:
            for part in expr.parts:
                if self.now.value(part) is True:
                    yield from self._waits(part)
        elif holds is True:
            yield from self._too_old(expr)
        elif holds is None:
            yield from self._not_known(expr, breach)
        else:
            yield self._not_so(expr, breach)

    def _not_so(self, expr: Expr, breach: Title | None) -> Wait:
        """With the delivery that may show it first."""
        feeds = [found for found in self._feeds(expr) if not found[0].platform]
        dues = [(self._due(contract, unit), contract, unit, newest) for contract, unit, newest in feeds]
        due, contract, unit, newest = min(dues, key=lambda found: found[0] or date.max, default=(None, None, "", None))
        said = {}
        for lang in LANGUAGES:
            words = WORDS[lang]
            if breach is not None:
                said[lang] = words["still"].format(said=breach.zh if lang == "zh" else breach.en)
            else:
                said[lang] = words["not_yet"].format(said=self.wording.say(expr, self.subject, lang)) + self._facts(expr, lang)
            if contract is not None:
                said[lang] += words["feed"].format(feed=self._feed(contract, unit, lang)) + self._next(due, lang)
        named = (contract.code, unit, contract.owner) if contract is not None else ("", "", "")
        return Wait(said["en"], said["zh"], "still" if breach is not None else "not_yet", *named, newest, due)

    def _facts(self, expr: Expr, lang: str) -> str:
        shown = []
        for ref in refs_of(expr):
            if ref.type in ("row", "bool"):
                continue
            fact = self.judge.values.fact(self.subject, self.key, ref.feature, ref.field)
            title, value = self.wording.title(self.subject, ref, lang), self.wording.fact(self.subject, ref, fact, lang)
            shown.append(WORDS[lang]["is"].format(title=title, shown=value))
        return WORDS[lang]["now"].format(facts=WORDS[lang]["and"].join(dict.fromkeys(shown))) if shown else ""

    def _not_known(self, expr: Expr, breach: Title | None) -> Iterator[Wait]:
        owed = list(dict.fromkeys(o for ref in refs_of(expr) for o in owed_behind(self.judge, self.subject, self.key, ref.feature)))
        for one in owed:
            yield self._owed(one)
        if not owed:
            texts = [
                (breach.zh if lang == "zh" else breach.en) if breach is not None else self.wording.say(expr, self.subject, lang)
                for lang in LANGUAGES
            ]
            en, zh = (WORDS[lang]["unknown"].format(said=text) for lang, text in zip(LANGUAGES, texts, strict=True))
            yield Wait(en, zh, "unknown")

    def _owed(self, owed: Owed) -> Wait:
        contract = self.judge.snapshot.contract(owed.feed)
        due = self._due(contract, owed.unit)
        said = {}
        for lang in LANGUAGES:
            words = WORDS[lang]
            said[lang] = words["owed"].format(feed=self._feed(contract, owed.unit, lang), why=WHY[owed.why][1 if lang == "zh" else 0])
            said[lang] += words["periods"].format(periods=", ".join(owed.periods)) if owed.periods else ""
            said[lang] += (words["last"].format(last=owed.last) if owed.last else "") + self._next(due, lang)
        return Wait(said["en"], said["zh"], "unknown", owed.feed, owed.unit, contract.owner, owed.last, due)

    def _too_old(self, expr: Expr) -> Iterator[Wait]:
        """It holds, but not by what lies after: each fact that is lost with what is old."""
        for ref in refs_of(expr):
            for feature, key in self._rows(ref):
                before = self.judge.values.fact(feature.subject, key, feature.name)
                then = self.later.values.fact(feature.subject, key, feature.name)
                if before.state is not then.state or before.bound != then.bound:
                    whole = Ref(ref.feature, None, ref.type)  # of a row once, whichever of its cells are asked for
                    yield self._old(whole, feature, key, then.bound if then.state is State.AT_LEAST else None)

    def _old(self, ref: Ref, feature: RowFeature, key: Any, so_far: Any) -> Wait:
        contract = self.judge.snapshot.contract(feature.feed)
        unit = self.judge.values.unit_of(contract, feature.subject, key) or ""
        newest, due = self.later.values.newest(feature, key), self._due(contract, unit)
        said = {}
        for lang in LANGUAGES:
            words = WORDS[lang]
            if so_far is not None and isinstance(feature, Streak):
                title = feature.title.zh if lang == "zh" else feature.title.en
                said[lang] = words["some"].format(title=title, n=so_far, after=self.after)
            else:
                which = "never" if newest is None else "old"
                said[lang] = words[which].format(said=self.wording.title(self.subject, ref, lang), newest=newest, after=self.after)
            if not contract.platform:
                said[lang] += words["feed"].format(feed=self._feed(contract, unit, lang)) + self._next(due, lang)
        return Wait(said["en"], said["zh"], "too_old", contract.code, unit, contract.owner, newest, due)

    # --- whose deliveries ---------------------------------------------------------------------------------------------

    def _feeds(self, expr: Expr) -> list[tuple[Contract, str, date | None]]:
        """Contract, unit and newest day of each delivery behind the condition."""
        found: dict[tuple[str, str], tuple[Contract, str, date | None]] = {}
        for ref in refs_of(expr):
            for feature, key in self._rows(ref):
                contract = self.judge.snapshot.contract(feature.feed)
                unit = self.judge.values.unit_of(contract, feature.subject, key) or ""
                found.setdefault((contract.code, unit), (contract, unit, self.later.values.newest(feature, key)))
        return list(found.values())

    def _rows(self, ref: Ref) -> Iterator[tuple[RowFeature, Any]]:
        return rows_behind(self.judge, self.subject, self.key, ref.feature, set())

    def _feed(self, contract: Contract, unit: str, lang: str) -> str:
        title = contract.title.zh if lang == "zh" else contract.title.en
        owner = self.wording.department(contract.owner, lang)
        return WORDS[lang]["list"].join(part for part in (f"{contract.code} {title}", owner, unit) if part)

    def _next(self, due: date | None, lang: str) -> str:
        if due is None:
            return ""
        return WORDS[lang]["due" if due >= self.judge.day else "overdue"].format(due=due)

    def _due(self, contract: Contract, unit: str) -> date | None:
        """When the unit's next delivery is due that speaks of the time after the measure; None where nobody can say."""
        if contract.platform or contract.cadence == "once" or not unit:
            return None
        deliveries = self.judge.snapshot.deliveries
        calendar, until = deliveries.calendar, deliveries.spoken_until(contract, unit)
        try:
            period = calendar.ordinal_of(contract.cadence, max(until or date.min, self.after + timedelta(days=1)))
            while not calendar.is_held(contract.cadence, period) or (until is not None and self._told(contract, period, until)):
                period += 1
            return (
                calendar.dated_day(contract.cadence, period, contract.dated) + timedelta(days=contract.freshness.due_days)
                if period >= 0
                else None
            )
        except IndexError:  # a term that the calendar does not have yet
            return None

    def _told(self, contract: Contract, period: int, until: date) -> bool:
        """What has come speaks of the whole period already: of a state, on the day by which it is dated or later."""
        calendar = self.judge.snapshot.calendar
        if contract.kind == "state":
            return calendar.dated_day(contract.cadence, period, contract.dated) <= until
        return calendar.last_day(contract.cadence, period) <= until


def rows_behind(judge: Judge, subject: Subject, key: Any, name: str, seen: set[tuple[Subject, Any, str]]) -> Iterator[tuple[RowFeature, Any]]:
    """The features that read rows, and of whom, behind a feature of the subject: through members, what lies above, and other standards."""
    if (subject, key, name) in seen:
        return
    seen.add((subject, key, name))
    feature = judge.policy.features[subject, name]
    match feature:
        case Latest() | Aggregate() | Streak():
            yield feature, key
        case Derived():
            for ref in refs_of(feature.value):
                yield from rows_behind(judge, subject, key, ref.feature, seen)
        case Up():
            above = judge.subjects.above(subject, key, feature.above)
            if above is not None:
                yield from rows_behind(judge, feature.above, above, feature.feature, seen)
        case Rollup():
            for member in judge.subjects.members(subject, key, feature.over):
                for ref in refs_of(feature.of) + refs_of(feature.where):
                    yield from rows_behind(judge, feature.over, member, ref.feature, seen)
        case Answer():
            version = judge.policy.standards[feature.standard].version_on(judge.day)
            exprs = (version.applies, *(breach.when for breach in version.breaches)) if version is not None else ()
            for ref in [ref for expr in exprs for ref in refs_of(expr)]:
                yield from rows_behind(judge, subject, key, ref.feature, seen)
