"""The glossary's words stand where it says they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| \[.+?\]\(\.\./(.+?)\) \| (.+) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("english", "chinese", "where"), [row[:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_word_is_used_there(english: str, chinese: str, where: str) -> None:
    assert chinese in (ROOT / where).read_text(encoding="utf-8")


def test_no_word_stands_twice() -> None:
    assert len({row[0] for row in ROWS}) == len({row[1] for row in ROWS}) == len(ROWS) > 50
