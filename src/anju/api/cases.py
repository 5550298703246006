"""Cases: the queues of the post, one case with its clocks, its gate and what happened to it, and who can be given it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.params.functions import Query

from anju.api.case_shapes import CaseCountsOut, CaseFullOut, CasesOut, State, WorkersOut
from anju.api.door import needs, viewer_of
from anju.api.facts import facts_about
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import not_here
from anju.api.shapes import LARGEST, AskedLevel, CaseNumber, both, path_asked, place_short
from anju.apps.cases import counting, queries
from anju.apps.cases.models import Case
from anju.apps.cases.needed import Needed, gate_of, who_can
from anju.apps.cases.offering import Known, known_of, offered
from anju.apps.cases.queries import DONE, OPEN, Filters
from anju.apps.cases.rules import calendar, casework, today
from anju.apps.cases.standing import HANDLERS_MOVE, moves_of
from anju.apps.cases.steps.assigning import workers_for
from anju.apps.findings.current import policy
from anju.apps.findings.need_to_know import hidden_from, may_know
from anju.apps.journal.actions import look
from anju.apps.people.models import Household, Person
from anju.apps.people.vault import masked_name
from anju.apps.places.models import Place
from anju.apps.staff.models import Account
from anju.apps.staff.permissions import ROLES
from anju.core.casework.clocks import days_over, track
from anju.core.casework.states import FEEDBACK, IN_HAND, OVER
from anju.core.terms.viewer import Viewer

router = Router(tags=["cases"])
SEES = ("cases.see", "cases.supervise", "cases.audit")
BY_FILE = frozenset({"attach", "make_link"})  # of what may be done with a case, what only pages do
MOST_WORKERS = 60
Queue = Literal["mine", "post", "open", "observed", "done"]
AskedQueue = Annotated[Queue | None, Query(None, description="By default what is open; what is over where such a state is asked for.")]
AskedState = Annotated[State | None, Query(None)]
AskedHands = Annotated[Literal["me"] | None, Query(None, description="Only what is in the hands of the token's account.")]
AskedDue = Annotated[date | None, Query(None, description="Only what is due on that day or before.")]


@router.get("/cases", response=CasesOut, summary="A queue of cases, the most urgent first")
@needs("cases.see")
def cases(
    request: HttpRequest,
    limit: Limit,
    after: After,
    level: AskedLevel,
    queue: AskedQueue,
    state: AskedState,
    assignee: AskedHands,
    due: AskedDue,
    standard: str | None = Query(None, max_length=8),
    department: str | None = Query(None, max_length=40),
    place: int | None = Query(None, ge=1, le=LARGEST, description="This place and everything below it."),
    move: str | None = Query(None, max_length=32, description="Whose move is next: a value of 'waits_on', or what stands before its colon."),
    household: int | None = Query(None, ge=1, le=LARGEST),
    overdue: bool = Query(False, description="Only what is past its deadline."),
) -> dict[str, Any]:
    viewer = viewer_of(request)
    chosen = queue or (DONE if state in OVER else OPEN)
    filters = Filters(
        chosen, level or "", standard or "", department or "", move or "", path_asked(viewer, place), overdue, household, "", state or "", due,
        viewer.account if assignee else None,
    )  # fmt: skip
    rows = queries.queue(viewer, filters, after=_key(key_after(request, after), chosen), limit=limit + 1)
    last = queries.key_of(rows[limit - 1]) if len(rows) > limit else None
    return page_of(request, rows_of(viewer, rows[:limit]), last)


def _key(key: list[Any] | None, queue: str) -> tuple[Any, ...] | None:
    if key is None:
        return None
    return (date.fromisoformat(key[0]), key[1]) if queue == DONE else (key[0], date.fromisoformat(key[1]), key[2])


def rows_of(viewer: Viewer, found: Sequence[Case]) -> list[dict[str, Any]]:
    """Four queries for a page, however long it is. A post that opens no family's page reads what is wrong and where, not whose it is."""
    named = viewer.can("household.see")
    homes = Household.objects.in_bulk([one.household_id for one in found if one.household_id is not None]) if named else {}
    people = Person.objects.in_bulk([one.subject_id for one in found if one.subject == "person"]) if named else {}
    places = Place.objects.in_bulk({_place_of(one) for one in found})
    hands = Account.objects.in_bulk({one.assignee for one in found if one.assignee is not None})
    own = frozenset(moves_of(viewer))
    names = ("version", "source", "level", "state", "waits_on", "deadline", "overdue", "opened_on", "closed_on", "end", "owner", "returned",
             "reopened", "passed_on", "contested", "extended", "doubted_since", "eased_since", "over_since")  # fmt: skip
    rows = []
    for one in found:
        person, place = people.get(one.subject_id) if one.subject == "person" else None, places.get(_place_of(one))
        home = homes.get(one.household_id or -1)
        rows.append(
            {
                "number": one.pk,
                **{name: getattr(one, name) for name in names},
                **_titles(viewer, one),
                "words": one.words if named and not hidden_from(viewer, policy(), one.standard) else "",
                "mine": one.waits_on in own or (one.waits_on in HANDLERS_MOVE and one.assignee == viewer.account),
                "assignee": {"account": one.assignee, "name": str(hands.get(one.assignee, one.assignee_name))} if one.assignee else None,
                "household": one.household_id if named else None,
                "household_code": home.household_code if home else "",
                "who": masked_name(person.name) if person else one.subject_key or "" if one.household_id is None else "",
                "place": place_short(place) if place else None,
            }
        )
    return rows


def _place_of(case: Case) -> int:
    """The place itself; of a family the one it lives in, the last of its path."""
    return case.place_id if case.place_id is not None else int(case.path.rstrip("/").rpartition("/")[2] or 0)


def _titles(viewer: Viewer, case: Case) -> dict[str, Any]:
    standard = policy().standards.get(case.standard)
    version = standard.version_on(case.opened_on) if standard is not None else None
    told = standard is not None and may_know(viewer, standard, case.opened_on)
    breach = next((each for each in version.breaches if each.name == case.breach), None) if version is not None and told else None
    return {
        "standard": case.standard or None, "title": both(standard.title) if standard else None,
        "breach_title": both(breach.title) if breach else None,
    }  # fmt: skip


@router.get("/cases/counts", response=CaseCountsOut, summary="How many cases stand where: kept numbers, nothing is counted")
@needs("cases.see")
def case_counts(request: HttpRequest, place: int | None = Query(None, ge=1, le=LARGEST)) -> dict[str, Any]:
    viewer = viewer_of(request)
    tiles = counting.counts(viewer, path_asked(viewer, place))
    return {name: getattr(tiles, name) for name in ("moves", "levels", "standards", "owners", "overdue", "open")}


@router.get("/cases/{number}", response=CaseFullOut, summary="One case: whose move is next, its clocks, what closing needs, and what happened")
@needs(*SEES)
def case(request: HttpRequest, number: CaseNumber) -> dict[str, Any]:
    """Each call about a family is a look that stands in the journal."""
    viewer = viewer_of(request)
    found = case_of(viewer, number)
    if found.household_id is not None:
        look(act="case.see", about=f"household:{found.household_id}", by=viewer, at=timezone.now(), detail={"case": found.pk})
    return full(viewer, found)


def case_of(viewer: Viewer, number: int) -> Case:
    found = queries.case_of(viewer, number)
    if found is None:
        raise not_here()
    return found


def full(viewer: Viewer, found: Case) -> dict[str, Any]:
    known, day = known_of(found), today()
    hidden, can = hidden_from(viewer, policy(), found.standard), who_can(known)
    gate = gate_of(viewer, found, Path(settings.DATA)) if found.state in (*IN_HAND, FEEDBACK) else []
    return {
        **rows_of(viewer, [found])[0], "told": not hidden, "round": found.round, "may": sorted(offered(viewer, known) - BY_FILE),
        "next_move": {"move": found.waits_on, "who": roles_out(can.roles), "people": list(can.names)},
        "clocks": {
            **{name: getattr(found, name) for name in ("verify_due", "judge_due", "handle_due", "close_due", "deadline")},
            "track": track(found.deadline, day, casework(), calendar()), "working_days_over": days_over(found.deadline, day, calendar()),
        },
        "gate": [need_out(one) for one in gate],
        "facts": [] if hidden or not found.standard else facts_about(viewer, found.standard, found.subject_id),
        **_belongings(viewer, known, hidden), "alerts": [one.pk for one in queries.alerts_of(found)],
        "visits": [_picked(one, "visit", "on", "mode", "met", "name") for one in queries.visits_of(found)], "follows": found.follows_id,
    }  # fmt: skip


def _belongings(viewer: Viewer, known: Known, hidden: bool) -> dict[str, Any]:
    """What was written about a matter of health is for posts that need to know it, and for whoever wrote it."""
    case = known.case

    def told(text: str, account: int | None) -> str:
        return text if not hidden or (account is not None and account == viewer.account) else ""

    def measure(one: Any) -> bool:
        return not hidden or viewer.account == case.assignee or one.planned_by == viewer.name

    return {
        "measures": [
            {**_picked(one, "id", "round", "owner", "due_on", "cost", "planned_by", "done_on", "done_by"),
             "text": one.text if measure(one) else "", "result": one.result if measure(one) else ""}
            for one in known.measures
        ],
        "approvals": [{**_picked(one, "round", "name", "at"), "who": roles_out([one.role])[0]} for one in known.approvals],
        "answers": [
            {**_picked(one, "round", "answer", "channel", "at", "recorded_by"), "words": told(one.words, one.account)}
            for one in queries.answers_of(case)
        ],
        "look_backs": [
            {**_picked(one, "id", "kind", "due_on", "done_at", "done_by", "holds"), "words": told(one.words, one.account)}
            for one in known.look_backs
        ],
        "asked": [
            {**_picked(one, "kind", "detail", "asked_by", "asked_at", "decided_by", "decided_at", "granted"),
             "reason": told(one.reason, one.asked_account)}
            for one in known.asked
        ],
        "events": [
            {**_picked(one, "what", "before", "after", "day", "at", "who", "role", "detail"), "reason": told(one.reason, one.account)}
            for one in queries.events_of(viewer, case)
        ],
    }  # fmt: skip


def _picked(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def roles_out(roles: Sequence[str]) -> list[dict[str, Any]]:
    return [{"role": role, "title": both(ROLES[role].title) if role in ROLES else {"en": role, "zh": role}} for role in roles]


def need_out(one: Needed) -> dict[str, Any]:
    what = one.what
    return {
        "code": what.code, "standing": what.standing, "title": both(what.title), "told": [both(each) for each in what.told],
        "who": roles_out(what.who), "mine": one.mine,
    }  # fmt: skip


@router.get("/cases/{number}/workers", response=WorkersOut, summary="Who can be given a case, whoever has least in hand first")
@needs("cases.assign")
def case_workers(request: HttpRequest, number: CaseNumber) -> dict[str, Any]:
    found = case_of(viewer_of(request), number)
    accounts = list(workers_for(found.path, found.owner)[:MOST_WORKERS])
    load = counting.load_of([account.pk for account in accounts])
    rows = [{"account": one.pk, "name": str(one), "in_hand": load.get(one.pk, 0)} for one in accounts if one.pk != found.assignee]
    return {"items": sorted(rows, key=lambda row: (row["in_hand"], row["name"]))}
