"""What the page of one family says: its lights, what is not in place and because of what, what is not known, and what is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from anju.apps.alerts.models import OPEN, Episode
from anju.apps.cases.models import Case
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.explaining import explain_of_run, recorded_facts
from anju.apps.findings.models import Finding, Run
from anju.apps.findings.need_to_know import is_secret, may_know, may_know_condition
from anju.apps.findings.subjects import NoSuchSubject
from anju.apps.people.models import Household, Person
from anju.core.contracts.model import Bilingual, Guarantee
from anju.core.standards.explain import Explanation, Owed, explain
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Standard, Title, Version
from anju.core.standards.render import render
from anju.core.terms.dates import completed_years
from anju.core.terms.viewer import Viewer
from anju.lake.answers import Given, answers_of_household, answers_of_place, lights_of_household
from anju.lake.dossier import Dossier
from anju.lake.families import DOES_NOT_APPLY, IN_PLACE, NOT_IN_PLACE, NOT_KNOWN
from anju.web.families.settled import Settled, settled
from anju.web.families.timeline import light_of
from anju.web.layout.current import answers_folder, policy, programme

CODE = re.compile(r"[A-Z]{2}-\d\d")
LIGHTS = {NOT_IN_PLACE: "breached", NOT_KNOWN: "unknown", IN_PLACE: "met", DOES_NOT_APPLY: "not_applicable", None: "not_applicable"}


@dataclass(frozen=True, slots=True)
class Light:
    """`anchor` leads to the standard that explains it, '' where none is listed. `handled`: what is not in place, somebody has in hand;
    `settled`: … or its case is over, and all of them are where nobody has any in hand."""

    guarantee: Guarantee
    state: str
    anchor: str
    handled: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of what would count as solved. `holds` is None where that is not known; not `told`, where it is not this viewer's."""

    text: Bilingual
    depth: int
    holds: bool | None
    told: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One standard's answer about the family or one of its members. `told` is False where the facts are not for this viewer: then
    neither the breach nor whom it is about is said. `alert` is the open alert about it that the viewer may open."""

    standard: Standard
    version: Version
    answer: str
    who: str = ""  # the member it is about, '' for the family
    people: int = 1  # members of whom the same is said, where it is nothing that is missing
    level: str | None = None
    breach: Title | None = None
    at_least: bool = False
    told: bool = True
    facts: tuple[tuple[Bilingual, Bilingual], ...] = ()
    clearing: tuple[Condition, ...] = ()
    owed: tuple[Owed, ...] = ()
    owner: Bilingual | None = None
    alert: Episode | None = None
    case: int | None = None  # the number of the open case about it
    settled: Settled | None = None  # … which is over
    anchor: str = ""


@dataclass
class FamilyPage:
    """`hidden` further matters are not listed, because that they apply at all is for few to know."""

    lights: list[Light] = field(default_factory=list)
    broken: list[Item] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)
    kept: list[Item] = field(default_factory=list)
    hidden: int = 0


def family_page(
    viewer: Viewer, run: Run, household: Household, names: dict[int, str], alerts: Iterable[Episode], opened: Dossier | None,
    cases: Mapping[tuple[str, int], int], handled: frozenset[str], over: Iterable[Case] = (),
) -> FamilyPage:  # fmt: skip
    """Everything the run says of the household, explained where something is not in place or not known. `names` of its members,
    masked; `alerts` that the viewer may see; `opened` the run's dossier, which is asked only where something is to be explained; `cases`
    that stand open by standard and subject, the standards that somebody has in hand, and the cases that are over."""
    folder, path = answers_folder(run), household.place.path
    page, found = FamilyPage(), []
    given = answers_of_household(folder, policy(), path, household.pk)
    asked = any(one.answer in ("breached", "unknown") for one in given)  # most families have nothing to explain
    judge = opened.judge([household.pk]) if opened is not None and asked else None
    ended = settled(over, {(one.standard, one.subject_id) for one in given if one.answer == "breached"} - cases.keys(), run.day)
    standing = {(alert.standard, alert.subject_id): alert for alert in alerts if alert.state == OPEN}
    for one in [*given, *_of_places(folder, path)]:
        item = _item(viewer, run, one, names)
        if item is None or one.answer == "not_applicable":
            continue
        if not item.told and is_secret(item.standard) and light_of(item.standard.code) is None:
            page.hidden += 1
            continue
        if one.answer != "met":
            explanation = _explained(run, opened, judge, item, one)
            item = _with_reasons(viewer, run, item, one, explanation, standing.get((one.standard, one.subject_id)))
            key = one.standard, one.subject_id
            item = replace(item, case=cases.get(key), settled=ended.get(key))
        found.append(item)
    order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    found.sort(key=lambda item: (order.get(item.level or "", 4), item.standard.code))
    found = _anchored(_together(found))
    page.broken, page.unknown, page.kept = ([item for item in found if item.answer == answer] for answer in ("breached", "unknown", "met"))
    page.lights = _lights(lights_of_household(folder, path, household.pk), found, handled)
    return page


def _item(viewer: Viewer, run: Run, given: Given, names: dict[int, str]) -> Item | None:
    standard = policy().standards.get(given.standard)
    version = standard.version_on(run.day) if standard is not None else None
    if standard is None or version is None:
        return None
    told = may_know(viewer, standard, run.day)
    breach = version.breaches[given.breach] if given.breach is not None else None
    return Item(
        standard, version, given.answer, who=names.get(given.subject_id, "") if given.subject == "person" and told else "",
        level=breach.level if breach else None, breach=breach.title if breach and told else None, at_least=given.at_least, told=told,
        owner=programme().departments.get(version.owner),
    )  # fmt: skip


def _explained(run: Run, opened: Dossier | None, judge: Judge | None, item: Item, given: Given) -> Explanation | None:
    """By the family's own rows; of a place once for all its families."""
    if not item.told:
        return None
    subject = item.standard.subject
    if opened is not None and judge is not None and item.standard.code in opened.standards and given.subject_id in judge.subjects.all(subject):
        return explain(judge, given.standard, given.subject_id)
    return _of_place(run.pk, given.standard, given.subject_id) if subject in _levels() else None


def _with_reasons(viewer: Viewer, run: Run, item: Item, given: Given, explanation: Explanation | None, alert: Episode | None) -> Item:
    if explanation is None:
        recorded = _recorded(run, given) if item.told and given.answer == "breached" else ()
        return replace(item, facts=recorded, alert=alert)
    known = _facts(viewer, item, explanation) if given.answer == "breached" or not explanation.owed else ()
    return replace(item, facts=known, clearing=_clearing(viewer, item, explanation), owed=tuple(explanation.owed), alert=alert)


def _facts(viewer: Viewer, item: Item, explanation: Explanation) -> tuple[tuple[Bilingual, Bilingual], ...]:
    """Title and value of what the standard names as its reasons; of everything it reads where it names none."""
    reasons = [render(evidence.ref) for evidence in item.version.evidence]
    known = {fact.name: fact for fact in explanation.facts if fact.shown.en}
    asked = [name for name in reasons if name in known] or list(known)
    told = (known[name] for name in asked if may_know_condition(viewer, policy(), name))
    return tuple((fact.title, fact.shown) for fact in told)[:5]


def _clearing(viewer: Viewer, item: Item, explanation: Explanation) -> tuple[Condition, ...]:
    """Each condition with whether it holds. One that tells of what the viewer may not know keeps its answer to itself, and so does
    every condition that is made of it."""
    steps = explanation.clearing
    told = [may_know_condition(viewer, policy(), step.text) for step in steps]
    for at in reversed(range(len(steps))):
        inside = []
        for later in range(at + 1, len(steps)):
            if steps[later].depth <= steps[at].depth:
                break
            inside.append(told[later])
        told[at] = told[at] and all(inside)
    return tuple(
        Condition(_titled(step.said), min(step.depth, 3), step.holds if one else None, one) for step, one in zip(steps, told, strict=True)
    )


def _titled(said: Bilingual) -> Bilingual:
    """With the names of other standards in place of their codes: 'Basic medical insurance is in place'."""
    en, zh = said.en, said.zh
    for code in {*CODE.findall(en), *CODE.findall(zh)} & policy().standards.keys():
        title = policy().standards[code].title
        en, zh = en.replace(code, title.en), zh.replace(code, title.zh)
    return Bilingual(en, zh)


def _together(items: list[Item]) -> list[Item]:
    """Of a standard that is in place, or not known for want of the same delivery, one line for all members it is about."""
    found: dict[Any, Item] = {}
    for at, item in enumerate(items):
        same = at if item.answer == "breached" else (item.standard.code, item.answer, item.told, item.owed)
        before = found.get(same)
        found[same] = item if before is None else replace(before, people=before.people + 1)
    return list(found.values())


def _anchored(items: list[Item]) -> list[Item]:
    """Each item with the name by which it is reached within the page; a standard broken for two members is there twice."""
    seen: set[str] = set()
    found = []
    for item in items:
        code = item.standard.code
        found.append(replace(item, anchor=f"s-{code}" if code not in seen else ""))
        seen.add(code)
    return found


def _lights(row: Mapping[str, Any], items: list[Item], handled: frozenset[str]) -> list[Light]:
    """With the standard that explains it: the gravest that is not in place, else what is not known, else what is in place."""
    found = []
    for guarantee in programme().guarantees:
        state = LIGHTS.get(row.get(f"light:{guarantee.name}"), "not_applicable")
        behind = [item for item in items if item.standard.code in guarantee.standards and item.anchor]
        why = next((item for answer in (state, "met") for item in behind if item.answer == answer), None)
        broken = [item for item in items if item.standard.code in guarantee.standards and item.answer == "breached"]
        all_handled = bool(broken) and all(item.standard.code in handled for item in broken)
        all_over = bool(broken) and all(item.settled is not None for item in broken)
        anchor = why.anchor if why is not None else ""
        found.append(Light(guarantee, state, anchor, state == "breached" and all_handled, state == "breached" and all_over))
    return found


def _levels() -> set[str]:
    return {level.name for level in programme().levels}


def _of_places(folder: Path, path: str) -> list[Given]:
    """What is said of the places the family lives in, where a light depends on it: bad water is the whole settlement's."""
    lit = {code for guarantee in programme().guarantees for code in guarantee.standards}
    subjects = {standard.subject for code, standard in policy().standards.items() if code in lit} & _levels()
    found = [one for subject in subjects for place in places_of(path) for one in answers_of_place(folder, policy(), subject, place)]
    return [one for one in found if one.standard in lit]


def places_of(path: str) -> list[int]:
    """The place of a path and those above it."""
    return [int(part) for part in path.strip("/").split("/")]


def _recorded(run: Run, given: Given) -> tuple[tuple[Bilingual, Bilingual], ...]:
    """What the run kept of it, where it cannot be judged again: of a home, or of a place whose day is gone."""
    finding = Finding.objects.filter(standard=given.standard, subject_id=given.subject_id).first()
    if finding is None:
        return ()
    both = zip(*(recorded_facts(policy(), finding, run.day, lang) for lang in ("en", "zh")), strict=True)
    return tuple((Bilingual(en[0], zh[0]), Bilingual(en[1], zh[1])) for en, zh in both if en[1])


@lru_cache(maxsize=256)  # a settlement is many families': explained once for a run
def _of_place(run: int, code: str, place: int) -> Explanation | None:
    try:
        return explain_of_run(policy(), Path(settings.DATA), Run.objects.get(pk=run), code, place, own=own_feeds).explanation
    except NoSuchSubject:
        return None


def age_on(person: Person, day: date) -> int | None:
    return completed_years(person.birth_date, day) if person.birth_date is not None and person.birth_date <= day else None
