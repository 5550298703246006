"""What was typed into a form, read: days, numbers and money; what cannot be read is refused by its name."""

from __future__ import annotations

from datetime import date

from django.http import QueryDict

from anju.apps.monitoring.plans import Said
from anju.apps.monitoring.steps import Refused
from anju.core.casework.listing import Meeting
from anju.core.contracts.model import Bilingual
from anju.core.terms.money import to_fen


def day_in(typed: QueryDict, name: str, what: Bilingual) -> date:
    try:
        return date.fromisoformat(typed.get(name, ""))
    except ValueError:
        raise Refused(Bilingual(f"{what.en}: choose a day", f"{what.zh}：请选择日期")) from None


def number_in(typed: QueryDict, name: str, what: Bilingual) -> int:
    text = typed.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Refused(Bilingual(f"{what.en}: write a whole number", f"{what.zh}：请填写整数"))
    return int(text)


def version_in(typed: QueryDict) -> int | None:
    text = typed.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def meeting_in(typed: QueryDict) -> Meeting:
    return Meeting(
        day_in(typed, "held_on", Bilingual("Day of the meeting", "评议日期")), typed.get("place", ""),
        number_in(typed, "attended", Bilingual("Attended", "到会人数")), number_in(typed, "votes_for", Bilingual("For", "同意")),
        number_in(typed, "votes_against", Bilingual("Against", "不同意")), typed.get("minutes", ""),
    )  # fmt: skip


def measure_in(typed: QueryDict) -> Said:
    return Said(
        typed.get("kind", ""), typed.get("what", ""), typed.get("responsible", ""),
        day_in(typed, "due", Bilingual("Done by", "完成期限")), typed.get("department", ""), _money(typed.get("cost", "")),
        typed.get("budget", ""), typed.get("target", ""),
    )  # fmt: skip


def _money(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return to_fen(text)
    except ValueError:
        raise Refused(Bilingual("Cost: write an amount in yuan, with at most two places", "金额：请以元填写，最多两位小数")) from None
