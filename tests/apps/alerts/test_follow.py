"""Runs folded into episodes: the table of the semantics through real runs, and worked cases 23 to 25."""

from __future__ import annotations

from datetime import date

import pytest

from alerts_fixtures import CHILD, Deployment, away, dropped, events, well
from anju.apps.alerts.models import Episode, EpisodeEvent, Followed
from anju.apps.findings.models import Finding, Run

FIRST, SECOND, THIRD, FOURTH = date(2023, 9, 26), date(2023, 9, 27), date(2023, 10, 10), date(2023, 10, 30)


def test_a_breach_opens_one_episode_however_often_it_is_found(one: Deployment) -> None:
    one.begin()
    assert one.judge(FIRST, **away(3)).total("opened") == 1
    assert one.judge(SECOND, **away(4)).total("still") == 1
    episode = Episode.objects.get()
    assert (episode.state, episode.level, episode.opened_on, episode.seen_on) == ("open", "orange", FIRST, SECOND)
    assert (episode.cluster, episode.owner, episode.routed_place_id) == ("H1", "education", 3)
    assert events() == ["opened"]


def test_the_level_rises_by_itself_and_never_falls(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **away(3))
    due = Episode.objects.get().due_verify
    one.judge(SECOND, **away(8))
    episode = Episode.objects.get()
    assert (episode.level, episode.rank, episode.breach) == ("red", 4, "out")
    assert episode.due_verify is not None and due is not None and episode.due_verify <= due
    one.judge(THIRD, **away(3))
    assert Episode.objects.get().level == "red"
    assert events() == ["opened", "rose"]


def test_met_without_the_clearing_condition_is_eased(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, **away(0))
    episode = Episode.objects.get()
    assert (episode.state, episode.eased_since) == ("open", SECOND)
    one.judge(THIRD, **away(0))
    assert Episode.objects.get().eased_since == SECOND
    one.judge(FOURTH, **dropped())
    assert Episode.objects.get().eased_since is None
    assert events() == ["opened", "eased", "back"]


def test_met_with_the_clearing_condition_is_cleared(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(date(2023, 10, 5), **well())
    episode = Episode.objects.get()
    assert (episode.state, episode.closed_on, episode.queue) == ("cleared", date(2023, 10, 5), "done")
    assert events() == ["opened", "cleared"]


def test_nothing_opens_on_met_unknown_or_not_applicable(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, late=["F09"])
    one.judge(SECOND, **{**well(), "person": {"birth_date": date(2000, 5, 1)}})
    assert not Episode.objects.exists()


def test_23_who_leaves_the_programme_ends_an_open_alert(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, **dropped(household={"status": "moved_on"}))
    episode = Episode.objects.get()
    assert (episode.state, episode.end_reason, episode.closed_on) == ("ended", "not_applicable", SECOND)


def test_23_whose_key_has_vanished_is_ended_with_the_reason(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, persons=[CHILD], **{"person": None})
    assert (Episode.objects.get(subject_id=1).state, Episode.objects.get(subject_id=1).end_reason) == ("ended", "left")


def test_a_standard_no_longer_in_force_ends_its_alerts(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.standards = ("ED-03",)
    one.judge(SECOND, **dropped())
    assert Episode.objects.get().end_reason == "withdrawn"


def test_24_breached_unknown_breached_is_one_episode(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, late=["F09", "F10"])
    assert Episode.objects.get().doubted_since == SECOND
    one.judge(THIRD, **dropped())
    episode = Episode.objects.get()
    assert (episode.state, episode.doubted_since) == ("open", None)
    assert events() == ["opened", "doubted", "back"]


def test_25_breached_again_twenty_days_after_clearing_is_a_relapse(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    Episode.objects.update(acknowledged_by="wei", acknowledged_at="2023-09-26T12:00Z")
    one.judge(date(2023, 10, 5), **well())
    one.judge(date(2023, 10, 25), **dropped())
    first, second = Episode.objects.order_by("pk")
    assert (second.relapse_of_id, second.state, second.acknowledged_by, second.queue) == (first.pk, "open", "", "todo")
    assert events() == ["opened", "cleared", "relapsed"]


def test_breached_again_after_the_look_back_is_a_new_trouble(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(date(2023, 10, 5), **well())
    one.judge(date(2024, 1, 4), **dropped())
    assert Episode.objects.latest("pk").relapse_of_id is None
    assert Episode.objects.count() == 2


def test_ended_and_breached_again_is_a_new_trouble(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, **dropped(household={"status": "moved_on"}))
    one.judge(THIRD, **dropped())
    assert [e.relapse_of_id for e in Episode.objects.order_by("pk")] == [None, None]


# --- once, in order, whole ---------------------------------------------------------------------------------------------


def all_of_it() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (Episode, EpisodeEvent, Followed)]


def test_following_twice_changes_nothing(one: Deployment) -> None:
    one.begin()
    run = one.run(FIRST, **dropped())
    one.follow(run)
    before = all_of_it()
    assert one.follow(run).state == "known"
    assert all_of_it() == before


def test_an_earlier_day_is_a_replay_and_writes_no_alert(one: Deployment) -> None:
    one.begin()
    one.judge(SECOND, **dropped())
    before = all_of_it()
    assert one.judge(FIRST, **well()).state == "replay"
    assert all_of_it() == before


def test_a_run_that_was_never_followed_is_followed_before_the_next(one: Deployment) -> None:
    """Its findings are no longer in the table: its own file tells them."""
    one.begin()
    one.run(FIRST, **dropped())
    last = one.run(SECOND, **away(0))
    assert not Finding.objects.filter(standard="ED-01").exists()
    one.follow(last)
    episode = Episode.objects.get()
    assert (episode.opened_on, episode.eased_since) == (FIRST, SECOND)


def test_a_run_that_is_not_whole_is_refused(one: Deployment) -> None:
    run = one.run(FIRST, **dropped())
    Run.objects.filter(pk=run.pk).update(finished_at=None)
    run.refresh_from_db()
    with pytest.raises(ValueError, match="not whole"):
        one.follow(run)


def test_who_moves_is_seen_where_she_lives(one: Deployment) -> None:
    one.begin()
    one.judge(FIRST, **dropped())
    one.judge(SECOND, **away(0, household={"place": "C2"}))
    episode = Episode.objects.get()
    assert (episode.path, episode.routed_place_id, episode.eased_since) == ("/1/2/4/", 4, SECOND)


def test_the_number_of_statements_does_not_grow_with_the_alerts(one: Deployment, django_assert_max_num_queries: object) -> None:
    one.begin()
    children = [CHILD] * 30
    rows = [{"person": n, **dropped()["F09"][0]} for n in range(1, 32)]
    run = one.run(FIRST, persons=children, F09=rows)
    with django_assert_max_num_queries(110):  # type: ignore[operator]
        assert one.follow(run).total("opened") == 31
