"""What became of places: chains, splits and merges are read to today's place; a person confirms, rejects, or says it."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from anju.apps.places.actions import import_official_list
from anju.apps.places.codes import place_codes
from anju.apps.places.models import Place, Succession
from anju.apps.places.succession import (
    confirm_succession,
    ends_of,
    import_successions,
    list_successions,
    places_today,
    reject_succession,
)
from anju.cli.main import main

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"by": "clerk", "at": datetime(2023, 9, 1, tzinfo=UTC)}
HEAD = "vintage,level,code,name,parent_code\n"
BEFORE = ["county,522301,兴义市,5223", "town,522301108,马岭镇,522301", "town,522301109,捧乍镇,522301", "town,522301110,鲁屯镇,522301"]
AFTER = ["county,522301,兴义市,5223", "town,522301010,马岭街道,522301", "town,522301009,洒金街道,522301", "town,522301109,捧乍镇,522301"]


@pytest.fixture
def lists(tmp_path: Path) -> None:
    """马岭镇 became a street, which is a guess; 鲁屯镇 is in no list any more; 洒金街道 is new."""
    path = tmp_path / "official.csv"
    rows = [f"2017-10-31,{row}\n" for row in BEFORE] + [f"2019-10-31,{row}\n" for row in AFTER]
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    report = import_official_list(path, vintage=date(2019, 10, 31), **WHO)
    assert (report.closed, report.followed, len(report.doubtful), len(report.lost)) == (2, 0, 1, 1)


def say(tmp_path: Path, *rows: str) -> dict[str, object]:
    path = tmp_path / "succession.csv"
    path.write_text("\n".join(("from,to,how,on", *rows)) + "\n", encoding="utf-8")
    return import_successions(path, **WHO).as_dict()


def place(code: str) -> int:
    return Place.objects.get(tree="statistical", code=code).pk


def test_what_waits_for_a_persons_word(lists: None) -> None:
    assert [(g.code, g.to, g.to_name, g.doubtful) for g in list_successions()] == [
        ("522301108", "522301010", "马岭街道", True), ("522301110", "", "", True),
    ]  # fmt: skip
    assert place_codes()["522301108"] == place("522301108") != place("522301010")


def test_a_confirmed_succession_is_followed(lists: None) -> None:
    confirm_succession("522301108", "522301010", **WHO)
    assert place_codes()["522301108"] == place("522301010")
    assert places_today() == {place("522301108"): place("522301010")}
    assert [g.code for g in list_successions()] == ["522301110"]
    assert len(list_successions(everything=True)) == 2
    with pytest.raises(ValueError, match="waiting: none"):
        confirm_succession("522301108", "522301010", **WHO)


def test_a_rejected_guess_leaves_the_old_place(lists: None) -> None:
    reject_succession("522301108", "522301010", **WHO)
    assert [(g.code, g.to) for g in list_successions()] == [("522301108", ""), ("522301110", "")]
    assert place_codes()["522301108"] == place("522301108")


def test_a_split_is_what_lies_above_its_parts(lists: None, tmp_path: Path) -> None:
    report = say(tmp_path, "522301108,522301010,split,2019-10-31", "522301108,522301009,split,2019-10-31")
    assert (report["new"], report["confirmed"], report["faults"]) == (1, 1, [])
    assert place_codes()["522301108"] == place("522301")
    assert list_successions() == [g for g in list_successions(everything=True) if g.code == "522301110"]


def test_a_merge_leads_both_to_one(lists: None, tmp_path: Path) -> None:
    say(tmp_path, "522301110,522301109,merged,2019-10-31", "522301999,522301109,merged,2018-01-01")
    codes = place_codes()
    assert codes["522301110"] == codes["522301999"] == codes["522301109"] == place("522301109")


def test_a_persons_word_replaces_a_guess(lists: None, tmp_path: Path) -> None:
    assert say(tmp_path, "522301108,522301009,renamed,2019-10-31")["dropped"] == 1
    assert place_codes()["522301108"] == place("522301009")
    assert Succession.objects.count() == 1


def test_the_same_file_again_changes_nothing(lists: None, tmp_path: Path) -> None:
    rows = ("522301110,522301109,merged,2019-10-31",)
    say(tmp_path, *rows)
    report = say(tmp_path, *rows)
    assert (report["rows"], report["new"], report["unchanged"]) == (1, 0, 1)


def test_bad_rows_are_told_and_the_others_taken(lists: None, tmp_path: Path) -> None:
    report = say(
        tmp_path,
        "522301110,522301109,merged,2019-10-31",
        "522301109,522301110,renamed,2020-10-31",
        "522301108,522301077,renamed,2019-10-31",
        "522301108,522301010,swallowed,2019-10-31",
        "522301108,522301010,split,last year",
        "522301108,,split,2019-10-31",
        "522301109,522301109,renamed,2019-10-31",
        "522301110,522301109,merged,2019-10-31",
    )
    faults = {fault["line"]: (fault["column"], fault["reason"]) for fault in report["faults"]}  # type: ignore[attr-defined]
    assert {line: column for line, (column, _) in faults.items()} == {
        3: "to", 4: "to", 5: "how", 6: "on", 7: "to", 8: "to", 9: "from, to",
    }  # fmt: skip
    assert "522301109 → 522301110 → 522301109" in faults[3][1]
    assert (report["rows"], report["new"]) == (8, 1)


def test_a_guess_that_would_lead_in_a_circle_cannot_be_confirmed(lists: None) -> None:
    Succession.objects.create(kind="place", from_key="522301010", to_key="522301108", on=date(2020, 1, 1), how="renamed")
    with pytest.raises(ValueError, match="522301108 → 522301010 → 522301108"):
        confirm_succession("522301108", "522301010", **WHO)
    assert place_codes()["522301108"] == place("522301108")


def test_chains_and_splits_end_and_circles_do_not_hang() -> None:
    became = {"a": ("b",), "b": ("c", "d"), "d": ("e",), "x": ("y",), "y": ("x",)}
    assert ends_of("a", became) == ("c", "e")
    assert ends_of("a", became, {"b"}) == ("b",)
    assert ends_of("e", became) == ("e",)
    assert ends_of("x", became) == ("x",)


def test_the_commands(lists: None, tmp_path: Path) -> None:
    def ask(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["places", "succession", *words])
        return result.exit_code, result.output

    assert "522301108" in ask("list")[1] and "马岭街道" in ask("list")[1]
    assert ask("confirm", "522301108", "522301009")[0] == 2
    assert ask("confirm", "522301108", "522301010")[0] == 0
    assert ask("reject", "522301108", "522301010")[0] == 2
    (tmp_path / "s.csv").write_text("from,to,how,on\n522301110,522301109,merged,2019-10-31\n522301110,1,merged,2019-10-31\n")
    code, text = ask("import", str(tmp_path / "s.csv"))
    assert code == 1 and "line 3" in text
    assert ask("list")[1].strip() == "nothing waits for a person's word"


REAL = Path(os.environ.get("ANJU_REAL_DATA", "")) / "places"


@pytest.mark.skipif(not os.environ.get("ANJU_REAL_DATA"), reason="ANJU_REAL_DATA names no folder with the real lists")
def test_the_real_lists_lose_nobody() -> None:
    towns = import_official_list(REAL / "qianxinan_county_town_2017_2021.csv", vintage=date(2017, 10, 31), **WHO)
    assert (towns.rows, towns.closed, towns.followed, len(towns.doubtful), towns.lost, towns.faults) == (715, 21, 17, 4, [], [])
    villages = import_official_list(REAL / "qianxinan_villages_nbs2021.csv", vintage=date(2021, 10, 31), layout="nested", **WHO)
    assert (villages.rows, villages.new, villages.closed, villages.lost, villages.faults) == (1294, 1294, 0, [], [])
    codes = place_codes()
    assert codes["522322"] == codes["522302"] and codes["522322205"] == codes["522302200"]
    names = {code: Place.objects.get(pk=codes[code]).name for code in ("522301010003", "522301010002", "522302006004", "522324003005")}
    assert list(names.values()) == ["思源社区", "龙盛社区", "安和社区", "新塘社区"]
    for guess in list_successions():
        confirm_succession(guess.code, guess.to, **WHO)
    assert list_successions() == [] and place_codes()["522301108"] == codes["522301010"]
