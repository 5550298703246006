"""Why something is not in place although its case is over: what the case ended by, and until when the data go on saying it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from anju.apps.cases.families import decisions_of
from anju.apps.cases.models import Case
from anju.core.casework.states import ENDS
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Aggregate, Feature, Policy
from anju.core.standards.order import needs_of, refs_of
from anju.web.layout.current import policy, programme


@dataclass(frozen=True, slots=True)
class Settled:
    """`end` is None where the case was closed. `decided`: what was put on record for it. `until`: the last day on which the figures count,
    None where nothing that it is judged by is counted over the calendar year."""

    case: int
    on: date
    end: Bilingual | None
    decided: tuple[tuple[Bilingual, date], ...]
    until: date | None


def settled(over: Iterable[Case], broken: set[tuple[str, int]], day: date) -> dict[tuple[str, int], Settled]:
    """Of what is `broken` (standard and subject, without an open case) that which had one. One query, and none where there is nothing."""
    latest: dict[tuple[str, int], Case] = {}
    for case in sorted(over, key=lambda case: case.pk):
        if case.closed_on is not None and (case.standard, case.subject_id) in broken:
            latest[case.standard, case.subject_id] = case
    decisions = decisions_of([case.pk for case in latest.values()]) if latest else {}
    found = {}
    for key, case in latest.items():
        assert case.closed_on is not None
        decided = tuple((programme().words.get(code, Bilingual(code, code)), on) for code, on in decisions.get(case.pk, []))
        until = date(day.year, 12, 31) if counts_the_year(policy(), case.standard, day) else None
        found[key] = Settled(case.pk, case.closed_on, ENDS[case.end].title if case.end in ENDS else None, decided, until)
    return found


def counts_the_year(rules: Policy, code: str, day: date) -> bool:
    """Whether a breach is judged by something that is counted from the first of January on."""
    standard = rules.standards.get(code)
    version = standard.version_on(day) if standard is not None else None
    if standard is None or version is None:
        return False
    todo = [(standard.subject, ref.feature) for breach in version.breaches for ref in refs_of(breach.when)]
    seen: set[tuple[str, str]] = set()
    while todo:
        key = todo.pop()
        feature = rules.features.get(key)
        if key in seen or feature is None:
            continue
        seen.add(key)
        if _of_the_year(feature):
            return True
        todo += needs_of(feature, rules.contracts, rules.parameters)  # type: ignore[arg-type]
    return False


def _of_the_year(feature: Feature) -> bool:
    return isinstance(feature, Aggregate) and feature.window is not None and (feature.window.form, feature.window.unit) == ("this", "years")
