"""One thing that the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "not ready"]


@dataclass(frozen=True, slots=True)
class Check:
    """`note`: worth knowing, and the deployment works. `not ready`: something will fail, or is lost."""

    what: str
    grade: Grade
    seen: str
    do: str = ""

    def as_dict(self) -> dict[str, object]:
        return {"what": self.what, "ok": self.grade != "not ready", "grade": self.grade, "seen": self.seen, "do": self.do}


def check(what: str, good: bool, seen: str, do: str, *, otherwise: Grade = "not ready") -> Check:
    return Check(what, "ok", seen) if good else Check(what, otherwise, seen, do)


def few(names: tuple[object, ...] | list[object], most: int = 5) -> str:
    return ", ".join(str(name) for name in names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
