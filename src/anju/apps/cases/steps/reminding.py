"""What the calendar does to cases: deadlines pass, ranks are told one after another. No person acts here, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from anju.apps.cases.models import Case, CaseEvent
from anju.apps.cases.moving import PLATFORM, one_at_a_time, write_many
from anju.apps.cases.rules import calendar, casework, today
from anju.apps.cases.standing import OVER_MOVES, count_moved, keys_of, settle_many
from anju.apps.cases.telling import Wanted, tell
from anju.apps.journal.actions import record
from anju.apps.staff.models import Post
from anju.core.casework.clocks import days_over, escalated_to
from anju.core.casework.rules import Escalation

AT_ONCE = 1_000
HANDLER, RANK = "case.overdue", "case.escalated"
ROLE_OF = {"street": ("street",), "county": ("county_bureau",), "prefecture": ("prefecture_bureau",)}


@dataclass(frozen=True, slots=True)
class Told:
    """One rank that was told of one case: which accounts. `key` names the telling, so that nobody is told twice."""

    case: int
    to: str
    accounts: tuple[int, ...]
    key: str


def pass_day(*, at: datetime) -> list[Told]:
    """Marks what is overdue by now and records each rank that must be told. Answers whom to tell; a second time, nobody.

    Only cases whose deadline has passed are read."""
    day = today()
    late = Case.objects.filter(deadline__lt=day).exclude(waits_on__in=OVER_MOVES)
    late = late.filter(Q(overdue=False) | Q(escalated__lt=len(casework().escalate)))
    keys = list(late.order_by("pk").values_list("pk", flat=True))
    found: list[Told] = []
    for first in range(0, len(keys), AT_ONCE):
        found += _pass_some(keys[first : first + AT_ONCE], day, at)
    return found


@transaction.atomic
def _pass_some(keys: Sequence[int], day: date, at: datetime) -> list[Told]:
    one_at_a_time()
    rules, days, told, events = casework(), calendar(), [], []
    posts = _Posts()
    cases = list(Case.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    before = {case.pk: (keys_of(case), case.version) for case in cases}
    reached = {case.pk: escalated_to(case.deadline, day, rules, days) for case in cases}
    settle_many(cases, day)
    moved = [case for case in cases if reached[case.pk][case.escalated :] or keys_of(case) != before[case.pk][0]]
    for case in moved:
        new = reached[case.pk][case.escalated :]
        case.escalated = max(case.escalated, len(reached[case.pk]))
        case.version += 1
        over = days_over(case.deadline, day, days)
        for one in new:
            told.append(Told(case.pk, one.to, posts.of(one, case), f"case:{case.pk}:{case.waits_on}:{case.deadline}:{one.to}"))
            events.append(
                CaseEvent(
                    case=case, what="escalated", before=case.state, after=case.state, day=day, at=at, who=PLATFORM.name, role=PLATFORM.role,
                    detail={"to": one.to, "over": over, "deadline": f"{case.deadline}", "n": len(told[-1].accounts)},
                )
            )  # fmt: skip
    write_many([(case, before[case.pk][1]) for case in moved])
    count_moved([key for case in moved for key in before[case.pk][0]], [key for case in moved for key in keys_of(case)])
    CaseEvent.objects.bulk_create(events, 1_000)
    tell([Wanted(who, HANDLER if one.to == "handler" else RANK, one.case, one.key) for one in told for who in one.accounts], at=at)
    if events:
        record(act="cases.escalate", about=f"case:{events[0].case_id}", by=PLATFORM, at=at, detail={"n": len(events)})
    return told


class _Posts:
    """Who holds the posts that are told, by rank and place; read once for all cases of a pass."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], list[int]] = {}
        for role, place, account in Post.objects.filter(end=None, account__is_active=True, side=Post.DESTINATION).values_list(
            "role", "place_id", "account_id"
        ):
            self._held.setdefault((role, place), []).append(account)

    def of(self, one: Escalation, case: Case) -> tuple[int, ...]:
        if one.to == "handler":
            return (case.assignee,) if case.assignee is not None else self._at(("first_secretary",), case)
        return self._at(ROLE_OF[one.to], case)

    def _at(self, roles: tuple[str, ...], case: Case) -> tuple[int, ...]:
        places = [int(part) for part in case.path.split("/") if part]
        return tuple(sorted({account for role in roles for place in places for account in self._held.get((role, place), [])}))
