"""Where the choices of a random world or policy come from: from hypothesis, which shrinks them, or from a seed, which is fast.

A world of sixty households takes more choices than hypothesis will record; a small one does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Chooser(Protocol):
    def whole(self, least: int, most: int) -> int:
        """A whole number, both ends included; the simplest is `least`."""

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`; the simplest is the first."""

    def chance(self, percent: int) -> bool:
        """True in about `percent` of a hundred; the simplest is False."""


class Drawn:
    """Choices that hypothesis makes, records and shrinks."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def whole(self, least: int, most: int) -> int:
        return int(self.draw(st.integers(least, most)))

    def pick(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        return self.whole(0, 99) >= 100 - percent


class Seeded:
    """Choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def whole(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.random.randrange(len(options))]

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent
