"""Who may decide about a case: whoever had it in hand never does, and where nobody is free in a rank, the rank that stands in."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q
from django.utils import timezone

from anju.apps.cases.models import Approval, Case, CaseEvent
from anju.apps.cases.rules import casework, closing_of
from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import Step
from anju.core.terms.viewer import Viewer

IN_HAND_BY = ("verify", "plan_measure", "finish_measure", "feed_back")


def roles_for(step: Step, level: str) -> list[str]:
    """Roles whose posts may take a step with a case of that level, in the places and departments of the post: none for what the platform
    does. Where nobody is free in a rank, the one that stands in may too."""
    decide = None
    if step.by_level:
        decide = casework().judge[level] if step.by_level == "judge" else casework().closing[level].approvals
    return [code for code, role in ROLES.items() if role.may & set(step.acts) and (decide is None or code in decide)]


def handlers_of(case: Case) -> set[int]:
    """Accounts that ever had the case in hand: whoever is assigned, verified, did a measure, fed back. None of them closes it, in whatever
    round: the measures of earlier rounds still speak for it."""
    found = CaseEvent.objects.filter(case=case, what__in=IN_HAND_BY).exclude(account=None).values_list("account", flat=True).distinct()
    return {int(key) for key in found if key is not None} | ({case.assignee} if case.assignee is not None else set())


def filled_by(role: str, case: Case, busy: Collection[int]) -> str:
    """The rank that decides in the place of `role`: itself where somebody free holds it there, else the first that stands in and has
    somebody; itself again where nobody has."""
    chain = [role]
    while (nxt := casework().standing_in.get(chain[-1])) is not None and nxt not in chain:
        chain.append(nxt)
    if len(chain) == 1:
        return role
    free = _roles_free(chain, case, busy)
    return next((each for each in chain if each in free), role)


def ranks_for(case: Case, by: Viewer) -> list[str]:
    """Among the ranks that the level asks for, those in which the post may approve: its own, or one that it stands in for."""
    wanted = closing_of(case.level).approvals
    own = [role for role in wanted if role == by.role]
    if by.role not in casework().standing_in.values():
        return own
    busy = busy_with(case)
    return own + [role for role in wanted if role != by.role and filled_by(role, case, busy) == by.role]


def busy_with(case: Case) -> set[int]:
    """Accounts that cannot approve any more: they had it in hand, or have approved in this round."""
    approved = Approval.objects.filter(case=case, round=case.round).exclude(account=None).values_list("account", flat=True)
    return handlers_of(case) | {int(key) for key in approved if key is not None}


def stands_in(role: str, roles: Iterable[str], case: Case) -> bool:
    """Whether a rank decides in the place of one of `roles`, because nobody free holds any of them."""
    if role not in casework().standing_in.values():
        return False
    wanted, busy = list(roles), handlers_of(case)
    return not _roles_free(wanted, case, busy) and any(filled_by(each, case, busy) == role for each in wanted)


def _roles_free(roles: Collection[str], case: Case, busy: Collection[int]) -> set[str]:
    """Of these roles, those that somebody holds for the matter there today who is not `busy` with it."""
    day = timezone.localdate()
    keys = [int(part) for part in case.path.split("/") if part]
    posts = Post.objects.filter(Q(end=None) | Q(end__gt=day), role__in=list(roles), place__in=keys, start__lte=day, side=Post.DESTINATION)
    posts = posts.filter(department__in=["", case.owner], account__is_active=True).exclude(account__in=busy)
    return set(posts.values_list("role", flat=True).distinct())
