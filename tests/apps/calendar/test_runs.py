"""A run names the calendar that it counted by, and a replay counts by the one that was known then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from anju.apps.calendar.actions import load_year
from anju.apps.calendar.current import in_force
from anju.apps.calendar.reading import judge_list
from anju.apps.cases.own_feeds import own_feeds
from anju.apps.findings.actions import judge
from anju.apps.findings.explaining import explain_of_run
from anju.apps.findings.models import Run
from town_fixtures import Town

LOADED = datetime(2023, 9, 20, tzinfo=UTC)
DAY = date(2023, 9, 19)


def ran(town: Town, known_at: datetime) -> Run:
    return judge(town.policy, town.data, DAY, known_at, own=own_feeds(town.policy, DAY, known_at), by="clerk").run


def test_a_run_before_and_after_a_load_and_its_replay(town: Town) -> None:
    before = ran(town, LOADED - timedelta(hours=1))
    load_year(judge_list([(2, ("2023-09-18", "holiday", "")), (3, ("2023-09-16", "makeup", ""))]), by="clerk", at=LOADED)
    after = ran(town, LOADED + timedelta(hours=1))
    assert after.pk != before.pk and after.policy_digest == in_force(town.policy).digest != town.policy.digest == before.policy_digest
    again = ran(town, LOADED - timedelta(hours=1))
    assert again.policy_digest == before.policy_digest  # as known then, though another calendar stands now
    for run in (before, after):
        explained = explain_of_run(in_force(town.policy), town.data, run, "MH-02", town.household, own=own_feeds)
        assert explained.same_rules and explained.policy.digest == run.policy_digest
