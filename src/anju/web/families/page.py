"""What the page of one family says: its lights, what is not in place and because of what, what is not known, and what is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from anju.apps.findings.explaining import explain_of_run, recorded_facts
from anju.apps.findings.models import Finding, Run
from anju.apps.findings.need_to_know import NEED_TO_KNOW as NEED_TO_KNOW
from anju.apps.findings.need_to_know import NEED_TO_KNOW_CODES as NEED_TO_KNOW_CODES
from anju.apps.findings.subjects import NoSuchSubject
from anju.apps.people.models import Household, Person
from anju.apps.people.vault import masked_name
from anju.core.contracts.model import Bilingual, Guarantee
from anju.core.standards.explain import Explanation, explain
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Standard, Title, Version
from anju.core.standards.render import render
from anju.core.terms.dates import completed_years
from anju.core.terms.viewer import Viewer
from anju.lake.answers import Given, answers_of_household, answers_of_place, lights_of_household
from anju.lake.families import DOES_NOT_APPLY, IN_PLACE, NOT_IN_PLACE, NOT_KNOWN
from anju.web.layout.current import answers_folder, dossier, policy, programme

LIGHTS = {NOT_IN_PLACE: "breached", NOT_KNOWN: "unknown", IN_PLACE: "met", DOES_NOT_APPLY: "not_applicable", None: "not_applicable"}


@dataclass(frozen=True, slots=True)
class Light:
    guarantee: Guarantee
    state: str


@dataclass(frozen=True, slots=True)
class Item:
    """One standard's answer about the family or one of its members. `told` is False where the facts are not for this viewer."""

    standard: Standard
    version: Version
    answer: str
    who: str  # the member it is about, '' for the family
    level: str | None = None
    breach: Title | None = None
    at_least: bool = False
    explanation: Explanation | None = None
    told: bool = True
    recorded: tuple[tuple[Bilingual, Bilingual], ...] = ()  # of a place: what the run kept of it

    @property
    def facts(self) -> list[tuple[Bilingual, Bilingual]]:
        """Title and value, what the standard names as its reason first."""
        if not self.told or self.explanation is None:
            return list(self.recorded) if self.told else []
        reasons = [render(evidence.ref) for evidence in self.version.evidence]
        known = [fact for fact in self.explanation.facts if fact.shown.en]
        known.sort(key=lambda fact: reasons.index(fact.name) if fact.name in reasons else len(reasons))
        return [(fact.title, fact.shown) for fact in known][:5]

    @property
    def owed(self) -> list[Any]:
        return list(self.explanation.owed) if self.explanation else []


@dataclass
class FamilyPage:
    lights: list[Light] = field(default_factory=list)
    broken: list[Item] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)
    kept: list[Item] = field(default_factory=list)
    state: str = ""


def family_page(viewer: Viewer, run: Run, household: Household, members: list[Person]) -> FamilyPage:
    """Everything the run says of the household, explained where something is not in place or not known."""
    folder, path = answers_folder(run), household.place.path
    page = FamilyPage(lights=_lights(folder, path, household.pk))
    given = answers_of_household(folder, policy(), path, household.pk)
    asked = any(one.answer in ("breached", "unknown") for one in given)  # most families have nothing to explain
    judge = _judge(household.pk) if asked else None
    names = {person.pk: masked_name(person.name) for person in members}
    for one in given:
        item = _item(viewer, run, one, judge, names)
        if item is None or one.answer == "not_applicable":
            continue
        {"breached": page.broken, "unknown": page.unknown, "met": page.kept}[one.answer].append(item)
    for one in _of_places(folder, path):
        item = _item(viewer, run, one, None, names)
        if item is not None and one.answer == "breached":
            page.broken.append(replace(item, recorded=_recorded(run, one)))
        elif item is not None and one.answer == "unknown":
            page.unknown.append(replace(item, explanation=_of_place(run.pk, one.standard, one.subject_id)))
    order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    page.broken.sort(key=lambda item: (order.get(item.level or "", 4), item.standard.code))
    return page


def _judge(household: int) -> Judge | None:
    opened = dossier()
    return opened.judge([household]) if opened is not None else None


def _lights(folder: Path, path: str, household: int) -> list[Light]:
    row = lights_of_household(folder, path, household)
    return [Light(guarantee, LIGHTS.get(row.get(f"light:{guarantee.name}"), "not_applicable")) for guarantee in programme().guarantees]


def _of_places(folder: Any, path: str) -> list[Given]:
    """What is said of the places the family lives in, where a light depends on it: bad water is the whole settlement's."""
    lit = {code for guarantee in programme().guarantees for code in guarantee.standards}
    places = [int(part) for part in path.strip("/").split("/")]
    subjects = {standard.subject for code, standard in policy().standards.items() if code in lit} & {level.name for level in programme().levels}
    found = [one for subject in subjects for place in places for one in answers_of_place(folder, policy(), subject, place)]
    return [one for one in found if one.standard in lit]


def _recorded(run: Run, given: Given) -> tuple[tuple[Bilingual, Bilingual], ...]:
    finding = Finding.objects.filter(standard=given.standard, subject_id=given.subject_id).first()
    if finding is None:
        return ()
    both = zip(*(recorded_facts(policy(), finding, run.day, lang) for lang in ("en", "zh")), strict=True)
    return tuple((Bilingual(en[0], zh[0]), Bilingual(en[1], zh[1])) for en, zh in both if en[1])


@lru_cache(maxsize=256)  # a settlement is many families': explained once for a run
def _of_place(run: int, code: str, place: int) -> Explanation | None:
    try:
        return explain_of_run(policy(), Path(settings.DATA), Run.objects.get(pk=run), code, place).explanation
    except NoSuchSubject:
        return None


def _item(viewer: Viewer, run: Run, given: Given, judge: Judge | None, names: dict[int, str]) -> Item | None:
    standard = policy().standards.get(given.standard)
    version = standard.version_on(run.day) if standard is not None else None
    if standard is None or version is None:
        return None
    hidden = standard.domain in NEED_TO_KNOW or standard.code in NEED_TO_KNOW_CODES
    told = (not hidden or viewer.can("health.see")) and (not viewer.departments or version.owner in viewer.departments)
    breach = version.breaches[given.breach] if given.breach is not None else None
    explanation = None
    if judge is not None and given.answer in ("breached", "unknown") and told and _judgeable(judge, standard, given):
        explanation = explain(judge, given.standard, given.subject_id)
    return Item(
        standard=standard, version=version, answer=given.answer, who=names.get(given.subject_id, "") if given.subject == "person" else "",
        level=breach.level if breach else None, breach=breach.title if breach else None, at_least=given.at_least, explanation=explanation,
        told=told,
    )  # fmt: skip


def _judgeable(judge: Judge, standard: Standard, given: Given) -> bool:
    opened = dossier()
    return opened is not None and standard.code in opened.standards and given.subject_id in judge.subjects.all(standard.subject)


def age_on(person: Person, day: date) -> int | None:
    return completed_years(person.birth_date, day) if person.birth_date is not None and person.birth_date <= day else None


def relation(code: str | None) -> Bilingual:
    """The relation to the head by the first digit of GB/T 4761, in which many registers keep it."""
    words = {
        "0": Bilingual("Head", "户主"), "1": Bilingual("Spouse", "配偶"), "2": Bilingual("Son", "子"), "3": Bilingual("Daughter", "女"),
        "4": Bilingual("Grandchild", "孙辈"), "5": Bilingual("Parent", "父母"), "6": Bilingual("Grandparent", "祖辈"),
        "7": Bilingual("Brother or sister", "兄弟姐妹"),
    }  # fmt: skip
    return words.get((code or "")[:1], Bilingual("Other", "其他"))
