"""What officials say of reports: `policy/discovery.yaml`. How receipts begin, and what a hotline's category seems to be about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anju.core.contracts.document import read_document
from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.standards.model import Policy

FILE = "discovery.yaml"


@dataclass(frozen=True, slots=True)
class Channels:
    """`receipt`: what a receipt number begins with. `categories`: a hotline's category -> the standard it seems to be about."""

    receipt: str = "R"
    categories: Mapping[str, str] = field(default_factory=dict)


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
    fields = root.mapping(required=("receipt",), optional=("categories",)) if root is not None else {}
    receipt = (fields["receipt"].text() or "") if "receipt" in fields else ""
    if "receipt" in fields and not (receipt.isalnum() and receipt.isascii() and len(receipt) <= 8):
        fields["receipt"].fault(f"'{receipt}' cannot begin a receipt number", remedy="use up to 8 plain letters and digits")
    categories = {}
    for name, node in fields["categories"].mapping(optional=None).items() if "categories" in fields else ():
        standard = node.text() or ""
        if standard not in policy.standards:
            node.fault(f"there is no standard {standard}", alternatives=nearest(standard, policy.standards))
        categories[name] = standard
    return Channels(receipt, categories)
