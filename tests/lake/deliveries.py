"""A small deployment into which files are delivered: one unit, three people known by number, real database and lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from anju.apps.feeds.actions import Received, receive_file
from anju.apps.people.models import Identifier, Person
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault, digest, ensure_keys
from anju.apps.places.models import Place
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy

WORKER, PUPIL, CHILD = "522301199001010014", "522301198505050023", "522301201010100038"
STRANGER = "52230019800101003X"
RECEIVED = datetime(2023, 9, 5, 12, tzinfo=UTC)
HEADER = "settlement_id,person_id,visit_type,settled_on,total_cost,self_paid,disease_code"
POLICY = load_policy(Path(settings.POLICY))


def person(key: int, number: str) -> None:
    Person.objects.create(id=key, valid_from=date(2020, 1, 1), known_from=RECEIVED)
    found = digest(ensure_keys(), "cn_resident_id", number)
    Identifier.objects.create(id=key, person_id=key, type="cn_resident_id", value=b"", digest=found, masked="")


@dataclass
class Deployment:
    root: Path
    policy: Policy = POLICY

    def receive(self, path: Path, feed: str = "F14", unit: str | None = "522301", at: datetime = RECEIVED, **more: Any) -> Received:
        directory = Directory("cn_resident_id")
        return receive_file(path, feed=feed, policy=self.policy, root=self.root, directory=directory, vault=FileVault(), by="clerk", at=at,
                            unit=unit, **more)  # fmt: skip

    def files(self) -> list[str]:
        """Every file below the lake that is not there before anything is delivered."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())


def deployment(folder: Path) -> Deployment:
    top = Place.objects.create(id=1, tree="scope", level="programme", code="qianxinan", name="黔西南", path="/1/")
    for number, code in enumerate(("522301", "522302"), start=2):
        Place.objects.create(id=number, tree="scope", level="unit", code=code, name=code, parent=top, path=f"/1/{number}/")
    for key, number in enumerate((WORKER, PUPIL, CHILD), start=1):
        person(key, number)
    return Deployment(folder / "lake")
