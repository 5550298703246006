"""The rules in force and the files of the current run, as apps/findings keeps them for every door; and the run that a page speaks of."""

from __future__ import annotations

from django.http import HttpRequest

from anju.apps.findings.current import answers_folder as answers_folder
from anju.apps.findings.current import dossier as dossier
from anju.apps.findings.current import policy as policy
from anju.apps.findings.current import programme as programme
from anju.apps.findings.models import Run
from anju.apps.findings.queries import current_run


def run_of_request(request: HttpRequest) -> Run | None:
    """The current run: asked once, so that a page and its frame speak of the same."""
    if not hasattr(request, "run"):
        request.run = current_run()  # type: ignore[attr-defined]
    found: Run | None = request.run  # type: ignore[attr-defined]
    return found
