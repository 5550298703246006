"""What lies in a viewer's places, as conditions on an indexed column of paths ('/1/4/17/'): a place and all below it are one range."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from anju.core.terms.viewer import Viewer


def end_of(path: str) -> str:
    """The first path after all that lie below `path`."""
    return path[:-1] + chr(ord("/") + 1)


def keys_of(paths: Collection[str]) -> list[int]:
    """The places that paths end in; 0, which is none, for that of everything."""
    return [int(path.rstrip("/").rpartition("/")[2] or 0) for path in paths]


Ranges = tuple[tuple[str, str], ...]
"""(first path, first path after it) of each place: what a prepared query takes, that cannot reckon the second from the first."""


def ranges_of(viewer: Viewer) -> tuple[Ranges, Ranges]:
    """Of the viewer's places where people live, and of those whence they came."""
    return tuple((path, end_of(path)) for path in viewer.scopes), tuple((path, end_of(path)) for path in viewer.origins)


def inside(viewer: Viewer, prefix: str = "") -> Q:
    """Of rows with `path` (where people live) and `origin_path` (whence they came), those of the viewer's post; none for a stranger.
    `prefix` leads to the row that has the columns ('case__')."""
    return inside_ranges(ranges_of(viewer), prefix)


def inside_ranges(ranges: tuple[Ranges, Ranges], prefix: str = "", columns: tuple[str, str] = ("path", "origin_path")) -> Q:
    """The same of `ranges_of` a viewer, for a query that is prepared. `columns`: of those who live there, of those who came from there."""
    found = Q(pk__in=[])
    for column, places in zip(columns, ranges, strict=True):
        for first, after in places:
            found |= Q(**{f"{prefix}{column}__gte": first, f"{prefix}{column}__lt": after})
    return found
