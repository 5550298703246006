"""A mapping carried out on files: every kind of cell, joins, blocks, and rows in = rows out + skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from anju.core.contracts.faults import PolicyFaults
from anju.core.contracts.mapping import Mapping
from anju.core.contracts.programme import read_programme
from anju.core.contracts.read import read_contracts
from anju.core.contracts.read_mapping import read_mapping
from anju.lake.duck import open_duckdb
from anju.lake.mapping import Mapped, MappedTable, assign_files, map_files

POLICY = Path(__file__).resolve().parents[2] / "examples" / "household-survey" / "policy"
HEAD = """as_of: 2023-12-31
files:
  homes: {file: "*home*.csv", key: [hid]}
  people: {file: "*people*.csv", key: [hid, no], joins: {homes: [hid]}}
"""
HOMES = "hid;ea;size;water;rooms;a;b;c\nh1;7;2;11;3;1;0;0\nh2;8;1;43;1,5;0;0;0\nh3;8;1;;;1;;0\n"
PEOPLE = "hid;no;age;months;sex;born\nh1;1;30;;1;31/12/1993\nh1;2;;14;2;\nh2;1;;;9;30.2.2000\n"


def run(tmp_path: Path, text: str, homes: str = HOMES, people: str = PEOPLE) -> Mapped:
    mapping, files = checked(tmp_path, text), []
    for name, content in (("homes.csv", homes), ("people.csv", people)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        files.append(tmp_path / name)
    con = open_duckdb(temp_directory=tmp_path)
    try:
        return map_files(con, mapping, assign_files(mapping, files), tmp_path)
    finally:
        con.close()


def checked(tmp_path: Path, text: str) -> Mapping:
    (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
    programme, _, _ = read_programme(POLICY)
    contracts, _ = read_contracts(POLICY)
    assert programme is not None
    mapping, faults = read_mapping(tmp_path / "mapping.yaml", contracts, programme)
    assert mapping is not None, [str(fault) for fault in faults]
    return mapping


def feed(cells: str, code: str = "S01", more: str = "") -> str:
    key = "person_id: {text: '{hid}-{no}'}" if code == "S03" else "household_code: hid"
    return f"{HEAD}feeds:\n  {code}:\n    from: {'people' if code == 'S03' else 'homes'}\n{more}    columns:\n      {key}\n{cells}"


def rows(table: MappedTable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(table.path).to_pylist()
    return found


def column(mapped: Mapped, name: str) -> list[Any]:
    return [row[name] for row in rows(mapped.tables[0])]


def faults(mapped: Mapped) -> list[tuple[int, str, str]]:
    return [(row["#line"], f["c"], f["r"]) for table in mapped.tables for row in rows(table) for f in row["#faults"]]


def test_it_works_and_keeps_the_lines(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      water_source: {column: water, codes: {piped_dwelling: 11, surface: 43}}\n"))
    assert column(mapped, "#line") == [2, 3, 4]
    assert column(mapped, "household_code") == ["h1", "h2", "h3"]
    assert column(mapped, "water_source") == ["piped_dwelling", "surface", None]
    assert faults(mapped) == []
    table = mapped.tables[0]
    assert (table.rows, table.skipped) == (3, 0)
    assert mapped.files["homes"].unused == ("ea", "size", "rooms", "a", "b", "c")


def test_a_text_that_is_on_no_list_is_a_fault_and_no_value(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      water_source: {column: water, codes: {piped_dwelling: 11}}\n"))
    assert column(mapped, "water_source") == ["piped_dwelling", None, None]
    assert faults(mapped) == [(3, "water_source", "43 is not in the mapping, which knows 11")]


def test_unknown_is_blank_and_no_fault(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      water_source: {column: water, codes: {piped_dwelling: 11}, unknown: 43}\n"))
    assert column(mapped, "water_source") == ["piped_dwelling", None, None]
    assert faults(mapped) == []


def test_whole_numbers_written_with_a_point_are_the_same(tmp_path: Path) -> None:
    homes = HOMES.replace(";11;", ";11.0;").replace("h1;7", "h1;7.0")
    mapped = run(tmp_path, feed("      water_source: {column: water, codes: {piped_dwelling: 11, surface: 43}}\n"), homes)
    assert column(mapped, "water_source")[0] == "piped_dwelling"


def test_further_texts_mean_no_answer(tmp_path: Path) -> None:
    text = feed("      water_source: {column: water, codes: {piped_dwelling: 11}}\n").replace("key: [hid]}", "key: [hid], blank: [DK, 43]}", 1)
    mapped = run(tmp_path, text, HOMES.replace(";11;", ";dk;"))
    assert column(mapped, "water_source") == [None, None, None]
    assert faults(mapped) == []


def test_yes_and_no(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      electricity: {column: b, yes: [1], no: [0]}\n"), HOMES.replace("h1;7;2;11;3;1;0", "h1;7;2;11;3;1;2"))
    assert column(mapped, "electricity") == [None, "false", None]
    assert faults(mapped) == [(2, "electricity", "2 is not in the mapping, which knows 1, 0")]


def test_one_hot_columns_become_a_list_and_a_gap_leaves_it_blank(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      assets: {one_hot: {car: a, tv: b, radio: c}, yes: 1, no: 0, none: none}\n"))
    assert column(mapped, "assets") == ["car", "none", None]
    mapped = run(tmp_path, feed("      assets: {one_hot: {car: a, tv: b}, yes: 1, no: 0, none: none}\n"), HOMES.replace("3;1;0;0", "3;1;1;0"))
    assert column(mapped, "assets") == ["car;tv", "none", None]
    mapped = run(tmp_path, feed("      assets: {one_hot: {car: a, tv: b}, yes: 1, no: 0, none: none}\n"), HOMES.replace("3;1;0;0", "3;1;x;0"))
    assert faults(mapped) == [(2, "assets", "x is neither yes nor no to tv")]


@pytest.mark.parametrize(("split", "cell"), [(" ", "A C"), ("", "AC"), (",", "A, C,A")])
def test_several_answers_in_one_cell(tmp_path: Path, split: str, cell: str) -> None:
    text = feed(f"      assets: {{column: water, split: '{split}', codes: {{car: A, tv: B, radio: c, none: 0}}, unknown: 99}}\n")
    homes = f'hid;ea;size;water;rooms;a;b;c\nh1;7;2;"{cell}";;;;\nh2;8;1;0;;;;\nh3;8;1;99;;;;\nh4;8;1;A{split}X;;;;\n'
    mapped = run(tmp_path, text, homes)
    assert column(mapped, "assets") == ["car;radio", "none", None, None]
    assert faults(mapped) == [(5, "assets", "x is not in the mapping, which knows a, b, c, 0")]


def test_amounts_are_exact(tmp_path: Path) -> None:
    homes = "hid;x;y\nh1;1,000;0.5\nh2;-3;0\nh3;5;\nh4;7;many\n"
    text = f"{HEAD}feeds:\n  S02:\n    from: homes\n    columns:\n      household_code: hid\n      item: {{value: food}}\n"
    mapped = run(tmp_path, text + "      amount: {sum: [x, y], times: 12, over: 5}\n", homes)
    assert column(mapped, "amount") == ["2401", "-7", None, None]  # 2401.2, and -7.2
    assert faults(mapped) == [(5, "amount", "many is not a number with at most 4 places")]
    mapped = run(tmp_path, text + "      amount: {column: x, over: 8}\n", homes)
    assert column(mapped, "amount") == ["125", "0", "1", "1"]  # -0.375, 0.625 and 0.875, half up


def persons(cell: str, more: str = "") -> str:
    return (f"{HEAD}persons:\n  from: people\n  columns:\n    person_id: {{text: '{{hid}}-{{no}}'}}\n    household_code: hid\n"
            f"    birth_date: {cell}\n{more}")  # fmt: skip


def test_an_age_becomes_an_approximate_day_of_birth(tmp_path: Path) -> None:
    mapped = run(tmp_path, persons("{age: age, months: months}"))
    assert column(mapped, "birth_date") == ["1993-06-30", "2022-10-16", None]  # thirty and a half, fourteen months and a half
    assert column(mapped, "birth_date_approximate") == ["true"] * 3
    assert column(mapped, "person_id") == ["h1-1", "h1-2", "h2-1"]


def test_an_age_counts_from_the_day_it_was_given_on(tmp_path: Path) -> None:
    people = "hid;no;age;asked\nh1;1;0;2023-03-31\nh1;2;2;2023-02-30\nh2;1;;\n"
    mapped = run(tmp_path, persons("{age: age, on: asked}"), people=people)
    assert column(mapped, "birth_date") == ["2022-09-30", None, None]
    assert faults(mapped) == [(3, "birth_date", "an age needs the day it was given on, and that is empty or no day")]


@pytest.mark.parametrize(("age", "months", "reason"), [
    ("131", "", "131 is no age"), ("about 30", "", "about 30 is no age"), ("-1", "", "-1 is no age"), ("", "x", "x is no age in months"),
    ("3", "12", "3 years and 12 months do not agree"),
])  # fmt: skip
def test_what_is_no_age(tmp_path: Path, age: str, months: str, reason: str) -> None:
    mapped = run(tmp_path, persons("{age: age, months: months}"), people=f"hid;no;age;months\nh1;1;{age};{months}\n")
    assert faults(mapped) == [(2, "birth_date", reason)]
    assert column(mapped, "birth_date") == [None]


def test_days_in_another_order(tmp_path: Path) -> None:
    mapped = run(tmp_path, persons("{column: born, format: '%d/%m/%Y'}"))
    assert column(mapped, "birth_date") == ["1993-12-31", None, None]
    assert faults(mapped) == [(4, "birth_date", "30.2.2000 is not a day written %d/%m/%Y")]


def test_a_day_in_three_columns_is_blank_as_soon_as_one_is(tmp_path: Path) -> None:
    people = "hid;no;y;m;d\nh1;1;1990;2;3\nh1;2;1990;;3\nh2;1;1990;2;30\nh2;2;1990;99;1\n"
    mapped = run(tmp_path, persons("{year: y, month: m, day: d, unknown: 99}"), people=people)
    assert column(mapped, "birth_date") == ["1990-02-03", None, None, None]
    assert faults(mapped) == [(4, "birth_date", "1990-02-30 is not a day")]


def test_a_column_of_the_file_that_is_joined(tmp_path: Path) -> None:
    text = f"{HEAD}persons:\n  from: people\n  columns:\n    person_id: {{text: '{{homes.ea}}-{{no}}'}}\n    household_code: hid\n"
    mapped = run(tmp_path, text)
    assert column(mapped, "person_id") == ["7-1", "7-2", "8-1"]
    mapped = run(tmp_path, text, people=PEOPLE + "h9;1;5;;1;\n")
    assert faults(mapped) == [(5, "person_id", "no row of homes has this hid")]
    mapped = run(tmp_path, text, HOMES + "h1;9;1;;;;;\n")
    assert [line for line, _, _ in faults(mapped)] == [2, 3]
    assert faults(mapped)[0][2] == "more than one row of homes has this hid: which one is meant?"
    mapped = run(tmp_path, text.replace("joins: {homes: [hid]}", "joins: {homes: {on: [hid], missing: blank}}"), people=PEOPLE + "h9;1;5;;1;\n")
    assert faults(mapped) == [] and column(mapped, "person_id")[-1] is None


def test_blocks_become_rows_of_their_own(tmp_path: Path) -> None:
    blocks = "    each:\n      - {item: {value: food}, amount: a}\n      - {item: {value: health}, amount: b}\n"
    mapped = run(tmp_path, feed("", "S02", blocks + "    empty: keep\n"))
    table = mapped.tables[0]
    assert [(row["household_code"], row["item"], row["amount"]) for row in rows(table)] == [
        ("h1", "food", "1"), ("h1", "health", "0"), ("h2", "food", "0"), ("h2", "health", "0"), ("h3", "food", "1"), ("h3", "health", None),
    ]  # fmt: skip
    assert [table.line_of(row["#line"]) for row in rows(table)] == [2, 2, 3, 3, 4, 4]
    assert table.columns_of("amount", rows(table)[1]["#line"]) == "b"
    assert (table.rows, table.skipped) == (6, 0)
    mapped = run(tmp_path, feed("", "S02", blocks + "    empty: skip\n"))
    assert (mapped.tables[0].rows, mapped.tables[0].skipped, len(rows(mapped.tables[0]))) == (6, 1, 5)


def test_rows_left_out_are_counted(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      rooms: size\n", more="    only: {ea: 8}\n"), HOMES + ";;;;;;;\nTotal;;4;;;;;\n")
    assert column(mapped, "household_code") == ["h2", "h3"]
    assert (mapped.tables[0].rows, mapped.tables[0].skipped) == (5, 3)


def test_rows_that_are_blank_there_may_be_the_ones_wanted(tmp_path: Path) -> None:
    """As in a database of which every change is a new row, and the one in force has no end."""
    homes = HOMES.replace("h1;7;", "h1;;")
    for only, found in (('""', ["h1"]), ('["", 8]', ["h1", "h2", "h3"]), ("8", ["h2", "h3"])):
        assert column(run(tmp_path, feed("      rooms: size\n", more=f"    only: {{ea: {only}}}\n"), homes), "household_code") == found


def test_places_come_from_the_file(tmp_path: Path) -> None:
    levels = "area: {code: {text: 'A{ea}'}, name: {text: 'Area {ea}'}}\n    province: {code: {text: 'P{size}'}, name: size}\n"
    text = f"{HEAD}places:\n  from: homes\n  levels:\n    {levels}"
    assert run(tmp_path, text).places == (
        ("province", "P1", "1", ""), ("province", "P2", "2", ""), ("area", "A7", "Area 7", "P2"), ("area", "A8", "Area 8", "P1"),
    )  # fmt: skip


REGISTERS = (
    HEAD
    + """households:
  from: homes
  columns: {household_code: hid, dest_community_code: ea, member_count: size}
persons:
  from: people
  head: head
  columns: {person_id: {text: "{hid}-{no}"}, household_code: hid, relation_to_head: {column: role, codes: {head: 1, child: 3}}}
"""
)


def test_sizes_that_disagree_and_missing_heads_are_doubtful(tmp_path: Path) -> None:
    people = "hid;no;role\nh1;1;1\nh1;2;\nh2;1;1\nh2;2;1\n"
    mapped = run(tmp_path, REGISTERS, people=people)
    assert [(doubt.line, doubt.column, doubt.reason) for doubt in mapped.doubts] == [
        (3, "member_count", "says 1, and 2 persons are recorded"), (4, "member_count", "says 1, and 0 persons are recorded"),
        (3, "household_code", "2 heads are recorded"), (4, "household_code", "no head is recorded"),
    ]  # fmt: skip


def test_a_column_that_is_not_in_the_file_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaults) as caught:
        run(tmp_path, feed("      rooms: roomz\n      floor: flor\n"))
    assert [fault.what for fault in caught.value.faults] == ["'homes.csv' has no column 'roomz'", "'homes.csv' has no column 'flor'"]
    assert [fault.line for fault in caught.value.faults] == [10, 11]
    assert caught.value.faults[0].alternatives[0] == "rooms"
    assert caught.value.faults[0].why.startswith("line 1 of it has the names of 8 columns")


def test_names_may_differ_in_case_unless_that_says_something(tmp_path: Path) -> None:
    mapped = run(tmp_path, feed("      rooms: ROOMS\n"), HOMES.replace("1,5", "1"))
    assert column(mapped, "rooms") == ["3", "1", None]
    mapped = run(tmp_path, feed("      rooms: nII\n"), "hid;NIi;nII\nh1;5;6\n")
    assert column(mapped, "rooms") == ["6"]
    with pytest.raises(PolicyFaults, match="has no column 'nii'"):
        run(tmp_path, feed("      rooms: nii\n"), "hid;NIi;nII\nh1;5;6\n")


def test_files_find_their_place_by_name(tmp_path: Path) -> None:
    mapping = checked(tmp_path, feed("      rooms: rooms\n"))
    good = {"homes": Path("A_HOMES.csv"), "people": Path("people.csv")}
    assert assign_files(mapping, list(good.values())) == good
    with pytest.raises(PolicyFaults) as caught:
        assign_files(mapping, [Path("homes.csv"), Path("homes_2.csv"), Path("notes.txt")])
    assert [fault.what for fault in caught.value.faults] == [
        "2 files given are called '*home*.csv'", "no file given is called '*people*.csv'", "the mapping does not know this file",
    ]  # fmt: skip
    assert caught.value.faults[0].alternatives == ("homes.csv", "homes_2.csv")
