"""A sample deployment filled and served by the real commands, and a browser that comes in through its doors."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from deployment import ROOT, Deployment

PEOPLE, MONTHS = 5000, 13  # the least a sample can have
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
MISSING = "the tests of the pages need Chromium. Type:  sudo apt-get install chromium fonts-noto-cjk  (or name another by ANJU_CHROMIUM)"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Look:
    """How the pages are looked at."""

    language: str = "en"
    theme: str = "light"
    width: int = 1280

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.width}"


def built(data: Path, people: int = PEOPLE, months: int = MONTHS) -> Deployment:
    """The sample, taken in and judged."""
    deployment = Deployment(data, engine="sqlite")
    deployment.anju("demo", "--people", str(people), "--months", str(months))
    return deployment


class Served:
    """A server over a copy of a deployment, on a port of its own, until `end`."""

    def __init__(self, source: Path, data: Path) -> None:
        shutil.copytree(source, data)
        self.deployment = Deployment(data, engine="sqlite")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = data / "server.log"
        words = [sys.executable, "-m", "anju", "serve", "--port", str(port), "--workers", "1"]
        with self.log.open("wb") as log:
            environment = {**self.deployment.environment, "ANJU_SAMPLE": "1"}
            self.process = subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log.read_text(errors='replace')}")
            try:
                with urllib.request.urlopen(f"{self.url}/", timeout=30):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError(f"the server does not answer:\n{self.log.read_text(errors='replace')}")

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)


def chromium() -> str:
    """The Chromium to test with; without one the tests fail, and say what to install."""
    found = os.environ.get("ANJU_CHROMIUM", "") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
    if not found:
        pytest.fail(MISSING, pytrace=False)
    return found


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)


def opened(browser: Browser, served: Served, look: Look = Look(), role: str = "") -> BrowserContext:
    """A window of that look, whoever is in `role` signed in; '' for a stranger."""
    context = browser.new_context(
        base_url=served.url, color_scheme="dark" if look.theme == "dark" else "light", device_scale_factor=1,
        viewport={"width": look.width, "height": 844 if look.width < 500 else 900}, locale="zh-CN" if look.language == "zh" else "en-GB",
    )  # fmt: skip
    context.set_default_timeout(20_000)
    cookies = {"django_language": "zh-hans" if look.language == "zh" else "en", "theme": look.theme}
    context.add_cookies([{"name": name, "value": value, "url": served.url} for name, value in cookies.items()])
    if role:
        come_in(context, role)
    return context


def come_in(context: BrowserContext, role: str) -> None:
    """Through the door of the sample, as its first screen does."""
    token = TOKEN.search(context.request.get("/").text())
    assert token is not None
    answer = context.request.post("/come-in/", form={"role": role, "csrfmiddlewaretoken": token[1]}, max_redirects=0)
    assert answer.status == 302, f"the door of {role} answered {answer.status}"
