"""One served sample for all tests of the pages; a browser for each file of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.served import Served, built, chromium, launch


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a sample that nobody serves: copies of it are."""
    chromium()
    data = tmp_path_factory.mktemp("sample") / "data"
    built(data)
    return data


@pytest.fixture(scope="session")
def served(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(sample, tmp_path_factory.mktemp("served") / "data")
    yield server
    server.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one file only: while Playwright is at work, Django refuses the database to other tests of the process."""
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()
