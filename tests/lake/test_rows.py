"""Rows of a feed resolved once and kept: the same answers, made anew only when what they rest on has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from anju.core.contracts.programme import calendar_of
from anju.core.standards.cases import build_world
from anju.core.standards.compile.feeds import looks_back
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.core.standards.world import RawWorld
from anju.lake.engine import run
from anju.lake.rows import KEPT, Sources
from oracle.writer import write_world

DAY = date(2023, 9, 26)
NOW = datetime(2023, 9, 26, 18)  # noqa: DTZ001
BILL = {"visit_type": "inpatient", "settlement_id": "1", "self_paid": "4000", "settled_on": date(2023, 3, 1)}
CASE: dict[str, Any] = {
    "as_of": DAY,
    "household": {"is_registered_poor": True},
    "F04": [{"unit_code": "D1"}],
    "F06": [{"unit_code": "D1", "month": "2023-08", "in_use": False, "household": None}],
    "F26": [{"wage_income": "60000", "business_income": "0", "property_income": "0", "transfer_income": "0"}],
    "F14": [BILL, {**BILL, "settlement_id": "2", "self_paid": "900"}],
}
STANDARDS = ("HS-03", "MH-02")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(Path(__file__).parents[2] / "policy")


def judged(policy: Policy, sources: Sources, folder: Path, day: date = DAY) -> list[dict[str, Any]]:
    result = run(policy, sources, day, NOW, folder / "run", standards=STANDARDS)
    return [row for path in sorted(result.answers.values()) for row in pq.read_table(path).to_pylist()]


def kept(sources: Sources, code: str) -> dict[str, int]:
    assert sources.resolved is not None
    return {path.name: path.stat().st_ino for path in (sources.resolved / code).glob("*")}


def corrected(world: RawWorld, on: date) -> RawWorld:
    """The first bill again, larger, delivered the same evening and settled on `on`."""
    first = world.feeds["F14"][0]
    delivery = {**next(d for d in world.deliveries if d["delivery_id"] == first["delivery_id"]), "delivery_id": 900, "received_at": NOW}
    row = {**first, "row_id": 900_001, "delivery_id": 900, "known_at": NOW, "self_paid": 470_000, "valid": on, "settled_on": on}
    return replace(world, deliveries=[*world.deliveries, delivery], feeds={**world.feeds, "F14": [*world.feeds["F14"], row]})


def test_answers_are_the_same_and_the_file_is_made_once(policy: Policy, tmp_path: Path) -> None:
    plain = write_world(build_world(policy, CASE), policy, tmp_path)
    keeping = replace(plain, resolved=tmp_path / "resolved")
    first = judged(policy, plain, tmp_path)
    assert judged(policy, keeping, tmp_path) == first
    made = {code: kept(keeping, code) for code in ("F04", "F06", "F14")}
    assert [len(files) for files in made.values()] == [1, 1, 1]
    assert judged(policy, keeping, tmp_path) == first
    assert {code: kept(keeping, code) for code in made} == made


def test_a_correction_makes_the_file_anew(policy: Policy, tmp_path: Path) -> None:
    world = build_world(policy, CASE)
    sources = replace(write_world(world, policy, tmp_path / "before"), resolved=tmp_path / "resolved")
    assert [row["MH-02"] for row in judged(policy, sources, tmp_path) if "MH-02" in row] == [1]
    sources = replace(write_world(corrected(world, date(2023, 3, 1)), policy, tmp_path / "after"), resolved=tmp_path / "resolved")
    assert [row["MH-02"] for row in judged(policy, sources, tmp_path) if "MH-02" in row] == [11]
    assert len(kept(sources, "F14")) == 2
    assert len(kept(sources, "F06")) == 1


def test_a_correction_dated_later_hides_nothing_on_the_days_before_it(policy: Policy, tmp_path: Path) -> None:
    world = corrected(build_world(policy, CASE), date(2023, 9, 25))
    sources = replace(write_world(world, policy, tmp_path), resolved=tmp_path / "resolved")
    for day, answer in ((DAY, 11), (date(2023, 9, 20), 1), (DAY, 11), (date(2023, 9, 21), 1)):
        assert [row["MH-02"] for row in judged(policy, sources, tmp_path, day) if "MH-02" in row] == [answer], day
    assert sorted(name.split(".")[1] for name in kept(sources, "F14")) == ["2023-09-25", "only-2023-09-20", "only-2023-09-21"]


def test_old_files_are_dropped(policy: Policy, tmp_path: Path) -> None:
    world = corrected(build_world(policy, CASE), date(2023, 9, 25))
    sources = replace(write_world(world, policy, tmp_path), resolved=tmp_path / "resolved")
    for n in range(KEPT + 3):
        judged(policy, sources, tmp_path, date(2023, 9, 10 + n))
    assert sorted(kept(sources, "F14")) == sorted(f"{next(iter(kept(sources, 'F14'))).split('.')[0]}.only-2023-09-{10 + n}" for n in (3, 4, 5))


def test_what_is_recent_is_kept_apart_from_what_is_older(policy: Policy, tmp_path: Path) -> None:
    quarters = [{"month": month, "wage_income": "60000", "business_income": "0", "property_income": "0", "transfer_income": "0"}
              for month in ("2022-06", "2023-02", "2023-05", "2023-08")]  # fmt: skip
    plain = write_world(build_world(policy, {**CASE, "F26": quarters}), policy, tmp_path)
    sources = replace(plain, resolved=tmp_path / "resolved")
    assert judged(policy, sources, tmp_path) == judged(policy, plain, tmp_path)
    (folder,) = (tmp_path / "resolved" / "F26").iterdir()
    days = {path.stem: pq.read_table(path)["valid"].to_pylist() for path in folder.iterdir()}
    assert days == {"recent": [date(2023, 6, 30), date(2023, 9, 30)], "older": [date(2022, 6, 30), date(2023, 3, 31)]}


def test_a_rule_that_looks_back_some_weeks_opens_no_older_row_group(policy: Policy, tmp_path: Path) -> None:
    months = [{"month": f"{2022 + n // 12}-{n % 12 + 1:02}", "unit_code": "D1", "in_use": False, "household": None} for n in range(5, 20)]
    sources = replace(write_world(build_world(policy, {**CASE, "F06": months}), policy, tmp_path), resolved=tmp_path / "resolved")
    judged(policy, sources, tmp_path)
    (folder,) = (tmp_path / "resolved" / "F06").iterdir()
    (older,) = folder.glob("older.parquet")
    found = pq.ParquetFile(older)
    assert found.metadata.num_row_groups == 1
    limits = found.metadata.row_group(0).column(found.schema_arrow.get_field_index("valid")).statistics
    for feature in ("income", "week_at_school", "job"):
        subject = "household" if feature == "income" else "person"
        one = policy.features[subject, feature]
        start = looks_back(policy.contracts[one.feed], one, DAY, calendar_of(policy.programme))  # type: ignore[union-attr, arg-type]
        assert start is not None
        assert start >= limits.max, feature  # no group whose greatest day is not after it is decoded
    before = policy.features["household", "income_half_year_before"]
    assert looks_back(policy.contracts["F26"], before, DAY, calendar_of(policy.programme)) is None  # type: ignore[arg-type]


def test_nothing_half_written_is_left(policy: Policy, tmp_path: Path) -> None:
    sources = replace(write_world(build_world(policy, CASE), policy, tmp_path), resolved=tmp_path / "resolved")
    judged(policy, sources, tmp_path)
    assert not list((tmp_path / "resolved").rglob("*.partial"))
