"""What each step asks for: the fields of its form, with what was typed where it was refused. One template draws all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anju.apps.cases.counting import load_of
from anju.apps.cases.models import Asked, Case, Measure
from anju.apps.cases.offering import Known
from anju.apps.cases.rules import casework, due
from anju.apps.cases.steps.assigning import workers_for
from anju.apps.cases.steps.closing import decisions_known
from anju.apps.cases.steps.judging import owners_known
from anju.apps.monitoring.states import CATEGORIES, RISKS
from anju.apps.staff.models import Post
from anju.apps.staff.permissions import ROLES
from anju.core.casework.states import CAUSES, ENDS
from anju.core.terms.levels import RANK
from anju.core.terms.viewer import Viewer
from anju.web.cases.words import category_words, decision_words, end_words, mode_words, outcome_words, risk_words
from anju.web.layout.templatetags.anju import level_words, said
from anju.web.work.rows import owner_title

MOST_WORKERS = 60
Given = Mapping[str, Sequence[str]]
"""What was typed into a form that was refused: every field with its values."""


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: Any  # words, or a bilingual title
    help: Any = ""
    on: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: area, line, day, money, number, pick (one of a list), choice (one of a few, each with its help), ticks, files."""

    name: str
    label: Any
    kind: str = "area"
    options: tuple[Option, ...] = ()
    help: Any = ""
    needed: bool = True
    least: int = 0
    most: int = 1_000
    first: date | None = None
    last: date | None = None
    value: str = ""
    only: str = ""  # asked for only where that option of another field is chosen


@dataclass(frozen=True, slots=True)
class Form:
    """`key` of a measure or a look-back that it is about. `fault` why it was refused: in both languages, or none."""

    step: str
    title: Any
    button: Any
    fields: tuple[Field, ...] = ()
    lead: Any = ""
    key: int | None = None
    faults: tuple[Any, ...] = ()
    other: Any = ""  # a second button: what the step decides against
    quoted: str = ""  # what somebody asked for, that is decided here
    action: str = ""

    @property
    def name(self) -> str:
        return f"{self.step}-{self.key}" if self.key is not None else self.step

    @property
    def files(self) -> bool:
        return any(one.kind == "files" for one in self.fields)


def filled(form: Form, given: Given, faults: Sequence[Any]) -> Form:
    """The form as it was sent, with why it was refused."""
    return replace(form, fields=tuple(_with(one, given.get(one.name, ())) for one in form.fields), faults=tuple(faults))


def _with(one: Field, values: Sequence[str]) -> Field:
    if one.options:
        return replace(one, options=tuple(replace(option, on=option.value in values) for option in one.options))
    return replace(one, value=values[0] if values else "") if one.kind != "files" else one


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked, about what. `hidden`: the facts of the matter are not for her post."""

    viewer: Viewer
    known: Known
    names: Mapping[str, str] = field(default_factory=dict)  # display names by user name
    hidden: bool = False
    kept: dict[str, tuple[Option, ...]] = field(default_factory=dict)  # what several forms ask for, read once

    @property
    def case(self) -> Case:
        return self.known.case


def words(name: str = "words", label: Any = "", *, least: int = 4, needed: bool = True, help: Any = "") -> Field:
    return Field(name, label, least=least if needed else 0, needed=needed, help=help)


def form_of(step: str, asking: Asking, key: int | None = None) -> Form | None:
    """The form of a step; of a measure or a look-back where `key` names one. None where there is nothing to ask about."""
    made = MAKERS[step](asking, key) if step in MAKERS else None
    return replace(made, action=f"/cases/{asking.case.pk}/{step}/") if made is not None else None


# --- into hands ------------------------------------------------------------------------------------------------------------


def _workers(asking: Asking) -> tuple[Option, ...]:
    """Who may be given the case, with what they have in hand: whoever has least first. Three queries, once for a page."""
    if "workers" not in asking.kept:
        asking.kept["workers"] = _who_works_there(asking.case)
    return asking.kept["workers"]


def _who_works_there(case: Case) -> tuple[Option, ...]:
    accounts = list(workers_for(case.path, case.owner)[:MOST_WORKERS])
    load = load_of([account.pk for account in accounts])
    posts = Post.objects.filter(account__in=accounts, end=None).annotate(name=F("place__name")).order_by("pk")
    held: dict[int, str] = {}
    for post in posts:
        held.setdefault(post.account_id, f"{_role(post.role)} · {post.name}")
    accounts.sort(key=lambda account: (load.get(account.pk, 0), account.display_name))
    return tuple(
        Option(
            str(account.pk), str(account), _("%(post)s · %(n)s open in hand") % {"post": held.get(account.pk, ""), "n": load.get(account.pk, 0)}
        )
        for account in accounts
        if account.pk != case.assignee
    )


def _role(code: str) -> str:
    return said(ROLES[code].title) if code in ROLES else code


def _take(asking: Asking, key: int | None) -> Form:
    return Form("take", _("Take it on yourself"), _("Take it on"), lead=_("From then on it is yours, and colleagues see your name."))


def _assign(asking: Asking, key: int | None) -> Form:
    fields = (
        Field("to", _("Who"), "choice", _workers(asking)),
        words("reason", _("What to look at first (may stay empty)"), needed=False),
    )
    return Form("assign", _("Put it into somebody's hands"), _("Assign"), fields)


def _hand_on(asking: Asking, key: int | None) -> Form:
    fields = (Field("to", _("Who"), "choice", _workers(asking)), words("reason", _("Why")))
    return Form("hand_on", _("Hand on to somebody else"), _("Hand on"), fields, lead=_("The clock runs on."))


def _name_lead(asking: Asking, key: int | None) -> Form:
    lead = _("One person answers for the family, whoever has a single case of it.")
    return Form("name_lead", _("Name who answers for this family"), _("Name them"), (Field("to", _("Who"), "choice", _workers(asking)),), lead)


# --- verified and judged --------------------------------------------------------------------------------------------------------


def _verify(asking: Asking, key: int | None) -> Form:
    case = asking.case
    modes = ["door", "phone", "video"] if case.household_id is not None else ["door", "phone", "video", "desk"]
    if case.household_id is not None and case.level == "red":
        modes = ["door"]
    found = [
        Option("confirmed", _("It is as the alert says")),
        Option("partly", _("Partly so, or otherwise than it says")),
        Option("not_confirmed", _("It is not so")),
    ]
    if case.household_id is not None and asking.viewer.can("visits.record"):
        found.append(Option("nobody", _("Nobody was there"), _("That is an answer too: the next try is planned.")))
    fields = (
        Field("found", _("What was found"), "choice", tuple(found)),
        Field("mode", _("How it was looked into"), "choice", tuple(Option(mode, mode_words(mode), on=len(modes) == 1) for mode in modes)),
        words("words", _("What you saw and heard"), least=2),
    )
    lead = _("A red matter is verified at the door.") if len(modes) == 1 else ""
    if case.household_id is not None and asking.viewer.can("visits.record"):
        lead = f"{lead} {_('It is recorded as a visit at once.')}".strip()
    return Form("verify", _("Verify it on the spot"), _("Record what was found"), fields, lead)


def _judge(asking: Asking, key: int | None) -> Form:
    case = asking.case
    outcomes = ["handle", *(["listed"] if case.household_id is not None else [])]
    ends = ["routine", "false_alarm", "duplicate", "transferred", "refused", "unsolvable", "not_applicable"]
    options = tuple(Option(one, *outcome_words(one)) for one in (*outcomes, *ends))
    fields: tuple[Field, ...] = (Field("outcome", _("What it is"), "choice", options), _cause(), _other())
    if case.household_id is not None:
        fields += (
            Field("category", _("Which kind of monitored household"), "pick", _categories(), needed=False, only="listed"),
            Field("risks", _("From what the risk comes"), "ticks", _risks(), needed=False, only="listed"),
        )
    fields += (words("reason", _("Your grounds"), least=4),)
    lead = _("Any end other than handling takes effect once a second person has confirmed it.")
    return Form("judge", _("Judge it"), _("Record the judgement"), fields, lead)


def _cause() -> Field:
    options = (Option("", "–"), *(Option(code, title) for code, title in CAUSES.items()))
    return Field("cause", _("What was wrong"), "pick", options, needed=False, only="false_alarm")


def _other() -> Field:
    return Field("other", _("The number of the other case"), "number", needed=False, only="duplicate")


def _categories() -> tuple[Option, ...]:
    return (Option("", "–"), *(Option(code, category_words(code)) for code in CATEGORIES))


def _risks() -> tuple[Option, ...]:
    return tuple(Option(code, risk_words(code)) for code in RISKS)


def _lower(asking: Asking, key: int | None) -> Form:
    below = [level for level in casework().clocks if RANK[level] < asking.case.rank]
    fields = (
        Field("level", _("To"), "choice", tuple(Option(level, level_words(level), on=len(below) == 1) for level in below)),
        words("reason", _("Why it is less grave")),
    )
    lead = _("It stands in the auditor's register. A run that finds it graver than ever raises it again.")
    return Form("lower", _("Lower the level"), _("Lower it"), fields, lead)


def _transfer(asking: Asking, key: int | None) -> Form:
    others = sorted(owners_known() - {asking.case.owner})
    fields = (
        Field("owner", _("To which department"), "pick", (Option("", "–"), *(Option(code, owner_title(code)) for code in others))),
        words("reason", _("Why it belongs there")),
    )
    lead = _("The clock runs on. Passed to and fro too often, an arbiter decides whose it is.")
    return Form("transfer", _("Pass it to another department"), _("Pass on"), fields, lead)


# --- handled --------------------------------------------------------------------------------------------------------------------


def _plan(asking: Asking, key: int | None) -> Form:
    case, day = asking.case, asking.known.day
    last = case.handle_due if not case.extended else None
    late = last is not None and last < day
    me = asking.names.get(asking.viewer.name, asking.viewer.name)
    fields = (
        words("text", _("What will be done"), least=2),
        Field("owner", _("By whom"), "line", least=2, most=150, value=me),
        Field("due_on", _("Until"), "day", first=day, last=None if late else last),
        Field("cost", _("Cost in yuan (may stay empty)"), "money", needed=False),
    )
    lead = _("It must be in place by %(on)s.") % {"on": last} if last is not None else ""
    return Form("plan_measure", _("Plan a measure"), _("Plan it"), fields, lead)


def _finish(asking: Asking, key: int | None) -> Form | None:
    measure = _measure(asking, key)
    if measure is None:
        return None
    fields = (
        Field(
            "done_on",
            _("Done on"),
            "day",
            first=asking.case.reopened_on or asking.case.opened_on,
            last=asking.known.day,
            value=asking.known.day.isoformat(),
        ),
        words("result", _("What came of it"), least=2),
        Field("cost", _("Cost in yuan (may stay empty)"), "money", needed=False, value=yuan(measure.cost)),
        _files(),
    )
    return Form("finish_measure", _("Record the measure as done"), _("Record as done"), fields, key=measure.pk, quoted=measure.text)


def _drop(asking: Asking, key: int | None) -> Form | None:
    measure = _measure(asking, key)
    fields = (words("reason", _("Why")),)
    if measure is None:
        return None
    return Form("drop_measure", _("Take the measure back"), _("Take it back"), fields, key=measure.pk, quoted=measure.text)


def _measure(asking: Asking, key: int | None) -> Measure | None:
    left = asking.known.left
    return next((one for one in left if one.pk == key), None if key is not None else left[0] if left else None)


def yuan(minor: int | None) -> str:
    return f"{minor // 100}.{minor % 100:02d}" if minor is not None else ""


def _files() -> Field:
    return Field("files", _("Photos or a PDF (may stay empty)"), "files", needed=False, help=_("Nobody needs to be in the picture."))


def _attach(asking: Asking, key: int | None) -> Form:
    done = [one for one in asking.known.measures if one.done_on is not None]
    options = (*(Option(f"measure:{one.pk}", one.text[:60]) for one in done), Option(f"case:{asking.case.pk}", _("the case as a whole")))
    fields = (
        replace(_files(), label=_("Photos or a PDF"), needed=True),
        Field("about", _("What it shows"), "pick", (replace(options[0], on=True), *options[1:])),
    )
    return Form("attach", _("Attach a photo or document"), _("Attach"), fields)


def _feed_back(asking: Asking, key: int | None) -> Form:
    fields = (words("words", _("What was done, and what came of it")),)
    lead = _("The handling clock ends here. What closing must still wait for is observation, never overdue.")
    return Form("feed_back", _("Feed back"), _("Feed back"), fields, lead)


def _ask_extension(asking: Asking, key: int | None) -> Form:
    limit = asking.case.handle_due
    last = due(limit, casework().extension) if limit is not None else None
    fields = (Field("until", _("Until"), "day", first=limit, last=last), words("reason", _("Why more time is needed")))
    lead = _("There is one extension for each case, to %(on)s at most.") % {"on": last} if last is not None else ""
    return Form("ask_extension", _("Ask for more time"), _("Ask"), fields, lead)


# --- decided by a second person ------------------------------------------------------------------------------------------------------


def _decides(step: str, kind: str, title: Any, yes: Any, no: Any, lead: Any = "") -> Callable[[Asking, int | None], Form | None]:
    def make(asking: Asking, key: int | None) -> Form | None:
        asked = asking.known.waiting(kind)
        if asked is None:
            return None
        fields = (words("reason", _("Your reason (needed where you refuse)"), needed=False),)
        quoted = "" if asking.hidden else asked.reason
        return Form(step, str(title), str(yes), fields, lead=asked_words(asking, asked), other=str(no), quoted=quoted)

    return make


def asked_words(asking: Asking, asked: Asked) -> str:
    """'罗春燕 asks: until 2023-10-09'."""
    who = asking.names.get(asked.asked_by, asked.asked_by)
    if asked.kind == Asked.EXTENSION:
        return _("%(who)s asks for time until %(until)s.") % {"who": who, "until": asked.detail.get("until", "")}
    if asked.kind == Asked.END:
        return _("%(who)s proposes: %(end)s") % {"who": who, "end": end_words(asked.detail)}
    if asked.kind == Asked.EXCEPTION:
        return _("%(who)s asks that it may close though the data do not say so.") % {"who": who}
    return _("%(who)s asks for an arbiter.") % {"who": who}


def _sign(asking: Asking, key: int | None) -> Form:
    return Form("sign", _("Sign the feedback"), _("Sign"), (words("words", _("Remark (may stay empty)"), needed=False),))


def _return(asking: Asking, key: int | None) -> Form:
    fields = (words("reason", _("What must be done before it can be accepted")),)
    lead = _("The due date does not move. How often a case was returned is counted and shown.")
    return Form("return_back", _("Return it"), _("Return"), fields, lead)


def _contest(asking: Asking, key: int | None) -> Form:
    return Form(
        "contest", _("Contest the return"), _("Ask for an arbiter"), (words("reason", _("Why")),), _("An arbiter decides. The clock runs on.")
    )


def _arbitrate(asking: Asking, key: int | None) -> Form | None:
    asked = asking.known.waiting(Asked.ARBITER)
    if asked is None:
        return None
    if asked.detail.get("about") == "owner":
        both = [str(asked.detail.get(side, "")) for side in ("from", "to")]
        choice = Field("owner", _("Whose it is"), "choice", tuple(Option(code, owner_title(code)) for code in both))
    else:
        options = (Option("accept", _("The feedback is accepted")), Option("handle", _("It must be handled again")))
        choice = Field("decision", _("Decision"), "choice", options)
    fields = (choice, words("reason", _("Your grounds")))
    quoted = "" if asking.hidden else asked.reason
    return Form("arbitrate", _("Decide the dispute"), _("Decide"), fields, asked_words(asking, asked), quoted=quoted)


def _close(asking: Asking, key: int | None) -> Form:
    fields = (words("reason", _("Remark (may stay empty)"), needed=False),)
    lead = _("The data are asked once more. With the last approval the case is closed, and is looked back at.")
    return Form("close", _("Approve the closing"), _("Approve"), fields, lead)


def _propose_end(asking: Asking, key: int | None) -> Form:
    options = tuple(Option(one, *outcome_words(one)) for one in ENDS)
    fields = (Field("end", _("How it ends"), "choice", options), _cause(), _other(), words("reason", _("Your grounds")))
    return Form("propose_end", _("Propose another end"), _("Propose"), fields, _("A second person decides."))


def _ask_exception(asking: Asking, key: int | None) -> Form:
    fields = (words("reason", _("Why the data cannot say so, and how else it is known"), least=10),)
    lead = _("A second person reviews it. It stands in the auditor's register.")
    return Form("ask_exception", _("Ask for an exception from the condition"), _("Ask"), fields, lead)


def _answer(asking: Asking, key: int | None) -> Form:
    answers = (Option("solved", _("Solved")), Option("partly", _("Partly solved")), Option("not", _("Not solved")))
    channels = (Option("phone", _("by telephone")), Option("paper", _("on paper, signed")), Option("visit", _("at the door")))
    fields = (
        Field("answer", _("What the family says"), "choice", answers),
        Field("channel", _("How it was said"), "choice", channels),
        words("words", _("In their words (may stay empty)"), needed=False),
    )
    return Form("answer", _("Record the family's answer"), _("Record the answer"), fields)


def _link(asking: Asking, key: int | None) -> Form:
    lead = _("Serves once, for %(n)s days, without an account. It is shown once: as an address, as a QR code, and as a slip to print.")
    return Form("make_link", _("Ask the family by a link"), _("Make a link"), lead=lead % {"n": casework().answer_days})


def _decision(asking: Asking, key: int | None) -> Form:
    codes = sorted(decisions_known(asking.case.standard))
    fields = (
        Field("code", _("Decision"), "pick", tuple(Option(code, decision_words(code), on=len(codes) == 1) for code in codes)),
        Field("on", _("Day"), "day", first=asking.case.opened_on, last=asking.known.day, value=asking.known.day.isoformat()),
        words("reason", _("Your grounds")),
    )
    return Form("decision", _("Record a decision"), _("Record it"), fields, _("The standard reads it from the next run on."))


def _look_back(asking: Asking, key: int | None) -> Form | None:
    found = asking.known.look_back_due(asking.viewer)
    if found is None or (key is not None and key != found.pk):
        return None
    options = (Option("yes", _("It holds")), Option("no", _("It does not hold: the case opens again")))
    fields: tuple[Field, ...] = (Field("holds", _("Does it hold?"), "choice", options), words("words", _("What you saw"), least=2))
    if asking.case.household_id is not None:
        modes = tuple(Option(mode, mode_words(mode)) for mode in ("door", "phone", "video"))
        fields = (fields[0], Field("mode", _("How it was looked into"), "choice", modes), fields[1])
    lead = _("Due on %(on)s.") % {"on": found.due_on}
    return Form("look_back", _("Look back"), _("Record it"), fields, lead, key=found.pk)


MAKERS: dict[str, Callable[[Asking, int | None], Form | None]] = {
    "take": _take, "assign": _assign, "hand_on": _hand_on, "name_lead": _name_lead,
    "verify": _verify, "judge": _judge, "lower": _lower, "transfer": _transfer,
    "plan_measure": _plan, "finish_measure": _finish, "drop_measure": _drop, "attach": _attach, "feed_back": _feed_back, "sign": _sign,
    "return_back": _return, "contest": _contest, "arbitrate": _arbitrate, "close": _close, "propose_end": _propose_end,
    "confirm_end": _decides("confirm_end", Asked.END, gettext_lazy("Decide on the end proposed"), gettext_lazy("Confirm it"),
                            gettext_lazy("No, refuse it")),
    "ask_extension": _ask_extension,
    "grant_extension": _decides("grant_extension", Asked.EXTENSION, gettext_lazy("Decide on more time"), gettext_lazy("Grant it"),
                                gettext_lazy("No, refuse it")),
    "ask_exception": _ask_exception,
    "grant_exception": _decides("grant_exception", Asked.EXCEPTION, gettext_lazy("Review the exception"), gettext_lazy("Grant it"),
                                gettext_lazy("No, refuse it")),
    "answer": _answer, "make_link": _link, "decision": _decision, "look_back": _look_back,
}  # fmt: skip
