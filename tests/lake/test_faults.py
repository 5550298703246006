"""Files named by their fault: each is refused with what, why and what to do, and leaves nothing; or every row is accounted for."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from anju.apps.feeds.models import Coverage, Delivery, RejectedRow
from anju.apps.people.vault import FileVault
from anju.lake.files import FileRefused
from anju.lake.refused import read_refused
from lake.deliveries import CHILD, HEADER, PUPIL, WORKER, Deployment, deployment

FAULTS = Path(__file__).parent / "faults"
OUTCOMES: dict[str, dict[str, Any]] = yaml.safe_load((FAULTS / "outcomes.yaml").read_text(encoding="utf-8"))
GIGABYTE = 1 << 30
pytestmark = pytest.mark.django_db


@pytest.fixture
def office(tmp_path: Path, db: None) -> Deployment:
    return deployment(tmp_path)


def sent_as(outcome: dict[str, Any]) -> dict[str, Any]:
    return {"feed": outcome.get("feed", "F14"), "unit": outcome.get("unit", "522301")}


def nothing_of_it(office: Deployment) -> None:
    assert not Delivery.objects.exists()
    assert not Coverage.objects.exists()
    assert not RejectedRow.objects.exists()
    assert office.files() == []
    assert not list(office.root.glob("work/*"))


def test_every_file_of_the_folder_has_an_outcome() -> None:
    assert sorted(OUTCOMES) == sorted(path.name for path in FAULTS.iterdir() if path.name != "outcomes.yaml")


@pytest.mark.parametrize("name", sorted(name for name, outcome in OUTCOMES.items() if "refused" in outcome))
def test_a_file_that_cannot_be_taken_leaves_nothing(name: str, office: Deployment) -> None:
    outcome = OUTCOMES[name]
    with pytest.raises(FileRefused, match=re.escape(outcome["refused"])) as refused:
        office.receive(FAULTS / name, periods=("2023-08", "2023-08") if "feed" not in outcome else None, **sent_as(outcome))
    assert refused.value.why
    assert refused.value.remedy
    assert not any(number in str(refused.value) for number in (WORKER, PUPIL, CHILD))
    nothing_of_it(office)


@pytest.mark.parametrize("name", sorted(name for name, outcome in OUTCOMES.items() if "taken" in outcome))
def test_every_row_of_a_file_is_accounted_for(name: str, office: Deployment) -> None:
    outcome = OUTCOMES[name]
    delivery = office.receive(FAULTS / name, periods=("2023-08", "2023-08"), **sent_as(outcome)).delivery
    assert [delivery.accepted, delivery.refused, delivery.duplicates, delivery.skipped] == outcome["taken"]
    assert delivery.rows == sum(outcome["taken"])
    assert pq.read_table(office.root / "feeds" / "F14" / f"{delivery.pk}.parquet").num_rows == delivery.accepted
    said = " ".join([*delivery.reasons, *delivery.messages])
    assert outcome.get("says", "") in said
    assert "cannot be read" not in delivery.reasons
    assert not re.search(r"\d{10}", said)
    if delivery.refused:
        header, rows = read_refused(office.root, delivery.pk, FileVault())
        assert rows.num_rows == delivery.refused
        assert all(rows.column("reason").to_pylist())
        assert rows.column("line").to_pylist() == outcome.get("lines", rows.column("line").to_pylist())
    assert not list(office.root.glob("work/*"))
    assert not list(office.root.rglob("*.partial"))


def test_the_same_rows_say_the_same_whatever_file_they_come_in(office: Deployment) -> None:
    first = office.receive(FAULTS / "as_it_should_be.csv")
    for name in ("as_it_should_be.jsonl", "as_it_should_be.parquet", "old_workbook.xls", "byte_order_mark.csv", "semicolons.csv", "tabs.tsv",
                 "windows_line_ends.csv", "old_mac_line_ends.csv", "hidden_first_sheet.xlsx", "gb18030.csv", "title_rows_above.csv",
                 "id_full_width_digits.csv", "id_with_apostrophe.csv", "totals_in_the_middle.csv", "same_row_twice.csv"):  # fmt: skip
        assert office.receive(FAULTS / name).repeats == first.delivery, name


def test_values_are_what_the_cells_say(office: Deployment) -> None:
    def column(name: str, column: str) -> list[Any]:
        delivery = office.receive(FAULTS / name).delivery
        return sorted(pq.read_table(office.root / "feeds" / "F14" / f"{delivery.pk}.parquet").column(column).to_pylist())

    assert column("amount_full_width.csv", "total_cost") == [1200, 12345, 123450]
    assert column("amount_with_three_decimals.csv", "total_cost") == [150, 150]
    assert column("thousands_in_quotes.csv", "total_cost") == [110100] * 3
    assert [str(day) for day in column("day_in_other_forms.csv", "valid")] == ["2023-08-09"] * 3
    assert [str(day) for day in column("day_as_serial_number.csv", "valid")] == ["2023-08-11", "2023-08-11", "2023-08-12"]
    assert column("formula_injection.csv", "disease_code") == ["+1+cmd", "=CMD|'/C calc'!A0", "@SUM(1+1)"]
    assert column("line_break_in_a_cell.csv", "disease_code") == ["I10.9", "I10.9\nand more"]
    assert column("deletes.csv", "deleted") == [False, True]


# --- too large or too odd to be kept as files ---------------------------------------------------------------------------


def test_of_a_large_file_the_rows_set_aside_are_those_that_are_wrong(tmp_path: Path, office: Deployment) -> None:
    """Large enough that several threads read it, each its own part."""
    path, wrong = tmp_path / "F14_522301_2023-08.csv", range(7, 240_000, 9_973)
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADER}\n")
        file.writelines(f"S{n:09},{WORKER},inpatient,2023-08-10,{'much' if n in wrong else f'{n}.00'},{n}.00,I10\n" for n in range(240_000))
    delivery = office.receive(path).delivery
    assert (delivery.accepted, delivery.refused) == (240_000 - len(wrong), len(wrong))
    _, rows = read_refused(office.root, delivery.pk, FileVault())
    assert rows.column("c0").to_pylist() == [f"S{n:09}" for n in wrong]
    assert rows.column("line").to_pylist() == [n + 2 for n in wrong]
    assert all("total_cost: much is not an exact amount" in reason for reason in rows.column("reason").to_pylist())
    kept = pq.read_table(office.root / "feeds" / "F14" / f"{delivery.pk}.parquet", columns=["row_id", "settlement_id"])
    first = kept.column("row_id")[0].as_py()
    assert all(int(text[1:]) == row - first for row, text in zip(*(kept.column(n).to_pylist() for n in range(2)), strict=True))


def refused(office: Deployment, path: Path, words: str) -> None:
    with pytest.raises(FileRefused, match=words) as error:
        office.receive(path)
    assert error.value.why
    assert error.value.remedy
    nothing_of_it(office)


def test_a_line_of_a_gigabyte(tmp_path: Path, office: Deployment) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(GIGABYTE >> 24):
            file.write(b"x" * (1 << 24))
    refused(office, path, "has a line of more than 1,000,000 bytes")
    path.unlink()


def test_a_gigabyte_of_nothing(tmp_path: Path, office: Deployment) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as file:
        file.truncate(GIGABYTE)
    refused(office, path, "NUL bytes")


def test_a_folder_a_broken_link_and_no_file_at_all(tmp_path: Path, office: Deployment) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere.csv")
    refused(office, tmp_path / "folder.csv", "is a folder")
    refused(office, tmp_path / "link.csv", "there is no file")
    refused(office, tmp_path / "absent.csv", "there is no file")
    (tmp_path / "other.docx").write_bytes(b"x")
    refused(office, tmp_path / "other.docx", "is of no kind we read")


def test_a_workbook_that_unpacks_to_more_than_a_machine_has(tmp_path: Path, office: Deployment) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 4_000_000_000)))
    refused(office, path, "unpacks to 4,000,000,000 bytes")


def test_a_workbook_that_lies_about_its_size(tmp_path: Path, office: Deployment) -> None:
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 1_000)))
    refused(office, path, "damaged or cut off")


def test_a_sheet_of_set_aside_formulas_shows_them_as_text(tmp_path: Path, office: Deployment) -> None:
    from anju.apps.feeds.actions import write_refused_sheet  # noqa: PLC0415

    delivery = office.receive(FAULTS / "formula_injection_set_aside.csv").delivery
    out = tmp_path / "out.xlsx"
    assert write_refused_sheet(delivery.pk, root=office.root, vault=FileVault(), out=out) == 2
    with zipfile.ZipFile(out) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "=CMD|'/C calc'!A0" in texts
