"""One step of a listing: found within the scope, compared with what the actor saw, written once with its line of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import F

from anju.apps.journal.actions import record
from anju.apps.monitoring.models import TEXT, Elimination, Listing, Step
from anju.apps.monitoring.queries import listings_in_scope
from anju.core.casework.listing import STATES, WHO, Move
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

ELSEWHERE = Bilingual(
    "there is no such listing in the places of your post, or it lies where you may look and not act",
    "您岗位管辖范围内没有该对象，或仅可查看、不可办理",
)
WORDS: dict[str, Bilingual] = {
    "propose": Bilingual("proposed it", "提出"), "verify": Bilingual("recorded the visit", "入户核实"),
    "compare": Bilingual("compared the data", "比对数据"), "review": Bilingual("recorded the review meeting", "登记评议"),
    "notice": Bilingual("put the notice up", "张榜公示"), "township": Bilingual("reviewed it for the street", "乡镇审核"),
    "approve": Bilingual("approved it", "审定"), "refuse": Bilingual("refused it", "不予纳入"),
    "object": Bilingual("recorded an objection", "登记异议"), "answer": Bilingual("answered an objection", "答复异议"),
    "plan": Bilingual("made the support plan", "制定帮扶计划"), "measure": Bilingual("added a measure", "增加措施"),
    "change": Bilingual("changed a measure", "调整措施"), "done": Bilingual("recorded a measure as done", "措施完成"),
    "drop": Bilingual("dropped a measure", "撤销措施"), "look_again": Bilingual("looked at the plan again", "复核帮扶计划"),
    "end_propose": Bilingual("proposed that the risk is over", "提出风险消除"),
    "end_review": Bilingual("recorded the review meeting", "登记评议"),
    "end_notice": Bilingual("put the notice up", "张榜公示"), "end_approve": Bilingual("approved that the risk is over", "审定风险消除"),
    "end_refuse": Bilingual("refused that the risk is over", "不予风险消除"), "relapse": Bilingual("listed it anew", "重新纳入"),
    "take_down": Bilingual("took the notice down", "撤下公示"),
}  # fmt: skip


class Refused(ValueError):
    """What cannot be done, why, and what to do instead; each reason in both languages."""

    def __init__(self, *said: Bilingual) -> None:
        self.said = said
        super().__init__("; ".join(one.en for one in said))


def may(by: Viewer, act: str) -> None:
    if not by.can(act):
        who = WHO[act]
        raise Refused(Bilingual(f"the post you act in may not do this: {who.en} can", f"您当前岗位不能办理，请由{who.zh}办理"))


def found(by: Viewer, act: str | None, number: int, version: int | None) -> Listing:
    """The listing, to be changed by the viewer. `version`: what the actor saw; None where that does not matter.
    `act`: None where which one is needed follows from the listing's state."""
    if act is not None:
        may(by, act)
    listing = listings_in_scope(by).select_related("household__place").filter(pk=number).first()
    if listing is None or not by.sees_path(listing.household.place.path):
        raise Refused(ELSEWHERE)
    if version is not None and version != listing.version:
        raise faster(listing)
    return listing


def faster(listing: Listing) -> Refused:
    last = Step.objects.filter(listing_id=listing.pk).order_by("-pk").first()
    if last is None:
        return Refused(Bilingual("it changed meanwhile: load the page again", "内容已变化，请刷新页面"))
    what = WORDS.get(last.what, Bilingual(last.what, last.what))
    return Refused(Bilingual(f"somebody was faster: {last.by} {what.en} on {last.on}; load the page again",
                             f"{last.by}已于{last.on}{what.zh}，请刷新页面后再办理"))  # fmt: skip


def in_state(listing: Listing, move: Move) -> None:
    if listing.state != move.source:
        now, wanted = STATES[listing.state], STATES[move.source]
        raise Refused(Bilingual(f"it stands at '{now.en}': this can be done at '{wanted.en}'", f"当前为“{now.zh}”，须在“{wanted.zh}”时办理"))


def write(
    listing: Listing,
    what: str,
    *,
    by: Viewer,
    on: date,
    at: datetime,
    state: str | None = None,
    note: str = "",
    detail: Mapping[str, Any] | None = None,
    told: bool = True,
    **values: Any,
) -> Step:
    """Changes the listing where nobody else did meanwhile, and writes the step and, unless it is part of an act that has
    one (`told` False), its line of the journal."""
    target = state or listing.state
    if state is not None and state != listing.state:
        values |= {"state": state, "state_on": on}
    unchanged = Listing.objects.filter(pk=listing.pk, version=listing.version, state=listing.state)
    if unchanged.update(version=F("version") + 1, **values) != 1:
        raise faster(listing)
    listing.refresh_from_db()
    if told:
        record(act=f"monitoring.{what}", about=f"listing:{listing.pk}", by=by, at=at, detail={"household": listing.household_id})
    return Step.objects.create(
        listing=listing, what=what, state=target, on=on, at=at, by=by.name, account=by.account, role=by.role, note=note.strip()[:TEXT],
        detail=dict(detail or {}),
    )  # fmt: skip


def taken_part(listing: Listing, steps: Iterable[str], *, since: Elimination | None = None) -> list[tuple[str, int | str]]:
    """(what, who) of the steps named; of the end of a risk those since it was proposed."""
    known = Step.objects.filter(listing=listing, what__in=list(steps)).order_by("pk")
    if since is not None:
        known = known.filter(at__gte=since.made_at)
    return [(step.what, _person(step.account, step.by)) for step in known]


def apart(listing: Listing, by: Viewer, steps: Iterable[str], *, since: Elimination | None = None) -> None:
    """Refuses where the same person took one of `steps` before: nobody decides twice in a row alone."""
    me = _person(by.account, by.name)
    what = next((what for what, who in taken_part(listing, steps, since=since) if who == me), None)
    if what is not None:
        word = WORDS[what]
        raise Refused(
            Bilingual(f"you {word.en} yourself: a colleague of the same post decides here", f"您已办理“{word.zh}”，此环节须由其他人员决定")
        )


def _person(account: int | None, name: str) -> int | str:
    return account if account is not None else name


def words_needed(text: str, what: Bilingual) -> str:
    """The text without blanks around it; refused where it is too short to say anything."""
    plain = " ".join(text.split())
    if len(plain) < 2:
        raise Refused(Bilingual(f"say {what.en}", f"请填写{what.zh}"))
    return plain[:TEXT]
