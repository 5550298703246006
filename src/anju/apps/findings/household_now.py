"""A household judged at once: the last run's snapshot, and what the platform itself has come to know of this family since.

By the interpreter, over the family's own rows. It changes no stored figure; whoever follows it may move the family's alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from anju.apps.feeds.own import OwnFeeds
from anju.apps.findings.current import dossier_of
from anju.apps.findings.queries import current_run
from anju.core.standards.meaning.judge import Finding as Judged
from anju.core.standards.meaning.judge import Judge
from anju.core.standards.model import Policy


@dataclass(frozen=True, slots=True)
class Answer:
    """What is found of one subject: `place_id` and `path` of where the family lives, the rest as a run would find it."""

    standard: str
    subject: str
    subject_id: int
    household_id: int
    place_id: int | None
    path: str
    answer: str
    clears: bool | None
    breach: str | None
    level: str | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class HouseholdAnswers:
    """`run` whose snapshot was taken and `day` that was judged; `at`: until when the platform's own rows were known."""

    run: int
    day: date
    at: datetime
    household: int
    answers: tuple[Answer, ...]

    def of(self, standard: str) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.standard == standard)


def judge_household(policy: Policy, data: Path, household_id: int, own: OwnFeeds, at: datetime) -> HouseholdAnswers | None:
    """Every standard that the run has judged and that the rows of a family are enough for: about the household and its members. A feed in
    `own` stands in place of the run's rows of it. None before the first run, where its files are gone, or for a stranger to its register."""
    run = current_run()
    opened = dossier_of(policy, data, run) if run is not None else None
    if run is None or opened is None:
        return None
    judge = opened.judge([household_id], own.tables)
    if household_id not in judge.subjects.household:
        return None
    codes = [code for code in opened.standards if code in run.counts]
    return HouseholdAnswers(run.pk, run.day, at, household_id, tuple(_answers(judge, codes, household_id)))


def _answers(judge: Judge, codes: list[str], household_id: int) -> Iterator[Answer]:
    place = judge.subjects.household[household_id]["place_id"]
    path = judge.subjects.place[place]["path"] if place is not None else "/"
    for code in codes:
        subject = judge.policy.standards[code].subject
        keys = [household_id] if subject == "household" else judge.subjects.persons_of.get(household_id, [])
        for key in keys:
            yield _answer(judge.finding(code, key), household_id, place, path)


def _answer(found: Judged, household_id: int, place: int | None, path: str) -> Answer:
    where = (household_id, place, path)
    return Answer(
        found.standard, found.subject, found.key, *where, found.answer, found.clears, found.breach, found.level, found.at_least
    )  # fmt: skip
