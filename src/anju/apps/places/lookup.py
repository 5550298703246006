"""Places by their keys, for whoever knows already that they may be told."""

from __future__ import annotations

from django.db.models import QuerySet

from anju.apps.places.models import Place
from anju.apps.prepared.queries import keyed, prepared

places_by_key = keyed(Place.objects.all())


@prepared
def children_of(key: int) -> QuerySet[Place]:
    """The places right below one."""
    return Place.objects.filter(parent=key)


@prepared
def roots() -> QuerySet[Place]:
    """Where our own tree begins: the whole programme."""
    return Place.objects.filter(parent=None, tree="scope")


def name_of_code(code: str) -> str:
    """What the place of our own tree with a code is called; '' where there is none."""
    return _name.first(code) or ""


@prepared
def _name(code: str) -> QuerySet[Place, str]:
    return Place.objects.filter(tree="scope", code=code).order_by("pk").values_list("name", flat=True)[:1]
