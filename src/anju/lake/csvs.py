"""CSV as departments write it: UTF-8 with or without BOM or GB18030, titles above the header, quotes and line breaks in cells.

A file of which every row is one line is read by DuckDB, at speed, and believed only if it gives as many rows as the file has lines.
Every other file is read row by row, so that each row has its physical line and none vanishes or slips.
"""

from __future__ import annotations

import bisect
import codecs
import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anju.lake.duck import quoted
from anju.lake.raw import HEADER_SEARCH, FileRefused, Judge, RawTable, RawWriter, Straight, checked_header, find_header

MAX_LINE = 1_000_000  # bytes in one line of a text file
MAX_ROW_LINES = 100  # lines that one row may span: more is a quote that was never closed
PIECE = 1 << 22
DELIMITERS = ",;\t|"
ODD_PADDING = (b"\t", b"'")
WIDE_PADDING = (b"\xe3\x80\x80", b"\xc2\xa0", b"\xef\xbb\xbf")
BOMS = ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


Marks = Sequence[tuple[int, int]]  # places in a file: how many line ends stand before, and the byte


@dataclass(frozen=True, slots=True)
class Examined:
    """What the bytes of a text file say. `lines` counts line ends '\\n', and a last line without one."""

    encoding: str  # 'utf-8', 'utf-8-sig' or 'gb18030'
    lines: int
    straight: bool  # no carriage return but in '\r\n'
    padding: str
    marks: Marks  # of every piece


def examine(path: Path) -> Examined:
    """Reads the bytes once. Raises FileRefused for another encoding, NUL bytes and endless lines, as soon as they are seen."""
    with path.open("rb") as file:
        head = file.read(4)
    for bom, name in BOMS:
        if head.startswith(bom):
            raise FileRefused(f"'{path.name}' is {name}", "only UTF-8 and GB18030 are read", "save it as CSV UTF-8 and send it again")
    signed = head.startswith(codecs.BOM_UTF8)
    try:
        return _examine(path, "utf-8-sig" if signed else "utf-8")
    except UnicodeDecodeError as error:
        damage = error
    if not signed and not _mostly_utf8(damage):
        try:
            return _examine(path, "gb18030")
        except UnicodeDecodeError as error:
            damage = error
    encodings = "UTF-8" if signed or _mostly_utf8(damage) else "UTF-8 nor GB18030"
    raise FileRefused(
        f"'{path.name}' is {'damaged ' if encodings == 'UTF-8' else 'neither '}{encodings}",
        f"byte {damage.reason} cannot be read",
        "save it as CSV UTF-8 and send it again",
    )


def _mostly_utf8(error: UnicodeDecodeError) -> bool:
    """Whether what surrounds the damage reads well as UTF-8, so that it is no other encoding."""
    if error.encoding.replace("-", "") != "utf8":
        return False
    text = bytes(error.object).decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(ch > "\x7f" for ch in text) > 5 * bad


def _examine(path: Path, encoding: str) -> Examined:
    decoder = codecs.getincrementaldecoder("gb18030" if encoding == "gb18030" else "utf-8")()
    lines = length = at = 0
    odd = spaces = False
    returns = pairs = 0
    last = b""
    marks = []
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            marks.append((lines, at))
            if b"\0" in piece:
                raise FileRefused(f"'{path.name}' holds NUL bytes", "it is not text, or is damaged", "export it again as CSV UTF-8")
            length = _longest(path, piece, length)
            plain = piece.isascii()
            if encoding == "gb18030" or not plain or decoder.getstate()[0]:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError as error:
                    error.reason = str(at + error.start + 1)
                    raise
            lines += piece.count(b"\n")
            if b"\r" in piece or last == b"\r":
                returns += piece.count(b"\r")
                pairs += piece.count(b"\r\n") + (last == b"\r" and piece[:1] == b"\n")
            body = piece[3:] if at == 0 and encoding == "utf-8-sig" else piece
            odd = odd or any(mark in body for mark in (ODD_PADDING if plain else ODD_PADDING + WIDE_PADDING))
            spaces = spaces or b" " in piece
            at, last = at + len(piece), piece[-1:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        error.reason = str(at)
        raise
    padding = "any" if odd or encoding == "gb18030" else "spaces" if spaces else "none"
    return Examined(encoding, lines + (last != b"\n"), returns == pairs, padding, marks)


def _longest(path: Path, piece: bytes, length: int) -> int:
    """Bytes since the last line end, after this piece. Looks for a line end only where a line could be too long."""
    at = 0
    while len(piece) - at + length > MAX_LINE:
        end = piece.rfind(b"\n", at, at + MAX_LINE - length + 1)
        if end < 0:
            raise FileRefused(
                f"'{path.name}' has a line of more than {MAX_LINE:,} bytes", "a quote is not closed, or it is no CSV", "export it again"
            )
        at, length = end + 1, 0
    end = piece.rfind(b"\n", at)
    return len(piece) - end - 1 if end >= 0 else length + len(piece) - at


# --- reading ----------------------------------------------------------------------------------------------------------


def open_csv(con: Any, path: Path, judge: Judge, work: Path) -> RawTable:
    """A straight file as it lies, any other in `raw`. `work` takes a transcoded copy."""
    examined = examine(path)
    source, marks = path, examined.marks
    if examined.encoding == "gb18030":
        marks = ()
        source = work / "transcoded.csv"
        with path.open(encoding="gb18030", newline="") as old, source.open("w", encoding="utf-8", newline="") as new:
            while piece := old.read(1 << 20):
                new.write(piece)
    with source.open(encoding="utf-8-sig", newline="") as file:
        head = list(itertools.islice(file, HEADER_SEARCH))
    delimiter = _delimiter(head, judge)
    rows, ends = _parsed(head, delimiter)
    at = find_header(rows, judge, path)
    header = checked_header(rows[at], path)
    messages = (f"read as {examined.encoding}", *([f"{at} rows above the header skipped"] if at else []))
    shape = _Shape(path, source, delimiter, at + 1, len(rows[at]), header, ends[at] + 1, messages, marks)
    if not examined.straight or ends[at] != at + 1:
        return shape.slowly(con)
    straight = Straight(shape.sql(), examined.lines - at - 1, examined.padding, shape.cells, lambda: shape.slowly(con))
    return RawTable(header, at + 2, messages, straight)


def _parsed(head: Sequence[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The rows of the head, and the line each of them ends on."""
    reader = csv.reader(io.StringIO("".join(head), newline=""), delimiter=delimiter)
    rows, ends = [], []
    for row in reader:
        rows.append(row)
        ends.append(reader.line_num)
    return rows, ends


def _delimiter(head: Sequence[str], judge: Judge) -> str:
    """The delimiter by which some row has most names that we know; of equals the more frequent one."""
    text = "".join(head)

    def fits(delimiter: str) -> tuple[int, int]:
        return max((judge(row) for row in _parsed(head, delimiter)[0]), default=0), text.count(delimiter)

    return max(DELIMITERS, key=fits)


def _remembering(file: Iterable[str], came: list[str]) -> Iterator[str]:
    """The lines of `file`, each also put into `came`."""
    for line in file:
        came.append(line)
        yield line


@dataclass(frozen=True, slots=True)
class _Shape:
    """`head_rows` rows stand above the data, the first of which is on line `first`; `width` cells are in the header's row."""

    path: Path
    source: Path
    delimiter: str
    head_rows: int
    width: int
    header: tuple[str, ...]
    first: int
    messages: tuple[str, ...]
    marks: Marks

    def sql(self) -> str:
        names = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(self.width))
        return (
            f"read_csv({quoted(str(self.source))}, auto_detect = false, header = false, skip = {self.head_rows}, delim ="
            f" {quoted(self.delimiter)}, quote = '\"', escape = '\"', columns = {{{names}}}, strict_mode = true, null_padding = false,"
            f" max_line_size = {MAX_LINE * 2}, buffer_size = 32000000, parallel = true)"
        )

    def cells(self, nths: Sequence[int]) -> Iterator[list[str]]:
        """Rows of a straight file, in which each is one line. Only the pieces that hold one are read."""
        with self.source.open("rb") as file:
            at = 0  # the line that comes next
            for nth in nths:
                wanted = self.head_rows + nth
                before, byte = self.marks[place - 1] if (place := bisect.bisect_left(self.marks, (wanted, 0))) else (0, 0)
                if before > at:
                    file.seek(byte)
                    file.readline()  # the rest of a line that began in the piece before
                    at = before + 1
                line = next(itertools.islice(file, wanted - at, None)).decode()
                at = wanted + 1
                yield next(csv.reader([line], delimiter=self.delimiter))

    def slowly(self, con: Any) -> RawTable:
        """Every row by Python's reader into `raw`: physical lines, slipped rows and stray quotes are told apart."""
        writer = RawWriter(con, len(self.header))
        with self.source.open(encoding="utf-8-sig", newline="") as file:
            came: list[str] = []
            reader = csv.reader(_remembering(file, came), delimiter=self.delimiter, strict=True)
            for _ in range(self.head_rows):
                next(reader)
            while True:
                line = reader.line_num + 1
                came.clear()
                try:
                    row = next(reader)
                except StopIteration:
                    break
                except csv.Error as error:
                    self._unclosed(line, reader.line_num, str(error))
                    text = "".join(came).rstrip("\r\n")
                    writer.add(line, [text], f"cannot be read: {error}: a quote inside a cell must be doubled")
                    continue
                self._unclosed(line, reader.line_num, "")
                writer.add(line, row)
        writer.flush()
        return RawTable(self.header, self.first, self.messages)

    def _unclosed(self, line: int, end: int, error: str) -> None:
        if end - line >= MAX_ROW_LINES or "end of data" in error or "field larger" in error:
            raise FileRefused(
                f"'{self.path.name}' cannot be read as a table",
                f"a quote opened on line {line} is not closed by line {end}",
                "close it or remove it, and send the file again",
            )
