"""The gate: what must be shown before a case closes, as a checklist that says of each thing whether it is there and who can supply it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from anju.core.casework.rules import Closing
from anju.core.contracts.model import Bilingual

Standing = Literal["done", "missing", "waiting", "waived"]
HANDLERS = ("grid_worker", "cadre", "first_secretary", "county_department")


@dataclass(frozen=True, slots=True)
class Requirement:
    """`waiting`: nobody can do anything but wait for data (observation, 观察期). `who`: roles that can supply it."""

    code: str
    standing: Standing
    title: Bilingual
    told: tuple[Bilingual, ...] = ()
    who: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.standing in ("done", "waived")


@dataclass(frozen=True, slots=True)
class Shown:
    """What has been shown of a case. `closing`: how the standard closes (data, visit, gate). `measured_on`: the day of the last measure.

    `clearing`: 'true', 'false', 'unknown', 'gone', or '' where no standard judges the matter. `fresh`: on rows later than the measure."""

    closing: str
    measures: int = 0
    measures_open: int = 0
    measured_on: date | None = None
    files: int = 0
    clearing: str = ""
    fresh: bool = False
    waits: tuple[Bilingual, ...] = ()
    visit: str = ""  # the mode of the latest visit after the measure at which somebody was met
    answer: str = ""  # the household's: solved, partly, not
    asks_household: bool = True  # False where there is no household to ask: a site, a feed, a late case
    signed_by: str = ""
    approved: frozenset[str] = field(default_factory=frozenset)
    excepted: bool = False  # a reviewed exception stands for the condition


def checklist(shown: Shown, rules: Closing) -> tuple[Requirement, ...]:
    """Everything that closing asks for, in the order in which a person would see to it."""
    found = [_measure(shown), _evidence(shown, rules)]
    if shown.closing != "visit" and shown.clearing:
        found.append(_condition(shown))
    if shown.asks_household and shown.closing != "data":
        found.append(_household(shown, rules))
    if rules.signed:
        found.append(_signature(shown))
    found += [_approval(role, shown) for role in rules.approvals]
    return tuple(found)


def ready(found: Iterable[Requirement]) -> bool:
    """Whether nothing is missing but the approvals themselves."""
    return all(one.holds for one in found if not one.code.startswith("approval:"))


def passes(found: Iterable[Requirement]) -> bool:
    return all(one.holds for one in found)


def only_waits(found: Iterable[Requirement]) -> bool:
    """Whether what is missing besides approvals is only what data will say: observation, never overdue."""
    rest = [one for one in found if not one.holds and not one.code.startswith("approval:")]
    return bool(rest) and any(one.standing == "waiting" for one in rest) and all(one.standing == "waiting" for one in rest)


def _measure(shown: Shown) -> Requirement:
    title = Bilingual("A measure is in place", "措施已落实")
    if shown.measures and not shown.measures_open:
        return Requirement("measure", "done", title)
    left = shown.measures_open
    told = (
        Bilingual(f"{left} measure{'s are' if left > 1 else ' is'} not done yet", f"还有 {left} 项措施未完成")
        if left else Bilingual("no measure is recorded", "尚未登记措施")
    )  # fmt: skip
    return Requirement("measure", "missing", title, (told,), HANDLERS)


def _evidence(shown: Shown, rules: Closing) -> Requirement:
    if rules.evidence == "words":
        return Requirement(
            "evidence", "done" if shown.measures else "missing", Bilingual("What was done is told", "措施情况已说明"), (), HANDLERS
        )
    title = Bilingual("A photo or document shows the measure", "措施有照片或文件佐证")
    if shown.files:
        return Requirement("evidence", "done", title)
    return Requirement("evidence", "missing", title, (Bilingual("no file is attached to a measure", "措施未附佐证材料"),), HANDLERS)


def _condition(shown: Shown) -> Requirement:
    title = Bilingual("The data say it is solved, on rows after the measure", "措施之后的数据显示已解决")
    if shown.excepted:
        return Requirement("condition", "waived", title, (Bilingual("a reviewed exception stands for it", "已批准例外"),))
    if shown.clearing == "true" and shown.fresh:
        return Requirement("condition", "done", title)
    if shown.clearing == "gone":
        return Requirement(
            "condition", "missing", title, (Bilingual("the standard no longer applies: end the case so", "标准不再适用：请按“不再适用”办结"),)
        )
    standing: Standing = "waiting" if shown.measures and not shown.measures_open else "missing"
    return Requirement("condition", standing, title, shown.waits)


def _household(shown: Shown, rules: Closing) -> Requirement:
    title = {
        "door": Bilingual("Somebody saw it at the door after the measure", "措施后已入户核实"),
        "any": Bilingual("A visit after the measure, or the family's answer", "措施后已走访或群众已答复"),
        "answer": Bilingual("The family says it is solved, or a visit saw it", "群众答复已解决，或走访已核实"),
    }[rules.visit]
    if shown.answer == "not":
        return Requirement("household", "missing", title, (Bilingual("the family says it is not solved", "群众答复未解决"),), HANDLERS)
    if shown.visit and (rules.visit != "door" or shown.visit == "door"):
        return Requirement("household", "done", title)
    if rules.visit != "door" and shown.answer in ("solved", "partly"):
        return Requirement("household", "done", title)
    told = Bilingual("nobody was there since the measure", "措施后尚未走访")
    if shown.visit:
        told = Bilingual("a phone call is not enough at this level", "该等级须入户，电话走访不足")
    return Requirement("household", "missing", title, (told,), HANDLERS)


def _signature(shown: Shown) -> Requirement:
    title = Bilingual("The street has signed the feedback", "街道已签字")
    return Requirement("signature", "done" if shown.signed_by else "missing", title, (), ("street", "county_bureau"))


APPROVERS = {
    "first_secretary": Bilingual("The community approves", "社区同意销号"),
    "street": Bilingual("The street approves", "街道同意销号"),
    "county_department": Bilingual("The county department approves", "县级部门同意销号"),
    "county_bureau": Bilingual("The migration bureau approves", "生态移民局同意销号"),
    "prefecture_bureau": Bilingual("The prefecture approves", "州局同意销号"),
}


def _approval(role: str, shown: Shown) -> Requirement:
    return Requirement(f"approval:{role}", "done" if role in shown.approved else "missing", APPROVERS[role], (), (role,))
