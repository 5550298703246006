"""Taking on, putting off and releasing: who may, what is refused and why, and two people at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts_fixtures import BUREAU, Deployment, dropped, well
from anju.apps.alerts import actions
from anju.apps.alerts.models import Episode, EpisodeEvent, Hold, Mute
from anju.apps.journal.models import Line
from anju.core.terms.viewer import STRANGER

DAY = date(2023, 9, 26)
AT = datetime(2023, 9, 26, 12, tzinfo=UTC)
OTHER = replace(BUREAU, name="wei", account=2)


@pytest.fixture
def episode(one: Deployment) -> Episode:
    one.begin()
    one.judge(DAY, **dropped())
    return Episode.objects.get()


def test_it_is_taken_on_by_name_with_a_line_in_the_journal(episode: Episode) -> None:
    assert actions.acknowledge(numbers=[episode.pk], by=BUREAU, at=AT, comment="call the school").taken == (episode.pk,)
    episode.refresh_from_db()
    assert (episode.acknowledged_by, episode.acknowledged_at, episode.acknowledged_comment, episode.queue) == (
        "luo",
        AT,
        "call the school",
        "taken",
    )
    assert EpisodeEvent.objects.filter(what="acknowledged", who="luo", reason="call the school").count() == 1
    assert Line.objects.filter(act="alerts.acknowledge", about=f"alert:{episode.pk}", by="luo").count() == 1


def test_of_two_at_once_one_wins_and_the_other_is_told_who(episode: Episode) -> None:
    actions.acknowledge(numbers=[episode.pk], by=BUREAU, at=AT)
    done = actions.acknowledge(numbers=[episode.pk], by=OTHER, at=AT)
    assert (done.taken, done.others) == ((), {episode.pk: "luo"})
    episode.refresh_from_db()
    assert episode.acknowledged_by == "luo"
    assert EpisodeEvent.objects.filter(what="acknowledged").count() == 1


def test_what_is_over_is_not_taken_on(one: Deployment, episode: Episode) -> None:
    one.judge(date(2023, 10, 5), **well())
    assert actions.acknowledge(numbers=[episode.pk], by=BUREAU, at=AT).others == {episode.pk: ""}


@pytest.mark.parametrize(
    "by",
    [replace(BUREAU, scopes=("/1/5/",)), replace(BUREAU, departments=frozenset({"water"})), replace(STRANGER, may=BUREAU.may)],
    ids=["neighbour", "another department", "stranger"],
)
def test_outside_the_scope_it_is_as_if_it_did_not_exist(episode: Episode, by: object) -> None:
    with pytest.raises(actions.Refused) as there:
        actions.acknowledge(numbers=[episode.pk], by=by, at=AT)  # type: ignore[arg-type]
    with pytest.raises(actions.Refused) as nowhere:
        actions.acknowledge(numbers=[999_999], by=by, at=AT)  # type: ignore[arg-type]
    assert str(there.value).replace(str(episode.pk), "N") == str(nowhere.value).replace("999999", "N")


def test_a_post_that_may_not_is_refused(one: Deployment, episode: Episode) -> None:
    reader = replace(BUREAU, may=frozenset({"alerts.see"}))
    with pytest.raises(actions.Refused, match="may not do this"):
        actions.acknowledge(numbers=[episode.pk], by=reader, at=AT)
    with pytest.raises(actions.Refused, match="may not do this"):
        actions.release_baseline(one.policy, one.data, keys=[], by=reader, at=AT)
    with pytest.raises(actions.Refused, match="may not do this"):
        actions.mute(one.policy, one.data, by=reader, at=AT, reason="because", until=DAY, path="/1/")


def test_every_fault_of_a_mute_is_named_at_once(one: Deployment, episode: Episode) -> None:
    with pytest.raises(actions.Refused) as refused:
        actions.mute(
            one.policy, one.data, by=replace(BUREAU, scopes=("/1/2/",)), at=AT, reason=" ", until=DAY + timedelta(days=31), path="/1/5/",
            standard="XX-01",
        )  # fmt: skip
    said = str(refused.value)
    assert all(word in said for word in ("a reason is needed", "at most 30 days", "no standard XX-01", "outside your post"))
    assert not Mute.objects.exists()


def test_a_mute_of_a_department_hides_nothing_of_others(one: Deployment, episode: Episode) -> None:
    clerk = replace(BUREAU, departments=frozenset({"water"}))
    made = actions.mute(one.policy, one.data, by=clerk, at=AT, reason="pump is mended", until=DAY, path="/1/2/3/", household=1)
    assert (made.department, made.hits) == ("water", 0)
    episode.refresh_from_db()
    assert episode.queue == "todo"


def test_a_mute_ends_once(one: Deployment, episode: Episode) -> None:
    made = actions.mute(one.policy, one.data, by=BUREAU, at=AT, reason="seen at home", until=DAY, path="/1/2/3/", household=1)
    assert made.hits == 1
    actions.unmute(one.policy, one.data, key=made.pk, by=BUREAU, at=AT)
    with pytest.raises(actions.Refused, match="luo has ended it already"):
        actions.unmute(one.policy, one.data, key=made.pk, by=OTHER, at=AT)
    with pytest.raises(actions.Refused, match="no such mute"):
        actions.unmute(one.policy, one.data, key=made.pk, by=replace(OTHER, scopes=("/1/5/",)), at=AT)


def test_a_baseline_is_released_once_and_from_its_own_place_only(one: Deployment) -> None:
    one.judge(DAY, **dropped())
    hold = Hold.objects.get(released_at=None)
    with pytest.raises(actions.Refused, match="no such baseline"):
        actions.release_baseline(one.policy, one.data, keys=[hold.pk], by=replace(BUREAU, scopes=("/1/5/",)), at=AT)
    assert actions.release_baseline(one.policy, one.data, keys=[hold.pk], by=replace(BUREAU, scopes=("/1/2/",)), at=AT) == 1
    with pytest.raises(actions.Refused, match="luo has released ED-01 already"):
        actions.release_baseline(one.policy, one.data, keys=[hold.pk], by=OTHER, at=AT)
