"""What the frame of every page shows: the programme, the day judged, whether it is sample data, where one may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anju.apps.notices.queries import unread_of
from anju.apps.staff.permissions import ROLES
from anju.core.terms.viewer import STRANGER, Viewer
from anju.web.layout.current import run_of_request


@dataclass(frozen=True, slots=True)
class Way:
    """An entry of the navigation; shown to whoever may do `act`, but not to who may do `unless` and has another way there."""

    name: str
    label: Any
    act: str
    unless: str = ""


WAYS = (
    Way("cases", _("My work"), "cases.see"),
    Way("work", _("Alerts"), "alerts.see"),
    Way("supervision", _("Supervision"), "cases.supervise"),
    Way("visits", _("Visits"), "visits.record"),
    Way("report_new", _("Report trouble"), "trouble.report", unless="visits.record"),
    Way("situation", _("Situation"), "situation.see"),
    Way("households", _("Households"), "households.search"),
    Way("monitoring", _("Monitored households"), "monitoring.see"),
    Way("standards", _("Standards"), "standards.see"),
    Way("deliveries", _("Deliveries"), "feeds.see"),
    Way("scoreboard", _("Score-board"), "feeds.see"),
    Way("accounts", _("Accounts"), "accounts.manage"),
    Way("messages", _("Messages"), "accounts.manage"),
    Way("calendar", _("Calendar"), "calendar.load"),
    Way("visit_forms", _("Forms"), "visits.forms"),
    Way("tasks", _("Background tasks"), "tasks.see"),
    Way("audit", _("Registers of cases"), "cases.audit"),
    Way("journal", _("Journal"), "journal.see"),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page."""
    viewer: Viewer = getattr(request, "viewer", STRANGER)
    zh = (get_language() or "").startswith("zh")
    role = ROLES.get(viewer.role)
    return {
        "viewer": viewer,
        "zh": zh,
        "role_title": (role.title.zh if zh else role.title.en) if role else "",
        "ways": [(way, url) for way in WAYS if viewer.can(way.act) and not viewer.can(way.unless) and (url := _url(way.name))],
        "unread": SimpleLazyObject(lambda: unread_of(viewer)) if viewer.account is not None else 0,  # counted where the frame is drawn
        "run": run_of_request(request),
        "is_sample": settings.SAMPLE,
        "theme": getattr(request.user, "theme", "") or request.COOKIES.get("theme", ""),
        "large_text": getattr(request.user, "large_text", False) or request.COOKIES.get("text") == "large",
    }


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
