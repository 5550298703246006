"""A form filled in: its sheets once for each visit or one row for each, as its own cells, merged areas and print settings have it.

What was said at a door is text wherever it stands: nothing that begins like a formula is ever computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from openpyxl.drawing.image import Image
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from anju.apps.visits.layouts import Layout, opened
from anju.apps.visits.placeholders import LIST, MARK

Value = str | int | date | None
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
LONGEST_TITLE, LONGEST_TEXT = 31, 32_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What one visit fills in, by the names of the placeholders; `label` is what its sheet is called by."""

    label: str
    values: Mapping[str, Value]
    members: Sequence[Mapping[str, Value]] = ()


def fill(name: str, content: bytes, layout: Layout, visits: Sequence[Filled], export: Mapping[str, Value], aliases: Mapping[str, str]) -> bytes:
    """The workbook of these visits. `layout` is what `read_layout` found in the same content."""
    book = opened(name, content)
    titles = {sheet.title.casefold() for sheet in book.worksheets}
    for title, row in layout.repeated.items():
        sheet = book[title]
        if row is not None and row[1] == LIST:
            each = [{LIST + key: value for key, value in one.values.items()} | {LIST + "number": n} for n, one in enumerate(visits, start=1)]
            _fill(sheet, row[0], each, export, aliases)
            continue
        sheets = [sheet, *(_copied(book, sheet) for _one in visits[1:])]
        for one, into in zip(visits, sheets, strict=True):
            _fill(into, row[0] if row is not None else 0, [dict(member) for member in one.members], {**one.values, **export}, aliases)
            if len(visits) > 1:
                into.title = _title(one.label if len(layout.one_each) == 1 else f"{one.label} {title}", titles)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _title(label: str, taken: set[str]) -> str:
    """A name that a sheet may have: at most 31 characters, none of []:*?/\\, and no other's."""
    plain = NOT_IN_TITLES.sub("-", label).strip().strip("'")[:LONGEST_TITLE].strip() or "-"
    found, n = plain, 1
    while found.casefold() in taken or found.casefold() == "history":  # the one that the program keeps for itself
        n += 1
        found = f"{plain[: LONGEST_TITLE - len(str(n)) - 1]}~{n}"
    taken.add(found.casefold())
    return found


def _fill(sheet: Worksheet, row: int, each: list[dict[str, Value]], values: Mapping[str, Value], aliases: Mapping[str, str]) -> None:
    if row:
        _open_rows(sheet, row, max(len(each), 1) - 1)
        each = each or [{}]
    for cells in list(sheet.iter_rows()):
        for cell in cells:
            at = cell.row - row
            of_row = each[at] if row and 0 <= at < len(each) else {}
            _fill_cell(cell, {**values, **of_row}, aliases)


def _fill_cell(cell: Any, values: Mapping[str, Value], aliases: Mapping[str, str]) -> None:
    text = str(cell.value) if isinstance(cell.value, str | list) else ""
    if not MARK.search(text):
        return
    alone = MARK.fullmatch(text.strip())
    value = values.get(aliases.get(alone[1], alone[1])) if alone is not None else None
    if isinstance(value, date | int):
        cell.value = value
        return
    told = MARK.sub(lambda found: _text(values.get(aliases.get(found[1], found[1]))), text)
    cell.value = UNPRINTABLE.sub("", told)[:LONGEST_TEXT] or None
    if cell.value is not None:
        cell.data_type = "s"
        cell.quotePrefix = True  # stays a text when somebody edits the cell


def _text(value: Value) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


# --- rows that are opened, sheets that are copied ---------------------------------------------------------------------------------


def _open_rows(sheet: Worksheet, row: int, more: int) -> None:
    """`more` rows below `row` that look like it; what stands below moves down, and what reaches over it is stretched."""
    if not more:
        return
    merged = [CellRange(area.coord) for area in sheet.merged_cells.ranges]
    for area in merged:
        sheet.unmerge_cells(area.coord)
    bottom = sheet.max_row
    if bottom > row:
        sheet.move_range(CellRange(min_col=1, min_row=row + 1, max_col=sheet.max_column, max_row=bottom), rows=more)
    for at in range(bottom, row, -1):
        _move_height(sheet, at, at + more)
    for n in range(1, more + 1):
        _move_height(sheet, row, row + n, keep=True)
        for cell in list(sheet[row]):
            new = sheet.cell(row + n, cell.column, cell.value)
            new._style = copy(cell._style)
    for area in merged:
        for n in range(more + 1 if area.min_row == area.max_row == row else 1):
            sheet.merge_cells(_moved(area, row, more, n).coord)
    _move_prints(sheet, row, more)


def _moved(area: CellRange, row: int, more: int, n: int = 0) -> CellRange:
    """Below the row: moved down; over it and others: stretched; the row itself: the `n`th of its kind."""
    top, end = area.min_row, area.max_row
    if top > row:
        top, end = top + more, end + more
    elif top == end == row:
        top, end = top + n, end + n
    elif end >= row:
        end += more
    return CellRange(min_col=area.min_col, min_row=top, max_col=area.max_col, max_row=end)


def _move_height(sheet: Worksheet, source: int, target: int, *, keep: bool = False) -> None:
    height = sheet.row_dimensions[source].height if source in sheet.row_dimensions else None
    sheet.row_dimensions[target].height = height
    if not keep and source in sheet.row_dimensions:
        sheet.row_dimensions[source].height = None


def _move_prints(sheet: Worksheet, row: int, more: int) -> None:
    if sheet.print_area:
        areas = str(sheet.print_area).split(",")
        sheet.print_area = ",".join(_moved(CellRange(area.rpartition("!")[2].replace("$", "")), row, more).coord for area in areas)
    breaks = [one.id + more if one.id > row else one.id for one in sheet.row_breaks.brk]
    sheet.row_breaks.brk = [Break(id=at) for at in breaks]
    for rule in sheet.data_validations.dataValidation:
        rule.sqref = type(rule.sqref)([_moved(CellRange(area.coord), row, more) for area in rule.sqref.ranges])
    for image in sheet._images:
        start = getattr(image.anchor, "_from", None)
        if start is not None and start.row >= row:
            start.row += more
            if (end := getattr(image.anchor, "to", None)) is not None:
                end.row += more


def _copied(book: Workbook, sheet: Worksheet) -> Worksheet:
    """As the library copies a sheet, and what it leaves out: heads and feet, print titles and area, breaks, lists to choose from, pictures."""
    made: Worksheet = book.copy_worksheet(sheet)
    for part in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"):
        setattr(made, part, copy(getattr(sheet, part)))
    made.HeaderFooter.differentFirst, made.HeaderFooter.differentOddEven = sheet.HeaderFooter.differentFirst, sheet.HeaderFooter.differentOddEven
    made.print_title_rows, made.print_title_cols = sheet.print_title_rows, sheet.print_title_cols
    if sheet.print_area:
        made.print_area = ",".join(area.rpartition("!")[2] for area in str(sheet.print_area).split(","))
    made.freeze_panes = sheet.freeze_panes
    made.views = copy(sheet.views)
    for one in sheet.row_breaks.brk:
        made.row_breaks.append(Break(id=one.id))
    for rule in sheet.data_validations.dataValidation:
        made.add_data_validation(copy(rule))
    for areas in sheet.conditional_formatting:
        for rule in areas.rules:
            made.conditional_formatting.add(str(areas.sqref), copy(rule))
    for image in sheet._images:
        picture = Image(BytesIO(image.ref.getvalue()))  # _data() would close what is saved later
        picture.anchor, picture.width, picture.height = copy(image.anchor), image.width, image.height
        made.add_image(picture)
    return made
