"""Listing a family as monitored, step by step: proposed, visited, compared, reviewed, noticed, reviewed by the street, approved.

`on` is the day of the deployment's clock, `at` the moment. Every refusal says what is missing and who can supply it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from anju.apps.journal.actions import record
from anju.apps.monitoring.models import TEXT, Listing, Notice, Plan, Step
from anju.apps.monitoring.rules import rules
from anju.apps.monitoring.states import CATEGORIES, RISKS, STANDING
from anju.apps.monitoring.steps import Refused, apart, found, in_state, may, words_needed, write
from anju.apps.people.models import Household
from anju.apps.people.search import household_in_scope
from anju.core.casework.listing import (
    APPROVE,
    ELIMINATED,
    LISTED,
    MOVES,
    OPEN,
    PROPOSE,
    PROPOSED,
    REFUSED,
    RELAPSED,
    Meeting,
    next_move,
)
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

MOVE = {move.name: move for move in MOVES}
JUDGE = "cases.judge"  # the judgement 'listed' of a case is a proposal


@transaction.atomic
def propose_listing(
    *,
    household_id: int,
    category: str,
    risk_types: Sequence[str],
    source: str,
    clue_on: date,
    on: date,
    by: Viewer,
    at: datetime,
    note: str = "",
    green_channel: bool = False,
) -> Listing:
    """Begins the procedure. `source`: 'declared', 'visit', 'screening', 'hotline' or 'case:12'; the deadline runs from `clue_on`, the
    day of the lead. `green_channel`: help first, so measures may be recorded at once. A family whose risk was over is listed anew."""
    if not (source.startswith("case:") and by.can(JUDGE)):
        may(by, PROPOSE)
    home = household_in_scope(by, household_id)
    if home is None or not by.sees_path(home.place.path):
        raise Refused(Bilingual("there is no such family in the places of your post", "您岗位管辖范围内没有该户"))
    faults = proposal_faults(home, category, risk_types, clue_on, on)
    if faults:
        raise Refused(*faults)
    before = Listing.objects.filter(household=home, state=ELIMINATED).order_by("-pk").first()
    terms = rules()
    try:
        with transaction.atomic():
            listing = Listing.objects.create(
                household=home, category=category, risk_types=sorted(set(risk_types)), source=source[:40], clue_on=clue_on,
                green_channel=green_channel, state=PROPOSED, state_on=on, relapse_of=before, made_at=at,
                due=terms.terms.listing_within.after(clue_on, terms.calendar),
            )  # fmt: skip
    except IntegrityError:
        raise _already(home) from None
    Step.objects.create(
        listing=listing, what="propose", state=PROPOSED, on=on, at=at, by=by.name, account=by.account, role=by.role, note=note.strip()[:TEXT],
        detail={"category": category, "clue_on": clue_on.isoformat(), "green": green_channel},
    )  # fmt: skip
    record(act="monitoring.propose", about=f"listing:{listing.pk}", by=by, at=at, detail={"household": home.pk, "source": source[:40]})
    return listing


def proposal_faults(home: Household, category: str, risk_types: Sequence[str], clue_on: date, on: date) -> list[Bilingual]:
    """Everything that is wrong with a proposal."""
    faults = []
    if category not in CATEGORIES:
        faults.append(Bilingual(f"choose a category: {', '.join(CATEGORIES)}", "请选择监测对象类别"))
    if category == "unstable" and home.is_registered_poor is False:
        faults.append(Bilingual("'unstable' is for families that were registered as poor, this was not: choose marginal or sudden",
                                "“脱贫不稳定户”须为原建档立卡户，该户不是：请选择边缘易致贫户或突发严重困难户"))  # fmt: skip
    if category == "marginal" and home.is_registered_poor is True:
        faults.append(Bilingual("'marginal' is for families that were never registered as poor, this one was: choose unstable or sudden",
                                "“边缘易致贫户”须为非建档立卡户，该户是原建档立卡户：请选择脱贫不稳定户或突发严重困难户"))  # fmt: skip
    if not risk_types or set(risk_types) - set(RISKS):
        faults.append(Bilingual(f"choose at least one risk of: {', '.join(RISKS)}", "请至少选择一项风险类型"))
    if clue_on > on:
        faults.append(Bilingual("the lead lies in the future", "线索日期在未来"))
    return faults


def _already(home: Household) -> Refused:
    standing = Listing.objects.filter(household=home, state__in=STANDING).first()
    number, since = (standing.pk, standing.clue_on) if standing is not None else ("", "")
    return Refused(Bilingual(f"this family is on its way already, or monitored: No. {number}, lead of {since}; go on there",
                             f"该户已在办理或监测中（第{number}号，线索日期{since}），请在原记录上继续办理"))  # fmt: skip


@transaction.atomic
def verify_household(
    *,
    number: int,
    visited_on: date,
    found_there: str,
    authorisation: str,
    on: date,
    by: Viewer,
    at: datetime,
    version: int | None = None,
    authorisation_file: int | None = None,
) -> Listing:
    """The visit, and where the signed authorisation to query lies (承诺授权书): a paper's reference, or an attachment."""
    listing = found(by, PROPOSE, number, version)
    in_state(listing, MOVE["verify"])
    said = words_needed(found_there, Bilingual("what was found at the door", "入户核实情况"))
    if not authorisation.strip() and authorisation_file is None:
        raise Refused(Bilingual("the signed authorisation to query is missing: say where the paper lies; whoever visits the family brings it",
                                "缺少签字的承诺授权书：请填写存放处；由入户人员取得"))  # fmt: skip
    if visited_on > on:
        raise Refused(Bilingual("the visit lies in the future: record it when it was made", "入户日期在未来：请在入户后登记"))
    write(
        listing, "verify", state=MOVE["verify"].target, by=by, on=on, at=at, note=said, detail={"visited_on": visited_on.isoformat()},
        authorisation=authorisation.strip()[:200], authorisation_file=authorisation_file,
    )  # fmt: skip
    return listing


@transaction.atomic
def compare_data(
    *, number: int, run: int | None, doubts: str, on: date, by: Viewer, at: datetime, version: int | None = None
) -> Listing:  # fmt: skip
    """What the platform knows was looked at, as judged by `run`. `doubts`: what does not fit what was seen at the door, '' for nothing."""
    listing = found(by, PROPOSE, number, version)
    in_state(listing, MOVE["compare"])
    write(listing, "compare", state=MOVE["compare"].target, by=by, on=on, at=at, note=doubts, detail={"run": run})
    return listing


@transaction.atomic
def record_review(*, number: int, meeting: Meeting, on: date, by: Viewer, at: datetime, version: int | None = None) -> Listing:
    """The democratic review meeting. Where it did not agree, the listing is refused with its reason instead."""
    move = MOVE["review"]
    listing = found(by, move.act, number, version)
    in_state(listing, move)
    apart(listing, by, ("propose", "verify"))
    check_meeting(meeting, listing.clue_on, on)
    write(listing, "review", state=move.target, by=by, on=on, at=at, detail=meeting_detail(meeting))
    return listing


def check_meeting(meeting: Meeting, not_before: date, on: date) -> None:
    faults = meeting.faults(not_before, on, rules().terms.meeting_least)
    if faults:
        raise Refused(*faults)
    if not meeting.agreed:
        raise Refused(Bilingual(f"{meeting.votes_for} of {meeting.attended} agreed, more than half is needed: refuse it, with the reason",
                                f"到会{meeting.attended}人，同意{meeting.votes_for}人，未过半数：请说明理由后不予通过"))  # fmt: skip


def meeting_detail(meeting: Meeting) -> dict[str, str | int]:
    return {
        "held_on": meeting.held_on.isoformat(), "place": meeting.place[:200], "attended": meeting.attended, "for": meeting.votes_for,
        "against": meeting.votes_against, "minutes": meeting.minutes[:200],
    }  # fmt: skip


@transaction.atomic
def review_by_township(*, number: int, note: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Listing:
    """The street's own review, once the notice was up for its whole time and every objection was answered."""
    move = MOVE["township"]
    listing = found(by, move.act, number, version)
    in_state(listing, move)
    apart(listing, by, ("propose", "verify"))
    notice_over(Notice.objects.filter(listing=listing, elimination=None).order_by("-pk").first(), on)
    write(listing, "township", state=move.target, by=by, on=on, at=at, note=note)
    return listing


def notice_over(notice: Notice | None, on: date) -> None:
    """Refuses where the notice still hangs, an objection waits, or one was found to be right."""
    if notice is None or on <= notice.until:
        until = notice.until if notice is not None else None
        raise Refused(Bilingual(f"the notice is up until the end of {until}: go on the day after", f"公示至{until}，期满次日方可办理"))
    waiting = notice.objections.filter(answered_on=None).count()
    if waiting:
        raise Refused(
            Bilingual(f"{waiting} objection waits for an answer: the street answers it on this page", f"还有{waiting}条异议未答复，请先答复")
        )
    if notice.objections.filter(upheld=True).exists():
        raise Refused(Bilingual("an objection was found to be right: refuse it, with the reason", "有异议经核实成立：请说明理由后不予通过"))


@transaction.atomic
def approve_listing(*, number: int, note: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Listing:
    """The county's word: the family is monitored from this day, and a plan is due. What it relapsed from is marked as come back."""
    move = MOVE["approve"]
    listing = found(by, APPROVE, number, version)
    in_state(listing, move)
    apart(listing, by, ("propose", "verify", "compare", "review", "notice", "township"))
    terms = rules()
    plan = Plan.objects.filter(listing=listing).first()
    due = plan.review_due if plan is not None else terms.terms.plan_within.after(on, terms.calendar)
    write(listing, "approve", state=LISTED, by=by, on=on, at=at, note=note, identified_on=on, due=due)
    if listing.relapse_of_id is not None:
        before = Listing.objects.get(pk=listing.relapse_of_id)
        if before.state == ELIMINATED:
            write(before, "relapse", state=RELAPSED, by=by, on=on, at=at, detail={"listing": listing.pk}, told=False, due=None)
    return listing


@transaction.atomic
def refuse_listing(*, number: int, reason: str, on: date, by: Viewer, at: datetime, version: int | None = None) -> Listing:
    """Ends the procedure at any step, by whoever could take the next one; never by the proposer where a decision is due."""
    listing = found(by, None, number, version)
    move = next_move(listing.state)
    if listing.state not in OPEN or move is None:
        raise Refused(
            Bilingual(
                "it is decided already: a monitored family leaves the list by the end of its risk", "已有决定：监测对象须经风险消除程序退出"
            )
        )
    may(by, move.act)
    if move.decisive:
        apart(listing, by, ("propose", "verify"))
    said = words_needed(reason, Bilingual("why it is refused: the family is told", "不予纳入的理由（须告知该户）"))
    write(listing, "refuse", state=REFUSED, by=by, on=on, at=at, note=said, detail={"at": listing.state}, refused_reason=said, due=None)
    return listing
