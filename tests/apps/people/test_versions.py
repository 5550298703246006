"""Attributes in both times: what was said is never overwritten, and every past day is rebuilt as it was known."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.people.importing import ImportReport, import_people
from anju.apps.people.models import HouseholdVersion, Membership, Person, PersonVersion, RegisterDelivery
from anju.apps.people.publish import RegistrySnapshot, _fetch, export_registry
from anju.apps.places.actions import import_scope_places
from anju.core.contracts.model import Contract, Programme
from anju.core.contracts.programme import read_programme
from anju.core.contracts.read import read_contracts
from anju.core.terms.identifiers import check_digit
from anju.lake.files import FileRefused

pytestmark = pytest.mark.django_db


def moment(month: int, day: int = 10) -> datetime:
    return datetime(2024, month, day, tzinfo=UTC)


def register_policy() -> tuple[dict[str, Contract], Programme]:
    programme = read_programme(Path(settings.POLICY))[0]
    assert programme is not None
    return read_contracts(Path(settings.POLICY))[0], programme


def number(nth: int) -> str:
    body = f"52230119900101{nth:03d}"
    return body + check_digit(body)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    places = tmp_path / "places.csv"
    places.write_text(
        "level,code,name,parent_code\nunit,U1,义龙,\nstreet,S1,木贾,U1\ncommunity,C1,新城,S1\ncommunity,C2,老城,S1\n", encoding="utf-8"
    )
    import_scope_places(
        places, by="clerk", at=moment(1), programme_code="P", programme_name="programme", root_level="programme", unit_level="unit"
    )
    return tmp_path


def take(folder: Path, rows: list[str], at: datetime, valid: date | None = None) -> ImportReport:
    """The first row is the header; a file of households has a column of communities."""
    path = folder / ("F01.csv" if "dest_community_code" in rows[0] else "F02.csv")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    contracts, programme = register_policy()
    report = import_people([path], by="clerk", at=at, valid=valid, contracts=contracts, programme=programme)
    assert report.households.adds_up and report.persons.adds_up and report.refused == []
    return report


def homes(folder: Path, at: datetime, *rows: str, valid: date | None = None) -> ImportReport:
    return take(folder, ["household_code,dest_community_code,status", *rows], at, valid)


def persons(folder: Path, at: datetime, *rows: str, valid: date | None = None) -> ImportReport:
    return take(folder, ["person_id,household_code,health_status,birth_date", *rows], at, valid)


def export(folder: Path, day: date, known: datetime) -> RegistrySnapshot:
    return export_registry(day, known, folder / "out", community_level="community", unit_level="unit")


def person(folder: Path, day: date, known: datetime) -> dict[str, object] | None:
    found = pq.read_table(export(folder, day, known).path("person")).to_pylist()
    return found[0] if found else None


def test_a_change_holds_from_its_day_and_is_known_from_its_receipt(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    persons(folder, moment(1), f"{number(1)},H1,healthy,1990-01-01")
    report = persons(folder, moment(6), f"{number(1)},H1,chronic,1990-01-01", valid=date(2024, 5, 31))
    assert (report.persons.changed, report.memberships_moved) == (1, 0)
    was = {(day, known): person(folder, day, known) for day in (date(2023, 1, 1), date(2024, 5, 30), date(2024, 5, 31)) for known in
           (moment(1), moment(5), moment(6))}  # fmt: skip
    health = {key: row and row["health_status"] for key, row in was.items()}
    assert health.pop((date(2024, 5, 31), moment(6))) == "chronic"
    assert set(health.values()) == {"healthy"}
    assert person(folder, date(2024, 6, 1), moment(1, 9)) is None  # nobody is known before the first register came
    assert (PersonVersion.objects.count(), Person.objects.get().known_from) == (1, moment(6))


def test_the_same_register_again_adds_no_version(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    for month in (1, 6):
        persons(folder, moment(month), f"{number(1)},H1,healthy,1990-01-01")
        homes(folder, moment(month), "H1,C1,active")
    assert (PersonVersion.objects.count(), HouseholdVersion.objects.count()) == (0, 0)
    assert Person.objects.get().known_from == moment(1)
    assert list(RegisterDelivery.objects.order_by("id").values_list("registry", "valid")[:2]) == [
        ("household", date(2024, 1, 10)),
        ("person", date(2024, 1, 10)),
    ]


def test_a_household_that_moves_was_elsewhere_before(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    homes(folder, moment(6), "H1,C2,split")

    def home(day: date, known: datetime) -> tuple[object, object]:
        snapshot = export(folder, day, known)
        row = pq.read_table(snapshot.path("household")).to_pylist()[0]
        codes = {p["place_id"]: p["code"] for p in pq.read_table(snapshot.path("place")).to_pylist()}
        assert row["community_id"] == row["place_id"]
        return codes[row["place_id"]], row["status"]

    assert home(date(2024, 6, 9), moment(7)) == ("C1", "active")
    assert home(date(2024, 6, 10), moment(7)) == ("C2", "split")
    assert home(date(2024, 6, 10), moment(5)) == ("C1", "active")


def test_a_community_that_went_to_another_street_was_with_the_first_before(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")

    def list_of_places(at: datetime, *rows: str) -> None:
        path = folder / "places.csv"
        path.write_text("\n".join(("level,code,name,parent_code", "unit,U1,义龙,", "street,S1,木贾,U1", *rows)) + "\n", encoding="utf-8")
        names = {"programme_code": "P", "programme_name": "programme", "root_level": "programme", "unit_level": "unit"}
        import_scope_places(path, by="clerk", at=at, **names)

    def seen(day: date, known: datetime) -> dict[object, tuple[object, ...]]:
        rows = pq.read_table(export(folder, day, known).path("place")).to_pylist()
        codes = {row["place_id"]: row["code"] for row in rows}
        return {row["code"]: (codes.get(row["parent_id"]), row["name"], row["path"].count("/")) for row in rows}

    before = seen(date(2024, 5, 1), moment(5))
    digest = export(folder, date(2024, 5, 1), moment(5)).digest
    list_of_places(moment(6), "unit,U2,兴义,", "street,S2,洒金,U2", "community,C1,新城一,S2", "community,C2,老城,S1")
    assert seen(date(2024, 5, 1), moment(5)) == seen(date(2024, 7, 1), moment(5)) == before
    assert export(folder, date(2024, 5, 1), moment(5)).digest == digest
    after = seen(date(2024, 7, 1), moment(7))
    assert (before["C1"], after["C1"], after["C2"]) == (("S1", "新城", 5), ("S2", "新城一", 5), before["C2"])
    assert (seen(date(2024, 5, 1), moment(7))["C1"], "U2" in before, "U2" in after) == (before["C1"], False, True)
    unit = pq.read_table(export(folder, date(2024, 7, 1), moment(7)).path("household")).to_pylist()[0]["unit_id"]
    assert unit != pq.read_table(export(folder, date(2024, 5, 1), moment(5)).path("household")).to_pylist()[0]["unit_id"]


def test_a_corrected_birth_date_holds_for_every_day_but_not_before_it_was_known(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    persons(folder, moment(1), f"{number(1)},H1,healthy,1990-01-01")
    persons(folder, moment(3), f"{number(1)},H1,chronic,1990-01-01")
    persons(folder, moment(6), f"{number(1)},H1,severe,1991-02-02")
    assert [person(folder, date(2024, m, 20), moment(7))["birth_date"] for m in (1, 4, 6)] == [date(1991, 2, 2)] * 3  # type: ignore[index]
    assert person(folder, date(2024, 4, 20), moment(5))["birth_date"] == date(1990, 1, 1)  # type: ignore[index]
    assert [person(folder, date(2024, m, 20), moment(7))["health_status"] for m in (1, 4, 6)] == ["healthy", "chronic", "severe"]  # type: ignore[index]


def test_a_birth_date_alone_corrected_stays_true_from_the_first_day(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    persons(folder, moment(1), f"{number(1)},H1,healthy,1990-01-01")
    persons(folder, moment(6), f"{number(1)},H1,healthy,1991-02-02")
    now = Person.objects.get()
    assert (now.birth_date, now.valid_from, now.known_from) == (date(1991, 2, 2), date(2024, 1, 10), moment(6))
    assert PersonVersion.objects.get().birth_date == date(1990, 1, 1)


def test_an_older_register_loaded_late_fills_only_its_own_stretch(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active", "H2,C2,active")
    persons(folder, moment(1), f"{number(1)},H1,healthy,1990-01-01")
    persons(folder, moment(5), f"{number(1)},H1,healthy,1990-01-01")
    persons(folder, moment(6), f"{number(1)},H2,chronic,1990-01-01", valid=date(2024, 3, 1))
    days = [date(2024, 2, 1), date(2024, 3, 1), date(2024, 5, 9), date(2024, 5, 10), date(2024, 7, 1)]
    found = [person(folder, day, moment(7)) for day in days]
    assert [row and row["health_status"] for row in found] == ["healthy", "chronic", "chronic", "healthy", "healthy"]
    codes = dict(Membership.objects.values_list("household_id", "household__household_code"))
    assert [codes[row["household_id"]] for row in found if row] == ["H1", "H2", "H2", "H1", "H1"]  # type: ignore[index]
    assert person(folder, date(2024, 4, 1), moment(5))["health_status"] == "healthy"  # type: ignore[index]
    again = persons(folder, moment(7), f"{number(1)},H2,chronic,1990-01-01", valid=date(2024, 3, 1))
    assert (again.persons.unchanged, again.memberships_moved) == (1, 0)


def test_two_files_of_one_import_see_each_other(folder: Path) -> None:
    contracts, programme = register_policy()
    files = []
    for n, health in enumerate(("healthy", "chronic", "severe")):
        path = folder / f"part{n}.csv"
        path.write_text(f"person_id,health_status,name\n{number(1)},{health},甲\n", encoding="utf-8")
        files.append(path)
    for at in (moment(1), moment(3)):
        import_people(files, by="clerk", at=at, contracts=contracts, programme=programme)
    assert person(folder, date(2024, 3, 10), moment(3))["health_status"] == "severe"  # type: ignore[index]
    assert PersonVersion.objects.count() == 5


def test_what_was_known_on_a_past_day_cannot_be_added_to(folder: Path) -> None:
    homes(folder, moment(6), "H1,C1,active")
    with pytest.raises(FileRefused, match="known on past days"):
        homes(folder, moment(3), "H1,C2,active")
    with pytest.raises(FileRefused, match="still to come"):
        homes(folder, moment(6), "H1,C2,active", valid=date(2024, 8, 1))


def test_the_number_of_statements_does_not_grow_with_the_rows(folder: Path) -> None:
    counts = []
    for people in (5, 200):
        rows = [f"{number(n)},H1,healthy,1990-01-01" for n in range(people)]
        homes(folder, moment(1), "H1,C1,active")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            persons(folder, moment(1), *rows)
        with CaptureQueriesContext(connection) as changed:
            persons(folder, moment(1), *[row.replace("healthy", "chronic") for row in rows])
        counts.append((len(queries), len(changed)))
        Person.objects.all().delete()
    assert counts[0] == counts[1]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL declares its types")
def test_a_column_that_is_empty_for_a_long_way_down_keeps_its_type(file_database: Path) -> None:
    with closing(sqlite3.connect(file_database)) as con, con:
        con.execute("CREATE TABLE t (id INTEGER, died TEXT)")
        con.executemany("INSERT INTO t VALUES (?, ?)", [(n, "2023-06-14" if n == 4_999 else None) for n in range(5_000)])
    table = _fetch("SELECT id, died FROM t", pa.schema([("id", pa.int64()), ("died", pa.date32())]))
    assert table.column("died").to_pylist()[-1] == date(2023, 6, 14)


def test_nobody_is_in_the_snapshot_of_a_day_before_their_birth(folder: Path) -> None:
    homes(folder, moment(1), "H1,C1,active")
    persons(folder, moment(6), f"{number(1)},H1,healthy,2024-03-05", valid=date(2024, 1, 1))
    for day, there in ((date(2024, 3, 4), 0), (date(2024, 3, 5), 1)):
        snapshot = export_registry(day, moment(7), folder / "out", community_level="community", unit_level="unit")
        assert snapshot.rows["person"] == there
