"""A crowd at the served deployment: a server of its own, people who sign in through the sample's doors, and how long their pages took."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlencode

AT_ONCE, EACH = 50, 10  # people, and pages that each of them loads one after another


class Client:
    """One person's connection: kept open, with the session's cookie. Raises AssertionError on any answer but 200 or a redirect."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, dict[str, str]()

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, path: str, form: dict[str, str] | None = None) -> bytes:
        body = urlencode(form).encode() if form is not None else b""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = f"{'POST' if form is not None else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {cookies}\r\n"
        if form is not None:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        status, headers = await self._head()
        answer = await self._body(headers)
        if status not in (200, 302):
            raise AssertionError(f"{path}: {status} instead of a page: {answer[:300]!r}")
        return answer

    async def _head(self) -> tuple[int, dict[str, str]]:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookie, _, text = value.strip().split(";")[0].partition("=")
                self.cookies[cookie] = text
            headers[name.lower()] = value.strip()
        return int(lines[0].split()[1]), headers

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            whole = b""
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                whole += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
            return whole
        return await self.reader.readexactly(int(headers.get("content-length", "0")))


async def sign_in(port: int, role: str) -> dict[str, str]:
    """The cookies of a session of the sample's account of that role, through the door of the first screen."""
    client = Client(port)
    await client.open()
    page = (await client.ask("/")).decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None, "the first screen has no doors"
    await client.ask("/come-in/", {"role": role, "csrfmiddlewaretoken": token.group(1)})
    client.writer.close()
    return client.cookies


async def load(port: int, cookies: dict[str, str], addresses: Sequence[str], *, people: int = AT_ONCE, each: int = EACH) -> list[float]:
    """Seconds of every page; each of `people` asks for the next of her `each` pages as soon as the last has come."""

    async def person(nth: int) -> list[float]:
        client = Client(port)
        client.cookies = dict(cookies)
        await client.open()
        found = []
        for path in islice(cycle(addresses), nth, nth + each):
            started = time.perf_counter()
            await client.ask(path)
            found.append(time.perf_counter() - started)
        client.writer.close()
        return found

    return [seconds for some in await asyncio.gather(*(person(nth) for nth in range(people))) for seconds in some]


@contextmanager
def served(data: Path | None = None) -> Iterator[int]:
    """The port of a server over `data` (else what ANJU_DATA names), as `anju serve` starts it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    code = "from anju.cli.main import main; main()"
    environment = os.environ | {"ANJU_SAMPLE": "1"} | ({"ANJU_DATA": str(data)} if data is not None else {})
    server = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(300):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
