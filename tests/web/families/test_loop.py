"""The loop on a family's page: what is open, in whose hands and what comes next; what happened, each thing once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from alerts_fixtures import places, rules
from anju.apps.cases.models import Case, CaseEvent, Decision, FamilyLead
from anju.apps.cases.steps.assigning import assign
from anju.apps.cases.steps.judging import judge
from anju.apps.cases.steps.opening import follow_alerts, open_told
from anju.apps.cases.steps.verifying import verify
from anju.apps.findings.models import Finding
from anju.apps.people.models import Household
from anju.apps.staff.models import Account
from anju.apps.staff.queries import viewer_of
from anju.core.terms.viewer import Viewer
from family_fixtures import AT, DAY, as_, family, page

__all__ = ["family", "places", "rules"]
NOW = AT.replace(year=2023, month=9, day=26)


def as_viewer(name: str) -> Viewer:
    return viewer_of(Account.objects.get(username=name), DAY)


@pytest.fixture
def cases(family: Household) -> dict[str, Case]:
    """What the two alerts of the family opened: MW-02 is with the grid worker, MH-02, a matter of health, with nobody."""
    follow_alerts(at=NOW)
    found = {case.standard: case for case in Case.objects.all()}
    worker = Account.objects.get(username="worker")
    Account.objects.filter(pk=worker.pk).update(display_name="罗春燕")
    assign(numbers=[found["MW-02"].pk], to=worker.pk, by=as_viewer("secretary"), at=NOW)
    FamilyLead.objects.create(household_id=1, path="/1/2/3/", account=worker.pk, name="worker", since=DAY, named_by="test")
    return found


def section(told: str) -> str:
    return told.split('<section class="card loop">')[1].split("</section>")[0]


def test_it_works(cases: dict[str, Case]) -> None:
    told = page("secretary")
    card = section(told)
    assert "Answers for this family: 罗春燕" in card and card.count('<ol class="steps">') == 2
    assert "Income below the line" in card and "Verify it on the spot" in card and "Put it into somebody" in card
    assert f'href="/cases/{cases["MW-02"].pk}/"' in card
    assert "Put into hands: 罗春燕" in told and f'href="/cases/{cases["MW-02"].pk}/"' in told.split("What happened")[1]


def test_one_event_is_told_once(cases: dict[str, Case]) -> None:
    """That somebody took it on is told of the alert of health, which nobody has in hand, and of the other by its case."""
    happened = page("secretary", address="/households/1/?all=1").split("What happened")[1]
    assert happened.count("Taken on by 罗春燕") == 1 and happened.count("Put into hands: 罗春燕") == 1


def test_a_light_says_that_it_is_being_put_right_once_all_behind_it_is_in_hand(cases: dict[str, Case]) -> None:
    light = r'class="light breached" href="#s-MH-02">.*?<small>(.*?)</small>'
    assert re.findall(light, page("secretary"), re.DOTALL) == ["Not in place"]
    other = open_told(
        household_id=1, place_id=None, path="/1/2/3/", origin_path=None, standard="MH-01", owner="medical_security", level="yellow",
        channel="visit", receipt="", words="not insured", by=as_viewer("secretary"), at=NOW,
    )  # fmt: skip
    for case, said in ((cases["MH-02"], "Not in place"), (other, "Being put right")):
        assign(numbers=[case.pk], to=Account.objects.get(username="worker").pk, by=as_viewer("secretary"), at=NOW)
        assert re.findall(light, page("secretary"), re.DOTALL) == [said]


def test_what_is_over_is_folded(cases: dict[str, Case]) -> None:
    Case.objects.filter(pk=cases["MW-02"].pk).update(state="closed", waits_on="closed", closed_on=DAY)
    card = section(page("secretary"))
    assert "1 case is over" in card and f"closed {DAY}" in card and card.count('<ol class="steps">') == 1


def test_verified_and_judged_are_told(cases: dict[str, Case]) -> None:
    verify(number=cases["MW-02"].pk, found="confirmed", mode="door", words="nothing to eat", by=as_viewer("worker"), at=NOW)
    judge(numbers=[cases["MW-02"].pk], outcome="handle", reason="needs help", by=as_viewer("inspector"), at=NOW + timedelta(hours=1))
    told = page("secretary")
    assert "Verified: confirmed" in told and "Judged: To be handled" in told and "Take measures, then feed back" in section(told)
    assert "nothing to eat" not in told  # what was written stands on the page of the case


def test_a_relapse_is_told_by_its_alert(cases: dict[str, Case]) -> None:
    for why, n in (("relapse", 0), ("look_back", 1)):
        CaseEvent.objects.create(case=cases["MW-02"], what="reopen", day=DAY, at=NOW, detail={"why": why})
        assert page("secretary", address="/households/1/?all=1").count("Reopened: ") == n


@pytest.mark.parametrize("name", ["worker", "cadre", "teacher"])
def test_of_health_others_read_no_more_than_the_light(cases: dict[str, Case], name: str) -> None:
    told = page(name)
    assert "Costs that threaten" not in told
    if name == "teacher":
        assert "card loop" not in told


def test_in_chinese(cases: dict[str, Case]) -> None:
    card = section(page("secretary", "zh"))
    assert "包保干部：罗春燕" in card and "还差" in card


def test_a_family_with_cases_takes_three_statements_more(cases: dict[str, Case], django_assert_num_queries: Any) -> None:
    client = as_("worker")
    client.get("/households/1/")
    with django_assert_num_queries(16):  # who has them in hand, who answers for the family, and what happened
        client.get("/households/1/")


def _columns(case: Case) -> dict[str, Any]:
    found = Case.objects.filter(pk=case.pk).values().get()
    return {name: value for name, value in found.items() if name != "id"}


def test_what_is_not_in_place_though_its_case_is_over_says_why_both_are_true(cases: dict[str, Case]) -> None:
    """MH-02 counts the bills of the year: they stay in the figures when the matter is settled by a decision."""
    case = cases["MH-02"]
    Case.objects.filter(pk=case.pk).update(state="closed", waits_on="closed", closed_on=DAY)
    Decision.objects.create(case=case, code="assistance_paid", on=DAY, reason="paid", by="test", at=NOW)
    told = page("secretary")
    line = re.findall(r'<p class="b settled">(.*?)</p>', told, re.DOTALL)
    assert len(line) == 1 and f"Its case was closed on {DAY}." in line[0] and f"On record, {DAY}: assistance was paid." in line[0]
    assert f"stays in the figures until {DAY.year}-12-31" in line[0] and f'href="/cases/{case.pk}/"' in line[0]
    light = r'class="light breached" href="#s-MH-02">.*?<small>(.*?)</small>'
    assert re.findall(light, told, re.DOTALL) == ["Not in place"]  # MH-01 is behind it too, and was never anybody's
    for finding in Finding.objects.filter(standard="MH-01"):
        Case.objects.create(**{**_columns(case), "standard": "MH-01", "subject_id": finding.subject_id, "state": "closed", "closed_on": DAY})
    assert re.findall(light, page("secretary"), re.DOTALL) == ["Not in place; its case is over"]
    assert "settled" not in page("worker").split("Members")[0].split("MH-02")[0]  # health: for few to know


def test_a_case_that_ended_otherwise_says_how_and_the_light_follows_the_data(cases: dict[str, Case]) -> None:
    Case.objects.filter(pk=cases["MW-02"].pk).update(state="ended", waits_on="ended", end="routine", closed_on=DAY)
    line = re.findall(r'<p class="b settled">(.*?)</p>', page("secretary"), re.DOTALL)
    assert len(line) == 1 and f"Its case ended on {DAY} (Routine help is enough)." in line[0] and "changes when they do" in line[0]
