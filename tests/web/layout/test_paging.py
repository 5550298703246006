"""Keyset pages keep their filters, and a cursor from elsewhere is the first page."""

from __future__ import annotations

from django.test import RequestFactory

from anju.web.layout.paging import address, cursor_of, page_of

GET = RequestFactory().get


def test_the_next_page_keeps_the_filters() -> None:
    request = GET("/alerts/", {"level": "red"})
    page = page_of(request, [1, 2, 3], ("/1/2/", 2), size=2)
    assert page.rows == [1, 2]
    assert page.more is not None and "level=red" in page.more
    assert cursor_of(GET(page.more), 2) == ("/1/2/", 2)
    assert page.first and not page_of(GET(page.more), [3], None, size=2).first


def test_the_last_page_has_no_next() -> None:
    assert page_of(GET("/alerts/"), [1, 2], ("/1/", 2), size=2).more is None


def test_a_cursor_that_was_tampered_with_is_the_first_page() -> None:
    for text in ("x", "e30=", "WzFd", "%%%"):
        assert cursor_of(GET("/alerts/", {"after": text}), 2) is None


def test_a_filter_is_set_and_taken_away() -> None:
    request = GET("/alerts/", {"level": "red", "after": "abc"})
    assert address(request, level=None) == "/alerts/"
    assert address(request, standard="ED-01") == "/alerts/?level=red&standard=ED-01"
