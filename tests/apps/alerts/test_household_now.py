"""A family judged at once: its alerts move as by a run, the figures stay, and the run to come agrees or corrects."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from anju.apps.alerts.actions import Moved, Refused, follow, move_household
from anju.apps.alerts.models import AlertCount, Episode, EpisodeEvent
from anju.apps.alerts.queues import count_all
from anju.apps.alerts.work import Work
from anju.apps.cases import own_feeds as gathered
from anju.apps.cases.judging_again import judge_again
from anju.apps.feeds.own import SILENT, OwnFeeds
from anju.apps.findings.household_now import HouseholdAnswers, judge_household
from anju.apps.findings.models import Attainment, Finding
from anju.apps.journal.models import Line
from town_fixtures import BUREAU, DAY, NOW, Town

# besides what it finds, a visit is what QX-02 asks for: the first family had none in half a year
SEEN = {"mode": "door", "outcome": "met", "visited_on": DAY, "findings": ["returned_origin"]}
LATER = datetime.fromisoformat("2023-09-26T20:00:00+00:00")


def judged(town: Town, own: OwnFeeds) -> HouseholdAnswers:
    answers = judge_household(town.policy, town.data, town.household, own, LATER)
    assert answers is not None
    return answers


def move(town: Town, own: OwnFeeds) -> Moved:
    return move_household(town.policy, town.data, town.household, judged(town, own), by=BUREAU, at=LATER)


def alert(standard: str = "HS-03") -> Episode:
    return Episode.objects.filter(standard=standard).latest("pk")


def figures() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Finding, Attainment)]


def counted(town: Town) -> list[Any]:
    """What pages count now, and what they would after everything was counted anew."""
    names = ("side", "place_id", "owner", "standard", "level", "queue", "overdue", "n")
    now = sorted(AlertCount.objects.exclude(n=0).values_list(*names))
    with connection.cursor() as cursor:
        count_all(Work(town.policy, town.data, DAY, NOW, None, cursor))
    assert now == sorted(AlertCount.objects.values_list(*names))
    return now


def test_what_a_visit_saw_opens_an_alert_at_once(town: Town) -> None:
    town.homes()
    town.follow()
    before = figures()
    assert not Episode.objects.filter(standard="HS-03").exists()
    moved = move(town, town.say(P04=[SEEN]))
    assert moved == Moved("moved", {"cleared": 1, "dispatched": 1, "opened": 1})
    assert alert("QX-02").state == "cleared"
    found = alert()
    assert (found.level, found.breach, found.queue, found.household_id) == ("red", "moved_back", "todo", town.household)
    assert (found.opened_on, found.cluster, found.lines, found.due_verify is not None) == (DAY, f"H{town.household}", 2, True)
    assert set(found.events.values_list("what", "who")) == {("opened", "luo"), ("dispatched", "luo")}
    assert figures() == before
    line = Line.objects.get(act="alerts.judge_household")
    assert (line.about, line.detail["opened"], line.by) == (f"household:{town.household}", 1, "luo")
    counted(town)


def test_twice_is_once(town: Town) -> None:
    town.homes()
    town.follow()
    own = town.say(P04=[SEEN])
    move(town, own)
    rows = [list(model.objects.order_by("pk").values()) for model in (Episode, EpisodeEvent, AlertCount, Line)]
    assert move(town, own) == Moved("unchanged", {})
    assert rows == [list(model.objects.order_by("pk").values()) for model in (Episode, EpisodeEvent, AlertCount, Line)]


def test_the_run_to_come_agrees(town: Town) -> None:
    town.homes()
    town.follow()
    own = town.say(P04=[SEEN])
    move(town, own)
    number = alert().pk
    followed = town.follow(own)
    assert (followed.counts["HS-03"], alert().pk) == ({"still": 1}, number)
    assert judged(town, own).of("HS-03")[0].breach == Finding.objects.get(standard="HS-03").breach


def test_the_run_to_come_corrects(town: Town) -> None:
    """The visit was entered for another family and taken back before the night."""
    town.homes()
    town.follow()
    move(town, town.say(P04=[SEEN]))
    town.follow(town.say(P04=[{**SEEN, "deleted": True}]))
    assert (alert().state, not Finding.objects.filter(standard="HS-03").exists()) == ("cleared", True)


def test_an_alert_rises_and_is_wanted_sooner(town: Town) -> None:
    town.homes(in_use=False)
    town.follow()
    found = alert()
    assert (found.level, found.breach) == ("yellow", "empty_three")
    due, events = found.due_verify, EpisodeEvent.objects.count()
    assert move(town, town.say(P04=[SEEN])).counts == {"cleared": 1, "rose": 1}
    found = alert()
    assert (found.level, found.rank, found.breach) == ("red", 4, "moved_back")
    assert found.due_verify is not None and due is not None and found.due_verify < due
    assert EpisodeEvent.objects.count() == events + 2  # risen, and QX-02 cleared
    counted(town)


def test_an_alert_eases_then_clears_when_the_decision_is_there(town: Town) -> None:
    town.homes(in_use=False)
    town.receive("F06", "unit_code,month,in_use", "D1,2023-08,true", "D2,2023-08,true", name="again")
    own = town.say(P04=[SEEN])
    town.follow(own)
    corrected = [{**SEEN, "findings": ["none"]}]
    assert move(town, town.say(P04=corrected)).counts == {"eased": 1}
    assert (alert().state, alert().eased_since) == ("open", DAY)
    settled = {"standard": "HS-03", "decision": "settled_choice", "decided_on": DAY}
    assert move(town, town.say(P04=corrected, P01=[settled])).counts == {"cleared": 1}
    assert (alert().state, alert().closed_on, alert().queue) == ("cleared", DAY, "done")
    counted(town)
    assert move(town, own).counts == {"dispatched": 1, "relapsed": 1}
    assert alert().relapse_of_id is not None


def test_the_family_next_door_is_not_touched(town: Town) -> None:
    town.homes()
    town.follow(town.say(P04=[{**SEEN, "household_id": town.neighbour}]))
    before = Episode.objects.filter(household_id=town.neighbour).values().get()
    move(town, town.say(P04=[SEEN]))
    assert Episode.objects.filter(household_id=town.neighbour).values().get() == before
    assert Episode.objects.filter(standard="HS-03").count() == 2


def test_what_departments_said_stays_as_the_run_read_it(town: Town) -> None:
    """A judgement at once reads no delivery that came after the run."""
    town.homes()
    town.follow()
    town.receive("F06", "unit_code,month,in_use", "D1,2023-08,false", "D2,2023-08,true", name="corrected")
    assert judged(town, SILENT).of("HS-03")[0].answer == "met"


def test_a_run_that_is_not_followed_yet_comes_first(town: Town) -> None:
    town.homes()
    town.follow()
    town.run(town.say(P04=[SEEN]))
    assert move(town, town.say(P04=[SEEN])) == Moved("not yet", {})
    assert not Episode.objects.filter(standard="HS-03").exists()


def test_what_was_found_before_another_run_is_overtaken(town: Town) -> None:
    town.homes()
    town.follow()
    answers = judged(town, town.say(P04=[SEEN]))
    town.follow(day=DAY + timedelta(days=1))
    assert move_household(town.policy, town.data, town.household, answers, by=BUREAU, at=LATER) == Moved("overtaken", {})
    assert not Episode.objects.filter(standard="HS-03").exists()


def test_answers_of_another_family_are_refused(town: Town) -> None:
    town.follow()
    with pytest.raises(Refused, match=f"about household {town.household}, not {town.neighbour}"):
        move_household(town.policy, town.data, town.neighbour, judged(town, SILENT), by=BUREAU, at=LATER)


def test_before_the_first_run_and_of_a_stranger_there_is_nothing_to_judge(town: Town) -> None:
    assert judge_household(town.policy, town.data, town.household, SILENT, LATER) is None
    follow(town.policy, town.data, town.run())
    assert judge_household(town.policy, town.data, 999, SILENT, LATER) is None


def test_a_visit_of_tomorrow_counts_tomorrow(town: Town) -> None:
    town.homes()
    town.follow()
    assert move(town, town.say(P04=[{**SEEN, "visited_on": DAY + timedelta(days=1)}])) == Moved("unchanged", {})


def test_what_is_published_of_one_family_judges_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def visits(day: date, known_at: datetime, household: int | None) -> list[dict[str, Any]]:
        return [{**SEEN, "visit_id": "1", "household_id": household}]

    monkeypatch.setattr(gathered, "PUBLISHERS", (("P04", visits),))
    assert judge_again(town.policy, town.data, town.household, by=BUREAU, at=LATER) is None
    town.homes()
    town.follow()
    moved = judge_again(town.policy, town.data, town.household, by=BUREAU, at=LATER)
    assert moved is not None and moved.counts == {"cleared": 1, "dispatched": 1, "opened": 1}


def test_a_family_is_moved_in_a_fixed_number_of_statements(town: Town, django_assert_max_num_queries: Any) -> None:
    town.homes()
    town.follow()
    answers = judged(town, town.say(P04=[SEEN]))
    with django_assert_max_num_queries(130):
        move_household(town.policy, town.data, town.household, answers, by=BUREAU, at=LATER)
