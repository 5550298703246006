"""The months before the sample's day, lived: each is judged and followed in its order, and people work on what was found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

from django.db.models import Max
from django.utils import timezone

from anju.apps.alerts.actions import follow, release_baseline
from anju.apps.alerts.models import Followed, Hold
from anju.apps.cases.catching_up import catch_up
from anju.apps.cases.models import CaseEvent
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.actions import judge
from anju.apps.findings.models import Run
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from anju.sample.casework import live
from anju.sample.timeline import SAMPLE_DAY

PAST = (date(2023, 5, 31), date(2023, 6, 30), date(2023, 7, 31), date(2023, 8, 31), date(2023, 9, 15))
COMMENT = "演示数据起始"
Step = Callable[[str], None]


def is_lived(months: int) -> bool:
    """Whether nothing is left to live: the sample's day is followed, or there are too few months for a past."""
    return months <= len(PAST) or Followed.objects.filter(day__gte=SAMPLE_DAY).exists() or Run.objects.filter(day__gte=SAMPLE_DAY).exists()


def live_past(policy: Policy, data: Path, *, by: Viewer, step: Step) -> None:
    """Before the first run of the sample's day. Every file is there: each earlier day is judged with all that came until then.

    Killed at any moment, it goes on where it stopped: a run that was followed is followed once, and a day that people have worked is lived."""
    known = evening(SAMPLE_DAY)
    followed = Followed.objects.aggregate(day=Max("day"))["day"] or date.min
    for day, until in pairwise((*PAST, SAMPLE_DAY)):
        step(f"{day:%Y-%m-%d}")
        run = Run.objects.filter(day=day, replay=False, finished_at__isnull=False).order_by("pk").last()
        if day < followed or (day == followed and run is None):  # lived: what comes after is, or the runs are forgotten already
            continue
        if run is None:
            run = judge(policy, data, day, known, own=own_feeds(policy, day, known), by=by.name).run
        follow(policy, data, run)
        release(policy, data, by)
        catch_up(data=data, at=evening(day), hotline=False)
        live(max(day, worked_until()), until, by=by.name, data=data)
    forget_runs()


def worked_until() -> date:
    """The last day on which a person took a step: of each day all is written, or nothing."""
    return CaseEvent.objects.exclude(account=None).aggregate(day=Max("day"))["day"] or date.min


def release(policy: Policy, data: Path, by: Viewer) -> None:
    """What a standard brings at first is released at once, in the name of whoever built the sample; what the guard holds stays held."""
    waiting = list(Hold.objects.filter(released_at=None, kind=Hold.BASELINE).values_list("pk", flat=True))
    if waiting:
        release_baseline(policy, data, keys=waiting, by=by, at=timezone.now(), comment=COMMENT)


def forget_runs() -> None:
    """The earlier days were judged without the lists of their time, which is enough to work by and not to be shown as the figures of
    their months: `anju demo --history` judges these whole."""
    Run.objects.filter(day__lt=SAMPLE_DAY, replay=False).delete()


def evening(day: date) -> datetime:
    return datetime.combine(day, time(18), UTC)
