"""Who is told of what happens to a case, once: number and link, never what it is about. Within the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from anju.apps.cases.models import Case, Instruction
from anju.apps.notices.actions import Told, notify_many
from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES
from anju.core.terms.viewer import Viewer

FEW = 5  # of one kind for one person; more are told as one, with their number and their list
TO_ASSIGNEE = {"assign": "case.assigned", "hand_on": "case.handed_over", "return_back": "case.returned"}
TO_RANK = {"sign": "case.sign", "close": "case.close", "arbitrate": "case.arbitrate"}
RANKS = {"sign": ("street",), "arbitrate": ("county_bureau",)}
LISTS = {"case.overdue": "/cases/?queue=open&overdue=1", "case.escalated": "/cases/?queue=open&overdue=1"}
MINE, WAITING = "/cases/?queue=mine", "/cases/?queue=post"
_gathered: ContextVar[list[Wanted] | None] = ContextVar("gathered", default=None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One person to be told of one case. `key` names the event; with the account it makes the telling unique."""

    account: int
    what: str
    case: int
    key: str


@contextmanager
def told_together(at: datetime) -> Iterator[None]:
    """Many acts in one transaction, told of at its end: for whoever moves cases by the thousand."""
    if _gathered.get() is not None:
        yield
        return
    wanted: list[Wanted] = []
    token = _gathered.set(wanted)
    try:
        yield
    finally:
        _gathered.reset(token)
    if wanted:
        tell(wanted, at=at)


def tell(wanted: Sequence[Wanted], *, at: datetime) -> None:
    """Of many of one kind for one person, one notice that leads to their list."""
    kept = _gathered.get()
    if kept is not None:
        kept.extend(wanted)
        return
    groups: dict[tuple[int, str], list[Wanted]] = {}
    for one in wanted:
        groups.setdefault((one.account, one.what), []).append(one)
    told: list[Told] = []
    for (account, what), of_one_kind in groups.items():
        if len(of_one_kind) <= FEW:
            told += [Told(account, what, str(one.case), f"/cases/{one.case}/", f"{one.key}:to:{account}") for one in of_one_kind]
            continue
        link = LISTS.get(what, MINE if what in TO_ASSIGNEE.values() else WAITING)
        key = f"{of_one_kind[0].key}:and:{len(of_one_kind) - 1}:to:{account}"
        told.append(Told(account, what, "", link, key, {"n": len(of_one_kind)}))
    if told:
        notify_many(told, at=at)


def tell_of_step(cases: Sequence[tuple[Case, str]], what: str, *, by: Viewer, at: datetime) -> None:
    """After a step: whoever has the case now, or whose word is waited for now and was not before. `cases`: each with what it waited for
    before."""
    wanted: list[Wanted] = []
    if what in TO_ASSIGNEE:
        for case, _before in cases:
            if case.assignee is not None:
                wanted.append(Wanted(case.assignee, TO_ASSIGNEE[what], case.pk, f"case:{case.pk}:{what}:{case.version}"))
    moved = [case for case, before in cases if case.waits_on != before]
    tell(_without(wanted + _of_ranks(moved), by), at=at)


def _of_ranks(cases: Sequence[Case]) -> list[Wanted]:
    waiting = [(case, *case.waits_on.partition(":")[::2]) for case in cases]
    asked = [(case, TO_RANK[word], RANKS.get(word, (role,))) for case, word, role in waiting if word in TO_RANK]
    found = []
    for case, what, accounts in _held(asked):
        found += [Wanted(account, what, case.pk, f"case:{case.pk}:{case.waits_on}:{case.round}") for account in accounts]
    return found


def _held(asked: Sequence[tuple[Case, str, Sequence[str]]]) -> Iterator[tuple[Case, str, list[int]]]:
    """Who holds the posts in those roles for each case. One query for all of them."""
    if not asked:
        return
    roles = {role for _case, _what, some in asked for role in some}
    keys = {int(key) for case, _what, _some in asked for key in case.path.strip("/").split("/") if key}
    day = timezone.localdate()
    posts = Post.objects.filter(Q(end=None) | Q(end__gt=day), start__lte=day, role__in=roles, place__in=keys, side=Post.DESTINATION)
    held = list(posts.filter(account__is_active=True).values_list("role", "place__path", "department", "account_id"))
    for case, what, some in asked:
        accounts = {
            account for role, path, department, account in held
            if role in some and case.path.startswith(path) and department in ("", case.owner)
        }  # fmt: skip
        yield case, what, sorted(accounts)


def tell_of_reopening(case: Case, handler: int | None, *, by: Viewer, at: datetime) -> None:
    """Whoever had it, and whoever may put it into hands there."""
    (found,) = [accounts for _case, _what, accounts in _held([(case, "case.reopened", ("first_secretary", "county_department"))])]
    accounts = {*found, *([handler] if handler is not None else [])}
    key = f"case:{case.pk}:reopened:{case.reopened}"
    tell(_without([Wanted(account, "case.reopened", case.pk, key) for account in sorted(accounts)], by), at=at)


def tell_of_instruction(one: Instruction, *, by: Viewer, at: datetime) -> None:
    """Whoever puts cases into hands in that very place, and whoever has the case that it is about."""
    day, roles = timezone.localdate(), [code for code, role in ROLES.items() if "cases.assign" in role.may]
    posts = Post.objects.filter(Q(end=None) | Q(end__gt=day), start__lte=day, place=one.place_id, role__in=roles, account__is_active=True)
    accounts = set(posts.values_list("account_id", flat=True))
    if one.case is not None and one.case.assignee is not None:
        accounts.add(one.case.assignee)
    _told_of(one, "case.instructed", accounts - {by.account}, f"instruction:{one.pk}", at)


def tell_of_reply(one: Instruction, *, by: Viewer, at: datetime) -> None:
    """Whoever gave the instruction; of each new reply."""
    if one.given_account is not None:
        _told_of(one, "case.replied", {one.given_account} - {by.account}, f"instruction:{one.pk}:{one.replied_at:%Y%m%d%H%M%S}", at)


def _told_of(one: Instruction, what: str, accounts: Iterable[int | None], key: str, at: datetime) -> None:
    number, link = str(one.pk), f"/cases/instructions/{one.pk}/"
    due = {"until": one.due_on.isoformat()}
    notify_many([Told(account, what, number, link, f"{key}:to:{account}", due) for account in accounts if account is not None], at=at)


def _without(wanted: Iterable[Wanted], by: Viewer) -> list[Wanted]:
    """Nobody is told of what she has done herself."""
    return [one for one in wanted if one.account != by.account]
