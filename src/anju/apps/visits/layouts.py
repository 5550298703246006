"""A workbook as somebody else's form: looked at whole before it is taken, cell by cell, with everything that is wrong in it at once."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Any

from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from anju.apps.visits.placeholders import EXPORT, LIST, MEMBERS, by_words, is_broken, named, nearest_of
from anju.core.contracts.model import Bilingual

MOST_BYTES, MOST_UNPACKED = 2_000_000, 40_000_000
MOST_ROWS, MOST_COLUMNS = 500, 80  # of a sheet with placeholders


@dataclass(frozen=True, slots=True)
class FormFault:
    """Where ('表一!B5', '' of the file as a whole), what, and what to write instead."""

    where: str
    said: Bilingual
    alternatives: tuple[str, ...] = ()

    def __str__(self) -> str:
        meant = f" (known: {', '.join(self.alternatives)})" if self.alternatives else ""
        return f"{self.where + ': ' if self.where else ''}{self.said.en}{meant}"


class FormFaults(ValueError):
    """`faults` holds every one of them."""

    def __init__(self, faults: list[FormFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


@dataclass(frozen=True, slots=True)
class Layout:
    """`repeated`: of each sheet with placeholders the row that is repeated, and for whom ('members.' or 'list.'); None where none is.
    A sheet with `list.` stands once in a workbook of many visits, another with placeholders once for each visit."""

    title: str
    repeated: Mapping[str, tuple[int, str] | None]

    @property
    def one_each(self) -> list[str]:
        return [name for name, row in self.repeated.items() if row is None or row[1] == MEMBERS]


def read_layout(name: str, content: bytes, known: Mapping[str, Bilingual]) -> Layout:
    """Raises FormFaults with everything that is wrong."""
    book, aliases = opened(name, content), by_words(known)
    faults: list[FormFault] = []
    repeated: dict[str, tuple[int, str] | None] = {}
    for sheet in book.worksheets:
        texts = list(_texts(sheet))
        if not any(is_broken(text) or next(named(text, aliases), None) for _cell, text in texts):
            continue
        repeated[sheet.title] = _read_sheet(sheet, texts, known, aliases, faults)
    if not repeated and not faults:
        faults.append(FormFault("", Bilingual(
            "no cell holds a placeholder, so nothing would be filled in: write {{visit.day}} or {{走访日期}} where the day goes",
            "表中没有任何占位符，无处可填：请在要填写的单元格写上占位符，如 {{走访日期}}",
        )))  # fmt: skip
    if faults:
        raise FormFaults(faults)
    return Layout((book.properties.title or "").strip()[:100] or PurePath(name).stem[:100], repeated)


def opened(name: str, content: bytes) -> Workbook:
    """The workbook, weighed before it is unpacked; no macro, no link to another file, no shape that would be lost on the way."""
    said = _refusal(name, content)
    if said is None:
        try:
            return load_workbook(BytesIO(content), rich_text=True, keep_links=False)
        except Exception as error:  # several unrelated kinds for a damaged file
            said = Bilingual(f"the workbook cannot be opened: {str(error)[:120]}", "无法打开这个工作簿：请用表格软件另存为 .xlsx 再上传")
    raise FormFaults([FormFault("", said)])


def _refusal(name: str, content: bytes) -> Bilingual | None:
    if not name.lower().endswith(".xlsx") or not content.startswith(b"PK"):
        return Bilingual("a form is an .xlsx without a password: save it as that", "表格须为未加密的 .xlsx：请另存为该格式")
    if len(content) > MOST_BYTES:
        return Bilingual(f"the file is larger than {MOST_BYTES:,} bytes: take pictures out", "文件超过 2 MB：请删去其中的图片")
    try:
        with zipfile.ZipFile(BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                return Bilingual("the file unpacks to more than 40 MB: a form is smaller", "文件解压后超过 40 MB：请精简")
            names = parts.namelist()
            if any("vbaProject" in one for one in names):
                return Bilingual("the workbook holds macros: save it without them", "工作簿含有宏：请另存为不含宏的 .xlsx")
            for one in names:
                text = parts.read(one) if one.endswith((".xml", ".rels")) else b""
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                    return Bilingual(
                        "the workbook holds what no spreadsheet program writes: save it anew", "文件内容异常：请用表格软件另存后再上传"
                    )
                if one.startswith("xl/drawings/") and b":sp>" in text or one.startswith("xl/ctrlProps/"):
                    return Bilingual("text boxes, shapes and form controls would be lost: write into cells instead (☐ for a box to tick)",
                                     "文本框、图形和窗体控件无法保留：请改写在单元格里（勾选框可用 ☐）")  # fmt: skip
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError):
        return Bilingual("the file is damaged or cut off: save it again", "文件损坏或不完整：请重新保存")
    return None


def _texts(sheet: Worksheet) -> Iterator[tuple[Any, str]]:
    for row in sheet.iter_rows(max_row=min(sheet.max_row, 20_000)):
        for cell in row:
            if cell.value is not None and not isinstance(cell.value, int | float | bool):
                yield cell, str(getattr(cell.value, "text", cell.value))


def _read_sheet(
    sheet: Worksheet, texts: list[tuple[Any, str]], known: Mapping[str, Bilingual], aliases: Mapping[str, str], faults: list[FormFault]
) -> tuple[int, str] | None:  # fmt: skip
    def wrong(cell: Any, en: str, zh: str, alternatives: tuple[str, ...] = ()) -> None:
        where = f"{sheet.title}!{cell.coordinate}" if cell is not None else sheet.title
        faults.append(FormFault(where, Bilingual(en, zh), alternatives))

    if sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
        wrong(None, f"the sheet has {sheet.max_row} rows and {sheet.max_column} columns: a form has at most {MOST_ROWS} and {MOST_COLUMNS}",
              f"本表有 {sheet.max_row} 行、{sheet.max_column} 列：最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列，请删去空行空列")  # fmt: skip
        return None
    rows: dict[tuple[int, str], Any] = {}
    single: list[tuple[Any, str]] = []
    for cell, text in texts:
        names = list(named(text, aliases))
        if is_broken(text):
            wrong(cell, "a placeholder is opened and not closed, or closed and not opened", "占位符的括号不成对")
        if cell.data_type == "f" and names:
            wrong(cell, "a placeholder cannot stand in a formula: what a family said would be computed", "公式里不能用占位符")
        elif cell.data_type == "f" and "!" in text:
            wrong(cell, "a formula that points to another sheet would lose it", "公式不能引用其他工作表：每次走访各占一张表")
        for name in names:
            if name not in known:
                wrong(cell, f"there is no placeholder '{name}'", f"没有占位符“{name}”", nearest_of(name, known, aliases))
            elif name.startswith((MEMBERS, LIST)):
                rows.setdefault((cell.row, MEMBERS if name.startswith(MEMBERS) else LIST), cell)
            elif not name.startswith(EXPORT):
                single.append((cell, name))
    if len(rows) > 1:
        wrong(
            list(rows.values())[1],
            "a sheet repeats one row only: of members, or of visits",
            "每张表只能有一个重复行：成员或每户，且在同一行",
        )
    if not rows:
        return None
    (row, whose), first = next(iter(rows.items()))
    if any(cell.data_type == "f" for cell, _text in texts):
        wrong(
            first,
            "a sheet with a repeated row can have no formula: it would point to other rows afterwards",
            "有重复行的表不能有公式：插入行后引用会错位",
        )
    if any(area.min_row == row and area.max_row > row and area.min_col == first.column for area in sheet.merged_cells.ranges):
        wrong(first, "the repeated row must be one row high", "重复行不能跨行合并")
    if whose == LIST and single:
        cell, name = single[0]
        wrong(cell, f"'{name}' is of one visit, and this sheet lists many: write list.{name} in the repeated row",
              f"“{name}”只属于一次走访，本表列出多户：请在重复行写 list.{name}", (LIST + name,))  # fmt: skip
    return row, whose
