"""The loop on a family's page: what is open and in whose hands, how far each case is and what comes next; what is over; what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from anju.apps.alerts.models import EpisodeEvent
from anju.apps.cases.families import FamilyCase, FamilyEvent
from anju.apps.cases.models import Case, CaseEvent
from anju.apps.cases.offering import Known
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.findings.need_to_know import is_secret, may_know
from anju.core.casework.states import TO_ASSIGN
from anju.core.terms.viewer import Viewer
from anju.web.cases.case import Step, steps_of
from anju.web.cases.rows import Mark, marks_of, words_of
from anju.web.cases.words import next_words, told_words
from anju.web.families.timeline import Line, light_of
from anju.web.layout.current import policy

SEES = ("cases.see", "cases.supervise", "cases.audit")
TOLD = frozenset({
    "take", "assign", "hand_on", "verify", "judge", "finish_measure", "feed_back", "answered", "return_back", "close", "end", "reopen",
})  # fmt: skip
"""What is of the family and not of the papers: each a line of what happened."""
MARKS = {"close": "ok", "reopen": "red", "return_back": "yellow"}


@dataclass(frozen=True, slots=True)
class InHand:
    """One open case: how far it is, and what is to be done next."""

    case: Case
    head: Any
    promise: Any
    steps: list[Step]
    hands: str
    move: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Over:
    case: Case
    head: Any


@dataclass(frozen=True, slots=True)
class Loop:
    """`numbers`: of what stands open, by standard and subject; `handled`: the standards of those that somebody has in hand."""

    lead: str
    open: list[InHand]
    over: list[Over]
    numbers: dict[tuple[str, int], int]
    handled: frozenset[str]


def loop_of(viewer: Viewer, cases: Sequence[FamilyCase]) -> Loop:
    shown = [one for one in cases if _may_see(viewer, one.case)]
    standing = [one for one in shown if one.case.waits_on not in OVER_MOVES]
    return Loop(
        lead=next((one.lead for one in cases if one.lead), ""),
        open=[_in_hand(viewer, one) for one in standing],
        over=[Over(one.case, words_of(viewer, one.case)[0]) for one in shown if one.case.waits_on in OVER_MOVES],
        numbers={(one.case.standard, one.case.subject_id): one.case.pk for one in standing if one.case.standard},
        handled=frozenset(one.case.standard for one in standing if one.case.state not in TO_ASSIGN),
    )


def _may_see(viewer: Viewer, case: Case) -> bool:
    """That a matter of health is open at all is for few to know, unless a light tells of it anyway; and for whoever has it in hand."""
    standard = policy().standards.get(case.standard)
    if standard is None or not is_secret(standard) or case.assignee == viewer.account:
        return True
    return may_know(viewer, standard, case.opened_on) or light_of(standard.code) is not None


def _in_hand(viewer: Viewer, one: FamilyCase) -> InHand:
    case = one.case
    head, promise = words_of(viewer, case)
    steps = steps_of(Known(case, [], [], [], [], set(), case.opened_on))  # of a case that is open the bar asks for nothing else
    return InHand(case, head, promise, steps, one.hands, next_words(case.waits_on), tuple(marks_of(case)))


def lines_of_cases(viewer: Viewer, events: Iterable[FamilyEvent], cases: Sequence[FamilyCase]) -> list[Line]:
    """A relapse that a run found reopens the case: the alert's line tells of it."""
    names = {one.case.assignee_name: one.hands for one in cases if one.hands} | {one.event.who: one.who for one in events if one.who}
    return [
        _line(viewer, one.event, names) for one in events
        if one.event.what in TOLD and _may_see(viewer, one.event.case) and not (_found_again(one.event) and viewer.can("alerts.see"))
    ]  # fmt: skip


def _found_again(event: CaseEvent) -> bool:
    return event.what == "reopen" and event.detail.get("why") == "relapse"


def _line(viewer: Viewer, event: CaseEvent, names: dict[str, str]) -> Line:
    head, _promise = words_of(viewer, event.case)
    by = names.get(event.who, "") if event.what not in ("assign", "hand_on") else ""
    return Line(
        event.day, event.at, told_words(event, names), more=by, detail=head, mark=MARKS.get(event.what, ""),
        url=reverse("case", args=[event.case_id]) if any(viewer.can(act) for act in SEES) else "",
    )  # fmt: skip


def once(alerts: Iterable[EpisodeEvent], cases: Iterable[FamilyEvent]) -> list[EpisodeEvent]:
    """Without what a case tells of as well: that somebody took the alert on."""
    held = {(one.event.case.standard, one.event.case.subject_id) for one in cases if one.event.what in ("take", "assign")}
    return [one for one in alerts if not (one.what == "acknowledged" and (one.episode.standard, one.episode.subject_id) in held)]
