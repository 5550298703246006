"""Explaining one alert: the pipeline walked for it alone, over what following the runs has kept."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.utils import timezone

from anju.apps.alerts.actions import today
from anju.apps.alerts.models import Episode
from anju.apps.alerts.pipeline import told
from anju.apps.alerts.work import Said, Work
from anju.core.standards.model import Policy


def explain(policy: Policy, data: Path, episode: Episode) -> list[Said]:
    """What each stage says of it, up to the one that holds it back. `episode` as `queries.alert` gives it."""
    with connection.cursor() as cursor:
        return told(episode, Work(policy, data, today() or episode.seen_on, timezone.now(), None, cursor))
