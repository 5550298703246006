"""An explanation as lines to read, in English or in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from anju.core.contracts.model import Bilingual
from anju.core.standards.explain import WHY, Explanation, Step
from anju.core.standards.model import Policy, Title
from anju.core.standards.wording import ANSWER, LEVEL, TRUTH, Wording
from anju.core.terms.durations import Duration

WORDS = {
    "en": {
        "promise": "Promise", "judged": "Judged for {day}, as known on {known}, by the rules from {start}", "breach": "What is missing",
        "rule": "The rule, step by step", "facts": "Because of", "limits": "Limits", "example": "assumed value",
        "owed": "Not known, and whose delivery is missing",
        "last": "last came {}", "never": "never came", "clears": "Closes when", "met": "the standard is met again",
        "owner": "Owner", "clocks": "; verify within {}, handle within {}", "then": ", then {} more", "in": " ({})",
        "or_worse": "at least: something graver cannot be judged", "others": "Another sender says otherwise",
        "other": "{title}, {column}: {unit} says {shown}, which counts as the latest; {other_unit} says {other}",
    },
    "zh": {
        "promise": "承诺", "judged": "判定日 {day}，依据截至 {known} 的数据，适用 {start} 起的规则", "breach": "问题",
        "rule": "规则逐条", "facts": "依据", "limits": "限值", "example": "假定值", "owed": "不详事项及未报送单位",
        "last": "最近报送 {}", "never": "从未报送", "clears": "办结条件", "met": "重新达到标准",
        "owner": "责任部门", "clocks": "；核查时限 {}，处置时限 {}", "then": "，其后 {}", "in": "（{}）",
        "or_worse": "至少为此等级：更高等级的条件无法判定",
        "others": "另有单位报送不一致", "other": "{title}·{column}：{unit} 报 {shown}（以最新为准），{other_unit} 报 {other}",
    },
}  # fmt: skip
SPAN = {"en": {"h": "{} h", "d": "{} days", "wd": "{} working days"}, "zh": {"h": "{}小时", "d": "{}天", "wd": "{}个工作日"}}
COLON = {"en": ": ", "zh": "："}


def tell(explanation: Explanation, policy: Policy, day: date, known_at: datetime, lang: str) -> list[str]:
    return list(_Teller(explanation, policy, day, known_at, lang).lines())


def titles(explanation: Explanation, policy: Policy, day: date, known_at: datetime) -> dict[str, object]:
    """What an explanation's own fields leave out, for programs: names of the standard and the breach, clocks, both times."""
    standard = policy.standards[explanation.finding.standard]
    version = standard.version_on(day)
    assert version is not None
    breach = next((b for b in version.breaches if b.name == explanation.finding.breach), None)
    owner = policy_owner(policy, version.owner)
    return {
        "day": day.isoformat(),
        "known_at": known_at.isoformat(),
        "policy": policy.digest,
        "rules_from": version.start.isoformat(),
        "title": {"en": standard.title.en, "zh": standard.title.zh},
        "promise": {"en": standard.sentence.en, "zh": standard.sentence.zh},
        "breach_title": {"en": breach.title.en, "zh": breach.title.zh} if breach else None,
        "owner": {"code": version.owner, "en": owner.en, "zh": owner.zh},
        "verify": _short(breach.verify) if breach else None,
        "handle": _short(breach.handle) if breach else None,
        "closes_when": version.clears_text,
    }


def policy_owner(policy: Policy, code: str) -> Bilingual:
    wording = Wording(policy)
    return Bilingual(wording.department(code, "en"), wording.department(code, "zh"))


def _short(duration: Duration) -> str:
    return f"{duration.n}{duration.unit}"


class _Teller:
    def __init__(self, explanation: Explanation, policy: Policy, day: date, known_at: datetime, lang: str) -> None:
        self.e, self.policy, self.day, self.known_at, self.lang = explanation, policy, day, known_at, lang
        self.words = WORDS[lang]
        self.colon = COLON[lang]
        self.standard = policy.standards[explanation.finding.standard]

    def of(self, text: Bilingual | Title) -> str:
        return text.zh if self.lang == "zh" else text.en

    def lines(self) -> Iterator[str]:
        found = self.e.finding
        version = self.standard.version_on(self.day)
        assert version is not None
        breach = next((b for b in version.breaches if b.name == found.breach), None)
        level = self.words["in"].format(LEVEL[self.lang][found.level]) if found.level else ""
        yield f"{found.standard} {self.of(self.standard.title)}{self.colon}{ANSWER[self.lang][found.answer]}{level}"
        if found.at_least:
            yield f"  {self.words['or_worse']}"
        yield f"  {self.words['promise']}{self.colon}{self.of(self.standard.sentence)}"
        yield "  " + self.words["judged"].format(day=self.day, known=f"{self.known_at:%Y-%m-%d %H:%M}", start=version.start)
        if breach is not None:
            yield f"  {self.words['breach']}{self.colon}{self.of(breach.title)}"
        yield from self._steps("rule", self.e.rule)
        yield from self._facts()
        yield from self._limits()
        yield from self._others()
        yield from self._owed()
        if version.clears_when is None:
            yield f"  {self.words['clears']}{self.colon}{self.words['met']}"
        yield from self._steps("clears", self.e.clearing)
        owner = self.of(policy_owner(self.policy, version.owner))
        clocks = ""
        if breach is not None:
            clocks = self.words["clocks"].format(self._span(breach.verify), self._span(breach.handle))
            clocks += self.words["then"].format(self._span(breach.then)) if breach.then else ""
        yield f"  {self.words['owner']}{self.colon}{owner}{clocks}"

    def _span(self, duration: Duration) -> str:
        return SPAN[self.lang][duration.unit].format(duration.n)

    def _steps(self, what: str, steps: tuple[Step, ...]) -> Iterator[str]:
        if steps:
            yield f"  {self.words[what]}{self.colon}".rstrip()
        for step in steps:
            yield f"    {'  ' * step.depth}[{TRUTH[self.lang][step.holds]}] {self.of(step.said)}"

    def _facts(self) -> Iterator[str]:
        yield f"  {self.words['facts']}{self.colon}".rstrip()
        for fact in self.e.facts:
            yield f"    {self.of(fact.title)}{self.colon}{self.of(fact.shown)}"

    def _limits(self) -> Iterator[str]:
        if self.e.limits:
            yield f"  {self.words['limits']}{self.colon}".rstrip()
        for limit in self.e.limits:
            source = self.words["in"].format(limit.source + (f"; {self.words['example']}" if limit.example else ""))
            yield f"    {self.of(limit.title)}{self.colon}{self.of(limit.shown)}{source}"

    def _others(self) -> Iterator[str]:
        if self.e.others:
            yield f"  {self.words['others']}{self.colon}".rstrip()
        for o in self.e.others:
            values = {"title": self.of(o.title), "column": self.of(o.column), "shown": self.of(o.shown), "other": self.of(o.other)}
            yield "    " + self.words["other"].format(unit=o.unit, other_unit=o.other_unit, **values)

    def _owed(self) -> Iterator[str]:
        if self.e.owed:
            yield f"  {self.words['owed']}{self.colon}".rstrip()
        for owed in self.e.owed:
            last = self.words["last"].format(owed.last) if owed.last else self.words["never"]
            why = WHY[owed.why][1 if self.lang == "zh" else 0]
            who = " ".join(part for part in (owed.feed, self.of(owed.title), owed.unit, self.of(owed.owner)) if part)
            periods = f" {', '.join(owed.periods)}" if owed.periods else ""
            yield f"    {who}{self.colon}{why}{periods}{self.words['in'].format(last)}"
