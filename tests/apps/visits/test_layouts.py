"""Somebody else's forms: what is refused before one is taken, and what a filled one looks like when it is read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from anju.apps.visits.filling import Filled, fill
from anju.apps.visits.layouts import FormFaults, read_layout
from anju.apps.visits.placeholders import by_words, placeholders
from anju.apps.visits.questions import Question, load_questions
from anju.core.contracts.model import Bilingual
from anju.core.standards.read import load_policy

KNOWN = placeholders({
    "living_here": Question("living_here", Bilingual("Here?", "住这里？"), "yes_no"),
    "in_school": Question("in_school", Bilingual("In school?", "上学？"), "yes_no", "person"),
})  # fmt: skip
DAY = date(2023, 9, 26)


def form(draw: Callable[[Worksheet], Any], *more: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "表一"
    draw(sheet)
    for title in more:
        book.create_sheet(title)["A1"] = "填表说明"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def write(**cells: Any) -> Callable[[Worksheet], None]:
    def draw(sheet: Worksheet) -> None:
        for at, value in cells.items():
            sheet[at] = value

    return draw


def filled(content: bytes, *visits: Filled) -> Workbook:
    made = fill("form.xlsx", content, read_layout("form.xlsx", content, KNOWN), visits, {"export.count": len(visits)}, by_words(KNOWN))
    return load_workbook(BytesIO(made))


def visit(n: int = 1, **values: Any) -> Filled:
    told = {"visit.day": DAY, "visit.minutes": 12, "head.name_masked": "韦**", "answers.living_here": "是", "visit.note": "", **values}
    return Filled(f"3-2-{n}", told, [{"members.name_masked": f"韦{m}*", "members.number": m} for m in range(1, 4)])


def test_a_form_is_filled_by_chinese_words_or_names_and_keeps_its_looks() -> None:
    def draw(sheet: Worksheet) -> None:
        write(A1="走访表", B2="{{ 户主 }}", C2="{{visit.day}}", D2="于{{走访日期}}，{{answers.living_here}}", E2="{{用时}}")(sheet)
        sheet.merge_cells("A1:E1")
        sheet["B2"].font = Font(name="宋体", bold=True)
        sheet["C2"].number_format = 'yyyy"年"m"月"d"日"'
        sheet.column_dimensions["B"].width = 31
        sheet.page_setup.orientation, sheet.print_area, sheet.oddFooter.center.text = "landscape", "A1:E9", "第 &P 页"

    sheet = filled(form(draw, "说明"), visit())["表一"]
    assert [sheet["B2"].value, sheet["D2"].value, sheet["E2"].value] == ["韦**", "于2023-09-26，是", 12]
    assert (sheet["C2"].value.date(), sheet["C2"].number_format) == (DAY, 'yyyy"年"m"月"d"日"')
    assert (sheet["B2"].font.name, sheet["B2"].font.b, sheet.column_dimensions["B"].width) == ("宋体", True, 31)
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:E1"]
    assert (sheet.page_setup.orientation, sheet.print_area, sheet.oddFooter.center.text) == ("landscape", "'表一'!$A$1:$E$9", "第 &P 页")


@pytest.mark.parametrize("said", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1"])
def test_what_begins_like_a_formula_stays_a_text(said: str) -> None:
    cell = filled(form(write(A1="{{备注}}", B1="注：{{visit.note}}")), visit(**{"visit.note": said}))["表一"]["A1"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (said, "s", True)


def test_characters_that_no_workbook_holds_are_left_out_and_a_placeholder_in_what_was_said_is_not_filled() -> None:
    sheet = filled(form(write(A1="{{visit.note}}")), visit(**{"visit.note": "a\x00b\x0b {{head.name_masked}}"}))["表一"]
    assert sheet["A1"].value == "ab {{head.name_masked}}"


def test_a_row_for_each_member_pushes_down_what_stands_below() -> None:
    def draw(sheet: Worksheet) -> None:
        write(A1="成员", B1="{{成员.序号}}", C1="{{成员.姓名}}", A2="", B2="签字", A3="{{走访日期}}")(sheet)
        for area in ("C1:D1", "B2:D2", "A1:A2"):
            sheet.merge_cells(area)
        sheet["C1"].font = Font(italic=True)
        sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 22, 40
        sheet.print_area = "A1:D3"
        sheet.row_breaks.append(Break(id=2))

    sheet = filled(form(draw), visit())["表一"]
    assert [sheet.cell(n, 3).value for n in (1, 2, 3)] == ["韦1*", "韦2*", "韦3*"]
    assert [sheet.cell(n, 2).value for n in (1, 2, 3, 4)] == [1, 2, 3, "签字"]
    assert sorted(str(area) for area in sheet.merged_cells.ranges) == ["A1:A4", "B4:D4", "C1:D1", "C2:D2", "C3:D3"]
    assert [sheet.row_dimensions[n].height for n in (1, 2, 3, 4)] == [22, 22, 22, 40]
    assert (sheet["C3"].font.i, sheet["A5"].value.date(), sheet.row_breaks.brk[0].id, sheet.print_area) == (True, DAY, 4, "'表一'!$A$1:$D$5")


def test_many_visits_are_a_sheet_each_with_names_that_a_sheet_may_have() -> None:
    def draw(sheet: Worksheet) -> None:
        write(A1="{{户主}}", A2="{{走访户数}}")(sheet)
        sheet.print_title_rows, sheet.oddFooter.center.text = "1:1", "&P"

    labels = ("3-2-501", "3-2-501", "a/b:c" + "长" * 40, "History")
    book = filled(form(draw, "说明"), *(Filled(label, {"head.name_masked": f"韦{n}"}) for n, label in enumerate(labels)))
    names = [sheet.title for sheet in book.worksheets]
    assert names[0] == "3-2-501" and sorted(names) == sorted({"3-2-501", "3-2-501~2", "a-b-c" + "长" * 26, "History~2", "说明"})
    assert all(len(name) <= 31 for name in names)
    assert sorted(book[name]["A1"].value for name in names if name != "说明") == ["韦0", "韦1", "韦2", "韦3"]
    assert {(book[name]["A2"].value, book[name].oddFooter.center.text) for name in names if name != "说明"} == {(4, "&P")}


def test_or_a_row_each() -> None:
    book = filled(form(write(A1="共 {{走访户数}} 户", A2="{{每户.序号}}", B2="{{list.head.name_masked}}", A3="制表")), visit(1), visit(2))
    rows = [[cell.value for cell in row] for row in book["表一"].iter_rows()]
    assert rows == [["共 2 户", None], [1, "韦**"], [2, "韦**"], ["制表", None]]


def test_everything_that_is_wrong_is_told_at_once_with_its_cell_and_what_was_meant() -> None:
    content = form(write(
        B5="{{head.nam_masked}}", C6="{{走访日子}}", D7="{{visit.day", E8='=LEN("{{visit.note}}")', F9="{{answers.nothing_like_it}}",
        A1="=说明!A1",
    ))  # fmt: skip
    with pytest.raises(FormFaults) as refused:
        read_layout("form.xlsx", content, KNOWN)
    told = {fault.where: fault for fault in refused.value.faults}
    assert set(told) == {f"表一!{at}" for at in ("B5", "C6", "D7", "E8", "F9", "A1")}
    assert told["表一!B5"].alternatives[0] == "head.name_masked"
    assert "走访日期" in told["表一!C6"].alternatives


@pytest.mark.parametrize(("cells", "what"), [
    ({"A1": "走访表"}, "no cell holds a placeholder"),
    ({"A1": "{{成员.姓名}}", "A2": "{{成员.年龄}}"}, "repeats one row only"),
    ({"A1": "{{成员.姓名}}", "A9": "=1+1"}, "can have no formula"),
    ({"A1": "{{户主}}", "A2": "{{list.visit.day}}"}, "list.head.name_masked"),
    ({"A1": "{{户主}}", "A900": "x"}, "at most 500"),
])  # fmt: skip
def test_what_could_not_be_filled_is_refused(cells: dict[str, Any], what: str) -> None:
    with pytest.raises(FormFaults, match=what):
        read_layout("form.xlsx", form(write(**cells)), KNOWN)


@pytest.mark.parametrize(("name", "content", "what"), [
    ("form.xls", b"\xd0\xcf\x11\xe0", "an .xlsx without a password"), ("form.xlsx", b"PK\x03\x04 cut off", "damaged"),
    ("form.xlsx", b"PK" + b"0" * 2_000_001, "larger than"),
])  # fmt: skip
def test_what_is_no_workbook_is_refused(name: str, content: bytes, what: str) -> None:
    with pytest.raises(FormFaults, match=what):
        read_layout(name, content, KNOWN)


def test_the_form_that_comes_with_the_system_is_whole_and_prints_on_two_pages() -> None:
    folder = Path(settings.ROOT) / "policy"
    known = placeholders(load_questions(folder, load_policy(folder)))
    content = (folder / "forms" / "two_page_visit_record.xlsx").read_bytes()
    layout = read_layout("two_page_visit_record.xlsx", content, known)
    book = load_workbook(BytesIO(fill("f.xlsx", content, layout, [visit(), visit(2)], {"export.day": DAY}, by_words(known))))
    sheet = book["3-2-1"]
    assert [sheet.cell(n, 2).value for n in (8, 9, 10)] == ["韦1*", "韦2*", "韦3*"]
    assert [(one.print_title_rows, one.row_breaks.brk[0].id) for one in book.worksheets] == [("$1:$2", 14)] * 2
    assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if "{{" in str(cell.value)]
