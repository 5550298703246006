"""Who looked at whom, counted: what an auditor compares to see what stands out. Keys and numbers, no names of families."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, ExtractHour, Substr
from django.utils import timezone

from anju.apps.journal.queries import LOOKS, lines_for
from anju.apps.people.models import Household
from anju.apps.staff.models import Account, Post
from anju.core.terms.viewer import Viewer

NIGHT = (22, 6)  # from this hour to that one, in the deployment's own time
FEW = 20  # subjects; below that nobody has looked at conspicuously many
TIMES = 3  # as many as the colleagues of the same role in the middle
MOST = 30  # subjects told of


@dataclass(frozen=True, slots=True)
class Looks:
    """Of one account in one role: looks, different families and persons, numbers shown in full, at night, and at families that
    do not live (or, for posts of the origin side, do not come from) below the place of the post, as the register stands today."""

    account: int
    name: str
    title: str
    role: str
    looks: int
    subjects: int
    reveals: int
    night: int
    outside: int
    usual: int  # subjects of the colleague in the middle

    @property
    def many(self) -> bool:
        return self.subjects >= FEW and self.subjects > TIMES * self.usual

    @property
    def stands_out(self) -> bool:
        return self.many or bool(self.night or self.outside)


def looks_by_account(viewer: Viewer, first: datetime, until: datetime) -> list[Looks]:
    """What stands out first, then who looked most; one statement over the lines of the time, and one for the names."""
    night = ExtractHour("at", tzinfo=timezone.get_current_timezone())
    household = Case(When(about__startswith="household:", then=Cast(Substr("about", len("household:") + 1), BigIntegerField())))
    home = Household.objects.filter(pk=OuterRef("household"))
    post = Post.objects.filter(pk=OuterRef("post"))
    side = Case(When(post_side=Post.ORIGIN, then=F("left")), default=F("lives"))
    rows = (
        lines_for(viewer).order_by().filter(act__in=LOOKS, at__gte=first, at__lt=until, account__isnull=False)
        .annotate(hour=night, household=household)
        .annotate(lives=Subquery(home.values("place__path")[:1]), left=Subquery(home.values("origin_place__path")[:1]))
        .annotate(post_path=Subquery(post.values("place__path")[:1]), post_side=Subquery(post.values("side")[:1]))
        .annotate(post_role=Subquery(post.values("role")[:1]), where=side)
        .annotate(out=Case(When(lives=None, then=0), When(post_path=None, then=0), When(where__startswith=F("post_path"), then=0), default=1))
        .values("account", "post_role")
        .annotate(
            n=Count("pk"), subjects=Count("about", distinct=True), outside=Sum("out"),
            reveals=Sum(Case(When(act="person.reveal", then=1), default=Value(0), output_field=IntegerField())),
            dark=Sum(Case(When(Q(hour__gte=NIGHT[0]) | Q(hour__lt=NIGHT[1]), then=1), default=Value(0), output_field=IntegerField())),
        )
    )  # fmt: skip
    found = list(rows)
    names = {a.pk: a for a in Account.objects.filter(pk__in={row["account"] for row in found})}
    of_role: dict[str, list[int]] = defaultdict(list)
    for row in found:
        of_role[row["post_role"] or ""].append(row["subjects"])
    told = [_told(row, names.get(row["account"] or 0), of_role) for row in found]
    return sorted(told, key=lambda one: (not one.stands_out, -one.outside, -one.night, -one.subjects, one.name))


def _told(row: Any, account: Account | None, of_role: Mapping[str, list[int]]) -> Looks:
    role, usual = row["post_role"] or "", int(median(of_role[row["post_role"] or ""]))
    name, title = (account.username, str(account)) if account is not None else ("", "")
    return Looks(
        row["account"], name, title, role, row["n"], row["subjects"], row["reveals"], row["dark"], row["outside"], usual
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """Of one family or person: how many looks, and of how many accounts."""

    about: str
    looks: int
    accounts: int


def looks_by_subject(viewer: Viewer, first: datetime, until: datetime) -> list[Looked]:
    """Those that most accounts looked at."""
    rows = lines_for(viewer).order_by().filter(act__in=LOOKS, at__gte=first, at__lt=until).values("about")
    told = rows.annotate(n=Count("pk"), who=Count("account", distinct=True)).order_by("-who", "-n", "about")[:MOST]
    return [Looked(row["about"], row["n"], row["who"]) for row in told]
