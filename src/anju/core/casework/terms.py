"""Reads the section `monitoring` of policy/casework.yaml: spans and limits, with every fault named."""

from __future__ import annotations

from pathlib import Path

from anju.core.casework.listing import UNITS, Span, Terms
from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault

FILE = "casework.yaml"
SPANS = ("listing_within", "plan_within", "notice_up", "plan_review", "watch", "stable")
NUMBERS = ("meeting_least", "rigid_share_most")


def read_terms(folder: Path) -> tuple[Terms | None, list[Fault]]:
    """The terms of monitoring; None and the faults where anything is wrong."""
    faults: list[Fault] = []
    root = read_document(folder / FILE, FILE, faults)
    section = root.mapping(required=("monitoring",), optional=None).get("monitoring") if root is not None else None
    if section is None:
        return None, faults
    fields = section.mapping(required=(*SPANS, *NUMBERS))
    spans = {name: _span(fields[name]) for name in SPANS if name in fields}
    numbers = {name: fields[name].integer() for name in NUMBERS if name in fields}
    for name, number in numbers.items():
        if number is not None and number < 1:
            fields[name].fault(f"{number} is too few", remedy="1 or more")
    if faults:
        return None, faults
    return Terms(**spans, **numbers), faults  # type: ignore[arg-type]  # complete, or there would be a fault


def _span(node: Node) -> Span | None:
    """{days: 15}, {working_days: 5} or {months: 6}."""
    fields = node.mapping(optional=UNITS)
    if len(fields) != 1:
        node.fault("one span is expected", remedy="write {days: 15}, {working_days: 5} or {months: 6}")
        return None
    unit, value = next(iter(fields.items()))
    number = value.integer()
    if number is not None and number < 1:
        value.fault(f"{number} is no span of time", remedy="1 or more")
    return Span(number, unit) if number is not None else None
