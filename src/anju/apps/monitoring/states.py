"""The states of a listing and of the end of a risk, as the tables keep them."""

from __future__ import annotations

from anju.core.casework import listing as table

STATES = tuple((name, title.en) for name, title in table.STATES.items())
CATEGORIES = ("unstable", "marginal", "sudden")
RISKS = ("illness", "education", "disaster", "accident", "employment", "industry", "no_labour", "disability", "other")
SECRET_RISKS = frozenset({"illness", "disability"})  # told only to whom may see health
STANDING = (*table.OPEN, table.LISTED)  # one of these at a time for a family
KINDS = ("income", "employment", "industry", "education", "medical", "housing", "assistance", "finance", "care", "other")  # of a measure
ENDING_STATES = (*table.ENDING, table.REFUSED)
ENDING_OPEN = (table.PROPOSED, table.REVIEWED, table.NOTICED)
