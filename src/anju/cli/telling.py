"""The tables of docs/notices.md: who is told of what, made from what telling walks:  python -m anju.cli.telling"""

from __future__ import annotations

import sys

from anju.cli.context import set_up

set_up()

from anju.apps.cases.told import AGAIN, DRAW, END, EXCEPTION, EXTENSION, LEADS, LOOK, MOVES, OPENED, OUTCOMES, ROSE, WHO, Row  # noqa: E402  (Django first)
from anju.apps.notices.words import WORDS  # noqa: E402
from anju.core.casework.states import STEPS  # noqa: E402

WAITS = {
    "assign": "to be put into hands", "judge": "judgement", "handle": "measures and feedback", "show": "what closing still lacks",
    "sign": "a signature", "close": "an approval of the closing", "arbitrate": "an arbiter", END: "a word on a proposed end",
    EXTENSION: "a word on more time", EXCEPTION: "a word on an exception",
}  # fmt: skip
SAID = {
    "approve": "Approve, where another rank must too", "end": "Confirm the end", "refuse_end": "Refuse the end",
    "refuse_extension": "Refuse more time", "refuse_exception": "Refuse the exception", "take": "Take it on oneself",
    LOOK: "A visit, an answer, a file or a run shows something", OPENED: "A case opens", ROSE: "A run finds it graver",
    DRAW: "Closed cases are drawn, to be looked at by another team",
}  # fmt: skip
HEAD = """## Who is told of what happens to a case

Made from `anju.apps.cases.told` by `python -m anju.cli.telling`; a test compares, and others take every row. Each person is told once of each
act, nobody of her own. Of more than five of a kind at once each gets one notice, with their number and their list. Nothing is asked of a person
who is not free: who had the case in hand, who has asked, who has approved in another rank. What somebody asked and nobody decided, because the
case has moved on (more time, once it is fed back), is not answered; nor who sees the case no more.
"""
NEXT = """
Whose act is next, when a case comes to wait for it:

| It waits for | Told | The notice | 通知 |
|---|---|---|---|"""
STEP = """
And step by step: who is told what came of it, and whose act may be next. *Whose turn it was*: a question is answered, or the case is in other
hands; she is told who was not told of it yet.

| Step | What came of it | Told | Next |
|---|---|---|---|"""
REST = """
Beside the steps: an instruction is told to whoever puts cases into hands in its place, or in the nearest above it that has somebody, and to
whoever has the case; its reply to whoever gave it; a deadline that has passed to one more rank each time
([casework.yaml](../policy/casework.yaml), `escalate`); a family to whoever answers for it from now on.
"""


def section() -> str:
    lines = [HEAD.rstrip(), *NEXT.splitlines()]
    for move, row in MOVES.items():
        words = WORDS[row.what]
        lines.append(f"| {WAITS[move]} | {WHO[row.to]} | {words.en} | {words.zh} |")
    lines += STEP.splitlines()
    for what, moves in LEADS.items():
        lines.append(f"| {_step(what)} | {_outcome(OUTCOMES.get(what))} | {'*whose turn it was*' if moves == AGAIN else _moves(moves)} |")
    return "\n".join([*lines, *REST.rstrip().splitlines()]) + "\n"


def _step(what: str) -> str:
    return f"{SAID.get(what) or STEPS[what].title.en} `{what}`"


def _outcome(row: Row | None) -> str:
    return f"{WORDS[row.what].en} | {WHO[row.to]}" if row is not None else "– | –"


def _moves(moves: tuple[str, ...]) -> str:
    return ", ".join(WAITS[move] for move in moves) or "–"


if __name__ == "__main__":
    sys.stdout.write(section())
