"""What has been shown of a case so far, and the checklist of what its closing still needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from anju.apps.attachments.queries import counts_of
from anju.apps.cases.models import Answer, Approval, Asked, Case, CaseEvent, CaseVisit, Measure
from anju.apps.cases.rules import asks_household, closes_by, closing_of, today
from anju.core.casework.gate import Requirement, Shown, checklist
from anju.core.contracts.model import Bilingual


def shown_of_many(cases: Sequence[Case], waits: Mapping[int, Sequence[Bilingual]] | None = None) -> dict[int, Shown]:
    """By number. `waits`: what the condition still waits for, in words, where the caller has asked the data. Seven queries whatever the
    number of cases; two fewer before the first measure, one more where some were opened again. The visit by which a case was verified shows
    nothing of a measure, though it may be of the same day."""
    keys, first = [case.pk for case in cases], _first_rounds(cases)
    measures: dict[int, list[tuple[int, date | None]]] = defaultdict(list)
    for key, turn, measure, on in Measure.objects.filter(case__in=keys, dropped_at=None).values_list("case_id", "round", "pk", "done_on"):
        if turn >= first[key]:
            measures[key].append((measure, on))
    about = {
        key: [f"measure:{measure}" for measure, on in measures[key] if on is not None] + ([f"case:{key}"] if first[key] == 1 else [])
        for key in keys
    }  # fmt: skip
    files = counts_of(one for some in about.values() for one in some)
    visits = _visits_after(cases)
    answers = {
        (key, turn): answer
        for key, turn, answer in Answer.objects.filter(case__in=keys).order_by("at", "pk").values_list("case_id", "round", "answer")
    }
    approved: dict[tuple[int, int], set[str]] = defaultdict(set)
    for key, turn, role in Approval.objects.filter(case__in=keys).values_list("case_id", "round", "role"):
        approved[key, turn].add(role)
    granted = Asked.objects.filter(case__in=keys, kind=Asked.EXCEPTION, granted=True)
    excepted = set(granted.values_list("case_id", "detail__round"))
    found = {}
    for case in cases:
        done = [measure for measure, on in measures[case.pk] if on is not None]
        modes = visits[case.pk]
        found[case.pk] = Shown(
            closing=closes_by(case.standard, case.level, today()), measures=len(done), measures_open=len(measures[case.pk]) - len(done),
            measured_on=case.measured_on, files=sum(files.get(one, 0) for one in about[case.pk]),
            clearing=(case.clearing or "unknown") if case.standard else "", fresh=case.fresh, waits=tuple((waits or {}).get(case.pk, ())),
            visit="door" if "door" in modes else next(iter(sorted(modes)), ""), answer=answers.get((case.pk, case.round), ""),
            asks_household=asks_household(case.standard, case.household_id), signed_by=case.signed_by,
            approved=frozenset(approved[case.pk, case.round]), excepted=(case.pk, case.round) in excepted,
        )  # fmt: skip
    return found


def _visits_after(cases: Sequence[Case]) -> dict[int, set[str]]:
    """How somebody was there since the measure, by case."""
    since = {case.pk: case.measured_on for case in cases if case.measured_on is not None}
    found: dict[int, set[str]] = defaultdict(set)
    if since:
        verifying = set(CaseEvent.objects.filter(case__in=since, what="verify").values_list("case_id", "detail__visit"))
        for key, visit, on, mode in CaseVisit.objects.filter(case__in=since, met=True).values_list("case_id", "visit", "on", "mode"):
            if (key, visit) not in verifying and on >= since[key]:
                found[key].add(mode)
    return found


def _first_rounds(cases: Sequence[Case]) -> dict[int, int]:
    """The round since which each case is open: what was done before it closed does not show that it is solved again."""
    found = {case.pk: 1 for case in cases}
    again = [case.pk for case in cases if case.reopened]
    if again:
        for key, turn in CaseEvent.objects.filter(case__in=again, what="reopen").order_by("pk").values_list("case_id", "detail__round"):
            found[key] = int(turn or 1)
    return found


def checklists_of(cases: Sequence[Case]) -> dict[int, tuple[Requirement, ...]]:
    """By number; with as many queries as for one."""
    shown = shown_of_many(cases)
    return {case.pk: checklist(shown[case.pk], closing_of(case.level)) for case in cases}


def checklist_of(case: Case, waits: Sequence[Bilingual] = ()) -> tuple[Requirement, ...]:
    return checklist(shown_of_many([case], {case.pk: waits})[case.pk], closing_of(case.level))
