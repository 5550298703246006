"""A random walk of the whole cast over a few cases, legal and illegal steps alike, watched by a model that knows nothing of the code's tables.

What may never happen is written down here once more, in plain Python: `Watched.look` compares what a step did with it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from anju.apps.alerts.models import Episode
from anju.apps.attachments.models import Attachment
from anju.apps.cases.models import Approval, Asked, Case, CaseAlert, CaseCount, CaseEvent, LookBack, Measure
from anju.apps.cases.offering import known_of, offered
from anju.apps.cases.queries import case_of
from anju.apps.cases.refusing import Refused
from anju.apps.cases.steps import assigning, closing, ending, handling, judging, looking_back, reviewing, verifying
from anju.apps.cases.steps.opening import follow_alerts
from anju.apps.cases.steps.reminding import HANDLER, pass_day
from anju.apps.cases.steps.reminding import RANK as RANK_TOLD
from anju.apps.cases.steps.watching import watch
from anju.apps.cases.told import AGAIN, DRAW, LEADS, LOOK, MOVES, OUTCOMES
from anju.apps.journal.models import Line
from anju.apps.notices.models import Notice
from anju.apps.staff.models import Account, Post
from apps.cases.conftest import Loop

GOES = {  # step -> from which state to which; '=' stays
    "assign": {"alerted": "assigned", "reopened": "assigned", "*": "="}, "take": {"alerted": "assigned", "reopened": "assigned", "*": "="},
    "hand_on": {"*": "="}, "verify": {"assigned": "verified"}, "judge": {"verified": "judged"}, "lower": {"*": "="},
    "plan_measure": {"judged": "handling", "handling": "handling", "returned": "handling"}, "finish_measure": {"handling": "handling"},
    "drop_measure": {"handling": "handling"}, "feed_back": {"handling": "feedback"}, "sign": {"feedback": "feedback"},
    "return_back": {"feedback": "returned"}, "contest": {"returned": "returned"},
    "arbitrate": {"returned": "feedback", "assigned": "alerted", "*": "="}, "transfer": {"assigned": "alerted", "*": "="},
    "close": {"feedback": "closed"}, "approve": {"feedback": "feedback"}, "propose_end": {"*": "="}, "refuse_end": {"*": "="},
    "ask_extension": {"judged": "judged", "handling": "handling", "returned": "returned"},
    "grant_extension": {"judged": "judged", "handling": "handling", "returned": "returned"},
    "refuse_extension": {"judged": "judged", "handling": "handling", "returned": "returned"},
    "ask_exception": {"feedback": "feedback"}, "grant_exception": {"feedback": "feedback"}, "refuse_exception": {"feedback": "feedback"},
    "look_back": {"closed": "closed"}, "reopen": {"closed": "reopened"}, "end": {"*": "ended"},
}  # fmt: skip
EVIDENCE = {"red": ("file", "door"), "orange": ("file", "any"), "yellow": ("words", "answer")}
APPROVE = {"red": ["county_department", "county_bureau"], "orange": ["county_department"], "yellow": ["street"]}
INSTEAD = {"county_department": ["county_bureau", "prefecture_bureau"], "county_bureau": ["prefecture_bureau"], "street": ["county_bureau",
           "prefecture_bureau"]}  # fmt: skip
RANK = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}
WORKED = ("verify", "plan_measure", "finish_measure", "feed_back")
CALLS = {  # what is told of a rank's turn -> the step it is asked for
    "case.judge": "judge", "case.sign": "sign", "case.close": "close", "case.arbitrate": "arbitrate", "case.end": "confirm_end",
    "case.extension": "grant_extension", "case.exception": "grant_exception",
}  # fmt: skip
NAMES = [field.attname for field in Case._meta.concrete_fields]


def as_it_is() -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in Case.objects.values(*NAMES)}


@dataclass
class Watched:
    """A loop, what its data say of each case, and the walk so far, told where something is wrong."""

    loop: Loop
    chance: random.Random
    says: dict[int, tuple[str, bool]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    away: set[str] = field(default_factory=set)
    ending: bool = False

    # --- the walk -----------------------------------------------------------------------------------------------------

    def walk(self, steps: int) -> None:
        self.ending = False
        for _ in range(steps):
            numbers = list(Case.objects.values_list("pk", flat=True))
            name = self.chance.choice(ANYTIME if self.chance.random() < 0.25 or not numbers else STEPS)
            number = self.chance.choice(numbers) if numbers else 0
            if name in STEPS and self.chance.random() < 0.7:
                name, who = self.sensible(number)
            else:
                who = self.chance.choice([one for one in self.loop.cast if one not in self.away])
            self.take(name, number, who)

    def sensible(self, number: int) -> tuple[str, str]:
        """A step that often fits, of somebody who often may."""
        case = Case.objects.get(pk=number)
        fitting = FITS.get(case.state, ("look_back",))
        name = self.chance.choice(fitting)
        asked = list(Asked.objects.filter(case=case, decided_at=None).values_list("kind", flat=True))
        if asked and self.chance.random() < 0.6:
            name = {"end": "decide_end", "extension": "decide_extension", "exception": "decide_exception", "arbiter": "arbitrate"}[asked[0]]
        hers = next((one for one, key in self.loop.accounts.items() if key == case.assignee), None)
        if hers is not None and hers not in self.away and name in HERS and self.chance.random() < 0.8:
            return name, hers
        return name, self.chance.choice([one for one in self.loop.cast if one not in self.away])

    def deep(self, number: int) -> bool:
        return Case.objects.filter(pk=number, state__in=["handling", "feedback", "returned"]).exists()

    def detour(self, number: int) -> tuple[str, int, str]:
        """A step that leads away from the end, of somebody who may."""
        case = Case.objects.get(pk=number)
        name = self.chance.choice(AWAY.get(case.state, ("lower",)))
        hers = next((one for one, key in self.loop.accounts.items() if key == case.assignee and one not in self.away), "secretary")
        return name, number, hers if name in HERS else self.chance.choice(["street", "bureau", "education", "secretary"])

    def take(self, name: str, number: int, who: str) -> bool:
        """Whether the step was taken; looks at everything afterwards, taken or refused."""
        before, lines, events = as_it_is(), Line.objects.count(), CaseEvent.objects.count()
        notices = Notice.objects.count()
        try:
            DO[name](self, number, who)
            done = True
        except Refused:
            done = False
        self.told = [*self.told[-40:], f"{name} {number} by {who}: {'done' if done else 'refused'}"]
        if done:
            self.taken[name] += 1
        try:
            self.look(name, who, done, before, lines, events)
            self.look_at_notices(name, who, before, events, list(Notice.objects.order_by("pk")[notices:]))
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}\nafter:\n" + "\n".join(self.told)) from wrong
        return done

    # --- what must hold -------------------------------------------------------------------------------------------------

    def look(self, name: str, who: str, done: bool, before: dict[int, dict[str, Any]], lines: int, events: int) -> None:
        after = as_it_is()
        if not done:
            assert after == before and CaseEvent.objects.count() == events and Line.objects.count() == lines, "a refused step left something"
            self._counts()
            return  # what held before it holds
        new = list(CaseEvent.objects.order_by("pk")[events:])
        for key, now in after.items():
            was = before.get(key)
            mine = [event for event in new if event.case_id == key]
            if was is None:
                assert [event.what for event in mine][:1] == ["opened"]
                continue
            self._moved(was, now, mine, name, who)
        steps = [event for event in new if event.what in GOES]
        if name in STEPS and done:
            journal = list(Line.objects.order_by("pk")[lines:])
            acts = Counter(line.act for line in journal if line.about.startswith("case:") and line.act != "cases.draw")
            assert acts == Counter(f"cases.{event.what}" for event in steps) | ({"cases.answer": 1} if name == "answer" else {}), (acts, steps)
        self._counts()
        for key, now in after.items():
            if now["state"] not in ("closed", "ended"):
                self._stands(now, Case.objects.get(pk=key))
        keys = [(now["standard"], now["subject_id"]) for now in after.values() if now["standard"] and now["state"] not in ("closed", "ended")]
        assert len(keys) == len(set(keys)), "two open cases of one trouble"

    def look_at_notices(self, name: str, who: str, before: dict[int, dict[str, Any]], events: int, new: list[Notice]) -> None:
        """Nobody is told of her own act, nobody of a case that she does not see, nothing that the table does not say; who is told that it is
        her turn may take the step."""
        people = {key: one for one, key in self.loop.accounts.items()}
        said = {(LOOK, MOVES[move].what) for move in LEADS[LOOK]}
        for what in {event.what for event in CaseEvent.objects.order_by("pk")[events:]} & set(LEADS):
            moves = MOVES if LEADS[what] == AGAIN else LEADS[what]
            said |= {(what, MOVES[move].what) for move in moves} | ({(what, OUTCOMES[what].what)} if what in OUTCOMES else set())
        for notice in new:
            assert notice.what in {word for _what, word in said} | {HANDLER, RANK_TOLD, OUTCOMES[DRAW].what}, f"{notice.what} after {said}"
            assert name not in STEPS or people[notice.account] != who, f"{who} is told of what she did: {notice.what}"
            case = case_of(self.loop.cast[people[notice.account]], int(notice.number or 0))
            assert case is not None, f"{people[notice.account]} is told of what she does not see"
            step = CALLS.get(notice.what)
            if step is not None and _word(case) == notice.what:
                may = offered(self.loop.cast[people[notice.account]], known_of(case))
                assert step in may, f"{people[notice.account]} is told {notice.what} and may not {step}"
        for case in Case.objects.filter(
            pk__in=[key for key, row in as_it_is().items() if key in before and row["waits_on"] != before[key]["waits_on"]]
        ):
            word = _word(case)
            if word in CALLS and not Notice.objects.filter(number=case.pk, what=word).exists():
                left = [one for one in self.movers(as_it_is()[case.pk]) if one != who]
                roles = {Post.objects.get(account=self.loop.accounts[one]).role for one in (*left, who)}
                assert not left or len(roles) > 1, f"nobody was told that case {case.pk} waits for {case.waits_on}: {left}"

    def _moved(self, was: dict[str, Any], now: dict[str, Any], events: list[CaseEvent], name: str, who: str) -> None:
        moves = [event for event in events if event.what in GOES]
        state = was["state"]
        for event in moves:
            goes = GOES[event.what]
            to = goes.get(state, goes.get("*"))
            assert to is not None and event.before == state, f"{event.what} from {state}"
            allowed = {state if to == "=" else to} | ({state} if event.what == "arbitrate" else set())
            assert event.after in allowed, f"{event.what} leads from {state} to {event.after}"
            state = event.after
        assert state == now["state"], "the state changed without an event"
        assert (now != was) == (now["version"] > was["version"]), "a write without a new version"
        what = {event.what for event in moves}
        assert now["level"] == was["level"] or RANK[now["level"]] > RANK[was["level"]] or what == {"lower"}, "the level fell by itself"
        if now["handle_due"] != was["handle_due"] and now["handle_due"] is not None and was["handle_due"] is not None:
            later = now["handle_due"] > was["handle_due"]
            assert not later or what & {"grant_extension", "judge"}, "the day moved back"
            assert not later or "judge" in what or not was["extended"], "extended twice"
        if now["returned"] != was["returned"]:
            assert now["handle_due"] == was["handle_due"]
        if now["state"] != was["state"] and now["state"] == "closed":
            self._through_the_gate(was, now)
        if now["state"] != was["state"] and now["state"] == "ended":
            last = Asked.objects.filter(case_id=now["id"], kind="end", granted=True).order_by("-pk")[0]
            assert last.decided_account == self.loop.accounts[who] and last.decided_account != last.asked_account
            assert last.decided_account not in self.handlers(now) and now["end"] == last.detail["end"]
            assert self.loop.cast[who].can("cases.judge")
        if now["state"] in ("closed", "ended"):
            assert not Asked.objects.filter(case_id=now["id"], decided_at=None).exists(), "a question is left open on what is over"
            assert not now["contested"]

    def handlers(self, row: dict[str, Any]) -> set[int]:
        found = CaseEvent.objects.filter(case_id=row["id"], what__in=WORKED).values_list("account", flat=True)
        return {key for key in found if key is not None} | ({row["assignee"]} if row["assignee"] is not None else set())

    def _through_the_gate(self, was: dict[str, Any], now: dict[str, Any]) -> None:
        """Every requirement of the level, looked up in the tables once more."""
        key, level = now["id"], now["level"]
        evidence, visit = EVIDENCE[level]
        opened = CaseEvent.objects.filter(case_id=key, what__in=["opened", "reopen"]).order_by("-pk")[0]
        since = CaseEvent.objects.filter(case_id=key, pk__gt=opened.pk)
        measures = Measure.objects.filter(case_id=key, dropped_at=None, pk__in=[
            event.detail["measure"] for event in since.filter(what="plan_measure")
        ])  # fmt: skip
        assert measures and all(one.done_on is not None for one in measures), "closed without a measure in place"
        if evidence == "file":
            assert Attachment.objects.filter(about__in=[f"measure:{one.pk}" for one in measures]).exists(), "closed without a file"
        excepted = since.filter(what="grant_exception").exists()
        if now["standard"]:
            assert excepted or self.says.get(key) == ("true", True), "closed though the data do not say so"
        if now["household_id"] is not None:
            done = max(one.done_on for one in measures if one.done_on)
            seen = {one.mode for one in Case.objects.get(pk=key).visits.filter(met=True, on__gte=done)}
            last = Case.objects.get(pk=key).answers.filter(round=now["round"]).order_by("-pk").first()
            word = last.answer if last else ""
            assert word != "not", "closed against the family's word"
            assert ("door" in seen) if visit == "door" else (seen or word), "closed without a visit or the family's word"
        signed = since.filter(what="sign").order_by("-pk").first()
        if level != "yellow":
            assert signed is not None and signed.account not in self.handlers(was), "closed without a signature"
        given = list(Approval.objects.filter(case_id=key, round=now["round"]))
        people = [one.account for one in given]
        assert len(set(people)) == len(people) and not set(people) & self.handlers(was), "one person twice, or a handler"
        for wanted in APPROVE[level]:
            one = next((each for each in given if each.role == wanted), None)
            assert one is not None, f"closed without {wanted}"
            role = next(post.role for post in Post.objects.filter(account_id=one.account))
            assert role == wanted or role in INSTEAD[wanted], f"{role} closed for {wanted}"

    def _counts(self) -> None:
        wanted: Counter[tuple[Any, ...]] = Counter()
        for row in Case.objects.values(*NAMES):
            for side, path in (("destination", row["path"]), ("origin", row["origin_path"])):
                for place in {0, *(int(part) for part in path.split("/") if part)} if path is not None else ():
                    wanted[side, place, row["owner"], row["standard"], row["level"], row["waits_on"], row["overdue"]] += 1
        names = ("side", "place_id", "owner", "standard", "level", "waits_on", "overdue", "n")
        kept = {row[:-1]: row[-1] for row in CaseCount.objects.exclude(n=0).values_list(*names)}
        assert kept == dict(wanted), "the counts are not what a recount gives"

    def _stands(self, row: dict[str, Any], case: Case) -> None:
        """A clock runs, or only data are waited for; and somebody can make the move that is waited for."""
        if row["waits_on"] == "observe":
            assert row["state"] == "feedback" and row["deadline"] is None and row["observing"]
        else:
            assert row["deadline"] is not None, f"no clock runs in {row['state']}, {row['waits_on']}"
        assert row["overdue"] == (row["deadline"] is not None and row["deadline"] < self.loop.day) or row["deadline"] is None or (
            row["deadline"] < self.loop.day
        )  # fmt: skip
        assert self.movers(row), f"nobody can make the move '{row['waits_on']}' of a {row['level']} case in {row['state']}"
        assert row["contested"] == Asked.objects.filter(case=case, kind="arbiter", decided_at=None).exists()

    def movers(self, row: dict[str, Any]) -> list[str]:
        move, _, which = row["waits_on"].partition(":")
        here = [name for name in self.loop.cast if name not in self.away and self._reaches(name, row)]
        handlers = self.handlers(row)
        free = [name for name in here if self.loop.accounts[name] not in handlers]
        may = {
            "assign": "cases.assign", "verify": "cases.verify", "handle": "cases.handle", "show": "cases.handle", "observe": "cases.see",
            "judge": "cases.judge", "confirm": "cases.judge", "sign": "cases.sign", "close": "cases.close", "arbitrate": "cases.arbitrate",
        }[move]  # fmt: skip
        found = [name for name in (here if move in ("assign", "verify", "handle", "show", "observe") else free) if self.loop.cast[name].can(may)]
        if move == "close":
            given = set(Approval.objects.filter(case_id=row["id"], round=row["round"]).values_list("account", flat=True))
            found = [name for name in found if self.loop.cast[name].role == which and self.loop.accounts[name] not in given]
        return found

    def _reaches(self, name: str, row: dict[str, Any]) -> bool:
        one = self.loop.cast[name]
        return any(row["path"].startswith(path) for path in one.scopes) and (not one.departments or row["owner"] in one.departments)

    # --- to an end --------------------------------------------------------------------------------------------------------

    def bring_to_an_end(self, number: int) -> None:
        """From wherever the walk left a case: some sequence of moves of the cast ends it. With detours, while there is time for them."""
        for turn in range(60):
            if turn < 20 and self.chance.random() < (0.6 if self.deep(number) else 0.2):
                self.take(*self.detour(number))
                continue
            case = Case.objects.get(pk=number)
            if case.state in ("closed", "ended"):
                return
            self.says[number], self.ending = ("true", True), True
            if not any(self.take(step, number, who) for step in self._next(case) for who in self.loop.cast if who not in self.away):
                break
        raise AssertionError(f"no way out of {case.state}, {case.waits_on}, {case.level}:\n" + "\n".join(self.told))

    def _next(self, case: Case) -> list[str]:
        move = case.waits_on.partition(":")[0]
        if case.state == "feedback" and move in ("show", "observe"):
            return ["show_all"]
        asked = list(Asked.objects.filter(case=case, decided_at=None).values_list("kind", flat=True))
        if move in ("arbitrate", "confirm"):
            first = "arbiter" if "arbiter" in asked else asked[0]
            return [{"end": "decide_end", "extension": "decide_extension", "exception": "decide_exception", "arbiter": "arbitrate"}[first]]
        if move == "handle":
            planned = list(Measure.objects.filter(case=case, round=case.round, dropped_at=None))
            if not planned or case.state != "handling":
                return ["plan_measure"]
            return ["feed_back"] if all(one.done_on for one in planned) else ["finish_measure"]
        return {"assign": ["assign_somebody"], "verify": ["verify"], "judge": ["judge"], "sign": ["sign"], "close": ["close"]}[move]


def _word(case: Case) -> str:
    """What those are told whose turn it is."""
    move = case.waits_on.partition(":")[0]
    if move == "confirm":
        kind = Asked.objects.filter(case=case, decided_at=None).order_by("-pk").values_list("kind", flat=True).first()
        return f"case.{kind}"
    return f"case.{move}"


# --- the steps, with words and days drawn at random ---------------------------------------------------------------------------------


def _by(w: Watched, who: str) -> dict[str, Any]:
    return {"by": w.loop.cast[who], "at": w.loop.at}


def _measure(w: Watched, number: int) -> int:
    found = list(Measure.objects.filter(case=number, done_on=None, dropped_at=None).values_list("pk", flat=True))
    return w.chance.choice(found) if found else 0


def _day(w: Watched, case: int, name: str = "handle_due") -> date:
    found = Case.objects.filter(pk=case).values_list(name, flat=True).first()
    return found if found is not None else w.loop.day


def _assignee(w: Watched) -> int:
    return w.loop.accounts[w.chance.choice(["worker", "worker", "cadre", "secretary", "education", "neighbour", "water"])]


def _show_all(w: Watched, number: int, who: str) -> None:
    for step in ("attach", "visit", "watch"):
        w.take(step, number, who)


def _attach(w: Watched, number: int, who: str) -> None:
    for key in Measure.objects.filter(case=number, dropped_at=None).values_list("pk", flat=True):
        if not Attachment.objects.filter(about=f"measure:{key}").exists():
            Attachment.objects.create(
                sha256="0" * 64, kind="photo", media="image/jpeg", size=1, name="x", about=f"measure:{key}", by=who, at=w.loop.at
            )  # fmt: skip


def _assign_somebody(w: Watched, number: int, who: str) -> None:
    """To the first who can work on it."""
    for name in w.loop.cast:
        if name not in w.away:
            try:
                assigning.assign(numbers=[number], to=w.loop.accounts[name], **_by(w, who))
            except Refused:
                continue
            return
    raise Refused("nobody can work on it", "")


def _visit(w: Watched, number: int, who: str) -> None:
    w.visits += 1
    mode = "door" if w.told and "show_all" in w.told[-1] else w.chance.choice(["door", "door", "phone"])
    verifying.note_visit(
        household_id=1, visit=w.visits, on=w.loop.day, mode=mode, met=w.chance.random() < 0.9, account=w.loop.accounts[who], name=who,
        by=w.loop.cast["secretary"], at=w.loop.at,
    )  # fmt: skip
    closing.record_answer(number=number, answer="solved", channel="visit", data=w.loop.data, **_by(w, "secretary"))


def _withdraw(w: Watched, _number: int, _who: str) -> None:
    """Somebody leaves, or comes back."""
    name = w.chance.choice(["worker", "education2", "bureau2", "cadre"])
    gone = name not in w.away
    Account.objects.filter(pk=w.loop.accounts[name]).update(is_active=not gone)
    (w.away.add if gone else w.away.discard)(name)


def _episode(w: Watched, _number: int, _who: str) -> None:
    """A run finds trouble, graver trouble, or none any more."""
    standard, owner, subject, key = w.chance.choice(
        [("HS-03", "migration", "household", 1), ("HS-04", "water", "community", w.loop.place["C1"].pk), ("ED-01", "education", "person", 7)]
    )
    one = Episode.objects.filter(standard=standard, state="open").first()
    level = w.chance.choice(["yellow", "orange", "red"])
    if one is None:
        path = w.loop.place["C1" if subject == "community" else "G1"].path
        Episode.objects.create(
            standard=standard, subject=subject, subject_id=key, household_id=None if subject == "community" else 1, path=path, state="open",
            level=level, rank=RANK[level], breach="x", opened_on=w.loop.day, opened_run=1, seen_on=w.loop.day, seen_run=1, owner=owner,
            cluster="H1", queue="todo", urgency=1, sort_on=w.loop.day,
        )  # fmt: skip
    elif w.chance.random() < 0.5:
        Episode.objects.filter(pk=one.pk).update(state="cleared", queue="done", closed_on=w.loop.day, eased_since=w.loop.day)
    else:
        Episode.objects.filter(pk=one.pk, rank__lt=RANK[level]).update(level=level, rank=RANK[level])
    follow_alerts(at=w.loop.at)
    before = as_it_is(), CaseEvent.objects.count()
    follow_alerts(at=w.loop.at)
    assert (as_it_is(), CaseEvent.objects.count()) == before, "following twice changed something"


def _say(w: Watched, number: int, _who: str) -> None:
    w.says[number] = w.chance.choice([("true", True), ("true", False), ("false", True), ("gone", False), ("unknown", False)])
    watch(data=w.loop.data, at=w.loop.at)


def _pass(w: Watched, _number: int, _who: str) -> None:
    w.loop.pass_days(w.chance.choice([1, 1, 2, 5, 20, 60]))
    pass_day(at=w.loop.at)
    assert not Case.objects.filter(deadline__lt=w.loop.day, overdue=False).exclude(state__in=["closed", "ended"]).exists()
    assert pass_day(at=w.loop.at) == []


def _tell(w: Watched, _number: int, _who: str) -> None:
    if Case.objects.exclude(state__in=["closed", "ended"]).count() < 4:
        w.loop.told(level=w.chance.choice(["yellow", "orange", "red"]), standard=w.chance.choice(["", "HS-03"]), owner="education",
                    household=w.chance.random() < 0.8)  # fmt: skip


def _look(w: Watched, number: int, who: str) -> None:
    kept = list(LookBack.objects.filter(done_at=None).values_list("pk", flat=True))
    if not kept and w.chance.random() < 0.5:
        looking_back.draw(seed=str(w.visits), since=w.loop.day - timedelta(days=400), until=w.loop.day, **_by(w, "bureau"))
        return
    looking_back.look_back(key=w.chance.choice(kept or [0]), holds=w.chance.random() < 0.5, words="as it was", **_by(w, who))


def _end(w: Watched, number: int, who: str) -> None:
    ending.ask_end(
        number=number, end=w.chance.choice(["false_alarm", "duplicate", "routine", "refused", "unsolvable"]), cause="data",
        other=w.chance.choice(list(Case.objects.values_list("pk", flat=True))), reason="looked at it", **_by(w, who),
    )  # fmt: skip


def _judge(w: Watched, number: int, who: str) -> None:
    judging.judge(
        numbers=[number], outcome="handle" if w.chance.random() < 0.8 else "routine", reason="needs help", **_by(w, who)
    )  # fmt: skip


def _arbitrate(w: Watched, number: int, who: str) -> None:
    asked = Asked.objects.filter(case=number, kind="arbiter", decided_at=None).first()
    owner = w.chance.choice([asked.detail["from"], asked.detail["to"]]) if asked is not None and asked.detail["about"] == "owner" else ""
    reviewing.arbitrate(number=number, decision=w.chance.choice(["accept", "handle"]), owner=owner, reason="looked at it", **_by(w, who))


def _finish(w: Watched, number: int, who: str) -> None:
    ago = 0 if w.ending else w.chance.choice([0, 0, 0, 3])
    day = w.loop.day - timedelta(days=ago)
    handling.finish_measure(number=number, measure=_measure(w, number), done_on=day, result="done", **_by(w, who))


def _granted(w: Watched) -> bool:
    return w.chance.random() < 0.6


DO: dict[str, Callable[[Watched, int, str], Any]] = {
    "assign": lambda w, n, who: assigning.assign(numbers=[n], to=_assignee(w), **_by(w, who)),
    "take": lambda w, n, who: assigning.take(number=n, **_by(w, who)),
    "hand_on": lambda w, n, who: assigning.hand_on(numbers=[n], to=_assignee(w), reason="on leave", **_by(w, who)),
    "verify": lambda w, n, who: verifying.verify(number=n, found="confirmed", mode="door", words="as told", **_by(w, who)),
    "judge": _judge,
    "lower": lambda w, n, who: judging.lower(number=n, level=w.chance.choice(["yellow", "orange"]), reason="milder", **_by(w, who)),
    "transfer": lambda w, n, who: judging.transfer(number=n, owner=w.chance.choice(["education", "water"]), reason="theirs", **_by(w, who)),
    "plan_measure": lambda w, n, who: handling.plan_measure(number=n, text="do it", owner=who, due_on=max(_day(w, n), w.loop.day) if
                                                            w.chance.random() < 0.2 else w.loop.day, **_by(w, who)),
    "finish_measure": _finish,
    "drop_measure": lambda w, n, who: handling.drop_measure(number=n, measure=_measure(w, n), reason="not needed", **_by(w, who)),
    "feed_back": lambda w, n, who: handling.feed_back(number=n, words="all is done", **_by(w, who)),
    "sign": lambda w, n, who: reviewing.sign(number=n, **_by(w, who)),
    "return_back": lambda w, n, who: reviewing.return_back(number=n, reason="not enough", **_by(w, who)),
    "contest": lambda w, n, who: reviewing.contest(number=n, reason="it is enough", **_by(w, who)),
    "arbitrate": _arbitrate,
    "close": lambda w, n, who: closing.close(number=n, data=w.loop.data, **_by(w, who)),
    "answer": lambda w, n, who: closing.record_answer(
        number=n, answer=w.chance.choice(["solved", "partly", "not"]), channel="phone", data=w.loop.data, **_by(w, who)
    ),
    "ask_exception": lambda w, n, who: closing.ask_exception(number=n, reason="no data will ever come", **_by(w, who)),
    "decide_exception": lambda w, n, who: closing.decide_exception(number=n, granted=_granted(w), reason="looked at it", data=w.loop.data,
                                                                   **_by(w, who)),
    "ask_extension": lambda w, n, who: handling.ask_extension(number=n, until=_day(w, n) + timedelta(days=5), reason="closed", **_by(w, who)),
    "decide_extension": lambda w, n, who: handling.decide_extension(number=n, granted=_granted(w), reason="looked at it", **_by(w, who)),
    "propose_end": _end,
    "decide_end": lambda w, n, who: ending.decide_end(number=n, granted=w.chance.random() < 0.3, reason="looked at it", **_by(w, who)),
    "look_back": _look,
    "assign_somebody": _assign_somebody, "show_all": _show_all, "attach": _attach, "visit": _visit, "withdraw": _withdraw,
    "episode": _episode, "say": _say, "pass": _pass,
    "tell": _tell, "watch": lambda w, _n, _who: watch(data=w.loop.data, at=w.loop.at),
}  # fmt: skip
ANYTIME = ("tell", "tell", "episode", "episode", "say", "pass", "attach", "visit", "withdraw")
STEPS = tuple(name for name in DO if name not in {*ANYTIME, "assign_somebody", "show_all", "watch"})
HERS = ("verify", "plan_measure", "finish_measure", "drop_measure", "feed_back", "contest", "ask_extension", "ask_exception", "propose_end")
AWAY = {
    "handling": ("drop_measure", "ask_extension", "plan_measure", "transfer", "propose_end"),
    "returned": ("contest",),
    "feedback": ("return_back", "return_back", "return_back", "ask_exception", "decide_exception", "answer", "sign", "attach"),
    "assigned": ("hand_on", "transfer"),
}  # fmt: skip
FITS = {
    "alerted": ("assign", "take"), "reopened": ("assign", "take", "transfer"), "assigned": ("verify", "verify", "hand_on", "transfer"),
    "verified": ("judge", "judge", "judge", "lower", "transfer", "propose_end"),
    "judged": ("plan_measure", "plan_measure", "ask_extension", "transfer"),
    "handling": ("finish_measure", "finish_measure", "feed_back", "feed_back", "plan_measure", "drop_measure", "ask_extension", "propose_end"),
    "returned": ("plan_measure", "contest", "ask_extension"),
    "feedback": ("sign", "sign", "close", "close", "close", "return_back", "answer", "ask_exception", "propose_end", "hand_on"),
}  # fmt: skip


def watched(loop: Loop, seed: int, monkeypatch: pytest.MonkeyPatch) -> Watched:
    found = Watched(loop, random.Random(seed))
    said = found.says
    monkeypatch.setattr("anju.apps.cases.steps.watching._ask", lambda _cases, _run, _data, answers: answers)
    monkeypatch.setattr(
        "anju.apps.cases.steps.watching._said", lambda cases, _run, _answers: {case.pk: said.get(case.pk, ("", False)) for case in cases}
    )
    assert CaseAlert.objects.count() == 0
    return found
