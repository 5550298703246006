"""What the data say about cases that were fed back: whether the condition for closing holds, on rows later than the measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from django.db import transaction

from anju.apps.cases.gate import checklists_of
from anju.apps.cases.models import Case
from anju.apps.cases.moving import PLATFORM, happened, one_at_a_time, write_many
from anju.apps.cases.rules import clocks_of, due, today
from anju.apps.cases.standing import count_moved, keys_of, settle_many
from anju.apps.cases.telling import Moved, tell_of_step, told_together
from anju.apps.cases.told import LOOK
from anju.apps.findings.clearing import Asked, clearing, clearings
from anju.apps.findings.current import policy
from anju.apps.findings.models import Run
from anju.apps.findings.queries import current_run
from anju.core.casework.gate import Requirement, only_waits, ready
from anju.core.casework.states import FEEDBACK
from anju.core.contracts.model import Bilingual
from anju.core.standards.clearing import Clearing
from anju.core.terms.viewer import Viewer

AT_ONCE = 1_000
Answers: TypeAlias = dict[Asked, Clearing]


def watch(*, data: Path, at: datetime, numbers: Sequence[int] | None = None, by: Viewer = PLATFORM) -> int:
    """Asks the current run about every case that was fed back (or these), and moves those on whose gate lacks nothing but approvals.
    Answers how many have changed. Twice changes nothing. `by`: who has shown something, and is not told of it."""
    run = current_run()
    found = Case.objects.filter(state=FEEDBACK)
    if numbers is not None:
        found = found.filter(pk__in=numbers)
    waiting = list(found.order_by("pk").only("pk", "standard", "subject_id", "measured_on", "seen_run"))
    answers = _ask(waiting, run, data, {})  # of all at once: about places and employers it opens every delivery there is
    keys = [case.pk for case in waiting]
    return sum(_watch_some(keys[first : first + AT_ONCE], run, data, answers, at, by) for first in range(0, len(keys), AT_ONCE))


@transaction.atomic
def _watch_some(keys: Sequence[int], run: Run | None, data: Path, answers: Answers, at: datetime, by: Viewer) -> int:
    one_at_a_time()
    cases = list(Case.objects.select_for_update().filter(pk__in=keys, state=FEEDBACK).order_by("pk"))
    answers = _ask(cases, run, data, answers)  # again of a case whose measure has become another meanwhile
    with told_together(at):
        return len(look_at_many(cases, _said(cases, run, answers), run=run, by=by, at=at))


def _ask(cases: Iterable[Case], run: Run | None, data: Path, answers: Answers) -> Answers:
    """`answers` with those that are not yet there. What a run has said of a case stands until the next one, for a measure that is done
    later is fed back anew."""
    if run is None:
        return answers
    asked = {one for case in cases if case.seen_run != run.pk for one in _asked(case)} - answers.keys()
    return answers | clearings(policy(), data, run, sorted(asked)) if asked else answers


def _said(cases: Iterable[Case], run: Run | None, answers: Answers) -> dict[int, tuple[str, bool]]:
    """Whether the condition of each case holds, and on later rows; nothing of those that nobody can ask about."""
    said = {case.pk: (answers[one].state, answers[one].fresh) for case in cases for one in _asked(case) if one in answers}
    return said | {case.pk: (case.clearing, case.fresh) for case in cases if run is not None and case.seen_run == run.pk}


def _asked(case: Case) -> list[Asked]:
    """What there is to ask about it: one thing or none."""
    return [Asked(case.standard, case.subject_id, case.measured_on)] if case.standard and case.measured_on else []


def look_at_many(
    cases: Sequence[Case], said: Mapping[int, tuple[str, bool]], *, run: Run | None, by: Viewer, at: datetime, quiet: bool = False
) -> list[Case]:  # fmt: skip
    """Those of the cases, all fed back, that have changed by what the data `said` (whether the condition holds, and on later rows), or by
    what was shown since. In the transaction of the caller. `quiet`: the caller tells whose act is next."""
    before = {case.pk: (keys_of(case), case.version, _stands(case)) for case in cases}
    seen = {case.pk: case.seen_run for case in cases}
    day = today()
    for case in cases:
        case.clearing, case.fresh = said.get(case.pk, ("", False))
        case.seen_run = run.pk if run is not None else None
    lists = checklists_of(cases)
    for case in cases:
        _see(case, lists[case.pk], day)
    settle_many(cases, day)
    changed = [case for case in cases if _stands(case) != before[case.pk][2]]
    for case in changed:
        case.version += 1
    write_many([(case, before[case.pk][1]) for case in changed])
    moved = {case.pk for case in changed}
    anew = [case.pk for case in cases if case.pk not in moved and case.seen_run != seen[case.pk]]
    if anew:  # asked, and nothing has changed: not to be asked again of the same run
        Case.objects.filter(pk__in=anew).update(seen_run=run.pk if run is not None else None)
    count_moved([key for case in changed for key in before[case.pk][0]], [key for case in changed for key in keys_of(case)])
    was = {case.pk: before[case.pk][2] for case in changed}
    if not quiet:
        tell_of_step([Moved(case, was[case.pk].waits_on) for case in changed], LOOK, by=by, at=at)
    became = [case for case in changed if case.ready_on is not None and was[case.pk].ready_on is None]
    happened(became, "ready", at=at)
    happened([case for case in changed if case not in became and case.observing and not was[case.pk].observing], "observing", at=at)
    return changed


class _Stands(NamedTuple):
    """What a look at the gate may change."""

    clearing: str
    fresh: bool
    observing: bool
    ready_on: date | None
    waits_on: str


def _stands(case: Case) -> _Stands:
    return _Stands(case.clearing, case.fresh, case.observing, case.ready_on, case.waits_on)


def _see(case: Case, needed: Sequence[Requirement], day: date) -> None:
    was_observing = case.observing
    case.observing = only_waits(needed)
    case.observed_since = (case.observed_since or day) if case.observing else None
    if ready(needed) and case.ready_on is None:
        case.ready_on, case.close_due, case.escalated = day, due(day, clocks_of(case.level).close), 0
    elif not ready(needed):
        case.ready_on = None
        if was_observing and not case.observing:  # observation is never overdue: what is to be shown now has its own days
            case.close_due, case.escalated = due(day, clocks_of(case.level).close), 0


def look_now(case: Case, *, by: Viewer, at: datetime, waited: str = "", what: str = LOOK) -> Case:
    """The gate of a case that was fed back, after something was shown: with what the last run said. In the transaction of the caller.
    `waited`: what it waited for before a step that has told nobody yet, `what`."""
    run = Run.objects.filter(pk=case.seen_run).first() if case.seen_run is not None else None
    look_at_many([case], {case.pk: (case.clearing, case.fresh)}, run=run, by=by, at=at, quiet=bool(waited))
    if waited:
        tell_of_step([Moved(case, waited)], what, by=by, at=at)
    return case


def waits_of(case: Case, data: Path) -> tuple[Bilingual, ...]:
    """What the condition still waits for, in words, for one page; asked of the data now."""
    run = current_run()
    if run is None or not case.standard or case.measured_on is None:
        return ()
    found = clearing(policy(), data, run, case.standard, case.subject_id, case.measured_on)
    return tuple(Bilingual(wait.en, wait.zh) for wait in found.waits)
