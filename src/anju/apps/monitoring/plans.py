"""The support plan of one family (一户一策): its measures, who carries them out, what they cost, and looking at it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from anju.apps.monitoring.models import Listing, Measure, Plan
from anju.apps.monitoring.rules import rules
from anju.apps.monitoring.states import KINDS
from anju.apps.monitoring.steps import Refused, found, words_needed, write
from anju.core.casework.listing import LISTED, OPEN, PROPOSE
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

MOST_COST = 10**11  # fen


@dataclass(frozen=True, slots=True)
class Said:
    """A measure as somebody writes it. `cost` in fen, None where nothing is spent; `budget`: which money."""

    kind: str
    what: str
    responsible: str
    due: date
    department: str = ""
    cost: int | None = None
    budget: str = ""
    target: str = ""

    def faults(self, on: date) -> list[Bilingual]:
        found = []
        if self.kind not in KINDS:
            found.append(Bilingual(f"choose a kind of measure: {', '.join(KINDS)}", "请选择措施类型"))
        if len(self.what.strip()) < 2:
            found.append(Bilingual("say what will be done", "请填写具体措施"))
        if not self.responsible.strip():
            found.append(Bilingual("name who is responsible", "请填写责任人"))
        if self.due < on:
            found.append(Bilingual("the day by which it is done is over already", "完成期限已过"))
        if self.cost is not None and not 0 <= self.cost < MOST_COST:
            found.append(Bilingual("the cost is out of range", "金额超出范围"))
        if self.cost and not self.budget.strip():
            found.append(Bilingual("say which money pays for it", "请填写资金来源"))
        return found

    def columns(self) -> dict[str, object]:
        return {
            "kind": self.kind, "what": self.what.strip()[:400], "responsible": self.responsible.strip()[:150],
            "department": self.department[:40], "due": self.due, "cost": self.cost, "budget": self.budget.strip()[:150],
            "target": self.target.strip()[:400],
        }  # fmt: skip


@transaction.atomic
def add_measure(*, number: int, said: Said, on: date, by: Viewer, at: datetime, version: int | None = None) -> Measure:
    """The first one makes the plan. Before the listing only by the green channel: help first, paperwork after."""
    listing = found(by, PROPOSE, number, version)
    if listing.state != LISTED and not (listing.green_channel and listing.state in OPEN):
        raise Refused(Bilingual("measures are planned once it is listed; before that by the green channel only, asked for when proposing",
                                "纳入监测后方可制定措施；未纳入前仅绿色通道可先行帮扶，须在提出时注明"))  # fmt: skip
    _right(said, on)
    plan = _plan(listing, by, on, at)
    made = Measure.objects.create(plan=plan, made_at=at, **said.columns())
    write(listing, "measure", by=by, on=on, at=at, detail={"measure": made.pk}, **_begun(listing, on))
    return made


def _begun(listing: Listing, on: date) -> dict[str, Any]:
    return {"measures_on": on} if listing.measures_on is None else {}


def _plan(listing: Listing, by: Viewer, on: date, at: datetime) -> Plan:
    terms = rules()
    due = terms.terms.plan_review.after(on, terms.calendar)
    plan, made = Plan.objects.get_or_create(listing=listing, defaults={"made_on": on, "made_by": by.name, "review_due": due})
    if made:
        more: dict[str, Any] = {"due": due} if listing.state == LISTED else {}  # before the listing its own deadline runs on
        write(listing, "plan", by=by, on=on, at=at, told=False, **more)
    return plan


def _right(said: Said, on: date) -> None:
    faults = said.faults(on)
    if faults:
        raise Refused(*faults)


@transaction.atomic
def change_measure(*, measure: int, said: Said, on: date, by: Viewer, at: datetime, version: int | None = None) -> Measure:
    kept = _open(measure, by, version)
    _right(said, on)
    _set(kept, **said.columns())
    write(kept.plan.listing, "change", by=by, on=on, at=at, detail={"measure": kept.pk})
    return kept


@transaction.atomic
def finish_measure(*, measure: int, result: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Measure:
    """Done, with what it brought."""
    kept = _open(measure, by, version)
    said = words_needed(result, Bilingual("what it brought", "完成成效"))
    _set(kept, done_on=on, result=said)
    write(kept.plan.listing, "done", by=by, on=on, at=at, detail={"measure": kept.pk})
    return kept


@transaction.atomic
def drop_measure(*, measure: int, reason: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Measure:
    """Not to be done any more, with the reason."""
    kept = _open(measure, by, version)
    said = words_needed(reason, Bilingual("why it is dropped", "撤销理由"))
    _set(kept, dropped_on=on, result=said)
    write(kept.plan.listing, "drop", by=by, on=on, at=at, detail={"measure": kept.pk})
    return kept


def _open(key: int, by: Viewer, version: int | None) -> Measure:
    kept = Measure.objects.filter(pk=key).select_related("plan").first()
    if kept is None:
        raise Refused(Bilingual("there is no such measure in the places of your post", "您岗位管辖范围内没有该措施"))
    kept.plan.listing = found(by, PROPOSE, kept.plan.listing_id, None)
    if kept.done_on is not None or kept.dropped_on is not None:
        raise Refused(Bilingual("it is done or dropped already: add a new one", "该措施已完成或已撤销，请新增措施"))
    if version is not None and version != kept.version:
        raise Refused(Bilingual("somebody changed this measure meanwhile: load the page again", "该措施已被他人修改，请刷新页面"))
    return kept


def _set(kept: Measure, **values: object) -> None:
    if Measure.objects.filter(pk=kept.pk, version=kept.version, done_on=None, dropped_on=None).update(version=F("version") + 1, **values) != 1:
        raise Refused(Bilingual("somebody changed this measure meanwhile: load the page again", "该措施已被他人修改，请刷新页面"))
    plan = kept.plan
    kept.refresh_from_db()
    kept.plan = plan


@transaction.atomic
def review_plan(*, number: int, note: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Plan:
    """Somebody looked at the whole plan again; the next look is due a quarter later."""
    listing = found(by, PROPOSE, number, version)
    plan = Plan.objects.filter(listing=listing).first()
    if plan is None or listing.state != LISTED:
        raise Refused(Bilingual("there is no plan to look at again: add its first measure", "尚无帮扶计划，请先增加措施"))
    said = words_needed(note, Bilingual("what was seen, and what stays as it is", "复核情况"))
    terms = rules()
    due = terms.terms.plan_review.after(on, terms.calendar)
    Plan.objects.filter(pk=plan.pk).update(reviewed_on=on, review_due=due)
    write(listing, "look_again", by=by, on=on, at=at, note=said, due=due)
    plan.refresh_from_db()
    return plan
