"""Runs the steps of a plan: each as soon as what it reads is made, some at once, and drops what nobody reads any more.

Steps side by side, of one thread each, use the cores better than one step of many threads: planning and small groups use one core
only, and threads of one step wait for each other. A step over everybody is run by itself with all of them, which share its rows evenly,
and leaves the others to be run beside what cannot be shared; so does a step that is the only one. The answers do not depend on the
order: a step reads nothing but tables that are whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from anju.core.standards.compile.tables import Step
from anju.lake.duck import sibling

Done = Callable[[Step, float], None]  # the step and the seconds it took


def run_steps(con: Any, steps: Sequence[Step], keep: Collection[str], done: Done | None = None, *, at_once: int = 2) -> None:
    """Runs every step on `con` and its siblings. Tables that are not in `keep` are dropped when their last reader is done.

    The first error of a step is raised, after those that are under way have ended."""
    order = _Order(steps, keep)
    threads = _Threads(con)
    free = [con, *(sibling(con) for _ in range(at_once - 1))]
    running: dict[Future[float], tuple[Step, Any]] = {}
    try:
        with ThreadPoolExecutor(at_once, thread_name_prefix="step") as pool:
            while running or order.ready:
                while free and order.ready and not any(step.shared for step, _ in running.values()):
                    step, one = order.next(), free.pop()
                    threads.each(threads.most if step.shared or not (running or order.ready) else 1)
                    running[pool.submit(_timed, one, step.sql)] = (step, one)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    step, one = running.pop(future)
                    seconds = future.result()
                    for name in order.finish(step):
                        one.execute(f"DROP TABLE {name}")
                    free.append(one)
                    if done:
                        done(step, seconds)
    finally:
        threads.close()
        for one in free:
            if one is not con:
                one.close()


def after(steps: Sequence[Step], first: Sequence[Step]) -> list[Step]:
    """`steps`, each of which waits for those of `first` whose table its statement names."""
    return [replace(step, reads=step.reads | {other.makes for other in first if other.makes in step.sql}) for step in steps]


def _timed(con: Any, sql: str) -> float:
    started = time.perf_counter()
    con.execute(sql)
    return time.perf_counter() - started


class _Threads:
    """How many threads a step gets, `most` being as many as the connection has; always those where its settings are locked."""

    def __init__(self, con: Any) -> None:
        self.con = con.cursor()
        self.most, self.locked = con.execute("SELECT current_setting('threads'), current_setting('lock_configuration')").fetchone()
        self.now = self.most

    def each(self, threads: int) -> None:
        if threads != self.now and not self.locked:
            self.con.execute(f"SET threads = {threads}")
            self.now = threads

    def close(self) -> None:
        """The connection has as many as before."""
        self.each(self.most)
        self.con.close()


class _Order:
    """Which steps may run now: those at the start of the longest way go first."""

    def __init__(self, steps: Sequence[Step], keep: Collection[str]) -> None:
        self.keep = keep
        self.missing = {step.makes: set(step.reads) for step in steps}
        self.by_name = {step.makes: step for step in steps}
        self.readers = {step.makes: [other for other in steps if step.makes in other.reads] for step in steps}
        self.unread = {name: len(readers) for name, readers in self.readers.items()}
        self.height: dict[str, int] = {}
        for step in reversed(steps):  # a step stands after whatever it reads
            self.height[step.makes] = step.weight + max((self.height[other.makes] for other in self.readers[step.makes]), default=0)
        self.ready = [step for step in steps if not step.reads]

    def next(self) -> Step:
        step = max(self.ready, key=lambda ready: self.height[ready.makes])
        self.ready.remove(step)
        return step

    def finish(self, step: Step) -> list[str]:
        """Lets the steps that waited for this one become ready. Answers the tables that nobody will read any more."""
        for other in self.readers[step.makes]:
            self.missing[other.makes].discard(step.makes)
            if not self.missing[other.makes]:
                self.ready.append(other)
        for name in step.reads:
            self.unread[name] -= 1
        return [name for name in (*step.reads, step.makes) if self.unread[name] == 0 and name not in self.keep]
