"""A family judged at once after a visit, told in a sentence. The visit stands whatever comes of this."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anju.apps.cases.judging_again import judge_again
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import policy

log = logging.getLogger(__name__)


def judged_again(household: int, viewer: Viewer) -> list[str]:
    """What changed of the family's alerts; nothing where nothing did, or where the next run tells."""
    try:
        moved = judge_again(policy(), Path(settings.DATA), household, by=viewer, at=timezone.now())
    except (OSError, ValueError):  # the files of the day may be moved away under it by a run that ends just now
        log.exception("household %s was not judged at once", household)
        return [_("The family is judged by the next run.")]
    if moved is None or moved.state != "moved":
        return []
    found = []
    if n := moved.counts.get("opened", 0) + moved.counts.get("relapsed", 0):
        found.append(ngettext("Judged at once: %(n)s new alert.", "Judged at once: %(n)s new alerts.", n) % {"n": n})
    if n := moved.counts.get("eased", 0) + moved.counts.get("cleared", 0):
        found.append(ngettext("Judged at once: %(n)s alert is better now.", "Judged at once: %(n)s alerts are better now.", n) % {"n": n})
    return found
