"""Reads of visits. The viewer comes first: the places of her post on either side; a department's own visits only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from anju.apps.people.models import Household
from anju.apps.places.scope import end_of, inside
from anju.apps.visits.asking import LATELY, Known
from anju.apps.visits.models import Visit
from anju.apps.visits.questions import Question
from anju.apps.visits.states import MADE, PLANNED
from anju.apps.visits.workers import Worker, workers
from anju.core.terms.viewer import Viewer

ACTS = ("visits.record", "visits.plan", "cases.see")  # whoever may do one of these has business with visits


def visits_in_scope(viewer: Viewer) -> QuerySet[Visit]:
    """Every visit of those who live in the viewer's places or came from them; none for a stranger, nor for a post without such work."""
    if viewer.sees_nothing or not any(viewer.can(act) for act in ACTS):
        return Visit.objects.none()
    found = Visit.objects.filter(inside(viewer))
    if viewer.departments:
        found = found.filter(Q(department__in=sorted(viewer.departments)) | Q(assignee_account=viewer.account))
    return found


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `mine`: of the viewer herself. `until`: due by this day. `path`: a place and below it."""

    state: str = PLANNED
    mine: bool = True
    purpose: str = ""
    path: str = ""
    assignee: int | None = None
    unnamed: bool = False
    until: date | None = None
    since: date | None = None  # made on or after
    building: str = ""


def doors(viewer: Viewer, filters: Filters, *, after: tuple[Any, ...] | None = None, limit: int = 50) -> list[Visit]:
    """The next `limit` visits: planned ones in walking order, those made or not the latest first. `after` is `key_of` the last before."""
    found = visits_in_scope(viewer).filter(state=filters.state)
    if filters.mine:
        found = found.filter(assignee_account=viewer.account)
    elif filters.unnamed:
        found = found.filter(assignee_account=None)
    elif filters.assignee is not None:
        found = found.filter(assignee_account=filters.assignee)
    if filters.purpose:
        found = found.filter(purpose=filters.purpose)
    if filters.path:
        found = found.filter(path__gte=filters.path, path__lt=end_of(filters.path))
    if filters.until is not None:
        found = found.filter(due_on__lte=filters.until)
    if filters.since is not None:
        found = found.filter(made_on__gte=filters.since)
    if filters.building:
        found = found.filter(household_id__in=Household.objects.filter(building_no=filters.building).values("pk"))
    if filters.state == PLANNED:
        if after is not None:
            path, door, key = after
            found = found.filter(Q(path__gt=path) | Q(path=path, door__gt=door) | Q(path=path, door=door, pk__gt=key))
        return list(found.order_by("path", "door", "pk")[:limit])
    if after is not None:
        found = found.filter(pk__lt=after[0])
    return list(found.order_by("-pk")[:limit])


def key_of(visit: Visit) -> tuple[Any, ...]:
    """Where a row stands in its list; a value that fits an address."""
    return (visit.path, visit.door, visit.pk) if visit.state == PLANNED else (visit.pk,)


def visit_in_scope(viewer: Viewer, number: int) -> Visit | None:
    """The visit, or None where it does not exist or is not the viewer's to see: nobody can tell which."""
    return visits_in_scope(viewer).select_related("place", "after").filter(pk=number).first()


def visits_of_household(viewer: Viewer, household_id: int, limit: int = 20) -> list[Visit]:
    """The latest first, planned ones before them."""
    found = visits_in_scope(viewer).filter(household_id=household_id).order_by("-pk")[:limit]
    return sorted(found, key=lambda visit: (visit.state != PLANNED, -visit.pk))


def visits_about(viewer: Viewer, about: str, limit: int = 50) -> list[Visit]:
    """Of a case ('case:12'): the latest first."""
    return list(visits_in_scope(viewer).filter(about=about).order_by("-pk")[:limit])


def answered_lately(household_id: int, questions: Mapping[str, Question], day: date) -> dict[str, Known]:
    """What the family answered at its door so recently that it is not asked again, by the key of the slot. For a door that has shown
    the viewer the family already: it tells that something was answered, not what."""
    oldest = max((question.again_days for question in questions.values()), default=0)
    since = day - timedelta(days=oldest)
    made = Visit.objects.filter(household_id=household_id, state=MADE, made_on__gte=since, made_on__lte=day).order_by("made_on", "pk")
    found: dict[str, Known] = {}
    for on, answers in made.values_list("made_on", "answers"):
        assert on is not None
        for key in answers:
            question = questions.get(key.partition(":")[0])
            if question is not None and on > day - timedelta(days=question.again_days):
                found[key] = Known("value", LATELY, on)
    return found


def told_answers(viewer: Viewer, visit: Visit, questions: Mapping[str, Question]) -> list[tuple[Question | None, str, str]]:
    """Question, slot and answer, without what only few need to know."""
    found = []
    for key, answer in visit.answers.items():
        question = questions.get(key.partition(":")[0])
        if question is None or not question.need_to_know or viewer.can("health.see"):
            found.append((question, key, str(answer)))
    return found


# --- who has how much, and how much was asked of whom --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    worker: Worker
    planned: int
    late: int


def load_of(viewer: Viewer, day: date) -> list[Load]:
    """Everybody below the viewer who may record visits, with what is planned for each; the freest first. Two statements."""
    if not viewer.can("visits.plan"):
        return []
    there = workers(day, below=viewer.scopes)
    open_now = Visit.objects.filter(state=PLANNED, assignee_account__in=list(there)).values_list("assignee_account")
    counts = {who: (n, late) for who, n, late in open_now.annotate(n=Count("pk"), late=Count("pk", filter=Q(due_on__lt=day)))}
    loads = [Load(worker, *counts.get(worker.account, (0, 0))) for worker in there.values()]
    return sorted(loads, key=lambda load: (load.planned, load.worker.title))


@dataclass(frozen=True, slots=True)
class Burden:
    """What was asked of one worker: visits recorded, doors where nobody was met, questions put, questions not put because known."""

    account: int
    name: str
    visits: int
    unmet: int
    asked: int
    spared: int
    minutes: int
    photos: int


def burden(viewer: Viewer, first: date, until: date, accounts: Collection[int] | None = None) -> list[Burden]:
    """Of the days from `first` to `until`: the viewer's own, or for who plans visits everybody's in her places (or of `accounts`). Counted
    by the server from what was recorded, so that a handed-over family counts for whoever went there."""
    made = visits_in_scope(viewer).filter(state=MADE, made_on__gte=first, made_on__lte=until)
    if not viewer.can("visits.plan"):
        made = made.filter(recorded_account=viewer.account)
    elif accounts is not None:
        made = made.filter(recorded_account__in=list(accounts))
    rows = (
        made.values("recorded_account").order_by("recorded_account")
        .annotate(name=Max("recorded_by"), visits=Count("pk"), unmet=Count("pk", filter=Q(met=False)), questions=Sum("asked"),
                  not_put=Sum("spared_count"), spent=Sum("minutes"), pictures=Sum("photos"))
    )  # fmt: skip
    found = [
        Burden(row["recorded_account"] or 0, row["name"], row["visits"], row["unmet"], row["questions"] or 0, row["not_put"] or 0,
               row["spent"] or 0, row["pictures"] or 0)
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.visits, one.name))


def week_of(day: date) -> tuple[date, date]:
    """Monday to Sunday."""
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=6)


def own_week(viewer: Viewer, day: date) -> Burden:
    """What was asked of the viewer herself this week."""
    first, until = week_of(day)
    account = viewer.account or 0
    return next(iter(burden(viewer, first, until, [account])), Burden(account, viewer.name, 0, 0, 0, 0, 0, 0))


def open_of(viewer: Viewer, day: date) -> tuple[int, int]:
    """Planned visits of the viewer herself, and how many of them are late."""
    mine = Visit.objects.filter(assignee_account=viewer.account, state=PLANNED)
    counted = mine.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_on__lt=day)))
    return counted["n"], counted["late"]


def households_visited(keys: Sequence[int], since: date) -> set[int]:
    """Which of these families somebody was met at since a day."""
    made = Visit.objects.filter(household_id__in=list(keys), state=MADE, met=True, made_on__gte=since)
    return {key for key in made.values_list("household_id", flat=True) if key is not None}
