"""A list of days is read in the ways it is written, and every cell that is wrong is named at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from anju.apps.calendar.reading import judge_list, read_list
from anju.lake.files import FileRefused

SPRING = [("2027-02-05", "放假", "春节"), ("2027/2/6", "休", "春节"), ("2027年2月8日", "放假", "春节"), ("20270220", "补班", "")]


def written(path: Path, head: str, rows: list[tuple[str, str, str]], encoding: str = "utf-8") -> Path:
    path.write_text("\n".join([head, *(",".join(row) for row in rows)]) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize(("head", "encoding"), [("day,kind,name", "utf-8"), ("日期,类型,名称", "utf-8-sig"), ("日期,类型,名称", "gb18030")])
def test_days_kinds_and_headings_are_read_as_they_are_written(tmp_path: Path, head: str, encoding: str) -> None:
    found = judge_list(read_list(written(tmp_path / "a.csv", head, SPRING, encoding)))
    assert (found.year, found.faults) == (2027, [])
    assert [(one.day.day, one.kind, one.name) for one in found.days] == [
        (5, "holiday", "春节"), (6, "holiday", "春节"), (8, "holiday", "春节"), (20, "makeup", ""),
    ]  # fmt: skip
    assert [one.day for one in found.idle] == [date(2027, 2, 6)]  # a Saturday


def test_a_workbook_with_days_as_days_is_read_like_a_text(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet, as_day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ("日期", "类型", "名称"))
    sheet.write_datetime(1, 0, date(2027, 2, 5), as_day)
    sheet.write_row(1, 1, ("放假", "春节"))
    sheet.write_row(2, 0, ("2027-02-20", "补班", ""))
    book.close()
    found = judge_list(read_list(tmp_path / "a.xlsx"))
    assert [(one.day, one.kind) for one in found.days] == [(date(2027, 2, 5), "holiday"), (date(2027, 2, 20), "makeup")]


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    rows = [
        ("2027-02-05", "放假", "春节"), ("2027-02-05", "放假", "春节"), ("2027-02-30", "放假", ""), ("2026-12-31", "放假", ""),
        ("2027-02-08", "补班", ""), ("2027-02-09", "调", ""), ("", "放假", "x" * 61),
    ]  # fmt: skip
    found = judge_list(read_list(written(tmp_path / "a.csv", "day,kind,name", rows)))
    told = [(one.line, one.column, one.why.en.split(":")[0]) for one in found.faults]
    assert told == [
        (3, "day", "this day stands in line 2 already"),
        (4, "day", "'2027-02-30' is not a day"),
        (5, "day", "2026-12-31 is a day of 2026, and this is the calendar of 2027"),
        (6, "day", "2027-02-08 is a Monday and worked anyway"),
        (7, "kind", "'调' is neither a holiday nor a make-up day"),
        (8, "day", "the day is missing"),
        (8, "name", "the name has 61 characters"),
    ]


def test_a_list_without_days_or_without_kinds_is_refused(tmp_path: Path) -> None:
    assert [one.why.en for one in judge_list([]).faults] == ["the list names no day"]
    with pytest.raises(FileRefused, match="has no column kind"):
        read_list(written(tmp_path / "a.csv", "day,word,name", SPRING))
