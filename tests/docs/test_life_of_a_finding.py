"""The commands of docs/life-of-a-finding.md, run one after another in a deployment of their own, say what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "life-of-a-finding.md"


@dataclass(frozen=True)
class Shown:
    command: str
    output: tuple[str, ...]


def shown(text: str) -> list[Shown]:
    """Every `$ command` of the console blocks with the lines after it."""
    found: list[Shown] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            found.append(Shown(command, tuple(output)))
    return found


def as_pattern(lines: tuple[str, ...]) -> str:
    """A line of nothing but '…' stands for any lines, '…' in a line for any text."""
    pattern = ""
    for line in lines:
        pattern += r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
    return pattern


def test_dots_stand_for_what_differs() -> None:
    assert re.fullmatch(as_pattern(("a … c", "…", "z")), "a b c\n1\n2\nz\n")
    assert not re.fullmatch(as_pattern(("a … c", "z")), "a b c\n1\nz\n")


def test_the_page_shows_what_the_commands_say(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    parts = shown(page)
    assert len([part for part in parts if part.command.startswith("anju ")]) > 12
    env = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    bin_ = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env |= {"PATH": bin_, "PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8", "ANJU_DATA": str(tmp_path / "var" / "life")}
    env["ANJU_POLICY"] = str(ROOT / "policy")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for part in parts:
        if part.command.startswith("export "):
            continue
        done = subprocess.run(part.command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        said = done.stdout
        if not re.fullmatch(as_pattern(part.output), said):
            pytest.fail(f"$ {part.command}\n--- the page shows\n" + "\n".join(part.output) + f"\n--- it says\n{said}{done.stderr}")
