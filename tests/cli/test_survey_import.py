"""`anju people import --mapping`: what a person reads, what a program reads, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from anju.apps.cases.models import Case
from anju.apps.people.models import Household, Person
from anju.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "household-survey"
SMALL = ROOT / "tests" / "examples" / "small"
FILES = (SMALL / "small_household.csv", SMALL / "small_individual.csv")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def example_policy(settings: object) -> None:
    settings.POLICY = EXAMPLE / "policy"  # type: ignore[attr-defined]


def call(*arguments: object, mapping: Path = EXAMPLE / "mapping.yaml") -> Result:
    whole = ["people", "import", *map(str, arguments), "--mapping", str(mapping), "--received-at", "2024-01-15"]
    return CliRunner().invoke(main, whole)


def ask(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_it_works() -> None:
    result = call(*FILES)
    assert result.exit_code == 0, result.output
    assert "R02 from small_individual.csv: 7 rows = 7 new, 0 changed, 0 unchanged, 0 set aside, 0 duplicates, 0 skipped" in result.output
    assert "doubtful: 1 × hid: household_code: no head is recorded (line 4 of small_household.csv)" in result.output
    assert "note: small_household.csv: columns that the mapping does not use: urbrur, statocc" in result.output
    assert "nothing has changed" in call(*FILES).output


def test_it_is_judged_and_explained_by_the_commands_of_the_docs_though_the_policy_has_no_rules_of_cases() -> None:
    call(*FILES)
    judged = ask("run", "--as-of", "2023-12-31")
    assert judged.exit_code == 0 and "cases: none, the policy has no casework.yaml" in judged.output, judged.output
    assert "DI-01  orange" in ask("findings", "list").output
    assert ask("alerts", "release", "--yes", "--comment", "looked at").exit_code == ask("alerts", "follow").exit_code == 0
    assert not Case.objects.exists()
    told = {check["what"]: check for check in json.loads(ask("doctor", "--json").output)["checks"]}
    assert told["casework"]["grade"] == "note" and "no case is opened" in told["casework"]["seen"]


def test_a_program_reads_json() -> None:
    data = json.loads(call(*FILES, "--dry-run", "--json").output)
    assert data["dry_run"] is True and data["as_of"] == "2023-12-31"
    assert {taken["target"]: taken["rows"] for taken in data["taken"]} == {"R01": 4, "R02": 7, "S01": 4, "S02": 48, "S03": 7}
    assert Household.objects.count() == 0


def test_rows_set_aside_are_shown_and_told_by_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "small_individual.csv"
    path.write_text(FILES[1].read_text(encoding="utf-8").replace("bbb;1;1;2;71", "bbb;1;1;2;old"), encoding="utf-8")
    result = call(FILES[0], path)
    assert result.exit_code == 1
    assert "set aside: 1 × age + age_month: birth_date: old is no age (line 4 of small_individual.csv)" in result.output


def test_reasons_are_told_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "small_individual.csv"
    path.write_text(FILES[1].read_text(encoding="utf-8").replace("bbb;1;1;2;71", "bbb;1;1;2;old"), encoding="utf-8")
    said = call(FILES[0], path, "--lang", "zh", "--dry-run").output
    assert "age + age_month: birth_date：“old”不是年龄 (line 4" in said
    assert "household_code：未填户主" in said and "映射未用到的列：urbrur, statocc" in said
    data = json.loads(call(FILES[0], path, "--lang", "zh", "--dry-run", "--json").output)
    assert {row["reason"] for row in data["refused"]} == {"birth_date：“old”不是年龄", "户内人员编号：人口台账中查无此号"}
    path.write_bytes(b"")
    refused = call(FILES[0], path, "--lang", "zh")
    assert refused.exit_code == 1 and "“small_individual.csv”是空的" in refused.output


def test_faults_of_the_mapping_name_their_place(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text((EXAMPLE / "mapping.yaml").read_text(encoding="utf-8").replace("column: water\n", "column: watr\n"), encoding="utf-8")
    result = call(*FILES, mapping=path)
    assert result.exit_code == 1
    assert "mapping.yaml:44:17: 'small_household.csv' has no column 'watr'" in result.output
    assert "known: water" in result.output and "nothing was taken in" in result.output
    told = json.loads(call(*FILES, "--json", mapping=path).stdout)
    assert (told["error"]["exit_code"], [(fault["line"], fault["alternatives"][0]) for fault in told["faults"]]) == (1, [(44, "water")])
    assert Household.objects.count() == 0


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "small_household.csv"
    path.write_bytes(b"")
    result = call(path, FILES[1])
    assert result.exit_code == 1 and "'small_household.csv' is empty" in result.output


def test_a_day_of_its_own_is_refused() -> None:
    result = call(*FILES, "--as-of", "2023-01-01")
    assert result.exit_code == 2 and "a mapping says itself which day its answers speak of" in result.output


def test_workbooks_do_as_well(tmp_path: Path) -> None:
    """Numbers as numbers and a title row above, as people keep them; the lines are those of the sheet."""
    paths = []
    for path in FILES:
        paths.append(tmp_path / f"{path.stem}.xlsx")
        book = xlsxwriter.Workbook(str(paths[-1]))
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, "A survey that somebody gave a title")
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for at, text in enumerate(line.split(";")):
                if text.isdigit():
                    sheet.write_number(n, at, int(text))
                elif text:
                    sheet.write_string(n, at, text)
        book.close()
    text = (EXAMPLE / "mapping.yaml").read_text(encoding="utf-8").replace(".csv", ".xlsx")
    (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
    result = call(*paths, mapping=tmp_path / "mapping.yaml")
    assert result.exit_code == 0, result.output
    assert Person.objects.count() == 7
    assert "doubtful: 1 × hid: household_code: no head is recorded (line 5 of small_household.xlsx)" in result.output
