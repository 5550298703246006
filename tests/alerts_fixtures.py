"""A small world judged day by day by the real engine, its findings written and followed, as a deployment does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from anju.apps.alerts.actions import Follow, follow, release_baseline
from anju.apps.alerts.models import Episode, EpisodeEvent, Hold
from anju.apps.findings.actions import write_difference
from anju.apps.findings.models import Run
from anju.apps.places.models import Place
from anju.core.standards.case_world import build_world
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import Viewer
from anju.lake.engine import run as run_engine
from oracle.writer import write_world

MAY = frozenset({"alerts.see", "alerts.acknowledge", "alerts.mute", "alerts.release"})
BUREAU = Viewer(name="luo", role="prefecture_bureau", scopes=("/1/",), may=MAY)
CHILD = {"birth_date": date(2013, 5, 1)}
ENROLLED = {"status": "enrolled", "school_code": "S1", "stage": "primary"}
DROPPED = {**ENROLLED, "status": "dropped_out"}
WEEKS = tuple(f"2023-W{week}" for week in range(34, 40))


@pytest.fixture(scope="session")
def rules() -> Policy:
    return load_policy(Path(settings.POLICY))


@dataclass
class Deployment:
    """`judge` runs one day over the world told of, writes the difference and follows the run."""

    policy: Policy
    data: Path
    nth: int = 0
    standards: tuple[str, ...] = ("ED-01", "ED-03")
    runs: list[Run] = field(default_factory=list)

    def run(self, day: date, **said: Any) -> Run:
        """A run that was written but not followed yet."""
        self.nth += 1
        case = {"as_of": day, "person": CHILD, "places": [{"code": "C2", "level": "community", "under": "U1"}], **said}
        world = build_world(self.policy, case)
        record = Run.objects.create(
            day=day, known_at=datetime.combine(day, time(18), UTC), policy_digest="p", registry_digest=str(self.nth), manifest_digest="m",
            folder="", started_at=timezone.now(), started_by="test",
        )  # fmt: skip
        out = self.data / "lake" / "runs" / str(record.pk)
        sources = write_world(world, self.policy, self.data / "worlds" / str(self.nth))
        result = run_engine(self.policy, sources, day, datetime.combine(day, time(23, 59)), out, standards=self.standards)
        self.runs.append(write_difference(record, result).run)
        return self.runs[-1]

    def follow(self, run: Run) -> Follow:
        return follow(self.policy, self.data, run)

    def judge(self, day: date, **said: Any) -> Follow:
        return self.follow(self.run(day, **said))

    def release(self) -> int:
        waiting = Hold.objects.filter(released_at=None).values_list("pk", flat=True)
        return release_baseline(self.policy, self.data, keys=list(waiting), by=BUREAU, at=timezone.now(), comment="looked at")

    def begin(self, day: date = date(2023, 9, 20), **said: Any) -> None:
        """A first day on which all is well, so that what comes afterwards is no baseline."""
        self.judge(day, **(said or away(0)))
        assert not Episode.objects.exists()


def well(**more: Any) -> dict[str, Any]:
    """Enrolled, and back in class for weeks."""
    present = {"school_code": "S1", "consecutive_absent_days": 0, "absent_days_unexcused": 0}
    return {"F09": [ENROLLED], "F10": [{"week": week, **present} for week in WEEKS], **more}


def away(days: int, **more: Any) -> dict[str, Any]:
    return {"F09": [ENROLLED], "F10": [{"school_code": "S1", "consecutive_absent_days": days, "absent_days_unexcused": days}], **more}


def dropped(**more: Any) -> dict[str, Any]:
    return {"F09": [DROPPED], **more}


@pytest.fixture
def places(db: None) -> None:
    for key, parent, level, code, path in (
        (1, None, "programme", "P", "/1/"), (2, 1, "unit", "U1", "/1/2/"), (3, 2, "community", "C1", "/1/2/3/"),
        (4, 2, "community", "C2", "/1/2/4/"), (5, 1, "unit", "U2", "/1/5/"),
    ):  # fmt: skip
        Place.objects.create(id=key, tree="scope", parent_id=parent, level=level, code=code, name=code, path=path)


@pytest.fixture
def one(places: None, rules: Policy, tmp_path: Path) -> Iterator[Deployment]:
    yield Deployment(rules, tmp_path / "deployment")


def events(episode: Episode | None = None) -> list[str]:
    """What happened, in order, without the pipeline's own words."""
    found = EpisodeEvent.objects.order_by("pk")
    if episode is not None:
        found = found.filter(episode=episode)
    return [what for what in found.values_list("what", flat=True) if what not in ("dispatched", "reminded")]
