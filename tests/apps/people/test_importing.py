"""The registers into the database: counted, refused with reasons, and with what was known before kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.models import Household, Identifier, Membership, Person
from anju.apps.people.publish import Directory, export_registry
from anju.apps.people.vault import FileVault, Sealer, digest, ensure_keys
from anju.apps.places.actions import import_scope_places
from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import read_programme
from anju.core.contracts.read import read_contracts
from anju.core.terms.identifiers import check_digit

pytestmark = pytest.mark.django_db
AT = datetime(2024, 1, 10, tzinfo=UTC)
LATER = datetime(2024, 6, 1, tzinfo=UTC)


def register_policy() -> tuple[dict[str, Contract], Programme]:
    programme = read_programme(Path(settings.POLICY))[0]
    assert programme is not None
    return read_contracts(Path(settings.POLICY))[0], programme


def number(nth: int) -> str:
    body = f"52230119900101{nth:03d}"
    return body + check_digit(body)


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    places = csv(tmp_path / "places.csv", "level,code,name,parent_code", "unit,U1,义龙,", "street,S1,木贾,U1", "community,C1,新城,S1")
    import_scope_places(places, by="clerk", at=AT, programme_code="P", programme_name="programme")
    households = csv(
        tmp_path / "households.csv",
        "household_code,dest_community_code,move_in_date,member_count",
        "H1,C1,2019-02-20,2",
        "H2,C1,2020-05-01,1",
    )
    people = csv(
        tmp_path / "people.csv", "身份证号,户编码,姓名,sex", f"{number(1)},H1,韦秀英,2", f"{number(2)},H1,岑志明,1", f"{number(3)},H2,王芳,2"
    )
    return [people, households]


def take(files: list[Path], at: datetime = AT, *, dry_run: bool = False) -> ImportReport:
    contracts, programme = register_policy()
    report = import_people(files, by="clerk", at=at, contracts=contracts, programme=programme, dry_run=dry_run)
    assert report.households.adds_up and report.persons.adds_up
    return report


def test_first_import(files: list[Path]) -> None:
    report = take(files)
    assert (report.households.new, report.persons.new, report.refused) == (2, 3, [])
    own = Identifier.objects.get(digest=digest(ensure_keys(), "cn_resident_id", number(1)))
    assert own.masked == "522301************"
    person = own.person
    assert (person.name, person.initials, person.birth_date) == ("韦秀英", "wxy", date(1990, 1, 1))
    sealed = Identifier.objects.get(person=person)
    assert Sealer(ensure_keys()).open(sealed.value) == number(1)
    member = Membership.objects.get(person=person)
    assert (member.start, member.end, member.known_from, member.known_to) == (date(2019, 2, 20), None, AT, None)


def test_same_files_again_change_nothing(files: list[Path]) -> None:
    take(files)
    before = list(Person.objects.order_by("id").values()), list(Membership.objects.order_by("id").values())
    report = take(files, LATER)
    assert (report.households.unchanged, report.persons.unchanged) == (2, 3)
    assert (report.persons.new, report.persons.changed, report.memberships_new) == (0, 0, 0)
    assert before == (list(Person.objects.order_by("id").values()), list(Membership.objects.order_by("id").values()))


def test_dry_run_writes_nothing(files: list[Path]) -> None:
    assert take(files, dry_run=True).persons.new == 3
    assert Person.objects.count() == 0


def test_wrong_check_digit_is_refused(files: list[Path]) -> None:
    good = number(4)
    wrong = good[:17] + ("0" if good[17] != "0" else "1")
    csv(files[0], "person_id,household_code,name", f"{number(1)},H1,韦秀英", f"{wrong},H1,王芳")
    report = take(files)
    assert (report.persons.new, report.persons.refused) == (1, 1)
    refused = report.refused[0]
    assert (refused["file"], refused["line"], refused["column"]) == ("people.csv", 3, "person_id")
    assert "check digit" in refused["reason"] and wrong not in refused["reason"]


def test_a_household_lives_in_its_grid_where_the_grid_is_a_place_of_its_community(files: list[Path], tmp_path: Path) -> None:
    rows = (
        "unit,U1,义龙,",
        "street,S1,木贾,U1",
        "community,C1,新城,S1",
        "community,C2,旧城,S1",
        "grid,G1,新城第1网格,C1",
        "grid,G2,旧城第1网格,C2",
    )
    places = csv(tmp_path / "grids.csv", "level,code,name,parent_code", *rows)
    import_scope_places(places, by="clerk", at=AT, programme_code="P", programme_name="programme")
    csv(files[1], "household_code,dest_community_code,grid_code", "H1,C1,G1", "H2,C1,G2", "H3,C2,", "H4,C2,G9")
    csv(files[0], "person_id,household_code,name")
    take(files)
    lives = dict(Household.objects.values_list("household_code", "place__code"))
    assert lives == {"H1": "G1", "H2": "C1", "H3": "C2", "H4": "C2"}  # a grid of another community, none, or one nobody knows: the community
    assert dict(Household.objects.values_list("household_code", "grid_code")) == {"H1": "G1", "H2": "G2", "H3": None, "H4": "G9"}


def test_unknown_community_and_its_people_are_refused(files: list[Path]) -> None:
    csv(files[1], "household_code,dest_community_code", "H1,C1", "H2,C9")
    report = take(files)
    assert [(r["line"], r["column"], r["reason"]) for r in report.refused] == [
        (3, "dest_community_code", "no place of this code"),
        (4, "household_code", "no household of this code"),
    ]


def test_doubles_and_conflicts(files: list[Path]) -> None:
    csv(files[0], "person_id,household_code,name", *[f"{number(1)},H1,韦秀英"] * 2, f"{number(2)},H1,甲", f"{number(2)},H1,乙")
    persons = take(files).persons
    assert (persons.new, persons.duplicates, persons.refused) == (1, 1, 2)


def test_who_moves_keeps_the_history(files: list[Path]) -> None:
    take(files)
    csv(files[0], "person_id,household_code,name,sex", f"{number(1)},H1,韦秀英,2", f"{number(2)},H2,岑志明,1", f"{number(3)},H2,王芳,2")
    report = take(files, LATER)
    assert (report.persons.changed, report.persons.unchanged, report.memberships_moved) == (1, 2, 1)
    rows = Membership.objects.filter(household__household_code="H1", person__name="岑志明").order_by("id")
    assert {(row.end, row.known_to) for row in rows} == {(None, LATER), (date(2020, 5, 1), None)}
    now = Membership.objects.get(person__name="岑志明", end=None, known_to=None)
    assert (now.household.household_code, now.start, now.known_from) == ("H2", date(2020, 5, 1), LATER)


def test_export_as_known_then_and_now(files: list[Path], tmp_path: Path) -> None:
    take(files)
    before = export_registry(
        date(2024, 1, 11), datetime(2024, 2, 1, tzinfo=UTC), tmp_path / "out", community_level="community", unit_level="unit"
    )
    assert before.rows == {"place": 4, "household": 2, "person": 3, "membership": 3}
    household = pq.read_table(before.path("household")).to_pylist()[0]
    levels = {row["place_id"]: row["level"] for row in pq.read_table(before.path("place")).to_pylist()}
    assert (levels[household["community_id"]], levels[household["unit_id"]]) == ("community", "unit")
    csv(files[0], "person_id,household_code,name,sex", f"{number(2)},H2,岑志明,1")
    take(files, LATER)
    then = export_registry(date(2024, 1, 11), datetime(2024, 2, 1, tzinfo=UTC), tmp_path / "out", community_level="community", unit_level="unit")
    now = export_registry(date(2024, 1, 11), datetime(2024, 7, 1, tzinfo=UTC), tmp_path / "out", community_level="community", unit_level="unit")
    assert then.digest == before.digest != now.digest


def test_directory_knows_its_own_and_no_strangers(files: list[Path]) -> None:
    take(files)
    directory = Directory("cn_resident_id")
    found = directory.people(pa.array([number(1), number(9), None, number(1)])).to_pylist()
    assert found[0] is not None and found == [found[0], None, None, found[0]]
    assert [key is None for key in directory.households(pa.array(["H1", "H9"])).to_pylist()] == [False, True]
    assert [key is None for key in directory.places(pa.array(["C1", "C9"])).to_pylist()] == [False, True]


def test_vault_gives_back_what_it_took() -> None:
    vault = FileVault()
    assert vault.decrypt(vault.encrypt(b"rows")) == b"rows"
