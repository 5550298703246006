"""Until when somebody has read what changed in the cases."""

from __future__ import annotations

from datetime import datetime

from anju.apps.cases.models import CaseLooked
from anju.core.terms.viewer import Viewer


def mark_look(*, by: Viewer, at: datetime) -> None:
    """What changed was read until now."""
    if by.account is not None:
        CaseLooked.objects.update_or_create(account=by.account, defaults={"at": at})
