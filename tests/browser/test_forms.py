"""What people do on the pages, in a browser: searching, lifting a mask, taking on, putting off, sending a file, being refused;
and that nothing typed is lost, and all of it works without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.served import Look, Served, opened
from browser.watching import Watch

PHONE, CHINESE = Look("en", "light", 390), Look("zh", "dark", 1280)


@pytest.fixture
def come(browser: Browser, served: Served) -> Iterator[object]:
    contexts = []

    def as_(role: str, look: Look = PHONE) -> tuple[Page, Watch]:
        contexts.append(opened(browser, served, look, role))
        page = contexts[-1].new_page()
        return page, Watch(page)

    yield as_
    for context in contexts:
        context.close()


def fine(watch: Watch) -> None:
    watch.look()
    assert not watch.wrong, "\n".join(watch.wrong)


def first_alert(page: Page) -> str:
    page.goto("/work/")
    address = page.locator(".q a[href^='/work/alerts/']").first.get_attribute("href")
    assert address
    return address


@pytest.mark.parametrize("look", [PHONE, CHINESE], ids=str)
def test_a_refusal_says_where_to_go_on(come: object, look: Look) -> None:
    page, watch = come("leader", look)  # type: ignore[operator]
    for address, status in (("/households/", 403), ("/situation/?place=987654321", 404), ("/nothing/at/all/", 404)):
        with watch.expecting(status):
            answer = page.goto(address)
            assert answer.status == status
            fine(watch)
        assert page.locator("main .btn").count() >= 1


def test_a_wrong_password_keeps_the_name_and_says_whom_to_ask(come: object) -> None:
    page, watch = come("")  # type: ignore[operator]
    page.goto("/sign-in/?next=/work/")
    page.fill("input[name=username]", "nobody-here")
    page.fill("input[name=password]", "not the password")
    page.locator("main form button").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Ask your administrator")
    assert page.locator("input[name=username]").input_value() == "nobody-here"
    fine(watch)


def test_a_family_is_found_by_name_and_a_number_shown_for_a_reason(come: object) -> None:
    page, watch = come("first_secretary")  # type: ignore[operator]
    page.goto("/households/")
    page.fill("input[type=search]", "岑小芳")
    page.keyboard.press("Enter")
    page.locator("main a[href^='/households/']").first.click()
    expect(page.locator("h1")).to_contain_text("The family of 岑")
    page.get_by_text("Show a full number").click()
    page.get_by_role("button", name="Show", exact=True).first.click()
    expect(page.locator("main")).to_contain_text(re.compile(r"\d{17}[\dX]"))
    fine(watch)
    page.go_back()
    page.reload()
    expect(page.locator("main")).to_contain_text("saw a full number")


def test_a_number_typed_into_the_search_never_stands_in_the_address(come: object) -> None:
    page, watch = come("first_secretary")  # type: ignore[operator]
    page.goto("/households/")
    page.fill("input[type=search]", "522300201105209929")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "5223002011" not in page.url
    fine(watch)


def test_what_was_typed_is_there_after_the_tab_was_closed(come: object) -> None:
    page, watch = come("county_bureau")  # type: ignore[operator]
    address = first_alert(page)
    page.goto(address)
    page.locator("#take").locator("xpath=preceding-sibling::summary").click()  # it has a case, which is the first way
    page.fill("#comment", "I go and see the family tomorrow")
    again = page.context.new_page()
    page.close()
    again.goto(address)
    assert again.locator("#comment").input_value() == "I go and see the family tomorrow" and again.locator("#comment").is_visible()
    assert not watch.wrong


def test_several_alerts_are_shown_once_more_before_they_are_taken(come: object) -> None:
    page, watch = come("prefecture_bureau", CHINESE)  # type: ignore[operator]  # in the sample most alerts have a case, and are taken with it
    page.goto("/work/")
    boxes = page.locator("input[name=numbers]")
    assert boxes.count() >= 2
    for nth in range(2):
        boxes.nth(nth).check()
    page.locator("form[action='/work/take/'] .btn").last.click()
    fine(watch)
    page.locator("main form .btn").first.click()
    expect(page.get_by_role("status").first).to_contain_text("2")
    fine(watch)


def test_reminders_are_put_off_for_a_reason_and_back_again(come: object) -> None:
    page, watch = come("prefecture_bureau")  # type: ignore[operator]
    page.goto(first_alert(page))
    page.get_by_role("link", name="Put reminders off").click()
    fine(watch)
    page.fill("#reason", "The family is away until the harvest is in")
    page.get_by_role("button", name="Show what it would hide").click()
    expect(page.get_by_role("heading", name="This would be put off")).to_be_visible()
    fine(watch)
    page.get_by_role("button", name="Put off", exact=True).click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.goto("/work/mutes/")
    expect(page.locator("main")).to_contain_text("The family is away until the harvest is in")
    fine(watch)


def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(come: object, tmp_path: Path) -> None:
    page, watch = come("county_department", CHINESE)  # type: ignore[operator]
    file = tmp_path / "roll.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    page.goto("/deliveries/new/")
    page.set_input_files("input[type=file]", str(file))
    with watch.expecting(400):
        page.locator("main form button.btn").first.click()
        page.wait_for_url(re.compile("/deliveries/"))
        expect(page.locator("main")).to_contain_text("roll.csv")
        fine(watch)


def test_an_alert_is_taken_without_javascript(browser: Browser, served: Served) -> None:
    signed = opened(browser, served, PHONE, "prefecture_bureau")
    context = browser.new_context(base_url=served.url, java_script_enabled=False, storage_state=signed.storage_state())
    page = context.new_page()
    page.goto(first_alert(page))
    page.locator("#take").locator("xpath=preceding-sibling::summary").click()
    page.fill("#comment", "taken by hand")
    page.get_by_role("button", name="Take it on").click()
    expect(page.locator("main")).to_contain_text("taken by hand")
    context.close()
    signed.close()
