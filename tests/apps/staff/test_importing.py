"""Accounts and posts from a list: what is taken, what is refused and why, and that a second time changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

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
    assert Line.objects.filter(act="post.give").count() == 3


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
