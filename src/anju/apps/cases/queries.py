"""Reads of cases. The viewer comes first: the places of her post on either side, and her department's own matters only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Case as Case_
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Concat

from anju.apps.alerts.models import Episode
from anju.apps.alerts.queries import followed_last, keys_of
from anju.apps.cases.models import (
    Answer,
    Asked,
    Case,
    CaseCount,
    CaseEvent,
    CaseLooked,
    CaseMark,
    CaseVisit,
    Decision,
    Draw,
    FamilyLead,
    Instruction,
    LookBack,
    Measure,
)
from anju.apps.cases.standing import HANDLERS_MOVE, OPEN_URGENCIES, OVER_MOVES, OVER_URGENCY, moves_named, moves_of
from anju.apps.places.lookup import children_of
from anju.apps.places.models import Place
from anju.apps.places.scope import Ranges, end_of, inside_ranges, ranges_of
from anju.apps.prepared.queries import Fixed, prepared
from anju.apps.staff.lookup import accounts_by_key
from anju.apps.staff.models import Account
from anju.core.casework.states import CLOSED
from anju.core.terms.viewer import Viewer

MINE, POST, OPEN, OBSERVED, DONE = "mine", "post", "open", "observed", "done"
QUEUES = (MINE, POST, OPEN, OBSERVED, DONE)
"""What waits for me; what waits for a post like mine; all that is open; what only data are waited for; what is over."""


WIDE = 3  # slashes in the path of a unit ('/1/4/'); a programme's has fewer

MARKS = {
    "overdue": Q(overdue=True), "returned": Q(returned__gt=0), "reopened": Q(reopened__gt=0), "contested": Q(contested=True),
    "passed": Q(passed_on__gt=0), "escalated": Q(escalated__gt=1),
}  # fmt: skip
"""What supervision counts of open cases (CaseMark), and which they are."""


@dataclass(frozen=True, slots=True)
class Filters:
    queue: str = MINE
    level: str = ""
    standard: str = ""
    department: str = ""
    move: str = ""  # what comes next: a value of waits_on, or the part before its colon
    path: str = ""
    overdue: bool = False
    household: int | None = None
    mark: str = ""  # one of MARKS
    state: str = ""
    due: date | None = None  # whose clock ends on that day or before
    assignee: int | None = None


def cases_in_scope(viewer: Viewer) -> QuerySet[Case]:
    """Every case, over or not, of the viewer's places; none for a stranger. What is in somebody's own hands she sees wherever it is."""
    return _cases_of(*_seen(viewer)) if _sees(viewer) else Case.objects.none()


def _sees(viewer: Viewer) -> bool:
    return not viewer.sees_nothing and (viewer.can("cases.see") or viewer.can("cases.supervise") or viewer.can("cases.audit"))


def _seen(viewer: Viewer) -> tuple[tuple[Ranges, Ranges], tuple[str, ...]]:
    """What `_cases_of` takes, of a viewer."""
    return ranges_of(viewer), tuple(sorted(viewer.departments))


def _cases_of(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...]) -> QuerySet[Case]:
    found = Case.objects.filter(inside_ranges(ranges))
    return found.filter(owner__in=departments) if departments else found


@prepared
def _mine(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], account: int, limit: Fixed) -> QuerySet[Case]:
    found = _cases_of(ranges, departments).filter(assignee=account, waits_on__in=HANDLERS_MOVE)
    return found.order_by("urgency", "sort_on", "pk")[:limit]


def queue(viewer: Viewer, filters: Filters, *, after: tuple[Any, ...] | None = None, limit: int = 50) -> list[Case]:
    """The next `limit` cases, the most urgent first; what is over, the latest first. `after` is `key_of` the last row before."""
    if filters == Filters(MINE) and after is None and viewer.account is not None:
        return _mine(*_seen(viewer), viewer.account, Fixed(limit)) if _sees(viewer) else []
    found = cases_in_scope(viewer)
    match filters.queue:
        case "mine":
            found = found.filter(assignee=viewer.account, waits_on__in=HANDLERS_MOVE) if viewer.account is not None else found.none()
        case "post":
            found = found.filter(waits_on__in=moves_of(viewer))
        case "observed":
            found = found.filter(waits_on="observe")
        case "done":
            found = found.filter(urgency=OVER_URGENCY)
        case _:
            found = found.filter(Q(urgency__in=OPEN_URGENCIES) if in_order(viewer, filters) else Q(urgency__lt=OVER_URGENCY))
    found = narrowed(found, filters)
    if filters.queue == DONE:
        if after is not None:
            day, key = after
            found = found.filter(Q(closed_on__lt=day) | Q(closed_on=day, pk__lt=key))
        return list(found.order_by("-closed_on", "-pk")[:limit])
    if after is not None:
        urgency, day, key = after
        found = found.filter(urgency__gte=urgency).filter(
            Q(urgency__gt=urgency) | Q(urgency=urgency, sort_on__gt=day) | Q(urgency=urgency, sort_on=day, pk__gt=key)
        )
    return list(found.order_by("urgency", "sort_on", "pk")[:limit])


def in_order(viewer: Viewer, filters: Filters) -> bool:
    """Whether the list is read by the index of the order, passing by what is not the viewer's: where she sees a whole unit
    or more, one in a few is hers. Elsewhere her places are read, and sorted. SQLite takes an index by the form of the condition alone."""
    return not filters.path and any(path.count("/") <= WIDE for path in viewer.scopes)


def narrowed(found: QuerySet[Case], filters: Filters) -> QuerySet[Case]:
    if filters.level:
        found = found.filter(level=filters.level)
    if filters.standard:
        found = found.filter(standard=filters.standard)
    if filters.department:
        found = found.filter(owner=filters.department)
    if filters.move:
        found = found.filter(waits_on__in=moves_named(filters.move))
    if filters.mark:
        found = found.filter(MARKS[filters.mark])
    if filters.household is not None:
        found = found.filter(household_id=filters.household)
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.due is not None:
        found = found.filter(deadline__lte=filters.due)
    if filters.assignee is not None:
        found = found.filter(assignee=filters.assignee)
    if filters.path:
        found = found.filter(path__gte=filters.path, path__lt=end_of(filters.path))
    return found.filter(overdue=True) if filters.overdue else found


def key_of(case: Case) -> tuple[Any, ...]:
    """Where a case stands in its queue; a value that fits an address."""
    if case.waits_on in OVER_MOVES:
        return (case.closed_on.isoformat() if case.closed_on else "", case.pk)
    return (case.urgency, case.sort_on.isoformat(), case.pk)


def case_of(viewer: Viewer, number: int) -> Case | None:
    return cases_in_scope(viewer).select_related("follows").filter(pk=number).first()


def case_of_alert(viewer: Viewer, episode: int) -> int | None:
    """The number of the case that holds an alert, where the viewer may see it."""
    return cases_in_scope(viewer).filter(alerts__episode=episode).values_list("pk", flat=True).first()


def alerts_of(case: Case) -> list[Episode]:
    """The alerts that a case holds, the latest first."""
    return list(Episode.objects.filter(case_alert__case=case).order_by("-pk"))


def events_of(viewer: Viewer, case: Case) -> list[CaseEvent]:
    """What happened to a case the viewer may see, the latest first."""
    if not cases_in_scope(viewer).filter(pk=case.pk).exists():
        return []
    return list(CaseEvent.objects.filter(case=case).order_by("-at", "-pk")[:200])


def measures_of(case: Case) -> list[Measure]:
    return list(Measure.objects.filter(case=case, dropped_at=None).order_by("pk"))


def asked_of(case: Case) -> list[Asked]:
    return list(Asked.objects.filter(case=case).order_by("-pk"))


def answers_of(case: Case) -> list[Answer]:
    return list(Answer.objects.filter(case=case).order_by("-at", "-pk"))


def visits_of(case: Case) -> list[CaseVisit]:
    """Visits that speak for a case, the latest first."""
    return list(CaseVisit.objects.filter(case=case).order_by("-on", "-pk"))


def look_backs_of(case: Case) -> list[LookBack]:
    return list(LookBack.objects.filter(case=case).order_by("due_on", "pk"))


def cases_of_household(viewer: Viewer, household_id: int) -> list[Case]:
    """The family's case list: what is open first, the gravest first, then what is over, the latest first."""
    found = _of_household(*_seen(viewer), household_id) if _sees(viewer) else []
    return sorted(found, key=lambda case: (case.waits_on in OVER_MOVES, case.urgency, -case.pk))


@prepared
def _of_household(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], household: int) -> QuerySet[Case]:
    return _cases_of(ranges, departments).filter(household_id=household).order_by("-pk")[:100]


@dataclass(frozen=True, slots=True)
class FamilyCase:
    """A case of a family, with whose hands it is in and who answers for the family, as people are called; '' for nobody."""

    case: Case
    hands: str
    lead: str


@dataclass(frozen=True, slots=True)
class FamilyEvent:
    """What happened to a case of a family; `who` as people are called, '' where no account did it."""

    event: CaseEvent
    who: str


def loop_of_household(viewer: Viewer, household_id: int) -> list[FamilyCase]:
    """`cases_of_household` with all names that its page tells. One query, and two more where there is a case: most families have none."""
    cases = cases_of_household(viewer, household_id)
    if not cases:
        return []
    lead = lead_of(household_id)
    keys = {case.assignee for case in cases if case.assignee is not None} | ({lead.account} if lead is not None else set())
    names = {key: str(account) for key, account in accounts_by_key(keys).items()}
    answers_for = names.get(lead.account, "") if lead is not None else ""
    return [FamilyCase(case, names.get(case.assignee or 0, "") or case.assignee_name, answers_for) for case in cases]


def decisions_of(cases: Collection[int]) -> dict[int, list[tuple[str, date]]]:
    """What was put on record for each of these cases, as the standards read it, with its day. One query."""
    found: dict[int, list[tuple[str, date]]] = defaultdict(list)
    for case, code, on in Decision.objects.filter(case__in=cases).order_by("on", "pk").values_list("case_id", "code", "on"):
        found[case].append((code, on))
    return dict(found)


def events_of_household(viewer: Viewer, household_id: int, *, limit: int = 200) -> list[FamilyEvent]:
    """What happened to the cases of a family that the viewer may see, the latest first. One query."""
    rows = _events_of_household(*_seen(viewer), household_id, Fixed(limit)) if _sees(viewer) else []
    return [FamilyEvent(event, event.called or "") for event in rows]  # type: ignore[attr-defined]


@prepared
def _events_of_household(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], household: int, limit: Fixed) -> QuerySet[CaseEvent]:
    cases = _cases_of(ranges, departments).filter(household_id=household)
    found = CaseEvent.objects.filter(case__in=cases).select_related("case").annotate(called=called("account"))
    return found.order_by("-at", "-pk")[:limit]


def called(column: str) -> Subquery:
    """What the account in a column is called."""
    return Subquery(Account.objects.filter(pk=OuterRef(column)).annotate(shown=_SHOWN).values("shown")[:1])


_SHOWN = Case_(When(display_name="", then=F("username")), default=F("display_name"))


def lead_of(household_id: int) -> FamilyLead | None:
    return _lead.first(household_id)


@prepared
def _lead(household: int) -> QuerySet[FamilyLead]:
    return FamilyLead.objects.filter(household_id=household).order_by("pk")[:1]


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
    if viewer.account is None or not _sees(viewer):
        return Tiles()
    return _tiles(_counts_of_mine(*_seen(viewer), viewer.account), lambda _move: True)


@prepared
def _counts_of_mine(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], account: int) -> QuerySet[Case, tuple[Any, ...]]:
    found = _cases_of(ranges, departments).filter(assignee=account, waits_on__in=HANDLERS_MOVE).order_by()
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


def open_of_families(viewer: Viewer, households: Collection[int]) -> dict[int, int]:
    """How many open cases each family has, of those that the viewer sees."""
    if not households or not _sees(viewer):
        return {}
    return {key: n for key, n in _open_of(*_seen(viewer), sorted(set(households))) if key is not None}


@prepared
def _open_of(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], households: list[int]) -> QuerySet[Case, tuple[int | None, int]]:
    found = _cases_of(ranges, departments).filter(household_id__in=households).exclude(waits_on__in=OVER_MOVES).order_by()
    return found.values_list("household_id").annotate(n=Count("pk"))


TOLD = ("opened", "rose", "assign", "return_back", "reopen", "close", "end", "escalated", "answered")


def changed_since(viewer: Viewer, moment: datetime, *, limit: int = 8) -> tuple[dict[str, int], list[CaseEvent]]:
    """What happened since a moment: numbers by event over the newest thousand, and the latest. Three queries.

    Who sees a unit or more finds a thousand among the newest of all events; whose places are few has her cases read, and what happened
    to each since. Nobody waits for the events of everybody else."""
    if viewer.sees_nothing:
        return {}, []
    if any(path.count("/") <= WIDE for path in (*viewer.scopes, *viewer.origins)):
        newest = _newest(*_seen(viewer), moment)
    else:
        newest = _newest_of(_keys_of_cases(*_seen(viewer)), moment)
    if not newest:
        return {}, []
    return dict(Counter(what for _key, what in newest)), _told([key for key, _what in newest[:limit]])


# an index of kinds or of places would be read through, and sorted: what is hidden in an expression SQLite asks no index for


def _since(moment: datetime) -> QuerySet[CaseEvent]:
    return CaseEvent.objects.filter(at__gt=moment).alias(hidden_what=Concat("what", Value(""))).filter(hidden_what__in=TOLD)


def _first_thousand(found: QuerySet[CaseEvent]) -> QuerySet[CaseEvent, tuple[int, str]]:
    return found.order_by("-at", "-pk").values_list("pk", "what")[:1_000]


@prepared
def _newest(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], moment: datetime) -> QuerySet[CaseEvent, tuple[int, str]]:
    places = {f"hidden_{name}": Concat(f"case__{name}", Value("")) for name in ("path", "origin_path")}
    found = _since(moment).alias(**places).filter(inside_ranges(ranges, "hidden_"))
    return _first_thousand(found.filter(case__owner__in=departments) if departments else found)


@prepared
def _keys_of_cases(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...]) -> QuerySet[Case, int]:
    return _cases_of(ranges, departments).order_by().values_list("pk", flat=True)


@prepared
def _newest_of(cases: list[int], moment: datetime) -> QuerySet[CaseEvent, tuple[int, str]]:
    return _first_thousand(_since(moment).filter(case__in=cases))


@prepared
def _told(keys: list[int]) -> QuerySet[CaseEvent]:
    return CaseEvent.objects.filter(pk__in=keys).select_related("case").order_by("-at", "-pk")


def last_look(viewer: Viewer) -> datetime | None:
    """Until when the viewer has read what changed; before that was ever said, since the run before the last one was followed."""
    found = _looked.first(viewer.account) if viewer.account is not None else None
    if found is not None:
        return found
    runs = followed_last()
    return runs[1] if len(runs) == 2 else None


@prepared
def _looked(account: int) -> QuerySet[CaseLooked, datetime]:
    return CaseLooked.objects.filter(account=account).values_list("at", flat=True)


def look_backs_due(viewer: Viewer, day: date, *, limit: int = 50) -> list[LookBack]:
    """Look-backs of the viewer's places that are due and that somebody else than the handler may make."""
    return _look_backs_due(*_seen(viewer), day, viewer.account or 0, Fixed(limit)) if _sees(viewer) else []


@prepared
def _look_backs_due(ranges: tuple[Ranges, Ranges], departments: tuple[str, ...], day: date, account: int, limit: Fixed) -> QuerySet[LookBack]:
    found = LookBack.objects.filter(done_at=None, due_on__lte=day, case__state=CLOSED, case__in=_cases_of(ranges, departments))
    return found.exclude(not_account=account).select_related("case").order_by("due_on", "pk")[:limit]


def instructions(viewer: Viewer, *, done: bool = False, after: int | None = None, limit: int = 50) -> list[Instruction]:
    """Instructions to the viewer's places: those that are open by their deadline, or those whose reply was accepted, the latest first."""
    if viewer.sees_nothing:
        return []
    found = Instruction.objects.filter(inside_destination(viewer), accepted_at__isnull=not done).select_related("case")
    if done:
        found = found.filter(pk__lt=after) if after is not None else found
        return list(found.order_by("-pk")[:limit])
    return list(found.order_by("due_on", "pk")[:limit])


def instruction_of(viewer: Viewer, key: int) -> Instruction | None:
    return Instruction.objects.filter(inside_destination(viewer), pk=key).select_related("case").first()


def inside_destination(viewer: Viewer) -> Q:
    """Of what has a place and no origin."""
    found = Q(pk__in=[])
    for path in viewer.scopes:
        found |= Q(path__gte=path, path__lt=end_of(path))
    return found


def families_of(account: int, *, after: int = 0, limit: int = 50) -> list[FamilyLead]:
    """The families that somebody answers for, by their key."""
    return list(FamilyLead.objects.filter(account=account, household_id__gt=after).order_by("household_id")[:limit])


# --- supervision ---------------------------------------------------------------------------------------------------------


def marks(viewer: Viewer, places: Collection[int]) -> list[tuple[int, str, str, int]]:
    """(place, owner, mark, number) of places of the viewer's, from the kept counts. One query."""
    found = CaseMark.objects.filter(place_id__in=places).exclude(n=0)
    if viewer.departments:
        found = found.filter(owner__in=sorted(viewer.departments))
    return list(found.values_list("place_id", "owner", "what", "n"))


def escalations(viewer: Viewer, *, limit: int = 12) -> list[CaseEvent]:
    """Ranks that were told lately of deadlines that had passed; not the handlers themselves."""
    found = CaseEvent.objects.filter(what="escalated", case__in=cases_in_scope(viewer)).exclude(detail__to="handler")
    return list(found.select_related("case").order_by("-at", "-pk")[:limit])


def draws(viewer: Viewer, *, limit: int = 12) -> list[tuple[Draw, dict[bool | None, int]]]:
    """Draws made for the viewer's places, the latest first, each with how many still hold, do not, or were not visited yet."""
    found = list(Draw.objects.filter(inside_destination(viewer)).order_by("-pk")[:limit])
    results: dict[int, dict[bool | None, int]] = {}
    rows = LookBack.objects.filter(draw__in=found).values_list("draw_id", "holds").annotate(n=Count("pk")).order_by()
    for key, holds, n in rows:
        results.setdefault(key, {})[holds] = n
    return [(one, results.get(one.pk, {})) for one in found]


def passed_between(cases: Sequence[Case]) -> dict[int, list[CaseEvent]]:
    """From which department to which each case was passed, and why."""
    found: dict[int, list[CaseEvent]] = {}
    for event in CaseEvent.objects.filter(case__in=cases, what="transfer").order_by("pk"):
        found.setdefault(event.case_id, []).append(event)
    return found
