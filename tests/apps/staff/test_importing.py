"""Accounts and posts from a list: what is taken, what is refused and why, and that a second time changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.contrib.auth import authenticate
from django.test import RequestFactory

from anju.apps.journal.models import Line
from anju.apps.places.models import Place
from anju.apps.staff.importing import StaffReport, import_staff
from anju.apps.staff.models import Account, Post

pytestmark = pytest.mark.django_db
AT = datetime(2023, 9, 1, tzinfo=UTC)
HEAD = "username,display_name,role,place_level,place_code,department,start\n"
GOOD = "luo,罗春燕,grid_worker,community,C1,,2023-09-04\nluo,罗春燕,cadre,community,C1,,\nlu,陆文斌,county_department,unit,U1,education,\n"


@pytest.fixture(autouse=True)
def places() -> None:
    unit = Place.objects.create(id=1, tree="scope", level="unit", code="U1", name="U1", path="/1/")
    Place.objects.create(id=2, tree="scope", level="community", code="C1", name="C1", parent=unit, path="/1/2/")


def take(folder: Path, rows: str) -> StaffReport:
    path = folder / "staff.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return import_staff(path, by="test", at=AT, departments=frozenset({"education", "health"}))


def test_accounts_are_opened_with_their_posts(tmp_path: Path) -> None:
    report = take(tmp_path, GOOD)
    assert (report.accounts, report.posts, report.refused) == (2, 3, [])
    luo = Account.objects.get(username="luo")
    assert (luo.display_name, luo.must_change_password, luo.check_password(report.passwords["luo"])) == ("罗春燕", True, True)
    assert str(luo.posts.get(role="grid_worker").start) == "2023-09-04"
    line = Line.objects.get()  # one for the list, not one for each row
    assert (line.act, line.detail["accounts"], line.detail["posts"], line.detail["refused"]) == ("accounts.import", 2, 3, 0)


def test_the_same_list_again_changes_nothing(tmp_path: Path) -> None:
    take(tmp_path, GOOD)
    report = take(tmp_path, GOOD)
    assert (report.accounts, report.posts, report.known, report.passwords) == (0, 0, 3, {})


def test_a_workbook_is_read_like_a_text(tmp_path: Path) -> None:
    path = tmp_path / "staff.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for n, line in enumerate((HEAD + GOOD).splitlines()):
        sheet.write_row(n, 0, line.split(","))
    book.close()
    assert import_staff(path, by="test", at=AT).posts == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,A,king,unit,U1,,", "there is no role 'king'"),
        ("a,A,grid_worker,community,C9,,", "no place of level 'community' with the code 'C9'"),
        ("a,A,county_department,unit,U1,,", "is held for a department"),
        ("a,A,county_department,unit,U1,magic,", "there is no department 'magic'"),
        ("a,A,grid_worker,community,C1,health,", "is of no department"),
        ("a,A,grid_worker,community,C1,,soon", "start is a day like 2023-09-26, not 'soon'"),
        (",A,grid_worker,community,C1,,", "needs a name to sign in with"),
    ],
)
def test_a_row_is_refused_with_its_reason_and_the_others_are_taken(tmp_path: Path, row: str, reason: str) -> None:
    report = take(tmp_path, f"{row}\n{GOOD}")
    assert [refused.line for refused in report.refused] == [2]
    assert reason in report.refused[0].reason
    assert (report.accounts, Post.objects.count()) == (2, 3)
    assert not Account.objects.filter(username="a").exists()


def test_steward_auditor_and_administrator_are_three_people(tmp_path: Path) -> None:
    report = take(tmp_path, "ban,班正清,auditor,unit,U1,,\nban,班正清,administrator,unit,U1,,\n")
    assert "three people" in report.refused[0].reason
    assert Account.objects.get(username="ban").posts.get().role == "auditor"


def test_every_wrong_cell_of_a_row_is_told(tmp_path: Path) -> None:
    report = take(tmp_path, "a,A,grid_worker,community,C9,health,soon\n")
    assert [(cell.line, cell.column) for cell in report.refused] == [(2, "place_code"), (2, "start"), (2, "department")]
    assert "没有级别为“community”、代码为“C9”的地点" in [cell.why.zh for cell in report.refused]


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "staff.csv"
    path.write_text(HEAD + GOOD, encoding="utf-8")
    report = import_staff(path, by="test", at=AT, departments=frozenset({"education"}), dry_run=True)
    assert (report.accounts, report.posts, report.passwords) == (2, 3, {})
    assert not Account.objects.exists() and not Line.objects.exists()


def test_a_longer_list_asks_the_database_no_more_often(tmp_path: Path, django_assert_num_queries: Any) -> None:
    rows = [(n, (f"worker{n}", f"W{n}", "grid_worker", "community", "C1", "", "", "", "")) for n in range(2, 42)]
    with django_assert_num_queries(8):  # savepoint and its release, places, accounts, their posts, and three writes
        report = import_staff(rows, by="test", at=AT)
    assert (report.accounts, report.posts, Account.objects.count()) == (40, 40, 40)


def test_a_first_password_opens_the_account_and_its_hash_is_made_slow_at_the_first_sign_in(tmp_path: Path) -> None:
    report = take(tmp_path, GOOD)
    before = Account.objects.get(username="luo")
    assert authenticate(RequestFactory().post("/"), username="luo", password=report.passwords["luo"]) == before
    rounds = [int(account.password.split("$")[1]) for account in (before, Account.objects.get(username="luo"))]
    assert rounds[0] == 1_000 < 100_000 < rounds[1]
