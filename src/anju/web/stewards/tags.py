"""Tags of these pages: the intake's sentences, and the words for what has become of an upload or a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _

from anju.apps.feeds import sentences
from anju.apps.feeds.models import Delivery
from anju.core.contracts.model import Contract, FeedColumn

register = template.Library()


@register.filter
def intake(text: Any) -> str:
    """A sentence of the intake in the language of the page."""
    return sentences.said(str(text or ""))


@register.filter
def reason(text: str, contract: Contract) -> str:
    """Why a row was set aside, with the columns called as the page calls them."""
    return sentences.said_of_rows(text, contract)


@register.filter
def upload_words(state: str) -> str:
    return {
        "waiting": _("waits for your word"), "working": _("being taken in"), "done": _("taken in"), "refused": _("cannot be taken"),
        "failed": _("interrupted"),
    }.get(state, state)  # fmt: skip


@register.filter
def receipt_words(state: str) -> str:
    return {"held": _("On hold"), "withdrawn": _("Withdrawn"), "expired": _("Rows set aside are gone"), "mend": _("Rows to mend")}.get(
        state, state
    )


@register.filter
def neither(delivery: Delivery) -> int:
    """Rows that are no news: the same row again, empty ones, totals."""
    return delivery.duplicates + delivery.skipped


@register.filter
def typed_in(typed: Mapping[str, str], cell: Any) -> str:
    """What was typed into a cell before the page was shown again, else what it holds."""
    return typed.get(cell.name, cell.value)


@register.filter
def column_title(match: Any, columns: Sequence[FeedColumn]) -> Any:
    return next((column.title for column in columns if column.name == match.column), match.column)


@register.filter
def as_share(part: Decimal) -> str:
    return f"{100 * part:.1f} %"


@register.filter
def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1_000)):,} KB"
