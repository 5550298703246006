"""A fault of a policy file: where, what, why, and what to do instead. Faults are collected, all in one go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """`line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    what: str
    why: str = ""
    remedy: str = ""
    alternatives: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        parts = [f"{where}: {self.what}"]
        if self.why:
            parts.append(f"  why: {self.why}")
        if self.remedy:
            parts.append(f"  do: {self.remedy}")
        if self.alternatives:
            parts.append(f"  known: {', '.join(self.alternatives)}")
        return "\n".join(parts)

    def as_dict(self) -> dict[str, object]:
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "what": self.what,
            "why": self.why,
            "remedy": self.remedy,
            "alternatives": list(self.alternatives),
        }


class PolicyFaults(ValueError):
    """Raised where a policy must be whole and is not. `faults` holds every one of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def nearest(name: str, known: Iterable[str], most: int = 6) -> tuple[str, ...]:
    """The names most like `name`, best first; a few of all of them where none is alike."""
    names = sorted(set(known))
    return tuple(difflib.get_close_matches(name, names, n=most, cutoff=0.5) or names[:most])
