"""What may be a name in a policy, and which names mean what may never be a condition.

Names end up in statements and in paths of files. SQL does not tell capitals from small letters, so two names that differ only
in these are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from anju.core.contracts.document import Node
from anju.core.contracts.model import FeedColumn

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
FEED_CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
WORDS = re.compile(r"[a-z0-9]+")


def check_name(node: Node, name: str) -> bool:
    """Whether `name` can be one; else records the fault at `node`."""
    if NAME.fullmatch(name):
        return True
    node.fault(f"'{_short(name)}' cannot be a name", remedy="a letter, then letters, digits and _; at most 63. Titles say it in any language")
    return False


def check_feed_code(node: Node, code: str) -> bool:
    if FEED_CODE.fullmatch(code):
        return True
    node.fault(f"'{_short(code)}' cannot be the code of a feed", remedy="capital letters and digits, such as F09; at most 16")
    return False


def twice(names: Iterable[str]) -> str | None:
    """A name that stands there twice, capitals or not."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None


def names_of(column: FeedColumn) -> tuple[str, ...]:
    """What a column answers to, in its name, its titles and the headings it is delivered under."""
    return (column.name, column.title.en, column.title.zh, *column.aliases)


def forbidden_in(names: Iterable[str], forbidden: Iterable[str]) -> str | None:
    """The forbidden name that one of `names` means: word for word within it ('father_religion_code' means 'religion'), or, where it
    is written without spaces, anywhere in it."""
    spoken = [" " + " ".join(WORDS.findall(_folded(name))) + " " for name in names]
    texts = [_folded(name) for name in names]
    for word in forbidden:
        plain = _folded(word)
        inner = " ".join(WORDS.findall(plain))
        if inner and any(f" {inner} " in words for words in spoken):
            return word
        if not plain.isascii() and any(plain in text for text in texts):
            return word
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
