"""Forms that somebody else asks for, as data: `policy/forms/<name>.yaml` says their columns, and visits fill them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from anju.core.contracts.document import read_document
from anju.core.contracts.faults import Fault, PolicyFaults, nearest
from anju.core.contracts.model import Bilingual

FOLDER = "forms"
VALUES = ("number", "place", "address", "household_code", "head", "visited_on", "mode", "outcome", "purpose", "why", "findings", "note",
          "minutes", "photos", "visitor", "due_on")  # fmt: skip
ANSWER = "answer."


@dataclass(frozen=True, slots=True)
class Form:
    """`columns`: heading and what stands below it: one of VALUES, or 'answer.<question>'."""

    name: str
    title: Bilingual
    columns: tuple[tuple[Bilingual, str], ...]


def load_forms(folder: Path, questions: Collection[str]) -> dict[str, Form]:
    """Every form by name. Raises PolicyFaults with all faults of all files."""
    faults: list[Fault] = []
    found = [form for path in sorted((folder / FOLDER).glob("*.yaml")) if (form := _read(path, questions, faults)) is not None]
    if faults:
        raise PolicyFaults(sorted(set(faults)))
    return {form.name: form for form in found}


def _read(path: Path, questions: Collection[str], faults: list[Fault]) -> Form | None:
    root = read_document(path, f"{FOLDER}/{path.name}", faults)
    fields = root.mapping(required=("title", "columns")) if root is not None else {}
    if "title" not in fields or "columns" not in fields:
        return None
    known = (*VALUES, *(ANSWER + code for code in questions))
    columns = []
    for node in fields["columns"].listing():
        column = node.complete(("heading", "value"))
        value = (column["value"].text() or "") if column is not None else ""
        if column is not None and value not in known:
            column["value"].fault(f"there is no '{value}' to fill in", alternatives=nearest(value, known))
        elif column is not None:
            columns.append((column["heading"].bilingual(), value))
    return Form(path.stem, fields["title"].bilingual(), tuple(columns))
