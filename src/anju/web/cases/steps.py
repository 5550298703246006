"""Taking a step with a case: what was typed, given to the action; a refusal shows the page again with nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.apps.attachments.refusals import Refused as FileRefused
from anju.apps.cases import queries
from anju.apps.cases.models import Case
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.apps.cases.steps import assigning, closing, ending, handling, judging, looking_back, reviewing, verifying
from anju.apps.cases.steps.closing import NotYet
from anju.apps.cases.steps.visiting import visited
from anju.apps.monitoring.actions import propose_listing
from anju.apps.monitoring.steps import Refused as ListingRefused
from anju.apps.visits.actions import Refused as VisitRefused
from anju.core.casework.states import ASSIGNED
from anju.core.terms.money import to_fen
from anju.core.terms.viewer import Viewer
from anju.web.cases.case import SEES, Refusal, shown
from anju.web.cases.evidence import keep_files
from anju.web.cases.visiting import tell_next
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.visits.judging import judged_again

SECOND = "no"  # value of the second button: what the step decides against


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent: by whom, about which case, the version that stood on the page."""

    request: HttpRequest
    case: Case
    by: Viewer
    at: datetime
    seen: int | None

    def text(self, name: str) -> str:
        return str(self.request.POST.get(name, "")).strip()

    def number(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise Refused("choose a day", "请选择日期") from None

    def fen(self, name: str) -> int | None:
        """Yuan as typed, in whole fen; None where nothing was typed."""
        if not self.text(name):
            return None
        try:
            return to_fen(self.text(name))
        except ValueError:
            raise Refused(
                f"“{self.text(name)[:40]}” is no amount in yuan: write 1200 or 1200.50", "金额请填写数字，如 1200 或 1200.50"
            ) from None

    @property
    def granted(self) -> bool:
        return self.text("decided") != SECOND

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at}

    @property
    def base(self) -> dict[str, Any]:
        return {"number": self.case.pk, "by": self.by, "at": self.at}

    @property
    def seeing(self) -> dict[str, Any]:
        return {**self.base, "seen": self.seen}


@needs(*SEES)
@require_POST
def take_step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """Every form of a case comes here. 400 where the step is refused, 409 where somebody has changed the case meanwhile."""
    viewer = viewer_of_request(request)
    case, act = queries.case_of(viewer, number), ACTS.get(step)
    if case is None or act is None:
        return not_here(request)
    seen = request.POST.get("seen", "")
    sent = Sent(request, case, viewer, timezone.now(), int(seen) if seen.isdigit() else None)
    try:
        if sent.seen is not None and sent.seen != case.version:
            raise Refused("the case has changed since you opened it", "该事项在您打开页面后已有变动")
        with transaction.atomic():
            act(sent)
    except (Refused, FileRefused, ListingRefused, VisitRefused, Incomplete) as refused:
        return refused_page(request, viewer, sent, step, refused)
    messages.success(request, done_words(step, sent))
    if step in ("verify", "look_back") and case.household_id is not None:
        for words in judged_again(case.household_id, viewer):
            messages.info(request, words)
    still = queries.case_of(viewer, number) is not None
    return HttpResponseRedirect(reverse("case", args=[number]) if still else reverse("cases"))


class Incomplete(ValueError):
    """Something must be chosen first; said in the language of the page."""


def refused_page(request: HttpRequest, viewer: Viewer, sent: Sent, step: str, refused: Exception) -> HttpResponse:
    """The page as the case stands now, with the form as it was typed."""
    case = queries.case_of(viewer, sent.case.pk)
    if case is None:
        return not_here(request)
    stale = sent.seen is not None and case.version != sent.seen
    typed = {name: values for name, values in request.POST.lists() if name not in ("csrfmiddlewaretoken", "seen")}
    missing = refused.missing if isinstance(refused, NotYet) else ()
    refusal = Refusal(step, sent.number("key"), typed, told_of(refused), missing, stale)
    return shown(request, viewer, case, refusal, status=409 if stale else 400)


def told_of(refused: Exception) -> tuple[Any, ...]:
    """Why, each reason as a page shows it."""
    if isinstance(refused, Refused):
        return (refused.said,)
    if isinstance(refused, FileRefused | VisitRefused):
        return (refused.title,)
    if isinstance(refused, ListingRefused):
        return tuple(refused.said)
    return (str(refused),)


# --- what each form does ------------------------------------------------------------------------------------------------------------


def _to(sent: Sent) -> int:
    chosen = sent.number("to")
    if chosen is None:
        raise Incomplete(_("Choose a person."))
    return chosen


def _verify(sent: Sent) -> None:
    """With the visit that it was, where it was one. Nobody there is an answer of the visit: the case waits for the next try."""
    case, found, mode, words = sent.case, sent.text("found"), sent.text("mode"), sent.text("words")
    met = found != "nobody"
    done = visited(case, "verify", mode, words, met=met, seen=sent.seen, **sent.who) if met or case.state == ASSIGNED else None
    if not met and done is not None:
        tell_next(sent.request, done)
        return
    verifying.verify(found=found, mode=mode, words=words, visit=done.visit.pk if done is not None else None, **sent.base)


def _judge(sent: Sent) -> None:
    outcome = sent.text("outcome")
    judging.judge(
        numbers=[sent.case.pk], outcome=outcome, reason=sent.text("reason"), cause=sent.text("cause"), other=sent.number("other"),
        seen=sent.seen, **sent.who,
    )  # fmt: skip
    if outcome == "listed":
        propose_listing(
            household_id=sent.case.household_id or 0, category=sent.text("category"), risk_types=sent.request.POST.getlist("risks"),
            source=f"case:{sent.case.pk}", clue_on=sent.case.opened_on, on=today(), note=sent.text("reason"), **sent.who,
        )  # fmt: skip


def _plan(sent: Sent) -> None:
    handling.plan_measure(
        text=sent.text("text"), owner=sent.text("owner"), due_on=sent.day("due_on"), cost=sent.fen("cost"), **sent.seeing
    )  # fmt: skip


def _finish(sent: Sent) -> None:
    made = handling.finish_measure(
        measure=sent.number("key") or 0, done_on=sent.day("done_on"), result=sent.text("result"), cost=sent.fen("cost"), **sent.seeing
    )
    keep_files(sent.request, f"measure:{made.pk}", sent.by, sent.at)


def _look_back(sent: Sent) -> None:
    holds = sent.text("holds")
    if holds not in ("yes", "no"):
        raise Incomplete(_("Choose whether it holds."))
    done = visited(sent.case, "look_back", sent.text("mode"), sent.text("words"), met=True, seen=sent.seen, **sent.who)
    visit = done.visit.pk if done is not None else None
    looking_back.look_back(key=sent.number("key") or 0, holds=holds == "yes", words=sent.text("words"), visit=visit, **sent.who)


def _data() -> Path:
    return Path(settings.DATA)


ACTS: Mapping[str, Callable[[Sent], object]] = {
    "take": lambda s: assigning.take(**s.base),
    "assign": lambda s: assigning.assign(numbers=[s.case.pk], to=_to(s), reason=s.text("reason"), **s.who),
    "hand_on": lambda s: assigning.hand_on(numbers=[s.case.pk], to=_to(s), reason=s.text("reason"), **s.who),
    "name_lead": lambda s: assigning.name_lead(household_id=s.case.household_id or 0, to=_to(s), **s.who),
    "verify": _verify,
    "judge": _judge,
    "lower": lambda s: judging.lower(level=s.text("level"), reason=s.text("reason"), **s.seeing),
    "transfer": lambda s: judging.transfer(owner=s.text("owner"), reason=s.text("reason"), **s.seeing),
    "plan_measure": _plan,
    "finish_measure": _finish,
    "drop_measure": lambda s: handling.drop_measure(measure=s.number("key") or 0, reason=s.text("reason"), **s.base),
    "feed_back": lambda s: handling.feed_back(words=s.text("words"), **s.seeing),
    "sign": lambda s: reviewing.sign(words=s.text("words"), **s.seeing),
    "return_back": lambda s: reviewing.return_back(reason=s.text("reason"), **s.seeing),
    "contest": lambda s: reviewing.contest(reason=s.text("reason"), **s.seeing),
    "arbitrate": lambda s: reviewing.arbitrate(decision=s.text("decision"), owner=s.text("owner"), reason=s.text("reason"), **s.seeing),
    "close": lambda s: closing.close(data=_data(), reason=s.text("reason"), **s.seeing),
    "propose_end": lambda s: ending.ask_end(
        end=s.text("end"), reason=s.text("reason"), cause=s.text("cause"), other=s.number("other"), **s.seeing
    ),
    "confirm_end": lambda s: ending.decide_end(granted=s.granted, reason=s.text("reason"), **s.seeing),
    "ask_extension": lambda s: handling.ask_extension(until=s.day("until"), reason=s.text("reason"), **s.seeing),
    "grant_extension": lambda s: handling.decide_extension(granted=s.granted, reason=s.text("reason"), **s.seeing),
    "ask_exception": lambda s: closing.ask_exception(reason=s.text("reason"), **s.seeing),
    "grant_exception": lambda s: closing.decide_exception(granted=s.granted, reason=s.text("reason"), data=_data(), **s.seeing),
    "decision": lambda s: closing.record_decision(code=s.text("code"), on=s.day("on"), reason=s.text("reason"), **s.base),
    "answer": lambda s: closing.record_answer(
        answer=s.text("answer"), channel=s.text("channel"), words=s.text("words"), data=_data(), **s.base
    ),
    "look_back": _look_back,
}  # fmt: skip


def done_words(step: str, sent: Sent) -> str:
    """What was done, in a sentence."""
    if step == "verify" and sent.text("found") == "nobody":
        return _("The visit is recorded; the case waits until somebody was spoken to.")
    return {
        "take": _("It is yours now."), "assign": _("It is in somebody's hands."), "hand_on": _("It was handed on."),
        "name_lead": _("It is said who answers for the family."), "verify": _("What was found is recorded."),
        "judge": _("The judgement is recorded."), "lower": _("The level is lowered."),
        "transfer": _("It was passed on."), "plan_measure": _("The measure is planned."),
        "finish_measure": _("The measure is recorded as done."), "drop_measure": _("The measure was taken back."),
        "feed_back": _("It is fed back."), "sign": _("Signed."),
        "return_back": _("It was returned."), "contest": _("An arbiter is asked."), "arbitrate": _("Decided."), "close": _("Approved."),
        "propose_end": _("The end is proposed; a second person decides."), "confirm_end": _("Decided."),
        "ask_extension": _("More time is asked for."), "grant_extension": _("Decided."), "ask_exception": _("The exception is asked for."),
        "grant_exception": _("Decided."), "decision": _("The decision is recorded."), "answer": _("The answer is recorded."),
        "look_back": _("The look-back is recorded."),
    }.get(step, "")  # fmt: skip
