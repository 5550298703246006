"""The lists of earlier months, for judging their ends afterwards.

The sample delivers events and periods for the whole time, and of a list only what still stands on its day. For a month's end
this writes what was the last list then, as it would have come: under the day on which it was received.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from anju.core.contracts.model import Contract
from anju.sample.build import FeedFiles, plan_world
from anju.sample.feeds import FEEDS
from anju.sample.timeline import Timeline


def month_ends(folder: Path) -> list[date]:
    """The month ends before the day of the sample in `folder` that its truth is meant for, the newest first."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    day = date.fromisoformat(truth["day"])
    return sorted((end for end in Timeline(day, truth["months"]).judged_days() if end != day), reverse=True)


class Earlier:
    """The lists of a sample that stands in `folder`. Its world is planned once, for all the months asked for."""

    def __init__(self, folder: Path, contracts: Mapping[str, Contract]) -> None:
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.folder, self.contracts = folder / "earlier", contracts
        self.world = plan_world(truth["people"], truth["months"], truth["seed"], date.fromisoformat(truth["day"]))
        self.feeds = [code for code in truth["only"] or sorted(FEEDS) if contracts[code].kind == "state"]
        self.sent = {(file["feed"], date.fromisoformat(file["received"])) for file in truth["files"]}

    @contextmanager
    def lists_on(self, day: date) -> Iterator[list[Path]]:
        """The files of the lists that stood on `day`, without those that the sample has delivered. They are gone afterwards."""
        shutil.rmtree(self.folder, ignore_errors=True)
        written = []
        for code in self.feeds:
            rounds = [r for r in FEEDS[code].rounds(self.world) if r.received <= day]
            if rounds and (code, rounds[-1].received) not in self.sent:
                written += FeedFiles(self.world, self.folder, self.contracts[code], FEEDS[code]).of_round(rounds[-1])
                self.sent.add((code, rounds[-1].received))
        try:
            yield [self.folder / file.file for file in written]
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
