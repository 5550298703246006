"""What this post is shown: which standards are its own to look into, and which lists it may open."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from anju.apps.findings.need_to_know import is_secret
from anju.apps.places.models import Place
from anju.apps.places.queries import place_in_scope, places_of
from anju.core.contracts.model import Bilingual
from anju.core.standards.model import Standard
from anju.core.terms.viewer import Viewer
from anju.web.layout.current import programme


def place_asked(request: HttpRequest, viewer: Viewer) -> Place | None:
    """The place in the address, else that of the post; None where it is not the viewer's to see."""
    text = request.GET.get("place", "")
    if text:
        return place_in_scope(viewer, int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return next(iter(places_of(viewer)), None)


def is_own(viewer: Viewer, standard: Standard, day: date) -> bool:
    """Whether the standard is of a department the post answers for; every standard where it is of none."""
    version = standard.version_on(day)
    return not viewer.departments or (version is not None and version.owner in viewer.departments)


def may_list(viewer: Viewer, standard: Standard, day: date) -> bool:
    """Whether the post may see who got which answer: by department, and by need to know."""
    return viewer.can("household.see") and is_own(viewer, standard, day) and (not is_secret(standard) or viewer.can("health.see"))


def door(name: str) -> str:
    """The address of a page that another room brings; '' where it is not there."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def domain_title(domain: str) -> str:
    """A domain in words; one that another country adds is shown by its own name."""
    return {
        "housing": _("Housing"), "public_education": _("Public education"), "medical_and_health": _("Medical care and health"),
        "social_services": _("Social services"), "employment": _("Employment"), "public_culture": _("Public culture"),
        "community_governance": _("Community governance"), "monitoring": _("Monitoring"), "extension": _("Beyond the plan"),
    }.get(domain, domain.replace("_", " "))  # fmt: skip


def department_title(code: str) -> Bilingual:
    return programme().departments.get(code, Bilingual(code, code))
