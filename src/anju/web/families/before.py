"""A family before and after the move: only what is known of both, and nothing that nobody delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anju.apps.people.history import members_on
from anju.apps.people.models import Household, Membership
from anju.core.contracts.model import Contract
from anju.core.standards.wording import Wording
from anju.core.terms.viewer import Viewer
from anju.lake.dossier import Dossier
from anju.web.layout.current import policy

HOUSING, INCOME = "F04", "F26"


@dataclass(frozen=True, slots=True)
class Compared:
    """`at_first` and `today` say of which days they are, where these are not the move and now."""

    title: str
    before: str
    now: str
    at_first: str = ""
    today: str = ""


def compared(
    viewer: Viewer, opened: Dossier | None, home: Household, held: Sequence[Membership], day: date, origin: str, lang: str
) -> list[Compared]:
    """A department's post reads what its own department delivers, and the register."""
    found = []
    if origin:
        found.append(Compared(_("Place"), origin, home.place.name))
    if opened is not None:
        found += [row for feed, of in ((HOUSING, _housing), (INCOME, _income)) if _may(viewer, feed) for row in of(opened, home, lang)]
    moved = home.move_in_date
    if moved is not None and moved < day:
        then, now = len(members_on(held, moved)), len(members_on(held, day))
        if then and now:
            found.append(Compared(_("Members"), _people(then), _people(now), at_first=moved.isoformat()))
    return found


def _may(viewer: Viewer, feed: str) -> bool:
    contract = policy().contracts.get(feed)
    return isinstance(contract, Contract) and (not viewer.departments or contract.owner in viewer.departments)


def _people(n: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", n) % {"n": n}


def _housing(opened: Dossier, home: Household, lang: str) -> list[Compared]:
    """The old house and the home given; of several the one said last."""
    rows: list[Any] = [row for row in opened.shown_rows(HOUSING, home.pk) if row["area_m2"] is not None]
    if not rows or rows[-1]["old_house_demolished"] is None:
        return []
    old = _("Old house, since taken down") if rows[-1]["old_house_demolished"] else _("Old house, still standing")
    return [Compared(_("Home"), old, f"{Wording(policy()).value(rows[-1]['area_m2'], 'decimal', lang)} m²")]


def _income(opened: Dossier, home: Household, lang: str) -> list[Compared]:
    """The first that was ever reported beside the latest: nobody reported it before the move."""
    rows: list[Any] = [row for row in opened.shown_rows(INCOME, home.pk) if row["per_capita_net"] is not None]
    if not rows or rows[0]["valid"] == rows[-1]["valid"]:
        return []
    said = [Wording(policy()).value(row["per_capita_net"], "money", lang) for row in (rows[0], rows[-1])]
    first = _("first report, %(on)s") % {"on": rows[0]["valid"].isoformat()}
    return [Compared(_("Income per person a year"), said[0], said[1], first, rows[-1]["valid"].isoformat())]
