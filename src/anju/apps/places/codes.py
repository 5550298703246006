"""Places by code, keys for new rows, and names without the office that administers them."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import Max, Model

from anju.apps.places.models import Place, PlaceCode
from anju.apps.places.succession import STATISTICAL, common_place, ends_of, known_successors

SCOPE = "scope"
OFFICES = re.compile(r"(?<=.)(居民委员会|村民委员会|居委会|村委会|办事处)$")
KINDS = re.compile(r"(?<=..)(街道|社区|民族乡|镇|乡|村|县|市|区)$")
LOCK = 0x616E6A75  # any number, the same wherever keys are given out


def one_writer() -> None:
    """Others who ask for this wait until the transaction under way ends. On SQLite a transaction is alone by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def first_free(model: type[Model]) -> int:
    """The next key of a table, to be used in the transaction under way; others who ask wait until it ends."""
    one_writer()
    return int(model._default_manager.aggregate(most=Max("id"))["most"] or 0) + 1


def plain_name(name: str) -> str:
    """'东湖街道办事处' and '东湖街道' are one name."""
    return OFFICES.sub("", "".join(name.split()))


def stem(name: str) -> str:
    """'兴仁' of '兴仁县' and '兴仁市': what stays when the rank of a place changes."""
    return KINDS.sub("", plain_name(name))


def place_codes(*, scope_only: bool = False) -> dict[str, int]:
    """Every code a place ever had -> its key, following what is known to have become of it.

    A code known in both trees means the place of the scope tree: that is the one households belong to. Of a scope
    tree's places with one code the lowest is meant. A doubtful succession is not followed. A place that was split
    is, as far as can be said, the lowest place above all that it became."""
    found: dict[str, int] = {}
    rows = PlaceCode.objects.filter(scheme=SCOPE).order_by("valid_from").values_list("code", "place_id", "place__path")
    for code, place, _ in sorted(rows, key=lambda row: row[2].count("/")):
        found[code] = place
    statistical: dict[str, tuple[int, str]] = {}
    standing = set(found)
    if not scope_only:
        dated = PlaceCode.objects.filter(scheme=STATISTICAL).order_by("valid_from")
        for code, place, path, until in dated.values_list("code", "place_id", "place__path", "valid_to"):
            statistical[code] = (place, path)
            if until is None:
                standing.add(code)
    became = known_successors()
    scope = dict(found)
    for code in [*became, *statistical]:
        if code not in found:
            key = _key_of(ends_of(code, became, standing), scope, statistical)
            if key is None and code in statistical:
                key = statistical[code][0]
            if key is not None:
                found[code] = key
    return found


def _key_of(ends: tuple[str, ...], scope: dict[str, int], statistical: dict[str, tuple[int, str]]) -> int | None:
    keys = {scope.get(end, statistical[end][0] if end in statistical else None) for end in ends} - {None}
    if len(keys) > 1:
        return common_place([statistical[end][1] for end in ends if end in statistical])
    return next(iter(keys), None)


def scope_paths() -> dict[int, str]:
    return dict(Place.objects.filter(tree=SCOPE).values_list("id", "path"))
