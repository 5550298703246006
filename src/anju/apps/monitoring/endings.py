"""How a risk is declared over: visited, every condition shown, reviewed, noticed, approved; then half a year of watch.

What is known of the family comes from whoever calls, as values; the conditions are worked out here, so that nobody can pass them by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from django.db import IntegrityError, transaction

from anju.apps.monitoring.actions import check_meeting, meeting_detail, notice_over
from anju.apps.monitoring.models import Elimination, Listing, Measure, Notice
from anju.apps.monitoring.rules import rules
from anju.apps.monitoring.states import ENDING_OPEN
from anju.apps.monitoring.steps import Refused, apart, found, may, words_needed, write
from anju.core.casework.elimination import Condition, Facts, conditions, may_end
from anju.core.casework.listing import APPROVE, APPROVED, ELIMINATED, ENDING_MOVES, LISTED, NOTICED, PROPOSE, PROPOSED, REFUSED, REVIEW, Meeting
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

PART = ("end_propose", "end_review", "end_notice")


def conditions_of(listing: Listing, facts: Facts, on: date) -> tuple[Condition, ...]:
    """Every condition, with what the listing itself knows: since when it is monitored, and which measures are open."""
    terms = rules()
    open_ones = Measure.objects.filter(plan__listing=listing, done_on=None, dropped_on=None).count()
    known = replace(facts, listed_on=listing.identified_on, measures_open=open_ones)
    stable = terms.terms.stable.after(listing.identified_on, terms.calendar) if listing.identified_on is not None else None
    return conditions(known, rigid_share_most=terms.terms.rigid_share_most, stable_from=stable, day=on)


@transaction.atomic
def propose_elimination(
    *,
    number: int,
    facts: Facts,
    found_there: str,
    visited_on: date,
    run: int | None,
    on: date,
    by: Viewer,
    at: datetime,
    version: int | None = None,
) -> Elimination:
    """After a visit, where every condition holds. What is not known counts as not shown."""
    listing = found(by, PROPOSE, number, version)
    if listing.state != LISTED:
        raise Refused(Bilingual("only a monitored family's risk can be declared over", "仅监测中的对象可提出风险消除"))
    said = words_needed(found_there, Bilingual("what was found at the door", "入户核实情况"))
    if visited_on > on:
        raise Refused(Bilingual("the visit lies in the future: record it when it was made", "入户日期在未来：请在入户后登记"))
    shown = _all_hold(listing, facts, on)
    try:
        with transaction.atomic():
            ending = Elimination.objects.create(listing=listing, state=PROPOSED, conditions=shown, proposed_on=on, made_at=at)
    except IntegrityError:
        raise Refused(Bilingual("the end of this risk is proposed already: go on there", "该户风险消除已在办理")) from None
    write(listing, "end_propose", by=by, on=on, at=at, note=said, detail={"run": run, "visited_on": visited_on.isoformat()})
    return ending


def _all_hold(listing: Listing, facts: Facts, on: date) -> list[list[str | bool | None]]:
    found = conditions_of(listing, facts, on)
    if not may_end(found):
        missing = [one for one in found if one.holds is not True]
        raise Refused(*(Bilingual(f"{one.title.en}: {one.reason.en}", f"{one.title.zh}：{one.reason.zh}") for one in missing))
    return [[one.name, one.holds] for one in found]


@transaction.atomic
def review_elimination(*, number: int, meeting: Meeting, on: date, by: Viewer, at: datetime, version: int | None = None) -> Elimination:
    listing, ending = _under_way(number, by, REVIEW, PROPOSED, version)
    apart(listing, by, ("end_propose",), since=ending)
    check_meeting(meeting, ending.proposed_on, on)
    _to(ending, ENDING_MOVES[0].target)
    write(listing, "end_review", by=by, on=on, at=at, detail=meeting_detail(meeting))
    return ending


@transaction.atomic
def approve_elimination(
    *, number: int, facts: Facts, note: str, on: date, by: Viewer, at: datetime, version: int | None = None
) -> Elimination:  # fmt: skip
    """The county's word: the conditions are looked at once more. The family is watched for the time of the policy; its record stays."""
    listing, ending = _under_way(number, by, APPROVE, NOTICED, version)
    apart(listing, by, PART, since=ending)
    notice_over(Notice.objects.filter(elimination=ending).order_by("-pk").first(), on)
    _all_hold(listing, facts, on)
    _to(ending, APPROVED)
    terms = rules()
    until = terms.terms.watch.after(on, terms.calendar)
    write(listing, "end_approve", state=ELIMINATED, by=by, on=on, at=at, note=note, eliminated_on=on, watch_until=until, due=until)
    return ending


@transaction.atomic
def refuse_elimination(*, number: int, reason: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Elimination:
    """The family stays monitored; the end may be proposed again."""
    listing = found(by, None, number, version)
    ending = Elimination.objects.filter(listing=listing, state__in=ENDING_OPEN).first()
    if ending is None:
        raise Refused(Bilingual("no end of this risk is under way", "该户没有办理中的风险消除"))
    may(by, next(move.act for move in ENDING_MOVES if move.source == ending.state))
    said = words_needed(reason, Bilingual("why the risk is not over", "不予风险消除的理由"))
    _to(ending, REFUSED, refused_reason=said)
    write(listing, "end_refuse", by=by, on=on, at=at, note=said)
    return ending


def _under_way(number: int, by: Viewer, act: str, state: str, version: int | None) -> tuple[Listing, Elimination]:
    listing = found(by, act, number, version)
    ending = Elimination.objects.filter(listing=listing, state__in=ENDING_OPEN).first()
    if ending is None or ending.state != state:
        raise Refused(Bilingual("the end of this risk does not stand at this step: load the page again", "风险消除不在此环节，请刷新页面"))
    return listing, ending


def _to(ending: Elimination, state: str, **values: str) -> None:
    if Elimination.objects.filter(pk=ending.pk, state=ending.state).update(state=state, **values) != 1:
        raise Refused(Bilingual("somebody was faster: load the page again", "他人已办理，请刷新页面"))
    ending.refresh_from_db()
