"""Every sentence of the first screen and of the account's pages has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

import anju.web

WEB = Path(anju.web.__file__).parent
SAID = re.compile(r"""\{% translate "([^"]+)"|\{% translate '([^']+)'|\b_\("([^"]+)"\)""")
BLOCK = re.compile(r"\{% blocktranslate[^%]*%\}(.*?)(?:\{% plural %\}.*?)?\{% endblocktranslate %\}", re.DOTALL)


def known() -> set[str]:
    """Sentences with a translation, in whichever room: Django reads all catalogues as one."""
    return {entry.msgid for path in WEB.rglob("*.po") for entry in polib.pofile(str(path)) if entry.translated()}


@pytest.mark.parametrize("room", ["front", "account"])
def test_every_sentence_has_its_chinese(room: str) -> None:
    files = [path for path in (WEB / room).rglob("*") if path.suffix in (".py", ".html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    said = {next(filter(None, found)) for found in SAID.findall(text)}
    said |= {re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block) for block in BLOCK.findall(text)}
    assert len(said) > 20
    assert said - known() == set()
