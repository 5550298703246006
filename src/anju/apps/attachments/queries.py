"""Reads of attachments. Whoever asks has checked that the viewer may see what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from django.db.models import Count, Max, Q, QuerySet

from anju.apps.attachments.models import Attachment
from anju.apps.attachments.store import SMALL, Lost, Vault, get, names
from anju.core.terms.viewer import Viewer

PAGE = 50


class Withdrawn(Exception):
    """It is not shown any more; the row says by whom and why."""


def attachments_of(about: str) -> QuerySet[Attachment]:
    """Oldest first, the withdrawn ones too: pages say of these only that, by whom and why."""
    return Attachment.objects.filter(about=about).order_by("at", "pk")


def attachments_of_all(abouts: Iterable[str]) -> dict[str, list[Attachment]]:
    """Of many at once, in one query: for a timeline or a sheet."""
    found: dict[str, list[Attachment]] = defaultdict(list)
    for one in Attachment.objects.filter(about__in=list(abouts)).order_by("at", "pk"):
        found[one.about].append(one)
    return dict(found)


def counts_of(abouts: Iterable[str], kind: str = "") -> dict[str, int]:
    """How many stand, by what they are about; what has none is not in it."""
    standing = Attachment.objects.filter(about__in=list(abouts), withdrawn_at=None)
    if kind:
        standing = standing.filter(kind=kind)
    return dict(standing.order_by().values("about").annotate(n=Count("pk")).values_list("about", "n"))


def content_of(attachment: Attachment, vault: Vault) -> bytes:
    """Raises Withdrawn, or Lost where the file is gone or not the one that was put there."""
    return _opened(attachment, vault, small=False)


def small_of(attachment: Attachment, vault: Vault) -> bytes:
    """The small picture, WebP. Raises Withdrawn, or Lost; of a document there is none, which is Lost too."""
    return _opened(attachment, vault, small=True)


def _opened(attachment: Attachment, vault: Vault, *, small: bool) -> bytes:
    if attachment.withdrawn_at is not None:
        raise Withdrawn
    try:
        return get(attachment.sha256, vault, small=small)
    except InvalidTag:
        raise Lost("it was altered, or encrypted with another key") from None


# --- the auditor's register --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reused:
    """One content that stands under more than one thing: which things, who put it there, and when last."""

    sha256: str
    last: datetime
    rows: tuple[Attachment, ...]

    @property
    def abouts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.about for row in self.rows))


def reused(viewer: Viewer, *, kind: str = "photo", after: tuple[datetime, str] | None = None, limit: int = PAGE) -> list[Reused]:
    """Files that prove more than one thing, the latest first; withdrawn ones count, for they were shown once. `after`: (last, sha256) of
    the last line of the page before. Nothing for whoever may not audit."""
    if not viewer.can("cases.audit"):
        return []
    groups = (
        Attachment.objects.filter(kind=kind).order_by().values("sha256")
        .annotate(things=Count("about", distinct=True), last=Max("at")).filter(things__gt=1)
    )  # fmt: skip
    if after is not None:
        groups = groups.filter(Q(last__lt=after[0]) | Q(last=after[0], sha256__gt=after[1]))
    found = [(group["sha256"], group["last"]) for group in groups.order_by("-last", "sha256")[:limit]]
    rows: dict[str, list[Attachment]] = defaultdict(list)
    for row in Attachment.objects.filter(sha256__in=[sha for sha, _ in found]).order_by("at", "pk"):
        rows[row.sha256].append(row)
    return [Reused(sha, last, tuple(rows[sha])) for sha, last in found]


def also_under(attachment: Attachment) -> int:
    """Under how many other things the same bytes stand: a hint for whoever judges by it."""
    return Attachment.objects.filter(sha256=attachment.sha256).exclude(about=attachment.about).values("about").distinct().count()


# --- the doctor's ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """`missing`: rows whose file is gone. `strays`: files of no row. `damaged`: what does not open; looked for with a vault only."""

    rows: int
    missing: tuple[str, ...]
    strays: tuple[str, ...]
    damaged: tuple[str, ...]


def state(vault: Vault | None = None) -> State:
    wanted = set()
    rows = 0
    for sha256, kind in Attachment.objects.values_list("sha256", "kind").iterator(5_000):
        rows += 1
        wanted |= {sha256, sha256 + SMALL} if kind == "photo" else {sha256}
    there = names()
    damaged = [name for name in sorted(wanted & there) if vault is not None and not _opens(name, vault)]
    return State(rows, tuple(sorted(wanted - there)), tuple(sorted(there - wanted)), tuple(damaged))


def _opens(name: str, vault: Vault) -> bool:
    try:
        get(name.removesuffix(SMALL), vault, small=name.endswith(SMALL))
    except (Lost, InvalidTag):
        return False
    return True
