"""What a new run changed, and why: each finding that opened, rose, fell or ended, and the light it turns."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.explaining import explain_of_run, recorded_facts
from anju.apps.findings.models import Finding, Run
from anju.apps.findings.subjects import NoSuchSubject
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.core.standards.model import Policy

LIGHTS = {"ED-01": "education", "ED-03": "education", "MH-01": "medical", "MH-02": "medical", "HS-02": "housing", "HS-04": "water"}
SHOWN = 5  # changes told in full, of each standard and direction
Standing = dict[tuple[str, int], tuple[str, str | None, int | None, int | None]]


@dataclass(frozen=True, slots=True)
class Change:
    """`was` and `now` are levels, or what is said where there is none; `light` is '' for a standard beyond the 3+1."""

    standard: str
    subject: str
    was: str
    now: str
    light: str
    because: str

    def line(self) -> str:
        light = f" ({self.light} light)" if self.light else ""
        return f"  {self.standard} {self.subject}: {self.was} -> {self.now}{light}: {self.because}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def standing() -> Standing:
    """Every finding of the current run."""
    rows = Finding.objects.values_list("standard", "subject_id", "level", "subject_key", "household_id", "place_id")
    return {(standard, subject): (level, key, household, place) for standard, subject, level, key, household, place in rows}


def changes(policy: Policy, before: Standing, data: Path) -> tuple[dict[str, int], list[Change]]:
    """How many changes of which kind, and some of each told in full."""
    now = standing()
    run = Run.objects.get(current=True)
    moved = [key for key in {*before, *now} if before.get(key, ("",))[0] != now.get(key, ("",))[0]]
    counts: Counter[str] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    chosen = []
    for key in sorted(moved):
        kind = "opened" if key not in before else "ended" if key not in now else "changed"
        counts[kind] += 1
        told[key[0], kind] += 1
        if told[key[0], kind] <= SHOWN:
            chosen.append(key)
    return dict(counts), [_change(policy, data, run, key, before.get(key), now.get(key)) for key in chosen]


def _change(policy: Policy, data: Path, run: Run, key: tuple[str, int], was: Any, now: Any) -> Change:
    _, subject_key, household, place = now or was
    if now is None:
        said, because = _ended(policy, data, run, key[0], subject_key or key[1])
    else:
        finding = Finding.objects.get(standard=key[0], subject_id=key[1])
        said, because = now[0], _told(recorded_facts(policy, finding, run.day, "en"))
    return Change(key[0], _named(subject_key, household, place, key[1]), was[0] if was else "none", said, LIGHTS.get(key[0], ""), because)


def _ended(policy: Policy, data: Path, run: Run, standard: str, subject: str | int) -> tuple[str, str]:
    """What the rule answers today of a subject that no longer has a finding, and because of what."""
    try:
        explained = explain_of_run(policy, data, run, standard, subject, own=own_feeds).explanation
    except NoSuchSubject:
        return "no longer applies", "it is not in the registry any more"
    facts = _told([(known.title.en, known.shown.en) for known in explained.facts])
    return explained.finding.answer, facts + "".join(f"; not delivered: {owed.feed} of {owed.unit}" for owed in explained.owed)


def _told(facts: list[tuple[str, str]]) -> str:
    return "; ".join(f"{title.lower()}: {shown}" for title, shown in facts)


def _named(key: str | None, household: int | None, place: int | None, subject: int) -> str:
    """A household's code, a place's name, or the key of what is judged; a person by the household's code and our own key."""
    if key is not None:
        return key
    if household is not None:
        code = Household.objects.values_list("household_code", flat=True).get(pk=household)
        return code if subject == household else f"{code} person {subject}"
    found = Place.objects.filter(pk=place or subject).values_list("name", flat=True).first()
    return found or str(subject)
