"""Reads of places. The viewer comes first: nothing beside or above the places of her post is told."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer


def places_of(viewer: Viewer) -> list[Place]:
    """The places of the post itself, of those who live there now; none for a stranger."""
    return list(Place.objects.filter(tree="scope", path__in=viewer.scopes).order_by("path")) if viewer.scopes else []


def place_in_scope(viewer: Viewer, key: int) -> Place | None:
    """The place, or None where it does not exist or lies outside: nobody can tell which."""
    found = Place.objects.filter(tree="scope", pk=key).first()
    return found if found is not None and viewer.sees_path(found.path) else None


def places_below(viewer: Viewer, place: Place) -> list[Place]:
    """The places right below one, by code."""
    if not viewer.sees_path(place.path):
        return []
    return list(Place.objects.filter(tree="scope", parent=place).order_by("code"))


def way_to(viewer: Viewer, place: Place) -> list[Place]:
    """The places above one, from the top of what the viewer sees down to it."""
    keys = [int(part) for part in place.path.strip("/").split("/")]
    found = Place.objects.filter(tree="scope", pk__in=keys)
    return sorted((above for above in found if viewer.sees_path(above.path)), key=lambda above: len(above.path))


def named_in_scope(viewer: Viewer, keys: Iterable[int]) -> dict[int, Place]:
    """Those of the places named that the viewer sees."""
    inside = Q(pk__in=[])
    for scope in viewer.scopes:
        inside |= Q(path__gte=scope, path__lt=scope[:-1] + chr(ord("/") + 1))
    return Place.objects.filter(inside, tree="scope").in_bulk(set(keys))


def places_in_scope(viewer: Viewer) -> QuerySet[Place]:
    """The places of the post and everything below them; none for a stranger."""
    inside = Q(pk__in=[])
    for scope in viewer.scopes:
        inside |= Q(path__gte=scope, path__lt=scope[:-1] + chr(ord("/") + 1))
    return Place.objects.filter(inside, tree="scope")
