"""Facts and conditions in people's words, in English and in Chinese: titles instead of names, labels instead of codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from anju.core.contracts.model import Contract, FeedColumn, Programme
from anju.core.contracts.programme import calendar_of
from anju.core.standards.meaning.logic import Fact
from anju.core.standards.model import (
    Absent,
    Aggregate,
    And,
    Arith,
    Attribute,
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
    Literal_,
    Not,
    Or,
    Param,
    Policy,
    RatioCompare,
    Ref,
    State,
    Subject,
    Today,
    Up,
)
from anju.core.standards.render import render
from anju.core.terms.levels import LEVELS
from anju.core.terms.money import format_money

LANGUAGES = ("en", "zh")
SIGNS = {"=": "=", "<>": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
PERIODIC = ("month", "week", "quarter", "term", "school_year")

TRUTH = {"en": {True: "yes", False: "no", None: "not known"}, "zh": {True: "是", False: "否", None: "不详"}}
LEVEL = {
    "en": {level: level for level in LEVELS},
    "zh": {"none": "无", "blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"},
}
ANSWER = {
    "en": {"met": "met", "breached": "breached", "unknown": "unknown", "not applicable": "not applicable"},
    "zh": {"met": "已落实", "breached": "未落实", "unknown": "待核实", "not applicable": "不适用"},
}
STATE = {
    "en": {State.ABSENT: "no row", State.BLANK: "left empty", State.UNDELIVERED: "not known", State.AT_LEAST: "at least {}"},
    "zh": {State.ABSENT: "无记录", State.BLANK: "未填写", State.UNDELIVERED: "不详", State.AT_LEAST: "至少 {}"},
}
GROUP = {
    "en": {"all": "all of", "any": "any of", "none": "none of", "not all": "not all of"},
    "zh": {"all": "同时满足", "any": "任一满足", "none": "均不满足", "not all": "未同时满足"},
}
PHRASE = {
    "en": {"and": " and ", "or": " or ", "not": "not: {}", "in": "{} is one of {}", "list": ", ", "absent": "no row: {}",
           "present": "some row: {}", "blank": "left empty: {}",
           "if_absent": "{} ({} if there is none)", "has": "{} includes {}", "today": "today", "limit": "{} ({})",
           "days": "days since: {}", "working_days": "working days since: {}", "months": "months since: {}", "years": "years since: {}",
           "span": "{} to {}, in {}", "of": "{}: {}", "valid": "as of"},
    "zh": {"and": " 且 ", "or": " 或 ", "not": "非：{}", "in": "{} 为 {} 之一", "list": "、", "absent": "无记录：{}",
           "present": "有记录：{}", "blank": "未填写：{}",
           "if_absent": "{}（无记录时按 {}）", "has": "{} 含 {}", "today": "当日", "limit": "{}（{}）",
           "days": "距今天数：{}", "working_days": "距今工作日：{}", "months": "距今月数：{}", "years": "距今周年数：{}",
           "span": "{} 至 {}（{}）", "of": "{}·{}", "valid": "截至"},
}  # fmt: skip
CURRENCY = {"en": {"CNY": "yuan"}, "zh": {"CNY": "元"}}
UNITS = {"en": {"days": "days", "working_days": "working days", "months": "months", "years": "years"},
         "zh": {"days": "天", "working_days": "工作日", "months": "月", "years": "年"}}  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """Says expressions, facts and names of one policy. `limit` answers the value of a parameter that now applies, or None."""

    policy: Policy
    limit: Callable[[Param], Any] = lambda _param: None

    # --- names --------------------------------------------------------------------------------------------------

    @property
    def programme(self) -> Programme:
        assert isinstance(self.policy.programme, Programme)
        return self.policy.programme

    def department(self, code: str, lang: str) -> str:
        named = self.programme.departments.get(code)
        return code if named is None else named.zh if lang == "zh" else named.en

    def title(self, subject: Subject, ref: Ref, lang: str) -> str:
        feature = self.policy.features[subject, ref.feature]
        own = feature.title.zh if lang == "zh" else feature.title.en
        column = self._field(feature, ref.field)
        if column is None:
            return PHRASE[lang]["of"].format(own, PHRASE[lang]["valid"]) if ref.field == "valid" else own
        return PHRASE[lang]["of"].format(own, column.title.zh if lang == "zh" else column.title.en.lower())

    def _field(self, feature: Feature, name: str | None) -> FeedColumn | None:
        if isinstance(feature, Up) and name is None:
            name = feature.field
            feature = self.policy.features[feature.above, feature.feature]
        if name is None or not isinstance(feature, Latest):
            return None
        return self._column_in(self.policy.contracts[feature.feed], name)

    @staticmethod
    def _column_in(contract: object, name: str) -> FeedColumn | None:
        return next((c for c in contract.columns if c.name == name), None) if isinstance(contract, Contract) else None

    def column(self, subject: Subject, ref: Ref) -> FeedColumn | None:
        """The column whose cells the fact is, for its codes and its type; None where it is computed."""
        feature: Feature = self.policy.features[subject, ref.feature]
        field = ref.field
        while True:
            match feature:
                case Up():
                    field = feature.field if feature.field is not None else field
                    feature = self.policy.features[feature.above, feature.feature]
                case Derived(value=Ref() as inner):
                    field = inner.field if inner.field is not None else field
                    feature = self.policy.features[feature.subject, inner.feature]
                case Attribute():
                    registers = (c for c in self.policy.contracts.values() if isinstance(c, Contract) and c.registry == feature.subject)
                    return next((found for c in registers if (found := self._column_in(c, feature.column)) is not None), None)
                case Latest():
                    return self._column_in(self.policy.contracts[feature.feed], field or "")
                case Aggregate(of=Column(name=name)):
                    return self._column_in(self.policy.contracts[feature.feed], name)
                case _:
                    return None

    # --- values -------------------------------------------------------------------------------------------------

    def fact(self, subject: Subject, ref: Ref, fact: Fact, lang: str) -> str:
        """A fact as people write it: its value, or its state where it has none."""
        if fact.state is State.VALUE:
            return self.value(fact.value, ref.type, lang, self.column(subject, ref))
        bound = self.value(fact.bound, ref.type, lang) if fact.state is State.AT_LEAST else ""
        return STATE[lang][fact.state].format(bound)

    def value(self, value: Any, kind: str, lang: str, column: FeedColumn | None = None) -> str:
        if value is None:
            return TRUTH[lang][None]
        if isinstance(value, bool):
            return TRUTH[lang][value]
        if kind == "money":
            currency = CURRENCY[lang].get(self.programme.currency, self.programme.currency)
            return f"{format_money(int(value), self.programme.minor_digits)} {currency}"
        if kind == "level":
            return LEVEL[lang][LEVELS[value] if isinstance(value, int) else value]
        if isinstance(value, list | tuple):
            return PHRASE[lang]["list"].join(self.label(str(item), column, lang) for item in value)
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, int) and column is not None and column.type in PERIODIC:
            return calendar_of(self.programme).period_text(column.type, value)
        return self.label(str(value), column, lang)

    @staticmethod
    def label(code: str, column: FeedColumn | None, lang: str) -> str:
        """A code's name: in Chinese as offices write it, where the contract says so."""
        if column is None or code not in column.codes:
            return code
        if lang == "zh":
            return next((text for text, meant in column.code_aliases.items() if meant == code), code)
        return code.replace("_", " ")

    # --- conditions -----------------------------------------------------------------------------------------------

    def say(self, expr: Expr, subject: Subject, lang: str, beside: Expr | None = None) -> str:
        """The condition in words. `beside` is what a value is compared with, for its labels."""
        words = PHRASE[lang]

        def inner(part: Expr, other: Expr | None = None) -> str:
            text = self.say(part, subject, lang, other)
            return f"({text})" if isinstance(part, And | Or | Arith) else text

        match expr:
            case Ref():
                return self.title(subject, expr, lang)
            case Literal_(value, kind):
                column = self.column(subject, beside) if isinstance(beside, Ref) else None
                named = "level" if getattr(beside, "type", None) == "level" else kind
                return self.value(value, named, lang, column)
            case Param():
                limit = self.limit(expr)
                parameter = self.policy.parameters[expr.name]
                title = parameter.title.zh if lang == "zh" else parameter.title.en
                return title if limit is None else words["limit"].format(self.value(limit, expr.type, lang), title)
            case Today():
                return words["today"]
            case And(parts):
                return words["and"].join(inner(part) for part in parts)
            case Or(parts):
                return words["or"].join(inner(part) for part in parts)
            case Not(Absent(of)):
                return words["present"].format(inner(of))
            case Not(part):
                return words["not"].format(inner(part))
            case Compare(op, left, right):
                return f"{inner(left, right)} {SIGNS[op]} {inner(right, left)}"
            case Arith(op, left, right, _):
                return f"{inner(left, right)} {'×' if op == '*' else op} {inner(right, left)}"
            case In(item, options):
                return words["in"].format(inner(item), words["list"].join(inner(option, item) for option in options))
            case Absent(of):
                return words["absent"].format(inner(of))
            case Blank(of):
                return words["blank"].format(inner(of))
            case IfAbsent(of, otherwise, _):
                return words["if_absent"].format(inner(of), inner(otherwise, of))
            case RatioCompare(op, over, under, than):
                return f"{inner(over)} ÷ {inner(under)} {SIGNS[op]} {inner(than)}"
            case Has(of, code):
                return words["has"].format(inner(of), inner(code, of))
            case DateSpan(unit, start, end):
                if isinstance(end, Today):
                    return words[unit].format(inner(start))
                return words["span"].format(inner(start), inner(end), UNITS[lang][unit])
            case Case():
                return render(expr, self.programme.minor_digits)
        return render(expr, self.programme.minor_digits)
