"""The situation of a place: four numbers, the lights, by domain and by the places below, the months before, and what has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.apps.cases.counting import counts as case_counts
from anju.apps.feeds.queries import Expected, expected_deliveries
from anju.apps.findings.lookback import looks_back
from anju.apps.findings.models import Attainment, FamilyCount, Run
from anju.apps.findings.queries import attainment_by_place, family_counts, family_trend, last_runs_of_months, run_before
from anju.apps.places.models import Place
from anju.apps.places.queries import places_below, way_to
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer
from anju.web.bureau.charts import Bar, Column, columns
from anju.web.bureau.drawn import drawn_once
from anju.web.bureau.families import state_title
from anju.web.bureau.viewing import department_title, domain_title, door, may_list, place_asked
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import policy, programme, run_of_request

MONTHS = 24
DOTS = {"in_place": "ok", "put_right": "go", "not_known": "un"}
STATES = ("in_place", "put_right", "not_known")


@dataclass(frozen=True, slots=True)
class Row:
    """A line with a bar: of a domain, a light or a place. `url` is '' where there is nothing to open."""

    title: Any
    bar: Bar
    url: str = ""
    doors: tuple[str, str, str] = ("", "", "")  # to those in place, not in place, not known


@dataclass(frozen=True, slots=True)
class Change:
    """How many are not in place, or not known, of a standard, in the run before and now."""

    standard: Standard
    before: int
    now: int
    unknown_before: int
    unknown_now: int

    @property
    def size(self) -> int:
        return abs(self.now - self.before) + abs(self.unknown_now - self.unknown_before)


@needs("situation.see")
def situation(request: HttpRequest) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    place = place_asked(request, viewer)
    if place is None:
        return not_here(request) if request.GET.get("place") or viewer.scopes else render(request, "bureau/no_place.html", {"here": "situation"})
    if run is None:
        return render(request, "bureau/no_run.html", {"here": "situation", "place": place})
    below, runs = places_below(viewer, place), last_runs_of_months(run.day, MONTHS)
    looking = len(runs) < MONTHS and looks_back(Path(settings.DATA) / "lake")

    counts: dict[int, FamilyCount] = {}

    def judged_part() -> SafeString:
        counts.update(family_counts(viewer, run, [place, *below]))
        return render_to_string("bureau/judged.html", _judged(viewer, run, place, below, counts, runs, looking), request)

    what = (
        settings.DATA, *((one.pk, one.finished_at) for one in (run, *runs)), *((one.pk, one.name) for one in (place, *below)), get_language(),
        request.get_full_path() if looking else "",
    )  # fmt: skip
    drawn = drawn_once(viewer, what, judged_part)
    own = (counts or family_counts(viewer, run, [place])).get(place.pk) or FamilyCount(run=run, place_id=place.pk)
    context = {
        "here": "situation", "place": place, "way": way_to(viewer, place)[:-1],
        "families": own.in_place + own.put_right + own.not_known, "tiles": _tiles(viewer, place, own),
        "judged_part": drawn, "late": _late(viewer, run, place), "judged": run,
        "deliveries": door("deliveries") if viewer.can("feeds.see") else "",
    }  # fmt: skip
    return render(request, "bureau/situation.html", context)


def _judged(
    viewer: Viewer, run: Run, place: Place, below: list[Place], counts: dict[int, FamilyCount], runs: list[Run], looking: bool
) -> dict[str, Any]:
    """What the page says by runs alone: of these places, and of the months."""
    own = counts.get(place.pk) or FamilyCount(run=run, place_id=place.pk)
    before = run_before(run)
    reached = attainment_by_place(viewer, run, [place])
    return {
        "lights": _lights(viewer, place, own), "domains": _domains(reached), "below": _below(below, counts),
        "below_level": _level(below[0].level) if below else None, "trend": _trend(viewer, place, run, runs, looking),
        "before": before, "changes": _changes(viewer, run, before, place, reached),
        "other_rules": before is not None and before.policy_digest != run.policy_digest,
        "states": _state_changes(viewer, before, place, own),
    }  # fmt: skip


def _level(name: str) -> Any:
    return next((level.title for level in programme().levels if level.name == name), None)


def list_of(viewer: Viewer, place: Place, **which: str) -> str:
    """The address of the families behind a number; '' for a post that opens no family."""
    return f"{reverse('situation_families')}?{urlencode({'place': str(place.pk), **which})}" if viewer.can("household.see") else ""


def _tiles(viewer: Viewer, place: Place, own: FamilyCount) -> list[dict[str, Any]]:
    """Three of families, which add up, and the cases that are past their day, as on the first screen."""
    found: list[dict[str, Any]] = [
        {"title": state_title(state), "dot": DOTS[state], "n": getattr(own, state), "url": list_of(viewer, place, state=state), "families": True}
        for state in STATES
    ]
    overdue = case_counts(replace(viewer, scopes=(place.path,), origins=())).overdue  # of those who live in this place of hers, and nowhere else
    url = ""
    if viewer.can("cases.see"):
        url = f"{door('cases')}?{urlencode({'queue': 'open', 'overdue': '1', 'place': place.code})}"
    elif viewer.can("cases.supervise"):  # whoever may not see cases supervises them
        url = f"{door('supervision_cases')}?{urlencode({'mark': 'overdue', 'place': place.code})}"
    return [*found, {"title": _("Overdue"), "dot": "late", "n": overdue, "url": url}]


def _lights(viewer: Viewer, place: Place, own: FamilyCount) -> list[Row]:
    rows = []
    for guarantee in programme().guarantees:
        n = {word: int(own.lights.get(f"{guarantee.name}:{word}", 0)) for word in ("on", "out", "not_known")}
        urls = {word: list_of(viewer, place, light=f"{guarantee.name}:{word}") for word in n}
        bar = Bar(n["on"], n["out"], n["not_known"])
        rows.append(Row(guarantee.title, bar, doors=(urls["on"], urls["out"], urls["not_known"])))
    return rows


def _domains(reached: Iterable[Attainment]) -> list[Row]:
    """Every promise to everybody it applies to, summed by domain."""
    found: dict[str, list[int]] = {}
    for one in reached:
        standard = policy().standards.get(one.standard)
        if standard is not None:
            sums = found.setdefault(standard.domain, [0, 0, 0])
            for at, n in enumerate((one.met, one.breached, one.unknown)):
                sums[at] += n
    order = {domain: at for at, domain in enumerate(programme().domains)}
    known = sorted(found, key=lambda name: order.get(name, len(order)))
    return [Row(domain_title(domain), Bar(*found[domain]), f"{reverse('standards')}#{domain}") for domain in known]


def _below(below: list[Place], counts: dict[int, FamilyCount]) -> list[Row]:
    here = reverse("situation")
    return [
        Row(place.name, Bar(count.in_place, count.put_right, count.not_known), f"{here}?{urlencode({'place': place.pk})}")
        for place in below
        if (count := counts.get(place.pk)) is not None
    ]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the trend; `run` and `count` are None where nobody judged it."""

    first: date
    run: Run | None
    count: FamilyCount | None


@dataclass(frozen=True, slots=True)
class Panel:
    """How many families were in one state, month by month: `now` in the last, and between which numbers they lay."""

    title: str
    dot: str
    columns: list[tuple[Month, Column]]
    top: int
    least: int
    now: int


def _trend(viewer: Viewer, place: Place, run: Run, runs: list[Run], looking: bool) -> dict[str, Any]:
    """The last months up to the run's own, each by its last run; how many are judged, and whether others are being judged now."""
    known = {(one.day.year, one.day.month): (one, count) for one, count in family_trend(viewer, place, runs)}
    months = []
    for at in range(run.day.year * 12 + run.day.month - MONTHS, run.day.year * 12 + run.day.month):
        year, month = at // 12, at % 12 + 1
        months.append(Month(date(year, month, 1), *known.get((year, month), (None, None))))
    return {
        "months": months,
        "panels": [_panel(months, state) for state in STATES] if known else [],
        "judged": len(known),
        "afterwards": any(one.replay for one, _ in known.values()),
        "looks_back": looking,
    }


def _panel(months: list[Month], state: str) -> Panel:
    numbers = [getattr(month.count, state) if month.count else None for month in months]
    drawn, top = columns(numbers)
    seen = [n for n in numbers if n is not None]
    return Panel(state_title(state), DOTS[state], list(zip(months, drawn, strict=True)), top, min(seen), seen[-1])


def _late(viewer: Viewer, run: Run, place: Place) -> list[tuple[Expected, Bilingual]]:
    """Deliveries for this place that are due and did not come, the longest due first."""
    late = [one for one in expected_deliveries(viewer, run.manifest_digest, policy(), place) if one.missing_on(run.day)]
    late.sort(key=lambda one: (one.expected_on or date.max, one.contract.code, one.unit))
    return [(one, department_title(one.contract.owner)) for one in late]


def _changes(viewer: Viewer, run: Run, before: Run | None, place: Place, reached: list[Attainment]) -> list[tuple[Change, str]]:
    """Standards of which more or fewer are not in place or not known than in the run before, the greatest change first."""
    if before is None:
        return []
    then = {one.standard: one for one in attainment_by_place(viewer, before, [place])}
    found = []
    for one in reached:
        standard, old = policy().standards.get(one.standard), then.get(one.standard)
        if standard is not None and old is not None:
            change = Change(standard, old.breached, one.breached, old.unknown, one.unknown)
            if change.size:
                address = f"{reverse('standard', args=[standard.code])}?{urlencode({'place': place.pk})}"
                found.append((change, address if may_list(viewer, standard, run.day) else ""))
    return sorted(found, key=lambda item: (-item[0].size, item[0].standard.code))


def _state_changes(viewer: Viewer, before: Run | None, place: Place, own: FamilyCount) -> list[tuple[str, int, int]]:
    then = family_counts(viewer, before, [place]).get(place.pk) if before is not None else None
    if then is None:
        return []
    return [(state_title(state), getattr(then, state), getattr(own, state)) for state in STATES if getattr(then, state) != getattr(own, state)]
