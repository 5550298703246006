"""What officials say of reports: `policy/discovery.yaml`. How receipts begin, which requests of a hotline are taken over, and what its
categories seem to be about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anju.core.contracts.document import Node, read_document
from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.contracts.model import Contract, Programme
from anju.core.standards.model import Policy

FILE = "discovery.yaml"
REQUEST = ("request_id", "category", "received_at", "closed_at", "satisfaction", "reopened")  # columns of the hotline's feed that are read
OF_FAMILIES = ("person", "household", "dwelling")  # subjects of standards that a family's report can be about


@dataclass(frozen=True, slots=True)
class Channels:
    """`receipt`: what a receipt number begins with. `feed`: of the hotline, '' where none is taken over; `days`: how long ago a request may
    have been received; `dissatisfied`: so little content, or less, is not settled. `categories`: a hotline's category -> the standard it
    seems to be about, `departments`: -> whose matter it is; what stands in either is followed even where the hotline settled it."""

    receipt: str = "R"
    categories: Mapping[str, str] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)
    feed: str = ""
    days: int = 45
    dissatisfied: int = 2


def load_channels(folder: Path, policy: Policy) -> Channels:
    """Raises PolicyFaults with every fault; without the file, what every programme has."""
    faults: list[Fault] = []
    found = _read(folder, policy, faults)
    if faults:
        raise PolicyFaults(sorted(set(faults)))
    return found


def _read(folder: Path, policy: Policy, faults: list[Fault]) -> Channels:
    if not (folder / FILE).exists():
        return Channels()
    root = read_document(folder / FILE, FILE, faults)
    fields = root.mapping(required=("receipt",), optional=("categories", "departments", "hotline")) if root is not None else {}
    receipt = (fields["receipt"].text() or "") if "receipt" in fields else ""
    if "receipt" in fields and not (receipt.isalnum() and receipt.isascii() and len(receipt) <= 8):
        fields["receipt"].fault(f"'{receipt}' cannot begin a receipt number", remedy="use up to 8 plain letters and digits")
    categories = {}
    for name, node in fields["categories"].mapping(optional=None).items() if "categories" in fields else ():
        standard = node.text() or ""
        known = [code for code, one in policy.standards.items() if one.subject in OF_FAMILIES]
        if standard not in known:
            what = f"{standard} is not about families" if standard in policy.standards else f"there is no standard {standard}"
            node.fault(what, alternatives=nearest(standard, known))
        categories[name] = standard
    return Channels(receipt, categories, _departments(fields, policy), *_hotline(fields, policy))


def _departments(fields: Mapping[str, Node], policy: Policy) -> dict[str, str]:
    assert isinstance(policy.programme, Programme)
    found = {}
    for name, node in fields["departments"].mapping(optional=None).items() if "departments" in fields else ():
        department = node.text() or ""
        if department not in policy.programme.departments:
            node.fault(f"there is no department {department}", alternatives=nearest(department, policy.programme.departments))
        found[name] = department
    return found


def _hotline(fields: Mapping[str, Node], policy: Policy) -> tuple[str, int, int]:
    inner = fields["hotline"].mapping(required=("feed",), optional=("days", "dissatisfied")) if "hotline" in fields else {}
    feed = (inner["feed"].text() or "") if "feed" in inner else ""
    contract = policy.contracts.get(feed)
    if "feed" in inner and not isinstance(contract, Contract):
        inner["feed"].fault(f"there is no feed {feed}", alternatives=nearest(feed, policy.contracts))
    elif isinstance(contract, Contract) and (lacks := sorted(set(REQUEST) - {column.name for column in contract.columns})):
        inner["feed"].fault(f"{feed} has no {', '.join(lacks)}", why="a request is taken over by what these columns say")
    numbers = []
    for name, usual, most in (("days", 45, 366), ("dissatisfied", 2, 5)):
        number = inner[name].integer() if name in inner else usual
        if number is not None and not 0 <= number <= most:
            inner[name].fault(f"{name} {number} is out of range", remedy=f"0 to {most}")
        numbers.append(number if number is not None else usual)
    return feed, numbers[0], numbers[1]
