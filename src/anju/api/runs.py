"""Runs, and what they counted: how far each standard is kept, and how families stand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.params.functions import Query

from anju.api.door import needs, viewer_of
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import Problem, not_here
from anju.api.shapes import LARGEST, Both, Key, Next, PlaceShort, both, place_short
from anju.apps.findings.models import FamilyCount, Run
from anju.apps.findings.queries import attainment_by_place, current_run, family_counts
from anju.apps.places.models import Place
from anju.apps.places.queries import place_in_scope, places_below, places_of
from anju.core.terms.viewer import Viewer
from anju.tasks.actions import queue_run
from anju.tasks.kinds import KINDS
from anju.tasks.models import Ticket
from anju.tasks.queries import seen, visible

router = Router(tags=["runs"])


class RunOut(Schema):
    id: int
    day: date = Field(description="The day judged.")
    known_at: datetime = Field(description="With what was known then.")
    started_at: datetime
    finished_at: datetime
    replay: bool = Field(description="Of a day before the current one: it changed no finding.")
    current: bool
    policy: str = Field(description="Digest of the rules it judged by.")


class RunsOut(Next):
    items: list[RunOut]


class AttainmentOut(Schema):
    standard: str
    place: PlaceShort
    met: int
    breached: int
    unknown: int
    not_applicable: int


class AttainmentsOut(Next):
    items: list[AttainmentOut]


class FamiliesOut(Schema):
    place: PlaceShort
    in_place: int
    put_right: int
    not_known: int
    lights: dict[str, int] = Field(description="Such as 'water:out', 'water:not_known', 'water:on'.")


class FamilyCountsOut(Next):
    items: list[FamiliesOut]


class TaskOut(Schema):
    number: int
    kind: str
    title: Both
    state: str = Field(description="waiting, running, done, given up or cancelled.")
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    step: str
    done: int = Field(description="How far the present step is, of 'of'; 0 of 0 where it does not say.")
    of: int
    reason: str = Field(description="Why the last attempt came to nothing.")


@router.get("/runs", response=RunsOut, summary="Runs that ended, the latest first")
@needs("standards.see")
def runs(request: HttpRequest, limit: Limit, after: After) -> dict[str, Any]:
    found = Run.objects.filter(finished_at__isnull=False)
    key = key_after(request, after)
    if key is not None:
        found = found.filter(pk__lt=key[0])
    rows = list(found.order_by("-pk").defer("counts", "seconds")[: limit + 1])
    return page_of(request, [_told(run) for run in rows[:limit]], [rows[limit - 1].pk] if len(rows) > limit else None)


@router.post("/runs", response={202: TaskOut}, summary="Judge as of today: it is put into the queue of the workers")
@needs("runs.start")
def start_run(request: HttpRequest, response: HttpResponse) -> Status[Any]:
    """Asked for again before it has begun, it is the same task. Ask the address in Location how far it is."""
    made = queue_run(by=viewer_of(request), at=timezone.now())
    response["Location"] = f"/api/v1/tasks/{made.pk}"
    return Status(202, _task(made))


@router.get("/tasks/{key}", response=TaskOut, summary="How far a run that this account asked for is")
@needs("runs.start")
def task(request: HttpRequest, key: Key) -> dict[str, Any]:
    found = visible(viewer_of(request)).filter(pk=key, kind="run").first()
    if found is None:
        raise not_here()
    return _task(found)


def _task(one: Ticket) -> dict[str, Any]:
    told, names = (
        seen(one),
        ("number", "kind", "state", "asked_by", "asked_at", "started_at", "ended_at", "attempts", "step", "done", "of", "reason"),
    )
    return {"title": both(KINDS[one.kind].title), **{name: getattr(told, name) for name in names}}


@router.get("/runs/current", response=RunOut, summary="The run whose findings stand")
@needs("standards.see")
def run_current(request: HttpRequest) -> dict[str, Any]:
    return _told(current_or_not_ready())


@router.get("/runs/{key}", response=RunOut, summary="One run")
@needs("standards.see")
def run(request: HttpRequest, key: Key) -> dict[str, Any]:
    return _told(_ended(key))


@router.get("/runs/{key}/attainment", response=AttainmentsOut, summary="How far each standard is kept in a place, in one run")
@needs("standards.see")
def run_attainment(
    request: HttpRequest,
    key: Key,
    limit: Limit,
    after: After,
    standard: str | None = Query(None, max_length=8),
    place: int | None = Query(None, ge=1, le=LARGEST, description="By default the place of the post."),
    below: bool = Query(False, description="The places right below it, too."),
) -> dict[str, Any]:
    viewer, found = viewer_of(request), _ended(key)
    places = _places(viewer, place, below=below)
    counted = attainment_by_place(viewer, found, places.values(), standard)
    last = key_after(request, after)
    rows = [one for one in counted if last is None or [one.standard, one.place_id] > last]
    items = [
        {"standard": one.standard, "place": place_short(places[one.place_id]), "met": one.met, "breached": one.breached, "unknown": one.unknown,
         "not_applicable": one.not_applicable}
        for one in rows[:limit]
    ]  # fmt: skip
    return page_of(request, items, [rows[limit - 1].standard, rows[limit - 1].place_id] if len(rows) > limit else None)


@router.get("/runs/{key}/families", response=FamilyCountsOut, summary="How families stand in a place, in one run")
@needs("situation.see")
def run_families(
    request: HttpRequest,
    key: Key,
    place: int | None = Query(None, ge=1, le=LARGEST, description="By default the place of the post."),
    below: bool = Query(False, description="The places right below it, too."),
) -> dict[str, Any]:
    viewer, found = viewer_of(request), _ended(key)
    places = _places(viewer, place, below=below)
    counts = family_counts(viewer, found, places.values())
    items = []
    for pk, one in places.items():
        n = counts.get(pk) or FamilyCount(place_id=pk)
        items.append({"place": place_short(one), "in_place": n.in_place, "put_right": n.put_right, "not_known": n.not_known, "lights": n.lights})
    return page_of(request, items, None)


def current_or_not_ready() -> Run:
    found = current_run()
    if found is None:
        raise Problem("not-ready")
    return found


def _ended(key: int) -> Run:
    found = Run.objects.filter(pk=key, finished_at__isnull=False).first()
    if found is None:
        raise not_here()
    return found


def _places(viewer: Viewer, key: int | None, *, below: bool) -> dict[int, Place]:
    top = place_in_scope(viewer, key) if key is not None else next(iter(places_of(viewer)), None)
    if top is None:
        raise not_here()
    return {one.pk: one for one in (top, *(places_below(viewer, top) if below else ()))}


def _told(one: Run) -> dict[str, Any]:
    names = ("day", "known_at", "started_at", "finished_at", "replay", "current")
    return {"id": one.pk, **{name: getattr(one, name) for name in names}, "policy": one.policy_digest}
