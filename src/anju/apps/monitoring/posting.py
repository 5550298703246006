"""The public notice: built, screened, put up, objected to and answered, and taken down when its time is over."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.db import transaction

from anju.apps.journal.actions import record
from anju.apps.monitoring.actions import MOVE
from anju.apps.monitoring.models import Elimination, Listing, Notice, Objection
from anju.apps.monitoring.rules import rules
from anju.apps.monitoring.steps import Refused, found, in_state, words_needed, write
from anju.apps.people.models import Household
from anju.apps.people.search import members_of
from anju.apps.places.models import Place
from anju.core.casework.listing import ENDING_MOVES, NOTICED, REVIEW, REVIEWED
from anju.core.casework.notice import ELIMINATION, LISTING, NoticeFacts, Unprintable, build_notice
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer

STREET = "street"  # the level whose office takes objections; the community's where a programme has none
FULL_NAME = Bilingual("a name in full", "完整姓名")


def notice_facts(listing: Listing, on: date, *, purpose: str = LISTING, address: str = "", office: str = "") -> NoticeFacts:
    """What a notice put up on `on` would say. `address` down to the building, where the register's own cannot be printed; `office`
    takes objections, the family's street where none is named."""
    home, terms = listing.household, rules()
    head = next((row.person.name for row in members_of(home, on) if row.person.name), "") or ""
    return NoticeFacts(
        purpose, head, address.strip() or building_of(home), listing.category, tuple(listing.risk_types), on,
        terms.terms.notice_up.after(on, terms.calendar), terms.terms.notice_up.number, office.strip() or _above(home, STREET),
    )  # fmt: skip


def building_of(home: Household) -> str:
    """'幸福家园社区3栋': no unit, no room."""
    community = _above(home, rules().community)
    return f"{community}{home.building_no}栋" if home.building_no else community


def _above(home: Household, level: str) -> str:
    """The name of the place of that level in which the family lives; of its own where there is none."""
    keys = [int(key) for key in home.place.path.strip("/").split("/")]
    return Place.objects.filter(pk__in=keys, level=level).values_list("name", flat=True).first() or home.place.name


def preview(facts: NoticeFacts, listing: Listing, on: date) -> Bilingual:
    """The text as it would be put up. Raises Unprintable naming every place that must not be printed."""
    return build_notice(facts, never=_never(listing.household, on))


def _never(home: Household, on: date) -> dict[str, Bilingual]:
    return {row.person.name: FULL_NAME for row in members_of(home, on) if row.person.name and len(row.person.name) > 1}


@transaction.atomic
def put_up_notice(
    *, number: int, place: str, on: date, by: Viewer, at: datetime, version: int | None = None, address: str = "", office: str = ""
) -> Notice:
    """Puts the notice of a listing up, or of the end of its risk where that is under way; from `on` for the time of the policy."""
    listing = found(by, REVIEW, number, version)
    ending = Elimination.objects.filter(listing=listing, state=REVIEWED).first()
    if ending is None:
        in_state(listing, MOVE["notice"])
    hangs = words_needed(place, Bilingual("where the notice hangs", "公示张贴处"))
    facts = notice_facts(listing, on, purpose=ELIMINATION if ending is not None else LISTING, address=address, office=office)
    try:
        text = preview(facts, listing, on)
    except Unprintable as error:
        raise Refused(*(_told(fault.line, fault.column, fault.what) for fault in error.faults)) from None
    if ending is None:
        write(listing, "notice", state=NOTICED, by=by, on=on, at=at, detail={"until": facts.until.isoformat()})
    else:
        if Elimination.objects.filter(pk=ending.pk, state=REVIEWED).update(state=ENDING_MOVES[1].target) != 1:
            raise Refused(Bilingual("somebody was faster: load the page again", "他人已办理，请刷新页面"))
        write(listing, "end_notice", by=by, on=on, at=at, detail={"until": facts.until.isoformat()})
    return Notice.objects.create(
        listing=listing, elimination=ending, text_zh=text.zh, text_en=text.en, digest=hashlib.sha256(text.zh.encode()).hexdigest(),
        place=hangs[:200], up_from=on, until=facts.until, put_up_by=by.name,
    )  # fmt: skip


def _told(line: int, column: int, what: Bilingual) -> Bilingual:
    return Bilingual(f"line {line}, character {column} of the notice: {what.en}, which must never be printed; say the building otherwise",
                     f"公示第{line}行第{column}字：{what.zh}，不得公开；请改写住址")  # fmt: skip


@transaction.atomic
def record_objection(*, notice: int, text: str, received_on: date, on: date, by: Viewer, at: datetime) -> Objection:
    """What somebody objected. Who it was is not asked. Taken while the notice hangs and until the next decision."""
    posted = _notice(notice, by)
    if posted.listing.state != NOTICED and (posted.elimination is None or posted.elimination.state != NOTICED):
        raise Refused(
            Bilingual("the notice is decided on already: what is new about a family is reported as trouble", "公示已有决定：新情况请按线索上报")
        )
    if received_on > on or received_on < posted.up_from:
        raise Refused(
            Bilingual(f"an objection comes after {posted.up_from} and not in the future", f"异议日期应在{posted.up_from}之后且不晚于今天")
        )
    said = words_needed(text, Bilingual("what was objected", "异议内容"))
    write(posted.listing, "object", by=by, on=on, at=at, detail={"notice": posted.pk})
    return Objection.objects.create(notice=posted, received_on=received_on, text=said, recorded_by=by.name)


@transaction.atomic
def answer_objection(*, objection: int, answer: str, upheld: bool, on: date, by: Viewer, at: datetime) -> Objection:
    """The answer, once. `upheld`: the objection is right, so that what was proposed cannot go on."""
    asked = Objection.objects.filter(pk=objection).first()
    if asked is None:
        raise Refused(Bilingual("there is no such objection in the places of your post", "您岗位管辖范围内没有该异议"))
    posted = _notice(asked.notice_id, by)
    said = words_needed(answer, Bilingual("what was answered", "答复内容"))
    values = {"answered_on": on, "answer": said, "answered_by": by.name, "upheld": upheld}
    if Objection.objects.filter(pk=objection, answered_on=None).update(**values) != 1:
        raise Refused(Bilingual("it was answered already: load the page again", "该异议已答复，请刷新页面"))
    write(posted.listing, "answer", by=by, on=on, at=at, detail={"notice": posted.pk, "upheld": upheld})
    asked.refresh_from_db()
    return asked


def _notice(key: int, by: Viewer) -> Notice:
    posted = Notice.objects.filter(pk=key).select_related("elimination").first()
    if posted is None:
        raise Refused(Bilingual("there is no such notice in the places of your post", "您岗位管辖范围内没有该公示"))
    posted.listing = found(by, REVIEW, posted.listing_id, None)
    return posted


def hangs(notice: Notice, on: date) -> bool:
    """Whether it is public on a day; nothing of it is afterwards, whether the nightly work ran or not."""
    return notice.taken_down_on is None and notice.up_from <= on <= notice.until


@transaction.atomic
def take_down_notices(*, on: date, by: Viewer | str, at: datetime) -> int:
    """Takes down every notice whose time is over: its text goes, its digest stays. Twice changes nothing."""
    over = Notice.objects.filter(taken_down_on=None, until__lt=on)
    number = over.update(taken_down_on=on, text_zh="", text_en="")
    if number:
        record(act="monitoring.take_down", about=f"notices:{on}", by=by, at=at, detail={"notices": number})
    return number
