"""What was due, what came, and what a late delivery makes unknown: the first page of data stewards and delivering units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.apps.feeds.queries import (
    EVERYWHERE,
    Expected,
    Standing,
    expected_deliveries,
    feeds_for,
    senders_for,
    standing_by_sender,
    units_for,
    uploads_of,
)
from anju.apps.findings.models import Run
from anju.apps.findings.queries import attainment_by_place
from anju.apps.places.models import Place
from anju.core.contracts.model import Contract
from anju.core.standards.order import feeds_behind
from anju.core.terms.viewer import Viewer
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import policy, run_of_request
from anju.web.layout.paging import address, cursor_of, page_of

STATES = ("late", "held", "mend", "since", "came")  # in the order in which somebody should look at them
SHOWN = 30
NOBODY = Standing(None, None, 0)
Chip = tuple[Any, str, bool, int | None]  # label, address, chosen, number


@dataclass(frozen=True, slots=True)
class Unknown:
    """A standard that waits for a feed, and of how many subjects of the sender's place the last run could not tell."""

    code: str
    title: Any
    n: int | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One feed from one sender. `days` it is late; `deliver`: whether the viewer may send it."""

    contract: Contract
    sender: str  # '' for the programme as a whole
    name: str
    state: str
    expected: Expected | None
    days: int
    standing: Standing
    unknown: Sequence[Unknown]
    deliver: bool

    @property
    def key(self) -> tuple[int, str, str, str]:
        on = self.expected.expected_on if self.expected is not None else None
        return STATES.index(self.state), (on or date.min).isoformat(), self.contract.code, self.sender

    @property
    def mend_at(self) -> int | None:
        """The one receipt in which all rows to mend are."""
        last = self.standing.last
        return last.pk if last is not None and last.refused == self.standing.refused else None

    @property
    def subjects(self) -> int:
        return sum(one.n or 0 for one in self.unknown)


@needs("feeds.see")
def deliveries(request: HttpRequest) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    units, feeds = units_for(viewer, policy()), feeds_for(viewer, policy())
    feed, unit, state = (request.GET.get(name, "") for name in ("feed", "unit", "state"))
    if (feed and feed not in feeds) or state not in ("", *STATES):
        return not_here(request)
    lines = _lines(viewer, run, units, feeds)
    senders = {line.sender or EVERYWHERE: line.name for line in lines}
    if unit and unit not in senders:
        return not_here(request)
    chosen = [line for line in lines if feed in ("", line.contract.code) and unit in ("", line.sender or EVERYWHERE)]
    numbers = {name: sum(line.state == name for line in chosen) for name in STATES}
    shown = [line for line in chosen if state in ("", line.state)]
    after = cursor_of(request, 4)
    rest = [line for line in shown if after is None or line.key > after][: SHOWN + 1]
    never = sorted(set(feeds) - {line.contract.code for line in lines})
    context = {
        "here": "deliveries", "day": run.day if run is not None else None, "numbers": numbers,
        "tiles": _tiles(request, numbers, state), "page": page_of(request, rest, rest[SHOWN - 1].key if len(rest) > SHOWN else None, size=SHOWN),
        "rows_waiting": sum(line.standing.refused for line in chosen),
        "feeds": _chips(request, "feed", feed, {code: c.title for code, c in feeds.items() if code not in never}),
        "units": _chips(request, "unit", unit, {code: name for code, name in senders.items() if code in units or code == EVERYWHERE}),
        "filtered": bool(feed or unit), "state": state, "clear": address(request, feed=None, unit=None, state=None),
        "never": [feeds[code] for code in never] if not feed and not unit else [],
        "may_deliver": viewer.can("feeds.deliver"), "may_mend": viewer.can("feeds.mend"), "may_confirm": viewer.can("feeds.confirm"),
        "uploads": uploads_of(viewer).exclude(state="done")[:10] if viewer.can("feeds.deliver") else [],
    }  # fmt: skip
    return render(request, "stewards/deliveries.html", context)


def _tiles(request: HttpRequest, numbers: Mapping[str, int], state: str) -> list[dict[str, Any]]:
    words = {
        "late": (_("Late"), "late", _("due, and not here")), "held": (_("On hold"), "go", _("waiting for somebody's word")),
        "mend": (_("To mend"), "un", _("came, with rows set aside")), "came": (_("Complete"), "ok", _("came, and all of it counts")),
    }  # fmt: skip
    both = {**numbers, "came": numbers["came"]}
    return [
        {"title": title, "dot": dot, "n": both[name], "words": said, "on": name == state,
         "url": address(request, state=None if name == state else name)}
        for name, (title, dot, said) in words.items()
    ]  # fmt: skip


def _chips(request: HttpRequest, name: str, chosen: str, words: Mapping[str, Any]) -> list[Chip]:
    return [(word, address(request, **{name: None if key == chosen else key}), key == chosen, None) for key, word in words.items()]


def _lines(viewer: Viewer, run: Run | None, units: Mapping[str, str], feeds: Mapping[str, Contract]) -> list[Line]:
    """What the last run expected of each sender, beside how it stands now; and whoever sent something that nobody expects."""
    standing = standing_by_sender(viewer, policy())
    expected = {
        (one.contract.code, "" if one.unit == EVERYWHERE else one.unit): one
        for one in (expected_deliveries(viewer, run.manifest_digest, policy()) if run is not None else ())
        if one.contract.code in feeds
    }
    day = run.day if run is not None else timezone.localdate()
    keys = [*expected, *(key for key in standing if key not in expected and not _told_by_others(feeds[key[0]], expected))]
    unknown = _unknown(viewer, run, units)
    deliver = {code: set(senders_for(viewer, policy(), contract, units)) for code, contract in feeds.items()}
    found = []
    for feed, sender in keys:
        now, due = standing.get((feed, sender), NOBODY), expected.get((feed, sender))
        state = _state(now, due, run, day)
        behind = unknown(feed, sender) if state == "late" else ()
        days = (day - due.expected_on).days if state == "late" and due is not None and due.expected_on is not None else 0
        name = units.get(sender, sender) if sender else _("The whole programme")
        may = viewer.can("feeds.deliver") and sender in deliver[feed]
        found.append(Line(feeds[feed], sender, name, state, due, days, now, behind, may))
    return sorted(found, key=lambda line: line.key)


def _told_by_others(contract: Contract, expected: Iterable[tuple[str, str]]) -> bool:
    """A feed in which schools speak for themselves is expected of each school, whoever sends the file."""
    return contract.by not in ("unit", "programme") and any(feed == contract.code for feed, _ in expected)


def _state(now: Standing, due: Expected | None, run: Run | None, day: date) -> str:
    if now.held is not None:
        return "held"
    if due is not None and run is not None and due.missing_on(day):
        return "since" if now.last is not None and now.last.received_at > run.known_at else "late"
    return "mend" if now.refused else "came"


@lru_cache(maxsize=4)
def _waiting_for(digest: str) -> dict[str, tuple[str, ...]]:
    """Feed -> the standards that are judged by it."""
    found: dict[str, list[str]] = {}
    for code in policy().standards:
        for feed in feeds_behind(policy(), [code]):
            found.setdefault(feed, []).append(code)
    return {feed: tuple(sorted(codes)) for feed, codes in found.items()}


def standards_behind(feed: str) -> tuple[str, ...]:
    return _waiting_for(policy().digest).get(feed, ())


def _unknown(viewer: Viewer, run: Run | None, units: Mapping[str, str]) -> Any:
    """A function from (feed, sender) to the standards it leaves unknown; the run's counts of the units are read once."""
    places = {place.code: place for place in Place.objects.filter(tree="scope", code__in=units)} if run is not None else {}
    whole = Place.objects.filter(tree="scope", parent=None).first() if run is not None and viewer.scopes else None
    known = [*places.values(), *([whole] if whole is not None else [])]
    counted = {(a.place_id, a.standard): a.unknown for a in (attainment_by_place(viewer, run, known) if run is not None else ())}

    def of(feed: str, sender: str) -> list[Unknown]:
        place = places.get(sender) if sender else whole
        found = []
        for code in standards_behind(feed):
            n = counted.get((place.pk, code)) if place is not None else None
            if n != 0:
                found.append(Unknown(code, policy().standards[code].title, n, place.pk if place is not None else None))
        return found

    return of
