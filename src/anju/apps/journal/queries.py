"""Reads of the journal."""

from __future__ import annotations

from django.db.models import QuerySet

from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Line
from anju.core.terms.viewer import Viewer

LOOKS = ("household.see", "person.see", "person.reveal")


def looks_at(viewer: Viewer, about: list[str]) -> QuerySet[Line]:
    """Who looked at these subjects, latest first, for a viewer who may know. The looks of this minute are among them,
    but for those that another page is just bringing in."""
    if not viewer.can("looks.see"):
        return Line.objects.none()
    bring_in(wait=False)
    return Line.objects.filter(about__in=about, act__in=LOOKS).order_by("-at", "-pk")


def lines_for(viewer: Viewer) -> QuerySet[Line]:
    """The whole journal, for the auditor."""
    if not viewer.can("journal.see"):
        return Line.objects.none()
    return Line.objects.order_by("-at", "-pk")
