"""anju explain: whom one may name and how, what is refused, and that an identity number is never repeated."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from anju.apps.people.importing import import_people
from anju.apps.people.models import Household, Person
from anju.apps.places.actions import import_scope_places
from anju.apps.places.models import Place
from anju.cli.main import main
from anju.core.contracts.model import Programme
from anju.core.standards.read import load_policy

POLICY = load_policy(Path(__file__).resolve().parents[2] / "policy")
AT = datetime(2023, 8, 1, 12, tzinfo=UTC)
MOTHER, CHILD = "522300198005013027", "522300201305012012"


def ask(*words: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["explain", *words], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def family(db: None, tmp_path: Path) -> dict[str, int]:
    """A mother and her son of ten, in one settlement; nothing was ever delivered about them."""
    assert isinstance(POLICY.programme, Programme)
    (tmp_path / "places.csv").write_text(
        "level,code,name,parent_code,statistical_code\nunit,522301,兴义市,,522301\nstreet,522301009,洒金街道,522301,522301009\n"
        "community,522301009901,栗坪社区,522301009,522301009901\n", encoding="utf-8")  # fmt: skip
    (tmp_path / "F01.csv").write_text(
        "household_code,head_person_id,move_in_date,dest_community_code,mgmt_unit_code,is_registered_poor,status\n"
        f"H1,{MOTHER},2018-06-01,522301009901,522301,false,active\n", encoding="utf-8")  # fmt: skip
    (tmp_path / "F02.csv").write_text(
        "person_id,household_code,name,sex,birth_date,is_student,in_military,labour_capacity,resident_status,alive\n"
        f"{MOTHER},H1,韦秀兰,2,1980-05-01,false,false,normal,living_here,true\n"
        f"{CHILD},H1,韦小禾,1,2013-05-01,true,false,none,living_here,true\n", encoding="utf-8")  # fmt: skip
    import_scope_places(tmp_path / "places.csv", by="test", at=AT, programme_code="q", programme_name="Q")
    import_people([tmp_path / "F01.csv", tmp_path / "F02.csv"], by="test", at=AT, contracts=POLICY.contracts, programme=POLICY.programme)
    child = Person.objects.get(birth_date="2013-05-01")
    return {"child": child.pk, "household": Household.objects.get().pk, "community": Place.objects.get(level="community").pk}


DAY = ("--as-of", "2023-09-26", "--known-at", "2023-09-26T18:00")


def test_it_works_before_any_run_and_names_whose_delivery_is_missing(family: dict[str, int]) -> None:
    result = ask("ED-01", str(family["child"]), *DAY)
    assert result.exit_code == 0
    assert "ED-01 Every child of school age is in school: unknown" in result.output
    assert "F09 School roll 522301 Education Bureau: a period that is due was not delivered 2023-2024-1 (never came)" in result.output


def test_in_chinese_every_word_is(family: dict[str, int]) -> None:
    result = ask("ED-01", str(family["child"]), *DAY, "--lang", "zh")
    assert "ED-01 控辍保学：待核实" in result.output
    assert "F09 学籍 522301 教育局：应报期次未报送 2023-2024-1（从未报送）" in result.output


def test_for_programs(family: dict[str, int]) -> None:
    found = json.loads(ask("ED-01", str(family["child"]), *DAY, "--json").output)
    assert (found["answer"], found["key"], found["title"]["zh"], found["day"]) == ("unknown", family["child"], "控辍保学", "2023-09-26")
    assert found["not_delivered"][0]["periods"] == ["2023-2024-1"]
    assert found["owner"]["zh"] == "教育局"


def test_a_household_and_a_place_by_code_or_key(family: dict[str, int]) -> None:
    by_code, by_key = ask("EM-01", "H1", *DAY, "--json"), ask("EM-01", str(family["household"]), *DAY, "--json")
    assert json.loads(by_code.output) == json.loads(by_key.output)
    place, again = ask("HS-04", "522301009901", *DAY, "--json"), ask("HS-04", str(family["community"]), *DAY, "--json")
    assert json.loads(place.output)["key"] == json.loads(again.output)["key"] == family["community"]


def test_an_identity_number_is_typed_and_never_shown(family: dict[str, int]) -> None:
    result = ask("ED-01", "--identity", *DAY, "--json", typed=f"{CHILD}\n")
    assert json.loads(result.output[result.output.index("{") :])["key"] == family["child"]
    assert CHILD not in result.output


def test_an_identity_number_on_the_command_line_is_refused(family: dict[str, int]) -> None:
    result = ask("ED-01", CHILD, *DAY)
    assert result.exit_code == 2
    assert "--identity" in result.output
    assert CHILD not in result.output


@pytest.mark.parametrize(
    ("words", "typed", "says"),
    [
        (("ED-01", "--identity"), "522300201305012013\n", "the check digit does not fit"),
        (("ED-01", "--identity"), "52230020140501201X\n", "nobody in the register has this"),
        (("EM-01", "--identity"), "522300201305012012\n", "EM-01 is about a household, not a person"),
        (("ED-01",), None, "give SUBJECT, or --identity"),
        (("ED-01", "H1"), None, "ED-01 is about a person, and 'H1' is a household: name one of "),
        (("ED-01", "77"), None, "'77' is not the key of one: say --identity"),
        (("EM-01", "H9"), None, "'H9' is neither the key nor the code of one"),
        (("HS-04", "522301"), None, "HS-04 is about a community, and 兴义市 (522301) is a unit"),
        (("HS-04", "9"), None, "'9' is neither the key nor the code of a place"),
        (("ED-99", "1"), None, "there is no standard ED-99"),
        (("CG-02", "D1"), None, "there was no dispute 'D1' on 2023-09-26"),
    ],
)
def test_what_names_nobody_is_refused_with_what_there_is(family: dict[str, int], words: tuple[str, ...], typed: str | None, says: str) -> None:
    result = ask(*words, *DAY, typed=typed)
    assert result.exit_code == 2
    assert says in result.output


def test_a_day_before_the_standard_is_refused(family: dict[str, int]) -> None:
    result = ask("ED-01", str(family["child"]), "--as-of", "2020-01-01")
    assert result.exit_code == 2
    assert "ED-01 is not in force on 2020-01-01: its first version begins on 2021-09-26" in result.output


def test_without_a_run_and_without_a_day_nothing_is_explained(family: dict[str, int]) -> None:
    result = ask("ED-01", str(family["child"]))
    assert result.exit_code == 3
    assert "anju run" in result.output
