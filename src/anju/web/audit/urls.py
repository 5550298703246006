"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from anju.web.audit import registers, sampling, sheets

urlpatterns = [
    path("audit/", registers.audit, name="audit"),
    path("audit/photos/", registers.photos, name="audit_photos"),
    path("audit/photos/list.xlsx", sheets.photos_sheet, name="audit_photos_sheet"),
    path("audit/sample/", sampling.sample, name="audit_sample"),
    path("audit/sample/list.xlsx", sheets.sample_sheet, name="audit_sample_sheet"),
    path("audit/<slug:name>/", registers.register, name="audit_register"),
    path("audit/<slug:name>/list.xlsx", sheets.register_sheet, name="audit_sheet"),
]
