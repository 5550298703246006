"""The example of docs/household-survey.md: checked, and judged from raw files, beside a reckoning of another make.

It runs on a small made-up survey, and on the real one where ANJU_SURVEY_FILES names the folder of its two files.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from anju.apps.feeds.own import SILENT
from anju.apps.feeds.survey import import_survey
from anju.apps.findings.actions import judge
from anju.apps.findings.models import Finding
from anju.apps.people.models import Household, Person
from anju.apps.people.vault import FileVault
from anju.core.standards.cases import run_cases
from anju.core.standards.read import load_policy
from examples.reckoning import missing, reckon, survey_files

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "household-survey"
SMALL = Path(__file__).resolve().parent / "small"
REAL = os.environ.get("ANJU_SURVEY_FILES", "")
AT = datetime(2024, 1, 15, 12, tzinfo=UTC)
DAY = date(2023, 12, 31)

needs_real = pytest.mark.skipif(not REAL, reason="ANJU_SURVEY_FILES names no folder with the survey's two files")


def test_the_policy_has_no_fault_and_its_cases_hold() -> None:
    policy = load_policy(EXAMPLE / "policy")
    results = run_cases(policy, EXAMPLE / "policy")
    assert {result.standard for result in results} == set(policy.standards)
    assert [f"{r.file}: {r.name}: {r.wrong}" for r in results if r.wrong] == []


def test_every_standard_speaks_both_languages() -> None:
    for standard in load_policy(EXAMPLE / "policy").standards.values():
        for text in (standard.title, standard.sentence, *(breach.title for v in standard.versions for breach in v.breaches)):
            assert text.en.isascii() and not text.zh.isascii(), standard.code


@pytest.mark.django_db
@pytest.mark.parametrize("folder", [SMALL, pytest.param(Path(REAL), marks=needs_real)], ids=["small", "real"])
def test_from_raw_files_to_the_answers_reckoned_by_another(folder: Path, own_data_folder: Path) -> None:
    files = survey_files(folder)
    policy = load_policy(EXAMPLE / "policy")
    data = own_data_folder
    report = import_survey(files, EXAMPLE / "mapping.yaml", policy=policy, root=data / "lake", vault=FileVault(), by="clerk", at=AT)
    lines = [len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in files]
    assert [taken.rows for taken in report.taken] == [lines[0], lines[1], lines[0], lines[0] * 12, lines[1]]
    assert all(taken.adds_up for taken in report.taken)
    assert (Household.objects.count(), Person.objects.count()) == tuple(lines)
    judged = judge(policy, data, DAY, AT, own=SILENT, by="clerk")
    found = {code: {word: counts.get(word, 0) for word in ("met", "breached", "unknown", "not_applicable")}
             for code, counts in judged.run.counts.items()}  # fmt: skip
    assert found == reckon(*files)
    gaps = missing(*files)
    for code, question in (("WS-01", "water"), ("WS-02", "toilet"), ("EN-01", "electricity"), ("EN-02", "cook_fuel"), ("HO-02", "rooms")):
        assert found[code]["unknown"] == gaps[question]
    assert Finding.objects.count() == sum(counts["breached"] for counts in found.values())


@needs_real
def test_the_real_survey_has_the_rows_that_its_owners_count() -> None:
    homes, persons = survey_files(Path(REAL))
    assert [len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in (homes, persons)] == [5_787, 22_867]
