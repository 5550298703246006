"""The doctor: what is not ready ends with 3, what is worth knowing with 0, and each says what to do."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from django.conf import settings
from django.utils import timezone

from anju.apps.attachments.actions import store_attachment
from anju.apps.attachments.store import path_of
from anju.apps.backup.making import RECORD
from anju.apps.calendar.models import CalendarYear
from anju.apps.feeds.models import Delivery
from anju.apps.findings.models import Run
from anju.apps.people.models import Identifier, Person
from anju.apps.people.vault import FileVault, Sealer, digest, ensure_keys
from anju.cli.checkups import calendar
from anju.cli.main import main
from anju.core.standards.read import load_policy
from anju.core.terms.viewer import Viewer
from apps.attachments.files import PAPER

pytestmark = pytest.mark.django_db
NOON = datetime(2023, 9, 1, 12, tzinfo=UTC)


def ask(*words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """(exit code, what -> (grade, seen))"""
    result = CliRunner().invoke(main, ["doctor", "--json", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    data = json.loads(result.stdout)
    assert data["ready"] == (result.exit_code == 0)
    assert all(one["do"] for one in data["checks"] if one["grade"] != "ok")
    return result.exit_code, {one["what"]: (one["grade"], one["seen"]) for one in data["checks"]}


@pytest.fixture
def data(own_data_folder: Path) -> Path:
    own_data_folder.mkdir(mode=0o700)
    return own_data_folder


def sealed(data: Path) -> None:
    keys = ensure_keys()
    person = Person.objects.create(id=1, valid_from=NOON.date(), known_from=NOON)
    Identifier.objects.create(id=1, person=person, type="text", value=Sealer(keys).seal("A1"), digest=digest(keys, "text", "A1"), masked="**")


def delivered(data: Path, **facts: object) -> Delivery:
    one = Delivery.objects.create(feed="F09", file_name="a.csv", sha256="x", received_at=NOON, valid=NOON.date(), recorded_by="t", **facts)
    path = data / "lake" / "feeds" / "F09" / f"{one.pk}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"row_id": [1, 2]}), path)
    return one


def test_an_empty_deployment_is_ready_and_has_something_to_be_told(data: Path) -> None:
    code, found = ask()
    assert code == 0
    assert found["keys"][0] == found["last run"][0] == found["backup"][0] == "note"
    assert found["privacy of the data folder"][0] == "ok"


def test_attachments_that_are_lost_altered_or_nobodys(data: Path) -> None:
    made = store_attachment(about="case:1", name="a.pdf", content=io.BytesIO(PAPER), vault=FileVault(), by=Viewer("luo"), at=NOON)
    assert ask("--deep")[1]["attachments"] == ("ok", "1 photos and documents, none missing, every one opened")
    path = path_of(made.sha256)
    path.with_name("b" * 64).write_bytes(path.read_bytes())
    assert ask()[1]["files without an attachment"][0] == "note"
    path.write_bytes(b"x" * 500)
    code, found = ask("--deep")
    assert (code, found["attachments"][0]) == (3, "not ready")
    path.unlink()
    code, found = ask()
    assert (code, found["attachments"]) == (3, ("not ready", f"1 missing ({made.sha256})"))


def test_lost_keys_are_not_ready(data: Path) -> None:
    sealed(data)
    assert ask()[1]["keys"][0] == "ok"
    (data / "keys" / "data.key").rename(data / "keys" / "gone")
    code, found = ask()
    assert (code, found["keys"][0]) == (3, "not ready")
    assert "1 identifiers are sealed" in found["keys"][1]


@pytest.mark.parametrize("name", ["data.key", "index.key"])
def test_other_keys_are_not_ready(data: Path, name: str) -> None:
    sealed(data)
    (data / "keys" / name).write_bytes(b"x" * 32)
    code, found = ask()
    assert (code, found["keys"]) == (3, ("not ready", "they do NOT open the 1 identifiers stored"))


def test_keys_that_others_can_read_are_not_ready(data: Path) -> None:
    sealed(data)
    (data / "keys" / "data.key").chmod(0o644)
    assert ask()[1]["privacy of the keys"][0] == "not ready"


def test_a_lost_file_of_the_lake_is_not_ready(data: Path) -> None:
    one = delivered(data, status="accepted", accepted=2)
    assert ask("--deep")[1]["lake"] == ("ok", "1 files of deliveries, none missing, every row counted")
    (data / "lake" / "feeds" / "F09" / f"{one.pk}.parquet").unlink()
    code, found = ask()
    assert (code, found["lake"][0]) == (3, "not ready") and f"F09/{one.pk}.parquet" in found["lake"][1]


def test_a_file_with_other_rows_is_found_only_when_looked_into(data: Path) -> None:
    delivered(data, status="accepted", accepted=3)
    assert ask()[1]["lake"][0] == "ok"
    assert ask("--deep")[1]["lake"][0] == "not ready"


def test_leftovers_are_worth_knowing(data: Path) -> None:
    delivered(data)
    (data / "lake" / "feeds" / "F09" / "77.partial").write_text("x")
    (data / "lake" / "runs" / "9.partial").mkdir(parents=True)
    Run.objects.create(day=NOON.date(), known_at=NOON, started_at=NOON, started_by="t")
    code, found = ask()
    assert code == 0
    assert found["interrupted intakes"] == (
        "note",
        f"3 leftovers (receipt {Delivery.objects.get().pk}, feeds/F09/{Delivery.objects.get().pk}.parquet, feeds/F09/77.partial)",
    )
    assert found["interrupted runs"] == ("note", "1 unfinished, 1 folders of none")


def test_a_run_without_its_answers_is_not_ready(data: Path) -> None:
    Run.objects.create(day=NOON.date(), known_at=NOON, started_at=NOON, finished_at=NOON, started_by="t", current=True, folder="runs/1")
    assert ask()[1]["last run"][0] == "not ready"
    (data / "lake" / "runs" / "1").mkdir(parents=True)
    (data / "lake" / "runs" / "1" / "breaches.parquet").write_text("x")
    grade, seen = ask()[1]["last run"]
    assert grade == "note" and "2023-09-01" in seen
    assert ask("--days", "100000")[1]["last run"][0] == "ok"


def test_a_clock_behind_what_is_recorded_is_not_ready(data: Path) -> None:
    later = timezone.now() + timedelta(days=2)
    Run.objects.create(day=NOON.date(), known_at=NOON, started_at=NOON, finished_at=later, started_by="t")
    assert ask()[1]["clock"][0] == "not ready"


def test_the_age_of_the_last_backup(data: Path) -> None:
    record = {"made_at": (timezone.now() - timedelta(days=9)).isoformat(), "set": "s", "in": "/backup"}
    (data / RECORD).write_text(json.dumps(record))
    assert ask()[1]["backup"] == ("note", "9 days ago, in /backup")
    assert ask("--days", "10")[1]["backup"][0] == "ok"


def test_an_interrupted_restore_is_not_ready(data: Path) -> None:
    (data / "restoring").mkdir()
    code, found = ask()
    assert (code, found["restore"][0]) == (3, "not ready")


def test_years_that_the_calendar_does_not_know() -> None:
    policy = load_policy(Path(settings.POLICY))
    grades = {one.what: one.grade for one in calendar(policy, date(2023, 9, 26))}
    assert set(grades.values()) == {"ok"}
    grades = {one.what: one.grade for one in calendar(policy, date(1999, 9, 26))}
    assert grades["holidays"] == grades["parameters"] == "note"
    late = {one.what: one for one in calendar(policy, date(2050, 9, 26))}
    assert late["terms"].grade == late["yearly parameters"].grade == "note"
    assert "of F09 nothing later can be delivered, and from " in late["terms"].seen
    assert "school_entry_day (since " in late["yearly parameters"].seen


def test_a_year_that_comes_soon_and_that_nobody_has_loaded() -> None:
    policy = load_policy(Path(settings.POLICY))

    def told(day: date) -> tuple[str, str, str]:
        found = next(one for one in calendar(policy, day) if one.what == "holidays")
        return found.grade, found.seen, found.do

    assert told(date(2026, 11, 1))[0] == "ok"  # the coming sixty days end with the year
    grade, seen, do = told(date(2026, 11, 2))
    assert (grade, seen) == ("note", "holidays of 2021 to 2026; the coming 60 days reach into 2027, which nobody has loaded")
    assert "anju calendar load FILE with the days of 2027" in do


def test_a_loaded_calendar_that_nobody_reads(data: Path) -> None:
    assert ask()[1]["loaded calendar"][0] == "ok"
    CalendarYear.objects.create(year=2030, version=1, loaded_at=NOON, loaded_by="t")
    assert ask()[1]["loaded calendar"] == ("note", "calendar.json is not as it is in the table")
