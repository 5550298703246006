"""The commands as a new user types them: help, wrong use, an empty deployment, a first delivery."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils import timezone

from anju.apps.feeds.models import Delivery
from anju.apps.findings.models import Run
from anju.cli.context import Moment, moment_of
from anju.cli.main import main

COMMANDS = [
    ["places", "import"], ["people", "import"], ["feeds", "import"], ["feeds", "withdraw"], ["feeds", "confirm"], ["feeds", "status"],
    ["feeds", "refused"], ["feeds", "original"], ["feeds", "expire"], ["feeds", "retry"],
    ["run"], ["explain"], ["findings", "list"], ["standards", "check"],
    ["standards", "test"],
    ["standards", "sql"], ["standards", "list"],
    ["demo"], ["doctor"],
]  # fmt: skip


def ask(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    code, text = ask(*command, "--help")
    assert code == 0
    assert "Usage:" in text
    assert len(text.splitlines()) > 4


def test_the_policy_in_use_has_no_fault() -> None:
    code, text = ask("standards", "check", "--drafts", "--json")
    assert code == 0
    assert json.loads(text)["standards"] == 56


def test_a_faulty_policy_is_refused_with_its_places(tmp_path: Path) -> None:
    (tmp_path / "programme.yaml").write_text("code: x\ncode: y\n", encoding="utf-8")
    code, text = ask("standards", "check", str(tmp_path))
    assert code == 1
    assert "programme.yaml:2:1" in text
    assert "stands here twice" in text


def test_the_sql_of_a_standard_can_be_read() -> None:
    code, text = ask("standards", "sql", "ED-01", "--as-of", "2023-09-26")
    assert code == 0
    assert "CREATE TABLE" in text


def test_an_unknown_standard_is_refused_with_the_known_ones() -> None:
    code, text = ask("standards", "sql", "ED-99")
    assert code == 2
    assert "ED-01" in text


@pytest.mark.django_db
def test_an_empty_deployment_says_what_to_do() -> None:
    code, text = ask("findings", "list")
    assert code == 3
    assert "anju run" in text


@pytest.mark.django_db
def test_a_file_of_no_known_feed_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "F99_522301.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    code, text = ask("feeds", "import", str(path))
    assert code == 1
    assert "F99" in text
    assert "do: " in text
    text = ask("feeds", "import", str(path), "--lang", "zh")[1]
    assert "办法: " in text and "可选: " in text and "no feed" not in text
    assert ask("feeds", "status")[1].strip() == "nothing has been delivered yet"


@pytest.mark.django_db
def test_places_come_in_once_and_again_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text(
        "level,code,name,parent_code,statistical_code\nunit,522301,兴义市,,522301\nstreet,522301009,洒金街道,522301,522301009\n",
        encoding="utf-8",
    )
    first, second = ask("places", "import", str(path), "--json"), ask("places", "import", str(path), "--json")
    assert first[0] == second[0] == 0
    assert json.loads(first[1]) != json.loads(second[1])


def test_a_day_that_is_none_is_refused() -> None:
    code, text = ask("run", "--as-of", "2023-02-30")
    assert code == 2
    assert "2023-09-26" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("run --as-of 2999-01-01", "2999-01-01 is still to come"),
        ("run --as-of 1900-01-01", "no standard is in force on 1900-01-01: the first begins on 2021-09-26"),
        ("run --as-of 2023-09-26 --known-at 2999-01-01", "is still to come"),
        ("feeds import FILE --received-on 2999-01-01", "is still to come"),
        ("people import FILE --received-at 2999-01-01T08:00", "is still to come"),
        ("places import FILE --received-on 2999-01-01", "is still to come"),
        ("feeds withdraw 77 --reason again", "there is no receipt 77"),
        ("feeds confirm 77", "there is no receipt 77"),
        ("feeds status --limit 0", "is not in the range"),
        ("findings list --limit -1", "is not in the range"),
        ("demo --people 10", "is not in the range"),
        ("demo --months 3", "is not in the range"),
    ],
)
def test_wrong_use_is_told_and_changes_nothing(words: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "F09_U1.csv"
    file.write_text("a\n", encoding="utf-8")
    code, text = ask(*(str(file) if word == "FILE" else word for word in words.split()))
    assert code == 2
    assert says in " ".join(text.split())
    assert not Run.objects.exists() and not Delivery.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code", "says", "remedy"),
    [
        ("run --as-of 2023-02-30 --json", 2, "'2023-02-30' is not a day", "main run --help"),
        ("feeds status --json --colour", 2, "No such option '--colour'", "main feeds status --help"),
        ("feeds withdraw --json", 2, "Missing argument 'RECEIPT'", "main feeds withdraw --help"),
        ("feeds import nowhere.csv --json", 2, "'nowhere.csv' does not exist", "main feeds import --help"),
        ("feed status --json", 2, "No such command 'feed'", "main --help"),
        ("--colour feeds status --json", 2, "No such option '--colour'", "main --help"),
        ("demo --ahead 5 --json", 2, "--ahead goes with --serve", "main demo --help"),
        ("feeds confirm 77 --json", 2, "there is no receipt 77", "anju feeds status lists what is held"),
        ("findings list --json", 3, "nothing has been judged yet", "anju run"),
    ],
)
def test_what_cannot_be_done_is_told_to_a_program_as_one_object(words: str, code: int, says: str, remedy: str) -> None:
    result = CliRunner().invoke(main, words.split())
    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["exit_code"], error["remedy"]) == (code, code, remedy)
    assert says in error["what"] and says in " ".join(result.stderr.split())
    asked_in_words = CliRunner().invoke(main, [word for word in words.split() if word != "--json"])
    assert (asked_in_words.exit_code, asked_in_words.stdout) == (code, "")


def test_after_two_dashes_no_word_asks_for_json() -> None:
    result = CliRunner().invoke(main, ["standards", "sql", "--", "--json", "more"])
    assert (result.exit_code, result.stdout) == (2, "")


def test_faults_of_the_policy_are_listed_in_the_object_of_the_error(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "programme.yaml").write_text("code: x\ncode: y\n", encoding="utf-8")
    settings.POLICY = tmp_path
    result = CliRunner().invoke(main, ["standards", "list", "--json"])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["error"]["exit_code"]) == (1, 1)
    assert any((fault["file"], fault["line"]) == ("programme.yaml", 2) for fault in told["faults"])


@pytest.mark.django_db
def test_findings_of_no_standard_are_refused_with_the_standards() -> None:
    Run.objects.create(day=date(2023, 9, 26), known_at=timezone.now(), started_at=timezone.now(), current=True)
    assert ask("findings", "list", "--standard", "ED-01")[0] == 0
    code, text = ask("findings", "list", "--standard", "ED-99")
    assert code == 2 and "ED-01" in text


def test_what_came_today_is_known_now_and_not_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery entered in the morning must count for the run that follows."""
    morning = datetime(2023, 9, 26, 7, tzinfo=UTC)
    monkeypatch.setattr("anju.cli.context.timezone.now", lambda: morning)
    assert moment_of(date(2023, 9, 26)) == Moment(past=True).convert("2023-09-26", None, None) == morning
    assert moment_of(date(2023, 9, 25)) == datetime(2023, 9, 25, 12, tzinfo=UTC)


def test_the_cases_hold_and_hold_every_boundary() -> None:
    code, text = ask("standards", "test", "--boundaries", "--json")
    found = json.loads(text)
    assert code == 0
    assert (found["failed"], found["unguarded"]) == ([], [])
    assert found["cases"] > 350


@pytest.mark.django_db
def test_registering_somebody_takes_in_the_rows_that_waited_for_them(tmp_path: Path) -> None:
    def written(name: str, *rows: str) -> str:
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
        return str(tmp_path / name)

    children = ["522301201303030010", "522301201303030029"]
    places = written("places.csv", "level,code,name,parent_code", "unit,U1,义龙,", "street,T1,木贾,U1", "community,C1,新城,T1")
    homes = written("F01.csv", "household_code,dest_community_code", "H1,C1")
    roll = written("F09_U1.csv", "person_id,term,school_code,status", *[f"{child},2023-2024-1,S1,enrolled" for child in children])
    assert ask("places", "import", places)[0] == 0
    assert ask("people", "import", homes, written("F02.csv", "person_id,household_code,name", f"{children[0]},H1,甲"))[0] == 0
    assert "1 accepted, 1 set aside" in ask("feeds", "import", roll)[1]
    for lang, reason in (("en", "nobody in the register has this number"), ("zh", "人口台账中查无此号")):
        assert reason in next(iter(json.loads(ask("feeds", "status", "--json", "--lang", lang)[1])["deliveries"][0]["reasons"]))
    assert "set aside stay set aside" in ask("feeds", "retry")[1]
    again = written("F02.csv", "person_id,household_code,name", f"{children[1]},H1,乙")
    assert json.loads(ask("people", "import", again, "--dry-run", "--json")[1])["retried"] == []
    assert [done["accepted"] for done in json.loads(ask("people", "import", again, "--json")[1])["retried"]] == [1]
    status = json.loads(ask("feeds", "status", "--json")[1])["deliveries"]
    assert [(r["accepted"], r["set_aside"]) for r in status] == [(2, 0)]
