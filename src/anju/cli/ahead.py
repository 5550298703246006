"""A small prefecture to look at while the whole one is prepared: served at once, and by the same address followed by the whole one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click

from anju.cli.context import data_folder
from anju.sample.lived import is_lived
from anju.web.front import week

SMALL = 10_000  # people, where nobody says how many
LARGE = 60_000  # people, from which the preparation takes minutes
LOOK = 0.5  # seconds between two looks at how far it is


def people_ahead(folder: Path, asked: int | None) -> int:
    """How many people the small one has: as many as asked for, else SMALL before a large one; 0 where the sample of this folder has
    reached its day already."""
    people, months = (int(part) for part in folder.name.split("-")[:2])
    wanted = asked if asked is not None else SMALL if people >= LARGE else 0
    return wanted if wanted and not is_lived(months) else 0


def serve_ahead(folder: Path, port: int, people: int) -> None:
    """Serves the small one until the large one is prepared; then ends it and removes it. Where that fails the small one stays. Whatever ends
    this process ends both."""
    data = data_folder()
    ahead = data / "ahead"
    ahead.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _asked_to_end)
    environment = os.environ | {"ANJU_DATA": str(ahead), "ANJU_DATABASE_URL": "", week.WHOLE: str(data)}
    words = [sys.executable, "-m", "anju", "demo", "--serve", "--people", str(people), "--port", str(port)]
    click.echo(
        f"A small prefecture of {people:,} people comes first, in about a minute; the whole one takes its place when it is prepared.", err=True
    )
    server = subprocess.Popen(words, env=environment)
    try:
        _wait(server, lambda: (ahead / week.PREPARED).exists() or bool(week.complaint(week.PREPARED, data=ahead)))
        week.start(week.command_of(folder, None), week.PREPARED, apart=False)
        _wait(server, lambda: not week.at_work())
        if (complaint := week.complaint(week.PREPARED)) or not (data / week.PREPARED).exists():
            why = complaint or "the command that prepares it was ended"
            click.echo(f"the whole prefecture could not be prepared: {why}. The small one stays; mend it, then start again", err=True)
            raise SystemExit(server.wait() or 1)
    finally:
        server.terminate()
        server.wait()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    shutil.rmtree(ahead)


def _asked_to_end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _wait(server: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
    while not done():
        if server.poll() is not None:
            raise SystemExit(server.returncode or 1)  # it has said why: the port is taken, the policy is wrong
        time.sleep(LOOK)
