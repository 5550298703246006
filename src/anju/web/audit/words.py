"""What each register is called, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Named:
    key: str
    title: Any
    why: Any


def registers() -> list[Named]:
    return [
        Named("exceptions", _("Exceptions"), _("Closed or refused though the data do not say that it is solved.")),
        Named("false_alarms", _("False alarms"), _("By what was wrong: the rule, the data or the delivery.")),
        Named("quick", _("Closed within minutes"), _("Closed so soon after it was fed back that nobody can have looked.")),
        Named("lowered", _("Lowered levels"), _("A graver matter made a lighter one, by whom and on what grounds.")),
        Named("ends", _("Other ends"), _("Over without being solved: duplicates, refusals, what cannot be solved.")),
        Named("extensions", _("More time"), _("Deadlines moved once, granted or refused.")),
        Named("contested", _("Contested"), _("Returned or passed on against somebody's word, and what was decided.")),
        Named("reopened", _("Opened again"), _("Closed, and found again or not holding.")),
    ]
