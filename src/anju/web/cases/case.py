"""The page of one case: what it is, whose move is next and until when, what its closing still needs, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from anju.apps.attachments.models import Attachment
from anju.apps.attachments.queries import attachments_of_all
from anju.apps.cases import families, queries
from anju.apps.cases.models import Answer, Case, CaseEvent, Measure
from anju.apps.cases.needed import Needed, gate_of, holders, who_can
from anju.apps.cases.offering import Known, known_of, offered
from anju.apps.cases.rules import calendar, casework, closing_of, today
from anju.apps.journal.actions import look
from anju.apps.staff.models import Account
from anju.apps.staff.permissions import ROLES
from anju.core.casework.clocks import days_over, track
from anju.core.casework.gate import Requirement
from anju.core.casework.states import CLOSED, ENDED, FEEDBACK, HANDLING, IN_HAND, OPEN, OVER, REACHED, RETURNED, SEVEN, STATES
from anju.core.contracts.model import Bilingual
from anju.core.terms.viewer import Viewer
from anju.web.cases.forms import Asking, Form, Given, filled, form_of
from anju.web.cases.rows import rows_of, source_words
from anju.web.cases.words import answer_words, channel_words, mode_words, next_words, step_words, told_words
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.templatetags.anju import said
from anju.web.work.facts import facts_of, hidden_from
from anju.web.work.rows import owner_title

SEES = ("cases.see", "cases.supervise", "cases.audit")
FIRST_EVENTS = 12
MOST_FAMILY = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One of the seven: 'done', 'now' or ''."""

    words: str
    standing: str


@dataclass(frozen=True, slots=True)
class Done:
    """A measure as the page tells it. `told` is False where its words are not for the viewer."""

    measure: Measure
    who: str
    owner: Bilingual | None
    files: list[Attachment]
    told: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A line of what happened. `reason` is '' where there is none or it is not for the viewer, who is told so by `kept`."""

    event: CaseEvent
    words: str
    who: str
    reason: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was refused: its form as it was typed, why, and who has changed the case meanwhile."""

    step: str
    key: int | None
    typed: Given
    faults: Sequence[Any]
    missing: Sequence[Requirement] = ()
    stale: bool = False


@needs(*SEES)
def case(request: HttpRequest, number: int) -> HttpResponse:
    viewer = viewer_of_request(request)
    found = queries.case_of(viewer, number)
    if found is None:
        return not_here(request)
    return shown(request, viewer, found)


def shown(request: HttpRequest, viewer: Viewer, case: Case, refusal: Refusal | None = None, *, status: int = 200) -> HttpResponse:
    """The page; with the form that was refused open and as it was typed."""
    if case.household_id is not None:
        look(act="case.see", about=f"household:{case.household_id}", by=viewer, at=timezone.now(), detail={"case": case.pk})
    known, day = known_of(case), today()
    hidden = hidden_from(viewer, case.standard)
    lead = families.lead_of(case.household_id) if case.household_id is not None else None
    events = queries.events_of(viewer, case)
    answers, alerts, visits = queries.answers_of(case), queries.alerts_of(case), queries.visits_of(case)
    names = names_of(
        case, known, events, [*(one.recorded_by for one in answers), *(one.name for one in visits), lead.name if lead is not None else ""]
    )
    asking = Asking(viewer, known, names, hidden)
    may = offered(viewer, known)
    gate = gate_of(viewer, case, Path(settings.DATA)) if case.state in (*IN_HAND, FEEDBACK) else []
    next_form, others = forms_of(asking, may, gate, refusal)
    files = attachments_of_all([f"case:{case.pk}", *(f"measure:{one.pk}" for one in known.measures)])
    family = [one for one in families.cases_of_household(viewer, case.household_id or -1) if one.pk != case.pk]
    rows = rows_of(viewer, [case, *(one for one in family if one.state in OPEN)][: 1 + MOST_FAMILY], day)
    may_visit = case.household_id is not None and viewer.can("visits.record") and case.state in OPEN
    due_back = next((one.due_on for one in known.look_backs if one.done_at is None), None)
    context = {
        "back": "cases" if viewer.can("cases.see") else "first_screen", "lead": lead, "due_back": due_back, "source": source_words(case.source),
        "lead_name": names.get(lead.name, lead.name) if lead is not None else "", "signed": names.get(case.signed_by, case.signed_by),
        "lost": lost_of(refusal) if refusal is not None and (next_form is None or next_form.step != refusal.step) else None,
        "case": case, "row": rows[0], "owner": owner_title(case.owner), "steps": steps_of(known),
        "move": next_words(case.waits_on), "can": who_can(known), "track": track(case.deadline, day, casework(), calendar()),
        "over": days_over(case.deadline, day, calendar()), "left": calendar().between(day, case.deadline) if case.deadline else None,
        "state": STATES[case.state], "form": next_form, "forms": others, "refusal": refusal, "changed": changed_by(events, names),
        "gate": gate, "may": may,
        "measures": [_done(viewer, one, files, names, hidden, case, day) for one in known.measures],
        "files": files.get(f"case:{case.pk}", []), "hidden": hidden,
        "facts": [] if hidden or not case.standard else facts_of(viewer, case.standard, case.subject_id),
        "lines": lines_of(viewer, events[:FIRST_EVENTS], names, hidden), "earlier": lines_of(viewer, events[FIRST_EVENTS:], names, hidden),
        "answers": [_answer(viewer, one, names, hidden) for one in answers],
        "visits": [(one, mode_words(one.mode), names.get(one.name, one.name)) for one in visits],
        "may_visit": may_visit, "go_visit": may_visit and next_form is None and case.state == FEEDBACK and "household" in lacking(gate),
        "approvals": [(one, names.get(one.name, one.name), ROLES[one.role].title if one.role in ROLES else "") for one in known.approvals],
        "look_backs": known.look_backs, "alerts": alerts, "assignee": names.get(case.assignee_name, case.assignee_name),
        "family": rows[1:], "before": [one for one in family if one.state in OVER][:MOST_FAMILY],
        "workers": holders(["grid_worker"], case) if case.household_id is not None else [], "day": day, "here": "cases",
    }  # fmt: skip
    return render(request, "cases/case.html", context, status=status)


# --- the seven steps, and whose move is next --------------------------------------------------------------------------------------


def steps_of(known: Known) -> list[Step]:
    """What is done, and where the case stands."""
    case = known.case
    now = REACHED[case.state] if case.state in (HANDLING, RETURNED) else REACHED[case.state] + 1
    if case.state == FEEDBACK:
        now = SEVEN.index("closed") + 1
    if case.state == CLOSED and all(one.done_at is not None for one in known.look_backs):
        now = len(SEVEN) + 1
    names = [step_words(name) for name in SEVEN]
    if case.observing:
        names[now - 1] = step_words("observed")
    if case.state == ENDED:
        names[SEVEN.index("closed")] = said(STATES[ENDED])
        return [Step(words, "done" if n <= REACHED[ENDED] else "") for n, words in enumerate(names, start=1)][:6]
    return [Step(words, "done" if n < now else "now" if n == now else "") for n, words in enumerate(names, start=1)]


# --- forms ------------------------------------------------------------------------------------------------------------------------

NEXT = {
    "assign": ("assign", "take"), "verify": ("verify",), "judge": ("judge",), "sign": ("sign",), "arbitrate": ("arbitrate",),
    "confirm": ("confirm_end", "grant_extension", "grant_exception"), "close": ("close",), "closed": ("look_back",),
    "handle": ("finish_measure", "feed_back", "plan_measure"),
}  # fmt: skip
"""By whose move is next, the steps that make it: the first that the viewer may take stands open on her page."""
ORDER = (
    "take", "assign", "verify", "judge", "plan_measure", "feed_back", "attach", "answer", "make_link", "sign", "close", "look_back",
    "confirm_end", "grant_extension", "grant_exception", "arbitrate", "return_back", "contest", "ask_extension", "ask_exception", "decision",
    "hand_on", "name_lead", "lower", "transfer", "propose_end",
)  # fmt: skip
"""Of what else may be done, in this order."""


def forms_of(asking: Asking, may: frozenset[str], gate: Sequence[Needed], refusal: Refusal | None) -> tuple[Form | None, list[Form]]:
    """The one obvious next form, and all others that the viewer may fill in."""
    first = _next_step(asking, may, gate)
    made: dict[str, Form] = {}
    for step in ORDER:
        if step in may and (form := form_of(step, asking)) is not None:
            made[form.name] = form
    for measure in asking.known.left:
        for step in ("finish_measure", "drop_measure"):
            if step in may and (form := form_of(step, asking, measure.pk)) is not None:
                made[form.name] = form
    if refusal is not None:
        form = form_of(refusal.step, asking, refusal.key)
        if form is not None and refusal.step in may:
            made[form.name] = filled(form, refusal.typed, () if refusal.missing else refusal.faults)
            first = form.name
    if first not in made:
        first = next((name for name in made if name.startswith(f"{first}-")), "") if first else ""
    return made.get(first), [form for name, form in made.items() if name != first]


def _next_step(asking: Asking, may: frozenset[str], gate: Sequence[Needed]) -> str:
    """What stands open: the step that is waited for, or what the gate lacks and the viewer can supply; '' where it is others' move."""
    move = asking.case.waits_on.partition(":")[0]
    found = next((step for step in NEXT.get(move, ()) if step in may), "")
    if found or asking.case.state != FEEDBACK:
        return found
    lacks = lacking(gate)
    if "evidence" in lacks and "attach" in may:
        return "attach"
    return "answer" if "household" in lacks and "answer" in may and closing_of(asking.case.level).visit != "door" else ""


def lacking(gate: Sequence[Needed]) -> set[str]:
    """What somebody could supply now."""
    return {one.what.code for one in gate if one.what.standing == "missing"}


def lost_of(refusal: Refusal) -> list[str]:
    """What was typed for a step that can no longer be taken: shown, to be copied."""
    return [text for name, texts in refusal.typed.items() for text in texts if len(text) > 3 and not text.isdigit() and name != "about"]


# --- what belongs to it ----------------------------------------------------------------------------------------------------------------


def names_of(case: Case, known: Known, events: Iterable[CaseEvent], more: Iterable[str]) -> dict[str, str]:
    """Display names by user name, of everybody the page names."""
    users = {case.assignee_name, case.signed_by, *more, *(one.who for one in events), *(str(one.detail.get("name", "")) for one in events)}
    users |= {one.name for one in known.approvals} | {one.planned_by for one in known.measures} | {one.done_by for one in known.measures}
    users |= {one.owner for one in known.measures}
    users |= {name for one in known.asked for name in (one.asked_by, one.decided_by)} | {one.done_by for one in known.look_backs}
    held = Account.objects.filter(username__in=users - {""}).values_list("username", "display_name")
    return {username: shown or username for username, shown in held}


def _done(
    viewer: Viewer, one: Measure, files: Mapping[str, list[Attachment]], names: Mapping[str, str], hidden: bool, case: Case, day: date
) -> Done:  # fmt: skip
    told = not hidden or viewer.account == case.assignee or one.planned_by == viewer.name
    owner, late = owner_title(one.department) if one.department else None, one.done_on is None and one.due_on < day
    return Done(one, names.get(one.owner, one.owner), owner, files.get(f"measure:{one.pk}", []) if told else [], told, late)


def _answer(viewer: Viewer, one: Answer, names: Mapping[str, str], hidden: bool) -> dict[str, Any]:
    told = not hidden or one.account == viewer.account
    return {
        "answer": answer_words(one.answer), "channel": channel_words(one.channel), "who": names.get(one.recorded_by, one.recorded_by),
        "at": one.at, "round": one.round, "words": one.words if told else "",
    }  # fmt: skip


def lines_of(viewer: Viewer, events: Iterable[CaseEvent], names: Mapping[str, str], hidden: bool) -> list[Told]:
    """What was written about a matter of health is for posts that need to know it, and for whoever wrote it."""
    found = []
    for event in events:
        told = not hidden or (event.account is not None and event.account == viewer.account)
        who = names.get(event.who, event.who) if event.account is not None else ""
        found.append(Told(event, told_words(event, names), who, event.reason if told else "", bool(event.reason) and not told))
    return found


def changed_by(events: Sequence[CaseEvent], names: Mapping[str, str]) -> str:
    """Who changed it last; '' where a run or the calendar did."""
    return names.get(events[0].who, events[0].who) if events and events[0].account is not None else ""
