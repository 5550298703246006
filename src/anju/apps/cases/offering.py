"""Which steps somebody may take with a case as it stands: what a page offers her. The steps themselves ask again when one is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from anju.apps.cases.models import Approval, Asked, Case, CaseEvent, LookBack, Measure
from anju.apps.cases.moving import may_decide
from anju.apps.cases.queries import asked_of, look_backs_of, measures_of
from anju.apps.cases.ranks import handlers_of, ranks_for
from anju.apps.cases.rules import closing_of, today
from anju.apps.cases.steps.closing import decisions_known
from anju.core.casework.states import CLOSED, FEEDBACK, OPEN, RETURNED, STEPS, TO_ASSIGN
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Known:
    """What belongs to a case, read once for a page. `handlers`: accounts that ever had it in hand."""

    case: Case
    asked: list[Asked]
    measures: list[Measure]
    approvals: list[Approval]
    look_backs: list[LookBack]
    handlers: set[int]
    day: date

    def waiting(self, kind: str) -> Asked | None:
        """What one person asks and nobody has decided yet."""
        return next((one for one in self.asked if one.kind == kind and one.decided_at is None), None)

    @property
    def round_measures(self) -> list[Measure]:
        return [one for one in self.measures if one.round == self.case.round]

    @property
    def left(self) -> list[Measure]:
        """Measures that are planned and not done."""
        return [one for one in self.measures if one.done_on is None]

    @property
    def round_approvals(self) -> list[Approval]:
        return [one for one in self.approvals if one.round == self.case.round]

    def look_back_due(self, by: Viewer) -> LookBack | None:
        """The first look-back that is due and that the viewer may make."""
        for one in self.look_backs:
            own = one.kind == LookBack.RANDOM and by.account is not None and (by.account in self.handlers or by.account == one.not_account)
            if one.done_at is None and one.due_on <= self.day and not own:
                return one
        return None


def known_of(case: Case) -> Known:
    """Five queries."""
    approvals = list(Approval.objects.filter(case=case).order_by("pk"))
    return Known(case, asked_of(case), measures_of(case), approvals, look_backs_of(case), handlers_of(case), today())


def offered(by: Viewer, known: Known) -> frozenset[str]:
    """Names of steps (`core/casework/states.STEPS`), and besides them 'take', 'attach', 'answer', 'make_link',
    'decision' and 'name_lead'."""
    case = known.case
    found = {name for name in STEPS if _stands_open(name, case, by) and _ASKS.get(name, _always)(by, known)}
    if case.state in OPEN and case.assignee is None and by.account is not None and (by.can("cases.verify") or by.can("cases.assign")):
        found.add("take")
    if case.state in OPEN - TO_ASSIGN and by.can("cases.handle") and _in_hand(by, known):
        found.add("attach")
    if case.state == FEEDBACK and case.household_id is not None and (by.can("cases.handle") or by.can("cases.assign")):
        found |= {"answer", "make_link"}
    if case.state in OPEN and (by.can("cases.judge") or by.can("cases.close")) and decisions_known(case.standard):
        found.add("decision")
    if case.state in OPEN and case.household_id is not None and by.can("cases.assign"):
        found.add("name_lead")
    return frozenset(found)


def _stands_open(name: str, case: Case, by: Viewer) -> bool:
    step = STEPS[name]
    return any(by.can(act) for act in step.acts) and case.state in step.sources and (not step.by_level or may_decide(case, step, by))


def _always(by: Viewer, known: Known) -> bool:
    return True


def _in_hand(by: Viewer, known: Known) -> bool:
    return by.account == known.case.assignee or by.can("cases.assign")


def _handles(by: Viewer, known: Known) -> bool:
    """Whether she may go on with it: not while an arbiter is asked about its return."""
    asked = known.waiting(Asked.ARBITER)
    return _in_hand(by, known) and not (asked is not None and asked.detail.get("about") == "return")


def _apart(by: Viewer, known: Known) -> bool:
    """Whether she had no part in handling it."""
    return by.account not in known.handlers


def _second(kind: str) -> Callable[[Viewer, Known], bool]:
    """Whether something of that kind waits for a second person, and she is one."""

    def asks(by: Viewer, known: Known) -> bool:
        asked = known.waiting(kind)
        return asked is not None and by.account != asked.asked_account and _apart(by, known)

    return asks


def _judges(by: Viewer, known: Known) -> bool:
    if known.case.rank < RANK["orange"]:
        return True
    last = CaseEvent.objects.filter(case=known.case, what="verify").order_by("-pk").values_list("account", flat=True).first()
    return by.account not in (known.case.assignee, last)


def _lowers(by: Viewer, known: Known) -> bool:
    return known.case.rank > RANK["yellow"] and _apart(by, known)


def _feeds_back(by: Viewer, known: Known) -> bool:
    return _handles(by, known) and bool(known.round_measures) and not known.left


def _signs(by: Viewer, known: Known) -> bool:
    return closing_of(known.case.level).signed and not known.case.signed_by and _apart(by, known)


def _contests(by: Viewer, known: Known) -> bool:
    return known.case.state == RETURNED and by.account == known.case.assignee and known.waiting(Asked.ARBITER) is None


def _arbitrates(by: Viewer, known: Known) -> bool:
    asked = known.waiting(Asked.ARBITER)
    if asked is None or by.account == asked.asked_account or not _apart(by, known):
        return False
    returner = CaseEvent.objects.filter(case=known.case, what="return_back").order_by("-pk").values_list("account", flat=True).first()
    return by.account != returner


def _approves(by: Viewer, known: Known) -> bool:
    if known.waiting(Asked.END) is not None or known.waiting(Asked.ARBITER) is not None:
        return False
    given = known.round_approvals
    left = set(ranks_for(known.case, by)) - {one.role for one in given}
    return bool(left) and _apart(by, known) and by.account not in {one.account for one in given}


def _proposes_end(by: Viewer, known: Known) -> bool:
    return known.waiting(Asked.END) is None and (by.can("cases.judge") or by.account == known.case.assignee)


def _asks_for_time(by: Viewer, known: Known) -> bool:
    return _handles(by, known) and not known.case.extended and known.waiting(Asked.EXTENSION) is None


def _asks_exception(by: Viewer, known: Known) -> bool:
    excepted = any(one.kind == Asked.EXCEPTION and one.granted and one.detail.get("round") == known.case.round for one in known.asked)
    proven = known.case.clearing == "true" and known.case.fresh
    return bool(known.case.standard) and _in_hand(by, known) and not (excepted or proven) and known.waiting(Asked.EXCEPTION) is None


def _looks_back(by: Viewer, known: Known) -> bool:
    return known.case.state == CLOSED and known.look_back_due(by) is not None


_ASKS: dict[str, Callable[[Viewer, Known], bool]] = {
    "assign": lambda by, known: known.case.assignee is None, "hand_on": lambda by, known: known.case.assignee is not None,
    "verify": _in_hand, "judge": _judges, "lower": _lowers, "transfer": lambda by, known: not known.case.contested, "plan_measure": _handles,
    "finish_measure": lambda by, known: _handles(by, known) and bool(known.left),
    "drop_measure": lambda by, known: _handles(by, known) and bool(known.left),
    "feed_back": _feeds_back, "sign": _signs, "return_back": _apart, "contest": _contests, "arbitrate": _arbitrates, "close": _approves,
    "propose_end": _proposes_end, "confirm_end": _second(Asked.END), "ask_extension": _asks_for_time,
    "grant_extension": _second(Asked.EXTENSION), "ask_exception": _asks_exception, "grant_exception": _second(Asked.EXCEPTION),
    "look_back": _looks_back,
}  # fmt: skip
