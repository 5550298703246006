"""What is said after a visit that a step with a case was."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from anju.apps.visits.actions import Recorded


def tell_next(request: HttpRequest, done: Recorded | None) -> None:
    """What is planned because nobody was met."""
    if done is not None and done.next is not None:
        way = _("A telephone call") if done.next.way == "phone" else _("Another visit at the door")
        messages.info(request, _("%(what)s is planned by %(on)s.") % {"what": way, "on": done.next.due_on})
