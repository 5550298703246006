"""Only what is not known or doubted is asked, and what is not asked says because of whom."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from anju.apps.findings.need_to_know import secret_features
from anju.apps.visits.asking import Known, Slot, asking
from anju.apps.visits.questions import Question, load_questions, read_questions
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy

SCHOOL = Question("in_school", Bilingual("In school?", "上学？"), "yes_no", "person", feature="on_roll.status", standards=("ED-01",))
WORRY = Question("worry", Bilingual("Any worry?", "担心？"), "text")
ON = date(2023, 9, 20)


@pytest.fixture(scope="module")
def rules() -> Policy:
    return load_policy(Path(settings.POLICY))


@pytest.mark.parametrize(("known", "reason"), [
    (None, "nobody_knows"), (Known("absent", "F09"), "nobody_knows"), (Known("blank", "F09"), "nobody_knows"),
    (Known("undelivered", "F09"), "undelivered"), (Known("at_least", "F09"), "incomplete"), (Known("unknown", "F09"), "incomplete"),
    (Known("value", "F09", ON, doubted=True), "doubted"),
])  # fmt: skip
def test_what_is_not_known_is_asked(known: Known | None, reason: str) -> None:
    slot = Slot(SCHOOL, 7)
    asked, spared = asking([slot], {slot.key: known} if known is not None else {})
    assert ([one.reason for one in asked], spared) == ([reason], [])


@pytest.mark.parametrize(("known", "reason"), [(Known("value", "F09", ON), "known"), (Known("value", "visit", ON), "answered")])
def test_what_is_known_is_not_asked_and_says_because_of_whom(known: Known, reason: str) -> None:
    slot = Slot(SCHOOL, 7)
    asked, (spared,) = asking([slot], {"in_school:7": known})
    assert asked == []
    assert spared.as_list() == ["in_school:7", reason, known.source, "2023-09-20"]


def test_what_only_the_family_can_say_is_asked() -> None:
    assert [one.reason for one in asking([Slot(WORRY)], {})[0]] == ["only_they"]


def test_the_questions_of_the_policy_are_whole(rules: Policy) -> None:
    found = load_questions(Path(settings.POLICY), rules)
    assert {"solved", "living_here", "in_school"} <= found.keys()
    secret = {name for _, name in secret_features(rules)}
    open_to_all = [q.code for q in found.values() if q.feature.split(".")[0] in secret and not q.need_to_know]
    assert open_to_all == [], "what is drawn from health is asked by few"


FAULTS = [
    ("{code: q, title: {en: Q, zh: 问}, kind: choice}", "a choice needs 'choices'"),
    ("{code: q, title: {en: Q, zh: 问}, kind: essay}", "'essay' is not one of the choices"),
    ("{code: q, title: {en: Q}, kind: text}", "'zh' is missing"),
    ("{code: q, title: {en: Q, zh: 问}, kind: text, feature: on_rol.status}", "a household has no feature 'on_rol.status'"),
    ("{code: q, title: {en: Q, zh: 问}, kind: text, standards: [ED-99]}", "there is no 'ED-99'"),
    ("{code: q, title: {en: Q, zh: 问}, kind: text, purposes: [chat]}", "there is no 'chat'"),
    ("{code: q, title: {en: Q, zh: 问}, kind: text, again_days: -1}", "-1 days is out of range"),
]


@pytest.mark.parametrize(("line", "what"), FAULTS)
def test_a_fault_says_where_and_what(line: str, what: str, rules: Policy, tmp_path: Path) -> None:
    (tmp_path / "questions.yaml").write_text(f"questions:\n  - {line}\n", encoding="utf-8")
    found, faults = read_questions(tmp_path, rules)
    assert any(what in fault.what and fault.line == 2 for fault in faults), faults
    assert not found


def test_no_file_is_no_question(rules: Policy, tmp_path: Path) -> None:
    assert read_questions(tmp_path, rules) == ({}, [])


@pytest.mark.parametrize(("kind", "answer", "fault"), [
    ("yes_no", "yes", ""), ("yes_no", "perhaps", "choice"), ("number", "3.5", ""), ("number", "many", "number"), ("number", "NaN", "number"),
    ("number", "-1", "number"), ("text", "x" * 400, ""), ("text", "x" * 401, "length"),
])  # fmt: skip
def test_an_answer_is_checked_by_its_kind(kind: str, answer: str, fault: str) -> None:
    assert Question("q", Bilingual("Q", "问"), kind).fault_of(answer) == fault
