"""What a finding says, in words: the promise, because of what, what would clear it, and who handles it by when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anju.apps.findings.actions import evidence_of
from anju.apps.findings.models import Finding, Run
from anju.core.standards.model import Breach, Policy, Standard, Version
from anju.core.terms.money import format_money

WORDS = {
    "en": {
        "promise": "Promise", "because": "Because of", "breach": "Breach", "rule": "Rule", "clears": "Closes when", "owner": "Owner",
        "clocks": "Clocks", "absent": "no row", "blank": "left empty", "undelivered": "not delivered", "at_least": "at least",
        "or_worse": "or worse: a graver condition cannot be judged", "source": "Source", "met": "the standard is met again",
    },
    "zh": {
        "promise": "承诺", "because": "依据", "breach": "问题", "rule": "规则", "clears": "销号条件", "owner": "责任部门",
        "clocks": "时限", "absent": "无记录", "blank": "未填写", "undelivered": "未报送", "at_least": "至少",
        "or_worse": "或更严重：更高等级的条件无法判定", "source": "来源", "met": "重新达到标准",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explanation:
    finding: Finding
    standard: Standard
    version: Version
    breach: Breach
    facts: tuple[tuple[str, str, str, Any, str], ...]  # name, title en, title zh, value, state
    clears_text: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "standard": self.standard.code,
            "title": {"en": self.standard.title.en, "zh": self.standard.title.zh},
            "promise": {"en": self.standard.sentence.en, "zh": self.standard.sentence.zh},
            "breach": self.breach.name,
            "level": self.breach.level,
            "at_least": self.finding.at_least,
            "rule": self.breach.text,
            "because_of": [{"fact": name, "en": en, "zh": zh, "value": value, "state": state} for name, en, zh, value, state in self.facts],
            "closes_when": self.clears_text,
            "owner": self.version.owner,
        }

    def lines(self, lang: str) -> list[str]:
        words = WORDS[lang]
        zh = lang == "zh"
        title = self.standard.title.zh if zh else self.standard.title.en
        lines = [f"{self.standard.code} {title}: {self.finding.level}" + (f" ({words['or_worse']})" if self.finding.at_least else "")]
        lines.append(f"  {words['promise']}: {self.standard.sentence.zh if zh else self.standard.sentence.en}")
        lines.append(f"  {words['breach']}: {self.breach.title.zh if zh else self.breach.title.en}")
        lines.append(f"  {words['rule']}: {self.breach.text}")
        lines.append(f"  {words['because']}:")
        for _name, en, chinese, value, state in self.facts:
            shown = value if state == "value" else f"{words['at_least']} {value}" if state == "at_least" else words[state]
            lines.append(f"    {chinese if zh else en}: {shown}")
        lines.append(f"  {words['clears']}: {self.clears_text or words['met']}")
        clocks = f"{self.breach.verify.n}{self.breach.verify.unit} / {self.breach.handle.n}{self.breach.handle.unit}"
        lines.append(f"  {words['owner']}: {self.version.owner}; {words['clocks']}: {clocks}")
        return lines


def explain_finding(policy: Policy, finding: Finding) -> Explanation:
    """The finding with the rule of its run's day in words. The evidence is what the run recorded."""

    standard = policy.standards[finding.standard]
    day = Run.objects.get(current=True).day
    version = standard.version_on(day)
    assert version is not None
    breach = next(b for b in version.breaches if b.name == finding.breach)
    recorded = evidence_of(finding)
    facts = []
    for item in version.evidence:
        fact = recorded[item.name]
        feature = policy.features[standard.subject, item.ref.feature]
        en, zh = feature.title.en, feature.title.zh
        if item.ref.field is not None:
            column = next((c for c in _columns(policy, feature) if c.name == item.ref.field), None)
            en, zh = (f"{en}, {column.title.en.lower()}", f"{zh}·{column.title.zh}") if column else (en, zh)
        value = fact["v"]
        if item.ref.type == "money" and isinstance(value, int):
            value = format_money(value, policy.programme.minor_digits)  # type: ignore[attr-defined]
        facts.append((item.name, en, zh, value, str(fact["s"])))
    return Explanation(finding, standard, version, breach, tuple(facts), version.clears_text)


def _columns(policy: Policy, feature: Any) -> tuple[Any, ...]:
    contract = policy.contracts.get(getattr(feature, "feed", ""))
    return tuple(getattr(contract, "columns", ()))
