"""Addresses: each room of the pages brings its own, and the interface for programs stands below /api/."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("anju.web.front.urls")),
    path("", include("anju.web.account.urls")),
    path("", include("anju.web.families.urls")),
    path("", include("anju.web.bureau.urls")),
    path("", include("anju.web.work.urls")),
    path("", include("anju.web.cases.urls")),
    path("", include("anju.web.visits.urls")),
    path("", include("anju.web.monitoring.urls")),
    path("", include("anju.web.residents.urls")),
    path("", include("anju.web.audit.urls")),
    path("", include("anju.web.stewards.urls")),
    path("", include("anju.web.office.urls")),
    path("api/v1/", include("anju.api.urls")),
]

handler404 = "anju.web.layout.access.not_here"
handler500 = "anju.web.layout.access.went_wrong"
