"""The forms from which one is chosen for an export."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from anju.apps.visits.forms import Form, Workbook, load_forms, workbooks
from anju.web.layout.templatetags.anju import said
from anju.web.visits.known import questions

Chosen = Form | Workbook


def _forms() -> list[Chosen]:
    folder = Path(settings.POLICY)
    return [*load_forms(folder, questions()).values(), *(book for book in workbooks(folder, questions()) if not book.faults)]


def forms_to_choose() -> list[tuple[str, str]]:
    """Name and title of every form that visits can be taken in; one query."""
    return [(form.name, form.title if isinstance(form, Workbook) else str(said(form.title))) for form in _forms()]


def chosen_form(name: str) -> Chosen | None:
    """The form of this name; without a name the first."""
    return next((form for form in _forms() if form.name == name or not name), None)
