"""Reads of the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from anju.apps.journal.actions import bring_in
from anju.apps.journal.models import Check, Head, Line
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


def found_lines(
    viewer: Viewer, *, act: str = "", about: str = "", by: str = "", first: datetime | None = None, until: datetime | None = None,
    after: tuple[datetime, int] | None = None,
) -> QuerySet[Line]:  # fmt: skip
    """Lines that fit, latest first; `act` may be a whole act ('account.lock'), an object ('account'), or 'looks'. `after`: the key of the
    last line of the page before."""
    found = lines_for(viewer)
    if act == "looks":
        found = found.filter(act__in=LOOKS)
    elif act:
        found = found.filter(act=act) if "." in act else found.filter(act__startswith=f"{act}.")
    if about:
        found = found.filter(about=about)
    if by:
        found = found.filter(by=by)
    if first is not None:
        found = found.filter(at__gte=first)
    if until is not None:
        found = found.filter(at__lt=until)
    if after is not None:
        found = found.filter(at__lte=after[0]).filter(Q(at__lt=after[0]) | Q(pk__lt=after[1]))
    return found


@dataclass(frozen=True, slots=True)
class Chain:
    """Where sealing stands, the last daily heads, how many lines wait to be sealed, and the last look over the chain."""

    head: Head | None
    days: list[Head]
    waiting: int
    check: Check | None


def chain_of(viewer: Viewer) -> Chain | None:
    if not viewer.can("journal.see"):
        return None
    days = list(Head.objects.filter(day__isnull=False).order_by("-seq")[:7])
    waiting = Line.objects.filter(seq=None).count()  # its own index: the few of the hour
    return Chain(Head.objects.filter(day=None).first(), days, waiting, Check.objects.order_by("-pk").first())
