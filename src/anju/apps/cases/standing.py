"""Whose move is next, until when, and how urgent it is: what follows from a case and is kept beside it for the queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from django.db.models import F

from anju.apps.cases.models import Approval, Asked, Case, CaseCount, CaseMark
from anju.apps.cases.ranks import Ranks
from anju.apps.cases.rules import casework, closing_of
from anju.core.casework.clocks import Deadlines, running
from anju.core.casework.states import ASSIGNED, FEEDBACK, IN_HAND, OVER, TO_ASSIGN, VERIFIED
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer

HANDLERS_MOVE = ("verify", "handle", "show")
"""What waits for the person who has the case: verification, measures and feedback, what the gate still lacks."""
OVER_MOVES = ("closed", "ended")
OPEN_URGENCIES, OVER_URGENCY = range(8), 99
"""`urgency` of what is open: by rank, of one rank what is overdue first; of what is over."""
AT_ONCE = 1_000


def waits_on(case: Case, asked: frozenset[str], approved: frozenset[str], ranks: Ranks | None = None) -> str:
    """`asked`: kinds of what a second person must decide; `approved`: roles that approved this round. `ranks`: of many, read for all."""
    if case.state in OVER:
        return case.state
    if case.contested or Asked.ARBITER in asked:
        return "arbitrate"
    if asked:
        return f"confirm:{case.level}"
    if case.state in TO_ASSIGN or case.assignee is None:
        return "assign"
    if case.state == ASSIGNED:
        return "verify"
    if case.state == VERIFIED:
        return f"judge:{case.level}"
    if case.state != FEEDBACK:
        return "handle"
    rules = closing_of(case.level)
    if rules.signed and not case.signed_by:
        return "sign"
    if case.observing:
        return "observe"
    if case.ready_on is None:
        return "show"
    left = [role for role in rules.approvals if role not in approved]
    found = ranks or Ranks([case])
    return f"close:{found.filled_by(left[0], case, found.busy(case)) if left else rules.approvals[-1]}"


def moves_of(viewer: Viewer) -> tuple[str, ...]:
    """What the post can move on, whoever has the case: values of `waits_on`."""
    rules = casework()
    found: list[str] = []
    if viewer.can("cases.assign") or viewer.can("cases.verify"):  # who verifies may take a case on that nobody has
        found.append("assign")
    for level in rules.clocks:
        judges = viewer.can("cases.judge") and viewer.role in rules.judge[level]
        closes = viewer.can("cases.close") and viewer.role in rules.closing[level].approvals
        found += [f"judge:{level}"] if judges else []
        found += [f"confirm:{level}"] if judges or closes else []
    if viewer.can("cases.sign"):
        found.append("sign")
    if viewer.can("cases.close"):
        found.append(f"close:{viewer.role}")
    if viewer.can("cases.arbitrate"):
        found.append("arbitrate")
    return tuple(found)


def moves_named(move: str) -> tuple[str, ...]:
    """The values of `waits_on` that a word means: 'judge' that of every level, 'close' that of every rank."""
    match move:
        case "judge" | "confirm":
            return tuple(f"{move}:{level}" for level in LEVELS)
        case "close":
            return tuple(sorted({f"close:{role}" for level in LEVELS for role in closing_of(level).approvals}))
    return (move,)


def settle(
    case: Case, day: date, *, asked: frozenset[str] | None = None, approved: frozenset[str] | None = None, ranks: Ranks | None = None
) -> None:  # fmt: skip
    """Sets what follows from the rest. Reads what was asked and approved where it is not given."""
    if asked is None:
        asked = frozenset(Asked.objects.filter(case=case, decided_at=None).values_list("kind", flat=True)) if case.pk else frozenset()
    if approved is None:
        approved = frozenset()
        if case.state == FEEDBACK:
            approved = frozenset(Approval.objects.filter(case=case, round=case.round).values_list("role", flat=True))
    case.waits_on = waits_on(case, asked, approved, ranks)
    limits = Deadlines(case.verify_due, case.judge_due, case.handle_due, case.close_due)
    case.deadline = deadline = running(case.state, limits, observing=case.waits_on == "observe")
    case.overdue = deadline is not None and day > deadline
    case.urgency = (4 - case.rank) * 2 + (0 if case.overdue else 1) if case.state not in OVER else OVER_URGENCY
    case.sort_on = deadline or case.observed_since or case.closed_on or case.opened_on


def settle_many(cases: Sequence[Case], day: date) -> None:
    """The same for many: two queries, and three more where any of them is to be closed, whatever their number."""
    keys = [case.pk for case in cases]
    asked: dict[int, set[str]] = {}
    for first in range(0, len(keys), AT_ONCE):
        found = Asked.objects.filter(case__in=keys[first : first + AT_ONCE], decided_at=None).values_list("case_id", "kind")
        for key, kind in found:
            asked.setdefault(key, set()).add(kind)
    approved: dict[tuple[int, int], set[str]] = {}
    fed_back = [case.pk for case in cases if case.state == FEEDBACK]
    for first in range(0, len(fed_back), AT_ONCE):
        given = Approval.objects.filter(case__in=fed_back[first : first + AT_ONCE]).values_list("case_id", "round", "role")
        for key, turn, role in given:
            approved.setdefault((key, turn), set()).add(role)
    ranks = Ranks(case for case in cases if case.state == FEEDBACK)
    for case in cases:
        given_in = frozenset(approved.get((case.pk, case.round), ()))
        settle(case, day, asked=frozenset(asked.get(case.pk, ())), approved=given_in, ranks=ranks)


# --- counts --------------------------------------------------------------------------------------------------------------

Key = tuple[Any, ...]
"""Of a CaseCount (side, place, owner, standard, level, waits_on, overdue), or of a CaseMark (MARK, place, owner, what)."""
MARK = "mark"
TOLD_ABOVE = 2  # ranks told, the handler among them: from here on somebody above knows
_together: ContextVar[Counter[Key] | None] = ContextVar("together", default=None)


def keys_of(case: Case) -> list[Key]:
    """Every count a case is part of: its places and all above, on either side."""
    found: list[Key] = []
    for side, path in ((CaseCount.DESTINATION, case.path), (CaseCount.ORIGIN, case.origin_path)):
        for place in {0, *(int(part) for part in path.split("/") if part)} if path is not None else ():
            found.append((side, place, case.owner, case.standard, case.level, case.waits_on, case.overdue))
    marks = marks_of(case)
    for place in {0, *(int(part) for part in case.path.split("/") if part)} if marks else ():
        found += [(MARK, place, case.owner, what) for what in marks]
    return found


def marks_of(case: Case) -> list[str]:
    """What supervision counts of a case. How handling ended is known once it was fed back, or its day has passed."""
    open_ = case.state not in OVER
    marks = {
        "open": open_, "overdue": open_ and case.overdue, "returned": open_ and case.returned > 0, "reopened": open_ and case.reopened > 0,
        "contested": open_ and case.contested, "passed": open_ and case.passed_on > 0,
        "escalated": open_ and case.escalated >= TOLD_ABOVE,
    }  # fmt: skip
    found = [what for what, holds in marks.items() if holds]
    if case.handle_due is not None:
        if case.fed_back_on is not None:
            found.append(f"{'in_time' if case.fed_back_on <= case.handle_due else 'late'}:{case.handle_due:%Y-%m}")
        elif case.overdue and case.state in IN_HAND:
            found.append(f"late:{case.handle_due:%Y-%m}")
    return found


def count_moved(before: Iterable[Key], after: Iterable[Key]) -> None:
    """The counts after cases have moved, in the transaction that moved them."""
    moved: Counter[Key] = Counter(after)
    moved.subtract(before)
    kept = _together.get()
    if kept is not None:
        for key, n in moved.items():
            kept[key] += n
    else:
        write_counts(moved)


@contextmanager
def counted_together() -> Iterator[None]:
    """Many acts in one transaction, counted once at its end: for whoever moves cases by the thousand."""
    moved: Counter[Key] = Counter()
    token = _together.set(moved)
    try:
        yield
    finally:
        _together.reset(token)
    write_counts(moved)


NAMES = ("side", "place_id", "owner", "standard", "level", "waits_on", "overdue")
MARKED = ("place_id", "owner", "what")
ONE_BY_ONE = 40  # keys; more are read and written as a set


def write_counts(moved: Mapping[Key, int]) -> None:
    """Whoever writes cases is alone at it (`moving.one_at_a_time`): what was read is still so when it is written."""
    changed = {key: n for key, n in sorted(moved.items()) if n}
    _write(CaseCount, NAMES, {key: n for key, n in changed.items() if key[0] != MARK})
    _write(CaseMark, MARKED, {key[1:]: n for key, n in changed.items() if key[0] == MARK})


def _write(model: type[CaseCount] | type[CaseMark], names: Sequence[str], changed: Mapping[Key, int]) -> None:
    table = model._default_manager
    if len(changed) > ONE_BY_ONE:
        _write_many(model, names, changed)
        return
    for key, n in changed.items():
        where = dict(zip(names, key, strict=True))
        if not table.filter(**where).update(n=F("n") + n):
            table.create(**where, n=n)


def _write_many(model: type[CaseCount] | type[CaseMark], names: Sequence[str], changed: Mapping[Key, int]) -> None:
    table: Any = model._default_manager
    at = list(names).index("place_id")
    places = sorted({key[at] for key in changed})
    known: dict[Key, int] = {}
    for first in range(0, len(places), 500):
        for *key, n in table.filter(place_id__in=places[first : first + 500]).values_list(*names, "n"):
            known[tuple(key)] = n
    rows = [model(**dict(zip(names, key, strict=True)), n=known.get(key, 0) + n) for key, n in changed.items()]
    table.bulk_create(rows, 500, update_conflicts=True, unique_fields=list(names), update_fields=["n"])
