"""Which standards' facts are for few: health, disability, the protection of children; and each department's own."""

from __future__ import annotations

from datetime import date

from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer

NEED_TO_KNOW = frozenset({"medical_and_health"})  # domains whose facts are for posts that may see health
NEED_TO_KNOW_CODES = frozenset({"SS-04", "SS-06", "DX-02", "DX-03"})


def is_secret(standard: Standard) -> bool:
    return standard.domain in NEED_TO_KNOW or standard.code in NEED_TO_KNOW_CODES


def may_know(viewer: Viewer, standard: Standard, day: date) -> bool:
    """Whether the post may read the facts of a standard: of its own department where it is of one, and health only where it may."""
    version = standard.version_on(day)
    own = not viewer.departments or (version is not None and version.owner in viewer.departments)
    return own and (not is_secret(standard) or viewer.can("health.see"))
