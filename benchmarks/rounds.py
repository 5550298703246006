"""Ways of doing one thing, timed in turns (A B C, B C A, C A B …), because this minute and the next are not equally fast, and what comes
after a long way finds the machine's caches full of that way's data."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall seconds of one way in every round, and the processor seconds it used: these hardly move where others share the machine."""

    seconds: tuple[float, ...]
    processor: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def as_dict(self) -> dict[str, Any]:
        processor = statistics.median(self.processor) if self.processor else None
        return {
            "median": self.median, "min": min(self.seconds), "max": max(self.seconds), "rounds": len(self.seconds), "processor": processor,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer whose way measured itself."""

    seconds: float
    processor: float
    answer: Any = None


class Watch:
    """Counts wall and processor seconds of this process from when it is made, but not while paused."""

    def __init__(self) -> None:
        self._wall = self._processor = 0.0
        self.resume()

    def pause(self) -> None:
        self._wall += time.perf_counter() - self._from[0]
        self._processor += time.process_time() - self._from[1]

    def resume(self) -> None:
        self._from = (time.perf_counter(), time.process_time())

    def stop(self) -> Timed:
        self.pause()
        return Timed(self._wall, self._processor)

    def stop_with(self, answer: Callable[[], Any]) -> Timed:
        """Stops, and only then works the answer out."""
        timed = self.stop()
        return Timed(timed.seconds, timed.processor, answer())


def in_turns(ways: Mapping[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, Timing], dict[str, Any]]:
    """Times every way once per round, each round beginning with another, after a round that is not counted. Returns the timings and each
    way's last answer.

    A way that has to prepare, undo or compare something returns a `Timed`, which says how many of its seconds count."""
    taken: dict[str, list[Timed]] = {name: [] for name in ways}
    answers: dict[str, Any] = {}
    for turn in range(rounds + 1):
        names = list(ways)
        for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
            way = ways[name]
            gc.collect()
            watch = Watch()
            answer = way()
            timed = watch.stop()
            if isinstance(answer, Timed):
                timed, answer = answer, answer.answer
            if turn:
                taken[name].append(timed)
            answers[name] = answer
    return {name: Timing(tuple(t.seconds for t in found), tuple(t.processor for t in found)) for name, found in taken.items()}, answers


def processor_ratio(slower: Timing, faster: Timing) -> float:
    """How many times the processor seconds of the second the first uses: what to look at where others share the machine."""
    return statistics.median(a / b for a, b in zip(slower.processor, faster.processor, strict=True))


def ratio(slower: Timing, faster: Timing) -> Timing:
    """Round by round, how many times as long the first takes."""
    return Timing(tuple(a / b for a, b in zip(slower.seconds, faster.seconds, strict=True)))
