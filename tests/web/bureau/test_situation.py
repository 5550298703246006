"""The situation: what it says, what it opens, and to whom it says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation

from anju.apps.cases.models import CaseCount
from anju.apps.findings.lookback import looking_back, looks_back
from anju.apps.findings.models import FamilyCount, Run
from anju.apps.findings.queries import last_runs_of_months
from anju.apps.people.models import Household
from anju.apps.places.models import Place
from anju.apps.staff.permissions import ROLES
from tests.web.bureau.world import FAMILIES, as_

Places = dict[str, Place]


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def tile(text: str, title: str) -> tuple[int, str]:
    """(number, address) of one of the four figures."""
    found = re.search(rf'<a class="tile" href="([^"]+)">(?:(?!</a>).)*{title}</span><div class="n">([\d,]+)', text)
    assert found, title
    return int(found[2].replace(",", "")), found[1].replace("&amp;", "&")


def listed(client: Client, address: str) -> int:
    """How many families a list shows on all its pages."""
    n = 0
    while address:
        text = text_of(client, address)
        n += len(re.findall(r'class="q" href="/households/\d+/"', text))
        more = re.search(r'class="btn quiet" href="([^"]+)"', text)
        address = more[1].replace("&amp;", "&") if more else ""
    return n


@pytest.mark.parametrize("who", ["bureau", "county", "secretary", "neighbour"])
def test_a_figure_is_the_number_of_families_it_opens(place: Places, who: str) -> None:
    client = as_(who)
    text = text_of(client, "/situation/")
    figures = [tile(text, title) for title in ("All in place", "Being put right", "Not known")]
    assert sum(n for n, _ in figures) == {"bureau": 132, "county": 127, "secretary": 120, "neighbour": 7}[who]
    assert [listed(client, address) for _, address in figures] == [n for n, _ in figures]


def test_a_light_opens_the_families_it_counts(place: Places) -> None:
    client = as_("secretary")
    found = re.search(r'href="([^"]+light=education%3Aout[^"]*)"><span class="out">▲ (\d+)', text_of(client, "/situation/"))
    assert found is not None and int(found[2]) == 30
    assert listed(client, found[1].replace("&amp;", "&")) == 30


def test_one_goes_down_from_the_unit_to_the_settlement(place: Places) -> None:
    text = text_of(as_("bureau"), f"/situation/?place={place['S1'].pk}")
    assert f"?place={place['C1'].pk}" in text and f"?place={place['C3'].pk}" not in text
    assert f"?place={place['U1'].pk}" in text  # the way back up


def test_the_neighbour_is_told_nothing(place: Places) -> None:
    client = as_("secretary")
    for address in ("/situation/?place={}", "/situation/families/?place={}&state=in_place", "/standards/?place={}", "/standards/ED-01/?place={}",
                    "/standards/ED-01/breached/?place={}"):  # fmt: skip
        other, nowhere = client.get(address.format(place["C2"].pk)), client.get(address.format(999))
        assert (other.status_code, nowhere.status_code) == (404, 404), address
        assert "place C2" not in other.content.decode()
    assert client.get("/situation/?place=x").status_code == 404


def test_a_stranger_is_asked_to_sign_in(place: Places) -> None:
    for address in ("/situation/", "/situation/families/?state=in_place", "/standards/", "/standards/ED-01/", "/standards/ED-01/sql/",
                    "/standards/ED-01/breached/", "/score-board/"):  # fmt: skip
        answer = Client(HTTP_HOST="127.0.0.1").get(address)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/"), address


def test_who_opens_no_family_sees_numbers_without_doors(place: Places) -> None:
    text = text_of(as_("leader"), "/situation/")
    assert '<div class="n">67</div>' in text and "/situation/families/" not in text
    assert as_("leader").get("/situation/families/?state=in_place").status_code == 403


def test_a_post_at_the_place_of_origin_is_told_where_its_families_are(place: Places) -> None:
    assert "where they came from" in text_of(as_("origin"), "/situation/")
    assert as_("origin").get("/situation/families/?state=in_place").status_code == 404


def test_a_family_that_lives_elsewhere_by_now_has_no_address(place: Places) -> None:
    Household.objects.filter(pk=3).update(place=place["C2"])
    text = text_of(as_("secretary"), "/situation/families/?state=put_right")
    assert "Has moved elsewhere since" in text and "/households/3/" not in text and "3-2-3<" not in text


@pytest.mark.parametrize(("who", "where", "n"), [("bureau", "P", 9), ("bureau", "U1", 5), ("secretary", "C1", 2), ("clerk", "U1", 4)])
def test_overdue_are_the_cases_of_the_place_that_are_past_their_day(place: Places, who: str, where: str, n: int) -> None:
    kept = {"P": 9, "U1": 5, "C1": 2}
    for code, number in kept.items():
        common = {"place_id": place[code].pk, "standard": "ED-01", "level": "red", "waits_on": "handle"}
        CaseCount.objects.create(owner="education", n=number - 1, overdue=True, **common)
        CaseCount.objects.create(owner="health", n=1, overdue=True, **common)
        CaseCount.objects.create(owner="education", n=7, **common)
    text = text_of(as_(who), f"/situation/?place={place[where].pk}")
    assert re.search(rf'Overdue</span><div class="n">{n}</div><div class="w">cases past their day', text)


def test_a_list_names_nobody(place: Places) -> None:
    assert "韦" not in text_of(as_("secretary"), "/situation/families/")


def test_it_says_what_changed_and_that_the_rules_did(place: Places) -> None:
    text = text_of(as_("secretary"), "/situation/")
    assert "120 families then, 60 now" in text and "not in place 0 then, 30 now; not known 0 then, 30 now" in text
    assert "The rules changed in between" in text


def trend_of(text: str) -> str:
    return text[text.index('id="trend"') : text.index("What changed since the last run")]


def test_the_months_are_a_picture_and_a_table_and_those_nobody_judged_are_said(place: Places) -> None:
    trend = trend_of(text_of(as_("secretary"), "/situation/"))
    assert trend.count("<svg") == 3 and trend.count("<rect") == 3 * 24
    assert "2 of 24 months are judged" in trend and "a pale column stands in their place" in trend
    assert trend.count('class="none"') == 3 * 22 and trend.count("<title>2021-10: not judged</title>") == 3
    assert "<title>2023-09: 60</title>" in trend and "All in place, month by month: between 60 and 120 families, 60 now." in trend
    assert trend.count("<tr>") == 25 and trend.count("<td>") + trend.count('<td class="nowrap">') == 24 + 2
    assert "hx-get" not in trend and "<progress" not in trend and "2023-08-31" in trend


def test_while_somebody_looks_back_it_says_how_far_and_looks_again(place: Places) -> None:
    lake = Path(settings.DATA) / "lake"
    before = Run.objects.order_by("pk")[0]
    july = Run.objects.create(
        day=date(2023, 7, 31), known_at=before.known_at, started_at=before.known_at, finished_at=before.known_at, folder="", replay=True
    )
    FamilyCount.objects.create(run=july, place_id=place["C1"].pk, in_place=100, put_right=15, not_known=5)
    with looking_back(lake):
        assert looks_back(lake)
        trend = trend_of(text_of(as_("secretary"), "/situation/"))
    assert not looks_back(lake)
    assert "3 of 24 months are judged" in trend and "are being judged now" in trend and 'hx-select="#trend"' in trend
    assert '<progress class="wide" value="3" max="24"' in trend
    assert "A month judged afterwards" in trend and trend.count(">afterwards</span>") == 1


def test_a_replay_stands_only_for_a_month_that_was_not_judged_in_its_time(place: Places) -> None:
    first, current = Run.objects.order_by("pk")
    common = {"known_at": first.known_at, "started_at": first.known_at, "finished_at": first.known_at, "folder": "", "replay": True}
    july = Run.objects.create(day=date(2023, 7, 31), **common)
    Run.objects.create(day=first.day, **common)  # August was judged in its time
    Run.objects.create(day=date(2023, 6, 30), **{**common, "finished_at": None})
    assert last_runs_of_months(current.day, 24) == [july, first, current]
    assert last_runs_of_months(current.day, 2) == [first, current]


def test_before_the_first_run_it_says_what_will_fill_it(place: Places) -> None:
    FamilyCount.objects.all().delete()
    Run.objects.all().delete()
    assert "Nothing has been judged yet" in text_of(as_("bureau"), "/situation/")


def test_a_state_or_light_that_is_none_is_not_here(place: Places) -> None:
    for query in ("state=happy", "light=moon:out", "light=water:bright", "light=water"):
        assert as_("bureau").get(f"/situation/families/?{query}").status_code == 404, query


def test_it_speaks_chinese(place: Places) -> None:
    client = as_("secretary")
    client.cookies["django_language"] = "zh-hans"
    with translation.override("zh-hans"):
        text = text_of(client, "/situation/")
    assert "统计口径" in text and "全部落实" in text and "How these" not in text


@pytest.mark.parametrize(
    ("who", "address", "first", "again"),
    [("bureau", "/situation/", 17, 12), ("secretary", "/situation/", 17, 12), ("bureau", "/situation/families/?state=in_place", 8, 8),
     ("secretary", "/situation/families/?state=in_place", 8, 8)],
)  # fmt: skip
def test_the_number_of_queries_does_not_grow(
    place: Places, django_assert_num_queries: Callable[..., object], who: str, address: str, first: int, again: int
) -> None:
    client = as_(who)
    for queries in (first, again, again):  # what the runs say is drawn once
        with django_assert_num_queries(queries):  # type: ignore[attr-defined]
            client.get(address)
    assert sum(FAMILIES.values()) == 132


def test_what_was_drawn_for_one_post_is_shown_to_nobody_with_fewer_rights(place: Places) -> None:
    address = f"/situation/?place={place['U1'].pk}"
    assert "light=" in text_of(as_("bureau"), address)  # doors to the families
    assert "light=" not in text_of(as_("leader"), address)
    assert "household.see" not in ROLES["leader"].may
    for who in ("neighbour", "origin"):
        assert as_(who).get(f"/situation/?place={place['C1'].pk}").status_code in (403, 404)
    assert "place C1" not in text_of(as_("neighbour"), "/situation/")
    assert Client(HTTP_HOST="127.0.0.1").get(address).status_code == 302


def test_what_was_drawn_is_drawn_anew_for_another_language_another_run_and_another_name(place: Places) -> None:
    client = as_("bureau")
    assert "Month by month" in text_of(client, "/situation/")
    client.cookies["django_language"] = "zh-hans"
    assert "Month by month" not in text_of(client, "/situation/")
    client.cookies["django_language"] = "en"
    Place.objects.filter(code="U1").update(name="renamed")
    assert "renamed" in text_of(client, "/situation/")
    FamilyCount.objects.filter(run__current=True, place_id=place["U1"].pk).update(in_place=4242)
    Run.objects.filter(current=True).update(finished_at=timezone.now())
    assert "4,242" in text_of(client, "/situation/")
