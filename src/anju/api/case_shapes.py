"""What the addresses of cases answer with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from ninja import Field, Schema

from anju.api.facts import EvidenceOut
from anju.api.shapes import Both, Level, Next, PlaceShort

State = Literal["alerted", "assigned", "verified", "judged", "handling", "feedback", "returned", "closed", "ended", "reopened"]


class HandsOut(Schema):
    account: int
    name: str


class CaseOut(Schema):
    number: int
    version: int = Field(description="Grows with every step: send it as 'seen', and a step on what has changed meanwhile is refused.")
    standard: str | None = Field(description="Null where somebody told of trouble that no standard judges.")
    title: Both | None
    breach_title: Both | None = Field(description="What is wrong; null where the facts are for posts that need to know them.")
    words: str = Field(description="As it was told, where no run found it.")
    source: str
    level: Level
    state: State
    waits_on: str = Field(description="Whose move is next: 'verify', 'judge:orange', 'close:street' …")
    mine: bool = Field(description="Whether it is the move of the token's post.")
    deadline: date | None
    overdue: bool
    opened_on: date
    closed_on: date | None
    end: str
    owner: str
    assignee: HandsOut | None
    household: int | None
    household_code: str
    who: str = Field(description="The person, masked, or the key of what is neither a person nor a family.")
    place: PlaceShort | None
    returned: int
    reopened: int
    passed_on: int
    contested: bool
    extended: bool
    doubted_since: date | None = Field(description="Since when the data cannot judge it.")
    eased_since: date | None = Field(description="Since when it is better, and not proven solved.")
    over_since: date | None = Field(description="Since when runs find it no more.")


class CasesOut(Next):
    items: list[CaseOut]


class CaseCountsOut(Schema):
    moves: dict[str, int]
    levels: dict[str, int] = Field(description="Of all that is open, like the ones below.")
    standards: dict[str, int]
    owners: dict[str, int]
    overdue: int
    open: int


class RoleOut(Schema):
    role: str
    title: Both


class NeedOut(Schema):
    code: str
    standing: Literal["done", "missing", "waiting", "waived"] = Field(description="waiting: only data can say it (observation).")
    title: Both
    told: list[Both] = Field(description="Why, and which delivery is waited for.")
    who: list[RoleOut] = Field(description="Who can supply it.")
    mine: bool = Field(description="Whether the token's post can.")


class ClocksOut(Schema):
    verify_due: date | None
    judge_due: date | None
    handle_due: date | None
    close_due: date | None
    deadline: date | None = Field(description="Of the stage it is in; null where it is over, or only data are waited for.")
    track: Literal["on_track", "at_risk", "overdue", "none"]
    working_days_over: int


class NextMoveOut(Schema):
    move: str
    who: list[RoleOut]
    people: list[str] = Field(description="Some who hold such a post; whoever has the case, where it is hers to move.")


class MeasureOut(Schema):
    id: int
    round: int
    text: str
    owner: str
    due_on: date
    cost: int | None
    planned_by: str
    done_on: date | None
    done_by: str
    result: str


class ApprovalOut(Schema):
    round: int
    who: RoleOut
    name: str
    at: datetime


class AnsweredOut(Schema):
    round: int
    answer: str
    channel: str
    words: str
    at: datetime
    recorded_by: str


class CaseVisitOut(Schema):
    visit: int
    on: date
    mode: str
    met: bool
    name: str


class LookBackOut(Schema):
    id: int
    kind: str
    due_on: date
    done_at: datetime | None
    done_by: str
    holds: bool | None
    words: str


class AskedOut(Schema):
    kind: str
    detail: dict[str, Any]
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    granted: bool | None


class CaseEventOut(Schema):
    what: str
    before: str
    after: str
    day: date
    at: datetime
    who: str
    role: str
    reason: str
    detail: dict[str, Any]


class CaseFullOut(CaseOut):
    told: bool = Field(description="False where the facts, and what was written, are for posts that need to know them.")
    round: int
    may: list[str] = Field(description="The steps that the token's post may take now.")
    next_move: NextMoveOut
    clocks: ClocksOut
    gate: list[NeedOut] = Field(description="What closing asks for; from judgement on.")
    facts: list[EvidenceOut]
    measures: list[MeasureOut]
    approvals: list[ApprovalOut]
    answers: list[AnsweredOut]
    visits: list[CaseVisitOut]
    look_backs: list[LookBackOut]
    asked: list[AskedOut] = Field(description="What one person asks and another decides.")
    alerts: list[int]
    follows: int | None
    events: list[CaseEventOut] = Field(description="The latest first.")


class WorkerOut(HandsOut):
    in_hand: int = Field(description="Open cases in her hands.")


class WorkersOut(Schema):
    items: list[WorkerOut]
