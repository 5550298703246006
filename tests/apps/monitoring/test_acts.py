"""Every act writes exactly one line of the journal: the acts are found in the code, and a family is led through all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import Any

import pytest

from anju.apps.journal.models import Line
from anju.apps.monitoring import actions, endings, plans, posting
from anju.apps.monitoring.models import Listing, Measure, Notice, Objection
from anju.apps.people.models import Household
from anju.core.casework.listing import Meeting
from monitoring_fixtures import AT, CADRE, COUNTY, DAY, END_OVER, LATER, MEETING, OVER, SAID, SECRETARY, STREET, WELL

pytestmark = pytest.mark.django_db
Act = tuple[Callable[..., Any], dict[str, Any]]


def acts(module: ModuleType) -> Iterator[Callable[..., Any]]:
    for _, function in inspect.getmembers(module, inspect.isfunction):
        told = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}
        if function.__module__ == module.__name__ and {"by", "at"} <= told:
            yield function


def a_life() -> Iterator[Act]:
    """Listed, supported, over, watched, listed anew; each act is done before the next is asked for."""
    seen = {"visited_on": DAY, "found_there": "two rooms", "authorisation": "sheet 3"}
    proposal = {"household_id": 1, "category": "sudden", "risk_types": ["illness"], "source": "visit", "clue_on": DAY, "on": DAY}
    yield actions.propose_listing, {**proposal, "by": CADRE}
    first = {"number": Listing.objects.get().pk, "on": DAY}
    yield actions.refuse_listing, {**first, "reason": "not in need", "by": SECRETARY}
    yield actions.propose_listing, {**proposal, "by": CADRE, "green_channel": True}
    here = {"number": Listing.objects.latest("pk").pk}
    yield plans.add_measure, {**here, "said": SAID, "on": DAY, "by": CADRE}
    yield actions.verify_household, {**here, **seen, "on": DAY, "by": CADRE}
    yield actions.compare_data, {**here, "run": 1, "doubts": "", "on": DAY, "by": CADRE}
    yield actions.record_review, {**here, "meeting": MEETING, "on": DAY, "by": STREET}
    yield posting.put_up_notice, {**here, "place": "gate", "on": DAY, "by": STREET}
    yield posting.record_objection, {"notice": Notice.objects.get().pk, "text": "owns a shop", "received_on": DAY, "on": DAY, "by": STREET}
    yield posting.answer_objection, {"objection": Objection.objects.get().pk, "answer": "no", "upheld": False, "on": DAY, "by": STREET}
    yield posting.take_down_notices, {"on": OVER, "by": COUNTY}
    yield actions.review_by_township, {**here, "note": "", "on": OVER, "by": STREET}
    yield actions.approve_listing, {**here, "note": "", "on": OVER, "by": COUNTY}
    one = {"measure": Measure.objects.get().pk, "on": OVER, "by": SECRETARY}
    yield plans.change_measure, {**one, "said": SAID}
    yield plans.finish_measure, {**one, "result": "works"}
    yield plans.add_measure, {**here, "said": SAID, "on": OVER, "by": CADRE}
    yield plans.drop_measure, {**one, "measure": Measure.objects.latest("pk").pk, "reason": "not needed"}
    yield plans.review_plan, {**here, "note": "goes well", "on": OVER, "by": CADRE}
    ending = {**here, "facts": WELL, "found_there": "both work", "visited_on": LATER, "run": 2, "on": LATER, "by": SECRETARY}
    yield endings.propose_elimination, ending
    yield endings.refuse_elimination, {**here, "reason": "too early", "on": LATER, "by": STREET}
    yield endings.propose_elimination, ending
    yield endings.review_elimination, {**here, "meeting": Meeting(LATER, "x", 9, 9, 0, "y"), "on": LATER, "by": STREET}
    yield posting.put_up_notice, {**here, "place": "gate", "on": LATER, "by": STREET}
    yield endings.approve_elimination, {**here, "facts": WELL, "note": "", "on": END_OVER, "by": COUNTY}
    yield actions.propose_listing, {**proposal, "clue_on": date(2024, 6, 1), "on": date(2024, 6, 1), "by": CADRE}
    Listing.objects.filter(relapse_of__isnull=False).update(state="township_reviewed")
    again = {"number": Listing.objects.latest("pk").pk, "note": "", "on": date(2024, 6, 20)}
    yield actions.approve_listing, {**again, "by": COUNTY}


def test_each_act_writes_one_line_and_none_is_left_out(home: Household) -> None:
    done = set()
    for act, said in a_life():
        before = Line.objects.count()
        act(**said, at=AT)
        lines = list(Line.objects.order_by("pk")[before:])
        assert len(lines) == 1, f"{act.__name__} wrote {[line.act for line in lines]}"
        assert (lines[0].by, lines[0].at) == (said["by"].name, AT) and lines[0].about.partition(":")[2]
        assert not {"韦秀英", "two rooms", "owns a shop"} & set(map(str, lines[0].detail.values()))
        done.add(act)
    assert done == {act for module in (actions, posting, plans, endings) for act in acts(module)}
