"""No row of a CSV vanishes or slips, and its line is its physical line: compared with Python's reader on random files."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anju.lake.duck import open_duckdb
from anju.lake.files import FileRefused, load_raw, open_raw

WIDTH = 3
HEADER = "alpha,beta,gamma"
CELL = st.text(alphabet=st.sampled_from(list("ab1,;\"'\n\r =\t-九é\u3000")), max_size=6)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=WIDTH + 1), max_size=12)
RAW_LINES = st.lists(st.text(alphabet=st.sampled_from(list('ab,"\n\r ')), max_size=14), max_size=8)


def judge(row: object) -> int:
    return len({"alpha", "beta", "gamma"} & set(row))  # type: ignore[call-overload]


def read(text: str, *, straight_too: bool = True) -> list[tuple[int, tuple[str, ...], bool]]:
    """(line, cells, faulty) of every row, as intake sees them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(text.encode())
        con = open_duckdb()
        try:
            raw = load_raw(con, path, judge, Path(folder))
            rows = con.execute(f"SELECT line, {', '.join(f'c{n}' for n in range(WIDTH))}, faults IS NOT NULL FROM raw ORDER BY line").fetchall()
            assert len(raw.header) == WIDTH
        finally:
            con.close()
    return [(row[0], tuple(cell or "" for cell in row[1:-1]), row[-1]) for row in rows]


def expected(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    next(reader)
    found, line = [], reader.line_num + 1
    for row in reader:
        found.append((line, row))
        line = reader.line_num + 1
    return found


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_well_written_file_is_read_as_any_reader_would(rows: list[list[str]], end: str, ended: bool) -> None:
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator=end, quoting=csv.QUOTE_MINIMAL).writerows([HEADER.split(","), *rows])
    text = sink.getvalue() if ended or not rows else sink.getvalue().removesuffix(end)
    found, wanted = read(text), expected(text)
    assert [line for line, _, _ in found] == [line for line, _ in wanted]
    for (_, cells, faulty), (_, row) in zip(found, wanted, strict=True):
        assert cells == tuple([*row, *[""] * WIDTH][:WIDTH])
        slipped = len(row) < WIDTH and any(cell.strip() for cell in row)
        surplus = len(row) > WIDTH and bool(row[WIDTH].strip())
        assert faulty == (slipped or surplus)


@settings(max_examples=150, deadline=None)
@given(RAW_LINES)
def test_whatever_stands_in_a_file_no_row_vanishes(lines: list[str]) -> None:
    text = "\n".join([HEADER, *lines])
    try:
        found = read(text)
    except FileRefused as error:
        assert "a quote opened on line" in str(error)
        return
    plain = [(line, row) for line, row in expected(text)]
    whole = {line: row for line, row in plain if all('"' not in cell for cell in row)}
    by_line = {line: (cells, faulty) for line, cells, faulty in found}
    assert len(found) == len(plain) or '"' in text
    for line, row in whole.items():
        if line in by_line and not by_line[line][1] and "\n" not in "".join(row):
            assert by_line[line][0] == tuple([*row, *[""] * WIDTH][:WIDTH])
    kept = "".join("".join(cells) for _, cells, _ in found)
    for letter in "ab":  # cells beyond the header's are told of, and lost only from the table
        if not any(faulty for _, _, faulty in found):
            assert kept.count(letter) == text.split("\n", 1)[-1].count(letter) * (len(lines) > 0)


def test_a_straight_file_is_left_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{HEADER}\n1,2,3\n4,5,6\n", encoding="utf-8")
    raw = open_raw(open_duckdb(), path, judge, tmp_path)
    assert raw.straight is not None
    assert (raw.first, raw.straight.rows, raw.straight.padding) == (2, 2, "none")
    assert list(raw.straight.cells([1])) == [["4", "5", "6"]]


@pytest.mark.parametrize(("text", "padding"), [("a b", "spaces"), ("a'", "any"), ("\u3000a", "any"), ("\t", "any"), ("九", "none")])
def test_what_may_stand_around_a_cell_is_seen_beforehand(text: str, padding: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{HEADER}\n{text},2,3\n", encoding="utf-8-sig")
    raw = open_raw(open_duckdb(), path, judge, tmp_path)
    assert raw.straight is not None
    assert raw.straight.padding == padding


def test_a_file_larger_than_what_is_looked_at_at_once(tmp_path: Path) -> None:
    """A character cut in two, and a line longer than a piece's rest, are nothing odd."""
    path = tmp_path / "file.csv"
    row = "九" * 5_000 + ",2,3\n"
    path.write_text(f"{HEADER}\n{row * 400}", encoding="utf-8")
    con = open_duckdb()
    raw = load_raw(con, path, judge, tmp_path)
    assert raw.straight is None
    assert con.execute("SELECT count(*), max(line), min(length(c0)) FROM raw").fetchall() == [(400, 401, 5_000)]
