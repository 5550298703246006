"""Looking back (回头看) at closed cases: at the days of their level, and at a random share of them by another team."""

from __future__ import annotations

import random
from datetime import date, datetime

from django.db import transaction

from anju.apps.cases.models import Case, Draw, LookBack
from anju.apps.cases.moving import begin, enough, finish, handlers_of, one_at_a_time
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import casework, due, today
from anju.apps.cases.steps.opening import reopen_case
from anju.apps.cases.telling import Moved, tell_of_step
from anju.apps.cases.told import DRAW
from anju.apps.journal.actions import record
from anju.apps.places.scope import inside
from anju.core.casework.states import CLOSED, OPEN
from anju.core.terms.viewer import Viewer


@transaction.atomic
def look_back(*, key: int, holds: bool, words: str, by: Viewer, at: datetime, visit: int | None = None) -> Case:
    """What was seen of a closed case. Where it does not hold, the case opens again under its number."""
    one_at_a_time()
    found = LookBack.objects.select_for_update().filter(pk=key).first()
    taken = begin(found.case_id if found is not None else 0, "look_back", by)
    assert found is not None
    case = taken.case
    if found.done_at is not None:
        raise Refused(f"{found.done_by} has looked back already", f"{found.done_by} 已完成回头看")
    if found.kind == LookBack.RANDOM and by.account is not None and by.account in handlers_of(case) | {found.not_account}:
        raise Refused("this one was drawn for another team: not for whoever had the case in hand", "抽查须由其他人员办理，经办人不能办理")
    day = today()
    if found.due_on > day:
        raise Refused(f"it is due on {found.due_on}: before that it proves nothing", f"回头看应于 {found.due_on} 办理，不宜提前")
    told = enough(words, 2, "what was seen is missing", "缺少回头看情况")
    LookBack.objects.filter(pk=key).update(done_at=at, done_by=by.name, account=by.account, holds=holds, words=told, visit=visit)
    done = finish(taken, by=by, at=at, reason=told, detail={"look_back": key, "holds": holds, "visit": visit})
    if holds or _stands_elsewhere(done):
        return done
    return reopen_case(done, at=at, by=by, reason=told, why="look_back")


def _stands_elsewhere(case: Case) -> bool:
    """Whether the same trouble has another case that is open: then somebody has it."""
    same = Case.objects.filter(standard=case.standard, subject_id=case.subject_id, state__in=OPEN)
    return bool(case.standard) and same.exists()


@transaction.atomic
def draw(*, seed: str, since: date, until: date, by: Viewer, at: datetime) -> list[LookBack]:
    """Draws a share of the cases of the post's places that were closed in [since, until], to be visited again by another team. The seed
    stands in the journal: whoever has it draws the same. Cases that were drawn before keep their draw."""
    if not by.can("cases.supervise"):
        raise Refused("whoever supervises draws", "须由督办岗位抽查")
    if not seed.strip() or since > until:
        raise Refused("a draw needs a seed and two days in their order", "抽查须填写随机种子，且起止日期有先后")
    one_at_a_time()
    closed = list(
        Case.objects.filter(inside(by), state=CLOSED, closed_on__gte=since, closed_on__lte=until).order_by("pk").values_list("pk", flat=True)
    )
    drawn = draw_of(closed, casework().redraw_percent, seed.strip()[:80])
    known = set(LookBack.objects.filter(case__in=drawn, kind=LookBack.RANDOM).values_list("case_id", flat=True))
    day = due(today(), casework().redraw_within)
    percent = casework().redraw_percent
    kept = Draw.objects.create(
        path=by.scopes[0] if by.scopes else "", seed=seed.strip()[:80], since=since, until=until, percent=percent, closed=len(closed),
        drawn=len(drawn), by=by.name, at=at,
    )  # fmt: skip
    cases = list(Case.objects.filter(pk__in=[key for key in drawn if key not in known]).order_by("pk"))
    made = [LookBack(case=case, draw=kept, kind=LookBack.RANDOM, due_on=day, path=case.path, not_account=case.assignee) for case in cases]
    LookBack.objects.bulk_create(made)
    detail: dict[str, str | int | bool | None] = {
        "seed": seed, "since": since.isoformat(), "until": until.isoformat(), "closed": len(closed), "drawn": len(drawn),
    }  # fmt: skip
    record(act="cases.draw", about=f"case:{drawn[0] if drawn else 0}", by=by, at=at, detail=detail)
    tell_of_step([Moved(case, case.waits_on) for case in cases], DRAW, by=by, at=at)
    return made


def draw_of(keys: list[int], percent: int, seed: str) -> list[int]:
    """`percent` of the keys, at least one where there is any; the same for the same seed."""
    if not keys or not percent:
        return []
    n = max(1, -(-len(keys) * percent // 100))
    return sorted(random.Random(seed).sample(sorted(keys), n))  # noqa: S311 - drawn to be drawn again, not to be secret
