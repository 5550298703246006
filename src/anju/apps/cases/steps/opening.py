"""How a case comes to be: from an alert that a run sent out, or from trouble that somebody told of. And what later runs do to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from anju.apps.alerts.models import CLEARED, OPEN, TAKEN, TODO, Episode
from anju.apps.cases.models import Case, CaseAlert, CaseEvent, LookBack
from anju.apps.cases.moving import PLATFORM, begin_by_platform, finish, happened, one_at_a_time, write
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import casework, due, handle_due, today, verify_clock
from anju.apps.cases.standing import count_moved, keys_of, settle
from anju.apps.cases.telling import Moved, tell_of_step
from anju.apps.cases.told import OPENED, ROSE
from anju.apps.journal.actions import record
from anju.apps.people.models import Household
from anju.core.casework.states import ALERTED, CLOSED
from anju.core.casework.states import OPEN as OPEN_STATES
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer

BATCH = 2_000
ALERT = "alert"
CHANNELS = ("declared", "assisted", "visit", "hotline", "transfer", "lead", "instruction")


@dataclass(frozen=True, slots=True)
class Followed:
    """How many cases a run opened, reopened, to how many it attached another alert, and what it changed of those that stand."""

    opened: int = 0
    reopened: int = 0
    attached: int = 0
    rose: int = 0
    eased: int = 0
    over: int = 0

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}

    def line(self) -> str:
        return "cases: " + ", ".join(f"{n} {name}" for name, n in self.as_dict().items())


def follow_alerts(*, at: datetime) -> Followed:
    """Brings the cases up to the alerts, after a run was followed or alerts were released. Twice changes nothing.

    What was sent out (yellow and graver; not merged, muted or held) and has no case gets one: the open case of the same subject and
    standard takes it in; one closed no longer ago than its look-back is reopened, with lineage; else a new one opens. A site alert is one
    case. Blue opens none. Each batch is one
    transaction: whoever is interrupted goes on where it stopped, and nobody waits for all of it."""
    opened = reopened = attached = 0
    day = today()
    while (done := _take_in_some(day, at)) is not None:
        opened, reopened, attached = opened + done[0], reopened + done[1], attached + done[2]
    rose, eased, over = _follow_changes(day, at)
    return Followed(opened, reopened, attached, rose, eased, over)


@transaction.atomic
def _take_in_some(day: date, at: datetime) -> tuple[int, int, int] | None:
    one_at_a_time()
    held = CaseAlert.objects.filter(episode_id=OuterRef("pk"))
    waiting = Episode.objects.filter(state=OPEN, queue__in=[TODO, TAKEN], rank__gte=RANK["yellow"]).exclude(Exists(held))
    some = list(waiting.order_by("pk")[:BATCH])
    return _take_in(some, day, at) if some else None


def _take_in(episodes: Sequence[Episode], day: date, at: datetime) -> tuple[int, int, int]:
    keys = {(episode.standard, episode.subject_id) for episode in episodes}
    known = _latest(keys)
    new: list[Case] = []
    alerts: list[CaseAlert] = []
    reopened = attached = 0
    for episode in episodes:
        key = (episode.standard, episode.subject_id)
        before = known.get(key)
        if before is not None and before.state in OPEN_STATES:
            case, attached = before, attached + 1
        elif before is not None and _relapses(before, day):
            case, reopened = reopen_case(before, at=at, by=PLATFORM, reason="", why="relapse", episode=episode), reopened + 1
        else:
            case = known[key] = _of_alert(episode, before, day, at)
            new.append(case)
        alerts.append(CaseAlert(case=case, episode_id=episode.pk, attached_on=day))
    _write_new(new, at)
    CaseAlert.objects.bulk_create(alerts, BATCH)
    return len(new), reopened, attached


def _latest(keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Case]:
    """Of each standard and subject the case that is open, else the latest that is over."""
    found: dict[tuple[str, int], Case] = {}
    for case in Case.objects.filter(standard__in={k for k, _ in keys}, subject_id__in={k for _, k in keys}).order_by("pk"):
        key = (case.standard, case.subject_id)
        if key in keys and (key not in found or found[key].state not in OPEN_STATES):
            found[key] = case
    return found


def _relapses(before: Case, day: date) -> bool:
    """Whether trouble of the same kind is the closed case again: within its look-back."""
    return before.state == CLOSED and before.watch_until is not None and day <= before.watch_until


def _of_alert(episode: Episode, before: Case | None, day: date, at: datetime) -> Case:
    verify_due = episode.due_verify or due(day, verify_clock(episode.standard, episode.breach, episode.level, day))
    return Case(
        standard=episode.standard, subject=episode.subject, subject_id=episode.subject_id, subject_key=episode.subject_key,
        household_id=episode.household_id, place_id=episode.place_id, path=episode.path, origin_path=episode.origin_path,
        owner=episode.owner, households=episode.households, source=ALERT, state=ALERTED, level=episode.level, rank=episode.rank,
        found_level=episode.level, found_rank=episode.rank, breach=episode.breach, opened_on=day, opened_at=at, verify_due=verify_due,
        follows=before,
    )  # fmt: skip


def _write_new(cases: Sequence[Case], at: datetime) -> None:
    """New cases with their counts, an event each, and one line of the journal for all of a batch."""
    if not cases:
        return
    day = today()
    for case in cases:
        settle(case, day, asked=frozenset(), approved=frozenset())
    Case.objects.bulk_create(cases, BATCH)
    happened(cases, "opened", at=at)
    count_moved([], [key for case in cases for key in keys_of(case)])
    record(act="cases.open", about=f"case:{cases[0].pk}", by=PLATFORM, at=at, detail={"n": len(cases), "last": cases[-1].pk})
    tell_of_step([Moved(case, "") for case in cases], OPENED, by=PLATFORM, at=at)


@transaction.atomic
def open_told(
    *, household_id: int | None, place_id: int | None, path: str, origin_path: str | None, standard: str, owner: str, level: str,
    channel: str, receipt: str, words: str, by: Viewer, at: datetime,
) -> Case:  # fmt: skip
    """A case of what somebody told of (a declaration, a find, the hotline, another level, a lead, an instruction). Where one is open about
    the same subject and standard, what was told goes into that; one closed within its look-back opens again. `standard` may be '': then
    people judge it, no data."""
    if channel not in CHANNELS:
        raise Refused(f"'{channel}' is no channel: one of {', '.join(CHANNELS)}", f"没有“{channel}”这一渠道")
    if not by.sees_path(path):
        raise Refused("that place lies outside your post", "该地点不在您的岗位范围内")
    subject, subject_id = ("household", household_id) if household_id is not None else ("community", place_id)
    if subject_id is None:
        raise Refused("say which family or place it is about", "请说明涉及的家庭或地点")
    if level not in casework().clocks:
        raise Refused(f"a {level} matter is a reminder and opens no case: choose {', '.join(casework().clocks)}", "蓝色仅作提醒，不建立帮扶事项")
    one_at_a_time()
    day = today()
    before = _latest({(standard, subject_id)}).get((standard, subject_id)) if standard else None
    if before is not None and before.state in OPEN_STATES:
        happened([before], "told", at=at, by=by, reason=words, detail={"channel": channel, "receipt": receipt})
        record(act="cases.tell", about=f"case:{before.pk}", by=by, at=at, detail={"channel": channel, "receipt": receipt})
        return before
    if before is not None and _relapses(before, day):
        happened([before], "told", at=at, by=by, reason=words, detail={"channel": channel, "receipt": receipt})
        return reopen_case(before, at=at, by=by, reason=words, why="told")
    case = Case(
        standard=standard, subject=subject, subject_id=subject_id, household_id=household_id, place_id=place_id, path=path,
        origin_path=origin_path, owner=owner, source=channel, receipt=receipt, words=words[:1_000], state=ALERTED, level=level,
        rank=RANK[level], found_level=level, found_rank=RANK[level], opened_on=day, opened_at=at,
        verify_due=due(day, verify_clock(standard, "", level, day)), follows=before,
    )  # fmt: skip
    settle(case, day, asked=frozenset(), approved=frozenset())
    case.save(force_insert=True)
    happened([case], "opened", at=at, by=by, reason=words, detail={"channel": channel, "receipt": receipt})
    count_moved([], keys_of(case))
    record(act="cases.open", about=f"case:{case.pk}", by=by, at=at, detail={"channel": channel, "receipt": receipt})
    tell_of_step([Moved(case, "")], OPENED, by=by, at=at)
    return case


def origin_of(household_id: int) -> str | None:
    """The path a family came from, for the posts of its origin."""
    return Household.objects.filter(pk=household_id).values_list("origin_place__path", flat=True).first()


# --- what later runs do ------------------------------------------------------------------------------------------------------


def _follow_changes(day: date, at: datetime) -> tuple[int, int, int]:
    """Severity rises by itself; eased, cleared or ended alerts are written beside the case and close nothing. One query finds the cases
    that have changed; only these are read and written."""
    names = ("state", "rank", "level", "breach", "eased_since", "doubted_since")
    kept = ("found_rank", "eased_since", "doubted_since", "over_since")
    found: dict[int, list[tuple[Any, ...]]] = {}
    links = CaseAlert.objects.filter(case__state__in=OPEN_STATES).order_by("case_id", "pk")
    for key, *values in links.values_list("case_id", *(f"episode__{name}" for name in names), *(f"case__{name}" for name in kept)).iterator():
        found.setdefault(key, []).append(tuple(values))
    changed: list[int] = []
    for key, rows in found.items():
        seen = _seen([row[:6] for row in rows], day, rows[0][7])
        rank, eased, doubted, over = rows[0][6:]
        if (max(rank, seen.rank), seen.eased, seen.doubted, bool(seen.over)) != (rank, eased, doubted, bool(over)):
            changed.append(key)
    told = [_change_some(changed[first : first + BATCH], day, at) for first in range(0, len(changed), BATCH)]
    return sum(one[0] for one in told), sum(one[1] for one in told), sum(one[2] for one in told)


@transaction.atomic
def _change_some(numbers: Sequence[int], day: date, at: datetime) -> tuple[int, int, int]:
    """What the alerts of these cases say now, written beside them; read again, for somebody may have been faster."""
    one_at_a_time()
    names = ("state", "rank", "level", "breach", "eased_since", "doubted_since")
    links = CaseAlert.objects.filter(case__in=numbers).order_by("case_id", "pk")
    found: dict[int, list[tuple[Any, ...]]] = {}
    for key, *values in links.values_list("case_id", *(f"episode__{name}" for name in names)):
        found.setdefault(key, []).append(tuple(values))
    told: dict[str, list[Case]] = {"rose": [], "eased": [], "over": []}
    for case in Case.objects.select_for_update().filter(pk__in=numbers, state__in=OPEN_STATES).order_by("pk"):
        _change(case, _seen(found[case.pk], day, case.eased_since), day, told)
    for what, cases in told.items():
        happened(cases, what, at=at)
    tell_of_step([Moved(case, case.waits_on) for case in told["rose"]], ROSE, by=PLATFORM, at=at)
    return len(told["rose"]), len(told["eased"]), len(told["over"])


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a case's alerts come to: the gravest that stands, since when it is eased or doubted, and since when none stands."""

    rank: int
    level: str
    breach: str
    eased: date | None
    doubted: date | None
    over: date | None


def _seen(episodes: Sequence[tuple[Any, ...]], day: date, eased: date | None) -> _Seen:
    """`eased`: since when the case is eased already, as it is written."""
    alive = [one for one in episodes if one[0] == OPEN]
    if not alive:
        last = episodes[-1]
        return _Seen(0, last[2], last[3], last[4] or ((eased or day) if last[0] == CLEARED else None), None, day)
    worst = max(alive, key=lambda one: int(one[1]))
    return _Seen(worst[1], worst[2], worst[3], worst[4], worst[5], None)


def _change(case: Case, seen: _Seen, day: date, told: dict[str, list[Case]]) -> None:
    counted, version, rank = keys_of(case), case.version, case.rank
    if seen.eased and not case.eased_since:
        told["eased"].append(case)
    if seen.over and not case.over_since:
        told["over"].append(case)
    case.over_since = (case.over_since or seen.over) if seen.over else None
    case.eased_since, case.doubted_since = seen.eased, seen.doubted
    if seen.rank > case.found_rank:
        _rise(case, seen.rank, seen.level, seen.breach, day)
    if case.rank > rank:
        told["rose"].append(case)
    settle(case, day)
    case.version += 1
    write(case, version)
    count_moved(counted, keys_of(case))


def _rise(case: Case, rank: int, level: str, breach: str, day: date) -> None:
    """Graver than any run ever found: the level rises, whatever judgement said before; what is wanted is wanted sooner, never later."""
    case.found_rank, case.found_level, case.breach = rank, level, breach
    if rank > case.rank:
        case.rank, case.level = rank, level
        sooner = due(day, verify_clock(case.standard, breach, level, day))
        case.verify_due = min(case.verify_due or sooner, sooner)
        if case.handle_due is not None:
            case.handle_due = min(case.handle_due, handle_due(case.standard, breach, level, day))
        case.ready_on = None  # a graver level asks for more: the gate is looked at anew


def reopen_case(case: Case, *, at: datetime, by: Viewer, reason: str, why: str, episode: Episode | None = None) -> Case:
    """A closed case opens again under its number, with all that happened before; a new round of handling begins."""
    taken = begin_by_platform(case, "reopen")
    day = today()
    if episode is not None:  # found anew; what judgement had lowered does not bind it, and a graver level stays until judged
        case.breach, case.found_level, case.found_rank = episode.breach, episode.level, episode.rank
        if episode.rank > case.rank:
            case.level, case.rank = episode.level, episode.rank
    handler = case.assignee
    case.reopened, case.reopened_on, case.round = case.reopened + 1, day, case.round + 1
    case.assignee, case.assignee_name, case.assigned_at = None, "", None
    for name in ("verified_at", "judged_at", "judged_by", "measured_on", "fed_back_at", "fed_back_on", "observed_since", "ready_on", "closed_on",
                 "closed_at", "watch_until", "judge_due", "handle_due", "close_due", "eased_since", "doubted_since", "over_since",
                 "seen_run"):  # fmt: skip
        setattr(case, name, None)
    case.judgement = case.end = case.end_cause = case.signed_by = case.clearing = ""
    case.observing = case.fresh = case.extended = case.contested = False
    case.escalated = 0
    case.verify_due = due(day, verify_clock(case.standard, case.breach, case.level, day))
    LookBack.objects.filter(case=case, kind=LookBack.SCHEDULED, done_at=None).delete()  # planned anew when it closes again
    detail = {"why": why, "episode": episode.pk if episode is not None else None, "round": case.round}
    taken.concerned = frozenset([handler] if handler is not None else [])
    return finish(taken, by=by, at=at, reason=reason, detail=detail)


def last_opened(case: Case) -> CaseEvent | None:
    return CaseEvent.objects.filter(case=case, what__in=["opened", "reopen"]).order_by("-pk").first()
