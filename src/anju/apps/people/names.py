"""Names by prefix and by the initials of their pinyin: '韦秀英' is found by '韦', '韦秀' and 'wxy'."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=50_000)
def _initial(character: str) -> str:
    return lazy_pinyin(character, style=Style.FIRST_LETTER)[0][:1].lower()


def initials(name: str) -> str:
    """One small letter per character; a Latin name gives the first letter of each word."""
    if name.isascii():
        return "".join(word[0] for word in name.lower().split())
    return "".join(_initial(character) for character in name if not character.isspace() and character != "·")
