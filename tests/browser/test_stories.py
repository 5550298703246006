"""The five stories of the sample, each walked from the first screen to the page that tells it; and a week that passes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from anju.sample.families import CLOSING_WORKERS, CLOSING_WORKSHOP, GIRL, ILLNESS, THRIVING
from browser.served import Look, Served, opened
from browser.watching import Watch

ENGLISH, CHINESE = Look("en", "dark", 1280), Look("zh", "light", 390)


@dataclass
class Told:
    """A story's page as somebody reads it."""

    page: Page
    watch: Watch

    def card(self, title: str) -> str:
        return self.page.locator("section.card", has=self.page.get_by_role("heading", name=title)).first.inner_text()

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def light(self, name: str) -> str:
        return self.page.locator(".light", has_text=name).inner_text()


@pytest.fixture
def tell(browser: Browser, served: Served) -> Iterator[Any]:
    contexts = []

    def walk(title: str, look: Look = ENGLISH) -> Told:
        context = opened(browser, served, look)
        contexts.append(context)
        page = context.new_page()
        watch = Watch(page)
        page.goto("/")
        stories = page.locator("section[aria-labelledby=stories]")
        stories.locator("button", has=page.locator(".who", has_text=re.compile(f"^{re.escape(title)}$"))).click()
        page.wait_for_load_state()
        watch.look()
        assert not watch.wrong, "\n".join(watch.wrong)
        return Told(page, watch)

    yield walk
    for context in contexts:
        context.close()


def truth(served: Served) -> dict[str, Any]:
    (file,) = (served.deployment.data / "sample").glob("*/truth.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {story["code"]: story for story in found["stories"]}


def test_the_girl_off_the_roll(tell: Any) -> None:
    told = tell("The girl off the roll")
    assert "Being put right" in told.light("Compulsory education")
    assert "In place" in told.light("Basic medical care")
    assert "▲ Red" in told.card("Not in place")
    assert "Not in school" in told.card("Not in place")
    assert "School roll: status no row" in told.card("Not in place")
    assert "Daughter" in told.card("Members")
    assert "册亨县" in told.card("Before and after the move")
    assert GIRL.members[2].name not in told.text, "names are masked"


def test_her_cousin_is_raised_through_an_old_number(tell: Any) -> None:
    told = tell("Her cousin")
    assert "School roll: status no row" in told.card("Not in place")


def test_the_first_screen_tells_the_girls_story_in_four_lines(browser: Browser, served: Served) -> None:
    context = opened(browser, served, ENGLISH)
    page = context.new_page()
    page.goto("/")
    lines = page.locator(".card", has=page.locator("#story")).locator(".lines p")
    assert [line.inner_text().split(".")[0] for line in lines.all()] == [
        "Whom it is about", "What was promised", "Because of what", "Whose matter it is",
    ]  # fmt: skip
    expect(page.locator(".missing")).to_contain_text("Weeks present in a row ≥ 4")
    page.get_by_role("button", name="Open the case as its first secretary").click()
    expect(page).to_have_url(re.compile(r"/cases/\d+/$"))
    expect(page.locator("main")).to_contain_text("What closing needs")
    context.close()


def test_illness_and_lost_work(tell: Any, served: Served) -> None:
    told = tell("Illness and lost work")
    broken = told.card("Not in place")
    for code in truth(served)["illness-and-lost-work"]["standards"]:
        assert code in broken
    for reason in ("Labour members in work 0", "68,500.00 yuan", "Hospital bills do not push your family into hardship."):
        assert reason in broken
    assert told.page.locator("h1").inner_text() == f"The family of 班** · {len(ILLNESS.members)} people"
    assert "Not in place" in told.light("Basic medical care"), "help was given and the case is closed; the bills of the year stay"


def test_bad_water_is_one_alert_of_the_site_for_all_its_families(tell: Any) -> None:
    told = tell("Bad water")
    assert re.search(r"Drinking-water safety · \S+ · \d+ households", told.text)
    because = told.card("Because of")
    assert re.search(r"samples\s+4", because)
    assert re.search(r"samples failed\s+2", because)
    assert "Water Bureau" in told.card("Who has it")


def test_next_door_the_report_is_late_and_nothing_is_known(tell: Any) -> None:
    told = tell("Next door")
    assert "Not known" in told.light("Safe drinking water")
    assert re.search(r"Water supply of Water Bureau is missing, last received \d{4}-\d\d-\d\d", told.card("Not known"))
    assert "Nothing is known to be missing." in told.card("Not in place")


def test_the_workshop_closes(tell: Any) -> None:
    told = tell("The workshop closes")
    assert CLOSING_WORKSHOP in told.text
    because = told.card("Because of")
    assert re.search(r"Employer: status\s+closed", because)
    assert re.search(rf"The month before: relocated headcount\s+{CLOSING_WORKERS}", because)


def test_a_family_that_thrives(tell: Any) -> None:
    told = tell("A family that thrives")
    assert told.page.locator("h1").inner_text() == f"The family of 韦** · {len(THRIVING.members)} people"
    assert told.page.locator(".light.met").count() == 4
    assert "Nothing that was promised is missing." in told.card("Not in place")
    assert "moved in 2018-06" in told.text


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("不在学籍上的女孩", "未落实"), ("她的堂妹", "学籍"), ("大病与失业", "68,500.00"), ("不合格的水", "水质"), ("隔壁小区", "待核实"),
        ("关门的车间", CLOSING_WORKSHOP), ("红火的一家", "已落实"),
    ],
)  # fmt: skip
def test_each_story_in_chinese_on_a_phone(tell: Any, title: str, says: str) -> None:
    assert says in tell(title, CHINESE).text


def test_a_week_passes_and_the_page_says_why_a_light_changed(browser: Browser, sample: Path, tmp_path: Path) -> None:
    server = Served(sample, tmp_path / "data")
    try:
        context = opened(browser, server, ENGLISH)
        page = context.new_page()
        watch = Watch(page)
        page.goto("/")
        expect(page.locator(".pill.sample")).to_contain_text("2023-09-26")
        before = page.locator(".tile .n").all_inner_texts()
        page.get_by_role("button", name="Let a week pass").click()
        expect(page.locator("h1")).to_contain_text("A week is passing")
        assert page.locator("progress").count() == 1
        watch.look()
        expect(page.locator("h1")).to_have_text("It is 2023-10-03", timeout=120_000)  # the page looks again by itself
        watch.look()
        changes = page.locator(".card .std")
        assert changes.count() > 1
        for change in changes.all():
            assert re.search(r"(Red|Orange|Yellow|Blue)", change.inner_text())
            assert re.search(r"Because of: \S+", change.inner_text())
        page.get_by_role("button", name=re.compile("^Family H")).first.click()
        assert page.locator(".light.breached").count() >= 1
        assert "Because of" in page.locator("main").inner_text()
        page.goto("/")
        expect(page.locator(".pill.sample")).to_contain_text("2023-10-03")
        assert page.locator(".tile .n").all_inner_texts() != before
        assert not watch.wrong, "\n".join(watch.wrong)
        context.close()
    finally:
        server.end()
