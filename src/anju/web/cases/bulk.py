"""One step with many cases at once: what it will do to which is shown before it is done, to all of them or to none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from anju.apps.cases import queries, scope
from anju.apps.cases.candidates import MANY, Candidate, candidates_for
from anju.apps.cases.models import Asked, Case
from anju.apps.cases.moving import MOST, foresee
from anju.apps.cases.refusing import Refused, Several
from anju.apps.cases.rules import today
from anju.apps.cases.steps.assigning import assign, hand_on
from anju.apps.cases.steps.ending import asked_ends, decide_ends
from anju.apps.cases.steps.judging import OUTCOMES, judge
from anju.apps.staff.models import Account
from anju.core.casework.states import CAUSES, ENDS
from anju.core.contracts.model import Bilingual
from anju.core.terms.levels import LEVELS
from anju.core.terms.viewer import Viewer
from anju.web.cases.queue import bulk_steps, filters_of
from anju.web.cases.rows import rows_of
from anju.web.cases.words import end_words
from anju.web.layout.access import needs, not_here, refuse, viewer_of_request
from anju.web.layout.templatetags.anju import said

INTO_HANDS = ("assign", "hand_on")
YES, NO = "yes", "no"
SHOWN = 50  # lines of a preview; beyond, their number by level stands for them
OUTCOME_WORDS = {
    "handle": Bilingual("To be handled", "需要处置"),
    "listed": Bilingual("To be handled, and listed as a monitored household", "需要处置，并纳入监测对象"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was ticked, with the version of each as it stood on the page; and what is to be done with it."""

    step: str
    cases: list[Case]
    seen: Mapping[int, int]
    to: int | None
    outcome: str
    cause: str
    reason: str
    other: int | None  # of a duplicate, the case that goes on
    word: str  # of a second person on what was proposed: 'yes', 'no', '' not said yet

    @property
    def numbers(self) -> list[int]:
        return [case.pk for case in self.cases]

    @property
    def packed(self) -> str:
        """For the hidden field of the next page: one field, however many there are."""
        return ",".join(f"{case.pk}:{self.seen.get(case.pk, case.version)}" for case in self.cases)


@needs("cases.see")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The choice (to whom, as what), then what it would do, then the step itself."""
    viewer = viewer_of_request(request)
    chosen = _chosen(request, viewer)
    if chosen is None:
        return not_here(request)
    if not chosen.cases:
        back = [(_("Back to my work"), reverse("cases"))]
        return refuse(request, _("Nothing is chosen"), _("Tick the lines first, or open one of them."), back)
    candidates = candidates_for(chosen.cases, at=timezone.now()) if chosen.step in INTO_HANDS else []
    fault = _fault(chosen, candidates) if "go" in request.POST else ""
    if "go" not in request.POST or fault:
        return _page(request, viewer, chosen, candidates, fault=fault)
    act = partial(_do, chosen, viewer)
    if request.POST.get("sure") != "1":
        return _page(request, viewer, chosen, candidates, preview=True, refused=foresee(act))
    try:
        act()
    except Refused as refused:
        return _page(request, viewer, chosen, candidates, preview=True, refused=refused)
    _tell(request, chosen, candidates)
    return HttpResponseRedirect(reverse("cases"))


def _do(chosen: Chosen, viewer: Viewer) -> list[Case]:
    now = timezone.now()
    if chosen.step == "judge":
        return judge(
            numbers=chosen.numbers, outcome=chosen.outcome, reason=chosen.reason, cause=chosen.cause, other=chosen.other, by=viewer, at=now,
            seen=chosen.seen,
        )  # fmt: skip
    if chosen.step == "confirm":
        return decide_ends(numbers=chosen.numbers, granted=chosen.word == YES, reason=chosen.reason, by=viewer, at=now, seen=chosen.seen)
    step = assign if chosen.step == "assign" else hand_on
    return step(numbers=chosen.numbers, to=chosen.to or 0, reason=chosen.reason, by=viewer, at=now, seen=chosen.seen)


def _chosen(request: HttpRequest, viewer: Viewer) -> Chosen | None:
    """None where the post may not do this at all."""
    post = request.POST
    step = post.get("step", "")
    if step not in dict(bulk_steps(viewer)):
        return None
    seen: dict[int, int] = {}
    for text in post.get("cases", "").split(","):
        number, _colon, version = text.partition(":")
        if number.isdigit() and version.isdigit():
            seen[int(number)] = int(version)
    if post.get("all") == "1" and not seen:
        cases = _all_of(request, viewer)
    else:
        numbers = list(seen) or [int(text) for text in post.getlist("numbers") if text.isdigit() and len(text) < 16]
        cases = list(scope.cases_in_scope(viewer).filter(pk__in=numbers[:MOST]).order_by("urgency", "sort_on", "pk"))
    without = {int(text) for text in post.get("without", "").split(",") if text.isdigit()}
    return Chosen(
        step, [case for case in cases if case.pk not in without], seen or {case.pk: case.version for case in cases}, _number(post, "to"),
        post.get("outcome", ""), post.get("cause", ""), post.get("reason", "").strip(), _number(post, "other"), post.get("word", ""),
    )  # fmt: skip


def _number(post: QueryDict, name: str) -> int | None:
    text = post.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _all_of(request: HttpRequest, viewer: Viewer) -> list[Case]:
    """Everything that the list holds from which the form was sent, up to as many as one step takes."""
    listed = QueryDict(request.POST.get("query", ""))
    queue = listed.get("queue", "")
    filters = filters_of(listed, viewer, queue if queue in queries.QUEUES else queries.POST)
    return queries.queue(viewer, filters, limit=MOST)


def _fault(chosen: Chosen, candidates: list[Candidate]) -> str:
    """What is still to be chosen or written."""
    if chosen.step in INTO_HANDS and chosen.to not in {one.account.pk for one in candidates}:
        return _("Choose into whose hands.")
    if chosen.step == "confirm" and chosen.word not in (YES, NO):
        return _("Choose whether they end.")
    if chosen.step == "judge" and chosen.outcome not in (*OUTCOMES, *ENDS):
        return _("Choose what it is.")
    if chosen.step == "judge" and ENDS.get(chosen.outcome) and ENDS[chosen.outcome].causes and chosen.cause not in CAUSES:
        return _("Say what was wrong: the rule, the data or the delivery.")
    if chosen.step == "judge" and ENDS.get(chosen.outcome) and ENDS[chosen.outcome].needs_other and chosen.other is None:
        return _("Write the number of the case that goes on.")
    if len(chosen.reason) < 4 and (chosen.step == "hand_on" or chosen.outcome in ENDS or chosen.word == NO):
        return _("Say in a few words why.")
    return ""


def _page(
    request: HttpRequest, viewer: Viewer, chosen: Chosen, candidates: list[Candidate], *, fault: str = "", preview: bool = False,
    refused: Refused | None = None,
) -> HttpResponse:  # fmt: skip
    each = refused.each if isinstance(refused, Several) else {chosen.numbers[0]: refused} if refused and len(chosen.cases) == 1 else {}
    first = [case for case in chosen.cases if case.pk in each][:SHOWN]
    levels = Counter(case.level for case in chosen.cases)
    proposed = asked_ends(chosen.numbers) if chosen.step == "confirm" else {}
    names = Account.objects.in_bulk({one.asked_account for one in proposed.values() if one.asked_account is not None})
    ends = Counter(end_words(one.detail) for key, one in proposed.items() if key not in each)
    context: dict[str, Any] = {
        "chosen": chosen,
        "title": dict(bulk_steps(viewer))[chosen.step],
        "n": len(chosen.cases),
        "levels": [(level, levels[level]) for level in reversed(LEVELS) if levels.get(level)],
        "rows": [(row, _proposal(proposed.get(row.case.pk), names)) for row in rows_of(viewer, chosen.cases[:SHOWN], today())],
        "ends": ends.most_common(),
        "more": max(0, len(chosen.cases) - SHOWN),
        "candidates": candidates,
        "to": next((one for one in candidates if one.account.pk == chosen.to), None),
        "many": MANY,
        "outcomes": [(key, said(title), key == chosen.outcome) for key, title in _outcomes().items()],
        "outcome": said(_outcomes().get(chosen.outcome, "")),
        "causes": [(key, said(title), key == chosen.cause) for key, title in CAUSES.items()],
        "fault": fault,
        "preview": preview,
        "refused": said(refused.said) if refused is not None and not each else "",
        "against": [(row, said(each[row.case.pk].said)) for row in rows_of(viewer, first, today())],
        "n_against": len(each),
        "without": ",".join(str(number) for number in each),
        "n_left": len(chosen.cases) - len(each),
        "here": "cases",
    }
    return render(request, "cases/bulk.html", context, status=400 if fault else 409 if refused is not None else 200)


def _outcomes() -> dict[str, Bilingual]:
    return {**OUTCOME_WORDS, **{key: end.title for key, end in ENDS.items()}}


def _proposal(asked: Asked | None, names: Mapping[int, Account]) -> str:
    """'罗春燕 proposes: False alarm (the data)'."""
    if asked is None:
        return ""
    who = str(names.get(asked.asked_account or 0, asked.asked_by))
    return _("%(who)s proposes: %(end)s") % {"who": who, "end": end_words(asked.detail)}


def _tell(request: HttpRequest, chosen: Chosen, candidates: list[Candidate]) -> None:
    n = len(chosen.cases)
    if chosen.step == "judge":
        words = ngettext("%(n)s case is judged.", "%(n)s cases are judged.", n)
        messages.success(request, words % {"n": n})
        return
    if chosen.step == "confirm":
        ended = ngettext("%(n)s case has ended.", "%(n)s cases have ended.", n)
        refused = ngettext("The end of %(n)s case is refused; it goes on.", "The ends of %(n)s cases are refused; they go on.", n)
        messages.success(request, (ended if chosen.word == YES else refused) % {"n": n})
        return
    to = next(one for one in candidates if one.account.pk == chosen.to)
    words = ngettext("%(n)s case is in the hands of %(who)s now.", "%(n)s cases are in the hands of %(who)s now.", n)
    messages.success(request, words % {"n": n, "who": to.account})
    if to.untold:
        messages.warning(request, _("%(who)s has no channel for notices and has not signed in lately: tell her yourself.") % {"who": to.account})
