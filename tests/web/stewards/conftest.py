"""The small prefecture of the bureau's pages, three people known by number, and files that its departments send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone

from anju.apps.feeds.actions import receive_file
from anju.apps.feeds.models import Delivery
from anju.apps.feeds.publish import publish_manifest
from anju.apps.feeds.uploads import take_upload
from anju.apps.findings.models import Run
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.web.layout.current import policy
from lake.deliveries import CHILD, PUPIL, STRANGER, WORKER, person
from tests.web.bureau.world import build

AT = datetime(2023, 9, 12, 12, tzinfo=UTC)
ROLL = "person_id,term,school_code,status"


@dataclass
class Office:
    """Where files come in."""

    folder: Path
    root: Path

    def file(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    def receive(self, path: Path, feed: str = "F09", unit: str | None = "U1", at: datetime = AT, **more: Any) -> Delivery:
        directory = Directory("cn_resident_id")
        received = receive_file(
            path, feed=feed, policy=policy(), root=self.root, directory=directory, vault=FileVault(), by="sender", at=at, unit=unit, **more
        )
        return received.delivery

    def roll(self, unit: str = "U1", at: datetime = AT) -> Delivery:
        """A roll of four rows: one good, a term that is none, a wrong number, and a stranger."""
        rows = [f"{WORKER},2023-2024-1,S1,enrolled", f"{PUPIL},2023-9,S1,enrolled", f"{CHILD[:17]}0,2023-2024-1,S1,enrolled",
                f"{STRANGER},2023-2024-1,S1,enrolled"]  # fmt: skip
        return self.receive(self.file(f"F09_{unit}.csv", ROLL, *rows), unit=unit, at=at)

    def judged(self, day: date = date(2023, 9, 26)) -> Run:
        """The current run knows what had come by its day."""
        run = Run.objects.get(current=True)
        known = datetime.combine(day, datetime.min.time()).replace(hour=18)
        _, run.manifest_digest = publish_manifest(policy(), ["U1", "U2"], day, known, self.root / "manifest")
        run.known_at = known.replace(tzinfo=UTC)
        run.save()
        return run


@pytest.fixture
def office(db: None, own_data_folder: Path, tmp_path: Path, settings: Any) -> Office:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # ten accounts for each test, none with a secret
    build(own_data_folder)
    for key, number in enumerate((WORKER, PUPIL, CHILD), start=9001):
        person(key, number)
    return Office(tmp_path, own_data_folder / "lake")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads are taken in before the request ends: another process would not see the database of a test."""
    monkeypatch.setattr("anju.web.stewards.background.launch", taken())


def taken() -> Callable[[int], None]:
    def launch(key: int) -> None:
        directory, root = Directory("cn_resident_id"), Path(configured.DATA) / "lake"
        take_upload(key, policy=policy(), root=root, directory=directory, vault=FileVault(), now=timezone.now())

    return launch
