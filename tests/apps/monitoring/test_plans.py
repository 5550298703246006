"""Support plans, the end of a risk, its watch and relapses, and the feed that tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from anju.apps.feeds.own import own_table
from anju.apps.monitoring import endings, plans
from anju.apps.monitoring.models import Elimination, Listing, Measure, Plan, Step
from anju.apps.monitoring.publish import listing_rows
from anju.apps.monitoring.steps import Refused
from anju.apps.people.models import Household
from anju.core.casework.listing import Meeting
from anju.core.standards.model import Policy
from anju.core.terms.viewer import Viewer
from monitoring_fixtures import (
    AT,
    CADRE,
    COUNTY,
    DAY,
    END_OVER,
    LATER,
    NEIGHBOUR,
    OVER,
    SAID,
    SECRETARY,
    STREET,
    WELL,
    approve,
    end,
    listed,
    propose,
    put_up,
    until,
)

pytestmark = pytest.mark.django_db


def add(listing: Listing, by: Viewer = CADRE, on: date = OVER, **more: object) -> Measure:
    return plans.add_measure(number=listing.pk, said=replace(SAID, **more), on=on, by=by, at=AT)  # type: ignore[arg-type]


def test_the_first_measure_makes_the_plan_and_the_next_look_is_a_quarter_later(home: Household) -> None:
    listing = listed()
    made = add(listing)
    listing.refresh_from_db()
    assert (made.cost, made.department, made.budget) == (120_000, "human_resources", "county fund")
    assert (listing.measures_on, listing.due, listing.plan.made_on) == (OVER, date(2024, 1, 11), OVER)
    plans.review_plan(number=listing.pk, note="it works", on=date(2024, 1, 5), by=SECRETARY, at=AT)
    listing.refresh_from_db()
    assert (listing.due, Plan.objects.get().reviewed_on) == (date(2024, 4, 5), date(2024, 1, 5))


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"kind": "luck"}, "kind of measure"), ({"what": ""}, "what will be done"), ({"responsible": " "}, "who is responsible"),
     ({"due": DAY}, "over already"), ({"cost": -1}, "out of range"), ({"budget": ""}, "which money")],
)  # fmt: skip
def test_each_fault_of_a_measure(home: Household, changed: dict[str, object], says: str) -> None:
    listing = listed()
    with pytest.raises(Refused, match=says):
        add(listing, **changed)
    assert not Measure.objects.exists() and not Plan.objects.exists()


def test_no_measure_before_the_listing_but_by_the_green_channel(home: Household) -> None:
    with pytest.raises(Refused, match="green channel"):
        add(propose(), on=DAY)


def test_help_first_paperwork_after(home: Household) -> None:
    listing = propose(green_channel=True)
    add(listing, on=DAY)
    listing.refresh_from_db()
    assert (listing.state, listing.measures_on, listing.due) == ("proposed", DAY, date(2023, 10, 5))  # its own deadline runs on
    until(listing, approve)
    assert (listing.state, listing.due) == ("listed", Plan.objects.get().review_due)


def test_a_measure_is_changed_done_or_dropped_once(home: Household) -> None:
    listing = listed()
    first, second = add(listing), add(listing, what="school costs paid")
    changed = plans.change_measure(measure=first.pk, said=replace(SAID, what="a post in the workshop"), on=OVER, by=SECRETARY, at=AT, version=1)
    assert (changed.what, changed.version) == ("a post in the workshop", 2)
    with pytest.raises(Refused, match="changed this measure meanwhile"):
        plans.change_measure(measure=first.pk, said=SAID, on=OVER, by=CADRE, at=AT, version=1)
    with pytest.raises(Refused, match="what it brought"):
        plans.finish_measure(measure=first.pk, result="", on=OVER, by=CADRE, at=AT)
    plans.finish_measure(measure=first.pk, result="works since 10 October", on=OVER, by=CADRE, at=AT)
    with pytest.raises(Refused, match="done or dropped already"):
        plans.drop_measure(measure=first.pk, reason="no", on=OVER, by=CADRE, at=AT)
    plans.drop_measure(measure=second.pk, reason="the school waived them", on=OVER, by=CADRE, at=AT)
    assert Measure.objects.filter(done_on=None, dropped_on=None).count() == 0


@pytest.mark.parametrize("someone", [STREET, COUNTY, NEIGHBOUR])
def test_plans_are_for_who_supports_the_family(home: Household, someone: Viewer) -> None:
    listing = listed()
    made = add(listing)
    for act in (lambda: add(listing, by=someone), lambda: plans.finish_measure(measure=made.pk, result="done", on=OVER, by=someone, at=AT),
                lambda: plans.review_plan(number=listing.pk, note="seen", on=OVER, by=someone, at=AT)):  # fmt: skip
        with pytest.raises(Refused):
            act()


# --- the end of a risk -----------------------------------------------------------------------------------------------------


def proposed(listing: Listing, **changed: object) -> Elimination:
    said: dict[str, object] = {
        "number": listing.pk, "facts": WELL, "found_there": "both work", "visited_on": LATER, "run": 3, "on": LATER, "by": SECRETARY, "at": AT,
    }  # fmt: skip
    return endings.propose_elimination(**(said | changed))  # type: ignore[arg-type]


def test_a_risk_is_declared_over_and_watched_half_a_year(home: Household) -> None:
    listing = listed()
    end(listing)
    assert (listing.state, listing.eliminated_on, listing.watch_until) == ("eliminated", END_OVER, date(2024, 10, 30))
    assert Elimination.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("facts", "says"),
    [(replace(WELL, income=600_000), "above the year's line"), (replace(WELL, income_before=None), "stable.*not known"),
     (replace(WELL, falling=True), "falling steeply"), (replace(WELL, rigid_share=55), "55 %"),
     (replace(WELL, lights=None), "guarantees and safe water: not known"), (replace(WELL, labour=0), "stays monitored")],
)  # fmt: skip
def test_it_is_not_where_a_condition_fails_or_is_not_known(home: Household, facts: object, says: str) -> None:
    with pytest.raises(Refused, match=says):
        proposed(listed(), facts=facts)
    assert not Elimination.objects.exists()


def test_it_is_not_before_half_a_year_nor_with_open_measures(home: Household) -> None:
    listing = listed()
    add(listing)
    with pytest.raises(Refused, match="less than half a year.*1 still open"):
        proposed(listing, on=date(2024, 4, 10), visited_on=date(2024, 4, 10))


def test_the_conditions_are_looked_at_again_at_the_end(home: Household) -> None:
    listing = listed()
    proposed(listing)
    with pytest.raises(Refused, match="proposed already"):
        proposed(listing)
    with pytest.raises(Refused, match="does not stand at this step"):
        endings.approve_elimination(number=listing.pk, facts=WELL, note="", on=END_OVER, by=COUNTY, at=AT)
    with pytest.raises(Refused, match="yourself"):
        endings.review_elimination(number=listing.pk, meeting=Meeting(LATER, "x", 9, 9, 0, "y"), on=LATER, by=replace(STREET, account=2), at=AT)
    endings.review_elimination(number=listing.pk, meeting=Meeting(LATER, "x", 9, 9, 0, "y"), on=LATER, by=STREET, at=AT)
    put_up(listing, on=LATER)
    with pytest.raises(Refused, match="the notice is up"):
        endings.approve_elimination(number=listing.pk, facts=WELL, note="", on=LATER, by=COUNTY, at=AT)
    with pytest.raises(Refused, match="above the year's line"):
        endings.approve_elimination(number=listing.pk, facts=replace(WELL, income=1), note="", on=END_OVER, by=COUNTY, at=AT)
    listing.refresh_from_db()
    assert listing.state == "listed"
    endings.refuse_elimination(number=listing.pk, reason="income fell", on=END_OVER, by=COUNTY, at=AT)
    assert Elimination.objects.get().state == "refused"
    assert proposed(listing, on=END_OVER).state == "proposed"


@pytest.mark.parametrize("someone", [STREET, COUNTY, NEIGHBOUR])
def test_who_may_not_propose_the_end(home: Household, someone: Viewer) -> None:
    listing = listed()
    with pytest.raises(Refused):
        proposed(listing, by=someone)


def test_a_relapse_is_listed_anew_with_its_lineage(home: Household) -> None:
    first = listed()
    end(first)
    again = propose(clue_on=date(2024, 6, 1), on=date(2024, 6, 3))
    assert again.relapse_of == first
    first.refresh_from_db()
    assert first.state == "eliminated"  # not before it is decided
    Listing.objects.filter(pk=again.pk).update(state="township_reviewed")
    approve(again, on=date(2024, 6, 20))
    first.refresh_from_db()
    assert (first.state, first.due) == ("relapsed", None)


# --- the feed --------------------------------------------------------------------------------------------------------------


def test_the_feed_tells_what_was_known_then(home: Household) -> None:
    listing = listed()
    plans.finish_measure(measure=add(listing).pk, result="works", on=OVER, by=CADRE, at=AT)
    end(listing)
    for n, step in enumerate(Step.objects.order_by("pk")):  # one a day, so that each can be asked for
        Step.objects.filter(pk=step.pk).update(at=datetime(2024, 1, 1 + n, tzinfo=UTC))
    what = list(Step.objects.order_by("pk").values_list("what", flat=True))

    def known(after: str) -> dict[str, object]:
        rows = listing_rows(date(2024, 12, 31), datetime(2024, 1, 1 + what.index(after), 1, tzinfo=UTC))
        return rows[0]

    assert listing_rows(date(2024, 12, 31), datetime(2023, 12, 31, tzinfo=UTC)) == []
    assert listing_rows(date(2023, 9, 25), datetime(2024, 12, 31, tzinfo=UTC)) == []
    assert known("propose") == {
        "listing_id": str(listing.pk), "household_id": 1, "category": "sudden", "clue_on": date(2023, 9, 20), "identified_on": None,
        "plan_on": None, "measures_on": None, "eliminated_on": None, "status": "lead", "known_at": datetime(2024, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    assert (known("approve")["status"], known("approve")["identified_on"]) == ("monitoring", OVER)
    assert (known("plan")["plan_on"], known("plan")["measures_on"], known("measure")["measures_on"]) == (OVER, None, OVER)
    assert (known("end_approve")["status"], known("end_approve")["eliminated_on"]) == ("eliminated", END_OVER)


def test_the_feed_has_the_columns_of_its_contract(home: Household, rules: Policy) -> None:
    listed()
    day = date(2023, 10, 20)
    table = own_table(rules, "P05", listing_rows(day, datetime(2030, 1, 1, tzinfo=UTC)), day)
    assert table.num_rows == 1 and table.column("status").to_pylist() == ["monitoring"]


def test_the_feed_costs_one_query(home: Household, django_assert_num_queries: object) -> None:
    listed()
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(listing_rows(date(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC))) == 1
