"""Standards: what is promised, on what grounds, by which rules and limits, and how far it is kept in a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from anju.apps.findings.models import Attainment, Run
from anju.apps.findings.queries import attainment_by_place
from anju.apps.places.models import Place
from anju.apps.places.queries import places_below, way_to
from anju.core.contracts.model import Bilingual, Contract
from anju.core.standards.cases import Case, read_cases
from anju.core.standards.model import Literal_, Policy, Standard, Title, Version
from anju.core.standards.order import feeds_behind, parameters_read
from anju.core.standards.telling import SPAN
from anju.core.standards.wording import LANGUAGES, Wording
from anju.core.terms.durations import Duration
from anju.core.terms.viewer import Viewer
from anju.lake.engine import standard_sql
from anju.web.bureau.charts import Bar
from anju.web.bureau.viewing import department_title, domain_title, may_list, place_asked
from anju.web.layout.access import needs, not_here, viewer_of_request
from anju.web.layout.current import policy, programme, run_of_request

ANSWERS = ("breached", "unknown", "met", "not_applicable")


@dataclass(frozen=True, slots=True)
class Reached:
    """How a standard stands in a place: numbers of subjects. `placed` is False where nothing of it is counted by place."""

    bar: Bar
    not_applicable: int = 0
    placed: bool = True

    def of(self, answer: str) -> int:
        return self.not_applicable if answer == "not_applicable" else int(getattr(self.bar, answer))


def is_placed(standard: Standard) -> bool:
    """Whether its subjects lie in places: a delivery does not."""
    keyed = policy().keyed.get(standard.subject)
    contract = policy().contracts.get(keyed.feed) if keyed is not None else None
    return not (isinstance(contract, Contract) and not contract.links)


def reached_by(viewer: Viewer, run: Run | None, place: Place | None, standards: Iterable[Standard]) -> dict[str, Reached]:
    """How each of the standards stands in the place; what lies in no place shows to whoever sees the whole programme."""
    found: dict[str, Reached] = {}
    if run is None or place is None:
        return found
    counted = {one.standard: one for one in attainment_by_place(viewer, run, [place])}
    for standard in standards:
        if standard.code in counted:
            found[standard.code] = _reached(counted[standard.code])
        elif not is_placed(standard) and place.parent_id is None:
            n: Mapping[str, int] = run.counts.get(standard.code, {})
            bar = Bar(n.get("met", 0), n.get("breached", 0), n.get("unknown", 0))
            found[standard.code] = Reached(bar, n.get("not_applicable", 0), placed=False)
    return found


def _reached(one: Attainment) -> Reached:
    return Reached(Bar(one.met, one.breached, one.unknown), one.not_applicable)


def subject_title(subject: str) -> Bilingual:
    if subject in policy().keyed:
        title = policy().keyed[subject].title
        return Bilingual(title.en, title.zh)
    named = {"person": Bilingual("Person", "个人"), "household": Bilingual("Family", "家庭")}
    named |= {level.name: level.title for level in programme().levels}
    return named[subject]


def basis_words(basis: str) -> str:
    """How sure it is that this is what officials decided."""
    return {
        "article": _("From published reports"), "published": _("After a published standard"), "knowledge": _("Common practice"),
        "assumption": _("Assumed"),
    }.get(basis, basis)  # fmt: skip


@needs("standards.see")
def standards(request: HttpRequest) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    place = place_asked(request, viewer)
    if place is None and request.GET.get("place"):
        return not_here(request)
    day = run.day if run is not None else timezone.localdate()
    reached = reached_by(viewer, run, place, policy().standards.values())
    groups: dict[str, list[dict[str, Any]]] = {domain: [] for domain in programme().domains}
    for standard in policy().standards.values():
        version = standard.version_on(day)
        groups.setdefault(standard.domain, []).append(
            {
                "standard": standard, "subject": subject_title(standard.subject), "basis": basis_words(standard.source.basis),
                "owner": department_title(version.owner) if version else None, "reached": reached.get(standard.code),
                "from": standard.versions[0].start if version is None else None, "example": has_example(policy(), standard.code),
                "url": _with_place(reverse("standard", args=[standard.code]), place),
            }
        )  # fmt: skip
    named = [(domain, domain_title(domain), rows) for domain, rows in groups.items() if rows]
    context = {"here": "standards", "groups": named, "place": place, "way": _way(viewer, place), "judged": run, "n": len(policy().standards)}
    return render(request, "bureau/standards.html", context)


def _way(viewer: Viewer, place: Place | None) -> list[Place]:
    return way_to(viewer, place)[:-1] if place is not None else []


def _with_place(address: str, place: Place | None) -> str:
    return f"{address}?{urlencode({'place': place.pk})}" if place is not None else address


@lru_cache(maxsize=512)
def _examples(digest: str, code: str) -> bool:
    return any(value.example for name in parameters_read(policy(), code) for value in policy().parameters[name].values)


def has_example(rules: Policy, code: str) -> bool:
    """Whether a limit of the standard is an assumed value."""
    return _examples(rules.digest, code)


@needs("standards.see")
def standard(request: HttpRequest, code: str) -> HttpResponse:
    viewer, run = viewer_of_request(request), run_of_request(request)
    found, place = policy().standards.get(code), place_asked(request, viewer)
    if found is None or (place is None and request.GET.get("place")):
        return not_here(request)
    day = run.day if run is not None else timezone.localdate()
    version = found.version_on(day)
    reached = reached_by(viewer, run, place, [found]).get(code)
    context = {
        "here": "standards", "standard": found, "domain": domain_title(found.domain), "basis": basis_words(found.source.basis),
        "subject": subject_title(found.subject), "owner": department_title(version.owner) if version else None, "place": place,
        "way": _way(viewer, place), "judged": run, "reached": reached, "answers": _answers(viewer, found, place, reached, day),
        "below": _below(viewer, run, place, found), "versions": [_version(found, one, one is version) for one in reversed(found.versions)],
        "limits": _limits(found), "feeds": _feeds(found), "cases": _cases(found),
    }  # fmt: skip
    return render(request, "bureau/standard.html", context)


def _answers(viewer: Viewer, standard: Standard, place: Place | None, reached: Reached | None, day: date) -> list[dict[str, Any]]:
    if reached is None or place is None:
        return []
    open_list = may_list(viewer, standard, day)
    return [
        {"answer": answer, "n": reached.of(answer),
         "url": _with_place(reverse("standard_subjects", args=[standard.code, answer]), place) if open_list and reached.of(answer) else ""}
        for answer in ANSWERS
    ]  # fmt: skip


def _below(viewer: Viewer, run: Run | None, place: Place | None, standard: Standard) -> list[dict[str, Any]]:
    if run is None or place is None or not is_placed(standard):
        return []
    places = {below.pk: below for below in places_below(viewer, place)}
    counted = {one.place_id: one for one in attainment_by_place(viewer, run, places.values(), standard.code)}
    here = reverse("standard", args=[standard.code])
    return [
        {"title": below.name, "url": _with_place(here, below), "bar": _reached(counted[key]).bar}
        for key, below in places.items()
        if key in counted
    ]


def _both(words: Wording, how: Any) -> Bilingual:
    return Bilingual(*(how(words, lang) for lang in LANGUAGES))


def _version(standard: Standard, version: Version, in_force: bool) -> dict[str, Any]:
    """A version in words: to whom it applies, what is missing where it is not kept and how soon it is seen to, when it closes."""
    words, subject = Wording(policy()), standard.subject
    clears = version.clears_when
    return {
        "start": version.start, "in_force": in_force, "owner": department_title(version.owner),
        "everywhere": isinstance(version.applies, Literal_) and version.applies.value is True,
        "applies": _both(words, lambda w, lang: w.say(version.applies, subject, lang)),
        "breaches": [
            {"title": breach.title, "level": breach.level, "when": _both(words, lambda w, lang, b=breach: w.say(b.when, subject, lang)),
             "verify": _span(breach.verify), "handle": _span(breach.handle), "then": _span(breach.then) if breach.then else None}
            for breach in version.breaches
        ],
        "clears": _both(words, lambda w, lang: w.say(clears, subject, lang)) if clears is not None else None,
        "closing": version.closing,
        "evidence": [_both(words, lambda w, lang, e=evidence: w.title(subject, e.ref, lang)) for evidence in version.evidence],
    }  # fmt: skip


def _span(duration: Duration) -> Bilingual:
    return Bilingual(*(SPAN[lang][duration.unit].format(duration.n) for lang in LANGUAGES))


def _limits(standard: Standard) -> list[dict[str, Any]]:
    words, found = Wording(policy()), []
    for name in parameters_read(policy(), standard.code):
        parameter = policy().parameters[name]
        values = [
            {"value": _both(words, lambda w, lang, v=value: w.value(v.value, parameter.type, lang)), "given": value,  # noqa: B023
             "keys": ", ".join(str(key).replace("_", " ") for key in value.keys)}
            for value in sorted(parameter.values, key=lambda value: (value.start, value.area or "", str(value.keys)), reverse=True)
        ]  # fmt: skip
        found.append({"name": name, "title": parameter.title, "values": values})
    return found


def _feeds(standard: Standard) -> list[dict[str, Any]]:
    contracts = (policy().contracts[code] for code in sorted(feeds_behind(policy(), [standard.code])))
    return [{"contract": one, "owner": department_title(one.owner)} for one in contracts if isinstance(one, Contract)]


@lru_cache(maxsize=128)
def _read_cases(digest: str, code: str) -> tuple[Case, ...]:
    only = replace(policy(), standards={code: policy().standards[code]})
    return tuple(read_cases(only, Path(settings.POLICY)))


def _cases(standard: Standard) -> list[dict[str, Any]]:
    breaches = {breach.name: breach.title for version in standard.versions for breach in version.breaches}
    found = []
    for case in _read_cases(policy().digest, standard.code):
        expect = case.said.get("expect", {})
        title: Title | None = breaches.get(expect.get("breach"))
        answer = str(expect.get("answer", "")).replace(" ", "_")
        found.append({"name": case.name, "day": case.day, "answer": answer, "breach": title, "level": expect.get("level", "")})
    return found


@needs("standards.see")
def statements(request: HttpRequest, code: str) -> HttpResponse:
    """The statements that judge the standard, as the engine runs them."""
    run = run_of_request(request)
    found = policy().standards.get(code)
    day = run.day if run is not None else timezone.localdate()
    if found is None or found.version_on(day) is None:
        return not_here(request)
    return render(
        request, "bureau/statements.html", {"here": "standards", "standard": found, "day": day, "sql": standard_sql(policy(), code, day)}
    )
