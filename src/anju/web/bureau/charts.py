"""Bars and lines as numbers that a template draws in SVG: nothing of a chart is computed in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 120  # of the line's picture, in its own units


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar of 100 units: its kind names the colour."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    met: int
    breached: int
    unknown: int

    @property
    def total(self) -> int:
        return self.met + self.breached + self.unknown

    @property
    def parts(self) -> list[Part]:
        """Side by side; what is there at all is wide enough to be seen."""
        if not self.total:
            return []
        counts = (("met", self.met), ("breached", self.breached), ("unknown", self.unknown))
        wide = {kind: max(100 * n / self.total, 0.8) for kind, n in counts if n}
        scale, found, at = 100 / sum(wide.values()), [], 0.0
        for kind, width in wide.items():
            found.append(Part(kind, round(at, 2), round(width * scale, 2)))
            at += width * scale
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """`points` as SVG writes them; `dots` the same as pairs."""

    kind: str
    points: str
    dots: list[tuple[float, float]]


def lines(series: Sequence[tuple[str, Sequence[int]]]) -> tuple[list[Line], int]:
    """The lines of series of equal length over one scale that begins at zero, and the greatest number."""
    top = max((n for _, numbers in series for n in numbers), default=0)
    found = []
    for kind, numbers in series:
        step = (WIDTH - 12) / max(len(numbers) - 1, 1)
        dots = [(round(6 + at * step, 1), round(HEIGHT - 6 - (HEIGHT - 12) * n / max(top, 1), 1)) for at, n in enumerate(numbers)]
        found.append(Line(kind, " ".join(f"{x},{y}" for x, y in dots), dots))
    return found, top
