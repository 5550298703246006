"""Every role walks every page it can reach, in both languages, both themes and two widths, each pair of them somewhere."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import pytest
from playwright.sync_api import Browser

from anju.apps.staff.permissions import ROLES
from browser.crawling import walk
from browser.served import Look, Served, opened
from browser.watching import Watch

# two looks for each role, so that each role meets both languages, both themes and both widths, and two roles every pair of them
LOOKS = (
    (Look("en", "light", 390), Look("zh", "dark", 1280)),
    (Look("en", "dark", 1280), Look("zh", "light", 390)),
    (Look("en", "light", 1280), Look("zh", "dark", 390)),
    (Look("en", "dark", 390), Look("zh", "light", 1280)),
)
WALKS = [(role, look) for nth, role in enumerate(["", *ROLES]) for look in LOOKS[nth % len(LOOKS)]]


def test_the_looks_cover_every_pair() -> None:
    settings = [(role, look.language, look.theme, look.width) for role, look in WALKS]
    for one, other in combinations(range(4), 2):
        values = [sorted({setting[k] for setting in settings}, key=str) for k in (one, other)]
        assert {(setting[one], setting[other]) for setting in settings} == set(product(*values))


@pytest.mark.parametrize(
    ("role", "look"),
    [
        pytest.param(role, look, id=f"{role or 'stranger'}-{look}", marks=pytest.mark.long if nth % 2 else ())
        for nth, (role, look) in enumerate(WALKS)
    ],
)
def test_every_page_of_a_role(browser: Browser, served: Served, role: str, look: Look) -> None:
    context = opened(browser, served, look, role)
    page = context.new_page()
    watch, names = Watch(page), Counter[str]()
    for name, _address in walk(page, watch):
        names[name] += 1
        watch.look()
    context.close()
    assert not watch.wrong, "\n".join(watch.wrong)
    assert names["first_screen"] == 1
    assert len(names) >= 2, names
