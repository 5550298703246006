"""What pages call the categories, grounds, sources, kinds of measures and steps; of health nothing for who may not know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.apps.monitoring.states import SECRET_RISKS
from anju.core.casework.notice import CATEGORIES, GROUNDS
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import programme

RISKS: dict[str, Any] = {
    "illness": gettext_lazy("Illness"), "education": gettext_lazy("Costs of schooling"), "disaster": gettext_lazy("Natural disaster"),
    "accident": gettext_lazy("Accident"), "employment": gettext_lazy("Unsteady work"),
    "industry": gettext_lazy("Loss in business or farming"), "no_labour": gettext_lazy("Nobody able to work"),
    "disability": gettext_lazy("Disability"), "other": gettext_lazy("Other"),
}  # fmt: skip
KINDS: dict[str, Any] = {
    "employment": gettext_lazy("Work"), "industry": gettext_lazy("Business or farming"), "education": gettext_lazy("Schooling"),
    "medical": gettext_lazy("Medical care"), "housing": gettext_lazy("Home"), "assistance": gettext_lazy("Social assistance"),
    "finance": gettext_lazy("Credit"), "care": gettext_lazy("Care"), "income": gettext_lazy("Income"), "other": gettext_lazy("Other"),
}  # fmt: skip
SOURCES: dict[str, Any] = {
    "declared": gettext_lazy("the family declared it"), "visit": gettext_lazy("a visit"), "screening": gettext_lazy("a department's data"),
    "hotline": gettext_lazy("hotline, letters or media"),
}  # fmt: skip
CASE = re.compile(r"case:(\d+)")


def category_title(category: str) -> Bilingual:
    return CATEGORIES.get(category) or Bilingual(category, category)


def grounds(viewer: Viewer, risks: Sequence[str]) -> list[Any]:
    """In plain words for whom health is; in the neutral words of the notice for everybody else, each once."""
    plain = viewer.can("health.see")
    said = [RISKS[risk] if plain or risk not in SECRET_RISKS else GROUNDS[risk] for risk in risks if risk in RISKS]
    return list(dict.fromkeys(said))


def source_words(source: str) -> Any:
    case = CASE.fullmatch(source)
    return _("case No. %(n)s") % {"n": case[1]} if case else SOURCES.get(source, source)


def departments() -> Mapping[str, Bilingual]:
    return programme().departments
