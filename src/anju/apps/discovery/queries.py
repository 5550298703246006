"""Reads of reports. The viewer comes first: the places of her post; a department what is its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from anju.apps.discovery.models import Hearing, Report
from anju.apps.discovery.states import MOVES, RECEIVED
from anju.apps.staff.lookup import called
from anju.core.terms.viewer import Viewer

ACTS = ("cases.assign", "cases.judge")  # whoever decides what becomes of a report


def reports_in_scope(viewer: Viewer) -> QuerySet[Report]:
    """Every report from below the viewer's places, for whoever assigns or judges; none for others, who know their own receipts."""
    if viewer.sees_nothing or not any(viewer.can(act) for act in ACTS):
        return Report.objects.none()
    inside = Q()
    for column, paths in (("path", viewer.scopes), ("origin_path", viewer.origins)):
        for path in paths:
            inside |= Q(**{f"{column}__gte": path, f"{column}__lt": path[:-1] + chr(ord("/") + 1)})
    found = Report.objects.filter(inside)
    return found.filter(owner__in=sorted(viewer.departments)) if viewer.departments else found


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to."""

    state: str = RECEIVED
    channel: str = ""


def received(viewer: Viewer, filters: Filters, *, after: tuple[Any, ...] | None = None, limit: int = 50) -> list[Report]:
    """The next `limit` reports, those that wait longest first; those that are over, the latest first. `after`: the key of the last."""
    found = reports_in_scope(viewer).filter(state=filters.state)
    if filters.channel:
        found = found.filter(channel=filters.channel)
    waiting = filters.state == RECEIVED
    if after is not None:
        found = found.filter(**{"pk__gt" if waiting else "pk__lt": after[0]})
    return list(found.select_related("place").order_by("pk" if waiting else "-pk")[:limit])


def numbers(viewer: Viewer) -> dict[tuple[str, str], int]:
    """How many reports stand in each (state, channel) in the viewer's places. One grouped query, of an index alone."""
    found = reports_in_scope(viewer).filter(state__in=MOVES).order_by()  # every state, so that the index that begins with it serves
    rows = found.values_list("state", "channel").annotate(n=Count("pk"))
    return {(state, channel): n for state, channel, n in rows}


def report(viewer: Viewer, receipt: str) -> Report | None:
    found = reports_in_scope(viewer).select_related("place").filter(receipt=receipt)
    return found.annotate(
        **{f"{column}_called": called(f"{column}_by", "username") for column in ("reported", "taken_up", "declined", "agreed")}
    ).first()


def last_hearing(viewer: Viewer) -> Hearing | None:
    """What became of the hotline's requests after the last run, counted over all places: numbers alone, for whoever decides on reports."""
    if viewer.sees_nothing or not any(viewer.can(act) for act in ACTS):
        return None
    return Hearing.objects.order_by("-day", "-pk").first()


def own_reports(viewer: Viewer, limit: int = 20) -> list[Report]:
    """What the viewer reported herself, the latest first: pages tell of these the receipt and the state, no more."""
    if viewer.account is None:
        return []
    return list(Report.objects.filter(reported_account=viewer.account).order_by("-pk")[:limit])


def own_report(viewer: Viewer, receipt: str) -> Report | None:
    return Report.objects.filter(reported_account=viewer.account, receipt=receipt).first() if viewer.account is not None else None


def reports_of_household(viewer: Viewer, household_id: int, limit: int = 20) -> list[Report]:
    return list(reports_in_scope(viewer).filter(household_id=household_id).order_by("-pk")[:limit])
