"""Every sentence of the pages has its Chinese; nothing is fuzzy, left over, translated twice otherwise, or filled in otherwise.

What is said is found as `makemessages` finds it: in templates by Django's own templatize, in Python by the calls of gettext.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib
import pytest
from django.utils.translation.template import templatize

import anju

HOUSE = Path(anju.__file__).parent
ROOMS = sorted(path.relative_to(HOUSE).parent for path in HOUSE.glob("*/*/locale")) + sorted(
    path.relative_to(HOUSE).parent for path in HOUSE.glob("*/locale")
)
LANGUAGE = "zh_Hans"
CALLS = {  # name of the call → where its context and its plural stand, None without one
    "_": (None, None), "gettext": (None, None), "gettext_lazy": (None, None), "gettext_noop": (None, None),
    "ngettext": (None, 1), "ngettext_lazy": (None, 1), "pgettext": (0, None), "pgettext_lazy": (0, None),
    "npgettext": (0, 2), "npgettext_lazy": (0, 2),
}  # fmt: skip
SUMMARY = "summary"  # keyword of an operation of the API, which its reference page says in both languages
LISTS = frozenset({"apps/feeds/sentences.py"})  # modules whose sentences are data: what the intake says, recognised and said anew
LEFT_OUT = frozenset({"kind"})  # an English word within the sentence, for which the Chinese has a sentence that needs none
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(\s*((?:{LITERAL}\s*,?\s*)+)", re.DOTALL)
PLACE = re.compile(r"%\((\w+)\)[sd]|%%|%([sd])|\{(\w*)\}")


@dataclass(frozen=True, order=True)
class Said:
    text: str
    plural: str = ""
    context: str = ""


def said_in_template(path: Path) -> Iterator[Said]:
    for call, arguments in IN_TEMPLATE.findall(templatize(path.read_text(encoding="utf-8"), origin=str(path))):
        texts = [ast.literal_eval(one.removeprefix("u")) for one in re.findall(LITERAL, arguments)]
        yield _said(call, texts)


def said_in_python(path: Path) -> Iterator[Said]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if str(path.relative_to(HOUSE)) in LISTS:
        yield from _listed(tree)
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        yield from (Said(one.value.value) for one in node.keywords if one.arg == SUMMARY and isinstance(one.value, ast.Constant))
        call = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if call not in CALLS or not node.args or SUMMARY in ast.unparse(node.args[0]):
            continue
        context, plural = CALLS[call]
        wanted = node.args[: max(context is not None and 1 or 0, plural or 0) + 1]
        texts = [one.value for one in wanted if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        assert len(texts) == len(wanted), f"{path.relative_to(HOUSE)}:{node.lineno}: a message must be written out, or nobody can translate it"
        yield _said(call, texts)


def _listed(tree: ast.Module) -> Iterator[Said]:
    """What stands in the module's own tuples, and what its tables say instead."""
    found: set[str] = set()
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign) else None
        found |= _texts(value.elts if isinstance(value, ast.Tuple) else value.values if isinstance(value, ast.Dict) else [])
    yield from map(Said, sorted(found))


def _texts(parts: Sequence[ast.expr | None]) -> set[str]:
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _said(call: str, texts: list[str]) -> Said:
    context, plural = CALLS[call]
    return Said(texts[0 if context is None else 1], texts[plural] if plural is not None else "", texts[0] if context is not None else "")


def said_in(room: Path) -> dict[Said, Path]:
    found: dict[Said, Path] = {}
    for path in sorted((HOUSE / room).rglob("*")):
        if path.suffix in (".html", ".txt") and "templates" in path.parts:
            found |= dict.fromkeys(said_in_template(path), path)
        elif path.suffix == ".py":
            found |= dict.fromkeys(said_in_python(path), path)
    return found


def catalogue(room: Path) -> polib.POFile:
    return polib.pofile(str(HOUSE / room / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"))


def entries(room: Path) -> dict[Said, polib.POEntry]:
    return {Said(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): entry for entry in catalogue(room)}


def places(text: str) -> set[str]:
    """The places to be filled in, by name or kind."""
    return {"".join(found.groups(default="")) for found in PLACE.finditer(text) if found[0] != "%%"}


def test_the_rooms_are_all_rooms_with_sentences() -> None:
    with_words = {path.parent.relative_to(HOUSE) for path in HOUSE.rglob("templates")}
    assert set(ROOMS) >= with_words


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_every_sentence_of_the_room_has_its_chinese(room: Path) -> None:
    """In its own catalogue or another room's: Django reads all of them as one."""
    known = {said for at in ROOMS for said, entry in entries(at).items() if entry.translated()}
    known |= {Said(said.text, "", said.context) for said in known}  # gettext finds what ngettext finds, not the other way round
    said = said_in(room)
    missing = [f"{path.relative_to(HOUSE)}: {one.text!r}" for one, path in sorted(said.items()) if one not in known]
    assert said
    assert not missing, f"{len(missing)} sentences of {room} have no Chinese, which belongs into {room}/locale:\n" + "\n".join(missing)


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_nothing_is_fuzzy_obsolete_or_said_twice(room: Path) -> None:
    file = catalogue(room)
    assert [entry.msgid for entry in file if entry.fuzzy or entry.obsolete or not entry.translated()] == []
    assert len(file) == len(entries(room)), "the same sentence stands there twice"
    assert "charset=UTF-8" in file.metadata["Content-Type"]
    assert "nplurals=1" in file.metadata.get("Plural-Forms", "nplurals=1")


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_places_to_fill_in_are_the_same(room: Path) -> None:
    for said, entry in entries(room).items():
        for chinese in [entry.msgstr] if not entry.msgid_plural else entry.msgstr_plural.values():
            english = places(said.text) | places(said.plural)
            assert places(chinese) <= english <= places(chinese) | LEFT_OUT, f"{room}: {said.text!r} → {chinese!r}"


def test_no_translation_is_left_over() -> None:
    """A sentence that nobody says any more. The doors show what apps say, so all of the house counts."""
    said = {one for path in sorted(HOUSE.iterdir()) if path.is_dir() for one in said_in(path.relative_to(HOUSE))}
    over = [f"{room}: {one.text!r}" for room in ROOMS for one in entries(room) if one not in said]
    assert not over, f"{len(over)} translations of sentences that nobody says:\n" + "\n".join(over)


def test_one_sentence_has_one_chinese() -> None:
    """Django reads all catalogues as one: of two translations one would silently win."""
    found: dict[Said, set[str]] = defaultdict(set)
    for room in ROOMS:
        for said, entry in entries(room).items():
            found[Said(said.text, "", said.context)].add(entry.msgstr or next(iter(entry.msgstr_plural.values())))
    several = [f"{said.text!r}: {' | '.join(sorted(chinese))}" for said, chinese in found.items() if len(chinese) > 1]
    assert not several, "\n".join(several)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{% load i18n %}{% translate "A" %}', Said("A")),
        ("{% load i18n %}{% translate 'A \"b\"' %}", Said('A "b"')),
        ('{% load i18n %}{% translate ": " context "between" %}', Said(": ", "", "between")),
        ("{% load i18n %}{% blocktranslate %}x {{ n }} 5 %{% endblocktranslate %}", Said("x %(n)s 5 %%")),
        ("{% load i18n %}{% blocktranslate count n=m %}a{% plural %}{{ n }} b{% endblocktranslate %}", Said("a", "%(n)s b")),
        ('{{ _("A") }}', Said("A")),
    ],
)  # fmt: skip
def test_what_a_template_says_is_found(tmp_path: Path, template: str, expected: Said) -> None:
    path = tmp_path / "a.html"
    path.write_text(template, encoding="utf-8")
    assert list(said_in_template(path)) == [expected]
