"""Places of the post and below: the tree, search by code or name, and what became of codes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.params.functions import Query

from anju.api.door import ANY, needs, viewer_of
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import not_here
from anju.api.shapes import LARGEST, Key, Next, PlaceShort, place_short
from anju.apps.places.models import PlaceCode, Succession
from anju.apps.places.queries import place_in_scope, places_in_scope, way_to
from anju.apps.places.succession import KIND

router = Router(tags=["places"])


class PlaceOut(PlaceShort):
    parent: int | None
    is_unit: bool


class PlacesOut(Next):
    items: list[PlaceOut]


class CodeOut(Schema):
    scheme: str
    code: str
    name: str
    valid_from: date
    valid_to: date | None


class PlaceFullOut(PlaceOut):
    way: list[PlaceShort]
    codes: list[CodeOut]


class SuccessionOut(Schema):
    from_code: str
    to_code: str
    how: str
    on: date
    doubtful: bool


class SuccessionsOut(Next):
    items: list[SuccessionOut]


@router.get("/places", response=PlacesOut, summary="Places, from the top of the post's own downwards")
@needs(ANY)
def places(
    request: HttpRequest,
    limit: Limit,
    after: After,
    code: str | None = Query(None, max_length=32, description="A code that the place has now or had once."),
    name: str | None = Query(None, min_length=1, max_length=100, description="How the name begins."),
    level: str | None = Query(None, max_length=32, description="unit, street, community, grid, building …"),
    below: int | None = Query(None, ge=1, le=LARGEST, description="Only what lies right below this place."),
) -> dict[str, Any]:
    found = places_in_scope(viewer_of(request))
    if code is not None:
        found = found.filter(Q(code=code) | Q(pk__in=PlaceCode.objects.filter(code=code).values("place_id")))
    if name is not None:
        found = found.filter(name__startswith=name)
    if level is not None:
        found = found.filter(level=level)
    if below is not None:
        found = found.filter(parent_id=below)
    key = key_after(request, after)
    if key is not None:
        found = found.filter(path__gt=key[0])
    rows = list(found.order_by("path")[: limit + 1])
    items = [{**place_short(place), "parent": place.parent_id, "is_unit": place.is_unit} for place in rows[:limit]]
    return page_of(request, items, [rows[limit - 1].path] if len(rows) > limit else None)


@router.get("/places/{key}", response=PlaceFullOut, summary="One place, the way to it, and every code it had")
@needs(ANY)
def place(request: HttpRequest, key: Key) -> dict[str, Any]:
    viewer = viewer_of(request)
    found = place_in_scope(viewer, key)
    if found is None:
        raise not_here()
    codes = PlaceCode.objects.filter(place=found).order_by("scheme", "valid_from")
    kept = [{name: getattr(code, name) for name in ("scheme", "code", "name", "valid_from", "valid_to")} for code in codes]
    way = [place_short(above) for above in way_to(viewer, found)[:-1]]
    return {**place_short(found), "parent": found.parent_id, "is_unit": found.is_unit, "way": way, "codes": kept}


@router.get("/successions", response=SuccessionsOut, summary="What became of official codes: renamed, split, merged")
@needs(ANY)
def successions(
    request: HttpRequest,
    limit: Limit,
    after: After,
    code: str | None = Query(None, max_length=64, description="Only what led to or from this code."),
) -> dict[str, Any]:
    """Of public lists, and the same for everybody. A doubtful one is a guess that nobody has confirmed: it is not followed."""
    found = Succession.objects.filter(kind=KIND)
    if code is not None:
        found = found.filter(Q(from_key=code) | Q(to_key=code))
    key = key_after(request, after)
    if key is not None:
        found = found.filter(pk__gt=key[0])
    rows = list(found.order_by("pk")[: limit + 1])
    items = [{"from_code": r.from_key, "to_code": r.to_key, "how": r.how, "on": r.on, "doubtful": r.doubtful} for r in rows[:limit]]
    return page_of(request, items, [rows[limit - 1].pk] if len(rows) > limit else None)
