"""Every fault of a policy's files once: what is written, where the fault points, and what it says.

A row changes one file of a small policy that has no fault: `old` becomes `new`. The place of the fault is that of the text between
⟦ and ⟧ in `new`; without the marks the fault is one of the whole file or of another line, and only its words are compared.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.standards.read import load_policy, read_policy
from fuzz.base import write_base

Row = tuple[str, str, str, str]  # file, old, new, what

PROGRAMME: list[Row] = [
    ("programme.yaml", "code: oracle\n", "", "'code' is missing"),
    ("programme.yaml", "languages: [en, zh]", "languages: [en, zh]\nlanguage: ⟦en⟧", "'language' is not known here"),
    ("programme.yaml", "minor_digits: 2", "minor_digits: ⟦9⟧", "9 is no number of decimal places"),
    ("programme.yaml", "identifiers: [{type: digits, title: {en: Number, zh: 编号}, validator: digits}]", "identifiers: ⟦[]⟧",
     "at least one identifier type is needed"),
    ("programme.yaml", "validator: digits", "validator: ⟦luhn⟧", "'luhn' is not one of the choices"),
    ("programme.yaml", "{name: building,", "{name: ⟦'bu ilding'⟧,", "'bu ilding' cannot be a name"),
    ("programme.yaml", "{name: building,", "{name: household,", "'household' stands here twice, or is a subject of every programme"),
    ("programme.yaml", "  community: community", "  community: ⟦village⟧", "'village' is not one of the choices"),
    ("programme.yaml", "  unit: unit", "  unit: ⟦building⟧", "'building' lies below 'community'"),
    ("programme.yaml", "[1, 2, 3, 4, 5]", "⟦[0, 8]⟧", "the working week lists ISO weekdays"),
    ("programme.yaml", "thing: {feed: F1", "thing: {feed: F9", "subject 'thing': no feed F9"),
    ("programme.yaml", "key: [item]", "key: [itm]", "subject 'thing': F1 has no column 'itm'"),
    ("programme.yaml", "key: [item]", "key: []", "subject 'thing': its key has no column"),
    ("programme.yaml", "key: [item]", "key: [moment]", "subject 'thing': 'moment' cannot be its key"),
    ("programme.yaml", "thing: {feed", "person: {feed", "'person' is a subject already"),
    ("programme.yaml", "title: {en: Thing, zh: 事项}", "title: ⟦{en: Thing}⟧", "'zh' is missing"),
    ("calendar.yaml", "2023-09-29", "⟦2023-09-31⟧", "'2023-09-31' is not a day"),
    ("calendar.yaml", "2023-09-29", "⟦0001-01-01⟧", "'0001-01-01' is too long ago or too far off"),
    ("calendar.yaml", "{name: T2, from: 2022-09-01", "⟦{name: T2, from: 2022-07-01⟧", "periods must follow one another without overlap"),
    ("calendar.yaml", "{name: T2, from: 2022-09-01,", "⟦{name: T2,⟧", "'from' is missing"),
]  # fmt: skip

CONTRACTS: list[Row] = [
    ("feeds/FS.yaml", "owner: o\n", "", "'owner' is missing"),
    ("feeds/FS.yaml", "code: FS", "code: ⟦fs⟧", "'fs' cannot be the code of a feed"),
    ("feeds/FS.yaml", "code: FS", "code: FO", "feed FO is already described in feeds/FO.yaml"),
    ("feeds/FS.yaml", "kind: state", "kind: ⟦states⟧", "'states' is not one of the choices"),
    ("feeds/FS.yaml", "kind: state", "kind: ⟦period⟧", "a period feed needs 'period_column'"),
    ("feeds/FS.yaml", "kind: state", "kind: ⟦event⟧", "an event feed needs 'valid_column'"),
    ("feeds/FS.yaml", "by: unit", "by: ⟦nobody⟧", "'nobody' does not say who delivers"),
    ("feeds/FS.yaml", "by: unit", "by: ⟦school⟧", "'unit_from' is missing"),
    ("feeds/FS.yaml", "by: unit", "unit_from: roll.school\nby: ⟦n⟧", "'n' cannot say who delivers"),
    ("feeds/FS.yaml", "by: unit", "unit_from: roll.nothing\nby: school", "'unit_from: roll.nothing' names no feature of a person"),
    ("feeds/FS.yaml", "key: [who, item]", "key: [who, ⟦itm⟧]", "there is no column 'itm'"),
    ("feeds/FS.yaml", "key: [who, item]", "key: ⟦[]⟧", "a key has at least one column"),
    ("feeds/FS.yaml", "key: [who, item]", "key: ⟦[who, codes]⟧", "'codes' is a list"),
    ("feeds/FS.yaml", "item: {type: text,", "item: {class: text, type: text,", "'item' does not reach the lake"),
    ("feeds/FS.yaml", "freshness:", "links: {person: ⟦item⟧}\nfreshness:", "'item' is not a column of type person"),
    ("feeds/FS.yaml", "n: {type: int", "n: {type: ⟦integer⟧", "'integer' is not one of the choices"),
    ("feeds/FS.yaml", "  n: {type: int, min: 0}", "  9n: ⟦{type: int}⟧", "'9n' cannot be a name"),
    ("feeds/FS.yaml", "  m: {type: int}", "  N: ⟦{type: int}⟧", "'N' stands here twice, once with other capitals"),
    ("feeds/FS.yaml", "  m: {type: int}", "  valid: ⟦{type: int}⟧", "'valid' is a name that every row has already"),
    ("feeds/FS.yaml", "  m: {type: int}", "  household_id: ⟦{type: int}⟧", "'household_id' is our own key of a household"),
    ("feeds/FS.yaml", "{type: code, codes: [a, b, c]}", "⟦{type: code}⟧", "column 'status' needs 'codes'"),
    ("feeds/FS.yaml", "due_days: 10", "due_days: ⟦-3⟧", "-3 days cannot be"),
    ("feeds/FS.yaml", "fresh_for: 45", "fresh_for: ⟦soon⟧", "a whole number is expected, this is 'soon'"),
    ("feeds/FS.yaml", "fresh_for: 45", "fresh_for: ⟦9999999999999999⟧", "'9999999999999999' is out of range"),
    ("feeds/FS.yaml", "freshness:", "matched_floor: ⟦90⟧\nfreshness:", "90 is not a share"),
    ("feeds/FS.yaml", "freshness:", "max_shrink: ⟦a lot⟧\nfreshness:", "a number is expected, this is 'a lot'"),
    ("feeds/FS.yaml", "freshness:", "platform: ⟦perhaps⟧\nfreshness:", "true or false is expected, this is 'perhaps'"),
    ("feeds/FS.yaml", "freshness:", "through: {feed: F9, on: item}\nfreshness:", "'through' names feed F9, which is not described"),
    ("feeds/FS.yaml", "freshness:", "through: {feed: F2, on: nothing}\nfreshness:", "'through' needs a column 'nothing' in both FS and F2"),
    ("feeds/FS.yaml", "freshness:", "through: {feed: FX, on: item}\nfreshness:", "no household is found through FX"),
    ("feeds/FS.yaml", "freshness:", "through: ⟦{feed: F2}⟧\nfreshness:", "'on' is missing"),
    ("feeds/FS.yaml", "cadence: month", "cadence: ⟦monthly⟧", "'monthly' is not one of the choices"),
    ("feeds/FR.yaml", "period_column: term", "period_column: ⟦school⟧", "'school' does not name a term"),
    ("feeds/FS.yaml", "cadence: month", "cadence: ⟦school_week⟧", "a state feed does not come by school weeks"),
    ("feeds/FR.yaml", "cadence: term", "cadence: ⟦once⟧", "a period feed does not come by 'once'"),
    ("feeds/FE.yaml", "valid_column: on_day", "valid_column: ⟦n⟧", "'n' is not a day"),
    ("feeds/FC.yaml", "cadence: month\nkey: [spot, item]\nfreshness: {due_days: 10, fresh_for: 45}", "cadence: ⟦once⟧\nkey: [spot, item]",
     "nothing says how long this state stays fresh"),
    ("feeds/RP.yaml", "  alive: {type: bool}", "  shoe_size: ⟦{type: int}⟧", "the registry of persons keeps no 'shoe_size'"),
]  # fmt: skip

DOCUMENTS: list[Row] = [
    ("feeds/FS.yaml", "owner: o", "owner: ⟦[o]⟧", "a text is expected, this is a list"),
    ("feeds/FS.yaml", "key: [who, item]", "key: ⟦item⟧", "a list is expected, this is 'item'"),
    ("feeds/FS.yaml", "title: {en: t, zh: t}\nowner", "title: ⟦t⟧\nowner", "a mapping (name: value) is expected, this is 't'"),
    ("feeds/FS.yaml", "owner: o", "owner: o\n⟦owner⟧: p", "'owner' stands here twice"),
    ("feeds/FS.yaml", "owner: o", "⟦[a, b]⟧: o", "a name must be plain text"),
    ("feeds/FS.yaml", "owner: o", "owner: ⟦⟧\t- o: [", "this is not YAML"),
    ("parameters/all.yaml", "parameters:", "parameter:", "'parameters' is missing"),
]  # fmt: skip

FEATURES: list[Row] = [
    ("features/all.yaml", "features:", "features:\n  - ⟦{subject: person, count: FS}⟧", "a feature needs 'name' and 'subject'"),
    ("features/all.yaml", "features:", "features:\n  - ⟦some⟧", "a feature is a mapping"),
    ("features/all.yaml", "features:", "features:\n  - {name: ⟦'a b'⟧, subject: person, count: FS}", "'a b' cannot be a name"),
    ("features/all.yaml", "features:", "features:\n  - {name: ⟦household⟧, subject: person, count: FS}", "'household' is a subject"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS}\n  - ⟦{name: X, subject: person, count: FS}⟧",
     "person already has a feature 'X'"),
    ("features/all.yaml", "features:", "features:\n  - ⟦{name: ALIVE, subject: person, count: FS}⟧", "person already has a feature 'ALIVE'"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: ⟦nation⟧, count: FS}", "there is no subject 'nation'"),
    ("features/all.yaml", "features:", "features:\n  - ⟦{name: x, subject: person, count: FS, sum: FS.n}⟧", "a feature has exactly one of"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS, wher: ⟦flag⟧}", "'wher' is not known here"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: ⟦F9⟧}", "there is no feed F9"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: ⟦RP⟧}", "RP enters the register only"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: household, count: ⟦FS⟧}", "rows of FS are not about a household"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: thing, count: ⟦FW⟧}", "nothing says which one delivers for a thing"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, sum: ⟦FS⟧}", "'sum' needs a column"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: ⟦FS.n⟧}", "'count' counts rows"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, sum: ⟦FS.flag⟧}", "'sum' does not apply to FS.flag"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, sum: ⟦FS.nn⟧}", "FS has no plain column 'nn'"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, sum: ⟦{feed: FS}⟧}", "'of' is missing"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, all: ⟦FS.flag⟧}", "'all' goes over members"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, latest: FS, back: ⟦99⟧}", "back goes from 0 to 24"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, streak: ⟦FS⟧, holds: flag}", "FS has no periods to count"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, streak: ⟦FP⟧}", "'holds' is missing"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, streak: FP, holds: flag, at_most: ⟦61⟧}",
     "at_most goes from 1 to 60"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: members, over: ⟦household⟧}",
     "does not lie below a person"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS, window: ⟦{}⟧}", "a window has exactly one length"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS, window: {years: ⟦11⟧}}",
     "a window is from 1 to 10 years long"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS, window: {this: ⟦day⟧}}",
     "'day' is not one of the choices"),
    ("features/all.yaml", "features:", "features:\n  - {name: x, subject: person, count: FS, window: {periods: ⟦2⟧}}", "FS has no periods"),
    ("features/all.yaml", "features:", "features:\n  - ⟦{name: x, subject: person, value: x + 1}⟧", "this feature needs itself"),
    ("features/all.yaml", "features:", "features:\n  - ⟦{name: x, subject: person, sum: {feed: FS, of: \"n * n * n\"}}⟧",
     "a number here may need more than 38 digits"),
]  # fmt: skip

PARAMETERS: list[Row] = [
    ("parameters/all.yaml", "- {name: cut, type: date", "- {name: cut, type: ⟦day⟧", "'day' is not one of the choices"),
    ("parameters/all.yaml", "- {name: cut, type", "- {name: ⟦c.ut⟧, type", "'c.ut' cannot be a name"),
    ("parameters/all.yaml", "- {name: cut, type", "- {name: LIMIT, type", "parameter 'LIMIT' is already given"),
    ("parameters/all.yaml", "value: 2023-02-28", "value: ⟦2023-02-30⟧", "'2023-02-30' is not a day"),
    ("parameters/all.yaml", "value: 12.34", "value: ⟦12.345⟧", "'12.345' has more than 2 decimal places"),
    ("parameters/all.yaml", "value: 0.35", "value: ⟦1e999999999⟧", "is expected"),
    ("parameters/all.yaml", "{from: 2022-01-01, area: U1, value: 1, source: s}", "⟦{from: 2022-01-01, area: U1, value: 1}⟧",
     "'source' is missing"),
    ("parameters/all.yaml", "{from: 2024-01-01, value: 2024-02-29", "{from: 2024-01-01, area: ⟦U1⟧, value: 2024-02-29",
     "this parameter does not differ by area"),
    ("parameters/all.yaml", "keys: [a], value: 50", "keys: [a, b], value: 50", "1 keys are needed, 2 are given"),
    ("parameters/all.yaml", "{from: 2023-09-26, value: 3, source: s}", "{from: 2021-01-01, value: 3, source: s}",
     "'limit' has two values from 2021-01-01 for the same area and keys"),
]  # fmt: skip

STANDARDS: list[Row] = [
    ("standards/AA-01.yaml", "subject: person\n", "", "a standard needs 'code' and 'subject'"),
    ("standards/AA-01.yaml", "subject: person\n", "subject: ⟦nation⟧\n", "there is no subject 'nation'"),
    ("standards/AA-01.yaml", "code: AA-01", "code: ⟦AA-٠١⟧", "'AA-٠١' is not a code"),
    ("standards/AA-01.yaml", "code: AA-01", "code: AA-07", "the file of AA-07 must be named AA-07.yaml"),
    ("standards/AA-01.yaml", "code: AA-01", "code: AA-02", "standard AA-02 is already written in another file"),
    ("standards/AA-01.yaml", "domain: extension", "domain: ⟦magic⟧", "'magic' is not one of the choices"),
    ("standards/AA-01.yaml", "basis: assumption", "basis: ⟦hearsay⟧", "'hearsay' is not one of the choices"),
    ("standards/AA-01.yaml", "from: 2020-01-01", "from: ⟦2020-13-01⟧", "'2020-13-01' is not a day"),
    ("standards/AA-01.yaml", "      red: {level: red", "      red: {level: ⟦crimson⟧", "'crimson' is not one of the choices"),
    ("standards/AA-01.yaml", "      red: {level: red", "      r-d: ⟦{level: red⟧", "'r-d' cannot be a name"),
    ("standards/AA-01.yaml", "    handle: 10d", "    handle: ⟦a week⟧", "'a week' is not a length of time"),
    ("standards/AA-01.yaml", "    handle: 10d", "    handle: 10d\n    closing: ⟦data⟧", "closing: data does not do for red or orange"),
    ("standards/AA-01.yaml", "evidence: []", "evidence: [⟦latest_n⟧]", "'latest_n' is a whole row"),
    ("standards/AA-01.yaml", "evidence: []", "evidence: [⟦nothing⟧]", "a person has no 'nothing'"),
    ("standards/AA-01.yaml", "evidence: []", "evidence: []\n    inhibits: [AA-09]", "'inhibits' names AA-09, which is no standard"),
]  # fmt: skip
EVERY = [*PROGRAMME, *CONTRACTS, *DOCUMENTS, *FEATURES, *PARAMETERS, *STANDARDS]


def place_of(text: str) -> tuple[int, int] | None:
    """Line and column of the mark in the file, counting from 1 and without the marks."""
    if "⟦" not in text:
        return None
    before = text[: text.index("⟦")]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("policy")
    return folder, write_base(folder)


def faults_with(base: tuple[Path, dict[str, str]], file: str, text: str) -> list[Fault]:
    folder, files = base
    (folder / file).write_text(text, encoding="utf-8")
    try:
        return read_policy(folder)[1]
    finally:
        (folder / file).write_text(files[file], encoding="utf-8")


def test_the_policy_has_no_fault_before_it_is_changed(base: tuple[Path, dict[str, str]]) -> None:
    assert read_policy(base[0])[1] == []


@pytest.mark.parametrize(("file", "old", "new", "what"), EVERY, ids=[f"{row[0]}: {row[3]}"[:70] for row in EVERY])
def test_the_fault_is_found_where_it_is_and_says_what_it_is(base: tuple[Path, dict[str, str]], file: str, old: str, new: str, what: str) -> None:
    assert old in base[1][file]
    marked = base[1][file].replace(old, new, 1)
    faults = faults_with(base, file, marked.replace("⟦", "").replace("⟧", ""))
    found = [fault for fault in faults if what in fault.what]
    assert found, "\n".join(str(fault) for fault in faults)
    place = place_of(marked)
    if place is not None:
        assert place in {(fault.line, fault.column) for fault in found if fault.file == file}


def test_every_fault_of_every_file_comes_in_one_go(base: tuple[Path, dict[str, str]]) -> None:
    folder, files = base
    changed = {row[0]: row for row in (PROGRAMME[2], CONTRACTS[3], FEATURES[9], PARAMETERS[3], STANDARDS[7])}
    for file, old, new, _ in changed.values():
        (folder / file).write_text(files[file].replace(old, new, 1).replace("⟦", "").replace("⟧", ""), encoding="utf-8")
    try:
        policy, faults = read_policy(folder)
        with pytest.raises(PolicyFaults) as error:
            load_policy(folder)
    finally:
        for file in changed:
            (folder / file).write_text(files[file], encoding="utf-8")
    assert policy is None
    programme = {PROGRAMME[2][0], CONTRACTS[3][0], PARAMETERS[3][0]}
    assert programme <= {fault.file for fault in faults}
    assert list(error.value.faults) == faults == sorted(faults)
    assert str(faults[0]) in str(error.value)


def test_faults_of_features_and_standards_come_together(base: tuple[Path, dict[str, str]]) -> None:
    folder, files = base
    changed = {row[0]: row for row in (FEATURES[9], STANDARDS[7])}
    for file, old, new, _ in changed.values():
        (folder / file).write_text(files[file].replace(old, new, 1).replace("⟦", "").replace("⟧", ""), encoding="utf-8")
    try:
        _, faults = read_policy(folder)
    finally:
        for file in changed:
            (folder / file).write_text(files[file], encoding="utf-8")
    assert {fault.file for fault in faults} == set(changed)


def test_a_contract_at_fault_is_not_mourned_by_all_who_read_it(base: tuple[Path, dict[str, str]]) -> None:
    """The features over it say nothing more: its own fault is the one to mend."""
    faults = faults_with(base, "feeds/FS.yaml", base[1]["feeds/FS.yaml"].replace("kind: state", "kind: states"))
    assert [(fault.file, fault.what) for fault in faults] == [("feeds/FS.yaml", "'states' is not one of the choices")]


def test_what_time_alone_would_clear_says_what_clears_it(base: tuple[Path, dict[str, str]]) -> None:
    text = base[1]["standards/AA-02.yaml"].replace('    clears_when: "true"\n', "")
    assert faults_with(base, "standards/AA-02.yaml", text) == []
    text = text.replace("kept('AA-01')", "at_event > 100 and this_year_of_all > 3")
    features = base[1]["features/all.yaml"] + "  - {name: this_year_of_all, subject: household, sum: this_year, over: person}\n"
    folder = base[0]
    (folder / "features/all.yaml").write_text(features, encoding="utf-8")
    try:
        faults = faults_with(base, "standards/AA-02.yaml", text)
    finally:
        (folder / "features/all.yaml").write_text(base[1]["features/all.yaml"], encoding="utf-8")
    assert [fault.what for fault in faults] == ["'clears_when' is missing"]
    assert "'this_year' looks at a window that begins anew" in faults[0].why


def test_a_circle_shows_its_way_round(base: tuple[Path, dict[str, str]]) -> None:
    folder, files = base
    more = "  - {name: a, subject: person, value: household.b > 0}\n  - {name: b, subject: household, count: a, over: person}\n"
    faults = faults_with(base, "features/all.yaml", files["features/all.yaml"] + more)
    assert any("person.a → household.b → person.a" in fault.why for fault in faults)
    text = files["standards/AA-01.yaml"].replace('red: {level: red, when: "', "red: {level: red, when: \"not kept('AA-02') or ")
    faults = faults_with(base, "standards/AA-01.yaml", text)
    assert any(fault.what == "these need one another" and "AA-01" in fault.why and "AA-02" in fault.why for fault in faults)


def test_a_folder_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    policy, faults = read_policy(tmp_path / "nowhere")
    assert policy is None
    assert [fault.what for fault in faults] == ["there is no such policy folder"]
    policy, faults = read_policy(tmp_path)
    assert policy is None
    assert {fault.file for fault in faults} == {"programme.yaml", "feeds"}


def test_a_fault_tells_where_what_why_and_what_to_do() -> None:
    fault = Fault("standards/ED-01.yaml", 3, 7, "there is no feed F9", "it is not described", "describe it", ("F09", "F19"))
    assert str(fault) == ("standards/ED-01.yaml:3:7: there is no feed F9\n  why: it is not described\n  do: describe it\n  known: F09, F19")
    assert str(Fault("programme.yaml", 0, 0, "the file is empty")) == "programme.yaml: the file is empty"
    assert fault.as_dict() == {
        "file": "standards/ED-01.yaml", "line": 3, "column": 7, "what": "there is no feed F9", "why": "it is not described",
        "remedy": "describe it", "alternatives": ["F09", "F19"],
    }  # fmt: skip


def test_the_nearest_names_come_first_and_some_where_none_is_near() -> None:
    assert nearest("statu", ["status", "state", "amount"])[0] == "status"
    assert nearest("zzzz", ["b", "a", "c"]) == ("a", "b", "c")
    assert nearest("zzzz", list("abcdefghij")) == tuple("abcdef")
