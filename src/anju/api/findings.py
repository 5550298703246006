"""Breaches of the current run, and why any answer is what it is."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from ninja.params.functions import Path, Query

from anju.api.door import needs, viewer_of
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import Problem, not_here
from anju.api.runs import current_or_not_ready
from anju.api.shapes import LARGEST, AskedLevel, Both, Key, Level, Next, both
from anju.api.standards import Code
from anju.apps.calendar.current import in_force
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.current import dossier, policy
from anju.apps.findings.explaining import Explained, explain_of_run
from anju.apps.findings.models import Finding, Run
from anju.apps.findings.need_to_know import may_know
from anju.apps.findings.queries import findings_in_scope
from anju.apps.findings.subjects import NoSuchSubject
from anju.apps.journal.actions import look
from anju.apps.people.models import Household
from anju.apps.people.search import household_in_scope, membership_in_scope
from anju.apps.places.queries import place_in_scope
from anju.core.standards.explain import explain
from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer

router = Router(tags=["findings"])
Subject = Annotated[str, Path(max_length=200, description="Our own key; a family's code; the key of a dispute, an employer …")]


class FindingOut(Schema):
    id: int
    standard: str
    title: Both
    subject: str
    subject_id: int
    subject_key: str | None
    household: int | None
    place: int | None
    breach: str
    breach_title: Both | None
    level: Level
    at_least: bool = Field(description="Something graver cannot be judged.")
    opened_by_run: int
    changed_by_run: int


class FindingsOut(Next):
    items: list[FindingOut]


class StepOut(Schema):
    depth: int
    condition: str
    said: Both
    holds: bool | None = Field(description="null where it cannot be known.")


class FactOut(Schema):
    fact: str
    title: Both
    state: str
    value: Both


class LimitOut(Schema):
    name: str
    title: Both
    value: Both
    source: str
    example: bool


class OwedOut(Schema):
    feed: str
    title: Both
    owner: Both
    unit: str
    last: date | None
    why: str
    periods: list[str]


class OtherOut(Schema):
    feed: str
    unit: str
    column: Both
    value: Both
    counts: str


class OwnerOut(Both):
    code: str


class ExplainedOut(Schema):
    standard: str
    title: Both
    promise: Both
    owner: OwnerOut
    subject: str
    key: int | str
    day: date
    known_at: datetime
    rules_from: date
    same_rules_as_the_run: bool | None
    answer: str
    breach: str | None
    breach_title: Both | None
    level: Level | None
    at_least: bool
    verify: str | None
    handle: str | None
    rule: list[StepOut]
    because_of: list[FactOut]
    limits: list[LimitOut]
    would_clear: list[StepOut]
    closes_when: str
    not_delivered: list[OwedOut]
    others_say: list[OtherOut]


@router.get("/findings", response=FindingsOut, summary="Breaches of the current run, by place")
@needs("household.see")
def findings(
    request: HttpRequest,
    limit: Limit,
    after: After,
    level: AskedLevel,
    standard: str | None = Query(None, max_length=8),
    subject: str | None = Query(None, max_length=32, description="person, household, a level of places, or another kind of subject."),
    place: int | None = Query(None, ge=1, le=LARGEST, description="This place and everything below it."),
    household: int | None = Query(None, ge=1, le=LARGEST),
) -> dict[str, Any]:
    """Of the standards whose facts the post may know; one that it may not is refused by name."""
    viewer, run = viewer_of(request), current_or_not_ready()
    found = findings_in_scope(viewer)
    if standard is not None:
        _may_know(viewer, policy().standards.get(standard), run)
        found = found.filter(standard=standard)
    else:
        found = found.exclude(standard__in=[code for code, one in policy().standards.items() if not may_know(viewer, one, run.day)])
    if place is not None:
        inside = place_in_scope(viewer, place)
        if inside is None:
            raise not_here()
        found = found.filter(path__gte=inside.path, path__lt=inside.path[:-1] + chr(ord("/") + 1))
    for name, value in (("level", level), ("subject", subject), ("household_id", household)):
        if value is not None:
            found = found.filter(**{name: value})
    key = key_after(request, after)
    if key is not None:
        found = found.filter(path__gte=key[0]).exclude(path=key[0], pk__lte=key[1])
    rows = list(found.order_by("path", "id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return page_of(request, [_told(one, run) for one in rows[:limit]], [last.path, last.pk] if last else None)


@router.get("/findings/{key}", response=FindingOut, summary="One finding")
@needs("household.see")
def finding(request: HttpRequest, key: Key) -> dict[str, Any]:
    viewer, run = viewer_of(request), current_or_not_ready()
    found = findings_in_scope(viewer).filter(pk=key).first()
    standard = policy().standards.get(found.standard) if found is not None else None
    if found is None or standard is None or not may_know(viewer, standard, run.day):
        raise not_here()
    return _told(found, run)


def _told(one: Finding, run: Run) -> dict[str, Any]:
    standard = policy().standards.get(one.standard)
    version = standard.version_on(run.day) if standard is not None else None
    breach = next((b for b in version.breaches if b.name == one.breach), None) if version is not None else None
    names = ("standard", "subject", "subject_id", "subject_key", "breach", "level", "at_least", "opened_by_run", "changed_by_run")
    return {
        "id": one.pk, "title": both(standard.title) if standard else {"en": one.standard, "zh": one.standard}, "household": one.household_id,
        "place": one.place_id, "breach_title": both(breach.title) if breach else None, **{name: getattr(one, name) for name in names},
    }  # fmt: skip


@router.get("/standards/{code}/explain/{subject}", response=ExplainedOut, summary="Why the current run's answer is what it is, step by step")
@needs("household.see")
def explained(request: HttpRequest, code: Code, subject: Subject) -> dict[str, Any]:
    """For every answer, kept or not. About a person or a family it is a look that stands in the journal."""
    viewer, run = viewer_of(request), current_or_not_ready()
    standard = policy().standards.get(code)
    _may_know(viewer, standard, run)
    assert standard is not None
    key, household = _subject(viewer, standard, subject, run)
    if household is not None:
        about = f"person:{key}" if standard.subject == "person" else f"household:{household}"
        look(act=f"{about.partition(':')[0]}.see", about=about, by=viewer, at=timezone.now(), detail={"standard": code})
    try:
        found = _explained(run, standard, key, household).as_dict()
    except NoSuchSubject:
        raise not_here() from None
    return {**found, "known_at": run.known_at}


def _may_know(viewer: Viewer, standard: Standard | None, run: Run) -> None:
    if standard is None:
        raise not_here()
    if not may_know(viewer, standard, run.day):
        raise Problem("not-for-your-post")


def _subject(viewer: Viewer, standard: Standard, text: str, run: Run) -> tuple[int | str, int | None]:
    """The key that the standard's subject has, and the household it is of. Raises Problem for what the viewer may not see."""
    own = int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST else None
    if standard.subject in policy().keyed:
        if findings_in_scope(viewer).filter(standard=standard.code, subject_key=text).exists():
            return text, None
    elif standard.subject == "household":
        if own is None:
            own = Household.objects.filter(household_code=text).values_list("pk", flat=True).first()
        if own is not None and household_in_scope(viewer, own) is not None:
            return own, own
    elif own is not None and standard.subject == "person":
        held = membership_in_scope(viewer, own, run.day)
        if held is not None:
            return own, held.household_id
    elif own is not None:
        place = place_in_scope(viewer, own)
        if place is not None and place.level == standard.subject:
            return own, None
    raise not_here()


def _explained(run: Run, standard: Standard, key: int | str, household: int | None) -> Explained:
    """From the household's own rows where they are enough, which takes milliseconds; else as `anju explain` does."""
    opened = dossier() if household is not None else None
    if opened is not None and household is not None and standard.code in opened.standards:
        judge = opened.judge([household])
        if key in judge.subjects.all(standard.subject):
            rules = in_force(policy(), run.known_at)
            same = run.policy_digest == rules.digest
            return Explained(explain(judge, standard.code, key), rules, run.day, opened.known_at, same)
    return explain_of_run(policy(), FilePath(settings.DATA), run, standard.code, key, own=own_feeds)
