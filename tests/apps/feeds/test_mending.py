"""Rows set aside are written to a sheet, mended by a clerk and sent again: they join the delivery they came in."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from anju.apps.feeds.consistency import lake_state
from anju.apps.feeds.models import Delivery, RejectedRow
from anju.cli.main import main
from anju.lake.refused import REASON_HEADER, ROW_HEADER
from lake.deliveries import CHILD, HEADER, PUPIL, STRANGER, WORKER, Deployment, deployment

pytestmark = pytest.mark.django_db
ROLL = "person_id,term,school_code,status"


@pytest.fixture
def office(own_data_folder: Path, db: None) -> Deployment:
    return deployment(own_data_folder)


def ask(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def sheet_of(receipt: int, out: Path) -> list[list[str]]:
    assert ask("feeds", "refused", str(receipt), str(out))[0] == 0
    return CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()


def saved(rows: list[list[str]], out: Path) -> Path:
    book = xlsxwriter.Workbook(str(out), {"strings_to_formulas": False})
    sheet = book.add_worksheet()
    for line, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(line, column, text)
    book.close()
    return out


@pytest.fixture
def roll(office: Deployment, tmp_path: Path) -> Delivery:
    """A full roll of four rows: one good, one of a term that is none, one of a wrong number, one of a stranger."""
    path = tmp_path / "F09_522301.csv"
    rows = [f"{WORKER},2023-2024-1,S1,enrolled", f"{PUPIL},2023-9,S1,enrolled", f"{CHILD[:17]}0,2023-2024-1,S1,enrolled",
            f"{STRANGER},2023-2024-1,S1,enrolled"]  # fmt: skip
    path.write_text("\n".join([ROLL, *rows, ""]), encoding="utf-8")
    delivery = office.receive(path, "F09").delivery
    assert (delivery.accepted, delivery.refused, delivery.unknown_people) == (1, 3, 1)
    assert RejectedRow.objects.filter(settled_at__isnull=True).count() == 1
    return delivery


def test_mended_rows_join_the_roll_they_came_in(office: Deployment, roll: Delivery, tmp_path: Path) -> None:
    rows = sheet_of(roll.pk, tmp_path / "out.xlsx")
    assert rows[0] == [*ROLL.split(","), REASON_HEADER, ROW_HEADER]
    assert [row[-1] for row in rows[1:]] == [f"{roll.pk}:{line}" for line in (3, 4, 5)]
    rows[1][1], rows[2][0] = "2023-2024-1", CHILD
    code, text = ask("feeds", "import", str(saved(rows, tmp_path / "out.xlsx")), "--json")
    assert (code, json.loads(text)["mended"]) == (
        1, [{"receipt": roll.pk, "feed": "F09", "tried": 3, "accepted": 2, "duplicates": 0, "set_aside": 1}],
    )  # fmt: skip
    roll.refresh_from_db()
    assert (roll.rows, roll.accepted, roll.refused, roll.unknown_people) == (4, 3, 1, 1)
    assert Delivery.objects.filter(retry_of=None).count() == 1
    assert RejectedRow.objects.filter(settled_at__isnull=True).count() == 0
    taken = pq.read_table(office.root / "feeds" / "F09" / f"{roll.retries.get().pk}.parquet")
    assert sorted(taken.column("person_id").to_pylist()) == [2, 3]
    state = lake_state(office.root, deep=True)
    assert (state.missing, state.damaged, state.without_rows_set_aside, state.orphans) == ((), (), (), ())
    assert [row[0] for row in sheet_of(roll.pk, tmp_path / "left.xlsx")[1:]] == [STRANGER]


def test_the_same_sheet_twice_changes_nothing(roll: Delivery, tmp_path: Path) -> None:
    rows = sheet_of(roll.pk, tmp_path / "out.xlsx")
    rows[1][1] = "2023-2024-1"
    mended = saved([rows[0], rows[1]], tmp_path / "out.xlsx")
    assert ask("feeds", "import", str(mended))[0] == 1
    before = list(Delivery.objects.values())
    code, text = ask("feeds", "import", str(mended))
    assert "nothing has changed" in text
    assert code == 1  # two rows are set aside still
    assert list(Delivery.objects.values()) == before


def test_a_sheet_named_like_a_delivery_still_mends(roll: Delivery, tmp_path: Path) -> None:
    rows = sheet_of(roll.pk, tmp_path / "out.xlsx")
    rows[1][1] = "2023-2024-1"
    path = saved(rows, tmp_path / "F09_522301_2023-2024-1.xlsx")
    text = ask("feeds", "import", str(path))[1]
    assert "1 of 3 mended rows taken in" in text
    assert Delivery.objects.filter(retry_of=None).count() == 1


def test_what_is_still_wrong_stays_with_what_it_says_now(roll: Delivery, tmp_path: Path) -> None:
    rows = sheet_of(roll.pk, tmp_path / "out.xlsx")
    rows[1][3] = "在读?"
    ask("feeds", "import", str(saved(rows, tmp_path / "out.xlsx")))
    again = sheet_of(roll.pk, tmp_path / "again.xlsx")
    assert again[1][3] == "在读?"
    assert "在读?" in again[1][-2]
    assert RejectedRow.objects.filter(settled_at__isnull=True, person_id=2).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [[*row[:-1], "x"] if n else row for n, row in enumerate(rows)], "which one it mends"),
        (lambda rows: [rows[0], rows[1], rows[1]], "mends a row twice"),
        (lambda rows: [rows[0], [*rows[1][:-1], "9:2"], rows[2]], "mends 2 receipts"),
        (lambda rows: [rows[0], [*rows[1][:-1], "999:2"]], "there is no receipt 999"),
        (lambda rows: [row[1:] for row in rows], "has lost the column person_id"),
        (lambda rows: [rows[0]], "mends 0 receipts"),
    ],
    ids=["no row number", "a row twice", "two receipts", "another deployment", "a column gone", "no rows"],
)
def test_a_sheet_that_mends_nothing_is_refused_and_changes_nothing(change: object, words: str, roll: Delivery, tmp_path: Path) -> None:
    rows = change(sheet_of(roll.pk, tmp_path / "out.xlsx"))  # type: ignore[operator]
    before = list(Delivery.objects.values())
    code, text = ask("feeds", "import", str(saved(rows, tmp_path / "out.xlsx")))
    assert (code, words in text) == (1, True), text
    assert list(Delivery.objects.values()) == before


def test_a_withdrawn_delivery_cannot_be_mended(roll: Delivery, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    sheet_of(roll.pk, path)
    ask("feeds", "withdraw", str(roll.pk), "--reason", "wrong school year")
    assert "was withdrawn" in ask("feeds", "import", str(path))[1]


def test_a_formula_set_aside_comes_back_as_the_text_it_was(office: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "F14_522301_2023-08.csv"
    good = f"S1,{WORKER},inpatient,2023-08-10,1.00,1.00,I10"
    path.write_text("\n".join([HEADER, good, f"=1+1,{PUPIL},inpatient,2023-02-30,1.00,1.00,=CMD|'/C calc'!A0", ""]), encoding="utf-8")
    receipt = office.receive(path).delivery.pk
    rows = sheet_of(receipt, tmp_path / "out.xlsx")
    rows[1][3] = "2023-08-11"
    assert ask("feeds", "import", str(saved(rows, tmp_path / "out.xlsx")))[0] == 0
    taken = pq.read_table(office.root / "feeds" / "F14" / f"{Delivery.objects.get(retry_of=receipt).pk}.parquet").to_pylist()
    assert [(row["settlement_id"], row["disease_code"]) for row in taken] == [("=1+1", "=CMD|'/C calc'!A0")]
