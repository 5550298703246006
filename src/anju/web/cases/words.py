"""Words of these pages: what happened, whose move is next, what was found, judged and asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anju.apps.cases.models import CaseEvent
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import CAUSES, ENDS
from anju.web.cases.events import event_words
from anju.web.cases.rows import source_words
from anju.web.layout.current import programme
from anju.web.layout.templatetags.anju import level_words, said
from anju.web.work.rows import owner_title


def next_words(move: str) -> str:
    """What is to be done next, by `waits_on`."""
    name = move.partition(":")[0]
    return {
        "assign": _("Put it into somebody's hands"), "verify": _("Verify it on the spot"), "judge": _("Judge it"),
        "handle": _("Take measures, then feed back"), "sign": _("Sign the feedback"), "observe": _("Wait for what data say"),
        "show": _("Supply what is still missing"), "close": _("Approve the closing"), "confirm": _("Decide on what is asked"),
        "arbitrate": _("Decide the dispute"), "closed": _("Look back"), "ended": _("Nothing: it is over"),
    }.get(name, name)  # fmt: skip


def step_words(name: str) -> str:
    """The seven steps that a page draws."""
    return {
        "alerted": _("Alert"), "verified": _("Verification"), "judged": _("Judgement"), "handling": _("Handling"), "feedback": _("Feedback"),
        "closed": _("Closing"), "look_back": _("Look-back"), "observed": _("Observation"),
    }.get(name, name)  # fmt: skip


def end_words(detail: Mapping[str, Any]) -> str:
    """What an end is proposed as: 'False alarm (the data)', 'Duplicate of another case (No. 12)'."""
    title = outcome_words(detail.get("end", ""))[0]
    cause, other = detail.get("cause", ""), detail.get("other")
    more = said(CAUSES[cause]) if cause in CAUSES else _("No. %(n)s") % {"n": other} if other else ""
    return f"{title} ({more})" if more else title


def mode_words(mode: str) -> str:
    return {"door": _("at the door"), "phone": _("by telephone"), "video": _("by video"), "desk": _("from the desk")}.get(mode, mode)


def found_words(found: str) -> str:
    return {"confirmed": _("confirmed"), "partly": _("partly so"), "not_confirmed": _("not confirmed")}.get(found, found)


def outcome_words(outcome: str) -> tuple[str, str]:
    """What a judgement or a listed end is called, and what it means."""
    told = {
        "handle": (_("To be handled"), _("There is a trouble, and something must be done about it.")),
        "listed": (_("To be listed as monitored, and handled"), _("The listing is proposed at once; review and notice follow.")),
        "routine": ("", _("The everyday help of the community is enough.")),
        "false_alarm": ("", _("Nothing was wrong: the rule, the data or the delivery was.")),
        "duplicate": ("", _("Another case is about the same; that one goes on.")),
        "transferred": ("", _("Somebody outside this platform takes it over; say who.")),
        "refused": ("", _("Offered and declined; say what, and how it was declined.")),
        "unsolvable": ("", _("Nothing within reach would change it; say why.")),
        "not_applicable": ("", _("The standard no longer applies to this family or thing.")),
    }  # fmt: skip
    title, meaning = told.get(outcome, ("", ""))
    return (title or (said(ENDS[outcome].title) if outcome in ENDS else outcome), meaning)


def answer_words(answer: str) -> str:
    return {"solved": _("Solved"), "partly": _("Partly solved"), "not": _("Not solved")}.get(answer, answer)


def channel_words(channel: str) -> str:
    return {"phone": _("by telephone"), "paper": _("on paper, signed"), "visit": _("at the door"), "link": _("by its link")}.get(
        channel, channel
    )


def category_words(code: str) -> str:
    return {
        "unstable": _("unstable: lifted from poverty, at risk of falling back"), "marginal": _("marginal: never registered poor, close to it"),
        "sudden": _("sudden: a heavy blow"),
    }.get(code, code)  # fmt: skip


def risk_words(code: str) -> str:
    return {
        "illness": _("illness"), "education": _("costs of schooling"), "disaster": _("disaster"), "accident": _("accident"),
        "employment": _("lost work"), "industry": _("failed business"), "no_labour": _("no labour"), "disability": _("disability"),
        "other": _("something else"),
    }.get(code, code)  # fmt: skip


def decision_words(code: str) -> str:
    """A decision that standards read, as the programme calls it."""
    title = programme().words.get(code)
    return said(title) if title is not None else code.replace("_", " ")


def rank_words(to: str) -> str:
    """Who is told of a deadline that passed."""
    return {"handler": _("whoever has it"), "street": _("the street"), "county": _("the county"), "prefecture": _("the prefecture")}.get(to, to)


def told_words(event: CaseEvent, names: Mapping[str, str]) -> str:
    """What happened, with what it came to; what was written about it is shown apart."""
    title = _titles().get(event.what) or event_words(event.what)
    more = _detail(event.what, event.detail, names)
    return title + pgettext("between a fact and its value", ": ") + str(more) if more else title


def _titles() -> dict[str, str]:
    """What a queue does not tell of, and the page of a case does."""
    return {
        "escalated": _("Overdue, and told"), "told": _("Told of once more"), "eased": _("The condition is better, but not proven solved"),
        "over": _("The data find it no more; the case stays open"), "take": _("Taken on"), "hand_on": _("Handed on"), "verify": _("Verified"),
        "judge": _("Judged"), "lower": _("Level lowered"), "plan_measure": _("Measure planned"), "finish_measure": _("Measure done"),
        "drop_measure": _("Measure taken back"), "feed_back": _("Fed back"), "sign": _("Feedback signed"), "contest": _("Return contested"),
        "arbitrate": _("Dispute decided"), "transfer": _("Passed to another department"), "propose_end": _("Another end proposed"),
        "refuse_end": _("The end proposed was refused"), "ask_extension": _("More time asked for"), "grant_extension": _("More time granted"),
        "refuse_extension": _("More time refused"), "ask_exception": _("Exception asked for"), "grant_exception": _("Exception granted"),
        "refuse_exception": _("Exception refused"), "approve": _("Closing approved"), "ready": _("Nothing is missing but approvals"),
        "observing": _("Observation began"), "decision": _("Decision recorded"), "instructed": _("A leader instructed"),
        "replied": _("Instruction answered"), "look_back": _("Looked back"),
    }  # fmt: skip


def _detail(what: str, detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    def text(name: str) -> str:
        return str(detail.get(name) or "")

    match what:
        case "assign" | "hand_on":
            return names.get(text("name"), text("name"))
        case "verify":
            return " · ".join(part for part in (found_words(text("found")), mode_words(text("mode"))) if part)
        case "judge":
            return outcome_words(text("outcome"))[0]
        case "lower":
            return f"{level_words(text('from'))} → {level_words(text('to'))}"
        case "transfer":
            return f"{said(owner_title(text('from')))} → {said(owner_title(text('to')))}"
        case "propose_end" | "end" | "refuse_end":
            return _end(detail)
        case "answered":
            return f"{answer_words(text('answer'))} · {channel_words(text('channel'))}"
        case "escalated":
            return rank_words(text("to"))
        case "ask_extension" | "grant_extension" | "refuse_extension":
            return text("until")
        case "approve" | "close":
            return said(ROLES[text("as")].title) if text("as") in ROLES else ""
        case "decision":
            return f"{decision_words(text('code'))}, {text('on')}"
        case "look_back":
            return _("it holds") if detail.get("holds") else _("it does not hold")
        case "reopen":
            return {"relapse": _("found again"), "look_back": _("it did not hold")}.get(text("why"), "")
        case "opened" | "told":
            return source_words(text("channel")) if text("channel") else ""
        case "arbitrate":
            decision = text("decision")
            return {"accept": _("the feedback is accepted"), "handle": _("it must be handled again")}.get(decision) or said(
                owner_title(decision)
            )
        case _:
            return ""


def _end(detail: Mapping[str, Any]) -> str:
    title = outcome_words(str(detail.get("end", "")))[0]
    cause, other = str(detail.get("cause") or ""), detail.get("other")
    more = said(CAUSES[cause]) if cause in CAUSES else _("No. %(n)s") % {"n": other} if other else ""
    return f"{title} ({more})" if more else title
