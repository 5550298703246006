"""Who shows what is not there, from where, and how often: of tokens and of links that serve without an account."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from threading import Lock


class Guesses:
    """Remembers, in this process, when which address showed a wrong one. What is valid is never held up by it: many may share an address."""

    def __init__(self, most: int = 20, seconds: int = 300) -> None:
        """At most `most` wrong ones from one address in so many seconds."""
        self._most, self._seconds = most, seconds
        self._seen: dict[str, deque[float]] = defaultdict(deque)
        self._lock = Lock()

    def wait(self, address: str) -> int:
        """Notes one more; the seconds to wait where there were too many, else 0."""
        now = time.monotonic()
        with self._lock:
            for other in [key for key, times in self._seen.items() if times[-1] < now - self._seconds]:
                del self._seen[other]
            times = self._seen[address]
            while times and times[0] < now - self._seconds:
                times.popleft()
            if len(times) >= self._most:
                return int(times[0] + self._seconds - now) + 1
            times.append(now)
        return 0

    def forget(self) -> None:
        self._seen.clear()
