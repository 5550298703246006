"""The head that a register names is kept as delivered, by day; one who is no member of the household is taken, and worth a look."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.models import Household, HouseholdVersion, Person, RegisterDelivery
from anju.apps.people.numbers import head_of
from anju.apps.places.actions import import_scope_places
from apps.people.test_importing import AT, LATER, csv, number, register_policy

pytestmark = pytest.mark.django_db
CONTRACTS, PROGRAMME = register_policy()
MEMBER = "is the number of somebody who is no member of the household"
NOBODY = "nobody in the register has this number"


@pytest.fixture(autouse=True)
def places(tmp_path: Path) -> None:
    rows = csv(tmp_path / "places.csv", "level,code,name,parent_code", "unit,U1,义龙,", "street,S1,木贾,U1", "community,C1,新城,S1")
    import_scope_places(rows, by="clerk", at=AT, programme_code="P", programme_name="programme")


def take(tmp_path: Path, heads: dict[str, str], members: dict[str, str] | None = None, *, at: datetime = AT, dry: bool = False) -> ImportReport:
    files = [
        csv(tmp_path / "homes.csv", "household_code,dest_community_code,户主身份证号", *(f"{home},C1,{head}" for home, head in heads.items()))
    ]
    if members is not None:
        files.insert(0, csv(tmp_path / "people.csv", "person_id,household_code", *(f"{who},{home}" for who, home in members.items())))
    return import_people(files, by="clerk", at=at, contracts=CONTRACTS, programme=PROGRAMME, dry_run=dry)


def said(report: ImportReport) -> list[tuple[int, str]]:
    assert {one["column"] for one in report.doubtful} <= {"head_person_id", "birth_date"}
    return [(one["line"], one["reason"]) for one in report.doubtful if one["column"] == "head_person_id"]


MEMBERS = {number(1): "H1", number(2): "H1", number(3): "H2"}


def head(code: str) -> int | None:
    return head_of(Household.objects.get(household_code=code), PROGRAMME)


def test_heads_are_kept_though_households_come_before_their_people(tmp_path: Path) -> None:
    report = take(tmp_path, {"H1": number(1), "H2": number(3), "H3": ""}, MEMBERS)
    assert said(report) == [] and report.households.new == 3
    assert [head(code) for code in ("H1", "H2", "H3")] == [1, 3, None]
    again = take(tmp_path, {"H1": number(1), "H2": number(3), "H3": ""}, MEMBERS)
    assert (again.households.unchanged, again.households.changed) == (3, 0)


def test_a_head_who_is_no_member_or_nobody_is_taken_and_told(tmp_path: Path) -> None:
    report = take(tmp_path, {"H1": number(3), "H2": number(9), "H3": "12", "H4": number(3)}, MEMBERS)
    length = "a resident identity number has 18 characters (15 in old records), this has 2"
    assert said(report) == [(2, MEMBER), (3, NOBODY), (4, length), (5, MEMBER)]
    assert (report.households.new, report.households.refused, report.households.doubtful) == (4, 0, 4)
    assert RegisterDelivery.objects.get(registry="household").counts["doubtful"] == 4
    assert head("H1") == 3 and head("H2") is head("H3") is None
    known = take(tmp_path, {"H2": number(9)}, {number(9): "H2"}, at=LATER)
    assert said(known) == [] and head("H2") == Person.objects.latest("pk").pk


def test_of_two_days_each_has_its_head(tmp_path: Path) -> None:
    take(tmp_path, {"H1": number(1)}, {**MEMBERS, number(3): "H1"})
    dry = take(tmp_path, {"H1": number(2)}, at=LATER, dry=True)
    assert (dry.households.changed, head("H1")) == (1, 1)
    assert take(tmp_path, {"H1": number(2)}, at=LATER).households.changed == 1
    before = HouseholdVersion.objects.get()
    assert (before.valid_from, head_of(before, PROGRAMME), head("H1")) == (date(2024, 1, 10), 1, 2)
    silent = csv(tmp_path / "short.csv", "household_code,dest_community_code", "H1,C1")
    import_people([silent], by="clerk", at=datetime(2024, 7, 1, tzinfo=UTC), contracts=CONTRACTS, programme=PROGRAMME)
    assert head("H1") == 2  # who is not named again stays
