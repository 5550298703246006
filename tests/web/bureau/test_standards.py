"""Standards: in words, with limits and sources, how far they are kept, and who got which answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from anju.apps.people.vault import masked_name
from anju.apps.places.models import Place
from anju.core.standards.order import parameters_read
from anju.web.layout.current import policy
from tests.web.bureau.test_situation import text_of
from tests.web.bureau.world import as_

Places = dict[str, Place]


def test_every_standard_stands_under_its_domain(place: Places) -> None:
    text = text_of(as_("worker"), "/standards/")
    assert all(f'href="/standards/{code}/' in text for code in policy().standards)
    assert "Example values" in text and "60 of 120" in text


@pytest.mark.parametrize("code", sorted(policy().standards))
def test_every_standard_has_a_page_with_its_rule_and_its_statements(place: Places, code: str) -> None:
    text = text_of(as_("bureau"), f"/standards/{code}/")
    standard = policy().standards[code]
    assert standard.sentence.en.replace("'", "&#x27;") in text and "worked cases" in text
    assert all(policy().parameters[name].title.en.replace("'", "&#x27;") in text for name in parameters_read(policy(), code))
    assert "SELECT" in text_of(as_("worker"), f"/standards/{code}/sql/")


def test_the_limits_of_school_absence_are_found_through_its_features() -> None:
    assert parameters_read(policy(), "ED-01") == ["away_orange", "away_red", "school_entry_day"]


@pytest.mark.parametrize(
    ("who", "answer", "n"), [("secretary", "breached", 30), ("county", "unknown", 31), ("bureau", "met", 67), ("clerk", "met", 64)]
)
def test_a_number_of_a_standard_opens_those_it_counts_with_masked_names(place: Places, who: str, answer: str, n: int) -> None:
    client, address, found = as_(who), f"/standards/ED-01/{answer}/", 0
    page = text_of(client, "/standards/ED-01/")
    assert re.search(rf'href="{address}\?place=\d+">(?:(?!</a>).)*<div class="n">{n}</div>', page), page
    while address:
        text = text_of(client, address)
        found += text.count('class="q" href="/households/')
        assert masked_name("韦秀英") in text and "韦秀英" not in text
        more = re.search(r'class="btn quiet" href="([^"]+)"', text)
        address = more[1].replace("&amp;", "&") if more else ""
    assert found == n


@pytest.mark.parametrize(("who", "code", "status"), [
    ("secretary", "MH-02", 200), ("worker", "MH-02", 403), ("clerk", "MH-02", 403), ("clerk", "ED-01", 200), ("worker", "ED-01", 200),
    ("leader", "ED-01", 403), ("bureau", "MW-01", 200), ("county", "MW-01", 404), ("origin", "ED-01", 404),
])  # fmt: skip
def test_who_sees_names_by_need_to_know_and_by_department(place: Places, who: str, code: str, status: int) -> None:
    assert as_(who).get(f"/standards/{code}/breached/").status_code == status
    if status == 403:
        assert f"/standards/{code}/breached/" not in text_of(as_(who), f"/standards/{code}/")


def test_a_standard_or_an_answer_that_is_none_is_not_here(place: Places) -> None:
    for address in ("/standards/XX-99/", "/standards/XX-99/sql/", "/standards/XX-99/met/", "/standards/ED-01/perhaps/"):
        assert as_("bureau").get(address).status_code == 404, address


def test_what_lies_in_no_place_is_counted_for_the_whole_programme_only(place: Places) -> None:
    assert "8 of 9" in text_of(as_("bureau"), "/standards/") and "8 of 9" not in text_of(as_("county"), "/standards/")


@pytest.mark.parametrize(("address", "queries"), [("/standards/", 8), ("/standards/ED-01/", 10), ("/standards/ED-01/met/", 10)])
def test_the_number_of_queries_does_not_grow(
    place: Places, django_assert_num_queries: Callable[..., object], address: str, queries: int
) -> None:
    client = as_("bureau")
    client.get(address)
    with django_assert_num_queries(queries):  # type: ignore[attr-defined]
        client.get(address)
