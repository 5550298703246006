"""Each stage of the pipeline: what it holds back, what it lets pass, and the reason it gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alerts_fixtures import BUREAU, Deployment, away, dropped
from anju.apps.alerts import actions, queries
from anju.apps.alerts.explaining import explain
from anju.apps.alerts.models import AlertCount, Episode, EpisodeEvent, Hold, Mute
from anju.apps.alerts.pipeline import PIPELINE
from anju.apps.alerts.queries import Filters
from anju.apps.alerts.stages.guard import FLOOR, trips
from anju.apps.alerts.stages.inhibit import pairs
from anju.apps.alerts.work import Work
from anju.apps.findings.models import Attainment, Finding, Run

DAY, NEXT = date(2023, 9, 26), date(2023, 9, 27)
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)


def reason(one: Deployment, episode: Episode) -> tuple[str, bool, str]:
    """The last stage that spoke of it."""
    found = queries.alert(BUREAU, episode.pk)
    assert found is not None
    said = explain(one.policy, one.data, found)[-1]
    assert said.reason.en and said.reason.zh
    return said.stage, said.holds, said.reason.en


class Found:
    """Findings written as a run would have left them, for what would take a large world; followed by the real pipeline."""

    def __init__(self, one: Deployment) -> None:
        self.one, self.nth = one, 0

    def day(self, day: date, rows: list[dict[str, Any]], judged: int = 100_000) -> actions.Follow:
        return self.one.follow(self.run(day, rows, judged))

    def run(self, day: date, rows: list[dict[str, Any]], judged: int) -> Run:
        self.nth += 1
        Run.objects.filter(current=True).update(current=False)
        run = Run.objects.create(
            day=day, known_at=AT, policy_digest="p", registry_digest=str(self.nth), manifest_digest="f", folder="runs/none", started_at=AT,
            finished_at=AT, started_by="test", current=True, counts={row["standard"]: {"met": judged, "breached": 0} for row in rows},
        )  # fmt: skip
        Finding.objects.all().delete()
        plain = {"subject": "household", "path": "/1/2/3/", "place_id": 3, "at_least": False, "evidence": "{}", "opened_by_run": run.pk}
        Finding.objects.bulk_create([Finding(**{**plain, "changed_by_run": run.pk, **row}) for row in rows], 5_000)
        return run


def homes(standard: str, breach: str, level: str, keys: range) -> list[dict[str, Any]]:
    return [{"standard": standard, "subject_id": n, "household_id": n, "breach": breach, "level": level} for n in keys]


@pytest.fixture
def found(one: Deployment) -> Found:
    """Every standard has had its baseline, long ago."""
    found = Found(one)
    for code in one.policy.standards:
        Hold.objects.create(kind=Hold.BASELINE, standard=code, owner="x", run_id=0, day=date(2023, 1, 1), released_at=AT)
        for place in (2, 5):
            Hold.objects.create(kind=Hold.BASELINE, standard=code, place_id=place, owner="x", run_id=0, day=date(2023, 1, 1), released_at=AT)
    return found


def test_the_pipeline_reads_as_it_is_described() -> None:
    assert [s.name for s in PIPELINE] == ["gather", "dedupe", "inhibit", "mute", "group", "guard", "route", "repeat"]


# --- inhibit -----------------------------------------------------------------------------------------------------------


def person(standard: str, breach: str, level: str) -> dict[str, Any]:
    return {"standard": standard, "subject": "person", "subject_id": 7, "household_id": 1, "breach": breach, "level": level}


def test_a_milder_alert_is_merged_and_its_finding_stays(one: Deployment, found: Found) -> None:
    found.day(DAY, [person("ED-01", "out", "red"), person("ED-03", "late", "orange")])
    over, under = Episode.objects.get(standard="ED-01"), Episode.objects.get(standard="ED-03")
    assert (under.queue, under.inhibited_by_id, over.queue) == ("merged", over.pk, "todo")
    assert reason(one, under) == ("inhibit", True, f"merged into No. {over.pk} (ED-01, red)")
    assert Finding.objects.filter(standard="ED-03").exists()


def test_red_is_not_merged_into_orange(found: Found) -> None:
    found.day(DAY, [person("ED-01", "absent", "orange"), person("ED-03", "late", "red")])
    assert set(Episode.objects.values_list("queue", flat=True)) == {"todo"}


def test_what_was_merged_stands_again_when_the_graver_one_is_over(one: Deployment, found: Found) -> None:
    found.day(DAY, [person("ED-01", "out", "red"), person("ED-03", "late", "orange")])
    Episode.objects.filter(standard="ED-01").update(state="cleared", closed_on=DAY)
    actions.repeat(one.policy, one.data, at=AT)
    under = Episode.objects.get(standard="ED-03")
    assert (under.queue, under.inhibited_by_id, under.dispatched_on) == ("todo", None, DAY)


def test_rules_that_inhibit_each_other_do_not_hide_both(one: Deployment) -> None:
    """The pair that would close the circle is left out."""
    policy = one.policy
    both = dict(policy.standards)
    for code, other in (("ED-01", "ED-03"), ("ED-03", "ED-01")):
        standard = policy.standards[code]
        both[code] = replace(standard, versions=tuple(replace(v, inhibits=(other,)) for v in standard.versions))
    work = Work(replace(policy, standards=both), one.data, DAY, AT, None, None)
    assert pairs(work) == [("ED-01", "ED-03")]


def test_a_site_item_inhibits_what_it_explains_for_its_families(one: Deployment, found: Found) -> None:
    standard = one.policy.standards["HS-04"]
    changed = replace(standard, versions=tuple(replace(v, inhibits=("HS-03",)) for v in standard.versions))
    one.policy = replace(one.policy, standards={**one.policy.standards, "HS-04": changed})
    site = {"standard": "HS-04", "subject": "community", "subject_id": 3, "breach": "unsafe", "level": "red"}
    there = homes("HS-03", "empty_three", "yellow", range(1, 4))
    elsewhere = [{**row, "path": "/1/2/4/", "place_id": 4} for row in homes("HS-03", "empty_three", "yellow", range(4, 6))]
    found.day(DAY, [site, *there, *elsewhere])
    assert Episode.objects.filter(queue="merged").count() == 3
    assert Episode.objects.filter(queue="todo", standard="HS-03").count() == 2


# --- mute --------------------------------------------------------------------------------------------------------------


def put_off(one: Deployment, **more: Any) -> Mute:
    given = {"by": BUREAU, "at": AT, "reason": "seen yesterday", "until": NEXT, "path": "/1/2/3/"}
    return actions.mute(one.policy, one.data, **{**given, **more})


def test_a_mute_holds_until_its_end_and_counts_what_it_held(one: Deployment, found: Found) -> None:
    rows = homes("HS-03", "empty_three", "yellow", range(1, 4))
    found.day(DAY, rows)
    assert put_off(one, standard="HS-03").hits == 3
    first = Episode.objects.first()
    assert first is not None and first.queue == "muted"
    assert reason(one, first) == ("mute", True, "put off until 2023-09-27 by luo: seen yesterday")
    found.day(NEXT, rows)
    assert (Mute.objects.get().hits, Episode.objects.filter(queue="muted").count()) == (3, 3)
    found.day(NEXT + timedelta(days=1), rows)
    assert Episode.objects.filter(queue="todo").count() == 3


def test_no_mute_over_a_place_holds_red(one: Deployment, found: Found) -> None:
    found.day(DAY, homes("EM-01", "nobody_long", "red", range(1, 3)))
    assert put_off(one).hits == 0
    assert put_off(one, household=1).hits == 1
    assert Episode.objects.get(household_id=1).queue == "muted"


def test_the_clock_of_what_is_put_off_runs_on(one: Deployment, found: Found) -> None:
    rows = homes("EM-01", "nobody_long", "red", range(1, 2))
    found.day(DAY, rows)
    made = put_off(one, household=1, until=date(2023, 10, 10))
    found.day(date(2023, 10, 9), rows)
    actions.unmute(one.policy, one.data, key=made.pk, by=BUREAU, at=AT)
    episode = Episode.objects.get()
    assert (episode.overdue, episode.queue, episode.urgency) == (True, "todo", 0)


# --- group -------------------------------------------------------------------------------------------------------------


def test_one_family_is_one_line_and_each_department_has_its_own(found: Found) -> None:
    found.day(
        DAY, [*homes("EM-01", "nobody", "orange", range(1, 2)), *homes("MW-02", "below", "red", range(1, 2)), person("MH-01", "none", "red")]
    )
    lines = queries.queue(BUREAU, Filters())
    assert [(e.standard, e.lines) for e in lines] == [(lines[0].standard, 3)]
    assert lines[0].level == "red"
    assert len(queries.queue(BUREAU, Filters(level="red"))) == 2  # a level shows each by itself
    clerk = type(BUREAU)(name="cen", scopes=("/1/",), departments=frozenset({"human_resources"}), may=BUREAU.may)
    assert [(e.standard, e.owner_lines) for e in queries.queue(clerk, Filters())] == [("EM-01", 1)]


def test_bad_water_is_one_item_with_its_households(one: Deployment) -> None:
    one.standards = ("HS-04", "HS-03")
    bad = {"F07": [{"month": "2023-08", "samples": 4, "samples_failed": 1, "outage_hours_max": 0, "outage_hours_total": 0}]}
    good = {"F07": [{"month": "2023-08", "samples": 4, "samples_failed": 0, "outage_hours_max": 0, "outage_hours_total": 0}]}
    families = {"households": [{}] * 11}
    one.judge(date(2023, 9, 20), **good, **families)
    one.judge(DAY, **bad, **families)
    episode = Episode.objects.get()
    assert (episode.cluster, episode.households, episode.standard) == ("P3", 12, "HS-04")
    found = queries.alert(BUREAU, episode.pk)
    assert found is not None
    assert [s.reason.en for s in explain(one.policy, one.data, found) if s.stage == "group"] == ["one item of the site, with 12 households"]


# --- guard -------------------------------------------------------------------------------------------------------------


def test_the_first_run_of_a_standard_is_a_baseline_that_a_named_person_releases(one: Deployment) -> None:
    one.judge(DAY, **dropped())
    episode = Episode.objects.get()
    assert (episode.queue, episode.dispatched_on, episode.due_verify) == ("held", None, None)
    stage, holds, why = reason(one, episode)
    assert (stage, holds) == ("guard", True) and "baseline of ED-01" in why
    one.judge(NEXT, **dropped())
    assert one.release() == 1
    episode.refresh_from_db()
    assert (episode.queue, episode.dispatched_on, episode.due_verify) == ("todo", NEXT, NEXT + timedelta(days=1))
    hold = Hold.objects.get(pk=episode.hold_id)
    assert (hold.released_by, hold.comment, hold.alerts) == ("luo", "looked at", 1)
    assert EpisodeEvent.objects.filter(what="released", who="luo").exists()


def test_a_unit_whose_feed_comes_for_the_first_time_has_a_baseline_of_its_own(found: Found) -> None:
    Hold.objects.filter(standard="HS-03", place_id=5).delete()
    there = [{**row, "path": "/1/5/"} for row in homes("HS-03", "empty_three", "yellow", range(4, 6))]

    def judged_in_both_units(run: Run) -> None:
        for place in (2, 5):
            Attainment.objects.create(run=run, standard="HS-03", place_id=place, met=5, breached=2)

    found.day(DAY, homes("EM-01", "nobody", "orange", range(1, 2)))
    run = Run.objects.create(
        day=NEXT, known_at=AT, policy_digest="p", registry_digest="z", manifest_digest="f", folder="runs/none", started_at=AT, finished_at=AT,
        started_by="test", counts={"HS-03": {"met": 10, "breached": 4}, "EM-01": {"met": 1}},
    )  # fmt: skip
    judged_in_both_units(run)
    Run.objects.filter(current=True).update(current=False)
    Run.objects.filter(pk=run.pk).update(current=True)
    run.refresh_from_db()
    Finding.objects.all().delete()
    plain = {"subject": "household", "at_least": False, "evidence": "{}", "opened_by_run": 1, "changed_by_run": 1}
    for row in [*homes("HS-03", "empty_three", "yellow", range(1, 3)), *there]:
        Finding.objects.create(**{"path": "/1/2/3/", **plain, **row})
    actions.follow(found.one.policy, found.one.data, run)
    assert set(Episode.objects.filter(standard="HS-03", path="/1/2/3/").values_list("queue", flat=True)) == {"todo"}
    assert set(Episode.objects.filter(standard="HS-03", path="/1/5/").values_list("queue", flat=True)) == {"held"}


def test_the_guard_holds_a_rule_gone_wild_but_never_red(one: Deployment, found: Found) -> None:
    wild = homes("HS-03", "empty_three", "yellow", range(1, 301)) + homes("HS-03", "moved_back", "red", range(301, 306))
    found.day(DAY, wild, judged=1_000)
    assert Episode.objects.filter(queue="held", level="yellow").count() == 300
    assert Episode.objects.filter(queue="todo", level="red").count() == 5
    hold = Hold.objects.get(kind=Hold.GUARD)
    assert (hold.standard, hold.alerts) == ("HS-03", 300)
    first = Episode.objects.filter(queue="held").first()
    assert first is not None and reason(one, first)[0] == "guard"
    found.day(NEXT, [{**row, "level": "red", "breach": "moved_back"} if row["subject_id"] == 1 else row for row in wild], judged=1_000)
    assert Episode.objects.get(subject_id=1).queue == "todo"  # it rose: no guard holds it


@pytest.mark.parametrize(
    ("opened", "usual", "judged", "held"),
    [(FLOOR - 1, 0, 100, False), (FLOOR, None, 100_000, False), (FLOOR, None, 900, True), (60, 10, 100_000, True), (60, 15, 100_000, False)],
)
def test_what_is_more_than_usual(opened: int, usual: int | None, judged: int, held: bool) -> None:
    assert trips(opened, usual, judged) is held


# --- route, repeat, blue -----------------------------------------------------------------------------------------------


def test_it_is_sent_to_the_community_and_the_owner_with_a_clock_of_working_days(one: Deployment) -> None:
    one.begin()
    one.judge(date(2023, 9, 28), **away(3))
    episode = Episode.objects.get()
    assert (episode.routed_place_id, episode.routed_department) == (3, "education")
    # two working days, over the Mid-Autumn and National Day holidays
    assert episode.due_verify == date(2023, 10, 8)


def test_what_nobody_takes_on_is_called_to_mind(one: Deployment) -> None:
    one.begin()
    one.judge(DAY, **dropped())
    one.judge(NEXT, **dropped())
    assert Episode.objects.get().reminders == 0
    one.judge(date(2023, 9, 28), **dropped())
    episode = Episode.objects.get()
    assert (episode.overdue, episode.reminders, episode.urgency) == (True, 1, 0)
    actions.acknowledge(numbers=[episode.pk], by=BUREAU, at=AT)
    one.judge(date(2023, 9, 29), **dropped())
    episode.refresh_from_db()
    assert (episode.reminders, episode.queue, episode.overdue) == (1, "taken", False)
    assert reason(one, episode) == ("repeat", True, "luo has taken it on")


def test_blue_is_a_reminder_and_sent_to_nobody(one: Deployment, found: Found) -> None:
    found.day(DAY, homes("HS-03", "empty_three", "blue", range(1, 2)))
    episode = Episode.objects.get()
    assert (episode.queue, episode.dispatched_on, episode.due_verify) == ("reminder", None, None)
    assert reason(one, episode) == ("route", True, "blue: a reminder, sent to nobody")


def test_a_late_delivery_is_an_alert_of_the_unit_that_owes_it(found: Found) -> None:
    late = {"standard": "MW-01", "subject": "delivery", "subject_id": 9, "subject_key": "F13|U1|2023-08", "path": "/", "place_id": None,
            "breach": "late", "level": "yellow"}  # fmt: skip
    found.day(DAY, [late])
    episode = Episode.objects.get()
    assert (episode.path, episode.place_id, episode.routed_place_id) == ("/1/2/", 2, 2)


# --- counts ------------------------------------------------------------------------------------------------------------


def test_kept_counts_are_what_counting_would_give(one: Deployment, found: Found) -> None:
    found.day(DAY, [*homes("EM-01", "nobody", "orange", range(1, 6)), *homes("MW-02", "below", "red", range(3, 5))])
    actions.acknowledge(numbers=[Episode.objects.filter(standard="EM-01").values_list("pk", flat=True)[0]], by=BUREAU, at=AT)
    put_off(one, household=4)
    for place, path in ((1, "/1/"), (2, "/1/2/"), (3, "/1/2/3/"), (5, "/1/5/")):
        kept: dict[tuple[str, str], int] = {}
        for row in AlertCount.objects.filter(side="destination", place_id=place):
            kept[row.queue, row.level] = kept.get((row.queue, row.level), 0) + row.n
        counted: dict[tuple[str, str], int] = {}
        for episode in Episode.objects.filter(path__startswith=path):
            counted[episode.queue, episode.level] = counted.get((episode.queue, episode.level), 0) + 1
        assert {key: n for key, n in kept.items() if n} == counted


def test_a_bad_rule_with_many_thousand_breaches_takes_no_more_statements(found: Found, django_assert_max_num_queries: Any) -> None:
    run = found.run(DAY, homes("HS-03", "empty_three", "yellow", range(1, 20_001)), 20_000)
    with django_assert_max_num_queries(120):
        assert found.one.follow(run).total("opened") == 20_000
    assert Episode.objects.filter(queue="held").count() == 20_000
