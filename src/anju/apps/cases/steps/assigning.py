"""Putting cases into somebody's hands (交办), handing them on, and who answers for a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from anju.apps.alerts.actions import take_on
from anju.apps.cases.models import Case, CaseAlert, FamilyLead
from anju.apps.cases.moving import MOST, Taken, begin_many, finish_many, not_too_many, one_at_a_time
from anju.apps.cases.refusing import Refused, unless_any
from anju.apps.cases.rules import today
from anju.apps.cases.scope import cases_in_scope
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.cases.telling import tell_of_lead, told_together
from anju.apps.journal.actions import record
from anju.apps.people.models import Household
from anju.apps.staff.models import Account, Post
from anju.apps.staff.permissions import ROLES
from anju.apps.staff.queries import posts_of
from anju.core.casework.states import ASSIGNED, TO_ASSIGN
from anju.core.terms.viewer import Viewer


@transaction.atomic
def assign(
    *, numbers: Sequence[int], to: int, by: Viewer, at: datetime, reason: str = "", seen: Mapping[int, int] | None = None
) -> list[Case]:  # fmt: skip
    """Puts cases into the hands of the account `to`, whose post must reach every one of them. All of them or none. `seen`: the versions
    that stood on the page."""
    taken = _fitting(_nobodys(begin_many(not_too_many(numbers), "assign", by, seen=seen)), to)
    account = Account.objects.get(pk=to)
    for each in taken:
        _put(each, account, at)
    done = finish_many(taken, by=by, at=at, reason=reason, detail={"to": account.pk, "name": str(account)})
    _alerts_taken(done, account, at)
    return done


@transaction.atomic
def take(*, number: int, by: Viewer, at: datetime) -> Case:
    """Takes a case on oneself: whoever may verify or assign, where nobody has it yet."""
    if by.account is None or not (by.can("cases.verify") or by.can("cases.assign")):
        raise Refused("a case is taken on by whoever can verify it", "须由能核查的岗位认领")
    scope = Viewer(by.name, by.role, by.scopes, by.departments, by.origins, by.may | {"cases.assign"}, by.account, by.post)
    taken = _nobodys(begin_many([number], "assign", scope))
    account = Account.objects.get(pk=by.account)
    for each in taken:
        _put(each, account, at)
    done = finish_many(taken, by=by, at=at, what="take", detail={"to": account.pk, "name": str(account)})
    _alerts_taken(done, account, at)
    return done[0]


@transaction.atomic
def hand_on(
    *, numbers: Sequence[int], to: int, by: Viewer, at: datetime, reason: str, seen: Mapping[int, int] | None = None
) -> list[Case]:  # fmt: skip
    """Hands open cases on to somebody else; their clocks run on."""
    taken = _fitting(begin_many(not_too_many(numbers), "hand_on", by, seen=seen), to)
    account = Account.objects.get(pk=to)
    for each in taken:
        each.detail["from"] = each.case.assignee_name
        each.case.assignee, each.case.assignee_name, each.case.assigned_at = account.pk, str(account), at
    return finish_many(taken, by=by, at=at, reason=reason, detail={"to": account.pk, "name": str(account)})


@transaction.atomic
def hand_over_all(*, leaver: int, to: int, by: Viewer, at: datetime, reason: str) -> int:
    """All that a leaving worker has in hand, and the families she answers for, to one colleague in one step. Answers how many cases."""
    mine = cases_in_scope(by).filter(assignee=leaver).exclude(waits_on__in=OVER_MOVES)
    one_at_a_time()
    numbers = list(mine.order_by("pk").values_list("pk", flat=True))
    with told_together(at):
        for first in range(0, len(numbers), MOST):
            hand_on(numbers=numbers[first : first + MOST], to=to, by=by, at=at, reason=reason)
        account = Account.objects.get(pk=to)
        families = FamilyLead.objects.filter(account=leaver)
        for family in families:
            if by.sees_path(family.path):
                name_lead(household_id=family.household_id, to=account.pk, by=by, at=at)
    return len(numbers)


@transaction.atomic
def name_lead(*, household_id: int, to: int, by: Viewer, at: datetime) -> FamilyLead:
    """Names the person who answers for a family (包保干部) and leads all its cases."""
    if not by.can("cases.assign"):
        raise Refused("whoever puts cases into hands names who answers for a family", "须由能交办的岗位指定包保干部")
    home = Household.objects.select_related("place").filter(pk=household_id).first()
    if home is None or home.place is None or not by.sees_path(home.place.path):
        raise Refused("there is no such family in the places of your post", "您的岗位范围内没有该户")
    account = Account.objects.filter(pk=to, is_active=True).first()
    if account is None or not _reaches(account, home.place.path, home.origin_place.path if home.origin_place else None, ""):
        raise _out_of_reach()
    values = {"path": home.place.path, "account": to, "name": str(account), "since": today(), "named_by": by.name}
    found, _ = FamilyLead.objects.update_or_create(household_id=household_id, defaults=values)
    tell_of_lead(found, by=by, at=at)
    record(act="cases.name_lead", about=f"household:{household_id}", by=by, at=at, detail={"to": to})
    return found


def _nobodys(taken: list[Taken]) -> list[Taken]:
    """Those cases, where nobody has any of them."""
    unless_any(
        {
            each.case.pk: Refused(
                f"{each.case.assignee_name} has case No. {each.case.pk} already: hand it on instead",
                f"编号 {each.case.pk} 已由 {each.case.assignee_name} 负责：请改用转交",
            )
            for each in taken
            if each.case.assignee is not None
        },
        len(taken),
    )
    return taken


def _put(each: Taken, account: Account, at: datetime) -> None:
    if each.case.state in TO_ASSIGN:
        each.case.state = ASSIGNED
    each.case.assignee, each.case.assignee_name, each.case.assigned_at = account.pk, str(account), at


def _alerts_taken(cases: Sequence[Case], account: Account, at: datetime) -> None:
    """Whoever has the case has its alerts."""
    episodes = list(CaseAlert.objects.filter(case__in=cases).values_list("episode_id", flat=True))
    take_on(numbers=episodes, account=account.pk, name=str(account), at=at)


def _fitting(taken: list[Taken], to: int) -> list[Taken]:
    """Those cases, where the account's posts reach all of them."""
    account = Account.objects.filter(pk=to, is_active=True).first()
    if account is None:
        raise _out_of_reach()
    places = {(each.case.path, each.case.origin_path, each.case.owner) for each in taken}
    outside = {place for place in places if not _reaches(account, *place)}
    away = [each.case.pk for each in taken if (each.case.path, each.case.origin_path, each.case.owner) in outside]
    unless_any({number: _out_of_reach() for number in away}, len(taken))
    return taken


def _out_of_reach() -> Refused:
    return Refused(
        "the person chosen cannot work on it: her posts lie in other places or departments; choose somebody of that community",
        "所选人员的岗位不覆盖该事项：请选择该社区（部门）的人员",
    )


def _reaches(account: Account, path: str, origin: str | None, owner: str) -> bool:
    return any(_post_reaches(post, path, origin, owner) for post in _posts(account))


def _posts(account: Account) -> list[Post]:
    kept = account.__dict__.setdefault("_posts_today", None)
    if kept is None:
        kept = account.__dict__["_posts_today"] = list(posts_of(account, timezone.localdate()))
    return list(kept)


def _post_reaches(post: Post, path: str, origin: str | None, owner: str) -> bool:
    if not ROLES[post.role].may & {"cases.verify", "cases.handle"} or (post.department and owner and post.department != owner):
        return False
    return path.startswith(post.place.path) if post.side == Post.DESTINATION else (origin or "").startswith(post.place.path)


def workers_for(path: str, owner: str) -> QuerySet[Account]:
    """Who may be given a case there: posts at the place or above it that verify or handle."""
    keys = [int(part) for part in path.split("/") if part]
    roles = [code for code, role in ROLES.items() if role.may & {"cases.verify", "cases.handle"}]
    posts = Post.objects.filter(place__in=keys, role__in=roles, end=None).exclude(side=Post.ORIGIN)
    posts = posts.filter(department__in=["", owner])
    return Account.objects.filter(pk__in=posts.values("account"), is_active=True).order_by("display_name")
