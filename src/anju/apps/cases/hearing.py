"""What people told the hotline, taken over after a run: each request that needs somebody becomes a report with a receipt number, once.

What the hotline settled to the family's content stays there; what names neither a family nor a place of ours has nobody to go to.
Both are counted, so that nothing is silently lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from anju.apps.cases.moving import PLATFORM, one_at_a_time
from anju.apps.discovery.actions import WORDS, Request, take_over_requests
from anju.apps.discovery.channels import REQUEST, Channels, load_channels
from anju.apps.discovery.models import Hearing
from anju.apps.findings.current import policy
from anju.apps.findings.models import Run
from anju.apps.findings.queries import current_run
from anju.apps.people.models import Membership
from anju.core.contracts.model import Contract
from anju.core.standards.world import Row
from anju.lake.recent import recent_rows
from anju.lake.rows import Sources

LONGEST = 64  # of a request's own number


@dataclass(frozen=True, slots=True)
class Heard:
    """Of the requests of the last weeks: new reports, reports already, settled by the hotline, and such as nobody can be found for."""

    new: int = 0
    known: int = 0
    settled: int = 0
    nowhere: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"new": self.new, "known": self.known, "settled": self.settled, "nowhere": self.nowhere}


def hear(*, data: Path, at: datetime) -> Heard:
    """Takes over what the current run could know; a run is heard once, and a request is one report, however often and by whomever
    this is done. Killed in between, nothing has happened."""
    run, rules = current_run(), policy()
    channels = load_channels(Path(settings.POLICY), rules)
    contract = rules.contracts.get(channels.feed)
    if run is None or not isinstance(contract, Contract) or Hearing.objects.filter(run=run.pk).exists():
        return Heard()
    rows = _rows(data / "lake", run, channels)
    if rows is None:
        return Heard()
    with transaction.atomic():
        one_at_a_time()
        if Hearing.objects.filter(run=run.pk).exists():  # another was at it meanwhile
            return Heard()
        return _take_over(rows, run, channels, at)


def _rows(lake: Path, run: Run, channels: Channels) -> list[Row] | None:
    manifest, registry = lake / "manifest" / run.manifest_digest, lake / "registry" / run.registry_digest
    if not manifest.exists() or not registry.exists():
        return None
    work = lake / "work"
    work.mkdir(parents=True, exist_ok=True)
    since, known = run.day - timedelta(days=channels.days), run.known_at.replace(tzinfo=None)
    return recent_rows(
        Sources(lake, manifest, registry, lake / "resolved"), policy(), run.day, known, channels.feed, REQUEST, since=since, work=work
    )


def _take_over(rows: list[Row], run: Run, channels: Channels, at: datetime) -> Heard:
    followed = {**channels.categories, **channels.departments}
    wanted = [row for row in rows if row["category"] in followed or not _is_settled(row, channels.dissatisfied)]
    owners = {code: version.owner for code, standard in policy().standards.items() if (version := standard.version_on(run.day)) is not None}
    homes = _homes_of([row["person_id"] for row in wanted if row["household_id"] is None and row["person_id"] is not None])
    done = take_over_requests(
        requests=[_request(row, homes) for row in wanted], prefix=channels.receipt, categories=channels.categories, owners=owners,
        departments=channels.departments, by=PLATFORM, at=at,
    )  # fmt: skip
    found = Heard(done.new, done.known, len(rows) - len(wanted), done.nowhere)
    Hearing.objects.create(run=run.pk, day=run.day, days=channels.days, heard_at=at, **found.as_dict())
    return found


def _is_settled(row: Row, dissatisfied: int) -> bool:
    """Closed where it was received, not opened again, and nobody has said that it did not help."""
    told: Any = row["satisfaction"]
    return row["closed_at"] is not None and not row["reopened"] and (told is None or told > dissatisfied)


def _homes_of(people: list[int]) -> dict[int, int]:
    """Person -> the household today, of those who named themselves alone."""
    held = Membership.objects.filter(person_id__in=people, known_to=None, end=None)
    return dict(held.order_by("pk").values_list("person_id", "household_id"))


def _request(row: Row, homes: Mapping[int, int]) -> Request:
    """Received on a day: the time of it is not among what the lake answers."""
    received = datetime.combine(row["received_at"] or row["valid"], time(), ZoneInfo(settings.TIME_ZONE))
    number = str(row["request_id"])
    if len(number) > LONGEST:
        number = sha256(number.encode()).hexdigest()
    return Request(number, (row["category"] or "")[:WORDS], row["household_id"] or homes.get(row["person_id"]), row["place_id"], received)
