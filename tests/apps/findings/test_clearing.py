"""The gate's question asked of a run: of one subject with what is waited for, and of many by the answers that the run has kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.utils import timezone

from anju.apps.feeds.own import own_delivery, own_feeds_of
from anju.apps.findings import clearing as room
from anju.apps.findings import current
from anju.apps.findings.actions import write_difference
from anju.apps.findings.clearing import Asked, NothingToRead, clearing, clearings
from anju.apps.findings.models import Run
from anju.core.standards.case_world import build_world
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.standards.world import RawWorld, Row
from anju.lake.engine import run as run_engine
from oracle.writer import write_world

DAY, BEFORE, AFTER = date(2023, 10, 12), date(2023, 9, 10), date(2023, 9, 25)
STANDARDS = ("ED-01", "HS-04", "CG-02", "EM-01", "MH-02")
PRESENT = {"school_code": "S1", "consecutive_absent_days": 0, "absent_days_unexcused": 0}
SAID: dict[str, Any] = {
    "as_of": DAY,
    "person": {"birth_date": date(2013, 5, 1)},
    "households": [{}, {"status": "left"}],
    "persons": [{"household": 1, "birth_date": date(1990, 1, 1)}, {"household": 2, "birth_date": date(2012, 5, 1)}, {"household": 3}],
    "F09": [{"status": "enrolled", "school_code": "S1", "stage": "primary", "person": who} for who in (1, 3)],
    "F10": [{"week": f"2023-W{n}", **PRESENT} for n in range(34, 41)],
    "F07": [{"month": "2023-09", "samples": 4, "samples_failed": 0, "outage_hours_max": 2, "outage_hours_total": 3}],
    "F28": [{"dispute_id": "D7", "registered_on": date(2023, 6, 1), "mediated_on": date(2023, 9, 5), "result": "agreed"}],
    "F16": [{"employed": True, "job_start_on": date(2023, 8, 1), "person": 2}],
    "F14": [{"visit_type": "inpatient", "settled_on": date(2023, 3, 10), "self_paid": 68500, "person": 3}],
    "F26": [
        {
            "month": "2023-06",
            "wage_income": 60000,
            "business_income": 0,
            "property_income": 0,
            "transfer_income": 0,
            "rigid_expense": 6000,
            "household": 2,
        }
    ],
}


@pytest.fixture(scope="module")
def rules() -> Policy:
    return load_policy(Path(settings.POLICY))


@pytest.fixture
def run(db: None, rules: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of a small world, its files where a deployment has them."""
    data = tmp_path / "deployment"
    monkeypatch.setattr(settings, "DATA", data)
    monkeypatch.setitem(current._kept, "run", None)
    sources = write_world(as_published(build_world(rules, SAID)), rules, data / "lake")
    record = Run.objects.create(
        day=DAY, known_at=datetime.combine(DAY, time(23), UTC), policy_digest=rules.digest, registry_digest="../registry",
        manifest_digest="../manifest", folder="", started_at=timezone.now(), started_by="test",
    )  # fmt: skip
    result = run_engine(rules, sources, DAY, datetime.combine(DAY, time(23)), data / "lake" / "runs" / str(record.pk), standards=STANDARDS)
    return write_difference(record, result).run


def as_published(world: RawWorld) -> RawWorld:
    """With the number under which the platform delivers what was decided."""
    (case,) = (d["delivery_id"] for d in world.deliveries if d["feed"] == "P01")

    def numbered(rows: Sequence[Row]) -> list[Row]:
        return [{**row, "delivery_id": own_delivery("P01") if row["delivery_id"] == case else row["delivery_id"]} for row in rows]

    return replace(world, deliveries=numbered(world.deliveries), coverage=numbered(world.coverage))


def dispute(run: Run) -> int:
    """Our own key of the one dispute."""
    (key,) = pq.read_table(Path(settings.DATA) / "lake" / run.folder / "answers_dispute.parquet")["subject_id"].to_pylist()
    return int(key)


def test_one_and_many_say_the_same_of_every_kind_of_subject(run: Run, rules: Policy) -> None:
    data, key = Path(settings.DATA), dispute(run)
    asked = [
        Asked(code, subject, after)
        for code, subject in (("ED-01", 1), ("ED-01", 3), ("ED-01", 4), ("EM-01", 1), ("EM-01", 3), ("HS-04", 3), ("CG-02", key), ("ED-01", 99))
        for after in (BEFORE, AFTER, date(2023, 10, 1))
    ]  # fmt: skip
    many = clearings(rules, data, run, asked)
    assert set(many) == set(asked)
    for one in asked:
        alone = clearing(rules, data, run, *one)
        assert (many[one].state, many[one].fresh, many[one].answer) == (alone.state, alone.fresh, alone.answer), one
    shown = {one for one in asked if many[one].shown}
    assert shown == {
        Asked("ED-01", 1, BEFORE), Asked("EM-01", 1, BEFORE), Asked("EM-01", 1, AFTER), Asked("HS-04", 3, BEFORE), Asked("HS-04", 3, AFTER),
    }  # fmt: skip
    assert {one.subject_id for one in asked if many[one].state == "gone"} == {3, 4, 99}  # household 3 has left
    assert many[Asked("CG-02", key, BEFORE)].state == "true" and not many[Asked("CG-02", key, BEFORE)].fresh


def test_rows_are_read_for_those_alone_whose_condition_holds(run: Run, rules: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_Lake", None)  # nothing may be read
    found = clearings(rules, Path(settings.DATA), run, [Asked("ED-01", 3, AFTER), Asked("ED-01", 99, AFTER), Asked("XX-99", 1, AFTER)])
    assert [one.state for one in found.values()] == ["false", "gone", "gone"]


def test_a_decision_just_recorded_counts_before_the_next_run(run: Run, rules: Policy) -> None:
    on = date(2023, 10, 14)
    row = {
        "row_id": 1, "delivery_id": own_delivery("P01"), "known_at": datetime.combine(on, time(9)), "valid": on, "period": None, "unit": "all",
        "person_id": None, "household_id": 2, "place_id": None, "subject_key": None, "deleted": False, "decision_id": "1",
        "standard": "MH-02", "decision": "assistance_paid", "decided_on": on,
    }  # fmt: skip
    before = clearing(rules, Path(settings.DATA), run, "MH-02", 2, BEFORE)
    assert (before.day, before.state, [wait.kind for wait in before.waits]) == (DAY, "false", ["not_yet"])
    later = clearing(rules, Path(settings.DATA), run, "MH-02", 2, BEFORE, own={"P01": [row]}, day=on)
    assert (later.day, later.state) == (on, "true")
    told = {
        "standard": "MH-02",
        "decision": "assistance_paid",
        "decided_on": on,
        "household_id": 2,
        "known_at": datetime.combine(on, time(9), UTC),
    }
    everything = own_feeds_of(rules, {"P01": [{**told, "decision_id": "1"}, {**told, "decision_id": "2", "household_id": 1}]}, on)
    assert clearing(rules, Path(settings.DATA), run, "MH-02", 2, BEFORE, own=everything, day=on) == later
    assert clearing(rules, Path(settings.DATA), run, "HS-04", 3, BEFORE, own=everything, day=on).shown
    other = own_feeds_of(rules, {"P01": [{**told, "decision_id": "2", "household_id": 1}]}, on)
    assert clearing(rules, Path(settings.DATA), run, "MH-02", 2, BEFORE, own=other, day=on).state == "false"


def test_a_run_whose_sources_are_gone_says_what_to_do(run: Run, rules: Policy) -> None:
    Run.objects.filter(pk=run.pk).update(registry_digest="gone")
    run.refresh_from_db()
    current._kept["run"] = None
    with pytest.raises(NothingToRead, match="anju run"):
        clearing(rules, Path(settings.DATA), run, "HS-04", 3, AFTER)
