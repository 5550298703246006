"""The table of permissions on a filled deployment: whoever may open a page opens it, whoever may not is refused, and what lies
elsewhere answers exactly like what does not exist."""

from __future__ import annotations

import html
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import APIRequestContext, APIResponse, Browser, BrowserContext

from anju.apps.staff.permissions import ROLES
from anju.cli.permissions import addresses
from browser.crawling import named
from browser.served import Served, opened

PAGES = {one.name: one for one in addresses() if one.acts and not one.of_api}
LINK = re.compile(r"""<a[^>]*?\bhref="([^"]+)\"""")
NEVER = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|hx-headers=\'[^\']*\'|value="/[^"]*"|href="/sign-in/[^"]*"')
OF_ONE_PLACE = ("grid_worker", "cadre", "first_secretary", "street", "county_bureau")
IN_HOME, HOME = ("grid_worker", "cadre", "first_secretary"), "石榴社区"  # where the girl of the first story lives
WIDE = "prefecture_bureau"
LEADS_ON = ("notice_open",)  # counts as read, and goes on to what it is about
FORMS = {
    "reveal": "the family's page", "work_seen": "the queue", "alerts_take": "the queue", "mute_end": "what is put off",
    "upload": "a file being sent", "upload_drop": "a file being sent", "receipt_confirm": "a receipt that is held",
    "receipt_withdraw": "a receipt", "set_aside": "a receipt", "set_aside_reveal": "rows set aside", "set_aside_mend": "rows set aside",
    "set_aside_sheet": "rows set aside", "receipt_original": "a receipt", "account_act": "an account",
    "journal_check": "the journal", "journal_export": "the journal", "case_step": "a case", "case_attach": "a case", "case_link": "a case",
    "case_file": "a case with a file", "case_file_small": "a case with a file", "case_file_withdraw": "a case with a file",
    "audit_sample_sheet": "a sample drawn",
    "cases_bulk": "the queue",
    "cases_seen": "the queue",
    "instruction": "an instruction given",
    "instruction_answer": "an instruction",
    "monitoring_answer": "an objection",
    "monitoring_approve": "a listing",
    "monitoring_compare": "a listing",
    "monitoring_end": "a listing",
    "monitoring_measure": "a plan",
    "monitoring_measure_add": "a plan",
    "monitoring_notice": "a listing on notice",
    "monitoring_notice_new": "a listing that was reviewed",
    "monitoring_objection": "a notice",
    "monitoring_plan_review": "a plan",
    "monitoring_refuse": "a listing",
    "monitoring_review": "a listing",
    "monitoring_township": "a listing",
    "monitoring_verify": "a listing",
    "report_decide": "a report",
    "report_receipt": "a report that was sent",
    "report_take_up": "a report",
    "supervision_draw": "supervision",
    "task_act": "a background task that failed or waits",
    "visit": "a visit just recorded",
    "visit_form_end": "a form sent in",
    "visit_not_made": "a visit",
    "visit_record": "a visit that is planned",
    "visits_export": "a visit that was made",
    "visits_reassign": "visits",
}  # fmt: skip


@dataclass
class Walked:
    """What a role reached by links: addresses under the name of each page."""

    context: BrowserContext
    addresses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def ask(self) -> APIRequestContext:
        return self.context.request

    def get(self, address: str) -> APIResponse:
        return self.ask.get(address, max_redirects=0)


def walked(context: BrowserContext, url: str, most: int) -> Walked:
    """By plain requests; `most` addresses of each page."""
    found, waiting, seen = Walked(context), deque(["/"]), {"/"}
    while waiting:
        address = waiting.popleft()
        name = named(urlsplit(address).path)
        if len(found.addresses[name]) >= most:
            continue
        answer = found.get(address)
        if name in LEADS_ON and answer.status == 302:
            continue
        assert answer.status == 200, f"{address}: linked, and answers {answer.status}"
        found.addresses[name].append(address)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in LINK.findall(answer.text()):
            parts = urlsplit(urljoin(url + address, html.unescape(link)))
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            if f"{parts.scheme}://{parts.netloc}" == url and named(parts.path) and target not in seen:
                seen.add(target)
                waiting.append(target)
    return found


@pytest.fixture(scope="module")
def cast(browser: Browser, served: Served) -> Iterator[dict[str, Walked]]:
    found = {role: walked(opened(browser, served, role=role), served.url, 8 if role == WIDE else 1) for role in ROLES}
    yield found
    for one in found.values():
        one.context.close()


def shown(answer: APIResponse) -> str:
    return NEVER.sub("", answer.text())


def test_every_page_with_an_act_is_reached_by_somebody(cast: dict[str, Walked]) -> None:
    reached = {name for one in cast.values() for name in one.addresses}
    only_by_form = {name for name in PAGES if name not in reached}
    lost = sorted(only_by_form - set(FORMS))  # of FORMS a form leads there: it takes no GET, or belongs to one upload, row or number
    assert not lost, f"nobody's links lead to {lost}: link them, or say here which form does"
    assert set(FORMS) <= set(PAGES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_it_may_and_is_refused_the_rest(cast: dict[str, Walked], role: str) -> None:
    may, mine = ROLES[role].may, cast[role]
    others = defaultdict(list)
    for one in cast.values():
        for name, found in one.addresses.items():
            others[name] += found[:1]
    for name, one in PAGES.items():
        if one.open_to(may) and name in others:
            here = mine.addresses.get(name)
            answer = mine.get((here or others[name])[0])
            assert answer.status == 200 or not here and answer.status in (403, 404), f"{role} may {one.acts}: {name} {answer.status}"
        elif not one.open_to(may) and name in others:
            answer = mine.get(others[name][0])
            assert answer.status == 403, f"{role} may not {one.acts}: {others[name][0]} answers {answer.status}"
            assert "This page is not for the post you act in" in answer.text()


@pytest.mark.parametrize("role", OF_ONE_PLACE)
def test_what_lies_elsewhere_answers_like_what_does_not_exist(cast: dict[str, Walked], role: str) -> None:
    """Families, alerts, places that the prefecture sees: each is the role's own, or does not exist for it."""
    mine, tried = cast[role], 0
    for name, found in cast[WIDE].addresses.items():
        if name not in PAGES or not PAGES[name].open_to(ROLES[role].may):
            continue
        for address in found:
            kwargs = resolve(urlsplit(address).path).kwargs
            if not any(isinstance(value, int) for value in kwargs.values()) or address in mine.addresses[name]:
                continue
            answer = mine.get(address)
            nothing = mine.get(re.sub(r"/\d+/", "/987654321/", address))
            assert nothing.status == 404
            if answer.status == 200:
                assert role not in IN_HOME or HOME in answer.text(), f"{role} opened {address}"
                continue
            tried += 1
            assert (answer.status, shown(answer)) == (404, shown(nothing)), f"{role}: {address} says more than nothing"
            assert {k: v for k, v in answer.headers.items() if k not in ("date", "content-length", "set-cookie")}.keys() == {
                k for k in nothing.headers if k not in ("date", "content-length", "set-cookie")
            }
    assert tried > 3, f"the sample gives {role} nothing that lies elsewhere"


@pytest.mark.parametrize("address", ["/situation/?place=2", "/standards/ED-01/?place=2", "/situation/families/?place=2&state=put_right"])
def test_another_place_in_the_address_is_no_place(cast: dict[str, Walked], address: str) -> None:
    mine = cast["first_secretary"]
    answer, nothing = mine.get(address), mine.get(address.replace("place=2", "place=987654321"))
    assert (answer.status, shown(answer)) == (404, shown(nothing))
