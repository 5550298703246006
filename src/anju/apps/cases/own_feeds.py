"""What the platform itself knows, gathered for whoever judges: one function that every run, task and command passes on.

A publisher answers the rows of one feed on a day as known at a time, by the names that `feeds.own.own_table` takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from anju.apps.cases import publish
from anju.apps.feeds.own import OwnFeeds, Row, own_feeds_of
from anju.apps.monitoring.publish import listing_rows
from anju.apps.visits.publish import rows as home_visits
from anju.core.standards.model import Policy


class Rows(Protocol):
    """With `household`, no more than the rows about that one and its members: it is judged at once, and nobody else."""

    def __call__(self, day: date, known_at: datetime, household: int | None, /) -> Iterable[Row]: ...


PUBLISHERS: tuple[tuple[str, Rows], ...] = (
    ("P01", publish.decisions), ("P02", publish.cases), ("P04", home_visits), ("P05", listing_rows),
)  # fmt: skip
"""Feed code -> who tells its rows."""


def own_feeds(policy: Policy, day: date, known_at: datetime, household: int | None = None) -> OwnFeeds:
    """The platform's own feeds on `day` as known at `known_at`; of what nobody publishes there is nothing."""
    told = {code: rows(day, known_at, household) for code, rows in PUBLISHERS if code in policy.contracts}
    return own_feeds_of(policy, told, day)
