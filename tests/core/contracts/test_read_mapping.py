"""The mapping's checker: every kind of fault is found, where it stands, and says what else there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.core.contracts.faults import Fault
from anju.core.contracts.mapping import Amount, BornByAge, Constant, Copied, Source
from anju.core.contracts.programme import read_programme
from anju.core.contracts.read import read_contracts
from anju.core.contracts.read_mapping import read_mapping

POLICY = Path(__file__).resolve().parents[3] / "examples" / "household-survey" / "policy"
HEAD = """as_of: 2023-12-31
lists:
  sexes: {male: 1, female: 2}
files:
  homes: {file: "*home*.csv", key: [hid]}
  people: {file: "*people*.csv", key: [hid, no], joins: {homes: [hid]}}
"""
GOOD = (
    HEAD
    + """
places:
  from: homes
  levels:
    area: {code: ea, name: {text: "Area {ea}"}}
households:
  from: homes
  columns: {household_code: hid, dest_community_code: ea}
persons:
  from: people
  head: head
  columns:
    person_id: {text: "{hid}-{no}"}
    household_code: hid
    sex: {column: sex, codes: sexes, unknown: 9}
    birth_date: {age: age}
    relation_to_head: {column: role, codes: {head: [1, h], other: 2}}
feeds:
  S01:
    from: homes
    only: {done: [1]}
    columns:
      household_code: hid
      rooms: {column: rooms, times: 2}
"""
)


def read(text: str, tmp_path: Path, folder: Path = POLICY):
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    programme, _, faults = read_programme(folder)
    contracts, more = read_contracts(folder)
    assert programme is not None and not faults and not more
    return read_mapping(path, contracts, programme)


def columns(text: str, register: str = "persons") -> str:
    """A mapping with one register or feed whose columns are `text`."""
    where = f"feeds:\n  {register}:" if register.startswith("S") else f"{register}:"
    return f"{HEAD}{where}\n    from: {'people' if register in ('persons', 'S03') else 'homes'}\n    columns:\n{text}"


def only_fault(text: str, tmp_path: Path) -> Fault:
    mapping, faults = read(text, tmp_path)
    assert mapping is None
    assert len(faults) == 1, [str(fault) for fault in faults]
    assert faults[0].file == "mapping.yaml" and faults[0].line > 0 and faults[0].column > 0
    return faults[0]


def test_it_works(tmp_path: Path) -> None:
    mapping, faults = read(GOOD, tmp_path)
    assert not faults and mapping is not None
    assert [target.contract.code for target in mapping.targets()] == ["R01", "R02", "S01"]
    person = mapping.person
    assert person is not None and person.head == "head"
    assert person.columns["sex"] == Copied(Source("people", "sex"), {"1": "male", "2": "female"}, ("9",))
    assert isinstance(person.columns["birth_date"], BornByAge)
    assert person.columns["birth_date_approximate"] == Constant("true")
    assert person.columns["relation_to_head"] == Copied(Source("people", "role"), {"1": "head", "h": "head", "2": "other"})
    assert isinstance(mapping.feeds["S01"].columns["rooms"], Amount)
    assert [source.name for source in mapping.used("homes")] == ["hid", "ea", "rooms", "done"]


def test_a_known_day_of_birth_is_not_called_approximate(tmp_path: Path) -> None:
    mapping, _ = read(GOOD.replace("{age: age}", "born"), tmp_path)
    assert mapping is not None and mapping.person is not None
    assert mapping.person.columns["birth_date_approximate"] == Constant("false")


# what is changed in a good mapping -> what the fault says
FAULTS = [
    ("as_of: 2023-12-31", "as_of: some day", "'some day' is not a day"),
    ('{file: "*home*.csv", key: [hid]}', "{key: [hid]}", "'file' is missing"),
    ("joins: {homes: [hid]}", "joins: {houses: [hid]}", "there is no other file 'houses'"),
    ("joins: {homes: [hid]}", "joins: {homes: [hid, no]}", "2 columns are to find a row of 'homes', whose key has 1"),
    ("joins: {homes: [hid]}", "joins: {homes: {on: [hid], missing: perhaps}}", "'perhaps' is not one of the choices"),
    ("households:\n  from: homes", "households:\n  from: houses", "'houses' is not one of the choices"),
    ("dest_community_code: ea}", "dest_community_code: ea, colour: red}", "R01 has no column 'colour'"),
    ("household_code: hid, dest_community_code: ea", "household_code: hid", "R01 needs columns that are not given: dest_community_code"),
    ("codes: sexes", "codes: genders", "there is no list 'genders'"),
    ("{male: 1, female: 2}", "{man: 1, female: 2}", "'man' is no code of 'sex'"),
    ("{male: 1, female: 2}", "{male: 1, female: [2, 1]}", "'1' stands for 'male' and for 'female'"),
    ("unknown: 9", "unknown: [2, 9]", "'2' is unknown, and stands for 'female'"),
    ("{age: age}", "{age: age, on: 2023-13-31}", "'2023-13-31' is not a day"),
    ("birth_date: {age: age}", "sex: {age: age}", "'sex' stands here twice"),
    ("{age: age}", "{age: age, text: '{age}'}", "a cell is made in exactly one way; this has text and age"),
    ("{age: age}", "{aged: age}", "a cell is made in exactly one way; this has aged"),
    ("{age: age}", "{age: age, day: 3}", "'day' is not known here"),
    ("{age: age}", "{year: y, month: m}", "a day needs year, month and day"),
    ("{age: age}", "{column: born, format: '%Y'}", "'%Y' does not say day, month and year"),
    ('"{hid}-{no}"', '"hid-no"', "'hid-no' names no column"),
    ('"{hid}-{no}"', '"{hid}-{no"', "'{hid}-{no' has a brace that is not closed"),
    ("head: head\n", "head: head\n  each: []\n  empty: keep\n", "0 blocks are given"),
    ("head: head\n", "head: head\n  each: [{sex: a}, {birth_date: b}]\n  empty: keep\n", "this block fills other columns than the first"),
    ("head: head\n", "head: head\n  each: [{sex: a}]\n", "'empty' is missing"),
    ("  S01:", "  S99:", "'S99' is no feed that is delivered"),
    ("  S01:", "  R01:", "'R01' is no feed that is delivered"),
    ("    only: {done: [1]}", "    unit: P1", "S01 is not delivered by unit"),
    ("times: 2", "times: -2", "-2 is not above zero"),
    ("times: 2", "times: twice", "a number is expected, this is 'twice'"),
    ("area: {code: ea", "village: {code: ea", "the programme has no level 'village' below country"),
    ('{code: ea, name: {text: "Area {ea}"}}', "{code: ea}", "'name' is missing"),
]


@pytest.mark.parametrize(("old", "new", "what"), FAULTS, ids=[new[:40] for _, new, _ in FAULTS])
def test_a_fault_says_what_is_wrong_and_where(old: str, new: str, what: str, tmp_path: Path) -> None:
    assert old in GOOD
    mapping, faults = read(GOOD.replace(old, new), tmp_path)
    assert mapping is None
    assert what in [fault.what for fault in faults], [str(fault) for fault in faults]
    assert all(fault.line > 0 for fault in faults)


def test_a_column_of_a_file_that_is_not_joined(tmp_path: Path) -> None:
    fault = only_fault(GOOD.replace("rooms: {column: rooms, times: 2}", "rooms: people.rooms"), tmp_path)
    assert fault.what == "'homes' does not join 'people'" and "joins:" in fault.remedy


def test_the_place_of_a_household_must_have_a_level(tmp_path: Path) -> None:
    text = GOOD.replace('area: {code: ea, name: {text: "Area {ea}"}}', "province: {code: p, name: p}")
    assert only_fault(text, tmp_path).what == "level 'area' is missing"


def test_nothing_is_made(tmp_path: Path) -> None:
    assert only_fault(HEAD, tmp_path).what == "the mapping makes nothing"


def test_who_is_the_head_must_be_told(tmp_path: Path) -> None:
    text = GOOD.replace("    relation_to_head: {column: role, codes: {head: [1, h], other: 2}}\n", "")
    assert only_fault(text, tmp_path).what == "nothing says who is the head"


LISTS = [
    ("{one_hot: {car: a, boat: b}, yes: 1, no: 0, none: none}", "'boat' is no code of 'assets'"),
    ("{one_hot: {car: a}, yes: 1, no: 0}", "'none' is missing"),
    ("{one_hot: {car: a}, yes: 1, no: [0, 1], none: none}", "'1' stands in more than one of yes, no and unknown"),
    ("{one_hot: {car: a}, yes: 1, no: 0, none: nothing}", "'nothing' is no code of 'assets'"),
    ("{column: a, split: ' '}", "'codes' is missing"),
    ("{column: a, yes: 1, no: 0}", "this makes yes or no"),
    ("{column: a, times: 3}", "this makes a number"),
    ("{age: a}", "this makes a day of birth"),
]


@pytest.mark.parametrize(("cell", "what"), LISTS)
def test_faults_of_cells_with_several_answers(cell: str, what: str, tmp_path: Path) -> None:
    _, faults = read(columns(f"      household_code: hid\n      assets: {cell}\n", "S01"), tmp_path)
    assert [fault.what for fault in faults] == [what]


def test_yes_alone_does_not_say_no(tmp_path: Path) -> None:
    _, faults = read(columns("      household_code: hid\n      electricity: {column: power, yes: 1}\n", "S01"), tmp_path)
    assert [fault.what for fault in faults] == ["both 'yes' and 'no' are needed"]


def test_all_faults_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    text = GOOD.replace("codes: sexes", "codes: genders").replace("times: 2", "times: -2").replace("dest_community_code: ea}", "colour: ea}")
    mapping, faults = read(text, tmp_path)
    assert mapping is None
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    assert len(faults) == 4  # the column that is not, the one that lacks, the list, the factor


def test_a_feed_by_unit_needs_its_sender(tmp_path: Path) -> None:
    policy = Path(__file__).resolve().parents[3] / "policy"
    text = HEAD + "feeds:\n  F33:\n    from: homes\n    columns: {survey_id: {value: S}, household_code: hid, dimension: {value: gain}}\n"
    _, faults = read(text, tmp_path, policy)
    assert [fault.what for fault in faults] == ["who sends F33?"]
    mapping, faults = read(text.replace("from: homes\n", "from: homes\n    unit: '522301'\n"), tmp_path, policy)
    assert mapping is not None and mapping.feeds["F33"].unit == "522301"
