"""Looking back: month ends that nobody judged in their time, judged afterwards as replays, one after the other.

A replay moves no finding and no alert, so it may be killed at any moment: the months that have their run stay, the others are
judged when somebody looks back again. One process looks back at a time; its lock goes with it, however it ends.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from anju.apps.findings.models import Run
from anju.lake.held import is_held

LOCK = "lookback.lock"


def not_judged(days: Iterable[date]) -> list[date]:
    """Those of the days in whose month no day has a whole run, in the order given."""
    judged = set(Run.objects.filter(finished_at__isnull=False).values_list("day", flat=True))
    months = {(day.year, day.month) for day in judged}
    return [day for day in days if (day.year, day.month) not in months]


@contextmanager
def looking_back(lake: Path) -> Iterator[None]:
    """Waits until nobody else looks back, and says meanwhile that somebody does."""
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def looks_back(lake: Path) -> bool:
    """Whether somebody is looking back now."""
    return is_held(lake / LOCK)
