"""What cannot be done with the calendar, and what to do instead."""

from __future__ import annotations

from anju.core.standards.model import Title


class Refused(ValueError):
    """In both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.title = Title(en, zh)
