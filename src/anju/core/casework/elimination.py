"""Whether a family's risk may be declared over: which condition holds, which does not, and which is not known; each with its reason.

What is not known counts as not shown: nobody leaves the list because a delivery is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from anju.core.contracts.model import Bilingual
from anju.core.terms.money import format_money

MET, BREACHED, UNKNOWN, NOT_APPLICABLE = "met", "breached", "unknown", "not_applicable"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a family; None wherever it is not. Money in fen a head and year, each beside the line of its own year.

    `rigid_share` in hundredths of the yearly income; `lights`: guarantee -> (title, answer); `labour`: members able to work;
    `measures_open`: measures of the plan that are neither done nor dropped."""

    income: int | None = None
    line: int | None = None
    income_before: int | None = None
    line_before: int | None = None
    falling: bool | None = None
    rigid_share: int | None = None
    lights: Mapping[str, tuple[Bilingual, str]] | None = None
    labour: int | None = None
    listed_on: date | None = None
    measures_open: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """`holds` is None where it is not known."""

    name: str
    title: Bilingual
    holds: bool | None
    reason: Bilingual


NOT_KNOWN = Bilingual("not known: a delivery is missing or too old", "暂不清楚：缺少数据或数据过期")


def conditions(facts: Facts, *, rigid_share_most: int, stable_from: date | None, day: date) -> tuple[Condition, ...]:
    """Every condition of the national procedure. `stable_from`: the day from which on half a year of monitoring has passed."""
    return (
        _income(facts),
        _stable(facts, stable_from, day),
        _rigid(facts, rigid_share_most),
        *_guarantees(facts),
        _labour(facts),
        _measures(facts),
    )


def may_end(found: tuple[Condition, ...]) -> bool:
    return bool(found) and all(one.holds is True for one in found)


def _income(facts: Facts) -> Condition:
    title = Bilingual("Income above the year's line", "收入高于当年监测线")
    if facts.income is None or facts.line is None:
        return Condition("income", title, None, NOT_KNOWN)
    said = Bilingual(f"{format_money(facts.income)} yuan a head, line {format_money(facts.line)} yuan",
                     f"人均{format_money(facts.income)}元，监测线{format_money(facts.line)}元")  # fmt: skip
    return Condition("income", title, facts.income >= facts.line, said)


def _stable(facts: Facts, stable_from: date | None, day: date) -> Condition:
    title = Bilingual("Income stable for at least half a year", "收入持续稳定半年以上")
    if stable_from is not None and day < stable_from:
        return Condition("stable", title, False, Bilingual(f"monitored for less than half a year, until {stable_from}",
                                                           f"纳入监测未满半年（{stable_from}满）"))  # fmt: skip
    if facts.income_before is None or facts.line_before is None or facts.falling is None:
        return Condition("stable", title, None, NOT_KNOWN)
    said = Bilingual(f"half a year before {format_money(facts.income_before)} yuan a head, line {format_money(facts.line_before)} yuan",
                     f"半年前人均{format_money(facts.income_before)}元，监测线{format_money(facts.line_before)}元")  # fmt: skip
    if facts.falling:
        said = Bilingual(f"{said.en}; it is falling steeply", f"{said.zh}；正在大幅下降")
    return Condition("stable", title, facts.income_before >= facts.line_before and not facts.falling, said)


def _rigid(facts: Facts, most: int) -> Condition:
    title = Bilingual("Large necessary expense solved", "大额刚性支出已解决")
    if facts.rigid_share is None:
        return Condition("rigid", title, None, NOT_KNOWN)
    said = Bilingual(f"{facts.rigid_share} % of the yearly income; below {most} % is asked", f"占家庭年收入{facts.rigid_share}%，应低于{most}%")
    return Condition("rigid", title, facts.rigid_share < most, said)


def _guarantees(facts: Facts) -> list[Condition]:
    if facts.lights is None:
        title = Bilingual("Three guarantees and safe water", "“三保障”和饮水安全")
        return [Condition("guarantees", title, None, NOT_KNOWN)]
    holds = {MET: True, NOT_APPLICABLE: True, BREACHED: False}
    words = {
        MET: Bilingual("in place", "已落实"), BREACHED: Bilingual("not in place", "未落实"),
        NOT_APPLICABLE: Bilingual("does not apply", "不适用"),
    }  # fmt: skip
    return [Condition(f"light:{name}", title, holds.get(answer), words.get(answer, NOT_KNOWN)) for name, (title, answer) in facts.lights.items()]


def _labour(facts: Facts) -> Condition:
    """A household without labour stays monitored, even after a benefit was granted."""
    title = Bilingual("Somebody able to work", "家庭有劳动力")
    if facts.labour is None:
        return Condition("labour", title, None, NOT_KNOWN)
    if facts.labour == 0:
        return Condition("labour", title, False, Bilingual("without labour it stays monitored", "无劳动能力的家庭应持续监测"))
    return Condition("labour", title, True, Bilingual("yes", "有"))


def _measures(facts: Facts) -> Condition:
    title = Bilingual("Measures of the plan carried out", "帮扶措施已落实")
    if facts.measures_open:
        return Condition("measures", title, False, Bilingual(f"{facts.measures_open} still open", f"还有{facts.measures_open}项未完成"))
    return Condition("measures", title, True, Bilingual("all done, or dropped with a reason", "均已完成或说明理由后撤销"))
