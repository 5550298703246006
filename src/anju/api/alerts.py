"""Alerts: the queues of the post, one alert with what held it back, taking on, putting off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema
from ninja.params.functions import Query

from anju.api.door import needs, viewer_of
from anju.api.facts import EvidenceOut, facts_about
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import Fault, Problem, not_here, wrong
from anju.api.shapes import LARGEST, AskedLevel, Both, Key, Level, Next, Number, PlaceShort, alike, both, path_asked, place_short
from anju.apps.alerts import actions, queries
from anju.apps.alerts.explaining import explain
from anju.apps.alerts.models import DONE, Episode, Mute
from anju.apps.alerts.queries import Filters
from anju.apps.findings.current import policy
from anju.apps.findings.need_to_know import may_know
from anju.apps.journal.actions import look
from anju.apps.people.models import Household, Person
from anju.apps.people.vault import masked_name
from anju.apps.places.models import Place
from anju.apps.places.queries import named_in_scope
from anju.core.terms.viewer import Viewer

router = Router(tags=["alerts"])
Queue = Literal["todo", "taken", "muted", "merged", "held", "reminder", "done"]
AskedQueue = Annotated[Queue, Query("todo")]
MOST = 200


class AlertOut(Schema):
    number: int
    standard: str
    title: Both
    subject: str
    level: Level
    breach: str
    breach_title: Both | None
    at_least: bool
    queue: Queue
    overdue: bool
    opened_on: date
    due_verify: date | None
    closed_on: date | None
    owner: str
    household: int | None
    household_code: str
    who: str = Field(description="The person, masked, or the key of what is neither a person nor a family.")
    place: PlaceShort | None
    lines: int = Field(description="For how many alerts of one family or site this line stands.")
    acknowledged_by: str
    acknowledged_at: datetime | None


class AlertsOut(Next):
    items: list[AlertOut]


class StageOut(Schema):
    stage: str
    holds: bool
    reason: Both


class EventOut(Schema):
    what: str
    day: date
    at: datetime
    who: str
    reason: str


class AlertFullOut(AlertOut):
    told: bool = Field(description="False where the facts are for posts that need to know them.")
    facts: list[EvidenceOut]
    stages: list[StageOut]
    events: list[EventOut]


class CountsOut(Schema):
    queues: dict[str, int]
    levels: dict[str, int] = Field(description="Of the queue asked for.")
    standards: dict[str, int]
    owners: dict[str, int]
    overdue: int
    overdue_red: int


class TakeIn(Schema, extra="forbid"):
    numbers: list[int] = Field(min_length=1, max_length=MOST)
    comment: str = Field("", max_length=400)


class TakenByOther(Schema):
    number: int
    by: str = Field(description="Who has it; empty where it is no longer to be taken on.")


class TakenOut(Schema):
    taken: list[int]
    others: list[TakenByOther]


class MuteIn(Schema, extra="forbid"):
    what: Literal["one", "family", "place"] = Field(
        description="This standard of this family; everything about this family; this standard in this place, but never red."
    )
    reason: str = Field(min_length=4, max_length=400)
    until: date


class MuteOut(Schema):
    id: int
    owner: str
    reason: str
    made_at: datetime
    until: date
    ended_at: datetime | None
    ended_by: str
    standard: str | None
    place: PlaceShort | None
    household: int | None
    hits: int = Field(description="Alerts it has held back.")


class MutesOut(Next):
    items: list[MuteOut]


@router.get("/alerts", response=AlertsOut, summary="A queue of the post, the most urgent first")
@needs("alerts.see")
def alerts(
    request: HttpRequest,
    limit: Limit,
    after: After,
    queue: AskedQueue,
    level: AskedLevel,
    standard: str | None = Query(None, max_length=8),
    department: str | None = Query(None, max_length=40),
    place: int | None = Query(None, ge=1, le=LARGEST, description="This place and everything below it."),
    overdue: bool = Query(False, description="Only what should have been verified by now."),
) -> dict[str, Any]:
    """Unless a level, a standard or overdue is asked for, one line stands for the alerts of one family or site."""
    viewer = viewer_of(request)
    filters = Filters(queue, level or "", standard or "", department or "", path_asked(viewer, place), overdue)
    rows = queries.queue(viewer, filters, after=_key(key_after(request, after), queue), limit=limit + 1)
    last = queries.key_of(rows[limit - 1]) if len(rows) > limit else None
    return page_of(request, _told(viewer, rows[:limit], by_cluster=filters.by_cluster), last)


def _key(key: list[Any] | None, queue: str) -> tuple[Any, ...] | None:
    if key is None:
        return None
    return (date.fromisoformat(key[0]), key[1]) if queue == DONE else (key[0], date.fromisoformat(key[1]), key[2])


def _told(viewer: Viewer, episodes: Sequence[Episode], *, by_cluster: bool) -> list[dict[str, Any]]:
    """Three queries for a page, however long it is."""
    homes = Household.objects.in_bulk([e.household_id for e in episodes if e.household_id is not None])
    people = Person.objects.in_bulk([e.subject_id for e in episodes if e.subject == "person"])
    places = Place.objects.in_bulk({e.place_id for e in episodes if e.place_id is not None})
    names = ("standard", "subject", "level", "breach", "at_least", "queue", "overdue", "opened_on", "due_verify", "closed_on", "owner",
             "acknowledged_by", "acknowledged_at")  # fmt: skip
    found = []
    for e in episodes:
        standard = policy().standards.get(e.standard)
        version = standard.version_on(e.seen_on) if standard is not None else None
        breach = next((b for b in version.breaches if b.name == e.breach), None) if version is not None else None
        home, place = homes.get(e.household_id or -1), places.get(e.place_id or -1)
        person = people.get(e.subject_id) if e.subject == "person" else None
        lines = e.owner_lines if viewer.departments else e.lines
        found.append(
            {
                "number": e.pk,
                **{name: getattr(e, name) for name in names},
                "title": both(standard.title) if standard else alike(e.standard),
                "breach_title": both(breach.title) if breach else None,
                "household": e.household_id,
                "household_code": home.household_code if home else "",
                "who": masked_name(person.name) if person else e.subject_key or "",
                "place": place_short(place) if place else None,
                "lines": lines if by_cluster else 1,
            }  # fmt: skip
        )
    return found


@router.get("/alerts/counts", response=CountsOut, summary="How many alerts stand where: kept numbers, nothing is counted")
@needs("alerts.see")
def alert_counts(
    request: HttpRequest, queue: AskedQueue, place: int | None = Query(None, ge=1, le=LARGEST)
) -> dict[str, Any]:  # fmt: skip
    viewer = viewer_of(request)
    tiles = queries.counts(viewer, path=path_asked(viewer, place), queue=queue)
    return {name: getattr(tiles, name) for name in ("queues", "levels", "standards", "owners", "overdue", "overdue_red")}


@router.post("/alerts/acknowledge", response=TakenOut, summary="Take alerts on, in the name of the token's account")
@needs("alerts.acknowledge")
def acknowledge(request: HttpRequest, body: TakeIn) -> dict[str, Any]:
    """Of two at once one wins, and the other is told who has it."""
    viewer, numbers = viewer_of(request), set(body.numbers)
    if any(not 1 <= number <= LARGEST for number in numbers):
        raise wrong(("body.numbers", _("are public numbers of alerts")))
    if queries.alerts_in_scope(viewer).filter(pk__in=numbers).count() != len(numbers):
        raise not_here()
    try:
        done = actions.acknowledge(numbers=sorted(numbers), by=viewer, at=timezone.now(), comment=body.comment)
    except actions.Refused:
        raise Problem("conflict") from None
    return {"taken": list(done.taken), "others": [{"number": number, "by": by} for number, by in done.others.items()]}


@router.get("/alerts/{number}", response=AlertFullOut, summary="One alert: because of what, what held it back, and what happened to it")
@needs("alerts.see")
def alert(request: HttpRequest, number: Number) -> dict[str, Any]:
    viewer = viewer_of(request)
    episode = _episode(viewer, number)
    if episode.household_id is not None:
        look(act="alert.see", about=f"household:{episode.household_id}", by=viewer, at=timezone.now(), detail={"alert": episode.pk})
    standard = policy().standards.get(episode.standard)
    told = standard is None or may_know(viewer, standard, episode.seen_on)
    stages = [
        {"stage": said.stage, "holds": said.holds, "reason": both(said.reason)} for said in explain(policy(), Path(settings.DATA), episode)
    ]
    events = [{name: getattr(event, name) for name in ("what", "day", "at", "who", "reason")} for event in queries.events_of(viewer, episode)]
    row = _told(viewer, [episode], by_cluster=False)[0]
    return {
        **row,
        "told": told,
        "facts": facts_about(viewer, episode.standard, episode.subject_id) if told and episode.state == "open" else [],
        "stages": stages,
        "events": events,
    }


def _episode(viewer: Viewer, number: int) -> Episode:
    found = queries.alert(viewer, number)
    if found is None:
        raise not_here()
    return found


@router.get("/mutes", response=MutesOut, summary="What is put off in the places of the post, by whom and until when")
@needs("alerts.see")
def mutes(request: HttpRequest, limit: Limit, after: After, standing: bool = Query(True, description="Only those not ended.")) -> dict[str, Any]:
    viewer = viewer_of(request)
    found = queries.mutes_in_scope(viewer)
    if standing:
        found = found.filter(ended_at=None)
    key = key_after(request, after)
    if key is not None:
        found = found.filter(pk__lt=key[0])
    rows = list(found.order_by("-pk")[: limit + 1])
    return page_of(request, _mutes(viewer, rows[:limit]), [rows[limit - 1].pk] if len(rows) > limit else None)


def _mutes(viewer: Viewer, rows: Sequence[Mute]) -> list[dict[str, Any]]:
    places = named_in_scope(viewer, [_place_of(one) for one in rows])
    names = ("owner", "reason", "made_at", "until", "ended_at", "ended_by", "hits")
    return [
        {"id": one.pk, **{name: getattr(one, name) for name in names}, "standard": one.standard or None, "household": one.household_id,
         "place": place_short(place) if (place := places.get(_place_of(one))) else None}
        for one in rows
    ]  # fmt: skip


def _place_of(one: Mute) -> int:
    return int(one.path.rstrip("/").rpartition("/")[2] or 0)


@router.post("/alerts/{number}/mute", response={201: MuteOut}, summary="Put reminders off, from one alert, for a reason and until a day")
@needs("alerts.mute")
def mute(request: HttpRequest, number: Number, body: MuteIn) -> dict[str, Any]:
    """The clock runs on, and red is put off for one family only."""
    viewer = viewer_of(request)
    episode = _episode(viewer, number)
    if body.what != "place" and episode.household_id is None:
        raise wrong(("body.what", _("must be 'place': this alert is about no family")))
    standard = "" if body.what == "family" else episode.standard
    household = None if body.what == "place" else episode.household_id
    day = actions.today() or timezone.localdate()
    faults = actions.mute_faults(policy(), viewer, day, reason=body.reason, until=body.until, path=episode.path, standard=standard)
    if faults:
        raise Problem("invalid", faults=[Fault(_where(fault), fault) for fault in faults])
    made = actions.mute(
        policy(), Path(settings.DATA), by=viewer, at=timezone.now(), reason=body.reason, until=body.until, path=episode.path,
        standard=standard, household=household,
    )  # fmt: skip
    return _mutes(viewer, [made])[0]


def _where(fault: str) -> str:
    """Which field a refusal of the action is about."""
    return "body.reason" if fault.startswith("a reason") else "body.what" if "place" in fault else "body.until"


@router.post("/mutes/{key}/end", response=MuteOut, summary="End a mute before its day")
@needs("alerts.mute")
def unmute(request: HttpRequest, key: Key) -> dict[str, Any]:
    viewer = viewer_of(request)
    if not queries.mutes_in_scope(viewer).filter(pk=key).exists():
        raise not_here()
    try:
        ended = actions.unmute(policy(), Path(settings.DATA), key=key, by=viewer, at=timezone.now())
    except actions.Refused:
        raise Problem("conflict") from None
    return _mutes(viewer, [ended])[0]
