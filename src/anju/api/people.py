"""Families and persons: found by search, masked, and shown in full for a reason that stands in the journal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from anju.api.answers import AnswerOut, answers_about, lights_of
from anju.api.door import needs, viewer_of
from anju.api.paging import After, Limit, key_after, page_of
from anju.api.problems import not_here, wrong
from anju.api.shapes import Both, Key, Next, PlaceShort, place_short
from anju.apps.findings.current import programme
from anju.apps.findings.queries import current_run
from anju.apps.journal.actions import look
from anju.apps.journal.models import Line
from anju.apps.journal.queries import looks_at
from anju.apps.people.models import Household, Identifier, Person
from anju.apps.people.numbers import head_of
from anju.apps.people.search import Found, household_in_scope, members_of, membership_in_scope, search_people
from anju.apps.people.vault import Sealer, ensure_keys, masked_name
from anju.core.terms.dates import completed_years

router = Router(tags=["people"])
SHORTEST = 4  # characters of a reason in one's own words


class SearchIn(Schema, extra="forbid"):
    text: str = Field(
        min_length=1, max_length=100, description="A whole number (identity or telephone), how a name begins, its pinyin initials, "
        "building-unit-room, or how the family's code begins."
    )  # fmt: skip


class HouseholdShort(Schema):
    id: int
    code: str
    place: PlaceShort
    address: str


class FoundOut(Schema):
    household: HouseholdShort
    person: int | None
    name: str = Field(description="Masked; empty where the family itself was asked for.")


class FoundsOut(Next):
    items: list[FoundOut]


class MemberOut(Schema):
    id: int
    name: str = Field(description="Masked.")
    relation_to_head: str | None
    sex: str | None
    age: int | None = Field(description="Completed years on the day judged.")
    number: str = Field(description="Masked identity number, empty where none is known.")


class LightOut(Schema):
    guarantee: str
    title: Both
    state: Literal["met", "breached", "unknown", "not_applicable"]


class HouseholdOut(HouseholdShort):
    origin: PlaceShort | None
    moved_in: date | None
    cohort: int | None
    status: str | None
    day: date = Field(description="The day judged, of the members and answers below.")
    head: int | None = Field(description="Whom the register names as the head, a member or not; null where it names nobody whom it knows.")
    members: list[MemberOut]
    lights: list[LightOut]
    answers: list[AnswerOut]


class PersonOut(MemberOut):
    household: HouseholdShort
    answers: list[AnswerOut]


class RevealIn(Schema, extra="forbid"):
    reason: Literal["visit", "call", "application", "correction", "complaint", "other"]
    words: str = Field("", max_length=200, description="In one's own words; needed where the reason is 'other'.")


class NumberOut(Schema):
    type: str
    title: Both
    number: str


class RevealedOut(Schema):
    id: int
    name: str
    numbers: list[NumberOut]


class LookOut(Schema):
    at: datetime
    act: str
    about: str
    by: str
    reason: str


class LooksOut(Next):
    items: list[LookOut]


@router.post("/households/search", response=FoundsOut, summary="Search families; what is searched for stands in no address and no log")
@needs("households.search", kept=False, whole=False)
def search_households(request: HttpRequest, body: SearchIn, limit: Limit, after: After) -> dict[str, Any]:
    """The page that follows is asked for by sending the same body to the address in `next`."""
    key = key_after(request, after)
    rows = search_people(viewer_of(request), body.text, programme(), after=(key[0], key[1]) if key else ("", 0), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = [last.person.name, last.person.pk] if last and last.person else [last.household.household_code, 0] if last else None
    return page_of(request, [_found(row) for row in rows[:limit]], following)


def _found(found: Found) -> dict[str, Any]:
    person = found.person
    return {
        "household": household_short(found.household),
        "person": person.pk if person else None,
        "name": masked_name(person.name if person else ""),
    }


def household_short(home: Household) -> dict[str, Any]:
    address = "-".join(part for part in (home.building_no, home.unit_no, home.room_no) if part)
    return {"id": home.pk, "code": home.household_code, "place": place_short(home.place), "address": address}


@router.get("/households/{key}", response=HouseholdOut, summary="One family: members masked, lights, and every answer about them")
@needs("household.see")
def household(request: HttpRequest, key: Key) -> dict[str, Any]:
    """Each call is a look that stands in the journal, and shows to whoever may see who looked."""
    viewer = viewer_of(request)
    home = household_in_scope(viewer, key)
    if home is None:
        raise not_here()
    now, run = timezone.now(), current_run()
    look(act="household.see", about=f"household:{home.pk}", by=viewer, at=now)
    day = run.day if run is not None else timezone.localdate()
    people = [row.person for row in members_of(home, day)]
    numbers = _masked_numbers(people)
    return {
        **household_short(home), "origin": place_short(home.origin_place) if home.origin_place else None, "moved_in": home.move_in_date,
        "cohort": home.relocation_cohort, "status": home.status, "day": day, "head": head_of(home, programme()),
        "members": [_member(p, day, numbers) for p in people],
        "lights": lights_of(run, home), "answers": answers_about(viewer, run, home),
    }  # fmt: skip


def _masked_numbers(people: list[Person]) -> dict[int, str]:
    return dict(Identifier.objects.filter(person__in=people).order_by("-pk").values_list("person_id", "masked"))


def _member(person: Person, day: date, numbers: dict[int, str]) -> dict[str, Any]:
    born = person.birth_date
    return {
        "id": person.pk, "name": masked_name(person.name), "relation_to_head": person.relation_to_head, "sex": person.sex,
        "age": completed_years(born, day) if born is not None and born <= day else None, "number": numbers.get(person.pk, ""),
    }  # fmt: skip


@router.get("/households/{key}/looks", response=LooksOut, summary="Who looked at a family or its members")
@needs("looks.see")
def household_looks(request: HttpRequest, key: Key, limit: Limit, after: After) -> dict[str, Any]:
    viewer = viewer_of(request)
    home = household_in_scope(viewer, key)
    if home is None:
        raise not_here()
    people = members_of(home, timezone.localdate()).values_list("person_id", flat=True)
    found = looks_at(viewer, [f"household:{home.pk}", *(f"person:{person}" for person in people)])
    key_before = key_after(request, after)
    if key_before is not None:
        found = found.filter(pk__lt=key_before[0])
    rows = list(found.order_by("-pk")[: limit + 1])
    return page_of(request, [_look(line) for line in rows[:limit]], [rows[limit - 1].pk] if len(rows) > limit else None)


def _look(line: Line) -> dict[str, Any]:
    reason = " ".join(str(line.detail[name]) for name in ("reason", "words") if line.detail.get(name))
    return {"at": line.at, "act": line.act, "about": line.about, "by": line.by, "reason": reason}


@router.get("/persons/{key}", response=PersonOut, summary="One person, masked, and every answer about her or him")
@needs("household.see")
def person(request: HttpRequest, key: Key) -> dict[str, Any]:
    viewer, run = viewer_of(request), current_run()
    day = run.day if run is not None else timezone.localdate()
    held = membership_in_scope(viewer, key, day)
    if held is None:
        raise not_here()
    look(act="person.see", about=f"person:{key}", by=viewer, at=timezone.now())
    answers = [one for one in answers_about(viewer, run, held.household) if one["subject"] == "person" and one["subject_id"] == key]
    return {**_member(held.person, day, _masked_numbers([held.person])), "household": household_short(held.household), "answers": answers}


@router.post("/persons/{key}/reveal", response=RevealedOut, summary="The name and numbers of a person in full, for a reason")
@needs("person.reveal", kept=False, whole=False)
def reveal(request: HttpRequest, key: Key, body: RevealIn) -> dict[str, Any]:
    """The reason stands in the journal for good. The answer is never kept: asked again, it is a look of its own."""
    viewer, words = viewer_of(request), " ".join(body.words.split())
    held = membership_in_scope(viewer, key, timezone.localdate())
    if held is None:
        raise not_here()
    if body.reason == "other" and len(words) < SHORTEST:
        raise wrong(("body.words", _("is needed where the reason is 'other': say what you need the number for")))
    look(act="person.reveal", about=f"person:{key}", by=viewer, at=timezone.now(), detail={"reason": body.reason, "words": words})
    sealer, kinds = Sealer(ensure_keys()), {kind.name: kind.title for kind in programme().identifiers}
    numbers = [
        {"type": row.type, "title": {"en": title.en, "zh": title.zh} if (title := kinds.get(row.type)) else {"en": row.type, "zh": row.type},
         "number": sealer.open(bytes(row.value))}
        for row in Identifier.objects.filter(person=held.person).order_by("pk")
    ]  # fmt: skip
    return {"id": key, "name": held.person.name or "", "numbers": numbers}
