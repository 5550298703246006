"""Steps with a case: each an address of its own, made from one table; a refusal says what is missing and who can supply it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Field, Router, Schema

from anju.api.case_shapes import CaseOut
from anju.api.cases import case_of, roles_out, rows_of
from anju.api.door import needs, viewer_of
from anju.api.problems import Problem
from anju.api.shapes import LARGEST, CaseNumber, Level, both
from anju.apps.cases import queries
from anju.apps.cases.judging_again import judge_again
from anju.apps.cases.models import Case
from anju.apps.cases.refusing import Refused
from anju.apps.cases.rules import today
from anju.apps.cases.steps import assigning, closing, ending, handling, judging, looking_back, reviewing, verifying
from anju.apps.cases.steps.closing import NotYet
from anju.apps.cases.steps.visiting import visited
from anju.apps.findings.current import policy
from anju.apps.monitoring.actions import propose_listing
from anju.apps.monitoring.steps import Refused as ListingRefused
from anju.apps.visits.actions import Refused as VisitRefused
from anju.core.casework.gate import Requirement
from anju.core.casework.states import ASSIGNED, STEPS
from anju.core.terms.viewer import Viewer

router = Router(tags=["cases"])
log = logging.getLogger("anju.api")
WORDS = 1_000
Id = Annotated[int, Field(ge=1, le=LARGEST)]
Text = Annotated[str, Field(max_length=WORDS)]
Fen = Annotated[int, Field(ge=0, le=handling.MOST_COST)]
End = Literal["false_alarm", "duplicate", "transferred", "routine", "refused", "unsolvable", "not_applicable"]
Cause = Literal["", "rule", "data", "feed"]
Mode = Literal["door", "phone", "video", "desk"]


class SeenIn(Schema, extra="forbid"):
    seen: int | None = Field(None, ge=0, le=LARGEST, description="The version of the case that was read: refused where it has changed since.")


class RemarkIn(SeenIn):
    reason: Text = ""


class ReasonIn(SeenIn):
    reason: Text


class WordsIn(SeenIn):
    words: Text


class AssignIn(RemarkIn):
    to: Id = Field(description="An account of those that can be given the case.")


class VerifyIn(WordsIn):
    found: Literal["confirmed", "partly", "not_confirmed", "nobody"]
    mode: Mode


class JudgeIn(ReasonIn):
    outcome: Literal["handle", "listed"] | End
    cause: Cause = Field("", description="Of a false alarm: what was wrong.")
    other: Id | None = Field(None, description="Of a duplicate: the number of the other case.")
    category: str = Field("", max_length=16, description="Of a family to be listed as monitored.")
    risks: list[str] = Field([], max_length=9, description="Of a family to be listed: from what the risk comes.")


class LowerIn(ReasonIn):
    level: Level


class OwnerIn(ReasonIn):
    owner: str = Field(max_length=40, description="The department.")


class PlanIn(SeenIn):
    text: str = Field(max_length=400)
    owner: str = Field(max_length=150, description="Who does it.")
    due_on: date
    cost: Fen | None = None


class FinishIn(SeenIn):
    measure: Id
    done_on: date
    result: Text
    cost: Fen | None = None


class DropIn(ReasonIn):
    measure: Id


class SignIn(SeenIn):
    words: Text = ""


class ArbitrateIn(ReasonIn):
    decision: Literal["", "accept", "handle"] = Field("", description="Of a contested return.")
    owner: str = Field("", max_length=40, description="Of a case passed to and fro: whose it is.")


class EndIn(ReasonIn):
    end: End
    cause: Cause = ""
    other: Id | None = None


class DecideIn(RemarkIn):
    granted: bool


class UntilIn(ReasonIn):
    until: date


class DecisionIn(ReasonIn):
    code: str = Field(max_length=40)
    on: date


class AnswerIn(SeenIn):
    answer: Literal["solved", "partly", "not"]
    channel: Literal["phone", "paper", "visit"]
    words: Text = ""


class LookBackIn(WordsIn):
    look_back: Id
    holds: bool
    mode: Literal["", "door", "phone", "video"] = Field("", description="How a family's matter was looked into.")


class StepTakenOut(Schema):
    number: int
    case: CaseOut | None = Field(description="As it stands now; null where it has left the places and departments of the post.")
    next_visit: date | None = Field(description="Where nobody was met: by when the next try is planned.")


@dataclass(slots=True)
class Sent:
    """A step that was sent: by whom, about which case, with what."""

    case: Case
    body: Any
    by: Viewer
    at: datetime
    next_visit: date | None = None

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "at": self.at}

    @property
    def base(self) -> dict[str, Any]:
        return {"number": self.case.pk, **self.who}

    @property
    def seeing(self) -> dict[str, Any]:
        return {**self.base, "seen": self.body.seen}

    def given(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self.body, name) for name in names}


@dataclass(frozen=True, slots=True)
class Act:
    """`acts`: of which the post must be allowed one; of a step of the loop those of its table."""

    name: str
    summary: str
    body: type[SeenIn]
    take: Callable[[Sent], object]
    acts: tuple[str, ...] = ()


def _data() -> Path:
    return Path(settings.DATA)


def _verify(sent: Sent) -> None:
    """With the visit that it was, where it was one. Nobody there is an answer of the visit: the case waits for the next try."""
    case, body = sent.case, sent.body
    met = body.found != "nobody"
    done = visited(case, "verify", body.mode, body.words, met=met, seen=body.seen, **sent.who) if met or case.state == ASSIGNED else None
    if not met and done is not None:
        sent.next_visit = done.next.due_on if done.next is not None else None
        return
    verifying.verify(**sent.given("found", "mode", "words"), visit=done.visit.pk if done is not None else None, **sent.base)


def _judge(sent: Sent) -> None:
    body = sent.body
    judging.judge(numbers=[sent.case.pk], **sent.given("outcome", "reason", "cause", "other", "seen"), **sent.who)
    if body.outcome == "listed":
        propose_listing(
            household_id=sent.case.household_id or 0, category=body.category, risk_types=body.risks, source=f"case:{sent.case.pk}",
            clue_on=sent.case.opened_on, on=today(), note=body.reason, **sent.who,
        )  # fmt: skip


def _look_back(sent: Sent) -> None:
    body = sent.body
    done = visited(sent.case, "look_back", body.mode, body.words, met=True, seen=body.seen, **sent.who)
    visit = done.visit.pk if done is not None else None
    looking_back.look_back(key=body.look_back, **sent.given("holds", "words"), visit=visit, **sent.who)


ALL = (
    Act("take", summary="Take a case on oneself", body=SeenIn, acts=("cases.verify", "cases.assign"), take=lambda s: assigning.take(**s.base)),
    Act("assign", summary="Put a case into somebody's hands", body=AssignIn,
        take=lambda s: assigning.assign(numbers=[s.case.pk], **s.given("to", "reason"), **s.who)),
    Act("hand_on", summary="Hand a case on to somebody else", body=AssignIn,
        take=lambda s: assigning.hand_on(numbers=[s.case.pk], **s.given("to", "reason"), **s.who)),
    Act("name_lead", summary="Name who answers for the family", body=AssignIn, acts=("cases.assign",),
        take=lambda s: assigning.name_lead(household_id=s.case.household_id or 0, to=s.body.to, **s.who)),
    Act("verify", summary="Verify: what was found on the spot", body=VerifyIn, take=_verify),
    Act("judge", summary="Judge what a case is", body=JudgeIn, take=_judge),
    Act("lower", summary="Lower the level of a case", body=LowerIn, take=lambda s: judging.lower(**s.given("level", "reason"), **s.seeing)),
    Act("transfer", summary="Pass a case to another department", body=OwnerIn,
        take=lambda s: judging.transfer(**s.given("owner", "reason"), **s.seeing)),
    Act("plan_measure", summary="Plan a measure", body=PlanIn,
        take=lambda s: handling.plan_measure(**s.given("text", "owner", "due_on", "cost"), **s.seeing)),
    Act("finish_measure", summary="Record a measure as done", body=FinishIn,
        take=lambda s: handling.finish_measure(**s.given("measure", "done_on", "result", "cost"), **s.seeing)),
    Act("drop_measure", summary="Take a planned measure back", body=DropIn,
        take=lambda s: handling.drop_measure(**s.given("measure", "reason"), **s.base)),
    Act("feed_back", summary="Feed back: the measures are in place", body=WordsIn,
        take=lambda s: handling.feed_back(words=s.body.words, **s.seeing)),
    Act("sign", summary="Sign the feedback", body=SignIn, take=lambda s: reviewing.sign(words=s.body.words, **s.seeing)),
    Act("return_back", summary="Return the feedback", body=ReasonIn,
        take=lambda s: reviewing.return_back(reason=s.body.reason, **s.seeing)),
    Act("contest", summary="Contest a return: an arbiter decides", body=ReasonIn,
        take=lambda s: reviewing.contest(reason=s.body.reason, **s.seeing)),
    Act("arbitrate", summary="Decide a dispute", body=ArbitrateIn,
        take=lambda s: reviewing.arbitrate(**s.given("decision", "owner", "reason"), **s.seeing)),
    Act("close", summary="Approve the closing; with the last approval the case is closed", body=RemarkIn,
        take=lambda s: closing.close(data=_data(), reason=s.body.reason, **s.seeing)),
    Act("propose_end", summary="Propose another end than closing", body=EndIn,
        take=lambda s: ending.ask_end(**s.given("end", "reason", "cause", "other"), **s.seeing)),
    Act("confirm_end", summary="Decide on the end proposed", body=DecideIn,
        take=lambda s: ending.decide_end(**s.given("granted", "reason"), **s.seeing)),
    Act("ask_extension", summary="Ask for more time", body=UntilIn,
        take=lambda s: handling.ask_extension(**s.given("until", "reason"), **s.seeing)),
    Act("grant_extension", summary="Decide on more time", body=DecideIn,
        take=lambda s: handling.decide_extension(**s.given("granted", "reason"), **s.seeing)),
    Act("ask_exception", summary="Ask for an exception from the condition", body=ReasonIn,
        take=lambda s: closing.ask_exception(reason=s.body.reason, **s.seeing)),
    Act("grant_exception", summary="Decide on the exception", body=DecideIn,
        take=lambda s: closing.decide_exception(**s.given("granted", "reason"), data=_data(), **s.seeing)),
    Act("decision", summary="Record a decision that the standard reads", body=DecisionIn, acts=("cases.judge", "cases.close"),
        take=lambda s: closing.record_decision(**s.given("code", "on", "reason"), **s.base)),
    Act("answer", summary="Record the family's answer", body=AnswerIn, acts=("cases.handle", "cases.assign"),
        take=lambda s: closing.record_answer(**s.given("answer", "channel", "words"), data=_data(), **s.base)),
    Act("look_back", summary="Look back at a closed case", body=LookBackIn, take=_look_back),
)  # fmt: skip


def _taken(request: HttpRequest, number: int, body: SeenIn, act: Act) -> dict[str, Any]:
    viewer = viewer_of(request)
    case, now = case_of(viewer, number), timezone.now()
    if body.seen is not None and body.seen != case.version:
        raise Problem("conflict")
    sent = Sent(case, body, viewer, now)
    try:
        act.take(sent)
    except NotYet as refused:
        raise Problem("gate-holds", _in_words(refused), missing=[_missing(one) for one in refused.missing]) from None
    except (Refused, ListingRefused, VisitRefused) as refused:
        raise Problem("refused", _in_words(refused)) from None
    if act.name in ("verify", "look_back") and (home := case.household_id) is not None:
        transaction.on_commit(lambda: _judged_again(home, viewer), robust=True)
    found = queries.case_of(viewer, number)
    return {"number": number, "case": rows_of(viewer, [found])[0] if found is not None else None, "next_visit": sent.next_visit}


def _judged_again(household: int, viewer: Viewer) -> None:
    """What was seen counts at once; the step stands whatever comes of this."""
    try:
        judge_again(policy(), _data(), household, by=viewer, at=timezone.now())
    except (OSError, ValueError):
        log.exception("household %s was not judged at once", household)


def _in_words(refused: Refused | ListingRefused | VisitRefused) -> str:
    """Why, in the language that the caller reads."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    told = (refused.title,) if isinstance(refused, VisitRefused) else (refused.said,) if isinstance(refused, Refused) else refused.said
    return ("；" if language == "zh" else "; ").join(str(getattr(one, language)) for one in told)


def _missing(one: Requirement) -> dict[str, Any]:
    return {
        "code": one.code, "standing": one.standing, "title": both(one.title), "told": [both(each) for each in one.told],
        "who": roles_out(one.who),
    }  # fmt: skip


def _open(act: Act) -> None:
    """An address for one step: what it takes and whom it is open to come from the table."""

    def step(request: HttpRequest, number: int, body: Any) -> dict[str, Any]:
        return _taken(request, number, body, act)

    step.__name__ = step.__qualname__ = f"case_{act.name}"
    step.__annotations__ = {"request": HttpRequest, "number": CaseNumber, "body": act.body, "return": dict[str, Any]}
    guarded = needs(*(act.acts or STEPS[act.name].acts))(step)
    router.post(f"/cases/{{number}}/{act.name.replace('_', '-')}", response=StepTakenOut, summary=act.summary)(guarded)


for _act in ALL:
    _open(_act)
