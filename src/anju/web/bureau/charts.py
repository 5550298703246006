"""Bars and columns as numbers that a template draws in SVG: nothing of a chart is computed in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP, FOOT, MARK = 10, 80, 2  # of a picture of columns, in its own units: a column's room, the height, the least that is seen


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
class Column:
    """One month of a picture: `n` is None where nobody judged it: a pale one as high as the picture."""

    n: int | None
    x: float
    y: float
    height: float


def columns(numbers: Sequence[int | None]) -> tuple[list[Column], int]:
    """Columns side by side over a scale that begins at zero, and the greatest number. What is there at all can be seen."""
    top = max((n for n in numbers if n is not None), default=0)
    found = []
    for at, n in enumerate(numbers):
        height = FOOT if n is None else max(FOOT * n / max(top, 1), MARK if n else 0)
        found.append(Column(n, at * STEP, round(FOOT - height, 1), round(height, 1)))
    return found, top
