"""The family's answer, on a telephone: the slip that a worker shows, the page behind it, and the thanks; in both languages and themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from browser.answering import link_of_a_case
from browser.served import Look, Served, opened
from browser.watching import Watch

LOOKS = (Look("en", "light", 390), Look("zh", "dark", 390), Look("zh", "light", 1280), Look("en", "dark", 1280))


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_family_answers(browser: Browser, served: Served, look: Look) -> None:
    office = opened(browser, served, Look("en", "light", 1280), "county_bureau")
    link = link_of_a_case(office.new_page())
    office.close()
    context = opened(browser, served, look)
    page = context.new_page()
    watch = Watch(page)
    page.goto(link)
    watch.look()
    assert page.locator("button[name=answer]").count() == 3
    assert all(box["height"] >= 60 for one in page.locator("button[name=answer]").all() if (box := one.bounding_box()))
    page.locator("button[value=partly]").click()
    page.wait_for_selector(".promise")
    watch.look()
    with watch.expecting(404):
        page.goto(link)
        watch.look()
    context.close()
    assert not watch.wrong, "\n".join(watch.wrong)
