"""Nothing typed is lost: a closed tab, an expired session; and nothing stays that should not: what was sent, numbers, sign-out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from browser.served import Served, come_in, opened

STORED = "JSON.stringify(localStorage)"


@pytest.fixture
def page(browser: Browser, served: Served) -> Page:
    context = opened(browser, served, role="administrator")
    page = context.new_page()
    page.goto("/accounts/new/")
    return page


def test_what_was_typed_is_there_after_the_tab_was_closed_and_gone_when_it_was_sent(page: Page) -> None:
    page.fill("#display_name", "罗春燕")
    again = page.context.new_page()
    page.close()
    again.goto("/accounts/new/")
    assert again.input_value("#display_name") == "罗春燕"
    again.fill("#username", "draft.test")
    again.click("main button.btn")
    again.wait_for_selector("code.secret")
    assert again.evaluate("localStorage.length") == 0


def test_nothing_as_long_as_an_identity_number_is_stored(page: Page) -> None:
    page.fill("#display_name", "5223 0119 9001 0112 3X")
    page.fill("#username", "kept")
    assert "kept" in page.evaluate(STORED) and "5223" not in page.evaluate(STORED)


def test_an_expired_session_costs_nothing_and_signing_out_takes_it_away(page: Page) -> None:
    page.fill("#display_name", "Late One")
    page.fill("#username", "late.one")
    page.context.clear_cookies(name="sessionid")
    page.click("main button.btn")
    page.wait_for_url("**/sign-in/**")
    come_in(page.context, "administrator")
    page.goto("/accounts/new/")
    assert (page.input_value("#display_name"), page.input_value("#username")) == ("Late One", "late.one")
    page.click("form[data-leave] button")
    page.wait_for_load_state()
    assert page.evaluate("localStorage.length") == 0
