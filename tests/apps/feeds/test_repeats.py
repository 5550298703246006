"""The same file twice changes nothing; the same list on a later day says that it still stands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from anju.apps.feeds.actions import Received, receive_file
from anju.apps.feeds.models import Coverage, Delivery
from anju.apps.people.publish import Directory
from anju.apps.people.vault import FileVault
from anju.core.standards.read import load_policy

pytestmark = pytest.mark.django_db
LIST = "facility_code,facility_type,status\nP1,clinic,open\nP2,culture,open\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "F12_522301.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def receive(file: Path, day: int, hour: int = 9) -> Received:
    policy = load_policy(Path(settings.POLICY))
    return receive_file(
        file, feed="F12", policy=policy, root=file.parent / "lake", directory=Directory("cn_resident_id"), vault=FileVault(), by="clerk",
        at=datetime(2023, 9, day, hour, tzinfo=UTC), unit="522301",
    )  # fmt: skip


def test_the_same_list_twice_on_one_day_changes_nothing(file: Path) -> None:
    first = receive(file, 4)
    assert receive(file, 4, hour=15).repeats == first.delivery
    file.write_text(LIST + "\n", encoding="utf-8")  # other bytes, the same content
    assert receive(file, 4, hour=16).repeats == first.delivery
    assert Delivery.objects.count() == 1


def test_the_same_list_a_month_later_still_stands(file: Path) -> None:
    receive(file, 4)
    again = receive(file, 28)
    assert again.repeats is None
    assert [d.valid.day for d in Delivery.objects.order_by("pk")] == [4, 28]
    assert Coverage.objects.filter(delivery=again.delivery, unit="522301", rows=2).exists()
