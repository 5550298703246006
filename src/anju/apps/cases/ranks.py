"""Who may decide about a case: whoever had it in hand never does, and where nobody is free in a rank, the rank that stands in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from anju.apps.cases.models import Approval, Asked, Case, CaseEvent
from anju.apps.cases.rules import casework, closing_of
from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import Step
from anju.core.terms.viewer import Viewer

IN_HAND_BY = ("verify", "plan_measure", "finish_measure", "feed_back")
DECIDING = frozenset({"cases.assign", "cases.judge", "cases.sign", "cases.close", "cases.arbitrate"})
AT_ONCE = 1_000


class Ranks:
    """Of these cases: who had each in hand, what waits for a second person, who has approved, and who holds which post there today. Each is
    read once for all of them, when it is first asked for."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = {case.pk: case for case in cases}

    def handlers(self, case: Case) -> set[int]:
        """Accounts that ever had the case in hand: whoever is assigned, verified, did a measure, fed back. None of them closes it, in
        whatever round: the measures of earlier rounds still speak for it."""
        return self._handled.get(case.pk, set()) | ({case.assignee} if case.assignee is not None else set())

    def asked(self, case: Case) -> list[Asked]:
        """What waits for a second person's word."""
        return self._asked.get(case.pk, [])

    def returners(self, case: Case) -> set[int]:
        """Who returned it last: no arbiter of that."""
        found = self._returned.get(case.pk)
        return {found} if found is not None else set()

    def busy(self, case: Case) -> set[int]:
        """Accounts that cannot approve any more: they had it in hand, or have approved in this round."""
        return self.handlers(case) | self._approved.get((case.pk, case.round), set())

    def holders(self, role: str, case: Case) -> set[int]:
        """Who holds that rank for the matter there today."""
        places = [int(part) for part in case.path.split("/") if part]
        return {
            account
            for place in places
            for department, account in self._held.get((role, place), ())
            if department in ("", case.owner)
        }  # fmt: skip

    def free(self, role: str, case: Case, busy: Collection[int]) -> set[int]:
        return {account for account in self.holders(role, case) if account not in busy}

    def filled_by(self, role: str, case: Case, busy: Collection[int]) -> str:
        """The rank that decides in the place of `role`: itself where somebody free holds it there, else the first that stands in and has
        somebody; itself again where nobody has."""
        chain = [role]
        while (nxt := casework().standing_in.get(chain[-1])) is not None and nxt not in chain:
            chain.append(nxt)
        return role if len(chain) == 1 else next((each for each in chain if self.free(each, case, busy)), role)

    def stands_in(self, role: str, roles: Iterable[str], case: Case, busy: Collection[int]) -> bool:
        """Whether a rank decides in the place of one of `roles`, because nobody free holds any of them."""
        wanted = list(roles)
        if any(self.free(each, case, busy) for each in wanted):
            return False
        return any(self.filled_by(each, case, busy) == role for each in wanted)

    def first(self, roles: Sequence[str], case: Case, busy: Collection[int]) -> set[int]:
        """Of these ranks, who is free in the first that has anybody; else who stands in."""
        for each in (*roles, *(self.filled_by(role, case, busy) for role in roles)):
            if found := self.free(each, case, busy):
                return found
        return set()

    @cached_property
    def _handled(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for some in self._some():
            events = CaseEvent.objects.filter(case__in=some, what__in=IN_HAND_BY).exclude(account=None)
            for key, account in events.values_list("case_id", "account").distinct():
                found.setdefault(key, set()).add(account)  # type: ignore[arg-type]
        return found

    @cached_property
    def _asked(self) -> dict[int, list[Asked]]:
        found: dict[int, list[Asked]] = {}
        for some in self._some():
            for one in Asked.objects.filter(case__in=some, decided_at=None).order_by("pk"):
                found.setdefault(one.case_id, []).append(one)
        return found

    @cached_property
    def _returned(self) -> dict[int, int | None]:
        found: dict[int, int | None] = {}
        for some in self._some():
            found |= dict(CaseEvent.objects.filter(case__in=some, what="return_back").order_by("pk").values_list("case_id", "account"))
        return found

    @cached_property
    def _approved(self) -> dict[tuple[int, int], set[int]]:
        found: dict[tuple[int, int], set[int]] = {}
        for some in self._some():
            given = Approval.objects.filter(case__in=some).exclude(account=None).values_list("case_id", "round", "account")
            for key, turn, account in given:
                found.setdefault((key, turn), set()).add(account)  # type: ignore[arg-type]
        return found

    @cached_property
    def _held(self) -> dict[tuple[str, int], list[tuple[str, int]]]:
        day = timezone.localdate()
        places = {int(part) for case in self._cases.values() for part in case.path.split("/") if part}
        roles = [code for code, role in ROLES.items() if role.may & DECIDING]
        posts = Post.objects.filter(Q(end=None) | Q(end__gt=day), role__in=roles, place__in=places, start__lte=day, side=Post.DESTINATION)
        found: dict[tuple[str, int], list[tuple[str, int]]] = {}
        held = posts.filter(account__is_active=True).values_list("role", "place_id", "department", "account_id")
        for role, place_id, department, account in held:
            found.setdefault((role, place_id), []).append((department, account))
        return found

    def _some(self) -> Iterator[list[int]]:
        keys = list(self._cases)
        for start in range(0, len(keys), AT_ONCE):
            yield keys[start : start + AT_ONCE]


def roles_for(step: Step, level: str) -> list[str]:
    """Roles whose posts may take a step with a case of that level, in the places and departments of the post: none for what the platform
    does. Where nobody is free in a rank, the one that stands in may too."""
    decide = None
    if step.by_level:
        decide = casework().judge[level] if step.by_level == "judge" else casework().closing[level].approvals
    return [code for code, role in ROLES.items() if role.may & set(step.acts) and (decide is None or code in decide)]


def handlers_of(case: Case) -> set[int]:
    """Accounts that ever had the case in hand."""
    return Ranks([case]).handlers(case)


def ranks_for(case: Case, by: Viewer, ranks: Ranks | None = None) -> list[str]:
    """Among the ranks that the level asks for, those in which the post may approve: its own, or one that it stands in for."""
    wanted = closing_of(case.level).approvals
    own = [role for role in wanted if role == by.role]
    if by.role not in casework().standing_in.values():
        return own
    found = ranks or Ranks([case])
    busy = found.busy(case)
    return own + [role for role in wanted if role != by.role and found.filled_by(role, case, busy) == by.role]
