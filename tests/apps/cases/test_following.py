"""Cases follow the alerts of real runs: opened, attached, risen, eased, reopened with lineage."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from alerts_fixtures import Deployment, away, dropped, one, places, rules, well
from anju.apps.alerts.models import Episode
from anju.apps.cases.models import Case, CaseAlert, CaseEvent
from anju.apps.cases.steps.opening import Followed, follow_alerts

__all__ = ["one", "places", "rules"]
FIRST, SECOND, THIRD = date(2023, 9, 26), date(2023, 9, 27), date(2023, 10, 5)


def followed(deployment: Deployment, day: date, **said: object) -> Followed:
    deployment.judge(day, **said)
    return follow_alerts(at=datetime.combine(day, time(18), UTC))


def told() -> list[str]:
    return list(CaseEvent.objects.order_by("pk").values_list("what", flat=True))


def test_an_alert_opens_one_case_however_often_it_is_found(one: Deployment) -> None:
    one.begin()
    assert followed(one, FIRST, **away(3)) == Followed(opened=1)
    assert follow_alerts(at=datetime.now(UTC)) == Followed()
    assert followed(one, SECOND, **away(4)) == Followed()
    case, episode = Case.objects.get(), Episode.objects.get()
    assert (case.standard, case.level, case.state, case.waits_on, case.path) == ("ED-01", "orange", "alerted", "assign", episode.path)
    assert case.verify_due == episode.due_verify and case.deadline == case.verify_due
    assert CaseAlert.objects.get().episode == episode


def test_severity_rises_by_itself(one: Deployment) -> None:
    one.begin()
    followed(one, FIRST, **away(3))
    before = Case.objects.get().verify_due
    assert followed(one, SECOND, **away(8)).rose == 1
    case = Case.objects.get()
    assert (case.level, case.rank) == ("red", 4) and case.verify_due is not None and before is not None and case.verify_due <= before
    assert told() == ["opened", "rose"]


def test_a_cleared_alert_closes_nothing(one: Deployment) -> None:
    one.begin()
    followed(one, FIRST, **dropped())
    found = followed(one, THIRD, **well())
    assert Episode.objects.get().state == "cleared"
    case = Case.objects.get()
    assert (case.state, case.over_since, found.over) == ("alerted", THIRD, 1)


def test_a_relapse_within_the_look_back_reopens_the_case_with_lineage(one: Deployment) -> None:
    one.begin()
    followed(one, FIRST, **dropped())
    followed(one, THIRD, **well())
    case = Case.objects.get()
    Case.objects.filter(pk=case.pk).update(state="closed", waits_on="closed", closed_on=THIRD, watch_until=THIRD + timedelta(days=180))
    found = followed(one, date(2023, 10, 12), **dropped())
    again = Case.objects.get()
    assert found.reopened == 1 and again.pk == case.pk
    assert (again.state, again.reopened, again.reopened_on, again.round) == ("reopened", 1, date(2023, 10, 12), 2)
    assert CaseAlert.objects.filter(case=again).count() == 2
    last = Episode.objects.order_by("-pk")[0]
    assert last.relapse_of_id is not None


def test_after_the_look_back_another_case_opens_that_names_the_one_before(one: Deployment) -> None:
    one.begin()
    followed(one, FIRST, **dropped())
    followed(one, THIRD, **well())
    first = Case.objects.get()
    Case.objects.filter(pk=first.pk).update(state="closed", waits_on="closed", closed_on=THIRD, watch_until=THIRD)
    assert followed(one, date(2023, 10, 12), **dropped()).opened == 1
    assert Case.objects.order_by("-pk")[0].follows == first
