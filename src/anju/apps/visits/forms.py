"""Forms that somebody else asks for: `policy/forms/<name>.yaml` says their columns, `<name>.xlsx` is the form itself with placeholders,
and so is what the office sends in. Visits fill them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from anju.apps.visits.layouts import FormFault, FormFaults, read_layout
from anju.apps.visits.models import FormTemplate
from anju.apps.visits.placeholders import placeholders
from anju.apps.visits.questions import Question
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


@dataclass(frozen=True, slots=True)
class Workbook:
    """A form that is a workbook. `kept`: the number of the one the office sent in, None of one that came with the rules. `faults`: of
    one of the folder that cannot be used."""

    name: str
    title: str
    file_name: str
    path: Path | None = None
    kept: int | None = None
    faults: tuple[FormFault, ...] = ()

    def content(self) -> bytes:
        return self.path.read_bytes() if self.path is not None else bytes(FormTemplate.objects.get(pk=self.kept or 0).content)


def workbooks(folder: Path, questions: Mapping[str, Question]) -> list[Workbook]:
    """Those of the folder, then those the office sent in; one query."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.xlsx")):
        if path.name.startswith("~$"):  # open in somebody's spreadsheet program
            continue
        title, faults = _title(path, questions)
        found.append(Workbook(path.stem, title, path.name, path, faults=faults))
    kept = FormTemplate.objects.filter(ended_at=None).order_by("title", "pk").values_list("pk", "title", "file_name")
    return found + [Workbook(f"kept-{key}", title, name, kept=key) for key, title, name in kept]


_looked_at: dict[tuple[Path, int, tuple[str, ...]], tuple[str, tuple[FormFault, ...]]] = {}


def _title(path: Path, questions: Mapping[str, Question]) -> tuple[str, tuple[FormFault, ...]]:
    """Looked at anew when the file is another."""
    key = (path, path.stat().st_mtime_ns, tuple(questions))
    if key not in _looked_at:
        try:
            _looked_at[key] = (read_layout(path.name, path.read_bytes(), placeholders(questions)).title, ())
        except FormFaults as fault:
            _looked_at[key] = (path.stem, fault.faults)
    return _looked_at[key]


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
