"""What each step of a case tells whom: the table that `telling` walks, and that docs/notices.md is made from."""

from __future__ import annotations

from dataclasses import dataclass

from anju.apps.cases.models import Asked
from anju.apps.staff.permissions import ROLES

HANDLER, CONCERNED, PARTIES, FORMER = "handler", "concerned", "parties", "former"
ASSIGNERS, JUDGES, CLOSERS, SIGNERS, ARBITERS, NAMED = "assigners", "judges", "closers", "signers", "arbiters", "named"
WHO = {
    HANDLER: "whoever has the case",
    CONCERNED: "whoever asked, and whoever has the case",
    PARTIES: "whoever asked, whoever returned it, and whoever has the case",
    FORMER: "whoever had it, the community's first secretary and the department",
    ASSIGNERS: "who puts cases into hands: its department's posts there, else the community, the street, the county",
    JUDGES: "the first rank that judges its level with somebody free there",
    CLOSERS: "the first rank that closes its level with somebody free there",
    SIGNERS: "the street, else the county",
    ARBITERS: "the county's arbiters, else the prefecture's",
    NAMED: "the rank whose approval is next",
}
"""In words. Free is who holds the post today for that place and department, never had the case in hand and has not asked. Where nobody in any
of these ranks is free, the rank that stands in is told."""
ROLES_TOLD = {
    ASSIGNERS: ("county_department", "first_secretary", "street", "county_bureau", "prefecture_bureau"),
    SIGNERS: tuple(code for code, role in ROLES.items() if "cases.sign" in role.may),
    ARBITERS: tuple(code for code, role in ROLES.items() if "cases.arbitrate" in role.may),
}
MINE, POST, OVER = "/cases/?queue=mine", "/cases/?queue=post", "/cases/?queue=done"


@dataclass(frozen=True, slots=True)
class Row:
    """A word of notices, and who is told it. `many`: the list that one notice of many of a kind leads to."""

    what: str
    to: str
    many: str


MOVES: dict[str, Row] = {
    "assign": Row("case.assign", ASSIGNERS, f"{POST}&move=assign"),
    "judge": Row("case.judge", JUDGES, f"{POST}&move=judge"),
    "handle": Row("case.handle", HANDLER, f"{MINE}&move=handle"),
    "show": Row("case.show", HANDLER, f"{MINE}&move=show"),
    "sign": Row("case.sign", SIGNERS, f"{POST}&move=sign"),
    "close": Row("case.close", NAMED, f"{POST}&move=close"),
    "arbitrate": Row("case.arbitrate", ARBITERS, f"{POST}&move=arbitrate"),
    f"confirm:{Asked.END}": Row("case.end", JUDGES, f"{POST}&move=confirm"),
    f"confirm:{Asked.EXTENSION}": Row("case.extension", CLOSERS, f"{POST}&move=confirm"),
    f"confirm:{Asked.EXCEPTION}": Row("case.exception", CLOSERS, f"{POST}&move=confirm"),
}
"""By what a case waits for now and did not before: whose act is next."""

OUTCOMES: dict[str, Row] = {
    "assign": Row("case.assigned", HANDLER, MINE),
    "hand_on": Row("case.handed_over", HANDLER, MINE),
    "return_back": Row("case.returned", HANDLER, MINE),
    "arbitrate": Row("case.arbitrated", PARTIES, MINE),
    "grant_extension": Row("case.extension_granted", CONCERNED, MINE),
    "refuse_extension": Row("case.extension_refused", CONCERNED, MINE),
    "grant_exception": Row("case.exception_granted", CONCERNED, MINE),
    "refuse_exception": Row("case.exception_refused", CONCERNED, MINE),
    "end": Row("case.end_confirmed", CONCERNED, OVER),
    "refuse_end": Row("case.end_refused", CONCERNED, MINE),
    "close": Row("case.closed", HANDLER, OVER),
    "reopen": Row("case.reopened", FORMER, f"{POST}&move=assign"),
    "rose": Row("case.raised", HANDLER, MINE),
    "draw": Row("case.look_back", ASSIGNERS, "/cases/"),
}
"""By what was done: who is told what came of it, before whose act is next."""

ASKS = {"propose_end": Asked.END, "ask_extension": Asked.EXTENSION, "ask_exception": Asked.EXCEPTION}
"""Acts by which one asks what another decides."""

LOOK, OPENED, ROSE, DRAW, LEAD = "look", "opened", "rose", "draw", "case.lead"
LISTS = {row.what: row.many for row in (*MOVES.values(), *OUTCOMES.values())} | {
    "case.overdue": "/cases/?queue=open&overdue=1", "case.escalated": "/cases/?queue=open&overdue=1", LEAD: "/cases/families/",
}  # fmt: skip
"""Where one notice of many of a kind leads to."""
AGAIN = ("again",)
"""A question is answered, or the case is in other hands: whose turn it was is told once more, where she was not told of it yet."""
END, EXTENSION, EXCEPTION = (f"confirm:{kind}" for kind in (Asked.END, Asked.EXTENSION, Asked.EXCEPTION))
LEADS: dict[str, tuple[str, ...]] = {
    "assign": AGAIN, "take": AGAIN, "hand_on": (), "verify": ("judge",), "judge": ("handle",), "lower": AGAIN,
    "plan_measure": (), "finish_measure": (), "drop_measure": (), "feed_back": ("sign", "show", "close"), "sign": ("show", "close"),
    "return_back": (), "contest": ("arbitrate",), "arbitrate": AGAIN, "transfer": ("assign", "arbitrate", END, EXTENSION),
    "approve": ("close",), "close": (), "propose_end": (END,), "end": (), "refuse_end": AGAIN,
    "ask_extension": (EXTENSION,), "grant_extension": AGAIN, "refuse_extension": AGAIN,
    "ask_exception": (EXCEPTION,), "grant_exception": AGAIN, "refuse_exception": AGAIN,
    "look_back": (), "reopen": (), OPENED: ("assign",), ROSE: (), DRAW: (), LOOK: ("show", "sign", "close"),
}  # fmt: skip
"""Of every step as it is written down (`CaseEvent.what`), for which of MOVES it may hand the next act to somebody. `look`: a run, a visit or an
answer has shown something of a case that was fed back."""
NO_STEPS = (OPENED, ROSE, DRAW, LOOK)
"""What is told of and is no step of a person with one case: one opens, a run finds it graver, closed ones are drawn, something is shown."""
SAME = {"approve": "close", "end": "confirm_end", "refuse_end": "confirm_end", "refuse_extension": "grant_extension",
        "refuse_exception": "grant_exception", "take": "assign"}  # fmt: skip
"""What is written down under a name of its own, by the step that it is."""
