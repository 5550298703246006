"""Who is told of what happens to a case, once: number and link, never what it is about. Within the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from anju.apps.cases.models import Asked, Case, FamilyLead, Instruction
from anju.apps.cases.ranks import Ranks
from anju.apps.cases.rules import casework, closing_of
from anju.apps.cases.told import ASKS, ASSIGNERS, CLOSERS, FORMER, HANDLER, JUDGES, LEAD, LISTS, MOVES, NAMED, OUTCOMES, ROLES_TOLD, Row
from anju.apps.notices.actions import Told, notify_many
from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer

FEW = 5  # of one kind for one person; more are told as one, with their number and their list
_gathered: ContextVar[list[Wanted] | None] = ContextVar("gathered", default=None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One person to be told of one case; of none, where the list of its kind says it all. `key` names the event; with the account it makes
    the telling unique."""

    account: int
    what: str
    case: int | None
    key: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A case after a step: what it waited for before, and who is told what came of it beside whoever has it."""

    case: Case
    waited: str
    concerned: frozenset[int] = frozenset()


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
    for one in dict.fromkeys(wanted):
        groups.setdefault((one.account, one.what), []).append(one)
    told: list[Told] = []
    for (account, what), of_one_kind in groups.items():
        if len(of_one_kind) <= FEW:
            told += [
                Told(account, what, f"{one.case or ''}", f"/cases/{one.case}/" if one.case else LISTS[what], f"{one.key}:to:{account}")
                for one in of_one_kind
            ]
            continue
        key = f"{of_one_kind[0].key}:and:{len(of_one_kind) - 1}:to:{account}"
        told.append(Told(account, what, "", LISTS[what], key, {"n": len(of_one_kind)}))
    if told:
        notify_many(told, at=at)


def tell_of_step(moved: Sequence[Moved], what: str, *, by: Viewer, at: datetime) -> None:
    """After a step: who is told what came of it, then whose act is next and was not before; of one case each person once. A fixed number of
    queries, whatever the number of cases."""
    ranks, wanted = Ranks(one.case for one in moved), []
    outcome = OUTCOMES.get(what)
    for one in _seen(moved) if outcome is not None else moved:
        told: set[int] = set()
        found = [(outcome, _heard(outcome, one, ranks), f"case:{one.case.pk}:{what}:{one.case.version}")] if outcome is not None else []
        for row, accounts, key in [*found, *_next(one, what, ranks)]:
            wanted += [Wanted(account, row.what, one.case.pk, key) for account in sorted(accounts - told - {by.account})]
            told |= accounts
    tell(wanted, at=at)


def _seen(moved: Sequence[Moved]) -> list[Moved]:
    """Without those concerned who see the case no more: it has gone to another department since, or she has."""
    accounts = {account for one in moved for account in one.concerned}
    if not accounts:
        return list(moved)
    day = timezone.localdate()
    held = Post.objects.filter(Q(end=None) | Q(end__gt=day), start__lte=day, account__in=accounts)
    posts = list(held.values_list("account_id", "side", "place__path", "department"))

    def sees(account: int, case: Case) -> bool:
        return any(
            who == account
            and department in ("", case.owner)
            and ((case.path if side == Post.DESTINATION else case.origin_path) or "").startswith(path)
            for who, side, path, department in posts
        )

    return [replace(one, concerned=frozenset(account for account in one.concerned if sees(account, one.case))) for one in moved]


def _heard(row: Row, one: Moved, ranks: Ranks) -> set[int]:
    """Who hears what came of a step."""
    case = one.case
    hers = {case.assignee} if case.assignee is not None else set()
    if row.to == ASSIGNERS:
        return ranks.first(ROLES_TOLD[ASSIGNERS], case, ranks.handlers(case))
    if row.to != FORMER:
        return hers if row.to == HANDLER else hers | one.concerned
    return set(one.concerned) | ranks.holders("first_secretary", case) | ranks.holders("county_department", case)


def _next(one: Moved, what: str, ranks: Ranks) -> Iterator[tuple[Row, set[int], str]]:
    """Whose act is next: of each thing that is waited for now and was not before, who does it, and the key of the telling."""
    case, kind = one.case, ASKS.get(what)
    move, _colon, which = case.waits_on.partition(":")
    moved = case.waits_on != one.waited or what == "transfer"  # another department's people
    if kind is not None or (move == "confirm" and moved):
        for asked in ranks.asked(case):
            if asked.kind == kind or (kind is None and asked.kind != Asked.ARBITER):
                row, busy = MOVES[f"confirm:{asked.kind}"], ranks.handlers(case) | {asked.asked_account or 0}
                yield row, ranks.first(_roles(row, case, which), case, busy), f"asked:{asked.pk}"
    if what == "reopen" or not moved or move not in MOVES:
        return
    row = MOVES[move]
    turn = f"{case.version}" if move == "assign" else f"{case.round}.{case.returned}"
    key = f"case:{case.pk}:{case.waits_on}:{turn}"
    if row.to == HANDLER:
        yield row, {case.assignee} if case.assignee is not None else set(), key
    else:
        yield row, ranks.first(_roles(row, case, which), case, _busy(move, case, ranks)), key


def _roles(row: Row, case: Case, which: str) -> Sequence[str]:
    """The ranks that are told, the first of them with somebody free."""
    if row.to == JUDGES:
        return casework().judge.get(case.level, ())
    if row.to == CLOSERS:
        return closing_of(case.level).approvals
    return (which,) if row.to == NAMED else ROLES_TOLD[row.to]


def _busy(move: str, case: Case, ranks: Ranks) -> set[int]:
    """Who cannot do it: had the case in hand, has approved, has a part in the dispute."""
    match move:
        case "assign":
            return set()
        case "judge":
            return ranks.handlers(case) if case.rank >= RANK["orange"] else set()
        case "arbitrate":
            return ranks.handlers(case) | {one.asked_account or 0 for one in ranks.asked(case)} | ranks.returners(case)
        case "close":
            return ranks.busy(case)
    return ranks.handlers(case)


def tell_of_lead(lead: FamilyLead, *, by: Viewer, at: datetime) -> None:
    """Whoever answers for a family from now on."""
    key = f"lead:{lead.household_id}:{at:%Y%m%d%H%M%S}"
    tell(_without([Wanted(lead.account, LEAD, None, key)], by), at=at)


def tell_of_instruction(one: Instruction, *, by: Viewer, at: datetime) -> None:
    """Whoever puts cases into hands in that very place, where nobody does in the nearest above it; and whoever has the case that it is
    about."""
    day, roles = timezone.localdate(), [code for code, role in ROLES.items() if "cases.assign" in role.may]
    places = [int(part) for part in one.path.split("/") if part]
    posts = Post.objects.filter(Q(end=None) | Q(end__gt=day), start__lte=day, place__in=places, role__in=roles, side=Post.DESTINATION)
    held = list(posts.filter(account__is_active=True).values_list("place_id", "account_id"))
    accounts = next((found for place in reversed(places) if (found := {who for at_, who in held if at_ == place})), set())
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
