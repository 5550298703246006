"""anju calendar: looked at, loaded, shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from anju.apps.calendar.models import CalendarYear
from anju.cli.main import main

pytestmark = pytest.mark.django_db(transaction=True)


def ask(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["calendar", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "2030.csv"
    path.write_text("日期,类型,名称\n2030-02-04,放假,春节\n2030-02-09,补班,\n2030-02-03,放假,春节\n", encoding="gb18030")
    return path


def test_a_year_is_looked_at_then_loaded_then_shown(file: Path) -> None:
    code, text = ask("load", str(file), "--dry-run")
    assert code == 0 and "would be loaded, new" in text and "no longer worked: 2030-02-04" in text and "now worked: 2030-02-09" in text
    assert "on a weekend anyway, and change nothing: 2030-02-03" in text
    assert not CalendarYear.objects.exists()
    code, text = ask("load", str(file), "--source", "notice 1", "--json")
    told = json.loads(text)
    assert (code, told["loaded"], told["version"], told["deadlines_that_would_move"]) == (0, True, 1, 0)
    assert "version 1 says the same: nothing to do" in ask("load", str(file))[1]
    assert "2030: version 1, loaded by" in ask("show")[1]
    assert "2030-02-03 Sun  holiday  春节 (a weekend anyway)" in ask("show", "2030")[1]
    assert json.loads(ask("show", "2026", "--json")[1])["of"] == "calendar.yaml"
    assert "plain weeks are counted" in ask("show", "2031")[1]


def test_a_list_with_faults_changes_nothing_and_names_them_all(file: Path) -> None:
    file.write_text("day,kind\n2030-02-04,makeup\n2030-02-40,holiday\n", encoding="utf-8")
    code, text = ask("load", str(file))
    assert code == 1 and "2 faults; nothing was taken" in text
    assert "line 2, day: 2030-02-04 is a Monday" in text and "line 3, day: '2030-02-40' is not a day" in text
    assert not CalendarYear.objects.exists()


def test_what_was_lost_is_written_anew(file: Path, own_data_folder: Path) -> None:
    ask("load", str(file))
    (own_data_folder / "calendar.json").unlink()
    assert ask("publish") == (0, "written anew\n") and ask("publish") == (0, "it says what the table says already\n")
