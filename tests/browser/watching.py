"""What must not happen on a page: console messages, errors, failed requests, breaches of the content policy, anything that
keeps somebody out (axe-core), anything wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, Request, Response

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "resultTypes": ["violations"]}
WIDER = """() => {
  const wide = document.documentElement.clientWidth, found = [];
  const scrolls = (e) => { for (; e && e !== document.body; e = e.parentElement) {
    if (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)) return true; } return false; };
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect();
    if (box.width && box.right > wide + 1 && !scrolls(e.parentElement)) {
      const name = e.className && e.className.baseVal === undefined ? "." + e.className : "";
      found.push(e.tagName.toLowerCase() + name + " ends at " + Math.round(box.right) + " of " + wide);
    }
  }
  return document.documentElement.scrollWidth > wide ? (found.length ? found.slice(0, 3) : ["the page itself"]) : [];
}"""


class Watch:
    """Collects what went wrong on a page while it was loaded and used; `status` is what the page itself may answer."""

    def __init__(self, page: Page) -> None:
        self.page, self.wrong, self.expected = page, [], 200
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._wrong(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _wrong(self, what: str) -> None:
        self.wrong.append(f"{urlsplit(self.page.url).path}: {what}")

    def _said(self, message: ConsoleMessage) -> None:
        if f"status of {self.expected} " in message.text and self.expected >= 400:
            return  # Chromium says so of every page that refuses
        self._wrong(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # a download, or a page left before it was whole
            self._wrong(f"request failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self.expected:
            self._wrong(f"{response.status} from {response.url}")

    @contextmanager
    def expecting(self, status: int) -> Iterator[None]:
        """While a page is asked for that must answer so."""
        self.expected = status
        yield
        self.expected = 200

    def look(self) -> None:
        """Audits the page as it stands."""
        for rule in audited(self.page):
            self._wrong(rule)
        for element in self.page.evaluate(WIDER):
            self._wrong(f"wider than the screen: {element}")


def audited(page: Page) -> list[str]:
    """What axe-core finds, one line a place."""
    page.evaluate(AXE_SCRIPT)
    # held by the window: a promise that only this question holds is collected while a long page is audited
    answer = page.evaluate("options => (window.audit = axe.run(document, options))", RULES)
    return [
        f"axe {found['id']} ({found['impact']}): {found['help']}: {node['html'][:160]} {_why(node)[:200]}"
        for found in answer["violations"]
        for node in found["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])
