"""One family from the education bureau's file to the look-back, by five people in turn, each in a window of her own; time passes between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from anju.sample.families import GIRL
from browser.served import MONTHS, PEOPLE, Look, Served, opened
from browser.watching import Watch

OPEN = Callable[..., tuple[Page, Watch]]
HOME = f"SELECT id FROM people_household WHERE household_code = '{GIRL.code}'"  # noqa: S608
CASE = f"SELECT id FROM cases_case WHERE standard = 'ED-01' AND household_id = ({HOME})"  # noqa: S608
DESK, PHONE, PHONE_ZH = Look(), Look("en", "light", 390), Look("zh", "light", 390)


@pytest.fixture
def server(sample: Path, tmp_path: Path) -> Iterator[Served]:
    found = Served(sample, tmp_path / "data")
    yield found
    found.end()


@pytest.fixture
def window(browser: Browser, server: Served) -> Iterator[OPEN]:
    with ExitStack() as windows:

        def open_(role: str, look: Look = DESK) -> tuple[Page, Watch]:
            context = opened(browser, server, look, role)
            windows.callback(context.close)
            page = context.new_page()
            return page, Watch(page)

        yield open_


def pass_days(server: Served, days: int) -> None:
    server.deployment.anju("demo", "--people", str(PEOPLE), "--months", str(MONTHS), "--advance", str(days))


def standing(page: Page) -> dict[str, str]:
    """What closing needs: each line's words, and how it stands."""
    lines = page.locator("#gate li")
    return {line.locator(".what").inner_text(): line.get_attribute("class") or "" for line in lines.all()}


def send(page: Page, step: str, words: str = "") -> None:
    """Opens the form of a step where it is folded away, fills it and sends it."""
    form = page.locator(f"form[id^='f-{step}']").first
    folded = page.locator("details", has=form)
    if folded.count() and folded.first.get_attribute("open") is None:
        folded.first.locator("summary").first.click()
    if words:
        form.locator("textarea").first.fill(words)
    form.locator("button.btn").first.click()


def test_from_the_file_to_the_look_back(server: Served, window: OPEN) -> None:
    ((number,),) = server.deployment.rows(CASE)
    address = f"/cases/{number}/"

    worker, worker_watch = window("grid_worker", PHONE)  # what the bureau's roll brought is in her hands, and watched over
    worker.goto("/cases/?queue=observed")
    worker.locator(f"a[href='{address}']").first.click()
    worker_watch.look()
    assert worker.locator("ol.steps li").count() == 7
    expect(worker.locator(".next")).to_contain_text("never overdue")
    assert "waiting" in standing(worker).values()
    assert not worker.locator("form[id^='f-close']").count(), "who had it in hand does not close it"

    worker.locator(f"form[action='{address}make_link/']").first.evaluate("form => form.submit()")
    link = worker.locator("code.secret").inner_text()
    resident, resident_watch = window("", PHONE_ZH)
    resident.goto(link)
    resident_watch.look()
    resident.locator("button[value=solved]").click()
    expect(resident.locator(".promise")).to_contain_text("✓")

    department, department_watch = window("county_department")
    department.goto(address)
    send(department, "close", "孩子已返校")
    expect(department.locator("#gate .note.error")).to_contain_text("cannot be closed yet")
    department_watch.look()
    assert department.locator("textarea", has_text="孩子已返校").count(), "what was typed stays"
    assert re.search(r"/cases/\d+/", department.url)

    pass_days(server, 19)
    pass_days(server, 21)  # four weeks of attendance are in
    department.goto(address)
    assert "waiting" not in standing(department).values()
    send(department, "close", "学籍在册，连续四周到校")
    bureau, bureau_watch = window("county_bureau")
    bureau.goto(address)
    bureau_watch.look()
    assert [line for line, how in standing(bureau).items() if how != "done"] == ["The migration bureau approves"]
    send(bureau, "close")
    expect(bureau.locator(".next")).to_contain_text("Closed")

    pass_days(server, 28)
    pass_days(server, 2)  # a month later
    cadre, cadre_watch = window("cadre")
    cadre.goto(address)
    form = cadre.locator("form[id^='f-look_back']").first
    form.locator("input[value=yes]").check()
    form.locator("input[name=mode][value=door]").check()
    send(cadre, "look_back", "孩子在校，学习正常")
    expect(cadre.locator(".tl").first).to_contain_text("孩子在校，学习正常")
    cadre_watch.look()
    wrong = [*worker_watch.wrong, *resident_watch.wrong, *department_watch.wrong, *bureau_watch.wrong, *cadre_watch.wrong]
    assert not wrong, "\n".join(wrong)
