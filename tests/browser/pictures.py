"""Takes the pictures of the documents anew, of a sample of 20,000 people, in both languages:

PYTHONPATH=src:tests python -m browser.pictures [DATA [PICTURE …]]

DATA: a data folder filled by `anju demo`, built anew without one; PICTURE: the names of some pictures only, as 'household'.
Those of the first screen and of the situation are of the whole prefecture, as `make run` leaves it when its history is judged.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import django
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from anju.sample.families import GIRL
from browser.answering import link_of_a_case
from browser.crawling import LINKS, named, walk
from browser.png import read_png, write_small
from browser.served import Look, Served, built, launch, opened
from browser.watching import Watch
from deployment import ROOT

PICTURES = ROOT / "docs" / "pictures"
PHONE, DESK, TALLEST = 390, 1080, 1500
ASKED = "HS-03"  # the standard of the case about which a family is asked
STORIES = "section[aria-labelledby=stories] form"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page under the name of its address, as `role` sees it; `story`: the page that this story of the first screen opens.
    `case`: that of the family under this code. `via`: an address, then the names of pages, each reached by its first link on the one
    before, where the first page of that name that a walk meets is not the one to be shown."""

    name: str
    role: str
    width: int = DESK
    story: int | None = None
    theme: str = "light"
    picture: str = ""
    case: str = ""  # the case of the family of this code
    query: str = ""
    via: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.picture or self.name}.png"


OPEN = "?queue=open"
SHOTS = (
    Shot("first_screen", ""), Shot("sign_in", "", PHONE),
    # what waits, and one matter of it
    Shot("cases", "county_bureau", query=OPEN), Shot("cases", "street", PHONE, query=OPEN, picture="cases_on_a_phone"),
    Shot("case", "county_department", case=GIRL.code), Shot("case", "grid_worker", PHONE, case=GIRL.code, picture="case_on_a_phone"),
    Shot("hand_over", "county_bureau"), Shot("instructions", "county_bureau"), Shot("supervision", "prefecture_bureau"),
    Shot("case_link", "prefecture_bureau"), Shot("answer", "", PHONE),
    Shot("work", "grid_worker", PHONE, via=("/work/?queue=taken",)), Shot("work", "prefecture_bureau", picture="work_at_a_desk"),
    Shot("alert", "grid_worker", PHONE, via=("/work/?queue=taken", "alert")),
    Shot("mute_new", "first_secretary", via=("/work/?queue=taken", "alert", "mute_new")), Shot("mutes", "county_bureau"),
    # at the door, and what comes to light there
    Shot("visits", "street", PHONE, query="?state=made&whose=all"), Shot("visit_new", "grid_worker", PHONE),
    Shot("visits_call", "grid_worker", PHONE), Shot("visits_plan", "street"), Shot("visit_forms", "data_steward"),
    Shot("report_new", "street_head", PHONE), Shot("reports", "prefecture_bureau"), Shot("report", "prefecture_bureau"),
    # families
    Shot("households", "grid_worker", PHONE, query="?q=罗"), Shot("household", "grid_worker", PHONE, picture="household_on_a_phone"),
    Shot("household", "first_secretary", story=0), Shot("households", "leader", picture="refused"),
    Shot("monitoring", "prefecture_bureau"), Shot("monitoring_listing", "prefecture_bureau"),
    # how it stands, and by what
    Shot("situation", "leader"), Shot("situation", "leader", theme="dark", picture="situation_in_the_dark"),
    Shot("situation_families", "county_bureau"), Shot("standards", "policy_officer"), Shot("standard", "policy_officer"),
    Shot("standard_sql", "policy_officer"), Shot("standard_subjects", "county_bureau"), Shot("baselines", "prefecture_bureau"),
    # what departments send
    Shot("scoreboard", "prefecture_bureau"), Shot("deliveries", "county_department"), Shot("receipts", "county_department"),
    Shot("receipt", "county_department"), Shot("set_aside", "data_steward"), Shot("upload_new", "county_department"),
    Shot("receipt_withdraw", "county_department"),
    # one's own, the office, the audit
    Shot("account", "grid_worker", PHONE), Shot("notices", "grid_worker", PHONE), Shot("channels", "grid_worker", PHONE),
    Shot("accounts", "administrator"), Shot("calendar", "administrator"), Shot("tasks", "administrator"),
    Shot("journal", "auditor"), Shot("journal_looks", "auditor"), Shot("audit", "auditor"),
    Shot("audit_register", "auditor", via=("/audit/ends/",)), Shot("api", "data_steward"),
)  # fmt: skip


def take(browser: Browser, served: Served, language: str, shots: tuple[Shot, ...]) -> list[str]:
    """Takes them; returns the names of those whose page nobody's links reach."""
    missing, found = [], {}
    for role in dict.fromkeys(shot.role for shot in shots):
        context = opened(browser, served, Look(language), role)
        page = context.new_page()
        found[role] = dict(walk(page, Watch(page)))
        context.close()
    for shot in shots:
        context = opened(browser, served, Look(language, shot.theme, shot.width), shot.role)
        page = context.new_page()
        if shot.name == "answer":
            found[""] |= {"answer": _answer(browser, served, language)}
        if not _go(page, shot, found[shot.role] | _cases(served, shot)):
            missing.append(shot.file.removesuffix(".png"))
        else:
            _shoot(context, page, PICTURES / language / shot.file)
        context.close()
    return missing


def _answer(browser: Browser, served: Served, language: str) -> str:
    """A link that a family has in its hands."""
    office = opened(browser, served, Look(language), "prefecture_bureau")
    link = link_of_a_case(office.new_page(), ASKED)
    office.close()
    return link


def _cases(served: Served, shot: Shot) -> dict[str, str]:
    home = f"SELECT id FROM people_household WHERE household_code = '{shot.case}'"  # noqa: S608
    rows = served.deployment.rows(f"SELECT id FROM cases_case WHERE household_id = ({home}) ORDER BY id")  # noqa: S608
    return {shot.name: f"/cases/{rows[0][0]}/"} if shot.case and rows else {}


def _go(page: Page, shot: Shot, found: dict[str, str]) -> bool:
    if shot.story is not None:
        page.goto("/")
        action = page.locator(STORIES).nth(shot.story).locator("input[name=next]").get_attribute("value")
        page.goto(action or "/")
        return True
    if shot.name == "case_link":
        return bool(link_of_a_case(page, ASKED))
    if shot.via:
        page.goto(shot.via[0])
        return all(_follow(page, name) for name in shot.via[1:])
    addresses = {"households": "/households/", "api": "/api/v1/"} | found
    if shot.name not in addresses:
        return False
    page.goto(addresses[shot.name] + shot.query)
    return True


def _follow(page: Page, name: str) -> bool:
    """Opens the first page of that name that a link leads to."""
    address = next((link for link in page.evaluate(LINKS) if named(urlsplit(urljoin(page.url, link)).path) == name), None)
    if address is not None:
        page.goto(address)
    return address is not None


def _shoot(context: BrowserContext, page: Page, path: Path) -> None:
    width = page.viewport_size["width"] if page.viewport_size else DESK
    page.set_viewport_size({"width": width, "height": 200})
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
    write_small(read_png(page.screenshot()), path)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.settings")
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(sys.argv[1]) if len(sys.argv) > 1 else built(Path(folder) / "built", people=20_000, months=24).data
        served = Served(source, Path(folder) / "served")
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright)
                shots = tuple(shot for shot in SHOTS if not sys.argv[2:] or shot.file.removesuffix(".png") in sys.argv[2:])
                for language in ("en", "zh"):
                    missing = take(browser, served, language, shots)
                    print(f"{language}: {len(shots) - len(missing)} pictures" + (f"; not reached: {', '.join(missing)}" if missing else ""))
                browser.close()
        finally:
            served.end()


if __name__ == "__main__":
    main()
