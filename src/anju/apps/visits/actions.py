"""Every write about visits: planned, recorded, missed or dropped, put into other hands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from anju.apps.journal.actions import record
from anju.apps.people.models import Household
from anju.apps.people.search import within
from anju.apps.places.models import Place
from anju.apps.visits.models import Visit
from anju.apps.visits.queries import visits_in_scope
from anju.apps.visits.questions import Question
from anju.apps.visits.states import DOOR, DROPPED, FINDINGS, MADE, MISSED, MODES, MOVES, PHONE, PLANNED, PURPOSES
from anju.apps.visits.workers import Worker, keys_above, nearest, workers
from anju.core.standards.model import Title
from anju.core.terms.viewer import Viewer

BATCH = 1_000
MOST_DOORS = 2_000  # planned at once
AGAIN_IN = {PHONE: 2, DOOR: 3}  # days until it is tried again, by how it is tried
LONGEST = 1_440  # minutes
TEXT, NOTE = 400, 2_000


class Refused(ValueError):
    """What cannot be done, why, and who can; in both languages. `field`: which field of the form it is about, if one."""

    def __init__(self, en: str, zh: str, field: str = "") -> None:
        super().__init__(en)
        self.title, self.field = Title(en, zh), field


NOT_THERE = ("there is no such family for you: it does not exist, or lives outside your post", "没有这户：不存在，或不在您的岗位范围内")
NO_VISIT = ("there is no such visit for you: it does not exist, or lies outside your post", "没有这次走访：不存在，或不在您的岗位范围内")


# --- planning ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """`already`: household -> the open visit of the same purpose there. `unnamed`: doors nobody is named for."""

    visits: tuple[int, ...]
    already: dict[int, int]
    unnamed: int = 0


def plan_visit(
    *, household_id: int | None = None, place_id: int | None = None, purpose: str, due_on: date, planned_on: date | None = None,
    about: str = "", why: str = "", assignee: int | None = None, way: str = DOOR, department: str = "", by: Viewer | str, at: datetime,
) -> Visit:  # fmt: skip
    """One visit, to a family or (without one) to a place. Where the same is planned there already, that one is answered.

    `assignee`: an account; None: the grid worker of the place, else the cadre, else nobody yet. `by` a name: the platform itself."""
    if household_id is not None:
        done = plan_visits(
            households=[household_id], purpose=purpose, due_on=due_on, planned_on=planned_on, about=about, why=why, assignee=assignee,
            way=way, department=department, by=by, at=at,
        )  # fmt: skip
        return Visit.objects.get(pk=done.visits[0] if done.visits else done.already[household_id])
    return _plan_site(place_id, purpose, due_on, planned_on, about, why, assignee, department, by, at)


@transaction.atomic
def plan_visits(
    *, households: Sequence[int], purpose: str, due_on: date, planned_on: date | None = None, about: str = "", why: str = "",
    assignee: int | None = None, way: str = DOOR, department: str = "", by: Viewer | str, at: datetime,
) -> Planned:  # fmt: skip
    """One visit for each family that has none of this purpose planned. Raises Refused where one of them lies outside the scope."""
    _may_plan(by, assignee)
    _check_plan(purpose, due_on, why, way, at)
    wanted = list(dict.fromkeys(households))
    if not wanted or len(wanted) > MOST_DOORS:
        raise Refused(f"choose 1 to {MOST_DOORS} families", f"请选择 1 至 {MOST_DOORS} 户", "households")
    homes = _homes(wanted, by)
    open_now = Visit.objects.filter(household_id__in=wanted, purpose=purpose, about=about, state=PLANNED)
    already = {home: key for home, key in open_now.values_list("household_id", "pk") if home is not None}
    rows = [home for key, home in homes.items() if key not in already]
    hands = _hands({home.place.path for home in rows}, assignee, at)
    planned = [
        _planned(
            Visit(
                household_id=home.pk, place=home.place, path=home.place.path, door=door_of(home),
                origin_path=home.origin_place.path if home.origin_place is not None else None, way=way,
            ),
            purpose, due_on, planned_on, about, why, department, _hand_for(home, hands, assignee), by, at,
        )
        for home in rows
    ]  # fmt: skip
    try:
        with transaction.atomic():
            made = Visit.objects.bulk_create(planned, BATCH)
    except IntegrityError:
        raise Refused("somebody planned one of these at the same moment: look again", "有人刚刚安排了其中一户，请刷新后再试") from None
    _write("visits.plan", [v.pk for v in made], by, at, {"purpose": purpose, "due": due_on.isoformat(), "about": about})
    return Planned(tuple(v.pk for v in made), already, sum(v.assignee_account is None for v in made))


@transaction.atomic
def _plan_site(
    place_id: int | None, purpose: str, due_on: date, planned_on: date | None, about: str, why: str, assignee: int | None, department: str,
    by: Viewer | str, at: datetime,
) -> Visit:  # fmt: skip
    _may_plan(by, assignee)
    _check_plan(purpose, due_on, why, DOOR, at)
    place = Place.objects.filter(tree="scope", pk=place_id or 0).first()
    if place is None or (isinstance(by, Viewer) and not by.sees_path(place.path)):
        raise Refused("there is no such place for you", "没有这个地点：不存在，或不在您的岗位范围内", "place")
    standing = Visit.objects.filter(household_id=None, place=place, purpose=purpose, about=about, state=PLANNED).first()
    if standing is not None:
        return standing
    hands = _hands({place.path}, assignee, at)
    hand = hands.get(assignee) if assignee is not None else nearest(place.path, hands.values())
    if assignee is not None and (hand is None or not hand.reaches(place.path, None)):
        raise _cannot_go()
    visit = _planned(Visit(place=place, path=place.path), purpose, due_on, planned_on, about, why, department, hand, by, at)
    visit.save()
    _write("visits.plan", [visit.pk], by, at, {"purpose": purpose, "due": due_on.isoformat(), "about": about})
    return visit


def _may_plan(by: Viewer | str, assignee: int | None) -> None:
    """Who plans for others needs the act; whoever records visits may plan her own."""
    if isinstance(by, Viewer) and not by.can("visits.plan") and not (by.can("visits.record") and assignee == by.account):
        raise Refused(
            "your post does not plan visits: the community, the street or the bureau does", "您的岗位不安排走访：由社区、街道或移民局安排"
        )


def _check_plan(purpose: str, due_on: date, why: str, way: str, at: datetime) -> None:
    if purpose not in PURPOSES:
        raise Refused(f"'{purpose}' is no purpose of a visit: one of {', '.join(PURPOSES)}", f"“{purpose}”不是走访事由", "purpose")
    if way not in MODES:
        raise Refused(f"'{way}' is no way to visit: one of {', '.join(MODES)}", f"“{way}”不是走访方式", "way")
    if len(why) > 200:
        raise Refused("say why in at most 200 characters", "事由不超过 200 字", "why")
    if not date(2000, 1, 1) <= due_on <= timezone.localdate(at) + timedelta(days=366):
        raise Refused("the day it is due is more than a year off", "期限超过一年", "due_on")


def _homes(keys: Sequence[int], by: Viewer | str) -> dict[int, Household]:
    found: dict[int, Household] = {}
    for start in range(0, len(keys), BATCH):
        homes = Household.objects.filter(pk__in=keys[start : start + BATCH]).select_related("place", "origin_place")
        found |= (homes.filter(within(by)) if isinstance(by, Viewer) else homes).in_bulk()
    if len(found) < len(keys):
        raise Refused(*NOT_THERE, "households")
    return found


def _hands(paths: Collection[str], assignee: int | None, at: datetime) -> dict[int, Worker]:
    day = timezone.localdate(at)
    if assignee is not None:
        return workers(day, accounts=[assignee])
    return workers(day, above={above for path in paths for above in keys_above(path)})


def _hand_for(home: Household, hands: Mapping[int, Worker], assignee: int | None) -> Worker | None:
    if assignee is None:
        return nearest(home.place.path, hands.values())
    hand = hands.get(assignee)
    if hand is None or not hand.reaches(home.place.path, home.origin_place.path if home.origin_place is not None else None):
        raise _cannot_go()
    return hand


def _cannot_go() -> Refused:
    return Refused(
        "who is named may not record visits there: choose somebody whose post covers that place",
        "所选人员在当地没有走访权限，请选择岗位覆盖当地的人员",
        "assignee",
    )


def _planned(
    visit: Visit, purpose: str, due_on: date, planned_on: date | None, about: str, why: str, department: str, hand: Worker | None,
    by: Viewer | str, at: datetime,
) -> Visit:  # fmt: skip
    visit.purpose, visit.due_on, visit.planned_on, visit.about, visit.why = purpose, due_on, planned_on, about, why
    own = sorted(by.departments)[0] if isinstance(by, Viewer) and by.departments else ""
    visit.department = department or own
    visit.planned_by, visit.planned_at = (by.name if isinstance(by, Viewer) else by), at
    visit.assignee, visit.assignee_account = (hand.name, hand.account) if hand is not None else ("", None)
    return visit


def door_of(home: Household) -> str:
    """'0003-0002-0501': sorts as one walks, building 10 after building 9."""
    parts = (home.building_no, home.unit_no, home.room_no)
    return "-".join(re.sub(r"\d+", lambda number: number[0].zfill(4), part or "") for part in parts)[:120]


# --- recording ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a visit. `answers` by question, or 'question:person'; `asked`: how many questions the form put; `spared`: those it
    did not, as `Spared.as_list`. `met` False: nobody was home or answered, or they did not want to speak (`refused`); then there are no
    answers."""

    made_on: date
    mode: str
    met: bool
    refused: bool = False
    answered_by: str = ""
    findings: tuple[str, ...] = ()
    answers: Mapping[str, str] | None = None
    note: str = ""
    minutes: int | None = None
    asked: int = 0
    spared: tuple[list[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """`again`: this very form was taken before, and nothing was changed. `next`: the visit that was planned because nobody was met."""

    visit: Visit
    again: bool
    next: Visit | None


def record_visit(
    *, seen: Seen, questions: Mapping[str, Question], client_key: str, visit: int | None = None, version: int | None = None,
    household_id: int | None = None, place_id: int | None = None, purpose: str = "routine", about: str = "", by: Viewer, at: datetime,
) -> Recorded:  # fmt: skip
    """Records a planned visit (`visit` with the `version` that was shown), or one that was not planned (a family, or a place).

    The same `client_key` twice is one visit. Of two people who record the same planned visit the first wins, and the other is told who.
    Nobody met: a telephone call is planned next, or the door after a call."""
    if not by.can("visits.record"):
        raise Refused(
            "your post does not record visits: a grid worker, a cadre or the community does", "您的岗位不登记走访：由网格员、包保干部或社区登记"
        )
    if not 8 <= len(client_key) <= 64:
        raise Refused("the form has no key of its own: load the page again", "表单缺少标识，请重新打开页面")
    before = Visit.objects.filter(client_key=client_key).first()
    if before is not None:
        return _taken_before(before, by)
    _check_seen(seen, questions, by, at)
    try:
        with transaction.atomic():
            made = _record_planned(visit, version, seen, questions, client_key, by, at) if visit is not None else None
            if made is None:
                made = _record_new(household_id, place_id, purpose, about, seen, questions, client_key, by, at)
            following = None if seen.met or seen.refused else _try_again(made, by, at)
            detail = {"household": made.household_id, "mode": seen.mode, "met": seen.met, "about": made.about}
            record(act="visits.record", about=f"visit:{made.pk}", by=by, at=at, detail=detail)
    except IntegrityError:
        twin = Visit.objects.filter(client_key=client_key).first()
        if twin is None:
            raise
        return _taken_before(twin, by)
    return Recorded(made, False, following)


def _taken_before(visit: Visit, by: Viewer) -> Recorded:
    if visit.recorded_account != by.account:
        raise Refused("this form was sent by somebody else: load the page again", "该表单已由他人提交，请重新打开页面")
    return Recorded(visit, True, visit.followed_by.order_by("pk").first())


def _check_seen(seen: Seen, questions: Mapping[str, Question], by: Viewer, at: datetime) -> None:
    today = timezone.localdate(at)
    if seen.made_on > today:
        raise Refused(f"{seen.made_on} has not come yet", f"{seen.made_on} 尚未到来", "made_on")
    if seen.mode not in MODES:
        raise Refused(f"say how: one of {', '.join(MODES)}", "请选择走访方式：入户、电话或视频", "mode")
    if unknown := [code for code in seen.findings if code not in FINDINGS]:
        raise Refused(f"there is no finding '{unknown[0]}': {', '.join(FINDINGS)}", f"没有“{unknown[0]}”这一发现", "findings")
    if "none" in seen.findings and len(seen.findings) > 1:
        raise Refused("'nothing' cannot stand beside something that was found", "“无”不能与其他发现并存", "findings")
    if seen.met and seen.refused:
        raise Refused("they spoke with you, or they did not want to: choose one", "已见面与拒绝走访不能同时选择", "met")
    if not seen.met and (seen.answers or seen.findings):
        raise Refused("nobody was met, and yet there are answers: take one of the two back", "未见到人却有回答，请二者择一", "met")
    if len(seen.note) > NOTE or len(seen.answered_by) > 100:
        raise Refused(f"the note has more than {NOTE} characters", f"备注超过 {NOTE} 字", "note")
    if seen.minutes is not None and not 0 <= seen.minutes <= LONGEST:
        raise Refused("a visit takes 0 to 1440 minutes", "用时应为 0 至 1440 分钟", "minutes")
    for key, answer in (seen.answers or {}).items():
        question = questions.get(key.partition(":")[0])
        if question is None or not _fits(key, question) or (question.need_to_know and not by.can("health.see")):
            raise Refused(f"'{key}' is no question of this visit", f"“{key}”不是本次走访的问题", key)
        if fault := question.fault_of(answer):
            why = {"choice": ("choose one of the answers", "请从选项中选择"), "number": ("write a number", "请填写数字"),
                   "length": ("write at most 400 characters", "不超过 400 字")}[fault]  # fmt: skip
            raise Refused(f"{question.title.en}: {why[0]}", f"{question.title.zh}：{why[1]}", key)


def _fits(key: str, question: Question) -> bool:
    """A question about a member names one; one about the family does not."""
    _code, colon, person = key.partition(":")
    return person.isdigit() and len(person) < 16 if question.subject == "person" else not colon


def _record_planned(
    number: int, version: int | None, seen: Seen, questions: Mapping[str, Question], client_key: str, by: Viewer, at: datetime
) -> Visit:
    """Compare-and-set on the version that was shown."""
    standing = visits_in_scope(by).filter(pk=number).first()
    if standing is None:
        raise Refused(*NO_VISIT)
    if MADE not in MOVES[standing.state]:
        raise _no_longer_open(standing)
    _not_too_old(seen, standing, at)
    claimed = Visit.objects.filter(pk=standing.pk, version=standing.version if version is None else version, state__in=[PLANNED, MISSED])
    if not claimed.update(version=standing.version + 1, state=MADE):
        raise _no_longer_open(Visit.objects.get(pk=standing.pk))
    standing.refresh_from_db()
    return _with_seen(standing, seen, questions, client_key, by, at)


def _record_new(
    household_id: int | None, place_id: int | None, purpose: str, about: str, seen: Seen, questions: Mapping[str, Question],
    client_key: str, by: Viewer, at: datetime,
) -> Visit:  # fmt: skip
    if purpose not in PURPOSES:
        raise Refused(f"'{purpose}' is no purpose of a visit: one of {', '.join(PURPOSES)}", f"“{purpose}”不是走访事由", "purpose")
    _not_too_old(seen, None, at)
    if household_id is not None:
        home = _homes([household_id], by)[household_id]
        origin = home.origin_place.path if home.origin_place is not None else None
        fresh = Visit(household_id=home.pk, place=home.place, path=home.place.path, origin_path=origin, door=door_of(home))
    else:
        place = Place.objects.filter(tree="scope", pk=place_id or 0).first()
        if place is None or not by.sees_path(place.path):
            raise Refused("there is no such place for you", "没有这个地点：不存在，或不在您的岗位范围内", "place")
        fresh = Visit(place=place, path=place.path)
    fresh.purpose, fresh.about, fresh.state = purpose, about, MADE
    fresh.department = sorted(by.departments)[0] if by.departments else ""
    fresh.assignee, fresh.assignee_account = by.name, by.account
    return _with_seen(fresh, seen, questions, client_key, by, at)


def _not_too_old(seen: Seen, standing: Visit | None, at: datetime) -> None:
    """Against the day it was planned for where it was, for a deployment may live in the past of its data."""
    latest = standing.due_on if standing is not None and standing.due_on is not None else None
    until = min(latest, timezone.localdate(at)) if latest is not None else None
    if until is not None and seen.made_on < until - timedelta(days=366):
        raise Refused("that is more than a year before it was due", "早于期限一年以上", "made_on")


def _with_seen(visit: Visit, seen: Seen, questions: Mapping[str, Question], client_key: str, by: Viewer, at: datetime) -> Visit:
    visit.made_on, visit.mode, visit.met, visit.refused, visit.answered_by = seen.made_on, seen.mode, seen.met, seen.refused, seen.answered_by
    visit.findings, visit.answers, visit.note, visit.minutes = list(seen.findings), dict(seen.answers or {}), seen.note, seen.minutes
    visit.coded = _coded(visit.answers, questions)
    visit.asked, visit.spared, visit.spared_count = seen.asked, list(seen.spared), len(seen.spared)
    visit.client_key, visit.recorded_by, visit.recorded_account = client_key, by.name, by.account
    visit.recorded_role, visit.recorded_at = by.role, at
    visit.save()
    return visit


def _coded(answers: Mapping[str, str], questions: Mapping[str, Question]) -> list[list[str | int | None]]:
    split = [(*key.partition(":")[::2], answer) for key, answer in answers.items()]
    return [[f"{code}_{answer}", int(person) if person else None] for code, person, answer in split if questions[code].options]


def _try_again(made: Visit, by: Viewer, at: datetime) -> Visit | None:
    """Nobody home asks for a telephone call next, nobody at the telephone for the door; once for each visit."""
    if made.household_id is None:
        return None
    standing = Visit.objects.filter(household_id=made.household_id, purpose=made.purpose, about=made.about, state=PLANNED).first()
    if standing is not None:
        return standing
    way = PHONE if made.mode == DOOR else DOOR
    assert made.made_on is not None
    return Visit.objects.create(
        household_id=made.household_id, place=made.place, path=made.path, origin_path=made.origin_path, door=made.door,
        department=made.department, purpose=made.purpose, about=made.about, why=made.why, way=way,
        due_on=made.made_on + timedelta(days=AGAIN_IN[way]), assignee=made.assignee or by.name,
        assignee_account=made.assignee_account or by.account, planned_by=by.name, planned_at=at, after=made,
    )  # fmt: skip


def _no_longer_open(visit: Visit) -> Refused:
    who = visit.recorded_by or visit.planned_by
    said = {MADE: ("was recorded", "已登记"), DROPPED: ("was dropped", "已取消"), MISSED: ("was put down as missed", "已记为未走访")}
    en, zh = said.get(visit.state, ("was changed", "已更改"))
    return Refused(f"visit {visit.pk} {en} by {who} meanwhile: look at it before you go on", f"走访 {visit.pk} {zh}（{who}），请先查看", "visit")


@transaction.atomic
def count_photos(by: Viewer, *, visit: int, photos: int) -> None:
    """How many pictures are attached to a visit, as whoever attached them counted."""
    if not visits_in_scope(by).filter(pk=visit).update(photos=photos):
        raise Refused(*NO_VISIT)


# --- not made ----------------------------------------------------------------------------------------------------------


def miss_visit(*, visit: int, reason: str, by: Viewer, at: datetime, version: int | None = None) -> Visit:
    """It was not made in its time. It can still be made later."""
    return _not_made(MISSED, visit, reason, by, at, version)


def drop_visit(*, visit: int, reason: str, by: Viewer, at: datetime, version: int | None = None) -> Visit:
    """It is not needed any more."""
    return _not_made(DROPPED, visit, reason, by, at, version)


@transaction.atomic
def _not_made(state: str, number: int, reason: str, by: Viewer, at: datetime, version: int | None) -> Visit:
    words = " ".join(reason.split())
    standing = visits_in_scope(by).filter(pk=number).first()
    if standing is None:
        raise Refused(*NO_VISIT)
    own = by.can("visits.record") and standing.assignee_account == by.account
    if not (by.can("visits.plan") or (own and state == MISSED)):
        raise Refused("only who plans visits may drop one: ask your community", "只有安排走访的岗位可以取消，请与社区联系")
    if not 2 <= len(words) <= TEXT:
        raise Refused("say why, in 2 to 400 characters", "请说明原因（2 至 400 字）", "reason")
    if state not in MOVES[standing.state]:
        raise _no_longer_open(standing)
    claimed = Visit.objects.filter(pk=number, version=standing.version if version is None else version, state=standing.state)
    if not claimed.update(state=state, reason=words, recorded_by=by.name, recorded_account=by.account, recorded_role=by.role,
                          recorded_at=at, version=standing.version + 1):  # fmt: skip
        raise _no_longer_open(Visit.objects.get(pk=number))
    record(act=f"visits.{'miss' if state == MISSED else 'drop'}", about=f"visit:{number}", by=by, at=at, detail={"reason": words})
    standing.refresh_from_db()
    return standing


# --- other hands -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handed:
    """`moved`: visits that are in other hands now. `left`: those that are not, for the receiver's post does not reach their doors."""

    moved: int
    left: tuple[int, ...]


@transaction.atomic
def reassign_visits(*, visits: Sequence[int], to: int, by: Viewer, at: datetime) -> Handed:
    """Puts planned visits into somebody's hands; those she cannot reach stay where they are."""
    if not by.can("visits.plan"):
        raise Refused(
            "your post does not plan visits: the community, the street or the bureau does", "您的岗位不安排走访：由社区、街道或移民局安排"
        )
    rows = list(visits_in_scope(by).filter(pk__in=list(visits)[:MOST_DOORS], state__in=[PLANNED, MISSED]))
    if not rows:
        raise Refused(*NO_VISIT)
    return _hand(rows, to, "visits.reassign", by, at)


@transaction.atomic
def hand_over(*, leaving: int, to: int, by: Viewer, at: datetime) -> Handed:
    """Everything planned of one worker to another, in one step; for whoever plans visits or manages accounts."""
    if leaving == to:
        raise Refused("both are the same account", "两个账号相同", "to")
    rows = Visit.objects.filter(assignee_account=leaving, state__in=[PLANNED, MISSED])
    if by.can("visits.plan"):
        rows = rows.filter(pk__in=visits_in_scope(by).values("pk"))
    elif not by.can("accounts.manage"):
        raise Refused("only who plans visits or manages accounts may hand over", "只有安排走访或管理账号的岗位可以交接")
    return _hand(list(rows), to, "visits.hand_over", by, at)


def _hand(rows: Iterable[Visit], to: int, act: str, by: Viewer, at: datetime) -> Handed:
    hand = workers(timezone.localdate(at), accounts=[to]).get(to)
    if hand is None:
        raise _cannot_go()
    theirs = [visit for visit in rows if hand.reaches(visit.path, visit.origin_path)]
    for visit in theirs:
        visit.assignee, visit.assignee_account, visit.version = hand.name, hand.account, visit.version + 1
    Visit.objects.bulk_update(theirs, ["assignee", "assignee_account", "version"], batch_size=500)
    if theirs:
        _write(act, [visit.pk for visit in theirs], by, at, {"to": to})
    gone = {visit.pk for visit in theirs}
    return Handed(len(theirs), tuple(visit.pk for visit in rows if visit.pk not in gone))


def _write(act: str, keys: Sequence[int], by: Viewer | str, at: datetime, detail: Mapping[str, str | int | bool | None]) -> None:
    """One line: about the visit, or about how many."""
    if keys:
        about = f"visit:{keys[0]}" if len(keys) == 1 else f"visits:{len(keys)}"
        record(act=act, about=about, by=by, at=at, detail={**detail, "visits": len(keys)})
