"""Reads of findings. The viewer comes first, so that scope cannot be forgotten."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from anju.apps.findings.models import Attainment, Finding, Run
from anju.core.terms.viewer import Viewer


def findings_in_scope(viewer: Viewer) -> QuerySet[Finding]:
    """The findings below one of the viewer's places; none for a stranger. Each scope is a range of the path index."""
    if not viewer.scopes:
        return Finding.objects.none()
    inside = Q()
    for scope in viewer.scopes:
        inside |= Q(path__gte=scope, path__lt=scope[:-1] + chr(ord("/") + 1))
    return Finding.objects.filter(inside).order_by("path", "id")


def current_run() -> Run | None:
    return Run.objects.filter(current=True).first()


def attainment_of(viewer: Viewer, place_id: int, path: str) -> QuerySet[Attainment]:
    """The current run's counts for a place the viewer may see."""
    if not viewer.sees_path(path):
        return Attainment.objects.none()
    return Attainment.objects.filter(run__current=True, place_id=place_id).order_by("standard")
