"""The terms of monitoring and the working calendar of this deployment, read once: a year that was loaded is seen at once, a change of the
files by the next start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from anju.apps.calendar.current import Stamp, stamp_of_calendar, with_loaded_years
from anju.core.casework.listing import Terms
from anju.core.casework.terms import read_terms
from anju.core.contracts.faults import PolicyFaults
from anju.core.contracts.programme import read_programme, working_calendar_of
from anju.core.terms.working_days import WorkingCalendar

_kept: dict[tuple[Path, Stamp | None], Rules] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    terms: Terms
    calendar: WorkingCalendar
    community: str  # the level of places that a notice names


def rules() -> Rules:
    """Raises PolicyFaults naming every fault of the files."""
    folder = Path(settings.POLICY)
    key = (folder, stamp_of_calendar())
    if key not in _kept:
        terms, faults = read_terms(folder)
        programme, _subjects, others = read_programme(folder)
        if terms is None or programme is None:
            raise PolicyFaults([*faults, *others])
        _kept[key] = Rules(terms, working_calendar_of(with_loaded_years(programme)), programme.community_level)
    return _kept[key]
