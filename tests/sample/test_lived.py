"""The lived months of the sample: every step by the real actions, interrupted once and gone on with; and the five stories to their ends."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.core.management import call_command

from anju.apps.alerts.models import Episode, Followed
from anju.apps.attachments.queries import counts_of
from anju.apps.cases.gate import checklist_of
from anju.apps.cases.models import Answer, Approval, Asked, Case, CaseEvent, CaseVisit, Decision, FamilyLead, LookBack, Measure
from anju.apps.cases.ranks import handlers_of
from anju.apps.cases.rules import as_of, closing_of
from anju.apps.cases.standing import OVER_MOVES
from anju.apps.cases.steps.closing import NotYet, close
from anju.apps.discovery.models import Report
from anju.apps.findings.models import Run
from anju.apps.journal.models import Line
from anju.apps.monitoring.models import Listing, Notice, Step
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.models import Account
from anju.apps.staff.queries import viewer_of
from anju.apps.visits.models import Visit
from anju.cli.demo import demo
from anju.sample import casework, lived
from anju.sample.families import COUSIN, GIRL, ILLNESS, THRIVING
from anju.sample.timeline import SAMPLE_DAY

pytestmark = pytest.mark.long
SIZE = ["--people", "5000", "--months", "13"]
KILLED_ON = date(2023, 7, 14)


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


@dataclass
class Lived:
    """The data folder, and what nobody in the sample could do."""

    data: Path
    told: list[str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Iterator[Lived]:
    """5,000 people with thirteen months behind them, killed in the middle of a day of July and gone on with."""
    kept, settings.DATA = settings.DATA, tmp_path_factory.mktemp("lived") / "data"
    found = Lived(settings.DATA, [])

    def noting(*given: Any, **named: Any) -> list[str]:
        said = casework.live(*given, **named)
        found.told.extend(said)
        return said

    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr(lived, "live", noting)
        _killed_in_the_middle_of(KILLED_ON)
        assert not Run.objects.filter(day=SAMPLE_DAY).exists()
        assert lived.worked_until() < KILLED_ON
        ran("--json")
        yield found
        call_command("flush", verbosity=0, interactive=False)
    settings.DATA = kept


def _killed_in_the_middle_of(day: date) -> None:
    with pytest.MonkeyPatch.context() as patch:
        step = casework._step

        def dying(living: Any, case: Case) -> None:
            step(living, case)
            if living.day >= day:
                raise Killed

        patch.setattr(casework, "_step", dying)
        with pytest.raises(Killed):
            ran()


def ran(*more: str) -> str:
    result = CliRunner().invoke(demo, [*SIZE, *more], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(autouse=True)
def own_data_folder(sample: Lived, settings: Any) -> Path:
    """This module works on the sample's data folder, not on an empty one of each test."""
    settings.DATA = sample.data
    return sample.data


def water_case(sample: Lived) -> Case:
    (truth,) = (sample.data / "sample").glob("*/truth.json")
    stories = {story["code"]: story for story in json.loads(truth.read_text(encoding="utf-8"))["stories"]}
    site = Place.objects.get(tree="scope", code=stories["bad-water"]["places"][0])
    return Case.objects.get(standard="HS-04", place_id=site.pk)


def of(family: str, standard: str) -> Case:
    return Case.objects.get(standard=standard, household_id=Household.objects.get(household_code=family).pk)


@pytest.mark.django_db
def test_cases_stand_in_every_way_a_case_can_stand() -> None:
    states = Counter(Case.objects.values_list("state", flat=True))
    assert states["closed"] > 30 and states["feedback"] > 30 and states["ended"] > 8
    assert {"alerted", "assigned", "judged", "handling"} <= set(states)
    assert {"false_alarm", "routine"} <= set(Case.objects.filter(state="ended").values_list("end", flat=True))
    assert Case.objects.filter(returned__gt=0).count() > 4
    assert Case.objects.filter(reopened__gt=0).exists()
    assert Case.objects.filter(overdue=True).exists()
    assert Case.objects.filter(waits_on="observe", observed_since__isnull=False).count() > 20
    assert CaseEvent.objects.filter(what="escalated", detail__to="street").exists()


@pytest.mark.django_db
def test_every_closed_case_went_through_the_gate() -> None:
    closed = list(Case.objects.filter(state="closed"))
    for case in closed:
        steps = list(CaseEvent.objects.filter(case=case).order_by("pk").values_list("what", flat=True))
        order = [steps.index(step) for step in ("opened", "assign", "verify", "judge", "plan_measure", "finish_measure", "feed_back", "close")]
        assert order == sorted(order), (case.pk, steps)
        given = list(Approval.objects.filter(case=case, round=case.round).values_list("role", "account"))
        assert sorted(role for role, _ in given) == sorted(closing_of(case.level).approvals)
        assert len({account for _, account in given}) == len(given)
        assert not {account for _, account in given} & handlers_of(case)
        left = [one.code for one in checklist_of(case) if not one.holds]
        assert left == [], (case.pk, case.standard, left)
        assert case.watch_until is not None and LookBack.objects.filter(case=case).exists()
    assert {case.level for case in closed} == {"red", "orange", "yellow"}


@pytest.mark.django_db
def test_every_other_end_was_confirmed_by_a_second_person() -> None:
    for case in Case.objects.filter(state="ended"):
        asked = Asked.objects.get(case=case, kind=Asked.END, granted=True)
        assert asked.decided_account not in ({asked.asked_account} | handlers_of(case))
        assert (case.end_cause != "") == (case.end == "false_alarm")


@pytest.mark.django_db
def test_nothing_was_left_undone(sample: Lived) -> None:
    assert sample.told == []


@pytest.mark.django_db
def test_few_families_have_cases_and_no_worker_has_many() -> None:
    """The smallest sample has two of every trouble at once, whatever its share: with cases as with alerts."""
    stands = Case.objects.exclude(waits_on__in=OVER_MOVES)
    grave = stands.filter(level__in=["red", "orange"], over_since=None).exclude(household_id=None)
    alerts = Episode.objects.filter(state="open", level__in=["red", "orange"]).exclude(household_id=None)
    having = grave.values("household_id").distinct().count()
    assert 0 < having <= alerts.values("household_id").distinct().count()
    to_do = grave.exclude(waits_on="observe").values("household_id").distinct().count()
    assert to_do <= 0.03 * Household.objects.count()
    workers = Account.objects.filter(posts__role="grid_worker").values_list("pk", flat=True)
    held = Counter(stands.filter(assignee__in=list(workers)).values_list("assignee", flat=True))
    assert held and max(held.values()) <= 10


@pytest.mark.django_db
def test_families_are_listed_and_called_on_and_neighbours_are_heard() -> None:
    listings = Counter(Listing.objects.values_list("state", flat=True))
    assert 4 <= sum(listings.values()) <= 20 and listings["listed"] > 2, listings
    for step in ("verify", "compare", "review", "notice", "township", "approve"):
        assert Step.objects.filter(what=step).exists()
    visits = Counter(Visit.objects.filter(state="made").values_list("purpose", flat=True))
    assert {"verify", "measure", "routine"} <= set(visits) and visits["routine"] < 100
    reports = Report.objects.filter(client_key__startswith="sample:told:")
    assert reports.count() > 5 and len(set(reports.values_list("channel", flat=True))) > 2
    for report in reports.filter(state="taken_up"):
        case = Case.objects.get(pk=report.taken_up_as.removeprefix("case:"))
        assert (case.source, case.receipt) == (report.channel, report.receipt)


@pytest.mark.django_db
def test_building_twice_changes_nothing() -> None:
    def stands() -> list[int]:
        return [kind.objects.count() for kind in (Case, CaseEvent, CaseVisit, Approval, Answer, Measure, Run, Followed, Account, Line)]

    before, versions = stands(), list(Case.objects.order_by("pk").values_list("pk", "version", "state"))
    ran()
    assert stands() == before
    assert list(Case.objects.order_by("pk").values_list("pk", "version", "state")) == versions


@pytest.mark.django_db
def test_no_day_was_lived_twice() -> None:
    events = CaseEvent.objects.filter(day__gte=date(2023, 7, 1), day__lte=date(2023, 7, 31))
    once = events.filter(what__in=["assign", "verify", "judge", "close"]).values_list("case_id", "what", "case__reopened")
    assert {n for (_, what, again), n in Counter(once).items() if not again and what != "close"} == {1}
    assert events.filter(day=KILLED_ON).exclude(account=None).exists()


@pytest.mark.django_db
def test_the_girls_case_is_watched_over_and_cannot_be_closed_yet(sample: Lived) -> None:
    case = of(GIRL.code, "ED-01")
    assert (case.state, case.waits_on, case.overdue, case.opened_on) == ("feedback", "observe", False, date(2023, 9, 15))
    steps = list(CaseEvent.objects.filter(case=case).exclude(account=None).order_by("pk").values_list("what", "day", "who"))
    assert [(what, day.day) for what, day, _ in steps] == [
        ("assign", 16), ("verify", 16), ("judge", 18), ("plan_measure", 18), ("finish_measure", 21), ("feed_back", 21), ("sign", 22),
        ("answered", 22),
    ]  # fmt: skip
    assert {who for *_, who in steps} == {"sample-secretary", "sample-grid", "sample-education", "sample-street"}
    assert FamilyLead.objects.get(household_id=case.household_id).name.startswith("王德明")
    missing = {one.code: one.standing for one in checklist_of(case) if not one.holds}
    assert missing == {"condition": "waiting", "approval:county_department": "missing", "approval:county_bureau": "missing"}
    by = viewer_of(Account.objects.get(username="sample-education"), SAMPLE_DAY)
    with as_of(SAMPLE_DAY), pytest.raises(NotYet) as refused:
        close(number=case.pk, by=by, at=datetime(2023, 9, 26, 10, tzinfo=UTC), data=sample.data)
    assert [one.code for one in refused.value.missing] == ["condition"]


@pytest.mark.django_db
def test_her_cousins_was_a_false_alarm_of_the_delivery_confirmed_by_a_second_person() -> None:
    case = of(COUSIN.code, "ED-01")
    assert (case.state, case.end, case.end_cause) == ("ended", "false_alarm", "feed")
    asked = Asked.objects.get(case=case, kind=Asked.END)
    assert "承继" in asked.reason and "数据管理员" in asked.reason
    assert asked.decided_account not in (None, asked.asked_account)


@pytest.mark.django_db
def test_three_troubles_of_one_family_have_one_lead() -> None:
    family = Household.objects.get(household_code=ILLNESS.code)
    assert FamilyLead.objects.filter(household_id=family.pk).count() == 1
    cases = {case.standard: case for case in Case.objects.filter(household_id=family.pk)}
    assert set(cases) == {"MH-02", "MW-02", "EM-01"}
    assert len({case.assignee for case in cases.values()}) == 1
    assert Decision.objects.get(case=cases["MH-02"]).code == "assistance_paid"
    listing = Listing.objects.get(household=family)
    assert (listing.state, listing.source, listing.measures_on is not None) == ("listed", f"case:{cases['MH-02'].pk}", True)
    assert listing.identified_on is not None and listing.identified_on <= listing.clue_on + timedelta(days=15)
    notice = Notice.objects.get(listing=listing)
    assert notice.taken_down_on is not None and not notice.text_zh and notice.digest


@pytest.mark.django_db
def test_bad_water_is_one_case_and_its_families_have_none(sample: Lived) -> None:
    case = water_case(sample)
    assert (case.household_id, case.waits_on, case.level) == (None, "observe", "red")
    path = case.path
    assert not Case.objects.filter(standard="HS-04", path__startswith=path).exclude(household_id=None).exists()
    grey = Episode.objects.filter(standard="HS-04", state="open", path__startswith=path).exclude(subject_id=case.subject_id)
    assert not grey.exists(), "next door nothing is known: no alert, no case"


@pytest.mark.django_db
def test_the_workshop_is_one_case_for_all_its_workers() -> None:
    case = Case.objects.get(standard="EM-05", subject_key="W900")
    assert case.waits_on in ("observe", "close:county_department")
    assert "38" in Measure.objects.get(case=case).text
    assert Decision.objects.get(case=case).code == "workers_placed"


@pytest.mark.django_db
def test_a_family_that_thrives_has_no_case() -> None:
    assert not Case.objects.filter(household_id=Household.objects.get(household_code=THRIVING.code).pk).exists()


@pytest.mark.django_db
def test_the_stories_go_on_to_their_ends(sample: Lived) -> None:
    """Last in this module: afterwards the sample stands in December."""
    for days in (19, 21):  # the figures of September; four weeks at school
        ran("--advance", str(days))
    water = water_case(sample)
    assert water.state == "closed" and sorted(water.approvals.values_list("role", flat=True)) == ["county_bureau", "county_department"]
    assert not Case.objects.filter(standard="HS-04", path__startswith=water.path).exclude(household_id=None).exists()
    assert Case.objects.get(standard="EM-05", subject_key="W900").state == "closed"
    ran("--advance", "28")
    girl = of(GIRL.code, "ED-01")
    assert girl.state == "closed" and girl.closed_on is not None and girl.closed_on > date(2023, 10, 29), "four weeks in school first"
    assert list(girl.approvals.order_by("pk").values_list("name", flat=True)) == ["sample-education", "sample-county"]
    ran("--advance", "17")
    assert LookBack.objects.get(case=girl, due_on=girl.closed_on + timedelta(days=30)).holds
    again = of(GIRL.code, "ED-01")
    assert (again.pk, again.reopened, again.state) == (girl.pk, 1, "reopened"), "the same number, with all that happened before"
    event = CaseEvent.objects.filter(case=again, what="reopen").get()
    assert event.detail["why"] == "relapse" and again.alerts.count() == 2
    assert of(ILLNESS.code, "MH-02").state == "closed"
    assert counts_of([f"measure:{one.pk}" for one in Measure.objects.filter(case=again)])
