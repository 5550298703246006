"""Tags of the pages: levels and lights that never speak by colour alone, bilingual values, money, numbers with a door."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.core.terms.money import format_money

register = template.Library()
LEVEL_MARKS = {"red": "▲", "orange": "▲", "yellow": "◆", "blue": "●"}
STATE_MARKS = {"met": "✓", "breached": "▲", "unknown": "▨", "not_applicable": "–", "absent": "–"}


def level_words(level: str) -> str:
    return {"red": _("Red"), "orange": _("Orange"), "yellow": _("Yellow"), "blue": _("Blue")}.get(level, level)


def state_words(state: str) -> str:
    return {
        "met": _("In place"), "breached": _("Not in place"), "unknown": _("Not known"), "not_applicable": _("Does not apply"),
    }.get(state, state)  # fmt: skip


@register.simple_tag
def level(name: str) -> SafeString:
    """A level as mark, word and colour."""
    return format_html('<span class="tag {}"><span aria-hidden="true">{}</span> {}</span>', name, LEVEL_MARKS.get(name, ""), level_words(name))


@register.simple_tag
def state(name: str) -> SafeString:
    """An answer as mark, word and colour: in place, not in place, not known, does not apply."""
    return format_html(
        '<span class="tag {}"><span aria-hidden="true">{}</span> {}</span>', name.replace("_", "-"), STATE_MARKS.get(name, ""), state_words(name)
    )


@register.filter
def said(title: Any) -> str:
    """A bilingual value (`.en`, `.zh`) in the language of the page; '' where there is none."""
    if not hasattr(title, "en"):
        return str(title or "")
    return str(title.zh if (get_language() or "").startswith("zh") else title.en)


@register.filter
def money(minor: Any) -> str:
    return format_money(int(minor)) if minor is not None else ""


@register.filter
def thousands(n: Any) -> str:
    """'71,946'."""
    return f"{n:,}" if isinstance(n, int) else str(n)


@register.filter
def share(part: Any, whole: Any) -> str:
    """'91.0 %' of two numbers; '–' of nothing."""
    return f"{100 * int(part) / int(whole):.1f} %" if whole else "–"
