"""The queue that is a worker's home page: what each post finds in it, in which order, and that it costs the same at any length."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from anju.apps.cases.models import Case, CaseCount, CaseLooked
from anju.apps.cases.standing import count_moved, keys_of, settle
from anju.apps.cases.steps.assigning import assign
from anju.apps.cases.steps.reading import mark_look
from anju.apps.people.models import Household, Membership, Person
from apps.cases.conftest import AT, Loop
from apps.cases.test_loop import by, fed_back, visited
from web.cases.conftest import As, text


def lines(page: str) -> list[str]:
    return page.split('<div class="q pick case')[1:]


def test_it_works(desk: Loop, as_: As) -> None:
    case = desk.told(standard="ED-01")
    assign(numbers=[case.pk], to=desk.accounts["worker"], **by(desk, "secretary"))
    page = text(as_("worker").get("/cases/"))
    (line,) = lines(page)
    assert all(word in line for word in ("H0001", "place G1", "3-2-501", "by 09-11", f"/cases/{case.pk}/#next", "Verify"))
    assert 'aria-current="page">In my hands <b>1</b>' in page
    assert 'href="/cases/" aria-current="page"' in page, "my work stands first in the navigation"


@pytest.mark.parametrize(("name", "sees"), [("worker", True), ("secretary", True), ("street", True), ("education", True), ("bureau", True),
                                            ("prefecture", True), ("neighbour", False), ("water", False), ("stranger", False)])  # fmt: skip
def test_each_post_sees_its_own(desk: Loop, as_: As, name: str, sees: bool) -> None:
    case = desk.told(standard="ED-01")
    page = text(as_(name).get("/cases/?queue=open"))
    assert (f"/cases/{case.pk}/" in page) is sees
    assert ("<b>1</b>" in page) is sees


def test_who_works_on_no_case_is_refused_and_a_stranger_signs_in(desk: Loop, as_: As) -> None:
    assert as_("leader").get("/cases/").status_code == 403
    assert Client(HTTP_HOST="127.0.0.1").get("/cases/")["Location"].startswith("/sign-in/")


def test_the_tabs_hold_what_they_say(desk: Loop, as_: As) -> None:
    """In the hands of the worker, waiting for a post, over; each once, with its number."""
    mine, waiting, over = desk.told(), desk.told(level="orange"), desk.told()
    assign(numbers=[mine.pk], to=desk.accounts["worker"], **by(desk, "secretary"))
    fed_back(desk, over)
    visited(desk)
    from anju.apps.cases.steps.closing import close  # noqa: PLC0415

    close(number=over.pk, data=desk.data, **by(desk, "street"))
    for queue, expected in (("mine", mine), ("post", waiting), ("done", over)):
        (line,) = lines(text(as_("worker").get(f"/cases/?queue={queue}")))
        assert f"/cases/{expected.pk}/" in line
    assert len(lines(text(as_("worker").get("/cases/?queue=open")))) == 2


def test_with_empty_hands_one_begins_with_what_waits_for_the_post(desk: Loop, as_: As) -> None:
    desk.told()
    page = text(as_("worker").get("/cases/"))
    assert 'aria-current="page">Waits for my post <b>1</b>' in page and "Take it on" in page
    assert "Put into hands" in text(as_("secretary").get("/cases/"))


def test_the_most_urgent_stands_first_and_what_is_late_says_so(desk: Loop, as_: As) -> None:
    yellow, red = desk.told(), desk.told(level="red")
    desk.pass_days(3)
    for case in (yellow, red):
        before = keys_of(case)
        settle(case, desk.day)
        case.save()
        count_moved(before, keys_of(case))
    page = text(as_("secretary").get("/cases/?queue=open"))
    first, second = lines(page)
    assert f"/cases/{red.pk}/" in first and "▲ 2 days over" in first and f"/cases/{yellow.pk}/" in second
    assert "1 case is past its deadline." in page
    (late,) = lines(text(as_("secretary").get("/cases/?queue=open&overdue=1")))
    assert f"/cases/{red.pk}/" in late


def test_filters_stand_in_the_address(desk: Loop, as_: As) -> None:
    red, water = desk.told(level="red"), desk.told(owner="water")
    client = as_("secretary")
    for query, expected in (
        ("level=red", red),
        ("department=water", water),
        ("move=assign&level=red", red),
        ("place=G1&department=water", water),
    ):
        (line,) = lines(text(client.get(f"/cases/?queue=open&{query}")))
        assert f"/cases/{expected.pk}/" in line
    assert "No case in this queue fits the filter." in text(client.get("/cases/?queue=open&move=judge"))
    assert len(lines(text(client.get("/cases/?queue=open&family=1")))) == 2
    assert lines(text(client.get("/cases/?queue=open&family=2"))) == []


def test_lines_of_one_family_stand_together_and_tell_of_the_rest(desk: Loop, as_: As) -> None:
    desk.told(), desk.told(), desk.told(level="red")  # noqa: B018
    other = Household.objects.create(id=2, household_code="H0002", place=desk.place["G1"], valid_from=AT.date(), known_from=AT)
    desk.home = other
    desk.told(level="orange")
    first, between, second, third = lines(text(as_("secretary").get("/cases/?queue=open")))
    assert "H0001" in first and "and 2 more of this family" in first and "?queue=open&amp;family=1" in first
    assert "H0002" in between and "more of this family" not in between
    assert "and 1 more of this family" in second and "H0001" not in third and "follows" in third


def test_a_name_is_masked_and_health_is_for_who_needs_to_know(desk: Loop, as_: As) -> None:
    person = Person.objects.create(id=1, name="韦小明", relation_to_head="02", valid_from=AT.date(), known_from=AT)
    Membership.objects.create(id=1, person=person, household=desk.home, start=AT.date(), known_from=AT)
    case = desk.told(standard="MH-02", owner="medical_security")
    Case.objects.filter(pk=case.pk).update(subject="person", subject_id=1, breach="heavy")
    told = {name: text(as_(name).get("/cases/?queue=open")) for name in ("worker", "secretary")}
    assert all("韦**" in page and "韦小明" not in page for page in told.values())
    assert lines(told["worker"])[0].count("</a>") and lines(told["worker"]) != lines(told["secretary"])


def test_what_changed_is_told_until_it_was_read(desk: Loop, as_: As) -> None:
    viewer = desk.cast["secretary"]
    mark_look(by=viewer, at=desk.at - timedelta(hours=1))
    desk.told()
    client = as_("secretary")
    assert "1 new" in text(client.get("/cases/"))
    assert "1 new" not in text(as_("stranger").get("/cases/"))
    client.post("/cases/seen/")
    assert CaseLooked.objects.get(account=viewer.account).at > desk.at
    assert "1 new" not in text(client.get("/cases/"))


def test_a_look_back_that_is_due_stands_on_top(desk: Loop, as_: As) -> None:
    from anju.apps.cases.steps.closing import close  # noqa: PLC0415

    case = fed_back(desk, desk.told())
    visited(desk)
    close(number=case.pk, data=desk.data, **by(desk, "street"))
    assert "To be looked back at" not in text(as_("cadre").get("/cases/"))
    desk.pass_days(90)
    assert "To be looked back at" in text(as_("cadre").get("/cases/"))
    assert "To be looked back at" not in text(as_("street").get("/cases/")), "the street does not look itself"
    assert "To be looked back at" not in text(as_("stranger").get("/cases/"))


def fill(desk: Loop, n: int) -> None:
    """So many cases of so many families in G1, in the hands of the worker every other one."""
    homes = [
        Household(id=100 + k, household_code=f"F{k:05}", place=desk.place["G1"], valid_from=AT.date(), known_from=AT, building_no="1")
        for k in range(n)
    ]  # fmt: skip
    Household.objects.bulk_create(homes, 500)
    worker, cases = desk.accounts["worker"], []
    for k, home in enumerate(homes):
        mine = k % 2 == 0
        case = Case(
            subject="household", subject_id=home.pk, household_id=home.pk, path=desk.place["G1"].path, owner="education", source="declared",
            words="told", state="assigned" if mine else "alerted", level=("yellow", "orange", "red")[k % 3], rank=2 + k % 3, found_level="red",
            found_rank=4, opened_on=desk.day, opened_at=desk.at, assignee=worker if mine else None, verify_due=desk.day + timedelta(days=k % 9),
        )  # fmt: skip
        settle(case, desk.day, asked=frozenset(), approved=frozenset())
        cases.append(case)
    Case.objects.bulk_create(cases, 500)
    count_moved([], [key for case in cases for key in keys_of(case)])


@pytest.mark.parametrize("n", [20, 2_000])
@pytest.mark.parametrize(("queue", "queries"), [("", 16), ("post", 17), ("open", 18), ("done", 13)])
def test_the_lowest_role_pays_the_same_at_any_length(
    desk: Loop, as_: As, n: int, queue: str, queries: int, django_assert_num_queries: Any
) -> None:  # fmt: skip
    fill(desk, n)
    client = as_("worker")
    address = f"/cases/?queue={queue}" if queue else "/cases/"
    client.get(address)
    with django_assert_num_queries(queries):
        page = text(client.get(address))
    assert len(lines(page)) == (0 if queue == "done" else min(n // 2 if queue != "open" else n, 50))
    assert CaseCount.objects.filter(n__lt=0).count() == 0


def test_the_next_page_goes_on_where_the_last_one_ended(desk: Loop, as_: As) -> None:
    fill(desk, 120)
    client, seen, address = as_("secretary"), [], "/cases/?queue=open"
    while address:
        page = text(client.get(address))
        seen += [line.split("/cases/")[1].split("/")[0] for line in lines(page)]
        more = page.split('<a class="btn quiet" href="')
        address = more[1].split('"')[0].replace("&amp;", "&") if len(more) > 1 else ""
    assert len(seen) == 120 == len(set(seen))


@pytest.mark.parametrize(
    "query", ["after=xx", "after=WzEsIngiLDNd", "queue=x&level=y&standard=z&place=q&family=a", "queue=done&after=WyJ4IiwxXQ=="]
)
def test_an_address_that_was_tampered_with_is_the_first_page(desk: Loop, as_: As, query: str) -> None:
    desk.told()
    assert as_("secretary").get(f"/cases/?{query}").status_code == 200


def test_the_pages_speak_chinese(desk: Loop, as_: As) -> None:
    desk.told(level="red")
    page = text(as_("secretary", zh=True).get("/cases/"))
    assert all(word in page for word in ("我的工作", "待本岗位办理", "交办", "预警线索", "自主申报")) and "Put into" not in page
