"""The rules of casework as data: policy/casework.yaml, read with every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault
from anju.core.terms.durations import Duration, duration_of

FILE = "casework.yaml"
LEVELS = ("red", "orange", "yellow")  # blue is a reminder and opens no case
RANKS = ("handler", "street", "county", "prefecture")
DECIDERS = ("first_secretary", "street", "county_department", "county_bureau", "prefecture_bureau")


@dataclass(frozen=True, slots=True)
class Clocks:
    """How long each stage of a case may take. A standard's own clocks for verifying and handling go before these."""

    verify: Duration
    judge: Duration
    handle: Duration
    close: Duration


@dataclass(frozen=True, slots=True)
class Escalation:
    after: Duration  # working days overdue
    to: str  # one of RANKS


@dataclass(frozen=True, slots=True)
class Closing:
    """What a level asks for before a case closes. `visit`: a visit at the door, any visit, or at least the household's answer."""

    evidence: Literal["file", "words"]
    visit: Literal["door", "any", "answer"]
    signed: bool
    approvals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Casework:
    """By level: 'red', 'orange', 'yellow'. `look_back` in days after closing."""

    clocks: Mapping[str, Clocks]
    judge: Mapping[str, tuple[str, ...]]
    closing: Mapping[str, Closing]
    look_back: Mapping[str, tuple[int, ...]]
    escalate: tuple[Escalation, ...]
    at_risk: Duration
    extension: Duration
    standing_in: Mapping[str, str]
    redraw_percent: int
    redraw_within: Duration
    answer_days: int
    ping_pong: int
    quick_minutes: int


# Of a programme that names no rules: nobody is given a case, and what runs find stays with the alerts.
NONE = Casework({}, {}, {}, {}, (), Duration(0, "wd"), Duration(0, "wd"), {}, 0, Duration(0, "wd"), 0, 0, 0)


class CaseworkFaults(ValueError):
    """Everything that is wrong with the rules of casework."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def read_casework(folder: Path) -> Casework:
    """The rules in `folder`. Raises CaseworkFaults with all of them where anything is wrong."""
    faults: list[Fault] = []
    root = read_document(folder / FILE, FILE, faults)
    found = _casework(root) if root is not None else None
    if faults or found is None:
        raise CaseworkFaults(sorted(faults))
    return found


PARTS = (
    "clocks", "at_risk", "extension", "escalate", "judge", "closing", "standing_in", "look_back", "redraw", "answer_link", "ping_pong", "quick",
)  # fmt: skip


def _casework(root: Node) -> Casework | None:
    parts = root.complete(PARTS, optional=("monitoring",))
    if parts is None:
        return None
    clocks = {level: _clocks(node) for level, node in _by_level(parts["clocks"])}
    judge = {level: _roles(node) for level, node in _by_level(parts["judge"])}
    closing = {level: _closing(node) for level, node in _by_level(parts["closing"])}
    look_back = {
        level: tuple(n for child in node.listing() if (n := child.integer()) is not None) for level, node in _by_level(parts["look_back"])
    }
    extension, redraw = parts["extension"].complete(("most",)), parts["redraw"].complete(("percent", "within"))
    link, quick = parts["answer_link"].complete(("days",)), parts["quick"].complete(("minutes",))
    at_risk = _span(parts["at_risk"])
    stand = {name: node.choice(DECIDERS) or "" for name, node in parts["standing_in"].mapping(optional=DECIDERS).items()}
    if extension is None or redraw is None or link is None or quick is None:
        return None
    return Casework(
        clocks, judge, closing, look_back, _escalations(parts["escalate"]), at_risk, _span(extension["most"]), stand,
        _count(redraw["percent"], 0, 100), _span(redraw["within"]), _count(link["days"], 1, 365), _count(parts["ping_pong"], 1, 20),
        _count(quick["minutes"], 0, 1_440),
    )  # fmt: skip


def _by_level(node: Node) -> list[tuple[str, Node]]:
    return list((node.complete(LEVELS) or {}).items())


def _clocks(node: Node) -> Clocks:
    fields = node.complete(("verify", "judge", "handle", "close")) or {}
    return Clocks(**{name: _span(fields[name]) if name in fields else Duration(1, "d") for name in ("verify", "judge", "handle", "close")})


def _closing(node: Node) -> Closing:
    fields = node.complete(("evidence", "visit", "signed", "approvals"))
    if fields is None:
        return Closing("file", "door", True, ())
    approvals = _roles(fields["approvals"])
    if not approvals:
        fields["approvals"].fault("nobody approves", "closing needs a second person", "name one role at least")
    evidence, visit = fields["evidence"].choice(("file", "words")), fields["visit"].choice(("door", "any", "answer"))
    return Closing(evidence or "file", visit or "door", bool(fields["signed"].boolean()), approvals)  # type: ignore[arg-type]


def _roles(node: Node) -> tuple[str, ...]:
    return tuple(role for child in node.listing() if (role := child.choice(DECIDERS)) is not None)


def _escalations(node: Node) -> tuple[Escalation, ...]:
    found = []
    for child in node.listing():
        fields = child.complete(("after", "to"))
        if fields is not None:
            found.append(Escalation(_span(fields["after"]), fields["to"].choice(RANKS) or "handler"))
    if [one.after.n for one in found] != sorted(one.after.n for one in found):
        node.fault("the ranks are not in the order of their days", remedy="begin with the one that is told first")
    return tuple(found)


def _span(node: Node) -> Duration:
    found = duration_of(node.raw)
    if found is None:
        node.fault(f"'{node.raw}' is not a length of time", remedy="24h, 10d, or 10wd for working days")
    return found or Duration(1, "d")


def _count(node: Node, least: int, most: int) -> int:
    number = node.integer()
    if number is not None and not least <= number <= most:
        node.fault(f"{number} is out of range", remedy=f"write a number from {least} to {most}")
    return number or 0
