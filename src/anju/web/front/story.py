"""What the first screen tells of a run: how many families stand how, which delivery is missed most, and one family's story.

Worked out once for a run and kept while it is the current one: the page itself asks the database for next to nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from anju.apps.alerts.models import Episode
from anju.apps.alerts.queries import episodes_of_household
from anju.apps.cases.counting import Tiles
from anju.apps.cases.counting import counts as case_counts
from anju.apps.cases.gate import checklist_of
from anju.apps.cases.models import Case
from anju.apps.cases.offering import Known
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.explaining import explain_of_run, recorded_facts
from anju.apps.findings.models import Attainment, FamilyCount, Finding, Run
from anju.apps.findings.subjects import NoSuchSubject
from anju.apps.people.models import Household, Person
from anju.apps.people.vault import masked_name
from anju.apps.places.lookup import roots
from anju.apps.places.models import Place
from anju.apps.prepared.queries import prepared
from anju.core.casework.gate import Requirement
from anju.core.casework.states import OVER
from anju.core.contracts.model import Bilingual
from anju.core.standards.explain import Explanation, Owed, explain
from anju.core.standards.model import Standard, Title, Version
from anju.core.terms.dates import completed_years
from anju.core.terms.viewer import Viewer
from anju.lake.answers import subjects_page
from anju.sample.families import CLOSING_WORKSHOP, COUSIN, GIRL, ILLNESS, THRIVING, Family
from anju.web.cases.case import Step, steps_of
from anju.web.cases.words import next_words
from anju.web.front.week import sample_folder
from anju.web.layout.current import answers_folder, dossier, policy, programme

TOLD, TOLD_STANDARD = GIRL, "ED-01"


@dataclass(frozen=True, slots=True)
class Missed:
    """The delivery behind most of what is not known: `families` have a light that is grey for want of it and others like it."""

    owed: Owed
    place: str
    families: int


@dataclass(frozen=True, slots=True)
class Told:
    """One family's story, as far as it is known: `facts` as the run recorded them, `missing` what would still have to hold."""

    household: int
    path: str
    who: str
    age: int | None
    community: str
    level: str
    standard: Standard
    version: Version
    breach: Title | None
    owner: Bilingual
    facts: tuple[tuple[Bilingual, Bilingual], ...]
    missing: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    families: int
    in_place: int
    put_right: int
    not_known: int
    missed: Missed | None


@dataclass(frozen=True, slots=True)
class Link:
    """A story of the sample and the page on which it is seen."""

    title: Bilingual
    words: Bilingual
    url: str


STORIES = (
    (
        GIRL.code,
        Bilingual("The girl off the roll", "不在学籍上的女孩"),
        Bilingual("No school has her since the move", "搬迁后哪所学校都没有她的学籍"),
    ),
    (COUSIN.code, Bilingual("Her cousin", "她的堂妹"), Bilingual("Raised wrongly, through an old county number", "因旧县码被误报")),
    (ILLNESS.code, Bilingual("Illness and lost work", "大病与失业"), Bilingual("Three troubles in one family", "一户三件事，环环相扣")),
    ("water", Bilingual("Bad water", "不合格的水"), Bilingual("One site, one alert for all its families", "一处水源，全小区一条线索")),
    ("late", Bilingual("Next door", "隔壁小区"), Bilingual("Its water report is late: grey, never green", "水质报告未到：待核实，不算已落实")),
    ("workshop", Bilingual("The workshop closes", "关门的车间"), Bilingual("38 people out of work at once", "38 人同时失去工作")),
    (THRIVING.code, Bilingual("A family that thrives", "红火的一家"), Bilingual("Eight people, two jobs", "八口人，两份工作")),
)
_gate: dict[str, Any] = {}
_kept: dict[str, tuple[tuple[int, datetime], Screen, Told | None, tuple[Link, ...]]] = {}


def told(run: Run) -> tuple[Screen, Told | None, tuple[Link, ...]]:
    """The numbers of the whole programme, the story and the links to the sample's stories."""
    kept, key = _kept.get("first"), (run.pk, run.started_at)
    if kept is None or kept[0] != key:
        kept = (key, screen_of(run), story_of(run), links(run))
        _kept["first"] = kept
    return kept[1:]


def screen_of(run: Run, place: int | None = None) -> Screen:
    """How the families of a place stand; of the whole programme where none is named."""
    root = roots.first()
    key = place or (root.pk if root is not None else 0)
    count = _count.first(run.pk, key)
    if count is None:
        return Screen(0, 0, 0, 0, None)
    families = count.in_place + count.put_right + count.not_known
    return Screen(families, count.in_place, count.put_right, count.not_known, _missed(run, count, f"/{key}/") if place is None else None)


def _missed(run: Run, count: FamilyCount, path: str) -> Missed | None:
    """The light that is grey for most families, the standard behind it, and what is owed for one subject it leaves open."""
    grey = {name.split(":")[0]: n for name, n in count.lights.items() if name.endswith(":not_known")}
    for name in sorted(grey, key=lambda light: -grey[light]):
        lit = next((guarantee.standards for guarantee in programme().guarantees if guarantee.name == name), {})
        rows = Attainment.objects.filter(run=run, place_id=count.place_id, standard__in=list(lit), unknown__gt=0).order_by("-unknown")
        for code in rows.values_list("standard", flat=True):
            subject = policy().standards[code].subject
            open_ones = subjects_page(answers_folder(run), subject, code, "unknown", [path], limit=1)
            owed = _owed(run, code, open_ones[0]) if open_ones else ()
            if owed:
                unit = Place.objects.filter(tree="scope", code=owed[0].unit).values_list("name", flat=True).first()
                return Missed(owed[0], unit or "", grey[name])
    return None


def _owed(run: Run, code: str, row: dict[str, object]) -> tuple[Owed, ...]:
    key = row.get("subject_key") or row["subject_id"]
    try:
        return explain_of_run(policy(), Path(settings.DATA), run, code, key, own=own_feeds).explanation.owed
    except NoSuchSubject:
        return ()


def story_of(run: Run, family: Family = TOLD, code: str = TOLD_STANDARD) -> Told | None:
    """None where this is not the sample, or the trouble is over."""
    home = Household.objects.filter(household_code=family.code).select_related("place").first()
    finding = Finding.objects.filter(household_id=home.pk, standard=code).first() if home is not None else None
    if home is None or finding is None:
        return None
    standard = policy().standards[code]
    version = standard.version_on(run.day)
    assert version is not None
    person = Person.objects.get(pk=finding.subject_id) if finding.subject == "person" else None
    opened = dossier()
    explanation = explain(opened.judge([home.pk]), code, finding.subject_id) if opened is not None and code in opened.standards else None
    return Told(
        household=home.pk,
        path=home.place.path,
        who=masked_name(person.name) if person is not None else "",
        age=completed_years(person.birth_date, run.day) if person is not None and person.birth_date is not None else None,
        community=home.place.name,
        level=finding.level,
        standard=standard,
        version=version,
        breach=next((breach.title for breach in version.breaches if breach.name == finding.breach), None),
        owner=programme().departments.get(version.owner, Bilingual(version.owner, version.owner)),
        facts=_facts(run, finding),
        missing=_missing(explanation),
    )


def _facts(run: Run, finding: Finding) -> tuple[tuple[Bilingual, Bilingual], ...]:
    both = zip(*(recorded_facts(policy(), finding, run.day, lang) for lang in ("en", "zh")), strict=True)
    return tuple((Bilingual(en[0], zh[0]), Bilingual(en[1], zh[1])) for en, zh in both if en[1])


def _missing(explanation: Explanation | None) -> tuple[Bilingual, ...]:
    """The conditions for clearing that do not hold; of one made of several only the several."""
    steps = explanation.clearing if explanation is not None else ()
    inner = [step for step, after in zip(steps, [*steps[1:], None], strict=True) if after is None or after.depth <= step.depth]
    return tuple(step.said for step in inner if step.holds is not True)


@prepared
def _count(run: int, place: int) -> QuerySet[FamilyCount]:
    return FamilyCount.objects.filter(run=run, place_id=place)


def cases_of_all() -> Tiles:
    """What is open in the whole programme: how many cases wait for hands, and how many are past their day."""
    root = roots.first()
    return case_counts(Viewer("the first screen", scopes=(root.path,))) if root is not None else Tiles()


@dataclass(frozen=True, slots=True)
class Course:
    """How far the case of the story is: its bar, whose move is next, and what its closing still needs."""

    case: Case
    steps: list[Step]
    move: str
    needed: tuple[Requirement, ...]


def course_of(story: Told | None) -> Course | None:
    """The case behind the story as it stands now; None where nobody was told yet."""
    if story is None:
        return None
    case = _case.first(story.household, story.standard.code)
    if case is None:
        return None
    steps = steps_of(Known(case, [], [], [], [], set(), case.opened_on))
    needed = () if case.state in OVER else _needed(case)
    told = tuple(replace(one, told=one.told or story.missing) if one.code == "condition" else one for one in needed)
    return Course(case, steps, next_words(case.waits_on), told)


@prepared
def _case(household: int, standard: str) -> QuerySet[Case]:
    return Case.objects.filter(household_id=household, standard=standard).order_by("-pk")[:1]


def _needed(case: Case) -> tuple[Requirement, ...]:
    """What is not there yet; asked again once the case has moved, and every half minute, for a file or a visit moves nothing."""
    key, now = (case.pk, case.version), time.monotonic()
    if _gate.get("key") != key or now - _gate["at"] > 30:
        _gate.update(key=key, at=now, needed=tuple(one for one in checklist_of(case) if not one.holds))
    found: tuple[Requirement, ...] = _gate["needed"]
    return found


def alert_of(story: Told | None) -> Episode | None:
    """The alert behind the story as it stands now; it changes while the run stays the same."""
    if story is None:
        return None
    alerts = episodes_of_household(Viewer("the first screen", scopes=(story.path,)), story.household)
    return next((alert for alert in alerts if alert.standard == story.standard.code), None)


def links(run: Run) -> tuple[Link, ...]:
    """The five stories, under codes that do not change; only those whose families, places or workshop are here."""
    codes = [family.code for family in (GIRL, COUSIN, ILLNESS, THRIVING)]
    pages = {
        code: reverse("household", args=[key])
        for code, key in Household.objects.filter(household_code__in=codes).values_list("household_code", "pk")
    }
    water, late = _sites()
    if water is not None and (alert := Episode.objects.filter(standard="HS-04", subject_id=water.pk).order_by("-pk").first()):
        pages["water"] = reverse("alert", args=[alert.pk])
    if late is not None:
        troubled = Finding.objects.filter(path__startswith=late.path).exclude(household_id=None).values("household_id")
        if home := Household.objects.filter(place__path__startswith=late.path).exclude(pk__in=troubled).order_by("household_code").first():
            pages["late"] = reverse("household", args=[home.pk])
    if closed := Episode.objects.filter(standard="EM-05", subject_key=CLOSING_WORKSHOP).order_by("-pk").first():
        pages["workshop"] = reverse("alert", args=[closed.pk])
    return tuple(Link(title, words, pages[code]) for code, title, words in STORIES if code in pages)


def _sites() -> tuple[Place | None, Place | None]:
    """The settlement whose water failed and the one whose report is late, as the sample wrote down."""
    folder = sample_folder()
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8")).get("stories", []) if folder is not None else []
    codes: list[str] = next((story["places"] for story in told if story["code"] == "bad-water"), [])
    places = {place.code: place for place in Place.objects.filter(tree="scope", code__in=codes)}
    water, late = (places.get(code) for code in codes[:2]) if len(codes) > 1 else (None, None)
    return water, late
