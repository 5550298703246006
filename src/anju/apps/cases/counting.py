"""How many cases there are: kept counts, read by place and never counted anew. The viewer comes first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from anju.apps.cases.models import Case, CaseCount, CaseMark
from anju.apps.cases.scope import cases_of, scope_of, sees_cases
from anju.apps.cases.standing import HANDLERS_MOVE, OVER_MOVES
from anju.apps.places.lookup import children_of
from anju.apps.places.models import Place
from anju.apps.places.scope import Ranges, keys_of
from anju.apps.prepared.queries import prepared
from anju.core.terms.viewer import Viewer


def load_of(accounts: Sequence[int]) -> dict[int, int]:
    """Open cases in the hands of each account."""
    found = Case.objects.filter(assignee__in=accounts).exclude(waits_on__in=OVER_MOVES).order_by()
    return {key: n for key, n in found.values_list("assignee").annotate(n=Count("pk")) if key is not None}


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers of cases: by whose move is next, of those that wait by level, standard and owner, and how many are overdue."""

    moves: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    standards: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    overdue: int = 0

    @property
    def open(self) -> int:
        return sum(n for move, n in self.moves.items() if move not in OVER_MOVES)

    @property
    def unassigned(self) -> int:
        """Open cases that nobody has in hand."""
        return self.moves.get("assign", 0)


def counts(viewer: Viewer, path: str = "", *, among: Collection[str] | None = None) -> Tiles:
    """Kept counts of the viewer's places, or of one place below them. One query. `among`: whose moves (values of waits_on) are counted by
    level, standard and owner and as overdue; else of all that is open."""
    if viewer.sees_nothing or (path and not viewer.sees_path(path)):
        return Tiles()
    here, there = keys_of((path,) if path else viewer.scopes), keys_of(() if path else viewer.origins)
    rows = _kept_counts(here, there, tuple(sorted(viewer.departments)))
    return _tiles(rows, lambda move: move in among if among is not None else move not in OVER_MOVES)


@prepared
def _kept_counts(here: list[int], there: list[int], departments: tuple[str, ...]) -> QuerySet[CaseCount, tuple[Any, ...]]:
    wanted = Q(side=CaseCount.DESTINATION, place_id__in=here) | Q(side=CaseCount.ORIGIN, place_id__in=there)
    found = CaseCount.objects.filter(wanted).exclude(n=0)
    found = found.filter(owner__in=departments) if departments else found
    return found.values_list("waits_on", "level", "standard", "owner", "overdue").annotate(n=Sum("n"))


def counts_of_mine(viewer: Viewer) -> Tiles:
    """The same of what is in the viewer's own hands and is hers to move: no more rows of an index than one person has cases."""
    if viewer.account is None or not sees_cases(viewer):
        return Tiles()
    return _tiles(_counts_of_mine(*scope_of(viewer), viewer.account), lambda _move: True)


@prepared
def _counts_of_mine(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], account: int) -> QuerySet[Case, tuple[Any, ...]]:
    found = cases_of(ranges, departments).filter(assignee=account, waits_on__in=HANDLERS_MOVE).order_by()
    return found.values_list("waits_on", "level", "standard", "owner", "overdue").annotate(n=Count("pk"))


def _tiles(rows: Iterable[tuple[Any, ...]], counts_as: Callable[[str], bool]) -> Tiles:
    tiles: dict[str, dict[str, int]] = {"moves": {}, "levels": {}, "standards": {}, "owners": {}}
    overdue = 0
    for move, level, standard, owner, late, n in rows:
        tiles["moves"][move] = tiles["moves"].get(move, 0) + n
        if counts_as(move):
            for name, key in (("levels", level), ("standards", standard), ("owners", owner)):
                tiles[name][key] = tiles[name].get(key, 0) + n
            overdue += n if late else 0
    return Tiles(**tiles, overdue=overdue)


def places_below(viewer: Viewer, path: str, among: Collection[str] | None = None) -> list[tuple[Place, int]]:
    """The places one step below `path` (or the viewer's own place) that have cases, open ones or those of the moves `among`, with their
    number; the fullest first."""
    top = path or (viewer.scopes[0] if len(viewer.scopes) == 1 else "")
    if not top or not viewer.sees_path(top):
        return []
    places = {place.pk: place for place in children_of(keys_of([top])[0])}
    found = CaseCount.objects.filter(side=CaseCount.DESTINATION, place_id__in=places)
    found = found.filter(waits_on__in=among) if among is not None else found.exclude(waits_on__in=OVER_MOVES)
    if viewer.departments:
        found = found.filter(owner__in=sorted(viewer.departments))
    numbers = dict(found.values_list("place_id").annotate(n=Sum("n")).order_by())
    return sorted(((places[key], n) for key, n in numbers.items() if n), key=lambda item: (-item[1], item[0].path))


def marks(viewer: Viewer, places: Collection[int]) -> list[tuple[int, str, str, int]]:
    """(place, owner, mark, number) of places of the viewer's, from the kept counts. One query."""
    found = CaseMark.objects.filter(place_id__in=places).exclude(n=0)
    if viewer.departments:
        found = found.filter(owner__in=sorted(viewer.departments))
    return list(found.values_list("place_id", "owner", "what", "n"))
