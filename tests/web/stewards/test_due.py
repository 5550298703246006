"""What was due and what came: whose it is to see, what a late delivery makes unknown, and that every number opens its list."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from anju.apps.findings.models import Attainment
from anju.apps.places.models import Place
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_, deliver
from tests.web.stewards.conftest import Office


def month(n: int) -> int:
    return 2023 * 12 + n - 1


@pytest.fixture
def came(office: Office) -> Office:
    """F06 by month, due ten days after it: U1 has sent August, U2 holds it back, and F13 of U1 is late; the roll of U1 has rows to mend."""
    deliver("F06", "U1", date(2023, 9, 5), month(8), refused=0)
    deliver("F06", "U2", date(2023, 8, 5), month(7), refused=0)
    deliver("F06", "U2", date(2023, 9, 5), month(8), held_reason="30 rows where the last delivery had 100: more than 20% are gone")
    deliver("F13", "U1", date(2023, 8, 4), refused=0)
    deliver("F13", "U2", date(2023, 9, 4), refused=0)
    office.roll()
    office.judged()
    return office


def lines(text: str) -> list[str]:
    return re.findall(r'<div class="q pick line"><div class="body"><div class="a"><b>([^<]+)</b>', text)


def test_it_works(came: Office) -> None:
    text = text_of(as_("steward"), "/deliveries/")
    assert lines(text)[0] == "Medical insurance · place U1"
    assert "21 days late" in text
    assert "30 rows where the last delivery had 100: more than 20% are gone" in text
    assert "Mend 3 rows" in text


@pytest.mark.parametrize("state", ["late", "held", "mend", "came"])
def test_a_number_opens_the_lines_it_counts(came: Office, state: str) -> None:
    client = as_("steward")
    found = re.search(rf'<a class="tile" href="([^"]*state={state})"><span class="k">.*?<span class="n">(\d+)', text_of(client, "/deliveries/"))
    assert found is not None
    assert len(lines(text_of(client, found[1]))) == int(found[2]) > 0


def test_a_late_delivery_says_what_it_makes_unknown(came: Office) -> None:
    place = Place.objects.get(code="U1")
    run = Attainment.objects.filter(run__current=True).first()
    assert run is not None
    Attainment.objects.filter(run__current=True, standard="MH-01").delete()
    Attainment.objects.create(run=run.run, standard="MH-01", place_id=place.pk, unknown=528)
    text = text_of(as_("steward"), "/deliveries/?state=late")
    assert "528 answers are not known" in text and f'/standards/MH-01/?place={place.pk}"' in text


def test_what_came_after_the_run_is_late_no_more(came: Office) -> None:
    deliver("F13", "U1", date(2023, 9, 27), refused=0)
    text = text_of(as_("steward"), "/deliveries/?feed=F13&unit=U1")
    assert "Came since; the next run counts it" in text and "days late" not in text


def test_a_county_department_sees_its_own_feeds_of_its_unit(came: Office) -> None:
    came.roll("U2")
    came.judged()
    text = text_of(as_("clerk"), "/deliveries/")
    assert lines(text) == ["School roll · place U1"]
    for address in ("?feed=F13", "?unit=U2", "?feed=F99", "?state=x", "?unit=all"):
        assert as_("clerk").get(f"/deliveries/{address}").status_code == 404, address
    assert {line.split(" · ")[1] for line in lines(text_of(as_("county"), "/deliveries/"))} == {"place U1"}


def test_who_may_not_see_deliveries_is_refused_and_a_stranger_asked_in(came: Office) -> None:
    assert as_("secretary").get("/deliveries/").status_code == 403
    assert Client(HTTP_HOST="127.0.0.1").get("/deliveries/")["Location"].startswith("/sign-in/")
    assert lines(text_of(as_("county"), "/deliveries/")) and "Send a file" not in text_of(as_("county"), "/deliveries/")


def test_before_the_first_run_nobody_is_late(office: Office) -> None:
    office.roll()
    text = text_of(as_("steward"), "/deliveries/")
    assert lines(text) == ["School roll · place U1"]


def test_nothing_at_all_says_what_to_do(office: Office) -> None:
    assert "Send the first file" in text_of(as_("steward"), "/deliveries/")


def test_many_lines_are_paged_without_losing_one(office: Office) -> None:
    for n in range(1, 32):
        deliver(["F06", "F07", "F13", "F16"][n % 4], f"S{n:02d}", date(2023, 9, 5), month(8), refused=0)
    client, address, seen = as_("steward"), "/deliveries/", []
    while address:
        text = text_of(client, address)
        seen += lines(text)
        more = re.search(r'<p><a class="btn quiet" href="([^"]+)">Next', text)
        address = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == 31


@pytest.mark.parametrize("who", ["steward", "clerk"])
def test_the_number_of_queries_does_not_grow(came: Office, who: str, django_assert_num_queries: Callable[..., object]) -> None:
    client = as_(who)
    client.get("/deliveries/")
    with django_assert_num_queries({"steward": 15, "clerk": 16}[who]):  # type: ignore[attr-defined]
        client.get("/deliveries/")
    for n in range(20):
        deliver("F09", "U1", date(2023, 9, 13), refused=n)
    with django_assert_num_queries({"steward": 15, "clerk": 16}[who]):  # type: ignore[attr-defined]
        client.get("/deliveries/")
