"""Shapes that several objects share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from ninja.params.functions import Path, Query

from anju.api.problems import not_here
from anju.apps.places.models import Place
from anju.apps.places.queries import place_in_scope
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Title
from anju.core.terms.viewer import Viewer

Level = Literal["red", "orange", "yellow", "blue"]
AskedLevel = Annotated[Level | None, Query(None)]
LARGEST = 2**63 - 1
Key = Annotated[int, Path(ge=1, le=LARGEST)]
Number = Annotated[int, Path(ge=1, le=LARGEST, description="The alert's public number.")]
CaseNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The case's public number.")]


class Both(Schema):
    """A text in both languages."""

    en: str
    zh: str


class PlaceShort(Schema):
    id: int
    code: str
    name: str
    level: str


class Next(Schema):
    """`next` is the address of the page that follows, with every filter kept; null on the last."""

    next: str | None


def both(text: Bilingual | Title) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def alike(text: str) -> dict[str, str]:
    """What is written the same in both languages."""
    return {"en": text, "zh": text}


def place_short(place: Place) -> dict[str, Any]:
    return {"id": place.pk, "code": place.code, "name": place.name, "level": place.level}


def path_asked(viewer: Viewer, place: int | None) -> str:
    """The path of the place that a list is narrowed to; '' for all. Raises Problem for one outside the post, as for none."""
    found = place_in_scope(viewer, place) if place is not None else None
    if place is not None and found is None:
        raise not_here()
    return found.path if found is not None else ""
