"""The stories' cases, taken on day by day as their scripts say. What comes next is told from where a case stands, so that whoever is
interrupted goes on there, and a visitor may take a step in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from anju.apps.attachments.actions import store_attachment
from anju.apps.cases.models import Asked, Case, CaseEvent, Decision, FamilyLead, LookBack, Measure
from anju.apps.cases.refusing import Refused
from anju.apps.cases.steps.assigning import assign, name_lead
from anju.apps.cases.steps.closing import NotYet, close, record_answer, record_decision
from anju.apps.cases.steps.ending import decide_end
from anju.apps.cases.steps.handling import feed_back, finish_measure, plan_measure
from anju.apps.cases.steps.judging import judge
from anju.apps.cases.steps.looking_back import look_back
from anju.apps.cases.steps.reviewing import sign
from anju.apps.cases.steps.verifying import verify
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.core.terms.viewer import Viewer
from anju.sample.hands import Living, hand_of, judge_of, lead_of, must, seen, worker_of
from anju.sample.listed import propose
from anju.sample.pictures import picture
from anju.sample.stories_lived import ASSIGN, CLOSE, CONFIRM, DONE, FEED_BACK, JUDGE, LOOK_BACK, PLAN, SCRIPTS, SIGN, VERIFY, Script

MOST = 10  # scenes of one case on one day
NOT_BY_PERSONS = ("escalated", "rose", "eased", "over", "ready", "observing")


def cases_told(data: Path) -> dict[int, Script]:
    """The cases that have a script, by number."""
    site = _site(data)
    return {key: script for script in SCRIPTS for key in Case.objects.filter(_about(script, site)).values_list("pk", flat=True)}


def _site(data: Path) -> str:
    """The code of the settlement whose water failed, as the sample that was built last wrote down."""
    built = max(data.glob("sample/*/truth.json"), key=lambda path: path.stat().st_mtime, default=None)
    told = json.loads(built.read_text(encoding="utf-8"))["stories"] if built is not None else []
    return next((str(story["places"][0]) for story in told if story["code"] == "bad-water"), "")


def _about(script: Script, site: str) -> Q:
    standard = Q(standard=script.standard)
    if script.household:
        return standard & Q(household_id__in=Household.objects.filter(household_code=script.household).values("pk"))
    if script.site:
        return standard & Q(place_id__in=Place.objects.filter(tree="scope", code=site).values("pk"))
    return standard & Q(subject_key=script.key)


def tell(living: Living, scripts: dict[int, Script]) -> None:
    """Everything that the scripts have for this day."""
    for key in sorted(scripts):
        script = scripts[key]
        for _ in range(MOST):
            case = Case.objects.get(pk=key)
            do = _next(case)
            scene = script.scene(do, reopened=bool(case.reopened)) if do else None
            if scene is None or living.day < max(_since(case, do) + timedelta(days=scene.after), case.opened_on + timedelta(days=1)):
                break
            try:
                with transaction.atomic():
                    DOING[do](living, case, script, scene.words)
            except Refused as refusal:
                living.told.append(f"story {script.story} {script.standard} {do}: {refusal}")
                break
        _try_to_close(living, Case.objects.get(pk=key), script)


def _next(case: Case) -> str:
    """What the case asks for: the name of a scene, '' where only data or nobody is waited for."""
    kind = case.waits_on.partition(":")[0]
    if kind == "handle":
        standing = Measure.objects.filter(case=case, round=case.round, dropped_at=None)
        return PLAN if not standing else FEED_BACK if all(one.done_on for one in standing) else DONE
    if kind == "closed":
        return LOOK_BACK if LookBack.objects.filter(case=case, done_at=None, kind=LookBack.SCHEDULED).exists() else ""
    return kind if kind in (ASSIGN, VERIFY, JUDGE, CONFIRM, SIGN, CLOSE) else ""


def _since(case: Case, do: str) -> date:
    if do == LOOK_BACK:
        return LookBack.objects.filter(case=case, done_at=None, kind=LookBack.SCHEDULED).order_by("due_on").values_list("due_on", flat=True)[0]
    ignored = NOT_BY_PERSONS if do != CLOSE else NOT_BY_PERSONS[:-2]
    last = CaseEvent.objects.filter(case=case).exclude(what__in=ignored).order_by("-pk").first()
    return last.day if last is not None else case.opened_on


# --- scenes ------------------------------------------------------------------------------------------------------------------


def _assign(living: Living, case: Case, script: Script, words: str) -> None:
    by, to = must(lead_of(living, case), "assign"), hand_of(living, case)
    if to is None:
        raise Refused("the sample has nobody for it", "示例中没有可交办的人员")
    if case.household_id is not None and not FamilyLead.objects.filter(household_id=case.household_id).exists():
        cadre = living.staff.who("cadre", case.path)
        name_lead(household_id=case.household_id, to=to if cadre is None or cadre.account is None else cadre.account, by=by, at=living.at)
    assign(numbers=[case.pk], to=to, by=by, at=living.at, reason=words)


def _verify(living: Living, case: Case, script: Script, words: str) -> None:
    worker = worker_of(living, case)
    visit = seen(living, case, worker, "verify")
    found = "not_confirmed" if script.end else "confirmed"
    verify(number=case.pk, found=found, mode="door", words=words, visit=visit, by=worker, at=living.at)


def _judge_in(living: Living, case: Case) -> Viewer:
    """The department's own officer; where she has the matter in hand herself, her colleague."""
    return judge_of(living, case, 0 if case.household_id is not None else 1)


def _judge(living: Living, case: Case, script: Script, words: str) -> None:
    by = _judge_in(living, case)
    outcome = script.end or ("listed" if script.listed and not case.reopened else "handle")
    judge(numbers=[case.pk], outcome=outcome, cause=script.cause, reason=words, by=by, at=living.at)
    if outcome == "listed":
        propose(case, by, living, script.listed)


def _confirm(living: Living, case: Case, script: Script, words: str) -> None:
    if Asked.objects.filter(case=case, kind=Asked.END, decided_at=None).exists():
        decide_end(number=case.pk, granted=True, reason=words, by=judge_of(living, case, 2), at=living.at)


def _plan(living: Living, case: Case, script: Script, words: str) -> None:
    worker = worker_of(living, case)
    due_on = max(case.handle_due or living.day, living.day)
    plan_measure(number=case.pk, text=words, owner=case.assignee_name, due_on=due_on, department=case.owner, by=worker, at=living.at)


def _done(living: Living, case: Case, script: Script, words: str) -> None:
    worker = worker_of(living, case)
    for one in Measure.objects.filter(case=case, round=case.round, done_on=None, dropped_at=None):
        finish_measure(number=case.pk, measure=one.pk, done_on=living.day, result=words, by=worker, at=living.at)
        store_attachment(
            about=f"measure:{one.pk}", name=f"measure-{one.pk}.jpg", content=picture(one.pk, one.pk, case.standard), vault=living.vault,
            by=worker, at=living.at,
        )  # fmt: skip


def _feed_back(living: Living, case: Case, script: Script, words: str) -> None:
    feed_back(number=case.pk, words=words, by=worker_of(living, case), at=living.at)
    if script.decision and not Decision.objects.filter(case=case, code=script.decision).exists():
        by = _judge_in(living, case)
        record_decision(number=case.pk, code=script.decision, on=living.day, reason=script.decided, by=by, at=living.at)


def _sign(living: Living, case: Case, script: Script, words: str) -> None:
    """The street signs; the worker was at the door again, and where the family is asked, has its word."""
    staff = living.staff
    sign(number=case.pk, by=must(staff.who("street", case.path) or staff.who("county_bureau", case.path), "sign"), words=words, at=living.at)
    worker = worker_of(living, case)
    seen(living, case, worker, "measure")
    if script.answer and case.household_id is not None:
        record_answer(number=case.pk, answer=script.answer, channel="visit", by=worker, at=living.at, data=living.data)


def _close(living: Living, case: Case, script: Script, words: str) -> None:
    role = case.waits_on.partition(":")[2]
    by = living.staff.who(role, case.path, case.owner if role == "county_department" else "", 0 if case.household_id is not None else 2)
    close(number=case.pk, by=must(by, "close"), at=living.at, data=living.data, reason=words)


def _look_back(living: Living, case: Case, script: Script, words: str) -> None:
    """Somebody else than who had it: the cadre of the family, the department's colleague."""
    key = LookBack.objects.filter(case=case, done_at=None, kind=LookBack.SCHEDULED).order_by("due_on").values_list("pk", flat=True)[0]
    who = (
        living.staff.who("cadre", case.path)
        if case.household_id is not None
        else living.staff.who("county_department", case.path, case.owner, 2)
    )
    by = must(who, "look back")
    look_back(key=key, holds=True, words=words, by=by, at=living.at, visit=seen(living, case, by, "look_back"))


def _try_to_close(living: Living, case: Case, script: Script) -> None:
    """Whoever would close it tries too early, and is told what is missing: nothing of it stays."""
    if not script.tried or case.waits_on != "observe" or case.observed_since is None:
        return
    if living.day == case.observed_since + timedelta(days=script.tried):
        by = must(living.staff.who("county_department", case.path, case.owner), "close")
        with suppress(NotYet):
            close(number=case.pk, by=by, at=living.at, data=living.data, reason="")
            living.told.append(f"story {script.story} {script.standard}: it closed before anything was shown")


DOING: dict[str, Callable[[Living, Case, Script, str], None]] = {
    ASSIGN: _assign, VERIFY: _verify, JUDGE: _judge, CONFIRM: _confirm, PLAN: _plan, DONE: _done, FEED_BACK: _feed_back, SIGN: _sign,
    CLOSE: _close, LOOK_BACK: _look_back,
}  # fmt: skip
