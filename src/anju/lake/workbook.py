"""Workbooks as offices send them: the first visible sheet, cells as the text a clerk sees.

What is inside is weighed before it is opened: a small file can unpack to more than the machine has, and one cell in the last row of
the last column makes a table of seventeen thousand million cells.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from anju.lake.raw import MAX_COLUMNS, FileRefused, Judge, RawTable, RawWriter, checked_header, find_header

MAX_UNPACKED = 2_000_000_000  # bytes of all parts of a workbook
MAX_CELLS = 60_000_000
PIECE = 1 << 20
ROW = re.compile(rb"<(?:\w+:)?row [^>]*?\br=\"(\d{1,9})\"")
COLUMN = re.compile(rb"\br=\"([A-Z]{1,3})\d{1,9}\"")
SAVE_AGAIN = "open it, save it again as .xlsx, and send that"


def read_workbook(con: Any, path: Path, judge: Judge) -> RawTable:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK"):
        _weigh(path)
    elif _protected(path):
        raise FileRefused(f"'{path.name}' is protected by a password", "it cannot be opened without it", "remove the password and send it again")
    try:
        book = CalamineWorkbook.from_path(str(path))
        visible = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible] or book.sheet_names
        rows: list[list[Any]] = book.get_sheet_by_name(visible[0]).to_python(skip_empty_area=False)
    except FileRefused:
        raise
    except Exception as error:  # calamine raises several unrelated kinds for a damaged file
        if "assword" in str(error):
            raise FileRefused(
                f"'{path.name}' is protected by a password", "it cannot be opened", "remove the password and send it again"
            ) from None
        raise FileRefused(f"'{path.name}' cannot be opened as a workbook", str(error)[:200], SAVE_AGAIN) from None
    texts = [[_cell(cell) for cell in row] for row in rows]
    if not any(any(row) for row in texts):
        raise FileRefused(f"'{path.name}' is empty", "its first sheet has no cells", "put the table on the first sheet")
    at = find_header(texts, judge, path)
    header = checked_header(texts[at], path)
    writer = RawWriter(con, len(header))
    for number, row in enumerate(texts[at + 1 :], start=at + 2):
        cells = row[: len(header)]  # what stands beside the table, under no name, is a remark
        writer.add(number, [*cells, *[""] * (len(header) - len(cells))])
    writer.flush()
    messages = [f"read the sheet '{visible[0]}'", *([f"{at} rows above the header skipped"] if at else [])]
    if len(book.sheet_names) > 1:
        messages.append(f"{len(book.sheet_names) - 1} further sheets were not read")
    return RawTable(header, at + 2, tuple(messages))


def _weigh(path: Path) -> None:
    """Refuses what unpacks to too much, is damaged, or spreads its cells too far. Reads every part once."""
    try:
        with zipfile.ZipFile(path) as book:
            size = sum(part.file_size for part in book.infolist())
            if size > MAX_UNPACKED:
                raise FileRefused(
                    f"'{path.name}' unpacks to {size:,} bytes", f"at most {MAX_UNPACKED:,} are taken", "send the table as CSV, or in parts"
                )
            if not any(part.filename.startswith("xl/") for part in book.infolist()):
                raise FileRefused(f"'{path.name}' is not a workbook", "it is a packed folder of something else", SAVE_AGAIN)
            for part in book.infolist():
                _weigh_part(path, book, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileRefused(f"'{path.name}' cannot be opened as a workbook", f"it is damaged or cut off: {error}"[:200], SAVE_AGAIN) from None


def _weigh_part(path: Path, book: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    rows = columns = 0
    rest = b""
    with book.open(part) as stream:
        while piece := stream.read(PIECE):  # reads on to the end, so that its sum is checked
            if not sheet:
                continue
            piece = rest + piece
            rows = max(rows, *map(int, ROW.findall(piece)), 0)
            columns = max(columns, *map(_column_number, set(COLUMN.findall(piece))), 0)
            rest = piece[-200:]
    if rows * max(columns, 1) > MAX_CELLS:
        raise FileRefused(
            f"'{path.name}' spreads its cells over {rows:,} rows and {columns:,} columns",
            f"at most {MAX_CELLS:,} cells and {MAX_COLUMNS} columns are taken",
            "delete the empty rows and columns beyond the table, or send it as CSV",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _protected(path: Path) -> bool:
    """An encrypted .xlsx is an old container with a part of this name."""
    return "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 1 << 26]


def _cell(cell: object) -> str:
    """A cell as the text a clerk sees: whole numbers without '.0', dates as ISO days."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else repr(cell)
    iso = getattr(cell, "isoformat", None)
    return str(iso()) if iso is not None else str(cell).strip()
