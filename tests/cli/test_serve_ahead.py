"""A small prefecture is served until the one asked for is prepared, and the same address goes on with that."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from anju.sample.build import FEWEST
from deployment import ROOT, Deployment

SMALL, ASKED = 5_000, 5_200
FAMILIES = re.compile(r"<h1>([\d,]+) resettled families")


def page(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            return str(answer.read().decode())
    except OSError:  # not there yet, or one is just taking the other's place
        return ""


def wait(server: subprocess.Popen[bytes], port: int, seen: Callable[[str], bool]) -> str:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        if seen(text := page(port)):
            return text
        time.sleep(0.5)
    raise AssertionError(f"not seen in time: {page(port)[:2000]}")


@pytest.mark.long
def test_a_small_one_goes_ahead(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data", engine="sqlite")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["demo", "--serve", "--people", str(ASKED), "--months", str(FEWEST), "--ahead", str(SMALL), "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "anju", *words], env=deployment.environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        small = wait(server, port, lambda text: 'id="whole"' in text)
        whole = wait(server, port, lambda text: FAMILIES.search(text) is not None and 'id="whole"' not in text)
        first, second = (FAMILIES.search(text) for text in (small, whole))
        assert first is not None and second is not None
        assert int(first[1].replace(",", "")) < int(second[1].replace(",", ""))
        assert not (deployment.data / "ahead").exists()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    assert not page(port), "nobody serves any more"
