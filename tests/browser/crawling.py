"""Walks every page that a role's navigation and links reach: one address for each name of an address."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

from browser.watching import Watch

LINKS = "() => Array.from(document.querySelectorAll('a[href]')).filter(a => !a.hasAttribute('download')).map(a => a.getAttribute('href'))"
DEEPEST = 60  # pages of one role; more would mean that names are no longer few


def named(path: str) -> str:
    """The name of the address in the urlconf; '' where there is none."""
    try:
        return resolve(path).view_name or ""
    except Resolver404:
        return ""


def _open(page: Page, address: str) -> int:
    """The status of the answer; 0 for a file to be loaded down that is empty."""
    try:
        answer = page.goto(address)
        return answer.status if answer is not None else 0
    except Error as error:
        if "Download is starting" not in error.message:
            raise
    file = page.request.get(address)
    return file.status if file.body() else 0


def walk(page: Page, watch: Watch, start: str = "/") -> Iterator[tuple[str, str]]:
    """The name and the address of each page, while it is open in `page`."""
    waiting, seen = deque([start]), {named(start)}
    for _ in range(DEEPEST):
        if not waiting:
            return
        address = waiting.popleft()
        status = _open(page, address)
        if status != 200:
            watch.wrong.append(f"{address}: linked, and answers {status}" if status else f"{address}: linked, and is an empty file")
        if status != 200 or urlsplit(page.url).path != urlsplit(address).path:  # a file was loaded down: the page before is still open
            continue
        if page.evaluate("document.contentType") != "text/html":  # a photo, shown by itself
            continue
        yield named(urlsplit(page.url).path), address
        for link in page.evaluate(LINKS):
            parts = urlsplit(urljoin(page.url, link))
            name = named(parts.path)
            if parts.netloc == urlsplit(page.url).netloc and name and name not in seen:
                seen.add(name)
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
            elif parts.netloc == urlsplit(page.url).netloc and not name and not parts.path.startswith("/static/"):
                watch.wrong.append(f"{address}: links to {link}, which is no page")
    raise AssertionError(f"more than {DEEPEST} pages from {start}")
