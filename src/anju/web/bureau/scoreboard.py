"""The score-board of deliveries: who delivers on time and in what quality, by department and by unit, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.feeds.queries import EVERYWHERE, units_for
from anju.apps.feeds.scores import Key, Score, scores
from anju.core.contracts.model import Contract
from anju.web.bureau.charts import Bar
from anju.web.bureau.viewing import department_title, door
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import policy, run_of_request
from anju.web.layout.paging import address

SPANS = (1, 3, 6, 12)  # months, the present one included
USUAL = 3


@dataclass(frozen=True, slots=True)
class Line:
    title: Any
    url: str
    score: Score

    @property
    def bar(self) -> Bar:
        return Bar(self.score.on_time, self.score.late, self.score.missing)


@needs("feeds.see")
def scoreboard(request: HttpRequest) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    day = run.day if run is not None else timezone.localdate()
    units = units_for(viewer, policy()) | {EVERYWHERE: _("The whole programme")}
    unit, department, span = (request.GET.get(name, "") for name in ("unit", "department", "months"))
    months = int(span) if span in {str(n) for n in SPANS} else USUAL
    found = scores(viewer, policy(), _since(day, months), day)
    owners = {feed: _owner(feed) for feed, _unit in found}
    if (unit and unit not in units) or (department and department not in owners.values()):
        return not_here(request)
    shown = {key: score for key, score in found.items() if unit in ("", key[1]) and department in ("", owners[key[0]])}

    def lines(name: str, of: Callable[[Key], str], title: Callable[[str], Any]) -> list[Line]:
        sums = _sums(shown, of)
        rows = [Line(title(code), address(request, **{name: code}), score) for code, score in sums.items()]
        return sorted(rows, key=lambda row: (_kept(row.score), -row.score.due))

    context = {
        "here": "scoreboard", "day": day, "since": _since(day, months), "total": _total(shown.values()),
        "spans": [(n, address(request, months=str(n)), n == months) for n in SPANS],
        "tables": [
            (_("By department"), lines("department", lambda key: owners[key[0]], department_title)),
            (_("By unit"), lines("unit", lambda key: key[1], lambda code: units.get(code, code))),
            (_("By feed"), [Line(_feed(code), "", score) for code, score in sorted(_sums(shown, lambda key: key[0]).items())]),
        ],
        "unit": units.get(unit, ""), "department": department_title(department) if department else None,
        "without_unit": address(request, unit=None), "without_department": address(request, department=None), "deliveries": door("deliveries"),
    }  # fmt: skip
    return render(request, "bureau/scoreboard.html", context)


def _since(day: date, months: int) -> date:
    first = day.year * 12 + day.month - months
    return date(first // 12, first % 12 + 1, 1)


def _owner(feed: str) -> str:
    contract = policy().contracts[feed]
    assert isinstance(contract, Contract)
    return contract.owner


def _feed(code: str) -> Any:
    contract = policy().contracts[code]
    assert isinstance(contract, Contract)
    return contract.title


def _sums(shown: Mapping[Key, Score], of: Callable[[Key], str]) -> dict[str, Score]:
    found: dict[str, Score] = {}
    for key, score in shown.items():
        found.setdefault(of(key), Score()).add(score)
    return found


def _total(shown: Iterable[Score]) -> Score:
    total = Score()
    for score in shown:
        total.add(score)
    return total


def _kept(score: Score) -> float:
    """The share on time, so that the worst stands first; what nothing was due of stands last."""
    return score.on_time / score.due if score.due else 2.0
