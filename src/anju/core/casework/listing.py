"""How a family comes to be monitored, and how its risk is declared over: states and moves as data, clocks, and what each move asks for.

A move is decisive where somebody decides; two decisive moves in a row are never one person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from anju.core.contracts.model import Bilingual
from anju.core.terms.dates import step_months
from anju.core.terms.working_days import WorkingCalendar

PROPOSED, VERIFIED, COMPARED, REVIEWED, NOTICED, TOWNSHIP = "proposed", "verified", "compared", "reviewed", "noticed", "township_reviewed"
LISTED, ELIMINATED, REFUSED, RELAPSED = "listed", "eliminated", "refused", "relapsed"
STATES: dict[str, Bilingual] = {
    PROPOSED: Bilingual("Proposed", "已提出"),
    VERIFIED: Bilingual("Visited and authorised", "已入户核实"),
    COMPARED: Bilingual("Data compared", "已比对数据"),
    REVIEWED: Bilingual("Reviewed by the meeting", "已评议"),
    NOTICED: Bilingual("On public notice", "公示中"),
    TOWNSHIP: Bilingual("Reviewed by the street", "乡镇已审核"),
    LISTED: Bilingual("Monitored", "监测中"),
    ELIMINATED: Bilingual("Risk over", "风险已消除"),
    REFUSED: Bilingual("Not listed", "未纳入"),
    RELAPSED: Bilingual("Came back", "已返贫"),
}
OPEN = (PROPOSED, VERIFIED, COMPARED, REVIEWED, NOTICED, TOWNSHIP)  # on the way to be listed, in this order
BAR = (*OPEN, LISTED)  # the seven steps of the bar
APPROVED = "approved"  # of the end of a risk: proposed, reviewed, noticed, approved or refused
ENDING = (PROPOSED, REVIEWED, NOTICED, APPROVED)

PROPOSE, REVIEW, APPROVE = "monitoring.propose", "monitoring.review", "monitoring.approve"
WHO: dict[str, Bilingual] = {
    PROPOSE: Bilingual("the responsible cadre or the first secretary", "包保干部或第一书记"),
    REVIEW: Bilingual("the street or town", "街道（乡镇）"),
    APPROVE: Bilingual("the county migration bureau", "县级生态移民局"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """From one state to the next by whoever may do `act`; `needs` says what is shown for it."""

    name: str
    source: str
    target: str
    act: str
    title: Bilingual
    needs: Bilingual
    decisive: bool = False


MOVES = (
    Move("verify", PROPOSED, VERIFIED, PROPOSE, Bilingual("Record the visit and the authorisation", "登记入户核实与授权"),
         Bilingual("what was found at the door, and the signed authorisation to query", "入户核实情况和签字的承诺授权书")),
    Move("compare", VERIFIED, COMPARED, PROPOSE, Bilingual("Compare with what the platform knows", "比对平台数据"),
         Bilingual("the table of what the platform knows, looked at", "查看平台已知数据")),
    Move("review", COMPARED, REVIEWED, REVIEW, Bilingual("Record the review meeting", "登记民主评议"),
         Bilingual("day, place, who attended and how they voted", "评议日期、地点、到会人数和表决结果"), decisive=True),
    Move("notice", REVIEWED, NOTICED, REVIEW, Bilingual("Put the public notice up", "张榜公示"),
         Bilingual("a notice that the screen lets pass", "经检查可公开的公示文本")),
    Move("township", NOTICED, TOWNSHIP, REVIEW, Bilingual("Review for the street", "乡镇审核"),
         Bilingual("a notice that was up for its whole time, and every objection answered", "公示期满且异议均已答复"), decisive=True),
    Move("approve", TOWNSHIP, LISTED, APPROVE, Bilingual("Approve for the county", "县级审定"),
         Bilingual("a person who took no part before", "由未参与前序环节的人员审定"), decisive=True),
)  # fmt: skip
ENDING_MOVES = (
    Move("review", PROPOSED, REVIEWED, REVIEW, Bilingual("Record the review meeting", "登记民主评议"),
         Bilingual("day, place, who attended and how they voted", "评议日期、地点、到会人数和表决结果"), decisive=True),
    Move("notice", REVIEWED, NOTICED, REVIEW, Bilingual("Put the public notice up", "张榜公示"),
         Bilingual("a notice that the screen lets pass", "经检查可公开的公示文本")),
    Move("approve", NOTICED, APPROVED, APPROVE, Bilingual("Approve for the county", "县级审定"),
         Bilingual("a notice that was up for its whole time, every objection answered, and conditions that still hold",
                   "公示期满、异议均已答复且条件仍然满足"), decisive=True),
)  # fmt: skip


def next_move(state: str, moves: Sequence[Move] = MOVES) -> Move | None:
    return next((move for move in moves if move.source == state), None)


# --- clocks --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """So many days, working days or months."""

    number: int
    unit: str

    def after(self, day: date, calendar: WorkingCalendar) -> date:
        """The last day on which it is still in time."""
        if self.unit == "working_days":
            return calendar.add(day, self.number)
        return step_months(day, self.number) if self.unit == "months" else day + timedelta(days=self.number)


UNITS = ("days", "working_days", "months")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy says of monitoring. `rigid_share_most`: in hundredths of the yearly income."""

    listing_within: Span
    plan_within: Span
    notice_up: Span
    plan_review: Span
    watch: Span
    stable: Span
    meeting_least: int
    rigid_share_most: int


# --- what a move asks for --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meeting:
    """A democratic review meeting. `minutes` says where the signed record lies."""

    held_on: date
    place: str
    attended: int
    votes_for: int
    votes_against: int
    minutes: str

    def faults(self, not_before: date, today: date, least: int) -> list[Bilingual]:
        """Everything that is wrong with it."""
        found = []
        if not self.place.strip():
            found.append(Bilingual("say where the meeting was held", "请填写评议地点"))
        if not self.minutes.strip():
            found.append(Bilingual("say where its signed record lies", "请填写会议记录存放处"))
        if self.held_on > today:
            found.append(Bilingual("the meeting lies in the future: record it when it was held", "评议日期在未来：请在会后登记"))
        if self.held_on < not_before:
            found.append(Bilingual(f"the meeting was held before {not_before}, when the matter came up", f"评议日期早于{not_before}"))
        if self.attended < least:
            found.append(Bilingual(f"{self.attended} attended: at least {least} are needed", f"到会{self.attended}人：至少需要{least}人"))
        if min(self.votes_for, self.votes_against) < 0 or self.votes_for + self.votes_against > self.attended:
            found.append(Bilingual("there are more votes than people", "表决票数超过到会人数"))
        return found

    @property
    def agreed(self) -> bool:
        return self.votes_for * 2 > self.attended


def acted_before(account: int | None, deciders: Iterable[tuple[str, int | None]]) -> str:
    """The decisive step that the same person took before, '' for none. Who has no account counts as one person."""
    return next((what for what, who in deciders if who == account), "")
