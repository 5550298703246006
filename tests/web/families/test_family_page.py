"""The page of a family in trouble, for every kind of post: what each reads, and what nobody may read who need not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from alerts_fixtures import places, rules
from anju.apps.alerts.models import Episode, EpisodeEvent, Mute
from anju.apps.journal.actions import bring_in, look
from anju.apps.journal.models import Line
from anju.apps.people.models import Household, Person
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from anju.lake.dossier import Dossier
from family_fixtures import AT, DAY, QUARTERS, as_, family, hold, judge_family, page

__all__ = ["family", "places", "rules"]

HEALTH = ("68,500", "Costs that threaten", "Health status", "severe", "hospital paper 1", "Inpatient costs the family paid")
INSURED = [{"year": 2023, "insured": True, "insured_type": "resident", "insured_area_code": "U1"}]
CLEAN = [{"month": "2023-08", "samples": 4, "samples_failed": 0, "outage_hours_max": 0, "outage_hours_total": 0}]
SEES_HEALTH, SEES_NO_HEALTH = ("secretary", "inspector", "origin"), ("worker", "cadre")


def test_it_tells_what_is_missing_because_of_what_and_what_would_clear_it(family: Household) -> None:
    told = page("secretary")
    assert "Income below the line" in told and "5,000.00 yuan" in told
    assert "MW-02 · Example catalogue, not official text" in told
    assert "Rural Revitalization Bureau" in told and "taken on by 罗春燕" in told
    assert '<span class="no">✗' in told and '<span class="yes">✓' in told
    assert not re.search(r"[A-Z]{2}-\d\d", "".join(words for _, words in conditions(told)))  # other standards go by their titles
    assert 'href="/work/alerts/2/"' in told


def test_a_light_leads_to_the_standard_behind_it(family: Household) -> None:
    for name in (*SEES_HEALTH, *SEES_NO_HEALTH):
        told = page(name)
        assert 'class="light breached" href="#s-MH-02"' in told and 'id="s-MH-02"' in told


@pytest.mark.parametrize("name", SEES_HEALTH)
def test_health_is_told_to_who_may_see_it(family: Household, name: str) -> None:
    told = page(name)
    assert [fact for fact in HEALTH if fact not in told] == []


@pytest.mark.parametrize("name", [*SEES_NO_HEALTH, "teacher"])
def test_others_see_the_light_and_not_the_value(family: Household, name: str) -> None:
    told, timeline = page(name), page(name, address="/households/1/?all=1")
    assert [fact for fact in HEALTH if fact in told + timeline] == []
    assert "The facts are for posts that need to know them." in told
    for address in ("/households/?q=H0001", "/households/?q=wxy", "/work/?queue=taken"):
        assert [fact for fact in HEALTH if fact in page(name, address=address)] == []


@pytest.mark.parametrize("name", SEES_NO_HEALTH)
def test_a_condition_that_tells_of_health_keeps_its_answer(family: Household, name: str) -> None:
    """Income clears only where no illness threatens the family: whether one does is read from neither that line nor the one around it."""
    told = page(name)
    asked = conditions(told[told.index('id="s-MW-02"') : told.index('id="s-MH-01"')])
    level = next(words for mark, words in asked if words.startswith("Large inpatient costs"))
    assert "not shown to this post" in level
    assert all(mark == "–" for mark, words in asked if words.startswith("all of"))
    assert "not shown to this post" not in "".join(words for _, words in conditions(page("secretary")))


@pytest.mark.parametrize("name", SEES_NO_HEALTH)
def test_the_alerts_page_keeps_the_facts_too(family: Household, name: str) -> None:
    told = page(name, address="/work/alerts/1/")
    assert [fact for fact in HEALTH if fact in told and not fact.startswith("hospital")] == []
    assert "Costs that threaten" in page("secretary", address="/work/alerts/1/")


def test_a_department_reads_its_own_and_no_other(family: Household) -> None:
    doctor, teacher = page("doctor"), page("teacher")
    assert "68,500" in doctor and "5,000.00 yuan" not in doctor and "Resident status" not in doctor
    assert 'href="/work/alerts/1/"' in doctor and "/work/alerts/2/" not in doctor
    assert "/work/alerts/" not in teacher and "5,000.00" not in teacher and "85 m²" not in teacher
    assert "Moved in with 1 person" in teacher


def test_what_happened_is_dated_and_says_since_when_it_is_known(family: Household) -> None:
    told = page("secretary")
    lines = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", line))
        for line in re.findall(r"<li[^>]*><time datetime=\"\d{4}-\d\d-\d\d\">.*?</li>", told, re.DOTALL)
    ]
    days = [line.split()[0] for line in lines]
    assert days == sorted(days, reverse=True) and days[-1] == "2018-06-01"
    assert "known since 2021-09-01" in lines[-1] and "Moved in with 1 person" in lines[-1]
    assert any("Taken on by 罗春燕 · hospital paper 2" in line for line in lines)
    assert any("Resident status: out working → living here" in line for line in lines)
    assert not any("Sent out" in line for line in lines)


def test_the_page_speaks_chinese(family: Household) -> None:
    told = page("secretary", "zh")
    for words in (
        "入住新居，共 1 人",
        "人均收入低于监测线",
        "责任部门",
        "居住状态：外出务工 → 在家",
        "旧房，已拆除",
        "由 罗春燕 认领",
        "搬迁前后",
    ):
        assert words in told
    assert "人均年纯收入" in told and "首次报送，2022-12-31" in told


def test_before_and_after_tell_only_what_is_known_of_both(family: Household) -> None:
    told = page("secretary")
    assert "Old house, since taken down" in told and "85 m²" in told
    assert "8,000.00 yuan" in told and "first report, 2022-12-31" in told
    Household.objects.update(origin_place=None)
    bare = page("secretary")
    assert ">Place<" in told and ">Place<" not in bare


def test_why_it_was_put_off_is_told_while_it_is(family: Household) -> None:
    mute = Mute.objects.create(
        owner="岑志远", reason="in hospital until October", made_at=AT, until=date(2023, 10, 10), path="/1/2/3/", household_id=1
    )
    Episode.objects.filter(pk=2).update(mute=mute)
    EpisodeEvent.objects.create(episode_id=2, what="muted", day=DAY, at=timezone.now())
    assert "until 2023-10-10, by 岑志远: in hospital until October" in page("secretary")


def test_a_baseline_that_waits_has_not_happened(family: Household) -> None:
    hold(2)
    told = page("secretary")
    assert "hospital paper 2" not in told and "hospital paper 1" in told


def test_an_alert_that_rose_does_not_tell_its_level_before(family: Household) -> None:
    EpisodeEvent.objects.create(episode_id=2, what="rose", day=DAY, at=timezone.now())
    told = page("secretary")
    assert re.search(r"Red</span> <a href=\"/work/alerts/2/\">Became graver</a> · Income below the line", told)
    assert not re.search(r"Red</span> <a href=\"/work/alerts/2/\">Found</a>", told)


def test_who_lifted_a_mask_is_told_to_who_may_know(family: Household) -> None:
    look(act="person.reveal", about="person:1", by=Viewer("罗春燕"), at=timezone.now(), detail={"reason": "visit", "words": ""})
    assert "罗春燕 saw the full number: Home visit" in page("secretary")
    assert "saw the full number" not in page("worker")


def test_the_neighbour_and_the_stranger_cannot_tell_that_it_exists(family: Household) -> None:
    for there, nowhere in (
        ("/households/1/", "/households/999/"),
        ("/households/1/?all=1", "/households/999/?all=1"),
        ("/work/alerts/1/", "/work/alerts/999/"),
    ):
        one, other = as_("neighbour").get(there), as_("neighbour").get(nowhere)
        assert (one.status_code, other.status_code) == (404, 404)
        assert plain(one.content.decode(), there) == plain(other.content.decode(), nowhere)
        asked = Client(HTTP_HOST="127.0.0.1").get(there)
        assert (asked.status_code, asked["Location"].split("?")[0]) == (302, "/sign-in/")
    bring_in()
    assert not Line.objects.filter(act__in=("household.see", "alert.see")).exists()


def test_every_look_stands_in_the_journal_once(family: Household) -> None:
    page("secretary")
    page("worker", address="/households/1/?all=1")
    bring_in()
    assert sorted(Line.objects.filter(act="household.see").values_list("by", "about")) == [
        ("secretary", "household:1"),
        ("worker", "household:1"),
    ]


@pytest.mark.parametrize(("name", "n"), [
    ("worker", 13),  # session, account, post, household, run, members, alerts' events, cases, events, versions (2), numbers, unread
    ("secretary", 20),  # and whether it is monitored, the looks of this minute brought in (3), looks, reveals
])  # fmt: skip
def test_how_many_statements_the_page_takes(family: Household, name: str, n: int, django_assert_num_queries: Any) -> None:
    client = as_(name)
    client.get("/households/1/")
    with django_assert_num_queries(n):
        client.get("/households/1/")


def test_a_family_with_everything_in_place_is_not_judged_again(
    rules: Policy, family: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATA", tmp_path / "well")
    well = [{**quarter, "per_capita_net": 20000, "wage_income": 90000} for quarter in QUARTERS]
    judge_family(rules, tmp_path / "well", {"person": {"birth_date": date(1980, 1, 1)}, "F26": well, "F13": INSURED, "F07": CLEAN})
    monkeypatch.setattr(Dossier, "judge", lambda *_: pytest.fail("nothing is to be explained"))
    assert "Nothing that was promised is missing." in page("secretary")


def test_one_named_twice_is_masked_everywhere(family: Household) -> None:
    for name in (*SEES_HEALTH, *SEES_NO_HEALTH):
        assert "韦秀英" not in page(name)
    assert Person.objects.get().name == "韦秀英"


def conditions(told: str) -> list[tuple[str, str]]:
    """Mark and words of every condition on the page."""
    found = re.findall(r'<li class="d\d">(.*?)</li>', told, re.DOTALL)
    texts = [re.sub(r"\s+", " ", re.sub(r'<span class="hidden">.*?</span>|<[^>]+>', " ", one)).strip() for one in found]
    return [(text[0], text[1:].strip()) for text in texts]


def plain(told: str, address: str) -> str:
    """Without the address itself, which stands in the form that changes the language, and without its token."""
    return re.sub(r'(value|X-CSRFToken)[":= ]+[A-Za-z0-9]{64}', "", told).replace(address, "").replace(address.replace("/", "%2F"), "")


def test_what_is_said_of_several_members_alike_is_said_once(
    rules: Policy, family: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATA", tmp_path / "three")
    insured = [{**INSURED[0], "person": n} for n in (1, 2, 3)]
    judge_family(rules, tmp_path / "three", {"persons": [{}, {}], "F26": QUARTERS, "F07": CLEAN, "F13": insured})
    told = page("secretary")
    assert told.count("Everybody in your family is medically insured this year.") == 1
    assert '<span class="soft">3 members</span>' in told
