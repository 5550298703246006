"""What is to be asked at a door: only what the platform does not know, or what is doubted. Pure: what is known is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from anju.apps.visits.questions import Question

LATELY = "visit"  # the source of what was answered at the door


@dataclass(frozen=True, slots=True)
class Slot:
    """A question put to the family, or about one of its members."""

    question: Question
    person: int | None = None

    @property
    def key(self) -> str:
        """As it stands in the answers of a visit."""
        return self.question.code if self.person is None else f"{self.question.code}:{self.person}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the platform knows for a slot. `state`: value | at_least | unknown | absent | blank | undelivered, as a fact's. `source`: the
    feed, or 'visit' where it was answered at the door. `doubted`: an open alert says that something is wrong with it."""

    state: str
    source: str
    on: date | None = None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """`reason`: nobody_knows | undelivered | incomplete | doubted (by an open alert) | only_they. `source`: whose
    delivery is missing or doubted."""

    slot: Slot
    reason: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Spared:
    """Not asked again. `reason`: known (a department answered it) | answered (at the door, within the days of the question)."""

    slot: Slot
    reason: str
    source: str
    on: date | None

    def as_list(self) -> list[str]:
        return [self.slot.key, self.reason, self.source, self.on.isoformat() if self.on is not None else ""]


def asking(slots: Iterable[Slot], known: Mapping[str, Known]) -> tuple[list[Asked], list[Spared]]:
    """What is asked and why, and what is not and because of whom. `known` by `Slot.key`: the newest of what holds for it, where an
    answer at the door stands only while it is young enough."""
    asked: list[Asked] = []
    spared: list[Spared] = []
    for slot in slots:
        fact = known.get(slot.key)
        if fact is None:
            asked.append(Asked(slot, "nobody_knows" if slot.question.feature else "only_they"))
        elif fact.source == LATELY:
            spared.append(Spared(slot, "answered", LATELY, fact.on))
        elif fact.doubted:
            asked.append(Asked(slot, "doubted", fact.source))
        elif fact.state in ("at_least", "unknown"):
            asked.append(Asked(slot, "incomplete", fact.source))
        elif fact.state == "value":
            spared.append(Spared(slot, "known", fact.source, fact.on))
        else:
            asked.append(Asked(slot, "undelivered" if fact.state == "undelivered" else "nobody_knows", fact.source))
    return asked, spared
