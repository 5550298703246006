"""The documents say what the code says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| `(anju[\w.]*)` \| (.+?) \|$", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("room", "caption"), ROWS)
def test_each_caption_is_the_rooms_own(room: str, caption: str) -> None:
    path = ROOT / "src" / Path(*room.split(".")) / "__init__.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert docstring.split("\n\n")[0].replace("\n", " ") == caption


def test_every_room_has_a_caption() -> None:
    rooms = {
        ".".join(path.parent.relative_to(ROOT / "src").parts)
        for path in (ROOT / "src" / "anju").rglob("__init__.py")
        if not {"migrations", "templatetags"} & set(path.parts)
    }
    assert rooms - {"anju"} == {room for room, _ in ROWS}


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_registry_host_is_written_anywhere() -> None:
    for path in ROOT.glob("requirements/*"):
        assert "://" not in path.read_text(encoding="utf-8"), path
