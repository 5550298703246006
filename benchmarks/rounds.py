"""Ways of doing one thing, timed in turns (A B C A B C …), because this minute and the next are not equally fast."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall seconds of one way in every round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def as_dict(self) -> dict[str, Any]:
        return {"median": self.median, "min": min(self.seconds), "max": max(self.seconds), "rounds": len(self.seconds)}


def in_turns(ways: Mapping[str, Callable[[], Any]], rounds: int, *, warm: bool = True) -> tuple[dict[str, Timing], dict[str, Any]]:
    """Times every way once per round, in order, and returns the timings and each way's last answer.

    `warm`: one round more is run first and not counted, so that no way pays alone for cold files. A way that has to
    undo or prepare something returns a `Timed`, which says how many of its seconds count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, Any] = {}
    for turn in range(rounds + warm):
        for name, way in ways.items():
            gc.collect()
            started = time.perf_counter()
            answer = way()
            took = time.perf_counter() - started
            if isinstance(answer, Timed):
                answer, took = answer.answer, answer.seconds
            if turn >= warm:
                seconds[name].append(took)
            answers[name] = answer
    return {name: Timing(tuple(values)) for name, values in seconds.items()}, answers


def ratio(slower: Timing, faster: Timing) -> Timing:
    """Round by round, how many times as long the first takes."""
    return Timing(tuple(a / b for a, b in zip(slower.seconds, faster.seconds, strict=True)))


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer whose way measured itself."""

    seconds: float
    answer: Any = field(default=None)
