"""A survey into the register and feeds: all of it or nothing, every row accounted for, the same twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anju.apps.feeds.models import Delivery, RejectedRow
from anju.apps.feeds.survey import SurveyReport, import_survey
from anju.apps.people.models import Household, Membership, Person
from anju.apps.people.vault import FileVault
from anju.apps.places.models import Place
from anju.core.contracts.faults import PolicyFaults
from anju.core.standards.model import Policy
from anju.core.standards.read import load_policy
from anju.lake.files import FileRefused

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "household-survey"
SMALL = ROOT / "tests" / "examples" / "small"
AT = datetime(2024, 1, 15, 12, tzinfo=UTC)
Import = Callable[..., SurveyReport]

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy() -> Policy:
    return load_policy(EXAMPLE / "policy")


@pytest.fixture
def survey(tmp_path: Path, policy: Policy) -> Import:
    """Imports the small survey, its files changed by `change` (old text -> new text)."""

    def run(change: dict[str, str] | None = None, *, dry_run: bool = False, at: datetime = AT) -> SurveyReport:
        files = []
        for path in sorted(SMALL.glob("*.csv")):
            text = path.read_text(encoding="utf-8")
            for old, new in (change or {}).items():
                text = text.replace(old, new)
            files.append(tmp_path / path.name)
            files[-1].write_text(text, encoding="utf-8")
        return import_survey(
            files, EXAMPLE / "mapping.yaml", policy=policy, root=tmp_path / "lake", vault=FileVault(), by="clerk", at=at, dry_run=dry_run
        )

    return run


def counts(report: SurveyReport) -> dict[str, tuple[int, ...]]:
    assert all(t.adds_up for t in report.taken)
    return {t.target: (t.rows, t.accepted, t.set_aside, t.duplicates, t.skipped) for t in report.taken}


def test_it_works(survey: Import) -> None:
    report = survey()
    assert counts(report) == {
        "R01": (4, 4, 0, 0, 0),
        "R02": (7, 7, 0, 0, 0),
        "S01": (4, 4, 0, 0, 0),
        "S02": (48, 48, 0, 0, 0),
        "S03": (7, 7, 0, 0, 0),
    }
    assert report.refused == ()
    assert [(row["file"], row["line"], row["column"], row["reason"]) for row in report.doubtful] == [
        ("small_household.csv", 4, "hid", "household_code: no head is recorded")
    ]
    assert Place.objects.filter(level="area").count() == 3
    assert Place.objects.get(level="province", code="P1").is_unit
    assert Place.objects.get(level="country").name == "某国住户调查"
    assert Household.objects.get(household_code="aaa").place.code == "A16001"
    assert Membership.objects.filter(household__household_code="ccc").count() == 3


def test_what_is_taken_in_speaks_of_the_mappings_day(survey: Import) -> None:
    survey()
    assert set(Household.objects.values_list("valid_from", flat=True)) == {date(2023, 12, 31)}
    assert set(Membership.objects.values_list("start", flat=True)) <= {date(2023, 12, 31)}
    assert set(Delivery.objects.values_list("valid", "received_at")) == {(date(2023, 12, 31), AT)}
    assert Delivery.objects.get(feed="S01").file_name == "small_household.csv~S01.parquet"


def test_what_is_missing_stays_missing(survey: Import) -> None:
    survey()
    blank = Person.objects.filter(memberships__household__household_code="ccc").order_by("pk").first()
    assert blank is not None
    assert (blank.birth_date, blank.relation_to_head, blank.sex, blank.birth_date_approximate) == (None, None, "male", True)
    baby = Person.objects.get(birth_date=date(2023, 4, 15))  # eight months and a half before the year's last day
    assert baby.sex is None and baby.birth_date_approximate


def test_the_same_files_twice_change_nothing(survey: Import) -> None:
    survey()
    report = survey()
    assert report.places is not None and (report.places.new, report.places.changed) == (0, 0)
    assert [(t.new, t.changed) for t in report.taken[:2]] == [(0, 0), (0, 0)]
    assert all(t.same_as_before for t in report.taken[2:])
    assert Delivery.objects.count() == 3


def test_a_dry_run_tells_the_same_and_changes_nothing(survey: Import, tmp_path: Path) -> None:
    change = {"ddd;2;25": "ddd;2;", "bbb;1;1;2;71": "bbb;1;1;3;71"}
    dry = survey(change, dry_run=True)
    assert (Household.objects.count(), Person.objects.count(), Place.objects.count(), Delivery.objects.count()) == (0, 0, 0, 0)
    assert not (tmp_path / "lake").exists()
    real = survey(change)
    assert counts(dry) == counts(real) and dry.refused == real.refused and dry.doubtful == real.doubtful
    assert [t.receipt for t in dry.taken] == [None] * 5


def test_a_change_is_told_as_one(survey: Import) -> None:
    survey()
    report = survey({"aaa;1;1;1;34": "aaa;1;1;2;34", "eee": "eee"}, at=datetime(2024, 2, 1, tzinfo=UTC))
    assert (report.taken[1].new, report.taken[1].changed, report.taken[1].unchanged) == (0, 1, 6)


def test_a_bad_cell_is_set_aside_with_file_line_column_and_reason(survey: Import) -> None:
    report = survey({"bbb;1;1;2;71": "bbb;1;1;3;71"})
    assert counts(report)["R02"] == (7, 6, 1, 0, 0)
    assert report.refused[0] == {
        "file": "small_individual.csv", "line": 4, "column": "sex", "reason": "3 is not in the mapping, which knows 1, 2",
    }  # fmt: skip
    # their answers are of nobody in the register: set aside too, and kept for when they are
    assert [(row["line"], row["column"]) for row in report.refused[1:]] == [(4, "S03")]
    assert "nobody in the register has this number" in report.refused[1]["reason"]


def test_a_bad_answer_of_somebody_known_makes_it_unknown_and_not_absent(survey: Import, tmp_path: Path) -> None:
    report = survey({";43;31;0": ";44;31;0"})
    assert counts(report)["S01"] == (4, 3, 1, 0, 0)
    assert report.refused[0]["line"] == 3 and "44 is not in the mapping" in report.refused[0]["reason"]
    row = RejectedRow.objects.get()
    assert row.household_id == Household.objects.get(household_code="bbb").pk
    assert any((tmp_path / "lake" / "refused").iterdir())


def test_the_same_household_twice_is_a_conflict(survey: Import) -> None:
    report = survey({"ddd;2;25": "ccc;2;25", "ddd;1": "ccc;4"})
    assert counts(report)["R01"] == (4, 2, 2, 0, 0)
    assert {row["line"] for row in report.refused if row["column"] == "hid"} >= {4, 5}


def test_identical_rows_are_kept_once(survey: Import) -> None:
    row = "ddd;1;1;1;25;;11;3;30;0\n"
    report = survey({row: row + row})
    assert counts(report)["R02"] == (8, 7, 0, 1, 0)
    assert counts(report)["S03"] == (8, 7, 0, 1, 0)


def test_empty_rows_are_skipped_and_counted(survey: Import) -> None:
    report = survey({"bbb;1;1;2;71;;0;0;0;1\n": "bbb;1;1;2;71;;0;0;0;1\n;;;;;;;;;\n"})
    assert counts(report)["R02"] == (8, 7, 0, 0, 1)


def test_a_size_that_disagrees_is_doubtful_and_taken(survey: Import) -> None:
    report = survey({"aaa;1;16;16001;1;2": "aaa;1;16;16001;1;3"})
    assert counts(report)["R01"] == (4, 4, 0, 0, 0)
    assert report.doubtful[0] == {
        "file": "small_household.csv", "line": 2, "column": "hhsize", "reason": "member_count: says 3, and 2 persons are recorded",
    }  # fmt: skip
    assert report.taken[0].doubtful == 2


def test_a_file_of_which_nothing_can_be_used_takes_everything_back(survey: Import, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="no row of"):
        survey({";0;0;1": ";0;0;7", ";20;0": ";20;7", ";99;0": ";99;7", "11;0": "11;7", "11;\n": "11;7\n", "11;1": "11;7", "30;0": "30;7"})
    assert (Household.objects.count(), Person.objects.count(), Place.objects.count(), Delivery.objects.count()) == (0, 0, 0, 0)


def test_a_missing_column_takes_nothing_in(survey: Import) -> None:
    with pytest.raises(PolicyFaults, match="'small_household.csv' has no column 'water'"):
        survey({";water;": ";wasser;"})
    assert Household.objects.count() == 0


def test_answers_of_a_day_to_come(survey: Import) -> None:
    with pytest.raises(PolicyFaults, match="answers of 2023-12-31 cannot have come on 2023-06-01"):
        survey(at=datetime(2023, 6, 1, tzinfo=UTC))


def test_the_number_of_queries_does_not_grow_with_the_rows(survey: Import) -> None:
    survey(dry_run=True)  # the keys are made the first time
    with CaptureQueriesContext(connection) as few:
        survey(dry_run=True)
    row = "ddd;2;25;25001;2;1;1;1;1;;;;96;;1;;0;0;0;0;0;0;1;;;;;;;;;;;;;5;6\n"
    person = "ddd;1;1;1;25;;11;3;30;0\n"
    with CaptureQueriesContext(connection) as many:
        report = survey({row: "".join(row.replace("ddd", f"d{n}") for n in range(400)),
                         person: "".join(person.replace("ddd", f"d{n}") for n in range(400))}, dry_run=True)  # fmt: skip
    assert report.taken[0].new == 403
    assert len(many) == len(few)
