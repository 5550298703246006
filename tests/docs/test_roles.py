"""The pages for each role: there in both languages, with the same pictures, and naming things as the pages of the program do."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

from deployment import ROOT

ROLES = ROOT / "docs" / "roles"
ENGLISH = sorted(path.name for path in (ROLES / "en").glob("*.md"))
PICTURE = re.compile(r"!\[[^\]]+\]\(\.\./\.\./pictures/(\w+)/([\w.]+)\)")
NAMED = {"en": re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)"), "zh": re.compile(r"“([^”]+)”")}


def said(language: str) -> set[str]:
    """What stands on the pages, in one language; numbers left out."""
    found = set()
    for path in (ROOT / "src" / "anju").rglob("*.po"):
        for entry in polib.pofile(str(path)):
            found |= {entry.msgid, entry.msgid_plural} if language == "en" else {entry.msgstr, *entry.msgstr_plural.values()}
    return {re.sub(r"\s*%\(\w+\)s\s*", " ", one).strip(" .,。，").lower() for one in found if one}


def text_of(language: str, page: str) -> str:
    return (ROLES / language / page).read_text(encoding="utf-8")


def test_each_page_is_there_in_both_languages() -> None:
    assert len(ENGLISH) > 9
    assert sorted(path.name for path in (ROLES / "zh").glob("*.md")) == ENGLISH
    listed = (ROLES / "README.md").read_text(encoding="utf-8")
    assert all(f"({language}/{page})" in listed for language in ("en", "zh") for page in ENGLISH)


@pytest.mark.parametrize("page", ENGLISH)
def test_both_languages_show_the_same_pictures_each_its_own(page: str) -> None:
    shown = {language: PICTURE.findall(text_of(language, page)) for language in ("en", "zh")}
    assert [name for _, name in shown["en"]] == [name for _, name in shown["zh"]]
    for language, found in shown.items():
        assert {folder for folder, _ in found} <= {language}
        assert all((ROOT / "docs" / "pictures" / language / name).exists() for _, name in found)


@pytest.mark.parametrize("page", ENGLISH)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_page_names_is_called_so_on_the_screen(language: str, page: str) -> None:
    known = said(language)
    names = {name.strip(" .,").lower() for name in NAMED[language].findall(text_of(language, page))}
    unknown = sorted(name for name in names if not any(one.startswith(name) for one in known))  # the beginning of a sentence will do
    assert not unknown, f"not on any page: {unknown}"


@pytest.mark.parametrize("page", ENGLISH)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_commands_named_are_there(language: str, page: str) -> None:
    known = re.findall(r"^## (anju.*)$", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    for words in re.findall(r"(?:^|`)(anju(?: [a-z]+)+)", text_of(language, page), re.MULTILINE):
        first, *more = words.split()[1:]
        group = any(one.startswith(f"anju {first} ") for one in known)
        named = f"anju {first} {more[0]}" if group and more else f"anju {first}"
        assert any(one == named or group and not more and one.startswith(f"{named} ") for one in known), f"no command '{named}'"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_refusals_are_quoted_as_they_are_said(language: str) -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", text_of(language, "words.md").split("\n## ")[1], re.MULTILINE)[1:]
    known = said(language)
    assert len(rows) == 6
    assert [row for row in rows if not any(one.startswith(row.strip(" .").lower()) for one in known)] == []


def test_every_picture_is_small_and_shown_somewhere() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    for path in (ROOT / "docs" / "pictures").rglob("*.png"):
        assert path.stat().st_size < 150_000, f"{path.name}: python -m browser.pictures writes it smaller"
        assert str(Path("pictures") / path.relative_to(ROOT / "docs" / "pictures")) in pages, f"{path} is shown nowhere"
