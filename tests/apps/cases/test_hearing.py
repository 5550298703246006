"""The hotline's requests after a run: which become reports, that none does twice, and what is counted of the others."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import timezone

from anju.apps.cases import hearing
from anju.apps.cases.catching_up import catch_up
from anju.apps.cases.hearing import Heard, hear
from anju.apps.discovery.models import Hearing, Report
from anju.apps.discovery.states import RECEIVED
from anju.apps.journal.models import Line
from anju.apps.people.models import Household
from town_fixtures import DAY, NOW, Town, number

HEADER = "request_id,person_id,household_code,dest_community_code,category,received_on,received_at,closed_at,satisfaction,reopened"
ROWS = (
    f"Q1,{number(1)},H1,C1,lift,2023-08-20,2023-08-20 09:00:00,,,false",  # not closed
    f"Q2,{number(1)},H1,C1,lift,2023-08-21,2023-08-21 09:00:00,2023-08-24 09:00:00,5,false",  # settled
    "Q3,,,C1,noise,2023-08-22,,,,",  # nobody gave a name
    "Q4,,,,noise,2023-08-22,,,,",  # and not even where
    f"Q5,{number(2)},H2,C1,wage arrears,2023-08-23,2023-08-23 09:00:00,2023-08-25 09:00:00,5,false",  # followed all the same
    f"Q6,{number(2)},H2,C1,heating,2023-08-24,2023-08-24 09:00:00,2023-08-25 09:00:00,1,false",  # did not help
    f"Q7,{number(2)},,,heating,2023-08-25,2023-08-25 09:00:00,2023-08-26 09:00:00,4,true",  # opened again; the family is the person's
    f"Q8,{number(1)},H1,C1,lift,2023-08-01,2023-08-01 09:00:00,,,false",  # too long ago
)


@pytest.fixture
def heard(town: Town) -> Town:
    town.receive("F32", HEADER, *ROWS)
    town.run()
    return town


def test_what_needs_somebody_becomes_a_report_with_the_requests_own_number(heard: Town) -> None:
    assert hear(data=heard.data, at=NOW) == Heard(new=5, known=0, settled=1, nowhere=1)
    told = {r.request_id: r for r in Report.objects.select_related("place")}
    assert {key: r.household_id for key, r in told.items()} == {
        "Q1": heard.household, "Q3": None, "Q5": heard.neighbour, "Q6": heard.neighbour, "Q7": heard.neighbour,
    }  # fmt: skip
    assert {(r.channel, r.state, r.standard) for r in told.values()} == {("hotline", RECEIVED, "")}
    assert (told["Q3"].place.code, told["Q3"].words, told["Q5"].owner, told["Q1"].owner) == ("C1", "noise", "human_resources", "")
    assert sorted(r.receipt for r in told.values()) == [f"QXN-2023-{n:06d}" for n in range(1, 6)]
    assert timezone.localtime(told["Q1"].received_at).strftime("%Y-%m-%d") == "2023-08-20"
    assert Line.objects.filter(act="trouble.hotline").count() == 1


def test_twice_is_once_and_a_later_run_adds_what_is_new(heard: Town) -> None:
    assert catch_up(data=heard.data, at=NOW).heard.new == 5
    assert catch_up(data=heard.data, at=NOW).heard == Heard()
    heard.receive("F32", HEADER, f"Q9,{number(1)},H1,C1,noise,2023-09-01,,,,", name="b")
    heard.run()
    assert hear(data=heard.data, at=NOW) == Heard(new=1, known=5, settled=1, nowhere=1)
    assert Report.objects.count() == 6


def test_killed_in_between_nothing_has_happened(heard: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Hearing.objects, "create", die)
        hear(data=heard.data, at=NOW)
    assert (Report.objects.count(), Line.objects.filter(act="trouble.hotline").count()) == (0, 0)
    assert hear(data=heard.data, at=NOW).new == 5
    assert Report.objects.order_by("receipt").first().receipt == "QXN-2023-000001"  # type: ignore[union-attr]


def test_before_the_first_run_and_without_a_hotline_nothing_is_heard(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hear(data=town.data, at=NOW) == Heard()
    town.run()
    assert hear(data=town.data, at=NOW) == Heard()
    assert Hearing.objects.get().day == DAY
    Hearing.objects.all().delete()
    monkeypatch.setattr(hearing, "load_channels", lambda *_: hearing.Channels())
    assert hear(data=settings.DATA, at=NOW) == Heard()
    assert not Hearing.objects.exists() and Household.objects.count() == 2
