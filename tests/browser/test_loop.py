"""One family from the education bureau's file to the look-back: by five people in turn and the family itself, each in a window of her own,
while weeks pass. Nobody of the sample touches the case: what a visitor has begun is left to her."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.served import MONTHS, PEOPLE, Look, Served, opened
from browser.watching import Watch

OPEN = Callable[..., tuple[Page, Watch]]
CASE = """SELECT c.id, p.path FROM cases_case c JOIN places_place p ON p.id = c.place_id
          WHERE c.standard = 'ED-01' AND c.level = 'orange' AND c.waits_on = 'assign' AND p.level = 'grid' ORDER BY c.id LIMIT 1"""
# who: the post, how many steps above the family's grid it is held, and in which department
POSTS = {
    "secretary": ("first_secretary", 1, ""), "worker": ("grid_worker", 0, ""), "officer": ("county_department", 3, "education"),
    "street": ("street", 2, ""), "cadre": ("cadre", 1, ""),
}  # fmt: skip
PASSWORD = "walnut-grove-2023"
HIRE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "anju.settings"
import django; django.setup()
from datetime import UTC, date, datetime
from anju.apps.places.models import Place
from anju.apps.staff.actions import give_post, open_account
from anju.apps.staff.models import Post
name, role, place, department, password = sys.argv[1:]
at = datetime(2023, 9, 1, tzinfo=UTC)
account = open_account(username=name, display_name=name, password=password, by="test", at=at)
account.must_change_password = False
account.save()
give_post(account=account, role=role, place=Place.objects.get(pk=place), side=Post.DESTINATION, department=department, by="test", at=at,
          start=date(2023, 1, 1))
"""
DESK, PHONE, PHONE_ZH = Look(), Look("en", "light", 390), Look("zh", "light", 390)


@pytest.fixture
def server(sample: Path, tmp_path: Path) -> Iterator[Served]:
    found = Served(sample, tmp_path / "data")
    yield found
    found.end()


@pytest.fixture
def window(browser: Browser, server: Served) -> Iterator[OPEN]:
    with ExitStack() as windows:

        def open_(who: str, look: Look = DESK) -> tuple[Page, Watch]:
            context = opened(browser, server, look)
            windows.callback(context.close)
            page = context.new_page()
            if who:
                page.goto("/sign-in/")
                page.fill("#id_username", who)
                page.fill("#id_password", PASSWORD)
                page.locator("main button.btn").click()
                page.wait_for_url(lambda address: "sign-in" not in address)
            return page, Watch(page)

        yield open_


def hire(server: Served, path: str) -> None:
    above = [part for part in path.split("/") if part]
    for name, (role, steps, department) in POSTS.items():
        words = [name, role, above[-1 - steps], department, PASSWORD]
        subprocess.run([sys.executable, "-c", HIRE, *words], env=server.deployment.environment, check=True)


def pass_days(server: Served, *spans: int) -> None:
    for days in spans:
        server.deployment.anju("demo", "--people", str(PEOPLE), "--months", str(MONTHS), "--advance", str(days))


def standing(page: Page) -> dict[str, str]:
    """What closing needs: each line's words, and how it stands."""
    lines = page.locator("#gate li").all()
    return {line.locator(".what").inner_text(): line.get_attribute("class") or "" for line in lines}


def send(page: Page, step: str, **given: str) -> None:
    """Opens the form of a step where it is folded away, fills it in and sends it."""
    form = page.locator(f"form[id^='f-{step}']").first
    folded = page.locator("details", has=form)
    if folded.count() and folded.first.get_attribute("open") is None:
        folded.first.locator("summary").first.click()
    for name, value in given.items():
        field = form.locator(f"[name={name}]").first
        kind = field.get_attribute("type")
        if kind == "radio":
            form.locator(f"[name={name}][value={value}]").check()
        elif kind == "file":
            field.set_input_files(value)
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button.btn").first.click()


@pytest.mark.long
def test_from_the_file_to_the_look_back(server: Served, window: OPEN, tmp_path: Path) -> None:
    ((number, path),) = server.deployment.rows(CASE)
    hire(server, str(path))
    address = f"/cases/{number}/"
    picture = tmp_path / "at-school.png"

    secretary, secretary_watch = window("secretary")  # what the file said stands on the case; she gives it to the worker of the grid
    secretary.goto(address)
    assert "School days away in a row" in secretary.locator("main").inner_text()
    secretary.locator("form#f-assign label.choice", has_text="worker").first.locator("input").check()
    send(secretary, "assign")
    secretary_watch.look()

    secretary.screenshot(path=picture)

    worker, worker_watch = window("worker", PHONE)
    worker.goto("/cases/")
    worker.locator(f"a[href='{address}']:visible").first.click()
    worker_watch.look()
    send(worker, "verify", found="confirmed", mode="door", words="入户核实：孩子感冒后一直未返校")

    officer, officer_watch = window("officer")
    officer.goto(address)
    send(officer, "judge", outcome="handle", reason="情况属实，请学校与家长督促返校")
    officer_watch.look()

    worker.goto(address)
    send(worker, "plan_measure", text="班主任家访，家长每日送学", owner="worker", due_on="2023-10-10")
    send(worker, "finish_measure", done_on="2023-09-26", result="家长已送孩子返校")
    send(worker, "attach", files=str(picture))
    send(worker, "feed_back", words="已返校，按周关注")
    street, street_watch = window("street")
    street.goto(address)
    send(street, "sign")
    street_watch.look()

    worker.goto(address)
    assert not worker.locator("form[id^='f-close']").count(), "who had it in hand does not close it"
    send(worker, "make_link")
    link = worker.locator("code.secret").inner_text()
    worker_watch.look()
    family, family_watch = window("", PHONE_ZH)  # no account, in Chinese, on a phone
    family.goto(link)
    family_watch.look()
    family.locator("button[value=solved]").click()
    expect(family.locator(".promise")).to_contain_text("✓")

    officer.goto(address)
    with officer_watch.expecting(400):
        send(officer, "close", reason="孩子已返校")
        expect(officer.locator("#gate .note.error")).to_contain_text("cannot be closed yet")
    assert [words for words, how in standing(officer).items() if how == "waiting"] == ["The data say it is solved, on rows after the measure"]
    assert officer.locator("blockquote.typed, textarea", has_text="孩子已返校").count(), "what was typed stays"
    officer_watch.look()

    pass_days(server, 19, 21)  # four weeks of attendance have come in
    officer.goto(address)
    assert [words for words, how in standing(officer).items() if how != "done"] == ["The county department approves"]
    send(officer, "close", reason="连续四个教学周到校")
    expect(officer.locator(".next")).to_contain_text("Closed")

    pass_days(server, 28, 2)
    cadre, cadre_watch = window("cadre")
    cadre.goto(address)
    send(cadre, "look_back", holds="yes", mode="door", words="孩子在校，学习正常")
    expect(cadre.locator(".tl").first).to_contain_text("孩子在校，学习正常")
    cadre_watch.look()
    watches = (secretary_watch, worker_watch, officer_watch, street_watch, family_watch, cadre_watch)
    wrong = [fault for watch in watches for fault in watch.wrong]
    assert not wrong, "\n".join(wrong)
