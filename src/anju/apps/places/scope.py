"""What lies in a viewer's places, as conditions on an indexed column of paths ('/1/4/17/'): a place and all below it are one range."""

from __future__ import annotations

from django.db.models import Q

from anju.core.terms.viewer import Viewer


def end_of(path: str) -> str:
    """The first path after all that lie below `path`."""
    return path[:-1] + chr(ord("/") + 1)


def inside(viewer: Viewer, prefix: str = "") -> Q:
    """Of rows with `path` (where people live) and `origin_path` (whence they came), those of the viewer's post; none for a stranger.
    `prefix` leads to the row that has the columns ('case__')."""
    found = Q(pk__in=[])
    for column, paths in (("path", viewer.scopes), ("origin_path", viewer.origins)):
        for path in paths:
            found |= Q(**{f"{prefix}{column}__gte": path, f"{prefix}{column}__lt": end_of(path)})
    return found
