"""The states of a case and the steps between them, as data. Everything that writes a case walks this table, and the tests do too."""

from __future__ import annotations

from dataclasses import dataclass

from anju.core.contracts.model import Bilingual

ALERTED, ASSIGNED, VERIFIED, JUDGED = "alerted", "assigned", "verified", "judged"
HANDLING, FEEDBACK, RETURNED = "handling", "feedback", "returned"
CLOSED, ENDED, REOPENED = "closed", "ended", "reopened"

STATES: dict[str, Bilingual] = {
    ALERTED: Bilingual("Alerted", "预警"),
    ASSIGNED: Bilingual("Assigned", "已交办"),
    VERIFIED: Bilingual("Verified", "已核查"),
    JUDGED: Bilingual("Judged", "已研判"),
    HANDLING: Bilingual("In handling", "处置中"),
    FEEDBACK: Bilingual("Fed back", "已反馈"),
    RETURNED: Bilingual("Returned", "已退回"),
    CLOSED: Bilingual("Closed", "已销号"),
    ENDED: Bilingual("Ended otherwise", "其他办结"),
    REOPENED: Bilingual("Reopened", "已重开"),
}
OVER = frozenset({CLOSED, ENDED})
OPEN = frozenset(STATES) - OVER
TO_ASSIGN = frozenset({ALERTED, REOPENED})
IN_HAND = frozenset({JUDGED, HANDLING, RETURNED})

SEVEN = ("alerted", "verified", "judged", "handling", "feedback", "closed", "look_back")
"""The seven steps that a page draws: 预警, 核查, 研判, 处置, 反馈, 销号, 回头看."""
REACHED = {
    ALERTED: 1, ASSIGNED: 1, REOPENED: 1, VERIFIED: 2, JUDGED: 3, HANDLING: 4, RETURNED: 4, FEEDBACK: 5, CLOSED: 6, ENDED: 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """`acts`: of which the post must be allowed one; none for what the platform does by itself. `to`: the state after it, '' where it stays. To
    assign leads to ASSIGNED from where nobody ever had the case, and leaves one that was passed on where it is.

    `by_level`: who may take it depends on the level of the case, by casework.yaml ('judge' or 'closing')."""

    name: str
    title: Bilingual
    acts: tuple[str, ...]
    sources: frozenset[str]
    to: str = ""
    by_level: str = ""


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("assign", Bilingual("Put into somebody's hands", "交办"), ("cases.assign",), OPEN),
        Step("hand_on", Bilingual("Hand on to somebody else", "转交"), ("cases.assign",), OPEN - TO_ASSIGN),
        Step("verify", Bilingual("Verify", "核查"), ("cases.verify",), frozenset({ASSIGNED}), VERIFIED),
        Step("judge", Bilingual("Judge", "研判"), ("cases.judge",), frozenset({VERIFIED}), JUDGED, "judge"),
        Step("lower", Bilingual("Lower the level", "下调等级"), ("cases.judge",), OPEN, "", "judge"),
        Step("plan_measure", Bilingual("Plan a measure", "制定措施"), ("cases.handle",), IN_HAND, HANDLING),
        Step("finish_measure", Bilingual("Record a measure as done", "登记措施完成"), ("cases.handle",), frozenset({HANDLING})),
        Step("drop_measure", Bilingual("Take a measure back", "取消措施"), ("cases.handle",), frozenset({HANDLING})),
        Step("feed_back", Bilingual("Feed back", "反馈"), ("cases.handle",), frozenset({HANDLING}), FEEDBACK),
        Step("sign", Bilingual("Sign the feedback", "签字"), ("cases.sign",), frozenset({FEEDBACK})),
        Step("return_back", Bilingual("Return", "退回"), ("cases.sign", "cases.close"), frozenset({FEEDBACK}), RETURNED),
        Step("contest", Bilingual("Contest the return", "提请裁定"), ("cases.handle",), frozenset({RETURNED})),
        Step("arbitrate", Bilingual("Arbitrate", "裁定"), ("cases.arbitrate",), OPEN),
        Step("transfer", Bilingual("Pass to another department", "移交"), ("cases.judge",), OPEN - frozenset({FEEDBACK})),
        Step("close", Bilingual("Close", "销号"), ("cases.close",), frozenset({FEEDBACK}), CLOSED, "closing"),
        Step(
            "propose_end",
            Bilingual("Propose another end", "申请其他办结"),
            ("cases.handle", "cases.judge"),
            OPEN - TO_ASSIGN - frozenset({ASSIGNED}),
        ),
        Step("confirm_end", Bilingual("Confirm the end", "确认办结"), ("cases.judge",), OPEN, ENDED, "judge"),
        Step("ask_extension", Bilingual("Ask for more time", "申请延期"), ("cases.handle",), IN_HAND),
        Step("grant_extension", Bilingual("Grant more time", "批准延期"), ("cases.close",), IN_HAND, "", "closing"),
        Step("ask_exception", Bilingual("Ask for an exception from the condition", "申请条件例外"), ("cases.handle",), frozenset({FEEDBACK})),
        Step("grant_exception", Bilingual("Grant the exception", "批准条件例外"), ("cases.close",), frozenset({FEEDBACK}), "", "closing"),
        Step("look_back", Bilingual("Look back", "回头看"), ("cases.verify",), frozenset({CLOSED})),
        Step("reopen", Bilingual("Reopen", "重开"), (), frozenset({CLOSED}), REOPENED),
    )
}


@dataclass(frozen=True, slots=True)
class End:
    """A listed end other than closing. `words` of evidence are always needed; `causes`: which of them must be named."""

    title: Bilingual
    causes: tuple[str, ...] = ()
    needs_other: bool = False  # the number of another case


ENDS: dict[str, End] = {
    "false_alarm": End(Bilingual("False alarm", "误报"), ("rule", "data", "feed")),
    "duplicate": End(Bilingual("Duplicate of another case", "重复"), needs_other=True),
    "transferred": End(Bilingual("Passed to somebody outside the platform", "移交平台外单位")),
    "routine": End(Bilingual("Routine help is enough", "转日常帮扶")),
    "refused": End(Bilingual("The family does not want it", "群众不接受")),
    "unsolvable": End(Bilingual("Cannot be solved", "暂不能解决")),
    "not_applicable": End(Bilingual("No longer applies", "不再适用")),
}
CAUSES: dict[str, Bilingual] = {
    "rule": Bilingual("the rule", "规则问题"),
    "data": Bilingual("the data", "数据问题"),
    "feed": Bilingual("the delivery", "报送问题"),
}
