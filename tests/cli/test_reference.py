"""The commands as an interface: all documented, each with an example and an answer in JSON, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from anju.cli.endings import told
from anju.cli.main import main
from anju.cli.reference import leaves, page
from deployment import ROOT, Deployment

COMMANDS = [pytest.param(words, command, id=" ".join(words)) for words, command in leaves(main)]
ENDLESS = {"serve"}  # answers no question


def test_the_page_of_commands_is_their_own_help() -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == page(), "say: PYTHONPATH=src python -m anju.cli.reference > docs/commands.md"


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_each_command_has_an_example_answers_in_json_and_explains_its_options(words: tuple[str, ...], command: click.Command) -> None:
    assert re.search(rf"^\s*(ANJU_\w+=\S+ )?{' '.join(words)}\b", command.help or "", re.MULTILINE), "an example under \\b in the docstring"
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert words[-1] in ENDLESS or any("--json" in option.opts for option in options)
    assert [option.name for option in options if not option.help] == []


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    here = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    return subprocess.run([sys.executable, "-m", "anju", *words], env=here, text=True, capture_output=True, check=False)


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m anju standards sql ED-01 --as-of 2023-09-26 | head -n 1"
    here = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(["bash", "-c", command], env=here, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_an_interrupted_command_ends_with_130_and_a_sentence(tmp_path: Path) -> None:
    one = Deployment(tmp_path / "data", engine="sqlite")
    process = one.start("run", "--as-of", "2023-09-26")
    while process.poll() is None and not (one.data / "lake" / "run.lock").exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert "interrupted" in err


def test_an_impossible_setting_is_told() -> None:
    done = run("doctor", ANJU_DATABASE_URL="mysql://x")
    for_a_program = run("doctor", "--json", ANJU_DATABASE_URL="mysql://x")
    assert "postgresql://" in json.loads(for_a_program.stdout)["error"]["what"] and not done.stdout
    assert done.returncode == 2 and "postgresql://" in done.stderr and "Traceback" not in done.stderr


def test_an_unexpected_error_is_a_sentence_and_with_debug_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    words, data = ("findings", "list"), str(tmp_path / "data")
    plain, shown = run(*words, ANJU_DATA=data, ANJU_DATABASE_URL=""), run(*words, ANJU_DATA=data, ANJU_DATABASE_URL="", ANJU_DEBUG="1")
    assert plain.returncode == 4 and "Traceback" not in plain.stderr and "do: " in plain.stderr
    assert "Traceback" in shown.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "no room left"),
        (RuntimeError("IO Error: could not write: No space left on device"), "no room left"),
        (PermissionError(13, "Permission denied", "/x"), "not allowed"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_what_an_error_is_called(error: BaseException, words: str) -> None:
    what, remedy = told(error)
    assert words in what and remedy
