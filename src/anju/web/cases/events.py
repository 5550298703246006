"""What changed in the cases, in words: what happened by number, and one event."""

from __future__ import annotations

from django.utils.translation import gettext as _


def event_words(what: str) -> str:
    return {
        "opened": _("Opened"), "rose": _("Became graver"), "assign": _("Put into hands"), "return_back": _("Returned"), "reopen": _("Reopened"),
        "close": _("Closed"), "end": _("Ended otherwise"), "escalated": _("A rank above was told"), "answered": _("The family answered"),
    }.get(what, what)  # fmt: skip


def changed_words(numbers: dict[str, int]) -> list[str]:
    words = {
        "opened": _("%(n)s new"), "reopen": _("%(n)s reopened"), "rose": _("%(n)s graver"), "assign": _("%(n)s put into hands"),
        "return_back": _("%(n)s returned"), "answered": _("%(n)s answered by the family"), "escalated": _("%(n)s told to a rank above"),
        "close": _("%(n)s closed"), "end": _("%(n)s ended"),
    }  # fmt: skip
    return [word % {"n": numbers[what]} for what, word in words.items() if numbers.get(what)]
